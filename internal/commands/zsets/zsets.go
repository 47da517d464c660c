// Package zsets holds the commands on sorted sets.
//
//	add.go      ZADD, ZINCRBY, ZREM
//	read.go     ZCARD, ZSCORE, ZMSCORE, ZRANK, ZREVRANK
//	query.go    ranges by position, score and order of bytes: their syntax, and what they select
//	range.go    ZRANGE with its relatives, ZRANGESTORE, ZCOUNT, ZLEXCOUNT, ZREMRANGEBY...
//	pop.go      ZPOPMIN, ZPOPMAX, ZMPOP
//	blocking.go BZPOPMIN, BZPOPMAX, BZMPOP
//	combine.go  ZUNION, ZINTER, ZDIFF, ZINTERCARD, and those that store; source.go: what they read
//	random.go   ZRANDMEMBER, ZSCAN
//	spec_*.go   the declarations
//
// How a sorted set is stored is the business of internal/types/zset.
package zsets

import (
	"math"

	"granary/internal/command"
	"granary/internal/keyspace"
	"granary/internal/object"
	"granary/internal/types/zset"
)

// Register adds the commands of the family.
func Register(t *command.Table) {
	t.Register(
		specBZMPop, specBZPopMax, specBZPopMin,
		specZAdd, specZCard, specZCount, specZDiff, specZDiffStore, specZIncrBy, specZInter, specZInterCard, specZInterStore,
		specZLexCount, specZMPop, specZMScore, specZPopMax, specZPopMin, specZRandMember, specZRange, specZRangeByLex,
		specZRangeByScore, specZRangeStore, specZRank, specZRem, specZRemRangeByLex, specZRemRangeByRank, specZRemRangeByScore,
		specZRevRange, specZRevRangeByLex, specZRevRangeByScore, specZRevRank, specZScan, specZScore, specZUnion,
		specZUnionStore,
	)
}

// changed tells of n changes to the key at once.
func changed(c *command.Ctx, key []byte, event string, n int) {
	c.Keys().Stats.Dirty += int64(n) - 1
	c.Changed(key, keyspace.ZSet, event)
}

// gone tells that the key went with its last member.
func gone(c *command.Ctx, it *keyspace.Item) {
	if !it.Exists() {
		c.Notify(keyspace.Generic, "del", it.Key())
	}
}

// intIn reads an argument as an integer in a range and answers an error, which says text, when it is none.
func intIn(c *command.Ctx, arg []byte, least int64, text string) (int64, bool) {
	n, ok := object.ParseInt(arg)
	if !ok || n < least {
		c.Out.Error(text)
		return 0, false
	}
	return n, true
}

// pairs answers the header of n members, with scores if wanted: flat in RESP2, pairs in RESP3.
func pairs(c *command.Ctx, n int, withScores bool) {
	if withScores && c.Out.Proto == 2 {
		n *= 2
	}
	c.Out.Array(n)
}

// pair answers one of the members that pairs has announced.
func pair(c *command.Ctx, member []byte, score float64, withScores bool) {
	if !withScores {
		c.Out.Bulk(member)
		return
	}
	if c.Out.Proto == 3 {
		c.Out.Array(2)
	}
	c.Out.Bulk(member)
	c.Out.Double(score)
}

// store makes a draft the value of a key, or deletes the key if the draft is empty, and answers the number of members.
func store(c *command.Ctx, key []byte, d *zset.Draft, event string) {
	dst := c.Write(key)
	n := d.Len()
	switch {
	case n > 0:
		d.Store(&dst, zset.LimitsOf(c.Env.Config))
		c.Changed(key, keyspace.ZSet, event)
	case dst.Exists():
		d.Free()
		dst.Delete()
		c.Changed(key, keyspace.Generic, "del")
	}
	c.Out.Int(int64(n))
}

const maxLong = math.MaxInt64

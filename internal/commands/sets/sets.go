// Package sets holds the commands on sets.
//
//	members.go   SADD, SREM, SISMEMBER, SMISMEMBER, SCARD, SMEMBERS, SMOVE
//	random.go    SPOP, SRANDMEMBER
//	inter.go     SINTER, SINTERSTORE, SINTERCARD
//	union.go     SUNION, SUNIONSTORE, SDIFF, SDIFFSTORE
//	scan.go      SSCAN
//
// What a set is over its three encodings, and when it changes from one to another, is in package internal/types/set. Handlers
// look keys up, say what changed, and write members into the reply as they meet them: no result is gathered first unless
// it is to be stored.
package sets

import (
	"granary/internal/command"
	"granary/internal/keyspace"
	"granary/internal/object"
	"granary/internal/types/set"
)

// Register adds the family's commands to the table.
func Register(t *command.Table) {
	t.Register(
		specSAdd, specSRem, specSIsMember, specSMIsMember, specSCard, specSMembers, specSMove,
		specSPop, specSRandMember,
		specSInter, specSInterStore, specSInterCard,
		specSUnion, specSUnionStore, specSDiff, specSDiffStore,
		specSScan,
	)
}

// limits returns the settings that decide how sets are stored.
func limits(c *command.Ctx) set.Limits { return set.LimitsOf(c.Env.Config) }

// read looks up a set to read it, the empty set if there is none. It answers an error when the key holds something else.
func read(c *command.Ctx, key []byte) (v set.Value, ok bool) {
	it := c.Read(key)
	if !it.Exists() {
		return v, true
	}
	if !c.IsType(&it, object.Set) {
		return v, false
	}
	return set.Of(it.Entry), true
}

// readAll looks up several sets; missing ones are empty. It answers an error when a key holds something else.
func readAll(c *command.Ctx, keys [][]byte, dst []set.Value) ([]set.Value, bool) {
	for _, key := range keys {
		v, ok := read(c, key)
		if !ok {
			return nil, false
		}
		dst = append(dst, v)
	}
	return dst, true
}

// fewSets is how many keys a command may name before it needs memory of the Go heap for them.
const fewSets = 8

// bySize sorts sets by the number of their members: there are few, and most are in order.
func bySize(sets []set.Value, before func(a, b int) bool) {
	for i := 1; i < len(sets); i++ {
		for k := i; k > 0 && before(sets[k].Len(), sets[k-1].Len()); k-- {
			sets[k], sets[k-1] = sets[k-1], sets[k]
		}
	}
}

func smaller(a, b int) bool { return a < b }
func larger(a, b int) bool  { return a > b }

// emptied deletes a set that has lost its last member, and tells of it.
func emptied(c *command.Ctx, it *keyspace.Item) {
	it.Delete()
	c.Notify(keyspace.Generic, "del", it.Key())
}

// store makes the set of a builder the value of the key dst and answers its size. An empty set is stored as no key.
func store(c *command.Ctx, dst []byte, b *set.Builder, event string) {
	it := c.Write(dst)
	n := b.Len()
	switch {
	case n > 0:
		b.Store(&it)
		c.Changed(dst, keyspace.Set, event)
	case it.Exists():
		b.Discard() // before its memory is entered for dst
		it.Delete()
		c.Changed(dst, keyspace.Generic, "del")
	}
	c.Out.Int(int64(n))
}

// Package hashes holds the commands on hashes.
//
//	set.go       HSET, HMSET, HSETNX, HINCRBY, HINCRBYFLOAT
//	get.go       HGET, HMGET, HLEN, HSTRLEN, HEXISTS, HDEL
//	all.go       HGETALL, HKEYS, HVALS, HSCAN
//	random.go    HRANDFIELD
//	expire.go    HEXPIRE, HPEXPIRE, HEXPIREAT, HPEXPIREAT, HPERSIST
//	ttl.go       HTTL, HPTTL, HEXPIRETIME, HPEXPIRETIME
//	getex.go     HGETDEL, HGETEX
//	setex.go     HSETEX
//	fields.go    what the commands with FIELDS share: their arguments, and times
//
// How a hash is stored is decided in package types/hash. Every handler looks its key up by read or write, which delete
// fields whose time has come: so those are gone when the handler looks. Where very many are due some stay for the time
// being, and types/hash passes them over.
package hashes

import (
	"granary/internal/command"
	"granary/internal/keyspace"
	"granary/internal/object"
	"granary/internal/types/hash"
)

// Register adds the commands of the family.
func Register(t *command.Table) {
	t.Register(
		specHDel, specHExists, specHExpire, specHExpireAt, specHExpireTime, specHGet, specHGetAll, specHGetDel, specHGetEx,
		specHIncrBy, specHIncrByFloat, specHKeys, specHLen, specHMGet, specHMSet, specHPExpire, specHPExpireAt,
		specHPExpireTime, specHPTTL, specHPersist, specHRandField, specHScan, specHSet, specHSetEx, specHSetNX, specHStrLen,
		specHTTL, specHVals,
	)
}

// argKey is the first argument of all of them.
var argKey = command.Arg{Name: "key", Type: command.ArgKey, KeySpec: 1}

// limits returns the limits of the flat encodings.
func limits(c *command.Ctx) hash.Limits { return hash.LimitsOf(c.Env.Config) }

// read looks a key up for reading. ok is false when it holds no hash, which has been answered.
func read(c *command.Ctx, key []byte) (it keyspace.Item, ok bool) {
	it = c.Read(key)
	return it, settle(c, &it)
}

// write looks a key up to change it. ok is false when it holds no hash, which has been answered.
func write(c *command.Ctx, key []byte) (it keyspace.Item, ok bool) {
	it = c.Write(key)
	return it, settle(c, &it)
}

func settle(c *command.Ctx, it *keyspace.Item) bool {
	if !it.Exists() {
		return true
	}
	if !c.IsType(it, object.Hash) {
		return false
	}
	if it.Entry.HasFields() {
		it.ExpireFields()
	}
	return true
}

// changed tells of n changes of the hash by one event.
func changed(c *command.Ctx, n int, event string) {
	c.Changed(c.Args[1], keyspace.Hash, event)
	c.Keys().Stats.Dirty += int64(n) - 1
}

// dropEmpty deletes a hash that has lost its last field.
func dropEmpty(c *command.Ctx, it *keyspace.Item) {
	if hash.Len(it.Entry) == 0 {
		it.Delete()
		c.Notify(keyspace.Generic, "del", c.Args[1])
	}
}

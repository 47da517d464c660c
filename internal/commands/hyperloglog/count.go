package hyperloglog

import (
	"granary/internal/command"
	"granary/internal/encoding/hll"
	"granary/internal/keyspace"
	"granary/internal/object"
)

var specPFCount = &command.Spec{
	Name: "pfcount", Summary: "Estimates how many different elements a HyperLogLog has seen, or several of them together.", Since: "2.8.9",
	Group: command.GroupHyperLogLog,
	Complexity: "O(1) with a very small average constant time when called with a single key. O(N) with N being the number of keys, " +
		"and much bigger constant times, when called with multiple keys.",
	Arity: -2, Flags: command.ReadOnly | command.MayReplicate,
	Keys: []command.KeySpec{{
		Flags: command.KeyRW | command.KeyAccess,
		Notes: "RW because it may change the internal representation of the key, and propagate to replicas", Index: 1, LastKey: -1, KeyStep: 1,
	}},
	Args:    []command.Arg{{Name: "key", Type: command.ArgKey, KeySpec: 1, Flags: command.Multiple}},
	Handler: cmdPFCount,
}

// cmdPFCount answers PFCOUNT key [key ...].
func cmdPFCount(c *command.Ctx) {
	if len(c.Args) == 2 {
		countOne(c, c.Args[1])
		return
	}
	if _, ok := mergeAll(c, c.Args[1:]); ok {
		c.Out.Int(int64(work.regs.Count()))
	}
}

// countOne counts a single key, and keeps the result in the value until a register changes. That is a change of the data:
// replicas repeat it, watchers and caches hear of it, but it has no event.
func countOne(c *command.Ctx, key []byte) {
	it := c.Read(key)
	if !it.Exists() {
		c.Out.Int(0)
		return
	}
	b, ok := value(c, &it)
	if !ok {
		return
	}
	n, fresh := hll.Cached(b)
	if fresh && it.Entry.Encoding() == object.Raw {
		c.Out.Int(int64(n))
		return
	}
	w := c.DB.Lookup(key, keyspace.ForWrite|keyspace.NoTouch)
	b = w.Edit(0)
	if !fresh {
		var err error
		if n, err = hll.Count(b); err != nil {
			c.Out.Error(errCorrupt)
			return
		}
		hll.SetCached(b, n)
		ks := c.Keys()
		ks.Stats.Dirty++
		ks.Modified(c.DB.ID, key)
	}
	c.Out.Int(int64(n))
}

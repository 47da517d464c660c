package hyperloglog

import (
	"granary/internal/command"
	"granary/internal/encoding/hll"
	"granary/internal/keyspace"
)

var specPFAdd = &command.Spec{
	Name: "pfadd", Summary: "Adds elements to a HyperLogLog, which is created if need be.", Since: "2.8.9",
	Group: command.GroupHyperLogLog, Complexity: "O(1) to add every element.",
	Arity: -2, Flags: command.Write | command.DenyOOM | command.Fast,
	Keys: command.OneKey(command.KeyRW | command.KeyInsert),
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey, KeySpec: 1},
		{Name: "element", Type: command.ArgString, Flags: command.Optional | command.Multiple},
	},
	Handler: cmdPFAdd,
}

// cmdPFAdd answers PFADD key [element ...]: 1 if a register changed or the key is new. Every element that changed one counts
// as a change of the data.
func cmdPFAdd(c *command.Ctx) {
	key := c.Args[1]
	it := c.Write(key)
	b, ok := edit(c, &it)
	if !ok {
		return
	}
	d, err := newDraft(c, b)
	if err != nil {
		c.Out.Error(errCorrupt)
		return
	}
	updated := int64(0)
	if b == nil {
		updated++
	}
	for _, element := range c.Args[2:] {
		changed, err := d.add(element)
		if err != nil {
			// NB: a dense value, which is changed in place, cannot fail.
			c.Out.Error(errCorrupt)
			return
		}
		if changed {
			updated++
		}
	}
	if updated == 0 {
		c.Out.Int(0)
		return
	}
	d.store(&it)
	c.Changed(key, keyspace.String, "pfadd")
	c.Keys().Stats.Dirty += updated - 1
	c.Out.Int(1)
}

var specPFMerge = &command.Spec{
	Name: "pfmerge", Summary: "Merges HyperLogLogs into one, which keeps what it had.", Since: "2.8.9",
	Group: command.GroupHyperLogLog, Complexity: "O(N) to merge N HyperLogLogs, but with high constant times.",
	Arity: -2, Flags: command.Write | command.DenyOOM,
	Keys: []command.KeySpec{
		{Flags: command.KeyRW | command.KeyAccess | command.KeyInsert, Index: 1, KeyStep: 1},
		{Flags: command.KeyRO | command.KeyAccess, Index: 2, LastKey: -1, KeyStep: 1},
	},
	Args: []command.Arg{
		{Name: "destkey", Type: command.ArgKey, KeySpec: 1},
		{Name: "sourcekey", Type: command.ArgKey, KeySpec: 2, Flags: command.Multiple},
	},
	Handler: cmdPFMerge,
}

// cmdPFMerge answers PFMERGE destkey [sourcekey ...]. The result is dense if one of the values is.
func cmdPFMerge(c *command.Ctx) {
	dense, ok := mergeAll(c, c.Args[1:])
	if !ok {
		return
	}
	dest := c.Args[1]
	it := c.Write(dest)
	b, ok := edit(c, &it)
	if !ok {
		return
	}
	d, err := newDraft(c, b)
	if err == nil && dense {
		err = d.toDense()
	}
	if err == nil {
		err = d.raise()
	}
	if err != nil {
		c.Out.Error(errCorrupt)
		return
	}
	d.store(&it)
	c.Changed(dest, keyspace.String, "pfadd")
	c.Out.OK()
}

// mergeAll adds up the registers of all keys in work.regs, reports whether one of the values is dense, and answers errors.
func mergeAll(c *command.Ctx, keys [][]byte) (dense, ok bool) {
	work.regs.Reset()
	for _, key := range keys {
		it := c.Read(key)
		if !it.Exists() {
			continue
		}
		b, ok := value(c, &it)
		if !ok {
			return dense, false
		}
		dense = dense || hll.EncodingOf(b) == hll.Dense
		if work.regs.Merge(b) != nil {
			c.Out.Error(errCorrupt)
			return dense, false
		}
	}
	return dense, true
}

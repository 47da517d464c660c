package bitmaps

import (
	"granary/internal/command"
	"granary/internal/keyspace"
	"granary/internal/object"
)

var specSetBit = &command.Spec{
	Name: "setbit", Summary: "Sets or clears a bit of a string value, which grows as needed, and returns what the bit was.", Since: "2.2.0",
	Group: command.GroupBitmap, Complexity: "O(1)",
	Arity: 4, Flags: command.Write | command.DenyOOM,
	Keys: command.OneKey(command.KeyRW | command.KeyAccess | command.KeyUpdate),
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey, KeySpec: 1},
		{Name: "offset", Type: command.ArgInteger},
		{Name: "value", Type: command.ArgInteger},
	},
	Handler: cmdSetBit,
}

// cmdSetBit answers SETBIT key offset value.
func cmdSetBit(c *command.Ctx) {
	key := c.Args[1]
	at, ok := offset(c, c.Args[2], 0)
	if !ok {
		return
	}
	on, ok := object.ParseInt(c.Args[3])
	if !ok || on&^1 != 0 {
		c.Out.Error("ERR bit is not an integer or out of range")
		return
	}
	it := c.Write(key)
	b, grown := grow(c, &it, at)
	if b == nil {
		return
	}
	shift := 7 - at&7
	old := b[at>>3] >> shift & 1
	if grown || old != byte(on) {
		b[at>>3] = b[at>>3]&^(1<<shift) | byte(on)<<shift
		c.Changed(key, keyspace.String, "setbit")
	}
	c.Out.Int(int64(old))
}

var specGetBit = &command.Spec{
	Name: "getbit", Summary: "Returns a bit of a string value.", Since: "2.2.0",
	Group: command.GroupBitmap, Complexity: "O(1)",
	Arity: 3, Flags: command.ReadOnly | command.Fast,
	Keys: command.OneKey(command.KeyRO | command.KeyAccess),
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey, KeySpec: 1},
		{Name: "offset", Type: command.ArgInteger},
	},
	Handler: cmdGetBit,
}

// cmdGetBit answers GETBIT key offset.
func cmdGetBit(c *command.Ctx) {
	at, ok := offset(c, c.Args[2], 0)
	if !ok {
		return
	}
	var s object.Scratch
	b, ok := text(c, c.Args[1], &s)
	if !ok {
		return
	}
	if at>>3 >= int64(len(b)) {
		c.Out.Int(0)
		return
	}
	c.Out.Int(int64(b[at>>3] >> (7 - at&7) & 1))
}

// Package bitmaps holds the commands on the bits of string values. Bit 0 is the highest bit of the first byte; a string
// reads as if zero bits followed it without end.
//
//	bit.go        SETBIT, GETBIT
//	count.go      BITCOUNT, BITPOS: ranges, counting, searching
//	op.go         BITOP
//	bitfield.go   BITFIELD, BITFIELD_RO: arguments, replies
//	field.go      reading and writing integers of 1 to 64 bits, and what happens on overflow
package bitmaps

import (
	"granary/internal/command"
	"granary/internal/keyspace"
	"granary/internal/object"
)

// Register adds the commands of the family.
func Register(t *command.Table) {
	t.Register(specBitCount, specBitField, specBitFieldRO, specBitOp, specBitPos, specGetBit, specSetBit)
}

// offset reads the offset of a bit. With width not zero, "#n" stands for the n-th field of that many bits.
func offset(c *command.Ctx, arg []byte, width int64) (int64, bool) {
	scaled := width > 0 && len(arg) > 0 && arg[0] == '#'
	if scaled {
		arg = arg[1:]
	}
	n, ok := object.ParseInt(arg)
	if scaled {
		n *= width
	}
	if !ok || n < 0 || n>>3 >= c.Env.Config.ProtoMaxBulkLen {
		c.Out.Error("ERR bit offset is not an integer or out of range")
		return 0, false
	}
	return n, true
}

// text looks up a key for reading and returns its bytes, nil if there is no such key; it answers WRONGTYPE.
func text(c *command.Ctx, key []byte, s *object.Scratch) ([]byte, bool) {
	it := c.Read(key)
	if !it.Exists() {
		return nil, true
	}
	if !c.IsType(&it, object.String) {
		return nil, false
	}
	return it.Entry.Text(s), true
}

// grow makes the key's value a raw string that reaches at least to the last bit, and reports whether it became longer.
// It answers WRONGTYPE and returns nil.
func grow(c *command.Ctx, it *keyspace.Item, last int64) (b []byte, grown bool) {
	size := 0
	if it.Exists() {
		if !c.IsType(it, object.String) {
			return nil, false
		}
		size = it.Entry.TextLen()
	}
	need := int(last>>3) + 1
	return it.Edit(need), !it.Exists() || need > size
}

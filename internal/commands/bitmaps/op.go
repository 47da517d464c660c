package bitmaps

import (
	"encoding/binary"

	"granary/internal/command"
	"granary/internal/keyspace"
	"granary/internal/object"
)

var specBitOp = &command.Spec{
	Name: "bitop", Summary: "Combines the bits of several string values and stores the result under a key.", Since: "2.6.0",
	Group: command.GroupBitmap, Complexity: "O(N)",
	Arity: -4, Flags: command.Write | command.DenyOOM,
	Keys: []command.KeySpec{
		{Flags: command.KeyOW | command.KeyUpdate, Index: 2, KeyStep: 1},
		{Flags: command.KeyRO | command.KeyAccess, Index: 3, LastKey: -1, KeyStep: 1},
	},
	Args: []command.Arg{
		{Name: "operation", Type: command.ArgString},
		{Name: "destkey", Type: command.ArgKey, KeySpec: 1},
		{Name: "key", Type: command.ArgKey, KeySpec: 2, Flags: command.Multiple},
	},
	Handler: cmdBitOp,
}

// bitOp is what BITOP does.
type bitOp uint8

const (
	opAnd bitOp = iota
	opOr
	opXor
	opNot
)

func parseOp(arg []byte) (bitOp, bool) {
	switch {
	case command.Is(arg, "and"):
		return opAnd, true
	case command.Is(arg, "or"):
		return opOr, true
	case command.Is(arg, "xor"):
		return opXor, true
	case command.Is(arg, "not"):
		return opNot, true
	}
	return 0, false
}

// cmdBitOp answers BITOP AND|OR|XOR|NOT destkey key [key ...]. Shorter strings count as padded with zeros to the length of
// the longest.
func cmdBitOp(c *command.Ctx) {
	op, ok := parseOp(c.Args[1])
	if !ok {
		c.SyntaxError()
		return
	}
	if op == opNot && len(c.Args) != 4 {
		c.Out.Error("ERR BITOP NOT must be called with a single source key.")
		return
	}
	keys := c.Args[3:]
	var few [8][]byte
	from, size := few[:0], 0
	for _, key := range keys {
		// Each number needs a place of its own for its digits.
		b, ok := text(c, key, new(object.Scratch))
		if !ok {
			return
		}
		from = append(from, b)
		size = max(size, len(b))
	}
	dest := c.Args[2]
	if size == 0 {
		if it := c.Write(dest); it.Exists() {
			it.Delete()
			c.Changed(dest, keyspace.Generic, "del")
		}
		c.Out.Int(0)
		return
	}
	// The result may replace one of its own sources, so it is complete before it is put in place.
	ks := c.Keys()
	e := object.NewRaw(ks.Arena, dest, size, 0, ks.Access.Initial())
	combine(op, object.RawBytes(e.Root()), from)
	it := c.Write(dest)
	it.Put(e)
	c.Changed(dest, keyspace.String, "set")
	c.Out.Int(int64(size))
}

// combine computes the result into dst, which is zero and as long as the longest source.
func combine(op bitOp, dst []byte, from [][]byte) {
	n := copy(dst, from[0])
	if op == opNot {
		invert(dst)
		return
	}
	for _, src := range from[1:] {
		switch op {
		case opAnd:
			// Beyond the shortest source everything is zero already, or becomes so now.
			clear(dst[min(n, len(src)):n])
			n = min(n, len(src))
			merge(op, dst[:n], src[:n])
		default:
			merge(op, dst[:len(src)], src)
		}
	}
}

func invert(dst []byte) {
	for ; len(dst) >= 8; dst = dst[8:] {
		binary.LittleEndian.PutUint64(dst, ^binary.LittleEndian.Uint64(dst))
	}
	for i := range dst {
		dst[i] = ^dst[i]
	}
}

// merge combines src into dst, which is as long.
func merge(op bitOp, dst, src []byte) {
	for ; len(dst) >= 8 && len(src) >= 8; dst, src = dst[8:], src[8:] {
		x, y := binary.LittleEndian.Uint64(dst), binary.LittleEndian.Uint64(src)
		switch op {
		case opAnd:
			x &= y
		case opOr:
			x |= y
		default:
			x ^= y
		}
		binary.LittleEndian.PutUint64(dst, x)
	}
	for i, y := range src {
		switch op {
		case opAnd:
			dst[i] &= y
		case opOr:
			dst[i] |= y
		default:
			dst[i] ^= y
		}
	}
}

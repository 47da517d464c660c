package bitmaps

import (
	"encoding/binary"
	"math/bits"

	"granary/internal/command"
	"granary/internal/object"
)

// argUnit is the choice between counting in bytes and in bits.
var argUnit = command.Arg{
	Name: "index_unit", Type: command.ArgOneOf, Since: "7.0.0", Flags: command.Optional, Args: []command.Arg{
		{Name: "byte", Type: command.ArgPureToken, Token: "BYTE"},
		{Name: "bit", Type: command.ArgPureToken, Token: "BIT"},
	},
}

var specBitCount = &command.Spec{
	Name: "bitcount", Summary: "Counts the bits that are set in a string value or part of it.", Since: "2.6.0",
	Group: command.GroupBitmap, Complexity: "O(N)",
	Arity: -2, Flags: command.ReadOnly,
	Keys: command.OneKey(command.KeyRO | command.KeyAccess),
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey, KeySpec: 1},
		{Name: "index", Type: command.ArgBlock, Flags: command.Optional, Args: []command.Arg{
			{Name: "start", Type: command.ArgInteger},
			{Name: "end", Type: command.ArgInteger},
			argUnit,
		}},
	},
	History: []command.Change{{Since: "7.0.0", What: "The choice between `BYTE` and `BIT`."}},
	Handler: cmdBitCount,
}

// span is the part of a string that BITCOUNT and BITPOS look at, as the arguments say.
type span struct {
	start, end int64
	bits       bool // start and end count bits, not bytes
	open       bool // no end was given
}

// parseSpan reads [start [end [BYTE | BIT]]]. Of several faults BITCOUNT answers the first from the left; BITPOS
// (unitFirst) looks at the unit before the end.
func parseSpan(c *command.Ctx, args [][]byte, unitFirst bool) (s span, ok bool) {
	s = span{end: -1, open: len(args) < 2}
	if len(args) > 3 {
		c.SyntaxError()
		return s, false
	}
	if len(args) > 0 {
		if s.start, ok = c.Int(args[0]); !ok {
			return s, false
		}
	}
	badUnit := false
	if len(args) > 2 {
		s.bits = command.Is(args[2], "bit")
		badUnit = !s.bits && !command.Is(args[2], "byte")
	}
	if len(args) > 1 && !(badUnit && unitFirst) {
		if s.end, ok = c.Int(args[1]); !ok {
			return s, false
		}
	}
	if badUnit {
		c.SyntaxError()
		return s, false
	}
	return s, true
}

// in returns the span as a range of bits of a string of n bytes, the end excluded. It is empty if from >= to.
func (s span) in(n int) (from, to int64) {
	size := int64(n)
	if s.bits {
		size *= 8
	}
	start, end := s.start, s.end
	if start < 0 {
		start = max(0, start+size)
	}
	if end < 0 {
		end = max(0, end+size)
	}
	end = min(end, size-1)
	if start > end {
		return 0, 0
	}
	if s.bits {
		return start, end + 1
	}
	return 8 * start, 8 * (end + 1)
}

// cmdBitCount answers BITCOUNT key [start [end [BYTE | BIT]]].
func cmdBitCount(c *command.Ctx) {
	sp, ok := parseSpan(c, c.Args[2:], false)
	if !ok {
		return
	}
	var s object.Scratch
	b, ok := text(c, c.Args[1], &s)
	if !ok {
		return
	}
	if sp.start < 0 && sp.end < 0 && sp.start > sp.end {
		c.Out.Int(0)
		return
	}
	from, to := sp.in(len(b))
	c.Out.Int(countBits(b, from, to))
}

// countBits counts the ones among the bits from..to-1.
func countBits(b []byte, from, to int64) int64 {
	if from >= to {
		return 0
	}
	b = b[from>>3 : (to+7)>>3]
	n := int64(ones(b))
	// What was counted too much, in the first byte and in the last.
	n -= int64(bits.OnesCount8(b[0] &^ (0xff >> (from & 7))))
	n -= int64(bits.OnesCount8(b[len(b)-1] & (0xff >> ((to-1)&7 + 1))))
	return n
}

// ones counts the ones of b.
func ones(b []byte) (n int) {
	for ; len(b) >= 32; b = b[32:] {
		n += bits.OnesCount64(binary.LittleEndian.Uint64(b)) +
			bits.OnesCount64(binary.LittleEndian.Uint64(b[8:])) +
			bits.OnesCount64(binary.LittleEndian.Uint64(b[16:])) +
			bits.OnesCount64(binary.LittleEndian.Uint64(b[24:]))
	}
	for ; len(b) >= 8; b = b[8:] {
		n += bits.OnesCount64(binary.LittleEndian.Uint64(b))
	}
	for _, x := range b {
		n += bits.OnesCount8(x)
	}
	return n
}

var specBitPos = &command.Spec{
	Name: "bitpos", Summary: "Finds the first bit that is set, or clear, in a string value or part of it.", Since: "2.8.7",
	Group: command.GroupBitmap, Complexity: "O(N)",
	Arity: -3, Flags: command.ReadOnly,
	Keys: command.OneKey(command.KeyRO | command.KeyAccess),
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey, KeySpec: 1},
		{Name: "bit", Type: command.ArgInteger},
		{Name: "index", Type: command.ArgBlock, Flags: command.Optional, Args: []command.Arg{
			{Name: "start", Type: command.ArgInteger},
			{Name: "end_index", Type: command.ArgBlock, Flags: command.Optional, Args: []command.Arg{
				{Name: "end", Type: command.ArgInteger},
				argUnit,
			}},
		}},
	},
	History: []command.Change{{Since: "7.0.0", What: "The choice between `BYTE` and `BIT`."}},
	Handler: cmdBitPos,
}

// cmdBitPos answers BITPOS key bit [start [end [BYTE | BIT]]].
func cmdBitPos(c *command.Ctx) {
	bit, ok := c.Int(c.Args[2])
	if !ok {
		return
	}
	if bit != 0 && bit != 1 {
		c.Out.Error("ERR The bit argument must be 1 or 0.")
		return
	}
	sp, ok := parseSpan(c, c.Args[3:], true)
	if !ok {
		return
	}
	var s object.Scratch
	b, ok := text(c, c.Args[1], &s)
	if !ok {
		return
	}
	if b == nil {
		c.Out.Int(-bit)
		return
	}
	from, to := sp.in(len(b))
	at := findBit(b, byte(bit), from, to)
	// A string is followed by zeros, unless the end was given: then nothing follows.
	if at < 0 && bit == 0 && sp.open && from < to {
		at = to
	}
	c.Out.Int(at)
}

// findBit returns the first of the bits from..to-1 that is bit, or -1.
func findBit(b []byte, bit byte, from, to int64) int64 {
	skip := bit - 1 // a byte without such a bit, inverted: 0xff when looking for 0
	for i := from >> 3; i < (to+7)>>3; {
		// Fast path: eight bytes without such a bit.
		if i+8 < (to+7)>>3 && i > from>>3 {
			if x := binary.LittleEndian.Uint64(b[i:]); x == -uint64(skip&1) {
				i += 8
				continue
			}
		}
		x := b[i] ^ skip
		if i == from>>3 {
			x &= 0xff >> (from & 7)
		}
		if x != 0 {
			if at := 8*i + int64(bits.LeadingZeros8(x)); at < to {
				return at
			}
			return -1
		}
		i++
	}
	return -1
}

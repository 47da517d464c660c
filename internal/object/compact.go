package object

import (
	"granary/internal/encoding/hash"
	"granary/internal/encoding/quicklist"
	"granary/internal/encoding/set"
	"granary/internal/encoding/stream"
	"granary/internal/encoding/zset"
	"granary/internal/mem"
)

// Bytes returns the usable bytes of everything that belongs to the entry alone: the sum of Blocks. It reads the sums that
// large values keep and takes no longer for them; only a stream asks each of its groups. ok is false for a value whose
// bytes it cannot tell.
func (e Entry) Bytes() (n int64, ok bool) {
	n = int64(mem.Usable(e.Size()))
	switch {
	case e.Type() == String:
		if e.Encoding() == Raw {
			n += int64(mem.Usable(RawSize(e.Root())))
		}
	case e.IsFlat():
		if !e.Embedded() {
			n += int64(mem.Usable(len(e.Flat())))
		}
	case e.Type() == Hash:
		h := hash.Open(nil, e.Root())
		n += h.TableBytes() + h.FieldBytes()
	case e.Type() == Set:
		s := set.Open(nil, e.Root())
		n += s.TableBytes() + s.MemberBytes()
	case e.Type() == ZSet:
		z := zset.Open(nil, e.Root())
		table, index, members := z.Bytes()
		n += table + index + members
	case e.Type() == List:
		l := quicklist.Open(nil, e.Root())
		n += l.Bytes()
	case e.Type() == Stream:
		s := stream.Open(nil, e.Root())
		n += s.Bytes()
	default:
		return n, false
	}
	return n, true
}

// Layout is the bytes of an entry's own block, drawn apart as in object.go.
type Layout struct {
	Head   int // type, encoding, clock, flags, length of the key
	Key    int
	Expiry int
	Value  int // the value, or the reference to it
}

// Layout returns where the requested bytes of the entry's own block are.
func (e Entry) Layout() Layout {
	off, n := e.keySpan()
	v := e.valueOff()
	return Layout{off, n, v - off - n, e.valueLen(v)}
}

// SizeWithText returns the bytes of the entry if its value were a text of n bytes in place (embstr), with its own key and
// expiry.
func (e Entry) SizeWithText(n int) int { return e.valueOff() + 1 + n }

// SizeWithRef returns the bytes of the entry if it referred to its value.
func (e Entry) SizeWithRef() int { return e.valueOff() + refBytes }

// BytesWithFlat returns the usable bytes of the key if its value were flat, of n bytes.
func (e Entry) BytesWithFlat(n int) int64 {
	if off := e.valueOff(); off+n <= embedMax {
		return int64(mem.Usable(off + n))
	}
	return int64(mem.Usable(e.SizeWithRef()) + mem.Usable(n))
}

// shrinkByCopy is the longest string that is copied to give its room back. Longer ones lie in pages of their own, whose end is
// cut off where they are.
const shrinkByCopy = 256 << 10

// RawSpare returns the usable bytes that the block of a raw string has beyond what its bytes need, 0 for other values.
func (e Entry) RawSpare() int64 {
	if e.Type() != String || e.Encoding() != Raw {
		return 0
	}
	r := e.Root()
	return int64(mem.Usable(RawSize(r)) - mem.Usable(rawHead+rawLen(r)))
}

// ShrinkRaw gives back what RawSpare says, unless the string is being sent or there is no memory for the move, and returns
// how much it gave back.
func ShrinkRaw(a *mem.Arena, e Entry) int64 {
	spare := e.RawSpare()
	if spare <= 0 {
		return 0
	}
	r := e.Root()
	n, size := rawLen(r), RawSize(r)
	if RawRefs(r) != 1 {
		return 0
	}
	to := r
	if !a.ResizeInPlace(r, size, rawHead+n, mem.PurposeString) {
		if n > shrinkByCopy {
			return 0
		}
		if to = tryAlloc(a, rawHead+n, mem.PurposeString); to == 0 {
			return 0
		}
		copy(mem.Bytes(to, rawHead+n), mem.Bytes(r, rawHead+n))
		a.Free(r, size, mem.PurposeString)
		e.SetRoot(to)
	}
	put40(mem.Bytes(to, rawHead)[rawAllocOff:], n)
	return spare
}

// tryAlloc allocates, or returns 0 when there is no memory.
func tryAlloc(a *mem.Arena, n int, p mem.Purpose) (r mem.Ref) {
	defer func() {
		if e := recover(); e != nil && e != error(mem.ErrOutOfMemory) {
			panic(e)
		}
	}()
	return a.Alloc(n, p)
}

// UsableWithText returns the usable bytes of a key whose value is a text of n bytes in the entry.
func UsableWithText(e Entry, n int) int { return mem.Usable(e.SizeWithText(n)) }

// BytesLeft returns the usable bytes of a large value that is being freed in slices, as far as it still keeps its sums.
func BytesLeft(e Entry) int64 {
	n := int64(mem.Usable(e.SizeWithRef()))
	switch e.Type() {
	case Hash:
		h := hash.Open(nil, e.Root())
		return n + h.TableBytes() + h.FieldBytes()
	case Set:
		s := set.Open(nil, e.Root())
		return n + s.TableBytes() + s.MemberBytes()
	case ZSet:
		z := zset.Open(nil, e.Root())
		return n + z.BytesLeft()
	case List:
		l := quicklist.Open(nil, e.Root())
		return n + l.Bytes()
	}
	return n
}

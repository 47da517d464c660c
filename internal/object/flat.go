package object

import (
	"encoding/binary"

	"granary/internal/mem"
)

// Flat values. A small collection is one run of bytes, a listpack or an intset, that says its own size in its first
// bytes. It lies in the entry as long as the entry stays small, which saves a second allocation and the slack at its
// end, and in a block of its own beyond:
//
//	embedded   | header | key | [expiry] | listpack ...... |            at most embedMax bytes
//	apart      | header | key | [expiry] | Ref |  ->  | listpack ...... |
//
// Both are allocated for exactly the bytes in use; what a size class has beyond them is used when they grow.
// Storage changes size around the caller's change, so that memory is taken before anything is changed:
//
//	grow     e = GrowFlat(a, e, delta)   room behind the bytes; then the caller writes the longer flat value
//	shrink   t = PlanTrim(a, e, delta); the caller writes the shorter flat value; e = FinishTrim(a, e, t, was)
//
// INVARIANT: between the two nothing else is done with the entry.

const (
	// embedMax is the largest entry that holds a flat value itself. A reference costs 5 bytes and the slack of a
	// second size class; in larger entries that is little, and moving the whole entry when it grows is not.
	embedMax = 1024

	// embedAgain is the size below which a flat value that shrinks comes back into the entry.
	embedAgain = embedMax * 3 / 4

	flatHead = 8 // enough of a flat value to tell its size
)

// IsFlat tells whether the value is a listpack or an intset.
func (e Entry) IsFlat() bool { return flat(e.Encoding()) }

func flat(enc Encoding) bool { return enc == Listpack || enc == Intset || enc == ListpackEx }

// flatSize reads the size of a flat value from its first flatHead bytes.
func flatSize(enc Encoding, b []byte) int {
	if enc == Intset {
		return 8 + int(binary.LittleEndian.Uint32(b))*int(binary.LittleEndian.Uint32(b[4:]))
	}
	return int(binary.LittleEndian.Uint32(b))
}

// flatPurpose is the purpose of a flat value's own block.
func flatPurpose(t Type, enc Encoding) mem.Purpose {
	switch {
	case enc == Intset:
		return mem.PurposeIntset
	case t == Set:
		return mem.PurposeListpackSet
	case t == ZSet:
		return mem.PurposeListpackZSet
	case t == Hash:
		return mem.PurposeListpackHash
	}
	return mem.PurposeListpack
}

// FlatPurpose returns the purpose of the block that a flat value has if it is not embedded. REQUIRES: IsFlat.
func (e Entry) FlatPurpose() mem.Purpose { return flatPurpose(e.Type(), e.Encoding()) }

// NewFlat allocates an entry with a copy of a flat value.
func NewFlat(a *mem.Arena, key []byte, t Type, enc Encoding, value []byte, expiry int64, clock uint32) Entry {
	if entrySize(key, expiry)+len(value) > embedMax {
		block := a.Alloc(len(value), flatPurpose(t, enc))
		copy(mem.Bytes(block, len(value)), value)
		e := Entry(0)
		defer func() {
			if e == 0 {
				a.Free(block, len(value), flatPurpose(t, enc))
			}
		}()
		e = newEntry(a, key, t, enc, refBytes, expiry, clock, 0)
		e.SetRoot(block)
		return e
	}
	e := newEntry(a, key, t, enc, len(value), expiry, clock, 0)
	off := e.valueOff()
	e.head()[4] |= flagEmbedded
	copy(mem.Bytes(mem.Ref(e), off+len(value))[off:], value)
	return e
}

// entrySize returns the size of an entry without its value.
func entrySize(key []byte, expiry int64) int {
	n := headShort + len(key)
	if len(key) > 255 {
		n = headLong + len(key)
	}
	switch {
	case expiry == 0:
		return n
	case uint64(expiry) > maxNarrow:
		return n + wideExpiry
	}
	return n + narrowExpiry
}

// Embedded tells whether the flat value lies in the entry.
func (e Entry) Embedded() bool { return e.head()[4]&flagEmbedded != 0 }

// Flat returns the bytes of a flat value, a view that is valid until the entry is changed or freed.
// REQUIRES: IsFlat.
func (e Entry) Flat() []byte { return e.FlatRoom(0) }

// FlatRoom is Flat with a capacity of delta more bytes, for which GrowFlat has made room.
func (e Entry) FlatRoom(delta int) []byte {
	off := e.valueOff()
	if e.Embedded() {
		n := flatSize(e.Encoding(), mem.Bytes(mem.Ref(e), off+flatHead)[off:])
		return mem.Bytes(mem.Ref(e), off+n+delta)[off : off+n]
	}
	r := e.Root()
	n := flatSize(e.Encoding(), mem.Bytes(r, flatHead))
	return mem.Bytes(r, n+delta)[:n]
}

// GrowFlat makes room for delta more bytes behind the flat value and returns the entry's place.
// REQUIRES: IsFlat, delta >= 0.
func GrowFlat(a *mem.Arena, e Entry, delta int) Entry {
	n := len(e.Flat())
	if !e.Embedded() {
		r := a.Resize(e.Root(), n, n+delta, e.FlatPurpose())
		e.SetRoot(r)
		return e
	}
	off := e.valueOff()
	if off+n+delta > embedMax {
		return e.moveOut(a, off, n, delta)
	}
	return Entry(a.Resize(mem.Ref(e), off+n, off+n+delta, e.Purpose()))
}

// moveOut moves an embedded flat value of n bytes at off into a block of its own with room for delta more.
func (e Entry) moveOut(a *mem.Arena, off, n, delta int) Entry {
	p := e.FlatPurpose()
	block := a.Alloc(n+delta, p)
	copy(mem.Bytes(block, n), mem.Bytes(mem.Ref(e), off+n)[off:])
	small := mem.Ref(0)
	defer func() {
		if small == 0 {
			a.Free(block, n+delta, p)
		}
	}()
	small = a.Alloc(off+refBytes, e.Purpose())
	b := mem.Bytes(small, off+refBytes)
	copy(b, mem.Bytes(mem.Ref(e), off))
	b[4] &^= flagEmbedded
	mem.PutRef(b[off:], block)
	a.Free(mem.Ref(e), off+n, e.Purpose())
	return Entry(small)
}

// Trim is storage for a flat value that is about to become shorter.
type Trim struct {
	to       mem.Ref // where it moves, 0: it stays
	embedded bool    // to is a whole entry
	size     int     // bytes of to
}

// PlanTrim allocates what a flat value needs that will be less bytes shorter, before it is changed.
// REQUIRES: IsFlat, less <= its size.
func PlanTrim(a *mem.Arena, e Entry, less int) Trim {
	off := e.valueOff()
	was := len(e.Flat())
	n := was - less
	switch {
	case e.Embedded():
		if mem.Usable(off+n) == mem.Usable(off+was) {
			return Trim{}
		}
	case off+n > embedAgain:
		if mem.Usable(n) == mem.Usable(was) {
			return Trim{}
		}
		return Trim{to: a.Alloc(n, e.FlatPurpose()), size: n}
	}
	return Trim{to: a.Alloc(off+n, e.Purpose()), embedded: true, size: off + n}
}

// DropTrim gives back what PlanTrim has allocated for a change that is not made.
func DropTrim(a *mem.Arena, e Entry, t Trim) {
	switch {
	case t.to == 0:
	case t.embedded:
		a.Free(t.to, t.size, e.Purpose())
	default:
		a.Free(t.to, t.size, e.FlatPurpose())
	}
}

// FinishTrim puts a flat value that had was bytes, and is shorter now, where PlanTrim said, and returns the entry's place.
func FinishTrim(a *mem.Arena, e Entry, t Trim, was int) Entry {
	b := e.Flat()
	off := e.valueOff()
	p := e.FlatPurpose()
	switch {
	case t.to == 0 && e.Embedded():
		a.ResizeInPlace(mem.Ref(e), off+was, off+len(b), e.Purpose())
		return e
	case t.to == 0:
		a.ResizeInPlace(e.Root(), was, len(b), p)
		return e
	case !t.embedded:
		copy(mem.Bytes(t.to, len(b)), b)
		a.Free(e.Root(), was, p)
		e.SetRoot(t.to)
		return e
	}
	to := mem.Bytes(t.to, off+len(b))
	copy(to, mem.Bytes(mem.Ref(e), off))
	copy(to[off:], b)
	if e.Embedded() {
		a.Free(mem.Ref(e), off+was, e.Purpose())
	} else {
		to[4] |= flagEmbedded
		a.Free(e.Root(), was, p)
		a.Free(mem.Ref(e), off+refBytes, e.Purpose())
	}
	return Entry(t.to)
}

// FreeFlat frees an entry with a flat value.
func FreeFlat(a *mem.Arena, e Entry) {
	if !e.Embedded() {
		a.Free(e.Root(), len(e.Flat()), e.FlatPurpose())
	}
	FreeEntry(a, e)
}

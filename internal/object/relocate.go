package object

import (
	"granary/internal/encoding/hash"
	"granary/internal/encoding/quicklist"
	"granary/internal/encoding/set"
	"granary/internal/encoding/stream"
	"granary/internal/encoding/zset"
	"granary/internal/mem"
)

// Compaction: moving what an entry consists of to where the allocator would rather have it (mem.ShouldMove). An entry has
// one slot of the key table that refers to it, a value one reference in its entry, and what hangs from a root is the
// encoding's business.

// Relocate moves the entry's own region and returns where it is. tell is called before the old region is freed.
// It may panic with mem.ErrOutOfMemory; nothing has moved then.
func Relocate(a *mem.Arena, e Entry, tell func(old, now Entry)) Entry {
	n := e.Size()
	if !mem.ShouldMove(mem.Ref(e), n, e.Purpose()) {
		return e
	}
	to := Entry(copyOf(a, mem.Ref(e), n, e.Purpose()))
	tell(e, to)
	a.Free(mem.Ref(e), n, to.Purpose())
	return to
}

// RelocateValue moves the one block of a value that has one, or the root block of a larger value.
//
// A raw string's block that replies are being sent from stays: the reply's place in the output refers to it.
func RelocateValue(a *mem.Arena, e Entry) {
	switch {
	case e.Type() == String:
		if e.Encoding() != Raw {
			return
		}
		if r := e.Root(); RawRefs(r) == 1 {
			e.moveBlock(a, r, RawSize(r), mem.PurposeString)
		} else {
			mem.Stays(r, RawSize(r), mem.PurposeString)
		}
	case e.IsFlat():
		if !e.Embedded() {
			r := e.Root()
			e.moveBlock(a, r, len(e.Flat()), e.FlatPurpose())
		}
	default:
		e.relocateRoot(a)
	}
}

// moveBlock moves the block that the entry refers to.
func (e Entry) moveBlock(a *mem.Arena, r mem.Ref, n int, p mem.Purpose) {
	if mem.ShouldMove(r, n, p) {
		e.SetRoot(copyOf(a, r, n, p))
		a.Free(r, n, p)
	}
}

// copyOf returns a new region with the bytes of another.
func copyOf(a *mem.Arena, r mem.Ref, n int, p mem.Purpose) mem.Ref {
	to := a.Alloc(n, p)
	copy(mem.Bytes(to, n), mem.Bytes(r, n))
	return to
}

// relocateRoot moves the root block of a value.
func (e Entry) relocateRoot(a *mem.Arena) {
	switch e.Type() {
	case Hash:
		h := hash.Open(a, e.Root())
		if h.RelocateRoot() {
			e.SetRoot(h.Root())
		}
	case Set:
		s := set.Open(a, e.Root())
		if s.RelocateRoot() {
			e.SetRoot(s.Root())
		}
	case List:
		l := quicklist.Open(Lists(a), e.Root())
		if l.RelocateRoot() {
			e.SetRoot(l.Root())
		}
	case ZSet:
		z := zset.Open(a, e.Root())
		if z.RelocateRoot() {
			e.SetRoot(z.Root())
		}
	case Stream:
		s := stream.Open(a, e.Root())
		if s.RelocateRoot() {
			e.SetRoot(s.Root())
		}
	}
}

// Parts returns about how many parts the compaction of a value has to visit beyond what RelocateValue does: elements of a
// hash, a set or a sorted set, nodes of a list or a stream and its groups; 0 for a value without a root.
func (e Entry) Parts() int {
	if e.Type() == String || e.IsFlat() {
		return 0
	}
	switch e.Type() {
	case Hash:
		h := hash.Open(nil, e.Root())
		return h.Len()
	case Set:
		s := set.Open(nil, e.Root())
		return s.Len()
	case List:
		l := quicklist.Open(nil, e.Root())
		return l.Nodes()
	case ZSet:
		z := zset.Open(nil, e.Root())
		return z.Len()
	case Stream:
		s := stream.Open(nil, e.Root())
		if s.Groups() > 0 {
			return manyParts // a group may have any number of pending entries
		}
		return s.Nodes()
	}
	return 0
}

const manyParts = 1 << 20

// PartsCursor is how far RelocateParts has come in a value. The zero PartsCursor is the beginning. It holds positions,
// ranks and IDs, never a Ref, so whatever happens to the value between two steps it can be gone on with, even with another
// value: then some parts are left out, or visited twice.
type PartsCursor struct {
	pos    uint64
	id     stream.ID
	groups stream.GroupCursor
	nodes  bool // of a stream: all nodes are done
}

// RelocateParts moves some of the parts of a value with a root, and reports whether there are more.
func RelocateParts(a *mem.Arena, e Entry, c *PartsCursor) (more bool) {
	switch e.Type() {
	case Hash:
		h := hash.Open(a, e.Root())
		c.pos = h.Relocate(c.pos)
	case Set:
		s := set.Open(a, e.Root())
		c.pos = s.Relocate(c.pos)
	case List:
		l := quicklist.Open(Lists(a), e.Root())
		c.pos = l.Relocate(c.pos)
	case ZSet:
		z := zset.Open(a, e.Root())
		c.pos = z.Relocate(c.pos)
	case Stream:
		return relocateStream(a, e, c)
	}
	return c.pos != 0
}

func relocateStream(a *mem.Arena, e Entry, c *PartsCursor) (more bool) {
	s := stream.Open(a, e.Root())
	if !c.nodes {
		c.id = s.Relocate(c.id)
		c.nodes = c.id == stream.MinID
		return !c.nodes || s.Groups() > 0
	}
	s.RelocateGroups(&c.groups)
	return !c.groups.Done
}

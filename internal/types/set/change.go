package set

import (
	"granary/internal/encoding/intset"
	"granary/internal/encoding/listpack"
	"granary/internal/encoding/set"
	"granary/internal/keyspace"
	"granary/internal/mem"
	"granary/internal/object"
)

// Changing the set that a key holds. A flat set is changed where it lies; what changes the encoding goes through a Builder.

func arena(it *keyspace.Item) *mem.Arena { return it.DB().Keyspace().Arena }

// Create makes the item's key, which does not exist, a set of m, which will probably have expect members.
func Create(it *keyspace.Item, lim Limits, m *Member, expect int) {
	enc := encodingFor(m, expect, lim)
	// Fast path: one integer or one short text.
	var room [96]byte
	switch n, isInt := m.Int(); {
	case enc == object.Intset && isInt && lim.Intset > 0:
		s, _ := intset.New(room[:]).Add(n)
		it.PutFlat(object.Set, enc, s)
		return
	case enc == object.Listpack && m.textLen() <= lim.Value && m.textLen() <= 64 && lim.Entries > 0:
		it.PutFlat(object.Set, enc, listpack.New(room[:]).Append(m.elem()))
		return
	}
	b := NewBuilder(arena(it), lim, enc)
	defer b.Discard()
	b.Add(m)
	b.replace(it)
}

// Expect makes the item's set a hashtable at once if it is about to get more members than its encoding may hold.
func Expect(it *keyspace.Item, lim Limits, more int) {
	enc := it.Entry.Encoding()
	if enc == object.Listpack && more > lim.Entries || enc == object.Intset && more > lim.Intset {
		b := Builder{arena: arena(it), lim: lim, v: Of(it.Entry)}
		b.toTable()
		defer b.Discard()
		b.replace(it)
	}
}

// Add adds m to the item's set and reports whether it was new.
//
// REQUIRES: the item is a set.
func Add(it *keyspace.Item, lim Limits, m *Member) bool {
	switch it.Entry.Encoding() {
	case object.Hashtable:
		s := set.Open(arena(it), it.Entry.Root())
		return s.Add(m.Hash(), m.Text())
	case object.Intset:
		n, ok := m.Int()
		if !ok {
			break
		}
		s := intset.Open(it.Flat())
		i, has := s.Find(n)
		if has {
			return false
		}
		if s.Len() < lim.Intset {
			intset.Open(it.Grow(s.Delta(n))).Insert(i, n)
			return true
		}
	default:
		lp, e := listpack.Open(it.Flat()), m.elem()
		if lp.Find(lp.First(), e, 0) != 0 {
			return false
		}
		if lp.Len() < lim.Entries && m.textLen() <= lim.Value && lp.CanGrow(e.Size()) {
			listpack.Open(it.Grow(e.Size())).Append(e)
			return true
		}
	}
	// Slow path: another encoding. Nothing below changes the bytes of the old one.
	b := Builder{arena: arena(it), lim: lim, v: Of(it.Entry)}
	switch {
	case b.v.enc == object.Listpack:
		b.toTable()
	case b.fitsIntset(m):
		b.toListpack()
	default:
		b.toTable()
	}
	defer b.Discard()
	b.Add(m)
	b.replace(it)
	return true
}

// fitsIntset reports whether the set, an intset, becomes a listpack by m.
func (b *Builder) fitsIntset(m *Member) bool {
	_, isInt := m.Int()
	return !isInt && b.fitsListpack(intset.Open(b.v.flat), m)
}

// Remove removes m from the item's set and reports whether it was there. The set may be empty then: the caller deletes
// the key.
//
// REQUIRES: the item is a set.
func Remove(it *keyspace.Item, m *Member) bool {
	switch it.Entry.Encoding() {
	case object.Hashtable:
		s := set.Open(arena(it), it.Entry.Root())
		return s.Remove(m.Hash(), m.Text())
	case object.Intset:
		n, ok := m.Int()
		if !ok {
			return false
		}
		i, has := intset.Open(it.Flat()).Find(n)
		if has {
			removeInt(it, i)
		}
		return has
	}
	lp := listpack.Open(it.Flat())
	p := lp.Find(lp.First(), m.elem(), 0)
	if p != 0 {
		removeElem(it, p)
	}
	return p != 0
}

func removeInt(it *keyspace.Item, i int) {
	trim := it.PlanTrim(intset.Open(it.Flat()).Width())
	intset.Open(it.Flat()).RemoveAt(i)
	it.FinishTrim(trim)
}

func removeElem(it *keyspace.Item, p int) {
	trim := it.PlanTrim(listpack.Open(it.Flat()).EntrySize(p))
	listpack.Open(it.Flat()).Delete(p)
	it.FinishTrim(trim)
}

// Len returns the number of members of the item's set.
func Len(it *keyspace.Item) int {
	v := Of(it.Entry)
	return v.Len()
}

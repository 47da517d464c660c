package set

import (
	"slices"

	"granary/internal/encoding/decimal"
	"granary/internal/encoding/intset"
	"granary/internal/encoding/listpack"
	"granary/internal/encoding/set"
	"granary/internal/keyspace"
	"granary/internal/mem"
	"granary/internal/object"
)

// Builder is a set in the making, which no key holds yet: a result, or a set on its way into another encoding. Its flat
// forms lie in the Go heap, a hashtable in the arena.
//
//	b := set.NewBuilder(arena, limits, object.Intset)
//	defer b.Discard()
//	b.Add(&m) ...
//	b.Store(&item)
type Builder struct {
	arena *mem.Arena
	lim   Limits
	v     Value // v.flat has room behind it
}

// NewBuilder begins a set in an encoding, from which it goes on to others as the limits say.
func NewBuilder(a *mem.Arena, lim Limits, enc object.Encoding) Builder {
	b := Builder{arena: a, lim: lim, v: Value{enc: enc}}
	switch enc {
	case object.Hashtable:
		b.v.ht = set.New(a)
	case object.Intset:
		b.v.flat = intset.AppendEmpty(make([]byte, 0, 64))
	default:
		b.v.flat = listpack.AppendEmpty(make([]byte, 0, 128))
	}
	return b
}

// encodingFor returns the encoding in which a set is born that gets m, and probably expect members in all.
func encodingFor(m *Member, expect int, lim Limits) object.Encoding {
	_, isInt := m.Int()
	switch {
	case isInt && expect <= lim.Intset:
		return object.Intset
	case expect <= lim.Entries:
		return object.Listpack
	}
	return object.Hashtable
}

// Expect says how many members will be added to a hashtable.
func (b *Builder) Expect(n int) {
	if b.v.enc == object.Hashtable {
		b.v.ht.Expect(n)
	}
}

// Value returns the set as it is, to look at until it changes.
func (b *Builder) Value() Value { return b.v }

// Len returns the number of members.
func (b *Builder) Len() int { return b.v.Len() }

// room makes room for delta more bytes.
func (b *Builder) room(delta int) []byte {
	b.v.flat = slices.Grow(b.v.flat, delta)
	return b.v.flat
}

// Add adds m and reports whether it was new.
func (b *Builder) Add(m *Member) bool {
	switch b.v.enc {
	case object.Hashtable:
		return b.v.ht.Add(m.Hash(), m.Text())
	case object.Intset:
		s := intset.Open(b.v.flat)
		n, isInt := m.Int()
		if isInt {
			i, has := s.Find(n)
			if has {
				return false
			}
			if s.Len() < b.lim.Intset {
				b.v.flat = intset.Open(b.room(s.Delta(n))).Insert(i, n)
				return true
			}
			b.toTable()
			return b.Add(m)
		}
		if b.fitsListpack(s, m) {
			b.toListpack()
		} else {
			b.toTable()
		}
		return b.Add(m)
	}
	lp, e := listpack.Open(b.v.flat), m.elem()
	if lp.Find(lp.First(), e, 0) != 0 {
		return false
	}
	if lp.Len() < b.lim.Entries && m.textLen() <= b.lim.Value && lp.CanGrow(e.Size()) {
		b.v.flat = listpack.Open(b.room(e.Size())).Append(e)
		return true
	}
	b.toTable()
	return b.Add(m)
}

// fitsListpack reports whether a listpack may hold the members of s and m, which is no integer.
func (b *Builder) fitsListpack(s intset.Intset, m *Member) bool {
	n := s.Len()
	longest, size := 0, 0
	if n > 0 {
		longest = max(decimal.Len(s.Min()), decimal.Len(s.Max()))
		size = n * max(listpack.Int(s.Min()).Size(), listpack.Int(s.Max()).Size())
	}
	return n < b.lim.Entries && m.textLen() <= b.lim.Value && longest <= b.lim.Value &&
		size+m.elem().Size() <= listpack.MaxSafeSize-listpack.EmptySize
}

// toListpack makes an intset a listpack.
func (b *Builder) toListpack() {
	s := intset.Open(b.v.flat)
	size := listpack.EmptySize
	for i := range s.Len() {
		size += listpack.Int(s.Get(i)).Size()
	}
	lp := listpack.New(make([]byte, 0, size+64))
	for i := range s.Len() {
		lp = lp.Append(listpack.Int(s.Get(i)))
	}
	b.v = Value{enc: object.Listpack, flat: lp}
}

// toTable makes a flat set a hashtable. When memory is out, the set is as it was.
func (b *Builder) toTable() {
	ht := set.New(b.arena)
	done := false
	defer func() {
		if !done {
			ht.Free()
		}
	}()
	var m Member
	b.v.Each(&m, func() bool {
		// Add and not Insert: a listpack from outside may hold an integer in two forms.
		ht.Add(m.Hash(), m.Text())
		return true
	})
	done = true
	b.v = Value{enc: object.Hashtable, ht: ht}
}

// Remove removes m and reports whether it was there.
func (b *Builder) Remove(m *Member) bool {
	switch b.v.enc {
	case object.Hashtable:
		return b.v.ht.Remove(m.Hash(), m.Text())
	case object.Intset:
		n, ok := m.Int()
		if !ok {
			return false
		}
		s, had := intset.Open(b.v.flat).Remove(n)
		b.v.flat = s
		return had
	}
	lp := listpack.Open(b.v.flat)
	p := lp.Find(lp.First(), m.elem(), 0)
	if p == 0 {
		return false
	}
	b.v.flat, _ = lp.Delete(p)
	return true
}

// ToIntset makes the set an intset, if all its members are integers and not too many.
func (b *Builder) ToIntset() {
	if b.v.enc == object.Intset || b.v.Len() > b.lim.Intset {
		return
	}
	is := intset.Intset(intset.AppendEmpty(make([]byte, 0, 64)))
	var m Member
	if !b.v.Each(&m, func() bool {
		n, ok := m.Int()
		if ok {
			if i, has := is.Find(n); !has {
				is = intset.Open(slices.Grow([]byte(is), is.Delta(n))).Insert(i, n)
			}
		}
		return ok
	}) {
		return
	}
	b.Discard()
	b.v = Value{enc: object.Intset, flat: is}
}

// Store makes the set the item's, a new key without an expiry, in the place of whatever is there. The builder is empty
// then.
//
// REQUIRES: the set is not empty.
func (b *Builder) Store(it *keyspace.Item) {
	it.Put(b.Entry(it.Key(), 0, it.DB().Keyspace().Access.Initial())) // Put owns the entry, even if it fails
}

// Entry makes the set the value of an entry. The builder is empty then, also when memory is out.
//
// REQUIRES: the set is not empty.
func (b *Builder) Entry(key []byte, expiry int64, clock uint32) object.Entry {
	v := b.v
	b.v = Value{}
	if v.enc == object.Hashtable {
		return object.NewRootedOrFree(b.arena, key, object.Set, v.enc, v.ht.Root(), expiry, clock)
	}
	return object.NewFlat(b.arena, key, object.Set, v.enc, v.flat, expiry, clock)
}

// replace gives the item's key the set in another form; its expiry stays.
func (b *Builder) replace(it *keyspace.Item) {
	if b.v.enc == object.Hashtable {
		it.PutRoot(object.Set, b.v.enc, b.v.ht.Root())
	} else {
		it.PutFlat(object.Set, b.v.enc, b.v.flat)
	}
	b.v = Value{}
}

// Discard gives back what the builder holds.
func (b *Builder) Discard() {
	if b.v.enc == object.Hashtable && b.v.ht.Root() != 0 {
		b.v.ht.Free()
	}
	b.v = Value{}
}

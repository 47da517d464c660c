package zset

import (
	"granary/internal/encoding/ordered"
	"granary/internal/encoding/table"
	"granary/internal/mem"
)

// Free frees the set.
func (s *Set) Free() {
	for done := false; !done; {
		_, done = s.FreeSlice(1 << 20)
	}
}

// FreeSlice frees a part of the set, about budget entries or blocks of as many slots, and reports how many entries it
// freed, and whether the set is gone. Between slices only FreeSlice may be called, of any handle opened at the root.
//
// The tree goes first, and the entries with it; the table, which is not read any more, follows. What was removed is left to
// those who free it.
func (s *Set) FreeSlice(budget int) (freed int, done bool) {
	if s.root == 0 {
		return 0, true
	}
	if s.removed != 0 {
		s.tell(0)
		s.removed = 0
		s.putRoots()
	}
	if s.tree.Root() != 0 {
		all := s.tree.FreeSlice(budget, func(e mem.Ref) {
			freeEntry(s.arena, e)
			freed++
		})
		if all {
			s.putRoots()
		}
		return freed, false
	}
	// A slot of the table costs much less than an entry.
	if !s.table.FreeSlice(16*budget, nil) {
		return 0, false
	}
	s.arena.Free(s.root, rootBytes, mem.PurposeZSetIndex)
	s.root = 0
	return 0, true
}

// Dup returns a copy. It needs no memory but that of the copy; if there is not enough, what was copied is given back.
func (s *Set) Dup() Set {
	d := New(s.arena)
	done := false
	defer func() {
		if !done {
			d.Free()
		}
	}()
	it := s.tree.First()
	for ; it.Valid(); it.Next() {
		e := it.Entry()
		m := Member(e)
		d.Add(Place{hash: table.Hash(m)}, m, Score(e))
	}
	done = true
	return d
}

// Relocate serves compaction: it moves blocks and entries to where the allocator would rather have them, a leaf of the
// tree or a segment of the table per call, and returns a cursor for the next; it begins and ends with 0. It may panic
// with mem.ErrOutOfMemory; the set is whole then.
func (s *Set) Relocate(cursor uint64) uint64 {
	const inTable = 1 << 63
	if cursor&inTable != 0 {
		if cursor = s.table.Relocate(cursor&^inTable, nil); cursor != 0 {
			cursor |= inTable
		}
		return cursor
	}
	if cursor = s.tree.Relocate(cursor, s.moveEntry); cursor != 0 {
		return cursor
	}
	if cursor = s.table.Relocate(0, nil); cursor != 0 {
		cursor |= inTable
	}
	return cursor
}

// moveEntry moves an entry if that helps, tells the table, and returns where it is.
func (s *Set) moveEntry(e mem.Ref) mem.Ref {
	m := Member(e)
	if !mem.ShouldMove(e, entrySize(len(m)), mem.PurposeZSetMember) {
		return e
	}
	to := newEntry(s.arena, m, Score(e))
	s.table.Replace(s.Find(m).pos, to)
	freeEntry(s.arena, e)
	return to
}

// RelocateRoot does the same for the root blocks. It reports whether Root has changed.
func (s *Set) RelocateRoot() bool {
	if s.table.RelocateRoot() {
		s.putRoots()
	}
	if s.tree.RelocateRoot() {
		s.putRoots()
	}
	if !mem.ShouldMove(s.root, rootBytes, mem.PurposeZSetIndex) {
		return false
	}
	to := s.arena.Alloc(rootBytes, mem.PurposeZSetIndex)
	s.arena.Free(s.root, rootBytes, mem.PurposeZSetIndex)
	s.root = to
	s.putRoots()
	s.tell(to)
	return true
}

// A Builder collects members whose scores are still changing: a set without its tree.
type Builder struct{ set Set }

// NewBuilder returns a Builder, which is to be finished or freed.
func NewBuilder(a *mem.Arena) Builder {
	return Builder{Set{arena: a, table: table.New(a, members)}}
}

// Expect says how many members will be added (table.Expect).
func (b *Builder) Expect(n int) { b.set.table.Expect(n) }

// Len returns the number of members.
func (b *Builder) Len() int { return b.set.table.Len() }

// Find looks for a member.
func (b *Builder) Find(member []byte) Place { return b.set.Find(member) }

// Add adds a member that Find did not find.
func (b *Builder) Add(p Place, member []byte, score float64) {
	s := &b.set
	e := newEntry(s.arena, member, score)
	done := false
	defer func() {
		if !done {
			freeEntry(s.arena, e)
		}
	}()
	s.table.Insert(p.hash, e)
	done = true
	s.table.AddContent(usable(member))
}

// SetScore gives the member at p another score.
func (b *Builder) SetScore(p Place, score float64) { setScore(p.Entry, score) }

// Finish returns the set. If there is no memory for it, the Builder is as before.
func (b *Builder) Finish() Set {
	s := b.set
	done := false
	defer func() {
		if !done && s.tree.Root() != 0 {
			s.tree.Free(nil)
		}
	}()
	s.tree = ordered.New(s.arena, index)
	s.table.Each(func(e mem.Ref) bool {
		s.tree.Insert(e)
		return true
	})
	s.root = s.arena.Alloc(rootBytes, mem.PurposeZSetIndex)
	s.putRoots()
	done = true
	b.set = Set{}
	return s
}

// Free frees what was not finished; it may be called in any case.
func (b *Builder) Free() {
	s := &b.set
	if s.arena == nil {
		return
	}
	s.table.Free(func(e mem.Ref) { freeEntry(s.arena, e) })
	b.set = Set{}
}

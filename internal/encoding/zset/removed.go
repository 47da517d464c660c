package zset

import (
	"math/bits"

	"granary/internal/encoding/ordered"
	"granary/internal/encoding/table"
	"granary/internal/mem"
)

// Removing a long range of members.
//
// The tree gives up a range of any length at once (ordered.Tree.Cut), but its members lie in the table one by one, and to
// find them there takes time in proportion to their number. So they stay in the table for a while, and are freed in
// slices. Their entries hang in a tree of their own, which says that they are none of the set any more: an entry that the
// table finds is looked up there. All else goes by the set's tree.
//
// The block of a Removed (PurposeZSetIndex), 15 bytes. It is the one that frees them who frees it: a set that goes away
// first leaves the entries to it.
//
//	0          5         10         15
//	| set:40   | tree:40 | next:40  |       set: root of the set, 0 when that has been freed
//
// The Ref next leads to another Removed of the same set.

const (
	removedBytes = 3 * mem.RefSize

	// removeAtOnce is up to how many members RemoveRange frees itself, some 0.5 us for each.
	removeAtOnce = 512
	// mostRemoved bounds how many Removed a set has, and so the look-ups. With as many RemoveRange frees members itself.
	mostRemoved = 16
)

// Removed are members that are none of their set any more and wait to be freed.
type Removed struct {
	arena *mem.Arena
	ref   mem.Ref
}

// Empty reports whether there is nothing to free.
func (r *Removed) Empty() bool { return r.ref == 0 }

func (r *Removed) block() []byte { return mem.Bytes(r.ref, removedBytes) }
func (r *Removed) set() mem.Ref  { return mem.LoadRef(r.block()) }
func (r *Removed) next() Removed { return Removed{r.arena, mem.LoadRef(r.block()[2*mem.RefSize:])} }
func (r *Removed) tree() ordered.Tree {
	return ordered.Open(r.arena, index, mem.LoadRef(r.block()[mem.RefSize:]))
}

// Len returns how many members wait to be freed.
func (r *Removed) Len() int {
	if r.ref == 0 {
		return 0
	}
	t := r.tree()
	return t.Len()
}

// firstRemoved returns the first Removed of the set; next leads to the others.
func (s *Set) firstRemoved() Removed { return Removed{s.arena, s.removed} }

// RemoveRange removes n members from a rank on. If they are many, they wait to be freed, in slices, by the caller.
//
// REQUIRES: rank + n <= Len; not all of them, if there are more than one.
func (s *Set) RemoveRange(rank, n int) Removed {
	if n > removeAtOnce && n < s.Len() {
		if r, ok := s.cut(rank, n); ok {
			return r
		}
	}
	// A leaf at a time: the whole leaf is out of the tree before the first of its entries is freed.
	for n > 0 {
		n -= s.tree.DeleteRange(rank, n, s.dropEntry)
	}
	return Removed{}
}

// cut takes a range out of the tree. It does nothing if there is no memory for that.
func (s *Set) cut(rank, n int) (r Removed, ok bool) {
	count := 0
	for x := s.firstRemoved(); x.ref != 0; x = x.next() {
		count++
	}
	if count >= mostRemoved {
		return r, false
	}
	defer func() {
		if ok {
			return
		}
		if e := recover(); e != nil && e != error(mem.ErrOutOfMemory) {
			panic(e)
		}
		if r.ref != 0 {
			s.arena.Free(r.ref, removedBytes, mem.PurposeZSetIndex)
			r.ref = 0
		}
	}()
	r.arena = s.arena
	r.ref = s.arena.Alloc(removedBytes, mem.PurposeZSetIndex)
	tree := s.tree.Cut(rank, n)
	b := r.block()
	mem.PutRef(b, s.root)
	mem.PutRef(b[mem.RefSize:], tree.Root())
	mem.PutRef(b[2*mem.RefSize:], s.removed)
	s.removed = r.ref
	s.putRoots()
	return r, true
}

// dropEntry is drop for an entry whose place is not known.
func (s *Set) dropEntry(e mem.Ref) {
	pos, ok := s.table.FindEntry(table.Hash(Member(e)), e)
	if !ok {
		panic("BUG: zset: an entry of the tree is not in the table")
	}
	s.drop(pos, e)
}

// isRemoved reports whether an entry that the table has is none of the set any more.
func (s *Set) isRemoved(e mem.Ref) bool {
	for r := s.firstRemoved(); r.ref != 0; r = r.next() {
		if t := r.tree(); t.Has(e) {
			return true
		}
	}
	return false
}

// bury frees a removed entry now.
func (s *Set) bury(e mem.Ref) {
	for r := s.firstRemoved(); r.ref != 0; r = r.next() {
		if t := r.tree(); t.Delete(e) {
			s.dropEntry(e)
			return
		}
	}
	panic("BUG: zset: a removed entry is in no tree")
}

// FreeSlice frees about budget of the members, and returns true when all are gone.
func (r *Removed) FreeSlice(budget int) bool {
	if r.ref == 0 {
		return true
	}
	t := r.tree()
	root := r.set()
	if root == 0 {
		if !t.FreeSlice(budget, func(e mem.Ref) { freeEntry(r.arena, e) }) {
			return false
		}
	} else {
		s := Open(r.arena, root)
		const atOnce = 64
		for budget > 0 && t.Len() > 0 {
			n := min(t.Len(), atOnce)
			budget -= t.DeleteRange(t.Len()-n, n, s.dropEntry)
		}
		if t.Len() > 0 {
			return false
		}
		s.unlink(r)
		s.tree.Absorb(&t)
	}
	r.arena.Free(r.ref, removedBytes, mem.PurposeZSetIndex)
	r.ref = 0
	return true
}

// unlink takes a Removed out of the set's list.
func (s *Set) unlink(r *Removed) {
	next := r.next()
	if s.removed == r.ref {
		s.removed = next.ref
		s.putRoots()
		return
	}
	for x := s.firstRemoved(); x.ref != 0; x = x.next() {
		if y := x.next(); y.ref == r.ref {
			mem.PutRef(x.block()[2*mem.RefSize:], next.ref)
			return
		}
	}
	panic("BUG: zset: the set does not know what was removed from it")
}

// tell tells what was removed from the set where its root is: 0 when the set goes away.
func (s *Set) tell(root mem.Ref) {
	for r := s.firstRemoved(); r.ref != 0; r = r.next() {
		mem.PutRef(r.block(), root)
	}
}

// Removed returns how many members wait to be freed.
func (s *Set) Removed() (n int) {
	for r := s.firstRemoved(); r.ref != 0; r = r.next() {
		n += r.Len()
	}
	return n
}

// removedIndex returns the usable bytes that what was removed takes beside the entries, less what the set's tree counts.
func (s *Set) removedIndex() (n int64) {
	for r := s.firstRemoved(); r.ref != 0; r = r.next() {
		t := r.tree()
		n += t.Bytes() + int64(mem.Usable(removedBytes))
	}
	return n
}

// Random returns an entry, each as likely as any other for a random r; 0 if there is none.
func (s *Set) Random(r uint64) mem.Ref {
	if s.removed == 0 || s.Len() == 0 {
		return s.table.Random(r)
	}
	rank, _ := bits.Mul64(r, uint64(s.Len()))
	it := s.tree.AtRank(int(rank))
	return it.Entry()
}

// Scan gives emit every entry of a bucket of the table, and returns the next cursor; it begins and ends with 0. Every
// member that is there from the first call to the last is emitted at least once.
func (s *Set) Scan(cursor uint64, emit func(mem.Ref)) uint64 {
	if s.removed == 0 {
		return s.table.Scan(cursor, emit)
	}
	return s.table.Scan(cursor, func(e mem.Ref) {
		if !s.isRemoved(e) {
			emit(e)
		}
	})
}

// Each gives fn every entry, in no order, until it returns false.
func (s *Set) Each(fn func(mem.Ref) bool) {
	if s.removed == 0 {
		s.table.Each(fn)
		return
	}
	it := s.tree.First()
	for it.Valid() && fn(it.Entry()) {
		it.Next()
	}
}

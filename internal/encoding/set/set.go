// Package set is the encoding of large sets: a hash table of members (package table), each in an allocation of its own.
//
// A set is the root block of its table; the table's slots refer to members:
//
//	root -> ... bucket | fp | Ref | ------> member block (PurposeSetMember)
//
//	0    1                        0      1         6
//	| n  | member, n bytes |      | 0xFF | n:40    | member, n bytes |      n little endian
//
//	n < 255                       longer members
//
// A member of 13 bytes takes a block of 14 in the class of 16, and its share of the table, 7.5 bytes on average: less
// than 24 bytes, everything included (TestBytesPerMember).
//
// Members are found by their hash, which the caller computes once (Hash) and may use for any number of sets: all tables
// of the process hash alike. A walk goes in hash order, so looking up what one walk meets in another set goes through
// that set's table from one end to the other as well.
//
// Everything is off the Go heap. A Set is a handle and nothing else: copies of it are the same set.
package set

import (
	"fmt"

	"granary/internal/encoding/table"
	"granary/internal/mem"
)

// Set is a handle to a set. The zero Set is not valid.
type Set struct {
	a *mem.Arena
	t table.Table
}

const (
	longMember = 255 // the first byte of a member of so many bytes or more
	headShort  = 1
	headLong   = 6
)

var kind = &table.Kind{Name: "set", Key: Member, Purpose: mem.PurposeSetTable}

// Hash returns the hash of a member.
func Hash(member []byte) uint64 { return table.Hash(member) }

// New makes an empty set.
func New(a *mem.Arena) Set { return Set{a, table.New(a, kind)} }

// Expect says how many members will be added through this handle (table.Expect).
func (s *Set) Expect(n int) { s.t.Expect(n) }

// Open returns the set with a root.
//
// REQUIRES: root came from Root of a set of the same arena.
func Open(a *mem.Arena, root mem.Ref) Set { return Set{a, table.Open(a, kind, root)} }

// Root returns what Open takes. It changes only by RelocateRoot and is 0 when the set has been freed.
func (s *Set) Root() mem.Ref { return s.t.Root() }

// Len returns the number of members.
func (s *Set) Len() int { return s.t.Len() }

// TableBytes returns the usable bytes of the table, MemberBytes those of the members.
func (s *Set) TableBytes() int64 { return s.t.Bytes() }

// MemberBytes returns the usable bytes of the members.
func (s *Set) MemberBytes() int64 { return s.t.Content() }

// Member returns the bytes of the member in a block, a view that is valid until the member is removed.
func Member(r mem.Ref) []byte {
	b := mem.Bytes(r, headLong+1)
	if n := int(b[0]); n < longMember { // Fast path.
		return mem.Bytes(r, headShort+n)[headShort:]
	}
	return mem.Bytes(r, headLong+longLen(b))[headLong:]
}

func longLen(b []byte) int {
	return int(b[1]) | int(b[2])<<8 | int(b[3])<<16 | int(b[4])<<24 | int(b[5])<<32
}

// blockSize returns the bytes of the block of a member of n bytes.
func blockSize(n int) int {
	if n < longMember {
		return headShort + n
	}
	return headLong + n
}

func (s *Set) newMember(m []byte) mem.Ref {
	n := blockSize(len(m))
	r := s.a.Alloc(n, mem.PurposeSetMember)
	b := mem.Bytes(r, n)
	if len(m) < longMember {
		b[0] = byte(len(m))
		copy(b[headShort:], m)
		return r
	}
	k := len(m)
	b[0], b[1], b[2], b[3], b[4], b[5] = longMember, byte(k), byte(k>>8), byte(k>>16), byte(k>>24), byte(k>>32)
	copy(b[headLong:], m)
	return r
}

func freeMember(a *mem.Arena, r mem.Ref) {
	a.Free(r, blockSize(len(Member(r))), mem.PurposeSetMember)
}

// Has reports whether m, whose hash is h, is in the set.
func (s *Set) Has(h uint64, m []byte) bool {
	_, r := s.t.Find(h, m)
	return r != 0
}

// Add adds a copy of m, whose hash is h, and reports whether it was new. When memory is out, the set is as it was.
func (s *Set) Add(h uint64, m []byte) bool {
	if _, r := s.t.Find(h, m); r != 0 {
		return false
	}
	s.Insert(h, m)
	return true
}

// Insert is Add of a member that is not in the set.
func (s *Set) Insert(h uint64, m []byte) {
	r := s.newMember(m)
	done := false
	defer func() {
		if !done { // out of memory
			freeMember(s.a, r)
		}
	}()
	s.t.Insert(h, r)
	done = true
	s.t.AddContent(mem.Usable(blockSize(len(m))))
}

// Remove removes m, whose hash is h, and reports whether it was there.
func (s *Set) Remove(h uint64, m []byte) bool {
	p, r := s.t.Find(h, m)
	if r == 0 {
		return false
	}
	s.drop(p, r)
	return true
}

func (s *Set) drop(p table.Pos, r mem.Ref) {
	s.t.Delete(p)
	n := blockSize(len(Member(r)))
	s.t.AddContent(-mem.Usable(n))
	s.a.Free(r, n, mem.PurposeSetMember)
}

// Random returns a member, each as likely as any other for a random draw: its block, whose bytes Member gives; 0 if the
// set is empty.
func (s *Set) Random(draw uint64) mem.Ref { return s.t.Random(draw) }

// Pick returns a member as Random does, and where it is, for DropPicked.
//
// REQUIRES: the set is not empty.
func (s *Set) Pick(draw uint64) (Picked, []byte) {
	p, r := s.t.RandomPos(draw)
	return Picked{p, r}, Member(r)
}

// Picked is a member chosen by Pick, valid until the set changes.
type Picked struct {
	p table.Pos
	r mem.Ref
}

// DropPicked removes a member that Pick chose.
func (s *Set) DropPicked(k Picked) { s.drop(k.p, k.r) }

// Scan gives emit the members of the next bucket, and returns the next cursor; it begins and ends with 0. Every member
// that is there from the first call to the last is given at least once, whatever happens between calls.
func (s *Set) Scan(cursor uint64, emit func(member []byte)) uint64 {
	return s.t.Scan(cursor, func(r mem.Ref) { emit(Member(r)) })
}

// FreeSlice frees about budget members, and reports how many it freed and whether the set is gone. Between slices it is
// the only method that may be called.
func (s *Set) FreeSlice(budget int) (freed int, done bool) {
	a := s.a
	done = s.t.FreeSlice(budget, func(r mem.Ref) {
		freed++
		freeMember(a, r)
	})
	return freed, done
}

// Free frees the whole set in one go.
func (s *Set) Free() {
	for done := false; !done; {
		_, done = s.FreeSlice(1 << 30)
	}
}

// Dup returns a copy of the set. When memory is out, nothing of it is left.
func (s *Set) Dup() Set {
	to := New(s.a)
	done := false
	defer func() {
		if !done {
			to.Free()
		}
	}()
	w := s.Walk()
	for refs := w.Next(); len(refs) > 0; refs = w.Next() {
		for _, r := range refs {
			m := Member(r)
			to.Insert(Hash(m), m)
		}
	}
	done = true
	return to
}

// Relocate serves compaction: it moves blocks to where the allocator would rather have them, one segment of the table
// with its members per call, and returns the next cursor; it begins and ends with 0. When memory is out, it panics, and
// the set is whole.
func (s *Set) Relocate(cursor uint64) uint64 {
	return s.t.Relocate(cursor, func(r mem.Ref) mem.Ref {
		n := blockSize(len(Member(r)))
		if !mem.ShouldMove(r, n, mem.PurposeSetMember) {
			return r
		}
		to := s.a.Alloc(n, mem.PurposeSetMember)
		copy(mem.Bytes(to, n), mem.Bytes(r, n))
		s.a.Free(r, n, mem.PurposeSetMember)
		return to
	})
}

// RelocateRoot does the same for the root. It reports whether Root has changed.
func (s *Set) RelocateRoot() bool { return s.t.RelocateRoot() }

// Check verifies the table, and that the sum of the members' bytes is right. It reads all members.
func (s *Set) Check() error {
	if err := s.t.Check(); err != nil {
		return err
	}
	sum := int64(0)
	s.t.Each(func(r mem.Ref) bool {
		sum += int64(mem.Usable(blockSize(len(Member(r)))))
		return true
	})
	if sum != s.MemberBytes() {
		return fmt.Errorf("set: members of %d bytes, sum says %d", sum, s.MemberBytes())
	}
	return nil
}

// Package zset is the large form of a sorted set: a table that finds a member, and an ordered tree that knows ranks and
// ranges, over the same entries. Clients know it by the name skiplist.
//
// Everything lives off the Go heap. A Set is only a handle.
//
//	Set{arena, root} -> root block -> table (package table) ---+-> entry
//	                               \> tree (package ordered) -/
//
// The root block, 15 bytes (PurposeZSetIndex). It is the one place that refers to table and tree, so that both may move.
// The Ref of the tree is 0 while the last of the set is being freed; that of what was removed (removed.go) mostly is.
//
//	0            5            10            15
//	| table:40   | tree:40    | removed:40  |
//
// An entry (PurposeZSetMember) is one member with its score. Lengths from 255 on are written behind the 255.
//
//	0          8        9
//	| score    | len    | member ........ |         len < 255
//	| float64  | 255    | len:32 | member ........ |
//
// An entry of 13 bytes of member takes a region of 24, and with its shares of table (7.5) and tree (7.1) about 39 bytes
// (TestBytesPerMember).
//
// Scores are never NaN. Whoever changes a set takes memory before anything is changed: after a panic with
// mem.ErrOutOfMemory the set holds what it held.
package zset

import (
	"encoding/binary"
	"math"

	"granary/internal/encoding/ordered"
	"granary/internal/encoding/table"
	"granary/internal/mem"
)

// Set is a handle to a sorted set. The zero Set is not valid; copies of a handle are the same set until a relocation.
type Set struct {
	arena *mem.Arena
	root  mem.Ref
	table table.Table
	tree  ordered.Tree

	removed mem.Ref // what waits to be freed (removed.go), 0: nothing
}

const (
	rootBytes  = 3 * mem.RefSize
	scoreBytes = 8
	headBytes  = scoreBytes + 1
	longMember = 255
	longBytes  = 4
)

var members = &table.Kind{Name: "zset", Key: Member, Purpose: mem.PurposeZSetTable}

var index = &ordered.Kind{Name: "zset", Score: Score, Member: Member, SetScore: setScore, Purpose: mem.PurposeZSetIndex}

// Score returns the score of an entry.
func Score(e mem.Ref) float64 {
	return math.Float64frombits(binary.LittleEndian.Uint64(mem.Bytes(e, scoreBytes)))
}

// Member returns the member of an entry, a view that is valid until the entry is changed or removed.
func Member(e mem.Ref) []byte {
	n := int(mem.Bytes(e, headBytes)[scoreBytes])
	if n < longMember { // Fast path.
		return mem.Bytes(e, headBytes+n)[headBytes:]
	}
	const head = headBytes + longBytes
	n = int(binary.LittleEndian.Uint32(mem.Bytes(e, head)[headBytes:]))
	return mem.Bytes(e, head+n)[head:]
}

// entrySize returns the bytes of an entry with a member of n bytes.
func entrySize(n int) int {
	if n < longMember {
		return headBytes + n
	}
	return headBytes + longBytes + n
}

func setScore(e mem.Ref, score float64) {
	binary.LittleEndian.PutUint64(mem.Bytes(e, scoreBytes), math.Float64bits(score))
}

// newEntry allocates an entry.
func newEntry(a *mem.Arena, member []byte, score float64) mem.Ref {
	n := entrySize(len(member))
	e := a.Alloc(n, mem.PurposeZSetMember)
	b := mem.Bytes(e, n)
	binary.LittleEndian.PutUint64(b, math.Float64bits(score))
	if len(member) < longMember {
		b[scoreBytes] = byte(len(member))
	} else {
		b[scoreBytes] = longMember
		binary.LittleEndian.PutUint32(b[headBytes:], uint32(len(member)))
	}
	copy(b[n-len(member):], member)
	return e
}

func freeEntry(a *mem.Arena, e mem.Ref) { a.Free(e, entrySize(len(Member(e))), mem.PurposeZSetMember) }

// usable returns the bytes that an entry takes.
func usable(member []byte) int { return mem.Usable(entrySize(len(member))) }

// New makes an empty set.
func New(a *mem.Arena) Set {
	s := Set{arena: a, table: table.New(a, members)}
	defer s.undoNew()
	s.tree = ordered.New(a, index)
	s.root = a.Alloc(rootBytes, mem.PurposeZSetIndex)
	s.putRoots()
	return s
}

// undoNew gives back what New had made when memory ran out.
func (s *Set) undoNew() {
	if s.root != 0 {
		return
	}
	s.table.Free(nil)
	if s.tree.Root() != 0 {
		s.tree.Free(nil)
	}
}

func (s *Set) putRoots() {
	b := mem.Bytes(s.root, rootBytes)
	mem.PutRef(b, s.table.Root())
	mem.PutRef(b[mem.RefSize:], s.tree.Root())
	mem.PutRef(b[2*mem.RefSize:], s.removed)
}

// Open returns the handle of the set whose root is root.
//
// REQUIRES: root came from Root of a set of the same arena.
func Open(a *mem.Arena, root mem.Ref) Set {
	b := mem.Bytes(root, rootBytes)
	return Set{
		arena: a,
		root:  root,
		table: table.Open(a, members, mem.LoadRef(b)),
		tree:  ordered.Open(a, index, mem.LoadRef(b[mem.RefSize:])),

		removed: mem.LoadRef(b[2*mem.RefSize:]),
	}
}

// Root returns what Open takes. It changes only by RelocateRoot and is 0 when the set has been freed.
func (s *Set) Root() mem.Ref { return s.root }

// Len returns the number of members.
func (s *Set) Len() int { return s.tree.Len() }

// Place is where a member is: its entry, 0 if it is none. It is valid until the set's next change.
type Place struct {
	Entry mem.Ref
	pos   table.Pos
	hash  uint64
	gone  mem.Ref // an entry of that name that was removed and is still there
}

// Find looks for a member.
func (s *Set) Find(member []byte) (p Place) {
	p.hash = table.Hash(member)
	p.pos, p.Entry = s.table.Find(p.hash, member)
	if s.removed != 0 && p.Entry != 0 && s.isRemoved(p.Entry) {
		p.Entry, p.gone = 0, p.Entry
	}
	return p
}

// Add adds a member that Find did not find.
func (s *Set) Add(p Place, member []byte, score float64) {
	if p.gone != 0 {
		s.bury(p.gone)
	}
	e := newEntry(s.arena, member, score)
	stage := 0
	defer func() {
		if stage < 2 { // out of memory
			if stage == 1 {
				s.table.Delete(s.Find(member).pos)
			}
			freeEntry(s.arena, e)
		}
	}()
	s.table.Insert(p.hash, e)
	stage = 1
	s.tree.Insert(e)
	stage = 2
	s.table.AddContent(usable(member))
}

// Rescore gives the member at p another score.
func (s *Set) Rescore(p Place, score float64) {
	if !s.tree.Update(p.Entry, score) {
		panic("BUG: zset: an entry of the table is not in the tree")
	}
}

// Remove removes the member at p. No memory is needed for it.
func (s *Set) Remove(p Place) {
	s.tree.Delete(p.Entry)
	s.drop(p.pos, p.Entry)
}

// drop takes an entry that the tree has not any more out of the table, and frees it.
func (s *Set) drop(pos table.Pos, e mem.Ref) {
	s.table.Delete(pos)
	s.table.AddContent(-usable(Member(e)))
	freeEntry(s.arena, e)
}

// Rank returns the number of members before an entry of the set.
func (s *Set) Rank(e mem.Ref) int {
	n, ok := s.tree.Rank(e)
	if !ok {
		panic("BUG: zset: an entry of the table is not in the tree")
	}
	return n
}

// CountBelow returns how many members have a score below score, or, with orEqual, not above it.
func (s *Set) CountBelow(score float64, orEqual bool) int { return s.tree.CountBelow(score, orEqual) }

// RankOfMember returns how many members lie before member in the order of bytes, or, with after, not behind it. It is
// meant for sets in which all scores are equal; in others it is some place between two members.
func (s *Set) RankOfMember(member []byte, after bool) int {
	it := s.tree.SeekLex(member, after)
	return it.Rank()
}

// Iter is a place in the order of a set: see ordered.Iter.
type Iter = ordered.Iter

// AtRank returns the place of the entry with a rank; after the last if there is none.
//
// REQUIRES: rank >= 0.
func (s *Set) AtRank(rank int) Iter { return s.tree.AtRank(rank) }

// SeekScore returns the place of the first entry whose score is at least score.
func (s *Set) SeekScore(score float64) Iter { return s.tree.SeekScore(score, false) }

// Bytes returns the usable bytes of table, index (the root block included) and members, with what waits to be freed.
func (s *Set) Bytes() (table, index, members int64) {
	index = s.tree.Bytes() + int64(mem.Usable(rootBytes)) + s.removedIndex()
	return s.table.Bytes(), index, s.table.Content()
}

package zset

import (
	"granary/internal/encoding/table"
	"granary/internal/mem"
)

// Compact looks at a part of the set's table and with act gives back what it does not need (table.Compact). It returns the
// next cursor; it begins and ends with 0. The tree's nodes are fitted as members go.
func (s *Set) Compact(cursor uint64, act bool) (next uint64, spare table.Spare) {
	return s.table.Compact(cursor, act)
}

// TableBlocks calls fn for the blocks of the table (table.Blocks).
func (s *Set) TableBlocks(fn func(role string, p mem.Purpose, requested int, count int64)) {
	s.table.Blocks(fn)
}

// RootBytes is what the root block is requested with; the tree's root has another.
const RootBytes = rootBytes

// MemberSize returns the bytes that an entry with a member of n bytes is requested with.
func MemberSize(n int) int { return entrySize(n) }

// HasRemoved reports whether members that were removed wait to be freed.
func (s *Set) HasRemoved() bool { return s.removed != 0 }

// BytesLeft returns the usable bytes of a set of which FreeSlice has freed some.
func (s *Set) BytesLeft() int64 {
	n := int64(mem.Usable(rootBytes)) + s.table.Bytes() + s.table.Content()
	if s.tree.Root() != 0 {
		n += s.tree.Bytes()
	}
	return n
}

// TreeBlocks calls fn for the blocks of the tree (ordered.Tree.Blocks).
func (s *Set) TreeBlocks(most int, fn func(role string, requested int, count int64)) (all bool) {
	return s.tree.Blocks(most, fn)
}

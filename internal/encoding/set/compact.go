package set

import (
	"granary/internal/encoding/table"
	"granary/internal/mem"
)

// Compact looks at a part of the set's table and with act gives back what it does not need (table.Compact). It returns the
// next cursor; it begins and ends with 0.
func (s *Set) Compact(cursor uint64, act bool) (next uint64, spare table.Spare) {
	return s.t.Compact(cursor, act)
}

// TableBlocks calls fn for the blocks of the table (table.Blocks).
func (s *Set) TableBlocks(fn func(role string, p mem.Purpose, requested int, count int64)) {
	s.t.Blocks(fn)
}

// MemberSize returns the bytes that a member of n bytes is requested with.
func MemberSize(n int) int { return blockSize(n) }

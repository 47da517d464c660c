package hash

import (
	"granary/internal/encoding/table"
	"granary/internal/mem"
)

// Compact looks at a part of the hash's table and with act gives back what it does not need (table.Compact). It returns the
// next cursor; it begins and ends with 0.
func (h *Hash) Compact(cursor uint64, act bool) (next uint64, s table.Spare) {
	return h.t.Compact(cursor, act)
}

// TableBlocks calls fn for the blocks of the table (table.Blocks).
func (h *Hash) TableBlocks(fn func(role string, p mem.Purpose, requested int, count int64)) {
	h.t.Blocks(fn)
}

// Due gives fn fields whose time has come at now, some per call, and returns the next cursor; it begins and ends with 0.
func (h *Hash) Due(cursor uint64, now int64, fn func(Field)) (next uint64) {
	return h.t.Due(cursor, now, func(r mem.Ref) { fn(Field(r)) })
}

// FieldSize returns the bytes that a field would be requested with.
func FieldSize(name, value int, expiry int64) int {
	s := shapeOf(name, value, expiry)
	return s.size()
}

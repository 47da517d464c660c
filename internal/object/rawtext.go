package object

import "granary/internal/mem"

// NewRawText allocates an entry whose string value is a raw block with the bytes of val, whatever its length, as the
// HyperLogLog commands make it.
func NewRawText(a *mem.Arena, key, val []byte, expiry int64, clock uint32) Entry {
	s := shape{enc: Raw, bytes: val}
	return newString(a, key, &s, expiry, clock, StringLimits{})
}

// SetRawText gives the entry a new string value in a raw block, whatever its length: the one it has when that is of the same
// size class and nobody else refers to it. It returns the entry's place.
// REQUIRES: what the entry held before is a string, and val is no view of it.
func SetRawText(a *mem.Arena, e Entry, val []byte) Entry {
	s := shape{enc: Raw, bytes: val}
	return setShape(a, e, &s, StringLimits{})
}

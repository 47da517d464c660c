//go:build race

package mem

import "unsafe"

// Bytes returns the n bytes of region r, with capacity n. The view is valid until the region is freed or
// moved (Free, Resize, compaction).
//
// REQUIRES: 0 <= n <= the bytes requested for r.
func Bytes(r Ref, n int) []byte {
	return unsafe.Slice((*byte)(Ptr(r)), n)
}

// raceBuild says that the range is Go memory, in which the race detector sees every access.
const raceBuild = true

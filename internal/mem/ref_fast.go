//go:build !race

package mem

// Bytes returns the n bytes of region r, with capacity n. The view is valid until the region is freed or
// moved (Free, Resize, compaction).
//
// REQUIRES: 0 <= n <= the bytes requested for r.
func Bytes(r Ref, n int) []byte {
	// An array view costs one comparison; unsafe.Slice would cost three.
	return (*[maxRegion]byte)(Ptr(r))[:n:n]
}

// raceBuild says that the range is Go memory, in which the race detector sees every access.
const raceBuild = false

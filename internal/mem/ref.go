package mem

import "unsafe"

// Ref addresses a region of the range: its offset in units of 8 bytes. A Ref has 40 significant bits, so
// it reaches 8 TiB and is stored in 5 bytes. 0 is nil: page 0 of the range is never handed out.
//
// A Ref is not a Go pointer. The garbage collector neither follows nor moves what it addresses.
type Ref uint64

const (
	// RefSize is the number of bytes a stored Ref takes.
	RefSize = 5

	refBits   = 40
	unitShift = 3
	unitBytes = 1 << unitShift

	// maxRegion bounds the length of one region, hence of one view.
	maxRegion = 1 << 40
)

// base is the first byte of the range. It is set by open and does not move while anything is allocated.
var base unsafe.Pointer

// Ptr returns the address of the region's first byte.
//
// REQUIRES: r is a live region, or 0 when the result is not read through.
func Ptr(r Ref) unsafe.Pointer {
	return unsafe.Add(base, uintptr(r)<<unitShift)
}

// LoadRef reads a Ref stored in the first 5 bytes of b, little endian.
func LoadRef(b []byte) Ref {
	_ = b[4]
	return Ref(b[0]) | Ref(b[1])<<8 | Ref(b[2])<<16 | Ref(b[3])<<24 | Ref(b[4])<<32
}

// PutRef stores r in the first 5 bytes of b, little endian.
func PutRef(b []byte, r Ref) {
	_ = b[4]
	b[0] = byte(r)
	b[1] = byte(r >> 8)
	b[2] = byte(r >> 16)
	b[3] = byte(r >> 24)
	b[4] = byte(r >> 32)
}

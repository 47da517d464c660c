//go:build linux && !race

package mem

import (
	"os"
	"sync"
)

// Presence in /proc/self/pagemap: eight bytes for each page. A page is ours alone when it is present and mapped once; the
// page of zeros that the kernel shows who reads what was never written is not.
const (
	pagemapBytes = 8
)

// presence is which pages of a run the kernel holds.
type presence struct {
	b [surveyWindow * pagemapBytes]byte
	n int
}

var pagemap struct {
	once sync.Once
	f    *os.File
}

// open reports whether the kernel tells.
func (v *presence) open() bool {
	pagemap.once.Do(func() { pagemap.f, _ = os.Open("/proc/self/pagemap") })
	return pagemap.f != nil
}

// read asks about n pages from an address on, and reports whether the kernel answered.
func (v *presence) read(addr uintptr, n int) bool {
	got, _ := pagemap.f.ReadAt(v.b[:n*pagemapBytes], int64(addr>>pageShift)*pagemapBytes)
	v.n = got / pagemapBytes
	return v.n == n
}

// missing counts the pages of [from, to) that are not there.
func (v *presence) missing(from, to int) (n int) {
	for i := from * pagemapBytes; i < to*pagemapBytes; i += pagemapBytes {
		// Bits 63 and 56 are in the last byte, the highest and the lowest.
		if v.b[i+7]&0x81 != 0x81 {
			n++
		}
	}
	return n
}

// Present returns the bytes of a span, page by page, that are in memory: private pages, and pages of files that are mapped.
// The span is read for at most limit pages; ok is false if the kernel does not tell or the span is longer.
func (v *Survey) Present(s Span, limit int) (private, file int64, ok bool) {
	n := int((s.End - s.Start) >> pageShift)
	if n > limit || !v.present.open() {
		return 0, 0, false
	}
	for at := s.Start; n > 0; {
		k := min(n, surveyWindow)
		if !v.present.read(at, k) {
			return 0, 0, false
		}
		for i := 7; i < k*pagemapBytes; i += pagemapBytes {
			switch b := v.present.b[i]; {
			case b&0x80 == 0:
			case b&0x20 != 0: // bit 61: a page of a file
				file += pageSize
			case b&0x01 != 0:
				private += pageSize
			}
		}
		at += uintptr(k) << pageShift
		n -= k
	}
	return private, file, true
}

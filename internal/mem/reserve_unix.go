//go:build unix && !linux && !race

package mem

import (
	"syscall"
	"unsafe"
)

// reservation on systems other than Linux, which the server is built on but not made for: the whole range is usable from
// the beginning, and pages are not given back to the kernel, as package syscall has no call for that there. Free pages
// are used again, so the process stays at its peak.
type reservation struct {
	mem       []byte
	committed int
}

func reserve(size, _ int) (reservation, error) {
	size = (size + pageSize - 1) &^ (pageSize - 1)
	m, err := syscall.Mmap(-1, 0, size, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		return reservation{}, err
	}
	return reservation{mem: m}, nil
}

func (v *reservation) addr() unsafe.Pointer { return unsafe.Pointer(unsafe.SliceData(v.mem)) }

func (v *reservation) commit(n int) bool {
	v.committed = max(v.committed, min(n, len(v.mem)))
	return n <= len(v.mem)
}

func (v *reservation) discard(from, to int) { clear(v.mem[from:to]) }

func (v *reservation) noHugePages() {}

func (v *reservation) release() {
	if v.mem != nil {
		_ = syscall.Munmap(v.mem)
	}
	*v = reservation{}
}

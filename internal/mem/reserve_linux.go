//go:build linux && !race

package mem

import (
	"syscall"
	"unsafe"
)

// reservation is a run of addresses whose pages become usable from the front, as far as committed says. What is not
// committed costs no memory, and is not counted where the kernel counts promises (overcommit_memory 2).
type reservation struct {
	mem       []byte
	committed int
	step      int // commit at least so many bytes at a time
}

// reserve reserves size bytes of addresses, none of them committed.
func reserve(size, step int) (reservation, error) {
	size = (size + pageSize - 1) &^ (pageSize - 1)
	m, err := syscall.Mmap(-1, 0, size, syscall.PROT_NONE, syscall.MAP_ANON|syscall.MAP_PRIVATE|syscall.MAP_NORESERVE)
	if err != nil {
		return reservation{}, err
	}
	return reservation{mem: m, step: step}, nil
}

// addr returns the first address.
func (v *reservation) addr() unsafe.Pointer { return unsafe.Pointer(unsafe.SliceData(v.mem)) }

// commit makes the first n bytes usable, and reports whether they are.
func (v *reservation) commit(n int) bool {
	if n <= v.committed {
		return true
	}
	if n > len(v.mem) {
		return false
	}
	end := min(max((n+v.step-1)/v.step*v.step, n), len(v.mem))
	if syscall.Mprotect(v.mem[v.committed:end], syscall.PROT_READ|syscall.PROT_WRITE) != nil {
		return false
	}
	v.committed = end
	return true
}

// discard gives the memory of bytes [from, to) back to the kernel. They read as zero afterwards.
func (v *reservation) discard(from, to int) {
	if syscall.Madvise(v.mem[from:to], syscall.MADV_DONTNEED) != nil {
		clear(v.mem[from:to]) // locked memory cannot be given back; the pages must still read as zero
	}
}

// noHugePages keeps the kernel from backing the range with 2 MiB pages: they would make pages resident that nobody
// asked for, and resident memory could not be told from the books. A kernel without them refuses, which is as good.
func (v *reservation) noHugePages() { _ = syscall.Madvise(v.mem, syscall.MADV_NOHUGEPAGE) }

// release gives the addresses back.
func (v *reservation) release() {
	if v.mem != nil {
		_ = syscall.Munmap(v.mem)
	}
	*v = reservation{}
}

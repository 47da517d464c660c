//go:build race

package mem

import "unsafe"

// raceRange bounds the range in race builds, where it is ordinary Go memory.
const raceRange = 256 << 20

// reservation in a race build is one Go slice: the race detector and checkptr see no other memory.
type reservation struct {
	mem       []byte
	words     []uint64 // keeps mem alive and aligned
	committed int
}

func reserve(size, step int) (reservation, error) {
	size = (min(size, raceRange) + pageSize - 1) &^ (pageSize - 1)
	words := make([]uint64, (size+pageSize)/8)
	all := unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(words))), size+pageSize)
	skip := int(-uintptr(unsafe.Pointer(unsafe.SliceData(words))) & (pageSize - 1))
	return reservation{mem: all[skip : skip+size], words: words}, nil
}

func (v *reservation) addr() unsafe.Pointer { return unsafe.Pointer(unsafe.SliceData(v.mem)) }

func (v *reservation) commit(n int) bool {
	v.committed = max(v.committed, n)
	return n <= len(v.mem)
}

func (v *reservation) discard(from, to int) { clear(v.mem[from:to]) }

func (v *reservation) noHugePages() {}

func (v *reservation) release() { *v = reservation{} }

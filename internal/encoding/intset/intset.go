// Package intset is the flat encoding of small sets of integers: a sorted array in one piece of memory, byte for byte
// what Redis keeps, so RDB files and DUMP carry it as it is.
//
//	0        4        8
//	| width  | length | integers, ascending              |    all little endian
//
//	width   bytes per integer: 2, 4 or 8
//	length  number of integers
//
// An integer that does not fit makes all of them wider; they never become narrower again.
//
// An Intset is a view of storage that its owner keeps; this package never allocates. Adding works in place in the
// capacity of the slice: the owner asks by how many bytes the set will grow, resizes its storage, adds, and keeps the
// returned slice (of which only the length is new).
//
//	if i, has := s.Find(n); !has {
//		s = owner.grow(s, s.Delta(n))     // same bytes, cap(s) >= len(s) + delta
//		s = s.Insert(i, n)
//	}
//
// Everything but Validate trusts its bytes; bytes from outside pass that first.
package intset

import (
	"encoding/binary"
	"fmt"
)

// Intset is a set in its owner's storage; its length is that of header and integers.
type Intset []byte

const (
	// EmptySize is the size of a set without integers.
	EmptySize = 8

	narrow, middle, wide = 2, 4, 8
)

// New makes an empty set in the storage of b.
//
// REQUIRES: cap(b) >= EmptySize.
func New(b []byte) Intset { return Intset(AppendEmpty(b[:0:cap(b)])) }

// AppendEmpty appends an empty set to dst.
func AppendEmpty(dst []byte) []byte { return append(dst, narrow, 0, 0, 0, 0, 0, 0, 0) }

// Open returns the set that begins at b[0]; b may be longer, and its capacity is room to grow.
//
// REQUIRES: b holds a set that was made here or passed Validate.
func Open(b []byte) Intset {
	s := Intset(b)
	return s[:EmptySize+s.Len()*s.Width()]
}

// Bytes returns the bytes of the set, valid as long as the set's storage.
func (s Intset) Bytes() []byte { return s }

// Len returns the number of integers.
func (s Intset) Len() int { return int(binary.LittleEndian.Uint32(s[4:])) }

// Width returns the bytes per integer.
func (s Intset) Width() int { return int(s[0]) }

func (s Intset) setLen(n int) { binary.LittleEndian.PutUint32(s[4:], uint32(n)) }

// widthOf returns the bytes that n needs.
func widthOf(n int64) int {
	switch {
	case n == int64(int16(n)):
		return narrow
	case n == int64(int32(n)):
		return middle
	}
	return wide
}

// SizeFor returns the bytes of a set of n integers from lo to hi.
func SizeFor(n int, lo, hi int64) int { return EmptySize + n*max(widthOf(lo), widthOf(hi)) }

// at returns integer i of a set of a width.
func (s Intset) at(i, width int) int64 {
	switch width {
	case narrow:
		return int64(int16(binary.LittleEndian.Uint16(s[EmptySize+i*narrow:])))
	case middle:
		return int64(int32(binary.LittleEndian.Uint32(s[EmptySize+i*middle:])))
	}
	return int64(binary.LittleEndian.Uint64(s[EmptySize+i*wide:]))
}

// put writes integer i of a set of a width.
func (s Intset) put(i, width int, n int64) {
	switch width {
	case narrow:
		binary.LittleEndian.PutUint16(s[EmptySize+i*narrow:], uint16(n))
	case middle:
		binary.LittleEndian.PutUint32(s[EmptySize+i*middle:], uint32(n))
	default:
		binary.LittleEndian.PutUint64(s[EmptySize+i*wide:], uint64(n))
	}
}

// Get returns the integer with an index, in ascending order.
//
// REQUIRES: 0 <= i < Len.
func (s Intset) Get(i int) int64 { return s.at(i, s.Width()) }

// Min returns the smallest integer of a set that is not empty.
func (s Intset) Min() int64 { return s.Get(0) }

// Max returns the largest integer of a set that is not empty.
func (s Intset) Max() int64 { return s.Get(s.Len() - 1) }

// Smallest reports whether the members need the width they have: an intset that lost its large ones stays wide.
//
// REQUIRES: the set is not empty.
func (s Intset) Smallest() bool { return s.Width() == max(widthOf(s.Min()), widthOf(s.Max())) }

// Random returns an integer of a set that is not empty, each as likely as any other for a random draw.
func (s Intset) Random(draw uint64) int64 { return s.Get(int(draw % uint64(s.Len()))) }

// Find returns the index of n, or the index where it would be inserted.
func (s Intset) Find(n int64) (i int, has bool) {
	count, width := s.Len(), s.Width()
	if widthOf(n) > width { // it is outside of what the set can hold
		if n < 0 {
			return 0, false
		}
		return count, false
	}
	// Fast path: past the largest, as in a set that is filled in order.
	if count == 0 || n > s.at(count-1, width) {
		return count, false
	}
	low, high := 0, count // what is before low is smaller, what is from high on is not
	for low < high {
		if mid := int(uint(low+high) >> 1); s.at(mid, width) < n {
			low = mid + 1
		} else {
			high = mid
		}
	}
	return low, s.at(low, width) == n // low < count, because n is not past the largest
}

// Has reports whether n is in the set.
func (s Intset) Has(n int64) bool {
	_, has := s.Find(n)
	return has
}

// Delta returns by how many bytes the set grows when n, which it does not have, is inserted.
func (s Intset) Delta(n int64) int {
	count, width := s.Len(), s.Width()
	return (count+1)*max(width, widthOf(n)) - count*width
}

// resize returns the set with a length of count integers of a width.
func (s Intset) resize(count, width int) Intset {
	n := EmptySize + count*width
	if n > cap(s) {
		panic("BUG: intset: the owner did not make room")
	}
	return s[:n]
}

// Insert adds n at index i.
//
// REQUIRES: Find(n) returned i and false; room in the capacity.
func (s Intset) Insert(i int, n int64) Intset {
	count, width := s.Len(), s.Width()
	if w := widthOf(n); w > width {
		return s.widen(w, n)
	}
	s = s.resize(count+1, width)
	at := EmptySize + i*width
	copy(s[at+width:], s[at:EmptySize+count*width])
	s.put(i, width, n)
	s.setLen(count + 1)
	return s
}

// widen makes all integers wider and adds n, which was outside of what the set could hold: at one of its ends.
func (s Intset) widen(width int, n int64) Intset {
	count, old := s.Len(), s.Width()
	s = s.resize(count+1, width)
	shift := 0
	if n < 0 {
		shift = 1
	}
	for i := count - 1; i >= 0; i-- { // from behind, so that none is overwritten before it is read
		s.put(i+shift, width, s.at(i, old))
	}
	if n < 0 {
		s.put(0, width, n)
	} else {
		s.put(count, width, n)
	}
	s[0] = byte(width)
	s.setLen(count + 1)
	return s
}

// Add inserts n unless the set has it, and reports whether it did.
//
// REQUIRES: room for Delta(n) in the capacity.
func (s Intset) Add(n int64) (Intset, bool) {
	i, has := s.Find(n)
	if has {
		return s, false
	}
	return s.Insert(i, n), true
}

// RemoveAt removes the integer with an index. The set shrinks by Width bytes.
//
// REQUIRES: 0 <= i < Len.
func (s Intset) RemoveAt(i int) Intset {
	count, width := s.Len(), s.Width()
	at := EmptySize + i*width
	copy(s[at:], s[at+width:])
	s.setLen(count - 1)
	return s.resize(count-1, width)
}

// BatchRemove removes the integers at indexes that ascend.
func (s Intset) BatchRemove(at []int) Intset {
	if len(at) == 0 {
		return s
	}
	count, width := s.Len(), s.Width()
	to := EmptySize + at[0]*width
	for k, i := range at {
		end := count
		if k+1 < len(at) {
			end = at[k+1]
		}
		to += copy(s[to:], s[EmptySize+(i+1)*width:EmptySize+end*width])
	}
	s.setLen(count - len(at))
	return s.resize(count-len(at), width)
}

// Remove removes n and reports whether the set had it.
func (s Intset) Remove(n int64) (Intset, bool) {
	i, has := s.Find(n)
	if !has {
		return s, false
	}
	return s.RemoveAt(i), true
}

// CorruptError says what is wrong with bytes from outside, and where.
type CorruptError struct {
	Offset int
	What   string
}

func (e *CorruptError) Error() string {
	return fmt.Sprintf("corrupt intset: %s at byte %d", e.What, e.Offset)
}

// Validate checks all of b, which may hold anything. If it returns nil, Open(b) is safe to use in every way, ends where
// b ends, and is not empty: nothing stores an empty set.
func Validate(b []byte) error {
	if len(b) < EmptySize {
		return &CorruptError{len(b), "too short"}
	}
	width := uint64(binary.LittleEndian.Uint32(b))
	if width != narrow && width != middle && width != wide {
		return &CorruptError{0, fmt.Sprintf("no width %d", width)}
	}
	count := uint64(binary.LittleEndian.Uint32(b[4:]))
	if EmptySize+count*width != uint64(len(b)) {
		return &CorruptError{4, fmt.Sprintf("%d integers of %d bytes are not the size", count, width)}
	}
	if count == 0 {
		return &CorruptError{4, "empty"}
	}
	s := Intset(b)
	last := s.Get(0)
	for i := 1; i < int(count); i++ {
		n := s.Get(i)
		if n <= last {
			return &CorruptError{EmptySize + i*int(width), "not ascending"}
		}
		last = n
	}
	return nil
}

// Check reports whether a set of ours is what it should be: Validate, or empty.
func (s Intset) Check() error {
	if err := Validate(s); err != nil && (len(s) != EmptySize || s.Len() != 0) {
		return err
	}
	return nil
}

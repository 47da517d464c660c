package listpack

import (
	"encoding/binary"
	"math"

	"granary/internal/invariants"
)

// splice replaces old bytes at p by room for size bytes of undefined content, and writes the new total.
func (lp Listpack) splice(p, old, size int) Listpack {
	n := len(lp) + size - old
	if n > cap(lp) || n > math.MaxUint32 {
		panic("BUG: listpack: the owner did not make room")
	}
	if size != old {
		tail := lp[p+old:]
		lp = lp[:n]
		copy(lp[p+size:], tail)
		binary.LittleEndian.PutUint32(lp, uint32(n))
	}
	return lp
}

// checkMost is up to which size a build with invariants checks a listpack after each change.
const checkMost = 4096

// checked returns lp, whole in a build with invariants.
func (lp Listpack) checked() Listpack {
	if invariants.Enabled && len(lp) <= checkMost {
		if err := Validate(lp, nil); err != nil {
			panic("BUG: listpack: after a change: " + err.Error())
		}
	}
	return lp
}

// Append adds an element at the end.
//
// REQUIRES, as all that adds or replaces: room in the capacity, and an element that does not borrow from lp.
// Adding never fails: whether the listpack may become so large (CanGrow) is the owner's question.
func (lp Listpack) Append(e Elem) Listpack { return lp.Insert(lp.End(), e) }

// Prepend adds an element at the beginning.
func (lp Listpack) Prepend(e Elem) Listpack { return lp.Insert(headerSize, e) }

// Insert adds an element before the entry at p, or at the end if p is End. The new entry is then at p.
func (lp Listpack) Insert(p int, e Elem) Listpack {
	lp = lp.splice(p, 0, e.Size())
	lp.put(p, e)
	lp.addCount(1)
	return lp.checked()
}

// InsertAfter adds an element after the entry at p. The new entry is then at Next(p).
func (lp Listpack) InsertAfter(p int, e Elem) Listpack { return lp.Insert(p+lp.EntrySize(p), e) }

// ReplaceDelta returns by how many bytes the listpack grows when e replaces the entry at p.
func (lp Listpack) ReplaceDelta(p int, e Elem) int { return e.Size() - lp.EntrySize(p) }

// Replace puts an element in the place of the entry at p.
func (lp Listpack) Replace(p int, e Elem) Listpack {
	lp = lp.splice(p, lp.EntrySize(p), e.Size())
	lp.put(p, e)
	return lp.checked()
}

// ReplaceInt puts an integer in the place of the entry at p.
func (lp Listpack) ReplaceInt(p int, n int64) Listpack { return lp.Replace(p, Int(n)) }

// Delete removes the entry at p and returns the position of the one that followed it, or 0.
func (lp Listpack) Delete(p int) (Listpack, int) {
	lp = lp.splice(p, lp.EntrySize(p), 0)
	lp.addCount(-1)
	return lp.checked(), lp.here(p)
}

// RangeSize returns the bytes of up to n entries from p on, and how many there are.
func (lp Listpack) RangeSize(p, n int) (size, found int) {
	at := p
	for found < n && lp[at] != end {
		at += lp.EntrySize(at)
		found++
	}
	return at - p, found
}

// DeleteRange removes up to n entries from p on and returns the position of the one that followed them, or 0.
func (lp Listpack) DeleteRange(p, n int) (Listpack, int) {
	size, found := lp.RangeSize(p, n)
	lp = lp.splice(p, size, 0)
	lp.addCount(-found)
	return lp.checked(), lp.here(p)
}

// Clear removes all entries.
func (lp Listpack) Clear() Listpack { return New(lp) }

// BatchSize returns the bytes of the entries of several elements.
func BatchSize(elems ...Elem) int {
	size := 0
	for i := range elems {
		size += elems[i].Size()
	}
	return size
}

// BatchInsert adds several elements before the entry at p, or at the end if p is End, moving what follows once.
func (lp Listpack) BatchInsert(p int, elems ...Elem) Listpack {
	lp = lp.splice(p, 0, BatchSize(elems...))
	for i := range elems {
		p += lp.put(p, elems[i])
	}
	lp.addCount(len(elems))
	return lp.checked()
}

// BatchDelete removes the entries at several positions, moving each byte that stays at most once.
//
// REQUIRES: positions ascend.
func (lp Listpack) BatchDelete(positions []int) Listpack {
	if len(positions) == 0 {
		return lp
	}
	to := positions[0]
	for i, p := range positions {
		stop := len(lp)
		if i+1 < len(positions) {
			stop = positions[i+1]
		}
		to += copy(lp[to:], lp[p+lp.EntrySize(p):stop])
	}
	lp = lp[:to]
	binary.LittleEndian.PutUint32(lp, uint32(to))
	lp.addCount(-len(positions))
	return lp.checked()
}

// MergeDelta returns by how many bytes lp grows by taking over the entries of other.
func (lp Listpack) MergeDelta(other Listpack) int { return len(other) - EmptySize }

// AppendAll adds all entries of other at the end.
func (lp Listpack) AppendAll(other Listpack) Listpack { return lp.insertAll(lp.End(), other) }

// PrependAll adds all entries of other at the beginning.
func (lp Listpack) PrependAll(other Listpack) Listpack { return lp.insertAll(headerSize, other) }

// insertAll adds all entries of other, which does not share lp's storage.
func (lp Listpack) insertAll(p int, other Listpack) Listpack {
	n := lp.Len() + other.Len()
	lp = lp.splice(p, 0, lp.MergeDelta(other))
	copy(lp[p:], other[headerSize:other.End()])
	lp.setCount(n)
	return lp.checked()
}

// AppendRange adds at the end up to n entries of other, which does not share lp's storage, from p on: to split, a copy
// takes them over and other deletes them. The listpack grows by the size that other.RangeSize returns.
func (lp Listpack) AppendRange(other Listpack, p, n int) Listpack {
	size, found := other.RangeSize(p, n)
	at := lp.End()
	lp = lp.splice(at, 0, size)
	copy(lp[at:], other[p:p+size])
	lp.addCount(found)
	return lp.checked()
}

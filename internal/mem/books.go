package mem

import (
	"math/bits"
	"sync/atomic"
)

// The books. For every size class and purpose an arena counts the live regions and the bytes requested for them; the
// usable bytes follow, because all regions of a class have one size. All sums are made when somebody reads. In a shared
// arena the numbers are written with atomics; all are read with atomics, which costs nothing.

// cell is the books of one slab class and purpose.
type cell struct {
	count     int64
	requested int64
}

// largeCell is the books of one large class and purpose. Sizes differ within a large class under some profiles.
type largeCell struct {
	cell
	usable int64
}

// addShared adds to a cell of a shared arena.
func (c *cell) addShared(count, requested int64) {
	atomic.AddInt64(&c.count, count)
	atomic.AddInt64(&c.requested, requested)
}

// bookLarge writes the books of a large region.
func (a *Arena) bookLarge(n, usable int, p Purpose, sign int64) {
	c := &a.large[largeClass(usable)][p]
	if a.shared {
		c.addShared(sign, sign*int64(n))
		atomic.AddInt64(&c.usable, sign*int64(usable))
		atomic.AddInt64(&a.sums[sumOf[p]&1], sign*int64(usable))
		return
	}
	c.count += sign
	c.requested += sign * int64(n)
	c.usable += sign * int64(usable)
	a.sums[sumOf[p]&1] += sign * int64(usable)
}

// Used returns the usable bytes of all live regions of all arenas, and what is booked outside of the range: used_memory.
//
// REQUIRES: the caller may use every arena that is not shared (it holds the keyspace lock).
func Used() int64 {
	n := atomic.LoadInt64(&outside.total)
	for _, a := range arenaList() {
		if a != nil {
			n += a.Used()
		}
	}
	return n
}

// Used returns the usable bytes of the arena's live regions.
func (a *Arena) Used() int64 { return atomic.LoadInt64(&a.sums[0]) + atomic.LoadInt64(&a.sums[1]) }

// KeyBytes returns the usable bytes of the arena's live regions that each belong to one key (Purpose.OfKey). Reading it
// costs nothing, so that the difference between two moments tells what a key took in between.
func (a *Arena) KeyBytes() int64 { return atomic.LoadInt64(&a.sums[1]) }

// PurposeSet is a set of purposes, one bit each.
type PurposeSet uint64

var _ [64 - NumPurposes]byte // they fit

// SetOf returns a set of purposes.
func SetOf(list ...Purpose) (s PurposeSet) {
	for _, p := range list {
		s |= 1 << p
	}
	return s
}

// KeyspaceSet returns the purposes that belong to keys.
func KeyspaceSet() (s PurposeSet) {
	for p := range purposes {
		if purposes[p].Keyspace {
			s |= 1 << p
		}
	}
	return s
}

// UsedFor returns the usable bytes of some purposes, in all arenas and outside of the range. A look costs about a microsecond.
//
// REQUIRES: as Used.
func UsedFor(set PurposeSet) (n int64) {
	for _, a := range arenaList() {
		if a != nil {
			n += a.usedFor(set)
		}
	}
	for s := set; s != 0; s &= s - 1 {
		n += Outside(Purpose(bits.TrailingZeros64(uint64(s))))
	}
	return n
}

func (a *Arena) usedFor(set PurposeSet) (n int64) {
	for i := range a.bins {
		b := &a.bins[i]
		count := int64(0)
		for s := set; s != 0; s &= s - 1 {
			count += atomic.LoadInt64(&b.tally[bits.TrailingZeros64(uint64(s))].count)
		}
		n += count * b.size
	}
	for i := range a.large {
		for s := set; s != 0; s &= s - 1 {
			n += atomic.LoadInt64(&a.large[i][bits.TrailingZeros64(uint64(s))].usable)
		}
	}
	return n
}

// Tally is one line of the books.
type Tally struct {
	Requested int64 // bytes asked for
	Usable    int64 // bytes of the regions
	Count     int64 // live regions
}

func (t *Tally) add(u Tally) {
	t.Requested += u.Requested
	t.Usable += u.Usable
	t.Count += u.Count
}

// ClassTally is the books of one size class.
type ClassTally struct {
	Size int // bytes of a region; of a large class, the largest
	Tally
	Slabs   int64 // slabs of the class; 0 for a large class
	Regions int64 // regions in them
}

// FreeBytes returns the bytes of the free regions in the class's slabs.
func (c *ClassTally) FreeBytes() int64 {
	if c.Slabs == 0 {
		return 0
	}
	return (c.Regions - c.Count) * int64(c.Size)
}

// Books are the live regions by purpose and by size class. Both add up to Total, to which only purposes add what lies
// outside of the range.
type Books struct {
	Purposes [NumPurposes]Tally
	Classes  []ClassTally // slab classes, then large classes, ascending
	Total    Tally
	Outside  int64 // bytes of Total outside of the range (BookOutside)

	slabPages  int64
	slabBytes  int64 // bytes of the slabs' regions, live or free
	largePages int64
}

// Headings returns the tallies per heading.
func (b *Books) Headings() (h [NumHeadings]Tally) {
	for p := range b.Purposes {
		h[purposes[p].Heading].add(b.Purposes[p])
	}
	return h
}

// Entries returns the tally of the entries of all keys.
func (b *Books) Entries() (t Tally) {
	for p := PurposeEntry; p.IsEntry(); p++ {
		t.add(b.Purposes[p])
	}
	return t
}

// Keyspace returns the tally of the purposes that belong to keys.
func (b *Books) Keyspace() (t Tally) {
	for p := range b.Purposes {
		if purposes[p].Keyspace {
			t.add(b.Purposes[p])
		}
	}
	return t
}

// Books returns the arena's books.
func (a *Arena) Books() Books {
	b := newBooks()
	b.addArena(a)
	return b
}

// Totals returns the books of all arenas together.
//
// REQUIRES: as Used.
func Totals() Books {
	b := newBooks()
	for _, a := range arenaList() {
		if a != nil {
			b.addArena(a)
		}
	}
	b.addOutside()
	return b
}

func newBooks() Books {
	ns := len(classes.slabs)
	b := Books{Classes: make([]ClassTally, ns+numLarge)}
	for i := range b.Classes {
		if i < ns {
			b.Classes[i].Size = int(classes.slabs[i].size)
		} else {
			b.Classes[i].Size = largeClassSize(i - ns)
		}
	}
	return b
}

func (b *Books) addArena(a *Arena) {
	for i := range a.bins {
		bin := &a.bins[i]
		for p := range bin.tally {
			c := &bin.tally[p]
			if n := atomic.LoadInt64(&c.count); n != 0 {
				b.add(i, p, Tally{atomic.LoadInt64(&c.requested), n * bin.size, n})
			}
		}
		n := atomic.LoadInt64(&bin.slabs)
		c := &classes.slabs[i]
		b.Classes[i].Slabs += n
		b.Classes[i].Regions += n * int64(c.regions)
		b.slabPages += n * int64(c.pages)
		b.slabBytes += n * int64(c.regions) * bin.size
	}
	for i := range a.large {
		for p := range a.large[i] {
			c := &a.large[i][p]
			if n := atomic.LoadInt64(&c.count); n != 0 {
				b.add(len(a.bins)+i, p, Tally{atomic.LoadInt64(&c.requested), atomic.LoadInt64(&c.usable), n})
			}
		}
	}
	b.largePages += atomic.LoadInt64(&a.largePages)
}

func (b *Books) add(class, purpose int, t Tally) {
	b.Purposes[purpose].add(t)
	b.Classes[class].add(t)
	b.Total.add(t)
}

// liveRegions counts the live regions of all arenas.
func liveRegions() int64 {
	b := Totals()
	return b.Total.Count
}

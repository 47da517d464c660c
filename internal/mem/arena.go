package mem

import (
	"math/bits"
	"sync"
	"sync/atomic"

	"granary/internal/invariants"
)

// Arena hands out regions and keeps the books of what it handed out. An arena is used by one owner at a time: it has no
// lock, the caller holds the one that guards it. A region is freed by the arena it came from.
type Arena struct {
	bins   []bin                            // per slab class
	large  [numLarge][NumPurposes]largeCell // books of large regions
	sums   [2]int64                         // usable bytes of live regions: of no key's, of keys' (sumOf)
	shared bool                             // totals are read while the owner works: written atomically
	id     uint32

	moves      Moves
	largePages int64 // pages of large regions
	name       string

	// Attached is what a package above keeps beside the arena: package object its buffers for lists.
	Attached any

	live map[Ref]liveRegion // with build tag invariants: every live region
}

// bin is an arena's part in one slab class.
type bin struct {
	cur     *record // slab that serves allocations; full (mask 0) when there is none
	size    int64   // bytes of a region
	units   uint32  // the same in units of a Ref
	magic   uint64  // see slabClass
	key     uint32  // what records of this bin's slabs have as key
	class   uint32
	tally   [NumPurposes]cell // the books
	slots   []uint32          // records of the bin's slabs, by slot
	unused  slotSet           // slots without a slab
	nonfull slotSet           // slabs with free regions, without cur and evacuated ones
	evac    slotSet           // slabs being emptied by compaction
	slabs   int64             // slabs of the bin
	plan    evacuation
}

// arenas are all arenas by id; id 0 is nobody's. The list is replaced, never changed, so that it is read without a lock.
var (
	arenaMu sync.Mutex
	arenas  atomic.Pointer[[]*Arena]
)

func arenaList() []*Arena {
	if l := arenas.Load(); l != nil {
		return *l
	}
	return nil
}

// NewArena returns an arena whose totals are read only by who may use it.
func NewArena(name string) *Arena { return newArena(name, false) }

// NewSharedArena returns an arena whose totals are read by other goroutines while its owner works.
func NewSharedArena(name string) *Arena { return newArena(name, true) }

func newArena(name string, shared bool) *Arena {
	ensureOpen()
	a := &Arena{name: name, shared: shared}
	arenaMu.Lock()
	defer arenaMu.Unlock()
	l := append([]*Arena(nil), arenaList()...)
	if len(l) == 0 {
		l = append(l, nil)
	}
	for a.id = 1; int(a.id) < len(l) && l[a.id] != nil; a.id++ {
	}
	if a.id >= 1<<15 {
		bug("more than %d arenas", 1<<15)
	}
	if int(a.id) == len(l) {
		l = append(l, nil)
	}
	l[a.id] = a
	a.reset()
	arenas.Store(&l)
	return a
}

// reset makes a an empty arena with the size classes in force.
func (a *Arena) reset() {
	a.bins = make([]bin, len(classes.slabs))
	for i := range a.bins {
		c := &classes.slabs[i]
		a.bins[i] = bin{
			cur:   recordAt(0),
			size:  int64(c.size),
			units: c.size / unitBytes,
			magic: c.magic,
			key:   a.id<<16 | uint32(i),
			class: uint32(i),
		}
	}
	a.large = [numLarge][NumPurposes]largeCell{}
	a.sums, a.largePages = [2]int64{}, 0
	if invariants.Enabled {
		a.live = make(map[Ref]liveRegion)
	}
}

// Name returns the name the arena was made with.
func (a *Arena) Name() string { return a.name }

// Close gives the arena's empty slabs back and forgets the arena.
//
// REQUIRES: nothing is allocated from it.
func (a *Arena) Close() {
	if a.Used() != 0 {
		bug("arena %s closed with %d bytes in use", a.name, a.Used())
	}
	a.Trim()
	arenaMu.Lock()
	defer arenaMu.Unlock()
	l := append([]*Arena(nil), arenaList()...)
	l[a.id] = nil
	arenas.Store(&l)
}

// Alloc returns a region of at least n bytes, contents undefined. Only the first n bytes are the caller's: to use
// the slack up to Usable(n), resize. It panics with ErrOutOfMemory, and changes nothing, when there is no room.
func (a *Arena) Alloc(n int, p Purpose) Ref {
	if uint(n) > uint(classes.smallMax) {
		r, _ := a.allocLarge(n, p)
		return r
	}
	// Fast path: the lowest free region of the current slab.
	b := &a.bins[classes.lookup[uint(n+unitBytes-1)/unitBytes]]
	s := b.cur
	if s.mask == 0 {
		s = a.refill(b)
	}
	w := uint(bits.TrailingZeros8(s.mask))
	word := s.word(w)
	free := *word
	i := w*64 + uint(bits.TrailingZeros64(free))
	free &= free - 1
	*word = free
	if free == 0 {
		s.mask &^= 1 << w
	}
	s.live++
	r := s.ref() + Ref(uint32(i)*b.units)
	if a.shared {
		b.tally[p].addShared(1, int64(n))
		atomic.AddInt64(&a.sums[sumOf[p]&1], b.size)
	} else {
		t := &b.tally[p]
		t.count++
		t.requested += int64(n)
		a.sums[sumOf[p]&1] += b.size
	}
	if invariants.Enabled {
		a.noteAlloc(r, n, int(b.size), p, true)
	}
	return r
}

// AllocZero is Alloc with the n bytes zero.
func (a *Arena) AllocZero(n int, p Purpose) Ref {
	if uint(n) > uint(classes.smallMax) {
		r, zero := a.allocLarge(n, p)
		if !zero || invariants.Enabled {
			clear(Bytes(r, n))
		}
		return r
	}
	r := a.Alloc(n, p)
	clear(Bytes(r, n))
	return r
}

// Free gives a region back.
//
// REQUIRES: r came from this arena; n and p are those of its Alloc, or of its last Resize.
func (a *Arena) Free(r Ref, n int, p Purpose) {
	if uint(n) > uint(classes.smallMax) {
		a.freeLarge(r, n, p)
		return
	}
	b := &a.bins[classes.lookup[uint(n+unitBytes-1)/unitBytes]]
	if invariants.Enabled {
		a.noteFree(r, n, int(b.size), p)
	}
	// Fast path: set the region's bit.
	s := recordOf(r)
	off := uint32(r - s.ref())
	i := uint32(uint64(off) * b.magic >> 32)
	w, bit := uint(i/64), uint64(1)<<(i%64)
	if s.key != b.key || i >= uint32(s.regs) || i*b.units != off || *s.word(w)&bit != 0 {
		a.badFree(r, n, p, b, s)
	}
	*s.word(w) |= bit
	full := s.mask == 0
	s.mask |= 1 << w
	s.live--
	if a.shared {
		b.tally[p].addShared(-1, -int64(n))
		atomic.AddInt64(&a.sums[sumOf[p]&1], -b.size)
	} else {
		t := &b.tally[p]
		t.count--
		t.requested -= int64(n)
		a.sums[sumOf[p]&1] -= b.size
	}
	if s != b.cur {
		if s.live == 0 {
			a.emptied(b, s)
		} else if full {
			a.notFull(b, s)
		}
	}
}

// badFree panics with what is wrong with a Free.
func (a *Arena) badFree(r Ref, n int, p Purpose, b *bin, s *record) {
	switch {
	case s.key == noKey:
		bug("free of %#x (%d bytes, %s): no region", uint64(r), n, p)
	case s.key>>16 != a.id:
		bug("free of %#x (%d bytes, %s) in arena %s: the region belongs to arena %d", uint64(r), n, p, a.name, s.key>>16)
	case s.key != b.key:
		bug("free of %#x (%s): wrong size: got %d, which is of class %d, the region is of class %d", uint64(r), p, n,
			b.class, s.key&0xffff)
	}
	off := uint32(r - s.ref())
	if i := off / b.units; off%b.units != 0 || i >= uint32(s.regs) {
		bug("free of %#x (%d bytes, %s): not the start of a region", uint64(r), n, p)
	}
	bug("double free of %#x (%d bytes, %s)", uint64(r), n, p)
}

// ResizeInPlace changes the requested size of a region from old to n if that needs no move, and reports whether it did.
// The first min(old, n) bytes are kept.
func (a *Arena) ResizeInPlace(r Ref, old, n int, p Purpose) bool {
	if uint(n) > uint(classes.smallMax) {
		return uint(old) > uint(classes.smallMax) && a.resizeLarge(r, old, n, p)
	}
	if uint(old) > uint(classes.smallMax) {
		return false
	}
	c := classes.lookup[uint(n+unitBytes-1)/unitBytes]
	if c != classes.lookup[uint(old+unitBytes-1)/unitBytes] {
		return false
	}
	b := &a.bins[c]
	if s := recordOf(r); s.key != b.key {
		a.badFree(r, old, p, b, s)
	}
	if invariants.Enabled {
		a.noteResize(r, old, n, int(b.size), p)
	}
	if a.shared {
		b.tally[p].addShared(0, int64(n-old))
	} else {
		b.tally[p].requested += int64(n - old)
	}
	return true
}

// Resize changes the requested size of a region from old to n and returns where it is then. The first min(old, n) bytes
// are kept; views of the region are void. It panics with ErrOutOfMemory, and changes nothing, when there is no room.
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

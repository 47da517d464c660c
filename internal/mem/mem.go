// Package mem is off-heap memory: one reserved range of addresses, integer references into it, size classes
// and books that are exact after every operation. Everything the server holds for its users lives here; the
// garbage collector sees none of it.
//
// # Actors
//
//	range     one reservation of addresses, committed as it grows; a Ref is an offset into it (ref.go, reserve_*.go)
//	extent    a run of 4 KiB pages: a slab, a large region, or free (dirty or clean) (pages.go)
//	slab      an extent cut into regions of one size class (slab.go); its slot is its age in its class (slots.go)
//	region    what Alloc returns
//	record    64 or 128 bytes that describe an extent, kept outside the range (record.go)
//	page map  4 bytes per page: the record of the extent the page belongs to (record.go)
//	Arena     hands out regions; one owner at a time, no lock (arena.go)
//	books     how much is live, per size class and purpose (books.go)
//
// The layers, from below:
//
//	range    |0|  slab of 48  |  large 20 KiB  | free dirty | slab of 512 | free clean |   frontier ...
//	          ^ page 0 is never used, so Ref 0 is nil                                  ^ top
//	slab     | region | region | region | ... | region | tail (0 under the jemalloc profiles)
//	region   | requested bytes ............ | slack up to the class |
//
// # The path of an allocation
//
//  1. Up to the slab limit (14 KiB): the size class is one load from a table (class.go). No lock.
//  2. The class's current slab has a free region: the first bit set in its bitmap. The bit is cleared, the books
//     are written. This is the fast path, Arena.Alloc. No lock.
//  3. The current slab is full: the oldest slab of the class that is not full becomes current (slab.go). Old
//     slabs fill, young slabs empty. No lock.
//  4. No such slab: an extent comes from the page layer, under pageLayer.mu: the best fitting dirty extent (it is
//     resident already), else a clean one, else pages from the frontier.
//  5. A larger request is an extent of its own, from step 4.
//  6. The range is full, or the kernel refuses to commit: all dirty extents are purged, so that they join clean
//     neighbours, and step 4 is tried again. Then Alloc panics with ErrOutOfMemory, before it has changed anything.
//
// Free goes back the same way: the page map gives the record, the offset in the slab gives the bit. A slab that was
// full is offered again, a slab that became empty goes to the page layer (mu) unless it is the current one. Free
// extents join neighbours of the same state. Dirty extents that nobody needed for the decay time are given back
// to the kernel (decay.go); freed regions of 4 MiB and more at once.
//
// # Locks
//
// pageLayer.mu is a leaf: nothing is called under it, and not even madvise runs under it. An arena has no lock; its
// owner is whoever holds the lock that guards it. Fields of a record belong either to the page layer (mu) or to
// the slab's arena; record.go says which.
//
// # What was tried
//
// Free lists through the regions instead of bitmaps are about 1 ns faster, but scatter neighbours, touch the memory of
// free regions, and cannot say which region of a slab is live, which compaction and Check need.
//
// Populating a slab's pages with one madvise instead of a fault per page gained nothing: clearing the pages is the cost.
//
// Slabs that are not full were kept in a heap by address; slots.go says why they are not.
package mem

import (
	"errors"
	"fmt"
	"sync"
)

// ErrOutOfMemory is the value Alloc, AllocZero and Resize panic with when the range is full or the kernel refuses
// memory. Nothing has changed then. Callers allocate before they change anything; the command loop recovers.
var ErrOutOfMemory = errors.New("mem: out of memory")

// Try runs fn and reports whether there was memory for it: it takes the panic with ErrOutOfMemory, and no other. It is for
// work that is as well left out, such as giving slack back.
func Try(fn func()) (ok bool) {
	defer func() {
		if e := recover(); e != nil && e != error(ErrOutOfMemory) {
			panic(e)
		}
	}()
	fn()
	return true
}

// ErrInUse is returned by Open while regions are allocated.
var ErrInUse = errors.New("mem: the range is in use")

const (
	pageShift = 12
	pageSize  = 1 << pageShift
	pageUnits = pageSize / unitBytes
)

// Config says how to open the range.
type Config struct {
	// Profile chooses the size classes.
	Profile Profile
	// Limit bounds the range in bytes. 0 means 1 TiB, or the most the kernel reserves.
	Limit int64
	// DecayMillis is how long free pages stay resident when nobody needs them. 0 means one second, a negative
	// number forever (Purge still works).
	DecayMillis int64
}

const (
	defaultRange  = 1 << 40
	smallestRange = 1 << 30
	defaultDecay  = 1000
)

// openState is the open range. Fields other than mu are written while nothing is allocated.
var openState struct {
	mu     sync.Mutex
	open   bool
	config Config
	space  reservation // the range itself
	maps   reservation // page map
	recs   reservation // records
}

// Open reserves the range and chooses the size classes. Without a call to Open, the first NewArena opens the range
// with the zero Config. Open may be called again while nothing is allocated: existing arenas start anew with it.
func Open(c Config) error {
	openState.mu.Lock()
	defer openState.mu.Unlock()
	return openLocked(c)
}

func openLocked(c Config) error {
	o := &openState
	if o.open {
		if liveRegions() != 0 {
			return ErrInUse
		}
		o.space.release()
		o.maps.release()
		o.recs.release()
		o.open = false
	}
	if c.DecayMillis == 0 {
		c.DecayMillis = defaultDecay
	}
	size := int64(defaultRange)
	if c.Limit > 0 {
		size = min(size, max(c.Limit, 1<<20)) &^ (pageSize - 1)
	}
	for {
		err := reserveAll(size)
		if err == nil {
			break
		}
		if c.Limit > 0 || size/4 < smallestRange {
			return fmt.Errorf("mem: reserve %d bytes of address space: %w", size, err)
		}
		size /= 4
	}
	o.config = c
	setProfile(c.Profile)
	pages.init(uint32(len(o.space.mem)>>pageShift), c.DecayMillis)
	for _, a := range arenaList() {
		if a != nil {
			a.reset()
		}
	}
	o.open = true
	return nil
}

// reserveAll reserves the range, the page map and the records for a range of size bytes.
func reserveAll(size int64) (err error) {
	o := &openState
	if o.space, err = reserve(int(size), 4<<20); err != nil {
		return err
	}
	n := len(o.space.mem) >> pageShift
	if o.maps, err = reserve(max(n*4, pageSize), 256<<10); err != nil {
		o.space.release()
		return err
	}
	// At worst every page is an extent of its own; only slabs of the 8-byte class have two lines and one page.
	if o.recs, err = reserve((n+1)*2*lineSize, 1<<20); err != nil {
		o.space.release()
		o.maps.release()
		return err
	}
	o.space.noHugePages()
	o.maps.noHugePages()
	o.recs.noHugePages()
	base = o.space.addr()
	mapBase = o.maps.addr()
	recordBase = o.recs.addr()
	return nil
}

// ensureOpen opens the range with the zero Config if nobody opened it.
func ensureOpen() {
	openState.mu.Lock()
	defer openState.mu.Unlock()
	if openState.open {
		return
	}
	if err := openLocked(Config{}); err != nil {
		panic(err)
	}
}

// OpenConfig returns the configuration the range was opened with.
func OpenConfig() Config {
	openState.mu.Lock()
	defer openState.mu.Unlock()
	return openState.config
}

// bug panics: an invariant of this package, or of its use, is broken.
func bug(format string, args ...any) {
	panic("BUG: mem: " + fmt.Sprintf(format, args...))
}

package mem

import (
	"cmp"
	"slices"
)

// How slabs are filled, and who keeps the sparse ones from being given back. Nothing here is kept while the allocator works:
// a map looks at slabs when somebody asks. Which region belongs to whom only the owner of the data knows, so its walk for
// compaction is used: while slabs are watched, ShouldMove moves nothing and notes the regions of these slabs.

// PageSize is what memory is taken from the kernel and given back in.
const PageSize = pageSize

// FillSteps is the number of parts in which fills are counted: tenths, and full ones.
const FillSteps = 11

// ClassMap is how the slabs of a size class are filled.
type ClassMap struct {
	Size        int   // bytes of a region
	SlabBytes   int64 // bytes of a slab
	Slabs       int64
	Regions     int64
	Live        int64            // regions in use
	Fill        [FillSteps]int64 // slabs by tenths of their regions in use, rounded down; the last: full ones
	Sampled     int64            // slabs that Fill was made of, 0: all were looked at
	Reclaimable int64            // bytes that a compaction would free if every region could be moved
	Purposes    [NumPurposes]int64
}

// SlabClass returns the slab class that serves requests of n bytes, and false if they are large or none.
func SlabClass(n int) (class int, ok bool) {
	if n < 1 || n > int(classes.smallMax) {
		return 0, false
	}
	return int(classes.lookup[uint(n+unitBytes-1)/unitBytes]), true
}

// MaxSlabRegion returns the largest request that is served from a slab.
func MaxSlabRegion() int { return int(classes.smallMax) }

// MapClass returns the map of a slab class. It looks at most at about sample slabs, and scales what it saw.
//
// REQUIRES: the caller may use the arena.
func (a *Arena) MapClass(class, sample int) ClassMap {
	b := &a.bins[class]
	m := ClassMap{
		Size: int(b.size), SlabBytes: b.slabBytes(), Slabs: b.slabs, Live: b.liveCount(),
		Regions: b.slabs * int64(classes.slabs[class].regions), Reclaimable: b.spare() * b.slabBytes(),
	}
	for p := range b.tally {
		m.Purposes[p] = b.tally[p].count
	}
	if b.slabs == 0 {
		return m
	}
	slots := b.sample(sample)
	for _, i := range slots {
		m.Fill[recordAt(b.slots[i]).tenth()]++
	}
	n := int64(b.nonfull.count)
	if seen := int64(len(slots)); seen > 0 && seen < n {
		m.Sampled = seen
		scaled := int64(0)
		for i, x := range m.Fill {
			m.Fill[i] = x * n / seen
			scaled += m.Fill[i]
		}
		m.Fill[slices.Index(m.Fill[:], slices.Max(m.Fill[:]))] += n - scaled
	}
	if b.evac.count > 0 { // few, as a rule, and sparse: counted by the first
		m.Fill[recordAt(b.slots[b.evac.first()]).tenth()] += int64(b.evac.count)
		n += int64(b.evac.count)
	}
	if b.cur.id != 0 {
		m.Fill[b.cur.tenth()]++
		n++
	}
	m.Fill[FillSteps-1] += b.slabs - n
	return m
}

// tenth returns the tenths of the slab's regions that are in use.
func (s *record) tenth() int { return int(s.live) * 10 / int(s.regs) }

// Slab is one slab, as somebody who looks for its owners knows it.
type Slab struct {
	At      Ref // its first byte
	Bytes   int64
	Regions int
	Live    int
	id      uint32
}

// Sparsest returns the n emptiest slabs among about sample of a class, the emptiest first.
//
// REQUIRES: the caller may use the arena.
func (a *Arena) Sparsest(class, n, sample int) []Slab {
	b := &a.bins[class]
	var all []Slab
	for _, i := range b.sample(sample) {
		s := recordAt(b.slots[i])
		all = append(all, Slab{s.ref(), int64(s.bytes()), int(s.regs), int(s.live), s.id})
	}
	slices.SortFunc(all, func(x, y Slab) int {
		return cmp.Or(cmp.Compare(x.Live, y.Live), cmp.Compare(x.At, y.At))
	})
	return all[:min(n, len(all))]
}

// Sighting is a live region of a watched slab.
type Sighting struct {
	Slab    int // index into what is watched
	Ref     Ref
	Size    int // requested bytes
	Purpose Purpose
}

// watch is the slabs that are watched. Guarded as the arena is.
var watch struct {
	on    bool
	slabs []Slab
	seen  []Sighting
}

// Watch calls walk; meanwhile ShouldMove notes the regions of the slabs that it is asked about, for Sightings to take, and
// moves none.
//
// REQUIRES: the caller may use the arena of the slabs.
func Watch(slabs []Slab, walk func()) {
	watch.on, watch.slabs, watch.seen = true, slabs, watch.seen[:0]
	defer func() { watch.on, watch.slabs = false, nil }()
	walk()
}

// Sightings returns the regions that were seen since it was called last. They are valid until the next is seen.
func Sightings() []Sighting {
	s := watch.seen
	watch.seen = watch.seen[:0]
	return s
}

// Stays is asked in place of ShouldMove about a region that cannot move now.
func Stays(r Ref, n int, p Purpose) {
	if watch.on && uint(n) <= uint(classes.smallMax) {
		noteWatched(recordOf(r), r, n, p)
	}
}

// noteWatched is ShouldMove while slabs are watched.
func noteWatched(s *record, r Ref, n int, p Purpose) {
	for i := range watch.slabs {
		if w := &watch.slabs[i]; w.id == s.id && w.At == s.ref() {
			watch.seen = append(watch.seen, Sighting{i, r, n, p})
			return
		}
	}
}

// Live returns the regions of a slab that are in use now, 0 if the slab is gone or serves another class.
//
// REQUIRES: the caller may use the arena.
func (a *Arena) Live(class int, s Slab) int {
	k := recordAt(s.id)
	if k.key != a.bins[class].key || k.ref() != s.At {
		return 0
	}
	return int(k.live)
}

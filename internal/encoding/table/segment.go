package table

import (
	"unsafe"

	"granary/internal/mem"
)

// sizeRow is a size of a segment.
type sizeRow struct {
	lines  uint8  // buckets, stash included
	homes  uint8  // home buckets
	fill   uint16 // a rebuild takes this size for up to so many entries
	shrink uint16 // with so many entries or fewer, the next smaller size is tried
	sparse uint16 // with so many entries or fewer, Delete calls shrink, which may also merge
}

const (
	chain      = 1   // how many full buckets an entry may be passed on over, see place
	maxEntries = 640 // slots of the largest segment

	fillPercent   = 93 // a rebuild chooses the first size that is filled no more than this
	shrinkPercent = 85 // a smaller size is tried once it would be filled no more than this

	firstFull = 13 // the smallest size in a table with a directory
	lastSize  = 17 // the largest; it is split

	// mergeMost is the most entries two neighbours may have to be merged. A split happens near 600, so
	// some 170 inserts or deletes lie between a split and a merge.
	mergeMost = 430
)

// sizes are the sizes of segments. All are size classes, so nothing is lost to rounding. Stash buckets and
// chain were chosen by simulation. With 2 stash buckets and a chain of 1, segments of 32 to 64 lines fill to
// 95-90% before they grow; with a chain of 0 to 92-86%, without a stash to 77-72%. A chain of 2 would
// save another 0.13 bytes per key, but put 13% of the entries into a neighbour in place of 9%.
var sizes = [32]sizeRow{
	{lines: 1, homes: 1},
	{lines: 2, homes: 2},
	{lines: 3, homes: 3},
	{lines: 4, homes: 4},
	{lines: 6, homes: 5},
	{lines: 8, homes: 7},
	{lines: 10, homes: 9},
	{lines: 12, homes: 11},
	{lines: 14, homes: 13},
	{lines: 16, homes: 15},
	{lines: 20, homes: 18},
	{lines: 24, homes: 22},
	{lines: 28, homes: 26},
	firstFull: {lines: 32, homes: 30},
	{lines: 40, homes: 38},
	{lines: 48, homes: 46},
	{lines: 56, homes: 54},
	lastSize: {lines: 64, homes: 62},
}

func init() {
	for i := range sizes[:lastSize+1] {
		s := &sizes[i]
		s.fill = uint16(s.lines) * bucketSlots * fillPercent / 100
		if i > 0 {
			s.shrink = uint16(sizes[i-1].lines) * bucketSlots * shrinkPercent / 100
			s.sparse = s.shrink
		}
	}
	sizes[firstFull].sparse = mergeMost
}

// segment is a view of the buckets of a segment.
type segment struct {
	p     unsafe.Pointer
	homes uint
	lines uint
}

func (w word) segment() segment {
	z := &sizes[w.size()]
	return segment{mem.Ptr(w.ref()), uint(z.homes), uint(z.lines)}
}

func (s segment) at(i uint) *bucket { return bucketAt(s.p, i) }

// ahead is at for who reads all entries, bucket by bucket: those of the next one are fetched meanwhile.
func (s segment) ahead(i uint) *bucket {
	if i == 0 {
		s.at(0).prefetch()
	}
	if i+1 < s.lines {
		s.at(i + 1).prefetch()
	}
	return s.at(i)
}

// next and prev are the neighbours among home buckets, in a ring. With one home bucket there are none.
func (s segment) next(i uint) uint {
	if i++; i == s.homes {
		return 0
	}
	return i
}

func (s segment) prev(i uint) uint {
	if i == 0 {
		i = s.homes
	}
	return i - 1
}

// place finds room for an entry with the given home and hash, and puts it there without its expiry. clock is
// the segment's clock or nil. It returns false, and has changed nothing, if there is no room.
func (s segment) place(home uint, h uint64, e mem.Ref, clock *uint32) (bkt, slot uint, ok bool) {
	// Fast path: room at home.
	b := s.at(home)
	if b.state.n() < bucketSlots {
		return home, b.push(uint8(h), e, 0), true
	}
	if s.homes > 1 {
		to := s.next(home)
		for n := 0; ; n++ {
			nb := s.at(to)
			if nb.state.n() < bucketSlots {
				// Pass on: each bucket between gives one of its own entries to the next.
				for ; n > 0; n-- {
					from := s.prev(to)
					s.pass(from, to, clock)
					to = from
				}
				b.state |= stateNear
				return to, s.at(to).push(uint8(h), e, slotForeign), true
			}
			if n == chain || nb.state.firstOwn() == bucketSlots {
				break
			}
			if to = s.next(to); to == home {
				break
			}
		}
	}
	if b.state.far() < maxFar {
		for i := s.homes; i < s.lines; i++ {
			if sb := s.at(i); sb.state.n() < bucketSlots {
				b.state += stateFarOne
				return i, sb.push(uint8(h), e, 0), true
			}
		}
	}
	return 0, 0, false
}

// pass moves one entry from its home bucket to the next one, which has room.
func (s segment) pass(from, to uint, clock *uint32) {
	f := s.at(from)
	i := f.state.firstOwn()
	s.move(from, to, i, slotForeign, clock)
	f.state |= stateNear
}

// takeBack moves an entry that lies in the next bucket back home, where there is room. Without this, entries
// that live long end up away from home: after 20 generations of keys a fifth in place of a tenth (TestChurn).
func (s segment) takeBack(home uint, clock *uint32) {
	from := s.next(home)
	s.move(from, home, s.at(from).state.firstForeign(), 0, clock)
	s.clearNear(from)
}

// move moves slot i of a bucket to another one, which has room.
func (s segment) move(from, to, i uint, foreign state, clock *uint32) {
	f := s.at(from)
	if f.state.expire(i) {
		foreign |= slotExpire
		if clock != nil { // the segment is not being built
			// The entry's own expiry is not read; the bucket's bound holds for it.
			c := clockAt(clock, to)
			*c = min(*c, *clockAt(clock, from))
		}
	}
	s.at(to).push(f.fp(i), f.ref(i), foreign)
	f.remove(i)
}

// clearNear takes the mark from the bucket before bkt when bkt has no foreign entry left.
func (s segment) clearNear(bkt uint) {
	if s.at(bkt).state&stateForeignMask == 0 {
		s.at(s.prev(bkt)).state &^= stateNear
	}
}

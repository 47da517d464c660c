package mem

import (
	"math/bits"
	"runtime"
	"sync"
)

// pageLayer hands out extents of pages. One lock, held for a few hundred nanoseconds at most.
//
// INVARIANT: the extents tile pages [1, top). No two neighbours are free in the same state, and the last extent is not
// clean (it would be part of the frontier).
type pageLayer struct {
	mu      sync.Mutex
	top     uint32 // first page of the frontier: never used, or clean again
	limit   uint32 // pages of the range
	records recordStore
	dirty   extentSet
	clean   extentSet
	active  int // pages of slabs and large regions
	purging int // pages being purged
	decay   decayState
	tidy    tidyState
}

// pages is the one page layer.
var pages pageLayer

// eagerPages is the length from which a freed extent is given back to the kernel at once.
const eagerPages = (4 << 20) / pageSize

func (l *pageLayer) init(limit uint32, decayMillis int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.top, l.limit = 1, limit
	l.active, l.purging = 0, 0
	l.dirty, l.clean = extentSet{}, extentSet{}
	l.tidy = tidyState{}
	l.records.init()
	l.decay.init(decayMillis)
	if !openState.maps.commit(4) {
		panic(ErrOutOfMemory)
	}
	*pageEntry(0) = 0
}

// extentSet holds free extents of one state, in bins by length: 1 to 8 pages, then four bins per doubling. A bin
// holds extents of its length up to the next bin's; in a bin, the lowest address comes first.
type extentSet struct {
	bins   [numPageBins]pageHeap
	filled [2]uint64 // bit set: bin not empty
	pages  int
}

const numPageBins = 112

// pageBin returns the bin whose extents have n pages or a little more.
func pageBin(n uint32) uint {
	if n < 4 {
		return uint(n) - 1
	}
	lg := uint(bits.Len32(n)) - 1
	return (lg-2)*4 + uint(n>>(lg-2)&3) + 3
}

// add puts s in the set.
func (t *extentSet) add(s *record) {
	i := pageBin(s.pages)
	t.bins[i].push(s)
	t.filled[i/64] |= 1 << (i % 64)
	t.pages += int(s.pages)
}

// remove takes s out of the set.
func (t *extentSet) remove(s *record) {
	i := pageBin(s.pages)
	t.bins[i].remove(s)
	if len(t.bins[i].e) == 0 {
		t.filled[i/64] &^= 1 << (i % 64)
	}
	t.pages -= int(s.pages)
}

// fit returns the lowest extent in the first bin all of whose extents have n pages or more, or nil.
func (t *extentSet) fit(n uint32) *record {
	i := uint(0)
	if n > 1 {
		i = pageBin(n-1) + 1
	}
	if i < 64 {
		if m := t.filled[0] >> i << i; m != 0 {
			return t.bins[bits.TrailingZeros64(m)].first()
		}
		i = 64
	}
	if m := t.filled[1] >> (i - 64) << (i - 64); m != 0 {
		return t.bins[64+bits.TrailingZeros64(m)].first()
	}
	return nil
}

// longest returns an extent of the last bin, or nil.
func (t *extentSet) longest() *record {
	var b *pageHeap
	switch {
	case t.filled[1] != 0:
		b = &t.bins[127-bits.LeadingZeros64(t.filled[1])]
	case t.filled[0] != 0:
		b = &t.bins[63-bits.LeadingZeros64(t.filled[0])]
	default:
		return nil
	}
	return recordAt(uint32(b.e[len(b.e)-1]))
}

// alloc returns an extent of n pages, in the given state, with a record of at least lines lines, and whether its bytes
// are known to be zero. It returns nil when the range is full.
func (l *pageLayer) alloc(n uint32, state uint8, lines int) (s *record, zero bool) {
	l.mu.Lock()
	s, zero = l.allocLocked(n, state, lines)
	l.mu.Unlock()
	if s != nil {
		return s, zero
	}
	// Slow path: dirty extents cannot join clean neighbours, so make all clean, then try again.
	for l.purge(1<<30, 1<<30) > 0 || l.purgingNow() {
		runtime.Gosched()
	}
	l.mu.Lock()
	s, zero = l.allocLocked(n, state, lines)
	l.mu.Unlock()
	return s, zero
}

func (l *pageLayer) allocLocked(n uint32, state uint8, lines int) (s *record, zero bool) {
	// One record for the extent, one for what is left of the extent it is cut from.
	if !l.records.want(1, lines) || !l.records.want(1, 1) {
		return nil, false
	}
	if f := l.dirty.fit(n); f != nil {
		l.dirty.remove(f)
		s = l.carve(f, n, lines, &l.dirty)
		l.decay.sawDirty(l.dirty.pages)
	} else if f := l.clean.fit(n); f != nil {
		l.clean.remove(f)
		s, zero = l.carve(f, n, lines, &l.clean), true
	} else {
		start := l.top
		if !l.advance(n) {
			return nil, false
		}
		s, zero = l.records.take(lines), true
		s.start, s.pages = start, n
		s.mapEnds()
	}
	s.state = state
	l.active += int(n)
	return s, zero
}

// advance takes n pages from the frontier, and reports whether it could.
func (l *pageLayer) advance(n uint32) bool {
	if l.limit-l.top < n {
		return false
	}
	end := int(l.top + n)
	if !openState.maps.commit(end*4) || !openState.space.commit(end<<pageShift) {
		return false
	}
	l.top += n
	return true
}

// carve cuts the first n pages out of free extent f, which is in no set, and puts the rest in set t.
func (l *pageLayer) carve(f *record, n uint32, lines int, t *extentSet) *record {
	s, rest := f, f.pages-n
	switch {
	case lines > int(f.lines):
		s = l.records.take(lines)
		s.start = f.start
		if rest == 0 {
			l.records.put(f)
		}
	case rest != 0:
		f = l.records.take(1)
		f.state = s.state
	}
	start := s.start
	s.pages = n
	s.mapEnds()
	if rest != 0 {
		f.start, f.pages = start+n, rest
		f.mapEnds()
		t.add(f)
	}
	return s
}

// free takes back an extent.
func (l *pageLayer) free(s *record) {
	l.mu.Lock()
	l.active -= int(s.pages)
	s.key = noKey
	if s.pages < eagerPages {
		l.insert(s, stateDirty)
		l.mu.Unlock()
		return
	}
	l.purgeOne(s)
	l.mu.Unlock()
}

// insert makes s free in the given state: it joins neighbours of that state and goes to the state's set.
func (l *pageLayer) insert(s *record, state uint8) {
	t := &l.dirty
	if state == stateClean {
		t = &l.clean
	}
	s.state = state
	if s.start > 1 {
		if p := recordAt(*pageEntry(s.start - 1)); p.state == state {
			t.remove(p)
			s.start = p.start
			s.pages += p.pages
			l.records.put(p)
		}
	}
	if end := s.start + s.pages; end < l.top {
		if p := recordAt(*pageEntry(end)); p.state == state {
			t.remove(p)
			s.pages += p.pages
			l.records.put(p)
		}
	}
	if state == stateClean && s.start+s.pages == l.top {
		l.top = s.start
		l.records.put(s)
		return
	}
	s.mapEnds()
	t.add(s)
}

// extend grows the extent s to n pages if the pages behind it are free, and reports whether it did.
func (l *pageLayer) extend(s *record, n uint32) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	more := n - s.pages
	if end := s.start + s.pages; end == l.top {
		if !l.advance(more) {
			return false
		}
	} else {
		f := recordAt(*pageEntry(end))
		if f.state != stateDirty && f.state != stateClean || f.pages < more {
			return false
		}
		t := &l.dirty
		if f.state == stateClean {
			t = &l.clean
		}
		t.remove(f)
		if f.pages == more {
			l.records.put(f)
		} else {
			f.start += more
			f.pages -= more
			f.mapEnds()
			t.add(f)
		}
		l.decay.sawDirty(l.dirty.pages)
	}
	s.pages = n
	s.mapEnds()
	l.active += int(more)
	return true
}

// shrink cuts the extent s to its first n pages, and reports whether it did.
func (l *pageLayer) shrink(s *record, n uint32) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.records.want(1, 1) {
		return false
	}
	f := l.records.take(1)
	f.start, f.pages = s.start+n, s.pages-n
	s.pages = n
	s.mapEnds()
	f.mapEnds()
	l.active -= int(f.pages)
	if f.pages < eagerPages {
		l.insert(f, stateDirty)
	} else {
		l.purgeOne(f)
	}
	return true
}

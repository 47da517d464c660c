package mem

import "sync/atomic"

// Sums is what Stats says, without size classes and without taking memory for it: who looks every second reads this.
type Sums struct {
	Purposes [NumPurposes]Tally // what lies outside of the range included
	Outside  int64              // bytes outside of the range (BookOutside), requested and usable in Purposes
	Large    [NumPurposes]int64 // usable bytes of large regions

	SlabFree  int64 // free regions in slabs
	TailWaste int64 // ends of slabs and of large regions' pages that are in no region
	Dirty     int64 // free pages, resident
	Retained  int64 // free pages, given back
	Metadata  int64 // records and page map
	Active    int64 // pages of slabs and large regions
}

// ReadSums fills s.
//
// REQUIRES: as Used.
func ReadSums(s *Sums) {
	*s = Sums{}
	var slabBytes, slabPages, largePages, slabUsable int64
	for _, a := range arenaList() {
		if a == nil {
			continue
		}
		for i := range a.bins {
			b := &a.bins[i]
			for p := range b.tally {
				c := &b.tally[p]
				if n := atomic.LoadInt64(&c.count); n != 0 {
					s.Purposes[p].add(Tally{atomic.LoadInt64(&c.requested), n * b.size, n})
					slabUsable += n * b.size
				}
			}
			n, k := atomic.LoadInt64(&b.slabs), &classes.slabs[i]
			slabPages += n * int64(k.pages)
			slabBytes += n * int64(k.regions) * b.size
		}
		largePages += atomic.LoadInt64(&a.largePages)
		for i := range a.large {
			for p := range a.large[i] {
				c := &a.large[i][p]
				if n := atomic.LoadInt64(&c.count); n != 0 {
					usable := atomic.LoadInt64(&c.usable)
					s.Purposes[p].add(Tally{atomic.LoadInt64(&c.requested), usable, n})
					s.Large[p] += usable
				}
			}
		}
	}
	s.SlabFree = max(0, slabBytes-slabUsable)
	s.TailWaste = slabPages<<pageShift - slabBytes
	tail := largePages << pageShift
	for p := range s.Large {
		tail -= s.Large[p]
	}
	s.TailWaste += max(0, tail) // a shared arena's numbers are not of one instant
	for p := range s.Purposes {
		n := atomic.LoadInt64(&outside.purposes[p])
		s.Purposes[p].add(Tally{n, n, 0})
		s.Outside += n
	}
	l := &pages
	l.mu.Lock()
	s.Active = int64(l.active) << pageShift
	s.Dirty = int64(l.dirty.pages+l.purging) << pageShift
	s.Retained = int64(l.clean.pages) << pageShift
	s.Metadata = l.records.bytes() + roundPage(int64(l.top)*4)
	l.mu.Unlock()
}

package mem

import (
	"math/bits"
	"sync/atomic"
)

// Recount is the allocator's part of an audit: what the range itself shows, beside what the books say. Check demands more and
// panics; a recount runs in a server at work and reports.
type Recount struct {
	Slabs, Large, Free Counted // in bytes: live regions in slabs, pages of large regions, free pages
	Classes            []ClassCount
}

// Counted is one figure, counted and booked.
type Counted struct{ Counted, Booked int64 }

// Difference returns by how much the two differ.
func (c Counted) Difference() int64 { return max(c.Counted-c.Booked, c.Booked-c.Counted) }

// ClassCount is a slab class in which the bitmaps of the slabs and the books differ, in regions.
type ClassCount struct {
	Size int
	Counted
}

// Difference returns the sum of all differences in bytes.
func (r *Recount) Difference() int64 {
	n := r.Large.Difference() + r.Free.Difference()
	for _, c := range r.Classes {
		n += c.Difference() * int64(c.Size)
	}
	return n
}

// CountAgain walks all extents: it counts the live regions of every slab by its bitmap, the pages of large regions and the free
// pages.
//
// REQUIRES: as Used. What owners of shared arenas do meanwhile makes a difference; who wants to be sure counts again. In race
// builds slabs of shared arenas are left out: the race detector sees that they are read while their owner works.
func CountAgain() (r Recount) {
	live := make([]int64, len(classes.slabs))
	list := arenaList()
	l := &pages
	l.mu.Lock()
	for p := uint32(1); p < l.top; {
		s := recordAt(*pageEntry(p))
		if s.state == stateNone || s.start != p || s.pages == 0 {
			// Nobody knows whose page it is: it is booked, and not counted.
			p++
			continue
		}
		n := int64(s.bytes())
		switch s.state {
		case stateSlab:
			class := s.key & 0xffff
			if s.key == noKey || int(class) >= len(live) {
				break // not yet its arena's
			}
			if raceBuild && list[s.key>>16].shared {
				break
			}
			free := 0
			for w := uint(0); w < (uint(s.regs)+63)/64; w++ {
				free += bits.OnesCount64(*s.word(w))
			}
			live[class] += int64(s.regs) - int64(free)
		case stateLarge:
			r.Large.Counted += n
		default:
			r.Free.Counted += n
		}
		p = s.start + s.pages
	}
	r.Free.Booked = int64(l.dirty.pages+l.clean.pages+l.purging) << pageShift
	l.mu.Unlock()

	booked := make([]int64, len(live))
	for _, a := range list {
		if a == nil {
			continue
		}
		r.Large.Booked += atomic.LoadInt64(&a.largePages) << pageShift
		for i := range a.bins {
			if raceBuild && a.shared {
				break
			}
			for p := range a.bins[i].tally {
				booked[i] += atomic.LoadInt64(&a.bins[i].tally[p].count)
			}
		}
	}
	for i, n := range live {
		size := int64(classes.slabs[i].size)
		r.Slabs.Counted += n * size
		r.Slabs.Booked += booked[i] * size
		if n != booked[i] {
			r.Classes = append(r.Classes, ClassCount{int(size), Counted{n, booked[i]}})
		}
	}
	return r
}

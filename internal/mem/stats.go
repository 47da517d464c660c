package mem

// Stats says where the memory of the range is, in bytes. Three sums hold:
//
//	Active   = Books.Total.Usable - Books.Outside + SlabFree + TailWaste
//	Resident = Active + Dirty
//	Mapped   = Resident + Retained
//
// What a page costs the kernel begins with its first touch: a region that was never written counts as resident here.
type Stats struct {
	Books Books

	Active    int64 // pages of slabs and large regions
	Resident  int64 // pages that the kernel holds for us
	Dirty     int64 // free pages, resident
	Retained  int64 // free pages, given back to the kernel
	Mapped    int64 // pages below the frontier
	SlabFree  int64 // free regions in slabs; by class in Books
	TailWaste int64 // ends of slabs and of large regions' pages that are in no region
	Metadata  int64 // records and page map; outside the range, and not in the sums above
	Reserved  int64 // addresses of the range
}

// ReadStats returns the state of the range.
//
// REQUIRES: as Used. Numbers of shared arenas whose owners work meanwhile are each right, but not of one instant.
func ReadStats() Stats {
	b := Totals()
	s := Stats{Books: b}
	l := &pages
	l.mu.Lock()
	s.Active = int64(l.active) << pageShift
	s.Dirty = int64(l.dirty.pages+l.purging) << pageShift
	s.Retained = int64(l.clean.pages) << pageShift
	s.Mapped = int64(l.top-1) << pageShift
	s.Metadata = l.records.bytes() + roundPage(int64(l.top)*4)
	s.Reserved = int64(l.limit) << pageShift
	l.mu.Unlock()
	s.Resident = s.Active + s.Dirty
	s.SlabFree = b.slabBytes
	for i := range classes.slabs {
		s.SlabFree -= b.Classes[i].Usable
	}
	s.TailWaste = (b.slabPages+b.largePages)<<pageShift - (b.Total.Usable - b.Outside) - s.SlabFree
	return s
}

func roundPage(n int64) int64 { return (n + pageSize - 1) &^ (pageSize - 1) }

// SlabFill returns how full the slabs of a slab class are: element i counts those with i tenths of their regions live,
// rounded down; element 10 those that are full. It looks at every slab that is not full.
func (a *Arena) SlabFill(class int) (fill [11]int64) {
	b := &a.bins[class]
	fill[10] = b.slabs
	note := func(s *record) {
		if s.live < s.regs {
			fill[10]--
			fill[int(s.live)*10/int(s.regs)]++
		}
	}
	slots := b.nonfull.appendSlots(nil, 1)
	slots = b.evac.appendSlots(slots, 1)
	for _, i := range slots {
		note(recordAt(b.slots[i]))
	}
	if b.cur.id != 0 {
		note(b.cur)
	}
	return fill
}

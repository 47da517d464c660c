package mem

import "slices"

// Compaction empties sparse slabs. The allocator knows which slabs are sparse, the owner of the data knows who refers
// to a region; so the owner walks its data and asks, and moves what it is told to:
//
//	a.BeginCompaction()
//	for every region: if mem.ShouldMove(r, n) { to := a.Alloc(n, p); copy; store to where r was; a.Free(r, n, p) }
//	a.EndCompaction()
//
// BeginCompaction sets a quota per class, the number of slabs whose regions fit in the free regions of the others, and
// the fill up to which a slab is among that many emptiest. ShouldMove marks a slab on first sight, as long as there is
// quota; from then on it serves no allocation, so nothing moves in while its regions move out. An emptied slab goes
// to the page layer as any other. The walk may be spread over any time, with allocations between its steps.

// evacuation is a bin's part of a compaction.
type evacuation struct {
	quota     int    // slabs that may still be marked
	threshold uint16 // most live regions of a slab to be marked
}

// compactSample is about how many slabs of a class BeginCompaction looks at.
const compactSample = 1024

// BeginCompaction plans a compaction and returns the bytes it would free. It looks at about
// 1,024 slabs per class.
func (a *Arena) BeginCompaction() int64 {
	a.EndCompaction()
	var gain int64
	var slots []uint32
	var live []uint16
	for i := range a.bins {
		b := &a.bins[i]
		n := b.nonfull.count
		regions := int64(classes.slabs[i].regions)
		quota := int(min((b.slabs*regions-b.liveCount())/regions, int64(n)))
		if quota == 0 {
			continue
		}
		slots = b.nonfull.appendSlots(slots[:0], (n+compactSample-1)/compactSample)
		if len(slots) == 0 {
			slots = b.nonfull.appendSlots(slots, 1) // none in the words of the sample
		}
		live = live[:0]
		for _, k := range slots {
			live = append(live, recordAt(b.slots[k]).live)
		}
		slices.Sort(live)
		b.plan = evacuation{quota: quota, threshold: live[(quota-1)*len(live)/n]}
		gain += int64(quota) * int64(classes.slabs[i].pages) << pageShift
	}
	return gain
}

// EndCompaction forgets the plan. Slabs that are marked and not empty serve allocations again.
func (a *Arena) EndCompaction() {
	for i := range a.bins {
		b := &a.bins[i]
		b.plan = evacuation{}
		for b.evac.count > 0 {
			s := recordAt(b.slots[b.evac.first()])
			b.keep(s)
			b.nonfull.add(s.pos)
		}
	}
}

// ShouldMove reports whether region r of n requested bytes should be moved: its slab is to be emptied. Between
// BeginCompaction and EndCompaction of the region's arena only; it is always false otherwise, and for large regions,
// whose pages are never shared.
//
// REQUIRES: the caller may use the region's arena.
func ShouldMove(r Ref, n int) bool {
	if uint(n) > uint(classes.smallMax) {
		return false
	}
	s := recordOf(r)
	if s.evac != 0 {
		return true
	}
	b := &arenaList()[s.key>>16].bins[s.key&0xffff]
	if b.plan.quota == 0 || s.live > b.plan.threshold || !b.nonfull.has(s.pos) {
		return false // no plan, or too full, or current
	}
	b.plan.quota--
	b.nonfull.remove(s.pos)
	b.evac.add(s.pos)
	s.evac = 1
	return true
}

// keep takes a slab's mark back.
func (b *bin) keep(s *record) {
	b.evac.remove(s.pos)
	s.evac = 0
}

// liveCount returns the live regions of the bin.
func (b *bin) liveCount() (n int64) {
	for p := range b.tally {
		n += b.tally[p].count
	}
	return n
}

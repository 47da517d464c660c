package mem

import "slices"

// Compaction empties sparse slabs. The allocator knows which slabs are sparse, the owner of the data knows who refers
// to a region; so the owner walks its data and asks, and moves what it is told to:
//
//	a.BeginCompaction()
//	for every region: if mem.ShouldMove(r, n, p) { to := a.Alloc(n, p); copy; store to where r was; a.Free(r, n, p) }
//	a.EndCompaction()
//
// The plan has for each class a quota, the number of slabs whose regions fit in the free regions of the others, and
// the fill up to which a slab is among that many emptiest. ShouldMove marks a slab on first sight, as long as there is
// quota; from then on it serves no allocation, so nothing moves in while its regions move out. An emptied slab goes
// to the page layer as any other. The walk may be spread over any time, with allocations between its steps; and so may
// the plan, a class at a time (PlanCompaction), and its end (EndSome).
//
// A region that nobody asks about pins its slab: it stays, and so does what else was not asked about. What of the plan
// came true is seen in Reclaimable, before and after.

// evacuation is a bin's part of a compaction.
type evacuation struct {
	quota     int    // slabs that may still be marked
	threshold uint16 // most live regions of a slab to be marked
	all       bool   // every slab is marked, full ones too (PlanAll)
}

// compactSample is about how many slabs of a class a plan looks at.
const compactSample = 1024

// Moves counts what compaction has done in an arena: the answers of ShouldMove, and what came of them.
type Moves struct {
	Moved int64 // regions that were to be moved
	Kept  int64 // regions of slabs that stay where they are

	Emptied int64 // bytes of slabs that were marked and have become empty
}

// Moves returns what compaction has done so far.
//
// REQUIRES: the caller may use the arena.
func (a *Arena) Moves() Moves { return a.moves }

// ResetMoves sets the counts to zero.
//
// REQUIRES: as Moves.
func (a *Arena) ResetMoves() { a.moves = Moves{} }

// NumSlabClasses returns the number of size classes that live in slabs.
func NumSlabClasses() int { return len(classes.slabs) }

// spare returns the number of the bin's slabs whose regions would fit in the free regions of the others.
func (b *bin) spare() int64 {
	if b.slabs == 0 {
		return 0
	}
	regions := int64(classes.slabs[b.class].regions)
	return min((b.slabs*regions-b.liveCount())/regions, int64(b.nonfull.count+b.evac.count))
}

func (b *bin) slabBytes() int64 { return int64(classes.slabs[b.class].pages) << pageShift }

// Reclaimable returns the bytes that a compaction would free if every region could be moved. It looks at no slab.
//
// REQUIRES: the caller may use the arena.
func (a *Arena) Reclaimable() (n int64) {
	for i := range a.bins {
		n += a.bins[i].spare() * a.bins[i].slabBytes()
	}
	return n
}

// BeginCompaction plans a compaction of all classes and returns the bytes it would free.
func (a *Arena) BeginCompaction() (gain int64) {
	a.EndCompaction()
	for i := range a.bins {
		gain += a.PlanCompaction(i)
	}
	return gain
}

// PlanCompaction plans the compaction of a slab class and returns the bytes it would free. It looks at about 1,024
// slabs.
//
// REQUIRES: the last compaction has ended.
func (a *Arena) PlanCompaction(class int) int64 {
	b := &a.bins[class]
	b.plan = evacuation{}
	n := b.nonfull.count
	quota := int(min(b.spare(), int64(n)))
	if quota == 0 {
		return 0
	}
	slots := b.sample(compactSample)
	live := make([]uint16, 0, len(slots))
	for _, k := range slots {
		live = append(live, recordAt(b.slots[k]).live)
	}
	slices.Sort(live)
	b.plan = evacuation{quota: quota, threshold: live[(quota-1)*len(live)/n]}
	return int64(quota) * b.slabBytes()
}

// PlanAll plans a compaction that moves every region to a new slab, for no gain: tests want to see everything move.
//
// REQUIRES: the last compaction has ended.
func (a *Arena) PlanAll() {
	for i := range a.bins {
		b := &a.bins[i]
		b.plan = evacuation{all: true}
		b.cur = recordAt(0)
		for _, id := range b.slots {
			if id == 0 {
				continue
			}
			s := recordAt(id)
			if s.live == 0 { // was the current one
				a.releaseSlab(b, s)
				continue
			}
			if b.nonfull.has(s.pos) {
				b.nonfull.remove(s.pos)
			}
			b.evac.add(s.pos)
			s.evac = 1
		}
	}
}

// sample returns the slots of about most slabs that have free regions, and at least one if there is any: all of
// them, or those of every so many words.
func (b *bin) sample(most int) []uint32 {
	n := b.nonfull.count
	if n == 0 {
		return nil
	}
	slots := b.nonfull.appendSlots(nil, (n+most-1)/most)
	if len(slots) == 0 {
		slots = b.nonfull.appendSlots(slots, 1) // none in the words of the sample
	}
	return slots
}

// EndCompaction forgets the plan. Slabs that are marked and not empty serve allocations again.
func (a *Arena) EndCompaction() {
	for a.EndSome(1 << 30) {
	}
}

// EndSome is EndCompaction for at most most slabs, and reports whether there are more.
func (a *Arena) EndSome(most int) (more bool) {
	for i := range a.bins {
		b := &a.bins[i]
		b.plan.quota = 0
		for ; b.evac.count > 0; most-- {
			if most == 0 {
				return true
			}
			s := recordAt(b.slots[b.evac.first()])
			b.keep(s)
			if s.mask != 0 {
				b.nonfull.add(s.pos)
			}
		}
		b.plan = evacuation{}
	}
	return false
}

// ShouldMove reports whether region r of n requested bytes should be moved: its slab is to be emptied. Between
// the plan and the end of a compaction of the region's arena only; it is always false otherwise, and for large regions,
// whose pages are never shared. Whoever is told to move a region does, or runs out of memory.
//
// REQUIRES: the caller may use the region's arena.
func ShouldMove(r Ref, n int, p Purpose) bool {
	if uint(n) > uint(classes.smallMax) {
		return false
	}
	s := recordOf(r)
	if watch.on {
		noteWatched(s, r, n, p)
		return false
	}
	a := arenaList()[s.key>>16]
	if s.evac != 0 {
		a.moves.Moved++
		return true
	}
	b := &a.bins[s.key&0xffff]
	if b.plan.quota == 0 || s.live > b.plan.threshold || !b.nonfull.has(s.pos) {
		a.moves.Kept++
		return false // no plan, or too full, or current
	}
	b.plan.quota--
	b.nonfull.remove(s.pos)
	b.evac.add(s.pos)
	s.evac = 1
	a.moves.Moved++
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

package mem

import (
	"sync/atomic"

	"granary/internal/invariants"
)

// Every slab of a bin has a slot, the lowest that was unused when the slab was made. Slots are the order of preference:
// old slabs fill, young ones empty and go back to the page layer.

// refill gives the bin a current slab with a free region and returns it. The old one is full; full slabs are in no
// set, the page map finds them when something in them is freed.
func (a *Arena) refill(b *bin) *record {
	var s *record
	switch {
	case b.nonfull.count > 0:
		i := b.nonfull.first()
		b.nonfull.remove(i)
		s = recordAt(b.slots[i])
	case b.evac.count > 0 && !b.plan.all:
		// Slow path: rather stop emptying a slab than take a new one.
		s = recordAt(b.slots[b.evac.first()])
		b.keep(s)
	default:
		s = a.newSlab(b)
	}
	b.cur = s
	return s
}

// takeSlot gives s the lowest unused slot.
func (b *bin) takeSlot(s *record) {
	if b.unused.count > 0 {
		s.pos = b.unused.first()
		b.unused.remove(s.pos)
	} else {
		s.pos = uint32(len(b.slots))
		b.slots = append(b.slots, 0)
		b.unused.grow(len(b.slots))
		b.nonfull.grow(len(b.slots))
		b.evac.grow(len(b.slots))
	}
	b.slots[s.pos] = s.id
}

// newSlab takes a slab from the page layer. It panics with ErrOutOfMemory when there is none.
func (a *Arena) newSlab(b *bin) *record {
	c := &classes.slabs[b.class]
	s, _ := pages.alloc(c.pages, stateSlab, recordLines(int(c.regions)))
	if s == nil {
		panic(ErrOutOfMemory)
	}
	s.mapInner()
	s.key = b.key
	s.live, s.regs, s.mask, s.evac = 0, uint16(c.regions), 0, 0
	b.takeSlot(s)
	left := c.regions
	for w := uint(0); left > 0; w++ {
		n := min(left, 64)
		*s.word(w) = ^uint64(0) >> (64 - n)
		s.mask |= 1 << w
		left -= n
	}
	if invariants.Enabled {
		fill(s.ref(), s.bytes(), poisonFree)
	}
	a.publish(&b.slabs, 1)
	return s
}

// notFull offers a slab again that was full. The one of it and the current slab with the lower slot serves next.
func (a *Arena) notFull(b *bin, s *record) {
	if s.evac != 0 {
		return
	}
	cur := b.cur
	if cur.mask == 0 || s.pos > cur.pos {
		b.nonfull.add(s.pos)
		return
	}
	b.cur = s
	if cur.live == 0 {
		a.releaseSlab(b, cur)
	} else {
		b.nonfull.add(cur.pos)
	}
}

// emptied gives a slab without live regions back to the page layer.
func (a *Arena) emptied(b *bin, s *record) {
	if s.evac != 0 {
		b.evac.remove(s.pos)
		a.moves.Emptied += b.slabBytes()
	} else if b.nonfull.has(s.pos) {
		b.nonfull.remove(s.pos)
	}
	a.releaseSlab(b, s)
}

func (a *Arena) releaseSlab(b *bin, s *record) {
	b.slots[s.pos] = 0
	b.unused.add(s.pos)
	a.publish(&b.slabs, -1)
	pages.free(s)
}

// Trim gives back the empty slabs that the arena keeps, at most one per size class.
func (a *Arena) Trim() {
	for i := range a.bins {
		b := &a.bins[i]
		if s := b.cur; s.live == 0 && s.id != 0 {
			b.cur = recordAt(0)
			a.releaseSlab(b, s)
		}
	}
}

// publish adds to a total that others may read if the arena is shared.
func (a *Arena) publish(total *int64, n int64) {
	if a.shared {
		atomic.AddInt64(total, n)
	} else {
		*total += n
	}
}

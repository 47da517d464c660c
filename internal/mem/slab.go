package mem

import (
	"sync/atomic"

	"granary/internal/invariants"
)

// refill gives the bin a current slab with a free region and returns it. The old one is full; full slabs are in no
// list, the page map finds them when something in them is freed.
func (a *Arena) refill(b *bin) *record {
	s := b.nonfull.first()
	switch {
	case s != nil:
		b.nonfull.remove(s)
	case len(b.evac) > 0:
		// Slow path: rather stop emptying a slab than take a new one.
		s = b.evac[len(b.evac)-1]
		b.keep(s)
	default:
		s = a.newSlab(b)
	}
	b.cur = s
	return s
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
	s.live, s.regs, s.mask, s.evac, s.pos = 0, uint16(c.regions), 0, 0, 0
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

// notFull offers a slab again that was full. The lower one of it and the current slab serves next, so that low
// addresses fill and high ones empty.
func (a *Arena) notFull(b *bin, s *record) {
	if s.evac != 0 {
		return
	}
	cur := b.cur
	if cur.mask == 0 || s.start > cur.start {
		b.nonfull.push(s)
		return
	}
	b.cur = s
	if cur.live == 0 {
		a.releaseSlab(b, cur)
	} else {
		b.nonfull.push(cur)
	}
}

// emptied gives a slab without live regions back to the page layer.
func (a *Arena) emptied(b *bin, s *record) {
	switch {
	case s.evac != 0:
		b.dropEvac(s)
	case s.pos != 0:
		b.nonfull.remove(s)
	}
	a.releaseSlab(b, s)
}

func (a *Arena) releaseSlab(b *bin, s *record) {
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

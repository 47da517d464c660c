package mem

import "granary/internal/invariants"

// largeClassBit in a key says that the extent is one large region. Its class is its length.
const largeClassBit = 1 << 15

// allocLarge returns a region that is an extent of its own, and whether it is known to be zero.
func (a *Arena) allocLarge(n int, p Purpose) (r Ref, zero bool) {
	if n < 0 {
		bug("allocation of %d bytes (%s)", n, p)
	}
	if n > maxRegion {
		panic(ErrOutOfMemory)
	}
	usable := largeUsable(classes.profile, n)
	np := largePages(usable)
	s, zero := pages.alloc(np, stateLarge, 1)
	if s == nil {
		panic(ErrOutOfMemory)
	}
	s.key = a.id<<16 | largeClassBit
	s.live, s.regs, s.mask, s.evac, s.pos = 1, 1, 0, 0, 0
	s.setLargePurpose(p)
	a.bookLarge(n, usable, p, 1)
	a.publish(&a.largePages, int64(np))
	if invariants.Enabled {
		a.noteAlloc(s.ref(), n, usable, p, false)
	}
	return s.ref(), zero
}

// The record of a large region has no bitmap: the place holds what the region is for.

func (s *record) setLargePurpose(p Purpose) { s.free[0] = uint64(p) }

func (s *record) largePurpose() Purpose { return Purpose(s.free[0] % uint64(NumPurposes)) }

// freeLarge gives back a large region.
func (a *Arena) freeLarge(r Ref, n int, p Purpose) {
	usable := largeUsable(classes.profile, n)
	if invariants.Enabled {
		a.noteFree(r, n, usable, p)
	}
	s := a.largeRecord(r, n, usable, p)
	a.bookLarge(n, usable, p, -1)
	a.publish(&a.largePages, -int64(s.pages))
	s.live = 0
	pages.free(s)
}

// largeRecord returns the record of a large region after checking that it is one.
func (a *Arena) largeRecord(r Ref, n, usable int, p Purpose) *record {
	s := recordOf(r)
	switch {
	case s.key == noKey:
		bug("free or resize of %#x (%d bytes, %s): no region (double free?)", uint64(r), n, p)
	case s.key>>16 != a.id:
		bug("free or resize of %#x (%d bytes, %s) in arena %s: the region belongs to arena %d", uint64(r), n, p, a.name, s.key>>16)
	case s.key&largeClassBit == 0:
		bug("free or resize of %#x (%s): wrong size: got %d, the region is of class %d", uint64(r), p, n, s.key&0xffff)
	case s.ref() != r:
		bug("free or resize of %#x (%d bytes, %s): not the start of a region", uint64(r), n, p)
	case s.pages != largePages(usable):
		bug("free or resize of %#x (%s): wrong size: got %d, the region has %d pages", uint64(r), p, n, s.pages)
	}
	return s
}

// resizeLarge changes the size of a large region in place: into free pages behind it, or by cutting its end off.
func (a *Arena) resizeLarge(r Ref, old, n int, p Purpose) bool {
	if n > maxRegion {
		return false
	}
	was, usable := largeUsable(classes.profile, old), largeUsable(classes.profile, n)
	s := a.largeRecord(r, old, was, p)
	from, to := s.pages, largePages(usable)
	switch {
	case to > from:
		if !pages.extend(s, to) {
			return false
		}
	case to < from:
		if invariants.Enabled {
			a.checkCanary(r, old, was, p)
		}
		if !pages.shrink(s, to) {
			return false
		}
	}
	if invariants.Enabled {
		a.noteResize(r, old, n, usable, p)
	}
	a.bookLarge(old, was, p, -1)
	a.bookLarge(n, usable, p, 1)
	a.publish(&a.largePages, int64(to)-int64(from))
	return true
}

// Adopt makes a large region of another arena one of this arena, under another purpose. Its bytes stay where they are.
//
// REQUIRES: the caller may use both arenas; n is the region's size as from knows it, more than the slab limit.
func (a *Arena) Adopt(from *Arena, r Ref, n int, was, is Purpose) {
	if uint(n) <= uint(classes.smallMax) {
		bug("adoption of %#x (%d bytes, %s): a region of a slab stays in its arena", uint64(r), n, was)
	}
	usable := largeUsable(classes.profile, n)
	s := from.largeRecord(r, n, usable, was)
	if invariants.Enabled {
		from.checkLive(r, n, was)
		from.checkCanary(r, n, usable, was)
		delete(from.live, r)
		a.live[r] = liveRegion{n, is}
	}
	s.key = a.id<<16 | largeClassBit
	s.setLargePurpose(is)
	a.bookLarge(n, usable, is, 1)
	a.publish(&a.largePages, int64(s.pages))
	from.bookLarge(n, usable, was, -1)
	from.publish(&from.largePages, -int64(s.pages))
}

package mem

import (
	"sync/atomic"

	"granary/internal/invariants"
)

// Rebook moves a region from one purpose to another. Its bytes stay where they are.
//
// REQUIRES: r came from this arena; n is its requested size.
func (a *Arena) Rebook(r Ref, n int, was, is Purpose) {
	if invariants.Enabled {
		a.checkLive(r, n, was)
		a.live[r] = liveRegion{n, is}
	}
	if uint(n) > uint(classes.smallMax) {
		usable := largeUsable(classes.profile, n)
		a.largeRecord(r, n, usable, was)
		a.bookLarge(n, usable, was, -1)
		a.bookLarge(n, usable, is, 1)
		return
	}
	b := &a.bins[classes.lookup[uint(n+unitBytes-1)/unitBytes]]
	if s := recordOf(r); s.key != b.key {
		a.badFree(r, n, was, b, s)
	}
	if a.shared {
		b.tally[was].addShared(-1, -int64(n))
		b.tally[is].addShared(1, int64(n))
		atomic.AddInt64(&a.sums[sumOf[was]&1], -b.size)
		atomic.AddInt64(&a.sums[sumOf[is]&1], b.size)
		return
	}
	b.tally[was].count--
	b.tally[was].requested -= int64(n)
	b.tally[is].count++
	b.tally[is].requested += int64(n)
	a.sums[sumOf[was]&1] -= b.size
	a.sums[sumOf[is]&1] += b.size
}

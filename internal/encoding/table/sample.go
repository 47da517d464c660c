package table

import "granary/internal/mem"

// Samples of entries that expire. They are found by the marks that buckets have for expiry (stateExpireMask), so that no
// other entry is read, and segments without any are passed over by the tournament of expire.go.

// maxSampledSegments bounds what one call of SampleExpiring looks at where few entries expire.
const maxSampledSegments = 16

// SampleExpiring is Sample for entries with an expiry. It may find fewer than there are, but at least one if there is one.
func (t *Table) SampleExpiring(r uint64, dst []mem.Ref) int {
	if t.CountExpires() == 0 {
		return 0
	}
	const none = ^uint32(0)
	rt := t.head()
	x := t.expiry()
	r = mix(r)
	slot, first := rt.slotOf(r), none
	n := 0
	for looked := 0; n < len(dst) && (n == 0 || looked < maxSampledSegments); looked++ {
		own := x.next(slot)
		if own == first {
			break // once around
		}
		w, _ := rt.own(own)
		k := w.segment().sampleExpiring(uint(r&0xff), uint(r>>8&0xff), dst[n:])
		switch {
		case k == 0: // a stale bound
			t.nothingExpires(x, own, w)
		case first == none:
			first = own
		}
		n += k
		slot = (own + 1<<(rt.depth()-w.depth())) & (1<<rt.depth() - 1)
	}
	fetch(dst[:n])
	return n
}

// next returns the first segment from slot on, around the end, in which something may expire.
//
// REQUIRES: there is one.
func (x expiryBlock) next(slot uint32) uint32 {
	i := uint32(1)<<x.depth + slot
	if *x.node(i) != never {
		return slot
	}
	for ; i > 1; i >>= 1 {
		if i&1 == 0 && *x.node(i + 1) != never {
			i++
			break
		}
	}
	for i < 1<<x.depth {
		i *= 2
		if *x.node(i) == never {
			i++
		}
	}
	return i - 1<<x.depth
}

// sampleExpiring fills dst with entries of the segment that have an expiry, from a bucket on; each bucket is turned by some
// amount, which has nothing to do with where that begins.
func (s segment) sampleExpiring(from, turn uint, dst []mem.Ref) (n int) {
	for i := range s.lines {
		b := s.at((i + from) % s.lines)
		if b.state&stateExpireMask == 0 {
			continue
		}
		k := b.state.n()
		for j := range k {
			at := (j + turn) % k
			if !b.state.expire(at) {
				continue
			}
			if n == len(dst) {
				return n
			}
			dst[n] = b.ref(at)
			n++
		}
	}
	return n
}

// nothingExpires notes that no entry of a segment has an expiry any more.
func (t *Table) nothingExpires(x expiryBlock, slot uint32, w *word) {
	if c := x.clock(slot); *c != 0 {
		t.release(c.ref(), int(sizes[w.size()].lines)*4, mem.PurposeExpire)
		*c = 0
	}
	x.set(slot, never)
}

package table

import "granary/internal/mem"

// BucketSlots is the most entries a bucket holds.
const BucketSlots = bucketSlots

// A Walk goes through all entries of a table that does not change meanwhile, bucket by bucket in hash order. It is Each
// for those who want to pull, and to look at several entries at once.
type Walk struct {
	t    Table
	slot uint32
	bkt  uint
}

// Walk begins a walk.
func (t *Table) Walk() Walk { return Walk{t: *t} }

// Next fills dst with the entries of the next bucket that has any, and returns their number, 0 at the end.
//
// REQUIRES: len(dst) >= BucketSlots.
func (w *Walk) Next(dst []mem.Ref) int {
	r := w.t.head()
	for w.slot < 1<<r.depth() {
		seg, _ := r.own(w.slot)
		s := seg.segment()
		for w.bkt < s.lines {
			b := s.ahead(w.bkt)
			w.bkt++
			if n := len(b.entries((*[bucketSlots]mem.Ref)(dst))); n > 0 {
				return n
			}
		}
		w.slot += 1 << (r.depth() - seg.depth())
		w.bkt = 0
	}
	return 0
}

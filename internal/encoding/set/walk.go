package set

import (
	"runtime"

	"granary/internal/encoding/table"
	"granary/internal/mem"
)

// ahead is the most members that a Walk fetches at once. Their loads do not wait for each other, so the processor has
// about ten under way. Hashing 1M members that lie anywhere takes 17 ns each so, 30 bucket by bucket, and 105 through
// a method that gives one at a time.
const ahead = 4 * table.BucketSlots

// A Walk goes through all members of a set that does not change meanwhile, in hash order, some at a time.
//
//	w := s.Walk()
//	for refs := w.Next(); len(refs) > 0; refs = w.Next() {
//		for _, r := range refs {
//			use(set.Member(r))
//		}
//	}
type Walk struct {
	walk table.Walk
	refs [ahead]mem.Ref
}

// Walk begins a walk.
func (s *Set) Walk() Walk { return Walk{walk: s.t.Walk()} }

// Next returns the blocks of the next members, none at the end. They are valid until the next call.
func (w *Walk) Next() []mem.Ref {
	n := 0
	for n+table.BucketSlots <= ahead {
		k := w.walk.Next(w.refs[n:])
		if k == 0 {
			break
		}
		n += k
	}
	sum := byte(0)
	for _, r := range w.refs[:n] {
		sum += mem.Bytes(r, 1)[0]
	}
	runtime.KeepAlive(sum)
	return w.refs[:n]
}

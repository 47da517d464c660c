package set

import (
	"granary/internal/encoding/table"
	"granary/internal/mem"
)

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
	refs [table.BucketSlots]mem.Ref
}

// Walk begins a walk.
func (s *Set) Walk() Walk { return Walk{walk: s.t.Walk()} }

// Next returns the blocks of the next members, none at the end. They are valid until the next call.
func (w *Walk) Next() []mem.Ref { return w.refs[:w.walk.Next(w.refs[:])] }

package object

import (
	"granary/internal/encoding/stream"
	"granary/internal/mem"
)

// freeStream frees about budget nodes, consumers and pending entries of a stream; the root block goes last. What it
// reports as freed are nodes.
func freeStream(a *mem.Arena, e Entry, budget int) (freed int, done bool) {
	s := stream.Open(a, e.Root())
	before := s.Nodes()
	if s.FreeSlice(budget) {
		return before, true
	}
	return before - s.Nodes(), false
}

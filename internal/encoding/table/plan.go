package table

import "math"

// A table that grows from nothing to a known number of entries, as one that is loaded from a file, would move each of them six
// times on its way through the sizes of segments. With a plan it moves less than one of them (TestExpect prints how many): a
// segment that is full is split into as many as a step allows until they are as deep as they will be in the end, and those are
// made as large at once.
//
//	planned: 4 million entries            | depth 0, 10 entries
//	depth 4, 16 segments of 32 lines      | each splits at some 300 entries
//	depth 8, 256                          |
//	depth 12, 4096                        |
//	depth 13, 8192 segments of 56 lines   | which the rest of the entries fill
//
// So it is never larger than it will be, and no step does more than split one segment.

const (
	// spread is how many levels one split goes down by plan: 16 segments of 2 to 4 KB each.
	spread = 4

	// plannedMost is how many entries a segment is planned to hold at most. That is the average; near 600 one is split.
	plannedMost = 540
)

// plan is what the segments of a table will be. The zero plan is that nothing is known.
type plan struct{ depth, size uint8 }

// Expect says how many entries the table will have, before most of them come; 0: that is not known any more. It is about
// this handle, not about its copies. If fewer come, it is sparse until something is deleted or Compact acts; if more, it grows
// as usual.
func (t *Table) Expect(n int) {
	p := plan{}
	for p.depth < maxDepth && n>>p.depth > plannedMost {
		p.depth++
	}
	// Some segments have fewer than the average, and those that have more grow by themselves.
	most := n >> p.depth
	if p.depth > 0 {
		most -= int(math.Sqrt(float64(most)))
	}
	for p.size < lastSize && most > int(sizes[p.size].fill) {
		p.size++
	}
	t.plan = p
}

// sizeAt returns the size that a segment is made in when another one of a smaller depth is split.
func (p plan) sizeAt(depth uint) uint {
	if depth == uint(p.depth) {
		return max(uint(p.size), firstFull)
	}
	return firstFull
}

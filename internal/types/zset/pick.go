package zset

import (
	"math/rand/v2"

	large "granary/internal/encoding/zset"
	"granary/internal/mem"
)

// Random returns a member, each as likely as any other, with its score. REQUIRES: there is one.
func (v *Value) Random(s *Scratch) (member []byte, score float64) {
	if v.flat != nil {
		c := Cursor{flat: v.flat, p: v.flat.Random(2, rand.Uint64())}
		return c.Member(s), c.Score()
	}
	e := v.large.Random(rand.Uint64())
	return large.Member(e), large.Score(e)
}

// Sample gives emit n different members; each choice of n is as likely as any other. REQUIRES: n <= Len.
func (v *Value) Sample(n int, emit func(member []byte, score float64)) {
	left := v.Len()
	// Few of many: what comes twice is drawn again.
	if v.flat == nil && n < left/16 {
		seen := make(map[mem.Ref]bool, n)
		for len(seen) < n {
			if e := v.large.Random(rand.Uint64()); !seen[e] {
				seen[e] = true
				emit(large.Member(e), large.Score(e))
			}
		}
		return
	}
	var s Scratch
	c := v.At(0)
	for ; n > 0; c.Next() {
		// Of the members left n are still to be taken, so this one is with the chance n/left.
		if rand.IntN(left) < n {
			emit(c.Member(&s), c.Score())
			n--
		}
		left--
	}
}

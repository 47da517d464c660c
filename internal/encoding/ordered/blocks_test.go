package ordered

import (
	"math/rand/v2"
	"testing"

	"granary/internal/mem"
)

// TestBlocks sees that the blocks add up to Bytes, and that fewer are counted when only few may be looked at.
func TestBlocks(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	a := noLeak(t)
	tree := New(a, testKind)
	sum := func(most int) (n int64, all bool) {
		all = tree.Blocks(most, func(_ string, requested int, count int64) { n += int64(mem.Usable(requested)) * count })
		return n, all
	}
	for i := range 20000 {
		tree.Insert(newEntry(a, float64(rng.IntN(5000)), string([]byte{byte(i), byte(i >> 8), byte(i >> 16)})))
		if i%997 != 0 {
			continue
		}
		if n, all := sum(1 << 20); n != tree.Bytes() || !all {
			t.Fatalf("%d entries: blocks of %d bytes, the tree says %d", i, n, tree.Bytes())
		}
	}
	if n, all := sum(2); all || n >= tree.Bytes() {
		t.Errorf("%d of %d bytes with two nodes looked at", n, tree.Bytes())
	}
	tree.Free(func(e mem.Ref) { freeEntry(a, e) })
}

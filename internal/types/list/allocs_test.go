//go:build !race

package list

// Go allocations are counted without the race detector, which allocates.

import (
	"testing"
)

// TestAllocs pins that pushing and popping allocates nothing on the Go heap, in both encodings.
func TestAllocs(t *testing.T) {
	for _, n := range []int{10, 5000} {
		w := newWorld(t, Limits{Fill: -2})
		it := w.item()
		for range n {
			Push(&it, w.lim, texts("element"), false)
		}
		one := texts("another element")
		allocs := testing.AllocsPerRun(1000, func() {
			it := w.item()
			Push(&it, w.lim, one, true)
			DeleteRange(&it, w.lim, 0, 1)
		})
		if allocs != 0 {
			t.Errorf("%d elements: %v allocations per push and pop", n, allocs)
		}
	}
}

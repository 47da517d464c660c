//go:build !race

package lists

// Go allocations are counted without the race detector, which allocates.

import (
	"testing"

	"granary/internal/command/commandtest"
)

// TestAllocs pins that pushing to and popping from a list that exists allocates nothing on the Go heap.
func TestAllocs(t *testing.T) {
	for _, n := range []int{10, 5000} {
		s := commandtest.New(t, Register)
		s.Env.Keys.Events = 0
		for range n {
			s.Do("RPUSH", "l", "an element")
		}
		push := [][]byte{[]byte("LPUSH"), []byte("l"), []byte("another element")}
		pop := [][]byte{[]byte("LPOP"), []byte("l")}
		allocs := testing.AllocsPerRun(1000, func() {
			s.Out.Reset()
			s.Client.Do(push...)
			s.Client.Do(pop...)
		})
		if allocs != 0 {
			t.Errorf("%d elements: %v allocations for LPUSH and LPOP", n, allocs)
		}
	}
}

//go:build !invariants

package zset

// Go allocations are counted without the extra checks, which allocate.

import (
	"fmt"
	"testing"
)

// TestAllocs pins that nothing allocates on the Go heap.
func TestAllocs(t *testing.T) {
	a := noLeak(t)
	s := New(a)
	for i := range 5000 {
		m := fmt.Appendf(nil, "member:%06d", i)
		s.Add(s.Find(m), m, float64(i))
	}
	m := []byte("member:002500")
	other := []byte("another")
	score := 0.5
	for what, fn := range map[string]func(){
		"Find and Rank": func() { s.Rank(s.Find(m).Entry) },
		"Rescore": func() {
			s.Rescore(s.Find(m), score)
			score += 7
		},
		"Add and Remove": func() {
			s.Add(s.Find(other), other, score)
			s.Remove(s.Find(other))
		},
	} {
		if n := testing.AllocsPerRun(200, fn); n != 0 {
			t.Errorf("%s allocates %.1f times", what, n)
		}
	}
	s.Free()
}

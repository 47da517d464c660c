package table

import (
	"fmt"
	"testing"

	"granary/internal/mem"
)

// TestWalk pins that a walk meets every entry once, at all sizes, and in the same order as Each.
func TestWalk(t *testing.T) {
	fixSeed(t, *seedFlag)
	m := newModel(t)
	for _, n := range []int{0, 1, 9, 70, 500, 700, 5000, 20000} {
		for len(m.order) < n {
			m.set(fmt.Sprint(len(m.order)), 0)
		}
		var want, got []mem.Ref
		m.t.Each(func(r mem.Ref) bool {
			want = append(want, r)
			return true
		})
		var buf [BucketSlots]mem.Ref
		w := m.t.Walk()
		for k := w.Next(buf[:]); k > 0; k = w.Next(buf[:]) {
			got = append(got, buf[:k]...)
		}
		if len(want) != n || fmt.Sprint(got) != fmt.Sprint(want) {
			t.Fatalf("%d entries: Each gives %d, Walk %d", n, len(want), len(got))
		}
	}
	m.free()
}

// TestContent pins that the sum of the entries' bytes survives growth.
func TestContent(t *testing.T) {
	m := newModel(t)
	for i := range 3000 {
		m.set(fmt.Sprint(i), 0)
		m.t.AddContent(7)
	}
	m.t.AddContent(-10)
	if got := m.t.Content(); got != 3000*7-10 {
		t.Errorf("the sum is %d", got)
	}
	m.free()
}

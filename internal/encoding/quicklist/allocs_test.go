//go:build !race && !invariants

package quicklist

// Go allocations are counted in builds that have none of their own: the race detector and the extra checks allocate.

import (
	"fmt"
	"testing"
)

// TestAllocs pins that no operation allocates on the Go heap.
func TestAllocs(t *testing.T) {
	for _, depth := range []int{0, 1} {
		m := newModel(t, -2, depth)
		var es []Elem
		for i := range 1500 {
			es = append(es, of(fmt.Sprint("element number ", i)))
		}
		if n := testing.AllocsPerRun(5, func() {
			for i, e := range es {
				m.l.PushTail(e)
				m.l.PushHead(e)
				m.l.Insert(i, e)
				m.l.Set(i, e)
				m.l.Rotate(false)
			}
			for it := m.l.From(0); it.Valid(); it.Next() {
				it.Elem()
			}
			m.l.Remove(es[7], 2, false)
			m.l.DeleteRange(10, 100)
			for m.l.Len() > 0 {
				m.l.Head()
				m.l.PopHead()
				m.l.Index(m.l.Len() / 2)
				m.l.PopTail()
			}
		}); n != 0 {
			t.Errorf("depth %d: %v Go allocations", depth, n)
		}
		m.free()
	}
}

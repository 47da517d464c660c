package quicklist

import (
	"fmt"
	"strings"
	"testing"

	"granary/internal/mem"
)

// TestRelocate makes the arena sparse, so that the allocator wants every kind of block moved, and reads what was moved.
func TestRelocate(t *testing.T) {
	for _, depth := range []int{0, 1} {
		a := noLeak(t)
		st := NewStore(a)
		st.SetPackedThreshold(300)
		var lists, spare []List
		for i := range 400 {
			l := New(st, 3, depth)
			for j := range 300 {
				l.PushTail(of(fmt.Sprintf("list %d element %d %s", i, j, strings.Repeat("y", 40))))
			}
			l.PushTail(of(strings.Repeat(fmt.Sprint(i), 300)))
			lists = append(lists, l)
			for range 12 {
				spare = append(spare, New(st, 3, depth))
			}
		}
		for i := range spare {
			spare[i].Free()
		}
		for i := range lists {
			if i%5 != 0 {
				lists[i].Free()
			}
		}
		refs := func() (blocks [3]map[mem.Ref]bool) {
			for i := range blocks {
				blocks[i] = map[mem.Ref]bool{}
			}
			for i := range lists {
				if lists[i].Root() == 0 {
					continue
				}
				blocks[0][lists[i].Root()] = true
				var p path
				for ok := lists[i].firstNode(&p); ok; ok = lists[i].nextNode(&p) {
					for h := range p.levels {
						blocks[1][p.at[h].ref] = true
					}
					n := p.node()
					blocks[2][n.ref] = true
				}
			}
			return blocks
		}
		before := refs()
		if gain := a.BeginCompaction(); gain == 0 {
			t.Fatal("nothing to be gained")
		}
		for i := range lists {
			l := &lists[i]
			if l.Root() == 0 {
				continue
			}
			l.Index(5) // a compressed node is in the buffer
			calls := 0
			for c := uint64(0); ; calls++ {
				if c = l.Relocate(c); c == 0 {
					break
				}
			}
			if most := l.Nodes()/relocateNodes + l.Nodes()/maxSlots + 2; calls > most {
				t.Fatalf("%d calls for %d nodes", calls, l.Nodes())
			}
			l.RelocateRoot()
			if e, _ := l.Index(5); !strings.HasPrefix(text(e), fmt.Sprintf("list %d element 5 ", i)) {
				t.Fatalf("list %d: %q", i, text(e))
			}
		}
		a.EndCompaction()
		after := refs()
		for i, what := range []string{"root", "tree", "node"} {
			moved := 0
			for r := range after[i] {
				if !before[i][r] {
					moved++
				}
			}
			t.Logf("depth %d: %d of %d %s blocks moved", depth, moved, len(after[i]), what)
			if moved == 0 && !raceBuild {
				t.Errorf("no %s block was moved", what)
			}
		}
		for i := range lists {
			l := &lists[i]
			if l.Root() == 0 {
				continue
			}
			if err := l.Check(); err != nil {
				t.Fatal(err)
			}
			j := 0
			for it := l.From(0); it.Valid() && j < 300; it.Next() {
				if !strings.HasPrefix(text(it.Elem()), fmt.Sprintf("list %d element %d ", i, j)) {
					t.Fatalf("list %d, element %d: %q", i, j, text(it.Elem()))
				}
				j++
			}
			l.Free()
		}
	}
}

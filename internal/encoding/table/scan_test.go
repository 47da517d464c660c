package table

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"granary/internal/mem"
)

// TestScanUnderChange is the guarantee of SCAN: what was there from the first call to the last is returned,
// whatever happens in between. Every round scans one table while it grows, splits, shrinks or churns.
func TestScanUnderChange(t *testing.T) {
	t.Logf("seed %d", *seedFlag)
	sizes := []int{0, 1, 5, 30, 200, 650, 5000}
	if raceBuild {
		sizes = sizes[:6]
	}
	for _, size := range sizes {
		for _, mode := range []string{"still", "grow", "shrink", "churn", "grow then shrink"} {
			t.Run(fmt.Sprint(mode, size), func(t *testing.T) {
				rnd := rand.New(rand.NewPCG(*seedFlag, uint64(size)))
				m := newModel(t)
				for i := range size {
					m.set(fmt.Sprint("k", i), 0)
				}
				stay := map[string]bool{} // every third key stays
				for i := 0; i < size; i += 3 {
					stay[fmt.Sprint("k", i)] = true
				}
				fresh := 0
				step := func(grow bool, n int) {
					for range n {
						if grow {
							m.set(fmt.Sprint("n", fresh), 0)
							fresh++
						} else if len(m.order) > 0 {
							if k := m.order[rnd.IntN(len(m.order))]; !stay[k] {
								m.del(k)
							}
						}
					}
				}
				if mode == "shrink" {
					step(true, 5*size)
				}
				seen := map[string]int{}
				calls := 0
				for c := uint64(0); ; calls++ {
					was := c
					if c = m.t.Scan(c, func(e mem.Ref) { seen[string(entryKey(e))]++ }); c == 0 {
						break
					}
					if c <= was || c >= 1<<positionBits {
						t.Fatalf("cursor %d after %d", c, was)
					}
					switch mode {
					case "grow":
						step(true, min(1+size/20, 20))
					case "shrink":
						step(false, 1+size/10)
					case "churn":
						step(true, 3)
						step(false, 3)
					case "grow then shrink":
						step(calls%40 < 20, 1+size/10)
					}
					if calls > 100_000 {
						t.Fatal("the scan does not end")
					}
				}
				for k := range stay {
					if seen[k] == 0 {
						t.Errorf("%s was not returned", k)
					}
				}
				if mode == "still" && len(seen) != size {
					t.Errorf("%d of %d returned", len(seen), size)
				}
				for k, n := range seen {
					if mode == "still" && n != 1 {
						t.Errorf("%s was returned %d times by a table at rest", k, n)
					}
				}
				m.verifyAll()
				m.free()
			})
		}
	}
}

// TestScanDeletes pins that emit may delete what it is given, which is how a scan drops expired keys.
func TestScanDeletes(t *testing.T) {
	m := newModel(t)
	for i := range 3000 {
		m.set(fmt.Sprint(i), 0)
	}
	for c := uint64(0); ; {
		c = m.t.Scan(c, func(e mem.Ref) { m.del(string(entryKey(e))) })
		if c == 0 {
			break
		}
	}
	if m.t.Len() != 0 {
		t.Errorf("%d left", m.t.Len())
	}
	m.check()
	m.free()
}

// TestScanForeignCursor gives Scan numbers that it never returned.
func TestScanForeignCursor(t *testing.T) {
	m := newModel(t)
	for i := range 3000 {
		m.set(fmt.Sprint(i), 0)
	}
	rnd := rand.New(rand.NewPCG(1, 2))
	for range 10_000 {
		c := rnd.Uint64() >> rnd.IntN(64)
		next := m.t.Scan(c, func(e mem.Ref) {
			if c >= 1<<positionBits {
				t.Fatalf("cursor %d gave an entry", c)
			}
			from, to := m.t.Span(c)
			if p := Position(Hash(entryKey(e))); p < from || p >= to {
				t.Fatalf("cursor %d gave an entry at %d", c, p)
			}
		})
		if next != 0 && next <= c {
			t.Fatalf("cursor %d after %d", next, c)
		}
	}
	m.free()
}

// TestSpan pins that spans tile the positions, in tables of all shapes, and that every key is at home in
// the span of its position.
func TestSpan(t *testing.T) {
	m := newModel(t)
	var buf [MaxAtHome]mem.Ref
	for i := range 4000 {
		m.set(fmt.Sprint(i), 0)
		if i > 700 && i%100 != 0 {
			continue
		}
		n := 0
		for pos := uint64(0); pos < 1<<positionBits; {
			from, to := m.t.Span(pos)
			if from != pos || to <= from {
				t.Fatalf("%d keys: span [%d,%d) at %d", m.t.Len(), from, to, pos)
			}
			if f, l := m.t.Span(to - 1); f != from || l != to {
				t.Fatalf("%d keys: the last position of [%d,%d) is in [%d,%d)", m.t.Len(), from, to, f, l)
			}
			for _, e := range buf[:m.t.AtHome(pos, &buf)] {
				if p := Position(Hash(entryKey(e))); p < from || p >= to {
					t.Fatalf("entry of position %d in [%d,%d)", p, from, to)
				}
				n++
			}
			pos = to
		}
		if n != m.t.Len() {
			t.Fatalf("%d of %d entries", n, m.t.Len())
		}
	}
	m.free()
}

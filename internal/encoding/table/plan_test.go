package table

import (
	"testing"
)

// TestExpect compares tables that know how many entries they will have with tables that grow: they end alike, without the
// steps between, and are never larger on the way than at the end.
func TestExpect(t *testing.T) {
	fixSeed(t, 1)
	sizes := []int{5, 11, 100, 540, 620, 1000, 1100, 5000, 9000, 30_000, 120_000, 250_000}
	if raceBuild {
		sizes = sizes[:9]
	}
	for _, n := range sizes {
		a := noLeak(t)
		made := func(expected int) (tab Table, rebuilt int) {
			tab = New(a, numberKind)
			tab.Expect(expected)
			most := int64(0)
			for i := range n {
				e := newNumber(a, i)
				h := Hash(numberKind.Key(e))
				w, _ := tab.head().own(tab.head().slotOf(h))
				ref, had := w.ref(), w.n()
				tab.Insert(h, e)
				if w, _ := tab.head().own(tab.head().slotOf(h)); w.ref() != ref {
					rebuilt += had
				}
				most = max(most, tab.Bytes())
			}
			if err := tab.Check(); err != nil {
				t.Errorf("%d of %d expected: %v", n, expected, err)
			}
			if expected == n && most > tab.Bytes() {
				t.Errorf("%d expected: %d bytes on the way, %d in the end", n, most, tab.Bytes())
			}
			return tab, rebuilt
		}
		grown, steps := made(0)
		planned, rebuilt := made(n)
		fewer, _ := made(4 * n)
		per := func(tab Table) float64 { return float64(tab.Bytes()) / float64(n) }
		t.Logf("%7d entries: %.2f bytes and %.2f moves per entry, %.2f and %.2f when grown; %.2f bytes when four times as many were expected",
			n, per(planned), float64(rebuilt)/float64(n), per(grown), float64(steps)/float64(n), per(fewer))
		if n > 100 && per(planned) > min(per(grown)*1.07, 8.6) {
			t.Errorf("%d expected: %d bytes, %d when grown", n, planned.Bytes(), grown.Bytes())
		}
		if n > 100 && rebuilt > steps/2 {
			t.Errorf("%d expected: %d entries were moved, %d when grown", n, rebuilt, steps)
		}
		for _, tab := range []*Table{&grown, &planned, &fewer} {
			tab.Free(freeNumber(a))
		}
	}
}

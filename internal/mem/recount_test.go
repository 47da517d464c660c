package mem

import (
	"math/rand/v2"
	"testing"
)

// TestCountAgain holds the count against the books after a random history, and sees books that are wrong.
func TestCountAgain(t *testing.T) {
	a := NewArena("recount")
	defer a.Close()
	rng := rand.New(rand.NewPCG(1, 2))
	type block struct {
		r Ref
		n int
	}
	var live []block
	for range 20_000 {
		if len(live) > 0 && rng.IntN(5) < 2 {
			i := rng.IntN(len(live))
			a.Free(live[i].r, live[i].n, PurposeString)
			live[i] = live[len(live)-1]
			live = live[:len(live)-1]
			continue
		}
		n := 1 + rng.IntN(300)
		if rng.IntN(50) == 0 {
			n = rng.IntN(100_000)
		}
		live = append(live, block{a.Alloc(n, PurposeString), n})
	}
	r := CountAgain()
	if r.Difference() != 0 || r.Slabs.Counted == 0 || r.Large.Counted == 0 {
		t.Errorf("%+v", r)
	}
	c := &a.bins[5].tally[PurposeString]
	c.count++
	if r := CountAgain(); r.Difference() != a.bins[5].size || len(r.Classes) != 1 || r.Classes[0].Booked-r.Classes[0].Counted.Counted != 1 {
		t.Errorf("a region too many in the books: %+v", r)
	}
	c.count--
	a.largePages--
	if r := CountAgain(); r.Difference() != pageSize {
		t.Errorf("a page missing in the books: %+v", r)
	}
	a.largePages++
	for _, b := range live {
		a.Free(b.r, b.n, PurposeString)
	}
	CheckLeaks(t)
}

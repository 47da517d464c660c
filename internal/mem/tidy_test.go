//go:build !race

// The range of a race build is too small for so many extents.

package mem

import (
	"math/rand/v2"
	"testing"
)

// TestTidy makes many slabs, frees most, and moves what is left of their records together, with other arenas and free extents
// between them and while allocations go on.
func TestTidy(t *testing.T) {
	defer func(n uint32) { tidyLines = n }(tidyLines)
	tidyLines = 1000
	check := func(name string, keep, churn int) {
		t.Run(name, func(t *testing.T) {
			reopen(t, Config{})
			a, other := testArena(t), testArena(t)
			rnd := rand.New(rand.NewPCG(11, uint64(keep)))
			var live []moved
			get := func(from *Arena, n int) moved {
				m := moved{r: from.Alloc(n, PurposeEntry), n: n, x: byte(rnd.Uint32())}
				fillBytes(Bytes(m.r, min(n, 64)), m.x)
				return m
			}
			var foreign []moved
			for i := range 30_000 {
				n := []int{100, 1000, 3000, 5000, 14_000, 40_000}[rnd.IntN(6)]
				live = append(live, get(a, n))
				if i == 100 || i == 20_000 {
					foreign = append(foreign, get(other, n))
				}
			}
			kept := live[:0]
			stays := false
			for i, m := range live {
				if i%300 == 0 { // whole slabs go
					stays = rnd.IntN(100) < keep
				}
				if stays {
					kept = append(kept, m)
				} else {
					a.Free(m.r, m.n, PurposeEntry)
				}
			}
			live = kept
			before := ReadStats().Metadata
			steps := 0
			for ; a.Tidy(100); steps++ {
				for range churn {
					if len(live) > 0 && rnd.IntN(2) == 0 {
						i := rnd.IntN(len(live))
						a.Free(live[i].r, live[i].n, PurposeEntry)
						live[i] = live[len(live)-1]
						live = live[:len(live)-1]
					} else {
						live = append(live, get(a, 1+rnd.IntN(20_000)))
					}
				}
				if steps%8 == 0 {
					Check()
				}
				if steps > 2000 {
					t.Fatal("no end")
				}
			}
			Check()
			after := ReadStats().Metadata
			t.Logf("metadata %d, then %d after %d steps", before, after, steps)
			if steps == 0 || after > before || churn == 0 && after > before*3/4 {
				t.Errorf("metadata %d, then %d after %d steps", before, after, steps)
			}
			for range 5000 {
				live = append(live, get(a, 1+rnd.IntN(3000)))
			}
			Check()
			for _, m := range live {
				if i := firstNot(Bytes(m.r, min(m.n, 64)), m.x); i >= 0 {
					t.Fatalf("byte %d is wrong", i)
				}
				a.Free(m.r, m.n, PurposeEntry)
			}
			for _, m := range foreign {
				other.Free(m.r, m.n, PurposeEntry)
			}
			Check()
		})
	}
	check("few stay", 5, 0)
	check("half stay", 40, 0)
	check("while others come and go", 20, 20)
}

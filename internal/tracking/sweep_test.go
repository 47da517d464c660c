package tracking

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"granary/tests/live"
)

// TestSweep forgets clients that are gone, in random histories beside a map of sets.
func TestSweep(t *testing.T) {
	rnd := rand.New(rand.NewPCG(live.Seed(t), 1))
	a := newArena(t)
	x := NewKeys(a)
	for round := range 30 {
		model := map[string]map[int64]bool{}
		for range 3000 {
			name, c := fmt.Sprint("key:", rnd.IntN(400)), 1+rnd.Int64N(1+rnd.Int64N(200))
			if rnd.IntN(3) == 0 {
				name = "hot"
			}
			x.Remember([]byte(name), c)
			if model[name] == nil {
				model[name] = map[int64]bool{}
			}
			model[name][c] = true
		}
		dead := func(c int64) bool { return c%int64(2+round%5) == 0 || round%7 == 6 }
		want := int64(0)
		for name, s := range model {
			for c := range s {
				if dead(c) {
					want++
					delete(s, c)
				}
			}
			if len(s) == 0 {
				delete(model, name)
			}
		}
		sweep := func(act bool) (sum Dead) {
			before := booked(a)
			for c := uint64(0); ; {
				next, d := x.Sweep(c, act, func(id int64) bool { return !dead(id) })
				sum.Items, sum.Bytes, sum.Freed = sum.Items+d.Items, sum.Bytes+d.Bytes, sum.Freed+d.Freed
				if c = next; c == 0 {
					break
				}
			}
			// Removing keys may make the table smaller, too.
			if freed := before - booked(a); freed < sum.Freed || !act && freed != 0 {
				t.Fatalf("%d bytes less, says %d", freed, sum.Freed)
			}
			return sum
		}
		found := sweep(false)
		done := sweep(true)
		if found.Items != want || done.Items < want || done.Freed < found.Bytes || found.Freed != 0 {
			t.Fatalf("found %+v, done %+v, want %d", found, done, want)
		}
		if left := sweep(false); left.Items != 0 {
			t.Fatalf("left %+v", left)
		}
		if err := x.Check(); err != nil {
			t.Fatal(err)
		}
		items := 0
		for name, s := range model {
			n := 0
			x.Take([]byte(name), func(_ []byte, c int64) {
				if !s[c] {
					t.Fatalf("%s was not read by %d", name, c)
				}
				n++
			})
			if n != len(s) {
				t.Fatalf("%s was read by %d clients, want %d", name, n, len(s))
			}
			items += n
		}
		if x.Len() != 0 || x.Items() != 0 {
			t.Fatalf("%d keys left, %d items", x.Len(), x.Items())
		}
	}
}

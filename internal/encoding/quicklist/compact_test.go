package quicklist

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"granary/internal/mem"
)

// TestCompact fits nodes in random histories: the list stays what it is, its books are right, and no room is left.
func TestCompact(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 8))
	for _, depth := range []int{0, 1} {
		a := noLeak(t)
		st := NewStore(a)
		l := New(st, -2, depth)
		var want []string
		freed := int64(0)
		for range 300 {
			for range rng.IntN(60) {
				s := strings.Repeat("e", rng.IntN(200)) + fmt.Sprint(rng.IntN(1000))
				switch rng.IntN(5) {
				case 0, 1:
					l.PushTail(of(s))
					want = append(want, s)
				case 2:
					l.PushHead(of(s))
					want = append([]string{s}, want...)
				case 3:
					if len(want) > 1 {
						l.PopHead()
						want = want[1:]
					}
				case 4:
					if len(want) > 0 {
						i := rng.IntN(len(want))
						l.Set(i, of(s))
						want[i] = s
					}
				}
			}
			before := l.Bytes()
			var found, done Spare
			walk := func(act bool, sum *Spare) {
				for i := 0; ; {
					next, s := l.Compact(i, 1+rng.IntN(4), 0, act)
					sum.Bytes, sum.Freed, sum.Count = sum.Bytes+s.Bytes, sum.Freed+s.Freed, sum.Count+s.Count
					if i = next; i == 0 {
						return
					}
				}
			}
			walk(false, &found)
			if l.Bytes() != before || found.Freed != 0 {
				t.Fatal("looking changes the list")
			}
			walk(true, &done)
			if done.Freed != found.Bytes || done.Bytes != found.Bytes || before-l.Bytes() != done.Freed {
				t.Fatalf("found %+v, done %+v, %d bytes less", found, done, before-l.Bytes())
			}
			freed += done.Freed
			walk(false, &done)
			if done.Bytes != found.Bytes {
				t.Fatalf("%d bytes are left", done.Bytes-found.Bytes)
			}
			if err := l.Check(); err != nil {
				t.Fatal(err)
			}
			sum := int64(0)
			l.Blocks(1<<30, func(_ string, _ mem.Purpose, _, usable, _ int64) { sum += usable })
			if sum != l.Bytes() || l.Len() != len(want) {
				t.Fatalf("blocks of %d bytes, the list says %d; %d elements, want %d", sum, l.Bytes(), l.Len(), len(want))
			}
		}
		for i, s := range want {
			if e, ok := l.Index(i); !ok || text(e) != s {
				t.Fatalf("element %d is %q, want %q", i, text(e), s)
			}
		}
		if freed == 0 {
			t.Error("nothing was ever to be freed")
		}
		l.Free()
	}
}

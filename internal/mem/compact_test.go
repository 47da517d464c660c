package mem

import (
	"math/rand/v2"
	"testing"
)

type moved struct {
	r Ref
	n int
	x byte
}

// sparse fills an arena with regions of the given sizes and frees all but keep of 100, at random.
func sparse(a *Arena, rnd *rand.Rand, count, keep int, size func() int) (live []moved) {
	for range count {
		m := moved{n: size(), x: byte(rnd.Uint32())}
		m.r = a.Alloc(m.n, PurposeEntry)
		fillBytes(Bytes(m.r, m.n), m.x)
		live = append(live, m)
	}
	kept := live[:0]
	for _, m := range live {
		if rnd.IntN(100) < keep {
			kept = append(kept, m)
		} else {
			a.Free(m.r, m.n, PurposeEntry)
		}
	}
	return kept
}

// compact runs one whole compaction over live and returns how many regions it moved.
func compact(t *testing.T, a *Arena, live []moved) (moves int) {
	t.Helper()
	a.BeginCompaction()
	for i := range live {
		m := &live[i]
		if !ShouldMove(m.r, m.n, PurposeEntry) {
			continue
		}
		to := a.Alloc(m.n, PurposeEntry)
		copy(Bytes(to, m.n), Bytes(m.r, m.n))
		a.Free(m.r, m.n, PurposeEntry)
		m.r = to
		moves++
	}
	Check()
	a.EndCompaction()
	Check()
	for _, m := range live {
		if i := firstNot(Bytes(m.r, m.n), m.x); i >= 0 {
			t.Fatalf("byte %d of a moved region is wrong", i)
		}
	}
	return moves
}

func TestCompaction(t *testing.T) {
	check := func(name string, count, keep int, limit float64, size func(*rand.Rand) int) {
		t.Run(name, func(t *testing.T) {
			reopen(t, Config{})
			a := testArena(t)
			rnd := rand.New(rand.NewPCG(3, 9))
			live := sparse(a, rnd, count, keep, func() int { return size(rnd) })
			before := ReadStats()
			moves := compact(t, a, live)
			st := ReadStats()
			was := float64(before.Active) / float64(before.Books.Total.Usable)
			is := float64(st.Active) / float64(st.Books.Total.Usable)
			t.Logf("active/used %.3f, then %.3f after %d moves of %d regions", was, is, moves, len(live))
			if is > limit {
				t.Errorf("active/used %.3f, want %.3f", is, limit)
			}
			if moves > len(live) {
				t.Errorf("%d moves for %d regions", moves, len(live))
			}
			if st.Books.Total != before.Books.Total {
				t.Errorf("books changed: %+v, %+v", before.Books.Total, st.Books.Total)
			}
			if again := compact(t, a, live); again > len(live)/50 {
				t.Errorf("a second compaction moved %d regions", again)
			}
			for _, m := range live {
				a.Free(m.r, m.n, PurposeEntry)
			}
		})
	}
	one := func(*rand.Rand) int { return 64 }
	check("one size, half", 100000, 50, 1.01, one)
	check("one size, tenth", 100000, 10, 1.03, one)
	check("one size, most", 100000, 90, 1.01, one)
	check("mixed", 200000, 30, 1.05, func(rnd *rand.Rand) int { return 1 + rnd.IntN(500) })
	check("two per slab", 2000, 60, 1.02, func(*rand.Rand) int { return 14336 })
}

// TestCompactionUnderLoad allocates and frees between the steps of a compaction.
func TestCompactionUnderLoad(t *testing.T) {
	reopen(t, Config{})
	a := testArena(t)
	rnd := rand.New(rand.NewPCG(5, 5))
	live := sparse(a, rnd, 50000, 40, func() int { return 1 + rnd.IntN(300) })
	for range 3 {
		a.BeginCompaction()
		for i := 0; i < len(live); i++ {
			m := &live[i]
			if ShouldMove(m.r, m.n, PurposeEntry) {
				to := a.Alloc(m.n, PurposeEntry)
				copy(Bytes(to, m.n), Bytes(m.r, m.n))
				a.Free(m.r, m.n, PurposeEntry)
				m.r = to
			}
			switch rnd.IntN(4) {
			case 0:
				n := 1 + rnd.IntN(300)
				x := moved{a.Alloc(n, PurposeEntry), n, byte(i)}
				fillBytes(Bytes(x.r, n), x.x)
				live = append(live, x)
				if len(live) > 60000 {
					i = len(live)
				}
			case 1, 2:
				k := rnd.IntN(len(live))
				a.Free(live[k].r, live[k].n, PurposeEntry)
				live[k] = live[len(live)-1]
				live = live[:len(live)-1]
			}
		}
		Check()
		a.EndCompaction()
		Check()
	}
	for _, m := range live {
		if i := firstNot(Bytes(m.r, m.n), m.x); i >= 0 {
			t.Fatalf("byte %d of a region is wrong", i)
		}
		a.Free(m.r, m.n, PurposeEntry)
	}
}

func TestShouldMoveWithoutPlan(t *testing.T) {
	reopen(t, Config{})
	a := testArena(t)
	rnd := rand.New(rand.NewPCG(1, 2))
	live := sparse(a, rnd, 10000, 10, func() int { return 100 })
	large := a.Alloc(100000, PurposeEntry)
	for _, m := range live {
		if ShouldMove(m.r, m.n, PurposeEntry) {
			t.Fatal("move without a plan")
		}
	}
	a.BeginCompaction()
	if ShouldMove(large, 100000, PurposeEntry) {
		t.Error("a large region should not move")
	}
	a.EndCompaction()
	for _, m := range live {
		a.Free(m.r, m.n, PurposeEntry)
	}
	a.Free(large, 100000, PurposeEntry)
}

func TestSlabFill(t *testing.T) {
	reopen(t, Config{})
	a := testArena(t)
	var live []Ref
	for range 4 * 256 {
		live = append(live, a.Alloc(64, PurposeEntry))
	}
	for i := range 256 * 3 / 4 { // three quarters of the first slab
		a.Free(live[i], 64, PurposeEntry)
	}
	fill := a.SlabFill(7)
	if fill[10] != 3 || fill[2] != 1 {
		t.Errorf("fill: %v", fill)
	}
	for _, r := range live[256*3/4:] {
		a.Free(r, 64, PurposeEntry)
	}
}

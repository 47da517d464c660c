package ordered

import (
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"

	"granary/internal/mem"
)

// cut takes n items from index i on out as a tree of their own, looks at that, and empties it: entry by entry, or from its
// end, as its owner does.
func (m *model) cut(i, n int, rnd *rand.Rand) {
	d := m.t.Cut(i, n)
	gone := slices.Clone(m.all[i : i+n])
	m.all = slices.Delete(m.all, i, i+n)
	for step := 0; len(gone) > 0; step++ {
		if step < 2 || rnd.IntN(20) == 0 {
			if err := m.t.Check(d); err != nil {
				m.tb.Fatal(err)
			}
		}
		if d.Len() != len(gone) || m.t.Len() != len(m.all) {
			m.tb.Fatalf("%d entries were cut off, %d are left, want %d and %d", d.Len(), m.t.Len(), len(gone), len(m.all))
		}
		it := d.First()
		for _, g := range gone[:min(len(gone), 200)] {
			if it.Entry() != g.e {
				m.tb.Fatalf("the cut has %q, want %q", entryMember(it.Entry()), g.member)
			}
			it.Next()
		}
		if x := gone[rnd.IntN(len(gone))]; !d.Has(x.e) || m.t.Has(x.e) {
			m.tb.Fatalf("%q is in the wrong tree", x.member)
		}
		if len(m.all) > 0 {
			if x := m.all[rnd.IntN(len(m.all))]; d.Has(x.e) || !m.t.Has(x.e) {
				m.tb.Fatalf("%q is in the wrong tree", x.member)
			}
		}
		if rnd.IntN(2) == 0 {
			x := rnd.IntN(len(gone))
			if !d.Delete(gone[x].e) {
				m.tb.Fatalf("%q is not in the cut", gone[x].member)
			}
			freeEntry(m.a, gone[x].e)
			gone = slices.Delete(gone, x, x+1)
			continue
		}
		for want := rnd.IntN(len(gone)) / (1 + rnd.IntN(3)); len(gone) > want; {
			from := max(want, len(gone)-64)
			k := d.DeleteRange(from, len(gone)-from, func(e mem.Ref) { freeEntry(m.a, e) })
			gone = slices.Delete(gone, from, from+k)
		}
	}
	if err := m.t.Check(d); err != nil {
		m.tb.Fatal(err)
	}
	m.t.Absorb(&d)
	m.check()
}

// TestCut takes ranges of all sizes out of trees of all sizes.
func TestCut(t *testing.T) {
	rnd := rand.New(rand.NewPCG(*seedFlag, 8))
	for c := range 15 {
		m := newModel(t)
		size := []int{2, 5, 170, 1000, 4000}[c%5]
		if raceBuild {
			size = min(size, 1000)
		}
		for range size {
			f := float64(rnd.IntN(1 + c*50))
			m.insert(f, string(rune('a'+rnd.IntN(26)))+strconv.Itoa(rnd.IntN(1e6)))
		}
		for len(m.all) > 1 {
			i := rnd.IntN(len(m.all))
			n := min(1+rnd.IntN(len(m.all)), len(m.all)-i, len(m.all)-1)
			m.cut(i, n, rnd)
			for range rnd.IntN(size/2 + 1) {
				if len(m.all) > 3 && rnd.IntN(2) == 0 {
					m.delete(rnd.IntN(len(m.all)))
				} else if rnd.IntN(3) == 0 {
					m.insert(rnd.Float64()*100, strconv.Itoa(rnd.IntN(1e6)))
				}
			}
			m.check()
		}
		m.t.Free(func(e mem.Ref) { freeEntry(m.a, e) })
	}
}

// TestCutWithoutMemory cuts while there are blocks for some of the nodes that a cut makes: all or nothing.
func TestCutWithoutMemory(t *testing.T) {
	if err := mem.Open(mem.Config{Limit: 4 << 20}); err != nil {
		t.Fatal(err) // another test of this process left memory behind
	}
	t.Cleanup(func() {
		if err := mem.Open(mem.Config{}); err != nil {
			t.Error(err)
		}
	})
	refused, done := 0, 0
	for blocks := range 20 {
		a := mem.NewArena("oom")
		m := &model{tb: t, a: a, t: New(a, testKind)}
		for i := range 5000 {
			m.insert(float64(i), strconv.Itoa(i))
		}
		var ballast []mem.Ref
		for r := allocOrNot(m.a, 1024); r != 0; r = allocOrNot(m.a, 1024) {
			ballast = append(ballast, r)
		}
		drop := func(n int) {
			for ; n > 0 && len(ballast) > 0; n-- {
				m.a.Free(ballast[len(ballast)-1], 1024, mem.PurposeOther)
				ballast = ballast[:len(ballast)-1]
			}
		}
		drop(blocks)
		var d Tree
		func() {
			defer func() {
				if e := recover(); e != nil && e != error(mem.ErrOutOfMemory) {
					panic(e)
				}
			}()
			d = m.t.Cut(1000, 3000)
		}()
		if d.Root() == 0 {
			refused++
			m.check()
		} else {
			done++
			if err := m.t.Check(d); err != nil {
				t.Fatal(err)
			}
			d.Free(nil)
		}
		drop(1 << 30)
		m.t.Free(nil)
		for _, it := range m.all {
			freeEntry(m.a, it.e)
		}
		m.a.Close()
	}
	if refused == 0 || done == 0 {
		t.Errorf("%d cuts refused, %d done", refused, done)
	}
}

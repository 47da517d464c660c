package stream

import (
	"math/rand/v2"
	"testing"

	"granary/internal/mem"
)

// ids reads all entries.
func ids(s *Stream) (all []ID) {
	var it Iter
	s.Range(&it, MinID, MaxID, false)
	for it.Next() {
		all = append(all, it.ID)
	}
	return all
}

// TestTrimMany trims streams of thousands of nodes by subtrees and, a copy of each, node by node: both are the same then.
func TestTrimMany(t *testing.T) {
	rnd := rand.New(rand.NewPCG(*seedFlag, 21))
	a := noLeak(t)
	const most = 9000
	fields := [][]byte{[]byte("f"), []byte("v")}
	for range 12 {
		s := New(a)
		lim := Limits{Entries: 1 + rnd.IntN(3)}
		ms := uint64(0)
		grow := func(n int) {
			for range n {
				ms += uint64(1 + rnd.IntN(3))
				if err := s.Append(ID{Ms: ms}, fields, lim); err != nil {
					t.Fatal(err)
				}
			}
		}
		grow(1 + rnd.IntN(most))
		for step := 0; s.Len() > 0 && step < 25; step++ {
			before := ids(&s)
			for range rnd.IntN(40) {
				s.Delete(before[rnd.IntN(len(before))])
			}
			n, id := rnd.IntN(s.Len()+1), before[rnd.IntN(len(before))]
			if rnd.IntN(5) == 0 {
				id = ID{Ms: ms + 1}
			}
			how := Trim{Approx: rnd.IntN(2) == 0}
			if how.Approx && rnd.IntN(2) == 0 {
				how.Limit = 1 + rnd.IntN(len(before))
			}
			slow, slowly, byLen := s.Copy(), how, rnd.IntN(2) == 0
			slowly.oneByOne = true
			var d Doomed
			how.Doomed = &d
			var got, want int
			if byLen {
				got, want = s.TrimMaxLen(uint64(n), how), slow.TrimMaxLen(uint64(n), slowly)
			} else {
				got, want = s.TrimMinID(id, how), slow.TrimMinID(id, slowly)
			}
			if got != want || s.Len() != slow.Len() || s.Nodes() != slow.Nodes() || s.FirstID() != slow.FirstID() {
				t.Fatalf("%+v, to %d or %v: %d entries deleted, %d left in %d nodes from %v, want %d, %d, %d, %v", slowly, n, id,
					got, s.Len(), s.Nodes(), s.FirstID(), want, slow.Len(), slow.Nodes(), slow.FirstID())
			}
			for _, x := range []*Stream{&s, &slow} {
				if err := x.Check(); err != nil {
					t.Fatal(err)
				}
			}
			if got, want := ids(&s), ids(&slow); len(got) != len(want) || len(got) > 0 && got[0] != want[0] {
				t.Fatalf("%d entries, want %d", len(got), len(want))
			}
			slow.Free()
			for n := d.Nodes(); !d.Empty(); {
				if d.FreeSlice(50); d.Nodes() > max(0, n-50) {
					t.Fatalf("a slice of 50 leaves %d of %d nodes", d.Nodes(), n)
				}
				n = d.Nodes()
			}
			if got := a.Books().Purposes[mem.PurposeStream].Usable; got != s.Bytes() {
				t.Fatalf("the stream has %d bytes, the books %d", s.Bytes(), got)
			}
			grow(rnd.IntN(1 + most/4))
		}
		s.Free()
	}
}

package zset

import (
	"bytes"
	"cmp"
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"

	"granary/internal/mem"
)

var seedFlag = flag.Uint64("seed", 1, "seed of the random histories")

// noLeak returns an arena that must be empty at the end of the test.
func noLeak(t testing.TB) *mem.Arena {
	a := mem.NewArena("test")
	t.Cleanup(func() {
		if b := a.Books().Total; b.Count == 0 {
			a.Close()
		} else if !t.Failed() {
			t.Errorf("leak: %d regions, %d bytes", b.Count, b.Usable)
		}
	})
	return a
}

// model is a set beside a Go map.
type model struct {
	t    testing.TB
	a    *mem.Arena
	s    Set
	want map[string]float64
	all  []string // members to draw from
	rnd  *rand.Rand
	only float64 // the one score, NaN: any

	removed []Removed // what waits to be freed
	cuts    int       // how often that was not nothing
}

func (m *model) score() float64 {
	if !math.IsNaN(m.only) {
		return m.only
	}
	switch m.rnd.IntN(8) {
	case 0:
		return []float64{math.Inf(1), math.Inf(-1), 0, math.Copysign(0, -1), math.MaxFloat64, -math.MaxFloat64, 5e-324}[m.rnd.IntN(7)]
	case 1:
		return m.rnd.NormFloat64()
	}
	return float64(m.rnd.IntN(50) - 25)
}

type pair struct {
	member string
	score  float64
}

func (m *model) sorted() []pair {
	var ps []pair
	for k, v := range m.want {
		ps = append(ps, pair{k, v})
	}
	slices.SortFunc(ps, func(x, y pair) int {
		return cmp.Or(cmp.Compare(x.score, y.score), strings.Compare(x.member, y.member))
	})
	return ps
}

func (m *model) step() {
	x := m.all[m.rnd.IntN(len(m.all))]
	p := m.s.Find([]byte(x))
	was, ok := m.want[x]
	if (p.Entry != 0) != ok || ok && Score(p.Entry) != was {
		m.t.Fatalf("Find(%.40q) is %#x, want %v", x, p.Entry, ok)
	}
	switch m.rnd.IntN(20) {
	case 0, 1, 2, 3, 4, 5, 6, 7, 8, 9:
		score := m.score()
		switch {
		case !ok:
			m.s.Add(p, []byte(x), score)
		case score == was:
			return
		default:
			m.s.Rescore(p, score)
		}
		m.want[x] = score
	case 10, 11, 12, 13:
		if ok {
			m.s.Remove(p)
			delete(m.want, x)
		}
	case 14:
		if n := len(m.want); n > 0 && m.rnd.IntN(10) == 0 {
			from := m.rnd.IntN(n)
			count := 1 + m.rnd.IntN(min(n-from, 40))
			if n > removeAtOnce+10 && m.rnd.IntN(3) == 0 {
				from = m.rnd.IntN(n - removeAtOnce - 1)
				count = min(removeAtOnce+1+m.rnd.IntN(n-removeAtOnce-1), n-from)
			}
			ps := m.sorted()
			if r := m.s.RemoveRange(from, count); !r.Empty() {
				m.removed = append(m.removed, r)
				m.cuts++
			}
			for _, q := range ps[from : from+count] {
				delete(m.want, q.member)
			}
		}
	case 15:
		if e := m.s.Random(m.rnd.Uint64()); e != 0 {
			if s, ok := m.want[string(Member(e))]; !ok || s != Score(e) {
				m.t.Fatalf("a random entry is %.40q %v", Member(e), Score(e))
			}
		}
	case 17, 18:
		m.freeRemoved(m.rnd.IntN(20))
	case 16:
		for c := uint64(0); ; {
			if c = m.s.Relocate(c); c == 0 {
				break
			}
		}
		m.s.RelocateRoot()
	default:
		m.s = Open(m.a, m.s.Root())
	}
}

// freeRemoved frees some of what was removed.
func (m *model) freeRemoved(n int) {
	if len(m.removed) > 0 {
		i := m.rnd.IntN(len(m.removed))
		if m.removed[i].FreeSlice(n) {
			m.removed = slices.Delete(m.removed, i, i+1)
		}
		m.s = Open(m.a, m.s.Root())
	}
}

// verify compares everything.
func (m *model) verify() {
	m.t.Helper()
	if err := m.s.Check(); err != nil {
		m.t.Fatal(err)
	}
	ps := m.sorted()
	if m.s.Len() != len(ps) {
		m.t.Fatalf("%d members, want %d", m.s.Len(), len(ps))
	}
	it := m.s.AtRank(0)
	for i, p := range ps {
		e := it.Entry()
		if string(Member(e)) != p.member || Score(e) != p.score {
			m.t.Fatalf("rank %d is %.40q %v, want %.40q %v", i, Member(e), Score(e), p.member, p.score)
		}
		if m.s.Rank(e) != i {
			m.t.Fatalf("rank of %.40q is %d, want %d", p.member, m.s.Rank(e), i)
		}
		it.Next()
	}
	if it.Valid() {
		m.t.Fatal("the walk goes on")
	}
	for range 20 {
		bound := m.score()
		below, upto := 0, 0
		for _, p := range ps {
			if p.score < bound {
				below++
			}
			if p.score <= bound {
				upto++
			}
		}
		at := m.s.SeekScore(bound)
		if b, u := m.s.CountBelow(bound, false), m.s.CountBelow(bound, true); b != below || u != upto || at.Rank() != below {
			m.t.Fatalf("below %v are %d, up to it %d, want %d and %d", bound, b, u, below, upto)
		}
		if !math.IsNaN(m.only) {
			x := m.all[m.rnd.IntN(len(m.all))]
			below, upto = 0, 0
			for _, p := range ps {
				if p.member < x {
					below++
				}
				if p.member <= x {
					upto++
				}
			}
			if b, u := m.s.RankOfMember([]byte(x), false), m.s.RankOfMember([]byte(x), true); b != below || u != upto {
				m.t.Fatalf("below %.40q are %d, up to it %d, want %d and %d", x, b, u, below, upto)
			}
		}
	}
	seen := map[string]bool{}
	for c := uint64(0); ; {
		if c = m.s.Scan(c, func(e mem.Ref) { seen[string(Member(e))] = true }); c == 0 {
			break
		}
	}
	if len(seen) != len(ps) {
		m.t.Fatalf("a scan finds %d of %d", len(seen), len(ps))
	}
	table, index, members := m.s.Bytes()
	b := m.a.Books()
	if table != b.Purposes[mem.PurposeZSetTable].Usable || index != b.Purposes[mem.PurposeZSetIndex].Usable ||
		members != b.Purposes[mem.PurposeZSetMember].Usable {
		m.t.Fatalf("the set says %d, %d and %d bytes, the books %v", table, index, members, b.Total)
	}
}

// TestRandomHistories compares a set with a map under random changes.
func TestRandomHistories(t *testing.T) {
	for i, size := range []int{1, 10, 300, 4000} {
		for _, only := range []float64{math.NaN(), 1} {
			a := noLeak(t)
			seed := *seedFlag + uint64(i)
			m := &model{t: t, a: a, s: New(a), want: map[string]float64{}, rnd: rand.New(rand.NewPCG(seed, 7)), only: only}
			for n := range size {
				switch n % 5 {
				case 0:
					m.all = append(m.all, strconv.Itoa(n))
				case 1:
					m.all = append(m.all, fmt.Sprintf("prefix:of:member:%d", n))
				case 2:
					m.all = append(m.all, strings.Repeat("x", n%600)+strconv.Itoa(n))
				case 3:
					m.all = append(m.all, string(binaryText(m.rnd)))
				default:
					m.all = append(m.all, fmt.Sprintf("%08x", n))
				}
			}
			for n := range 6000 + 4*size {
				m.step()
				if n%1000 == 0 {
					m.verify()
				}
			}
			m.verify()
			if size > 2*removeAtOnce && m.cuts < 3 {
				t.Errorf("%d long ranges were removed only", m.cuts)
			}
			d := m.s.Dup()
			m.s.Free()
			m.s = d
			for len(m.removed) > 0 { // what was removed is freed after the set
				m.freeRemoved(100)
			}
			m.verify()
			for freed, total := 0, len(m.want); ; {
				s := Open(a, m.s.Root())
				n, done := s.FreeSlice(7)
				if n > 7 {
					t.Fatalf("a slice of 7 freed %d", n)
				}
				if freed += n; done {
					if freed != total {
						t.Fatalf("%d entries freed, want %d (seed %d)", freed, total, seed)
					}
					break
				}
			}
		}
	}
}

func binaryText(r *rand.Rand) []byte {
	b := make([]byte, 8+r.IntN(8))
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return b
}

// TestBuilder makes a set of scores that change until the end.
func TestBuilder(t *testing.T) {
	a := noLeak(t)
	b := NewBuilder(a)
	for i := range 3000 {
		m := fmt.Appendf(nil, "m%d", i%1000)
		if p := b.Find(m); p.Entry == 0 {
			b.Add(p, m, float64(i))
		} else {
			b.SetScore(p, Score(p.Entry)+float64(i))
		}
	}
	if b.Len() != 1000 {
		t.Errorf("%d members, want 1000", b.Len())
	}
	s := b.Finish()
	b.Free()
	if err := s.Check(); err != nil {
		t.Fatal(err)
	}
	for i := range 1000 {
		if p := s.Find(fmt.Appendf(nil, "m%d", i)); Score(p.Entry) != float64(3*i+3000) || s.Rank(p.Entry) != i {
			t.Fatalf("m%d has score %v", i, Score(p.Entry))
		}
	}
	s.Free()
	b = NewBuilder(a)
	b.Add(b.Find([]byte("x")), []byte("x"), 1)
	b.Free()
}

// TestBytesPerMember pins what a member of 13 bytes costs with all that belongs to it, at any size.
func TestBytesPerMember(t *testing.T) {
	for name, score := range map[string]func(i int, r *rand.Rand) float64{
		"random":    func(_ int, r *rand.Rand) float64 { return r.Float64() },
		"ascending": func(i int, _ *rand.Rand) float64 { return float64(i) },
		"equal":     func(int, *rand.Rand) float64 { return 0 },
	} {
		a := noLeak(t)
		s := New(a)
		r := rand.New(rand.NewPCG(1, 2))
		worst, at, sum, samples := 0.0, 0, 0.0, 0
		for n := 0; n < 200_000; {
			b := fmt.Appendf(nil, "member:%06d", n)
			s.Add(s.Find(b), b, score(n, r))
			if n++; n < 2000 || n%1000 != 0 {
				continue
			}
			per := float64(a.Books().Total.Usable) / float64(n)
			sum, samples = sum+per, samples+1
			if per > worst {
				worst, at = per, n
			}
		}
		t.Logf("%s scores: 13-byte members take %.2f bytes each on average, %.2f at most (with %d members)", name, sum/float64(samples), worst, at)
		if worst > 42 {
			t.Errorf("%s scores: %.2f bytes for each of %d members of 13 bytes, want at most 42", name, worst, at)
		}
		s.Free()
	}
}

// TestOutOfMemory lets memory run out at every place of a change. The set has to hold what it held.
func TestOutOfMemory(t *testing.T) {
	if err := mem.Open(mem.Config{Limit: 4 << 20}); err != nil {
		t.Fatal(err) // another test of this process left memory behind
	}
	t.Cleanup(func() {
		if err := mem.Open(mem.Config{}); err != nil {
			t.Error(err)
		}
	})
	refused := 0
	for pages := range 12 {
		a := mem.NewArena("oom")
		s := New(a)
		r := rand.New(rand.NewPCG(*seedFlag, uint64(pages)))
		for i := range 4000 {
			m := fmt.Appendf(nil, "m%d", i)
			s.Add(s.Find(m), m, float64(r.IntN(1000)))
		}
		ballast := fill(a, pages)
		for i := range 3000 {
			m := fmt.Appendf(nil, "n%d", i)
			ok := mem.Try(func() {
				if i%2 == 0 {
					s.Add(s.Find(m), m, float64(r.IntN(1000)))
					return
				}
				e := s.Random(r.Uint64())
				p := s.Find(Member(e))
				s.Rescore(p, Score(e)+0.5+float64(r.IntN(1000)))
			})
			if ok {
				continue
			}
			refused++
			if p := s.Find(m); p.Entry != 0 {
				t.Fatal("a refused member is there")
			}
			if refused%50 == 1 {
				if err := s.Check(); err != nil {
					t.Fatal(err)
				}
			}
		}
		if mem.Try(func() { d := s.Dup(); d.Free() }) && pages < 3 {
			t.Error("there was memory for a copy")
		}
		if err := s.Check(); err != nil {
			t.Fatal(err)
		}
		for s.Len() > 2000 {
			s.Remove(s.Find(bytes.Clone(Member(s.Random(r.Uint64())))))
		}
		if err := s.Check(); err != nil {
			t.Fatal(err)
		}
		for _, b := range ballast {
			a.Free(b, 4096, mem.PurposeOther)
		}
		s.Free()
		if n := a.Books().Total.Count; n != 0 {
			t.Fatalf("leak: %d regions", n)
		}
		a.Close()
	}
	if refused < 100 {
		t.Errorf("memory ran out %d times only", refused)
	}
}

// fill takes all pages but a few.
func fill(a *mem.Arena, spare int) (ballast []mem.Ref) {
	for mem.Try(func() { ballast = append(ballast, a.Alloc(4096, mem.PurposeOther)) }) {
	}
	for range min(spare, len(ballast)) {
		a.Free(ballast[len(ballast)-1], 4096, mem.PurposeOther)
		ballast = ballast[:len(ballast)-1]
	}
	return ballast
}

package set

import (
	"flag"
	"fmt"
	"math/rand/v2"
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
	s    Set
	want map[string]bool
	all  []string // members to draw from
	rnd  *rand.Rand
}

func (m *model) step() {
	x := m.all[m.rnd.IntN(len(m.all))]
	b := []byte(x)
	h := Hash(b)
	if got := m.s.Has(h, b); got != m.want[x] {
		m.t.Fatalf("Has(%.40q) is %v", x, got)
	}
	switch m.rnd.IntN(5) {
	case 0, 1, 2:
		if got := m.s.Add(h, b); got == m.want[x] {
			m.t.Fatalf("Add(%.40q) is %v", x, got)
		}
		m.want[x] = true
	case 3:
		if got := m.s.Remove(h, b); got != m.want[x] {
			m.t.Fatalf("Remove(%.40q) is %v", x, got)
		}
		delete(m.want, x)
	default:
		if len(m.want) == 0 {
			return
		}
		k, picked := m.s.Pick(m.rnd.Uint64())
		if !m.want[string(picked)] {
			m.t.Fatalf("picked %.40q, which is not there", picked)
		}
		if m.rnd.IntN(2) == 0 {
			delete(m.want, string(picked))
			m.s.DropPicked(k)
		}
	}
}

// verify compares all ways to look at the set with the model.
func (m *model) verify() {
	m.t.Helper()
	if err := m.s.Check(); err != nil {
		m.t.Fatal(err)
	}
	if m.s.Len() != len(m.want) {
		m.t.Fatalf("%d members, want %d", m.s.Len(), len(m.want))
	}
	met := map[string]int{}
	w := m.s.Walk()
	for refs := w.Next(); len(refs) > 0; refs = w.Next() {
		for _, r := range refs {
			met[string(Member(r))]++
		}
	}
	scanned := map[string]bool{}
	for c := uint64(0); ; {
		c = m.s.Scan(c, func(b []byte) { scanned[string(b)] = true })
		if c == 0 {
			break
		}
	}
	if len(met) != len(m.want) || len(scanned) != len(m.want) {
		m.t.Fatalf("walked %d, scanned %d, want %d", len(met), len(scanned), len(m.want))
	}
	for x := range m.want {
		if met[x] != 1 || !scanned[x] {
			m.t.Fatalf("%.40q: walked %d times, scanned %v", x, met[x], scanned[x])
		}
	}
	d := m.s.Dup()
	if err := d.Check(); err != nil || d.Len() != m.s.Len() || d.MemberBytes() != m.s.MemberBytes() {
		m.t.Fatalf("copy: %v, %d members of %d bytes, want %d of %d", err, d.Len(), d.MemberBytes(), m.s.Len(), m.s.MemberBytes())
	}
	d.Free()
}

// TestModel holds random histories against a Go map.
func TestModel(t *testing.T) {
	for _, size := range []int{1, 20, 700, 6000} {
		t.Run(strconv.Itoa(size), func(t *testing.T) {
			a := noLeak(t)
			m := &model{t: t, s: New(a), want: map[string]bool{}, rnd: rand.New(rand.NewPCG(*seedFlag, uint64(size)))}
			for i := range size {
				n := []int{0, 5, 13, 60, 254, 255, 256, 3000}[m.rnd.IntN(8)]
				if size > 1000 {
					n = 13
				}
				m.all = append(m.all, strings.Repeat("x", max(0, n-6))+fmt.Sprintf("%06d", i)[:min(n, 6)])
			}
			for range 8 {
				for range size * 2 {
					m.step()
				}
				m.verify()
			}
			m.s.Free()
		})
	}
}

// TestFreeSlice pins that a slice frees about as many members as it is asked to, and that all memory comes back.
func TestFreeSlice(t *testing.T) {
	a := noLeak(t)
	s := New(a)
	const n = 5000
	fill(&s, n)
	total := 0
	for {
		freed, done := s.FreeSlice(64)
		if freed > 64+10 {
			t.Fatalf("%d members in one slice", freed)
		}
		if total += freed; done {
			break
		}
	}
	if total != n {
		t.Errorf("%d members freed, want %d", total, n)
	}
}

func fill(s *Set, n int) {
	var b []byte
	for i := range n {
		b = fmt.Appendf(b[:0], "element:%05d", i%100000)
		if i >= 100000 {
			b = fmt.Appendf(b[:0], "member:%06d", i%1000000)
		}
		s.Add(Hash(b), b)
	}
}

// TestBytesPerMember pins what a member of 13 bytes costs with everything that belongs to it, at any size.
func TestBytesPerMember(t *testing.T) {
	a := noLeak(t)
	s := New(a)
	worst, at := 0.0, 0
	n := 0
	sum, samples := 0.0, 0
	for n < 200000 {
		b := fmt.Appendf(nil, "member:%06d", n)
		s.Add(Hash(b), b)
		n++
		if n < 2000 || n%1000 != 0 {
			continue
		}
		per := float64(a.Books().Total.Usable) / float64(n)
		if own := s.TableBytes() + s.MemberBytes(); own != a.Books().Total.Usable {
			t.Fatalf("the set says %d bytes, the books %d", own, a.Books().Total.Usable)
		}
		sum, samples = sum+per, samples+1
		if per > worst {
			worst, at = per, n
		}
	}
	t.Logf("13-byte members: %.2f bytes each on average, %.2f at most (with %d members)", sum/float64(samples), worst, at)
	if worst > 25 {
		t.Errorf("%.2f bytes for each of %d members of 13 bytes, want at most 25", worst, at)
	}
	s.Free()
}

// TestAllocs pins that nothing allocates on the Go heap.
func TestAllocs(t *testing.T) {
	a := noLeak(t)
	s := New(a)
	fill(&s, 3000)
	b := []byte("element:00077")
	h := Hash(b)
	is := func(what string, fn func()) {
		t.Helper()
		if n := testing.AllocsPerRun(100, fn); n != 0 {
			t.Errorf("%s allocates %.1f times", what, n)
		}
	}
	is("Has", func() { s.Has(h, b) })
	is("Add of a member", func() { s.Add(h, b) })
	is("Remove and Add", func() { s.Remove(h, b); s.Add(h, b) })
	is("Pick", func() { s.Pick(7) })
	is("Walk", func() {
		w := s.Walk()
		for len(w.Next()) > 0 {
		}
	})
	s.Free()
}

// TestOutOfMemory pins that a set is whole when there is no memory for another member or for a copy.
func TestOutOfMemory(t *testing.T) {
	if err := mem.Open(mem.Config{Limit: 4 << 20}); err != nil {
		t.Fatal(err) // another test of this process left memory behind
	}
	t.Cleanup(func() {
		if err := mem.Open(mem.Config{}); err != nil {
			t.Error(err)
		}
	})
	a := mem.NewArena("oom")
	s := New(a)
	n := 0
	for mem.Try(func() {
		b := fmt.Appendf(nil, "member:%06d", n)
		s.Add(Hash(b), b)
	}) {
		n++
	}
	if err := s.Check(); err != nil || s.Len() != n {
		t.Errorf("%d members, want %d: %v", s.Len(), n, err)
	}
	used := a.Books().Total.Count
	if mem.Try(func() { s.Dup() }) {
		t.Error("there was memory for a copy")
	}
	if got := a.Books().Total.Count; got != used {
		t.Errorf("the copy that failed left %d blocks", got-used)
	}
	s.Free()
	if left := a.Books().Total.Count; left != 0 {
		t.Errorf("%d blocks left", left)
	}
	a.Close()
}

// TestRelocate moves a sparse set together.
func TestRelocate(t *testing.T) {
	a := noLeak(t)
	s := New(a)
	fill(&s, 20000)
	for i := range 20000 {
		if i%5 != 0 {
			b := fmt.Appendf(nil, "element:%05d", i)
			s.Remove(Hash(b), b)
		}
	}
	a.BeginCompaction()
	for c := s.Relocate(0); c != 0; c = s.Relocate(c) {
	}
	s.RelocateRoot()
	a.EndCompaction()
	if err := s.Check(); err != nil {
		t.Error(err)
	}
	for i := 0; i < 20000; i += 5 {
		if b := fmt.Appendf(nil, "element:%05d", i); !s.Has(Hash(b), b) {
			t.Fatalf("%s is gone", b)
		}
	}
	s.Free()
}

func BenchmarkWalk(b *testing.B) {
	a := mem.NewArena("bench")
	s := New(a)
	const n = 1 << 20
	for _, i := range rand.Perm(n) {
		m := fmt.Appendf(nil, "member:%07d", i)
		s.Add(Hash(m), m)
	}
	b.Run("each", func(b *testing.B) {
		for b.Loop() {
			sum := uint64(0)
			s.t.Each(func(r mem.Ref) bool {
				sum += Hash(Member(r))
				return true
			})
		}
	})
	b.Run("walk", func(b *testing.B) {
		for b.Loop() {
			sum := uint64(0)
			w := s.Walk()
			for refs := w.Next(); len(refs) > 0; refs = w.Next() {
				for _, r := range refs {
					sum += Hash(Member(r))
				}
			}
		}
	})
	s.Free()
	a.Close()
}

func BenchmarkHas(b *testing.B) {
	a := mem.NewArena("bench")
	s := New(a)
	fill(&s, 100000)
	m := []byte("element:00077")
	for b.Loop() {
		s.Has(Hash(m), m)
	}
	s.Free()
	a.Close()
}

package ordered

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"granary/internal/invariants"
	"granary/internal/mem"
)

var seedFlag = flag.Uint64("seed", 1, "seed of the random histories")

// A test entry: 8 bytes of score, 1 byte of member length, the member; 24 bytes for a member of 13.
var testKind = &Kind{
	Name:     "test",
	Score:    entryScore,
	Member:   entryMember,
	SetScore: setScore,
	Purpose:  mem.PurposeZSetIndex,
}

func entryScore(r mem.Ref) float64 {
	return math.Float64frombits(binary.LittleEndian.Uint64(mem.Bytes(r, 8)))
}

func entryMember(r mem.Ref) []byte {
	b := mem.Bytes(r, 9)
	return mem.Bytes(r, 9+int(b[8]))[9:]
}

func setScore(r mem.Ref, f float64) {
	binary.LittleEndian.PutUint64(mem.Bytes(r, 8), math.Float64bits(f))
}

func newEntry(a *mem.Arena, f float64, m string) mem.Ref {
	r := a.Alloc(9+len(m), mem.PurposeZSetMember)
	b := mem.Bytes(r, 9+len(m))
	binary.LittleEndian.PutUint64(b, math.Float64bits(f))
	b[8] = byte(len(m))
	copy(b[9:], m)
	return r
}

func freeEntry(a *mem.Arena, r mem.Ref) { a.Free(r, 9+len(entryMember(r)), mem.PurposeZSetMember) }

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

// item is what the model holds of an entry.
type item struct {
	score  float64
	member string
	e      mem.Ref
}

func compare(a, b item) int {
	if c := cmp.Compare(a.score+0, b.score+0); c != 0 && a.score != b.score {
		return c
	}
	return cmp.Compare(a.member, b.member)
}

// model is a tree beside a sorted slice.
type model struct {
	tb  testing.TB
	a   *mem.Arena
	t   Tree
	all []item
}

func newModel(tb testing.TB) *model {
	a := noLeak(tb)
	return &model{tb: tb, a: a, t: New(a, testKind)}
}

// at returns the index of the first item that is not below (f, m), and whether it equals it.
func (m *model) at(f float64, member string) (int, bool) {
	return slices.BinarySearchFunc(m.all, item{score: f, member: member}, compare)
}

func (m *model) insert(f float64, member string) {
	i, there := m.at(f, member)
	if there {
		return
	}
	e := newEntry(m.a, f, member)
	m.t.Insert(e)
	m.all = slices.Insert(m.all, i, item{f, member, e})
}

func (m *model) delete(i int) {
	it := m.all[i]
	if !m.t.Delete(it.e) {
		m.tb.Fatalf("Delete(%v, %q): not found", it.score, it.member)
	}
	if m.t.Delete(it.e) {
		m.tb.Fatalf("Delete(%v, %q): found again", it.score, it.member)
	}
	freeEntry(m.a, it.e)
	m.all = slices.Delete(m.all, i, i+1)
}

func (m *model) deleteRange(i, n int) {
	n = min(n, len(m.all)-i)
	at := i
	for left := n; left > 0; {
		got := m.t.DeleteRange(i, left, func(e mem.Ref) {
			if e != m.all[at].e {
				m.tb.Fatalf("DeleteRange released %q, want %q", entryMember(e), m.all[at].member)
			}
			freeEntry(m.a, e)
			at++
		})
		if left -= got; got == 0 || left < 0 {
			m.tb.Fatalf("DeleteRange(%d) deleted %d", left+got, got)
		}
	}
	m.all = slices.Delete(m.all, i, i+n)
}

// move puts an entry into another block, and frees the old one first.
func (m *model) move(i int) {
	it := &m.all[i]
	to := newEntry(m.a, it.score, it.member)
	freeEntry(m.a, it.e)
	if !m.t.Replace(it.e, to) {
		m.tb.Fatalf("Replace(%v, %q): not found", it.score, it.member)
	}
	it.e = to
}

func (m *model) update(i int, f float64) {
	it := m.all[i]
	if i%2 == 0 && m.t.Rescore(it.e, f) {
		setScore(it.e, f)
	} else if !m.t.Update(it.e, f) {
		m.tb.Fatalf("Update(%v, %q): not found", it.score, it.member)
	}
	m.all = slices.Delete(m.all, i, i+1)
	it.score = f
	j, _ := m.at(f, it.member)
	m.all = slices.Insert(m.all, j, it)
}

func (m *model) check() {
	m.tb.Helper()
	if err := m.t.Check(); err != nil {
		m.tb.Fatal(err)
	}
	if m.t.Len() != len(m.all) {
		m.tb.Fatalf("Len is %d, want %d", m.t.Len(), len(m.all))
	}
	if got := m.a.Books().Purposes[mem.PurposeZSetIndex].Usable; got != m.t.Bytes() {
		m.tb.Fatalf("Bytes is %d, the books say %d", m.t.Bytes(), got)
	}
}

// place demands that it is at rank i, and takes a few steps from there and back.
func (m *model) place(what string, it Iter, i int) {
	m.tb.Helper()
	want := func(i int) {
		m.tb.Helper()
		there := i >= 0 && i < len(m.all)
		if it.Valid() != there {
			m.tb.Fatalf("%s: at %d of %d: valid %v", what, i, len(m.all), it.Valid())
		}
		if there && it.Entry() != m.all[i].e {
			m.tb.Fatalf("%s: at %d: (%v, %q), want (%v, %q)", what, i, entryScore(it.Entry()), entryMember(it.Entry()), m.all[i].score, m.all[i].member)
		}
		if it.Rank() != max(i, 0) {
			m.tb.Fatalf("%s: at %d: rank %d", what, i, it.Rank())
		}
	}
	want(i)
	for range 3 {
		i = min(i+1, len(m.all))
		if it.Next() != (i < len(m.all)) {
			m.tb.Fatalf("%s: Next to %d of %d", what, i, len(m.all))
		}
		want(i)
	}
	for range 5 {
		i = max(i-1, -1)
		if it.Prev() != (i >= 0) {
			m.tb.Fatalf("%s: Prev to %d of %d", what, i, len(m.all))
		}
		want(i)
	}
}

// query compares all that can be asked about a score, a member and a rank.
func (m *model) query(f float64, member string, rank int) {
	m.tb.Helper()
	first, _ := slices.BinarySearchFunc(m.all, f, func(x item, f float64) int { return cmp.Compare(x.score+0, f+0) })
	after := first
	for after < len(m.all) && m.all[after].score == f {
		after++
	}
	m.place("SeekScore", m.t.SeekScore(f, false), first)
	m.place("SeekScore after", m.t.SeekScore(f, true), after)
	if a, b := m.t.CountBelow(f, false), m.t.CountBelow(f, true); a != first || b != after {
		m.tb.Fatalf("CountBelow(%v) is %d and %d, want %d and %d", f, a, b, first, after)
	}
	i, there := m.at(f, member)
	m.place("SeekMember", m.t.SeekMember(f, []byte(member), false), i)
	if there {
		i++
	}
	m.place("SeekMember after", m.t.SeekMember(f, []byte(member), true), i)
	m.place("First", m.t.First(), 0)
	m.place("Last", m.t.Last(), len(m.all)-1)
	m.place("AtRank", m.t.AtRank(rank), min(rank, len(m.all)))
	if rank >= len(m.all) {
		if m.t.At(rank) != 0 {
			m.tb.Fatalf("At(%d) of %d is something", rank, len(m.all))
		}
		return
	}
	x := m.all[rank]
	if m.t.At(rank) != x.e {
		m.tb.Fatalf("At(%d) is another", rank)
	}
	if got, ok := m.t.Rank(x.e); got != rank || !ok {
		m.tb.Fatalf("Rank(%v, %q) is %d, %v, want %d", x.score, x.member, got, ok, rank)
	}
}

// verifyAll walks the whole tree both ways.
func (m *model) verifyAll() {
	m.tb.Helper()
	m.check()
	it, i := m.t.First(), 0
	for ; it.Valid(); it.Next() {
		if it.Entry() != m.all[i].e {
			m.tb.Fatalf("forward, %d: another entry", i)
		}
		i++
	}
	it = m.t.Last()
	for ; it.Valid(); it.Prev() {
		if i--; it.Entry() != m.all[i].e {
			m.tb.Fatalf("backward, %d: another entry", i)
		}
	}
	if i != 0 {
		m.tb.Fatalf("the walks differ by %d", i)
	}
}

func (m *model) free() {
	m.t.Free(func(e mem.Ref) { freeEntry(m.a, e) })
	m.all = nil
}

// draw is how the scores and members of a history come.
type draw struct {
	name string
	next func(r *rand.Rand, n int) (float64, string)
}

var draws = []draw{
	{"uniform", func(r *rand.Rand, n int) (float64, string) { return r.Float64(), fmt.Sprintf("m%06d", r.IntN(8*n)) }},
	{"integers", func(r *rand.Rand, n int) (float64, string) {
		return float64(r.IntN(n) - n/2), fmt.Sprintf("member:%d", r.IntN(8*n))
	}},
	{"fewscores", func(r *rand.Rand, n int) (float64, string) { return float64(r.IntN(4)), fmt.Sprint(r.IntN(8 * n)) }},
	{"lex", func(r *rand.Rand, n int) (float64, string) { return 0, fmt.Sprintf("user:%d:name", r.IntN(8*n)) }},
	{"lexbinary", func(r *rand.Rand, n int) (float64, string) { // prefixes of one another, zeros, long runs
		b := bytes.Repeat([]byte{byte(r.IntN(2))}, r.IntN(20))
		for range r.IntN(6) {
			b = append(b, byte(r.IntN(3))-1)
		}
		return -1.5, string(b)
	}},
	{"extremes", func(r *rand.Rand, n int) (float64, string) {
		all := []float64{math.Inf(-1), math.Inf(1), 0, math.Copysign(0, -1), math.MaxFloat64, -math.MaxFloat64, math.SmallestNonzeroFloat64, 1, math.Float64frombits(r.Uint64() >> 1 % (0x7ff << 52))}
		return all[r.IntN(len(all))], fmt.Sprint(r.IntN(n))
	}},
	{"powers", func(r *rand.Rand, n int) (float64, string) {
		return math.Ldexp(1-2*float64(r.IntN(2)), r.IntN(200)), fmt.Sprint(r.IntN(n))
	}},
	{"times", func(r *rand.Rand, n int) (float64, string) {
		return 1.7e12 + float64(r.IntN(1000*n)), fmt.Sprint(r.IntN(8 * n))
	}},
}

// TestRandomHistories grows and shrinks a tree at random and compares it with a sorted slice.
func TestRandomHistories(t *testing.T) {
	t.Logf("seed %d", *seedFlag)
	for _, d := range draws {
		for _, peak := range []int{3, 40, 400, 6000} {
			if raceBuild && peak > 400 {
				continue
			}
			t.Run(fmt.Sprint(d.name, "/", peak), func(t *testing.T) {
				history(t, d, peak, rand.New(rand.NewPCG(*seedFlag, uint64(peak))))
			})
		}
	}
}

func history(t *testing.T, d draw, peak int, rnd *rand.Rand) {
	m := newModel(t)
	steps := 5*peak + 2000
	every := 1 + steps/30
	if invariants.Enabled {
		every = 1 + steps/100
	}
	goal := 0
	for i := range steps {
		if i%every == 0 {
			m.check()
		}
		if i%(1+steps/9) == 0 {
			goal = rnd.IntN(peak + 1)
		}
		grow := len(m.all) < goal
		if rnd.IntN(4) == 0 {
			grow = !grow
		}
		f, member := d.next(rnd, peak)
		switch what := rnd.IntN(20); {
		case grow:
			m.insert(f, member)
		case len(m.all) == 0:
		case what == 0:
			m.deleteRange(rnd.IntN(len(m.all)), 1+rnd.IntN(1+peak/4))
		case what < 4:
			m.move(rnd.IntN(len(m.all)))
		case what < 8:
			x := rnd.IntN(len(m.all))
			if what < 6 {
				f = m.all[x].score + rnd.Float64()/100
			}
			if _, there := m.at(f, m.all[x].member); !there || f == m.all[x].score {
				m.update(x, f)
			}
		case what == 8:
			x := rnd.IntN(len(m.all))
			if e := m.t.DeleteAt(x); e != m.all[x].e {
				t.Fatalf("DeleteAt(%d) is another", x)
			}
			freeEntry(m.a, m.all[x].e)
			m.all = slices.Delete(m.all, x, x+1)
		default:
			m.delete(rnd.IntN(len(m.all)))
		}
		if i%4 == 0 {
			f, member = d.next(rnd, peak)
			rank := rnd.IntN(len(m.all) + 2)
			if rnd.IntN(2) == 0 && rank < len(m.all) {
				f, member = m.all[rank].score, m.all[rank].member
			}
			m.query(f, member, rank)
		}
	}
	m.verifyAll()
	for len(m.all) > 0 {
		m.delete(rnd.IntN(len(m.all)))
	}
	m.verifyAll()
	if want := int64(mem.Usable(rootBytes) + 128); m.t.Bytes() != want {
		t.Errorf("an emptied tree holds %d bytes, want %d", m.t.Bytes(), want)
	}
	m.free()
}

// TestScoreKey pins that keys order as scores do, and that next to every score lies nothing.
func TestScoreKey(t *testing.T) {
	fs := []float64{math.Inf(-1), -math.MaxFloat64, -1.5, -1, -math.SmallestNonzeroFloat64, 0, math.SmallestNonzeroFloat64, 1, 1.5, math.MaxFloat64, math.Inf(1)}
	for i, f := range fs {
		if i > 0 && scoreKey(f) <= scoreKey(fs[i-1]) {
			t.Errorf("%v is not above %v", f, fs[i-1])
		}
		// SeekScore adds 1 for what is above a score. (Below the key of 0 there is one that no score has.)
		if up := math.Nextafter(f, math.Inf(1)); up != f && (scoreKey(up) < scoreKey(f)+1 || up != 0 && scoreKey(up) != scoreKey(f)+1) {
			t.Errorf("%v and %v are not neighbours", f, up)
		}
	}
	if scoreKey(math.Copysign(0, -1)) != scoreKey(0) {
		t.Error("-0 is not 0")
	}
}

// TestSeekLex asks for members in a tree of equal scores, and in one of others.
func TestSeekLex(t *testing.T) {
	m := newModel(t)
	m.place("empty", m.t.SeekLex([]byte("x"), false), 0)
	for i := range 3000 {
		m.insert(7, fmt.Sprintf("k%04d", 2*i))
	}
	for i := range 6002 {
		member := fmt.Appendf(nil, "k%04d", i)
		m.place("lex", m.t.SeekLex(member, false), min((i+1)/2, 3000))
		m.place("lex after", m.t.SeekLex(member, true), min(i/2+1, 3000))
	}
	m.place("all", m.t.SeekLex(nil, false), 0)
	m.insert(8, "a")
	if it := m.t.SeekLex([]byte("k1000"), false); it.Valid() && string(entryMember(it.Entry())) < "k1000" {
		t.Errorf("at %q", entryMember(it.Entry()))
	}
	m.free()
}

// TestOpen pins that a tree is its root block, and what an empty one costs.
func TestOpen(t *testing.T) {
	m := newModel(t)
	m.insert(1, "a")
	again := Open(m.a, testKind, m.t.Root())
	if again.Len() != 1 || again.At(0) != m.all[0].e {
		t.Error("the opened tree is another one")
	}
	if m.t.Bytes() != 152 {
		t.Errorf("a tree of one entry takes %d bytes", m.t.Bytes())
	}
	if _, ok := m.t.Rank(m.all[0].e); !ok {
		t.Error("not found")
	}
	stranger := newEntry(m.a, 1, "b")
	if _, ok := m.t.Rank(stranger); ok || m.t.Delete(stranger) || m.t.Replace(stranger, stranger) || m.t.Update(stranger, 2) || m.t.Rescore(stranger, 2) {
		t.Error("found what is not there")
	}
	freeEntry(m.a, stranger)
	m.free()
}

// TestAllocs pins that no operation allocates on the Go heap, splits and merges included.
func TestAllocs(t *testing.T) {
	a := noLeak(t)
	tree := New(a, testKind)
	var es []mem.Ref
	rnd := rand.New(rand.NewPCG(1, 2))
	for i := range 3000 {
		es = append(es, newEntry(a, float64(rnd.IntN(500)), fmt.Sprint(i)))
	}
	if n := testing.AllocsPerRun(10, func() {
		for _, e := range es {
			tree.Insert(e)
		}
		for i, e := range es {
			r, _ := tree.Rank(e)
			if tree.At(r) != e {
				t.Fatal("lost")
			}
			tree.Replace(e, e)
			tree.Update(e, entryScore(e)+float64(i%7-3))
			it := tree.SeekScore(float64(i%500), false)
			it.Next()
			it = tree.SeekMember(entryScore(e), entryMember(e), true)
			it.Prev()
		}
		for _, e := range es {
			tree.Delete(e)
		}
	}); n != 0 && !invariants.Enabled && !raceBuild {
		t.Errorf("%v Go allocations", n)
	}
	tree.Free(nil)
	for _, e := range es {
		freeEntry(a, e)
	}
}

// TestFreeSlice frees a tree a few entries at a time.
func TestFreeSlice(t *testing.T) {
	for _, n := range []int{0, 1, 100, 20_000} {
		m := newModel(t)
		for i := range n {
			m.insert(float64(i*7919%n), "x")
		}
		slices, freed := 0, 0
		for !m.t.FreeSlice(7, func(e mem.Ref) { freed++; freeEntry(m.a, e) }) {
			slices++
			if m.t.Len() != n-freed {
				t.Fatalf("Len is %d, want %d", m.t.Len(), n-freed)
			}
			if got := m.a.Books().Purposes[mem.PurposeZSetIndex].Usable; got != m.t.Bytes() {
				t.Fatalf("Bytes is %d, the books say %d", m.t.Bytes(), got)
			}
		}
		if freed != n || slices < n/8 || m.t.Root() != 0 {
			t.Errorf("%d of %d freed in %d slices, root %d", freed, n, slices, m.t.Root())
		}
	}
}

// TestRelocate moves every entry, and the nodes that the allocator wants moved.
func TestRelocate(t *testing.T) {
	m := newModel(t)
	rnd := rand.New(rand.NewPCG(3, 4))
	for i := range 30_000 {
		m.insert(rnd.Float64(), fmt.Sprint(i))
	}
	for len(m.all) > 9000 {
		m.delete(rnd.IntN(len(m.all)))
	}
	gain := m.a.BeginCompaction()
	before := map[mem.Ref]bool{}
	m.nodes(func(r mem.Ref) { before[r] = true })
	at := 0
	for c := uint64(0); ; {
		c = m.t.Relocate(c, func(e mem.Ref) mem.Ref {
			x := &m.all[at]
			if e != x.e {
				t.Fatalf("entry %d is another", at)
			}
			at++
			if at%3 == 0 {
				return e
			}
			x.e = newEntry(m.a, x.score, x.member)
			freeEntry(m.a, e)
			return x.e
		})
		if c == 0 {
			break
		}
	}
	m.t.RelocateRoot()
	m.a.EndCompaction()
	moved := 0
	m.nodes(func(r mem.Ref) {
		if !before[r] {
			moved++
		}
	})
	t.Logf("a gain of %d bytes was planned; %d of %d nodes moved", gain, moved, len(before))
	if at != len(m.all) || moved == 0 {
		t.Errorf("%d of %d entries were offered, %d nodes moved", at, len(m.all), moved)
	}
	m.verifyAll()
	m.free()
}

// nodes gives every node to f.
func (m *model) nodes(f func(mem.Ref)) {
	var below func(node mem.Ref, height int)
	below = func(node mem.Ref, height int) {
		f(node)
		for i := 0; height > 0 && i < int(innerAt(node).n); i++ {
			below(innerAt(node).child(i), height-1)
		}
	}
	below(m.t.head().ref(), m.t.head().height())
}

// TestSizes pins that nodes waste nothing.
func TestSizes(t *testing.T) {
	for i, s := range sizes {
		n := int(s.bytes)
		if mem.Usable(n) != n {
			t.Errorf("%d bytes are no size class: %d", n, mem.Usable(n))
		}
		if leafHead+leafSlot*int(s.leaf) > n || innerHead+innerSlot*int(s.inner) > n || i > 0 && s.leaf <= sizes[i-1].leaf {
			t.Errorf("size %d: %+v", i, s)
		}
	}
	if sizes[largest].leaf != maxLeaf || sizes[largest].inner != maxInner {
		t.Errorf("largest: %+v", sizes[largest])
	}
}

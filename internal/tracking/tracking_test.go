package tracking

import (
	"bytes"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"granary/internal/mem"
	"granary/tests/live"
)

func newArena(t *testing.T) *mem.Arena {
	a := mem.NewArena("test")
	t.Cleanup(func() {
		if n := a.Books().Purposes[mem.PurposeTracking].Count; n != 0 {
			t.Errorf("%d allocations left behind", n)
		}
		a.Close()
	})
	return a
}

func booked(a *mem.Arena) int64 { return a.Books().Purposes[mem.PurposeTracking].Usable }

// TestKeys compares with a map of sets: few keys with many clients, and many with few.
func TestKeys(t *testing.T) {
	rnd := rand.New(rand.NewPCG(live.Seed(t), 0))
	a := newArena(t)
	x := NewKeys(a)
	model := map[string]map[int64]bool{}
	take := func(name string) map[int64]bool {
		got := map[int64]bool{}
		x.Take([]byte(name), func(k []byte, c int64) {
			if string(k) != name || got[c] {
				t.Fatalf("taking %q gives client %d of %q", name, c, k)
			}
			got[c] = true
		})
		return got
	}
	check := func() {
		t.Helper()
		if err := x.Check(); err != nil {
			t.Fatal(err)
		}
		items := 0
		for _, s := range model {
			items += len(s)
		}
		if x.Len() != len(model) || x.Items() != items || booked(a) != x.Bytes() {
			t.Fatalf("%d keys, %d items, %d bytes of %d; want %d and %d", x.Len(), x.Items(), x.Bytes(), booked(a), len(model), items)
		}
	}
	for i := range 60_000 {
		name := fmt.Sprint("key:", rnd.IntN(300))
		if rnd.IntN(2) == 0 {
			name = fmt.Sprint("hot", rnd.IntN(3))
		}
		switch rnd.IntN(150) {
		case 0:
			if got := take(name); !maps.Equal(got, model[name]) {
				t.Fatalf("%q: %v, want %v", name, got, model[name])
			}
			delete(model, name)
		case 1:
			x.TakeRandom(rnd.Uint64(), func(k []byte, c int64) {
				if !model[string(k)][c] {
					t.Fatalf("%q was not read by %d", k, c)
				}
				if delete(model[string(k)], c); len(model[string(k)]) == 0 {
					delete(model, string(k))
				}
			})
		default:
			c := 1 + rnd.Int64N(400)
			x.Remember([]byte(name), c)
			if model[name] == nil {
				model[name] = map[int64]bool{}
			}
			model[name][c] = true
		}
		if i%3000 == 0 {
			a.PlanAll()
			for c := x.Relocate(0); c != 0; {
				c = x.Relocate(c)
			}
			a.EndCompaction()
			check()
		}
	}
	if a.Moves().Moved < 1000 {
		t.Errorf("%d blocks moved", a.Moves().Moved)
	}
	check()
	x.Clear()
	x.Remember([]byte("next"), 1)
	for !x.FreeSlice(50) {
	}
	model = map[string]map[int64]bool{"next": {1: true}}
	check()
	take("next")
	if booked(a) != 0 {
		t.Errorf("%d bytes left", booked(a))
	}
}

// TestPrefixes compares with maps.
func TestPrefixes(t *testing.T) {
	rnd := rand.New(rand.NewPCG(live.Seed(t), 0))
	a := newArena(t)
	x := NewPrefixes(a)
	sets := make([]*Set, 8)
	has := make([]map[string]bool, len(sets))
	for i := range sets {
		sets[i], has[i] = &Set{Client: int64(i + 1)}, map[string]bool{}
	}
	changed := map[string]map[string]int64{} // by prefix
	word := func(n int) string {
		b := make([]byte, rnd.IntN(n))
		for i := range b {
			b[i] = byte('a' + rnd.IntN(3))
		}
		return string(b)
	}
	members := func(prefix string) (ids []int64) {
		for i := range has {
			if has[i][prefix] {
				ids = append(ids, int64(i+1))
			}
		}
		return ids
	}
	check := func() {
		t.Helper()
		if err := x.Check(sets...); err != nil {
			t.Fatal(err)
		}
		all := map[string]bool{}
		for i, s := range sets {
			maps.Copy(all, has[i])
			n := 0
			s.Each(func(p []byte) {
				if n++; !has[i][string(p)] {
					t.Fatalf("client %d has %q", s.Client, p)
				}
			})
			if n != len(has[i]) {
				t.Fatalf("client %d has %d prefixes, want %d", s.Client, n, len(has[i]))
			}
		}
		if x.Len() != len(all) || booked(a) != x.Bytes() {
			t.Fatalf("%d prefixes, %d bytes of %d; want %d", x.Len(), x.Bytes(), booked(a), len(all))
		}
	}
	for i := range 20_000 {
		c := rnd.IntN(len(sets))
		switch rnd.IntN(12) {
		case 0:
			x.Leave(sets[c])
			for p := range has[c] {
				if delete(has[c], p); members(p) == nil {
					delete(changed, p)
				}
			}
		case 1:
			var want []string
			x.Take(func(ch *Changes) {
				var keys []string
				ch.Each(func(k []byte, by int64) { keys = append(keys, fmt.Sprint(string(k), by)) })
				var ids []int64
				ch.Clients(func(id int64) { ids = append(ids, id) })
				slices.Sort(ids)
				p := string(preName(ch.prefix))
				want = append(want, p)
				var model []string
				for k, by := range changed[p] {
					model = append(model, fmt.Sprint(k, by))
				}
				slices.Sort(model)
				slices.Sort(keys)
				if ch.Lost || !slices.Equal(keys, model) || !slices.Equal(ids, members(p)) {
					t.Fatalf("%q: %v to %v, want %v to %v", p, keys, ids, model, members(p))
				}
			})
			if !slices.IsSorted(want) || len(want) != len(changed) {
				t.Fatalf("told of %q, want %v", want, changed)
			}
			clear(changed)
		case 2, 3:
			p := word(5)
			x.Add(sets[c], []byte(p))
			has[c][p] = true
		default:
			k, by := word(9), rnd.Int64N(4)
			x.Change([]byte(k), by)
			for i := range len(k) + 1 {
				if p := k[:i]; members(p) != nil {
					if changed[p] == nil {
						changed[p] = map[string]int64{}
					}
					changed[p][k] = by
				}
			}
		}
		if x.Changed() != (len(changed) > 0) {
			t.Fatalf("there is something to tell: %v, want %v", x.Changed(), changed)
		}
		if i%400 == 0 {
			check()
		}
	}
	for i := range sets {
		x.Leave(sets[i])
		clear(has[i])
	}
	check()
	if booked(a) != 0 {
		t.Errorf("%d bytes left", booked(a))
	}
}

func TestOverlapping(t *testing.T) {
	x := NewPrefixes(newArena(t))
	s := &Set{Client: 1}
	for _, p := range []string{"foo", "bar", "fox:1", "fox:2"} {
		x.Add(s, []byte(p))
	}
	is := func(with, want string) {
		t.Helper()
		if got, found := s.Overlapping([]byte(with)); string(got) != want || found != (want != "") {
			t.Errorf("%q overlaps with %q (%v), want %q", with, got, found, want)
		}
	}
	is("fo", "foo")
	is("foo", "foo")
	is("fox", "fox:1")
	is("barb", "bar")
	is("", "bar")
	is("x", "")
	x.Leave(s)
	is("foo", "")
}

// tried runs f and reports whether there was memory for it.
func tried(f func()) (ok bool) {
	defer func() {
		if r := recover(); r != nil {
			if r != error(mem.ErrOutOfMemory) {
				panic(r)
			}
			ok = false
		}
	}()
	f()
	return true
}

// TestOutOfMemory works while the last pages go one after the other: what is refused changes nothing, and changes that
// cannot be noted make their prefix lost.
func TestOutOfMemory(t *testing.T) {
	if err := mem.Open(mem.Config{Limit: 2 << 20}); err != nil {
		t.Fatal(err) // another test of this process left memory behind
	}
	t.Cleanup(func() {
		if err := mem.Open(mem.Config{}); err != nil {
			t.Error(err)
		}
	})
	a := newArena(t)
	x, y := NewKeys(a), NewPrefixes(a)
	s := &Set{Client: 1}
	y.Add(s, nil)
	ballast := mem.NewArena("ballast")
	var taken []mem.Ref
	var r mem.Ref
	for tried(func() { r = ballast.Alloc(4096, mem.PurposeOther) }) {
		taken = append(taken, r)
	}
	refused, losses, done := 0, 0, 0
	for i := 0; len(taken) > 0 && refused < 60; i++ {
		name := []byte(strings.Repeat("n", i%97) + fmt.Sprint(i%701))
		keys, prefixes := x.Items(), y.Len()
		ok := tried(func() { x.Remember(name, int64(1+i%11)) }) && tried(func() { y.Add(s, bytes.Clone(name)) })
		y.Change(name, 0)
		if err := x.Check(); err != nil {
			t.Fatal(err)
		}
		if err := y.Check(s); err != nil {
			t.Fatal(err)
		}
		if ok {
			done++
			continue
		}
		if refused++; x.Items() > keys+1 || y.Len() > prefixes {
			t.Fatal("something refused was done")
		}
		y.Take(func(c *Changes) {
			if c.Lost {
				losses++
				c.Each(func(k []byte, _ int64) { t.Fatalf("lost, and has %q", k) })
			}
		})
		last := len(taken) - 1
		ballast.Free(taken[last], 4096, mem.PurposeOther)
		taken = taken[:last]
	}
	if refused < 20 || done < 20 || losses == 0 {
		t.Errorf("%d refused, %d done, %d lost: the test shows nothing", refused, done, losses)
	}
	y.Leave(s)
	x.Clear()
	for !x.FreeSlice(50) {
	}
	for _, r := range taken {
		ballast.Free(r, 4096, mem.PurposeOther)
	}
	ballast.Close()
}

// BenchmarkRemember is what a read costs that is tracked already.
func BenchmarkRemember(b *testing.B) {
	a := mem.NewArena("bench")
	x := NewKeys(a)
	b.ReportAllocs()
	for b.Loop() {
		x.Remember([]byte("key:000000000001"), 7)
	}
	x.Clear()
	for !x.FreeSlice(10) {
	}
}

// TestChangesAllocs: to tell of changes takes nothing of the Go heap.
func TestChangesAllocs(t *testing.T) {
	x, set := NewPrefixes(newArena(t)), &Set{Client: 1}
	x.Add(set, []byte("k:"))
	var names [100][]byte
	for i := range names {
		names[i] = fmt.Appendf(nil, "k:%d", i)
	}
	told := 0
	n := testing.AllocsPerRun(100, func() {
		for _, k := range names {
			x.Change(k, 2)
		}
		x.Take(func(c *Changes) { c.Each(func([]byte, int64) { told++ }) })
	})
	if n != 0 || told != 101*len(names) {
		t.Errorf("%v allocations, %d changes told of", n, told)
	}
	x.Leave(set)
}

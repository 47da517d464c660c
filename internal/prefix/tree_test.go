package prefix

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"sort"
	"testing"

	"granary/internal/mem"
)

// world is a tree beside the keys that it counts.
type world struct {
	t    *testing.T
	tree *Tree
	rng  *rand.Rand
	keys map[string]Counts
	done map[string]bool // keys that the count under way has come by
	now  int64
}

func newWorld(t *testing.T, split Split, rows int, seed uint64) *world {
	w := &world{t: t, tree: NewTree(split, rows), rng: rand.New(rand.NewPCG(seed, 1)), keys: map[string]Counts{}, now: 1}
	t.Cleanup(func() {
		w.tree.Close()
		if n := mem.Outside(mem.PurposePrefix); n != 0 {
			t.Errorf("%d bytes booked for no tree", n)
		}
	})
	return w
}

// change gives a key other counts; none of them: it goes.
func (w *world) change(key string, to Counts) {
	d := to
	d.sub(w.keys[key])
	on := Sides(0)
	if w.tree.Complete() {
		on = Shown
	}
	if w.tree.Counting() && w.done[key] {
		on |= Next
	}
	w.tree.Add([]byte(key), d, on)
	if w.keys[key] = to; to.Keys == 0 {
		delete(w.keys, key)
	}
}

func (w *world) random() (key string, c Counts) {
	// A few prefixes have most of the bytes, and very many have next to nothing.
	key = fmt.Sprintf("k%0*d", []int{1, 9}[w.rng.IntN(2)], w.rng.IntN(50))
	for range w.rng.IntN(4) {
		part := fmt.Sprint(int(w.rng.ExpFloat64() * 6))
		if w.rng.IntN(16) == 0 {
			part = ""
		}
		key = part + w.tree.split.Delim + key
	}
	if w.rng.IntN(4) > 0 {
		c = Counts{8 * (1 + w.rng.Int64N(40)), 1, w.rng.Int64N(2)}
	}
	return key, c
}

// begin starts a count; step comes by some keys.
func (w *world) begin() {
	w.tree.Begin()
	w.done = map[string]bool{}
}

func (w *world) step(n int) {
	var left []string
	for k := range w.keys {
		if !w.done[k] {
			left = append(left, k)
		}
	}
	sort.Strings(left)
	for _, k := range left[:min(n, len(left))] {
		w.tree.Add([]byte(k), w.keys[k], Next)
		w.done[k] = true
	}
	if n >= len(left) {
		w.tree.Finish()
	}
}

// facts is what the keys say, by prefix.
type facts struct{ whole, own, rest map[string]Counts }

func (w *world) facts() facts {
	f := facts{map[string]Counts{}, map[string]Counts{}, map[string]Counts{}}
	sum := func(m map[string]Counts, p []byte, d Counts) {
		c := m[string(p)]
		c.add(d)
		m[string(p)] = c
	}
	for k, d := range w.keys {
		p := w.tree.split.Of([]byte(k))
		sum(f.own, p, d)
		if at := w.tree.row(p); at.rest {
			sum(f.rest, w.tree.name(at.id), d)
		}
		sum(f.whole, nil, d)
		var to ends
		s := w.tree.split.scan(p, 0, &to)
		for _, end := range to[:s.parts] {
			sum(f.whole, p[:end], d)
		}
	}
	return f
}

// of returns what a line is about.
func (f *facts) of(l *Line) Counts {
	return [...]map[string]Counts{f.whole, f.own, f.rest}[l.Kind][string(l.Prefix)]
}

func within(c, low, miss Counts) bool {
	in := func(c, low, miss int64) bool { return low <= c && c <= low+miss }
	return in(c.Bytes, low.Bytes, miss.Bytes) && in(c.Keys, low.Keys, miss.Keys) && in(c.Expires, low.Expires, miss.Expires)
}

// check holds every list against the keys: lines add up, and each is right up to what it says it may lack.
func (w *world) check() (uncertain int) {
	w.t.Helper()
	tree := w.tree
	var all Counts
	for _, c := range w.keys {
		all.add(c)
	}
	if got := tree.Total(Shown); got != all {
		w.t.Fatalf("the tree has %v in all, not %v", got, all)
	}
	facts := w.facts()
	for depth := range tree.split.Depth + 1 {
		lines, total, _ := tree.List(nil, depth, ByBytes)
		var sum Counts
		for i := range lines {
			l := &lines[i]
			sum.add(l.Counts)
			c, low, miss := facts.of(l), l.Counts, l.Miss
			if miss != (Counts{}) {
				uncertain++
			}
			if l.Kind == Rest {
				low.sub(miss)
				miss.add(miss)
			}
			if low.negative() && l.Kind != Rest || l.negative() || !within(c, low, miss) {
				w.t.Fatalf("depth %d: %q (%v) has %v, and the tree says %v, at most %v more", depth, l.Prefix, l.Kind, c, l.Counts, l.Miss)
			}
		}
		if sum != all || total.Counts != all || total.Miss != (Counts{}) {
			w.t.Fatalf("depth %d: lines have %v, the tree %v, and all keys %v", depth, sum, total, all)
		}
	}
	n := 0
	for p, c := range facts.whole {
		l := tree.Lookup([]byte(p))
		if n++; n > 100 {
			break
		}
		if !within(c, l.Counts, l.Miss) {
			w.t.Fatalf("%q has %v, and the tree says %v, at most %v more", p, c, l.Counts, l.Miss)
		}
	}
	return uncertain
}

// TestModel does a random history, with and without enough rows, and counts in the middle of it.
func TestModel(t *testing.T) {
	for i := range 16 {
		rows, depth, delim := []int{MinRows, 40, 4096, MinRows}[i/4], i%4, []string{":", ":", ":", "--"}[i/4]
		t.Run(fmt.Sprintf("%d rows, depth %d, %s", rows, depth, delim), func(t *testing.T) {
			w := newWorld(t, Split{delim, depth}, rows, uint64(rows))
			uncertain := 0
			for i := range 6000 {
				w.change(w.random())
				w.now += 200
				w.tree.Look(w.now)
				if w.tree.Counting() {
					if i%10 == 0 {
						w.step(w.rng.IntN(80))
					}
				} else if w.rng.IntN(500) == 0 {
					w.begin()
				}
				if i%250 == 0 {
					uncertain += w.check()
				}
			}
			if used, most := w.tree.Rows(); used > most || most != rows {
				t.Errorf("%d rows, of %d", used, most)
			}
			if rows == 4096 && (uncertain > 0 || w.tree.Uncertain()) || rows == MinRows && depth > 1 && (uncertain == 0 || w.tree.Moved == 0) {
				t.Errorf("%d rows, depth %d: %d lines were uncertain, %d rows moved", rows, depth, uncertain, w.tree.Moved)
			}
			for w.tree.Counting() {
				w.step(1000)
			}
			w.begin()
			w.step(len(w.keys))
			if n := w.check(); rows == 4096 && (n > 0 || w.tree.Uncertain()) { // a count may give rows to others
				t.Errorf("%d rows, depth %d: %d lines are uncertain right after a count", rows, depth, n)
			}
			for k := range w.keys {
				w.change(k, Counts{})
			}
			w.check()
		})
	}
}

// TestLate is a tree that comes when keys are there.
func TestLate(t *testing.T) {
	w := newWorld(t, Split{":", 2}, 100, 7)
	w.tree.Lost()
	for range 500 {
		w.change(w.random())
	}
	w.begin()
	for w.tree.Counting() {
		w.step(3)
		if w.tree.Counting() {
			w.change(w.random())
			w.tree.Look(w.now)
			w.now += 3000
		}
	}
	w.check()
	lines, all, _ := w.tree.List(nil, 1, ByBytes)
	for _, l := range append(lines, all) {
		if l.Growth != 0 {
			t.Errorf("%q grew by %d when it was counted", l.Prefix, l.Growth)
		}
	}
}

// TestLarge: whoever has a good share of all bytes has a row soon, although very many others want one.
func TestLarge(t *testing.T) {
	const bytes = 2048 // of a key
	w := newWorld(t, Split{":", 1}, 64, 8)
	for i := range 20000 {
		w.change(fmt.Sprintf("small%d:k", i), Counts{bytes, 1, 0})
		if i > 10000 && i%10 == 0 {
			w.change(fmt.Sprintf("large:%d", i), Counts{bytes, 1, 0})
		}
		w.now += 5
		for w.tree.Look(w.now) {
		}
	}
	l := w.tree.Lookup([]byte("large:"))
	if l.Keys < 500 || l.Keys > 1000 {
		t.Errorf("a thousand keys, and the tree knows of %d and at most %d more", l.Keys, l.Miss.Keys)
	}
	w.begin()
	w.step(1 << 30)
	if l = w.tree.Lookup([]byte("large:")); l.Counts != (Counts{bytes * 999, 999, 0}) || l.Miss != (Counts{}) {
		t.Errorf("after a count the tree says %v, and %v more", l.Counts, l.Miss)
	}
}

// TestEverNew: of very many prefixes none has a row as long as all are small; one that is large has one soon, and all have when they
// are few again.
func TestEverNew(t *testing.T) {
	w := newWorld(t, Split{":", 3}, 64, 12)
	look := func(ms int64) {
		w.now += ms
		for w.tree.Look(w.now) {
		}
	}
	for i := range 40000 {
		w.change(fmt.Sprintf("user:%d:name", i), Counts{64, 1, 0})
		if i%1000 == 0 {
			look(listEvery)
		}
	}
	if used, _ := w.tree.Rows(); used > 4 || !w.tree.crowded || w.tree.Moved < 60 {
		t.Errorf("%d rows, %d moved, crowded: %t", used, w.tree.Moved, w.tree.crowded)
	}
	w.check()
	if w.change("user:huge:x", Counts{1 << 20, 1, 0}); w.tree.lookup([]byte("user:huge:")) < 0 {
		t.Error("a prefix that takes a third of all at once has no row")
	}
	w.change("user:huge:x", Counts{})
	for i := range 4000 {
		w.change(fmt.Sprintf("user:large:%d", i), Counts{64, 1, 0})
		w.change(fmt.Sprintf("user:%d:name", 40000+i), Counts{64, 1, 0})
		w.change(fmt.Sprintf("user:%d:name", i), Counts{})
	}
	look(listEvery)
	if l := w.tree.Lookup([]byte("user:large:")); l.Keys < 2000 {
		t.Errorf("the tree knows of %d keys and at most %d more, of 4000", l.Keys, l.Miss.Keys)
	}
	w.begin()
	w.step(len(w.keys))
	for i := range 44000 {
		w.change(fmt.Sprintf("user:%d:name", i), Counts{})
	}
	look(pastEvery)
	if w.tree.crowded {
		t.Error("all keys have rows, and prefixes have to ask for one")
	}
	w.change("user:17:name", Counts{64, 1, 0})
	if w.tree.lookup([]byte("user:17:")) < 0 {
		t.Error("a prefix has no row, and there are many")
	}
	w.check()
}

// TestShare: among prefixes that are ever new, each of one key, one that takes twice the share of an average row gets a row while what is
// stored doubles, and next to none of the others keeps one. In a store as small as to have prefixes ask less often it does when all is
// counted anew.
func TestShare(t *testing.T) {
	const rows, runs = 64, 800
	for _, c := range []struct {
		bytes         int64 // of a key
		stored, share int   // keys for each row, and how many times the share of one
		missed        int   // runs, at most
	}{
		{2048, 20, 2, runs / 40},
		{2048, 20, 1, runs / 2},
		{2048, 150, 2, runs / 40},
		{64, 20, 2, runs / 100},
		{64, 20, 1, runs / 8},
		{64, 150, 2, runs / 100},
	} {
		t.Run(fmt.Sprintf("%d bytes, %d keys for a row, %d times its share", c.bytes, c.stored, c.share), func(t *testing.T) {
			small := int64(c.stored)*c.bytes < askLeast*askShare
			stored, rng := c.stored*rows, rand.New(rand.NewPCG(13, 13))
			missed, kept, late := 0, 0, 0
			for range runs {
				tree := NewTree(Split{":", 2}, rows)
				keys := make([][]byte, 2*stored)
				add := func(from int, on Sides) {
					for i, key := range keys {
						tree.Add(key, Counts{c.bytes, 1, 0}, on)
						if i%(stored/20) == 0 {
							for now := int64(from+i) * listEvery; tree.Look(now); {
							}
						}
					}
				}
				for i := range keys {
					keys[i] = fmt.Appendf(nil, "user:%d:x", i)
					if i >= stored && rng.IntN(rows) < c.share {
						keys[i] = fmt.Appendf(nil, "user:large:%d", i)
					}
				}
				add(0, Shown)
				if small {
					if tree.lookup([]byte("user:large:")) < 0 {
						late++
					}
					if !tree.Uncertain() {
						t.Fatal("prefixes were kept from asking, and nothing is to be counted anew")
					}
					tree.Begin()
					add(len(keys), Next)
					tree.Finish()
				}
				if used, _ := tree.Rows(); tree.lookup([]byte("user:large:")) < 0 {
					missed++
					kept += used
				} else {
					kept += used - 1
				}
				tree.Close()
			}
			if missed > c.missed || kept > 4*runs {
				t.Errorf("in %d runs a large prefix had no row in %d, and others had %d", runs, missed, kept)
			}
			if small && late == 0 {
				t.Error("prefixes asked as often as in a larger store")
			}
		})
	}
}

// TestReview: rows of small prefixes go as keys come that have none, without waiting for the regular work; large ones stay.
func TestReview(t *testing.T) {
	const rows = 64
	w := newWorld(t, Split{":", 2}, rows, 14)
	for i := range 400 {
		w.change(fmt.Sprintf("user:large:%d", i), Counts{64, 1, 0})
	}
	for i := range 20 * askShare * rows {
		w.change(fmt.Sprintf("user:%d:name", i), Counts{64, 1, 0})
	}
	if used, _ := w.tree.Rows(); used > 4 || w.tree.Moved < rows-4 {
		t.Errorf("%d rows, %d moved", used, w.tree.Moved)
	}
	if l := w.tree.Lookup([]byte("user:large:")); l.Counts != (Counts{64 * 400, 400, 0}) || l.Miss != (Counts{}) {
		t.Errorf("the tree knows %v of a large prefix, and at most %v more", l.Counts, l.Miss)
	}
	w.check()
}

// TestStarved: when a prefix finds all rows taken and none to be given up, no other asks before that may have changed.
func TestStarved(t *testing.T) {
	for name, change := range map[string]func(w *world){
		"list": func(w *world) { w.tree.Look(listEvery) },
		"drop": func(w *world) { w.tree.drop(w.tree.lookup([]byte("p3:"))) },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, Split{":", 1}, MinRows, 11)
			for i := range MinRows {
				w.change(fmt.Sprintf("p%d:k", i), Counts{1 << 20, 1, 0}) // large enough to be kept beside all that come late
			}
			w.change("late:k", Counts{64, 1, 0})
			asked := w.tree.asked
			for i := range 100 {
				w.tree.credit = 0 // the next one's turn to ask
				w.change(fmt.Sprintf("late%d:k", i), Counts{1 << 20, 1, 0})
			}
			if used, most := w.tree.Rows(); used != most || w.tree.Moved != 0 || !w.tree.starved || w.tree.asked != asked {
				t.Fatalf("%d of %d rows, %d moved, %d asked for one", used, most, w.tree.Moved, w.tree.asked-asked)
			}
			w.tree.credit = 0
			change(w)
			for i := range 100 {
				w.change(fmt.Sprintf("large:%d", i), Counts{1 << 20, 1, 0})
			}
			if w.tree.lookup([]byte("large:")) < 0 {
				t.Error("the next one has no row")
			}
			w.check()
		})
	}
}

func TestGrowth(t *testing.T) {
	w := newWorld(t, Split{":", 2}, 100, 9)
	grown := func(prefix string, want int64) {
		t.Helper()
		if l := w.tree.Lookup([]byte(prefix)); l.Growth != want {
			t.Errorf("%q grew by %d, not %d", prefix, l.Growth, want)
		}
	}
	w.tree.Look(w.now)
	w.change("a:b:x", Counts{100, 1, 0})
	grown("a:", 100)
	for range 50 { // seconds
		w.now += 1000
		w.tree.Look(w.now)
	}
	w.change("a:c", Counts{10, 1, 0})
	grown("a:", 110)
	for range 20 {
		w.now += 1000
		w.tree.Look(w.now)
	}
	grown("a:", 10)
	grown("a:b:", 0)
	w.change("a:c", Counts{})
	w.change("a:b:x", Counts{})
	grown("a:", -100)
	grown("", -100)
	for range 130 {
		w.now += 1000
		w.tree.Look(w.now)
	}
	if used, _ := w.tree.Rows(); used != 0 {
		t.Errorf("%d rows of nothing", used)
	}
	grown("", 0)
}

// Keys of all lengths, with parts of all lengths and empty ones, are counted where a walk over their prefixes ends.
func TestPlace(t *testing.T) {
	for _, delim := range []string{":", "\x00", "--", ""} {
		for depth := range MaxDepth + 1 {
			t.Run(fmt.Sprintf("%q, depth %d", delim, depth), func(t *testing.T) { place(t, delim, depth) })
		}
	}
}

func place(t *testing.T, delim string, depth int) {
	w := newWorld(t, Split{delim, depth}, 24, 7)
	text := func(n int) (b []byte) {
		for len(b) < n {
			if b = append(b, "abc"[w.rng.IntN(3)]); w.rng.IntN(4) == 0 {
				b = append(b, delim...)
			}
		}
		return b
	}
	rests, quick := 0, 0
	for i := range 20000 {
		key := text(w.rng.IntN(34))
		if w.rng.IntN(16) == 0 {
			key = append(key, text(w.rng.IntN(2*MaxLen))...)
		}
		prefix, want := w.tree.split.Of(key), Place{}
		for want.id = w.tree.lookup(prefix); want.id < 0; want.id = w.tree.lookup(prefix) {
			prefix, want.rest = w.tree.split.Of(prefix[:len(prefix)-1]), true
		}
		if got := w.tree.Place(key); got != want {
			t.Fatalf("%q is counted in %v, not in %v: %q", key, got, want, prefix)
		}
		if want.rest {
			rests++
		}
		if w.tree.rest.least != never {
			quick++
		}
		d, moved, rows := Counts{int64(w.rng.IntN(2048)), 1, 0}, w.tree.Moved, w.tree.inUse()
		sum := *w.tree.live[want.id].at(want.rest)
		w.tree.Add(key, d, Shown)
		if sum.add(d); *w.tree.live[want.id].at(want.rest) != sum && w.tree.Moved == moved && w.tree.inUse() == rows {
			t.Fatalf("%q is counted elsewhere than in %v: %q, %d, %d", key, want, prefix, moved, rows)
		}
		if w.now += 10; i%100 == 0 {
			w.tree.Look(w.now)
		}
	}
	if depth > 2 && (rests < 1000 || w.tree.Moved == 0 || delim == ":" && quick < 1000) {
		t.Errorf("%d keys of prefixes without a row, %d times some are told of, %d rows moved", rests, quick, w.tree.Moved)
	}
}

func TestQuick(t *testing.T) {
	tree := NewTree(Split{":", 2}, MinRows)
	defer tree.Close()
	key := func(i int) []byte { return fmt.Appendf(nil, "abcdefg:%d:x", i) }
	tree.Add([]byte("abcdefg:own"), Counts{64, 1, 0}, Shown)
	for i := range 1000 {
		tree.Add(key(i), Counts{64, 1, 0}, Shown)
	}
	if tree.rest.least == never || tree.rest.length != 8 {
		t.Fatalf("keys are told of below a row of %d bytes", tree.rest.length)
	}
	for _, key := range []string{"abcdefg:", "abcdefg:9", "abcdefg::", "abcdefg::x", "abcdefg:1:", "abcdefg:5000:x", "abcdefg", "abcdefgh", "abcdefg:123456789:x"} {
		c := tree.live[tree.Place([]byte(key)).id].at(tree.Place([]byte(key)).rest)
		want := *c
		want.add(Counts{0, 1, 1})
		if tree.Add([]byte(key), Counts{0, 1, 1}, Shown); *c != want {
			t.Errorf("%q is counted elsewhere", key)
		}
		tree.Add([]byte(key), Counts{0, -1, -1}, Shown)
	}
	for i := range 1000 {
		tree.Add(key(i), Counts{-64, -1, 0}, Shown)
	}
	for now := int64(pastEvery); tree.crowded; now += pastEvery {
		tree.Look(now)
	}
	if tree.lookup([]byte("abcdefg:")) < 0 {
		t.Fatal("the row above is gone")
	}
	tree.Add(key(5000), Counts{64, 1, 0}, Shown)
	if tree.lookup([]byte("abcdefg:5000:")) < 0 {
		t.Error("there is room, and a new prefix has no row")
	}
}

// TestPlaceTags: of two names that begin with the same 16 bytes, the longer one is not taken for the shorter if their tags are the same.
func TestPlaceTags(t *testing.T) {
	tree := NewTree(Split{":", 3}, MinRows)
	defer tree.Close()
	tree.Add([]byte("abcdefgh:ijklmn:o:p"), Counts{64, 1, 0}, Shown)
	short, long := tree.lookup([]byte("abcdefgh:ijklmn:")), tree.lookup([]byte("abcdefgh:ijklmn:o:"))
	place := slices.IndexFunc(tree.index, func(e entry) bool { return e.id == uint16(short+1) })
	free := place
	for tree.index[free].id != 0 {
		free = (free + 1) % len(tree.index)
	}
	tree.index[free] = tree.index[place]
	tree.taken[free/64] |= 1 << (free % 64)
	tree.index[place] = entry{tree.index[place].tag, uint16(long + 1), 18}
	key := []byte("abcdefgh:ijklmn:q")
	if got := tree.Place(key); got != (Place{short, false}) {
		t.Errorf("a key of row %d is counted in %v", short, got)
	}
	if tree.Add(key, Counts{64, 1, 0}, Shown); tree.live[short].own != (Counts{64, 1, 0}) {
		t.Errorf("row %d has %v of a key", short, tree.live[short].own)
	}
}

func TestAddAllocs(t *testing.T) {
	w := newWorld(t, Split{":", 3}, 64, 10)
	keys := [4096][]byte{}
	for i := range keys {
		keys[i] = fmt.Appendf(nil, "a:b%d:c%d:d%d", i%3, i%100, i)
		w.tree.Add(keys[i], Counts{2048, 1, 0}, Shown)
	}
	for w.tree.Look(1) {
	}
	i := 0
	if n := testing.AllocsPerRun(10000, func() {
		w.tree.Add(keys[i%len(keys)], Counts{2048, 0, 0}, Shown)
		w.tree.Look(int64(i))
		i++
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
	if w.tree.Moved == 0 {
		t.Error("no row was given to another prefix")
	}
}

func BenchmarkAdd(b *testing.B) {
	run := func(name string, depth, rows int, key func(i int) string) {
		b.Run(name, func(b *testing.B) {
			t := NewTree(Split{":", depth}, rows)
			defer t.Close()
			keys := [1 << 14][]byte{}
			for i := range keys {
				keys[i] = []byte(key(i))
			}
			i := 0
			for b.Loop() {
				t.Add(keys[i&(len(keys)-1)], Counts{64, 1, 0}, Shown)
				i++
			}
		})
	}
	run("one", 3, 4096, func(i int) string { return fmt.Sprintf("key:%012d", i) })
	run("few", 3, 4096, func(i int) string { return fmt.Sprintf("user:%d:name:first", i%97) })
	run("many", 3, 4096, func(i int) string { return fmt.Sprintf("user:%d:name:first", i) })
	b.Run("zipf", func(b *testing.B) { // a tree that is full, of prefixes of which some are had often
		t := NewTree(Split{":", 3}, 1024)
		defer t.Close()
		keys, rng := [1 << 16][]byte{}, rand.New(rand.NewPCG(1, 1))
		for i := range keys {
			keys[i] = fmt.Appendf(nil, "user:%d:%012d", int(math.Pow(1e5, rng.Float64())), i)
		}
		n, now := 0, int64(0)
		for b.Loop() {
			t.Add(keys[n%len(keys)], Counts{64, 1, 0}, Shown)
			if n++; n%(1<<16) == 0 {
				for now += listEvery; t.Look(now); {
				}
			}
		}
	})
	b.Run("families", func(b *testing.B) { // ever new prefixes below several rows
		t := NewTree(Split{":", 3}, 1024)
		defer t.Close()
		keys := [1 << 14][]byte{}
		rng := rand.New(rand.NewPCG(1, 1))
		n, now := 0, int64(0)
		for b.Loop() {
			if n%len(keys) == 0 {
				b.StopTimer()
				for i := range keys {
					keys[i] = fmt.Appendf(keys[i][:0], "%s:%07d:name", []string{"user", "cart", "session", "mail"}[rng.IntN(4)], rng.IntN(1e7))
				}
				b.StartTimer()
			}
			t.Add(keys[n%len(keys)], Counts{64, 1, 0}, Shown)
			if n++; n%(1<<16) == 0 {
				for now += listEvery; t.Look(now); {
				}
			}
		}
	})
	b.Run("ever new", func(b *testing.B) { // more prefixes than there can be rows, and work in between as the server does it
		t := NewTree(Split{":", 3}, 4096)
		defer t.Close()
		key, n, now := []byte("user:xxxxxxxx:name"), uint64(0), int64(0)
		for b.Loop() {
			binary.LittleEndian.PutUint64(key[5:], n*0x9e3779b97f4a7c15&0x0f0f0f0f0f0f0f0f+0x6161616161616161) // letters a to p
			t.Add(key, Counts{64, 1, 0}, Shown)
			if n++; n%(1<<16) == 0 {
				for now += listEvery; t.Look(now); {
				}
			}
		}
	})
}

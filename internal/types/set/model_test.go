package set

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"granary/internal/keyspace"
	"granary/internal/mem"
	"granary/internal/object"
	"granary/tests/live"
)

// world is a keyspace with one set, and the same set as a Go map.
type world struct {
	tb   testing.TB
	r    *rand.Rand
	a    *mem.Arena
	ks   *keyspace.Keyspace
	lim  Limits
	want map[string]bool
	seen map[object.Encoding]int
	ints bool // mostly integers
	wide bool // the limits stay wide
}

func newWorld(tb testing.TB, r *rand.Rand) *world {
	a := mem.NewArena("test")
	return &world{tb: tb, r: r, a: a, ks: keyspace.New(a, 1), want: map[string]bool{}, seen: map[object.Encoding]int{}}
}

// end empties the keyspace: nothing may be left.
func (w *world) end() {
	w.tb.Helper()
	w.ks.FlushAll(false)
	for !w.ks.Reclaim(time.Now().Add(time.Second)) {
	}
	if t := w.a.Books().Total; t.Count != 0 {
		w.tb.Fatalf("%d bytes in %d blocks left behind", t.Requested, t.Count)
	}
	w.a.Close()
}

func (w *world) item() keyspace.Item { return w.ks.DBs[0].Write([]byte("set")) }

func (w *world) member() string {
	if w.ints && w.r.IntN(100) > 0 {
		return strconv.Itoa(w.r.IntN(80) << (8 * w.r.IntN(3)))
	}
	switch w.r.IntN(10) {
	case 0:
		return strconv.FormatInt(w.r.Int64()>>w.r.IntN(64), 10)
	case 1:
		return "0" + strconv.Itoa(w.r.IntN(10)) // no integer
	case 2:
		return strings.Repeat("long", w.r.IntN(30)) + strconv.Itoa(w.r.IntN(3))
	}
	return "member" + strconv.Itoa(w.r.IntN(60))
}

// step does one random thing to the set, and to the map if there was memory for it.
func (w *world) step() (refused bool) {
	if w.wide {
		w.lim = Limits{Intset: 500, Entries: 500, Value: 500}
	} else if w.r.IntN(30) == 0 {
		w.lim = Limits{[]int{0, 10, 100, 512}[w.r.IntN(4)], []int{0, 10, 100}[w.r.IntN(3)], []int{3, 20, 64}[w.r.IntN(3)]}
	}
	if w.r.IntN(12) == 0 {
		w.compact()
	}
	it := w.item()
	text := w.member()
	var m Member
	m.SetText([]byte(text))
	has := w.want[text]
	switch op := w.r.IntN(20); {
	case op < 11 && !it.Exists():
		if refused = !mem.Try(func() { Create(&it, w.lim, &m, 1+w.r.IntN(200)) }); !refused {
			w.want[text] = true
		}
	case op < 11:
		var added bool
		if refused = !mem.Try(func() { added = Add(&it, w.lim, &m) }); !refused {
			w.is(added == !has, "Add", text)
			w.want[text] = true
		}
	case !it.Exists():
	case op < 16:
		var removed bool
		if refused = !mem.Try(func() { removed = Remove(&it, &m) }); !refused {
			w.is(removed == has, "Remove", text)
			delete(w.want, text)
		}
	case op == 16:
		p := Pick(&it, &m)
		text = string(m.Text())
		w.is(w.want[text], "Pick", text)
		if refused = !mem.Try(func() { Drop(&it, p) }); !refused {
			delete(w.want, text)
		}
	case op == 17 && len(w.want) > 1:
		refused = w.pop(&it)
	case op == 18:
		refused = !mem.Try(func() { Expect(&it, w.lim, w.r.IntN(600)) })
	case op == 19:
		refused = w.rebuild(&it)
	}
	if it = w.item(); it.Exists() && len(w.want) == 0 {
		it.Delete()
	}
	return refused
}

func (w *world) is(ok bool, what, text string) {
	w.tb.Helper()
	if !ok {
		w.tb.Fatalf("%s of %q says the opposite", what, text)
	}
}

// pop takes some members away, few or most of them.
func (w *world) pop(it *keyspace.Item) (refused bool) {
	n := 1 + w.r.IntN(len(w.want)-1)
	if w.r.IntN(2) == 0 {
		n = min(n, 3)
	}
	popped := map[string]bool{}
	var m Member
	ok := mem.Try(func() {
		Pop(it, w.lim, &m, n, func() { popped[string(m.Text())] = true })
	})
	if !ok {
		return true
	}
	if len(popped) != n {
		w.tb.Fatalf("%d different members were popped, want %d", len(popped), n)
	}
	for text := range popped {
		w.is(w.want[text], "Pop", text)
		delete(w.want, text)
	}
	return false
}

// rebuild stores a copy that a Builder made, without some members, under the key.
func (w *world) rebuild(it *keyspace.Item) (refused bool) {
	v := Of(it.Entry)
	left := maps.Clone(w.want)
	ok := mem.Try(func() {
		b := NewBuilder(w.a, w.lim, []object.Encoding{object.Intset, object.Listpack, object.Hashtable}[w.r.IntN(3)])
		defer b.Discard()
		var m Member
		v.Each(&m, func() bool { return b.Add(&m) })
		for text := range w.want {
			if w.r.IntN(20) == 0 && len(left) > 1 {
				m.SetText([]byte(text))
				w.is(b.Remove(&m), "Remove", text)
				delete(left, text)
			}
		}
		b.ToIntset()
		if b.Len() != len(left) {
			w.tb.Fatalf("the builder has %d members, want %d", b.Len(), len(left))
		}
		b.Store(it)
	})
	if ok {
		w.want = left
	}
	return !ok
}

// verify compares the set with the map in every way of reading it.
func (w *world) verify() {
	w.tb.Helper()
	if err := w.ks.Check(); err != nil {
		w.tb.Fatal(err)
	}
	it := w.item()
	if it.Exists() != (len(w.want) > 0) {
		w.tb.Fatalf("the set exists: %v, want %d members", it.Exists(), len(w.want))
	}
	if !it.Exists() {
		return
	}
	v := Of(it.Entry)
	w.seen[v.Encoding()]++
	got := map[string]bool{}
	var m Member
	v.Each(&m, func() bool {
		got[string(m.Text())] = true
		return true
	})
	if !maps.Equal(got, w.want) || v.Len() != len(w.want) || Len(&it) != len(w.want) {
		w.tb.Fatalf("%s: %d members: %v, want %v", v.Encoding(), v.Len(), got, w.want)
	}
	for range 5 {
		text := w.member()
		m.SetText([]byte(text))
		w.is(v.Has(&m) == w.want[text], "Has", text)
	}
	clear(got)
	for c := uint64(0); ; {
		if c = v.Scan(c, &m, func() { got[string(m.Text())] = true }); c == 0 {
			break
		}
	}
	if !maps.Equal(got, w.want) {
		w.tb.Fatalf("%s: a scan finds %v, want %v", v.Encoding(), got, w.want)
	}
	n := w.r.IntN(len(w.want) + 1)
	clear(got)
	v.Sample(&m, n, func() { got[string(m.Text())] = true })
	if len(got) != n {
		w.tb.Fatalf("a sample of %d has %d different members", n, len(got))
	}
	v.Randoms(&m, 7, func() { w.is(w.want[string(m.Text())], "Randoms", string(m.Text())) })
}

// TestModel compares random histories under limits that change with a map.
func TestModel(t *testing.T) {
	seed := live.Seed(t)
	seen := map[object.Encoding]int{}
	for round := range uint64(30) {
		w := newWorld(t, rand.New(rand.NewPCG(seed, round)))
		w.seen, w.ints, w.wide = seen, round%2 == 0, round%3 == 0
		for range 500 {
			w.step()
			w.ks.DefragUnits(w.r.IntN(6), w.r.IntN(3) > 0)
			if w.r.IntN(4) == 0 {
				w.verify()
			}
		}
		w.verify()
		w.end()
	}
	for _, enc := range []object.Encoding{object.Intset, object.Listpack, object.Hashtable} {
		if seen[enc] < 50 {
			t.Errorf("%s was looked at %d times only", enc, seen[enc])
		}
	}
}

// TestScarceMemory does the same while memory is scarce: what there is no memory for has not happened.
func TestScarceMemory(t *testing.T) {
	if err := mem.Open(mem.Config{Limit: 1 << 20}); err != nil {
		t.Fatal(err) // another test of this process left memory behind
	}
	t.Cleanup(func() {
		if err := mem.Open(mem.Config{}); err != nil {
			t.Error(err)
		}
	})
	seed, refused := live.Seed(t), 0
	for round := range uint64(60) {
		w := newWorld(t, rand.New(rand.NewPCG(seed, round)))
		w.ints, w.wide = round%2 == 0, round%3 == 0
		for range 60 {
			w.step()
		}
		sizes := []int{4096, []int{8, 24, 64, 512}[round%4]}
		var ballast [2][]mem.Ref
		for i, n := range sizes {
			for mem.Try(func() { ballast[i] = append(ballast[i], w.a.Alloc(n, mem.PurposeOther)) }) {
			}
		}
		for range min(int(round/8), len(ballast[0])) {
			last := len(ballast[0]) - 1
			w.a.Free(ballast[0][last], sizes[0], mem.PurposeOther)
			ballast[0] = ballast[0][:last]
		}
		for range 300 {
			if w.step() {
				refused++
				w.verify()
			}
		}
		w.verify()
		for i, n := range sizes {
			for _, r := range ballast[i] {
				w.a.Free(r, n, mem.PurposeOther)
			}
		}
		w.end()
	}
	if refused < 300 {
		t.Errorf("memory ran out %d times only", refused)
	}
}

// TestBirth pins in which encoding a set is born, and where it goes from there.
func TestBirth(t *testing.T) {
	w := newWorld(t, rand.New(rand.NewPCG(1, 1)))
	lim := Limits{Intset: 3, Entries: 4, Value: 5}
	is := func(want object.Encoding, texts ...string) {
		t.Helper()
		it := w.item()
		if it.Exists() {
			it.Delete()
		}
		for i, text := range texts {
			var m Member
			if m.SetText([]byte(text)); i == 0 {
				Create(&it, lim, &m, 1)
			} else {
				Add(&it, lim, &m)
			}
		}
		v := Of(it.Entry)
		var got []string
		var m Member
		v.Each(&m, func() bool {
			got = append(got, string(m.Text()))
			return true
		})
		slices.Sort(got)
		slices.Sort(texts)
		if v.Encoding() != want || !slices.Equal(got, texts) {
			t.Errorf("%q is %s %q, want %s", texts, v.Encoding(), got, want)
		}
	}
	is(object.Intset, "1", "2", "3")
	is(object.Hashtable, "1", "2", "3", "4")
	is(object.Listpack, "1", "2", "x")
	is(object.Listpack, "1", "2", "3", "x")
	is(object.Hashtable, "1", "2", "3", "longer")
	is(object.Hashtable, "a", "b", "c", "d", "e")
	is(object.Hashtable, "longer")
	is(object.Listpack, "x", fmt.Sprint(12345))
	w.end()
}

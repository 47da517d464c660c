package list

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"granary/internal/encoding/listpack"
	"granary/internal/encoding/quicklist"
	"granary/internal/keyspace"
	"granary/internal/mem"
	"granary/internal/object"
	"granary/tests/live"
)

// world is a keyspace with one list, and the same list as a plain slice.
type world struct {
	tb   testing.TB
	ks   *keyspace.Keyspace
	a    *mem.Arena
	key  []byte
	lim  Limits
	want []string
}

func newWorld(tb testing.TB, lim Limits) *world {
	a := mem.NewArena("test")
	w := &world{tb: tb, ks: keyspace.New(a, 2), a: a, key: []byte("list"), lim: lim}
	tb.Cleanup(func() {
		w.ks.FlushAll(false)
		for !w.ks.Reclaim(time.Now().Add(time.Second)) {
		}
		if t := a.Books().Total; t.Count != 0 {
			tb.Errorf("%d bytes in %d blocks left behind", t.Requested, t.Count)
		}
	})
	return w
}

func (w *world) item() keyspace.Item { return w.ks.DBs[0].Write(w.key) }

func texts(list ...string) [][]byte {
	out := make([][]byte, len(list))
	for i, s := range list {
		out[i] = []byte(s)
	}
	return out
}

func text(e Elem) string { return string(e.AppendTo(nil)) }

// verify compares the list with the slice, in both directions, and checks every invariant.
func (w *world) verify() {
	w.tb.Helper()
	if err := w.ks.Check(); err != nil {
		w.tb.Fatal(err)
	}
	it := w.item()
	if len(w.want) == 0 {
		if it.Exists() {
			w.tb.Fatal("an empty list is a key")
		}
		return
	}
	v := In(&it)
	if v.Len() != len(w.want) {
		w.tb.Fatalf("%d elements, want %d", v.Len(), len(w.want))
	}
	for _, back := range []bool{false, true} {
		i, step := 0, 1
		if back {
			i, step = len(w.want)-1, -1
		}
		at := v.From(i, back)
		for ; at.Valid(); at.Next() {
			if at.Index() != i || text(at.Elem()) != w.want[i] {
				w.tb.Fatalf("back %v: at %d (%d) is %.50q, want %.50q", back, at.Index(), i, text(at.Elem()), w.want[i])
			}
			i += step
		}
		if i != len(w.want) && i != -1 {
			w.tb.Fatalf("back %v: stopped at %d of %d", back, i, len(w.want))
		}
	}
}

func (w *world) step(r *rand.Rand) {
	it := w.item()
	n := len(w.want)
	value := func() string {
		switch r.IntN(6) {
		case 0:
			return strconv.Itoa(r.IntN(1000) - 500)
		case 1:
			return strings.Repeat("v", r.IntN(300))
		case 2:
			return strings.Repeat("large", r.IntN(2000))
		}
		return string(rune('a' + r.IntN(5)))
	}
	op := r.IntN(8)
	if n == 0 {
		op = 0
	}
	switch op {
	case 0, 1:
		var some []string
		for range 1 + r.IntN(12) {
			some = append(some, value())
		}
		atHead := r.IntN(2) == 0
		Push(&it, w.lim, texts(some...), atHead)
		if atHead {
			slices.Reverse(some)
			w.want = append(some, w.want...)
		} else {
			w.want = append(w.want, some...)
		}
	case 2:
		i, s := r.IntN(n+1), value()
		Insert(&it, w.lim, i, []byte(s))
		w.want = slices.Insert(w.want, i, s)
	case 3:
		i, s := r.IntN(n), value()
		Set(&it, w.lim, i, []byte(s))
		w.want[i] = s
	case 4:
		toTail := r.IntN(2) == 0
		Rotate(&it, w.lim, toTail)
		if toTail {
			w.want = append(w.want[1:], w.want[0])
		} else {
			w.want = append([]string{w.want[n-1]}, w.want[:n-1]...)
		}
	case 5:
		start := r.IntN(n)
		count := 1 + r.IntN(n-start)
		if count == n {
			it.Delete()
		} else {
			DeleteRange(&it, w.lim, start, count)
		}
		w.want = slices.Delete(w.want, start, start+count)
	case 6:
		start := r.IntN(min(n, 3))
		count := max(1, n-start-r.IntN(3))
		Trim(&it, w.lim, start, min(count, n-start))
		w.want = w.want[start : start+min(count, n-start)]
	case 7:
		s, most, back := value(), r.IntN(4), r.IntN(2) == 0
		got := Remove(&it, w.lim, listpack.Of([]byte(s)), most, back)
		if want := w.remove(s, most, back); got != want {
			w.tb.Fatalf("removed %d of %q, want %d", got, s, want)
		}
		if len(w.want) == 0 {
			it.Delete()
		}
	}
}

// remove is Remove on the slice.
func (w *world) remove(s string, most int, back bool) (n int) {
	if back {
		slices.Reverse(w.want)
		defer func() { slices.Reverse(w.want) }()
	}
	w.want = slices.DeleteFunc(w.want, func(x string) bool {
		hit := x == s && (most == 0 || n < most)
		if hit {
			n++
		}
		return hit
	})
	return n
}

// TestModel runs histories against a slice, with limits that change on the way.
func TestModel(t *testing.T) {
	seed := live.Seed(t)
	r := rand.New(rand.NewPCG(seed, 1))
	for range 40 {
		w := newWorld(t, Limits{})
		encodings := map[object.Encoding]int{}
		for i := range 400 {
			if i%50 == 0 {
				w.lim = Limits{Fill: []int{-2, -1, 1, 2, 8, 128, -5}[r.IntN(7)], Depth: r.IntN(3)}
				object.Lists(w.a).SetPackedThreshold([]int{0, 0, 50}[r.IntN(3)])
			}
			w.step(r)
			w.ks.DefragUnits(r.IntN(6), r.IntN(3) > 0)
			w.verify()
			if it := w.item(); it.Exists() {
				encodings[it.Entry.Encoding()]++
			}
		}
		if len(encodings) == 0 {
			t.Error("no list was ever there")
		}
	}
}

// TestConversions pins where a list changes its encoding, from the documentation of list-max-listpack-size and the behaviour
// of Redis 7.4: growing beyond the limit, shrinking to half of it.
func TestConversions(t *testing.T) {
	is := func(w *world, n int, want object.Encoding) {
		t.Helper()
		it := w.item()
		if got := it.Entry.Encoding(); got != want {
			t.Errorf("fill %d: %d elements are a %s, want %s", w.lim.Fill, n, got, want)
		}
	}
	for _, fill := range []int{1, 2, 5, 128} {
		w := newWorld(t, Limits{Fill: fill})
		for i := range fill {
			it := w.item()
			Push(&it, w.lim, texts(strconv.Itoa(i)), i%2 == 0)
			is(w, i+1, object.Listpack)
		}
		it := w.item()
		Push(&it, w.lim, texts("more"), false)
		is(w, fill+1, object.Quicklist)
		for n := fill; n >= 1; n-- {
			it := w.item()
			DeleteRange(&it, w.lim, n, 1) // the node of the last one goes, then one node is left
			want := object.Quicklist
			if n <= fill/2 {
				want = object.Listpack
			}
			is(w, n, want)
		}
	}
	// Bytes: 8 KiB are those of the listpack and of the texts that come.
	w := newWorld(t, Limits{Fill: -2})
	it := w.item()
	Push(&it, w.lim, texts(strings.Repeat("x", 8192-listpack.EmptySize)), false)
	is(w, 1, object.Listpack)
	it = w.item()
	Set(&it, w.lim, 0, []byte(strings.Repeat("x", 8000)))
	is(w, 1, object.Quicklist)
	it = w.item()
	Set(&it, w.lim, 0, []byte("x"))
	is(w, 1, object.Listpack)
	it = w.item()
	Set(&it, w.lim, 0, []byte(strings.Repeat("x", 8200)))
	is(w, 1, object.Quicklist)
}

// TestCopyAndFree copies a large list, and gives both back in slices while the books shrink.
func TestCopyAndFree(t *testing.T) {
	w := newWorld(t, Limits{Fill: 8})
	it := w.item()
	for i := range 200 {
		some := make([]string, 1000)
		for j := range some {
			some[j] = fmt.Sprint("element:", i*1000+j)
		}
		Push(&it, w.lim, texts(some...), false)
		w.want = append(w.want, some...)
	}
	w.verify()
	dst := w.ks.DBs[1].Write(w.key)
	w.ks.Copy(&it, &dst)
	Set(&it, w.lim, 5, []byte("changed"))
	it.Delete()
	w.want[5] = "element:5"
	copied := In(&dst)
	if copied.Len() != len(w.want) {
		t.Fatalf("the copy has %d elements", copied.Len())
	}
	if e, _ := copied.Index(5); text(e) != w.want[5] {
		t.Errorf("the copy changed with the original: %q", text(e))
	}
	if w.ks.Pending() == 0 {
		t.Error("a list of 200000 elements was given back at once")
	}
	// What LTRIM takes off is given back in slices too.
	before := w.a.Books().Total.Usable
	Trim(&dst, w.lim, 100000, 10)
	if used := w.a.Books().Total.Usable; used < before/2 {
		t.Errorf("of %d bytes %d are left at once", before, used)
	}
	for !w.ks.Reclaim(time.Now().Add(time.Second)) {
	}
	if used := w.a.Books().Total.Usable; used > 10000 {
		t.Errorf("%d bytes for 10 elements", used)
	}
}

// TestOutOfMemory takes memory away from pushes of many elements: the list is as it was.
func TestOutOfMemory(t *testing.T) {
	w := newWorld(t, Limits{Fill: 4})
	it := w.item()
	Push(&it, w.lim, texts("a", "b", "c", "d"), false)
	l := quicklist.New(object.Lists(w.a), 4, 0)
	defer l.Free()
	func() {
		defer func() {
			if e := recover(); e != "stop" {
				t.Fatalf("recovered %v", e)
			}
		}()
		enlarge(&it, w.lim, listpack.Open(it.Flat()), func(l *quicklist.List) {
			pushAll(l, texts("e", "f", "g"), true)
			panic("stop")
		})
	}()
	w.want = []string{"a", "b", "c", "d"}
	w.verify()
}

func BenchmarkPushPop(b *testing.B) {
	for _, n := range []int{10, 100, 5000, 1000000} {
		b.Run(strconv.Itoa(n), func(b *testing.B) {
			w := newWorld(b, Limits{Fill: -2})
			it := w.item()
			one := texts("another element")
			for range n {
				Push(&it, w.lim, one, false)
			}
			for b.Loop() {
				it := w.item()
				Push(&it, w.lim, one, true)
				DeleteRange(&it, w.lim, 0, 1)
			}
		})
	}
}

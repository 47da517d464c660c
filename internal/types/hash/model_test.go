package hash

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

// field is what a hash of the model has under a name.
type field struct {
	value string
	at    int64 // expiry, 0: none
}

// world is a keyspace with one hash, and the same hash as a Go map.
type world struct {
	tb     testing.TB
	r      *rand.Rand
	a      *mem.Arena
	ks     *keyspace.Keyspace
	lim    Limits
	want   map[string]field
	scarce bool // memory may run out
	plain  bool // no field expires
	wide   bool // the limits stay wide, so that the hash stays small
	seen   map[object.Encoding]int
}

func newWorld(tb testing.TB, r *rand.Rand) *world {
	a := mem.NewArena("test")
	w := &world{tb: tb, r: r, a: a, ks: keyspace.New(a, 1), want: map[string]field{}, seen: map[object.Encoding]int{}}
	w.ks.Now = 1000
	return w
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

func (w *world) item() keyspace.Item { return w.ks.DBs[0].Write([]byte("hash")) }

// expire forgets what has expired.
func (w *world) expire() {
	maps.DeleteFunc(w.want, func(_ string, f field) bool { return f.at != 0 && f.at <= w.ks.Now })
}

func (w *world) name() string {
	switch w.r.IntN(12) {
	case 0:
		return strconv.Itoa(w.r.IntN(20))
	case 1:
		return strings.Repeat("long", 1+w.r.IntN(20)) + strconv.Itoa(w.r.IntN(4))
	}
	return "field" + strconv.Itoa(w.r.IntN(40))
}

func (w *world) value() string {
	switch w.r.IntN(5) {
	case 0:
		return strconv.FormatInt(w.r.Int64()>>w.r.IntN(60), 10)
	case 1:
		return strings.Repeat("v", w.r.IntN(300))
	}
	return "value" + strconv.Itoa(w.r.IntN(100))
}

func (w *world) time() int64 { return w.ks.Now + 1 + w.r.Int64N(500) }

// step does one random thing to the hash, and to the map if there was memory for it.
func (w *world) step() (refused bool) {
	if w.wide {
		w.lim = Limits{Entries: 200, Value: 1000}
	} else if w.r.IntN(30) == 0 {
		w.lim = Limits{Entries: []int{0, 3, 16, 64}[w.r.IntN(4)], Value: []int{4, 20, 64}[w.r.IntN(3)]}
	}
	if w.r.IntN(10) == 0 {
		w.ks.Now += w.r.Int64N(60)
	}
	if w.r.IntN(12) == 0 {
		w.compact()
	}
	it := w.item()
	if it.Exists() && w.r.IntN(3) == 0 && !mem.Try(it.ExpireFields) {
		return true
	}
	w.expire()
	it = w.item()
	name, value := w.name(), w.value()
	f, has := w.want[name]
	next := f
	switch op := w.r.IntN(12); {
	case op < 3:
		next = field{value: value}
		refused = !mem.Try(func() { w.is(Set(&it, w.lim, []byte(name), []byte(value), 0) == !has, "Set", name) })
	case op < 5 && !w.plain:
		next = field{value, w.time()}
		refused = !mem.Try(func() { w.is(Set(&it, w.lim, []byte(name), []byte(value), next.at) == !has, "Set", name) })
	case op == 5 && has:
		next.value = value
		refused = !mem.Try(func() { w.is(!Set(&it, w.lim, []byte(name), []byte(value), KeepExpiry), "Set", name) })
	case op == 6 && !w.scarce:
		w.setPairs(&it)
		return false
	case op < 9 && has:
		if next.at = 0; op == 7 && !w.plain {
			next.at = w.time()
		}
		refused = !mem.Try(func() { SetExpiry(&it, []byte(name), next.at) })
	case op < 12 && it.Exists():
		if !mem.Try(func() { w.is(Delete(&it, []byte(name)) == has, "Delete", name) }) {
			return true
		}
		delete(w.want, name)
		if Len(it.Entry) == 0 {
			it.Delete()
		}
		return false
	default:
		return false
	}
	if !refused {
		w.want[name] = next
	}
	return refused
}

func (w *world) is(ok bool, what, name string) {
	w.tb.Helper()
	if !ok {
		w.tb.Fatalf("%s of %q says the opposite", what, name)
	}
}

// setPairs sets several fields, some of them twice.
func (w *world) setPairs(it *keyspace.Item) {
	var pairs [][]byte
	created := 0
	for range 1 + w.r.IntN(12) {
		name, value := w.name(), w.value()
		if _, has := w.want[name]; !has {
			created++
		}
		w.want[name] = field{value: value}
		pairs = append(pairs, []byte(name), []byte(value))
	}
	if got := SetPairs(it, w.lim, pairs); got != created {
		w.tb.Fatalf("SetPairs made %d fields, want %d", got, created)
	}
}

// verify compares the hash with the map in every way of reading it.
func (w *world) verify() {
	w.tb.Helper()
	if err := w.ks.Check(); err != nil {
		w.tb.Fatal(err)
	}
	w.expire()
	it := w.item()
	if !it.Exists() {
		if len(w.want) > 0 {
			w.tb.Fatalf("no hash, want %d fields", len(w.want))
		}
		return
	}
	w.seen[it.Entry.Encoding()]++
	now := w.ks.Now
	got := map[string]field{}
	var s1, s2 Scratch
	i := NewIter(it.Entry, now)
	for i.Next() {
		got[string(i.Name(&s1))] = field{string(i.Value(&s2)), i.Expiry()}
	}
	if !maps.Equal(got, w.want) {
		w.tb.Fatalf("%s: %v, want %v", it.Entry.Encoding(), got, w.want)
	}
	if n := Count(&it, now); n != len(w.want) || n > Len(it.Entry) {
		w.tb.Fatalf("Count is %d of %d, want %d", n, Len(it.Entry), len(w.want))
	}
	for range 5 {
		name := w.name()
		f, has := w.want[name]
		v, at, ok := Get(it.Entry, []byte(name), now, &s1)
		if ok != has || string(v) != f.value || at != f.at {
			w.tb.Fatalf("Get(%q) is %q %d %v, want %+v %v", name, v, at, ok, f, has)
		}
	}
	if it.Entry.Encoding() == object.Hashtable {
		seen := map[string]string{}
		for c := uint64(0); ; {
			if c, _ = Scan(it.Entry, now, c, func(n, v []byte) { seen[string(n)] = string(v) }); c == 0 {
				break
			}
		}
		if len(seen) != len(w.want) {
			w.tb.Fatalf("a scan finds %d of %d", len(seen), len(w.want))
		}
	}
	if p := NewPicker(&it, now); p.Len() != len(w.want) {
		w.tb.Fatalf("%d fields to pick from, want %d", p.Len(), len(w.want))
	}
}

// TestModel compares random histories under limits that change with a map, while fields expire.
func TestModel(t *testing.T) {
	seed := live.Seed(t)
	seen := map[object.Encoding]int{}
	for round := range uint64(30) {
		w := newWorld(t, rand.New(rand.NewPCG(seed, round)))
		w.seen, w.plain, w.wide = seen, round%2 == 0, round%3 == 0
		for range 600 {
			w.step()
			w.ks.DefragUnits(w.r.IntN(6), w.r.IntN(3) > 0)
			if w.r.IntN(4) == 0 {
				w.verify()
			}
			if w.r.IntN(200) == 0 {
				it := w.item()
				if it.Exists() {
					it.Delete()
				}
				clear(w.want)
			}
		}
		w.verify()
		w.ks.Now += 1000
		for !w.ks.ExpireSlice(time.Now().Add(time.Second)) {
		}
		w.verify()
		w.end()
	}
	for _, enc := range []object.Encoding{object.Listpack, object.ListpackEx, object.Hashtable} {
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
		w.plain, w.wide = round%5 == 0, round%3 == 0
		for range 50 {
			w.step()
		}
		w.scarce = true
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

// TestRandom draws fields: each comes, expired ones never, and a sample has no field twice.
func TestRandom(t *testing.T) {
	r := rand.New(rand.NewPCG(live.Seed(t), 5))
	for _, lim := range []Limits{{Entries: 100, Value: 64}, {}} {
		w := newWorld(t, r)
		it := w.item()
		for i := range 30 {
			at := int64(0)
			if i%3 == 0 {
				at = 2000
			}
			name := fmt.Sprint("f", i)
			Set(&it, lim, []byte(name), []byte("v"), at)
			w.want[name] = field{"v", at}
		}
		for _, now := range []int64{1000, 2000} {
			w.ks.Now = now
			w.expire()
			p := NewPicker(&it, now)
			got := map[string]bool{}
			for range 1000 {
				p.One(func(n, _ []byte) { got[string(n)] = true })
			}
			if want := slices.Sorted(maps.Keys(w.want)); !slices.Equal(slices.Sorted(maps.Keys(got)), want) {
				t.Errorf("%s: picked %v, want %v", it.Entry.Encoding(), got, want)
			}
		}
		w.end()
	}
}

package zset

import (
	"cmp"
	"fmt"
	"math"
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

// world is a keyspace with one sorted set, and the same set as a Go map.
type world struct {
	t    testing.TB
	r    *rand.Rand
	a    *mem.Arena
	ks   *keyspace.Keyspace
	lim  Limits
	want map[string]float64
	flat bool // every score is 0
	most int  // members to draw from
	seen map[object.Encoding]int
}

func (w *world) item() keyspace.Item { return w.ks.DBs[0].Write([]byte("zset")) }

func (w *world) member() string {
	switch w.r.IntN(8) {
	case 0:
		return strconv.Itoa(w.r.IntN(w.most))
	case 1:
		return strings.Repeat("long", w.r.IntN(25)) + strconv.Itoa(w.r.IntN(3))
	}
	return "member" + strconv.Itoa(w.r.IntN(w.most))
}

func (w *world) score() float64 {
	if w.flat {
		return 0
	}
	switch w.r.IntN(10) {
	case 0:
		return []float64{math.Inf(1), math.Inf(-1), 1e300, -5e-324, 0.1}[w.r.IntN(5)]
	case 1:
		return w.r.NormFloat64()
	}
	return float64(w.r.IntN(60) - 30)
}

// step does one random thing to the set and to the map.
func (w *world) step() {
	if w.r.IntN(50) == 0 {
		w.lim = Limits{Entries: []int{0, 5, 50, 200}[w.r.IntN(4)], Value: []int{4, 20, 200}[w.r.IntN(3)]}
	}
	if w.r.IntN(12) == 0 {
		w.compact()
	}
	it := w.item()
	m := w.member()
	was, has := w.want[m]
	switch op := w.r.IntN(20); {
	case op < 12:
		w.put(&it, m)
	case !it.Exists():
	case op < 17:
		if Remove(&it, []byte(m)) != has {
			w.t.Fatalf("Remove(%q) of %v says the opposite", m, was)
		}
		delete(w.want, m)
	case op == 17:
		all := sorted(w.want)
		from := w.r.IntN(len(all))
		n := 1 + w.r.IntN(min(len(all)-from, 5))
		if w.r.IntN(4) == 0 {
			n = 1 + w.r.IntN(len(all)-from)
		}
		RemoveRange(&it, from, n)
		for _, p := range all[from : from+n] {
			delete(w.want, p.member)
		}
	case op == 18:
		d := NewDraft(w.ks.Arena)
		defer d.Free()
		for member, score := range w.want {
			d.Add(d.Find([]byte(member)), []byte(member), score)
		}
		if d.Len() != len(w.want) {
			w.t.Fatalf("a draft of %d members has %d", len(w.want), d.Len())
		}
		d.Store(&it, w.lim)
	}
}

// put is ZADD with options.
func (w *world) put(it *keyspace.Item, m string) {
	was, has := w.want[m]
	score := w.score()
	how := []How{0, 0, 0, IfAbsent, IfPresent, IfGreater, IfLess, IfPresent | IfGreater, Increment}[w.r.IntN(9)]
	want, result := score, Added
	switch {
	case !has && how&IfPresent != 0:
		want, result = 0, Refused
	case !has:
	case how&IfAbsent != 0:
		want, result = was, Refused
	default:
		if how&Increment != 0 {
			want += was
		}
		switch {
		case want != want:
			want, result = was, NotANumber
		case how&IfGreater != 0 && want <= was, how&IfLess != 0 && want >= was:
			want, result = was, Refused
		case want == was:
			result = Kept
		default:
			result = Updated
		}
	}
	got, r := Put(it, w.lim, []byte(m), score, how)
	if r != result || got != want {
		w.t.Fatalf("Put(%q, %v, %b) on %v %v is %v %d, want %v %d", m, score, how, was, has, got, r, want, result)
	}
	if result == Added || result == Updated {
		w.want[m] = want
	}
}

// verify compares the set with the map in every way of reading it.
func (w *world) verify() {
	w.t.Helper()
	if err := w.ks.Check(); err != nil {
		w.t.Fatal(err)
	}
	it := w.item()
	all := sorted(w.want)
	if it.Exists() != (len(all) > 0) {
		w.t.Fatalf("the set exists: %v, want %d members", it.Exists(), len(all))
	}
	if !it.Exists() {
		return
	}
	w.seen[it.Entry.Encoding()]++
	v := Of(&it)
	var s Scratch
	c, i := v.At(0), 0
	for ; c.Valid() && i < len(all); c.Next() {
		if p := (pair{string(c.Member(&s)), c.Score()}); p != all[i] {
			w.t.Fatalf("rank %d is %v, want %v", i, p, all[i])
		}
		i++
	}
	if c.Valid() || i != len(all) || v.Len() != len(all) {
		w.t.Fatalf("%d members of %d, want %d", i, v.Len(), len(all))
	}
	for range 4 {
		m := w.member()
		rank := slices.IndexFunc(all, func(p pair) bool { return p.member == m })
		score, ok := v.Score([]byte(m))
		at, same, there := v.Rank([]byte(m))
		if ok != (rank >= 0) || there != ok || ok && (at != rank || score != all[rank].score || same != score) {
			w.t.Fatalf("%q has rank %d %v and score %v %v, want rank %d", m, at, there, score, ok, rank)
		}
		w.spans(&v, all)
	}
	n := w.r.IntN(len(all) + 1)
	got := map[string]bool{}
	v.Sample(n, func(m []byte, score float64) {
		if got[string(m)] = true; w.want[string(m)] != score {
			w.t.Fatalf("a sample has %q %v", m, score)
		}
	})
	if len(got) != n {
		w.t.Fatalf("a sample of %d has %d different members", n, len(got))
	}
	clear(got)
	for c := uint64(0); ; {
		if c = v.Scan(c, func(m []byte, _ float64) { got[string(m)] = true }); c == 0 {
			break
		}
	}
	if len(got) != len(all) {
		w.t.Fatalf("a scan finds %d of %d", len(got), len(all))
	}
}

// spans compares a range of scores and, where all scores are equal, one of members.
func (w *world) spans(v *Value, all []pair) {
	w.t.Helper()
	r := ScoreRange{w.score(), w.score(), w.r.IntN(2) == 0, w.r.IntN(2) == 0}
	if w.r.IntN(3) == 0 {
		r.Max = r.Min
	}
	in := func(ok func(p pair) bool) (lo, hi int) {
		lo = slices.IndexFunc(all, ok)
		if lo < 0 {
			return 0, 0
		}
		for hi = lo; hi < len(all) && ok(all[hi]); hi++ {
		}
		return lo, hi
	}
	same := func(what any, lo, hi, wantLo, wantHi int) {
		w.t.Helper()
		if (lo < hi || wantLo < wantHi) && (lo != wantLo || hi != wantHi) {
			w.t.Fatalf("%+v spans ranks %d to %d, want %d to %d of %v", what, lo, hi, wantLo, wantHi, all)
		}
	}
	lo, hi := v.SpanScores(&r)
	wantLo, wantHi := in(func(p pair) bool {
		return (p.score > r.Min || p.score == r.Min && !r.MinEx) && (p.score < r.Max || p.score == r.Max && !r.MaxEx)
	})
	same(r, lo, hi, wantLo, wantHi)
	if !w.flat {
		return
	}
	from, to := w.member(), w.member()
	ends := [2]string{[]string{"[" + from, "(" + from, "-", "+"}[w.r.IntN(4)], []string{"[" + to, "(" + to, "-", "+"}[w.r.IntN(4)]}
	x, ok := ParseLex([]byte(ends[0]), []byte(ends[1]))
	if !ok {
		w.t.Fatalf("%q is no range", ends)
	}
	side := func(end, m string) int {
		switch end[0] {
		case '-':
			return 1
		case '+':
			return -1
		}
		return cmp.Compare(m, end[1:])
	}
	wantLo, wantHi = in(func(p pair) bool {
		a, b := side(ends[0], p.member), side(ends[1], p.member)
		return (a > 0 || a == 0 && ends[0][0] == '[') && (b < 0 || b == 0 && ends[1][0] == '[')
	})
	for _, reverse := range []bool{false, true} {
		lo, hi = v.SpanLex(&x, reverse)
		same(ends, lo, hi, wantLo, wantHi)
	}
}

// TestModel compares random histories under limits that change with a map. Long ranges are freed in slices meanwhile.
func TestModel(t *testing.T) {
	seed := live.Seed(t)
	seen := map[object.Encoding]int{}
	for round := range uint64(24) {
		a := mem.NewArena("test")
		w := &world{t: t, r: rand.New(rand.NewPCG(seed, round)), a: a, ks: keyspace.New(a, 1), want: map[string]float64{}, seen: seen}
		w.flat, w.most = round%3 == 0, []int{20, 60, 200, 5000}[round%4]
		for range 200 + w.most {
			w.step()
			w.ks.DefragUnits(w.r.IntN(6), w.r.IntN(3) > 0)
			if w.r.IntN(1+w.most/20) == 0 {
				w.verify()
			}
			if w.r.IntN(50) == 0 {
				w.ks.Reclaim(time.Now())
			}
		}
		w.verify()
		w.ks.FlushAll(false)
		for !w.ks.Reclaim(time.Now().Add(time.Second)) {
		}
		if n := a.Books().Total.Count; n != 0 {
			t.Fatalf("round %d: %d regions left behind", round, n)
		}
		a.Close()
	}
	for _, enc := range []object.Encoding{object.Listpack, object.Skiplist} {
		if seen[enc] < 50 {
			t.Errorf("%s was looked at %d times only", enc, seen[enc])
		}
	}
}

// TestLongRanges removes long ranges of a large set: the command frees a part of them only, and members that are put back
// meanwhile are there once.
func TestLongRanges(t *testing.T) {
	a := mem.NewArena("test")
	ks := keyspace.New(a, 1)
	key := []byte("zset")
	const n = 20000
	add := func(i int) Result {
		it := ks.DBs[0].Write(key)
		_, r := Put(&it, Limits{}, fmt.Append(nil, "member", i), float64(i), 0)
		return r
	}
	for i := range n {
		add(i)
	}
	count := func() int64 { return a.Books().Purposes[mem.PurposeZSetMember].Count }
	it := ks.DBs[0].Write(key)
	RemoveRange(&it, 100, 15000)
	if left := count(); left < n-1000 {
		t.Errorf("%d of %d members are left after removing 15000: they were freed at once", left, n)
	}
	for i := 50; i < 15200; i += 50 {
		want := Kept
		if i >= 100 && i < 15100 {
			want = Added
		}
		if r := add(i); r != want {
			t.Fatalf("member %d: %d, want %d", i, r, want)
		}
		if i%1000 == 0 {
			ks.Reclaim(time.Now())
			if err := ks.Check(); err != nil {
				t.Fatal(err)
			}
		}
	}
	for !ks.Reclaim(time.Now().Add(time.Second)) {
	}
	it = ks.DBs[0].Write(key)
	v := Of(&it)
	if want := n - 15000 + 300; v.Len() != want || count() != int64(want) {
		t.Errorf("%d members, %d entries, want %d", v.Len(), count(), want)
	}
	if err := ks.Check(); err != nil {
		t.Fatal(err)
	}
	ks.FlushAll(false)
	for !ks.Reclaim(time.Now().Add(time.Second)) {
	}
	a.Close()
}

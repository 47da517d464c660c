package table

import (
	"encoding/binary"
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"testing"
	"time"

	"granary/internal/mem"
)

var keysFlag = flag.Int("keys", 1_000_000, "TestBytesPerKey grows a table to this many keys (the figures of the documentation: 10000000)")

// numberKind has entries of 8 bytes that are their keys.
var numberKind = &Kind{
	Name:    "numbers",
	Key:     func(r mem.Ref) []byte { return mem.Bytes(r, 8) },
	Purpose: mem.PurposeTable,
}

func newNumber(a *mem.Arena, i int) mem.Ref {
	r := a.Alloc(8, mem.PurposeEntry)
	binary.LittleEndian.PutUint64(mem.Bytes(r, 8), uint64(i))
	return r
}

func freeNumber(a *mem.Arena) func(mem.Ref) {
	return func(r mem.Ref) { a.Free(r, 8, mem.PurposeEntry) }
}

// spill returns the shares of entries that lie in a neighbour and in the stash.
func spill(t *Table) (near, far float64) {
	var n, f int
	t.from(0, func(_ uint32, w *word, bkt uint, b *bucket) bool {
		for i := range b.state.n() {
			if b.state.foreign(i) {
				n++
			}
		}
		if bkt >= uint(sizes[w.size()].homes) {
			f += int(b.state.n())
		}
		return true
	})
	return float64(n) / float64(max(1, t.Len())), float64(f) / float64(max(1, t.Len()))
}

// TestBytesPerKey grows a table and prints, at points 7% apart, the usable bytes of its blocks per key. From
// 10k keys on no point may be above 8.6 and the mean over the points not above 8.0. It also prints the
// longest single insert, which is the longest stall: in processor time, so that it does not depend on what
// else the machine does, and by the clock.
func TestBytesPerKey(t *testing.T) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	fixSeed(t, 1)
	keys := *keysFlag
	if raceBuild {
		keys = min(keys, 50_000)
	}
	a := noLeak(t)
	tab := New(a, numberKind)
	var sum, worst float64
	var points, at int
	var longest, longestWall time.Duration
	var longestAt, over int
	next, start := 1, time.Now()
	for i := range keys {
		e := newNumber(a, i)
		h := Hash(numberKind.Key(e))
		wall, cpu := time.Now(), cpuTime()
		tab.Insert(h, e)
		if d := cpuTime() - cpu; d > longest {
			longest, longestAt = d, i+1
		}
		if d := time.Since(wall); d > 200*time.Microsecond {
			over++
			longestWall = max(longestWall, d)
		}
		n := i + 1
		round := n == 1000 || n == 10_000 || n == 100_000 || n == 1_000_000 || n == 10_000_000
		if n == next || round {
			per := float64(tab.Bytes()) / float64(n)
			if n >= 10_000 {
				if per > worst {
					worst, at = per, n
				}
				sum += per
				points++
			}
			if round || testing.Verbose() && n >= 100 {
				near, far := spill(&tab)
				t.Logf("%9d keys: %6.3f bytes per key; %4.1f%% in a neighbour, %3.1f%% in the stash", n, per, 100*near, 100*far)
			}
			if n == next {
				next = n + 1 + n*7/100
			}
		}
	}
	t.Logf("from 10k keys on: mean %.3f, most %.3f (at %d); limits 8.0 and 8.6", sum/float64(points), worst, at)
	t.Logf("%d inserts in %v (clocks and entries included)", keys, time.Since(start).Round(time.Millisecond))
	t.Logf("longest insert: %v of processor time, at %d keys; by the clock %d took over 200us, the longest %v", longest, longestAt, over, longestWall)
	if mean := sum / float64(points); points > 0 && (mean > 8.0 || worst > 8.6) {
		t.Errorf("mean %.3f, most %.3f", mean, worst)
	}
	if err := tab.Check(); err != nil {
		t.Error(err)
	}
	slices, slowest := 0, time.Duration(0)
	for done := false; !done; slices++ {
		before := cpuTime()
		done = tab.FreeSlice(2000, freeNumber(a))
		slowest = max(slowest, cpuTime()-before)
	}
	t.Logf("freed in %d slices of 2000 entries, the longest %v of processor time", slices, slowest)
}

// TestBytesOfSmallTables prints what small tables cost: hashes and sets that are just too large for a
// listpack.
func TestBytesOfSmallTables(t *testing.T) {
	fixSeed(t, 1)
	for _, n := range []int{1, 5, 10, 20, 40, 80, 129, 200, 300, 513, 1000, 2000, 5000} {
		a := noLeak(t)
		tables := 20
		if raceBuild {
			tables = 2
		}
		total := int64(0)
		for j := range tables {
			tab := New(a, numberKind)
			for i := range n {
				e := newNumber(a, j<<20|i)
				tab.Insert(Hash(numberKind.Key(e)), e)
			}
			total += tab.Bytes()
			tab.Free(freeNumber(a))
		}
		per := float64(total) / float64(tables*n)
		t.Logf("%5d entries: %6.2f bytes each", n, per)
		if n >= 80 && per > 10 || n >= 10 && per > 16 {
			t.Errorf("%d entries: %.2f bytes each", n, per)
		}
	}
}

// TestBytesWithExpiry prints what expiry adds, and what it costs to reclaim entries in the order of time.
func TestBytesWithExpiry(t *testing.T) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	fixSeed(t, 1)
	a := noLeak(t)
	k := *numberKind
	k.Expire = func(r mem.Ref) int64 { // a few minutes around an hour from now
		return 1_700_000_000_000 + 3_600_000 + int64(Hash(k.Key(r))>>46)
	}
	n := 300_000
	if raceBuild {
		n = 30_000
	}
	tab := New(a, &k)
	for i := range n {
		e := newNumber(a, i)
		tab.Insert(Hash(k.Key(e)), e)
	}
	per := float64(tab.Bytes()) / float64(n)
	before, last := cpuTime(), int64(0)
	for tab.CountExpires() > 0 {
		p, e, ok := tab.NextExpired(math.MaxInt64)
		if !ok {
			continue
		}
		if ms := k.Expire(e); ms < last {
			t.Fatalf("%d after %d", ms, last)
		} else {
			last = ms
		}
		tab.Delete(p)
		freeNumber(a)(e)
	}
	t.Logf("%.3f bytes per key with expiry; %v of processor time to find and delete a key", per, (cpuTime()-before)/time.Duration(n))
	if per > 8.6 {
		t.Errorf("%.3f bytes per key", per)
	}
	tab.Free(nil)
}

// TestChurn replaces keys by others for long: deletes and inserts must not spread the entries out.
func TestChurn(t *testing.T) {
	fixSeed(t, 1)
	a := noLeak(t)
	tab := New(a, numberKind)
	const n = 60_000
	es := make([]mem.Ref, n)
	for i := range es {
		es[i] = newNumber(a, i)
		tab.Insert(Hash(numberKind.Key(es[i])), es[i])
	}
	fresh := float64(tab.Bytes()) / n
	rnd := rand.New(rand.NewPCG(5, 6))
	generations := 20
	if raceBuild {
		generations = 2
	}
	for i := range generations * n {
		j := rnd.IntN(n)
		p, e := tab.Find(Hash(numberKind.Key(es[j])), numberKind.Key(es[j]))
		tab.Delete(p)
		freeNumber(a)(e)
		es[j] = newNumber(a, n+i)
		tab.Insert(Hash(numberKind.Key(es[j])), es[j])
	}
	near, far := spill(&tab)
	per := float64(tab.Bytes()) / n
	t.Logf("%.3f bytes per key when grown, %.3f after %d generations; %.1f%% in a neighbour, %.1f%% in the stash", fresh, per, generations, 100*near, 100*far)
	if per > 9.0 {
		t.Errorf("%.3f bytes per key", per)
	}
	if err := tab.Check(); err != nil {
		t.Error(err)
	}
	tab.Free(freeNumber(a))
}

// reportCPU adds the processor time per operation, which tells more than the clock on a machine that does other
// things too.
func reportCPU(b *testing.B, from time.Duration) {
	b.ReportMetric(float64(cpuTime()-from)/float64(b.N), "cpu-ns/op")
}

func BenchmarkTable(b *testing.B) {
	for _, n := range []int{1000, 100_000, 4_000_000} {
		a := mem.NewArena("bench")
		es := make([]mem.Ref, n)
		for i := range es {
			es[i] = newNumber(a, i)
		}
		rand.New(rand.NewPCG(1, 1)).Shuffle(n, func(i, j int) { es[i], es[j] = es[j], es[i] })
		grown := func() Table {
			tab := New(a, numberKind)
			for _, e := range es {
				tab.Insert(Hash(numberKind.Key(e)), e)
			}
			return tab
		}
		tab := grown()
		b.Run(fmt.Sprintf("Grow/%d", n), func(b *testing.B) {
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			cpu := cpuTime()
			for b.Loop() {
				tab.Free(nil)
				tab = grown()
			}
			b.ReportMetric(float64(cpuTime()-cpu)/float64(b.N)/float64(n), "cpu-ns/key")
		})
		b.Run(fmt.Sprintf("Find/%d", n), func(b *testing.B) {
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			i := 0
			defer reportCPU(b, cpuTime())
			for b.Loop() {
				key := numberKind.Key(es[i])
				if _, e := tab.Find(Hash(key), key); e != es[i] {
					b.Fatal("lost")
				}
				if i++; i == n {
					i = 0
				}
			}
		})
		b.Run(fmt.Sprintf("FindAbsent/%d", n), func(b *testing.B) {
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			var key [8]byte
			i := uint64(math.MaxUint64)
			defer reportCPU(b, cpuTime())
			for b.Loop() {
				binary.LittleEndian.PutUint64(key[:], i)
				if _, e := tab.Find(Hash(key[:]), key[:]); e != 0 {
					b.Fatal("found")
				}
				i--
			}
		})
		b.Run(fmt.Sprintf("DeleteInsert/%d", n), func(b *testing.B) {
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			i := 0
			defer reportCPU(b, cpuTime())
			for b.Loop() {
				key := numberKind.Key(es[i])
				h := Hash(key)
				p, e := tab.Find(h, key)
				tab.Delete(p)
				tab.Insert(h, e)
				if i++; i == n {
					i = 0
				}
			}
		})
		everyEntry := map[string]func(use func(mem.Ref)){
			"Each": func(use func(mem.Ref)) { tab.Each(func(e mem.Ref) bool { use(e); return true }) },
			"Scan": func(use func(mem.Ref)) {
				for c := tab.Scan(0, use); c != 0; c = tab.Scan(c, use) {
				}
			},
			"Walk": func(use func(mem.Ref)) {
				var buf [BucketSlots]mem.Ref
				w := tab.Walk()
				for k := w.Next(buf[:]); k > 0; k = w.Next(buf[:]) {
					for _, e := range buf[:k] {
						use(e)
					}
				}
			},
		}
		for name, every := range everyEntry {
			b.Run(fmt.Sprintf("%s/%d", name, n), func(b *testing.B) {
				runtime.LockOSThread()
				defer runtime.UnlockOSThread()
				cpu := cpuTime()
				sum := uint64(0)
				for b.Loop() {
					every(func(e mem.Ref) { sum += Hash(numberKind.Key(e)) })
				}
				b.ReportMetric(float64(cpuTime()-cpu)/float64(b.N)/float64(n), "cpu-ns/key")
			})
		}
		tab.Free(freeNumber(a))
		b.Run(fmt.Sprintf("Free/%d", n), func(b *testing.B) {
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			cpu := time.Duration(0)
			for range b.N {
				for i := range es {
					es[i] = newNumber(a, i)
				}
				rand.New(rand.NewPCG(1, 1)).Shuffle(n, func(i, j int) { es[i], es[j] = es[j], es[i] })
				tab := grown()
				from := cpuTime()
				tab.Free(freeNumber(a))
				cpu += cpuTime() - from
			}
			b.ReportMetric(float64(cpu)/float64(b.N)/float64(n), "cpu-ns/key")
		})
	}
}

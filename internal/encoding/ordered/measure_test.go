package ordered

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"runtime"
	"testing"
	"time"

	"granary/internal/invariants"
	"granary/internal/mem"
)

var entriesFlag = flag.Int("entries", 100_000, "TestBytesPerEntry grows trees to this many entries; that of random scores to ten times as many")

// order is how the entries of a measurement come.
type order struct {
	name  string
	score func(i, n int, r *rand.Rand) float64
}

var orders = []order{
	{"random", func(i, n int, r *rand.Rand) float64 { return r.Float64() }},
	{"integers", func(i, n int, r *rand.Rand) float64 { return float64(r.IntN(n)) }},
	{"hundred", func(i, n int, r *rand.Rand) float64 { return float64(r.IntN(100)) }},
	{"ascending", func(i, n int, r *rand.Rand) float64 { return float64(i) }},
	{"descending", func(i, n int, r *rand.Rand) float64 { return float64(n - i) }},
	{"lex", func(i, n int, r *rand.Rand) float64 { return 0 }},
	{"almost", func(i, n int, r *rand.Rand) float64 { return float64(i + r.IntN(1000)) }}, // ascending, not quite
}

// newMember makes an entry with a member of 13 bytes; members are in no order.
func newMember(a *mem.Arena, score float64, i int) mem.Ref {
	return newEntry(a, score, fmt.Sprintf("member%07d", i*7_919_999%9_999_991))
}

// TestBytesPerEntry prints what the tree costs per entry in any order of inserts, and after churn, with limits, and the longest
// single step in processor time.
func TestBytesPerEntry(t *testing.T) {
	for _, o := range orders {
		most := *entriesFlag
		if o.name == "random" {
			most *= 10
		}
		if raceBuild {
			most = 10_000
		}
		for n := 1000; n <= most; n *= 10 {
			t.Run(fmt.Sprint(o.name, "/", n), func(t *testing.T) { measureBytes(t, o, n) })
		}
	}
}

func measureBytes(t *testing.T, o order, n int) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	a := noLeak(t)
	tree := New(a, testKind)
	rnd := rand.New(rand.NewPCG(1, uint64(n)))
	es := make([]mem.Ref, n)
	var longest time.Duration
	over := 0
	step := func(f func()) {
		cpu := cpuTime()
		f()
		d := cpuTime() - cpu
		longest = max(longest, d)
		if d > 100*time.Microsecond {
			over++
		}
	}
	per := func(n int) float64 { return float64(tree.Bytes()) / float64(n) }
	worst := 0.0
	for i := range es {
		es[i] = newMember(a, o.score(i, n, rnd), i)
		step(func() { tree.Insert(es[i]) })
		if i >= 1000 && i%97 == 0 {
			worst = max(worst, per(i+1))
		}
	}
	grown := per(n)
	// Churn: every entry is deleted and another one inserted, on average.
	for range n {
		e := es[rnd.IntN(n)]
		step(func() { tree.Delete(e) })
		setScore(e, o.score(rnd.IntN(n), n, rnd))
		step(func() { tree.Insert(e) })
	}
	churned := per(n)
	if err := tree.Check(); err != nil {
		t.Error(err)
	}
	t.Logf("%5.2f bytes per entry, %5.2f at most from 1000 on, %5.2f after churn", grown, worst, churned)
	limit := 7.6
	if o.name == "ascending" || o.name == "descending" {
		limit = 6.6
	}
	if grown > limit || worst > 8.0 || churned > 8.0 {
		t.Error("too many")
	}
	// Deleting at random must not leave it sparse.
	rnd.Shuffle(n, func(i, j int) { es[i], es[j] = es[j], es[i] })
	for i, e := range es {
		step(func() { tree.Delete(e) })
		freeEntry(a, e)
		if left := n - 1 - i; left == n/2 || left == n/10 {
			t.Logf("%5.2f bytes per entry when %d are left", per(left), left)
			if left >= 1000 && per(left) > 9 {
				t.Error("too many")
			}
		}
	}
	t.Logf("the longest of %d steps took %v of processor time; %d took over 100us", 4*n, longest, over)
	if err := tree.Check(); err != nil {
		t.Error(err)
	}
	tree.Free(nil)
}

// TestEntriesRead counts the entries that a step reads: what it costs at most does not depend on the size of the tree, and
// on average it is little.
func TestEntriesRead(t *testing.T) {
	n := 100_000
	if raceBuild {
		n = 10_000
	}
	for _, o := range orders {
		a := noLeak(t)
		reads := 0
		k := *testKind
		k.Score = func(r mem.Ref) float64 { reads++; return entryScore(r) }
		k.Member = func(r mem.Ref) []byte { reads++; return entryMember(r) }
		tree := New(a, &k)
		rnd := rand.New(rand.NewPCG(1, 1))
		es := make([]mem.Ref, n)
		for i := range es {
			es[i] = newMember(a, o.score(i, n, rnd), i)
		}
		steps := func(what string, most int, mean float64, f func(i int)) {
			sum, longest := 0, 0
			for i := range es {
				reads = 0
				f(i)
				sum += reads
				longest = max(longest, reads)
			}
			got := float64(sum) / float64(n)
			t.Logf("%-10s %-6s %5.2f reads on average, %4d at most", o.name, what, got, longest)
			if invariants.Enabled {
				return // its checks read, too
			}
			if longest > most || got > mean {
				t.Errorf("%s, %s: %.2f reads on average, limit %.2f; %d at most, limit %d", o.name, what, got, mean, longest, most)
			}
		}
		steps("insert", 800, 24, func(i int) { tree.Insert(es[i]) })
		rnd.Shuffle(n, func(i, j int) { es[i], es[j] = es[j], es[i] })
		steps("rank", 24, 12, func(i int) { tree.Rank(es[i]) })
		steps("seek", 24, 4, func(i int) { tree.SeekScore(entryScore(es[i]), false) })
		steps("delete", 800, 24, func(i int) { tree.Delete(es[i]) })
		tree.Free(nil)
		for _, e := range es {
			freeEntry(a, e)
		}
	}
}

// TestBytesOfSmallTrees prints what small trees cost: zsets that are just too large for a listpack.
func TestBytesOfSmallTrees(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 1))
	for _, n := range []int{1, 5, 10, 20, 40, 80, 129, 200, 300, 500, 1000} {
		total := int64(0)
		for range 20 {
			a := noLeak(t)
			tree := New(a, testKind)
			for i := range n {
				tree.Insert(newMember(a, rnd.Float64(), i))
			}
			total += tree.Bytes()
			tree.Free(func(e mem.Ref) { freeEntry(a, e) })
		}
		per := float64(total) / float64(20*n)
		t.Logf("%5d entries: %6.2f bytes each", n, per)
		if n >= 20 && per > 16 || n >= 129 && per > 9.5 {
			t.Errorf("%d entries: %.2f bytes each", n, per)
		}
	}
}

// reportCPU adds the processor time per operation, which tells more than the clock on a machine that does other
// things too.
func reportCPU(b *testing.B, from time.Duration) {
	b.ReportMetric(float64(cpuTime()-from)/float64(b.N), "cpu-ns/op")
}

// BenchmarkTree compares the tree with a skip list, over the same entries.
func BenchmarkTree(b *testing.B) {
	for _, o := range []order{orders[0], orders[1], orders[2], orders[3], orders[5]} {
		for _, n := range []int{1000, 1_000_000} {
			a := mem.NewArena("bench")
			rnd := rand.New(rand.NewPCG(1, 1))
			es := make([]mem.Ref, n)
			for i := range es {
				es[i] = newMember(a, o.score(i, n, rnd), i)
			}
			tree, list := New(a, testKind), newSkipList(a)
			for _, e := range es {
				tree.Insert(e)
				list.insert(e)
			}
			rnd.Shuffle(n, func(i, j int) { es[i], es[j] = es[j], es[i] })
			run := func(what string, f func(i int)) {
				b.Run(fmt.Sprintf("%s/%d/%s", o.name, n, what), func(b *testing.B) {
					runtime.LockOSThread()
					defer runtime.UnlockOSThread()
					i := 0
					defer reportCPU(b, cpuTime())
					for b.Loop() {
						f(i)
						if i++; i == n {
							i = 0
						}
					}
				})
			}
			run("Rank", func(i int) {
				if _, ok := tree.Rank(es[i]); !ok {
					b.Fatal("lost")
				}
			})
			run("Rank/skiplist", func(i int) { list.rank(es[i]) })
			run("DeleteInsert", func(i int) { tree.Delete(es[i]); tree.Insert(es[i]) })
			run("DeleteInsert/skiplist", func(i int) { list.delete(es[i]); list.insert(es[i]) })
			run("Update", func(i int) { tree.Update(es[i], entryScore(es[(i+1)%n])) })
			run("At", func(i int) { sink = tree.At((i * 7_919_999) % n) })
			run("Seek10", func(i int) {
				it := tree.SeekScore(entryScore(es[i]), false)
				for range 10 {
					if !it.Valid() {
						break
					}
					sink = it.Entry()
					it.Next()
				}
			})
			tree.Free(nil)
			list.free()
			for _, e := range es {
				freeEntry(a, e)
			}
			a.Close()
		}
	}
}

var sink mem.Ref

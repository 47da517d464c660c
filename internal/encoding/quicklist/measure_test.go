package quicklist

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"granary/internal/mem"
)

// redisBytes predicts what n equal elements cost Redis 7.2 in a quicklist with the default fill: its struct, and for
// each node 40 bytes and the size class of the listpack. An entry is entry bytes, its text size.
func redisBytes(n, entry, size int) int64 {
	per := max((8192-size-8-7)/entry+1, 1)
	each := func(k int) int64 { return int64(mem.Usable(40) + mem.Usable(7+k*entry)) }
	total := int64(mem.Usable(40)) + int64(n/per)*each(per)
	if n%per > 0 {
		total += each(n % per)
	}
	return total
}

// TestBytesPerElement compares what lists take with what they take in Redis: never more, from a few nodes on.
func TestBytesPerElement(t *testing.T) {
	for _, size := range []int{1, 3, 16, 32, 60, 100, 1000, 5000} {
		entry := of(strings.Repeat("x", size)).Size()
		for _, n := range []int{100_000 / size, scaled(1_000_000) / size} {
			for _, where := range []string{"tail", "head"} {
				l := New(NewStore(noLeak(t)), -2, 0)
				e := of(strings.Repeat("x", size))
				for range n {
					if where == "tail" {
						l.PushTail(e)
					} else {
						l.PushHead(e)
					}
				}
				ours, theirs := l.Bytes(), redisBytes(n, entry, size)
				t.Logf("%8d elements of %4d bytes at the %s: %8.3f bytes each, Redis %8.3f", n, size, where,
					float64(ours)/float64(n), float64(theirs)/float64(n))
				if ours > theirs {
					t.Errorf("%d elements of %d bytes: %d bytes, Redis %d", n, size, ours, theirs)
				}
				nodes := int64(l.Nodes())
				info := l.Info()
				if per := float64(ours-info.NodeBytes-rootBytes) / float64(nodes); nodes > 16 && per > 20 {
					t.Errorf("%d nodes cost %.1f bytes each beside their blocks", nodes, per)
				}
				l.Free()
			}
		}
	}
}

// TestLongestStep: taking a range out of a long list frees few nodes itself, whatever the size of the range; the rest is
// freed in slices of the size asked for. The log tells how long each takes.
func TestLongestStep(t *testing.T) {
	const perNode = 4
	size := scaled(1_000_000)
	l := New(NewStore(noLeak(t)), perNode, 0)
	for i := range size {
		l.PushTail(of(fmt.Sprint(i)))
	}
	remove := func(from, n int) {
		t.Helper()
		start := time.Now()
		d := l.DeleteRange(from, n)
		t.Logf("DeleteRange of %d elements: %v", n, time.Since(start))
		if now := n/perNode - d.Nodes(); now > 300 {
			t.Errorf("%d of %d nodes were freed at once", now, n/perNode)
		}
		slices, longest := 0, time.Duration(0)
		for done := false; !done; slices++ {
			before := d.Nodes()
			start := time.Now()
			done = d.FreeSlice(1000)
			longest = max(longest, time.Since(start))
			if freed := before - d.Nodes(); freed > 1100 {
				t.Errorf("a slice of 1000 freed %d nodes", freed)
			}
		}
		t.Logf("freed in %d slices of 1000 nodes, the longest %v", slices, longest)
		if err := l.Check(); err != nil {
			t.Fatal(err)
		}
	}
	remove(size/10, size/10*8)
	if l.Len() != size/10*2 {
		t.Fatalf("%d elements are left", l.Len())
	}
	remove(0, size/10*2)
	l.Free()
}

// large returns a list of a million elements.
func large(b *testing.B, depth int) List {
	l := New(NewStore(noLeak(b)), -2, depth)
	for i := range 1_000_000 {
		l.PushTail(of(fmt.Sprintf("element %08d", i)))
	}
	b.Cleanup(l.Free)
	return l
}

func BenchmarkPush(b *testing.B) {
	for _, atHead := range []bool{false, true} {
		b.Run(map[bool]string{false: "tail", true: "head"}[atHead], func(b *testing.B) {
			l := large(b, 0)
			text := []byte("element 12345678")
			for b.Loop() {
				l.push(of(string(text)), atHead)
				if l.Len() > 2_000_000 {
					b.StopTimer()
					d := l.DeleteRange(0, 1_000_000)
					for !d.FreeSlice(1 << 30) {
					}
					b.StartTimer()
				}
			}
		})
	}
}

func BenchmarkQueue(b *testing.B) {
	l := large(b, 0)
	e := of("element 12345678")
	for b.Loop() {
		l.PushHead(e)
		l.Tail()
		l.PopTail()
	}
}

func BenchmarkIndex(b *testing.B) {
	for _, depth := range []int{0, 1} {
		b.Run(fmt.Sprint("depth ", depth), func(b *testing.B) {
			l := large(b, depth)
			rnd := rand.New(rand.NewPCG(1, 2))
			for b.Loop() {
				l.Index(rnd.IntN(1_000_000))
			}
		})
	}
}

func BenchmarkInsertMiddle(b *testing.B) {
	l := large(b, 0)
	rnd := rand.New(rand.NewPCG(1, 2))
	e := of("element 12345678")
	for b.Loop() {
		l.Insert(rnd.IntN(l.Len()), e)
	}
}

func BenchmarkSetMiddle(b *testing.B) {
	for _, depth := range []int{0, 1} {
		b.Run(fmt.Sprint("depth ", depth), func(b *testing.B) {
			l := large(b, depth)
			rnd := rand.New(rand.NewPCG(1, 2))
			e := of("element 12345678")
			for b.Loop() {
				l.Set(rnd.IntN(l.Len()), e)
			}
		})
	}
}

func BenchmarkRange100(b *testing.B) {
	l := large(b, 0)
	rnd := rand.New(rand.NewPCG(1, 2))
	for b.Loop() {
		it := l.From(rnd.IntN(999_000))
		for range 100 {
			it.Elem()
			it.Next()
		}
	}
}

func BenchmarkFindAll(b *testing.B) {
	l := large(b, 0)
	e := of("element x2345678")
	b.SetBytes(1_000_000) // MB/s is elements per microsecond
	for b.Loop() {
		it := l.From(0)
		it.Find(e, 0)
	}
}

//go:build cgobench

package cgobench

import (
	"fmt"
	"testing"

	"granary/internal/mem"
)

var sizes = []int{16, 48, 100, 512, 4096, 20 << 10, 1 << 20}

const mixLive = 1 << 20

func mixSize(r uint64) int { return 16 + int(r>>32)%185 }

// next is the generator of the C side.
func next(s *uint64) uint64 {
	x := *s
	x ^= x << 13
	x ^= x >> 7
	x ^= x << 17
	*s = x
	return x
}

func eachC(b *testing.B, f func(b *testing.B, c cAllocator)) {
	for name, open := range map[string]func() (cAllocator, error){"libc": libc, "jemalloc": jemalloc} {
		c, err := open()
		if err != nil {
			b.Fatal(err)
		}
		b.Run(name, func(b *testing.B) { f(b, c) })
	}
}

func BenchmarkAllocFree(b *testing.B) {
	for _, n := range sizes {
		b.Run(fmt.Sprintf("%d/granary", n), func(b *testing.B) {
			a := mem.NewArena("bench")
			defer a.Close()
			for range b.N {
				a.Free(a.Alloc(n, mem.PurposeEntry), n, mem.PurposeEntry)
			}
		})
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			eachC(b, func(b *testing.B, c cAllocator) { c.pairs(b.N, n) })
		})
	}
}

func BenchmarkBatch(b *testing.B) {
	for _, n := range []int{48, 100, 512} {
		b.Run(fmt.Sprintf("%d/granary", n), func(b *testing.B) {
			a := mem.NewArena("bench")
			defer a.Close()
			var live [1000]mem.Ref
			for i := 0; i < b.N; i += len(live) {
				for k := range live {
					live[k] = a.Alloc(n, mem.PurposeEntry)
				}
				for k := range live {
					a.Free(live[k], n, mem.PurposeEntry)
				}
			}
		})
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			eachC(b, func(b *testing.B, c cAllocator) { c.batches(b.N, n) })
		})
	}
}

func BenchmarkMix(b *testing.B) {
	b.Run("granary", func(b *testing.B) {
		a := mem.NewArena("bench")
		defer a.Close()
		type region struct {
			r mem.Ref
			n int
		}
		live := make([]region, mixLive)
		seed := uint64(88172645463325252)
		for i := range live {
			n := mixSize(next(&seed))
			live[i] = region{a.Alloc(n, mem.PurposeEntry), n}
			mem.Bytes(live[i].r, n)[0] = 1
		}
		b.ResetTimer()
		for range b.N {
			x := next(&seed)
			m := &live[x%mixLive]
			a.Free(m.r, m.n, mem.PurposeEntry)
			m.n = mixSize(x)
			m.r = a.Alloc(m.n, mem.PurposeEntry)
			mem.Bytes(m.r, m.n)[0] = 1
		}
		b.StopTimer()
		for _, m := range live {
			a.Free(m.r, m.n, mem.PurposeEntry)
		}
	})
	eachC(b, func(b *testing.B, c cAllocator) { c.mix(mixLive, b.N, b.ResetTimer, b.StopTimer) })
}

package mem

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

var benchSizes = []int{16, 48, 100, 512, 4096, 20 << 10, 1 << 20}

func BenchmarkAllocFree(b *testing.B) {
	for _, n := range benchSizes {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			reopen(b, Config{})
			a := testArena(b)
			for b.Loop() {
				a.Free(a.Alloc(n, PurposeEntry), n, PurposeEntry)
			}
		})
	}
}

func BenchmarkAllocFreeShared(b *testing.B) {
	reopen(b, Config{})
	a := NewSharedArena("bench")
	for b.Loop() {
		a.Free(a.Alloc(100, PurposeEntry), 100, PurposeEntry)
	}
	a.Close()
}

// BenchmarkAllocFreeBatch allocates a thousand regions, then frees them: slabs change all the time.
func BenchmarkAllocFreeBatch(b *testing.B) {
	for _, n := range []int{48, 100, 512} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			reopen(b, Config{})
			a := testArena(b)
			var live [1000]Ref
			for i := 0; i < b.N; i += len(live) {
				for k := range live {
					live[k] = a.Alloc(n, PurposeEntry)
				}
				for k := range live {
					a.Free(live[k], n, PurposeEntry)
				}
			}
		})
	}
}

// mix holds live regions of 16 to 200 bytes and replaces a random one per step.
const mixLive = 1 << 20

func mixSize(r uint64) int { return 16 + int(r>>32)%185 }

func BenchmarkMix(b *testing.B) {
	reopen(b, Config{})
	a := testArena(b)
	type region struct {
		r Ref
		n int
	}
	live := make([]region, mixLive)
	rnd := rand.New(rand.NewPCG(1, 1))
	for i := range live {
		n := mixSize(rnd.Uint64())
		live[i] = region{a.Alloc(n, PurposeEntry), n}
	}
	b.ResetTimer()
	for range b.N {
		r := rnd.Uint64()
		x := &live[r%mixLive]
		a.Free(x.r, x.n, PurposeEntry)
		x.n = mixSize(r)
		x.r = a.Alloc(x.n, PurposeEntry)
		Bytes(x.r, x.n)[0] = 1
	}
	b.StopTimer()
	st := ReadStats()
	b.ReportMetric(float64(st.Resident+st.Metadata)/float64(st.Books.Total.Usable), "resident/used")
	for _, x := range live {
		a.Free(x.r, x.n, PurposeEntry)
	}
}

var goSink []byte

func BenchmarkGoMake(b *testing.B) {
	for _, n := range benchSizes {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			for b.Loop() {
				goSink = make([]byte, n)
			}
		})
	}
}

func BenchmarkGoMakeMix(b *testing.B) {
	live := make([][]byte, mixLive)
	rnd := rand.New(rand.NewPCG(1, 1))
	for i := range live {
		live[i] = make([]byte, mixSize(rnd.Uint64()))
	}
	b.ResetTimer()
	for range b.N {
		r := rnd.Uint64()
		live[r%mixLive] = make([]byte, mixSize(r))
	}
}

package hll

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"
)

// TestRaiseIsSets pins that Raise leaves the bytes that a Set for each register leaves, whatever room there is.
func TestRaiseIsSets(t *testing.T) {
	rng := rand.New(rand.NewPCG(*seedFlag, 3))
	for c := range 600 {
		limit := []int{30, 100, 400, defaultLimit, 20000}[c%5]
		near, most := 1+rng.IntN(400), 1+rng.IntN(4)
		register := func() (int, uint8) {
			if rng.IntN(4) == 0 {
				return rng.IntN(NumRegisters), uint8(1 + rng.IntN(most))
			}
			return 5000 + rng.IntN(near), uint8(1 + rng.IntN(most))
		}
		one, all := newOwner(t, limit), newOwner(t, limit)
		for range rng.IntN(200) {
			i, v := register()
			one.set(i, v)
		}
		all.b = append(make([]byte, 0, len(one.b)+MaxGrowth+rng.IntN(500)), one.b...)
		var r Registers
		for range rng.IntN(300) {
			i, v := register()
			r[i] = v
		}
		if c%50 == 0 {
			r[rng.IntN(NumRegisters)] = sparseMax + 1
		}
		for i, v := range r {
			if v > 0 {
				one.set(i, v)
			}
		}
		Invalidate(one.b)
		all.raise(&r)
		if !bytes.Equal(one.b, all.b) {
			t.Fatalf("case %d: %d bytes %x, by sets %d bytes %x", c, len(all.b), all.b, len(one.b), one.b)
		}
	}
}

// TestRaiseCorrupt raises registers of values that are cut short anywhere.
func TestRaiseCorrupt(t *testing.T) {
	o := newOwner(t, defaultLimit)
	for i := range 40 {
		o.set(i*400, uint8(1+i%3))
	}
	var r Registers
	for i := range r {
		r[i] = 1
	}
	for n := HeaderSize; n < len(o.b); n++ {
		b := append(make([]byte, 0, 20000), o.b[:n]...)
		b, next, err := r.Raise(b, 0, 19000)
		if err != ErrCorrupt || next == NumRegisters || !bytes.Equal(b[:4], []byte(magic)) {
			t.Fatalf("%d bytes: %v at register %d", n, err, next)
		}
	}
}

// BenchmarkRaise adds up sparse values: the time for a register must not depend on how many there are.
func BenchmarkRaise(b *testing.B) {
	for _, n := range []int{100, 1000, 8000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			var r Registers
			o := newOwner(b, 1<<15)
			for i := range n {
				r[i*(NumRegisters/n)] = 2
				o.set(i*(NumRegisters/n)+1, 1)
			}
			buf := make([]byte, 0, 1<<15)
			for b.Loop() {
				if _, _, err := r.Raise(append(buf, o.b...), 0, 1<<15); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed())/float64(b.N)/float64(n), "ns/register")
		})
	}
}

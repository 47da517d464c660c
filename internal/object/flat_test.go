package object

import (
	"bytes"
	"math/rand/v2"
	"strings"
	"testing"

	"granary/internal/encoding/listpack"
	"granary/internal/mem"
)

// flatOf returns a listpack of n bytes. REQUIRES: n >= 9.
func flatOf(n int, seed byte) []byte {
	lp := listpack.New(make([]byte, n))
	if n%2 == 0 {
		lp = lp.Append(listpack.Int(1000 + int64(seed))) // three bytes, and two for each of the others
	}
	for i := 0; len(lp) < n; i++ {
		lp = lp.Append(listpack.Int(int64(seed+byte(i)) & 127))
	}
	return lp
}

// TestFlat changes the size of flat values at random, across the border between the entry and a block of its own, and
// checks bytes, key, expiry and books after every step.
func TestFlat(t *testing.T) {
	a := mem.NewArena("flat")
	defer a.Close()
	rng := rand.New(rand.NewPCG(1, 2))
	for _, key := range []string{"k", "a key of some length", strings.Repeat("long", 100)} {
		for _, expiry := range []int64{0, 1_700_000_000_000, 1 << 50} {
			want := flatOf(20, 1)
			e := NewFlat(a, []byte(key), Hash, Listpack, want, expiry, 7)
			for step := range 2000 {
				n := 10 + rng.IntN(60)
				switch rng.IntN(10) {
				case 0:
					n = 10 + rng.IntN(3000)
				case 1:
					n = min(len(want)+rng.IntN(100), 60000)
				}
				next := flatOf(n, byte(step))
				if n >= len(want) {
					e = GrowFlat(a, e, n-len(want))
					if got := e.Flat(); !bytes.Equal(got, want) {
						t.Fatalf("step %d: growing changed the bytes", step)
					}
					copy(e.FlatRoom(n - len(want))[:n], next)
				} else {
					trim := PlanTrim(a, e, len(want)-n)
					was := len(want)
					copy(e.Flat(), next)
					e = FinishTrim(a, e, trim, was)
				}
				want = next
				if got := e.Flat(); !bytes.Equal(got, want) {
					t.Fatalf("step %d: %d bytes, want %d", step, len(got), len(want))
				}
				if string(e.Key()) != key || e.Expiry() != expiry || e.LRU() != 7 || e.Type() != Hash || e.Encoding() != Listpack {
					t.Fatalf("step %d: the header changed", step)
				}
				if err := e.Check(); err != nil {
					t.Fatal(err)
				}
				if r := Beyond(mem.Ref(e)); (r == 0) != e.Embedded() || r != 0 && r != e.Root() {
					t.Fatalf("step %d: embedded %v, and what lies beyond is %d", step, e.Embedded(), r)
				}
				if size := e.Size(); e.Embedded() != (size > entrySize([]byte(key), expiry)+refBytes) && n > 5 {
					t.Fatalf("step %d: embedded %v with an entry of %d bytes", step, e.Embedded(), size)
				}
				books := a.Books()
				requested := int64(e.Size())
				if !e.Embedded() {
					requested += int64(len(want))
				}
				if books.Total.Requested != requested {
					t.Fatalf("step %d: the books say %d bytes, the entry has %d", step, books.Total.Requested, requested)
				}
			}
			FreeFlat(a, e)
			if n := a.Books().Total.Count; n != 0 {
				t.Fatalf("%d blocks are left", n)
			}
		}
	}
}

// TestFlatKeepsExpiry checks that an embedded value moves with the entry.
func TestFlatKeepsExpiry(t *testing.T) {
	a := mem.NewArena("flat")
	defer a.Close()
	for _, n := range []int{9, 100, 900, 2000} {
		want := flatOf(n, 3)
		e := NewFlat(a, []byte("key"), Set, Listpack, want, 0, 1)
		for _, at := range []int64{5, 1 << 49, 0, 9} {
			e = SetExpiry(a, e, at)
			if e.Expiry() != at || !bytes.Equal(e.Flat(), want) {
				t.Fatalf("%d bytes: expiry %d, want %d", n, e.Expiry(), at)
			}
		}
		FreeFlat(a, e)
	}
	if n := a.Books().Total.Count; n != 0 {
		t.Fatalf("%d blocks are left", n)
	}
}

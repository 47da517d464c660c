package intset

import (
	"encoding/binary"
	"flag"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"granary/tests/live"
)

var seedFlag = flag.Uint64("seed", 0, "seed of the random histories, 0: another each time")

// newRand returns the random source of a test and prints its seed.
func newRand(t testing.TB) *rand.Rand {
	seed := *seedFlag
	if seed == 0 {
		seed = live.Seed(t)
	}
	t.Logf("seed %d", seed)
	return rand.New(rand.NewPCG(seed, 0))
}

// grow is an owner that resizes its storage: the same bytes, with room for exactly delta more.
func grow(s Intset, delta int) Intset {
	b := make([]byte, len(s)+delta+8)
	copy(b, s)
	for i := range b[len(s):] {
		b[len(s)+i] = 0xA5
	}
	return Intset(b[: len(s) : len(s)+delta])
}

// verify demands that s holds exactly want, in exactly the bytes of the format.
func verify(t testing.TB, s Intset, want []int64, width int) {
	t.Helper()
	ref := binary.LittleEndian.AppendUint32(nil, uint32(width))
	ref = binary.LittleEndian.AppendUint32(ref, uint32(len(want)))
	for _, n := range want {
		for i := range width {
			ref = append(ref, byte(n>>(8*i)))
		}
	}
	if string(ref) != string(s) {
		t.Fatalf("got  % x\nwant % x", []byte(s), ref)
	}
	if err := Validate(s); (err == nil) != (len(want) > 0) {
		t.Fatalf("%v", err)
	}
	if err := s.Check(); err != nil {
		t.Fatal(err)
	}
	for i, n := range want {
		if s.Get(i) != n || !s.Has(n) {
			t.Fatalf("integer %d is %d, want %d", i, s.Get(i), n)
		}
	}
	if len(want) > 0 && (s.Min() != want[0] || s.Max() != want[len(want)-1]) {
		t.Fatalf("from %d to %d, want %d", s.Min(), s.Max(), want)
	}
	if o := Open(ref); len(o) != len(ref) {
		t.Fatalf("opened with %d bytes of %d", len(o), len(ref))
	}
}

// randomInt draws near the bounds of the widths, and small ones often enough to collide.
func randomInt(r *rand.Rand, bits int) int64 {
	edges := []int64{0, -1, math.MaxInt16, math.MinInt16, math.MaxInt32, math.MinInt32, math.MaxInt64, math.MinInt64}
	n := int64(r.Uint64()) >> (64 - bits + r.IntN(bits))
	if r.IntN(8) == 0 {
		n = edges[r.IntN(len(edges))] + int64(r.IntN(3)-1)
		n = n << (64 - bits) >> (64 - bits)
	}
	return n
}

// history runs random changes on a set and a sorted slice.
func history(t testing.TB, r *rand.Rand, steps int) {
	s := New(make([]byte, EmptySize))
	var model []int64
	width, bits := narrow, 12
	for step := range steps {
		if step%40 == 39 {
			bits = min(64, bits+4)
		}
		n := randomInt(r, bits)
		i, has := slices.BinarySearch(model, n)
		if at, found := s.Find(n); at != i || found != has {
			t.Fatalf("%d is found at %d, %v, want %d, %v", n, at, found, i, has)
		}
		var did bool
		if r.IntN(3) > 0 {
			if has {
				s, did = s.Add(n)
			} else {
				s, did = grow(s, s.Delta(n)).Add(n)
				model = slices.Insert(model, i, n)
				width = max(width, widthOf(n))
			}
			if did == has {
				t.Fatalf("adding %d: %v", n, did)
			}
		} else {
			if len(model) > 0 && r.IntN(2) == 0 {
				n, has = s.Random(r.Uint64()), true
				i, _ = slices.BinarySearch(model, n)
			}
			if s, did = s.Remove(n); did != has {
				t.Fatalf("removing %d: %v", n, did)
			}
			if has {
				model = slices.Delete(model, i, i+1)
			}
		}
		verify(t, s, model, width)
	}
}

func TestHistory(t *testing.T) {
	r := newRand(t)
	for range 60 {
		history(t, r, 600)
	}
}

// TestWiden goes from each width to each wider one, at both ends.
func TestWiden(t *testing.T) {
	for _, first := range []int64{5, 70000} {
		for _, n := range []int64{math.MaxInt32, math.MinInt32, math.MaxInt64, math.MinInt64} {
			s := New(make([]byte, 64))
			s, _ = s.Add(first)
			s, _ = s.Add(first + 1)
			want := []int64{first, first + 1, n}
			slices.Sort(want)
			before := len(s)
			d := s.Delta(n)
			s, _ = s.Add(n)
			verify(t, s, want, max(widthOf(first), widthOf(n)))
			if len(s) != before+d {
				t.Errorf("grew by %d, want %d", len(s)-before, d)
			}
		}
	}
}

func TestRandomReachesAll(t *testing.T) {
	s := New(make([]byte, 64))
	for n := range int64(10) {
		s, _ = s.Add(n)
	}
	seen := map[int64]bool{}
	for draw := range uint64(10) {
		seen[s.Random(draw)] = true
	}
	if len(seen) != 10 {
		t.Errorf("%d of 10 are drawn", len(seen))
	}
}

func TestNoRoom(t *testing.T) {
	s := New(make([]byte, EmptySize))
	defer func() {
		if msg, _ := recover().(string); !strings.HasPrefix(msg, "BUG: ") {
			t.Errorf("panic %q", msg)
		}
		verify(t, s, nil, narrow)
	}()
	s.Add(1)
}

func TestValidateFinds(t *testing.T) {
	good := func() Intset {
		s := New(make([]byte, 64))
		for _, n := range []int64{1, 2, 100000} {
			s, _ = s.Add(n)
		}
		return s
	}
	is := func(want string, b []byte) {
		t.Helper()
		if err := Validate(b); err == nil || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
	spoil := func(i int, v byte) []byte {
		s := good()
		s[i] = v
		return s
	}
	is("corrupt intset: too short at byte 7", good()[:7])
	is("corrupt intset: no width 3 at byte 0", spoil(0, 3))
	is("corrupt intset: no width 260 at byte 0", spoil(1, 1))
	is("corrupt intset: 4 integers of 4 bytes are not the size at byte 4", spoil(4, 4))
	is("corrupt intset: 1073741827 integers of 4 bytes are not the size at byte 4", spoil(7, 0x40))
	is("corrupt intset: 3 integers of 4 bytes are not the size at byte 4", good()[:19])
	is("corrupt intset: empty at byte 4", New(make([]byte, 8)))
	is("corrupt intset: not ascending at byte 12", spoil(8, 2))
	is("corrupt intset: not ascending at byte 16", spoil(19, 0x80))
}

func TestNoAllocations(t *testing.T) {
	s := New(make([]byte, 4096))
	n := testing.AllocsPerRun(100, func() {
		for _, n := range []int64{7, 3, 1 << 20, -1 << 40} {
			s, _ = s.Add(n)
		}
		for s.Len() > 0 {
			s, _ = s.Remove(s.Random(1))
		}
	})
	if n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// FuzzValidate uses whatever passes Validate.
func FuzzValidate(f *testing.F) {
	f.Add([]byte{2, 0, 0, 0, 1, 0, 0, 0, 5, 0})
	f.Add([]byte{4, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0x80, 5, 0, 0, 0})
	f.Add([]byte{8, 0, 0, 0, 1, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8})
	f.Fuzz(func(t *testing.T, b []byte) {
		if Validate(b) != nil {
			return
		}
		s := Open(b)
		if len(s) != len(b) {
			t.Fatal("opened with another size")
		}
		for i := range s.Len() {
			if at, has := s.Find(s.Get(i)); at != i || !has {
				t.Fatalf("integer %d is found at %d, %v", i, at, has)
			}
		}
		for _, n := range []int64{0, math.MinInt64, math.MaxInt64} {
			if !s.Has(n) {
				before := s.Len()
				s, _ = grow(s, s.Delta(n)).Add(n)
				if err := Validate(s); err != nil || s.Len() != before+1 {
					t.Fatalf("after adding %d: %v", n, err)
				}
			}
		}
	})
}

func BenchmarkFind(b *testing.B) {
	s := New(make([]byte, 1<<14))
	for n := range int64(512) {
		s, _ = s.Add(n * 1000)
	}
	n := uint64(1)
	for b.Loop() {
		n = n*6364136223846793005 + 1442695040888963407 // another each time, so that no branch is foreseen
		s.Find(int64(n >> 45))
	}
}

func BenchmarkAddRemove(b *testing.B) {
	s := New(make([]byte, 1<<14))
	for n := range int64(512) {
		s, _ = s.Add(n * 100)
	}
	for b.Loop() {
		s, _ = s.Add(25001)
		s, _ = s.Remove(25001)
	}
}

// TestBatchRemove removes integers at random indexes.
func TestBatchRemove(t *testing.T) {
	r := newRand(t)
	for _, width := range []int{2, 4, 8} {
		for n := range 60 {
			s := New(make([]byte, 0, 1024))
			var want []int64
			for i := range n {
				x := int64(i) << (8*width - 10)
				s, _ = s.Add(x)
				want = append(want, x)
			}
			var at []int
			keep := want[:0:0]
			for i, x := range want {
				if r.IntN(3) == 0 {
					at = append(at, i)
				} else {
					keep = append(keep, x)
				}
			}
			verify(t, s.BatchRemove(at), keep, s.Width())
		}
	}
}

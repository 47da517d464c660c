package hll

import (
	"bytes"
	"encoding/binary"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"testing"
)

var seedFlag = flag.Uint64("seed", 1, "seed of the random histories")

const defaultLimit = 3000

// owner keeps a value as its key does: it gives room and makes it dense when asked.
type owner struct {
	tb    testing.TB
	b     []byte
	limit int
}

func newOwner(tb testing.TB, limit int) *owner {
	return &owner{tb: tb, b: AppendNew(make([]byte, 0, NewSize)), limit: limit}
}

// obey does what the error asks for.
func (o *owner) obey(err error) {
	switch {
	case errors.Is(err, ErrSpace):
		if cap(o.b) >= len(o.b)+MaxGrowth {
			o.tb.Fatalf("no space with %d of %d bytes", len(o.b), cap(o.b))
		}
		o.b = append(make([]byte, 0, len(o.b)+MaxGrowth), o.b...)
	case errors.Is(err, ErrPromote):
		d, err := AppendDense(make([]byte, 0, DenseSize), o.b)
		if err != nil {
			o.tb.Fatal(err)
		}
		o.b = d
	default:
		o.tb.Fatal(err)
	}
}

func (o *owner) set(i int, v uint8) bool {
	for {
		before := bytes.Clone(o.b)
		b, changed, err := Set(o.b, i, v, o.limit)
		if err == nil {
			o.b = b
			return changed
		}
		if !bytes.Equal(before, o.b) {
			o.tb.Fatalf("%v changed the value", err)
		}
		o.obey(err)
	}
}

func (o *owner) add(element []byte) bool {
	i, v := Register(element)
	return o.set(i, v)
}

func (o *owner) raise(r *Registers) {
	for from := 0; from < NumRegisters; {
		var err error
		if o.b, from, err = r.Raise(o.b, from, o.limit); err != nil {
			o.obey(err)
		}
	}
	Invalidate(o.b)
}

// registers reads all registers, one by one.
func (o *owner) registers() (r Registers) {
	d, err := AppendDense(nil, o.b)
	if err != nil {
		o.tb.Fatal(err)
	}
	for i := range r {
		r[i] = Get(d, i)
	}
	return r
}

// same compares the value with the registers it should have, read in every way there is.
func (o *owner) same(want *Registers) {
	o.tb.Helper()
	if got := o.registers(); got != *want {
		for i := range got {
			if got[i] != want[i] {
				o.tb.Fatalf("register %d is %d, want %d", i, got[i], want[i])
			}
		}
	}
	var merged Registers
	if err := merged.Merge(o.b); err != nil || merged != *want {
		o.tb.Fatalf("merged registers differ: %v", err)
	}
	got, err := Count(o.b)
	if err != nil || got != want.Count() {
		o.tb.Fatalf("count %d, want %d: %v", got, want.Count(), err)
	}
	if !Valid(o.b) || Check(o.b) != nil {
		o.tb.Fatalf("not valid: %x", o.b[:HeaderSize])
	}
}

func TestModel(t *testing.T) {
	rng := rand.New(rand.NewPCG(*seedFlag, 1))
	for c := range 60 {
		limit := []int{0, 20, 100, 1000, defaultLimit, 16000}[c%6]
		o := newOwner(t, limit)
		var want Registers
		near := rng.IntN(2) == 0 // runs of neighbours
		most := 1 + rng.IntN(40)
		for step := range 1500 {
			i := rng.IntN(NumRegisters)
			if near {
				i = rng.IntN(200) + 8000
			}
			v := uint8(1 + rng.IntN(most))
			if got := o.set(i, v); got != (v > want[i]) {
				t.Fatalf("case %d step %d: set %d to %d: changed %v, was %d", c, step, i, v, got, want[i])
			}
			want[i] = max(want[i], v)
			if EncodingOf(o.b) == Sparse && len(o.b) > max(limit, NewSize) {
				t.Fatalf("sparse with %d bytes, limit %d", len(o.b), limit)
			}
			if step%250 == 0 {
				o.same(&want)
			}
		}
		o.same(&want)
	}
}

func TestRaise(t *testing.T) {
	rng := rand.New(rand.NewPCG(*seedFlag, 2))
	for range 40 {
		a, b := newOwner(t, defaultLimit), newOwner(t, 200)
		for range rng.IntN(2000) {
			a.add(binary.LittleEndian.AppendUint64(nil, rng.Uint64N(3000)))
		}
		for range rng.IntN(2000) {
			b.add(binary.LittleEndian.AppendUint64(nil, rng.Uint64N(3000)))
		}
		var r Registers
		if r.Any() {
			t.Fatal("new registers are not empty")
		}
		for _, o := range []*owner{a, b} {
			if err := r.Merge(o.b); err != nil {
				t.Fatal(err)
			}
		}
		b.raise(&r)
		b.same(&r)
		a.raise(&r)
		a.same(&r)
	}
}

func TestCachedCardinality(t *testing.T) {
	o := newOwner(t, defaultLimit)
	if n, ok := Cached(o.b); n != 0 || !ok {
		t.Fatalf("new: %d, %v", n, ok)
	}
	o.add([]byte("a"))
	if _, ok := Cached(o.b); ok {
		t.Fatal("valid after a change")
	}
	SetCached(o.b, 1)
	if o.add([]byte("a")) {
		t.Fatal("changed by the same element")
	}
	if n, ok := Cached(o.b); n != 1 || !ok {
		t.Fatalf("after an add that changed nothing: %d, %v", n, ok)
	}
	d, err := AppendDense(nil, o.b)
	if err != nil {
		t.Fatal(err)
	}
	if n, ok := Cached(d); n != 1 || !ok {
		t.Fatalf("dense: %d, %v", n, ok)
	}
}

func TestValid(t *testing.T) {
	is := func(want bool, b []byte) {
		t.Helper()
		if Valid(b) != want {
			t.Errorf("%.20q: valid is %v", b, !want)
		}
	}
	b := AppendNew(nil)
	is(true, b)
	is(true, b[:HeaderSize])
	is(false, b[:HeaderSize-1])
	is(false, nil)
	is(false, []byte("HYLX\x01...........\x7f\xff"))
	is(false, []byte("HYLL\x02...........\x7f\xff"))
	is(false, []byte("HYLL\x00...........\x7f\xff"))
	is(true, append([]byte("HYLL\x00..........."), make([]byte, denseBytes)...))
	is(false, append([]byte("HYLL\x00..........."), make([]byte, denseBytes+1)...))
}

// TestCorrupt feeds runs that are cut short, too many or too few.
func TestCorrupt(t *testing.T) {
	for _, runs := range []string{"", "\x7f", "\x00", "\x7f\xff\x00", "\x7f\xff\x7f\xff", "\x80\x7f\xff", "\x7f\xfe", "\x7f\xfe\x40"} {
		b := append([]byte("HYLL\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x80"), runs...)
		b = append(make([]byte, 0, len(b)+100), b...)
		if _, err := Count(b); err != ErrCorrupt {
			t.Errorf("%q: count: %v", runs, err)
		}
		if _, err := AppendDense(nil, b); err != ErrCorrupt {
			t.Errorf("%q: dense: %v", runs, err)
		}
		if _, err := AppendRuns(nil, b); err != ErrCorrupt {
			t.Errorf("%q: runs: %v", runs, err)
		}
		var r Registers
		if err := r.Merge(b); err != ErrCorrupt {
			t.Errorf("%q: merge: %v", runs, err)
		}
		if _, _, err := Set(b, 5, 40, 3000); err != ErrCorrupt {
			t.Errorf("%q: set 40: %v", runs, err)
		}
	}
}

// FuzzAny takes any bytes for a HyperLogLog, as a command does that finds a string: what is not one is refused everywhere.
func FuzzAny(f *testing.F) {
	f.Add(AppendNew(nil), 0)
	dense, err := AppendDense(nil, AppendNew(nil))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(dense, 77)
	f.Add(dense[:len(dense)-1], 16383)
	f.Add([]byte("HYLL\x02\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"), 1)
	f.Add([]byte("HYLL"), 1)
	f.Fuzz(func(t *testing.T, b []byte, i int) {
		i &= NumRegisters - 1
		if !Valid(b) {
			return
		}
		whole := Check(b) == nil
		var r Registers
		if err := r.Merge(b); (err == nil) != whole {
			t.Fatalf("merge: %v, well formed %v", err, whole)
		}
		n, err := Count(b)
		if (err == nil) != whole {
			t.Fatalf("count: %v, well formed %v", err, whole)
		}
		if whole && n != r.Count() {
			t.Fatalf("count %d, merged %d", n, r.Count())
		}
		dense, err := AppendDense(nil, b)
		if (err == nil) != whole {
			t.Fatalf("dense: %v, well formed %v", err, whole)
		}
		if !whole {
			return
		}
		if err := Check(dense); err != nil || Get(dense, i) != r[i] {
			t.Fatalf("dense: %v, register %d is %d, want %d", err, i, Get(dense, i), r[i])
		}
		Cached(b)
	})
}

func FuzzSparse(f *testing.F) {
	f.Add([]byte("\x7f\xff"), 7, uint8(3), 3000)
	f.Add([]byte("\x7f\xff\x80\x84\x3f"), 16000, uint8(33), 20)
	f.Add([]byte("\x80\x80\x80\x80\x40\x00\x7f\xf9"), 4, uint8(1), 3000)
	f.Fuzz(func(t *testing.T, runs []byte, i int, v uint8, limit int) {
		i, v = i&(NumRegisters-1), v%51+1
		b := append([]byte("HYLL\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x80"), runs...)
		b = append(make([]byte, 0, len(b)+MaxGrowth), b...)
		well := Check(b) == nil
		var r Registers
		if err := r.Merge(b); (err == nil) != well {
			t.Fatalf("merge: %v, well formed %v", err, well)
		}
		if _, err := Count(b); (err == nil) != well {
			t.Fatalf("count: %v, well formed %v", err, well)
		}
		was := r[i]
		out, changed, err := Set(b, i, v, limit)
		switch {
		case err == ErrCorrupt && well, err == ErrSpace:
			t.Fatalf("set: %v", err)
		case err != nil || !well:
			return
		}
		if changed != (v > was) {
			t.Fatalf("changed %v, register was %d, set to %d", changed, was, v)
		}
		r[i] = max(was, v)
		var after Registers
		if err := after.Merge(out); err != nil || after != r {
			t.Fatalf("registers are wrong after set: %v", err)
		}
	})
}

func TestSelfTest(t *testing.T) {
	limit := 1000000
	if testing.Short() {
		limit = 10000
	}
	if err := SelfTest(*seedFlag, limit); err != nil {
		t.Fatal(err)
	}
}

func TestAllocs(t *testing.T) {
	sparse := AppendNew(make([]byte, 0, 4000))
	dense, err := AppendDense(nil, sparse)
	if err != nil {
		t.Fatal(err)
	}
	var regs Registers
	n := uint64(0)
	var element [8]byte
	got := testing.AllocsPerRun(500, func() {
		n++
		binary.LittleEndian.PutUint64(element[:], n)
		sparse, _, _ = Add(sparse, element[:], 3000)
		dense, _, _ = Add(dense, element[:], 3000)
		_, _ = Count(sparse)
		_, _ = Count(dense)
		_ = regs.Merge(dense)
	})
	if got != 0 {
		t.Errorf("%v allocations", got)
	}
}

func BenchmarkAdd(b *testing.B) {
	for _, limit := range []int{0, defaultLimit} {
		b.Run(fmt.Sprintf("limit=%d", limit), func(b *testing.B) {
			o := newOwner(b, limit)
			for i := range 400 {
				o.add(binary.LittleEndian.AppendUint64(nil, uint64(i)))
			}
			var element [8]byte
			for i := 0; b.Loop(); i++ {
				binary.LittleEndian.PutUint64(element[:], uint64(i%400))
				o.b, _, _ = Add(o.b, element[:], limit)
			}
		})
	}
}

func BenchmarkCountDense(b *testing.B) {
	o := newOwner(b, 0)
	for i := range 100000 {
		o.add(binary.LittleEndian.AppendUint64(nil, uint64(i)))
	}
	for b.Loop() {
		_, _ = Count(o.b)
	}
}

// TestRegister pins the hash: values travel between servers. The expected registers were read from a redis-server.
func TestRegister(t *testing.T) {
	for _, c := range []struct {
		in string
		i  int
		v  uint8
	}{{"", 5938, 2}, {"a", 12711, 2}, {"foo", 7348, 5}, {"12345678", 10579, 3}, {"hello, world", 5834, 2}, {"the quick brown fox", 15795, 1}} {
		if i, v := Register([]byte(c.in)); i != c.i || v != c.v {
			t.Errorf("{%q, %d, %d},", c.in, i, v)
		}
	}
}

package object

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strconv"
	"testing"

	"granary/internal/mem"
	"granary/tests/live"
)

var limits = StringLimits{Embstr: 44, Shared: true}

// empty fails the test if the arena holds anything, or a shared integer is still counted.
func empty(t *testing.T, a *mem.Arena) {
	t.Helper()
	if b := a.Books(); b.Total.Count != 0 || b.Total.Requested != 0 || b.Total.Usable != 0 {
		t.Errorf("left behind: %+v", b.Total)
	}
	for n, refs := range sharedRefs {
		if refs != 0 {
			t.Errorf("shared integer %d has %d references", n, refs)
		}
	}
}

func text(e Entry) string {
	var s Scratch
	return string(e.Text(&s))
}

// sound fails the test unless the entry is consistent and says what it should.
func sound(t *testing.T, e Entry, key, val string, expiry int64) {
	t.Helper()
	if err := e.Check(); err != nil {
		t.Fatal(err)
	}
	if string(e.Key()) != key || text(e) != val || e.Expiry() != expiry || e.TextLen() != len(val) {
		t.Fatalf("got %q = %.60q (length %d) until %d, want %q = %.60q (%d) until %d",
			e.Key(), text(e), e.TextLen(), e.Expiry(), key, val, len(val), expiry)
	}
}

func TestEncodings(t *testing.T) {
	a := mem.NewArena("test")
	is := func(val string, enc Encoding) {
		t.Helper()
		e := NewString(a, []byte("key"), []byte(val), 0, 1234567, limits)
		sound(t, e, "key", val, 0)
		if e.Encoding() != enc || e.Type() != String || e.LRU() != 1234567 {
			t.Errorf("%.40q is stored as %s, want %s", val, e.Encoding(), enc)
		}
		if r := Beyond(mem.Ref(e)); (r != 0) != (enc == Raw) || r != 0 && r != e.Root() {
			t.Errorf("%.40q: what lies beyond the entry is %d", val, r)
		}
		FreeString(a, e)
	}
	x := func(n int) string { return string(bytes.Repeat([]byte("x"), n)) }
	is("", Embstr)
	is("a", Embstr)
	is(x(44), Embstr)
	is(x(45), Raw)
	is(x(100000), Raw)
	for _, n := range []int64{0, 9, 127, 128, 9999, 10000, 32767, 32768, 1 << 23, 1 << 31, 1 << 39, 1 << 62, 1<<63 - 1} {
		is(strconv.FormatInt(n, 10), Int)
		is(strconv.FormatInt(-n-1, 10), Int)
	}
	for _, s := range []string{"-0", "+1", "01", " 1", "1 ", "-", "9223372036854775808", "-9223372036854775809", "1.0"} {
		is(s, Embstr)
	}
	empty(t, a)
}

// The sizes are a promise of docs/memory.md.
func TestSizes(t *testing.T) {
	a := mem.NewArena("test")
	is := func(key, val int, expiry int64, want int) {
		t.Helper()
		e := NewString(a, make([]byte, key), make([]byte, val), expiry, 0, limits)
		if e.Size() != want {
			t.Errorf("key of %d, value of %d: %d bytes, want %d", key, val, e.Size(), want)
		}
		FreeString(a, e)
	}
	is(15, 32, 0, 6+15+1+32)
	is(15, 32, 1, 6+15+6+1+32)
	is(15, 32, 1<<48, 6+15+8+1+32)
	is(255, 0, 0, 6+255+1)
	is(256, 0, 0, 9+256+1)
	is(15, 100, 0, 6+15+5)
	e := NewInt(a, []byte("k"), 300, 0, 0, limits)
	if e.Size() != 6+1+2 {
		t.Errorf("300 takes %d bytes", e.Size())
	}
	FreeString(a, e)
	empty(t, a)
}

func TestSharedIntegers(t *testing.T) {
	a := mem.NewArena("test")
	e := NewInt(a, []byte("a"), 9999, 0, 0, limits)
	f := NewInt(a, []byte("b"), 9999, 0, 0, limits)
	g := NewInt(a, []byte("c"), 9999, 0, 0, StringLimits{})
	if n := SharedRefs(9999); n != 2 || !e.IsSharedInt() || g.IsSharedInt() {
		t.Errorf("%d references, want 2", n)
	}
	e = SetInt(a, e, 10000, limits)
	if n := SharedRefs(9999); n != 1 || e.IsSharedInt() {
		t.Errorf("%d references after one was changed", n)
	}
	h := Rekey(a, f, []byte("a much longer name"))
	FreeEntry(a, f)
	if n := SharedRefs(9999); n != 1 || !h.IsSharedInt() {
		t.Errorf("%d references after a change of key", n)
	}
	FreeString(a, h)
	FreeString(a, g)
	FreeString(a, e)
	empty(t, a)
}

func TestPinned(t *testing.T) {
	a := mem.NewArena("test")
	val := bytes.Repeat([]byte("0123456789"), 100)
	e := NewString(a, []byte("k"), val, 0, 0, limits)
	pin := func() mem.Ref {
		r := e.Root()
		if !PinRaw(r) {
			t.Fatal("not pinned")
		}
		return r
	}
	same := func(r mem.Ref) {
		t.Helper()
		if !bytes.Equal(RawBytes(r), val) {
			t.Error("a block that is being sent was changed")
		}
		b := a.Books().Purposes[mem.PurposeReplyBuffer]
		if !RawLoose(r) || RawRefs(r) != 1 || b.Count != 1 || b.Requested != int64(RawSize(r)) {
			t.Errorf("a block that no key has: loose %t, %d references, booked as output: %+v", RawLoose(r), RawRefs(r), b)
		}
		UnpinRaw(a, r)
	}
	r := pin()
	e = MakeRaw(a, e, 1000)
	RawBytes(e.Root())[0] = 'x'
	same(r)
	e = SetString(a, e, val, limits)
	r = pin()
	e = SetString(a, e, bytes.Repeat([]byte("y"), 1000), limits)
	same(r)
	e = SetString(a, e, val, limits)
	r = pin()
	e = MakeRaw(a, e, 100000)
	same(r)
	e = SetString(a, e, val, limits)
	r = pin()
	FreeString(a, e)
	same(r)
	empty(t, a)
}

// A string that grows bit by bit moves rarely: each time it takes twice what it needs, and beyond 1 MiB, 1 MiB more.
func TestGrowth(t *testing.T) {
	a := mem.NewArena("test")
	e := NewString(a, []byte("k"), []byte("12345"), 0, 0, limits)
	moves, last := 0, mem.Ref(0)
	for n := 6; n < 3<<20; n += 100 {
		e = MakeRaw(a, e, n)
		if r := e.Root(); r != last {
			moves, last = moves+1, r
		}
		if room := rawAlloc(last); room < n || room > 2*n+n/2+64 || room > n+maxPrealloc*3/2 {
			t.Fatalf("%d bytes of room for %d", room, n)
		}
	}
	if moves > 25 {
		t.Errorf("moved %d times", moves)
	}
	b := RawBytes(e.Root())
	if string(b[:5]) != "12345" || len(bytes.Trim(b[5:], "\x00")) != 0 {
		t.Error("grown with something other than zeros")
	}
	FreeString(a, e)
	empty(t, a)
}

// A new value of the size of the old one is written over it; the block is left as a new one would be.
func TestOverwriteKeepsBlock(t *testing.T) {
	a := mem.NewArena("test")
	e := NewString(a, []byte("k"), make([]byte, 100), 0, 0, limits)
	r := e.Root()
	e = SetString(a, e, bytes.Repeat([]byte("z"), 99), limits)
	if e.Root() != r || RawSize(r) != rawHead+99 {
		t.Errorf("block moved or has the wrong size %d", RawSize(r))
	}
	sound(t, e, "k", string(bytes.Repeat([]byte("z"), 99)), 0)
	FreeString(a, e)
	empty(t, a)
}

// history runs random changes on one entry beside a model.
func history(t *testing.T, r *rand.Rand, steps int) {
	a := mem.NewArena("test")
	key, val, expiry := "k", "v", int64(0)
	e := NewString(a, []byte(key), []byte(val), 0, 7, limits)
	for range steps {
		switch r.IntN(8) {
		case 0:
			val = randomText(r)
			e = SetString(a, e, []byte(val), limits)
		case 1:
			n := int64(r.Uint64()) >> r.IntN(64)
			val = strconv.FormatInt(n, 10)
			e = SetInt(a, e, n, limits)
		case 2:
			val = randomText(r)
			e = SetText(a, e, []byte(val), limits)
		case 3:
			n := r.IntN(300)
			e = MakeRaw(a, e, n)
			if n > len(val) {
				val += string(make([]byte, n-len(val)))
			}
			if e.Encoding() != Raw {
				t.Fatal("not raw")
			}
			if len(val) > 0 {
				b := []byte(val)
				i := r.IntN(len(b))
				b[i]++
				RawBytes(e.Root())[i]++
				val = string(b)
			}
		case 4:
			expiry = 0
			if r.IntN(3) > 0 {
				expiry = int64(r.Uint64()>>1>>r.IntN(60)) + 1
			}
			e = SetExpiry(a, e, expiry)
		case 5:
			key = string(make([]byte, r.IntN(300))) + fmt.Sprint(r.IntN(100))
			f := Rekey(a, e, []byte(key))
			FreeEntry(a, e)
			e = f
		case 6:
			f := CopyString(a, e, []byte("copy"), expiry, 9, limits)
			sound(t, f, "copy", val, expiry)
			if f.Encoding() != e.Encoding() {
				t.Fatalf("a copy of %s is %s", e.Encoding(), f.Encoding())
			}
			FreeString(a, f)
		case 7:
			val = randomText(r)
			f := NewString(a, []byte(key), []byte(val), expiry, 7, StringLimits{Embstr: r.IntN(256)})
			FreeString(a, e)
			e = f
		}
		sound(t, e, key, val, expiry)
		if e.LRU() != 7 {
			t.Fatalf("access clock is %d", e.LRU())
		}
		want := int64(e.Size())
		if e.Encoding() == Raw {
			want += int64(RawSize(e.Root()))
		}
		if got := a.Books().Total.Requested; got != want {
			t.Fatalf("the books say %d bytes, the entry has %d", got, want)
		}
	}
	FreeString(a, e)
	empty(t, a)
}

func randomText(r *rand.Rand) string {
	n := r.IntN(60)
	if r.IntN(4) == 0 {
		n = r.IntN(3000)
	}
	if r.IntN(4) == 0 {
		return strconv.Itoa(r.IntN(20000))
	}
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return string(b)
}

func TestHistory(t *testing.T) {
	seed := live.Seed(t)
	r := rand.New(rand.NewPCG(seed, 0))
	for range 100 {
		history(t, r, 300)
	}
}

func FuzzHistory(f *testing.F) {
	f.Add(uint64(1), uint64(2))
	f.Fuzz(func(t *testing.T, x, y uint64) { history(t, rand.New(rand.NewPCG(x, y)), 100) })
}

func FuzzParseInt(f *testing.F) {
	for _, s := range []string{"0", "-1", "9223372036854775807", "-9223372036854775808", "9223372036854775808", "00", "-0", "1a"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		n, ok := ParseInt([]byte(s))
		m, err := strconv.ParseInt(s, 10, 64)
		canonical := err == nil && strconv.FormatInt(m, 10) == s
		if ok != canonical || ok && n != m {
			t.Fatalf("%q: %d %v, want %d %v", s, n, ok, m, canonical)
		}
		if ok && digits(n) != len(s) {
			t.Fatalf("%q has %d digits", s, digits(n))
		}
	})
}

func TestCheckFinds(t *testing.T) {
	a := mem.NewArena("test")
	broken := func(what string, spoil func(b []byte)) {
		t.Helper()
		e := NewInt(a, []byte("key"), 300, 0, 0, StringLimits{})
		n := e.Size()
		b := mem.Bytes(mem.Ref(e), n)
		spoil(b)
		if e.Check() == nil {
			t.Errorf("%s: not found", what)
		}
		a.Free(mem.Ref(e), n, mem.PurposeEntry)
	}
	broken("type", func(b []byte) { b[0] |= 5 })
	broken("encoding", func(b []byte) { b[0] = 3 << 4 })
	broken("width", func(b []byte) { b[10] = 0 })
	broken("shared", func(b []byte) { b[4] |= flagSharedInt })
	broken("wide", func(b []byte) { b[4] |= flagWide })
	empty(t, a)
	if Entry(0).Check() == nil {
		t.Error("no entry is found sound")
	}
}

func TestAllocations(t *testing.T) {
	a := mem.NewArena("test")
	key, short, long := []byte("key"), []byte("value"), bytes.Repeat([]byte("x"), 100)
	e := NewString(a, key, short, 0, 0, limits)
	if n := testing.AllocsPerRun(100, func() {
		e = SetString(a, e, long, limits)
		e = SetString(a, e, long, limits)
		e = SetString(a, e, short, limits)
		e = SetInt(a, e, 5, limits)
		e = SetInt(a, e, 1<<40, limits)
		e = SetExpiry(a, e, 1)
		e = SetExpiry(a, e, 0)
		var s Scratch
		if len(e.Text(&s)) != 13 {
			t.Fatal("wrong text")
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
	FreeString(a, e)
	empty(t, a)
}

// TestHeaders holds what the ledger takes for headers against the layouts.
func TestHeaders(t *testing.T) {
	for _, typ := range []Type{String, List, Set, ZSet, Hash, Stream} {
		if got := entryPurposes[typ].Header(); got != headShort {
			t.Errorf("the ledger takes %d bytes for the header of a %s's entry, it has %d", got, typ, headShort)
		}
	}
	if got := mem.PurposeString.Header(); got != rawHead {
		t.Errorf("the ledger takes %d bytes for the header of a raw string, it has %d", got, rawHead)
	}
}

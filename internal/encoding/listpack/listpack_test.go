package listpack

import (
	"bytes"
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
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

// grow is an owner that resizes its storage: the same bytes with room for exactly delta more, between guards.
func grow(lp Listpack, delta int) Listpack {
	b := make([]byte, len(lp)+max(delta, 0)+8)
	copy(b, lp)
	for i := range b[len(lp):] {
		b[len(lp)+i] = 0xA5
	}
	return Listpack(b[: len(lp) : len(lp)+max(delta, 0)])
}

// build makes a listpack of texts.
func build(texts ...string) Listpack {
	lp := New(make([]byte, 0, EmptySize))
	for _, s := range texts {
		e := Of([]byte(s))
		lp = grow(lp, e.Size()).Append(e)
	}
	return lp
}

// texts reads a listpack forwards.
func texts(lp Listpack) []string {
	var all []string
	for p := lp.First(); p != 0; p = lp.Next(p) {
		all = append(all, string(lp.AppendAt(nil, p)))
	}
	return all
}

// reference encodes texts as the package comment says, independently of the code it tests.
func reference(want []string) []byte {
	var body []byte
	for _, s := range want {
		var e []byte
		n, err := strconv.ParseInt(s, 10, 64)
		if err == nil && strconv.FormatInt(n, 10) == s {
			le := func(head byte, width int) []byte {
				b := []byte{head}
				for i := range width {
					b = append(b, byte(n>>(8*i)))
				}
				return b
			}
			switch {
			case n >= 0 && n <= 127:
				e = []byte{byte(n)}
			case n >= -4096 && n <= 4095:
				e = []byte{0xC0 + byte(n&8191/256), byte(n)}
			case n >= -32768 && n <= 32767:
				e = le(0xF1, 2)
			case n >= -8388608 && n <= 8388607:
				e = le(0xF2, 3)
			case n >= -2147483648 && n <= 2147483647:
				e = le(0xF3, 4)
			default:
				e = le(0xF4, 8)
			}
		} else {
			l := len(s)
			switch {
			case l < 64:
				e = []byte{byte(128 + l)}
			case l < 4096:
				e = []byte{byte(224 + l/256), byte(l)}
			default:
				e = []byte{0xF0, byte(l), byte(l >> 8), byte(l >> 16), byte(l >> 24)}
			}
			e = append(e, s...)
		}
		l := len(e)
		back := []byte{byte(l & 127)}
		for _, bound := range []int{128, 16383, 2097151, 268435455} {
			if l < bound {
				break
			}
			back[0] |= 0x80
			back = append([]byte{byte(l >> (7 * len(back)) & 127)}, back...)
		}
		for i := range back[1:] {
			back[i+1] |= 0x80
		}
		body = append(append(body, e...), back...)
	}
	total := len(body) + 7
	count := min(len(want), 65535)
	return slices.Concat([]byte{byte(total), byte(total >> 8), byte(total >> 16), byte(total >> 24), byte(count), byte(count >> 8)}, body, []byte{0xFF})
}

// verify demands that lp holds exactly want, in exactly the bytes of the format, read in both directions.
func verify(t testing.TB, lp Listpack, want []string) {
	t.Helper()
	if ref := reference(want); !bytes.Equal(ref, lp) {
		t.Fatalf("got  % x\nwant % x", head(lp), head(ref))
	}
	if lp.Len() != len(want) || lp.Empty() != (len(want) == 0) {
		t.Fatalf("length %d, want %d", lp.Len(), len(want))
	}
	p := lp.First()
	for i, s := range want {
		if p == 0 {
			t.Fatalf("ends at %d of %d", i, len(want))
		}
		e := lp.Get(p)
		var room Scratch
		if got := string(e.Text(&room)); got != s || e.TextLen() != len(s) || e.Size() != lp.EntrySize(p) {
			t.Fatalf("entry %d is %.40q of %d bytes, want %.40q", i, got, e.Size(), s)
		}
		same, next := lp.Read(p)
		if p = lp.Next(p); p != next || string(same.Text(&room)) != s {
			t.Fatalf("entry %d is read as %.40q, with the next at %d, want %d", i, same.Text(&room), next, p)
		}
	}
	if p != 0 {
		t.Fatal("does not end")
	}
	p = lp.End()
	for i := len(want) - 1; i >= 0; i-- {
		p = lp.Prev(p)
		if p == 0 || !lp.EqualAt(p, Of([]byte(want[i]))) {
			t.Fatalf("backwards: entry %d at %d", i, p)
		}
	}
	if lp.Prev(p) != 0 || lp.Prev(lp.First()) != 0 {
		t.Fatal("does not begin")
	}
}

func head(b []byte) []byte { return b[:min(len(b), 200)] }

// randomText draws from texts of every encoding and, rarely, of every length of backlen.
func randomText(r *rand.Rand) string {
	switch r.IntN(12) {
	case 0, 1, 2:
		return strconv.FormatInt(int64(r.Uint64())>>r.IntN(64), 10)
	case 3:
		edges := []int64{0, 127, 128, -1, 4095, 4096, -4096, -4097, 32767, 32768, -32768, -32769, 8388607, 8388608, -8388608, -8388609, 2147483647, 2147483648, -2147483648, -2147483649, 1<<63 - 1, -1 << 63}
		return strconv.FormatInt(edges[r.IntN(len(edges))], 10)
	case 4:
		return []string{"", "-", "-0", "01", "1.5", "9223372036854775808", "+1", "nan", " 1"}[r.IntN(9)]
	case 5:
		return strings.Repeat("x", 55+r.IntN(80))
	case 6:
		if r.IntN(8) == 0 {
			return strings.Repeat("y", []int{4094, 4095, 4096, 16377, 16378, 16379, 16380}[r.IntN(7)])
		}
	}
	return fmt.Sprintf("member:%d", r.IntN(50))
}

// history runs random changes on a listpack and a slice of strings.
func history(t testing.TB, r *rand.Rand, steps int) {
	lp := New(make([]byte, EmptySize))
	var model []string
	pick := func() (int, int) {
		i := r.IntN(len(model))
		p := lp.Seek(i)
		if q := lp.Seek(i - len(model)); p == 0 || p != q {
			t.Fatalf("index %d is at %d and %d", i, p, q)
		}
		return i, p
	}
	for range steps {
		s := randomText(r)
		e := Of([]byte(s))
		op := r.IntN(12)
		if len(model) == 0 && op >= 2 && op <= 7 {
			continue
		}
		switch op {
		case 0:
			lp, model = grow(lp, e.Size()).Append(e), append(model, s)
		case 1:
			lp, model = grow(lp, e.Size()).Prepend(e), slices.Insert(model, 0, s)
		case 2:
			i, p := pick()
			lp, model = grow(lp, e.Size()).Insert(p, e), slices.Insert(model, i, s)
		case 3:
			i, p := pick()
			lp, model = grow(lp, e.Size()).InsertAfter(p, e), slices.Insert(model, i+1, s)
		case 4:
			i, p := pick()
			lp = grow(lp, lp.ReplaceDelta(p, e)).Replace(p, e)
			model[i] = s
		case 5:
			i, p := pick()
			n := int64(r.Uint64()) >> r.IntN(64)
			lp = grow(lp, lp.ReplaceDelta(p, Int(n))).ReplaceInt(p, n)
			model[i] = strconv.FormatInt(n, 10)
			if m, ok := lp.GetInt(p); !ok || m != n {
				t.Fatalf("integer %d is read as %d", n, m)
			}
		case 6:
			i, p := pick()
			var next int
			lp, next = lp.Delete(p)
			model = slices.Delete(model, i, i+1)
			if next != lp.Seek(i) {
				t.Fatalf("after deleting %d: next is at %d", i, next)
			}
		case 7:
			i, p := pick()
			n := r.IntN(6)
			size, found := lp.RangeSize(p, n)
			before := len(lp)
			var next int
			lp, next = lp.DeleteRange(p, n)
			if found != min(n, len(model)-i) || len(lp) != before-size {
				t.Fatalf("range of %d of %d bytes", found, size)
			}
			model = slices.Delete(model, i, i+found)
			if next != lp.Seek(i) {
				t.Fatalf("after deleting from %d: next is at %d", i, next)
			}
		case 8:
			more := []string{randomText(r), randomText(r), randomText(r)}[:r.IntN(4)]
			elems := make([]Elem, len(more))
			for i := range more {
				elems[i] = Of([]byte(more[i]))
			}
			i, p := len(model), lp.End()
			if i > 0 && r.IntN(2) == 0 {
				i, p = pick()
			}
			lp, model = grow(lp, BatchSize(elems...)).BatchInsert(p, elems...), slices.Insert(model, i, more...)
		case 9:
			var at []int
			var keep []string
			for p := lp.First(); p != 0; p = lp.Next(p) {
				if r.IntN(4) == 0 {
					at = append(at, p)
				} else {
					keep = append(keep, string(lp.AppendAt(nil, p)))
				}
			}
			lp, model = lp.BatchDelete(at), keep
		case 10:
			other := build(randomText(r), s)
			room := grow(lp, lp.MergeDelta(other))
			if r.IntN(2) == 0 {
				lp, model = room.AppendAll(other), append(model, texts(other)...)
			} else {
				lp, model = room.PrependAll(other), append(texts(other), model...)
			}
		case 11: // the end moves to a listpack of its own and comes back
			if len(model) == 0 {
				break
			}
			i, p := pick()
			n := r.IntN(len(model))
			size, found := lp.RangeSize(p, n)
			tail := grow(New(make([]byte, EmptySize)), size).AppendRange(lp, p, n)
			verify(t, tail, model[i:i+found])
			verify(t, lp, model)
			lp, _ = lp.DeleteRange(p, n)
			lp = grow(lp, lp.MergeDelta(tail)).AppendAll(tail)
			moved := slices.Clone(model[i : i+found])
			model = append(slices.Delete(model, i, i+found), moved...)
		}
		verify(t, lp, model)
	}
	for i, s := range model {
		e := Of([]byte(s))
		if first := slices.Index(model, s); lp.Find(lp.First(), e, 0) != lp.Seek(first) {
			t.Fatalf("%q is not found at %d", s, first)
		}
		for skip := range 3 {
			want := 0
			for j := 0; j < len(model); j += skip + 1 {
				if model[j] == s {
					want = lp.Seek(j)
					break
				}
			}
			if got := lp.Find(lp.First(), e, skip); got != want {
				t.Fatalf("%q with skip %d is found at %d, want %d", s, skip, got, want)
			}
		}
		if lp.Find(lp.Seek(i), e, 0) != lp.Seek(i) {
			t.Fatalf("%q is not found at once", s)
		}
	}
	if lp.Find(lp.First(), Of([]byte("no such entry")), 0) != 0 || lp.Find(lp.First(), Int(-123456789), 0) != 0 {
		t.Fatal("found what is not there")
	}
	verify(t, lp.Clear(), nil)
}

func TestHistory(t *testing.T) {
	r := newRand(t)
	for range 150 {
		history(t, r, 120)
	}
}

func TestSeekOutside(t *testing.T) {
	lp := build("a", "b", "c")
	for _, i := range []int{3, 4, 1 << 40, -4, -5, -1 << 40} {
		if p := lp.Seek(i); p != 0 {
			t.Errorf("index %d is at %d", i, p)
		}
	}
	if build().Seek(0) != 0 || build().Seek(-1) != 0 || build().First() != 0 || build().Last() != 0 {
		t.Error("an empty listpack has a position")
	}
	if build().Find(0, Int(1), 0) != 0 || build().Find(build().End(), Of(nil), 0) != 0 {
		t.Error("an empty listpack has an entry")
	}
}

// TestUnknownCount goes over 65534 entries, where the header no longer counts, and back.
func TestUnknownCount(t *testing.T) {
	lp := New(make([]byte, EmptySize, 300000))
	var model []string
	for i := range 65540 {
		lp = lp.Append(Int(int64(i % 100)))
		model = append(model, strconv.Itoa(i%100))
		if i == 65533 || i == 65534 || i == 65535 {
			verify(t, lp, model)
		}
	}
	verify(t, lp, model)
	for _, i := range []int{0, 1, 65539, 65540, 65541, -1, -65540, -65541} {
		p := lp.Seek(i)
		if inside := i >= -65540 && i < 65540; inside != (p != 0) {
			t.Errorf("index %d is at %d", i, p)
		}
	}
	lp, _ = lp.DeleteRange(lp.Seek(-6), 6)
	if lp.count() != countUnknown {
		t.Error("the count is known before it has been counted")
	}
	if n := lp.Len(); n != 65534 || lp.count() != n {
		t.Errorf("length %d, count %d", n, lp.count())
	}
	verify(t, lp, model[:65534])
}

// TestLongest has entries of every length of the backlen but the longest, at its bounds.
func TestLongest(t *testing.T) {
	for _, n := range []int{2097145, 2097146, 2097147, 2097150} {
		verify(t, build("a", strings.Repeat("z", n), "b"), []string{"a", strings.Repeat("z", n), "b"})
	}
	for _, c := range []struct{ n, want int }{{127, 1}, {128, 2}, {16382, 2}, {16383, 3}, {2097150, 3}, {2097151, 4}, {268435454, 4}, {268435455, 5}} {
		if got := backlenSize(c.n); got != c.want {
			t.Errorf("backlen of %d: %d bytes, want %d", c.n, got, c.want)
		}
		var b [5]byte
		putBacklen(b[:], c.n)
		lp := make(Listpack, headerSize+c.n+c.want)
		copy(lp[headerSize+c.n:], b[:c.want])
		if p := lp.Prev(len(lp)); p != headerSize {
			t.Errorf("backlen of %d leads back to %d", c.n, p)
		}
	}
}

func TestNoRoom(t *testing.T) {
	lp := build("a")
	defer func() {
		if s, _ := recover().(string); !strings.HasPrefix(s, "BUG: ") {
			t.Errorf("panic %q", s)
		}
		verify(t, lp, []string{"a"})
	}()
	lp.Append(Int(1))
}

func TestNoAllocations(t *testing.T) {
	lp := New(make([]byte, 0, 4096))
	text, number := []byte("field:1"), []byte("12345")
	var room [64]byte
	is := func(what string, f func()) {
		t.Helper()
		if n := testing.AllocsPerRun(100, f); n != 0 {
			t.Errorf("%s: %v allocations", what, n)
		}
	}
	is("append, find, replace, delete", func() {
		lp = lp.Append(Of(text)).Append(Of(number))
		p := lp.Find(lp.First(), Of(text), 1)
		lp = lp.Replace(lp.Next(p), Int(1<<40))
		lp = lp.BatchInsert(p, Of(text), Of(number))
		lp.AppendAt(room[:0], lp.Last())
		lp, _ = lp.DeleteRange(lp.First(), 3)
		lp, _ = lp.Delete(lp.Last())
	})
	if !lp.Empty() {
		t.Errorf("%d entries left", lp.Len())
	}
}

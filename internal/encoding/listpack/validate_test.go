package listpack

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// use does with a listpack everything that reads and changes it, and demands that it stays whole.
func use(t testing.TB, lp Listpack) {
	t.Helper()
	all := texts(lp)
	if lp.Len() != len(all) {
		t.Fatalf("length %d of %d entries", lp.Len(), len(all))
	}
	p := lp.Last()
	for i := len(all) - 1; i >= 0; i-- {
		if string(lp.AppendAt(nil, p)) != all[i] || lp.Seek(i) != p || !lp.EqualAt(p, Of([]byte(all[i]))) {
			t.Fatalf("entry %d differs backwards", i)
		}
		lp.GetInt(p)
		p = lp.Prev(p)
	}
	for _, s := range all[:min(len(all), 20)] {
		if q := lp.Find(lp.First(), Of([]byte(s)), 0); q != lp.Seek(slices.Index(all, s)) {
			t.Fatalf("%q is found at %d", s, q)
		}
		lp.Find(lp.First(), Of([]byte(s)), 1)
	}
	lp.Unique(1)
	lp.Unique(2)
	lp.AppendSample(nil, 2, 3, rand.Uint64N)
	e := Of([]byte("another"))
	lp = grow(lp, e.Size()).Append(e)
	p = lp.First()
	lp = grow(lp, lp.ReplaceDelta(p, Int(1<<40))).ReplaceInt(p, 1<<40)
	all = append(all, "another")
	all[0] = "1099511627776"
	if !slices.Equal(texts(lp), all) {
		t.Fatal("differs after changes")
	}
	lp, _ = lp.DeleteRange(lp.First(), len(all)/2)
	if err := Validate(lp, nil); err != nil || !slices.Equal(texts(lp), all[len(all)/2:]) {
		t.Fatalf("after deleting: %v", err)
	}
}

func TestValidateFinds(t *testing.T) {
	good := func() Listpack { return build("ab", "300", strings.Repeat("x", 130), "70000") }
	if err := Validate(good(), nil); err != nil {
		t.Fatal(err)
	}
	is := func(want string, b []byte) {
		t.Helper()
		if err := Validate(b, nil); err == nil || err.Error() != "corrupt listpack: "+want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
	spoil := func(i int, v byte) []byte {
		lp := good()
		lp[i] = v
		return lp
	}
	// 6: "ab", 4 bytes; 10: 300, 3 bytes; 13: the long string, 132+2 bytes; 147: 70000, 4+1 bytes
	is("too short at byte 6", good()[:6])
	is("total is not the size at byte 0", spoil(3, 1))
	is("total is not the size at byte 0", append(good(), 0xFF))
	is("no end mark at byte 152", spoil(152, 0))
	is("count is 3 of 4 entries at byte 4", spoil(4, 3))
	is("count is 260 of 4 entries at byte 4", spoil(5, 1))
	is("length backwards is wrong at byte 8", spoil(6, 0x81))
	is("length backwards is wrong at byte 9", spoil(9, 2))
	is("length backwards is wrong at byte 145", spoil(145, 0))
	is("length backwards is wrong at byte 145", spoil(146, 4))
	is("no encoding 0xf5 at byte 6", spoil(6, 0xF5))
	is("no encoding 0xff at byte 10", spoil(10, 0xFF))
	is("entry passes the end at byte 13", spoil(13, 0xEF))
	is("entry passes the end at byte 13", spoil(13, 0xF0))
	is("entry passes the end at byte 147", spoil(147, 0xF4))
	is("entry passes the end at byte 6", []byte{8, 0, 0, 0, 1, 0, 0xE0, 0xFF})
	is("entry passes the end at byte 6", []byte{9, 0, 0, 0, 1, 0, 0xE0, 0, 0xFF})
	is("entry passes the end at byte 6", []byte{12, 0, 0, 0, 1, 0, 0xF0, 0xFE, 0xFF, 0xFF, 0xFF, 0xFF})
	is("entry passes the end at byte 6", []byte{13, 0, 0, 0, 1, 0, 0xF0, 0xFE, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF})

	broken := errors.New("broken")
	var seen []int
	err := Validate(good(), func(lp Listpack, p, i int) error {
		seen = append(seen, p)
		if lp.Get(p).IsInt() && i == 3 {
			return broken
		}
		return nil
	})
	if err != broken || !slices.Equal(seen, []int{6, 10, 13, 147}) {
		t.Errorf("%v at %d", err, seen)
	}
}

// TestCheckFinds: bytes from outside may hold what is never made here, and everything works with it.
func TestCheckFinds(t *testing.T) {
	odd := Listpack{16, 0, 0, 0, 3, 0, 0x81, '5', 2, 0xE0, 1, '6', 3, 5, 1, 0xFF}
	if err := Validate(odd, nil); err != nil {
		t.Fatal(err)
	}
	if err := odd.Check(); err == nil || err.Error() != "corrupt listpack: not the smallest form at byte 6" {
		t.Errorf("got %v", err)
	}
	if odd.Find(6, Int(5), 0) != 6 || odd.Find(6, Of([]byte("6")), 0) != 9 || !odd.EqualAt(6, Int(5)) {
		t.Error("an integer kept as a string is not found")
	}
	if odd.Unique(1) || odd.Unique(2) {
		t.Error("an integer and its text differ")
	}
	if n, ok := odd.GetInt(9); n != 6 || !ok {
		t.Error("an integer kept as a string is not read")
	}
	long := Listpack{12, 0, 0, 0, 1, 0, 0xE0, 2, 'a', 'b', 4, 0xFF}
	if err := Validate(long, nil); err != nil {
		t.Fatal(err)
	}
	if long.Find(6, Of([]byte("ab")), 0) != 6 || long.Check() == nil {
		t.Error("a short string in a long form")
	}
}

func TestUnique(t *testing.T) {
	is := func(want bool, step int, all ...string) {
		t.Helper()
		if got := build(all...).Unique(step); got != want {
			t.Errorf("%.60q in steps of %d: %v", all, step, got)
		}
	}
	is(true, 1)
	is(true, 1, "a", "b", "1")
	is(false, 1, "a", "b", "a")
	is(false, 1, "1", "b", "1")
	is(true, 2, "a", "x", "b", "x")
	is(false, 2, "a", "x", "b", "y", "a", "z")
	var many []string
	for i := range 50 {
		many = append(many, strings.Repeat("k", i), "v")
	}
	is(true, 2, many...)
	is(false, 1, many...)
	many[98] = many[4]
	is(false, 2, many...)
}

func TestRandom(t *testing.T) {
	r := newRand(t)
	lp := build("a", "1", "b", "2", "c", "3", "d", "4")
	all := lp.AppendPositions(nil, 2)
	if len(all) != 4 || lp.Random(2, 6) != all[2] || build().Random(1, 5) != 0 {
		t.Errorf("groups at %d", all)
	}
	count := map[int]int{}
	for range 4000 {
		s := lp.AppendSample(nil, 2, 2, r.Uint64N)
		if len(s) != 2 || s[0] >= s[1] {
			t.Fatalf("sample %d", s)
		}
		count[s[0]<<16|s[1]]++
	}
	if len(count) != 6 {
		t.Errorf("%d of 6 samples appear", len(count))
	}
	for s, n := range count { // 667 expected, with a deviation of 24
		if n < 520 || n > 820 {
			t.Errorf("sample %x appears %d times of 4000", s, n)
		}
	}
	if s := lp.AppendSample(nil, 2, 9, r.Uint64N); !slices.Equal(s, all) {
		t.Errorf("sample of more than all: %d", s)
	}
}

// corruptions makes random changes to good bytes.
func corruptions(r *rand.Rand, good []byte) []byte {
	b := slices.Clone(good)
	for range 1 + r.IntN(3) {
		i := r.IntN(len(b))
		switch r.IntN(4) {
		case 0:
			b[i] = byte(r.Uint32())
		case 1:
			b[i] ^= 1 << r.IntN(8)
		case 2:
			b[i] = []byte{0, 0x7F, 0x80, 0xC0, 0xE0, 0xF0, 0xF4, 0xFE, 0xFF}[r.IntN(9)]
		case 3:
			b = b[:max(i, 1)]
		}
	}
	return b
}

// outside returns a copy of b whose capacity ends where b ends, so that reading past it panics.
func outside(b []byte) []byte { return slices.Clip(slices.Clone(b)) }

func TestCorruptions(t *testing.T) {
	r := newRand(t)
	passed := 0
	for range 30 {
		var all []string
		for range r.IntN(20) {
			all = append(all, randomText(r))
		}
		lp, zl, zm := build(all...), ziplistOf(all), zipmapOf(all)
		for range 400 {
			b := outside(corruptions(r, lp))
			if len(b) >= 4 && r.IntN(2) == 0 { // so that more than the header is looked at
				b[0], b[1], b[2], b[3], b[len(b)-1] = byte(len(b)), byte(len(b)>>8), byte(len(b)>>16), 0, end
			}
			if Validate(b, nil) == nil {
				passed++
				use(t, Open(b))
			}
			convert(t, outside(corruptions(r, zl)), ZiplistSize, FromZiplist)
			convert(t, outside(corruptions(r, zm)), ZipmapSize, FromZipmap)
		}
	}
	t.Logf("%d corrupted listpacks are valid", passed)
}

// convert makes a listpack of what passes, which has to have the size and be whole.
func convert(t testing.TB, b []byte, size func([]byte) (int, error), from func(dst, b []byte) Listpack) Listpack {
	t.Helper()
	n, err := size(b)
	if err != nil {
		return nil
	}
	lp := from(make([]byte, n), b)
	if len(lp) != n || cap(lp) != n {
		t.Fatalf("%d bytes, foretold were %d", len(lp), n)
	}
	if err := lp.Check(); err != nil {
		t.Fatal(err)
	}
	return lp
}

func FuzzValidate(f *testing.F) {
	f.Add([]byte(build()))
	f.Add([]byte(build("a", "1", "-1", "300", "-40000", "8000000", "80000000", "8000000000", strings.Repeat("x", 70))))
	f.Add([]byte(build(strings.Repeat("x", 4096), "5")))
	f.Add([]byte{16, 0, 0, 0, 3, 0, 0x81, '5', 2, 0xE0, 1, '6', 3, 5, 1, 0xFF})
	f.Fuzz(func(t *testing.T, b []byte) {
		if Validate(b, nil) == nil {
			use(t, Open(bytes.Clone(b)))
		}
	})
}

func FuzzHistory(f *testing.F) {
	f.Add(uint64(1), uint64(2))
	f.Fuzz(func(t *testing.T, x, y uint64) { history(t, rand.New(rand.NewPCG(x, y)), 60) })
}

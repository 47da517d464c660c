package prefix

import (
	"slices"
	"strings"
	"testing"
)

func TestOf(t *testing.T) {
	is := func(delim string, depth int, key, want string) {
		t.Helper()
		s := Split{delim, depth}
		if got := string(s.Of([]byte(key))); got != want {
			t.Errorf("the prefix of %q by %q to depth %d is %q, not %q", key, delim, depth, got, want)
		}
	}
	is(":", 1, "user:17:name", "user:")
	is(":", 2, "user:17:name", "user:17:")
	is(":", 3, "user:17:name", "user:17:")
	is(":", 2, "user:17", "user:")
	is(":", 2, "counter", "")
	is(":", 2, "", "")
	is(":", 0, "user:17", "")
	is("", 3, "user:17", "use")
	is("", 3, "u", "u")
	is("", 3, "", "")
	is(":", 3, "::x", "::")
	is(":", 1, "user:", "user:")
	is("--", 2, "a--b-c--d--e", "a--b-c--")
	is("--", 3, "a---b--", "a---b--")
	is("--", 3, "a-", "")
	is(":", 8, strings.Repeat("a", MaxLen)+":x", "")
	is(":", 8, strings.Repeat("a", MaxLen-1)+":x", strings.Repeat("a", MaxLen-1)+":")
	is(":", 8, "a:"+strings.Repeat("b", MaxLen)+":x", "a:")
	is("\x00\xff", 1, "\x00\x00\xffz", "\x00\x00\xff")
}

func TestParts(t *testing.T) {
	is := func(delim string, depth int, key string, want ...string) {
		t.Helper()
		s, to, got := Split{delim, depth}, ends{}, []string{}
		for _, end := range to[:s.scan([]byte(key), 0, &to).parts] {
			got = append(got, key[:end])
		}
		if !slices.Equal(got, want) {
			t.Errorf("%q by %q to depth %d: %q, not %q", key, delim, depth, got, want)
		}
	}
	is(":", 8, "a")
	is(":", 8, "a:", "a:")
	is(":", 8, "a:b:c", "a:", "a:b:")
	is(":", 8, "1234567:9:1234:67", "1234567:", "1234567:9:", "1234567:9:1234:")
	is(":", 2, "12345678:::::::::", "12345678:", "12345678::")
	is("\x00", 8, "12345678\x00a", "12345678\x00")
	is("\x00", 8, "a\x00b", "a\x00")
	is("--", 8, "a---b--", "a--", "a---b--")
	is("", 3, "abcd", "a", "ab", "abc")
	for key := range 1 << 18 { // all texts of 18 delimiters and others
		b, want := make([]byte, 18), []int{}
		for i := range b {
			if b[i] = 'a'; key>>i&1 != 0 {
				b[i] = ':'
				want = append(want, i+1)
			}
		}
		s, to := Split{":", MaxDepth}, ends{}
		p := s.scan(b, 17, &to)
		n := p.parts
		if n != min(len(want), MaxDepth) {
			t.Fatalf("%q has %d parts", b, n)
		}
		for i, end := range to[:n] {
			if int(end) != want[i] {
				t.Fatalf("part %d of %q ends at %d", i, b, end)
			}
		}
		if h, last := hash(s.Of(b), 17); n > 0 && (p.hash != h || p.last != last) {
			t.Fatalf("the hash of the prefix of %q is %x, and %x is left for last, not %x and %x", b, h, last, p.hash, p.last)
		}
	}
}

func TestOfAllocs(t *testing.T) {
	s, key, n := Split{":", 3}, []byte("user:17:name:first"), 0
	if got := testing.AllocsPerRun(100, func() { n += len(s.Of(key)) }); got != 0 {
		t.Errorf("%v allocations", got)
	}
}

func BenchmarkOf(b *testing.B) {
	s, key, n := Split{":", 3}, []byte("key:000000012345"), 0
	for b.Loop() {
		n += len(s.Of(key))
	}
}

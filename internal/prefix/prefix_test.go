package prefix

import (
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

func TestParent(t *testing.T) {
	is := func(delim, prefix, want string, depth int) {
		t.Helper()
		s := Split{delim, MaxDepth}
		if got := string(s.parent([]byte(prefix))); got != want {
			t.Errorf("the parent of %q is %q, not %q", prefix, got, want)
		}
		if got := s.depthOf([]byte(prefix)); got != depth {
			t.Errorf("%q has depth %d, not %d", prefix, got, depth)
		}
	}
	is(":", "a:", "", 1)
	is(":", "a:b:", "a:", 2)
	is(":", "::", ":", 2)
	is("--", "a---b--", "a--", 2)
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

package glob

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"granary/tests/live"
)

func TestMatch(t *testing.T) {
	match := func(pattern, s string, want, wantNocase bool) {
		t.Helper()
		if got := Match([]byte(pattern), []byte(s), false); got != want {
			t.Errorf("%q matches %q: %v", pattern, s, got)
		}
		if got := Match([]byte(pattern), []byte(s), true); got != wantNocase {
			t.Errorf("%q matches %q in any case: %v", pattern, s, got)
		}
	}
	both := func(pattern, s string, want bool) {
		t.Helper()
		match(pattern, s, want, want)
	}
	both("", "", true)
	both("", "a", false)
	both("a", "", false)
	both("*", "", true)
	both("*", "abc", true)
	both("**", "abc", true)
	both("**", "", false)
	both("*?", "a", true)
	match(`[\A]`, "A", true, true)
	match(`[\A]`, "a", false, false)
	both("?", "", false)
	both("?", "a", true)
	both("??", "a", false)
	both("a*c", "abbbc", true)
	both(strings.Repeat("*?", maxStars), strings.Repeat("a", 3000), true)
	both(strings.Repeat("*?", maxStars)+"*", strings.Repeat("a", 3000), true)
	both(strings.Repeat("**?", maxStars+1), strings.Repeat("a", 3000), false)
	both("a*c", "abbbcd", false)
	both("a*b*c", "a-b-b-c", true)
	both("*abc", "ababc", true)
	both("*a*", "bbb", false)
	match("ABC", "abc", false, true)
	match("a?C", "aBc", false, true)
	both("h[ae]llo", "hallo", true)
	both("h[ae]llo", "hillo", false)
	both("h[^ae]llo", "hillo", true)
	both("h[^ae]llo", "hello", false)
	both("[a-c]", "b", true)
	both("[c-a]", "b", true)
	both("[a-c]", "d", false)
	match("[A-C]", "b", false, true)
	match("[a-c]", "B", false, true)
	match("[Z-a]", "_", true, false) // in any case the ends are z and a, in this order: empty
	both(`\*`, "*", true)
	both(`\*`, "a", false)
	both(`\`, `\`, true)
	both(`a\`, `a\`, true)
	both(`[\]]`, "]", true)
	both(`[\-]`, "-", true)
	both("[", "a", false)
	both("[ab", "a", true)
	both("[]a]", "a]", false)
	both("[^]", "x", true)
	both("[^", "x", true)
	both("[a-", "-", true)
	both("a[b", "ab", true)
	both("\xff*", "\xff\x00\xfe", true)
}

func TestLiteral(t *testing.T) {
	for pattern, want := range map[string]bool{"": true, "abc]": true, "a*": false, "a?": false, "[a": false, `\a`: false} {
		if Literal([]byte(pattern)) != want {
			t.Errorf("Literal(%q) is %v", pattern, !want)
		}
	}
}

// Patterns that make a matcher with backtracking take exponential time.
func TestManyStars(t *testing.T) {
	s := []byte(strings.Repeat("a", 10000))
	pattern := []byte(strings.Repeat("a*", 1000) + "b")
	begin := time.Now()
	if Match(pattern, s, false) {
		t.Error("matches")
	}
	if d := time.Since(begin); d > 2*time.Second {
		t.Errorf("took %v", d)
	}
}

func TestNoAllocation(t *testing.T) {
	p, s := []byte("*a[b-d]?\\*x*"), []byte("00000ac0*x1")
	if n := testing.AllocsPerRun(100, func() { Match(p, s, true) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// bytesOf makes random patterns and names of the bytes that matter, so that matches are not rare.
func bytesOf(r *rand.Rand, alphabet string, most int) string {
	b := make([]byte, r.IntN(most+1))
	for i := range b {
		b[i] = alphabet[r.IntN(len(alphabet))]
	}
	return string(b)
}

// KEYS of a real server gives the same names for random patterns; COMMAND LIST FILTERBY PATTERN does the same in any case.
func TestAgainstServer(t *testing.T) {
	server := live.NeedStart(t, "redis", live.NeedRedis(t))
	conn, err := server.Dial()
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	list := func(args ...string) []string {
		t.Helper()
		reply, err := conn.Do(args...)
		if err != nil {
			t.Fatal(err)
		}
		names := []string{}
		for _, e := range reply.Elems {
			names = append(names, e.Str)
		}
		slices.Sort(names)
		return names
	}
	seed := live.Seed(t)
	r := rand.New(rand.NewPCG(seed, 0))

	names := map[string]bool{}
	mset := []string{"MSET"}
	for len(names) < 300 {
		name := bytesOf(r, `abcABC-*?[]\^`, 6)
		if !names[name] {
			names[name] = true
			mset = append(mset, name, "")
		}
	}
	if reply, err := conn.Do(mset...); err != nil || reply.Str != "OK" {
		t.Fatal(reply, err)
	}
	commands := list("COMMAND", "LIST")
	hits := 0
	check := func(pattern string, nocase bool, all, want []string) {
		t.Helper()
		got := []string{}
		for _, name := range all {
			if Match([]byte(pattern), []byte(name), nocase) {
				got = append(got, name)
			}
		}
		slices.Sort(got)
		for _, name := range all {
			ours, theirs := slices.Contains(got, name), slices.Contains(want, name)
			if ours != theirs {
				t.Errorf("%q matches %q (any case: %v): %v, for Redis %v", pattern, name, nocase, ours, theirs)
			}
		}
		hits += len(got)
	}
	var all []string
	for name := range names {
		all = append(all, name)
	}
	for range 1500 {
		pattern := bytesOf(r, `aabbcABC-**??[[]]\^`, 9)
		check(pattern, false, all, list("KEYS", pattern))
	}
	for range 500 {
		pattern := bytesOf(r, `egtsdEGTSD-***??[[]]\^`, 7)
		check(pattern, true, commands, list("COMMAND", "LIST", "FILTERBY", "PATTERN", pattern))
	}
	t.Logf("%d matches", hits)
	if hits < 1000 {
		t.Errorf("only %d matches: the test has lost its meaning", hits)
	}
}

// FuzzMatch compares with the plain recursive definition, on patterns short enough for it.
func FuzzMatch(f *testing.F) {
	for _, p := range []string{"*", "a*b*c", "[a-c]?", `\*[^\]]`, "[", "[^", "a-", "***", "[z-a"} {
		f.Add(p, "abcabc", true)
		f.Add(p, "", false)
	}
	f.Fuzz(func(t *testing.T, pattern, s string, nocase bool) {
		if len(pattern) > 12 || len(s) > 12 {
			Match([]byte(pattern), []byte(s), nocase)
			return
		}
		if got, want := Match([]byte(pattern), []byte(s), nocase), plain([]byte(pattern), []byte(s), nocase); got != want {
			t.Errorf("%q matches %q (any case: %v): %v", pattern, s, nocase, got)
		}
	})
}

// plain tries every length for every star.
func plain(pattern, s []byte, nocase bool) bool {
	if len(s) == 0 && len(pattern) > 1 {
		return false
	}
	return plainFrom(pattern, s, nocase)
}

func plainFrom(pattern, s []byte, nocase bool) bool {
	if len(pattern) == 0 {
		return len(s) == 0
	}
	if pattern[0] == '*' {
		return plainFrom(pattern[1:], s, nocase) || len(s) > 0 && plainFrom(pattern, s[1:], nocase)
	}
	if len(s) == 0 {
		return false
	}
	next, ok := matchOne(pattern, 0, s[0], nocase)
	return ok && plainFrom(pattern[next:], s[1:], nocase)
}

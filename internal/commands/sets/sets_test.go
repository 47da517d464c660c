package sets

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"granary/internal/command"
	"granary/internal/command/commandtest"
	"granary/internal/commands/admin"
	"granary/internal/commands/generic"
	"granary/internal/commands/memory"
	str "granary/internal/commands/strings"
	"granary/tests/live"
)

// others are the families that the tests need beside this one.
func others(t *command.Table) {
	admin.Register(t)
	generic.Register(t)
	memory.Register(t)
	str.Register(t)
}

func session(t testing.TB) *commandtest.Session {
	t.Helper()
	s := commandtest.New(t, Register, others)
	for !s.Env.Config.EnableDebugCommand.Allows(true) {
		s.Env.Config.EnableDebugCommand++
	}
	return s
}

// members returns the elements of a reply, sorted.
func members(t *testing.T, s *commandtest.Session, args ...string) []string {
	t.Helper()
	r, err := live.Parse([]byte(s.Do(args...)))
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, e := range r.Elems {
		all = append(all, e.Str)
	}
	slices.Sort(all)
	return all
}

// fill adds n members that begin with prefix.
func fill(s *commandtest.Session, key, prefix string, n int) {
	args := []string{"SADD", key}
	for i := range n {
		args = append(args, prefix+strconv.Itoa(i))
		if len(args) == 1000 || i == n-1 {
			s.Do(args...)
			args = args[:2]
		}
	}
}

func TestEncodings(t *testing.T) {
	s := session(t)
	is := func(want string, key string) {
		t.Helper()
		s.Is(fmt.Sprintf("$%d %s", len(want), want), "OBJECT", "ENCODING", key)
	}
	s.Do("SADD", "i", "1", "2")
	is("intset", "i")
	s.Do("SADD", "i", "x")
	is("listpack", "i")
	s.Do("SADD", "i", strings.Repeat("x", 65))
	is("hashtable", "i")
	s.Do("SREM", "i", strings.Repeat("x", 65))
	is("hashtable", "i")

	fill(s, "n", "", 512)
	is("intset", "n")
	s.Do("SADD", "n", "512")
	is("hashtable", "n")

	// An intset with more members than a listpack may have becomes a hashtable.
	fill(s, "m", "", 128)
	s.Do("SADD", "m", "x")
	is("hashtable", "m")
	fill(s, "o", "", 127)
	s.Do("SADD", "o", "x")
	is("listpack", "o")

	fill(s, "l", "x", 128)
	is("listpack", "l")
	s.Do("SADD", "l", "y")
	is("hashtable", "l")

	// The first SADD chooses by how many members it brings, also for a set that is there.
	args := []string{"SADD", "hint"}
	for range 129 {
		args = append(args, "x")
	}
	s.Is(":1", args...)
	is("hashtable", "hint")
	s.Do("SADD", "hint2", "y")
	args[1] = "hint2"
	s.Is(":1", args...)
	is("hashtable", "hint2")
	args[1], args[2] = "hint3", "1"
	s.Is(":2", args...)
	is("listpack", "hint3") // 129 are few for integers, and x made it a listpack

	s.Do("SADD", "long", strings.Repeat("x", 64))
	is("listpack", "long")
	s.Do("SADD", "longer", strings.Repeat("x", 65))
	is("hashtable", "longer")

	s.Env.Config.SetMaxIntsetEntries = 0
	s.Do("SADD", "lp", "1")
	is("listpack", "lp")
	s.Env.Config.SetMaxListpackEntries = 0
	s.Do("SADD", "ht", "1")
	is("hashtable", "ht")
	s.Check()
}

// TestResults pins how results are stored.
func TestResults(t *testing.T) {
	s := session(t)
	is := func(want string, key string) {
		t.Helper()
		s.Is(fmt.Sprintf("$%d %s", len(want), want), "OBJECT", "ENCODING", key)
	}
	s.Do("SADD", "a", "1", "2", "x")
	s.Do("SADD", "b", "1", "2", "y")
	s.Is(":2", "SINTERSTORE", "d", "a", "b")
	is("intset", "d")
	s.Is(":4", "SUNIONSTORE", "d", "a", "b")
	is("listpack", "d")
	s.Is(":1", "SDIFFSTORE", "d", "a", "b")
	is("listpack", "d")
	fill(s, "big", "", 600)
	s.Is(":2", "SINTERSTORE", "d", "a", "big")
	is("intset", "d")
	s.Is(":598", "SDIFFSTORE", "d", "big", "a")
	is("hashtable", "d")
	s.Is(":600", "SINTERSTORE", "d", "big", "big")
	is("hashtable", "d")
	// What is left of a set from which almost all is popped is a new set.
	s.Do("SPOP", "big", "598")
	is("listpack", "big")
	s.Check()
}

func TestPop(t *testing.T) {
	for _, kind := range []struct {
		prefix string
		n      int
	}{{"", 100}, {"x", 100}, {"x", 1000}, {"", 1000}} {
		for _, count := range []int{1, 10, kind.n / 2, kind.n - 20, kind.n - 1} {
			s := session(t)
			s.Feed()
			fill(s, "k", kind.prefix, kind.n)
			all := members(t, s, "SMEMBERS", "k")
			s.Reset()
			before := s.Dirty()
			popped := members(t, s, "SPOP", "k", strconv.Itoa(count))
			if len(popped) != count || s.Dirty()-before != int64(count) {
				t.Fatalf("%d popped, %d changes, want %d", len(popped), s.Dirty()-before, count)
			}
			// The effects say the same.
			var removed []string
			for _, e := range s.Effects {
				words := strings.Fields(e)
				if words[0] != "SREM" || words[1] != "k" || len(words) > 2+1024 {
					t.Fatalf("effect %.100q", e)
				}
				removed = append(removed, words[2:]...)
			}
			slices.Sort(removed)
			if !slices.Equal(removed, popped) {
				t.Fatalf("removed elsewhere: %.200q, popped %.200q", removed, popped)
			}
			s.HasEvents("spop k")
			left := append(members(t, s, "SMEMBERS", "k"), popped...)
			slices.Sort(left)
			if !slices.Equal(left, all) {
				t.Fatalf("popped and left together are not what was there")
			}
			s.Check()
		}
	}
}

func TestPopOne(t *testing.T) {
	s := session(t)
	s.Feed()
	for _, m := range []string{"1", "x", strings.Repeat("y", 100)} {
		s.Do("SADD", "k", m)
		s.Reset()
		s.Is(fmt.Sprintf("$%d %s", len(m), m), "SPOP", "k")
		if got := fmt.Sprint(s.Effects, s.Events); got != "[SREM k "+m+"] [spop k del k]" {
			t.Errorf("effects and events are %s", got)
		}
		s.Is(":0", "EXISTS", "k")
	}
	fill(s, "k", "x", 300)
	seen := map[string]bool{}
	for range 300 {
		seen[s.Do("SPOP", "k")] = true
	}
	if len(seen) != 300 {
		t.Errorf("%d different members popped", len(seen))
	}
	s.Env.Config.LazyfreeLazyServerDel = true
	s.Do("SADD", "k", "1")
	s.Reset()
	s.Do("SPOP", "k", "5")
	s.HasEffects("UNLINK k")
}

// TestRandom pins that every member is as likely as any other, in all encodings, with repetitions and without.
func TestRandom(t *testing.T) {
	for _, kind := range []struct {
		prefix string
		n      int
	}{{"", 20}, {"x", 20}, {"x", 400}} {
		s := session(t)
		fill(s, "k", kind.prefix, kind.n)
		fill(s, "k", "pad"+strings.Repeat("x", kind.n/4), 0)
		for _, count := range []string{"", "-40", strconv.Itoa(kind.n / 2), strconv.Itoa(max(1, kind.n/20)), strconv.Itoa(2 * kind.n)} {
			hits := map[string]int{}
			total := 0
			for total < 200*kind.n {
				var got []string
				if count == "" {
					got = []string{s.Do("SRANDMEMBER", "k")}
				} else {
					got = members(t, s, "SRANDMEMBER", "k", count)
				}
				if len(got) == 0 {
					t.Fatalf("no member")
				}
				if count != "" && count[0] != '-' && len(slices.Compact(slices.Clone(got))) != len(got) {
					t.Fatalf("SRANDMEMBER %s gives a member twice: %q", count, got)
				}
				for _, m := range got {
					hits[m]++
				}
				total += len(got)
			}
			if len(hits) != kind.n {
				t.Errorf("count %q of %d: %d different members", count, kind.n, len(hits))
			}
			for m, n := range hits {
				if mean := total / kind.n; n < mean/2 || n > mean*2 {
					t.Errorf("count %q: %q came %d times of %d", count, m, n, total)
				}
			}
		}
	}
}

// TestScan pins that a scan meets every member, also while the set grows.
func TestScan(t *testing.T) {
	s := session(t)
	fill(s, "k", "x", 2000)
	seen := map[string]bool{}
	cursor, calls := "0", 0
	for {
		r, err := live.Parse([]byte(s.Do("SSCAN", "k", cursor, "COUNT", "20")))
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range r.Elems[1].Elems {
			seen[e.Str] = true
		}
		calls++
		fill(s, "k", "new"+cursor+":", 20)
		if cursor = r.Elems[0].Str; cursor == "0" {
			break
		}
	}
	for i := range 2000 {
		if !seen["x"+strconv.Itoa(i)] {
			t.Fatalf("x%d was not met", i)
		}
	}
	if calls < 50 {
		t.Errorf("%d calls for 2000 members", calls)
	}
	s.Is("[$1 0 []]", "SSCAN", "k", "0", "MATCH", "nothing*", "COUNT", "1000000")
}

// TestManySets pins the paths that are taken with many keys.
func TestManySets(t *testing.T) {
	s := session(t)
	keys := []string{}
	for i := range 12 {
		key := "k" + strconv.Itoa(i)
		keys = append(keys, key)
		s.Do("SADD", key, "all", "m"+strconv.Itoa(i), strconv.Itoa(i%3))
	}
	if got := members(t, s, append([]string{"SUNION"}, keys...)...); len(got) != 12+1+3 {
		t.Errorf("the union is %q", got)
	}
	if got := members(t, s, append([]string{"SINTER"}, keys...)...); len(got) != 1 || got[0] != "all" {
		t.Errorf("the intersection is %q", got)
	}
	// A large first set and many small ones: removing beats looking.
	fill(s, "big", "m", 3000)
	got := members(t, s, append([]string{"SDIFF", "big"}, keys...)...)
	if len(got) != 3000-12 {
		t.Errorf("the difference has %d members", len(got))
	}
	s.Is(":2988", append([]string{"SDIFFSTORE", "d", "big"}, keys...)...)
	if stored := members(t, s, "SMEMBERS", "d"); !slices.Equal(stored, got) {
		t.Errorf("the stored difference has %d members", len(stored))
	}
}

// TestMemory pins that what a set takes is told exactly, in every form, and that a copy takes the same.
func TestMemory(t *testing.T) {
	s := session(t)
	difference := func() string {
		t.Helper()
		r := s.Do("MEMORY", "AUDIT")
		if !strings.Contains(r, "uncounted.keys\r\n:0\r\n") {
			t.Errorf("the audit counts not all: %q", r)
		}
		_, rest, _ := strings.Cut(r, "difference\r\n")
		n, _, _ := strings.Cut(rest, "\r")
		return n
	}
	before := difference()
	fill(s, "i", "", 400)
	fill(s, "l", "x", 100)
	fill(s, "h", "x", 5000)
	s.Do("SADD", "h", strings.Repeat("long", 1000))
	audit := func() {
		t.Helper()
		// What other sessions of this process have is the same before and after.
		if n := difference(); n != before {
			t.Errorf("the audit differs by %s, at the beginning by %s", n, before)
		}
	}
	audit()
	for _, key := range []string{"i", "l", "h"} {
		digest := s.Do("DEBUG", "DIGEST-VALUE", key)
		s.Is(":1", "COPY", key, "c")
		if got := s.Do("DEBUG", "DIGEST-VALUE", "c"); got != digest {
			t.Errorf("the copy of %s has another digest", key)
		}
		audit()
		s.Is(":1", "DEL", "c")
	}
	audit()
}

// TestAllocs pins what allocates nothing on the Go heap.
func TestAllocs(t *testing.T) {
	s := session(t)
	fill(s, "i", "", 100)
	fill(s, "l", "x", 100)
	fill(s, "h", "x", 1000)
	is := func(words ...string) {
		t.Helper()
		var args [][]byte
		for _, w := range words {
			args = append(args, []byte(w))
		}
		run := func() {
			s.Out.Reset()
			s.Client.Do(args...)
		}
		run()
		if n := testing.AllocsPerRun(100, run); n != 0 {
			t.Errorf("%q allocates %.1f times", words, n)
		}
	}
	s.Env.Keys.Hooks.Event = nil
	for _, key := range []string{"i", "l", "h"} {
		is("SADD", key, "x5")
		is("SADD", key, "5")
		is("SISMEMBER", key, "x5")
		is("SISMEMBER", key, "none")
		is("SMISMEMBER", key, "x5", "7")
		is("SCARD", key)
		is("SREM", key, "none")
		is("SRANDMEMBER", key)
		is("SMEMBERS", key)
		is("SINTER", key, "h")
		is("SUNION", key, "h")
		is("SDIFF", key, "h")
		is("SINTERCARD", "2", key, "l")
	}
}

func BenchmarkSInter(b *testing.B) {
	s := commandtest.New(b, Register)
	fill(s, "a", "member:", 1<<20)
	fill(s, "b", "member:", 1<<20)
	for b.Loop() {
		s.Do("SINTERCARD", "2", "a", "b")
	}
}

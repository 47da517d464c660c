package strings

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	gostrings "strings"
	"testing"

	"granary/internal/command/commandtest"
	"granary/internal/mem"
	"granary/internal/object"
	"granary/internal/resp"
	"granary/tests/live"
)

func TestSetOptions(t *testing.T) {
	s := commandtest.New(t, Register)
	s.Feed()
	s.Is("+OK", "SET", "k", "v")
	s.HasEvents("new k", "set k")
	s.Is("$1 v", "SET", "k", "w", "GET", "EX", "100")
	s.HasEvents("set k", "expire k")
	s.Is("$-1", "SET", "k", "x", "NX")
	s.Is("$1 w", "SET", "k", "x", "NX", "GET")
	s.Is("$1 w", "GET", "k")
	s.HasEvents()
	s.Is("+OK", "SET", "k", "y", "KEEPTTL")
	if it := s.Client.DB.Find([]byte("k")); it.Expiry() == 0 {
		t.Error("KEEPTTL lost the expiry")
	}
	s.Is("+OK", "SET", "k", "y")
	if it := s.Client.DB.Find([]byte("k")); it.Expiry() != 0 {
		t.Error("SET kept the expiry")
	}
	s.Is("$-1", "SET", "absent", "x", "XX")
	s.IsError("ERR syntax error", "SET", "k", "v", "EX")
	s.IsError("ERR invalid expire time in 'set' command", "SET", "k", "v", "EX", "0")
	s.Reset()
}

func TestSetIfEqual(t *testing.T) {
	s := commandtest.New(t, Register)
	s.Feed()
	s.Is("$-1", "SET", "k", "v", "IFEQ", "x")
	s.Is("$-1", "SET", "k", "v", "IFEQ", "x", "GET")
	s.Is("+OK", "SET", "k", "v")
	s.Is("$-1", "SET", "k", "w", "IFEQ", "x")
	s.Reset()
	s.Is("$1 v", "SET", "k", "12", "ifeq", "v", "get")
	s.HasEffects("SET k 12")
	s.Is("+OK", "SET", "k", "w", "IFEQ", "12", "EX", "1000")
	s.IsError("ERR syntax error", "SET", "k", "w", "IFEQ")
	s.IsError("ERR syntax error", "SET", "k", "w", "IFEQ", "w", "NX")
	s.IsError("ERR syntax error", "SET", "k", "w", "XX", "IFEQ", "w")
}

func TestEffects(t *testing.T) {
	s := commandtest.New(t, Register)
	s.Feed()
	is := func(effect string, args ...string) {
		t.Helper()
		s.Do(args...)
		s.HasEffects(effect)
	}
	is("SET k 1 PXAT 33177117420000", "SET", "k", "1", "GET", "EXAT", "33177117420")
	is("SET k 1.5 KEEPTTL", "INCRBYFLOAT", "k", "0.5")
	is("PERSIST k", "GETEX", "k", "PERSIST")
	is("PEXPIREAT k 33177117420000", "GETEX", "k", "PXAT", "33177117420000")
	is("SET k x", "GETSET", "k", "x")
	s.Do("SET", "k", "y", "NX")
	s.HasEffects() // nothing changed
	is("DEL k", "GETDEL", "k")
}

func TestResp3(t *testing.T) {
	s := commandtest.New(t, Register)
	s.Proto(3)
	s.Is("_", "GET", "k")
	s.Is("_", "SET", "k", "v", "XX")
	s.Is("+OK", "MSET", "a", "ohmytext", "b", "mynewtext")
	s.Is("[_ $8 ohmytext]", "MGET", "k", "a")
	s.Is("{$7 matches [[[:4 :7] [:5 :8]] [[:2 :3] [:0 :1]]] $3 len :6}", "LCS", "a", "b", "IDX")
	s.Is("{$7 matches [[[:4 :7] [:5 :8] :4]] $3 len :6}", "LCS", "a", "b", "IDX", "MINMATCHLEN", "4", "WITHMATCHLEN")
}

func TestLCSLimits(t *testing.T) {
	s := commandtest.New(t, Register)
	s.Env.Config.ProtoMaxBulkLen = 1 << 20
	long := gostrings.Repeat("x", 511)
	s.Do("MSET", "a", long, "b", long, "c", long+"x")
	s.Is(":511", "LCS", "a", "b", "LEN")
	s.Is("$511 "+long, "LCS", "a", "b")
	s.IsError("ERR Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len", "LCS", "a", "c")
	s.IsError("ERR Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len", "LCS", "a", "c", "LEN")
}

// naiveMatches is the textbook: a table of numbers, and the way back through it.
func naiveMatches(a, b []byte) (matches [][3]int, length int) {
	l := make([][]int, len(a)+1)
	l[0] = make([]int, len(b)+1)
	for i := 1; i <= len(a); i++ {
		l[i] = make([]int, len(b)+1)
		for j := 1; j <= len(b); j++ {
			if a[i-1] == b[j-1] {
				l[i][j] = l[i-1][j-1] + 1
			} else {
				l[i][j] = max(l[i-1][j], l[i][j-1])
			}
		}
	}
	run := 0
	i, j := len(a), len(b)
	emit := func() {
		if run > 0 {
			matches = append(matches, [3]int{i, j, run})
		}
		run = 0
	}
	for i > 0 && j > 0 {
		switch {
		case a[i-1] == b[j-1]:
			i, j, run = i-1, j-1, run+1
		case l[i-1][j] > l[i][j-1]:
			emit()
			i--
		default:
			emit()
			j--
		}
	}
	emit()
	return matches, l[len(a)][len(b)]
}

func TestLCSAgainstTextbook(t *testing.T) {
	seed := live.Seed(t)
	r := rand.New(rand.NewPCG(seed, 0))
	arena := mem.NewArena("test")
	text := func(letters int) []byte {
		b := make([]byte, r.IntN(200))
		for i := range b {
			b[i] = byte(r.IntN(letters))
		}
		return b
	}
	for range 500 {
		letters := 1 + r.IntN(20)
		a, b := text(letters), text(letters)
		want, length := naiveMatches(a, b)
		table := newLCSTable(arena, a, b)
		var got [][3]int
		table.matches(a, b, func(i, j, n int) { got = append(got, [3]int{i, j, n}) })
		if fmt.Sprint(got) != fmt.Sprint(want) || table.length != length || lcsLen(a, b) != length {
			t.Fatalf("seed %d: %q and %q: length %d, %d, want %d, matches %v, want %v", seed, a, b, table.length, lcsLen(a, b), length, got, want)
		}
		if sub := table.subsequence(a, b); len(sub) != length {
			t.Fatalf("seed %d: %q and %q: %q is not of length %d", seed, a, b, sub, length)
		}
		table.free(arena)
	}
	if n := arena.Books().Total.Count; n != 0 {
		t.Errorf("%d allocations left behind", n)
	}
}

// TestNoGoAllocations: the hot commands leave the Go heap alone.
func TestNoGoAllocations(t *testing.T) {
	s := commandtest.New(t, Register)
	s.Env.Keys.Hooks.Event = nil
	s.Env.Keys.Events = 0
	run := func(args ...string) {
		t.Helper()
		request := make([][]byte, len(args))
		for i, a := range args {
			request[i] = []byte(a)
		}
		do := func() {
			s.Out.Reset()
			s.Client.Do(request...)
		}
		do()
		if n := testing.AllocsPerRun(200, do); n != 0 {
			t.Errorf("%.60q: %v allocations", args, n)
		}
	}
	run("SET", "k", "value")
	run("GET", "k")
	run("SET", "k", "123456")
	run("GET", "k")
	run("SET", "k", gostrings.Repeat("x", 100))
	run("GET", "k")
	run("SET", "k", "v", "EX", "100")
	run("SET", "k", "v", "KEEPTTL")
	run("GET", "missing")
	run("SETNX", "k", "v")
	run("SETEX", "k", "100", "v")
	run("GETEX", "k", "EX", "1000")
	run("STRLEN", "k")
	run("MSET", "a", "1", "b", "2")
	run("MGET", "a", "b", "k")
	run("INCR", "n")
	run("DECRBY", "n", "5")
	run("INCRBYFLOAT", "f", "0.1")
	run("SETRANGE", "r", "10", "hello")
	run("GETRANGE", "r", "0", "-1")
	run("GETSET", "k", "v")
}

// sink refers to what it is given, as a connection does.
type sink struct {
	block [64]byte
	ref   mem.Ref
	off   int
	n     int
}

func (s *sink) More(int, int) ([]byte, bool) { return s.block[:], true }
func (s *sink) Refer(_ int, ref mem.Ref, off, n int) bool {
	s.ref, s.off, s.n = ref, off, n
	return true
}
func (s *sink) Sealed(uint64) []byte { return nil }
func (s *sink) Shorten(uint64, int)  {}

// A long value is sent from where it lies; a change meanwhile does not touch what is being sent.
func TestLargeReplyIsPinned(t *testing.T) {
	s := commandtest.New(t, Register)
	val := gostrings.Repeat("0123456789", byReference/10+10)
	s.Do("SET", "k", val)
	var out sink
	was := s.Out.Writer
	s.Out.Writer = resp.Writer{}
	s.Out.Init(&out, 2)
	s.Client.Do([]byte("GET"), []byte("k"))
	if out.n != len(val) || object.RawRefs(out.ref) != 2 {
		t.Fatalf("%d bytes by reference, %d references", out.n, object.RawRefs(out.ref))
	}
	first := out.ref
	s.Client.Do([]byte("GETRANGE"), []byte("k"), []byte("10"), []byte("-1"))
	if out.n != len(val)-10 || object.RawRefs(first) != 3 {
		t.Errorf("%d bytes by reference, %d references", out.n, object.RawRefs(first))
	}
	s.Out.Writer = was
	s.Do("SETRANGE", "k", "0", "changed")
	if !bytes.Equal(mem.Bytes(first, out.off+out.n)[object.RawPayload:], []byte(val)) {
		t.Error("a value was changed while it was being sent")
	}
	for range 2 {
		object.UnpinRaw(s.Env.Keys.Arena, first)
	}
}

package server

import (
	"runtime"
	"strconv"
	"strings"
	"testing"

	"granary/internal/command/commandtest"
)

// limitedSession returns a session whose user is limited in every way, and may GET a: and SET b:.
func limitedSession(t testing.TB) *commandtest.Session {
	s := commandtest.New(t, families...)
	s.Env.Keys.Events = 0
	s.Is("+OK", "ACL", "SETUSER", "u", "on", "nopass", "%R~a:*", "%W~b:*", "&news", "+@read", "+set", "(+@list ~c)")
	s.Is("+OK", "AUTH", "u", "x")
	return s
}

// TestACLAllocates pins that the check of a limited user takes nothing of the Go heap.
func TestACLAllocates(t *testing.T) {
	s := limitedSession(t)
	for _, line := range []string{"GET a:1", "SET b:1 x", "MGET a:1 a:2 a:3", "LPUSH c 1"} {
		var args [][]byte
		for _, w := range strings.Fields(line) {
			args = append(args, []byte(w))
		}
		s.Out.Reset()
		s.Client.Do(args...)
		if strings.HasPrefix(s.Out.String(), "-") {
			t.Errorf("%s: %s", line, s.Out.String())
		}
		if n := testing.AllocsPerRun(100, func() {
			s.Out.Reset()
			s.Client.Do(args...)
		}); n != 0 {
			t.Errorf("%s: %v allocations", line, n)
		}
	}
}

// TestUserSize pins what a user takes of the Go heap, which docs/memory.md tells.
func TestUserSize(t *testing.T) {
	s := commandtest.New(t, families...)
	heap := func() int64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc)
	}
	const n = 2000
	before := heap()
	for i := range n {
		s.Do("ACL", "SETUSER", "user:"+strconv.Itoa(i), "on", ">secret", "~app:*", "+@read", "+@write", "-@dangerous")
	}
	if each := (heap() - before) / n; each < 200 || each > 900 {
		t.Errorf("a user takes %d bytes", each)
	} else {
		t.Logf("a user takes %d bytes", each)
	}
}

func BenchmarkGet(b *testing.B) {
	for _, limited := range []bool{false, true} {
		b.Run("limited="+strconv.FormatBool(limited), func(b *testing.B) {
			s := limitedSession(b)
			if !limited {
				s.Is("+OK", "AUTH", "default", "x")
			}
			args := [][]byte{[]byte("GET"), []byte("a:1")}
			b.ReportAllocs()
			for b.Loop() {
				s.Out.Reset()
				s.Client.Do(args...)
			}
		})
	}
}

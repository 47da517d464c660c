package hashes

import (
	"fmt"
	"strings"
	"testing"

	"granary/internal/command/commandtest"
	"granary/internal/mem"
)

// calls are commands on a hash h whose fields are f0, f1, ...
var calls = [][]string{
	{"HGET", "h", "f5"},
	{"HSET", "h", "f5", "other"},
	{"HSET", "h", "f5", "12345"},
	{"HINCRBY", "h", "f6", "1"},
	{"HEXISTS", "h", "f7"},
	{"HSTRLEN", "h", "f7"},
	{"HLEN", "h"},
	{"HMGET", "h", "f1", "f2", "f3"},
	{"HDEL", "h", "none"},
	{"HTTL", "h", "FIELDS", "1", "f5"},
}

// sized returns a session with a hash of n fields, one of which expires if expires says so.
func sized(t testing.TB, n int, expires bool) *commandtest.Session {
	s := commandtest.New(t, Register)
	s.Env.Keys.Events = 0
	for i := range n {
		s.Do("HSET", "h", fmt.Sprint("f", i), fmt.Sprint(100000+i))
	}
	if expires {
		s.Do("HEXPIRE", "h", "1000", "FIELDS", "1", "f8")
	}
	return s
}

// TestAllocs pins that look-ups and overwrites leave the Go heap alone, in every encoding.
func TestAllocs(t *testing.T) {
	for _, n := range []int{10, 1000} {
		for _, expires := range []bool{false, true} {
			s := sized(t, n, expires)
			for _, call := range calls {
				request := make([][]byte, len(call))
				for i, a := range call {
					request[i] = []byte(a)
				}
				s.Client.Do(request...)
				if got := testing.AllocsPerRun(100, func() {
					s.Out.Reset()
					s.Client.Do(request...)
				}); got != 0 {
					t.Errorf("%s with %d fields, expiry %v: %v allocations", strings.Join(call, " "), n, expires, got)
				}
			}
		}
	}
}

// TestBytesPerKey measures what a small hash costs: its key, ten fields of 6 + 6 bytes, and its share of the key table.
func TestBytesPerKey(t *testing.T) {
	s := commandtest.New(t, Register)
	s.Env.Keys.Events = 0
	before := mem.Used()
	const keys = 50000
	for i := range keys {
		args := []string{"HSET", fmt.Sprintf("hash:%09d", i)}
		for j := range 10 {
			args = append(args, fmt.Sprintf("field%d", j), fmt.Sprintf("value%d", j))
		}
		s.Do(args...)
	}
	per := float64(mem.Used()-before) / keys
	t.Logf("%.1f bytes per hash of 10 fields of 6 + 6 bytes", per)
	if per > 205 {
		t.Errorf("%.1f bytes per hash, want at most 205", per)
	}
}

func BenchmarkCommands(b *testing.B) {
	for _, n := range []int{10, 100000} {
		s := sized(b, n, false)
		for _, call := range calls {
			request := make([][]byte, len(call))
			for i, a := range call {
				request[i] = []byte(a)
			}
			b.Run(fmt.Sprintf("%d/%s", n, strings.ToLower(strings.Join(call[:1], ""))), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					s.Out.Reset()
					s.Client.Do(request...)
				}
			})
		}
	}
}

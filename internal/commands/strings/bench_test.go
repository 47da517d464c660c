package strings

import (
	"math/rand/v2"
	"strconv"
	gostrings "strings"
	"testing"

	"granary/internal/command/commandtest"
)

// One command after the other in one session: lookup, change and reply without parser and socket.
func BenchmarkCommands(b *testing.B) {
	bench := func(name string, args ...string) {
		b.Run(name, func(b *testing.B) {
			s := commandtest.New(b, Register)
			s.Env.Keys.Events = 0
			request := make([][]byte, len(args))
			for i, a := range args {
				request[i] = []byte(a)
			}
			s.Do("SET", "k", "1")
			b.ReportAllocs()
			for b.Loop() {
				s.Out.Reset()
				s.Client.Do(request...)
			}
		})
	}
	bench("get", "GET", "k")
	bench("set", "SET", "k", "value")
	bench("set-100", "SET", "k", gostrings.Repeat("x", 100))
	bench("set-ex", "SET", "k", "value", "EX", "100")
	bench("incr", "INCR", "k")
	bench("incrbyfloat", "INCRBYFLOAT", "k", "0.1")
}

func BenchmarkLCS(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 2))
	text := func() string {
		t := make([]byte, 11000)
		for i := range t {
			t[i] = byte('a' + r.IntN(26))
		}
		return string(t)
	}
	s := commandtest.New(b, Register)
	s.Do("MSET", "a", text(), "b", text())
	for _, option := range []string{"LEN", "IDX"} {
		b.Run(option, func(b *testing.B) {
			for b.Loop() {
				s.Do("LCS", "a", "b", option)
			}
		})
	}
	b.Run("short", func(b *testing.B) {
		s.Do("MSET", "a", "ohmytext"+strconv.Itoa(5), "b", "mynewtext")
		for b.Loop() {
			s.Do("LCS", "a", "b")
		}
	})
}

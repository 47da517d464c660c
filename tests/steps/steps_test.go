// Package steps measures the longest single step: how long one command, or one slice of what follows it, holds up all others
// when a value is large. Commands run without a server and without a socket.
//
//	go test -run ^$ -bench . -benchtime 1x ./tests/steps -args -elements 10000000
//
// These are measurements. What must hold everywhere is tested by counting, beside the code.
package steps

import (
	"encoding/binary"
	"flag"
	"runtime"
	"strconv"
	"testing"
	"time"

	"granary/internal/command/commandtest"
	"granary/internal/commands/generic"
	"granary/internal/commands/hashes"
	"granary/internal/commands/lists"
	"granary/internal/commands/sets"
	"granary/internal/commands/streams"
	"granary/internal/commands/zsets"
)

var elements = flag.Int("elements", 1_000_000, "elements of the large values")

func session(b *testing.B) *commandtest.Session {
	s := commandtest.New(b, generic.Register, hashes.Register, lists.Register, sets.Register, streams.Register, zsets.Register)
	s.Env.Keys.Events = 0
	return s
}

// growing are the commands by which a value grows; add appends what follows the key for element i.
var growing = []struct {
	name string
	add  func(args [][]byte, i int) [][]byte
}{
	{"HSET", func(a [][]byte, i int) [][]byte { return append(a, scattered(i), []byte("some value")) }},
	{"SADD", func(a [][]byte, i int) [][]byte { return append(a, scattered(i)) }},
	{"ZADD", func(a [][]byte, i int) [][]byte {
		return append(a, strconv.AppendUint(nil, mix(i)>>20, 10), scattered(i))
	}},
	{"RPUSH", func(a [][]byte, i int) [][]byte { return append(a, scattered(i)) }},
	{"XADD", func(a [][]byte, i int) [][]byte {
		return append(a, []byte(strconv.Itoa(i+1)+"-0"), []byte("field"), scattered(i))
	}},
}

func mix(i int) uint64 {
	x := uint64(i) * 0x9e3779b97f4a7c15
	return x ^ x>>29
}

// scattered returns the name of an element.
func scattered(i int) []byte {
	var b [8]byte
	binary.LittleEndian.PutUint64(b[:], mix(i))
	return append([]byte("e:"), strconv.AppendUint(nil, binary.LittleEndian.Uint64(b[:])>>24, 36)...)
}

// fill makes the key a value of n elements. It reports the longest command, in processor time, and how many took over 200 us.
func fill(b *testing.B, s *commandtest.Session, command int, key string, n int) (longest time.Duration, over int) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	g := growing[command]
	args := [][]byte{[]byte(g.name), []byte(key)}
	for i := range n {
		args = g.add(args[:2], i)
		s.Out.Reset()
		began := cpuTime()
		s.Client.Do(args...)
		took := cpuTime() - began
		longest = max(longest, took)
		if took > 200*time.Microsecond {
			over++
		}
	}
	return longest, over
}

// BenchmarkGrow grows values and reports the longest single command.
func BenchmarkGrow(b *testing.B) {
	for c, g := range growing {
		b.Run(g.name, func(b *testing.B) {
			s := session(b)
			for b.Loop() {
				s.Do("UNLINK", "key")
				longest, over := fill(b, s, c, "key", *elements)
				b.ReportMetric(float64(longest)/1e3, "longest-us")
				b.ReportMetric(float64(over), "over-200us")
			}
		})
	}
}

// BenchmarkRemove takes most of a large value away and reports how long the command takes, and the longest of the slices of
// half a millisecond that give the memory back.
func BenchmarkRemove(b *testing.B) {
	n := *elements
	half, most := strconv.Itoa(n/2), strconv.Itoa(n*9/10)
	for _, c := range []struct {
		fill int
		what []string
	}{
		{0, []string{"UNLINK", "key"}},
		{0, []string{"DEL", "key"}},
		{2, []string{"ZREMRANGEBYRANK", "key", "0", most}},
		{2, []string{"ZREMRANGEBYRANK", "key", "1000", half}},
		{2, []string{"ZREMRANGEBYSCORE", "key", "-inf", "8000000000000"}},
		{2, []string{"ZREMRANGEBYRANK", "key", "0", "1000"}},
		{3, []string{"LTRIM", "key", "1000", half}},
		{4, []string{"XTRIM", "key", "MAXLEN", "10"}},
		{4, []string{"XTRIM", "key", "MINID", half}},
		{4, []string{"XTRIM", "key", "MAXLEN", half}},
	} {
		name := ""
		for _, w := range c.what {
			if w != "key" {
				name += w + "_"
			}
		}
		b.Run(name[:len(name)-1], func(b *testing.B) {
			for b.Loop() {
				s := session(b)
				fill(b, s, c.fill, "key", n)
				remove(b, s, c.what...)
			}
		})
	}
	b.Run("XGROUP_DELCONSUMER", func(b *testing.B) {
		for b.Loop() {
			s := session(b)
			fill(b, s, 4, "key", n)
			s.Do("XGROUP", "CREATE", "key", "g", "0")
			s.Do("XREADGROUP", "GROUP", "g", "other", "COUNT", "100", "STREAMS", "key", ">")
			for range n / 1000 {
				s.Do("XREADGROUP", "GROUP", "g", "c", "COUNT", "1000", "STREAMS", "key", ">")
			}
			remove(b, s, "XGROUP", "DELCONSUMER", "key", "g", "c")
		}
	})
}

// remove runs a command, and then slices until nothing is left to give back.
func remove(b *testing.B, s *commandtest.Session, args ...string) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	request := make([][]byte, len(args))
	for i, a := range args {
		request[i] = []byte(a)
	}
	s.Out.Reset()
	began := cpuTime()
	s.Client.Do(request...)
	b.ReportMetric(float64(cpuTime()-began)/1e3, "command-us")
	longest, slices := time.Duration(0), 0
	for done := false; !done; slices++ {
		began := cpuTime()
		done = s.Env.Keys.Reclaim(time.Now().Add(500 * time.Microsecond))
		longest = max(longest, cpuTime()-began)
	}
	b.ReportMetric(float64(longest)/1e3, "longest-slice-us")
	b.ReportMetric(float64(slices), "slices")
}

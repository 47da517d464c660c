package hyperloglog

import (
	"fmt"
	"os"
	"strconv"
	gostrings "strings"
	"testing"

	"granary/internal/command/commandtest"
	"granary/internal/commands/strings"
	"granary/internal/encoding/hll"
	"granary/internal/mem"
)

// The tests run in a small range, which one of them fills.
func TestMain(m *testing.M) {
	if err := mem.Open(mem.Config{Limit: 16 << 20}); err != nil {
		panic(err)
	}
	os.Exit(m.Run())
}

func session(t testing.TB) *commandtest.Session {
	return commandtest.New(t, Register, strings.Register)
}

// fill adds n elements, a hundred at a time.
func fill(s *commandtest.Session, key string, n int) {
	for i := 0; i < n; {
		args := []string{"PFADD", key}
		for ; i < n && len(args) < 102; i++ {
			args = append(args, "element"+strconv.Itoa(i))
		}
		s.Do(args...)
	}
}

func TestAddEventsAndEffects(t *testing.T) {
	s := session(t)
	s.Feed()
	before := s.Dirty()
	s.Is(":1", "PFADD", "k", "a", "b", "a")
	s.HasEffects("PFADD k a b a")
	if got := s.Dirty() - before; got != 3 { // the key, a, b
		t.Errorf("%d changes, want 3", got)
	}
	s.Is(":1", "PFADD", "k", "c")
	s.HasEvents("pfadd k")
	s.Is(":0", "PFADD", "k", "a", "b", "c")
	s.HasEvents()
	s.HasEffects()
	s.Is(":3", "PFCOUNT", "k")
	s.HasEffects("PFCOUNT k")
	s.Is(":3", "PFCOUNT", "k")
	s.HasEffects()
	s.Is("+OK", "PFMERGE", "k", "k")
	s.HasEvents("pfadd k")
}

func TestPromotion(t *testing.T) {
	s := session(t)
	s.Is(":1", "PFADD", "k")
	s.Is(":18", "STRLEN", "k")
	// One command that passes the limit on its way.
	args := []string{"PFADD", "k"}
	for i := range 5000 {
		args = append(args, strconv.Itoa(i))
	}
	s.Is(":1", args...)
	s.Is("+dense", "PFDEBUG", "ENCODING", "k")
	s.Is(":12304", "STRLEN", "k")
	s.Is(":0", args...)
	s.Env.Config.HLLSparseMaxBytes = 30
	fill(s, "small", 4)
	s.Is("+sparse", "PFDEBUG", "ENCODING", "small")
	fill(s, "small", 20)
	s.Is("+dense", "PFDEBUG", "ENCODING", "small")
	s.Check()
}

// Values longer than any well-formed one are not copied to be changed.
func TestHostileLength(t *testing.T) {
	s := session(t)
	s.Do("SET", "k", stale+gostrings.Repeat("\x7f\xff\x3f", 1<<20))
	s.IsError(errCorrupt, "PFADD", "k", "a")
	s.IsError(errCorrupt, "PFADD", "k")
	s.IsError(errCorrupt, "PFMERGE", "d", "k")
	s.IsError(errCorrupt, "PFMERGE", "k")
	s.IsError(errCorrupt, "PFCOUNT", "k")
	s.IsError(errCorrupt, "PFDEBUG", "DECODE", "k")
	// As long as can be: every zero in a run of two bytes.
	s.Do("SET", "k", stale+gostrings.Repeat("\x40\x00", hll.NumRegisters))
	s.Is(":0", "PFCOUNT", "k")
	s.Is(":1", "PFADD", "k", "a")
	s.Is(":1", "PFCOUNT", "k")
	s.Env.Config.HLLSparseMaxBytes = 1 << 30
	s.Is("+OK", "PFMERGE", "k", "k")
	fill(s, "k", 1000)
	s.Is("+sparse", "PFDEBUG", "ENCODING", "k")
}

// A run that is cut short is corrupt. Redis reads the byte behind the string and goes on.
func TestCutShort(t *testing.T) {
	s := session(t)
	s.Do("SET", "k", stale+"\x7f")
	s.IsError(errCorrupt, "PFADD", "k", "a")
	s.IsError(errCorrupt, "PFCOUNT", "k")
	s.IsError(errCorrupt, "PFDEBUG", "DECODE", "k")
}

// A command that finds corrupt runs after it added elements leaves the value as it was.
func TestCorruptMidway(t *testing.T) {
	s := session(t)
	// 64 registers and no more: elements of the first 64 are added, any other is an error.
	s.Do("SET", "k", stale+"\x3f")
	args := []string{"PFADD", "k"}
	for i := 0; len(args) < 5; i++ {
		if reg, _ := hll.Register([]byte(strconv.Itoa(i))); reg < 64 {
			args = append(args, strconv.Itoa(i))
		}
	}
	args = append(args, "1", "2", "3")
	s.IsError(errCorrupt, args...)
	s.Is("$17 "+stale+"\x3f", "GET", "k")
	s.HasEvents("new k", "set k")
}

// TestOutOfMemory: without memory for it a command changes nothing, wherever among its elements it needs some.
func TestOutOfMemory(t *testing.T) {
	s := session(t)
	s.Feed()
	fill(s, "sparse", 300)
	before := s.Do("GET", "sparse")
	try := func(fn func()) (failed bool) {
		defer func() {
			if r := recover(); r != nil {
				if r != mem.ErrOutOfMemory {
					panic(r)
				}
				failed = true
			}
		}()
		fn()
		return false
	}
	// Nothing larger than size is left.
	for size := 1 << 20; size >= 1024; size /= 2 {
		value := gostrings.Repeat("x", size)
		for i := 0; !try(func() { s.Do("SET", "fill:"+strconv.Itoa(size)+":"+strconv.Itoa(i), value) }); i++ {
		}
	}
	s.Reset()
	args := []string{"PFADD", "sparse"}
	for i := range 3000 {
		args = append(args, strconv.Itoa(i))
	}
	for _, args := range [][]string{args, {"PFDEBUG", "TODENSE", "sparse"}, append([]string{"PFADD", "absent"}, args[2:]...)} {
		if !try(func() { s.Do(args...) }) {
			t.Fatalf("%.40q found memory", args)
		}
	}
	s.HasEvents()
	s.HasEffects()
	if s.Do("GET", "sparse") != before {
		t.Error("the value has changed")
	}
	s.Is(":0", "PFCOUNT", "absent")
	s.Check()
}

func TestSelfTest(t *testing.T) {
	session(t).Is("+OK", "PFSELFTEST")
}

func TestAllocations(t *testing.T) {
	s := session(t)
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
			t.Errorf("%q: %v allocations", args, n)
		}
	}
	for _, n := range []int{1, 500, 5000} {
		key := strconv.Itoa(n)
		fill(s, key, n)
		run("PFADD", key, "element0")
		run("PFCOUNT", key)
		run("PFCOUNT", key, "1")
		run("PFMERGE", key, "1")
	}
	// New elements: until the value is dense, and after.
	for _, n := range []int{100, 10000} {
		fill(s, "growing", n)
		i, element := 0, make([]byte, 0, 20)
		request := [][]byte{[]byte("PFADD"), []byte("growing"), nil}
		if got := testing.AllocsPerRun(200, func() {
			element = strconv.AppendInt(element[:0], int64(i), 10)
			request[2] = element
			i++
			s.Out.Reset()
			s.Client.Do(request...)
		}); got != 0 {
			t.Errorf("new elements after %d: %v allocations", n, got)
		}
	}
}

func BenchmarkAdd(b *testing.B) {
	for _, n := range []int{100, 600, 10000} {
		for _, news := range []bool{false, true} {
			b.Run(fmt.Sprintf("after=%d/new=%v", n, news), func(b *testing.B) {
				s := session(b)
				s.Env.Keys.Events = 0
				fill(s, "k", n)
				i, element := 0, []byte("element7")
				request := [][]byte{[]byte("PFADD"), []byte("k"), element}
				for b.Loop() {
					if news {
						// The same value every hundred elements, or it would soon be full.
						if i++; i%100 == 0 {
							b.StopTimer()
							s.Do("DEL", "k")
							fill(s, "k", n)
							b.StartTimer()
						}
						request[2] = strconv.AppendInt(element[:0], int64(i), 10)
					}
					s.Out.Reset()
					s.Client.Do(request...)
				}
			})
		}
	}
}

func BenchmarkMerge(b *testing.B) {
	s := session(b)
	fill(s, "a", 10000)
	fill(s, "b", 500)
	for _, args := range [][]string{{"PFCOUNT", "a", "b"}, {"PFMERGE", "d", "a", "b"}, {"PFMERGE", "e", "b"}} {
		b.Run(gostrings.Join(args, "-"), func(b *testing.B) {
			for b.Loop() {
				s.Do(args...)
			}
		})
	}
}

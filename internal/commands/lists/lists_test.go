package lists

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"granary/internal/command/commandtest"
	"granary/internal/mem"
	"granary/internal/object"
)

// encoding is how a key is stored.
func encoding(s *commandtest.Session, key string) object.Encoding {
	it := s.Client.DB.Find([]byte(key))
	return it.Entry.Encoding()
}

func TestEvents(t *testing.T) {
	s := commandtest.New(t, Register)
	s.Is(":3", "RPUSH", "l", "a", "b", "c")
	s.HasEvents("new l", "rpush l")
	s.Is("[$1 l [$1 c $1 b]]", "LMPOP", "2", "m", "l", "RIGHT", "COUNT", "2")
	s.HasEvents("rpop l")
	s.Is("$1 a", "LMOVE", "l", "m", "LEFT", "RIGHT")
	s.HasEvents("new m", "rpush m", "lpop l", "del l")
	s.Is("+OK", "LTRIM", "m", "0", "-1")
	s.HasEvents("ltrim m")
	s.Is(":1", "LREM", "m", "0", "a")
	s.HasEvents("lrem m", "del m")
}

func TestEffects(t *testing.T) {
	s := commandtest.New(t, Register)
	s.Feed()
	s.Do("RPUSH", "l", "a", "b", "c")
	s.Do("LINSERT", "l", "BEFORE", "x", "y")
	s.Do("LMPOP", "2", "m", "l", "RIGHT", "COUNT", "2")
	s.Do("LTRIM", "l", "0", "-1")
	s.Do("LMOVE", "l", "m", "LEFT", "RIGHT")
	s.HasEffects("RPUSH l a b c", "RPOP l 2", "LMOVE l m LEFT RIGHT")
}

// TestRankRange pins what Redis answers since 7.2: the rank is negated, which the least integer cannot be.
func TestRankRange(t *testing.T) {
	s := commandtest.New(t, Register)
	s.Do("RPUSH", "l", "a")
	s.IsError("ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807",
		"LPOS", "l", "a", "RANK", "-9223372036854775808")
}

// TestEncodings follows a list through its encodings by the rules of Redis 7.4.
func TestEncodings(t *testing.T) {
	s := commandtest.New(t, Register)
	is := func(want object.Encoding, args ...string) {
		t.Helper()
		s.Do(args...)
		if got := encoding(s, "l"); got != want {
			t.Errorf("%.60q: %s, want %s", args, got, want)
		}
	}
	long := strings.Repeat("x", 9000)
	is(object.Listpack, "RPUSH", "l", "a", "b", "c")
	is(object.Quicklist, "RPUSH", "l", long)
	is(object.Listpack, "RPOP", "l")
	is(object.Quicklist, "LSET", "l", "0", long)
	is(object.Listpack, "LSET", "l", "0", "a")
	is(object.Quicklist, "LINSERT", "l", "AFTER", "c", long)
	is(object.Listpack, "LREM", "l", "1", long)
	is(object.Quicklist, "LPUSH", "l", long)
	is(object.Listpack, "LTRIM", "l", "1", "-1")
	s.Do("RPUSH", "m", long)
	is(object.Quicklist, "RPOPLPUSH", "m", "l")
	is(object.Listpack, "LMPOP", "1", "l", "LEFT")
	s.Is("[$1 a $1 b $1 c]", "LRANGE", "l", "0", "-1")
}

// TestLongList looks at what must not grow with a list: a command that trims or deletes a million elements in 60,000 nodes
// frees a few hundred of the nodes, and leaves the others to slices.
//
// NB: Keyspace.Pending counts keys that were removed. The nodes that a list lost while its key stays are not in it.
func TestLongList(t *testing.T) {
	s := commandtest.New(t, Register)
	s.Env.Config.ListMaxListpackSize = 16
	const n, batch, most = 1_000_000, 1000, 600
	args := make([]string, batch+2)
	args[0], args[1] = "RPUSH", "l"
	for i := 0; i < n; i += batch {
		for j := range batch {
			args[j+2] = strconv.Itoa(i + j)
		}
		s.Do(args...)
	}
	s.Is(fmt.Sprint("$6 ", n/2), "LINDEX", "l", strconv.Itoa(n/2))
	reply := s.Do("LRANGE", "l", "0", "-1")
	if !strings.HasPrefix(reply, "*1000000\r\n$1\r\n0\r\n") || !strings.HasSuffix(reply, "$6\r\n999999\r\n") {
		t.Errorf("LRANGE of everything answers %d bytes", len(reply))
	}
	keys := s.Env.Keys
	nodes := func() int64 { return keys.Arena.Books().Purposes[mem.PurposeListpack].Count }
	inSlices := func(left int64, want string, args ...string) {
		t.Helper()
		before := nodes()
		s.Is(want, args...)
		if freed := before - nodes(); freed > most {
			t.Errorf("%q freed %d nodes at once", args, freed)
		}
		for !keys.Reclaim(time.Now().Add(time.Second)) {
		}
		if got := nodes(); got > left {
			t.Errorf("%d nodes are left after %q, want %d", got, args, left)
		}
	}
	if got := nodes(); got < n/16 {
		t.Fatalf("%d nodes", got)
	}
	inSlices(200000/16+2, "+OK", "LTRIM", "l", "400000", "599999")
	s.Is("[$6 400000]", "LRANGE", "l", "0", "0")
	s.Is(":200000", "LLEN", "l")
	inSlices(0, "+OK", "LTRIM", "l", "1", "0")
}

// TestBytes holds bytes per element of large lists against a redis-server 7.0.15, whose MEMORY USAGE key SAMPLES 0 says 9.07
// and 4.67.
func TestBytes(t *testing.T) {
	for _, c := range []struct {
		format string
		most   float64
	}{{"e%06d", 9.07}, {"%d", 4.67}} {
		s := commandtest.New(t, Register)
		const n = 100000
		for i := range n {
			s.Do("RPUSH", "l", fmt.Sprintf(c.format, i))
		}
		it := s.Client.DB.Find([]byte("l"))
		var sum int
		it.Entry.Blocks(func(_ mem.Purpose, usable int) { sum += usable })
		t.Logf("%q: %.3f bytes per element", c.format, float64(sum)/n)
		if got := float64(sum) / n; got > c.most {
			t.Errorf("%q: %.3f bytes per element", c.format, got)
		}
	}
}

func BenchmarkCommands(b *testing.B) {
	for _, n := range []int{10, 100, 100000} {
		s := commandtest.New(b, Register)
		s.Env.Keys.Events = 0
		for i := range n {
			s.Do("RPUSH", "l", "element:"+strconv.Itoa(i))
		}
		bench := func(name string, commands ...[]string) {
			b.Run(fmt.Sprintf("%s/%d", name, n), func(b *testing.B) {
				requests := make([][][]byte, len(commands))
				for i, args := range commands {
					for _, a := range args {
						requests[i] = append(requests[i], []byte(a))
					}
				}
				for b.Loop() {
					for _, r := range requests {
						s.Out.Reset()
						s.Client.Do(r...)
					}
				}
			})
		}
		bench("lpush-lpop", []string{"LPUSH", "l", "xxx"}, []string{"LPOP", "l"})
		bench("rpush-rpop", []string{"RPUSH", "l", "xxx"}, []string{"RPOP", "l"})
		bench("lrange-100", []string{"LRANGE", "l", "0", "99"})
		bench("lrange-600", []string{"LRANGE", "l", "0", "599"})
		bench("lindex", []string{"LINDEX", "l", strconv.Itoa(n / 2)})
	}
}

package generic

import (
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"

	"granary/internal/command"
	"granary/internal/command/commandtest"
	"granary/internal/commands/hashes"
	"granary/internal/commands/lists"
	"granary/internal/commands/sets"
	str "granary/internal/commands/strings"
	"granary/internal/commands/zsets"
	"granary/internal/object"
	"granary/tests/live"
)

func otherTypes(t *command.Table) {
	hashes.Register(t)
	lists.Register(t)
	sets.Register(t)
	str.Register(t)
	zsets.Register(t)
}

// TestSortSameAsRedis sorts all types in all ways, and demands the same of a redis-server.
func TestSortSameAsRedis(t *testing.T) {
	p := commandtest.NewPeer(t)
	s := commandtest.New(t, Register, otherTypes)
	s.Feed()
	for line := range strings.SplitSeq(strings.TrimSpace(sortLines), "\n") {
		args := strings.Fields(line)
		for i := range args {
			args[i] = strings.Trim(args[i], `"`)
		}
		p.Same(s, args...)
	}
	seed := live.Seed(t)
	rng := rand.New(rand.NewPCG(seed, 0))
	one := func(words ...string) string { return words[rng.IntN(len(words))] }
	n := 3000
	if testing.Short() {
		n = 500
	}
	for range n {
		args := []string{one("SORT", "SORT", "SORT_RO"), one("l", "s", "z", "n")}
		unique := false
		for range rng.IntN(5) {
			switch rng.IntN(6) {
			case 0:
				args = append(args, "BY", one("w*", "h*->f", "w*", "none*", "s*"))
				unique = true
			case 1:
				args = append(args, "GET", one("#", "w*", "h*->f", "h*->g", "x", "*"))
			case 2:
				args = append(args, "LIMIT", strconv.Itoa(rng.IntN(14)-2), strconv.Itoa(rng.IntN(14)-2))
			case 3:
				args = append(args, one("ASC", "DESC", "desc"))
			case 4:
				args = append(args, "ALPHA")
			case 5:
				args = append(args, "STORE", "d")
			}
		}
		if unique && args[1] != "l" {
			continue // weights may be equal, and then the order is that of the set
		}
		p.Same(s, args...)
		p.Same(s, "LRANGE", "d", "0", "-1")
		if t.Failed() {
			break
		}
	}
}

const sortLines = `
RPUSH l 3 1 2 10 -5 1.5
SADD s 5 4 1 100 7
ZADD z 1 30 2 20 3 10 4 4
RPUSH n 1 2 x
MSET w3 1 w1 30 w2 20 w10 -7 s1 x s5 3
HSET h3 f 3 g x
HSET h1 f 9
SORT l
SORT l DESC
SORT l ALPHA
SORT l LIMIT -1 2
SORT l LIMIT 1 -5
SORT l LIMIT 10 2
SORT l LIMIT 4 1
SORT l LIMIT 9223372036854775807 9223372036854775807
SORT l LIMIT 1 0
SORT l BY nosort
SORT l BY nosort DESC
SORT l BY nosort DESC LIMIT 1 2
SORT l BY nosort LIMIT 2 2 GET # GET #
SORT l GET x
SORT l GET x*
SORT l STORE d
TYPE d
EXPIRE d 100000
SORT l STORE d GET x*
TTL d
LRANGE d 0 -1
SORT l LIMIT 10 1 STORE d
EXISTS d
SET d string
SORT l STORE d
SORT n
SORT n STORE d
SORT n ALPHA
SORT s BY nosort LIMIT 0 2
SORT s BY nosort STORE d
LRANGE d 0 -1
SORT s BY nosort DESC STORE d
LRANGE d 0 -1
SORT z
SORT z BY nosort
SORT z BY nosort DESC
SORT z BY nosort DESC LIMIT 0 1
SORT z BY nosort LIMIT 1 1
SORT z BY nosort LIMIT 5 1
SORT z BY nosort LIMIT -1 2
SORT z BY nosort LIMIT 1 -1 DESC
SORT z BY nosort STORE d
SORT z ALPHA
SORT l BY w* GET w* GET #
SORT l BY h*->f GET h*->f GET #
SORT l GET h*->
SORT l GET h*
SORT l BY l
SORT l BY w*->f
SORT_RO l STORE d
SORT l BY w* ALPHA
SORT l BY w* ALPHA DESC
SORT l BY * GET *
SORT l BY s*
SORT l BY nosort STORE l
SORT s LIMIT 0 1 LIMIT 1 1
SORT s BY x* BY nosort
SORT s BY nosort BY x*
SORT h1
SORT l BY h*->n
`

// TestScore pins what is a weight. It is not compared with a real server, which remembers that a number was out of
// range when it reads the next.
func TestScore(t *testing.T) {
	is := func(text string, want float64, ok bool) {
		t.Helper()
		if v, got := score([]byte(text)); got != ok || ok && v != want {
			t.Errorf("%q: %v %v, want %v %v", text, v, got, want, ok)
		}
	}
	is("", 0, true)
	is("1.5", 1.5, true)
	is(" 2", 2, true)
	is("2 ", 0, false)
	is("0x10", 16, true)
	is("1e400", 0, false)
	is("nan", 0, false)
	is("x", 0, false)
	is("3\x00x", 3, true)
}

// TestSortLarge sorts large values of all types.
func TestSortLarge(t *testing.T) {
	s := commandtest.New(t, Register, otherTypes)
	for i := range 3000 {
		n := strconv.Itoa(i * 7919 % 3000)
		s.Do("RPUSH", "l", n)
		s.Do("SADD", "s", n)
		s.Do("ZADD", "z", n, n)
	}
	want := ""
	for _, key := range []string{"l", "s", "z"} {
		s.Is(":3000", "SORT", key, "STORE", "d")
		got := s.Do("LRANGE", "d", "0", "-1")
		if want == "" {
			want = got
		}
		if got != want {
			t.Errorf("SORT of %s differs", key)
		}
		if it := s.Client.DB.Find([]byte("d")); it.Entry.Encoding() != object.Quicklist {
			t.Errorf("3000 elements are stored as %s", it.Entry.Encoding())
		}
	}
	s.Is("[$2 10 $2 11]", "SORT", "s", "LIMIT", "10", "2")
}

// TestSortFirst pins that LIMIT answers a part of what SORT without it answers, and in the same order.
func TestSortFirst(t *testing.T) {
	s := commandtest.New(t, Register, otherTypes)
	r := rand.New(rand.NewPCG(live.Seed(t), 2))
	for range 3000 {
		s.Do("RPUSH", "l", strconv.Itoa(r.IntN(2000)-1000))
	}
	for _, order := range []string{"ASC", "DESC"} {
		all := strings.Split(s.Do("SORT", "l", order), "\r\n")[1:]
		for range 100 {
			from, n := r.IntN(1000), r.IntN(500)
			got := strings.Split(s.Do("SORT", "l", order, "LIMIT", strconv.Itoa(from), strconv.Itoa(n)), "\r\n")[1:]
			if want := all[2*from:][:2*n]; strings.Join(got[:2*n], " ") != strings.Join(want, " ") || len(got) != 2*n+1 {
				t.Fatalf("%s from %d, %d elements: %q, want %q", order, from, n, got, want)
			}
		}
	}
}

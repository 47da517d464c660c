package strings

import (
	"math/rand/v2"
	"strconv"
	"testing"

	"granary/internal/command/commandtest"
	"granary/tests/live"
)

// TestSameAsRedis gives the same commands to us and to a redis-server, and demands the same replies, events, effects and
// counts of changes.
func TestSameAsRedis(t *testing.T) {
	p := commandtest.NewPeer(t)
	s := commandtest.New(t, Register)
	s.Feed()
	for _, line := range fixed {
		p.Same(s, line...)
	}
	seed := live.Seed(t)
	g := generator{rand.New(rand.NewPCG(seed, 0))}
	n := 20000
	if testing.Short() {
		n = 2000
	}
	for i := range n {
		p.Same(s, g.command()...)
		if key := g.key(); i%4 == 0 {
			p.SameEncoding(s, key)
		}
		if t.Failed() {
			break
		}
	}
}

// fixed are commands that chance would rarely make.
var fixed = [][]string{
	{"SET", "k", "v", "EX"},
	{"SET", "k", "v", "EX", "0"},
	{"SET", "k", "v", "PX", "-1"},
	{"SET", "k", "v", "EX", "9223372036854775807"},
	{"SET", "k", "v", "PX", "9223372036854775807"},
	{"SET", "k", "v", "EX", "9223372036854775"},
	{"SET", "k", "v", "PXAT", "9223372036854775807"},
	{"GET", "k"},
	{"SET", "k", "v", "EX", "1x"},
	{"SET", "k", "v", "EX", "10", "EX", "20"},
	{"SET", "k", "v", "EX", "10", "PX", "20"},
	{"SET", "k", "v", "KEEPTTL", "EX", "20"},
	{"SET", "k", "v", "EX", "20", "KEEPTTL"},
	{"SET", "k", "v", "NX", "XX"},
	{"SET", "k", "v", "NX", "NX"},
	{"SET", "k", "v", "PERSIST"},
	{"SET", "k", "v", "xx", "get", "px", "100000"},
	{"SET", "k", "v", "XX", "GET", "PXAT", "33177117420000"},
	{"SET", "k", "w", "KEEPTTL", "GET"},
	{"SET", "k", "v", "GET"},
	{"SET", "k", "v", "EXAT", "1"},
	{"SET", "k", "v", "EXAT", "1", "GET"},
	{"SET", "k", "v", "PXAT", "1", "NX"},
	{"GET", "k"},
	{"SETEX", "k", "0", "v"},
	{"SETEX", "k", "x", "v"},
	{"SETEX", "k", "100", "v"},
	{"PSETEX", "k", "-5", "v"},
	{"PSETEX", "k", "100000", "v"},
	{"GETEX", "k", "EX", "0"},
	{"GETEX", "k", "EX"},
	{"GETEX", "k", "PERSIST", "EX", "10"},
	{"GETEX", "k", "KEEPTTL"},
	{"GETEX", "k", "NX"},
	{"GETEX", "missing", "EX", "0"},
	{"GETEX", "missing", "EX", "x"},
	{"GETEX", "k", "EXAT", "1"},
	{"GETEX", "k", "PXAT", "1"},
	{"SET", "k", "9223372036854775807"},
	{"INCR", "k"},
	{"DECRBY", "k", "-9223372036854775808"},
	{"DECRBY", "k", "9223372036854775807"},
	{"DECRBY", "k", "9223372036854775807"},
	{"DECR", "k"},
	{"DECR", "k"},
	{"INCRBY", "k", " 1"},
	{"INCRBY", "k", "1.0"},
	{"INCRBYFLOAT", "k", "inf"},
	{"INCRBYFLOAT", "k", "-inf"},
	{"INCRBYFLOAT", "k", "nan"},
	{"INCRBYFLOAT", "k", ""},
	{"INCRBYFLOAT", "k", " 1"},
	{"INCRBYFLOAT", "k", "1e5000"},
	{"INCRBYFLOAT", "k", "1e-4951"},
	{"INCRBYFLOAT", "k", "1e-4940"},
	{"INCRBYFLOAT", "k", "0x1.8p5"},
	{"SET", "k", "inf"},
	{"INCRBYFLOAT", "k", "1"},
	{"SET", "k", "1.1e4932"},
	{"INCRBYFLOAT", "k", "1.1e4932"},
	{"INCRBYFLOAT", "k", "-1.1e4932"},
	{"SETRANGE", "k", "536870912", "x"},
	{"SETRANGE", "k", "536870911", ""},
	{"SETRANGE", "k", "9223372036854775807", "x"},
	{"SETRANGE", "k", "-1", "x"},
	{"SETRANGE", "k", "x", "x"},
	{"SETRANGE", "missing", "5", ""},
	{"MSET", "a", "1", "b"},
	{"MSETNX", "a", "1", "b"},
	{"MSETNX", "a", "1", "a", "2"},
	{"MSETNX", "a", "1", "c", "2"},
	{"MSET", "a", "1", "a", "2"},
	{"LCS", "a", "b", "LEN", "IDX"},
	{"LCS", "a", "b", "MINMATCHLEN"},
	{"LCS", "a", "b", "MINMATCHLEN", "x"},
	{"LCS", "a", "b", "FOO"},
	{"LCS", "missing", "b", "IDX"},
	{"LCS", "missing", "b", "LEN"},
	{"LCS", "missing", "b"},
	{"SUBSTR", "a", "0", "-1"},
	{"SUBSTR", "a", "0"},
	{"GETRANGE", "a", "x", "0"},
	{"GETRANGE", "a", "0", "x"},
}

// generator makes random commands over a few keys.
type generator struct{ *rand.Rand }

func (g generator) one(words ...string) string { return words[g.IntN(len(words))] }

func (g generator) key() string {
	return g.one("a", "b", "c", "d", "a long name for a key, so that entries differ")
}

func (g generator) number() string {
	switch g.IntN(4) {
	case 0:
		return strconv.Itoa(g.IntN(20) - 10)
	case 1:
		return strconv.FormatInt(int64(g.Uint64())>>g.IntN(64), 10)
	case 2:
		return strconv.Itoa(g.IntN(11000))
	}
	return g.one("-0", "01", "x", "", "1 ", "+1", "9223372036854775808", "10000", "9999")
}

// offset is an index at which a string may be written without becoming too long for the address range of a race build.
func (g generator) offset() string {
	const most, limit = 1 << 20, 512 << 20
	s := g.index()
	if n, err := strconv.Atoi(s); err == nil && n > most && n < limit {
		return strconv.Itoa(most)
	}
	return s
}

func (g generator) float() string {
	if g.IntN(3) == 0 {
		return g.number()
	}
	return strconv.FormatFloat(g.NormFloat64()*float64(g.IntN(1000)), "efg"[g.IntN(3)], g.IntN(20)-1, 64)
}

func (g generator) value() string {
	switch g.IntN(4) {
	case 0:
		return g.number()
	case 1:
		return g.float()
	}
	b := make([]byte, 1+g.IntN(70))
	for i := range b {
		b[i] = "abc"[g.IntN(3)]
	}
	return string(b[g.IntN(len(b)):])
}

func (g generator) index() string {
	if g.IntN(30) == 0 {
		return g.number()
	}
	return strconv.Itoa(g.IntN(140) - 70)
}

// times are far from now on either side, so that nothing expires because one of the two servers is slower.
func (g generator) time() []string {
	switch g.IntN(6) {
	case 0:
		return []string{g.one("EX", "ex"), g.one("1000", "2000", "0", "-1", "x", "9223372036854775")}
	case 1:
		return []string{g.one("PX", "px"), g.one("1000000", "2000000", "0", "9223372036854775807")}
	case 2:
		return []string{"EXAT", g.one("1", "33177117420", "0", "9223372036854775807")}
	case 3:
		return []string{"PXAT", g.one("1", "33177117420000", "-1", "9223372036854775807")}
	case 4:
		return []string{"KEEPTTL"}
	}
	return []string{"PERSIST"}
}

func (g generator) command() []string {
	switch g.IntN(24) {
	case 0, 1, 2:
		return []string{"SET", g.key(), g.value()}
	case 3, 4:
		args := []string{"SET", g.key(), g.value()}
		for range 1 + g.IntN(2) {
			switch g.IntN(4) {
			case 0:
				args = append(args, g.one("NX", "XX", "nx", "xx"))
			case 1:
				args = append(args, g.one("GET", "get"))
			default:
				args = append(args, g.time()...)
			}
		}
		return args
	case 5:
		return []string{"SETNX", g.key(), g.value()}
	case 6:
		return []string{g.one("SETEX", "PSETEX"), g.key(), g.one("1000000", "0", "x"), g.value()}
	case 7, 8:
		return []string{"GET", g.key()}
	case 9:
		args := []string{"GETEX", g.key()}
		if g.IntN(2) == 0 {
			args = append(args, g.time()...)
		}
		return args
	case 10:
		return []string{"GETDEL", g.key()}
	case 11:
		return []string{"GETSET", g.key(), g.value()}
	case 12:
		return []string{"MGET", g.key(), g.key(), "missing"}
	case 13:
		return []string{g.one("MSET", "MSETNX"), g.key(), g.value(), g.key(), g.value()}
	case 14:
		return []string{"STRLEN", g.key()}
	case 15, 16:
		return []string{"APPEND", g.key(), g.value()}
	case 17:
		return []string{"SETRANGE", g.key(), g.offset(), g.value()}
	case 18:
		return []string{g.one("GETRANGE", "SUBSTR"), g.key(), g.index(), g.index()}
	case 19:
		return []string{g.one("INCR", "DECR"), g.key()}
	case 20:
		return []string{g.one("INCRBY", "DECRBY"), g.key(), g.number()}
	case 21, 22:
		return []string{"INCRBYFLOAT", g.key(), g.float()}
	}
	args := []string{"LCS", g.key(), g.key()}
	for range g.IntN(4) {
		switch g.IntN(4) {
		case 0:
			args = append(args, "MINMATCHLEN", g.one("0", "1", "2", "4", "-1"))
		default:
			args = append(args, g.one("LEN", "IDX", "WITHMATCHLEN", "idx"))
		}
	}
	return args
}

// TestIncrByFloatDigits compares many sums with those of a server that was built with 80-bit long doubles.
func TestIncrByFloatDigits(t *testing.T) {
	p := commandtest.NewPeer(t)
	s := commandtest.New(t, Register)
	seed := live.Seed(t)
	g := generator{rand.New(rand.NewPCG(seed, 0))}
	n := 20000
	if testing.Short() {
		n = 1000
	}
	for range n {
		start, by := g.decimal(), g.decimal()
		p.Do("SET", "k", start)
		s.Do("SET", "k", start)
		theirs, ours := p.Do("INCRBYFLOAT", "k", by), s.Do("INCRBYFLOAT", "k", by)
		if theirs != ours {
			t.Fatalf("%s + %s: got %q, redis %q", start, by, ours, theirs)
		}
	}
}

func (g generator) decimal() string {
	digits := strconv.FormatUint(g.Uint64()>>g.IntN(64), 10)
	if g.IntN(8) == 0 {
		digits += strconv.FormatUint(g.Uint64(), 10)
	}
	point := g.IntN(len(digits) + 1)
	text := g.one("", "-") + digits[:point] + "." + digits[point:]
	if g.IntN(3) == 0 {
		text += "e" + strconv.Itoa(g.IntN(60)-30)
	}
	return text
}

package bitmaps

import (
	"math/rand/v2"
	"strconv"
	"testing"

	"granary/internal/command/commandtest"
	"granary/internal/commands/strings"
	"granary/tests/live"
)

// TestSameAsRedis gives the same commands to us and to a redis-server, and demands the same replies, events, effects and
// counts of changes.
func TestSameAsRedis(t *testing.T) {
	p := commandtest.NewPeer(t)
	s := commandtest.New(t, Register, strings.Register)
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
		if i%4 == 0 {
			p.SameEncoding(s, g.key())
		}
		if t.Failed() {
			break
		}
	}
}

// fixed are commands that chance would rarely make.
var fixed = [][]string{
	{"SETBIT", "k", "4294967296", "1"},
	{"SETBIT", "k", "-1", "1"},
	{"SETBIT", "k", "x", "1"},
	{"SETBIT", "k", "1", "2"},
	{"SETBIT", "k", "1", "-1"},
	{"SETBIT", "k", "1", "x"},
	{"SETBIT", "k", "0", "0"},
	{"SETBIT", "k", "0", "0"},
	{"SETBIT", "k", "5", "0"},
	{"SETBIT", "k", "15", "0"},
	{"SET", "n", "123"},
	{"SETBIT", "n", "0", "0"},
	{"SETBIT", "n", "#0", "0"},
	{"GETBIT", "n", "#0"},
	{"GETBIT", "n", "4294967295"},
	{"GETBIT", "n", "4294967296"},
	{"BITCOUNT", "n", "x", "1"},
	{"BITCOUNT", "n", "0", "x"},
	{"BITCOUNT", "n", "0", "1", "x"},
	{"BITCOUNT", "n", "0", "1", "BIT", "x"},
	{"BITCOUNT", "n", "-9223372036854775808", "9223372036854775807"},
	{"BITCOUNT", "n", "-9223372036854775808", "9223372036854775807", "BIT"},
	{"BITPOS", "missing", "2"},
	{"BITPOS", "missing", "x"},
	{"BITPOS", "missing", "0"},
	{"BITPOS", "missing", "1"},
	{"BITPOS", "n", "1", "x"},
	{"BITPOS", "n", "1", "0", "x"},
	{"BITPOS", "n", "1", "0", "1", "x"},
	{"BITPOS", "n", "1", "0", "1", "BIT", "x"},
	{"BITPOS", "n", "1", "0", "x", "FOO"},
	{"BITPOS", "n", "1", "x", "1", "FOO"},
	{"BITPOS", "n", "2", "x", "x", "FOO"},
	{"BITPOS", "n", "x", "1", "1", "1", "1"},
	{"BITPOS", "n", "1", "1", "1", "1", "1"},
	{"BITCOUNT", "n", "x", "1", "FOO"},
	{"BITCOUNT", "n", "0", "x", "FOO"},
	{"BITCOUNT", "n", "x", "x", "FOO", "BAR"},
	{"SET", "e", ""},
	{"BITPOS", "e", "0"},
	{"BITPOS", "e", "1"},
	{"BITPOS", "e", "0", "0", "-1"},
	{"BITCOUNT", "e"},
	{"BITCOUNT", "e", "0", "-1"},
	{"BITOP", "NOT", "d", "e"},
	{"BITOP", "NOT", "d", "a", "b"},
	{"BITOP", "NAND", "d", "a", "b"},
	{"BITOP", "NOT", "d", "n"},
	{"BITOP", "AND", "d", "missing"},
	{"BITOP", "AND", "n", "n", "n"},
	{"SET", "n", "x", "EX", "10000"},
	{"BITOP", "OR", "n", "n"},
	{"GETEX", "n"},
	{"BITFIELD", "k"},
	{"BITFIELD", "missing"},
	{"BITFIELD", "missing", "GET", "u8", "0"},
	{"BITFIELD", "k", "GET", "u64", "0"},
	{"BITFIELD", "k", "GET", "U8", "0"},
	{"BITFIELD", "k", "GET", "i0", "0"},
	{"BITFIELD", "k", "GET", "i65", "0"},
	{"BITFIELD", "k", "GET", "i", "0"},
	{"BITFIELD", "k", "GET", "i08", "0"},
	{"BITFIELD", "k", "GET", "u8"},
	{"BITFIELD", "k", "SET", "u8", "0"},
	{"BITFIELD", "k", "SET", "u8", "0", "x"},
	{"BITFIELD", "k", "SET", "u8", "#"},
	{"BITFIELD", "k", "GET", "u8", "#-1"},
	{"BITFIELD", "k", "GET", "u8", "#536870911"},
	{"BITFIELD", "k", "GET", "u8", "#536870912"},
	{"BITFIELD", "k", "GET", "u8", "#9223372036854775807"},
	{"BITFIELD", "k", "OVERFLOW"},
	{"BITFIELD", "k", "OVERFLOW", "FOO", "GET", "u8", "0"},
	{"BITFIELD", "k", "OVERFLOW", "SAT"},
	{"BITFIELD", "new", "OVERFLOW", "FAIL", "SET", "u8", "0", "256"},
	{"BITFIELD", "new2", "OVERFLOW", "FAIL", "INCRBY", "u8", "0", "-1", "GET", "u8", "0"},
	{"BITFIELD_RO", "k", "SET", "u8", "0", "1"},
	{"BITFIELD_RO", "k", "OVERFLOW", "SAT", "GET", "u8", "0"},
	{"BITFIELD_RO", "k"},
	{"BITFIELD_RO", "missing", "GET", "u8", "0"},
	{"BITFIELD", "k", "GET", "u8", "0", "FOO"},
	{"BITFIELD", "k", "OVERFLOW", "SAT", "SET", "i8", "0", "-9223372036854775808", "SET", "i8", "0", "-9223372036854775680"},
	{"BITFIELD", "k", "OVERFLOW", "SAT", "SET", "i64", "0", "-9223372036854775808", "SET", "i63", "0", "-9000000000000000000"},
}

// generator makes random commands over a few keys.
type generator struct{ *rand.Rand }

func (g generator) one(words ...string) string { return words[g.IntN(len(words))] }

func (g generator) key() string { return g.one("a", "b", "c", "d") }

func (g generator) number() string {
	switch g.IntN(3) {
	case 0:
		return strconv.FormatInt(int64(g.Uint64())>>g.IntN(64), 10)
	case 1:
		return g.one("0", "1", "-1", "127", "128", "255", "256", "-128", "-129", "9223372036854775807", "-9223372036854775808")
	}
	return strconv.Itoa(g.IntN(600) - 300)
}

func (g generator) value() string {
	if g.IntN(5) == 0 {
		return g.number()
	}
	b := make([]byte, g.IntN(100))
	fill := byte(g.Uint32())
	if g.IntN(2) == 0 {
		fill = g.one("\x00", "\xff")[0]
	}
	for i := range b {
		b[i] = fill
	}
	if len(b) > 0 && g.IntN(2) == 0 {
		b[g.IntN(len(b))] = byte(g.Uint32())
	}
	return string(b)
}

func (g generator) offset() string {
	if g.IntN(6) == 0 {
		return "#" + strconv.Itoa(g.IntN(20))
	}
	return strconv.Itoa(g.IntN(400))
}

func (g generator) index() string { return strconv.Itoa(g.IntN(240) - 120) }

// span makes a range that both servers understand: redis 7.0 knows no start without end for BITCOUNT.
func (g generator) span(shortest int) (args []string) {
	switch g.IntN(3) {
	case 0:
		return nil
	case 1:
		if shortest == 1 {
			return []string{g.index()}
		}
	}
	args = []string{g.index(), g.index()}
	if g.IntN(2) == 0 {
		args = append(args, g.one("BIT", "BYTE", "bit", "byte"))
	}
	return args
}

func (g generator) command() []string {
	switch g.IntN(10) {
	case 0, 1:
		return []string{"SET", g.key(), g.value()}
	case 2:
		return []string{"SETBIT", g.key(), g.offset(), g.one("0", "1")}
	case 3:
		return []string{"GETBIT", g.key(), g.offset()}
	case 4:
		return append([]string{"BITCOUNT", g.key()}, g.span(2)...)
	case 5:
		return append([]string{"BITPOS", g.key(), g.one("0", "1")}, g.span(1)...)
	case 6:
		args := []string{"BITOP", g.one("AND", "OR", "XOR", "NOT", "and", "or"), g.key(), g.key()}
		for range g.IntN(3) {
			args = append(args, g.one(g.key(), "missing"))
		}
		return args
	case 7:
		return []string{"GETDEL", g.key()}
	}
	args := []string{g.one("BITFIELD", "BITFIELD", "BITFIELD", "BITFIELD_RO"), g.key()}
	for range g.IntN(4) {
		kind := g.one("i", "u") + strconv.Itoa(1+g.IntN(64))
		switch g.IntN(4) {
		case 0:
			args = append(args, "OVERFLOW", g.one("WRAP", "SAT", "FAIL"))
		case 1:
			args = append(args, "SET", kind, g.offset(), g.number())
		case 2:
			args = append(args, "INCRBY", kind, g.offset(), g.number())
		default:
			args = append(args, "GET", kind, g.offset())
		}
	}
	return args
}

package lists

import (
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"

	"granary/internal/command/commandtest"
	"granary/internal/object"
	"granary/tests/live"
)

// TestSameAsRedis gives the same commands to us and to a redis-server, and demands the same replies, events, effects and
// counts of changes. Limits change on the way, so that lists are converted back and forth here; encodings are not compared,
// because before Redis 7.2 all lists were quicklists.
func TestSameAsRedis(t *testing.T) {
	p := commandtest.NewPeer(t)
	s := commandtest.New(t, Register)
	s.Feed()
	for _, line := range fixed {
		p.Same(s, line...)
	}
	seed := live.Seed(t)
	g := generator{rand.New(rand.NewPCG(seed, 0))}
	n := 15000
	if testing.Short() {
		n = 2000
	}
	for i := range n {
		if i%100 == 0 {
			fill, depth := int64(g.pick("-1", "-2", "1", "3", "8", "128")), int64(g.IntN(3))
			s.Env.Config.ListMaxListpackSize, s.Env.Config.ListCompressDepth = fill, depth
			p.Do("CONFIG", "SET", "list-max-listpack-size", strconv.FormatInt(fill, 10), "list-compress-depth", strconv.FormatInt(depth, 10))
			object.Lists(s.Env.Keys.Arena).SetPackedThreshold([]int{0, 20, 100}[g.IntN(3)])
		}
		p.Same(s, g.command()...)
		if i%500 == 0 {
			s.Check()
		}
		if t.Failed() {
			break
		}
	}
}

// fixed are commands that chance would rarely make.
var fixed = [][]string{
	{"LPUSH", "l", "a", "b", "c"},
	{"RPUSH", "l", "a", "b", "c"},
	{"LPOS", "l", "a", "RANK", "0"},
	{"LPOS", "l", "a", "RANK", "x"},
	{"LPOS", "l", "a", "COUNT", "-1"},
	{"LPOS", "l", "a", "COUNT", "x"},
	{"LPOS", "l", "a", "MAXLEN", "-1"},
	{"LPOS", "l", "a", "MAXLEN", "x"},
	{"LPOS", "l", "a", "COUNT"},
	{"LPOS", "l", "a", "FOO", "1"},
	{"LPOS", "l", "a", "rank", "-1", "count", "0", "maxlen", "0"},
	{"LPOS", "missing", "a", "COUNT", "0"},
	{"LPOS", "missing", "a"},
	{"LPOS", "missing", "a", "COUNT", "x"},
	{"LPOP", "l", "-1"},
	{"LPOP", "l", "x"},
	{"LPOP", "l", "1", "2"},
	{"RPOP", "l", "1", "2"},
	{"LPOP", "l", "0"},
	{"LPOP", "missing"},
	{"LPOP", "missing", "1"},
	{"LPOP", "missing", "0"},
	{"LPOP", "l", "9223372036854775807"},
	{"LPUSHX", "l", "a"},
	{"RPUSHX", "l", "a"},
	{"RPUSH", "l", "1", "2", "3"},
	{"LINDEX", "l", "x"},
	{"LINDEX", "missing", "x"},
	{"LINDEX", "l", "9223372036854775807"},
	{"LINDEX", "l", "-9223372036854775808"},
	{"LSET", "missing", "x", "v"},
	{"LSET", "l", "x", "v"},
	{"LSET", "l", "3", "v"},
	{"LSET", "l", "-4", "v"},
	{"LSET", "l", "-9223372036854775808", "v"},
	{"LINSERT", "l", "NOWHERE", "1", "2"},
	{"LINSERT", "missing", "before", "1", "2"},
	{"LINSERT", "l", "before", "9", "2"},
	{"LRANGE", "l", "x", "1"},
	{"LRANGE", "l", "1", "x"},
	{"LRANGE", "l", "-9223372036854775808", "9223372036854775807"},
	{"LRANGE", "l", "9223372036854775807", "-9223372036854775808"},
	{"LTRIM", "l", "x", "1"},
	{"LTRIM", "missing", "0", "1"},
	{"LREM", "l", "x", "1"},
	{"LREM", "missing", "0", "1"},
	{"LREM", "l", "-9223372036854775808", "1"},
	{"LMOVE", "l", "m", "UP", "LEFT"},
	{"LMOVE", "l", "m", "LEFT", "DOWN"},
	{"LMOVE", "missing", "m", "LEFT", "LEFT"},
	{"LMOVE", "l", "l", "LEFT", "LEFT"},
	{"LMOVE", "l", "l", "right", "left"},
	{"LMOVE", "l", "m", "left", "left"},
	{"RPOPLPUSH", "l", "m"},
	{"RPOPLPUSH", "l", "m"},
	{"RPOPLPUSH", "m", "m"},
	{"RPUSH", "l", "1"},
	{"RPOPLPUSH", "l", "l"},
	{"LMPOP", "0", "l", "LEFT"},
	{"LMPOP", "x", "l", "LEFT"},
	{"LMPOP", "1", "l", "UP"},
	{"LMPOP", "2", "l", "LEFT"},
	{"LMPOP", "3", "l", "LEFT"},
	{"LMPOP", "9223372036854775807", "l", "LEFT"},
	{"LMPOP", "1", "l", "LEFT", "COUNT"},
	{"LMPOP", "1", "l", "LEFT", "COUNT", "0"},
	{"LMPOP", "1", "l", "LEFT", "COUNT", "x"},
	{"LMPOP", "1", "l", "LEFT", "COUNT", "1", "COUNT", "1"},
	{"LMPOP", "1", "l", "LEFT", "FOO", "1"},
	{"LMPOP", "2", "missing", "gone", "LEFT"},
	{"LMPOP", "2", "missing", "m", "RIGHT", "COUNT", "10"},
}

type generator struct{ *rand.Rand }

func (g generator) of(list ...string) string { return list[g.IntN(len(list))] }

func (g generator) pick(list ...string) int {
	n, _ := strconv.Atoi(g.of(list...))
	return n
}

func (g generator) key() string { return g.of("l", "m", "n") }

func (g generator) value() string {
	switch g.IntN(8) {
	case 0:
		return strconv.Itoa(g.IntN(10) - 5)
	case 1:
		return strconv.FormatInt(int64(g.Uint64())>>g.IntN(64), 10)
	case 2:
		return strings.Repeat(g.of("x", "yz"), g.IntN(200))
	case 3:
		return strings.Repeat("long", g.IntN(1500))
	}
	return g.of("a", "b", "c", "1", "", "007", "-0")
}

func (g generator) index() string { return strconv.Itoa(g.IntN(60) - 25) }

func (g generator) command() []string {
	side := func() string { return g.of("LEFT", "RIGHT") }
	switch g.IntN(22) {
	case 0, 1, 2, 3, 4:
		args := []string{g.of("LPUSH", "RPUSH"), g.key()}
		for range 1 + g.IntN(4)*g.IntN(6) {
			args = append(args, g.value())
		}
		return args
	case 5:
		return []string{g.of("LPUSHX", "RPUSHX"), g.key(), g.value()}
	case 6:
		return []string{g.of("LPOP", "RPOP"), g.key()}
	case 7:
		return []string{g.of("LPOP", "RPOP"), g.key(), strconv.Itoa(g.IntN(8))}
	case 8:
		return []string{"LINDEX", g.key(), g.index()}
	case 9, 10:
		return []string{"LSET", g.key(), g.index(), g.value()}
	case 11, 12:
		return []string{"LINSERT", g.key(), g.of("BEFORE", "AFTER"), g.value(), g.value()}
	case 13, 14:
		return []string{"LRANGE", g.key(), g.index(), g.index()}
	case 15:
		if g.IntN(3) > 0 {
			return []string{"LTRIM", g.key(), strconv.Itoa(g.IntN(3)), strconv.Itoa(-1 - g.IntN(3))}
		}
		return []string{"LTRIM", g.key(), g.index(), g.index()}
	case 16:
		return []string{"LREM", g.key(), strconv.Itoa(g.IntN(7) - 3), g.value()}
	case 17:
		args := []string{"LPOS", g.key(), g.value()}
		if g.IntN(2) == 0 {
			args = append(args, "RANK", strconv.Itoa(g.IntN(7)-3))
		}
		if g.IntN(2) == 0 {
			args = append(args, "COUNT", strconv.Itoa(g.IntN(4)))
		}
		if g.IntN(2) == 0 {
			args = append(args, "MAXLEN", strconv.Itoa(g.IntN(20)))
		}
		return args
	case 18:
		return []string{"RPOPLPUSH", g.key(), g.key()}
	case 19, 20:
		return []string{"LMOVE", g.key(), g.key(), side(), side()}
	}
	return []string{"LMPOP", "2", g.key(), g.key(), side(), "COUNT", strconv.Itoa(1 + g.IntN(4))}
}

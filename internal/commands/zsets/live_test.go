package zsets

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"

	"granary/internal/command/commandtest"
	"granary/internal/commands/sets"
	"granary/tests/live"
)

// TestSameAsRedis gives the same commands to us and to a redis-server, over RESP2 and RESP3, and demands the same replies,
// events, effects and counts of changes. Scores are numbers that both versions of their text write alike.
func TestSameAsRedis(t *testing.T) {
	for _, proto := range []uint8{2, 3} {
		p := commandtest.NewPeer(t)
		s := commandtest.New(t, Register, sets.Register)
		s.Feed()
		p.Do("HELLO", strconv.Itoa(int(proto)))
		s.Proto(proto)
		for _, line := range fixed {
			p.Same(s, strings.Fields(line)...)
		}
		if t.Failed() {
			return
		}
		seed := live.Seed(t)
		g := generator{rand.New(rand.NewPCG(seed, 0))}
		n := 12000
		if testing.Short() {
			n = 1500
		}
		for i := range n {
			if i%2000 == 0 {
				// Not fewer than a ZADD has members: Redis before 7.2 looks at them one by one.
				entries, value := strconv.Itoa([]int{128, 0, 7, 20}[g.IntN(4)]), strconv.Itoa([]int{64, 6}[g.IntN(2)])
				p.Do("CONFIG", "SET", "zset-max-listpack-entries", entries, "zset-max-listpack-value", value)
				lim := s.Env.Config
				lim.ZSetMaxListpackEntries, _ = strconv.ParseInt(entries, 10, 64)
				lim.ZSetMaxListpackValue, _ = strconv.ParseInt(value, 10, 64)
			}
			p.Same(s, g.command()...)
			if i%4 == 0 && proto == 2 {
				p.SameEncoding(s, fmt.Sprint("k", g.IntN(4)))
			}
			if i%500 == 0 {
				s.Check()
			}
			if t.Failed() {
				return
			}
		}
	}
}

// fixed are commands that chance would rarely make.
var fixed = []string{
	"ZADD z 1 a 2 b 3 c", "ZADD z NX XX 1 a", "ZADD z NX GT 1 a", "ZADD z GT LT 1 a", "ZADD z INCR 1 a 2 b", "ZADD z 1 a 2", "ZADD z x a",
	"ZADD z 1 a x b", "ZADD z NX", "ZADD z CH", "ZADD z nan a", "ZADD z inf a", "ZADD z INCR -inf a", "ZADD z -inf a", "ZADD z INCR XX 1 nobody",
	"ZADD z INCR NX 1 a", "ZADD z 0x10 a", "ZADD z 1e400 a", "ZADD nokey XX 1 a", "ZADD nokey XX INCR 1 a", "ZADD z CH 5 a 6 b 7 d", "ZADD z 5 a",
	"ZINCRBY z nx 1", "ZINCRBY z 1 a", "ZINCRBY z x a", "ZADD z -0 n", "ZSCORE z n", "ZADD z 123456789012345680 big", "ZRANGE z 0 -1", "ZREM z big",
	"ZPOPMIN z x", "ZPOPMIN z -1", "ZPOPMIN z 1 2", "ZPOPMIN nokey 0", "ZPOPMIN z 0", "ZPOPMAX nokey", "ZPOPMAX z", "ZPOPMAX z 2", "ZPOPMIN z 100", "ZCARD z",
	"ZADD z 1 a 2 b 3 c", "ZMPOP x z MIN", "ZMPOP 0 z MIN", "ZMPOP 2 z MIN", "ZMPOP 9223372036854775807 z MIN", "ZMPOP 1 z MID", "ZMPOP 1 z MIN COUNT 0",
	"ZMPOP 1 z MIN COUNT x", "ZMPOP 1 z MIN COUNT 1 COUNT 1", "ZMPOP 1 z MIN COUNT", "ZMPOP 1 nokey MIN", "ZMPOP 2 nokey z MAX", "ZMPOP 1 z MIN COUNT 10",
	"ZADD z 1 a 2 b 3 c", "ZRANDMEMBER z x", "ZRANDMEMBER z -9223372036854775808", "ZRANDMEMBER z 9223372036854775807 WITHSCORES", "ZRANDMEMBER z 1 x",
	"ZRANDMEMBER z 1 WITHSCORES x", "ZRANDMEMBER z 0", "ZRANDMEMBER nokey", "ZRANDMEMBER nokey 5", "ZRANDMEMBER nokey x",
	"ZINTERCARD 1 z LIMIT -1", "ZINTERCARD 1 z LIMIT x", "ZINTERCARD 0 z", "ZINTERCARD x z", "ZINTERCARD 1 z LIMIT 2", "ZINTERCARD 1 z WITHSCORES", "ZINTERCARD 1 z LIMIT 0",
	"ZUNION 0 z", "ZUNIONSTORE d 0 z", "ZUNION 3 z", "ZUNION 1 z WEIGHTS x", "ZUNION 1 z AGGREGATE x", "ZUNION 1 z AGGREGATE", "ZUNION 2 z z WEIGHTS 1",
	"ZDIFF 1 z WEIGHTS 1", "ZUNIONSTORE d 1 z WITHSCORES", "ZUNION 1 z WEIGHTS inf AGGREGATE MAX WITHSCORES", "ZDIFF 1 z", "ZDIFF 2 z z", "ZINTER 2 z z WITHSCORES",
	"ZINTER 2 z z WEIGHTS 2 3 WITHSCORES", "ZSCAN z 0 TYPE x", "ZSCAN z x", "ZSCAN nokey x", "ZSCAN nokey 0 FOO", "ZSCAN z 0 COUNT 0", "ZSCAN z 0 COUNT x", "ZSCAN z 0 MATCH [ab]", "ZSCAN z 0",
	"ZRANGE z 0 -1 LIMIT 0 1", "ZRANGE z 0 -1 LIMIT 0 -1", "ZRANGE z - + BYLEX WITHSCORES", "ZRANGE z x 1", "ZRANGE z x 1 BYSCORE", "ZRANGE z x 1 BYLEX",
	"ZRANGE z 0 -1 BYSCORE LIMIT x 1", "ZRANGE z 0 -1 BYSCORE BYLEX", "ZRANGE z 0 -1 REV REV", "ZREVRANGE z 0 -1 REV", "ZREVRANGE z 0 -1 LIMIT 1 1", "ZREVRANGEBYSCORE z +inf -inf LIMIT 1 1 WITHSCORES",
	"ZRANGEBYSCORE z (1 (3", "ZRANGEBYSCORE z 1 2x", "ZRANGEBYSCORE z -inf +inf LIMIT -1 2", "ZRANGEBYSCORE z -inf +inf LIMIT 1 -7", "ZRANGEBYSCORE z 0x1 0x2", "ZRANGEBYSCORE z nan 1", "ZRANGEBYSCORE z 1e999 1",
	"ZRANGEBYLEX z - +", "ZRANGEBYLEX z [a (c", "ZRANGEBYLEX z a c", "ZRANGEBYLEX z + -", "ZRANGEBYLEX z -x +", "ZREVRANGEBYLEX z + - LIMIT 1 1", "ZLEXCOUNT z - +", "ZLEXCOUNT z x -",
	"ZRANGESTORE d z 0 -1", "ZRANGESTORE d z 5 9", "ZRANGESTORE d nokey 0 -1", "ZRANGESTORE d z 0 -1 WITHSCORES", "ZRANGESTORE z z 0 0",
	"ZCOUNT z x 1", "ZCOUNT nokey 0 1", "ZREMRANGEBYRANK z x 1", "ZREMRANGEBYSCORE nokey x 1", "ZREMRANGEBYLEX z x y", "ZREMRANGEBYRANK z 0 -1",
	"ZADD mix 1 c 2 b 3 a 4 d 5 e", "ZRANGEBYLEX mix [b [d", "ZREVRANGEBYLEX mix [d [b", "ZREVRANGEBYLEX mix + (a", "ZLEXCOUNT mix (b (e", "ZREMRANGEBYLEX mix [b (d", "ZRANGE mix 0 -1",
	"ZADD large 1 " + strings.Repeat("a", 65) + " -0 n", "ZINCRBY large 0 n", "ZADD large INCR -0 n", "ZADD large INCR GT 0 n", "ZADD large CH 0 n", "ZSCORE large n",
	"ZMSCORE z a b", "ZMSCORE nokey a b", "ZRANK nokey a", "ZSCORE nokey a", "ZREM nokey a",
	"SADD str a b", "ZADD str 1 a", "ZCARD str", "ZRANGE str 0 1", "ZPOPMIN str", "ZPOPMIN str 0", "ZMPOP 2 nokey str MIN", "ZUNION 2 str str WITHSCORES", "ZREM str a", "ZSCAN str 0", "ZRANGESTORE d str 0 1", "ZRANGESTORE str nokey 0 1",
}

type generator struct{ *rand.Rand }

func (g generator) one(of ...string) string { return of[g.IntN(len(of))] }

func (g generator) key() string {
	if g.IntN(12) == 0 {
		return g.one("set", "ints")
	}
	return fmt.Sprint("k", g.IntN(4))
}

func (g generator) member() string {
	switch g.IntN(6) {
	case 0:
		return strconv.Itoa(g.IntN(20) - 5)
	case 1:
		return fmt.Sprint("member:", g.IntN(30))
	case 2:
		if g.IntN(10) == 0 {
			return strings.Repeat("x", 60+g.IntN(8))
		}
	}
	return string(rune('a' + g.IntN(26)))
}

// lexKey is a key of which all scores are equal: what a real server finds in others depends on chance.
func (g generator) lexKey() string { return g.one("lex0", "lex1") }

func (g generator) score() string {
	switch g.IntN(20) {
	case 0:
		return g.one("inf", "-inf", "+inf", "1e3", "-0", "x", "", "0x10", "1e9", "123456")
	case 1, 2, 3:
		return strconv.FormatFloat(float64(g.IntN(80)-40)/8, 'f', -1, 64)
	}
	return strconv.Itoa(g.IntN(30) - 8)
}

func (g generator) bound() string {
	s := g.score()
	if g.IntN(4) == 0 {
		s = "(" + s
	}
	if g.IntN(4) == 0 {
		s = g.one("-inf", "+inf")
	}
	return s
}

func (g generator) lex() string {
	switch g.IntN(8) {
	case 0:
		return "-"
	case 1:
		return "+"
	case 2:
		return g.one("", "a", "[", "(", "-x")
	}
	return g.one("[", "(") + g.member()
}

func (g generator) index() string { return strconv.Itoa(g.IntN(30) - 12) }

// some returns one or more of what next makes.
func (g generator) some(args []string, next ...func() string) []string {
	for range 1 + g.IntN(4)*g.IntN(3) {
		for _, fn := range next {
			args = append(args, fn())
		}
	}
	return args
}

// maybe appends the words with a chance of one in n.
func (g generator) maybe(n int, args []string, words ...string) []string {
	if g.IntN(n) == 0 {
		return append(args, words...)
	}
	return args
}

func (g generator) limit(args []string) []string {
	return g.maybe(3, args, "LIMIT", strconv.Itoa(g.IntN(8)-1), strconv.Itoa(g.IntN(10)-2))
}

func (g generator) combined(args []string, store bool) []string {
	n := 1 + g.IntN(3)
	args = append(args, strconv.Itoa(n))
	for range n {
		args = append(args, g.key())
	}
	if strings.HasPrefix(args[0], "ZDIFF") {
		if !store {
			args = g.maybe(2, args, "WITHSCORES")
		}
		return args
	}
	if g.IntN(3) == 0 {
		args = append(args, "WEIGHTS")
		for range n {
			args = append(args, g.one("1", "2", "0", "-1", "0.5", "inf", "-inf"))
		}
	}
	args = g.maybe(3, args, "AGGREGATE", g.one("SUM", "MIN", "MAX", "min"))
	if !store {
		args = g.maybe(2, args, "WITHSCORES")
	}
	return args
}

func (g generator) command() []string {
	key := g.key()
	switch g.IntN(34) {
	case 0, 1, 2, 3, 4, 5:
		args := []string{"ZADD", key}
		for _, o := range []string{"NX", "XX", "GT", "LT", "CH", "INCR"} {
			args = g.maybe(9, args, o)
		}
		return g.some(args, g.score, g.member)
	case 6:
		return g.some([]string{"ZADD", g.lexKey()}, func() string { return "0" }, g.member)
	case 7:
		return []string{"ZINCRBY", key, g.score(), g.member()}
	case 8, 9:
		return g.some([]string{"ZREM", key}, g.member)
	case 10:
		return g.some([]string{g.one("ZMSCORE", "ZMSCORE", "ZSCORE"), key}, g.member)
	case 11, 12:
		return []string{g.one("ZRANK", "ZREVRANK", "ZSCORE"), key, g.member()}
	case 13:
		return []string{"ZCARD", key}
	case 14:
		return []string{"ZCOUNT", key, g.bound(), g.bound()}
	case 15:
		return []string{"ZLEXCOUNT", g.lexKey(), g.lex(), g.lex()}
	case 16:
		return g.maybe(2, []string{g.one("ZRANGE", "ZREVRANGE"), key, g.index(), g.index()}, "WITHSCORES")
	case 17:
		return g.limit(g.maybe(2, []string{g.one("ZRANGEBYSCORE", "ZREVRANGEBYSCORE"), key, g.bound(), g.bound()}, "WITHSCORES"))
	case 18:
		return g.limit([]string{g.one("ZRANGEBYLEX", "ZREVRANGEBYLEX"), g.lexKey(), g.lex(), g.lex()})
	case 19:
		return g.limit(g.maybe(2, []string{"ZRANGE", g.lexKey(), g.lex(), g.lex(), "BYLEX"}, "REV"))
	case 20:
		return g.limit(g.maybe(3, g.maybe(2, []string{"ZRANGE", key, g.bound(), g.bound(), "BYSCORE"}, "REV"), "WITHSCORES"))
	case 21:
		args := []string{"ZRANGESTORE", g.key(), key}
		switch g.IntN(3) {
		case 0:
			return g.maybe(2, append(args, g.index(), g.index()), "REV")
		case 1:
			return g.limit(g.maybe(2, append(args, g.bound(), g.bound(), "BYSCORE"), "REV"))
		}
		args[2] = g.lexKey()
		return g.limit(g.maybe(2, append(args, g.lex(), g.lex(), "BYLEX"), "REV"))
	case 22:
		return []string{"ZREMRANGEBYRANK", key, g.index(), strconv.Itoa(g.IntN(5))}
	case 23:
		return []string{"ZREMRANGEBYSCORE", key, g.bound(), g.bound()}
	case 24:
		return []string{"ZREMRANGEBYLEX", g.lexKey(), g.lex(), g.lex()}
	case 25:
		return g.maybe(2, []string{g.one("ZPOPMIN", "ZPOPMAX"), key}, strconv.Itoa(g.IntN(5)))
	case 26:
		return g.maybe(2, []string{"ZMPOP", "2", key, g.key(), g.one("MIN", "MAX")}, "COUNT", strconv.Itoa(g.IntN(4)))
	case 27, 28:
		return g.combined([]string{g.one("ZUNION", "ZINTER", "ZDIFF")}, false)
	case 29, 30:
		return g.combined([]string{g.one("ZUNIONSTORE", "ZINTERSTORE", "ZDIFFSTORE"), g.key()}, true)
	case 31:
		return g.maybe(2, []string{"ZINTERCARD", "2", key, g.key()}, "LIMIT", strconv.Itoa(g.IntN(5)))
	case 32:
		return []string{"SADD", g.one("set", "ints"), strconv.Itoa(g.IntN(20)), g.one("5", "7", "9", g.member())}
	}
	return []string{"ZRANDMEMBER", key, "0"}
}

package sets

import (
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"

	"granary/internal/command/commandtest"
	"granary/tests/live"
)

// sorted returns a raw reply with its elements in order: that of a set is the server's own business.
func sorted(t *testing.T, raw string) string {
	t.Helper()
	r, err := live.Parse([]byte(raw))
	if err != nil {
		t.Fatal(err)
	}
	return r.Sorted().String()
}

// same fails the test unless session and peer do the same with a command, but for the order of a reply's elements.
func same(t *testing.T, p *commandtest.Peer, s *commandtest.Session, args ...string) {
	t.Helper()
	theirs, ours := p.Observe(args...), s.Observe(args...)
	if x, y := sorted(t, ours.Reply), sorted(t, theirs.Reply); x != y {
		t.Errorf("%.200q: replies %.300s, redis %.300s", args, x, y)
	}
	is := func(what string, x, y []string) {
		t.Helper()
		if strings.Join(x, "\n") != strings.Join(y, "\n") {
			t.Errorf("%.200q: %s %.300q, redis %.300q", args, what, x, y)
		}
	}
	if args[0] == "SMOVE" { // here a new destination is told of before the source
		slices.Sort(ours.Events)
		slices.Sort(theirs.Events)
	}
	is("events", ours.Events, theirs.Events)
	if args[0] != "EXPIRE" { // becomes a time
		is("effects", ours.Effects, theirs.Effects)
	}
	if ours.Dirty != theirs.Dirty {
		t.Errorf("%.200q: %d changes, redis %d", args, ours.Dirty, theirs.Dirty)
	}
}

// TestSameAsRedis gives the same commands to us and to a redis-server, and demands the same replies, events, effects and
// counts of changes. Encodings are compared too, with listpacks turned off: redis-server 7.0 has none for sets.
func TestSameAsRedis(t *testing.T) {
	p := commandtest.NewPeer(t)
	for _, listpacks := range []bool{true, false} {
		s := session(t)
		s.Feed()
		p.Do("FLUSHALL")
		p.Observe("PING")
		if !listpacks {
			s.Env.Config.SetMaxListpackEntries = 0
		}
		for _, line := range fixed {
			same(t, p, s, strings.Split(line, " ")...)
		}
		seed := live.Seed(t)
		// From 7.2 on, SADD of more members than an encoding may hold passes it over, even if some are the same.
		g := generator{rand.New(rand.NewPCG(seed, 0)), listpacks}
		n := 10000
		if testing.Short() {
			n = 1500
		}
		for i := range n {
			if i%500 == 0 {
				limit := strconv.Itoa(4 + g.IntN(40))
				p.Do("CONFIG", "SET", "set-max-intset-entries", limit)
				s.Env.Config.SetMaxIntsetEntries, _ = strconv.ParseInt(limit, 10, 64)
			}
			same(t, p, s, g.command()...)
			if key := g.key(); !listpacks {
				p.SameEncoding(s, key)
			}
			if t.Failed() {
				break
			}
		}
		for _, key := range keys {
			same(t, p, s, "SMEMBERS", key)
		}
	}
}

// fixed are commands that chance would rarely make.
var fixed = []string{
	"SADD s 1 2 3", "SPOP none", "SPOP none 1", "SPOP s 0", "SPOP s -1", "SPOP s x", "SPOP s 1 2", "SPOP s 9223372036854775808",
	"SRANDMEMBER none", "SRANDMEMBER none 1", "SRANDMEMBER s 0", "SRANDMEMBER s 3", "SRANDMEMBER s 5", "SRANDMEMBER s x",
	"SRANDMEMBER s -9223372036854775808", "SRANDMEMBER s 1 2", "SMISMEMBER none a b", "SMISMEMBER s 1 a 3",
	"SINTERCARD 0", "SINTERCARD 0 s", "SINTERCARD x s", "SINTERCARD 2 s", "SINTERCARD 1 s LIMIT", "SINTERCARD 1 s LIMIT -1",
	"SINTERCARD 1 s LIMIT x", "SINTERCARD 1 s LIMIT 0", "SINTERCARD 1 s FOO 1", "SINTERCARD 1 s s", "SINTERCARD 1 none",
	"SINTERCARD 1 s LIMIT 1 limit 2", "SSCAN none 0", "SSCAN s 0", "SSCAN s 0 COUNT 0", "SSCAN s x", "SSCAN none x", "SSCAN none 0 FOO",
	"SSCAN s 0 FOO", "SSCAN s 0 MATCH [12]", "SSCAN s 0 COUNT x", "SSCAN s 0 TYPE set", "SET str v", "SADD str a", "SREM str a", "SISMEMBER str a",
	"SMISMEMBER str a", "SCARD str", "SMEMBERS str", "SPOP str", "SPOP str 1", "SPOP str x", "SRANDMEMBER str", "SRANDMEMBER str 1",
	"SRANDMEMBER str x", "SSCAN str 0", "SSCAN str x", "SMOVE none str m", "SMOVE str none m", "SMOVE s str m", "SMOVE s str 1",
	"SINTER none str", "SINTER str none", "SUNION none str", "SDIFF none str", "SINTERSTORE d none str", "SUNIONSTORE d s str",
	"SDIFFSTORE d s str", "SINTERCARD 2 none str", "SUNIONSTORE str s", "SUNIONSTORE str none", "SMOVE s s 1", "SMOVE s s 7",
	"EXPIRE s 1000", "SUNIONSTORE s s", "TTL s", "EXPIRE s 1000", "SADD s x", "SREM s x", "TTL s", "SINTERSTORE s s s", "TTL s", "SPOP s 100",
	"SADD s 1", "EXPIRE s 1000", "SPOP s", "SADD s 1", "COPY s t", "RENAME t u", "SMEMBERS u", "DEBUG DIGEST-VALUE s u", "SDIFFSTORE s s s",
	"DEL u", "SADD s -9223372036854775808 9223372036854775807 9223372036854775808 -0 00", "SISMEMBER s -9223372036854775808", "DEL s",
	"SADD s 1 1 2 1 2", "SREM s 1 1 3 2 9",
}

// generator makes random commands over a few keys.
type generator struct {
	*rand.Rand
	many bool // SADD of many members too
}

var keys = []string{"a", "b", "c", "d", "e", "a long name for a key, so that entries differ"}

func (g generator) key() string { return keys[g.IntN(len(keys))] }

func (g generator) member() string {
	switch g.IntN(12) {
	case 0:
		return strings.Repeat("m", g.IntN(80))
	case 1:
		return strconv.FormatInt(int64(g.Uint64())>>g.IntN(64), 10)
	case 2:
		return "m" + strconv.Itoa(g.IntN(30))
	}
	return strconv.Itoa(g.IntN(60) - 5)
}

func (g generator) some(make func() string, most int, args ...string) []string {
	for range 1 + g.IntN(most) {
		args = append(args, make())
	}
	return args
}

func (g generator) command() []string {
	k := g.key()
	switch g.IntN(22) {
	case 0, 1, 2, 3:
		most := 4
		if g.many && g.IntN(8) == 0 {
			most = 60
		}
		return g.some(g.member, most, "SADD", k)
	case 4, 5, 6:
		return g.some(g.member, 12, "SREM", k)
	case 7:
		return []string{"SISMEMBER", k, g.member()}
	case 8:
		return g.some(g.member, 5, "SMISMEMBER", k)
	case 9:
		return []string{"SCARD", k}
	case 10:
		return []string{"SMEMBERS", k}
	case 11, 12:
		return []string{"SMOVE", k, g.key(), g.member()}
	case 13:
		return []string{"SPOP", k, "1000"}
	case 14:
		return []string{"SRANDMEMBER", k, "1000"}
	case 15:
		return g.some(g.key, 3, []string{"SINTER", "SUNION", "SDIFF"}[g.IntN(3)])
	case 16, 17, 18:
		return g.some(g.key, 4, []string{"SINTERSTORE", "SUNIONSTORE", "SDIFFSTORE"}[g.IntN(3)], k)
	case 19:
		return []string{"SINTERCARD", "2", k, g.key(), "LIMIT", strconv.Itoa(g.IntN(5))}
	case 20:
		return [][]string{{"COPY", k, g.key(), "REPLACE"}, {"DEL", k}, {"EXPIRE", k, "1000"}, {"RENAME", k, g.key()}, {"DEBUG", "DIGEST-VALUE", k}}[g.IntN(5)]
	}
	return []string{"SSCAN", k, "0", "COUNT", "10000"}
}

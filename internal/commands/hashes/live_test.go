package hashes

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"

	"granary/internal/command/commandtest"
	"granary/tests/live"
)

// TestSameAsRedis gives the same commands to us and to a redis-server, and demands the same replies, events, effects,
// counts of changes and encodings.
func TestSameAsRedis(t *testing.T) {
	p := commandtest.NewPeer(t)
	s := commandtest.New(t, Register)
	s.Feed()
	// Small limits, so that all encodings and the ways between them are met. Redis 7.0 converts when a hash has become too
	// long, later versions (and we) when the arguments are too many: so pairs stay below the limit.
	const entries, longest = 12, 20
	p.Do("CONFIG", "SET", "hash-max-listpack-entries", strconv.Itoa(entries), "hash-max-listpack-value", strconv.Itoa(longest))
	s.Env.Config.HashMaxListpackEntries, s.Env.Config.HashMaxListpackValue = entries, longest
	for _, line := range fixed {
		p.Same(s, strings.Fields(line)...)
	}
	seed := live.Seed(t)
	g := generator{rand.New(rand.NewPCG(seed, 0))}
	n := 15000
	if testing.Short() {
		n = 2000
	}
	for i := range n {
		p.Same(s, g.command()...)
		if key := g.key(); i%8 == 0 {
			p.SameEncoding(s, key)
			sameFields(t, p, s, key)
		}
		if t.Failed() {
			break
		}
	}
}

// sameFields compares all fields of a hash, in any order.
func sameFields(t *testing.T, p *commandtest.Peer, s *commandtest.Session, key string) {
	t.Helper()
	theirs, ours := pairs(p.Observe("HGETALL", key).Reply), pairs(s.Do("HGETALL", key))
	if fmt.Sprint(theirs) != fmt.Sprint(ours) {
		t.Errorf("%q holds %q, redis %q", key, ours, theirs)
	}
	scanned := pairs(s.Do("HSCAN", key, "0", "COUNT", "1000"))
	if fmt.Sprint(scanned) != fmt.Sprint(ours) {
		t.Errorf("HSCAN of %q gives %q, HGETALL %q", key, scanned, ours)
	}
	s.Reset()
}

// pairs reads the bulk strings of a reply as fields and values.
func pairs(raw string) map[string]string {
	var texts []string
	lines := strings.Split(raw, "\r\n")
	for i, l := range lines {
		if strings.HasPrefix(l, "$") && i+1 < len(lines) {
			texts = append(texts, lines[i+1])
		}
	}
	if len(texts)%2 == 1 {
		texts = texts[1:] // the cursor
	}
	m := map[string]string{}
	for i := 0; i < len(texts); i += 2 {
		m[texts[i]] = texts[i+1]
	}
	return m
}

// fixed are commands that chance would rarely make.
var fixed = strings.Split(strings.TrimSpace(`
HSET h a
HSET h a 1 b
HMSET h a 1 b
HSET h a 1 b 2 a 3
HMGET h a b c a
HGETALL missing
HKEYS missing
HRANDFIELD missing
HRANDFIELD missing 5
HRANDFIELD missing 5 WITHVALUES
HRANDFIELD h 0
HRANDFIELD h x
HRANDFIELD h 1 foo
HRANDFIELD h 1 WITHVALUES foo
HRANDFIELD h -9223372036854775808
HRANDFIELD h 9223372036854775808
HRANDFIELD h -9223372036854775807 WITHVALUES
HRANDFIELD h 4611686018427387904 WITHVALUES
HSCAN missing x
HSCAN missing 0 COUNT 0
HSCAN h x
HSCAN h 0 COUNT 0
HSCAN h 0 COUNT x
HSCAN h 0 foo
HSCAN h 0 MATCH
HSCAN h 0 MATCH nothing
HSCAN h 0 MATCH a COUNT 1
HSCAN h 12345
HSCAN h 0 TYPE hash
HINCRBY h a x
HINCRBY h a 9223372036854775807
HINCRBY h a -5
HINCRBY h a 5
HINCRBY h n -9223372036854775808
HINCRBY h n -1
HINCRBYFLOAT h a inf
HINCRBYFLOAT h a nan
HINCRBYFLOAT h a -inf
HINCRBYFLOAT h a 1x
HINCRBYFLOAT h f 10.5
HINCRBYFLOAT h f 0.1
HINCRBYFLOAT h f 5.0e3
HINCRBYFLOAT h f 200
HSET h text word
HINCRBY h text 1
HINCRBYFLOAT h text 1
HSET h blank
HSETNX h new 1
HSETNX h new 2
HSETNX other new 1
HDEL other new
HDEL h
HDEL h nothing
HDEL h a b n f text new text
HGET h a
HLEN h
`), "\n")

type generator struct{ *rand.Rand }

func (g *generator) key() string { return "k" + strconv.Itoa(g.IntN(4)) }

func (g *generator) field() string {
	switch g.IntN(12) {
	case 0:
		return strconv.Itoa(g.IntN(6))
	case 1:
		return strings.Repeat("F", 19+g.IntN(3))
	default:
		return "f" + strconv.Itoa(g.IntN(20))
	}
}

func (g *generator) value() string {
	switch g.IntN(8) {
	case 0:
		return strings.Repeat("v", 18+g.IntN(4))
	case 1:
		return ""
	case 2:
		return strconv.FormatInt(int64(g.Uint64())>>g.IntN(64), 10)
	case 3:
		return strconv.FormatFloat(g.Float64()*100, 'g', 6, 64)
	default:
		return strconv.Itoa(g.IntN(200) - 50)
	}
}

func (g *generator) command() []string {
	k, f := g.key(), g.field()
	switch g.IntN(20) {
	case 0, 1, 2:
		return []string{"HSET", k, f, g.value()}
	case 3, 4:
		args := []string{"HSET", k}
		for range 1 + g.IntN(4) {
			args = append(args, g.field(), g.value())
		}
		return args
	case 5:
		return []string{"HMSET", k, f, g.value(), g.field(), g.value()}
	case 6:
		return []string{"HSETNX", k, f, g.value()}
	case 7:
		return []string{"HGET", k, f}
	case 8:
		return []string{"HMGET", k, f, g.field(), g.field()}
	case 9:
		return []string{"HLEN", k}
	case 10:
		return []string{"HSTRLEN", k, f}
	case 11:
		return []string{"HEXISTS", k, f}
	case 12, 13:
		return []string{"HINCRBY", k, f, strconv.Itoa(g.IntN(100) - 50)}
	case 14, 15:
		return []string{"HINCRBYFLOAT", k, f, g.value()}
	case 16:
		return []string{"HDEL", k, f, g.field(), g.field(), g.field(), g.field(), g.field(), g.field()}
	default:
		return []string{"HDEL", k, f, g.field()}
	}
}

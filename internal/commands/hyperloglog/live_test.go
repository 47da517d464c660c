package hyperloglog

import (
	"math/rand/v2"
	"strconv"
	gostrings "strings"
	"testing"

	"granary/internal/command/commandtest"
	"granary/internal/commands/strings"
	"granary/tests/live"
)

// TestSameAsRedis gives the same commands to us and to a redis-server, and demands the same replies, events, effects,
// counts of changes, and values byte for byte.
func TestSameAsRedis(t *testing.T) {
	p := commandtest.NewPeer(t)
	s := commandtest.New(t, Register, strings.Register)
	s.Feed()
	for _, line := range fixed {
		p.Same(s, line...)
	}
	seed := live.Seed(t)
	g := generator{rand.New(rand.NewPCG(seed, 0))}
	n := 12000
	if testing.Short() {
		n = 1500
	}
	for i := range n {
		switch i {
		case n / 3:
			limit(p, s, 300)
		case 2 * n / 3:
			limit(p, s, 0)
		}
		p.Same(s, g.command()...)
		if i%4 == 0 {
			key := g.key()
			p.SameEncoding(s, key)
			p.Same(s, "GET", key)
		}
		if t.Failed() {
			break
		}
	}
}

// limit sets hll-sparse-max-bytes on both sides.
func limit(p *commandtest.Peer, s *commandtest.Session, n int64) {
	p.Do("CONFIG", "SET", "hll-sparse-max-bytes", strconv.FormatInt(n, 10))
	s.Env.Config.HLLSparseMaxBytes = n
}

const (
	head  = "HYLL\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00" // sparse, nothing counted
	stale = "HYLL\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x80"
)

// fixed are commands that chance would rarely make.
var fixed = [][]string{
	{"PFADD"},
	{"PFCOUNT"},
	{"PFMERGE"},
	{"PFDEBUG"},
	{"PFDEBUG", "GETREG"},
	{"PFDEBUG", "GETREG", "k", "x"},
	{"PFSELFTEST", "x"},
	{"PFCOUNT", "new"},
	{"PFCOUNT", "new", "newer"},
	{"PFADD", "new"},
	{"PFADD", "new"},
	{"GET", "new"},
	{"PFADD", "new", ""},
	{"PFADD", "new", ""},
	{"GET", "new"},
	{"PFCOUNT", "new"},
	{"GET", "new"},
	{"PFCOUNT", "new"},
	{"PFADD", "new", "a", "b", "a", "c"},
	{"PFDEBUG", "DECODE", "new"},
	{"PFDEBUG", "encoding", "new"},
	{"PFDEBUG", "FOO", "new"},
	{"PFDEBUG", "FO\x00O", "new"},
	{"PFDEBUG", "FOO", "none"},
	{"PFDEBUG", "GETREG", "new"},
	{"PFDEBUG", "GETREG", "new"},
	{"PFDEBUG", "DECODE", "new"},
	{"PFDEBUG", "encoding", "new"},
	{"PFDEBUG", "TODENSE", "new"},
	{"PFMERGE", "made"},
	{"GET", "made"},
	{"PFDEBUG", "TODENSE", "made"},
	{"GET", "made"},
	{"PFMERGE", "made", "none", "none"},
	{"PFMERGE", "made", "new"},
	{"GET", "made"},
	{"SET", "text", "hello"},
	{"PFADD", "text", "a"},
	{"PFADD", "text"},
	{"PFCOUNT", "text"},
	{"PFCOUNT", "new", "text"},
	{"PFMERGE", "text", "new"},
	{"PFMERGE", "new", "text"},
	{"PFDEBUG", "FOO", "text"},
	{"SET", "num", "12345678901234567"},
	{"PFADD", "num", "a"},
	{"PFCOUNT", "num"},
	{"PFDEBUG", "ENCODING", "num"},
	// A value that arrives as a plain string is embstr until a command takes it for a HyperLogLog.
	{"SET", "given", head + "\x7f\xff"},
	{"PFCOUNT", "given"},
	{"SET", "given", stale + "\x7f\xff"},
	{"PFCOUNT", "given"},
	{"SET", "given", head + "\x7f\xff", "EX", "100"},
	{"PFADD", "given", "a"},
	{"GETEX", "given", "PERSIST"},
	// Broken headers.
	{"SET", "bad", head[:15]},
	{"PFCOUNT", "bad"},
	{"SET", "bad", "HYLX" + head[4:] + "\x7f\xff"},
	{"PFCOUNT", "bad"},
	{"SET", "bad", "HYLL\x02" + head[5:] + "\x7f\xff"},
	{"PFCOUNT", "bad"},
	{"SET", "bad", "HYLL\x00" + head[5:] + "\x7f\xff"},
	{"PFCOUNT", "bad"},
	{"PFADD", "bad", "a"},
	// Broken runs: none, too few, too many, cut short.
	{"SET", "bad", stale},
	{"PFCOUNT", "bad"},
	{"PFADD", "bad", "a"},
	{"PFADD", "bad"},
	{"PFCOUNT", "bad", "new"},
	{"PFMERGE", "d", "bad"},
	{"PFMERGE", "bad"},
	{"PFDEBUG", "TODENSE", "bad"},
	{"PFDEBUG", "GETREG", "bad"},
	{"PFDEBUG", "ENCODING", "bad"},
	{"SET", "bad", stale + "\x40\x00"},
	{"PFCOUNT", "bad"},
	{"PFADD", "bad", "a"},
	{"PFMERGE", "d", "new", "bad"},
	{"PFDEBUG", "TODENSE", "bad"},
	{"SET", "bad", stale + "\x7f\xff\x00"},
	{"PFCOUNT", "bad"},
	{"PFCOUNT", "bad", "new"},
	{"PFMERGE", "d", "bad"},
	{"PFDEBUG", "GETREG", "bad"},
	{"SET", "bad", stale + "\x7f"},
	{"PFCOUNT", "bad"},
	{"SET", "bad", head + "\x40\x00"},
	{"PFCOUNT", "bad"},
	{"PFCOUNT", "bad", "bad"},
}

// generator makes random commands over a few keys.
type generator struct{ *rand.Rand }

func (g generator) key() string { return "h" + strconv.Itoa(g.IntN(5)) }

func (g generator) command() []string {
	switch g.IntN(20) {
	case 0:
		return []string{"PFCOUNT", g.key(), g.key(), g.key()}
	case 1:
		args := []string{"PFMERGE", g.key()}
		for range g.IntN(4) {
			args = append(args, g.key())
		}
		return args
	case 2:
		return []string{"GETDEL", g.key()}
	case 3:
		return []string{"PFDEBUG", "decode", g.key()}
	case 4:
		return []string{"PFDEBUG", "encoding", g.key()}
	case 5:
		if g.IntN(10) == 0 {
			return []string{"PFDEBUG", []string{"todense", "getreg"}[g.IntN(2)], g.key()}
		}
		return []string{"PFCOUNT", g.key()}
	case 6:
		return []string{"GETEX", g.key(), "EX", "10000"}
	case 7:
		if g.IntN(4) == 0 {
			return []string{"SET", g.key(), stale + gostrings.Repeat("\x3f", 256)}
		}
		return []string{"PFCOUNT", g.key()}
	case 8, 9, 10:
		return []string{"PFCOUNT", g.key()}
	}
	args := []string{"PFADD", g.key()}
	most := 4
	if g.IntN(10) == 0 {
		most = 400
	}
	for range g.IntN(most) {
		args = append(args, strconv.Itoa(g.IntN(20000)))
	}
	return args
}

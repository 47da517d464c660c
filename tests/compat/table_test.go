package compat

import (
	"slices"
	"strings"
	"testing"

	"granary/tests/live"
)

// startBoth starts the two servers and a connection to each.
func startBoth(t *testing.T) *pair {
	t.Helper()
	granary, err := live.GranaryPath()
	if err != nil {
		t.Fatal(err)
	}
	p := &pair{paths: []string{live.NeedRedis(t), granary}}
	t.Cleanup(p.stop)
	if err := p.start(); err != nil {
		t.Fatal(err)
	}
	for i, s := range p.servers[:len(p.paths)] {
		if p.conns[i], err = s.Dial(); err != nil {
			t.Fatal(err)
		}
	}
	return p
}

func (p *pair) ask(t *testing.T, args ...string) (r [2]live.Reply) {
	t.Helper()
	for i, c := range p.conns[:len(p.paths)] {
		var err error
		if r[i], err = c.Do(args...); err != nil {
			t.Fatalf("%s: %v: %v\n%s", sides[i], args, err, p.servers[i].Log())
		}
	}
	return r
}

// infoDifferences are fields of COMMAND INFO that differ on purpose: command, field, reason.
var infoDifferences = [][3]string{
	{"wait", "flags", "as in Redis 7.2: scripts may call it"},
	{"wait", "categories", "as its flags"},
	{"zrank", "arity", "WITHSCORE is Redis 7.2"},
	{"zrevrank", "arity", "WITHSCORE is Redis 7.2"},
}

// TestCommandInfo compares the command table with the real server's: every command and subcommand that both have.
func TestCommandInfo(t *testing.T) {
	p := startBoth(t)
	names := p.ask(t, "COMMAND", "LIST")
	real := map[string]bool{}
	for _, e := range names[0].Elems {
		real[e.Str] = true
	}
	for _, e := range names[1].Elems {
		if !real[e.Str] {
			t.Logf("%s: not a command of the real server", e.Str)
			continue
		}
		r := p.ask(t, "COMMAND", "INFO", e.Str)
		compareInfo(t, e.Str, r[0].Elems[0], r[1].Elems[0])
	}
}

var infoFields = []string{"name", "arity", "flags", "first key", "last key", "step", "categories", "tips", "key specs", "subcommands"}

func compareInfo(t *testing.T, name string, redis, granary live.Reply) {
	t.Helper()
	for i, field := range infoFields {
		if i >= len(redis.Elems) || i >= len(granary.Elems) {
			t.Errorf("%s: COMMAND INFO has %d fields, the real server's %d", name, len(granary.Elems), len(redis.Elems))
			return
		}
		if slices.ContainsFunc(infoDifferences, func(d [3]string) bool { return d[0] == name && d[1] == field }) {
			continue
		}
		a, b := redis.Elems[i], granary.Elems[i]
		if field == "subcommands" {
			for _, sub := range b.Elems {
				if k := slices.IndexFunc(a.Elems, func(r live.Reply) bool { return r.Elems[0].Str == sub.Elems[0].Str }); k >= 0 {
					compareInfo(t, sub.Elems[0].Str, a.Elems[k], sub)
				}
			}
			continue
		}
		if a.Sorted().String() != b.Sorted().String() {
			t.Errorf("%s: %s\nredis:   %sgranary: %s", name, field, a, b)
		}
	}
}

// notSwept are commands whose calls end the connection, the server, or the replies, or that answer several times.
var notSwept = []string{"subscribe", "unsubscribe", "psubscribe", "punsubscribe", "ssubscribe", "sunsubscribe", "multi", "shutdown", "monitor", "quit", "debug", "sync", "psync", "failover", "replicaof", "slaveof", "lolwut", "time", "info", "role", "hello", "randomkey", "command", "save", "bgsave", "bgrewriteaof"}

// TestArity calls every command that both have with none to six meaningless arguments and compares the errors.
func TestArity(t *testing.T) {
	p := startBoth(t)
	names := p.ask(t, "COMMAND", "LIST")
	real := map[string]bool{}
	for _, e := range names[0].Elems {
		real[e.Str] = true
	}
	for _, e := range names[1].Elems {
		if !real[e.Str] || slices.Contains(notSwept, e.Str) {
			continue
		}
		for n := range 7 {
			for _, word := range []string{"x", "1", ""} {
				args := strings.Split(e.Str, "|")
				for range n {
					args = append(args, word)
				}
				p.ask(t, "FLUSHALL")
				r := p.ask(t, args...)
				for again := 0; again < 3 && strings.HasPrefix(r[0].Str, "ERR TESTFAILED"); again++ {
					r = p.ask(t, args...) // PFSELFTEST adds random elements, and the real server's fails by chance
				}
				if r[0].Kind != '-' && r[1].Kind != '-' {
					continue // success is for the histories
				}
				if r[0].String() != r[1].String() && !known(args, r[0], r[1], nil) {
					t.Errorf("> %s\nredis:   %sgranary: %s", live.FormatCommand(args), r[0], r[1])
				}
			}
		}
	}
}

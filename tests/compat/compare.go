package compat

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"granary/tests/live"
)

// knownDifference explains a reply of Granary that differs from redis-server's on purpose.
type knownDifference struct {
	reason string
	match  func(args []string, redis, granary live.Reply) bool
}

var knownDifferences = []knownDifference{
	{
		"OBJECT REFCOUNT tells the true number of references to a shared integer",
		func(args []string, redis, granary live.Reply) bool {
			// Redis answers 2147483647 for all of them, and 1 for a COPY, which it does not share.
			return is(args, "OBJECT", "REFCOUNT") && (redis.Str == "2147483647" || redis.Str == "1") && granary.Kind == ':'
		},
	},
	{
		"Valkey takes a BITCOUNT with a start alone, and so does Granary",
		func(args []string, redis, _ live.Reply) bool {
			return is(args, "BITCOUNT") && len(args) == 3 && redis.Str == "ERR syntax error"
		},
	},
	{
		"Redis before 7.2 answers for a missing key, or one of another type, before it looks at the range; Granary complains first, as later versions do",
		func(args []string, redis, granary live.Reply) bool {
			return (is(args, "BITCOUNT") || is(args, "BITPOS")) && granary.Kind == '-' &&
				(redis.Kind == ':' || strings.HasPrefix(redis.Str, "WRONGTYPE"))
		},
	},
	{
		"Granary checks the number of arguments of a subcommand in one place, by its arity",
		func(_ []string, redis, granary live.Reply) bool {
			return strings.HasPrefix(granary.Str, "ERR wrong number of arguments for '") &&
				strings.HasPrefix(redis.Str, "ERR unknown subcommand or wrong number of arguments for '")
		},
	},
	{
		"scores are written with as few digits as read back alike since Redis 7.2",
		sameScores,
	},
	{
		// Encodings without SORT are compared in internal/commands/zsets.
		"SORT makes a sorted set a large one in Redis; Granary only reads it",
		func(args []string, redis, granary live.Reply) bool {
			return is(args, "OBJECT", "ENCODING") && redis.Str == "skiplist" && granary.Str == "listpack"
		},
	},
	{
		"ZRANK and ZREVRANK take WITHSCORE since Redis 7.2",
		func(args []string, redis, granary live.Reply) bool {
			return (is(args, "ZRANK") || is(args, "ZREVRANK")) && strings.HasPrefix(redis.Str, "ERR wrong number of arguments") && granary.Str == "ERR syntax error"
		},
	},
	{
		"lists are listpacks while they are small since Redis 7.2",
		func(args []string, redis, granary live.Reply) bool {
			return is(args, "OBJECT", "ENCODING") && redis.Str == "quicklist" && granary.Str == "listpack"
		},
	},
	{
		"small sets are listpacks since Redis 7.2",
		func(args []string, redis, granary live.Reply) bool {
			return is(args, "OBJECT", "ENCODING") && redis.Str == "hashtable" && granary.Str == "listpack"
		},
	},
	{
		"what a group has read, and its lag, are counted by the rules of Redis 7.4 where entries were deleted or trimmed away",
		sameBesideProgress,
	},
	{
		"after a weight that was out of range, Redis takes every weight for one until something else fails",
		func(args []string, redis, granary live.Reply) bool {
			return (is(args, "SORT") || is(args, "SORT_RO")) && strings.Contains(redis.Str, "can't be converted into double") && granary.Kind != '-'
		},
	},
}

// is reports whether args begin with these words, in any case.
func is(args []string, words ...string) bool {
	if len(args) < len(words) {
		return false
	}
	for i, w := range words {
		if !strings.EqualFold(args[i], w) {
			return false
		}
	}
	return true
}

func known(args []string, redis, granary live.Reply) bool {
	for _, d := range knownDifferences {
		if d.match(args, redis, granary) {
			return true
		}
	}
	return false
}

// pair is the two servers under comparison. A server that died is started again by the next history.
type pair struct {
	paths   [2]string // redis, granary
	servers [2]*live.Server
	conns   [2]*live.Conn
	audit   bool // Granary has MEMORY AUDIT
}

var sides = [2]string{"redis", "granary"}

func (p *pair) start() error {
	for i, path := range p.paths {
		if s := p.servers[i]; s != nil && s.Alive() {
			continue
		}
		s, err := live.Start(sides[i], path)
		if err != nil {
			return err
		}
		p.servers[i] = s
	}
	return nil
}

func (p *pair) stop() {
	p.hangUp()
	for i, s := range p.servers {
		if s != nil {
			s.Stop()
			p.servers[i] = nil
		}
	}
}

func (p *pair) hangUp() {
	for i, c := range p.conns {
		if c != nil {
			c.Close()
			p.conns[i] = nil
		}
	}
}

// difference is where two servers disagree.
type difference struct {
	at      int      // index of the command, or the history's length for the data set after it
	args    []string // the command whose replies differ
	replies [2]string
}

func (d *difference) String() string {
	return fmt.Sprintf("> %s\nredis:   %sgranary: %s", live.FormatCommand(d.args), d.replies[0], d.replies[1])
}

// run sends one history to both servers, on empty data and new connections, and returns the first difference.
func (p *pair) run(history []command, proto int) (*difference, error) {
	if err := p.start(); err != nil {
		return nil, err
	}
	p.hangUp()
	defer p.hangUp()
	for i, s := range p.servers {
		c, err := s.Dial()
		if err != nil {
			return nil, err
		}
		p.conns[i] = c
		for _, args := range [][]string{{"FLUSHALL"}, {"HELLO", strconv.Itoa(proto)}} {
			r, err := c.Do(args...)
			if err == nil && r.Kind == '-' {
				err = errors.New(r.Str)
			}
			if err != nil {
				return nil, fmt.Errorf("%s: %v: %w", s.Name, args, err)
			}
		}
	}
	const batch = 400
	for from := 0; from < len(history); from += batch {
		d, err := p.batch(history[from:min(from+batch, len(history))])
		if err != nil {
			return nil, err
		}
		if d != nil {
			d.at += from
			return d, nil
		}
	}
	d, err := p.compareData()
	if d != nil {
		d.at = len(history)
	}
	return d, err
}

// batch sends commands in one write to both servers and compares the replies.
func (p *pair) batch(commands []command) (*difference, error) {
	n := 0
	for _, c := range commands {
		n += len(c.raw)
	}
	out := make([]byte, 0, n)
	for _, c := range commands {
		out = append(out, c.raw...)
	}
	for _, c := range p.conns {
		// A writer of its own: a server may stop reading while nobody takes its replies.
		go c.Write(out)
	}
	var raw [2][]byte
	for at, c := range commands {
		for i, conn := range p.conns {
			var err error
			if raw[i], err = conn.ReadRaw(raw[i][:0]); err != nil {
				text := fmt.Sprintf("(%v)\n%s", err, p.servers[i].Log())
				d := &difference{at: at, args: c.args()}
				d.replies[i] = text
				return d, nil
			}
		}
		if bytes.Equal(raw[0], raw[1]) {
			continue
		}
		d, err := compare(c, raw)
		if err != nil {
			return nil, err
		}
		if d != nil {
			d.at = at
			return d, nil
		}
	}
	return nil, nil
}

// compare looks at two replies whose bytes differ.
func compare(c command, raw [2][]byte) (*difference, error) {
	var r [2]live.Reply
	for i := range raw {
		var err error
		if r[i], err = live.Parse(raw[i]); err != nil {
			return nil, fmt.Errorf("%s: %w", sides[i], err)
		}
	}
	if alike(c.by, r) {
		return nil, nil
	}
	args := c.args()
	if known(args, r[0], r[1]) {
		return nil, nil
	}
	return &difference{args: args, replies: [2]string{r[0].String(), r[1].String()}}, nil
}

func alike(by compareBy, r [2]live.Reply) bool {
	switch by {
	case sorted:
		return r[0].Sorted().String() == r[1].Sorted().String()
	case sameKind:
		return r[0].Kind == r[1].Kind && r[0].Null == r[1].Null && (r[0].Kind != '-' || r[0].Str == r[1].Str)
	case nearSec, nearMilli:
		if r[0].Kind != ':' || r[1].Kind != ':' {
			return false
		}
		a, _ := strconv.ParseInt(r[0].Str, 10, 64)
		b, _ := strconv.ParseInt(r[1].Str, 10, 64)
		near := int64(15)
		if by == nearMilli {
			near *= 1000
		}
		return a >= 0 && b >= 0 && a-b <= near && b-a <= near
	}
	return false
}

// compareData compares the whole data set: in every database that histories use, the names of the keys, and of every
// key its type, encoding, expiry and value.
func (p *pair) compareData() (*difference, error) {
	for _, db := range []string{"0", "1", "2", "3", "15"} {
		ask := []command{newCommand(exact, "SELECT", db), newCommand(exact, "DBSIZE"), newCommand(sorted, "KEYS", "*")}
		if d, err := p.batch(ask); d != nil || err != nil {
			return d, err
		}
		names, err := p.conns[0].Do("KEYS", "*")
		if err != nil {
			return nil, err
		}
		ask = ask[:0]
		for _, k := range names.Elems {
			typ, err := p.conns[0].Do("TYPE", k.Str)
			if err != nil {
				return nil, err
			}
			v, ok := valueCommands[typ.Str]
			if !ok {
				return nil, fmt.Errorf("no command reads a value of type %q", typ.Str)
			}
			words := make([]string, len(v.words))
			for i, w := range v.words {
				words[i] = strings.ReplaceAll(w, "KEY", k.Str)
			}
			ask = append(ask, newCommand(exact, "TYPE", k.Str), newCommand(exact, "OBJECT", "ENCODING", k.Str),
				newCommand(nearMilli, "PEXPIRETIME", k.Str), newCommand(v.by, words...))
		}
		if d, err := p.batch(ask); d != nil || err != nil {
			return d, err
		}
	}
	if p.audit {
		return p.checkAudit()
	}
	return nil, nil
}

// checkAudit lets Granary walk its data and compare what it finds with its books.
func (p *pair) checkAudit() (*difference, error) {
	r, err := p.conns[1].Do("MEMORY", "AUDIT")
	if err != nil {
		return nil, err
	}
	for i := 0; i+1 < len(r.Elems); i += 2 {
		if name := r.Elems[i].Str; (name == "difference" || name == "uncounted.keys") && r.Elems[i+1].Str != "0" {
			return &difference{args: []string{"MEMORY", "AUDIT"}, replies: [2]string{"(the books are right)\n", r.String()}}, nil
		}
	}
	return nil, nil
}

func newCommand(by compareBy, args ...string) command {
	return command{live.AppendCommand(nil, args...), by}
}

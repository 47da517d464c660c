package compat

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"granary/tests/live"
)

// knownDifference explains a reply of Granary that differs from redis-server's on purpose.
type knownDifference struct {
	reason string
	match  func(args []string, redis, granary live.Reply) bool
	when   func(f *facts) bool // what must have happened; nil: nothing
}

var knownDifferences = []knownDifference{
	{
		"OBJECT REFCOUNT tells the true number of references to a shared integer",
		func(args []string, redis, granary live.Reply) bool {
			// Redis answers 2147483647 for all of them, and 1 for a COPY, which it does not share.
			return is(args, "OBJECT", "REFCOUNT") && (redis.Str == "2147483647" || redis.Str == "1") && granary.Kind == ':'
		}, nil,
	},
	{
		"Valkey takes a BITCOUNT with a start alone, and so does Granary",
		func(args []string, redis, _ live.Reply) bool {
			return is(args, "BITCOUNT") && len(args) == 3 && redis.Str == "ERR syntax error"
		}, nil,
	},
	{
		"Redis before 7.2 answers for a missing key, or one of another type, before it looks at the range; Granary complains first, as later versions do",
		func(args []string, redis, granary live.Reply) bool {
			return (is(args, "BITCOUNT") || is(args, "BITPOS")) && granary.Kind == '-' &&
				(redis.Kind == ':' || strings.HasPrefix(redis.Str, "WRONGTYPE"))
		}, nil,
	},
	{
		"scores are written with as few digits as read back alike since Redis 7.2",
		sameScores, nil,
	},
	{
		"ZRANK and ZREVRANK take WITHSCORE since Redis 7.2",
		func(args []string, redis, granary live.Reply) bool {
			return (is(args, "ZRANK") || is(args, "ZREVRANK")) && strings.HasPrefix(redis.Str, "ERR wrong number of arguments") && granary.Str == "ERR syntax error"
		}, nil,
	},
	{
		"XREAD takes the ID + since Redis 7.4, and XREADGROUP says why it does not",
		func(args []string, redis, granary live.Reply) bool {
			return (is(args, "XREAD") || is(args, "XREADGROUP") && strings.HasPrefix(granary.Str, "ERR The + ID is meaningless")) &&
				slices.Contains(args, "+") && redis.Str == "ERR Invalid stream ID specified as stream command argument"
		}, nil,
	},
	{
		"XREAD and XREADGROUP each have an error of their own for keys without IDs since Redis 7.2",
		func(args []string, redis, granary live.Reply) bool {
			return strings.HasPrefix(redis.Str, "ERR Unbalanced XREAD list of streams") &&
				strings.HasPrefix(granary.Str, "ERR Unbalanced '"+strings.ToLower(args[0])+"' list of streams")
		}, nil,
	},
	{
		"a consumer is made when it asks since Redis 7.2, not with its first entry: it may exist already",
		func(args []string, redis, granary live.Reply) bool {
			return is(args, "XGROUP", "CREATECONSUMER") && redis.Kind == ':' && redis.Str == "1" && granary.Str == "0"
		}, nil,
	},
	{
		"what a group has read, and its lag, are counted by the rules of Redis 7.4 where entries were deleted or trimmed away",
		sameBeside("entries-read", "lag"),
		func(f *facts) bool { return f.shortened },
	},
	{
		"a node of a stream that marked entries were freed of has room again for as many, once those behind it are gone",
		sameBeside("entries-read", "lag", "radix-tree-keys", "radix-tree-nodes"),
		func(f *facts) bool { return f.shortened && f.reclaimed },
	},
	{
		"PFDEBUG DECODE prints what it finds in a HyperLogLog that is malformed",
		func(args []string, redis, granary live.Reply) bool {
			return is(args, "PFDEBUG", "DECODE") && redis.Kind == '$' && strings.HasPrefix(granary.Str, "INVALIDOBJ ")
		}, nil,
	},
	{
		"SORT ALPHA compares up to the first zero byte in Redis, and all bytes here",
		func(args []string, redis, granary live.Reply) bool {
			return (is(args, "SORT") || is(args, "SORT_RO")) && strings.Contains(redis.String(), `\x00`) &&
				redis.Sorted().String() == granary.Sorted().String()
		}, nil,
	},
	{
		"XSETID to an ID below what was deleted: the one of two errors that is found first",
		func(args []string, redis, granary live.Reply) bool {
			return is(args, "XSETID") && redis.Str == "ERR The ID specified in XSETID is smaller than the target stream top item" &&
				granary.Str == "ERR The ID specified in XSETID is smaller than current max_deleted_entry_id"
		}, nil,
	},
	{
		"a timeout that is too long is out of range, not negative, since Redis 7.2",
		func(args []string, redis, granary live.Reply) bool {
			return redis.Str == "ERR timeout is negative" && granary.Str == "ERR timeout is out of range"
		}, nil,
	},
	{
		"after a weight that was out of range, Redis takes every weight for one until something else fails",
		func(args []string, redis, granary live.Reply) bool {
			return (is(args, "SORT") || is(args, "SORT_RO")) && strings.Contains(redis.Str, "can't be converted into double") && granary.Kind != '-'
		}, nil,
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

func known(args []string, redis, granary live.Reply, f *facts) bool {
	for _, d := range knownDifferences {
		if d.match(args, redis, granary) && (d.when == nil || f == nil || d.when(f)) {
			return true
		}
	}
	return false
}

// pair is the two servers under comparison. A server that died is started again by the next history.
type pair struct {
	paths   []string // redis, granary, and perhaps a newer server, whose encodings are compared too
	servers [3]*live.Server
	conns   [3]*live.Conn
	audit   bool // Granary has MEMORY AUDIT
	defrag  bool // and DEBUG DEFRAG
	dead    bool // and DEBUG DEAD
	stir    bool // compaction goes on during the history
	reclaim bool // what is dead is freed during the history

	history []command // the one that runs
	at      int       // the index in it of the first command of the batch
	facts   facts
	cut     int // commands that were not compared, because their history ended early
}

var sides = [3]string{"redis", "granary", "newer"}

func (p *pair) start() error {
	for i, path := range p.paths {
		if s := p.servers[i]; s != nil && s.Alive() {
			continue
		}
		// A Redis that waits wakes up for what is due as often as its timer says.
		s, err := live.Start(sides[i], path, "--hz", "500")
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

// errHalfDone ends a history without a finding: redis-server may have added some of the elements of a PFADD that it
// answered with an error, and Granary has added none; or one of them has refused a command of a transaction, which will
// fail as a whole. Nothing after it can be compared.
var errHalfDone = errors.New("a command that has an effect on one side only")

// run sends one history to both servers, on empty data and new connections, and returns the first difference.
func (p *pair) run(history []command, proto int) (*difference, error) {
	if err := p.start(); err != nil {
		return nil, err
	}
	p.hangUp()
	defer p.hangUp()
	p.history, p.at = history, 0
	p.facts.reset(p.reclaim)
	for i, s := range p.servers[:len(p.paths)] {
		c, err := s.Dial()
		if err != nil {
			return nil, err
		}
		c.Timeout = 5 * time.Second
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
	if err := p.always(); err != nil {
		return nil, err
	}
	if d, err := p.batch(usualLimits()); d != nil || err != nil {
		return d, err
	}
	const batch = 400
	for from := 0; from < len(history); from += batch {
		p.at = from
		d, err := p.batch(history[from:min(from+batch, len(history))])
		if errors.Is(err, errHalfDone) {
			p.cut += len(history) - from
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		if d != nil {
			d.at += from
			return d, nil
		}
	}
	p.at = len(history)
	// Exchanged twice, each server has its own values back, as the other has read and written them.
	for _, step := range []func() (*difference, error){p.compareData, p.exchange, p.exchange, p.compareData} {
		d, err := step()
		if d != nil {
			d.at = len(history)
		}
		if d != nil || err != nil {
			return d, err
		}
	}
	return nil, nil
}

// defragUnits is how many units of compaction Granary does before every command of a history with compaction: it moves
// everything it can, so that whatever still refers to where something was is found.
const defragUnits = "7"

// always has compaction, and freeing what is dead, go on all the time in every other history each, by its seed. A server
// without them is left alone.
func (p *pair) always() error {
	for _, x := range []struct {
		has, on    bool
		what, much string
	}{{p.defrag, p.stir, "DEFRAG", defragUnits}, {p.dead, p.reclaim, "DEAD", deadSteps}} {
		if !x.has {
			continue
		}
		if !x.on {
			x.much = "0"
		}
		r, err := p.conns[1].Do("DEBUG", x.what, "ALWAYS", x.much)
		if err == nil && r.Kind == '-' {
			err = errors.New(r.Str)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// deadSteps is how many steps of a walk Granary does before every command that frees all room that nobody needs.
const deadSteps = "9"

// batch sends commands in one write to every server and compares the replies.
func (p *pair) batch(commands []command) (*difference, error) {
	for i, c := range p.conns[:len(p.paths)] {
		// A writer of its own: a server may stop reading while nobody takes its replies.
		go c.Write(request(commands, i))
	}
	var raw, typ [3][]byte
	for at, c := range commands {
		for i, conn := range p.conns[:len(p.paths)] {
			if i == redisSide && c.by == notRedis {
				continue
			}
			var err error
			if c.typ != nil {
				typ[i], err = conn.ReadRaw(typ[i][:0])
			}
			if err == nil {
				raw[i], err = conn.ReadRaw(raw[i][:0])
			}
			if err != nil {
				text := fmt.Sprintf("(%v)\n%s", err, p.servers[i].Log())
				d := &difference{at: at, args: c.args()}
				d.replies[min(i, 1)] = text
				return d, nil
			}
		}
		if bytes.HasPrefix(raw[redisSide], []byte("-INVALIDOBJ")) && is(c.args(), "PFADD") {
			return nil, errHalfDone
		}
		if bytes.HasPrefix(raw[redisSide], []byte("-ERR wrong number")) && bytes.HasPrefix(raw[1], []byte("+QUEUED")) &&
			(is(c.args(), "ZRANK") || is(c.args(), "ZREVRANK")) {
			return nil, errHalfDone // ZRANK takes WITHSCORE since Redis 7.2: one transaction fails, the other does not
		}
		d, err := p.compare(c, at, raw, typ)
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

const redisSide = 0

// request joins the commands for one server.
func request(commands []command, side int) []byte {
	n := 0
	for _, c := range commands {
		n += len(c.raw) + len(c.typ)
	}
	out := make([]byte, 0, n)
	for _, c := range commands {
		if side != redisSide || c.by != notRedis {
			out = append(append(out, c.typ...), c.raw...)
		}
	}
	return out
}

// compare looks at the replies to the command at this place of the batch.
func (p *pair) compare(c command, at int, raw, typ [3][]byte) (*difference, error) {
	if c.by == notRedis {
		raw[redisSide] = []byte("+OK\r\n")
	}
	newer := (c.typ != nil || c.by == times) && len(p.paths) > 2
	if bytes.Equal(raw[0], raw[1]) && !newer {
		return nil, nil
	}
	var r [3]live.Reply
	for i := range p.paths {
		if i == 2 && !newer {
			break
		}
		var err error
		if r[i], err = live.Parse(raw[i]); err != nil {
			return nil, fmt.Errorf("%s: %w", sides[i], err)
		}
	}
	args := c.args()
	p.facts.learn(p.history, p.at+at)
	if c.typ != nil {
		t := strings.TrimSpace(strings.TrimPrefix(string(typ[0]), "+"))
		if r[0].String() != r[1].String() && !explainEncoding(t, r[0], r[1], &p.facts) {
			return &difference{args: args, replies: [2]string{r[0].String(), r[1].String()}}, nil
		}
		if newer && !newerEncoding(t, r[2], r[1], &p.facts) {
			return &difference{args: args, replies: [2]string{r[0].String() + "newer:   " + r[2].String(), r[1].String()}}, nil
		}
		return nil, nil
	}
	if newer && is(args, "XINFO") && !alike(times, r[2], r[1]) {
		return &difference{args: args, replies: [2]string{r[0].String() + "newer:   " + r[2].String(), r[1].String()}}, nil
	}
	if c.by == each && p.sameEach(p.at+at, r[0], r[1]) {
		return nil, nil
	}
	if alike(c.by, r[0], r[1]) || known(args, r[0], r[1], &p.facts) {
		return nil, nil
	}
	return &difference{args: args, replies: [2]string{r[0].String(), r[1].String()}}, nil
}

func alike(by compareBy, redis, granary live.Reply) bool {
	switch by {
	case sorted:
		return redis.Sorted().String() == granary.Sorted().String()
	case sameKind:
		return redis.Kind == granary.Kind && redis.Null == granary.Null && (redis.Kind != '-' || redis.Str == granary.Str)
	case times:
		return sameTimes(redis, granary)
	case nearSec, nearMilli:
		if redis.Kind != ':' || granary.Kind != ':' {
			return false
		}
		a, _ := strconv.ParseInt(redis.Str, 10, 64)
		b, _ := strconv.ParseInt(granary.Str, 10, 64)
		near := int64(15)
		if by == nearMilli {
			near *= 1000
		}
		return a >= 0 && b >= 0 && a-b <= near && b-a <= near
	}
	return redis.String() == granary.String()
}

// compareData compares the whole data set: its digest, and in every database that histories use the names of the keys, and
// of every key its type, encoding, expiry and value.
func (p *pair) compareData() (*difference, error) {
	if d, err := p.batch([]command{newCommand(exact, "DEBUG", "DIGEST")}); d != nil || err != nil {
		return d, err
	}
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
			encoding := newCommand(exact, "OBJECT", "ENCODING", k.Str)
			encoding.typ = typeOf(encoding.args())
			ask = append(ask, newCommand(exact, "TYPE", k.Str), encoding, newCommand(nearMilli, "PEXPIRETIME", k.Str))
			for _, words := range v.lines {
				words = slices.Clone(words)
				for i, w := range words {
					words[i] = strings.ReplaceAll(w, "KEY", k.Str)
				}
				ask = append(ask, newCommand(v.by, words...))
			}
			if d, err := p.compareSmall(typ.Str, k.Str, v.lines[0]); d != nil || err != nil {
				return d, err
			}
		}
		if d, err := p.batch(ask); d != nil || err != nil {
			return d, err
		}
	}
	return p.checkAudit()
}

// exchange gives each server the values of the other, key by key, as DUMP makes them.
func (p *pair) exchange() (*difference, error) {
	for _, db := range []string{"0", "1", "2", "3", "15"} {
		for _, c := range p.conns[:2] {
			if _, err := c.Do("SELECT", db); err != nil {
				return nil, err
			}
		}
		names, err := p.conns[0].Do("KEYS", "*")
		if err != nil {
			return nil, err
		}
		for _, k := range names.Elems {
			if d, err := p.exchangeKey(k.Str); d != nil || err != nil {
				return d, err
			}
		}
	}
	return nil, nil
}

func (p *pair) exchangeKey(key string) (*difference, error) {
	var payloads [2]live.Reply
	for i, c := range p.conns[:2] {
		var err error
		if payloads[i], err = c.Do("DUMP", key); err != nil {
			return nil, err
		}
	}
	at, err := p.conns[0].Do("PEXPIRETIME", key)
	if err != nil {
		return nil, err
	}
	if at.Str == "-1" {
		at.Str = "0"
	}
	var replies [2]string
	for i, c := range p.conns[:2] {
		r, err := c.Do("RESTORE", key, at.Str, payloads[1-i].Str, "REPLACE", "ABSTTL")
		if err != nil {
			return nil, err
		}
		replies[i] = r.String()
	}
	if replies[0] != replies[1] || !strings.HasPrefix(replies[0], "+OK") {
		return &difference{args: []string{"RESTORE", key, "(what the other one dumped)"}, replies: replies}, nil
	}
	return nil, nil
}

// compareSmall checks encodings that only Granary has against the limits of the history.
func (p *pair) compareSmall(typ, key string, read []string) (*difference, error) {
	if typ != "set" && typ != "list" {
		return nil, nil
	}
	encoding, err := p.conns[1].Do("OBJECT", "ENCODING", key)
	if err != nil || encoding.Str != "listpack" {
		return nil, err
	}
	words := slices.Clone(read)
	words[1] = key
	value, err := p.conns[0].Do(words...)
	if err != nil {
		return nil, err
	}
	p.facts.learn(p.history, len(p.history))
	if e := checkSmall(typ, encoding.Str, value, &p.facts); e != nil {
		return &difference{args: []string{"OBJECT", "ENCODING", key}, replies: [2]string{e.Error() + "\n", encoding.String()}}, nil
	}
	return nil, nil
}

// checkAudit lets Granary walk its data and compare what it finds with its books.
func (p *pair) checkAudit() (*difference, error) {
	if !p.audit {
		return nil, nil
	}
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
	return command{raw: live.AppendCommand(nil, args...), by: by}
}

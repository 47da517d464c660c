package commandtest

import (
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"granary/internal/keyspace"
	"granary/tests/live"
)

// Peer is a real redis-server that is given the same commands as a Session. It is asked for all that a Session records:
// replies, keyspace events (by subscribing to them), effects (by reading its append-only file) and the count of changes.
type Peer struct {
	t      testing.TB
	conn   *live.Conn
	events *live.Conn
	aof    *os.File
	tail   []byte // what was read of the append-only file and not yet parsed

	// Known, if set, takes out of what both did where they differ on purpose.
	Known func(args []string, ours, theirs *Observed)
}

// Observed is what a command did.
type Observed struct {
	Reply   string
	Events  []string
	Effects []string
	Dirty   int64
}

// NewPeer starts a redis-server, or skips the test where there is none.
func NewPeer(t testing.TB) *Peer {
	t.Helper()
	s := live.NeedStart(t, "redis", live.NeedRedis(t), "--appendonly", "yes", "--appendfsync", "no",
		"--notify-keyspace-events", "KEAmn")
	p := &Peer{t: t}
	dial := func() *live.Conn {
		c, err := s.Dial()
		p.must(err)
		t.Cleanup(func() { c.Close() })
		return c
	}
	p.conn, p.events = dial(), dial()
	_, err := p.events.Do("PSUBSCRIBE", "__keyevent@*")
	p.must(err)
	// A key whose time has come goes when a command meets it, not sooner.
	p.Do("DEBUG", "SET-ACTIVE-EXPIRE", "0")
	names, err := filepath.Glob(filepath.Join(s.Dir, "appendonlydir", "*.incr.aof"))
	p.must(err)
	if len(names) != 1 {
		t.Fatalf("append-only files: %q", names)
	}
	p.aof, err = os.Open(names[0])
	p.must(err)
	t.Cleanup(func() { p.aof.Close() })
	return p
}

func (p *Peer) must(err error) {
	if err != nil {
		p.t.Helper()
		p.t.Fatal(err)
	}
}

// Do runs one command and returns the raw reply.
func (p *Peer) Do(args ...string) string {
	p.must(p.conn.Send(args...))
	raw, err := p.conn.ReadRaw(nil)
	p.must(err)
	return string(raw)
}

// Observe runs one command and returns all that it did.
func (p *Peer) Observe(args ...string) (o Observed) {
	before := p.dirty()
	o.Reply = p.Do(args...)
	o.Dirty = p.dirty() - before
	o.Events = p.newEvents()
	o.Effects = p.newEffects()
	return o
}

// Observe runs one command and returns all that it did. REQUIRES: Feed was called.
func (s *Session) Observe(args ...string) (o Observed) {
	s.Reset()
	before := s.Dirty()
	o.Reply = s.Do(args...)
	o.Dirty = s.Dirty() - before
	o.Events, o.Effects = s.Events, s.Effects
	s.Reset()
	return o
}

func (p *Peer) dirty() int64 {
	info := p.Do("INFO", "persistence")
	_, rest, _ := strings.Cut(info, "rdb_changes_since_last_save:")
	line, _, _ := strings.Cut(rest, "\r\n")
	n, err := strconv.ParseInt(line, 10, 64)
	p.must(err)
	return n
}

// newEvents returns the events since the last call. The reply to a PING comes after all of them.
func (p *Peer) newEvents() (events []string) {
	p.must(p.events.Send("PING", "end"))
	for {
		raw, err := p.events.ReadRaw(nil)
		p.must(err)
		// *4 $8 pmessage $12 __keyevent@* $n __keyevent@0__:set $n key
		f := strings.SplitN(string(raw), "\r\n", 9)
		if len(f) < 9 || f[2] != "pmessage" {
			return events
		}
		_, event, _ := strings.Cut(f[6], ":")
		events = append(events, event+" "+strings.TrimSuffix(f[8], "\r\n"))
	}
}

// newEffects returns the commands that were appended to the file since the last call. SELECT, MULTI and EXEC, which
// are about how effects are sent, are left out.
func (p *Peer) newEffects() (effects []string) {
	more, err := io.ReadAll(p.aof)
	p.must(err)
	p.tail = append(p.tail, more...)
	for len(p.tail) > 0 {
		words, n := request(p.tail)
		if n == 0 {
			return effects
		}
		p.tail = p.tail[n:]
		if !slices.Contains([]string{"SELECT", "MULTI", "EXEC"}, words[0]) {
			effects = append(effects, strings.Join(words, " "))
		}
	}
	return effects
}

// request reads one complete request of bulk strings; n is 0 if there is none.
func request(b []byte) (words []string, n int) {
	number := func() int {
		line, _, ok := strings.Cut(string(b[n:min(len(b), n+32)]), "\r\n")
		if !ok {
			return -1
		}
		v, err := strconv.Atoi(line[1:])
		if err != nil {
			return -1
		}
		n += len(line) + 2
		return v
	}
	for range number() {
		k := number()
		if k < 0 || n+k+2 > len(b) {
			return nil, 0
		}
		words = append(words, string(b[n:n+k]))
		n += k + 2
	}
	if words == nil {
		return nil, 0
	}
	return words, n
}

// Same fails the test unless session and peer do the same with a command. Absolute times may differ by a few seconds.
func (p *Peer) Same(s *Session, args ...string) {
	p.t.Helper()
	theirs, ours := p.Observe(args...), s.Observe(args...)
	if p.Known != nil {
		p.Known(args, &ours, &theirs)
	}
	if !sameText(ours.Reply, theirs.Reply) {
		p.t.Errorf("%.200q: replies %.300s, redis %.300s", args, Show(ours.Reply), Show(theirs.Reply))
	}
	if !sameList(ours.Events, theirs.Events) {
		p.t.Errorf("%.200q: events %.300q, redis %.300q", args, ours.Events, theirs.Events)
	}
	if !sameList(ours.Effects, theirs.Effects) {
		p.t.Errorf("%.200q: effects %.300q, redis %.300q", args, ours.Effects, theirs.Effects)
	}
	if ours.Dirty != theirs.Dirty {
		p.t.Errorf("%.200q: %d changes, redis %d", args, ours.Dirty, theirs.Dirty)
	}
}

// SameEncoding fails the test unless both store the key's value in the same way.
func (p *Peer) SameEncoding(s *Session, key string) {
	p.t.Helper()
	theirs, ours := Show(p.Do("OBJECT", "ENCODING", key)), "$-1"
	// A key whose time has come goes on both sides.
	p.newEvents()
	p.newEffects()
	it := s.Client.DB.Lookup([]byte(key), keyspace.NoTouch|keyspace.NoStats|keyspace.NoNotify)
	if it.Exists() {
		name := it.Entry.Encoding().String()
		ours = "$" + strconv.Itoa(len(name)) + " " + name
	}
	if ours != theirs {
		p.t.Errorf("%q is stored as %s, redis %s", key, ours, theirs)
	}
}

func sameList(a, b []string) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if !sameText(a[i], b[i]) {
			return false
		}
	}
	return true
}

// sameText compares texts word by word; numbers of the size of a Unix time in ms are the same if they are near.
func sameText(a, b string) bool {
	if a == b {
		return true
	}
	x, y := strings.Fields(a), strings.Fields(b)
	if len(x) != len(y) {
		return false
	}
	for i := range x {
		if x[i] != y[i] && !nearTimes(x[i], y[i]) {
			return false
		}
	}
	return true
}

func nearTimes(a, b string) bool {
	const early, late, near = 1e12, 1e14, 5000
	x, err1 := strconv.ParseInt(strings.TrimLeft(a, ":"), 10, 64)
	y, err2 := strconv.ParseInt(strings.TrimLeft(b, ":"), 10, 64)
	return err1 == nil && err2 == nil && x > early && x < late && max(x-y, y-x) < near
}

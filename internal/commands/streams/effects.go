package streams

import (
	"strconv"

	"granary/internal/command"
	"granary/internal/types/stream"
)

// XREADGROUP, XCLAIM and XAUTOCLAIM depend on the time and on what others did. What is repeated elsewhere is their outcome:
// who got which entry when, how far a group is, who came into being.

// teller tells of outcomes while a command runs.
type teller struct {
	any    bool
	asSent []byte // the ID of the entry that claim tells of, as the client wrote it
}

// end ends the command: when there was no outcome, nothing is repeated elsewhere.
func (t *teller) end(c *command.Ctx) {
	if !t.any && c.Feeding() {
		c.NoEffect()
	}
}

func (t *teller) say(c *command.Ctx, args ...[]byte) {
	t.any = true
	c.Rewrite(args...)
}

func text(n int64) []byte { return strconv.AppendInt(nil, n, 10) }

// claim says that an entry pends with a consumer.
func (t *teller) claim(c *command.Ctx, key []byte, g *stream.Group, p stream.Pending) {
	if !c.Feeding() {
		return
	}
	id := t.asSent
	if id == nil {
		id = stream.AppendID(nil, p.ID)
	}
	t.say(c,
		[]byte("XCLAIM"), key, clone(g.Name()), clone(p.Consumer.Name()), []byte("0"), id,
		[]byte("TIME"), text(p.Time), []byte("RETRYCOUNT"), text(int64(p.Deliveries)), []byte("FORCE"), []byte("JUSTID"),
		[]byte("LASTID"), stream.AppendID(nil, g.LastID()),
	)
}

// position says how far a group is.
func (t *teller) position(c *command.Ctx, key []byte, g *stream.Group) {
	if !c.Feeding() {
		return
	}
	t.say(c, []byte("XGROUP"), []byte("SETID"), key, clone(g.Name()), stream.AppendID(nil, g.LastID()),
		[]byte("ENTRIESREAD"), text(g.EntriesRead()))
}

// consumer says that a consumer came into being.
func (t *teller) consumer(c *command.Ctx, key []byte, g *stream.Group, name []byte) {
	if !c.Feeding() {
		return
	}
	t.say(c, []byte("XGROUP"), []byte("CREATECONSUMER"), key, clone(g.Name()), name)
}

// clone copies a name out of memory that may change before effects are read.
func clone(b []byte) []byte { return append([]byte(nil), b...) }

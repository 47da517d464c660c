package command

import (
	"strings"

	"granary/internal/resp"
)

// Requests that were written down are executed once more: the append-only file is loaded. They come from a session without a
// socket, and differ from those of clients in what is left out: nobody may refuse them, counts them, or hears of their effects.
// Their time stands still before all others, because a key whose time has come goes with the DEL that was written down, and
// not before: what was done to the key in between counts.

// Ignored is what commands that were replayed answered in spite of all: errors. Redis ignores them, too.
type Ignored struct {
	Count   int64
	Command string // that answered the first of them
	Text    string // the first of them
}

// note takes errors in, of which text is the last.
func (i *Ignored) note(spec *Spec, text string, n uint64) {
	if i.Count == 0 {
		i.Command, i.Text = spec.Full, strings.Clone(text)
	}
	i.Count += int64(n)
}

// longAgo is the time of what is replayed, Unix ms.
const longAgo = 1

// NewReplayer returns a session for requests to be replayed. Errors are counted in ignored.
func (e *Env) NewReplayer(ignored *Ignored) *Client {
	out := resp.NewBuffer()
	c := NewClient(e, 0, nil, &out.Writer)
	c.Authenticated = true
	c.Flags |= FlagReplay
	e.ignored = ignored
	out.Mute(true)
	return c
}

// Replay executes a request. What a command answers is of no interest, but that errors are counted (Ignored). It returns the text of
// an error if there is no such command, if it cannot have so many arguments, or if there was no memory for it.
// REQUIRES: the keyspace lock, and Env.Unheard around it.
func (c *Client) Replay(args [][]byte) (failure string) {
	spec, failure := c.Env.Resolve(args)
	if failure != "" {
		return failure
	}
	now, errors := c.Env.Keys.Now, c.Out.Errors()
	c.Env.Keys.Now = longAgo
	defer func() { c.Env.Keys.Now = now }()
	if c.tx.on && spec.InMulti == Queued {
		with, without := c.flagsOf(spec, args)
		c.enqueue(spec, args, with, without)
	} else {
		ctx := &c.ctx
		ctx.Args, ctx.Spec, ctx.Out, ctx.DenyBlocking = args, spec, c.Out, true
		c.handled(spec, c.Out)
		ctx.dropEffects()
		ctx.DenyBlocking = false
	}
	n, inner := c.Out.Errors()-errors, c.inner
	c.inner = 0
	switch {
	case n == 0:
	case c.Out.LastError() == ErrOutOfMemory:
		return ErrOutOfMemory
	default:
		c.Env.Stats.Unexpected += int64(n)
		if n > inner { // those of commands inside of it are counted
			c.Env.ignored.note(spec, c.Out.LastError(), n-inner)
			c.Env.Stats.countError(c.Out.LastError(), true)
		}
	}
	return ""
}

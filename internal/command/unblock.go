package command

import (
	"granary/internal/acl"
	"granary/internal/clock"
	"granary/internal/keyspace"
	"granary/internal/mem"
	"granary/internal/resp"
)

// How waiting ends. See blocking.go for the whole.

const errUnblocked = "UNBLOCKED client unblocked via CLIENT UNBLOCK"

// ServeReady executes the commands of those who wait for keys that became ready, and of those who wait for the keys that
// these commands make ready, until nothing is left. It is called when a command that a client sent has ended, never
// inside one. While CLIENT PAUSE lasts, or a script takes long, nothing happens.
// REQUIRES: the keyspace lock.
func (e *Env) ServeReady() {
	b := &e.Blocked
	if b.serving || e.Gate&(GatePaused|GateBusy) != 0 {
		return
	}
	b.serving = true
	for i := 0; i < len(b.ready); i++ {
		q := b.ready[i]
		q.ready = false
		b.serve(q)
	}
	clear(b.ready)
	b.ready = b.ready[:0]
	b.serving = false
}

// serveReady is ServeReady after a command of this client.
func (c *Client) serveReady() {
	if c.run.n > 0 {
		c.endRun(nil) // the time of others is not that of the run
	}
	c.Env.ServeReady()
	c.Env.ReadClock() // nor that of the next
}

// serve gives each client that waits for a key its turn, while the key can serve any.
func (b *Blocked) serve(q *queue) {
	db := b.env.Keys.DBs[q.db]
	for w := q.first; w != nil; {
		next, x := w.next, w.of
		it := db.Lookup([]byte(q.key), keyspace.NoTouch|keyspace.NoStats|keyspace.NoNotify)
		if !it.Exists() && q.onNoKey == 0 {
			return
		}
		if x.onNoKey || it.Exists() && it.Entry.Type() == x.typ {
			b.retry(x)
		}
		w = next
	}
}

// retry executes the command of a client again.
func (b *Blocked) retry(x *waiting) {
	c, env := x.client, b.env
	if !c.reachable() {
		return
	}
	b.args = x.load(b.args[:0])
	out := b.reply(c)
	if v, text := c.Denied(x.spec, b.args, acl.TopLevel); v != acl.Allowed {
		// The user was permitted the command when it began to wait.
		errors := out.Errors()
		out.Error(text)
		x.refused = true
		c.unblock(errors)
		return
	}
	dirty, errors := env.Keys.Stats.Dirty, out.Errors()
	ctx := &c.ctx
	ctx.Args, ctx.Spec, ctx.Out = b.args, x.spec, out
	x.again = false
	b.retrying = x
	outer := env.current
	env.current = c
	if env.noRoom() && x.spec.Flags&DenyOOM != 0 {
		out.Error(ErrOOM)
	} else {
		if env.Feed != nil {
			env.beginUnit(x.spec)
		}
		c.handle(x.spec)
	}
	b.retrying, env.current = nil, outer
	if c.Flags&FlagTracking != 0 {
		c.remember(x.spec, b.args)
	}
	ctx.Out = c.Out
	if env.unit.depth > 0 {
		ctx.feed(dirty)
		env.endUnit()
	}
	begin, end := env.mono, clock.Mono()
	env.setMono(end)
	x.nanos += end - begin
	if !x.again {
		c.unblock(errors)
	}
	if c.Flags&FlagPushes != 0 {
		c.sendPushes(env.Loop)
	}
}

// handle runs the handler of a command that is executed again. If there is no memory the client gets an error, in place of
// what was written so far.
func (c *Client) handle(spec *Spec) {
	defer func() {
		c.running = false
		switch e := recover(); e {
		case nil:
		case mem.ErrOutOfMemory:
			c.ctx.dropEffects()
			c.Env.Blocked.retrying.again = false
			c.Env.Blocked.out.Reset()
			c.ctx.Out.Error(ErrOutOfMemory)
		default:
			panic(e)
		}
	}()
	c.running = true
	spec.Handler(&c.ctx)
	if c.Env.History != nil && c.Env.grown() {
		c.charge(spec, c.ctx.Args)
	}
}

// replyKeep is the most room that is kept for replies.
const replyKeep = 64 << 10

// reply returns an empty buffer for the reply to a client.
func (b *Blocked) reply(c *Client) *resp.Writer {
	if cap(b.out.Bytes()) > replyKeep {
		b.out = resp.NewBuffer()
	}
	b.out.Reset()
	b.out.Proto = c.Out.Proto
	return &b.out.Writer
}

// reachable reports whether there is still somebody behind a client that waits: a reply must not be lost.
func (c *Client) reachable() bool {
	cur := c.Env.Loop
	c.Conn.Borrow(cur)
	defer c.Conn.Return(cur)
	return !c.Conn.Closing()
}

// timeOut answers a client that its time is over.
func (c *Client) timeOut() {
	out := c.Env.Blocked.reply(c)
	errors := out.Errors()
	if answer := c.waiting.timedOut; answer != nil {
		c.ctx.Out = out
		answer(&c.ctx)
		c.ctx.Out = c.Out
	} else {
		out.NullArray()
	}
	c.unblock(errors)
}

// Unblock ends the waiting of a client, as if its time were over or with an error. It reports false if the client does
// not wait, or for what cannot be given up (Elsewhere). REQUIRES: the keyspace lock.
func (c *Client) Unblock(withError bool) bool {
	if c.Flags&FlagBlocked == 0 || c.waiting.bound {
		return false
	}
	if !withError {
		c.timeOut()
		return true
	}
	out := c.Env.Blocked.reply(c)
	errors := out.Errors()
	out.Error(errUnblocked)
	c.unblock(errors)
	return true
}

// unblock ends the waiting of a client with the reply in the buffer, which may hold more errors than before, and counts
// the command. Its connection goes on.
func (c *Client) unblock(errors uint64) {
	env, x := c.Env, c.waiting
	out := env.Blocked.out
	c.Calls++
	b := &env.Blocked
	b.args = x.load(b.args[:0])
	if x.refused {
		env.Stats.rejected(x.spec, out.LastError())
	} else {
		if out.Errors() != errors {
			env.Stats.failed(x.spec, out.LastError())
		}
		env.Stats.ran(c, x.spec, b.args, x.nanos, 1)
	}
	clear(b.args)
	b.leave(x)
	if c.Flags&FlagTracking != 0 {
		c.endCaching(nil)
	}
	c.LastActive = env.Keys.Now

	c.NoteHeld()
	c.Conn.Borrow(env.Loop)
	defer c.Conn.Return(env.Loop)
	if !c.Conn.Closing() {
		c.send(out.Bytes())
	}
	c.skipped()
	c.Conn.Resume()
}

// send appends a reply to the client's. If there is no memory for it the connection ends.
// REQUIRES: the connection is the caller's.
func (c *Client) send(reply []byte) {
	defer func() {
		switch e := recover(); e {
		case nil:
		case mem.ErrOutOfMemory:
			c.Conn.Close()
		default:
			panic(e)
		}
	}()
	c.Out.Raw(reply)
}

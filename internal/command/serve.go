package command

import (
	"granary/internal/mem"
	"granary/internal/netloop"
	"granary/internal/object"
	"granary/internal/resp"
)

// Serve executes all complete requests at the front of in and returns the number of bytes they took. It implements
// netloop.Session. REQUIRES: the keyspace lock.
func (c *Client) Serve(conn *netloop.Conn, in []byte) int {
	c.taken, c.given = 0, len(in)
	c.Flags &^= FlagPostponed
	c.parser.Front = conn.Front()
	outer := c.Env.current // in the middle of whose script this one is served
	c.Env.current = c
	c.NoteHeld()
	for !c.serve(conn, in[c.taken:], outer == nil) && !conn.Stopped() {
	}
	if c.run.n > 0 {
		c.endRun(nil)
	}
	if c.parser.Room() != int(c.room) {
		c.book()
	}
	c.Env.current = outer
	return c.taken
}

// afterFlags are the states that Serve has to look at after a command.
const afterFlags = FlagReplySkip | FlagReplySkipNext | FlagPostponed | FlagBlocked | FlagPushes

// serve executes requests, adding the bytes they took to taken, until none is complete or the client is not to be
// served any more. It reports false if it was interrupted because memory was out and there is more to serve.
func (c *Client) serve(conn *netloop.Conn, in []byte, ahead bool) (done bool) {
	defer c.outOfMemory(conn)
	p := &c.parser
	p.MaxBulk = c.Env.Config.ProtoMaxBulkLen
	var batch *resp.Batch // requests that were read ahead, nil: none
	for len(in) > 0 {
		p.Unauth = !c.Authenticated && c.NeedsAuth()
		var args [][]byte
		n := 0
		if p.Unauth {
			batch = nil // it was read without the limits that hold now
		}
		if batch != nil {
			args, n = batch.Next()
		}
		if n == 0 {
			var err error
			if n, err = p.Parse(in); err != nil {
				c.protocolError(conn, err, in)
				c.taken += len(in)
				return true
			}
			if n == 0 {
				conn.Need, conn.Body, conn.Complete = p.Need(), p.Body(), p.Complete()
				return true
			}
			args = p.Args
			if ahead && n < len(in) && !p.Unauth {
				batch = c.readAhead(args, in[n:])
			}
		}
		c.taken += n
		if len(args) > 0 {
			c.replied = c.Out.Len()
			c.execute(args, n < len(in))
			if len(c.Env.Blocked.ready) > 0 {
				c.serveReady()
			}
			if c.Flags&afterFlags != 0 && c.after(n) || conn.Stopped() {
				break
			}
		}
		in = in[n:]
	}
	p.Trim()
	return true
}

// after does what the states of the client ask for behind a command that took n bytes. It reports whether the client
// is not to be served any more for now.
func (c *Client) after(n int) (stop bool) {
	if c.Flags&FlagPushes != 0 {
		c.sendPushes(c.Env.Loop)
		if c.Flags&afterFlags == 0 {
			return false
		}
	}
	switch {
	case c.Flags&FlagPostponed != 0:
		c.taken -= n // the same request comes again
		if c.taken == 0 && c.Conn != nil && c.Conn.Front() != nil {
			c.parser.Unread()
		}
		c.Env.Pause.postpone(c)
		return true
	case c.Flags&FlagBlocked != 0:
		c.Conn.Pause()
		return true
	case c.Flags&FlagReplySkipNext != 0:
		c.Flags = c.Flags&^FlagReplySkipNext | FlagReplySkip
		c.Out.Mute(true)
	default:
		c.skipped()
	}
	return false
}

// skipped is the end of a command whose reply CLIENT REPLY SKIP does not want, if it was one.
func (c *Client) skipped() {
	if c.Flags&FlagReplySkip != 0 {
		c.Flags &^= FlagReplySkip
		c.Out.Mute(c.Flags&FlagReplyOff != 0)
	}
}

// outOfMemory is deferred by serve: a command for which there was no memory answers an error, and the next one runs. If
// it had begun to reply the connection ends, because what follows could not be told from the rest of that reply.
func (c *Client) outOfMemory(conn *netloop.Conn) {
	switch e := recover(); e {
	case nil:
		return
	case mem.ErrOutOfMemory:
	default:
		if c.Env.Panicked != nil {
			c.Env.Panicked(e)
		}
		panic(e)
	}
	began := !c.running || c.Out.Len() != c.replied
	c.running = false
	c.ctx.dropEffects()
	c.ctx.Out, c.ctx.DenyBlocking = c.Out, false
	c.outer, c.outerArgs = nil, nil
	c.Env.breakUnit()
	if began {
		conn.Close()
		return
	}
	defer func() {
		if e := recover(); e != nil {
			conn.Close() // not even the error could be written
		}
	}()
	c.reject(c.ctx.Spec, ErrOutOfMemory)
}

// takeArg makes argument i, which is large, a raw string's block of the keyspace without copying it. It returns 0 if that
// is not to be had: the argument does not lie in memory of its own, is not of the request that was parsed last, or more
// requests lie behind that one. Arguments stay
// valid until the command ends, as long as the block is neither changed nor given back.
func (c *Client) takeArg(i int) mem.Ref {
	args := c.ctx.Args
	if c.Conn == nil || c.taken != c.given || len(c.parser.Args) != len(args) || &c.parser.Args[0] != &args[0] {
		return 0
	}
	arg := args[i]
	block, tail, ok := c.Conn.Take(arg, c.Env.Keys.Arena, mem.PurposeString)
	if !ok {
		return 0
	}
	object.InitRaw(block, len(arg))
	c.parser.Rebase(i, tail)
	return block
}

// protocolError answers a request that breaks the protocol, after which nothing more can be understood.
func (c *Client) protocolError(conn *netloop.Conn, err error, in []byte) {
	text := "ERR Protocol error: " + err.Error()
	c.Env.Log.Verbosef("Protocol error (%s) from client: %s. Query buffer: '%s'", err, c.Describe(), c.Env.Log.User(clip(in, 64)))
	c.Out.Error(text)
	c.Env.Stats.countError(text, false)
	conn.CloseAfterReply()
}

// Do executes one request of a session that has no socket. REQUIRES: the keyspace lock.
func (c *Client) Do(args ...[]byte) {
	outer := c.Env.current
	c.Env.current = c
	defer func() { c.Env.current = outer }()
	c.execute(args, false)
	if len(c.Env.Blocked.ready) > 0 {
		c.serveReady()
	}
	if c.Flags&FlagPushes != 0 {
		c.sendPushes(nil)
	}
}

package command

import (
	"granary/internal/acl"
	"granary/internal/clock"
	"granary/internal/mem"
)

// Transactions. Between MULTI and EXEC a client's commands are not executed but queued: admit looks at each as if it were
// to run, and then copies it (queued.go). A command that is refused makes EXEC answer EXECABORT. EXEC executes them one
// after the other in one unit of effects, inside of itself (Client.Call); a change of a watched key (watch.go) makes it
// answer a null array instead.
//
// A client with a transaction has FlagMulti, one of admitFlags, so that the way of all other commands is as short as ever.

// InMulti says what becomes of a command between MULTI and EXEC.
type InMulti uint8

// The ways.
const (
	Queued  InMulti = iota // kept for EXEC
	Refused                // runs, and answers an error (MULTI, WATCH)
	Ends                   // runs, and ends the transaction (DISCARD, RESET, QUIT)
	Execs                  // EXEC: stands for all that is queued wherever flags of commands matter
)

// transaction is what a client has queued. Guarded by the keyspace lock. The zero value is none.
type transaction struct {
	on          bool
	refused     bool    // a command was refused
	first, last mem.Ref // the queue
	n           int
	length      int64 // bytes of all arguments
	bytes       int64 // usable bytes of the queue
	with        Flags // that a queued command has
	without     Flags // that a queued command has not
}

// BeginMulti begins a transaction. It reports false if there is one.
func (c *Client) BeginMulti() bool {
	if c.tx.on {
		return false
	}
	c.tx.on = true
	c.Flags |= FlagMulti
	return true
}

// InMulti reports whether commands are queued.
func (c *Client) InMulti() bool { return c.tx.on }

// Aborted reports whether a command was refused since MULTI.
func (c *Client) Aborted() bool { return c.tx.refused }

// EndMulti ends a transaction, if there is one, and forgets what is queued and what is watched.
func (c *Client) EndMulti() {
	a := c.Env.Keys.Arena
	for r := c.tx.first; r != 0; {
		next := queuedNext(r)
		freeQueued(a, r)
		r = next
	}
	c.tx = transaction{}
	c.Flags &^= FlagMulti
	c.Unwatch()
}

// enqueue keeps a command, of the flags that flagsOf says, for EXEC.
func (c *Client) enqueue(spec *Spec, args [][]byte, with, without Flags) {
	t := &c.tx
	c.Last, c.LastActive = spec, c.Env.Keys.Now
	if t.refused || c.watch.broken {
		c.Out.Queued() // it will not be executed: why keep it
		return
	}
	r := tryQueued(c.Env.Keys.Arena, spec.ID, args)
	if r == 0 {
		c.reject(spec, ErrOutOfMemory)
		return
	}
	if t.last == 0 {
		t.first = r
	} else {
		setQueuedNext(t.last, r)
	}
	t.last = r
	t.n++
	for _, arg := range args {
		t.length += int64(len(arg))
	}
	t.bytes += int64(mem.Usable(queuedSize(r)))
	t.with |= with
	t.without |= without
	if c.tooMuchQueued() {
		return
	}
	c.Out.Queued()
}

// tooMuchQueued closes a client whose unfinished transaction is longer than client-query-buffer-limit: it is a request
// that is not complete.
func (c *Client) tooMuchQueued() bool {
	if c.Conn == nil || c.tx.length+int64(c.Conn.QueryLen()) <= c.Env.Config.ClientQueryBufferLimit {
		return false
	}
	c.Env.Stats.QueryLimit++
	c.Env.Log.Warningf("Closing client that reached max query buffer length: %s", c.Describe())
	c.Conn.Close()
	return true
}

// tryQueued is newQueued that returns 0 when memory is out.
func tryQueued(a *mem.Arena, id int, args [][]byte) (r mem.Ref) {
	defer func() {
		if e := recover(); e != nil && e != mem.ErrOutOfMemory {
			panic(e)
		}
	}()
	return newQueued(a, id, args)
}

// ExecQueued executes what is queued, with one reply for all, and ends the transaction.
// REQUIRES: the handler of EXEC is running.
func (c *Client) ExecQueued() {
	defer c.EndMulti()
	c.Unwatch() // what comes are the client's own changes
	env := c.Env
	commands := env.Table.Every()
	var args [][]byte
	args, env.execArgs = env.execArgs, nil
	c.Out.Array(c.tx.n)
	for r := c.tx.first; r != 0; r = queuedNext(r) {
		args = appendQueued(args[:0], r)
		spec := commands[queuedID(r)]
		if v, _ := c.Denied(spec, args, acl.Multi); v != acl.Allowed {
			c.Out.Error(ChangedSinceQueued(v))
			continue
		}
		if !c.Call(spec, args, c.Out, 0) && c.Conn != nil {
			c.Conn.Close() // the rest of the reply could not be understood
		}
	}
	clear(args)
	if cap(args) <= maxExecArgs {
		env.execArgs = args[:0]
	}
}

// maxExecArgs is the most arguments of a command that room is kept for.
const maxExecArgs = 1024

// beginExec is admit's part for a command that runs in a transaction. The clock is read: the time that it took to queue
// commands is not that of EXEC.
func (c *Client) beginExec() { c.Env.setMono(clock.Mono()) }

// flagsOf returns the flags that a command line stands for: EXEC for those of all that is queued. without are those that
// one of them has not.
func (c *Client) flagsOf(spec *Spec, args [][]byte) (with, without Flags) {
	flags := spec.Flags
	if spec.GetFlags != nil {
		flags = spec.GetFlags(c, args)
	}
	if spec.InMulti == Execs && c.tx.on {
		return flags | c.tx.with, ^flags | c.tx.without
	}
	return flags, ^flags
}

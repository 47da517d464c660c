package netloop

import (
	"net"

	"granary/internal/resp"
)

// A Conn is one connection. See the package comment for who may touch it when.
type Conn struct {
	Out resp.Writer // replies are appended here

	// Need is set by Session.Serve: the number of bytes, from the first one
	// that it did not take, that the unfinished request will have at least. 0
	// is not known.
	Need int

	// Complete is set by Session.Serve: how many bytes of the unfinished
	// request, Front and all, are arguments that are complete. They do not
	// count against Options.QueryLimit.
	Complete int

	// Body is set by Session.Serve: where the first large argument of the
	// unfinished request begins, counted as Need. 0 if there is none.
	Body int

	loop    *Loop
	session Session
	nc      net.Conn // portable loops only
	fd      int32    // -1: none
	gen     uint32   // tells connections apart that had the same fd
	index   int32    // in loop.conns
	flags   condition
	reason  Reason
	unix    bool
	err     error

	remote string
	local  string

	created int64 // milliseconds, as Loop.Now
	lastIO  int64
	netIn   uint64
	netOut  uint64
	in      []byte // portion of the read buffer read in this turn
	settled uint64 // portable loops only: netOut when all is sent that may be
	q       query
	out     output
}

// condition is a set of conditions of a connection.
type condition uint16

const (
	flagReadable condition = 1 << iota // the socket may have more to read
	flagHangup                         // the peer will not send more: read to the end
	flagWantOut                        // EPOLLOUT is asked for
	flagDirty                          // on loop.dirty: has output to write
	flagReady                          // on loop.ready: was read in this turn
	flagMore                           // on loop.more: to be read again without an event
	flagResumed                        // on loop.resumed: to be served without an event
	flagPaused                         // Serve is not called
	flagStalled                        // not read: too much output waits
	flagClosing                        // to be closed when the output is sent
	flagDead                           // on loop.dead: to be buried in the next B
	flagWriting                        // portable loops: a goroutine writes
	flagServing                        // Serve is running
	flagFull                           // not served: too much output waits
	flagYield                          // others are served first: this Serve made much output
	flagLate                           // on loop.late: not to be written before the next B
)

func (c *Conn) has(f condition) bool { return c.flags&f != 0 }

// Session returns what Handler.Accept returned.
func (c *Conn) Session() Session { return c.session }

// Loop returns the loop that owns the connection.
func (c *Conn) Loop() *Loop { return c.loop }

// Fd returns the file descriptor, or -1.
func (c *Conn) Fd() int { return int(c.fd) }

// RemoteAddr returns the peer's address as "ip:port", "[ip6]:port", or the
// path of the socket with ":0" behind it.
func (c *Conn) RemoteAddr() string { return c.remote }

// LocalAddr returns the local address in the same form.
func (c *Conn) LocalAddr() string { return c.local }

// IsUnix reports whether the connection came over a Unix socket.
func (c *Conn) IsUnix() bool { return c.unix }

// Created returns when the connection was accepted, in milliseconds.
func (c *Conn) Created() int64 { return c.created }

// LastIO returns when bytes were last read or written, in milliseconds.
func (c *Conn) LastIO() int64 { return c.lastIO }

// NetIn returns the number of bytes read.
func (c *Conn) NetIn() uint64 { return c.netIn }

// NetOut returns the number of bytes written.
func (c *Conn) NetOut() uint64 { return c.netOut }

// Reason returns why the connection ended, or ReasonNone.
func (c *Conn) Reason() Reason { return c.reason }

// Err returns the error of ReasonError.
func (c *Conn) Err() error { return c.err }

// Events returns what the loop waits for: "r", or "rw" when the socket did not
// take all of the output.
func (c *Conn) Events() string {
	if c.has(flagWantOut) {
		return "rw"
	}
	return "r"
}

// Close ends the connection at the end of this B, or of the next. Output that
// was not sent is dropped, and so is what is written from now on.
func (c *Conn) Close() { c.kill(ReasonAsked, nil) }

// CloseAfterReply ends the connection when the output has been sent. Serve is
// not called again.
func (c *Conn) CloseAfterReply() {
	c.flags |= flagClosing
	c.loop.markDirty(c)
}

// Closing reports whether Close or CloseAfterReply was called or the
// connection is lost.
func (c *Conn) Closing() bool { return c.flags&(flagClosing|flagDead) != 0 }

// Stopped reports whether Serve is to return without executing more: the
// connection ends, or this Serve has made so much output that others are to have
// their turn, or so much waits (Options.OutputBound) that the client has to read
// first. What is left comes again.
func (c *Conn) Stopped() bool { return c.flags&(flagClosing|flagDead|flagFull|flagYield) != 0 }

// Pause makes the loop keep what it reads instead of calling Serve.
func (c *Conn) Pause() { c.flags |= flagPaused }

// Paused reports whether Serve is not called.
func (c *Conn) Paused() bool { return c.has(flagPaused) }

// Resume undoes Pause and has Serve called for what was kept.
//
// REQUIRES: called in B of the connection's loop, or between Borrow and Return.
func (c *Conn) Resume() {
	if !c.has(flagPaused) {
		return
	}
	c.flags &^= flagPaused
	c.Again()
}

// Again has Serve called once more for what it did not take, without waiting
// for more to arrive.
func (c *Conn) Again() {
	if c.flags&(flagResumed|flagDead) != 0 {
		return
	}
	c.flags |= flagResumed
	c.loop.resumed = append(c.loop.resumed, c)
}

// Borrow makes the state of c the caller's, who holds the keyspace lock on
// behalf of the loop cur (nil: of no loop). Return gives it back, has its
// output written and wakes its loop. Only one connection is borrowed at a time.
func (c *Conn) Borrow(cur *Loop) {
	if c.loop != cur {
		c.loop.mu.Lock()
	}
}

// Return is the end of Borrow.
func (c *Conn) Return(cur *Loop) {
	l := c.loop
	if c.pending() {
		if l != cur {
			l.markLate(c)
		} else {
			l.markDirty(c)
		}
	}
	if l != cur {
		l.mu.Unlock()
		l.Wake()
	}
}

// kill puts c on the list of the dead. Its output is dropped from here on.
func (c *Conn) kill(why Reason, err error) {
	if c.has(flagDead) {
		return
	}
	c.flags |= flagDead
	c.reason, c.err = why, err
	c.loop.dead = append(c.loop.dead, c)
}

// Sizes, for CLIENT LIST, CLIENT INFO and limits.

// QueryLen returns the bytes of unfinished requests in the query buffer (qbuf).
func (c *Conn) QueryLen() int { return c.q.front.len + c.q.len }

// QueryFree returns the room left in the query buffer (qbuf-free).
func (c *Conn) QueryFree() int { return c.q.cap - c.q.len }

// ReplyBufSize returns the size of the static reply block (rbs).
func (c *Conn) ReplyBufSize() int { return c.out.staticSize }

// ReplyPeak returns the most bytes that the static reply block held since its
// size was last looked at (rbp).
func (c *Conn) ReplyPeak() int { return c.out.peak }

// OutBufLen returns the bytes waiting in the static reply block (obl).
func (c *Conn) OutBufLen() int { return c.out.staticLen(c) }

// OutListLen returns the number of blocks and values in the reply list (oll).
func (c *Conn) OutListLen() int { return int(c.out.listLen) }

// OutMem returns the memory of the reply list (omem): its blocks and their
// rows, and the values that it refers to.
func (c *Conn) OutMem() int { return c.out.listMem + (len(c.out.queue)-c.out.head)*segSize }

package netloop

import (
	"errors"
	"io"
	"net"
	"os"
	"strconv"
	"sync"
	"syscall"
	"time"
)

// The portable loop serves any net.Conn, on any system, with a goroutine per
// connection. It is one Loop for all connections and keeps the contract of the
// package, in a simpler way: B holds loop.mu as well as the keyspace lock.
//
//	read   no lock              Conn.Read into a Go buffer
//	B      keyspace, loop.mu    as in the package comment
//	write  no lock              a copy of the front of the output, taken under
//	                            loop.mu; by the goroutine that read, so a
//	                            client that does not take its replies is not
//	                            read either
//
// What others append to the output of a connection is written by a goroutine
// started for it; meanwhile the connection is not read.
//
// The buffer that a connection waits in is small, as most of them are idle. It
// becomes a large one when a read fills it, and small again when reads stay
// short. tls.go has what happens before a connection of TLS gets here.

const (
	portableChunk = 32 << 10 // bytes read or written at once
	portableIdle  = 1 << 10  // bytes of the buffer that an idle connection waits in
	portableShort = 16       // short reads in a row after which the buffer is small again
)

var chunkPool = sync.Pool{New: func() any { return new([portableChunk]byte) }}

// NewPortable opens a Group that works on any system and serves any net.Conn.
// It has one loop.
//
// INVARIANT: whoever waits for loop.mu of a portable loop holds the keyspace
// lock or nothing. So its B may lock another loop's connection (Conn.Borrow):
// both locks are taken by the holder of the keyspace lock only.
func NewPortable(o Options) (*Group, error) {
	o.Loops = 1
	g := newGroup(o)
	l := newLoop(g, o.FirstID, "loop"+strconv.Itoa(o.FirstID))
	l.portable = true
	l.wrote = sync.NewCond(&l.mu)
	l.wake = make(chan struct{}, 1)
	g.loops = []*Loop{l}
	return g, nil
}

// runPortable takes the turns that no connection asks for: by the clock, and
// when the loop is woken.
func (l *Loop) runPortable() {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for !l.stopping.Load() {
		select {
		case <-l.wake:
		case <-timer.C:
		}
		timer.Reset(l.turnPortable(nil, nil, nil))
	}
	l.finishPortable()
}

// turnPortable is B for bytes read from c, or for none. It returns how long
// nothing is due.
func (l *Loop) turnPortable(c *Conn, in []byte, err error) time.Duration {
	l.handler.Lock(l)
	l.mu.Lock()
	l.readClock()
	if c != nil {
		l.received(c, in, err)
	}
	l.serveAll()
	if len(l.resumed) > 0 {
		l.wakePortable()
	}
	var others []outgoing
	mine := outgoing{c: c}
	for _, d := range l.dirty {
		d.flags &^= flagDirty
		switch end := d.netOut + uint64(d.waiting()); {
		case d == c:
			mine.upTo = end
		case !d.has(flagDead):
			others = append(others, outgoing{d, end})
		}
	}
	l.dirty = l.dirty[:0]
	l.count()
	at := l.tickAt
	if len(l.conns) > 0 {
		at = min(at, l.cron.at)
	}
	wait := time.Duration(min(max(at-l.now, 1), 60_000)) * time.Millisecond
	switch {
	case c == nil:
		l.sleeping = at
	case at < l.sleeping:
		l.wakePortable() // a session has set a time limit (TickBy), or is the first
	}
	l.mu.Unlock()
	l.handler.Unlock(l)

	for _, d := range others {
		go l.flushPortable(d)
	}
	if c != nil {
		l.flushPortable(mine)
		l.awaitWriter(c)
	}
	return wait
}

// received books what a read returned.
func (l *Loop) received(c *Conn, in []byte, err error) {
	if c.has(flagDead) {
		return
	}
	if n := len(in); n > 0 {
		c.netIn += uint64(n)
		l.turnIn += uint64(n)
		l.turnRead++
		c.lastIO = l.now
		if c.flags&flagClosing == 0 {
			l.take(c, in)
		}
	}
	switch {
	case err == nil:
	case errors.Is(err, io.EOF):
		// What came with the end of the stream is served first.
		l.serveAll()
		c.kill(ReasonPeer, nil)
	default:
		c.kill(ReasonError, err)
	}
}

// take makes in what the connection has to serve.
func (l *Loop) take(c *Conn, in []byte) {
	if !c.q.held() {
		c.in = in
	}
	for len(in) > 0 && c.q.held() {
		var p []byte
		if !l.makeRoom(c, &p) {
			return
		}
		k := copy(p, in)
		c.q.filled(c.q.len + k)
		in = in[k:]
	}
	c.flags |= flagReady
	l.ready = append(l.ready, c)
}

// readPortable is the life of a connection.
func (l *Loop) readPortable(c *Conn) {
	small := make([]byte, portableIdle)
	var large *[portableChunk]byte
	defer func() {
		if large != nil {
			chunkPool.Put(large)
		}
	}()
	buf, short := small, 0
	for {
		n, err := c.nc.Read(buf)
		l.turnPortable(c, buf[:n], err)
		if err != nil {
			return
		}
		switch {
		case n >= portableIdle:
			short = 0
			if large == nil {
				large = chunkPool.Get().(*[portableChunk]byte)
				buf = large[:]
			}
		case large != nil:
			if short++; short > portableShort {
				chunkPool.Put(large)
				large, buf, short = nil, small, 0
			}
		}
	}
}

// outgoing is output of a connection that may be sent: its turn is over, and Handler.Unlock has returned.
type outgoing struct {
	c    *Conn
	upTo uint64 // Conn.netOut when all of it is sent
}

// flushPortable writes it.
func (l *Loop) flushPortable(u outgoing) {
	c := u.c
	chunk := chunkPool.Get().(*[portableChunk]byte)
	defer chunkPool.Put(chunk)
	l.mu.Lock()
	defer l.mu.Unlock()
	c.settled = max(c.settled, u.upTo) // who is writing goes on with it
	if c.flags&(flagWriting|flagDead) != 0 {
		return
	}
	c.flags |= flagWriting
	defer func() {
		c.flags &^= flagWriting
		l.wrote.Broadcast()
	}()
	for c.pending() && c.netOut < c.settled {
		n := copy(chunk[:], c.front())
		if n == 0 {
			c.advance(0)
			continue
		}
		n = int(min(uint64(n), c.settled-c.netOut))
		l.mu.Unlock()
		n, err := c.nc.Write(chunk[:n])
		l.mu.Lock()
		if c.has(flagDead) {
			return
		}
		c.netOut += uint64(n)
		l.turnOut += uint64(n)
		l.turnSent++
		c.lastIO = time.Now().UnixMilli()
		if err != nil {
			c.kill(ReasonError, err)
			l.Wake()
			return
		}
		c.advance(n)
	}
	if c.has(flagFull) {
		c.empty()
		l.Wake()
	}
	if c.has(flagClosing) && !c.pending() {
		c.kill(ReasonAsked, nil)
		l.Wake()
	}
}

// awaitWriter returns when no goroutine writes the output of c: the client is
// not read while it does not take what was appended for it.
func (l *Loop) awaitWriter(c *Conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for c.has(flagWriting) {
		l.wrote.Wait()
	}
}

// front returns the first run of bytes that waits, or nothing if the first
// segment is empty.
func (c *Conn) front() []byte {
	o := &c.out
	if len(o.queue) > 0 {
		return o.queue[o.head].bytes()[o.sent:]
	}
	return c.Out.Pending()[o.sent:]
}

// begin says that a goroutine works for a connection, which ends with
// readers.Done. It reports false when the Group has stopped.
func (g *Group) begin() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.stopped {
		return false
	}
	g.loops[0].readers.Add(1)
	return true
}

// ServeConn makes nc a connection of a portable Group.
func (g *Group) ServeConn(nc net.Conn) {
	if !g.begin() {
		nc.Close()
		return
	}
	go func() {
		defer g.loops[0].readers.Done()
		g.serveConn(nc)
	}()
}

// serveConn is the life of a connection. Its goroutine is one of those that
// begin has counted.
func (g *Group) serveConn(nc net.Conn) {
	l := g.loops[0]
	g.accepted.Add(1)
	c := l.newConn()
	c.nc = nc
	c.fd = descriptor(nc)
	c.unix = nc.LocalAddr().Network() == "unix"
	c.local = nc.LocalAddr().String()
	c.remote = nc.RemoteAddr().String()
	if c.unix {
		c.local += ":0"
		c.remote = c.local
	}
	l.handler.Lock(l)
	l.mu.Lock()
	if l.finished {
		l.mu.Unlock()
		l.handler.Unlock(l)
		nc.Close()
		return
	}
	l.enter(c)
	l.mu.Unlock()
	l.handler.Unlock(l)
	l.turnPortable(c, nil, nil)
	l.readPortable(c)
}

// descriptor returns the file descriptor behind a connection, to be shown; -1
// if there is none.
func descriptor(nc net.Conn) int32 {
	if t, ok := nc.(interface{ NetConn() net.Conn }); ok {
		nc = t.NetConn()
	}
	fd := int32(-1)
	if sc, ok := nc.(syscall.Conn); ok {
		if raw, err := sc.SyscallConn(); err == nil {
			raw.Control(func(n uintptr) { fd = int32(n) })
		}
	}
	return fd
}

// listenPortable opens a listener that hands what it accepts to serve.
func (g *Group) listenPortable(network, addr string, serve func(net.Conn)) (*Listener, error) {
	nc, err := net.Listen(network, addr)
	if err != nil {
		return nil, &ListenError{"listen", addr, err}
	}
	ln := &Listener{group: g, addr: addr, nc: nc}
	if a, ok := nc.Addr().(*net.TCPAddr); ok {
		ln.port = a.Port
	}
	g.mu.Lock()
	g.portableID--
	ln.fd = g.portableID
	g.listeners[ln.fd] = ln
	g.mu.Unlock()
	go func() {
		for {
			c, err := nc.Accept()
			switch {
			case errors.Is(err, net.ErrClosed):
				return
			case err != nil:
				// No descriptors, most likely: they come back.
				time.Sleep(10 * time.Millisecond)
				continue
			}
			if tc, ok := c.(*net.TCPConn); ok {
				sec := g.keepalive.Load()
				tc.SetKeepAliveConfig(net.KeepAliveConfig{
					Enable:   sec > 0,
					Idle:     time.Duration(sec) * time.Second,
					Interval: time.Duration(max(sec/3, 1)) * time.Second,
					Count:    3,
				})
			}
			serve(c)
		}
	}()
	return ln, nil
}

func (g *Group) listenUnixPortable(path string, perm os.FileMode) (*Listener, error) {
	os.Remove(path)
	ln, err := g.listenPortable("unix", path, g.ServeConn)
	if err == nil && perm != 0 {
		err = os.Chmod(path, perm)
	}
	return ln, err
}

// tcpNetwork returns what net calls the family of a bind address.
func tcpNetwork(host string) string {
	switch host {
	case "*":
		return "tcp4"
	case "::*":
		return "tcp6"
	}
	return "tcp"
}

func (l *Loop) wakePortable() {
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// finishPortable ends every connection.
func (l *Loop) finishPortable() {
	l.handler.Lock(l)
	l.mu.Lock()
	l.readMail()
	var waiting []outgoing
	for _, c := range l.conns {
		waiting = append(waiting, outgoing{c, c.netOut + uint64(c.waiting())})
	}
	l.mu.Unlock()
	l.handler.Unlock(l)
	deadline := time.Now().Add(100 * time.Millisecond)
	for _, u := range waiting {
		u.c.nc.SetWriteDeadline(deadline)
	}
	for _, u := range waiting {
		l.flushPortable(u)
	}
	l.handler.Lock(l)
	l.mu.Lock()
	l.finished = true
	for _, c := range l.conns {
		c.kill(ReasonShutdown, nil)
	}
	l.serveAll()
	l.count()
	l.mu.Unlock()
	l.handler.Unlock(l)
	l.readers.Wait()
	l.arena.Close()
}

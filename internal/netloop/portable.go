package netloop

import (
	"errors"
	"io"
	"net"
	"os"
	"sync"
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
// started for it.

const portableChunk = 32 << 10 // bytes read or written at once

var chunkPool = sync.Pool{New: func() any { return new([portableChunk]byte) }}

// NewPortable opens a Group that works on any system and serves any net.Conn.
// It has one loop.
func NewPortable(o Options) (*Group, error) {
	o.Loops = 1
	g := newGroup(o)
	l := newLoop(g, 0, "loop0")
	l.portable = true
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
	var others []*Conn
	for _, d := range l.dirty {
		d.flags &^= flagDirty
		if d != c && !d.has(flagDead) {
			others = append(others, d)
		}
	}
	l.dirty = l.dirty[:0]
	l.count()
	at := l.tickAt
	if len(l.conns) > 0 {
		at = min(at, l.cron.at)
	}
	wait := time.Duration(min(max(at-l.now, 1), 60_000)) * time.Millisecond
	l.mu.Unlock()
	l.handler.Unlock(l)

	for _, d := range others {
		go l.flushPortable(d)
	}
	if c != nil {
		l.flushPortable(c)
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
	buf := make([]byte, portableChunk)
	for {
		n, err := c.nc.Read(buf)
		l.turnPortable(c, buf[:n], err)
		if err != nil {
			return
		}
	}
}

// flushPortable writes the output of c until nothing waits.
func (l *Loop) flushPortable(c *Conn) {
	chunk := chunkPool.Get().(*[portableChunk]byte)
	defer chunkPool.Put(chunk)
	l.mu.Lock()
	defer l.mu.Unlock()
	if c.flags&(flagWriting|flagDead) != 0 {
		return
	}
	c.flags |= flagWriting
	defer func() { c.flags &^= flagWriting }()
	for c.pending() {
		n := copy(chunk[:], c.front())
		if n == 0 {
			c.advance(0)
			continue
		}
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
	if c.has(flagClosing) {
		c.kill(ReasonAsked, nil)
		l.Wake()
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

// ServeConn makes nc a connection of a portable Group.
func (g *Group) ServeConn(nc net.Conn) {
	l := g.loops[0]
	g.accepted.Add(1)
	c := l.newConn()
	c.nc = nc
	c.unix = nc.LocalAddr().Network() == "unix"
	c.local = nc.LocalAddr().String()
	c.remote = nc.RemoteAddr().String()
	if c.unix {
		c.local += ":0"
		c.remote = c.local
	}
	l.readers.Add(1)
	go func() {
		defer l.readers.Done()
		l.handler.Lock(l)
		l.mu.Lock()
		l.enter(c)
		l.mu.Unlock()
		l.handler.Unlock(l)
		l.turnPortable(c, nil, nil)
		l.readPortable(c)
	}()
}

func (g *Group) listenPortable(network, addr string) (*Listener, error) {
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
			g.ServeConn(c)
		}
	}()
	return ln, nil
}

func (g *Group) listenUnixPortable(path string, perm os.FileMode) (*Listener, error) {
	os.Remove(path)
	ln, err := g.listenPortable("unix", path)
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
	waiting := append([]*Conn(nil), l.conns...)
	l.mu.Unlock()
	l.handler.Unlock(l)
	deadline := time.Now().Add(100 * time.Millisecond)
	for _, c := range waiting {
		c.nc.SetWriteDeadline(deadline)
	}
	for _, c := range waiting {
		l.flushPortable(c)
	}
	l.handler.Lock(l)
	l.mu.Lock()
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

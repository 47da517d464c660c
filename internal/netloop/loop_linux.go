package netloop

import (
	"fmt"
	"runtime"
	"syscall"

	"granary/internal/mem"
)

// Numbers in the place of a connection's generation, for descriptors that are
// not connections.
const (
	genWake   = 1<<32 - 1
	genListen = 1<<32 - 2
	genMax    = 1<<32 - 16
)

// poller is the part of a Loop that talks to epoll.
type poller struct {
	ep      int
	wakeFd  int32
	reserve int32 // a descriptor to give up when there are none left
	gen     uint32
	byFd    []*Conn // connections by descriptor

	again   bool  // the next turn has work without an event
	schedAt int64 // when the loop last passed by the scheduler, ms

	events []syscall.EpollEvent
	iovecs [maxVecs]syscall.Iovec
	spare  []*Conn
}

func (l *Loop) open() error {
	ep, err := syscall.EpollCreate1(syscall.EPOLL_CLOEXEC)
	if err != nil {
		return fmt.Errorf("epoll_create1: %w", err)
	}
	l.ep = ep
	if l.wakeFd, err = newEventFd(); err != nil {
		syscall.Close(ep)
		return fmt.Errorf("eventfd: %w", err)
	}
	// Edge triggered, so nobody needs to read the counter back.
	if err := epollAdd(ep, l.wakeFd, genWake, epollIn|epollET); err != nil {
		return fmt.Errorf("epoll_ctl: %w", err)
	}
	l.reserve = openReserve()
	l.events = make([]syscall.EpollEvent, 512)
	l.readRef = l.arena.Alloc(l.group.opts.ReadBuffer, mem.PurposeQueryBuffer)
	l.read = mem.Bytes(l.readRef, l.group.opts.ReadBuffer)
	return nil
}

func (l *Loop) close() {
	if l.reserve >= 0 {
		syscall.Close(int(l.reserve))
	}
	syscall.Close(int(l.wakeFd))
	syscall.Close(l.ep)
	l.read = nil
	l.arena.Free(l.readRef, l.group.opts.ReadBuffer, mem.PurposeQueryBuffer)
	l.arena.Close()
}

// Wake makes the loop take a turn soon. Anybody may call it.
func (l *Loop) Wake() {
	if !l.woken.CompareAndSwap(false, true) {
		return
	}
	if l.portable {
		l.wakePortable()
		return
	}
	signalEventFd(l.wakeFd)
}

// run is the life of a loop.
func (l *Loop) run() {
	if l.portable {
		l.runPortable()
		return
	}
	for !l.stopping.Load() {
		n := l.wait()
		l.readClock()
		for next := 0; ; {
			next = l.turn(next, n)
			if next == n {
				break
			}
		}
	}
	l.finish()
}

// schedEvery is how long a loop that is never idle runs before it passes by the scheduler, in ms. Below the 10 ms after
// which the runtime takes the processor from a goroutine that does not, and then looks every 20 us whether to do so again:
// its monitor took 4 % of the CPU time of a busy server.
const schedEvery = 5

// wait returns the number of events that are there. It blocks only when there is nothing to do without them.
//
// It neither spins nor yields the processor before it blocks. Measured on Linux 6.18 with 50 unpipelined clients on the same
// machine: who yields loses his turn to every client he wakes, and each reply costs a switch (5.25 instead of 4.95 us a
// request).
func (l *Loop) wait() int {
	if l.now-l.schedAt >= schedEvery {
		l.schedAt = l.now
		runtime.Gosched()
	}
	if l.again {
		return epollPoll(l.ep, l.events)
	}
	at := l.tickAt
	if len(l.conns) > 0 {
		at = min(at, l.cron.at)
	}
	ms := min(max(at-l.now, 0), 60_000)
	return epollWait(l.ep, l.events, int(ms))
}

// turn is A, B and C for the events from next to n. It returns where it
// stopped: before n if the read buffer was full.
func (l *Loop) turn(next, n int) int {
	l.mu.Lock()
	if next == 0 {
		l.readMore()
	}
	next = l.readEvents(next, n)
	idle := l.idle()
	l.mu.Unlock()

	if !idle {
		l.handler.Lock(l)
		l.serveAll()
		l.handler.Unlock(l)
	}

	l.mu.Lock()
	l.writeAll()
	l.count()
	l.again = len(l.more) > 0 || len(l.dirty) > 0 || len(l.resumed) > 0 || len(l.dead) > 0 || len(l.unpins) > 0
	l.mu.Unlock()
	return next
}

// setAside is what of the poller belongs to the turn at hand.
type setAside struct {
	events []syscall.EpollEvent
	again  bool
}

func (p *setAside) putAside(l *Loop) {
	p.events, p.again = l.events, l.again
	l.events = make([]syscall.EpollEvent, 64)
}

func (p *setAside) putBack(l *Loop) { l.events, l.again = p.events, p.again }

// pumpTurn is a turn that waits for nothing.
func (l *Loop) pumpTurn() {
	n := epollPoll(l.ep, l.events)
	for next := 0; ; {
		next = l.turn(next, n)
		if next == n {
			return
		}
	}
}

// readMore reads the connections that were left with more to read.
func (l *Loop) readMore() {
	list := l.more
	l.more = l.spare[:0]
	for i, c := range list {
		list[i] = nil
		c.flags &^= flagMore
		if c.flags&(flagReadable|flagDead) != flagReadable {
			continue
		}
		if !l.readConn(c) {
			l.markMore(c)
		}
	}
	l.spare = list[:0]
}

// readEvents looks at the events from i to n. It stops before the first
// connection that finds the read buffer full.
func (l *Loop) readEvents(i, n int) int {
	for ; i < n; i++ {
		ev := &l.events[i]
		gen := uint32(ev.Pad)
		if gen > genMax {
			if gen == genListen {
				l.accept(ev.Fd)
			}
			continue
		}
		c := l.byFd[ev.Fd]
		if c == nil || c.gen != gen || c.has(flagDead) {
			continue
		}
		if ev.Events&epollOut != 0 && c.has(flagWantOut) {
			l.flush(c)
			if c.has(flagDead) {
				continue
			}
		}
		if ev.Events&^epollOut == 0 {
			continue
		}
		c.flags |= flagReadable
		if ev.Events&(epollHup|epollErr|epollRdHup) != 0 {
			c.flags |= flagHangup
			if ev.Events&(epollHup|epollErr) != 0 && c.flags&(flagClosing|flagStalled) != 0 {
				c.kill(ReasonPeer, nil)
				continue
			}
		}
		if !l.readConn(c) {
			return i
		}
	}
	return i
}

// readConn reads what c has, within the bounds of a turn. It reports false
// when the read buffer has no room.
func (l *Loop) readConn(c *Conn) bool {
	if c.flags&(flagReady|flagStalled|flagClosing|flagMore|flagServing) != 0 {
		// Read in this turn already, or not to be read now.
		if c.flags&(flagReady|flagServing) != 0 {
			l.markMore(c)
		}
		return true
	}
	var p []byte
	front := 0 // bytes of p that are there already
	own := c.q.held()
	if own && c.q.front.len == 0 && c.q.len <= mergeMax && c.q.need < needBig && !c.has(flagPaused) &&
		len(l.read)-l.readUsed >= c.q.len+readMin {
		// A short rest goes before what is read now, so that a client that
		// sends without pause is read in large pieces.
		p = l.read[l.readUsed:]
		front = copy(p, c.q.bytes())
		own = false
	}
	switch {
	case own:
		if !l.makeRoom(c, &p) {
			return true
		}
	case front == 0:
		p = l.read[l.readUsed:]
		if len(p) < readMin {
			return false
		}
	}
	if !own {
		most := readMax
		if c.q.cap > needBig {
			// Another large argument is likely: what is read of it here has
			// to be copied.
			most = readFew
		}
		p = p[:min(len(p), most)]
	}
	p = p[front:]
	n, errno := recv(c.fd, p)
	if n <= 0 {
		switch {
		case n == 0:
			c.kill(ReasonPeer, nil)
		case errno == syscall.EAGAIN:
			c.flags &^= flagReadable
		default:
			c.kill(ReasonError, errno)
		}
		return true
	}
	if own {
		c.q.filled(c.q.len + n)
	} else {
		if front > 0 {
			c.q.len, c.q.need = 0, 0
		}
		n := front + n
		c.in = l.read[l.readUsed : l.readUsed+n : l.readUsed+n]
		l.readUsed += n
	}
	l.turnIn += uint64(n)
	l.turnRead++
	c.netIn += uint64(n)
	c.lastIO = l.now
	c.flags |= flagReady
	l.ready = append(l.ready, c)

	// With edge triggered events a short read says that the socket is empty,
	// and the next byte is an event; but the end of the stream may have been
	// announced together with these bytes.
	if n == len(p) || c.has(flagHangup) {
		l.markMore(c)
	} else {
		c.flags &^= flagReadable
	}
	return true
}

// writeAll is C.
func (l *Loop) writeAll() {
	list := l.dirty
	l.dirty = l.spare[:0]
	for i, c := range list {
		list[i] = nil
		c.flags &^= flagDirty
		if c.flags&(flagDead|flagWantOut) == 0 {
			l.flush(c)
		}
	}
	l.spare = list[:0]
	for _, fd := range l.doomed {
		syscall.Close(int(fd))
	}
	l.doomed = l.doomed[:0]
}

// flush writes the output of c: all of it, or what the socket takes, or as
// much as one connection may have in one turn.
func (l *Loop) flush(c *Conn) {
	if c.has(flagLate) { // in the next turn
		l.wantOut(c, false)
		return
	}
	for budget := writeBound; ; {
		if len(c.out.queue) == 0 {
			// Fast path: everything lies in the open segment.
			p := c.Out.Pending()[c.out.sent:]
			if len(p) == 0 {
				break
			}
			n, errno := send(c.fd, p)
			if !l.sent(c, n, len(p), errno) {
				return
			}
			break
		}
		v, size := l.gather(c)
		n, errno := sendv(c.fd, v)
		if !l.sent(c, n, size, errno) {
			return
		}
		if budget -= n; budget <= 0 {
			l.wantOut(c, false)
			l.markDirty(c)
			l.stall(c)
			return
		}
	}
	if c.has(flagWantOut) {
		l.wantOut(c, false)
	}
	if c.flags&(flagStalled|flagFull) != 0 {
		l.stall(c)
	}
	if c.has(flagClosing) {
		c.kill(ReasonAsked, nil)
	}
}

// gather fills the vectors with the front of the output.
func (l *Loop) gather(c *Conn) (v []syscall.Iovec, size int) {
	o := &c.out
	skip := o.sent
	k := 0
	add := func(p []byte) {
		p = p[skip:]
		skip = 0
		if len(p) > 0 {
			l.iovecs[k].Base = &p[0]
			l.iovecs[k].SetLen(len(p))
			size += len(p)
			k++
		}
	}
	for i := o.head; i < len(o.queue) && k < maxVecs-1 && size < writeBound; i++ {
		add(o.queue[i].bytes())
		if i == len(o.queue)-1 {
			add(c.Out.Pending())
		}
	}
	return l.iovecs[:k], size
}

// sent books the outcome of a write of want bytes. It reports whether to go
// on: false if the connection is lost or its socket is full.
func (l *Loop) sent(c *Conn, n, want int, errno syscall.Errno) bool {
	if n < 0 && errno != syscall.EAGAIN {
		c.kill(ReasonError, errno)
		return false
	}
	if n > 0 {
		l.turnOut += uint64(n)
		l.turnSent++
		c.netOut += uint64(n)
		c.lastIO = l.now
		c.advance(n)
	}
	if n < want {
		l.wantOut(c, true)
		l.stall(c)
		return false
	}
	return true
}

// wantOut asks for EPOLLOUT, or stops asking.
func (l *Loop) wantOut(c *Conn, on bool) {
	if c.has(flagWantOut) == on {
		return
	}
	events := uint32(connEvents)
	if on {
		events |= epollOut
	}
	if err := epollMod(l.ep, c.fd, c.gen, events); err != nil {
		c.kill(ReasonError, err)
		return
	}
	c.flags ^= flagWantOut
}

// stall stops reading a connection that does not take its replies, and starts
// reading and serving it again when most of them are taken.
func (l *Loop) stall(c *Conn) {
	bound := l.group.opts.OutputBound
	switch n := c.waiting(); {
	case n > bound:
		c.flags |= flagStalled
	case n <= bound/2 && c.flags&(flagStalled|flagFull) != 0:
		if c.has(flagStalled) && c.has(flagReadable) {
			l.markMore(c)
		}
		c.empty()
		c.flags &^= flagStalled
	}
}

// adopt makes c, whose socket is fd, a connection of l.
//
// REQUIRES: called in A or B of l.
func (l *Loop) adopt(c *Conn, fd int32) {
	if l.gen++; l.gen > genMax {
		l.gen = 1
	}
	c.fd, c.gen = fd, l.gen
	if int(fd) >= len(l.byFd) {
		l.byFd = append(l.byFd, make([]*Conn, int(fd)+1-len(l.byFd)+256)...)
	}
	l.byFd[fd] = c
	l.enter(c)
	if err := epollAdd(l.ep, fd, c.gen, connEvents); err != nil {
		c.kill(ReasonError, err)
	}
}

// detach lets go of the socket of a connection that was buried.
func (l *Loop) detach(c *Conn) {
	if l.portable {
		go c.nc.Close()
		return
	}
	l.byFd[c.fd] = nil
	l.doomed = append(l.doomed, c.fd)
	c.fd = -1
}

// finish ends every connection: what waits is written once, as far as the
// sockets take it.
func (l *Loop) finish() {
	l.handler.Lock(l)
	l.readMail()
	l.takeLate()
	l.handler.Unlock(l)
	l.mu.Lock()
	for _, c := range l.conns {
		if c.pending() && c.flags&(flagDead|flagWantOut) == 0 {
			l.flush(c)
		}
		c.kill(ReasonShutdown, nil)
	}
	l.mu.Unlock()
	l.handler.Lock(l)
	l.serveAll()
	l.handler.Unlock(l)
	l.mu.Lock()
	l.dirty = nil
	l.writeAll()
	l.count()
	l.mu.Unlock()
	l.close()
}

package netloop

import (
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"granary/internal/clock"
	"granary/internal/mem"
)

// A Loop owns connections. Its turn is described in the package comment.
type Loop struct {
	mu sync.Mutex // guards the connections in A and C

	id       int
	group    *Group
	handler  Handler
	arena    *mem.Arena
	portable bool

	now    int64 // milliseconds of the wall clock, read once per turn
	wall   clock.Wall
	tickAt int64 // when Handler.Tick is due
	tickOn int64 // when it was called last
	cron   cron

	conns   []*Conn
	newborn []*Conn // accepted, without a session
	ready   []*Conn // read in this turn; those before nextReady are served
	more    []*Conn // readable without a new event
	resumed []*Conn // to be served without new input
	dirty   []*Conn // with output to write
	late    []*Conn // with output that another loop has appended (markLate)

	dead   []*Conn // to be buried
	unpins []mem.Ref
	doomed []int32 // descriptors of the buried, closed in C

	read     []byte // the read buffer
	readRef  mem.Ref
	readUsed int
	scrap    []byte // where output to the dead goes

	mailMu sync.Mutex
	mail   []func()
	woken  atomic.Bool

	stopping atomic.Bool
	done     chan struct{} // closed when the loop has ended

	bytesIn  atomic.Uint64
	bytesOut atomic.Uint64
	turnIn   uint64 // not yet added to bytesIn
	turnOut  uint64
	reads    atomic.Uint64 // how often bytes were read from a socket
	writes   atomic.Uint64
	turnRead uint64 // not yet added to reads
	turnSent uint64

	// Portable loops only.
	wake     chan struct{}
	readers  sync.WaitGroup
	sleeping int64      // ms, when runPortable takes a turn by itself
	wrote    *sync.Cond // on mu: a goroutine has stopped writing
	finished bool       // no connection enters any more

	nextReady    int
	made         int     // bytes copied to reply blocks in this Serve
	resumedSpare []*Conn // room for the next resumed
	pumping      *pump   // a session calls Pump

	poller
}

func newLoop(g *Group, id int, name string) *Loop {
	l := &Loop{
		id: id, group: g, handler: g.opts.Handler,
		arena: mem.NewSharedArena(name),
		done:  make(chan struct{}),
	}
	l.readClock()
	return l
}

// ID returns the number of the loop: its place in its Group, from Options.FirstID.
func (l *Loop) ID() int { return l.id }

// Now returns the wall clock in milliseconds, as of the beginning of the turn.
func (l *Loop) Now() int64 { return l.now }

func (l *Loop) readClock() { l.now = l.wall.UnixMilli(l.wall.Read()) }

// Arena returns the memory of the loop's buffers. It follows the rule of the
// connections' state.
func (l *Loop) Arena() *mem.Arena { return l.arena }

// Conns calls fn for every connection that has a session.
//
// REQUIRES: the keyspace lock, on behalf of the loop cur.
func (l *Loop) Conns(cur *Loop, fn func(c *Conn)) {
	if l != cur {
		l.mu.Lock()
		defer l.mu.Unlock()
	}
	for _, c := range l.conns {
		if c.session != nil {
			fn(c)
		}
	}
}

// Post has fn called in B of a turn that begins soon.
func (l *Loop) Post(fn func()) {
	l.mailMu.Lock()
	l.mail = append(l.mail, fn)
	l.mailMu.Unlock()
	l.Wake()
}

// markDirty puts c on the list of those with output to write.
func (l *Loop) markDirty(c *Conn) {
	if c.flags&(flagDirty|flagDead) != 0 {
		return
	}
	c.flags |= flagDirty
	l.dirty = append(l.dirty, c)
}

// markLate is markDirty for output that another loop has appended: it is written in C of a turn whose B has not begun yet, and
// nothing of the connection is before: what Handler.Unlock does before output may be sent (syncing a log) was done for it then.
//
// REQUIRES: the keyspace lock and l.mu.
func (l *Loop) markLate(c *Conn) {
	if c.flags&(flagLate|flagDead) != 0 {
		return
	}
	c.flags |= flagLate
	l.late = append(l.late, c)
}

// takeLate makes that output the turn's own.
//
// REQUIRES: called in B.
func (l *Loop) takeLate() {
	for _, c := range l.late {
		c.flags &^= flagLate
		l.markDirty(c)
	}
	clear(l.late)
	l.late = l.late[:0]
}

func (l *Loop) markMore(c *Conn) {
	if c.flags&(flagMore|flagDead) != 0 {
		return
	}
	c.flags |= flagMore
	l.more = append(l.more, c)
}

// waste returns memory for what nobody will read.
func (l *Loop) waste() []byte {
	if l.scrap == nil {
		l.scrap = make([]byte, blockMin)
	}
	return l.scrap
}

// tickDue reports whether time has come for Handler.Tick. A wall clock that was
// set back makes it come at once.
func (l *Loop) tickDue() bool { return l.now >= l.tickAt || l.now < l.tickOn }

// idle reports whether B has nothing to do.
func (l *Loop) idle() bool {
	return len(l.ready) == 0 && len(l.newborn) == 0 && len(l.resumed) == 0 &&
		len(l.dead) == 0 && len(l.unpins) == 0 && !l.woken.Load() &&
		!l.tickDue() && !l.cron.due(l.now)
}

// TickBy has Handler.Tick called at a time, in milliseconds of Now, if it is not
// due sooner.
//
// REQUIRES: called in B of the loop.
func (l *Loop) TickBy(at int64) { l.tickAt = min(l.tickAt, at) }

// serveAll is B.
//
// REQUIRES: the keyspace lock.
func (l *Loop) serveAll() {
	l.readMail()
	l.takeLate()
	for i, c := range l.newborn {
		l.newborn[i] = nil
		l.welcome(c)
	}
	l.newborn = l.newborn[:0]

	// NB: a session may call Pump, which gets here again and serves the rest.
	for l.nextReady < len(l.ready) {
		c := l.ready[l.nextReady]
		l.nextReady++
		c.flags &^= flagReady
		l.serve(c)
	}
	l.ready, l.nextReady = l.ready[:0], 0
	l.readUsed = 0

	// What is resumed here and now waits for the next turn.
	if list := l.resumed; len(list) > 0 {
		l.resumed = l.resumedSpare[:0]
		l.resumedSpare = nil
		for _, c := range list {
			c.flags &^= flagResumed
			if c.q.held() {
				l.serve(c)
			}
		}
		clear(list)
		l.resumedSpare = list[:0]
	}

	if l.tickDue() {
		l.tickOn = l.now
		l.tickAt = max(l.handler.Tick(l, l.now), l.now) // l.now: after a look at the sockets
	}
	if l.pumping == nil {
		l.cron.run(l)
	}
	l.bury()
	for _, ref := range l.unpins {
		l.handler.Unpin(ref)
	}
	l.unpins = l.unpins[:0]
}

func (l *Loop) readMail() {
	if !l.woken.Load() {
		return
	}
	l.woken.Store(false)
	l.mailMu.Lock()
	fns := l.mail
	l.mail = nil
	l.mailMu.Unlock()
	for _, fn := range fns {
		fn()
	}
}

// welcome gives a new connection its session.
func (l *Loop) welcome(c *Conn) {
	if c.has(flagDead) {
		return
	}
	c.session = l.handler.Accept(c)
	if c.session == nil {
		c.flags |= flagClosing
	}
	if c.pending() || c.has(flagClosing) {
		l.markDirty(c)
	}
}

// serve hands the session what was read.
func (l *Loop) serve(c *Conn) {
	own := c.q.held()
	in := c.in
	if own {
		in = c.q.bytes()
	}
	c.in = nil
	if len(in) == 0 {
		return
	}
	used := 0
	c.Need, c.Body = 0, 0
	if c.flags&(flagPaused|flagClosing|flagDead|flagFull) == 0 {
		complete := c.Complete
		c.Complete = 0
		if int64(c.q.front.len+len(in)-complete) > l.group.queryLimit.Load() {
			c.kill(ReasonQueryLimit, nil)
		} else {
			l.made = 0
			c.flags = c.flags&^flagYield | flagServing
			used = c.session.Serve(c, in)
			c.flags &^= flagServing
		}
	}
	switch {
	case used < len(in) && c.flags&(flagClosing|flagDead) == 0:
		l.keep(c, in, used)
		if c.has(flagYield) {
			c.Again()
		}
	case own:
		c.q.done(l.arena)
	}
	c.flags &^= flagYield
	if c.pending() {
		l.markDirty(c)
	}
}

// keep puts what was not used of in into the query buffer of c, or leaves it
// there. If there is no memory for it the connection ends.
func (l *Loop) keep(c *Conn, in []byte, used int) {
	if used == 0 && c.q.held() {
		if c.Need > 0 {
			c.q.need = c.Need
		}
		return
	}
	defer l.endWithoutMemory(c)
	c.q.keep(l.arena, in[used:], c.Need, c.Body)
}

// makeRoom gets room in the query buffer of c. If there is no memory for it
// the connection ends.
func (l *Loop) makeRoom(c *Conn, p *[]byte) (ok bool) {
	defer l.endWithoutMemory(c)
	*p = c.q.room(l.arena)
	return true
}

// endWithoutMemory is deferred where a query buffer is allocated.
func (l *Loop) endWithoutMemory(c *Conn) {
	if e := recover(); e != nil {
		if !noMemory(e) {
			panic(e)
		}
		c.kill(ReasonMemory, mem.ErrOutOfMemory)
	}
}

// noMemory reports whether a panic with e says that memory is out.
func noMemory(e any) bool {
	err, ok := e.(error)
	return ok && errors.Is(err, mem.ErrOutOfMemory)
}

// bury ends the dead: the session hears of it, and nothing is held any more.
func (l *Loop) bury() {
	later := l.dead[:0]
	for i := 0; i < len(l.dead); i++ { // those who die meanwhile, too
		c := l.dead[i]
		if c.has(flagServing) {
			later = append(later, c) // it is the one that pumps
			continue
		}
		if c.session != nil {
			c.session.Closed(c)
		}
		c.dropOutput()
		c.q.free(l.arena)
		c.in = nil
		last := len(l.conns) - 1
		l.conns[c.index] = l.conns[last]
		l.conns[c.index].index = c.index
		l.conns[last] = nil
		l.conns = l.conns[:last]
		l.detach(c)
		mem.BookOutside(mem.PurposeClient, -c.self())
	}
	clear(l.dead[len(later):])
	l.dead = later
}

// enter adds a connection to the loop.
func (l *Loop) enter(c *Conn) {
	c.index = int32(len(l.conns))
	l.conns = append(l.conns, c)
	l.newborn = append(l.newborn, c)
	mem.BookOutside(mem.PurposeClient, c.self())
}

// newConn makes a connection of l.
func (l *Loop) newConn() *Conn {
	c := &Conn{loop: l, fd: -1}
	c.created = time.Now().UnixMilli()
	c.lastIO = c.created
	c.q.spare = l.group.opts.Spare
	c.Out.Init(c, 2)
	return c
}

// count publishes the traffic of a turn.
func (l *Loop) count() {
	if l.turnIn > 0 {
		l.bytesIn.Add(l.turnIn)
		l.reads.Add(l.turnRead)
		l.turnIn, l.turnRead = 0, 0
	}
	if l.turnOut > 0 {
		l.bytesOut.Add(l.turnOut)
		l.writes.Add(l.turnSent)
		l.turnOut, l.turnSent = 0, 0
	}
}

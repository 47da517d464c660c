package netloop

import (
	"fmt"
	"net"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
)

// A Group is a set of loops that share a Handler and listeners.
type Group struct {
	opts  Options
	loops []*Loop

	queryLimit atomic.Int64
	peakReset  atomic.Int64
	replyFixed atomic.Bool // static reply blocks are not fitted to their peak
	cronPaused atomic.Bool
	queryIdle  int64         // queryIdle, less in tests
	expands    atomic.Uint64 // static reply blocks that were made larger
	shrinks    atomic.Uint64
	keepalive  atomic.Int64
	accepted   atomic.Uint64 // also hands connections to loops in turn
	refused    atomic.Uint64

	mu         sync.Mutex
	listeners  map[int32]*Listener // by descriptor, or a number below 0
	portableID int32
	stopped    bool              // no connection begins any more
	shaking    map[net.Conn]bool // in a TLS handshake

	slots chan struct{} // one is held by each TLS handshake
}

func newGroup(o Options) *Group {
	o.defaults()
	g := &Group{
		opts:      o,
		listeners: map[int32]*Listener{},
		shaking:   map[net.Conn]bool{},
		slots:     make(chan struct{}, o.Handshakes),
	}
	g.queryLimit.Store(o.QueryLimit)
	g.queryIdle = queryIdle
	g.peakReset.Store(peakDefault)
	g.keepalive.Store(int64(o.KeepaliveSec))
	return g
}

// Loops returns the loops.
func (g *Group) Loops() []*Loop { return g.loops }

// SetQueryLimit changes client-query-buffer-limit.
func (g *Group) SetQueryLimit(n int64) { g.queryLimit.Store(n) }

// SetPeakReset changes how long the peak of a static reply block counts, in
// milliseconds; below 0 it counts for ever (DEBUG REPLYBUFFER).
func (g *Group) SetPeakReset(ms int64) { g.peakReset.Store(ms) }

// ResetPeakReset restores the default of SetPeakReset.
func (g *Group) ResetPeakReset() { g.peakReset.Store(peakDefault) }

// FitReplies says whether static reply blocks are fitted to what they hold; so
// it is at the start (DEBUG REPLYBUFFER).
func (g *Group) FitReplies(on bool) { g.replyFixed.Store(!on) }

// PauseCron stops the loops fitting buffers to what they hold, or sets it going
// again (DEBUG PAUSE-CRON).
func (g *Group) PauseCron(on bool) { g.cronPaused.Store(on) }

// ReplyResizes returns how often static reply blocks were made smaller and
// larger since the start.
func (g *Group) ReplyResizes() (shrinks, expands uint64) { return g.shrinks.Load(), g.expands.Load() }

// Follow takes over the settings that another Group has been given.
func (g *Group) Follow(o *Group) {
	g.queryLimit.Store(o.queryLimit.Load())
	g.peakReset.Store(o.peakReset.Load())
	g.replyFixed.Store(o.replyFixed.Load())
	g.cronPaused.Store(o.cronPaused.Load())
	g.keepalive.Store(o.keepalive.Load())
}

// NetIn returns the bytes read since the start.
func (g *Group) NetIn() uint64 {
	n := uint64(0)
	for _, l := range g.loops {
		n += l.bytesIn.Load()
	}
	return n
}

// NetOut returns the bytes written since the start.
func (g *Group) NetOut() uint64 {
	n := uint64(0)
	for _, l := range g.loops {
		n += l.bytesOut.Load()
	}
	return n
}

// Calls returns how often bytes were read from sockets and written to them since
// the start.
func (g *Group) Calls() (reads, writes uint64) {
	for _, l := range g.loops {
		reads += l.reads.Load()
		writes += l.writes.Load()
	}
	return reads, writes
}

// Accepted returns the number of connections since the start.
func (g *Group) Accepted() uint64 { return g.accepted.Load() }

// Start sets the loops going.
func (g *Group) Start() {
	for _, l := range g.loops {
		go func() {
			defer close(l.done)
			l.run()
		}()
	}
}

// Stop closes the listeners, writes what the sockets take without waiting,
// ends all connections and waits for the loops to end.
//
// REQUIRES: Start was called; the caller does not hold the keyspace lock.
func (g *Group) Stop() {
	g.CloseListeners()
	g.mu.Lock()
	g.stopped = true
	for nc := range g.shaking {
		nc.Close()
	}
	g.mu.Unlock()
	// In this order: the first loop hands new connections to the others.
	for _, l := range g.loops {
		l.stopping.Store(true)
		l.Wake()
		<-l.done
	}
}

// CloseListeners closes all listeners.
func (g *Group) CloseListeners() {
	g.mu.Lock()
	var all []*Listener
	for _, ln := range g.listeners {
		all = append(all, ln)
	}
	g.mu.Unlock()
	for _, ln := range all {
		ln.Close()
	}
}

// Refused returns the number of connections dropped because the process had no
// descriptor for them.
func (g *Group) Refused() uint64 { return g.refused.Load() }

// forget takes a listener off the books. It reports whether it was there.
func (g *Group) forget(ln *Listener) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.listeners[ln.fd] != ln {
		return false
	}
	delete(g.listeners, ln.fd)
	return true
}

// hostPort joins an address and a port, an IPv6 address in brackets.
func hostPort(host string, port int) string {
	if strings.Contains(host, ":") && !strings.HasPrefix(host, "[") {
		host = "[" + host + "]"
	}
	return host + ":" + strconv.Itoa(port)
}

// pick returns the loop for the next connection.
func (g *Group) pick() *Loop {
	n := g.accepted.Add(1)
	return g.loops[(n-1)%uint64(len(g.loops))]
}

// A ListenError says which step of opening a listener failed.
type ListenError struct {
	Step string // socket, bind, listen, ...
	Addr string
	Err  error
}

func (e *ListenError) Error() string { return fmt.Sprintf("%s: %s: %v", e.Addr, e.Step, e.Err) }

// Unwrap returns the system's error.
func (e *ListenError) Unwrap() error { return e.Err }

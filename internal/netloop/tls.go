package netloop

import (
	"crypto/tls"
	"net"
	"strings"
	"time"
)

// A connection of TLS is none of the loop's before its handshake is done: until
// then it holds no memory of the loop, and no lock. The handshake runs in the
// goroutine that will be the connection's.
//
//	accept ---> slot ---> handshake ---> serveConn: newborn, Accept, turns
//	              |           |
//	              |           +-- error, or too slow: Failed, closed
//	              +-- none is free: what arrives waits in the kernel's backlog
//
// A peer that says nothing holds a slot until its time is over. So that such
// peers cannot keep all others out for long, a handshake has a fifth of the
// time when half of the slots are taken.

// TLS is what a listener of TLS needs to know. Its functions are called by many
// goroutines at a time, with no lock.
type TLS struct {
	// Config returns the configuration for a connection that has arrived. If
	// it returns nil the connection is closed.
	Config func() *tls.Config

	// Refuse, if it is set, says before the handshake that there is no room for
	// a connection, which is then closed. It may wait for the keyspace lock.
	Refuse func() bool

	// Failed is told of every handshake that failed, unless the Group stops.
	Failed func(nc net.Conn, err error)
}

// ListenTLS opens a listener for TLS, on the addresses that ListenTCP knows. A
// failed handshake is told to the listener's own TLS.
//
// REQUIRES: the Group is portable.
func (g *Group) ListenTLS(host string, port int, t TLS) (*Listener, error) {
	if !g.loops[0].portable {
		panic("BUG: netloop: ListenTLS on loops that are not portable")
	}
	return g.listenPortable(tcpNetwork(host), hostPort(strings.Trim(host, "*"), port), func(nc net.Conn) {
		// Waiting here is not accepting.
		g.slots <- struct{}{}
		g.serveTLS(nc, t)
	})
}

// serveTLS starts the goroutine of a connection.
//
// REQUIRES: a slot was taken.
func (g *Group) serveTLS(nc net.Conn, t TLS) {
	if !g.begin() {
		<-g.slots
		nc.Close()
		return
	}
	limit := g.opts.HandshakeTime
	if len(g.slots) > cap(g.slots)/2 {
		limit /= 5
	}
	go func() {
		defer g.loops[0].readers.Done()
		c := g.shake(nc, t, limit)
		<-g.slots
		if c != nil {
			g.serveConn(c)
		}
	}()
}

// shake does the handshake of nc, which it closes if it fails.
func (g *Group) shake(nc net.Conn, t TLS, limit time.Duration) net.Conn {
	config := t.Config()
	g.mu.Lock()
	stopped := g.stopped
	g.shaking[nc] = true
	g.mu.Unlock()

	var c *tls.Conn
	var err error
	if config != nil && !stopped && (t.Refuse == nil || !t.Refuse()) {
		nc.SetDeadline(time.Now().Add(limit))
		c = tls.Server(nc, config)
		if err = c.Handshake(); err == nil {
			// The last word was the peer's, and says nothing that asks for an
			// answer: one that is slow to send more without an
			// acknowledgement would wait for 40 ms.
			quickAck(nc)
			err = nc.SetDeadline(time.Time{})
		}
	}

	g.mu.Lock()
	delete(g.shaking, nc)
	stopped = stopped || g.stopped
	g.mu.Unlock()
	if c == nil || err != nil || stopped {
		nc.Close()
		if err != nil && !stopped {
			t.Failed(nc, err)
		}
		return nil
	}
	return c
}

// Shaking returns the number of TLS handshakes under way.
func (g *Group) Shaking() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return len(g.shaking)
}

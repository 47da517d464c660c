//go:build !linux

package netloop

import (
	"net"
	"os"
	"strings"
)

// poller is empty: there is only the portable loop.
type poller struct{}

// New opens a Group of portable loops. Start sets them going.
func New(o Options) (*Group, error) { return NewPortable(o) }

func (l *Loop) run() { l.runPortable() }

// Wake makes the loop take a turn soon. Anybody may call it.
func (l *Loop) Wake() {
	l.woken.Store(true)
	l.wakePortable()
}

func (l *Loop) detach(c *Conn) { go c.nc.Close() }

// ListenTCP opens a listener on an IP address: "*" is all of IPv4, "::*" all
// of IPv6, and names are looked up. Port 0 lets the system choose: a server
// for which port 0 means none does not call it.
func (g *Group) ListenTCP(host string, port, backlog int) (*Listener, error) {
	return g.listenPortable(tcpNetwork(host), hostPort(strings.Trim(host, "*"), port), g.ServeConn)
}

// ListenUnix opens a listener on a Unix socket. A file that is there already
// is removed. perm 0 leaves the permissions to the umask.
func (g *Group) ListenUnix(path string, perm os.FileMode, backlog int) (*Listener, error) {
	return g.listenUnixPortable(path, perm)
}

// Close stops accepting. Connections stay.
func (ln *Listener) Close() error {
	ln.group.forget(ln)
	return ln.nc.Close()
}

// SetKeepalive changes tcp-keepalive for connections accepted from now on.
func (g *Group) SetKeepalive(sec int) { g.keepalive.Store(int64(sec)) }

// quickAck is known on Linux.
func quickAck(net.Conn) {}

// setAside is empty: a portable loop lets go of its locks instead.
type setAside struct{}

func (*setAside) putAside(*Loop) {}
func (*setAside) putBack(*Loop)  {}

func (*Loop) pumpTurn() {}

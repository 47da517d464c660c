package netloop

import "net"

// A Listener is a socket that accepts connections. It lives in the first
// loop, which hands what it accepts to all loops in turn.
type Listener struct {
	group *Group
	fd    int32
	addr  string
	path  string // of a Unix socket
	dev   uint64 // identity of the file at path
	ino   uint64
	port  int
	nc    net.Listener // portable loops only
}

// Addr returns the address as it was given: "ip:port" or the path.
func (ln *Listener) Addr() string { return ln.addr }

// Port returns the TCP port, which the system chose if 0 was asked for.
func (ln *Listener) Port() int { return ln.port }

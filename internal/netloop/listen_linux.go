package netloop

import (
	"errors"
	"net"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"syscall"
)

// New opens a Group of epoll loops. Start sets them going.
func New(o Options) (*Group, error) {
	g := newGroup(o)
	for i := range g.opts.Loops {
		l := newLoop(g, o.FirstID+i, "loop"+strconv.Itoa(o.FirstID+i))
		if err := l.open(); err != nil {
			for _, l := range g.loops {
				l.close()
			}
			return nil, err
		}
		g.loops = append(g.loops, l)
	}
	return g, nil
}

// ListenTCP opens a listener on an IP address: "*" is all of IPv4, "::*" all
// of IPv6, and names are looked up. Port 0 lets the system choose: a server
// for which port 0 means none does not call it.
func (g *Group) ListenTCP(host string, port, backlog int) (*Listener, error) {
	if g.loops[0].portable {
		return g.listenPortable(tcpNetwork(host), hostPort(strings.Trim(host, "*"), port), g.ServeConn)
	}
	addr, err := resolve(host)
	name := hostPort(host, port)
	if err != nil {
		return nil, &ListenError{"resolve", name, err}
	}
	family := syscall.AF_INET
	var sa syscall.Sockaddr
	if addr.Is4() {
		sa = &syscall.SockaddrInet4{Port: port, Addr: addr.As4()}
	} else {
		family = syscall.AF_INET6
		sa = &syscall.SockaddrInet6{Port: port, Addr: addr.As16(), ZoneId: zoneID(addr.Zone())}
	}
	fd, err := syscall.Socket(family, syscall.SOCK_STREAM|syscall.SOCK_NONBLOCK|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, &ListenError{"socket", name, err}
	}
	fail := func(step string, err error) (*Listener, error) {
		syscall.Close(fd)
		return nil, &ListenError{step, name, err}
	}
	if family == syscall.AF_INET6 {
		if err := syscall.SetsockoptInt(fd, syscall.IPPROTO_IPV6, syscall.IPV6_V6ONLY, 1); err != nil {
			return fail("setsockopt IPV6_V6ONLY", err)
		}
	}
	if err := syscall.SetsockoptInt(fd, syscall.SOL_SOCKET, syscall.SO_REUSEADDR, 1); err != nil {
		return fail("setsockopt SO_REUSEADDR", err)
	}
	// Connections inherit these, so that accepting one costs no more calls.
	if err := syscall.SetsockoptInt(fd, syscall.IPPROTO_TCP, syscall.TCP_NODELAY, 1); err != nil {
		return fail("setsockopt TCP_NODELAY", err)
	}
	if err := setKeepalive(fd, int(g.keepalive.Load())); err != nil {
		return fail("setsockopt SO_KEEPALIVE", err)
	}
	if err := syscall.Bind(fd, sa); err != nil {
		return fail("bind", err)
	}
	if err := syscall.Listen(fd, backlog); err != nil {
		return fail("listen", err)
	}
	if own, err := syscall.Getsockname(fd); err == nil {
		_, port = addrString(own)
	}
	ln := &Listener{group: g, fd: int32(fd), addr: hostPort(host, port), port: port}
	if err := g.register(ln); err != nil {
		return fail("epoll_ctl", err)
	}
	return ln, nil
}

// ListenUnix opens a listener on a Unix socket. A file that is there already
// is removed. perm 0 leaves the permissions to the umask.
func (g *Group) ListenUnix(path string, perm os.FileMode, backlog int) (*Listener, error) {
	if g.loops[0].portable {
		return g.listenUnixPortable(path, perm)
	}
	os.Remove(path)
	fd, err := syscall.Socket(syscall.AF_UNIX, syscall.SOCK_STREAM|syscall.SOCK_NONBLOCK|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, &ListenError{"socket", path, err}
	}
	fail := func(step string, err error) (*Listener, error) {
		syscall.Close(fd)
		return nil, &ListenError{step, path, err}
	}
	if err := syscall.Bind(fd, &syscall.SockaddrUnix{Name: path}); err != nil {
		return fail("bind", err)
	}
	if perm != 0 {
		if err := os.Chmod(path, perm); err != nil {
			return fail("chmod", err)
		}
	}
	if err := syscall.Listen(fd, backlog); err != nil {
		return fail("listen", err)
	}
	ln := &Listener{group: g, fd: int32(fd), addr: path, path: path}
	var st syscall.Stat_t
	if syscall.Stat(path, &st) == nil {
		ln.dev, ln.ino = uint64(st.Dev), st.Ino
	}
	if err := g.register(ln); err != nil {
		return fail("epoll_ctl", err)
	}
	return ln, nil
}

func (g *Group) register(ln *Listener) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.listeners[ln.fd] = ln
	// Level triggered: what one turn does not accept is there in the next.
	if err := epollAdd(g.loops[0].ep, ln.fd, genListen, epollIn); err != nil {
		delete(g.listeners, ln.fd)
		return err
	}
	return nil
}

// Close stops accepting. Connections stay. A Unix socket's file is removed if
// it is still the listener's own.
func (ln *Listener) Close() error {
	if ln.nc != nil {
		ln.group.forget(ln)
		return ln.nc.Close()
	}
	if !ln.group.forget(ln) {
		return nil
	}
	err := syscall.Close(int(ln.fd))
	if ln.path != "" {
		var st syscall.Stat_t
		if syscall.Stat(ln.path, &st) == nil && uint64(st.Dev) == ln.dev && st.Ino == ln.ino {
			os.Remove(ln.path)
		}
	}
	return err
}

// SetKeepalive changes tcp-keepalive for connections accepted from now on.
func (g *Group) SetKeepalive(sec int) {
	g.keepalive.Store(int64(sec))
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, ln := range g.listeners {
		if ln.path == "" && ln.nc == nil {
			setKeepalive(int(ln.fd), sec)
		}
	}
}

// setKeepalive has the kernel probe a silent peer after sec seconds, and give
// it up after three probes a third of that apart.
func setKeepalive(fd, sec int) error {
	if sec <= 0 {
		return syscall.SetsockoptInt(fd, syscall.SOL_SOCKET, syscall.SO_KEEPALIVE, 0)
	}
	return errors.Join(
		syscall.SetsockoptInt(fd, syscall.SOL_SOCKET, syscall.SO_KEEPALIVE, 1),
		syscall.SetsockoptInt(fd, syscall.IPPROTO_TCP, syscall.TCP_KEEPIDLE, sec),
		syscall.SetsockoptInt(fd, syscall.IPPROTO_TCP, syscall.TCP_KEEPINTVL, max(sec/3, 1)),
		syscall.SetsockoptInt(fd, syscall.IPPROTO_TCP, syscall.TCP_KEEPCNT, 3),
	)
}

// quickAck has what was received acknowledged at once.
func quickAck(nc net.Conn) {
	if sc, ok := nc.(syscall.Conn); ok {
		if raw, err := sc.SyscallConn(); err == nil {
			raw.Control(func(fd uintptr) { syscall.SetsockoptInt(int(fd), syscall.IPPROTO_TCP, syscall.TCP_QUICKACK, 1) })
		}
	}
}

// accept takes new connections off a listener.
//
// REQUIRES: called in A of the first loop.
func (l *Loop) accept(lfd int32) {
	g := l.group
	g.mu.Lock()
	ln := g.listeners[lfd]
	g.mu.Unlock()
	if ln == nil {
		return
	}
	for range acceptBound {
		fd, sa, err := syscall.Accept4(int(lfd), syscall.SOCK_NONBLOCK|syscall.SOCK_CLOEXEC)
		switch err {
		case nil:
		case syscall.EINTR, syscall.ECONNABORTED:
			continue
		case syscall.EMFILE, syscall.ENFILE:
			l.refuse(lfd)
			return
		default:
			return
		}
		to := g.pick()
		c := to.newConn()
		if ln.path != "" {
			c.unix = true
			c.remote = ln.path + ":0"
			c.local = c.remote
		} else {
			c.remote, _ = addrString(sa)
			if own, err := syscall.Getsockname(fd); err == nil {
				c.local, _ = addrString(own)
			}
		}
		if to == l {
			l.adopt(c, int32(fd))
			continue
		}
		to.Post(func() { to.adopt(c, int32(fd)) })
	}
}

// refuse takes one connection off a listener and drops it when there are no
// descriptors left: its peer learns of it, and the listener does not stay
// ready for ever.
func (l *Loop) refuse(lfd int32) {
	if l.reserve < 0 {
		return
	}
	syscall.Close(int(l.reserve))
	if fd, _, err := syscall.Accept4(int(lfd), syscall.SOCK_CLOEXEC); err == nil {
		syscall.Close(fd)
	}
	l.reserve = openReserve()
	l.group.refused.Add(1)
}

func openReserve() int32 {
	fd, err := syscall.Open("/dev/null", syscall.O_RDONLY|syscall.O_CLOEXEC, 0)
	if err != nil {
		return -1
	}
	return int32(fd)
}

// resolve returns the address that host names.
func resolve(host string) (netip.Addr, error) {
	switch host {
	case "", "*":
		return netip.IPv4Unspecified(), nil
	case "::*":
		return netip.IPv6Unspecified(), nil
	}
	host = strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
	if a, err := netip.ParseAddr(host); err == nil {
		return a, nil
	}
	ip, err := net.ResolveIPAddr("ip", host)
	if err != nil {
		return netip.Addr{}, err
	}
	a, _ := netip.AddrFromSlice(ip.IP)
	return a.Unmap().WithZone(ip.Zone), nil
}

func zoneID(zone string) uint32 {
	if zone == "" {
		return 0
	}
	if n, err := strconv.Atoi(zone); err == nil {
		return uint32(n)
	}
	if i, err := net.InterfaceByName(zone); err == nil {
		return uint32(i.Index)
	}
	return 0
}

// addrString returns a socket's address as Redis prints it, and its port. An
// IPv6 address is in brackets.
func addrString(sa syscall.Sockaddr) (string, int) {
	switch sa := sa.(type) {
	case *syscall.SockaddrInet4:
		return hostPort(netip.AddrFrom4(sa.Addr).String(), sa.Port), sa.Port
	case *syscall.SockaddrInet6:
		return hostPort(netip.AddrFrom16(sa.Addr).String(), sa.Port), sa.Port
	}
	return "", 0
}

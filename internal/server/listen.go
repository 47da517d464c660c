package server

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"

	"granary/internal/netloop"
)

// listen opens the sockets that the configuration names.
func (s *Server) listen() error {
	if s.loadTLS() != nil {
		return errors.New("Failed to configure TLS. Check logs for more info.")
	}
	if s.cfg.Port == 0 && s.cfg.TLSPort == 0 && s.cfg.UnixSocket == "" {
		return errors.New("Configured to not listen anywhere, exiting.")
	}
	// TLS comes first: opening it takes longer, and who waits for the other port does not then find this one closed.
	if err := s.listenTLS(); err != nil {
		return err
	}
	if err := s.listenTCP(); err != nil {
		return err
	}
	s.ports = [2]int64{s.cfg.Port, s.cfg.TLSPort}
	if path := s.cfg.UnixSocket; path != "" {
		os.Remove(path)
		ln, err := s.group.ListenUnix(path, os.FileMode(s.cfg.UnixSocketPerm), int(s.cfg.TCPBacklog))
		if err != nil {
			return fmt.Errorf("Failed opening Unix socket: bind: %v", reason(err))
		}
		s.unix = ln
	}
	return nil
}

// listenTCP opens the sockets of port.
func (s *Server) listenTCP() (err error) {
	if s.cfg.Port == 0 {
		return nil
	}
	s.tcp, err = s.bindAll(s.cfg.Port, "tcp", func(addr string) (*netloop.Listener, error) {
		return s.group.ListenTCP(addr, int(s.cfg.Port), int(s.cfg.TCPBacklog))
	})
	return err
}

// bindAll opens a socket for every address of bind. An address that begins with '-' may be missing on this machine.
func (s *Server) bindAll(port int64, kind string, listen func(addr string) (*netloop.Listener, error)) ([]*netloop.Listener, error) {
	var open []*netloop.Listener
	for _, addr := range s.cfg.Bind {
		name, optional := strings.CutPrefix(addr, "-")
		ln, err := listen(name)
		if err == nil {
			open = append(open, ln)
			continue
		}
		s.log.Warningf("Warning: Could not create server TCP listening socket %s:%d: bind: %v", addr, port, reason(err))
		if optional && absent(err) {
			continue
		}
		for _, ln := range open {
			ln.Close()
		}
		return nil, fmt.Errorf("Failed listening on port %d (%s), aborting.", port, kind)
	}
	if len(open) == 0 && len(s.cfg.Bind) > 0 {
		return nil, fmt.Errorf("Failed listening on port %d (%s), aborting.", port, kind)
	}
	return open, nil
}

// absent tells whether an address or its whole family does not exist on this machine.
func absent(err error) bool {
	return errors.Is(err, syscall.EADDRNOTAVAIL) || errors.Is(err, syscall.EAFNOSUPPORT) ||
		errors.Is(err, syscall.EPROTONOSUPPORT) || errors.Is(err, syscall.ENOPROTOOPT) || errors.Is(err, syscall.EPFNOSUPPORT)
}

// reason returns the system's words for an error of a socket call.
func reason(err error) string {
	var no syscall.Errno
	if errors.As(err, &no) {
		text := no.Error()
		return strings.ToUpper(text[:1]) + text[1:]
	}
	return err.Error()
}

// relisten follows CONFIG SET port, tls-port and bind. Addresses that stay the same cannot be bound twice, so the old sockets are
// closed first, of both kinds, as ports may change places; when the new ones cannot be opened, CONFIG SET undoes itself and comes
// here again with the old values. What has not changed stays open, unless it is the addresses.
func (s *Server) relisten(addresses bool, failed string) error {
	plain := addresses || s.cfg.Port != s.ports[0]
	secure := addresses || s.cfg.TLSPort != s.ports[1]
	if plain {
		s.tcp, s.ports[0] = closeAll(s.tcp), 0
	}
	if secure {
		s.tls.listeners, s.ports[1] = closeAll(s.tls.listeners), 0
	}
	if plain {
		if err := s.listenTCP(); err != nil {
			return errors.New(failed)
		}
		s.ports[0] = s.cfg.Port
	}
	if secure {
		if err := s.listenTLS(); err != nil {
			return errors.New(failed)
		}
		s.ports[1] = s.cfg.TLSPort
	}
	s.setTitle()
	return nil
}

func closeAll(list []*netloop.Listener) []*netloop.Listener {
	for _, ln := range list {
		ln.Close()
	}
	return nil
}

// hush closes all listening sockets and removes the Unix socket.
func (s *Server) hush() {
	closeAll(s.tcp)
	closeAll(s.tls.listeners)
	if s.unix != nil {
		s.unix.Close()
		s.log.Noticef("Removing the unix socket file.")
		os.Remove(s.cfg.UnixSocket)
	}
}

// ownFiles is how many descriptors the server needs itself.
const ownFiles = 32

// raiseFileLimit makes room for the descriptors of maxclients and of the server.
func (s *Server) raiseFileLimit() error {
	most, err := fileLimit(s.cfg.MaxClients + ownFiles)
	if err == nil && most < s.cfg.MaxClients+ownFiles {
		err = errors.New("The operating system is not able to handle the specified number of clients, try with " +
			strconv.FormatInt(most-ownFiles, 10))
	}
	return err
}

// fitFileLimit is raiseFileLimit when the server starts, which has fewer clients if it has to.
func (s *Server) fitFileLimit() error {
	want := s.cfg.MaxClients + ownFiles
	most, err := fileLimit(want)
	switch {
	case err != nil:
		s.log.Warningf("%v", err)
	case most <= ownFiles:
		return fmt.Errorf("The limit of open files is %d, which is not enough for the server to start. maxclients %d needs %d.", most, s.cfg.MaxClients, want)
	case most < want:
		s.log.Warningf("maxclients %d needs %d open files, and the limit is %d. maxclients is %d now: for more, raise 'ulimit -n'.",
			s.cfg.MaxClients, want, most, most-ownFiles)
		s.cfg.MaxClients = most - ownFiles
	}
	return nil
}

// fileLimit makes the limit of open files at least want, if it can be, and returns what it is, or want if it is more.
func fileLimit(want int64) (int64, error) {
	var lim syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &lim); err != nil {
		return 0, fmt.Errorf("Unable to read the limit of open files: %v", err)
	}
	next := lim
	if !raise(&next.Cur, want) {
		return want, nil
	}
	raise(&next.Max, want)
	if syscall.Setrlimit(syscall.RLIMIT_NOFILE, &next) == nil {
		return want, nil
	}
	next = syscall.Rlimit{Cur: lim.Max, Max: lim.Max}
	if syscall.Setrlimit(syscall.RLIMIT_NOFILE, &next) != nil {
		next = lim
	}
	most := next.Cur
	if !raise(&next.Cur, want) {
		return want, nil
	}
	return int64(most), nil
}

// raise makes a limit, whose type depends on the system, at least n. It reports whether it was less.
func raise[T int64 | uint64](limit *T, n int64) bool {
	if *limit >= T(n) {
		return false
	}
	*limit = T(n)
	return true
}

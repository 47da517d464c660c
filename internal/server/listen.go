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
	if s.cfg.TLSPort != 0 {
		return errors.New("tls-port: TLS is not part of this version of Granary; set tls-port 0")
	}
	if s.cfg.Port == 0 && s.cfg.UnixSocket == "" {
		return errors.New("Configured to not listen anywhere, exiting.")
	}
	tcp, err := s.listenTCP()
	if err != nil {
		return err
	}
	s.tcp = tcp
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

// listenTCP opens a socket for every address of bind. An address that begins with '-' may be missing on this machine.
func (s *Server) listenTCP() ([]*netloop.Listener, error) {
	if s.cfg.Port == 0 {
		return nil, nil
	}
	var open []*netloop.Listener
	for _, addr := range s.cfg.Bind {
		name, optional := strings.CutPrefix(addr, "-")
		ln, err := s.group.ListenTCP(name, int(s.cfg.Port), int(s.cfg.TCPBacklog))
		if err == nil {
			open = append(open, ln)
			continue
		}
		s.log.Warningf("Warning: Could not create server TCP listening socket %s:%d: bind: %v", addr, s.cfg.Port, reason(err))
		if optional && absent(err) {
			continue
		}
		for _, ln := range open {
			ln.Close()
		}
		return nil, fmt.Errorf("Failed listening on port %d (tcp), aborting.", s.cfg.Port)
	}
	if len(open) == 0 && len(s.cfg.Bind) > 0 {
		return nil, fmt.Errorf("Failed listening on port %d (tcp), aborting.", s.cfg.Port)
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

// relisten follows CONFIG SET port and bind. Addresses that stay the same cannot be bound twice, so the old sockets are
// closed first; when the new ones cannot be opened, CONFIG SET undoes itself and comes here again with the old values.
func (s *Server) relisten(failed string) error {
	for _, ln := range s.tcp {
		ln.Close()
	}
	tcp, err := s.listenTCP()
	s.tcp = tcp
	if err != nil {
		return errors.New(failed)
	}
	return nil
}

// hush closes all listening sockets and removes the Unix socket.
func (s *Server) hush() {
	for _, ln := range s.tcp {
		ln.Close()
	}
	if s.unix != nil {
		s.unix.Close()
		s.log.Noticef("Removing the unix socket file.")
		os.Remove(s.cfg.UnixSocket)
	}
}

// raiseFileLimit makes room for maxclients descriptors and the few that the server needs itself.
func (s *Server) raiseFileLimit() error {
	const own = 32
	want := uint64(s.cfg.MaxClients) + own
	var lim syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &lim); err != nil {
		return fmt.Errorf("Unable to read the limit of open files: %v", err)
	}
	if lim.Cur >= want {
		return nil
	}
	next := syscall.Rlimit{Cur: want, Max: max(lim.Max, want)}
	if syscall.Setrlimit(syscall.RLIMIT_NOFILE, &next) != nil {
		next = syscall.Rlimit{Cur: lim.Max, Max: lim.Max}
		if syscall.Setrlimit(syscall.RLIMIT_NOFILE, &next) != nil || lim.Max < want {
			return errors.New("The operating system is not able to handle the specified number of clients, try with " +
				strconv.FormatInt(int64(next.Cur)-own, 10))
		}
	}
	return nil
}

package server

import (
	"crypto/tls"
	"errors"
	"net"
	"strings"
	"sync/atomic"

	"granary/internal/config"
	"granary/internal/netloop"
	"granary/internal/object"
	"granary/internal/secure"
)

// secureSide is what serves clients over TLS: a portable Group beside the one that serves all others. It comes into being when TLS
// is first asked for, and stays, as connections outlive the port that they came by.
type secureSide struct {
	group     *netloop.Group
	listeners []*netloop.Listener
	context   atomic.Pointer[secure.Context] // for connections that arrive from now on
}

// errTLS is what CONFIG SET says; the log says more.
var errTLS = errors.New("Unable to update TLS configuration. Check server logs.")

// groups returns the groups of loops.
// REQUIRES: the keyspace lock, once the server has started.
func (s *Server) groups() []*netloop.Group {
	if s.tls.group == nil {
		return []*netloop.Group{s.group}
	}
	return []*netloop.Group{s.group, s.tls.group}
}

// wantsTLS tells whether anything speaks TLS.
func (s *Server) wantsTLS() bool {
	return s.cfg.TLSPort != 0 || s.cfg.TLSReplication || s.cfg.TLSCluster
}

// loadTLS reads certificates and all else that the directives name. If something is wrong with them the log says so, and new
// connections get what they got before.
func (s *Server) loadTLS() error {
	if !s.wantsTLS() {
		return nil
	}
	cfg := s.cfg
	ctx, err := secure.New(&secure.Settings{
		CertFile: cfg.TLSCertFile, KeyFile: cfg.TLSKeyFile, KeyPass: cfg.TLSKeyFilePass,
		ClientCertFile: cfg.TLSClientCertFile, ClientKeyFile: cfg.TLSClientKeyFile, ClientKeyPass: cfg.TLSClientKeyFilePass,
		CACertFile: cfg.TLSCACertFile, CACertDir: cfg.TLSCACertDir,
		Clients: map[config.TLSAuthClients]secure.ClientAuth{
			config.TLSAuthNo: secure.AuthNo, config.TLSAuthOptional: secure.AuthOptional, config.TLSAuthYes: secure.AuthYes,
		}[cfg.TLSAuthClients],
		Outgoing:       cfg.TLSReplication || cfg.TLSCluster,
		Protocols:      cfg.TLSProtocols,
		Ciphers:        cfg.TLSCiphers,
		CipherSuites:   cfg.TLSCipherSuites,
		SessionCaching: cfg.TLSSessionCaching,
		SessionSeconds: cfg.TLSSessionCacheTimeout,
	})
	if err != nil {
		s.log.Warningf("%v", err)
		return errTLS
	}
	s.tls.context.Store(ctx)
	return nil
}

// openTLSGroup makes the loop that serves TLS, if there is none yet.
func (s *Server) openTLSGroup() error {
	if s.tls.group != nil {
		return nil
	}
	g, err := netloop.NewPortable(netloop.Options{
		FirstID:      len(s.group.Loops()),
		Handler:      (*handler)(s),
		QueryLimit:   s.cfg.ClientQueryBufferLimit,
		KeepaliveSec: int(s.cfg.TCPKeepAlive),
		Spare:        object.RawPayload,
	})
	if err != nil {
		return err
	}
	g.Follow(s.group)
	g.Start()
	s.tls.group = g
	return nil
}

// listenTLS opens the sockets of tls-port.
func (s *Server) listenTLS() error {
	if s.cfg.TLSPort == 0 {
		return nil
	}
	if err := s.openTLSGroup(); err != nil {
		return err
	}
	side := netloop.TLS{
		Config: func() *tls.Config { return s.tls.context.Load().Server },
		Refuse: func() bool {
			s.mu.Lock()
			defer s.mu.Unlock()
			full := s.full()
			if full {
				s.env.Stats.Rejected++
			}
			return full
		},
		Failed: func(nc net.Conn, err error) {
			s.log.Warningf("Error accepting a client connection: %s (addr=%s laddr=%s)", secure.Fault(err), nc.RemoteAddr(), nc.LocalAddr())
		},
	}
	open, err := s.bindAll(s.cfg.TLSPort, "tls", func(addr string) (*netloop.Listener, error) {
		return s.tls.group.ListenTLS(addr, int(s.cfg.TLSPort), side)
	})
	s.tls.listeners = open
	return err
}

// applyTLSSettings registers what CONFIG SET of the TLS directives has to set in motion.
func (s *Server) applyTLSSettings() {
	var names []string
	for _, d := range config.Directives() {
		if strings.HasPrefix(d.Name, "tls-") && d.Flags&config.Inert == 0 {
			names = append(names, d.Name)
		}
	}
	s.cfg.OnApplyAny(s.loadTLS, names...)
}

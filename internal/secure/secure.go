// Package secure makes what crypto/tls has to be told out of the directives of the TLS section: certificates, keys, authorities,
// versions and ciphers. It opens files and no sockets. The words are OpenSSL's, as the directives are written for it.
//
//	secure.go    from settings to a tls.Config
//	ciphers.go   cipher lists as OpenSSL writes them
//	key.go       private keys with a password
//	fault.go     errors of handshakes in OpenSSL's words
//
// What crypto/tls has no place for is checked and then has no effect: the order of ciphers, which TLS 1.3 suites are offered, the
// size of a session cache (sessions are kept by the clients, in tickets), Diffie-Hellman parameters.
package secure

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// ClientAuth says what is asked of clients.
type ClientAuth uint8

// What is asked of clients.
const (
	AuthNo       ClientAuth = iota // nothing
	AuthOptional                   // a certificate, if they have one, must be good
	AuthYes                        // a good certificate
)

// Settings are the directives, as they are written.
type Settings struct {
	CertFile, KeyFile, KeyPass                   string
	ClientCertFile, ClientKeyFile, ClientKeyPass string // for outgoing connections; none: as above
	CACertFile, CACertDir                        string
	Clients                                      ClientAuth
	Outgoing                                     bool   // connections to other servers speak TLS
	Protocols                                    string // "TLSv1.2 TLSv1.3"
	Ciphers                                      string // for TLS up to 1.2
	CipherSuites                                 string // for TLS 1.3
	SessionCaching                               bool
	SessionSeconds                               int64
}

// A Context is a set of certificates and rules, for both directions.
type Context struct {
	Server *tls.Config
	Client *tls.Config // for outgoing connections; whoever dials sets the name to be verified
}

// New reads what the settings name. The error is what the log has to say.
func New(s *Settings) (*Context, error) {
	switch {
	case s.CertFile == "":
		return nil, errors.New("No tls-cert-file configured!")
	case s.KeyFile == "":
		return nil, errors.New("No tls-key-file configured!")
	case (s.Clients != AuthNo || s.Outgoing) && s.CACertFile == "" && s.CACertDir == "":
		return nil, errors.New("Either tls-ca-cert-file or tls-ca-cert-dir must be specified when tls-cluster, tls-replication or tls-auth-clients are enabled!")
	}
	versions, err := parseProtocols(s.Protocols)
	if err != nil {
		return nil, err
	}
	own, err := loadPair(s.CertFile, s.KeyFile, s.KeyPass)
	if err != nil {
		return nil, err
	}
	outgoing := own
	if s.ClientCertFile != "" {
		if s.ClientKeyFile == "" {
			return nil, errors.New("tls-client-cert-file is configured but no tls-client-key-file!")
		}
		if outgoing, err = loadPair(s.ClientCertFile, s.ClientKeyFile, s.ClientKeyPass); err != nil {
			return nil, err
		}
	}
	pool, err := loadAuthorities(s.CACertFile, s.CACertDir)
	if err != nil {
		return nil, fmt.Errorf("Failed to configure CA certificate(s) file/directory: %w", err)
	}
	ciphers, err := parseCiphers(s.Ciphers)
	if err != nil {
		return nil, fmt.Errorf("Failed to configure ciphers: %s%w", s.Ciphers, err)
	}
	if err := checkSuites(s.CipherSuites); err != nil {
		return nil, fmt.Errorf("Failed to configure ciphersuites: %s%w", s.CipherSuites, err)
	}
	common := tls.Config{
		MinVersion:       versions[0],
		MaxVersion:       versions[len(versions)-1],
		CipherSuites:     ciphers,
		VerifyConnection: only(versions),
	}
	server, client := common.Clone(), &common
	server.Certificates = []tls.Certificate{own}
	server.ClientAuth = [...]tls.ClientAuthType{AuthNo: tls.NoClientCert, AuthOptional: tls.VerifyClientCertIfGiven, AuthYes: tls.RequireAndVerifyClientCert}[s.Clients]
	server.ClientCAs = pool
	server.SessionTicketsDisabled = !s.SessionCaching
	if s.SessionCaching {
		limitSessions(server, s.SessionSeconds)
	}
	client.Certificates = []tls.Certificate{outgoing}
	client.RootCAs = pool
	return &Context{Server: server, Client: client}, nil
}

// loadPair reads a certificate, with those that stand behind it in the file, and its key.
func loadPair(certFile, keyFile, pass string) (tls.Certificate, error) {
	certs, err := os.ReadFile(certFile)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("Failed to load certificate: %s: %s", certFile, words(err))
	}
	if !hasCertificate(certs) {
		return tls.Certificate{}, fmt.Errorf("Failed to load certificate: %s: no start line", certFile)
	}
	key, err := os.ReadFile(keyFile)
	if err == nil {
		key, err = openKey(key, pass)
	}
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("Failed to load private key: %s: %s", keyFile, words(err))
	}
	pair, err := tls.X509KeyPair(certs, key)
	if err != nil {
		what, file := "private key", keyFile
		if _, bad := x509.ParseCertificate(firstCertificate(certs)); bad != nil {
			what, file, err = "certificate", certFile, bad
		}
		return tls.Certificate{}, fmt.Errorf("Failed to load %s: %s: %s", what, file, words(err))
	}
	return pair, nil
}

// loadAuthorities reads a file of certificates, and all files of a directory that hold some.
func loadAuthorities(file, dir string) (*x509.CertPool, error) {
	pool := x509.NewCertPool()
	if file != "" {
		b, err := os.ReadFile(file)
		if err != nil {
			return nil, errors.New(words(err))
		}
		if !pool.AppendCertsFromPEM(b) {
			return nil, fmt.Errorf("%s: no certificate or crl found", file)
		}
	}
	if dir != "" {
		entries, err := os.ReadDir(dir)
		if err != nil {
			return nil, errors.New(words(err))
		}
		for _, e := range entries {
			// A directory may hold other things, and files that this process may not read.
			path := filepath.Join(dir, e.Name())
			if st, err := os.Stat(path); err != nil || !st.Mode().IsRegular() {
				continue
			}
			if b, err := os.ReadFile(path); err == nil {
				pool.AppendCertsFromPEM(b)
			}
		}
	}
	return pool, nil
}

// parseProtocols reads the versions that are spoken, and returns them in their order.
func parseProtocols(text string) ([]uint16, error) {
	if text == "" {
		return []uint16{tls.VersionTLS12, tls.VersionTLS13}, nil
	}
	var on [4]bool
	for _, w := range strings.Fields(text) {
		v := map[string]int{"tlsv1": 0, "tlsv1.1": 1, "tlsv1.2": 2, "tlsv1.3": 3}
		i, ok := v[strings.ToLower(w)]
		if !ok {
			return nil, errProtocols
		}
		on[i] = true
	}
	var list []uint16
	for i, yes := range on {
		if yes {
			list = append(list, tls.VersionTLS10+uint16(i))
		}
	}
	if list == nil {
		return nil, errProtocols
	}
	return list, nil
}

var errProtocols = errors.New("Invalid tls-protocols specified. Use a combination of 'TLSv1', 'TLSv1.1', 'TLSv1.2' and 'TLSv1.3'.")

// only refuses versions between those that are spoken: crypto/tls knows a lowest and a highest one. nil if there is none.
func only(versions []uint16) func(tls.ConnectionState) error {
	if int(versions[len(versions)-1]-versions[0]) == len(versions)-1 {
		return nil
	}
	return func(cs tls.ConnectionState) error {
		for _, v := range versions {
			if v == cs.Version {
				return nil
			}
		}
		return errVersion
	}
}

var errVersion = errors.New("unsupported protocol")

// sessionMark begins our part of a session ticket. The time of the ticket stands behind it.
const sessionMark = "granary.session\x00"

// limitSessions has sessions end: crypto/tls keeps its tickets for a week. 0 is no limit of our own.
func limitSessions(c *tls.Config, seconds int64) {
	if seconds <= 0 {
		return
	}
	c.WrapSession = func(cs tls.ConnectionState, s *tls.SessionState) ([]byte, error) {
		if sessionTime(s) == 0 { // a ticket that is renewed keeps the time of the first
			stamp := binary.BigEndian.AppendUint64([]byte(sessionMark), uint64(time.Now().Unix()))
			s.Extra = append(s.Extra, stamp)
		}
		return c.EncryptTicket(cs, s)
	}
	c.UnwrapSession = func(identity []byte, cs tls.ConnectionState) (*tls.SessionState, error) {
		s, err := c.DecryptTicket(identity, cs)
		if err != nil || s == nil {
			return nil, err
		}
		if age := time.Now().Unix() - sessionTime(s); age < 0 || age > seconds {
			return nil, nil
		}
		return s, nil
	}
}

// sessionTime returns when a session began, 0 if it is new.
func sessionTime(s *tls.SessionState) int64 {
	for _, e := range s.Extra {
		if rest, ok := strings.CutPrefix(string(e), sessionMark); ok && len(rest) == 8 {
			return int64(binary.BigEndian.Uint64([]byte(rest)))
		}
	}
	return 0
}

// words returns an error of the system in the system's words alone.
func words(err error) string {
	var no syscall.Errno
	if errors.As(err, &no) {
		text := no.Error()
		return strings.ToUpper(text[:1]) + text[1:]
	}
	text := strings.TrimPrefix(err.Error(), "tls: ")
	if strings.Contains(text, "does not match public key") {
		return "key values mismatch"
	}
	return text
}

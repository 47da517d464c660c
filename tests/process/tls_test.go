package process

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"granary/tests/live"
)

// authority signs certificates, which it writes to a folder: ca.crt, and name.crt and name.key for each.
type authority struct {
	t    *testing.T
	dir  string
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	a := &authority{t: t, dir: t.TempDir()}
	a.sign("ca")
	a.sign("server")
	a.sign("client")
	return a
}

func (a *authority) path(name string) string { return filepath.Join(a.dir, name) }

// sign makes a certificate and its key; the first one is the authority's own.
func (a *authority) sign(name string) {
	a.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		a.t.Fatal(err)
	}
	tmpl := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: a.cert == nil, BasicConstraintsValid: true,
	}
	parent, signer := tmpl, key
	if a.cert != nil {
		parent, signer = a.cert, a.key
	}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, parent, &key.PublicKey, signer)
	if err != nil {
		a.t.Fatal(err)
	}
	kder, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		a.t.Fatal(err)
	}
	if a.cert == nil {
		a.key = key
		if a.cert, err = x509.ParseCertificate(der); err != nil {
			a.t.Fatal(err)
		}
	}
	write(a.t, a.path(name+".crt"), string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})))
	write(a.t, a.path(name+".key"), string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: kder})))
}

// client returns the configuration of a client that knows the authority, with or without a certificate of its own.
func (a *authority) client(name string) *tls.Config {
	a.t.Helper()
	c := &tls.Config{RootCAs: x509.NewCertPool(), ServerName: "127.0.0.1"}
	c.RootCAs.AddCert(a.cert)
	if name != "" {
		pair, err := tls.LoadX509KeyPair(a.path(name+".crt"), a.path(name+".key"))
		if err != nil {
			a.t.Fatal(err)
		}
		// Given whomever the server trusts: it is to refuse it.
		c.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &pair, nil }
	}
	return c
}

// options returns the options of a server that speaks TLS, and its address.
func (a *authority) options() (args []string, addr string) {
	a.t.Helper()
	port, err := live.FreePort()
	if err != nil {
		a.t.Fatal(err)
	}
	return []string{
		"--tls-port", strconv.Itoa(port), "--tls-cert-file", a.path("server.crt"), "--tls-key-file", a.path("server.key"),
		"--tls-ca-cert-file", a.path("ca.crt"),
	}, "127.0.0.1:" + strconv.Itoa(port)
}

// start runs Granary with TLS beside its port.
func (a *authority) start(more ...string) (s *live.Server, addr string) {
	a.t.Helper()
	args, addr := a.options()
	return start(a.t, append(args, more...)...), addr
}

// dialTLS connects and does the handshake; nil stands for one that failed, on either side.
func dialTLS(t *testing.T, addr string, c *tls.Config) *live.Conn {
	t.Helper()
	nc, err := tls.DialWithDialer(&net.Dialer{Timeout: 20 * time.Second}, "tcp", addr, c)
	if err != nil {
		return nil
	}
	t.Cleanup(func() { nc.Close() })
	conn := live.NewConn(nc)
	if _, err := conn.Do("PING"); err != nil { // with TLS 1.3 the client is done before the server
		return nil
	}
	return conn
}

// mixed has every other client of a server come over TLS.
func (a *authority) mixed(t *testing.T, path string, more ...string) *live.Server {
	t.Helper()
	args, addr := a.options()
	s := live.NeedStart(t, filepath.Base(path), path, append(args, more...)...)
	config, n := a.client("client"), 0
	s.Connect = func() (net.Conn, error) {
		if n++; n%2 == 0 {
			return net.Dial("tcp", s.Addr)
		}
		return tls.Dial("tcp", addr, config)
	}
	return s
}

// TestTLSScenarios plays what several clients do to each other, some of them over TLS: messages, waiting, tracking.
func TestTLSScenarios(t *testing.T) {
	a := newAuthority(t)
	granary, err := live.GranaryPath()
	if err != nil {
		t.Fatal(err)
	}
	redis := live.NeedRedis(t)
	compare := func(t *testing.T, ours, theirs []string) {
		t.Helper()
		for i := range ours {
			if ours[i] != theirs[i] {
				t.Fatalf("granary:\n%s\nredis:\n%s", ours[i], theirs[i])
			}
		}
	}
	for _, sc := range pubsubScenarios {
		t.Run("messages/"+sc.name, func(t *testing.T) {
			compare(t, playPubSub(t, a.mixed(t, granary, "--io-threads", "2"), sc.steps, false), playPubSub(t, a.mixed(t, redis), sc.steps, sc.ownLast))
		})
	}
	ours, theirs := a.mixed(t, granary, "--io-threads", "2"), a.mixed(t, redis)
	for _, p := range plays {
		t.Run("waiting/"+p.name, func(t *testing.T) {
			compare(t, play(t, ours, p.acts), play(t, theirs, p.acts))
		})
	}
}

// TestTLSClientAuth checks who is let in, under each value of tls-auth-clients.
func TestTLSClientAuth(t *testing.T) {
	a, other := newAuthority(t), newAuthority(t)
	s, addr := a.start()
	admin := dial(t, s)
	stranger := other.client("client")
	stranger.RootCAs = a.client("").RootCAs
	for _, c := range []struct {
		auth                   string
		with, without, foreign bool
	}{
		{"yes", true, false, false},
		{"optional", true, true, false},
		{"no", true, true, true},
		{"yes", true, false, false},
	} {
		if got := do(t, admin, "CONFIG", "SET", "tls-auth-clients", c.auth); got != "+OK" {
			t.Fatal(got)
		}
		check := func(who string, config *tls.Config, want bool) {
			t.Helper()
			if got := dialTLS(t, addr, config) != nil; got != want {
				t.Errorf("tls-auth-clients %s, %s: %v, want %v\n%s", c.auth, who, got, want, s.Log())
			}
		}
		check("with a certificate", a.client("client"), c.with)
		check("without one", a.client(""), c.without)
		check("with one of another authority", stranger, c.foreign)
	}
	for _, want := range []string{"Error accepting a client connection: peer did not return a certificate", "Error accepting a client connection: certificate verify failed"} {
		if !strings.Contains(s.Log(), want) {
			t.Errorf("the log lacks %q:\n%s", want, s.Log())
		}
	}
}

// TestTLSReload checks that certificates and settings change while the server runs, all or nothing.
func TestTLSReload(t *testing.T) {
	a := newAuthority(t)
	s, addr := a.start()
	admin := dial(t, s)
	set := func(want string, pairs ...string) {
		t.Helper()
		if got := do(t, admin, append([]string{"CONFIG", "SET"}, pairs...)...); got != want {
			t.Fatalf("CONFIG SET %q: %s, want %s\n%s", pairs, got, want, s.Log())
		}
	}
	failed := func(name string) string {
		return "-ERR CONFIG SET failed (possibly related to argument '" + name + "') - Unable to update TLS configuration. Check server logs."
	}
	serial := func() string {
		t.Helper()
		c := dialTLS(t, addr, a.client("client"))
		if c == nil {
			t.Fatalf("no connection\n%s", s.Log())
		}
		return c.Conn.(*tls.Conn).ConnectionState().PeerCertificates[0].SerialNumber.String()
	}
	old := dialTLS(t, addr, a.client("client"))
	first := serial()
	a.sign("server") // another certificate in the same file
	if serial() != first {
		t.Error("a file was read that nobody asked for")
	}
	set("+OK", "tls-cert-file", a.path("server.crt"), "tls-key-file", a.path("server.key"))
	second := serial()
	if second == first {
		t.Error("the new certificate is not used")
	}
	set(failed("tls-cert-file"), "tls-cert-file", "/no/such/file")
	set(failed("tls-key-file"), "tls-key-file", a.path("client.key"))
	set(failed("tls-protocols"), "tls-protocols", "TLSv9")
	set(failed("tls-ciphers"), "tls-ciphers", "DEFAULT:BOGUS")
	set(failed("tls-ciphersuites"), "tls-ciphersuites", "BOGUS")
	set(failed("tls-ca-cert-file"), "tls-ca-cert-file", "")
	if serial() != second {
		t.Error("a change that failed has changed the certificate")
	}
	if got := do(t, admin, "CONFIG", "GET", "tls-cert-file"); !strings.Contains(got, a.path("server.crt")) {
		t.Errorf("tls-cert-file is %s", got)
	}
	set("+OK", "tls-protocols", "TLSv1.2", "tls-ciphers", "ECDHE-ECDSA-AES256-GCM-SHA384")
	c := dialTLS(t, addr, a.client("client"))
	if st := c.Conn.(*tls.Conn).ConnectionState(); st.Version != tls.VersionTLS12 || st.CipherSuite != tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384 {
		t.Errorf("version %x, cipher %x", st.Version, st.CipherSuite)
	}
	if got := do(t, old, "PING"); got != "+PONG" { // nothing has changed for it
		t.Error(got)
	}
	set("+OK", "tls-ca-cert-file", "", "tls-ca-cert-dir", a.dir)
	if dialTLS(t, addr, a.client("")) != nil || dialTLS(t, addr, a.client("client")) == nil {
		t.Error("tls-ca-cert-dir")
	}
	for _, want := range []string{
		"Failed to load certificate: /no/such/file: No such file or directory",
		"Failed to load private key: " + a.path("client.key") + ": key values mismatch",
		"Failed to configure ciphers: DEFAULT:BOGUS (unknown: BOGUS)",
	} {
		if !strings.Contains(s.Log(), want) {
			t.Errorf("the log lacks %q:\n%s", want, s.Log())
		}
	}
}

// TestTLSPort moves ports while the server runs: on, off, and in each other's place.
func TestTLSPort(t *testing.T) {
	a := newAuthority(t)
	args, addr := a.options()
	s := start(t, args[2:]...) // without tls-port
	admin := dial(t, s)
	plain := strings.TrimPrefix(s.Addr, "127.0.0.1:")
	secure := strings.TrimPrefix(addr, "127.0.0.1:")
	set := func(want string, pairs ...string) {
		t.Helper()
		if got := do(t, admin, append([]string{"CONFIG", "SET"}, pairs...)...); got != want {
			t.Fatalf("CONFIG SET %q: %s, want %s\n%s", pairs, got, want, s.Log())
		}
	}
	on := func(want bool, addr string) *live.Conn {
		t.Helper()
		c := dialTLS(t, addr, a.client("client"))
		if (c != nil) != want {
			t.Fatalf("TLS on %s: %v\n%s", addr, c != nil, s.Log())
		}
		return c
	}
	set("+OK", "tls-cert-file", "/no/such/file") // nobody looks
	set("-ERR CONFIG SET failed (possibly related to argument 'tls-port') - Unable to update TLS configuration. Check server logs.", "tls-port", secure)
	on(false, addr)
	set("+OK", "tls-cert-file", a.path("server.crt"), "tls-port", secure)
	c := on(true, addr)
	set("-ERR CONFIG SET failed (possibly related to argument 'tls-port') - Unable to listen on this port. Check server logs.", "tls-port", plain)
	on(true, addr)
	set("+OK", "tls-port", "0")
	on(false, addr)
	if got := do(t, c, "PING"); got != "+PONG" { // who is connected stays
		t.Error(got)
	}
	set("+OK", "tls-port", secure)
	on(true, addr)
	set("+OK", "port", secure, "tls-port", plain)
	on(true, s.Addr)
	on(false, addr)
	set("+OK", "port", "0")
	c = on(true, s.Addr)
	if got := field(t, c, "server", "tcp_port"); got != plain {
		t.Errorf("tcp_port is %s", got)
	}
	set("+OK", "bind", "127.0.0.1 -::1")
	on(true, s.Addr)
	if c := on(true, s.Addr); c != nil {
		if r, err := c.Do("SHUTDOWN"); err == nil {
			t.Errorf("SHUTDOWN answered %s", r)
		}
	}
	if code := s.Wait(10 * time.Second); code != 0 {
		t.Errorf("exit code %d", code)
	}
}

// TestTLSOnly starts without port.
func TestTLSOnly(t *testing.T) {
	a := newAuthority(t)
	args, addr := a.options()
	granary, err := live.GranaryPath()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	log, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	cmd := exec.Command(granary, append(args, "--port", "0", "--save", "", "--dir", dir)...)
	cmd.Stdout = log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer cmd.Wait()
	defer cmd.Process.Kill()
	eventually(t, "the port", func() bool { return dialTLS(t, addr, a.client("client")) != nil })
	text := read(t, log.Name())
	if !strings.Contains(text, "Ready to accept connections tls") || strings.Contains(text, "connections tcp") {
		t.Errorf("log:\n%s", text)
	}
}

// TestTLSCli has redis-cli connect, which uses OpenSSL.
func TestTLSCli(t *testing.T) {
	cli, err := exec.LookPath("redis-cli")
	if err != nil {
		t.Fatal("redis-cli is not installed; `make test` installs it")
	}
	a := newAuthority(t)
	s, addr := a.start("--tls-auth-clients", "optional")
	run := func(want string, args ...string) {
		t.Helper()
		out, err := exec.Command(cli, append([]string{"-p", strings.TrimPrefix(addr, "127.0.0.1:"), "--tls"}, args...)...).CombinedOutput()
		if got := strings.TrimSpace(string(out)); got != want {
			t.Errorf("%v: %s, %v; want %s\n%s", args, got, err, want, s.Log())
		}
	}
	run("PONG", "--cacert", a.path("ca.crt"), "PING")
	run("PONG", "--cacert", a.path("ca.crt"), "--cert", a.path("client.crt"), "--key", a.path("client.key"), "PING")
	run("PONG", "--insecure", "PING")
	run("PONG", "--insecure", "--tls-ciphersuites", "TLS_CHACHA20_POLY1305_SHA256", "PING")
	run("OK", "--insecure", "SET", "k", strings.Repeat("v", 50_000))
	run(strings.Repeat("v", 50_000), "--insecure", "GET", "k")
}

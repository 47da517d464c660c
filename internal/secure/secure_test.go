package secure

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestCiphers(t *testing.T) {
	check := func(list, fault string, want ...uint16) {
		t.Helper()
		got, err := parseCiphers(list)
		if fault != "" {
			if err == nil || !strings.Contains(err.Error(), fault) {
				t.Errorf("%q: %v, want an error that says %s", list, err, fault)
			}
			return
		}
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%q: %x, %v; want %x", list, got, err, want)
		}
	}
	count := func(list string, n int) {
		t.Helper()
		if got, err := parseCiphers(list); err != nil || len(got) != n {
			t.Errorf("%q: %d, %v; want %d", list, len(got), err, n)
		}
	}
	check("", "")
	check("ECDHE-RSA-AES256-GCM-SHA384", "", tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384)
	check("ECDHE-RSA-AES256-GCM-SHA384:DHE-RSA-AES256-SHA256", "", tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384)
	check("-ALL:AES128-SHA256", "", tls.TLS_RSA_WITH_AES_128_CBC_SHA256)
	check("AES128-SHA256, AES256-SHA", "", tls.TLS_RSA_WITH_AES_256_CBC_SHA, tls.TLS_RSA_WITH_AES_128_CBC_SHA256)
	check("ECDHE+AESGCM:!aECDSA:-AES128", "", tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384)
	count("DEFAULT", 10)
	count("DEFAULT:-AES128-SHA256", 10)
	count("DEFAULT:!MEDIUM", 10)
	count("HIGH:!aNULL:!MD5:@SECLEVEL=2", 10)
	count("HIGH:!SHA1:@STRENGTH", 6)
	count("ECDHE:+AES256", 10)
	check("!AESGCM:ECDHE+AESGCM", "no cipher match")
	check("BOGUS", "unknown: BOGUS")
	check("DEFAULT:!BOGUS", "unknown: BOGUS")
	check("DEFAULT:@BOGUS", "unknown: @BOGUS")
	check("DHE-RSA-AES256-SHA256", "no cipher match")
	check("DEFAULT:!", "without a word")
	check("kRSA", "no cipher match") // weak ones have to be named

	for _, c := range ciphers {
		got, err := parseCiphers(c.name)
		if err != nil || !slices.Equal(got, []uint16{c.id}) {
			t.Errorf("%s: %x, %v", c.name, got, err)
		}
	}
	// The table is that of crypto/tls.
	weak := map[uint16]bool{}
	for _, c := range ciphers {
		weak[c.id] = c.weak
	}
	for _, c := range tls.CipherSuites() {
		if w, ok := weak[c.ID]; slices.Contains(c.SupportedVersions, tls.VersionTLS12) && (!ok || w) {
			t.Errorf("%s: there %v, weak %v", c.Name, ok, w)
		}
	}
	for _, c := range tls.InsecureCipherSuites() {
		if w, ok := weak[c.ID]; ok && !w {
			t.Errorf("%s is not weak here", c.Name)
		}
	}
}

func TestSuites(t *testing.T) {
	check := func(list, fault string) {
		t.Helper()
		if err := checkSuites(list); (err == nil) != (fault == "") || err != nil && !strings.Contains(err.Error(), fault) {
			t.Errorf("%q: %v, want %q", list, err, fault)
		}
	}
	check("", "")
	check("TLS_CHACHA20_POLY1305_SHA256", "")
	check("TLS_AES_128_CCM_SHA256:TLS_AES_256_GCM_SHA384", "")
	check("TLS_AES_128_CCM_SHA256", "no cipher match")
	check("TLS_AES_256_GCM_SHA384:FOO", "unknown: FOO")
}

func TestProtocols(t *testing.T) {
	check := func(text string, want ...uint16) {
		t.Helper()
		if got, err := parseProtocols(text); !slices.Equal(got, want) || (err != nil) != (want == nil) {
			t.Errorf("%q: %x, %v; want %x", text, got, err, want)
		}
	}
	check("", tls.VersionTLS12, tls.VersionTLS13)
	check(" tlsv1.3  TLSv1.1 ", tls.VersionTLS11, tls.VersionTLS13)
	check("TLSv1", tls.VersionTLS10)
	check("TLSv1.2,TLSv1.3")
	check("SSLv3")
	check("  ")
	if only([]uint16{tls.VersionTLS12, tls.VersionTLS13}) != nil {
		t.Error("a check where there is nothing to check")
	}
	verify := only([]uint16{tls.VersionTLS11, tls.VersionTLS13})
	if verify(tls.ConnectionState{Version: tls.VersionTLS12}) != errVersion || verify(tls.ConnectionState{Version: tls.VersionTLS11}) != nil {
		t.Error("versions that are left out")
	}
}

// pki is an authority and what it has signed, as files.
type pki struct {
	dir string
	ca  *x509.Certificate
	key *ecdsa.PrivateKey
}

func newPKI(t *testing.T) *pki {
	t.Helper()
	p := &pki{dir: t.TempDir()}
	p.ca, p.key = p.sign(t, "ca", nil)
	p.sign(t, "server", p)
	p.sign(t, "client", p)
	return p
}

func (p *pki) path(name string) string { return filepath.Join(p.dir, name) }

func (p *pki) sign(t *testing.T, name string, by *pki) (*x509.Certificate, *ecdsa.PrivateKey) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	tmpl := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()),
		Subject:      pkix.Name{CommonName: name},
		NotBefore:    time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		IsCA:        by == nil, BasicConstraintsValid: true,
	}
	parent, signer := tmpl, key
	if by != nil {
		parent, signer = by.ca, by.key
	}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, parent, &key.PublicKey, signer)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	kder, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	p.write(t, name+".crt", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	p.write(t, name+".key", pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: kder}))
	return cert, key
}

func (p *pki) write(t *testing.T, name string, b []byte) {
	t.Helper()
	if err := os.WriteFile(p.path(name), b, 0o600); err != nil {
		t.Fatal(err)
	}
}

func (p *pki) settings() *Settings {
	return &Settings{
		CertFile: p.path("server.crt"), KeyFile: p.path("server.key"), CACertFile: p.path("ca.crt"),
		Clients: AuthYes, SessionCaching: true, SessionSeconds: 300,
	}
}

func TestSettings(t *testing.T) {
	p := newPKI(t)
	p.write(t, "empty", nil)
	p.write(t, "badcert", []byte("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"))
	check := func(fault string, change func(*Settings)) {
		t.Helper()
		s := p.settings()
		change(s)
		c, err := New(s)
		switch {
		case fault == "" && (err != nil || c.Server == nil || c.Client == nil):
			t.Errorf("%v", err)
		case fault != "" && (err == nil || !strings.Contains(err.Error(), fault)):
			t.Errorf("%v, want %s", err, fault)
		}
	}
	check("", func(*Settings) {})
	check("No tls-cert-file configured!", func(s *Settings) { s.CertFile = "" })
	check("No tls-key-file configured!", func(s *Settings) { s.KeyFile = "" })
	check("Either tls-ca-cert-file or tls-ca-cert-dir must be specified when", func(s *Settings) { s.CACertFile = "" })
	check("", func(s *Settings) { s.CACertFile, s.Clients = "", AuthNo })
	check("Either tls-ca", func(s *Settings) { s.CACertFile, s.Clients, s.Outgoing = "", AuthNo, true })
	check("", func(s *Settings) { s.CACertFile, s.CACertDir = "", p.dir })
	check("Failed to load certificate: /nope: No such file or directory", func(s *Settings) { s.CertFile = "/nope" })
	check("Failed to load certificate: "+p.path("empty")+": no start line", func(s *Settings) { s.CertFile = p.path("empty") })
	check("Failed to load certificate: "+p.path("badcert"), func(s *Settings) { s.CertFile = p.path("badcert") })
	check("Failed to load private key: /nope: No such file or directory", func(s *Settings) { s.KeyFile = "/nope" })
	check("Failed to load private key: "+p.path("empty")+": no start line", func(s *Settings) { s.KeyFile = p.path("empty") })
	check("Failed to load private key: "+p.path("client.key")+": key values mismatch", func(s *Settings) { s.KeyFile = p.path("client.key") })
	check("Failed to configure CA certificate(s) file/directory: No such file", func(s *Settings) { s.CACertFile = "/nope" })
	check("Failed to configure CA certificate(s) file/directory: ", func(s *Settings) { s.CACertFile = p.path("empty") })
	check("Failed to configure CA certificate(s) file/directory: No such file", func(s *Settings) { s.CACertDir = "/nope" })
	check("Invalid tls-protocols specified.", func(s *Settings) { s.Protocols = "x" })
	check("Failed to configure ciphers: BOGUS", func(s *Settings) { s.Ciphers = "BOGUS" })
	check("Failed to configure ciphersuites: BOGUS", func(s *Settings) { s.CipherSuites = "BOGUS" })
	check("no tls-client-key-file", func(s *Settings) { s.ClientCertFile = p.path("client.crt") })
	check("Failed to load certificate: /nope", func(s *Settings) { s.ClientCertFile, s.ClientKeyFile = "/nope", p.path("client.key") })
	check("", func(s *Settings) { s.ClientCertFile, s.ClientKeyFile = p.path("client.crt"), p.path("client.key") })
}

// TestKeys opens keys that openssl has encrypted.
func TestKeys(t *testing.T) {
	if _, err := exec.LookPath("openssl"); err != nil {
		t.Fatal("openssl is not installed; `make test` installs it")
	}
	p := newPKI(t)
	rsa := p.path("rsa.key")
	run := func(args ...string) {
		t.Helper()
		if out, err := exec.Command("openssl", args...).CombinedOutput(); err != nil {
			t.Fatalf("openssl %v: %v\n%s", args, err, out)
		}
	}
	run("genrsa", "-traditional", "-out", rsa, "2048")
	plain, err := os.ReadFile(rsa)
	if err != nil {
		t.Fatal(err)
	}
	want, err := openKey(plain, "")
	if err != nil {
		t.Fatal(err)
	}
	parse := func(text []byte) any {
		b, _ := pem.Decode(text)
		if k, err := x509.ParsePKCS1PrivateKey(b.Bytes); err == nil {
			return k
		}
		k, err := x509.ParsePKCS8PrivateKey(b.Bytes)
		if err != nil {
			t.Fatal(err)
		}
		return k
	}
	for _, args := range [][]string{
		{"rsa", "-traditional", "-aes256"},
		{"rsa", "-traditional", "-des3"},
		{"pkcs8", "-topk8", "-v2", "aes-256-cbc"},
		{"pkcs8", "-topk8", "-v2", "aes-128-cbc", "-v2prf", "hmacWithSHA1"},
		{"pkcs8", "-topk8", "-v2", "aes-192-cbc", "-v2prf", "hmacWithSHA512"},
		{"pkcs8", "-topk8", "-v2", "des3", "-iter", "1000"},
	} {
		out := p.path("enc.key")
		run(append(args, "-in", rsa, "-out", out, "-passout", "pass:secret")...)
		b, err := os.ReadFile(out)
		if err != nil {
			t.Fatal(err)
		}
		got, err := openKey(b, "secret")
		if err != nil {
			t.Errorf("%v: %v", args, err)
			continue
		}
		if !parse(got).(interface {
			Equal(x crypto.PrivateKey) bool
		}).Equal(parse(want)) {
			t.Errorf("%v: another key", args)
		}
		wrong := []string{"", "wrong"}
		if args[0] == "rsa" { // others take their time over each
			for i := range 800 { // some leave padding that looks right
				wrong = append(wrong, fmt.Sprint("wrong", i))
			}
		}
		for _, pass := range wrong {
			if _, err := openKey(b, pass); !errors.Is(err, errBadDecrypt) && !errors.Is(err, errNoPass) {
				t.Errorf("%v with %q: %v", args, pass, err)
			}
		}
	}
	run("pkcs8", "-topk8", "-scrypt", "-in", rsa, "-out", p.path("scrypt.key"), "-passout", "pass:secret")
	b, err := os.ReadFile(p.path("scrypt.key"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := openKey(b, "secret"); err == nil || !strings.Contains(err.Error(), "unsupported key derivation") {
		t.Errorf("scrypt: %v", err)
	}
}

func FuzzOpenPKCS8(f *testing.F) {
	f.Add([]byte("0\x00"))
	f.Fuzz(func(t *testing.T, der []byte) {
		if len(der) > 200 {
			return // no rounds by the million
		}
		openPKCS8(der, "x")
	})
}

// FuzzOpenKey reads files that are no keys, and keys whose headers say what is not so.
func FuzzOpenKey(f *testing.F) {
	f.Add([]byte("-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,0102030405060708090A0B0C0D0E0F10\n\nAAAAAAAAAAAAAAAAAAAAAA==\n-----END RSA PRIVATE KEY-----\n"), "x")
	f.Add([]byte("-----BEGIN EC PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: DES-EDE3-CBC,01\n\nAAAA\n-----END EC PRIVATE KEY-----\n"), "")
	f.Add([]byte("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----\n"), "x")
	f.Add([]byte("-----BEGIN ENCRYPTED PRIVATE KEY-----\nMAA=\n-----END ENCRYPTED PRIVATE KEY-----\n"), "x")
	f.Fuzz(func(t *testing.T, text []byte, pass string) {
		if len(text) > 300 {
			return // no rounds by the million
		}
		firstCertificate(text)
		open, err := openKey(text, pass)
		if err != nil {
			return
		}
		again, err := openKey(open, "")
		if err != nil || !bytes.Equal(again, open) {
			t.Fatalf("%q was opened as %q, which opens as %q, %v", text, open, again, err)
		}
	})
}

// FuzzLists reads what is set for tls-ciphers, tls-ciphersuites and tls-protocols.
func FuzzLists(f *testing.F) {
	for _, text := range []string{"", "DEFAULT:!MEDIUM", "ECDHE+AESGCM:-AES256:+kRSA:@STRENGTH", "!aNULL", "TLS_AES_128_GCM_SHA256:x", "TLSv1.2 TLSv1.3", "+:-:!", "ALL:!ALL"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if list, err := parseCiphers(text); err == nil && text != "" {
			seen := map[uint16]bool{}
			for _, id := range list {
				if seen[id] {
					t.Fatalf("%q has %s twice", text, tls.CipherSuiteName(id))
				}
				seen[id] = true
			}
		}
		checkSuites(text)
		if list, err := parseProtocols(text); err == nil && !slices.IsSorted(list) {
			t.Fatalf("%q is %v", text, list)
		}
	})
}

// wire returns both ends of a connection.
func wire(t *testing.T) (a, b net.Conn) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	if b, err = net.Dial("tcp", ln.Addr().String()); err != nil {
		t.Fatal(err)
	}
	if a, err = ln.Accept(); err != nil {
		t.Fatal(err)
	}
	for _, c := range []net.Conn{a, b} {
		c.SetDeadline(time.Now().Add(20 * time.Second))
	}
	return a, b
}

// talk does a handshake between two configurations and sends a byte, so that tickets arrive.
func talk(t *testing.T, server, client *tls.Config) (state tls.ConnectionState, serverErr, clientErr error) {
	t.Helper()
	a, b := wire(t)
	done := make(chan error, 1)
	go func() {
		s := tls.Server(a, server)
		err := s.Handshake()
		if err == nil {
			s.Write([]byte("x"))
		}
		done <- err
		a.Close()
	}()
	c := tls.Client(b, client)
	_, clientErr = io.ReadFull(c, make([]byte, 1))
	state = c.ConnectionState()
	b.Close()
	return state, <-done, clientErr
}

func TestSessions(t *testing.T) {
	p := newPKI(t)
	for _, version := range []string{"TLSv1.2", "TLSv1.3"} {
		run := func(caching bool, seconds int64, wait time.Duration) bool {
			s := p.settings()
			s.Protocols, s.SessionCaching, s.SessionSeconds = version, caching, seconds
			c, err := New(s)
			if err != nil {
				t.Fatal(err)
			}
			c.Client.ServerName = "127.0.0.1"
			c.Client.ClientSessionCache = tls.NewLRUClientSessionCache(1)
			for range 2 {
				st, serr, cerr := talk(t, c.Server, c.Client)
				if serr != nil || cerr != nil {
					t.Fatal(serr, cerr)
				}
				if st.DidResume {
					return true
				}
				time.Sleep(wait)
			}
			return false
		}
		if !run(true, 300, 0) || !run(true, 0, 0) {
			t.Errorf("%s: a session was not resumed", version)
		}
		if run(false, 300, 0) {
			t.Errorf("%s: a session was resumed without caching", version)
		}
		if run(true, 1, 2100*time.Millisecond) {
			t.Errorf("%s: a session was resumed after its time", version)
		}
	}
}

func TestFaults(t *testing.T) {
	p := newPKI(t)
	other := newPKI(t)
	c, err := New(p.settings())
	if err != nil {
		t.Fatal(err)
	}
	c.Client.ServerName = "127.0.0.1"
	check := func(want string, change func(*tls.Config)) {
		t.Helper()
		cc := c.Client.Clone()
		change(cc)
		if _, serr, _ := talk(t, c.Server, cc); serr == nil || Fault(serr) != want {
			t.Errorf("%v, want %s", serr, want)
		}
	}
	check("peer did not return a certificate", func(cc *tls.Config) { cc.Certificates = nil })
	check("unsupported protocol", func(cc *tls.Config) { cc.MinVersion, cc.MaxVersion = tls.VersionTLS10, tls.VersionTLS11 })
	check("no shared cipher", func(cc *tls.Config) {
		cc.MaxVersion, cc.CipherSuites = tls.VersionTLS12, []uint16{tls.TLS_RSA_WITH_AES_128_CBC_SHA256}
	})
	check("certificate verify failed", func(cc *tls.Config) {
		pair, err := tls.LoadX509KeyPair(other.path("client.crt"), other.path("client.key"))
		if err != nil {
			t.Fatal(err)
		}
		cc.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &pair, nil }
	})
	plain := func(text string) error {
		a, b := wire(t)
		go func() {
			b.Write([]byte(text))
			b.Close()
		}()
		defer a.Close()
		return tls.Server(a, c.Server).Handshake()
	}
	if err := plain("PING\r\nPING\r\n"); Fault(err) != "wrong version number" {
		t.Errorf("%v", err)
	}
	if err := plain("\x16\x03\x01"); Fault(err) != "unexpected eof while reading" {
		t.Errorf("%v", err)
	}
}

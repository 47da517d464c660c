package netloop

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"math/big"
	"net"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// testCert is a certificate that signs itself.
var testCert = sync.OnceValue(func() tls.Certificate {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	tmpl := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, &key.PublicKey, key)
	if err != nil {
		panic(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
})

// tls returns the TLS side of a listener for which no handshake fails.
func (s *testServer) tls(t *testing.T) TLS {
	c := &tls.Config{Certificates: []tls.Certificate{testCert()}}
	return TLS{
		Config: func() *tls.Config { return c },
		Failed: func(_ net.Conn, err error) { t.Errorf("handshake: %v", err) },
	}
}

// secured makes c a client of TLS.
func secured(c *client) *client {
	c.t.Helper()
	sc := tls.Client(c.Conn, &tls.Config{InsecureSkipVerify: true})
	if err := sc.Handshake(); err != nil {
		c.t.Fatal(err)
	}
	return &client{sc, c.t}
}

// faults counts failed handshakes.
type faults struct {
	mu   sync.Mutex
	list []error
}

func (f *faults) add(_ net.Conn, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.list = append(f.list, err)
}

func (f *faults) len() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.list)
}

// startTLS starts a server whose handshakes may fail.
func startTLS(t *testing.T, o Options) (s *testServer, addr string, f *faults) {
	t.Helper()
	s, f = newTestServer(t, true, o), &faults{}
	side := s.tls(t)
	side.Failed = f.add
	ln, err := s.group.ListenTLS("127.0.0.1", 0, side)
	if err != nil {
		t.Fatal(err)
	}
	s.group.Start()
	return s, "127.0.0.1:" + strconv.Itoa(ln.Port()), f
}

// TestHandshakeHostile has peers that do no handshake, or the half of one: each is gone in the end, and nobody else notices.
func TestHandshakeHostile(t *testing.T) {
	s, addr, f := startTLS(t, Options{HandshakeTime: 500 * time.Millisecond})
	good := secured(dialTest(t, "tcp", addr))
	before := runtime.NumGoroutine()
	hello := clientHello(t)
	n := 0
	for _, say := range []string{
		"",                         // nothing at all
		"PING\r\n",                 // another protocol
		"\x16\x03\x01",             // the beginning of a record
		"\x16\x03\x01\xff\xff\x01", // a record that is too large
		"\x80\x2e\x01\x00\x02",     // SSLv2
		hello[:len(hello)/2],
		hello, // no answer to what the server says
		hello + hello,
	} {
		for _, leave := range []bool{false, true} {
			c := dialTest(t, "tcp", addr)
			c.send(say)
			n++
			if leave {
				c.Close()
				continue
			}
			end(c)
			good.do("PING", "+PONG\r\n")
		}
	}
	eventually(t, "failed handshakes", func() bool { return f.len() == n })
	if k := s.group.Shaking(); k != 0 {
		t.Errorf("%d handshakes are under way", k)
	}
	eventually(t, "goroutines of the failed", func() bool { return runtime.NumGoroutine() <= before })
	if q, r := s.buffers(); q != 0 || r > staticMax {
		t.Errorf("%d and %d bytes of buffers", q, r)
	}
	s.locked(func() {
		if len(s.sessions) != 1 {
			t.Errorf("%d sessions", len(s.sessions))
		}
	})
	good.Close()
	s.stop(t)
}

// end waits until the server has closed a connection.
func end(c *client) {
	c.t.Helper()
	if _, err := io.Copy(io.Discard, c); errors.Is(err, os.ErrDeadlineExceeded) {
		c.t.Fatal("the server did not end a handshake")
	}
}

// clientHello returns the first record of a handshake.
func clientHello(t *testing.T) string {
	t.Helper()
	a, b := net.Pipe()
	go tls.Client(a, &tls.Config{InsecureSkipVerify: true}).Handshake()
	buf := make([]byte, 16<<10)
	n, err := b.Read(buf)
	if err != nil {
		t.Fatal(err)
	}
	b.Close()
	return string(buf[:n])
}

// TestHandshakeBound fills all slots with peers that say nothing: memory is bounded, and others get their turn soon.
func TestHandshakeBound(t *testing.T) {
	const slots = 8
	s, addr, _ := startTLS(t, Options{Handshakes: slots, HandshakeTime: 3 * time.Second})
	for range 2 * slots {
		dialTest(t, "tcp", addr)
	}
	eventually(t, "slots", func() bool { return s.group.Shaking() == slots })
	for range 20 {
		if k := s.group.Shaking(); k > slots {
			t.Fatalf("%d handshakes under way", k)
		}
		time.Sleep(time.Millisecond)
	}
	begin := time.Now()
	c := secured(dialTest(t, "tcp", addr))
	c.do("PING", "+PONG\r\n")
	if d := time.Since(begin); d > 2500*time.Millisecond {
		t.Errorf("waited %v behind the silent", d)
	}
	// Stop does not wait for the silent ones.
	begin = time.Now()
	s.stop(t)
	if d := time.Since(begin); d > 2*time.Second {
		t.Errorf("Stop took %v", d)
	}
}

// TestTLSReload gives later connections another certificate, and earlier ones none of it.
func TestTLSReload(t *testing.T) {
	s := newTestServer(t, true, Options{})
	var mu sync.Mutex
	var config *tls.Config
	ln, err := s.group.ListenTLS("127.0.0.1", 0, TLS{
		Config: func() *tls.Config { mu.Lock(); defer mu.Unlock(); return config },
		Failed: func(net.Conn, error) {},
	})
	if err != nil {
		t.Fatal(err)
	}
	s.group.Start()
	addr := "127.0.0.1:" + strconv.Itoa(ln.Port())
	end(dialTest(t, "tcp", addr)) // there is no configuration
	set := func(c *tls.Config) { mu.Lock(); config = c; mu.Unlock() }
	set(&tls.Config{Certificates: []tls.Certificate{testCert()}, MaxVersion: tls.VersionTLS12})
	a := secured(dialTest(t, "tcp", addr))
	set(&tls.Config{Certificates: []tls.Certificate{testCert()}})
	b := secured(dialTest(t, "tcp", addr))
	a.do("PING", "+PONG\r\n")
	b.do("PING", "+PONG\r\n")
	version := func(c *client) uint16 { return c.Conn.(*tls.Conn).ConnectionState().Version }
	if version(a) != tls.VersionTLS12 || version(b) != tls.VersionTLS13 {
		t.Errorf("%x and %x", version(a), version(b))
	}
	a.Close()
	b.Close()
	s.stop(t)
}

// TestPortableBackPressure has others write to a client that sends requests and takes no replies: it is not read any more.
func TestPortableBackPressure(t *testing.T) {
	s, addr, _ := startTLS(t, Options{})
	deaf, teller := secured(dialTest(t, "tcp", addr)), secured(dialTest(t, "tcp", addr))
	deaf.do("NAME deaf", "+OK\r\n")
	text := strings.Repeat("x", 60_000)
	for range 200 { // until a goroutine that writes to it is stuck
		teller.do("TELL deaf "+text, "+OK\r\n")
	}
	sent := make(chan int, 1)
	go func() {
		n := 0
		deaf.SetDeadline(time.Now().Add(time.Second))
		for {
			k, err := io.WriteString(deaf, strings.Repeat("FILL 1000\r\n", 100))
			if n += k; err != nil {
				break
			}
		}
		sent <- n
	}()
	n := <-sent
	var waiting int
	s.locked(func() {
		for ts := range s.sessions {
			if ts.name == "deaf" {
				ts.conn.Borrow(nil)
				waiting = ts.conn.waiting()
				ts.conn.Return(nil)
			}
		}
	})
	if most := 200*len(text) + 4<<20; waiting > most {
		t.Errorf("%d bytes wait after %d bytes of requests", waiting, n)
	}
	teller.do("KILL deaf", "+OK\r\n")
	s.locked(func() {})
	eventually(t, "the end of the deaf", func() bool {
		n := 0
		s.locked(func() { n = len(s.sessions) })
		return n == 1
	})
	teller.do("PING", "+PONG\r\n")
	deaf.Close()
	teller.Close()
	s.stop(t)
}

// TestTLSIdle counts what idle connections hold of the loop's memory: nothing.
func TestTLSIdle(t *testing.T) {
	s, addr, _ := startTLS(t, Options{})
	var all []*client
	for range 20 {
		c := secured(dialTest(t, "tcp", addr))
		c.do("PING", "+PONG\r\n")
		c.send("*2\r\n$3\r\nLEN\r\n$100000\r\n" + strings.Repeat("x", 100_000) + "\r\n") // the large buffer, and back
		c.want(":100000\r\n")
		for range portableShort + 2 {
			c.do("PING", "+PONG\r\n")
		}
		all = append(all, c)
	}
	for _, c := range all {
		c.Close()
	}
	eventually(t, "the end of all", func() bool {
		n := 0
		s.locked(func() { n = len(s.sessions) })
		return n == 0
	})
	if q, r := s.buffers(); q != 0 || r != 0 {
		t.Errorf("%d and %d bytes of buffers", q, r)
	}
	s.stop(t)
}

// TestTLSRecords sends records that are none, or of another kind than is expected: they end the connection.
func TestTLSRecords(t *testing.T) {
	s, addr, _ := startTLS(t, Options{})
	for _, bad := range []string{
		"\x16\x03\x03\x00\x04\x01\x00\x00\x00", // a handshake in the clear
		"\x17\x03\x03\x00\x05hello",            // what cannot be decrypted
		"\x17\x03\x03\xff\xff",                 // a record that is too large
		"PING\r\n",
	} {
		raw := dialTest(t, "tcp", addr)
		secured(raw).do("PING", "+PONG\r\n")
		raw.send(bad)
		end(raw)
	}
	s.locked(func() {})
	eventually(t, "their end", func() bool {
		n := 0
		s.locked(func() { n = len(s.sessions) })
		return n == 0
	})
	s.stop(t)
}

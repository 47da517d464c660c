package netloop

import (
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"granary/internal/mem"
)

// both runs a test on epoll loops, one and two, and on the portable loop, without and with TLS.
func both(t *testing.T, o Options, fn func(t *testing.T, s *testServer, dial func() *client)) {
	for _, kind := range []string{"epoll", "epoll2", "portable", "tls"} {
		t.Run(kind, func(t *testing.T) {
			o := o
			if kind == "epoll2" {
				o.Loops = 2
			}
			s := newTestServer(t, kind == "portable" || kind == "tls", o)
			var ln *Listener
			var err error
			if kind == "tls" {
				ln, err = s.group.ListenTLS("127.0.0.1", 0, s.tls(t))
			} else {
				ln, err = s.group.ListenTCP("127.0.0.1", 0, 511)
			}
			if err != nil {
				t.Fatal(err)
			}
			s.group.Start()
			addr := "127.0.0.1:" + strconv.Itoa(ln.Port())
			fn(t, s, func() *client {
				c := dialTest(t, "tcp", addr)
				if kind == "tls" {
					c = secured(c)
				}
				return c
			})
			s.stop(t)
		})
	}
}

// stop stops the server and checks that it holds nothing.
func (s *testServer) stop(t *testing.T) {
	t.Helper()
	s.group.Stop()
	if len(s.sessions) != 0 {
		t.Errorf("%d sessions were not closed", len(s.sessions))
	}
	if len(s.pins) != 0 {
		t.Errorf("%d strings stayed pinned", len(s.pins))
	}
	s.arena.Close()
	mem.CheckLeaks(t)
}

// buffers returns the live bytes of query and reply buffers, without the read
// buffers of the loops.
func (s *testServer) buffers() (query, reply int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, l := range s.group.loops {
		l.mu.Lock()
		b := l.arena.Books()
		query += b.Purposes[mem.PurposeQueryBuffer].Requested - int64(len(l.read))
		reply += b.Purposes[mem.PurposeReplyBuffer].Requested
		l.mu.Unlock()
	}
	return query, reply
}

// eventually waits until ok is true.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for range 500 {
		if ok() {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatalf("not in 5 s: %s", what)
}

type client struct {
	net.Conn
	t *testing.T
}

func dialTest(t *testing.T, network, addr string) *client {
	t.Helper()
	c, err := net.Dial(network, addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	c.SetDeadline(time.Now().Add(20 * time.Second))
	return &client{c, t}
}

// tcp returns the socket.
func (c *client) tcp() *net.TCPConn {
	if t, ok := c.Conn.(*tls.Conn); ok {
		return t.NetConn().(*net.TCPConn)
	}
	return c.Conn.(*net.TCPConn)
}

func (c *client) send(s string) {
	c.t.Helper()
	if _, err := io.WriteString(c, s); err != nil {
		c.t.Fatal(err)
	}
}

func (c *client) want(reply string) {
	c.t.Helper()
	got := make([]byte, len(reply))
	n, err := io.ReadFull(c, got)
	if err != nil || string(got) != reply {
		c.t.Fatalf("got %.200q (%v), want %.200q", got[:n], err, reply)
	}
}

func (c *client) do(cmd, reply string) {
	c.t.Helper()
	c.send(cmd + "\r\n")
	c.want(reply)
}

func (c *client) wantEnd() {
	c.t.Helper()
	rest, err := io.ReadAll(c)
	if len(rest) > 0 || (err != nil && !errors.Is(err, syscall.ECONNRESET)) {
		c.t.Fatalf("got %.100q (%v), want the end of the stream", rest, err)
	}
}

// info returns what INFO says of the connection itself.
func (c *client) info() map[string]int {
	c.t.Helper()
	c.send("INFO\r\n")
	var head [16]byte
	n := 0
	for ; ; n++ {
		if _, err := io.ReadFull(c, head[n:n+1]); err != nil {
			c.t.Fatal(err)
		}
		if head[n] == '\n' {
			break
		}
	}
	size, _ := strconv.Atoi(string(head[1 : n-1]))
	body := make([]byte, size+2)
	if _, err := io.ReadFull(c, body); err != nil {
		c.t.Fatal(err)
	}
	m := map[string]int{}
	for k, v := range words(string(body)) {
		m[k], _ = strconv.Atoi(v)
	}
	return m
}

func TestPing(t *testing.T) {
	both(t, Options{}, func(t *testing.T, s *testServer, dial func() *client) {
		c, d := dial(), dial()
		for range 10 {
			c.do("PING", "+PONG\r\n")
			d.do("ECHO hello", "$5\r\nhello\r\n")
		}
		c.send(strings.Repeat("PING\r\n", 20000))
		c.want(strings.Repeat("+PONG\r\n", 20000))
		c.send("PI")
		time.Sleep(20 * time.Millisecond)
		c.send("NG\r\nPING\r\nQUIT\r\nPING\r\n")
		c.want("+PONG\r\n+PONG\r\n+OK\r\n")
		c.wantEnd()
		d.do("BAD", "-ERR unknown command\r\n")
		d.send("*1\r\nx\r\n")
		d.want("-ERR Protocol error: expected '$', got 'x'\r\n")
		d.wantEnd()
		eventually(t, "both sessions closed", func() (ok bool) {
			s.locked(func() { ok = len(s.sessions) == 0 && s.reasons[ReasonAsked] == 2 })
			return ok
		})
	})
}

// TestByteByByte sends requests in the smallest pieces.
func TestByteByByte(t *testing.T) {
	both(t, Options{}, func(t *testing.T, s *testServer, dial func() *client) {
		c := dial()
		c.tcp().SetNoDelay(true)
		in := "*2\r\n$4\r\nECHO\r\n$5\r\nhello\r\nPING\r\n"
		for i := range in {
			c.send(in[i : i+1])
			if i%5 == 0 {
				time.Sleep(time.Millisecond)
			}
		}
		c.want("$5\r\nhello\r\n+PONG\r\n")
		eventually(t, "query buffer freed", func() bool { q, _ := s.buffers(); return q == 0 })
	})
}

// TestLargeArgument: the query buffer has the size of the request, and room
// for what follows a large argument.
func TestLargeArgument(t *testing.T) {
	both(t, Options{}, func(t *testing.T, s *testServer, dial func() *client) {
		c := dial()
		const n = 5 << 20
		head := "*2\r\n$4\r\nECHO\r\n$" + strconv.Itoa(n) + "\r\n"
		c.send(head + "abc")
		total := int64(len(head) + testSpare + n + 2 + queryTail)
		eventually(t, "query buffer of the size of the request", func() bool { q, _ := s.buffers(); return q == total })
		body := bytes.Repeat([]byte("x"), n)
		go c.Write(append(body[3:], "\r\nPING\r\n"...))
		c.want("$" + strconv.Itoa(n) + "\r\nabc" + string(body[3:]) + "\r\n+PONG\r\n")
		eventually(t, "buffer fitted", func() bool { q, r := s.buffers(); return q == testSpare+queryMin && r <= staticMax })
		eventually(t, "buffer given back", func() bool { q, _ := s.buffers(); return q == 0 })

		// Several large arguments in one request.
		in := "*6\r\n$3\r\nLEN\r\n"
		for range 5 {
			in += "$100000\r\n" + string(body[:100000]) + "\r\n"
		}
		go io.WriteString(c, in)
		c.want(":500000\r\n")
	})
}

// TestLargeReply reads replies that the socket cannot take at once.
func TestLargeReply(t *testing.T) {
	both(t, Options{}, func(t *testing.T, s *testServer, dial func() *client) {
		c := dial()
		const n = 8 << 20
		c.send("FILL " + strconv.Itoa(n) + "\r\nPING\r\n")
		eventually(t, "output waits", func() bool { _, r := s.buffers(); return r > n/2 })
		d := dial()
		d.do("PING", "+PONG\r\n")
		c.want("$" + strconv.Itoa(n) + "\r\n" + string(make([]byte, n)) + "\r\n+PONG\r\n")
		eventually(t, "reply list freed", func() bool { _, r := s.buffers(); return r <= 2*staticMax })
	})
}

func bigPayload(n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte('a' + (i+7)%26)
	}
	return string(b)
}

// TestPinned sends strings by reference, partly, and lets the client die.
func TestPinned(t *testing.T) {
	both(t, Options{}, func(t *testing.T, s *testServer, dial func() *client) {
		c := dial()
		for _, n := range []int{1, 100, pinMin - 1, pinMin, pinMin + 1, 100_000, 6 << 20} {
			one := fmt.Sprintf("$%d\r\n%s\r\n", n, bigPayload(n))
			c.send(fmt.Sprintf("PING\r\nBIG %d\r\nPING\r\n", n))
			c.want("+PONG\r\n" + one + "+OK\r\n" + one + "+PONG\r\n")
		}
		c.send(strings.Repeat("BIG 20000\r\n", 300))
		one := fmt.Sprintf("$20000\r\n%s\r\n", bigPayload(20000))
		c.want(strings.Repeat(one+"+OK\r\n"+one, 300))
		eventually(t, "strings given back", func() (ok bool) {
			s.locked(func() { ok = len(s.pins) == 0 })
			return ok
		})
		c.send("BIG 8000000\r\nBIG 8000000\r\n")
		eventually(t, "output waits", func() (ok bool) {
			s.locked(func() {
				for ts := range s.sessions {
					ts.conn.Borrow(nil)
					ok = ts.conn.OutMem() > 1<<20
					ts.conn.Return(nil)
				}
			})
			return ok
		})
		c.Close()
		eventually(t, "strings given back", func() (ok bool) {
			s.locked(func() { ok = len(s.pins) == 0 && len(s.sessions) == 0 })
			return ok
		})
	})
}

func TestArrayLater(t *testing.T) {
	both(t, Options{}, func(t *testing.T, s *testServer, dial func() *client) {
		c := dial()
		for _, n := range []int{0, 1, 9, 10, 150, 160, 1000, 20000, 100000} {
			var want strings.Builder
			fmt.Fprintf(&want, "*%d\r\n", n)
			for i := range n {
				fmt.Fprintf(&want, ":%d\r\n", i)
			}
			c.do("LATER "+strconv.Itoa(n), want.String())
		}
	})
}

// TestOtherConnections reaches from one connection to another.
func TestOtherConnections(t *testing.T) {
	both(t, Options{}, func(t *testing.T, s *testServer, dial func() *client) {
		a, b := dial(), dial()
		a.do("NAME a", "+OK\r\n")
		b.do("NAME b", "+OK\r\n")
		for range 50 {
			b.do("TELL a hi", "+OK\r\n")
			a.want("$2\r\nhi\r\n")
		}
		a.send("PAUSE\r\nPING\r\nECHO x\r\n")
		a.want("+OK\r\n")
		b.do("TELL a first", "+OK\r\n")
		a.want("$5\r\nfirst\r\n")
		a.send("ECHO late\r\nEC")
		time.Sleep(20 * time.Millisecond)
		b.do("RESUME a", "+OK\r\n")
		a.want("+PONG\r\n$1\r\nx\r\n$4\r\nlate\r\n")
		a.send("HO end\r\n")
		a.want("$3\r\nend\r\n")

		a.do("PAUSE", "+OK\r\n")
		b.do("KILL a", "+OK\r\n")
		a.wantEnd()
		b.do("DIE", "")
		b.wantEnd()
		eventually(t, "sessions closed", func() (ok bool) {
			s.locked(func() { ok = len(s.sessions) == 0 })
			return ok
		})
	})
}

// TestPausedClientDies: a blocked client whose socket is gone ends.
func TestPausedClientDies(t *testing.T) {
	both(t, Options{}, func(t *testing.T, s *testServer, dial func() *client) {
		c := dial()
		c.send("PAUSE\r\nPING\r\n")
		c.want("+OK\r\n")
		c.Close()
		eventually(t, "session closed", func() (ok bool) {
			s.locked(func() { ok = len(s.sessions) == 0 && s.reasons[ReasonPeer]+s.reasons[ReasonError] == 1 })
			return ok
		})
	})
}

// TestDeathLeaksNothing closes connections in every bad moment.
func TestDeathLeaksNothing(t *testing.T) {
	both(t, Options{}, func(t *testing.T, s *testServer, dial func() *client) {
		fds := openFds()
		for i := range 60 {
			c := dial()
			switch i % 6 {
			case 0:
				c.send("*2\r\n$4\r\nEC")
			case 1:
				c.send("*2\r\n$4\r\nECHO\r\n$1000000\r\nabc")
			case 2:
				c.send("FILL 3000000\r\n")
			case 3:
				c.send("BIG 3000000\r\nBIG 3000000\r\nPI")
			case 4:
				c.send("PAUSE\r\nPING\r\n*1\r\n")
			case 5:
				c.send(strings.Repeat("PING\r\n", 1000) + "*1\r\n$4\r\nPI")
				c.tcp().SetLinger(0)
			}
			if i%2 == 0 {
				time.Sleep(2 * time.Millisecond)
			}
			c.Close()
		}
		eventually(t, "everything given back", func() (ok bool) {
			q, r := s.buffers()
			s.locked(func() { ok = len(s.sessions) == 0 && len(s.pins) == 0 })
			return ok && q == 0 && r == 0 && openFds() <= fds
		})
	})
}

// TestHalfClose: requests that came before the end of the stream are answered.
func TestHalfClose(t *testing.T) {
	both(t, Options{}, func(t *testing.T, s *testServer, dial func() *client) {
		c := dial()
		c.send("PING\r\nECHO bye\r\nPI")
		c.Conn.(interface{ CloseWrite() error }).CloseWrite()
		c.want("+PONG\r\n$3\r\nbye\r\n")
		c.wantEnd()
	})
}

func TestQueryLimit(t *testing.T) {
	both(t, Options{QueryLimit: 100_000}, func(t *testing.T, s *testServer, dial func() *client) {
		c := dial()
		c.send("*2\r\n$4\r\nECHO\r\n$90000\r\n" + strings.Repeat("x", 90000) + "\r\n")
		c.want("$90000\r\n" + strings.Repeat("x", 90000) + "\r\n")
		// Arguments that are complete do not count, whether they are large or many.
		c.send("*6\r\n$4\r\nECHO\r\n")
		for range 5 {
			c.send("$70000\r\n" + strings.Repeat("x", 70000) + "\r\n")
			time.Sleep(20 * time.Millisecond)
		}
		c.want("$70000\r\n" + strings.Repeat("x", 70000) + "\r\n")
		go io.WriteString(c, "*2\r\n$4\r\nECHO\r\n$900000\r\n"+strings.Repeat("x", 900000))
		c.wantEnd()
		s.locked(func() {
			if s.reasons[ReasonQueryLimit] != 1 {
				t.Errorf("reasons %v, want the query limit", s.reasons)
			}
		})
	})
}

// TestOutputLimit: the session's policy ends a client in the middle of a
// reply, and what it writes afterwards takes no memory.
func TestOutputLimit(t *testing.T) {
	both(t, Options{}, func(t *testing.T, s *testServer, dial func() *client) {
		s.locked(func() { s.limit = 1 << 20 })
		c := dial()
		io.WriteString(c, strings.Repeat("FILL 100000\r\n", 400)) // it may be closed before all is sent
		eventually(t, "closed by the limit", func() (ok bool) {
			s.locked(func() { ok = len(s.sessions) == 0 && s.outputs > 10 && s.reasons[ReasonAsked] == 1 })
			return ok
		})
		if q, r := s.buffers(); q != 0 || r != 0 {
			t.Errorf("buffers hold %d and %d bytes", q, r)
		}
	})
}

// TestBackPressure: a client that reads nothing is not read.
func TestBackPressure(t *testing.T) {
	both(t, Options{OutputBound: 1 << 20}, func(t *testing.T, s *testServer, dial func() *client) {
		c := dial()
		const n = 400
		go io.WriteString(c, strings.Repeat("*2\r\n$4\r\nFILL\r\n$6\r\n100000\r\n", n/2))
		time.Sleep(200 * time.Millisecond)
		if _, reply := s.buffers(); reply > 1<<20+200_000 {
			t.Errorf("%d bytes of replies wait, the requests of one read are executed without bound", reply)
		}
		c.SetReadDeadline(time.Now().Add(20 * time.Second))
		go io.WriteString(c, strings.Repeat("*2\r\n$4\r\nFILL\r\n$6\r\n100000\r\n", n/2))
		one := "$100000\r\n" + string(make([]byte, 100000)) + "\r\n"
		for range n {
			c.want(one)
		}
		c.do("PING", "+PONG\r\n")
	})
}

// TestSizes reads the figures that CLIENT LIST shows.
func TestSizes(t *testing.T) {
	s := newTestServer(t, false, Options{})
	ln, err := s.group.ListenTCP("127.0.0.1", 0, 511)
	if err != nil {
		t.Fatal(err)
	}
	s.group.SetPeakReset(50)
	s.group.Start()
	c := dialTest(t, "tcp", "127.0.0.1:"+strconv.Itoa(ln.Port()))
	check := func(want string) {
		t.Helper()
		m := c.info()
		for k, v := range words(want) {
			if strconv.Itoa(m[k]) != v {
				t.Errorf("%s is %d, want %s (all: %v)", k, m[k], v, m)
			}
		}
	}
	self := int(connSize) + 2*16 // and two addresses
	check("qbuf=0 qbuf-free=0 rbs=0 rbp=0 obl=0 oll=0 omem=0 tot-mem=" + strconv.Itoa(self))
	check("rbs=1024 obl=0 oll=0 omem=0")
	c.do("FILL 3000", "$3000\r\n"+string(make([]byte, 3000))+"\r\n")
	check("rbs=4096 rbp=3009 obl=0 oll=0 omem=0 tot-mem=" + strconv.Itoa(self+4096))
	c.do("FILL 16000", "$16000\r\n"+string(make([]byte, 16000))+"\r\n")
	check("rbs=16384")
	eventually(t, "static block shrunk", func() bool { return c.info()["rbs"] == staticMin })
	if shrinks, expands := s.group.ReplyResizes(); shrinks == 0 || expands < 2 {
		t.Errorf("%d shrinks, %d expands", shrinks, expands)
	}
	c.send("PING\r\nFILL 10\r\nFILL 100000\r\nFILL 100000\r\nINFO\r\n")
	c.want("+PONG\r\n$10\r\n" + string(make([]byte, 10)) + "\r\n")
	for range 2 {
		c.want("$100000\r\n" + string(make([]byte, 100000)) + "\r\n")
	}
	var head [5]byte
	io.ReadFull(c, head[:])
	rest := make([]byte, 2048)
	n, _ := c.Read(rest)
	m := words(string(rest[:n]))
	if m["obl"] != "1024" || m["oll"] == "0" {
		t.Errorf("in the middle of a large reply: %v", m)
	}
	eventually(t, "traffic counted", func() bool {
		return s.group.NetIn() > 150 && s.group.NetOut() > 200_000 && s.group.Accepted() == 1
	})
	c.Close()
	s.stop(t)
}

// TestTrim: a client that stops in the middle of a request does not keep room.
func TestTrim(t *testing.T) {
	both(t, Options{}, func(t *testing.T, s *testServer, dial func() *client) {
		c := dial()
		c.send("*2\r\n$4\r\nECHO\r\n$1000000\r\nabc")
		eventually(t, "room for the argument", func() bool { q, _ := s.buffers(); return q > 1_000_000 })
		eventually(t, "room given back", func() bool { q, _ := s.buffers(); return q < 100 && q > 20 })
		c.send(strings.Repeat("x", 999_997) + "\r\n")
		c.want("$1000000\r\nabc" + strings.Repeat("x", 999_997) + "\r\n")
	})
}

// TestKeep: a client that once sent a part of a request keeps its query buffer
// until it is silent for long; one that never did has none.
func TestKeep(t *testing.T) {
	both(t, Options{}, func(t *testing.T, s *testServer, dial func() *client) {
		s.group.PauseCron(true)
		a, b := dial(), dial()
		b.do("PING", "+PONG\r\n")
		a.send("*1\r\n$4\r\nPI")
		eventually(t, "a buffer for the part", func() bool { q, _ := s.buffers(); return q == testSpare+queryMin })
		a.send("NG\r\n")
		a.want("+PONG\r\n")
		a.do("PING", "+PONG\r\n")
		if m := a.info(); m["qbuf"] != 0 || m["qbuf-free"] != queryMin {
			t.Errorf("after a part of a request: %v", m)
		}
		if m := b.info(); m["qbuf"] != 0 || m["qbuf-free"] != 0 {
			t.Errorf("never sent a part of a request: %v", m)
		}
		time.Sleep(3 * cronEvery * time.Millisecond)
		if q, _ := s.buffers(); q != testSpare+queryMin {
			t.Errorf("buffers of %d bytes while the clock is paused", q)
		}
		s.group.PauseCron(false)
		eventually(t, "buffer given back", func() bool { q, _ := s.buffers(); return q == 0 })
	})
}

// TestTake: a large argument changes hands without a copy, whatever pieces it
// comes in; not when another request follows.
func TestTake(t *testing.T) {
	both(t, Options{}, func(t *testing.T, s *testServer, dial func() *client) {
		c := dial()
		body := make([]byte, 300_000)
		for i := range body {
			body[i] = byte(i * i >> 7)
		}
		for _, n := range []int{LargeArg, 100_000, 100_000, 300_000, LargeArg - 1} {
			for _, more := range []string{"", "EX 60", strings.Repeat("x", queryTail)} {
				rest := ""
				for _, w := range strings.Fields(more) {
					rest += fmt.Sprintf("$%d\r\n%s\r\n", len(w), w)
				}
				req := fmt.Sprintf("*%d\r\n$4\r\nTAKE\r\n$%d\r\n", 2+len(strings.Fields(more)), n)
				answer := func(taken bool) string {
					text := fmt.Sprint(taken, n, crc32.ChecksumIEEE(body[:n])) + " " + more
					return fmt.Sprintf("$%d\r\n%s\r\n", len(text), text)
				}
				taken := n >= LargeArg && len(more) < queryTail
				// The pause lets the header be parsed before the argument comes.
				c.send(req)
				time.Sleep(5 * time.Millisecond)
				c.send(string(body[:n/2]))
				time.Sleep(5 * time.Millisecond)
				go io.WriteString(c, string(body[n/2:n])+"\r\n"+rest)
				c.want(answer(taken))
			}
		}
		// A second request arrives together with the end of the first.
		c.send("*2\r\n$4\r\nTAKE\r\n$50000\r\n")
		time.Sleep(5 * time.Millisecond)
		c.send(string(body[:50_000]) + "\r\n*1\r\n$4\r\nPING\r\n")
		var head [5]byte
		io.ReadFull(c, head[:])
		if string(head[1:2]) != "2" && string(head[1:2]) != "1" {
			t.Fatalf("reply begins with %q", head)
		}
		eventually(t, "all buffers given back", func() bool { q, _ := s.buffers(); return q == 0 })
	})
}

// TestFit: a client that goes on with small requests keeps no large buffer.
func TestFit(t *testing.T) {
	both(t, Options{}, func(t *testing.T, s *testServer, dial func() *client) {
		c := dial()
		c.send("*2\r\n$3\r\nLEN\r\n$400000\r\n" + strings.Repeat("x", 400_000) + "\r\n")
		c.want(":400000\r\n")
		// It is asked all the time, so it is never silent.
		eventually(t, "buffer fitted", func() bool { return c.info()["qbuf-free"] == queryMin })
	})
}

func TestUnixSocket(t *testing.T) {
	for _, portable := range []bool{false, true} {
		s := newTestServer(t, portable, Options{})
		path := filepath.Join(t.TempDir(), "s.sock")
		if _, err := s.group.ListenUnix(path, 0o700, 16); err != nil {
			t.Fatal(err)
		}
		st, err := os.Stat(path)
		if err != nil || st.Mode().Perm() != 0o700 {
			t.Errorf("mode %v, %v", st, err)
		}
		s.group.Start()
		c := dialTest(t, "unix", path)
		c.do("PING", "+PONG\r\n")
		s.locked(func() {
			for ts := range s.sessions {
				if ts.conn.RemoteAddr() != path+":0" || !ts.conn.IsUnix() {
					t.Errorf("remote %q", ts.conn.RemoteAddr())
				}
			}
		})
		s.stop(t)
		if _, err := os.Stat(path); err == nil {
			t.Error("the socket's file is still there")
		}
	}
}

func TestListeners(t *testing.T) {
	s := newTestServer(t, false, Options{})
	s.group.Start()
	ln, err := s.group.ListenTCP("*", 0, 511)
	if err != nil {
		t.Fatal(err)
	}
	addr := "127.0.0.1:" + strconv.Itoa(ln.Port())
	c := dialTest(t, "tcp", addr)
	c.do("PING", "+PONG\r\n")
	s.locked(func() {
		for ts := range s.sessions {
			if ts.conn.RemoteAddr() != c.LocalAddr().String() || ts.conn.LocalAddr() != addr || ts.conn.Fd() < 3 {
				t.Errorf("remote %q local %q fd %d", ts.conn.RemoteAddr(), ts.conn.LocalAddr(), ts.conn.Fd())
			}
		}
	})
	_, err = s.group.ListenTCP("127.0.0.1", ln.Port(), 511)
	var le *ListenError
	if !errors.As(err, &le) || le.Step != "bind" || !errors.Is(err, syscall.EADDRINUSE) {
		t.Errorf("got %v, want bind: address already in use", err)
	}
	if _, err := s.group.ListenTCP("192.0.2.1", 0, 511); !errors.Is(err, syscall.EADDRNOTAVAIL) {
		t.Errorf("got %v, want address not available", err)
	}
	ln.Close()
	if nc, err := net.Dial("tcp", addr); err == nil {
		nc.Close()
		t.Error("the listener was closed, but accepts")
	}
	c.do("PING", "+PONG\r\n")
	again, err := s.group.ListenTCP("127.0.0.1", ln.Port(), 511)
	if err != nil {
		t.Fatal(err)
	}
	dialTest(t, "tcp", addr).do("PING", "+PONG\r\n")
	s.group.SetKeepalive(100)
	again.Close()
	if six, err := s.group.ListenTCP("::1", 0, 511); err == nil {
		d := dialTest(t, "tcp", "[::1]:"+strconv.Itoa(six.Port()))
		d.do("PING", "+PONG\r\n")
	}
	s.stop(t)
}

func TestRefused(t *testing.T) {
	both(t, Options{}, func(t *testing.T, s *testServer, dial func() *client) {
		s.locked(func() { s.refuse = true })
		c := dial()
		c.want("-ERR max number of clients reached\r\n")
		c.wantEnd()
	})
}

// TestMuted: nothing is sent while muted, also what comes from outside.
func TestMuted(t *testing.T) {
	both(t, Options{}, func(t *testing.T, s *testServer, dial func() *client) {
		c := dial()
		c.do("PING", "+PONG\r\n")
		c.send("MUTE 1\r\nPING\r\nFILL 100000\r\nBIG 100000\r\nLATER 50\r\nMUTE 0\r\nPING\r\n")
		c.want("+OK\r\n+PONG\r\n"[5:])
	})
}

// TestTicks: time passes for a loop that has nothing to do, and Post is heard.
func TestTicks(t *testing.T) {
	both(t, Options{}, func(t *testing.T, s *testServer, dial func() *client) {
		s.locked(func() { s.tickMs = 5 })
		eventually(t, "ticks", func() (ok bool) { s.locked(func() { ok = s.ticks > 20 }); return ok })
		heard := make(chan bool)
		for _, l := range s.group.Loops() {
			l.Post(func() { close(heard) })
			<-heard
			heard = make(chan bool)
		}
	})
}

// TestNoGarbage: a request makes no garbage.
func TestNoGarbage(t *testing.T) {
	s := newTestServer(t, false, Options{})
	s.tickMs = 1000
	ln, err := s.group.ListenTCP("127.0.0.1", 0, 511)
	if err != nil {
		t.Fatal(err)
	}
	s.group.Start()
	c := dialTest(t, "tcp", "127.0.0.1:"+strconv.Itoa(ln.Port()))
	req := []byte("*2\r\n$3\r\nGET\r\n$1\r\nk\r\nPING\r\n*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$3\r\nabc\r\n")
	buf := make([]byte, 64)
	n := testing.AllocsPerRun(2000, func() {
		c.Write(req)
		for got := 0; got < len("$3\r\nxxx\r\n+PONG\r\n+OK\r\n"); {
			k, err := c.Read(buf)
			if err != nil {
				t.Fatal(err)
			}
			got += k
		}
	})
	if n != 0 {
		t.Errorf("%v allocations per turn, want 0", n)
	}
	c.Close()
	s.stop(t)
}

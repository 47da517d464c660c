package process

import (
	"bytes"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"granary/tests/live"
)

// need is dialTLS that must succeed.
func need(t *testing.T, s *live.Server, addr string, c *tls.Config) *live.Conn {
	t.Helper()
	conn := dialTLS(t, addr, c)
	if conn == nil {
		t.Fatalf("no connection over TLS\n%s", s.Log())
	}
	return conn
}

// TestTLSClients checks what concerns all clients, for those of TLS: lists, names, killing, limits of connections and time.
func TestTLSClients(t *testing.T) {
	a := newAuthority(t)
	s, addr := a.start("--io-threads", "2", "--maxclients", "4")
	config := a.client("client")
	plain, one, two := dial(t, s), need(t, s, addr, config), need(t, s, addr, config)
	do(t, one, "CLIENT", "SETNAME", "first")
	r, err := plain.Do("CLIENT", "LIST")
	if err != nil {
		t.Fatal(err)
	}
	if list := r.Str; !strings.Contains(list, "laddr="+addr) || !strings.Contains(list, "name=first") || strings.Contains(list, "fd=-1") {
		t.Errorf("CLIENT LIST:\n%s", r.Str)
	}
	three := need(t, s, addr, config)
	if dialTLS(t, addr, config) != nil { // no words are lost on it, as they would cost a handshake
		t.Errorf("one too many is served")
	}
	if got := field(t, plain, "stats", "rejected_connections"); got != "1" {
		t.Errorf("%s rejected connections", got)
	}
	for _, k := range []struct{ by, whom *live.Conn }{{plain, three}, {one, two}} {
		id := strings.TrimPrefix(do(t, k.whom, "CLIENT", "ID"), ":")
		if got := do(t, k.by, "CLIENT", "KILL", "ID", id); got != ":1" {
			t.Errorf("CLIENT KILL: %s", got)
		}
		if r, err := k.whom.Do("PING"); err == nil {
			t.Errorf("who was killed got %s", r)
		}
	}
	two = need(t, s, addr, config)
	two.Send("CLIENT", "KILL", "SKIPME", "NO", "LADDR", addr)
	rest(t, two.Conn, "\n") // the reply comes first
	if !gone(one) {
		t.Error("CLIENT KILL LADDR")
	}
	eventually(t, "the killed are gone", func() bool { return field(t, plain, "clients", "connected_clients") == "1" })
	for _, name := range []string{"total_net_input_bytes", "total_net_output_bytes"} {
		if field(t, plain, "stats", name) == "0" {
			t.Errorf("%s is 0", name)
		}
	}

	// Pauses, time limits, and those who are silent.
	one = need(t, s, addr, config)
	do(t, plain, "CLIENT", "PAUSE", "300", "WRITE")
	begin := time.Now()
	if got := do(t, one, "SET", "k", "v"); got != "+OK" || time.Since(begin) < 200*time.Millisecond {
		t.Errorf("%s after %v", got, time.Since(begin))
	}
	// The loop wakes for them, rather than at its next regular turn, which comes ten times a second.
	least := time.Hour
	for range 8 {
		begin = time.Now()
		do(t, one, "BLPOP", "nothing", "0.02")
		d := time.Since(begin)
		if least = min(least, d); d < 20*time.Millisecond {
			t.Errorf("a time limit of 20 ms took %v", d)
		}
	}
	if least > 60*time.Millisecond {
		t.Errorf("a time limit of 20 ms took %v at least", least)
	}
	do(t, plain, "CONFIG", "SET", "timeout", "1")
	eventually(t, "the silent one is gone", func() bool { return field(t, plain, "clients", "connected_clients") == "1" })
}

// TestTLSBusyScript has a script over TLS run too long: others are told so, over TLS and without, and may end it.
func TestTLSBusyScript(t *testing.T) {
	a := newAuthority(t)
	s, addr := a.start("--busy-reply-threshold", "50", "--io-threads", "2")
	config := a.client("client")
	for _, kind := range []string{"killed over TCP", "killed over TLS"} {
		runner, plain, other := need(t, s, addr, config), dial(t, s), need(t, s, addr, config)
		runner.Send("EVAL", forEver, "0")
		for _, c := range []*live.Conn{plain, other} {
			eventually(t, "the server says that it is busy", func() bool { return do(t, c, "GET", "x") == busy })
		}
		killer := plain
		if kind == "killed over TLS" {
			killer = other
		}
		if got := do(t, killer, "SCRIPT", "KILL"); got != "+OK" {
			t.Errorf("%s: %s", kind, got)
		}
		rest(t, runner.Conn, "killed by user")
		for _, c := range []*live.Conn{plain, other, runner} {
			if got := do(t, c, "PING"); got != "+PONG" {
				t.Errorf("%s: %s", kind, got)
			}
		}
	}
}

// TestTLSLarge sends large requests and replies, many at once, and clients that do not take theirs.
func TestTLSLarge(t *testing.T) {
	a := newAuthority(t)
	s, addr := a.start()
	config := a.client("client")
	c := need(t, s, addr, config)
	big := strings.Repeat("0123456789abcdef", 1<<20)
	if got := do(t, c, "SET", "big", big); got != "+OK" {
		t.Fatal(got)
	}
	for range 3 {
		if r, err := c.Do("GET", "big"); err != nil || r.Str != big {
			t.Fatalf("%d bytes, %v", len(r.Str), err)
		}
	}
	var batch []byte
	const n = 20_000
	for i := range n {
		batch = live.AppendCommand(batch, "ECHO", fmt.Sprintf("%08d", i))
	}
	go c.Write(batch)
	for i := range n {
		if raw, err := c.ReadRaw(nil); err != nil || !bytes.Contains(raw, fmt.Appendf(nil, "%08d", i)) {
			t.Fatalf("reply %d: %q, %v", i, raw, err)
		}
	}

	// A reader that does not read holds up nobody, and the limit ends it.
	admin := dial(t, s)
	deaf := need(t, s, addr, config)
	do(t, deaf, "SUBSCRIBE", "ch")
	do(t, admin, "CONFIG", "SET", "client-output-buffer-limit", "pubsub 4mb 0 0")
	for i := 0; do(t, admin, "PUBLISH", "ch", big[:1<<20]) != ":0"; i++ {
		if i > 100 {
			t.Fatal("a subscriber that does not read is not ended")
		}
	}
	if got := do(t, c, "PING"); got != "+PONG" {
		t.Error(got)
	}
	deaf.SetReadDeadline(time.Now().Add(10 * time.Second))
	if _, err := io.Copy(io.Discard, deaf); err != nil && strings.Contains(err.Error(), "timeout") {
		t.Errorf("the connection of the deaf: %v", err)
	}
}

// TestTLSHostile has peers that mean no good come in numbers: afterwards the server has no descriptor and no memory more.
func TestTLSHostile(t *testing.T) {
	a := newAuthority(t)
	s, addr := a.start()
	config := a.client("client")
	admin := dial(t, s)
	need(t, s, addr, config).Close()
	time.Sleep(50 * time.Millisecond)
	descriptorsBefore := descriptors(t, s.Pid())
	for i := range 200 {
		nc := socket(t, "tcp", addr)
		switch i % 4 {
		case 0:
			io.WriteString(nc, "PING\r\n")
		case 1:
			io.WriteString(nc, "\x16\x03\x01\x02\x00\x01")
		case 2:
			tc := tls.Client(nc, config)
			if tc.Handshake() == nil {
				tc.Write([]byte("*1\r\n$4\r\nPI"))
			}
		}
		if i%8 < 4 {
			nc.(*net.TCPConn).SetLinger(0)
		}
		nc.Close()
	}
	c := need(t, s, addr, config)
	if got := do(t, c, "PING"); got != "+PONG" {
		t.Error(got)
	}
	c.Close()
	eventually(t, "descriptors", func() bool { return descriptors(t, s.Pid()) <= descriptorsBefore })
	eventually(t, "clients", func() bool { return field(t, admin, "clients", "connected_clients") == "1" })
	if !strings.Contains(s.Log(), "Error accepting a client connection: wrong version number") {
		t.Errorf("log:\n%s", s.Log())
	}
}

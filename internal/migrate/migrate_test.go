package migrate

import (
	"net"
	"strconv"
	"testing"
	"time"

	"granary/tests/live"
)

// piece is an item of one part.
type piece string

func (p piece) Parts(fn func([]byte)) { fn([]byte(p)) }

// listen returns the address of a peer that says ok to SELECT, and to whatever comes then.
func listen(t *testing.T) Target {
	t.Helper()
	addr := live.Listen(t, func(c net.Conn) {
		defer c.Close()
		c.SetDeadline(time.Now().Add(time.Minute))
		var buf [1 << 16]byte
		for {
			if _, err := c.Read(buf[:]); err != nil {
				return
			}
			if _, err := c.Write([]byte("+OK\r\n")); err != nil {
				return
			}
		}
	})
	host, port, _ := net.SplitHostPort(addr)
	return Target{Host: host, Port: port, DB: "0"}
}

// TestPool pins how many connections are kept, by whom they are found, and that they end.
func TestPool(t *testing.T) {
	var p Pool
	defer p.Close()
	to := listen(t)
	limit := Limit{Idle: 20 * time.Second}
	for i := range maxIdle + 10 {
		to.User = "user" + strconv.Itoa(i)
		if res := p.Move(to, []Item{piece("x")}, limit); res.Err != nil || !res.Acked[0] {
			t.Fatalf("%+v", res)
		}
		if p.Idle() != min(i+1, maxIdle) {
			t.Fatalf("%d connections are kept after %d", p.Idle(), i+1)
		}
	}
	key := to
	key.DB = ""
	l := p.take(key)
	if l == nil || p.Idle() != maxIdle-1 {
		t.Fatalf("%v, %d are left", l, p.Idle())
	}
	if p.take(key) != nil {
		t.Error("a connection was given to two")
	}
	p.put(l)
	p.expire(l)
	if p.take(key) != nil {
		t.Error("a connection was given whose time is over")
	}
	if _, err := l.nc.Write([]byte("x")); err == nil {
		t.Error("it is still open")
	}
	p.Close()
	if p.Idle() != 0 {
		t.Errorf("%d are kept after Close", p.Idle())
	}
}

// TestUntil pins that the bound for everything holds although there is progress.
func TestUntil(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	go func() {
		c, err := ln.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		for range 400 {
			time.Sleep(5 * time.Millisecond) // the peer is slow
			if _, err := c.Write([]byte("+OK\r\n")); err != nil {
				return
			}
		}
	}()
	host, port, _ := net.SplitHostPort(ln.Addr().String())
	items := make([]Item, 1000)
	for i := range items {
		items[i] = piece("x")
	}
	var p Pool
	defer p.Close()
	begun := time.Now()
	res := p.Move(Target{Host: host, Port: port, DB: "0"}, items, Limit{Idle: time.Minute, Until: begun.Add(200 * time.Millisecond)})
	if d := time.Since(begun); res.Err != ErrReading || d > 20*time.Second {
		t.Errorf("%v after %v", res.Err, d)
	}
}

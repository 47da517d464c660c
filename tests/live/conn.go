package live

import (
	"bufio"
	"fmt"
	"net"
	"strconv"
	"testing"
	"time"
)

// Conn is one connection. Reads give up after Timeout.
type Conn struct {
	net.Conn
	Timeout time.Duration
	r       *bufio.Reader
	out     []byte
}

// Dial connects to host:port.
func Dial(addr string) (*Conn, error) {
	nc, err := net.DialTimeout("tcp", addr, 20*time.Second)
	if err != nil {
		return nil, err
	}
	return NewConn(nc), nil
}

// NewConn speaks over a connection that is there.
func NewConn(nc net.Conn) *Conn {
	return &Conn{Conn: nc, Timeout: 20 * time.Second, r: bufio.NewReaderSize(nc, 1<<16)}
}

// Listen has every connection to a port of its own served, each by a goroutine, until the test ends. serve closes it.
func Listen(t testing.TB, serve func(net.Conn)) (addr string) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	go func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			go serve(c)
		}
	}()
	return ln.Addr().String()
}

// AppendCommand appends args as a RESP array of bulk strings.
func AppendCommand(dst []byte, args ...string) []byte {
	dst = append(dst, '*')
	dst = strconv.AppendInt(dst, int64(len(args)), 10)
	dst = append(dst, '\r', '\n')
	for _, a := range args {
		dst = append(dst, '$')
		dst = strconv.AppendInt(dst, int64(len(a)), 10)
		dst = append(dst, '\r', '\n')
		dst = append(dst, a...)
		dst = append(dst, '\r', '\n')
	}
	return dst
}

// Send writes one command.
func (c *Conn) Send(args ...string) error {
	c.out = AppendCommand(c.out[:0], args...)
	_, err := c.Write(c.out)
	return err
}

// Do sends one command and parses its reply. A reply that is an error is not an error of Do.
func (c *Conn) Do(args ...string) (Reply, error) {
	if err := c.Send(args...); err != nil {
		return Reply{}, err
	}
	raw, err := c.ReadRaw(nil)
	if err != nil {
		return Reply{}, err
	}
	return Parse(raw)
}

// ReadRaw appends the bytes of the next whole reply to dst.
func (c *Conn) ReadRaw(dst []byte) ([]byte, error) {
	if c.r.Buffered() == 0 {
		if err := c.SetReadDeadline(time.Now().Add(c.Timeout)); err != nil {
			return dst, err
		}
	}
	return c.readValue(dst, 0)
}

func (c *Conn) readValue(dst []byte, depth int) ([]byte, error) {
	if depth > 64 {
		return dst, fmt.Errorf("reply nested deeper than 64")
	}
	line, err := c.r.ReadSlice('\n')
	if err != nil {
		return dst, err
	}
	dst = append(dst, line...)
	if len(line) < 3 || line[len(line)-2] != '\r' {
		return dst, fmt.Errorf("malformed reply line %q", line)
	}
	kind, rest := line[0], line[1:len(line)-2]
	switch kind {
	case '+', '-', ':', '_', ',', '#', '(':
		return dst, nil
	case '$', '=', '!':
		n, err := strconv.Atoi(string(rest))
		if err != nil {
			return dst, fmt.Errorf("malformed length in reply line %q", line)
		}
		if n < 0 {
			return dst, nil
		}
		return c.readBody(dst, n+2)
	case '*', '~', '>', '%', '|':
		n, err := strconv.Atoi(string(rest))
		if err != nil {
			return dst, fmt.Errorf("malformed length in reply line %q", line)
		}
		if kind == '%' || kind == '|' {
			n *= 2
		}
		if kind == '|' {
			n++ // attributes come before the value they describe
		}
		for ; n > 0; n-- {
			if dst, err = c.readValue(dst, depth+1); err != nil {
				return dst, err
			}
		}
		return dst, nil
	}
	return dst, fmt.Errorf("reply line of unknown type %q", line)
}

func (c *Conn) readBody(dst []byte, n int) ([]byte, error) {
	for n > 0 {
		if c.r.Buffered() == 0 {
			if _, err := c.r.Peek(1); err != nil {
				return dst, err
			}
		}
		k := min(n, c.r.Buffered())
		b, _ := c.r.Peek(k)
		dst = append(dst, b...)
		c.r.Discard(k)
		n -= k
	}
	return dst, nil
}

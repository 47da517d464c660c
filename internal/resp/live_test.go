package resp

import (
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"granary/tests/live"
)

// TestAgainstRedis sends malformed and odd requests to a real redis-server and
// compares its replies with what a Parser and a Writer make of them.
func TestAgainstRedis(t *testing.T) {
	path := live.NeedRedis(t)
	open := live.NeedStart(t, "redis", path)
	locked := live.NeedStart(t, "redis", path)
	c, err := locked.Dial()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Do("CONFIG", "SET", "requirepass", "secret"); err != nil {
		t.Fatal(err)
	}
	c.Close()

	long := strings.Repeat("x", maxInline)
	cases := []string{
		"PING\r\n",
		"ping\n",
		"PING \n",
		"PING\r\n\r\n\r\nPING\r\n",
		"*0\r\n*-1\r\n*-10\r\nPING\r\n",
		"*1\r\n$4\r\nPING\r\n*1\r\n$4\r\nPING\r\n",
		"*1\rx$4\ryPINGab*1\r\n$4\r\nPING\r\n",
		"*1\r\n$4\r\nPINGabPING\r\n",
		"*2\r\n$4\r\nECHO\r\n$0\r\n\r\n",
		"*2\r\n$4\r\nECHO\r\n$2\r\n\r\n\r\n",
		"*01\r\n$4\r\nPING\r\n",
		"*-0\r\n", "*+1\r\n", "*\r\n", "* 1\r\n", "*1 \r\n", "*a\r\n", "*1.5\r\n",
		"*1048577\r\n", "*2147483647\r\n", "*2147483648\r\n", "*9223372036854775807\r\n", "*9223372036854775808\r\n",
		"*-9223372036854775808\r\nPING\r\n", "*-9223372036854775809\r\n", "*99999999999999999999999999\r\n",
		"*1\n$4\nPING\n",
		"*1\r\n\r\n", "*1\r\nPING\r\n", "*1\r\n:1\r\n", "*1\r\n*1\r\n", "*1\r\n\n\r\n", "*1\r\n#\r\n",
		"*1\r\n$\r\n", "*1\r\n$-1\r\n", "*1\r\n$x\r\n", "*1\r\n$01\r\n", "*1\r\n$+4\r\n", "*1\r\n$ 4\r\n", "*1\r\n$4 \r\n",
		"*1\r\n$536870912\r\n", "*1\r\n$536870913\r\n", "*1\r\n$9223372036854775808\r\n", "*1\r\n$99999999999999999999\r\n",
		"*3\r\n$4\r\nECHO\r\n$1\r\na\r\n$-5\r\n",
		"*11\r\n", "*10\r\n", "*1\r\n$16384\r\n", "*1\r\n$16385\r\n",
		"\x00\r\nPING\r\n", "*\x001\r\nPING\r\n", "*1\r\n$\x00\r\nPING\r\n", "\x00", "PING\x00\r\n",
		"ECHO \"a b\"\r\n", "ECHO 'a b'\r\n", "ECHO \"\\x41\\x4g\\n\\r\\t\\b\\a\\\\\\\"\\q\"\r\n", "ECHO 'a\\'b\\n'\r\n",
		"ECHO a\"b c\"\r\n", "ECHO a'b c'\r\n", "ECHO \"a\"b\r\n", "ECHO 'a'b\r\n", "ECHO \"a\r\n", "ECHO 'a\r\n", "ECHO \"a\\\r\n",
		"ECHO \"a\\\"\r\n", "ECHO \"\"\r\n", "ECHO ''\r\n", "ECHO \\x41\r\n", "ECHO a\vb\r\n", "\v\fPING\r\n", "ECHO \"a\"\vb\r\n", "ECHO a\rb\r\n",
		"ECHO \"a\x00b\"\r\n", "   \r\nPING\r\n", "\r\r\nPING\r\n", "ECHO a\\\r\n", "ECHO \xff\xfe\r\n",
		long, long + "x", long + "\r\n", "ECHO " + long[:60000] + "\r\n",
		"*" + long, "*1" + long, "*1\r\n$" + long, "*1\r\n" + long, "*1\r\n\x00" + long, "*\x00" + long, "\x00" + long, "*1\r\n$4\r\nPING\r\n$" + long,
	}
	for _, in := range cases {
		for _, s := range []struct {
			name   string
			addr   string
			unauth bool
		}{{"open", open.Addr, false}, {"requirepass", locked.Addr, true}} {
			got := answer([]byte(in), s.unauth)
			want, err := exchange(s.addr, in, len(got))
			if err != nil {
				t.Fatalf("%.80q: %v", in, err)
			}
			if got != want {
				t.Errorf("%s, %.80q:\ngot  %.200q\nwant %.200q", s.name, in, got, want)
			}
		}
	}
}

// exchange sends in and returns all that comes back until the server closes, or
// has sent as much as is expected and says nothing more, with a mark if it
// closed.
func exchange(addr, in string, expected int) (string, error) {
	c, err := net.Dial("tcp", addr)
	if err != nil {
		return "", err
	}
	defer c.Close()
	go io.WriteString(c, in)
	var out []byte
	buf := make([]byte, 1<<17)
	for {
		wait := 40 * time.Millisecond
		if len(out) < expected {
			wait = 3 * time.Second
		}
		c.SetReadDeadline(time.Now().Add(wait))
		n, err := c.Read(buf)
		out = append(out, buf[:n]...)
		if ne, ok := err.(net.Error); ok && ne.Timeout() {
			return string(out), nil
		}
		if err != nil {
			return string(out) + "(closed)", nil
		}
	}
}

// answer is the smallest server: PING and ECHO.
func answer(in []byte, unauth bool) string {
	p := Parser{Unauth: unauth}
	w := NewBuffer()
	for {
		n, err := p.Parse(in)
		if err != nil {
			w.Errorf("ERR Protocol error: %v", err)
			return w.String() + "(closed)"
		}
		if n == 0 {
			return w.String()
		}
		in = in[n:]
		if len(p.Args) == 0 {
			continue
		}
		name := strings.ToUpper(string(p.Args[0]))
		switch {
		case name == "PING" && len(p.Args) == 1 && !unauth:
			w.Pong()
		case name == "ECHO" && len(p.Args) == 2 && !unauth:
			w.Bulk(p.Args[1])
		case name == "ECHO" && len(p.Args) != 2:
			w.Error("ERR wrong number of arguments for 'echo' command")
		case name != "PING" && name != "ECHO":
			w.Error(unknown(p.Args))
		case unauth:
			w.Error("NOAUTH Authentication required.")
		}
	}
}

func unknown(args [][]byte) string {
	clip := func(b []byte) []byte { return b[:min(len(b), 128)] }
	var rest strings.Builder
	for _, a := range args[1:] {
		if rest.Len() >= 128 {
			break
		}
		fmt.Fprintf(&rest, "'%s' ", clip(a))
	}
	return fmt.Sprintf("ERR unknown command '%s', with args beginning with: %s", clip(args[0]), &rest)
}

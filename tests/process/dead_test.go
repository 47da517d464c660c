package process

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"granary/tests/live"
)

// deadField returns what a map has under a key, and what that has under the next one.
func deadField(t *testing.T, r live.Reply, path ...string) live.Reply {
	t.Helper()
next:
	for _, key := range path {
		for i := 0; i+1 < len(r.Elems); i += 2 {
			if r.Elems[i].Str == key {
				r = r.Elems[i+1]
				continue next
			}
		}
		t.Fatalf("no %q in %v", key, r)
	}
	return r
}

func deadNumber(t *testing.T, r live.Reply, path ...string) int64 {
	t.Helper()
	n, err := strconv.ParseInt(deadField(t, r, path...).Str, 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func deadAsk(t *testing.T, c *live.Conn, args ...string) live.Reply {
	t.Helper()
	r, err := c.Do(args...)
	if err != nil || r.Kind == '-' {
		t.Fatalf("%q: %v %v", args, r, err)
	}
	return r
}

// grow makes strings with room behind them.
func grow(t *testing.T, c *live.Conn, n int) {
	t.Helper()
	var b []byte
	for i := range n {
		key := fmt.Sprint("grown:", i)
		b = live.AppendCommand(b, "APPEND", key, strings.Repeat("x", 100))
		b = live.AppendCommand(b, "APPEND", key, "y")
	}
	go c.Write(b)
	var raw []byte
	for range 2 * n {
		var err error
		if raw, err = c.ReadRaw(raw[:0]); err != nil {
			t.Fatal(err)
		}
	}
}

// TestDeadPass has the server free dead memory by itself: what was not used for a while, and not what is being used.
func TestDeadPass(t *testing.T) {
	s := start(t, "--memory-reclaim-dead", "yes", "--memory-reclaim-dead-interval", "0", "--memory-reclaim-dead-idle", "2")
	c := dial(t, s)
	grow(t, c, 1000)
	used := deadNumber(t, deadAsk(t, c, "MEMORY", "USAGE", "grown:7"))
	if n := deadNumber(t, deadAsk(t, c, "MEMORY", "DEAD"), "kinds", "strings", "freed"); n != 0 {
		t.Errorf("%d bytes freed of what was just used", n)
	}
	eventually(t, "a pass", func() bool {
		do(t, c, "TOUCH", "grown:0")
		return deadNumber(t, deadAsk(t, c, "MEMORY", "DEAD"), "kinds", "strings", "freed") == 999*96
	})
	if now := deadNumber(t, deadAsk(t, c, "MEMORY", "USAGE", "grown:7")); now != used-96 {
		t.Errorf("a key of %d bytes has %d", used, now)
	}
	if got := do(t, c, "STRLEN", "grown:7"); got != ":101" {
		t.Errorf("STRLEN is %s", got)
	}
	do(t, c, "CONFIG", "SET", "memory-reclaim-dead", "no")
	if got := deadField(t, deadAsk(t, c, "MEMORY", "DEAD"), "pass").Str; got != "off" {
		t.Errorf("the pass is %s", got)
	}
}

// TestDeadSlices sees that others are served while a client waits for a scan, and that a client that goes away meanwhile
// leaves nothing behind.
func TestDeadSlices(t *testing.T) {
	s := start(t)
	c, other, third := dial(t, s), dial(t, s), dial(t, s)
	do(t, c, "DEBUG", "POPULATE", "300000", "key", "100")
	grow(t, c, 2000)
	begin := time.Now()
	if err := c.Send("MEMORY", "DEAD", "SCAN"); err != nil {
		t.Fatal(err)
	}
	if err := third.Send("MEMORY", "DEAD", "FREE"); err != nil {
		t.Fatal(err)
	}
	pings := 0
	done := make(chan live.Reply)
	go func() {
		raw, _ := c.ReadRaw(nil)
		r, _ := live.Parse(raw)
		done <- r
	}()
	third.Close()
	for r := (live.Reply{}); r.Kind == 0; pings++ {
		if got := do(t, other, "PING"); got != "+PONG" {
			t.Fatal(got)
		}
		select {
		case r = <-done:
			if n := deadNumber(t, r, "keys"); n != 302000 {
				t.Errorf("%d keys seen", n)
			}
			if n := deadNumber(t, r, "work", "slices"); n < 10 {
				t.Errorf("%d slices", n)
			}
		default:
		}
	}
	t.Logf("%d times PING in %v, while 302,000 keys were looked at", pings, time.Since(begin))
	if pings < 20 {
		t.Errorf("PING was answered %d times", pings)
	}
	eventually(t, "nobody waits", func() bool { return strings.Contains(deadAsk(t, other, "INFO", "clients").Str, "blocked_clients:0") })
}

// TestDeadBeside looks for dead memory that belongs to no key: buffers of silent clients, and keys remembered for clients
// that are gone.
func TestDeadBeside(t *testing.T) {
	s := start(t)
	c, silent, reader := dial(t, s), dial(t, s), dial(t, s)
	do(t, c, "CLIENT", "TRACKING", "ON", "REDIRECT", strings.TrimPrefix(do(t, silent, "CLIENT", "ID"), ":"))
	do(t, reader, "CLIENT", "TRACKING", "ON", "REDIRECT", strings.TrimPrefix(do(t, silent, "CLIENT", "ID"), ":"))
	for i := range 500 {
		key := fmt.Sprint("read:", i)
		do(t, c, "SET", key, "v")
		do(t, reader, "GET", key)
		if i%2 == 0 {
			do(t, c, "GET", key)
		}
	}
	reader.Close()
	eventually(t, "the reader is gone", func() bool { return strings.Contains(deadAsk(t, c, "INFO", "clients").Str, "tracking_clients:1") })
	do(t, silent, "PING", strings.Repeat("p", 3000))
	time.Sleep(1200 * time.Millisecond)
	r := deadAsk(t, c, "MEMORY", "DEAD", "SCAN")
	if n := deadNumber(t, r, "kinds", "tracking", "count"); n != 500 {
		t.Errorf("%d keys are remembered for nobody, want 500", n)
	}
	if n := deadNumber(t, r, "kinds", "clients", "count"); n < 1 || deadNumber(t, r, "kinds", "clients", "bytes") < 4096 {
		t.Errorf("%v", deadField(t, r, "kinds", "clients"))
	}
	want := deadNumber(t, r, "kinds", "tracking", "bytes")
	r = deadAsk(t, c, "MEMORY", "DEAD", "FREE", "tracking", "clients")
	if n := deadNumber(t, r, "kinds", "tracking", "bytes"); n != want || n == 0 {
		t.Errorf("freed %d bytes of tracking, found %d", n, want)
	}
	if n := deadNumber(t, r, "kinds", "clients", "bytes"); n < 4096 {
		t.Errorf("freed %d bytes of clients", n)
	}
	if got := deadAsk(t, c, "INFO", "stats").Str; !strings.Contains(got, "tracking_total_items:250") {
		t.Errorf("%s", got)
	}
	if got := do(t, silent, "PING"); got != "+PONG" {
		t.Errorf("the silent client gets %s", got)
	}
}

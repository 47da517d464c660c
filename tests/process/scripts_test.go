package process

import (
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"granary/tests/live"
)

const (
	busy       = "-BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE."
	forEver    = "while true do end"
	wroteFirst = "redis.call('SET', KEYS[1], 1) while true do end"
)

// slow has a client run a script, with a command behind it in the same packet, and returns when the others are told.
func slow(t *testing.T, s *live.Server, probe *live.Conn, script string) net.Conn {
	t.Helper()
	c := socket(t, "tcp", s.Addr)
	fmt.Fprintf(c, "*4\r\n$4\r\nEVAL\r\n$%d\r\n%s\r\n$1\r\n1\r\n$1\r\nk\r\n*2\r\n$4\r\nECHO\r\n$5\r\nafter\r\n", len(script), script)
	eventually(t, "the server says that it is busy", func() bool { return do(t, probe, "GET", "x") == busy })
	return c
}

// rest reads until the end of a reply that holds text.
func rest(t *testing.T, c net.Conn, text string) string {
	t.Helper()
	c.SetReadDeadline(time.Now().Add(10 * time.Second))
	var got []byte
	for buf := make([]byte, 4096); !strings.Contains(string(got), text); {
		n, err := c.Read(buf)
		got = append(got, buf[:n]...)
		if err != nil {
			t.Fatalf("%v after %q", err, got)
		}
	}
	return string(got)
}

// TestBusyScript has a script run too long, with clients on one event loop and on several.
func TestBusyScript(t *testing.T) {
	for _, threads := range []string{"1", "3"} {
		t.Run(threads, func(t *testing.T) {
			s := start(t, "--busy-reply-threshold", "50", "--io-threads", threads)
			var clients []*live.Conn
			for range 7 {
				clients = append(clients, dial(t, s))
			}
			probe := clients[0]
			do(t, probe, "RPUSH", "list", "1")

			// Waits for a key that the script makes: it is served when the script has ended, not sooner.
			waiting := dial(t, s)
			if err := waiting.Send("BLPOP", "queue", "0"); err != nil {
				t.Fatal(err)
			}
			eventually(t, "a client waits", func() bool { return field(t, probe, "clients", "blocked_clients") == "1" })

			c := slow(t, s, probe, forEver)
			for i, other := range clients {
				if got := do(t, other, "LRANGE", "list", "0", "-1"); got != busy {
					t.Errorf("client %d: %s", i, got)
				}
				if got := do(t, other, "EVAL", "return 1", "0"); got != busy {
					t.Errorf("client %d: %s", i, got)
				}
			}
			late := dial(t, s)
			if got := do(t, late, "PING"); got != busy {
				t.Errorf("a new client: %s", got)
			}
			if got := do(t, late, "SHUTDOWN"); got != busy {
				t.Errorf("SHUTDOWN: %s", got)
			}
			if got := do(t, late, "FUNCTION", "KILL"); got != busy {
				t.Errorf("FUNCTION KILL: %s", got)
			}
			if got := do(t, late, "SCRIPT", "KILL"); got != "+OK" {
				t.Errorf("SCRIPT KILL: %s", got)
			}
			if got := rest(t, c, "after\r\n"); !strings.HasPrefix(got, "-ERR Script killed by user with SCRIPT KILL... script: ") || !strings.HasSuffix(got, ", on @user_script:1.\r\n$5\r\nafter\r\n") {
				t.Errorf("the caller reads %q", got)
			}
			if got := do(t, late, "LRANGE", "list", "0", "-1"); strings.HasPrefix(got, "-") {
				t.Errorf("after that: %s", got)
			}
			if got := do(t, late, "SCRIPT", "KILL"); got != "-NOTBUSY No scripts in execution right now." {
				t.Errorf("SCRIPT KILL: %s", got)
			}

			// What a script has made ready is served behind it.
			c = slow(t, s, probe, "redis.call('RPUSH', 'queue', 'v') local n = 0 while n < 3e6 do n = n + 1 end")
			if got := rest(t, c, "after\r\n"); got != "$-1\r\n$5\r\nafter\r\n" {
				t.Errorf("the caller reads %q", got)
			}
			if got, err := waiting.ReadRaw(nil); err != nil || !strings.Contains(string(got), "queue") {
				t.Errorf("the client that waited: %q %v", got, err)
			}

			// The caller goes away in the middle.
			c = slow(t, s, probe, forEver)
			c.Close()
			for range 20 {
				if got := do(t, late, "GET", "x"); got != busy {
					t.Fatalf("without a caller: %s", got)
				}
			}
			do(t, late, "SCRIPT", "KILL")
			eventually(t, "the script ends", func() bool { return do(t, probe, "GET", "x") != busy })

			// One that wrote cannot be killed; the server can.
			slow(t, s, probe, wroteFirst)
			if got := do(t, late, "SCRIPT", "KILL"); !strings.HasPrefix(got, "-UNKILLABLE Sorry the script already executed write commands") {
				t.Errorf("SCRIPT KILL: %s", got)
			}
			if err := late.Send("SHUTDOWN", "NOSAVE"); err != nil {
				t.Fatal(err)
			}
			if code := s.Wait(10 * time.Second); code != 0 {
				t.Errorf("exit code %d", code)
			}
		})
	}
}

// TestBusyFunction is the same for a function.
func TestBusyFunction(t *testing.T) {
	s := start(t, "--busy-reply-threshold", "50")
	c, other := dial(t, s), dial(t, s)
	do(t, c, "FUNCTION", "LOAD", "#!lua name=lib\nredis.register_function('f', function() while true do end end)")
	if err := c.Send("FCALL", "f", "0", "x"); err != nil {
		t.Fatal(err)
	}
	const busy = "-BUSY Redis is busy running a script. You can only call FUNCTION KILL or SHUTDOWN NOSAVE."
	eventually(t, "the server says that it is busy", func() bool { return do(t, other, "GET", "x") == busy })
	if got := do(t, other, "FUNCTION", "STATS"); !strings.Contains(got, "FCALL") {
		t.Errorf("FUNCTION STATS: %s", got)
	}
	if got := do(t, other, "SCRIPT", "KILL"); got != busy {
		t.Errorf("SCRIPT KILL: %s", got)
	}
	if got := do(t, other, "FUNCTION", "KILL"); got != "+OK" {
		t.Errorf("FUNCTION KILL: %s", got)
	}
	got, err := c.ReadRaw(nil)
	if err != nil || string(got) != "-ERR Script killed by user with SCRIPT KILL... script: f, on @user_function:2.\r\n" {
		t.Errorf("the caller reads %q %v", got, err)
	}
}

// TestMonitorScripts compares what MONITOR shows of scripts.
func TestMonitorScripts(t *testing.T) {
	commands := [][]string{
		{"EVAL", "redis.call('SET', KEYS[1], 1) return redis.call('GET', KEYS[1])", "1", "k"},
		{"EVAL", "return redis.pcall('nosuch')", "0"},
		{"EVALSHA", "ffffffffffffffffffffffffffffffffffffffff", "0"},
		{"SCRIPT", "LOAD", "return 1"},
		{"FUNCTION", "LOAD", "#!lua name=lib\nredis.register_function('f', function() return redis.call('PING') end)"},
		{"FCALL", "f", "0"},
	}
	lua := func(lines []string) []string {
		for i, l := range lines {
			if len(l) > 19 && strings.Contains(l, " lua] ") {
				lines[i] = "+TIME [0 lua]" + l[strings.Index(l, "]")+1:]
			}
		}
		return lines
	}
	want := lua(monitored(t, live.NeedStart(t, "redis", live.NeedRedis(t)), commands))
	got := lua(monitored(t, start(t), commands))
	if strings.Join(got, "") != strings.Join(want, "") {
		t.Errorf("got:\n%swant:\n%s", strings.Join(got, ""), strings.Join(want, ""))
	}
}

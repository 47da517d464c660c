package process

import (
	"bufio"
	"fmt"
	"regexp"
	"testing"

	"granary/tests/live"
)

// monitored runs commands on a server and returns what a client under MONITOR is shown of them.
func monitored(t *testing.T, s *live.Server, commands [][]string) []string {
	t.Helper()
	watch := socket(t, "tcp", s.Addr)
	in := bufio.NewReader(watch)
	fmt.Fprint(watch, "MONITOR\r\n")
	if got, err := in.ReadString('\n'); got != "+OK\r\n" {
		t.Fatalf("%s: MONITOR answered %q (%v)", s.Name, got, err)
	}
	c := dial(t, s)
	for _, args := range commands {
		do(t, c, args...)
	}
	do(t, c, "ECHO", "the end")
	var lines []string
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			t.Fatalf("%s: %v after %q", s.Name, err, lines)
		}
		line = stamp.ReplaceAllString(line, "+TIME [$1 ADDR]")
		lines = append(lines, line)
		if len(lines) > 100 || line == "+TIME [0 ADDR] \"ECHO\" \"the end\"\r\n" {
			return lines
		}
	}
}

var stamp = regexp.MustCompile(`^\+\d{10}\.\d{6} \[(\d+) [0-9.:]+\]`)

// TestMonitor compares what MONITOR shows with what redis-server shows: order, quoting, secrets, what is left out.
func TestMonitor(t *testing.T) {
	commands := [][]string{
		{"SET", "a", "b"},
		{"get", "a"},
		{"SET", "bin", "\x00\x01\a\b\t\r\n\\\"\x7f\xff"},
		{"SELECT", "3"},
		{"SET", "a", "", "EX", "100"},
		{"GETEX", "a", "PERSIST"},
		{"CONFIG", "GET", "port"},
		{"CONFIG", "SET", "maxmemory", "0"},
		{"AUTH", "secret"},
		{"AUTH", "user", "secret"},
		{"HELLO", "2", "AUTH", "default", "secret"},
		{"nosuch"},
		{"GET"},
		{"CLIENT", "SETNAME", "me"},
		{"OBJECT", "ENCODING", "a"},
		{"SELECT", "0"},
	}
	want := monitored(t, live.NeedStart(t, "redis", live.NeedRedis(t)), commands)
	got := monitored(t, start(t), commands)
	for i := range max(len(want), len(got)) {
		switch {
		case i >= len(got):
			t.Errorf("line %d: nothing, redis-server shows %q", i, want[i])
		case i >= len(want):
			t.Errorf("line %d: %q, redis-server shows nothing", i, got[i])
		case got[i] != want[i]:
			t.Errorf("line %d: %q, redis-server shows %q", i, got[i], want[i])
		}
	}
}

// TestMonitorEnds checks that RESET and leaving end the watching.
func TestMonitorEnds(t *testing.T) {
	s := start(t)
	c := dial(t, s)
	do(t, c, "MONITOR")
	if got := do(t, c, "RESET"); got != "+RESET" {
		t.Fatalf("RESET answered %s", got)
	}
	other := dial(t, s)
	do(t, other, "MONITOR")
	other.Close()
	for range 20 {
		if got := do(t, c, "PING"); got != "+PONG" {
			t.Fatalf("PING answered %s", got)
		}
	}
}

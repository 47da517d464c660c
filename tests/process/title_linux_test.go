package process

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"granary/tests/live"
)

// TestTitle compares what the process list shows of Granary and of redis-server.
func TestTitle(t *testing.T) {
	granary, err := live.GranaryPath()
	if err != nil {
		t.Fatal(err)
	}
	title := func(s *live.Server) string {
		shown := read(t, fmt.Sprintf("/proc/%d/cmdline", s.Pid()))
		if s.Name != "args" {
			shown, _, _ = strings.Cut(shown, "\x00") // redis-server leaves a dot at the end
		}
		for _, w := range [][2]string{{s.Addr, "ADDR"}, {s.Addr[strings.LastIndex(s.Addr, ":")+1:], "PORT"}, {s.Dir, "DIR"}} {
			shown = strings.ReplaceAll(shown, w[0], w[1])
		}
		path, rest, _ := strings.Cut(shown, " ")
		return strings.TrimSpace(strings.TrimPrefix(path, filepath.Dir(path)+"/") + " " + rest)
	}
	var seen [2][]string
	for i, path := range []string{live.NeedRedis(t), granary} {
		s := live.NeedStart(t, filepath.Base(path), path, "--unixsocket", "sock")
		c := dial(t, s)
		look := func() { seen[i] = append(seen[i], strings.Replace(title(s), filepath.Base(path), "SERVER", 1)) }
		look()
		for _, template := range []string{
			"{title} of {port} and {tls-port} at {unixsocket}, {listen-addr} {server-mode} {config-file}", "short", "{{port} {port}", strings.Repeat("long ", 40),
		} {
			do(t, c, "CONFIG", "SET", "proc-title-template", template)
			look()
		}
		if got := do(t, c, "CONFIG", "SET", "proc-title-template", "{none}"); !strings.Contains(got, "template format is invalid") {
			t.Errorf("%s: %s", s.Name, got)
		}
	}
	for i := range seen[0] {
		if seen[0][i] != seen[1][i] {
			t.Errorf("redis-server shows %q, Granary %q", seen[0][i], seen[1][i])
		}
	}
	off := live.NeedStart(t, "args", granary, "--set-proc-title", "no")
	if got := title(off); !strings.Contains(got, "--set-proc-title\x00no") {
		t.Errorf("without a title %q is shown", got)
	}
	// A longer one than there is room for is cut; the server has its arguments all the same.
	s, err := live.Launch("granary", granary, "--proc-title-template", strings.Repeat("x", 10000))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Stop)
	logged(t, s, "Ready to accept connections unix")
	if got := read(t, fmt.Sprintf("/proc/%d/cmdline", s.Pid())); len(got) < 1000 || strings.Trim(got, "x\x00") != "" {
		t.Errorf("a long title shows %q", got)
	}
	if got := do(t, dial(t, s), "CONFIG", "GET", "unixsocket"); !strings.Contains(got, s.Addr) {
		t.Errorf("the socket is %s, started with %s", got, s.Addr)
	}
}

// TestThreads looks at the names of threads: that of the process stays.
func TestThreads(t *testing.T) {
	s := start(t, "--appendonly", "yes", "--rdb-key-save-delay", "1000")
	c := dial(t, s)
	do(t, c, "DEBUG", "POPULATE", "10000")
	for range 20 { // any of them could get the main thread
		do(t, c, "CONFIG", "SET", "appendonly", "no")
		do(t, c, "CONFIG", "SET", "appendonly", "yes")
	}
	for _, name := range []string{"aof-sync", "snapshot"} {
		eventually(t, "there is a thread "+name, func() bool {
			tasks, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/comm", s.Pid()))
			return slices.ContainsFunc(tasks, func(path string) bool {
				b, _ := os.ReadFile(path) // a thread may end
				return string(b) == name+"\n"
			})
		})
	}
	if got := read(t, fmt.Sprintf("/proc/%d/comm", s.Pid())); got == "snapshot\n" || got == "aof-sync\n" {
		t.Errorf("the process is called %q", got)
	}
}

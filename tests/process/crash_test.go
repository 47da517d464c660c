package process

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"granary/tests/live"
)

// logged waits until a log has all of these words, and returns it.
func logged(t *testing.T, s *live.Server, words ...string) string {
	t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for {
		text, missing := read(t, filepath.Join(s.Dir, "server.log")), ""
		for _, w := range words {
			if !strings.Contains(text, w) {
				missing = w
			}
		}
		if missing == "" {
			return text
		}
		if time.Now().After(deadline) {
			t.Fatalf("the log has no %q:\n%s", missing, text)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// TestCrashReport ends servers in all ways that are faults, and looks for the report.
func TestCrashReport(t *testing.T) {
	const trace, end = "STACK TRACE DONE", "BUG REPORT END"
	check := func(name string, fault func(s *live.Server, c *live.Conn), report bool, words []string, args ...string) {
		t.Helper()
		t.Run(name, func(t *testing.T) {
			s := start(t, append([]string{"--enable-debug-command", "yes"}, args...)...)
			fault(s, dial(t, s))
			if s.Wait(20*time.Second) == 0 {
				t.Error("the server ended as if all were well")
			}
			if !report {
				if log := logged(t, s); strings.Contains(log, end) {
					t.Errorf("a report though crash-log-enabled is off:\n%s", log)
				}
				return
			}
			if log := logged(t, s, append(words, trace, end)...); strings.Count(log, trace) != 1 {
				t.Errorf("%d reports", strings.Count(log, trace))
			}
		})
	}
	ask := func(args ...string) func(*live.Server, *live.Conn) {
		return func(_ *live.Server, c *live.Conn) { c.Do(args...) } // the connection ends without a reply
	}
	abort := func(s *live.Server, _ *live.Conn) { syscall.Kill(s.Pid(), syscall.SIGABRT) }
	check("SIGABRT", abort, true, []string{"crashed by signal: 6"})
	check("DEBUG SEGFAULT", ask("DEBUG", "SEGFAULT"), true, []string{"crashed by signal: 11", "debugSegfault"})
	check("DEBUG PANIC", ask("DEBUG", "PANIC"), true, []string{"Guru Meditation: BUG: DEBUG PANIC", "ASSERTION FAILED", "cmdDebug"})
	check("off", abort, false, nil, "--crash-log-enabled", "no")

	s := start(t)
	c := dial(t, s)
	syscall.Kill(s.Pid(), syscall.SIGALRM)
	logged(t, s, "Received SIGALRM", trace)
	if got := do(t, c, "PING"); got != "+PONG" {
		t.Errorf("after SIGALRM: %s", got)
	}
}

// TestEndWhileLoading checks that who ends a server needs not wait until it has loaded its data, and that the file stays.
func TestEndWhileLoading(t *testing.T) {
	granary, err := live.GranaryPath()
	if err != nil {
		t.Fatal(err)
	}
	s := start(t)
	c := dial(t, s)
	do(t, c, "DEBUG", "POPULATE", "100000")
	do(t, c, "SAVE")
	file := read(t, filepath.Join(s.Dir, "dump.rdb"))
	for _, end := range []string{"SIGTERM", "SHUTDOWN"} {
		dir := t.TempDir()
		write(t, filepath.Join(dir, "dump.rdb"), file)
		s, err := live.Launch("granary", granary, "--dir", dir, "--save", "1 1", "--key-load-delay", "1000", "--pidfile", filepath.Join(dir, "pid"))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(s.Stop)
		logged(t, s, "Server initialized")
		c := dial(t, s)
		for deadline := time.Now().Add(20 * time.Second); do(t, c, "PING") != "-LOADING Redis is loading the dataset in memory"; {
			if time.Now().After(deadline) {
				t.Fatal("it does not load")
			}
		}
		if end == "SIGTERM" {
			syscall.Kill(s.Pid(), syscall.SIGTERM)
		} else {
			c.Do(end)
		}
		if code := s.Wait(20 * time.Second); code != 0 {
			t.Errorf("%s: it ended with %d", end, code)
		}
		if log := logged(t, s, "bye bye"); end == "SIGTERM" && !strings.Contains(log, "Received shutdown signal during loading, exiting now.") {
			t.Errorf("the log does not say that it was loading:\n%s", log)
		}
		if read(t, filepath.Join(dir, "dump.rdb")) != file {
			t.Errorf("%s: the file was changed", end)
		}
		if _, err := os.Stat(filepath.Join(dir, "pid")); !os.IsNotExist(err) {
			t.Errorf("%s: the pid file is left", end)
		}
	}
}

// TestSignalTwice checks that an end by a signal can be taken back while it has not begun, and that who insists needs not wait
// for the snapshot.
func TestSignalTwice(t *testing.T) {
	s := start(t, "--save", "900 1", "--enable-debug-command", "yes")
	c := dial(t, s)
	do(t, c, "DEBUG", "PAUSE-CRON", "1")
	syscall.Kill(s.Pid(), syscall.SIGTERM)
	logged(t, s, "scheduling shutdown")
	deadline := time.Now().Add(10 * time.Second)
	for do(t, c, "SHUTDOWN", "ABORT") != "+OK" {
		if time.Now().After(deadline) {
			t.Fatal("no end was there to be taken back")
		}
		time.Sleep(10 * time.Millisecond)
	}
	logged(t, s, "Shutdown manually aborted")
	if got := do(t, c, "SHUTDOWN", "ABORT"); got != "-ERR No shutdown in progress." {
		t.Errorf("SHUTDOWN ABORT answered %s", got)
	}
	do(t, c, "DEBUG", "PAUSE-CRON", "0")
	do(t, c, "DEBUG", "POPULATE", "1000")
	do(t, c, "CONFIG", "SET", "rdb-key-save-delay", "1000000")
	syscall.Kill(s.Pid(), syscall.SIGINT)
	logged(t, s, "Saving the final RDB")
	syscall.Kill(s.Pid(), syscall.SIGINT)
	if code := s.Wait(20 * time.Second); code != 1 {
		t.Errorf("it ended with %d", code)
	}
	logged(t, s, "You insist")
	if left, _ := filepath.Glob(filepath.Join(s.Dir, "temp-*")); len(left) > 0 {
		t.Errorf("%v is left", left)
	}
}

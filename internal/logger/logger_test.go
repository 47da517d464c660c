package logger

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"granary/internal/config"
)

func fixed(o Options, out *bytes.Buffer) *Logger {
	o.Out = out
	l := New(o)
	l.pid = 77
	l.now = func() time.Time { return time.Date(2026, 3, 9, 8, 7, 6, 5_999_999, time.FixedZone("", 3600)) }
	return l
}

func TestLine(t *testing.T) {
	line := func(o Options, role Role, level Level, message, want string) {
		t.Helper()
		var out bytes.Buffer
		l := fixed(o, &out)
		l.SetRole(role)
		l.Log(level, message)
		if out.String() != want {
			t.Errorf("got %q, want %q", out.String(), want)
		}
	}
	line(Options{}, Master, Notice, "Ready", "77:M 09 Mar 2026 08:07:06.005 * Ready\n")
	line(Options{}, Replica, Warning, "oh", "77:S 09 Mar 2026 08:07:06.005 # oh\n")
	line(Options{}, Child, Debug, "x", "77:C 09 Mar 2026 08:07:06.005 . x\n")
	line(Options{}, Master, Verbose, "", "77:M 09 Mar 2026 08:07:06.005 - \n")
	line(Options{Level: Warning}, Master, Notice, "x", "")
	line(Options{Level: Nothing}, Master, Warning, "x", "")
	line(Options{}, Master, Notice, "a\n1:M fake\r", "77:M 09 Mar 2026 08:07:06.005 * a\\n1:M fake\\r\n")
	line(Options{Timestamp: TimeISO8601}, Master, Notice, "x", "77:M 2026-03-09T08:07:06.005+01:00 * x\n")
	line(Options{Timestamp: TimeMilliseconds}, Master, Notice, "x", "77:M 1773040026005 * x\n")
	line(Options{Format: Logfmt}, Master, Notice, `say "x"`,
		`pid=77 role=primary timestamp="09 Mar 2026 08:07:06.005" level=notice message="say \"x\""`+"\n")
	line(Options{Format: Logfmt, Timestamp: TimeMilliseconds}, Replica, Warning, "x",
		"pid=77 role=replica timestamp=1773040026005 level=warning message=\"x\"\n")
}

func TestChangesAtRunTime(t *testing.T) {
	var out bytes.Buffer
	l := fixed(Options{Level: Notice}, &out)
	l.Debugf("no")
	l.SetLevel(Debug)
	l.Debugf("yes %d", 1)
	l.Raw(Notice, "  logo\n  logo\n")
	if l.User("key") != "key" {
		t.Error("user data hidden without being asked to")
	}
	l.SetHideUserData(true)
	l.Noticef("key %s", l.User("secret"))
	want := "77:C 09 Mar 2026 08:07:06.005 . yes 1\n  logo\n  logo\n77:C 09 Mar 2026 08:07:06.005 * key *redacted*\n"
	if out.String() != want {
		t.Errorf("got %q, want %q", out.String(), want)
	}
}

func TestSilent(t *testing.T) {
	var none *Logger
	none.Warningf("x")
	none.Raw(Warning, "x")
	new(Logger).Warningf("x")
	if none.Enabled(Warning) || none.User("x") != "*redacted*" {
		t.Error("a nil logger speaks")
	}
}

// A file that is moved away is made anew: log rotation needs no signal.
func TestFileIsReopened(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.log")
	l := New(Options{File: path})
	l.Noticef("one")
	if err := os.Rename(path, path+".1"); err != nil {
		t.Fatal(err)
	}
	l.Noticef("two")
	l.Noticef("three")
	for name, lines := range map[string]int{path + ".1": 1, path: 2} {
		b, err := os.ReadFile(name)
		if err != nil || strings.Count(string(b), "\n") != lines {
			t.Errorf("%s: %q, %v; want %d lines", name, b, err, lines)
		}
	}
}

func TestManyWriters(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.log")
	l := New(Options{File: path})
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			for i := range 50 {
				l.SetLevel(Level(i % 2))
				l.Noticef("writer %d line %d", g, i)
			}
		})
	}
	wg.Wait()
	b, _ := os.ReadFile(path)
	lines := strings.Split(strings.TrimSuffix(string(b), "\n"), "\n")
	if len(lines) != 400 {
		t.Fatalf("%d lines, want 400", len(lines))
	}
	shape := regexp.MustCompile(fmt.Sprintf(`^%d:C \d\d \w{3} \d{4} \d\d:\d\d:\d\d\.\d{3} \* writer \d line \d+$`, os.Getpid()))
	for _, line := range lines {
		if !shape.MatchString(line) {
			t.Fatalf("line %q", line)
		}
	}
}

// The server converts the values of directives by number.
func TestValuesAreConfigs(t *testing.T) {
	same := func(a, b int) {
		t.Helper()
		if a != b {
			t.Errorf("%d is %d in config", a, b)
		}
	}
	same(int(Debug), int(config.LogDebug))
	same(int(Verbose), int(config.LogVerbose))
	same(int(Notice), int(config.LogNotice))
	same(int(Warning), int(config.LogWarning))
	same(int(Nothing), int(config.LogNothing))
	same(int(Legacy), int(config.LogFormatLegacy))
	same(int(Logfmt), int(config.LogFormatLogfmt))
	same(int(TimeLegacy), int(config.TimestampLegacy))
	same(int(TimeISO8601), int(config.TimestampISO8601))
	same(int(TimeMilliseconds), int(config.TimestampMilliseconds))
}

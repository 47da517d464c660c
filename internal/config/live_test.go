package config

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"granary/tests/live"
)

// real is a redis-server that the tests compare with. It differs from live.Server in that it gets no options but
// those of the test: the defaults and the configuration file are what is looked at.
type real struct {
	t    testing.TB
	conn *live.Conn
	args []string // its command line
}

// startReal starts a server in dir. The port and the log come after the arguments in before (a file) and before those
// in after (options).
func startReal(t testing.TB, dir string, before []string, after ...string) *real {
	t.Helper()
	path := live.NeedRedis(t)
	n, err := live.FreePort()
	if err != nil {
		t.Fatal(err)
	}
	port := strconv.Itoa(n)
	args := append(append(append([]string{}, before...), "--port", port, "--logfile", ""), after...)
	cmd := exec.Command(path, args...)
	cmd.Dir = dir
	log, err := os.Create(filepath.Join(t.TempDir(), "log"))
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = dieWithTest()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
		log.Close()
	})
	for range 500 {
		if conn, err := live.Dial("127.0.0.1:" + port); err == nil {
			t.Cleanup(func() { conn.Close() })
			return &real{t, conn, args}
		}
		time.Sleep(10 * time.Millisecond)
	}
	text, _ := os.ReadFile(log.Name())
	t.Fatalf("redis-server does not answer: %s", text)
	return nil
}

// do sends a command and returns the reply.
func (s *real) do(args ...string) live.Reply {
	s.t.Helper()
	reply, err := s.conn.Do(args...)
	if err != nil {
		s.t.Fatalf("%q: %v", args, err)
	}
	return reply
}

// text is do for commands that answer OK or an error.
func (s *real) text(args ...string) string {
	s.t.Helper()
	return s.do(args...).Str
}

// configGet returns the pairs of a CONFIG GET.
func (s *real) configGet(patterns ...string) map[string]string {
	s.t.Helper()
	reply := s.do(append([]string{"CONFIG", "GET"}, patterns...)...)
	m := map[string]string{}
	for i := 0; i+1 < len(reply.Elems); i += 2 {
		m[reply.Elems[i].Str] = reply.Elems[i+1].Str
	}
	return m
}

// realVersion returns the version of the real server, such as 7.0.15.
func realVersion(t testing.TB) string {
	t.Helper()
	out, err := exec.Command(live.NeedRedis(t), "-v").Output()
	if err != nil {
		t.Fatal(err)
	}
	_, v, _ := strings.Cut(string(out), "v=")
	v, _, _ = strings.Cut(v, " ")
	return v
}

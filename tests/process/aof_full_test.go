package process

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"granary/tests/live"
)

// withLimit starts a server that cannot write files longer than n bytes, for which it does not need to be root.
func withLimit(t *testing.T, n uint64, args ...string) *live.Server {
	t.Helper()
	s := start(t, append([]string{"--appendonly", "yes", "--memory-history", "no"}, args...)...)
	setFileLimit(t, s, n)
	return s
}

// setFileLimit sets the soft limit of a server's files, 0: none.
func setFileLimit(t *testing.T, s *live.Server, n uint64) {
	t.Helper()
	arg := "--fsize=unlimited:unlimited"
	if n > 0 {
		arg = fmt.Sprintf("--fsize=%d:unlimited", n)
	}
	if out, err := exec.Command("prlimit", "--pid", strconv.Itoa(s.Pid()), arg).CombinedOutput(); err != nil {
		t.Fatalf("prlimit: %v\n%s", err, out)
	}
}

// TestAOFFull lets the disk be full: writes are refused, nothing is lost, and when there is room again all goes on.
func TestAOFFull(t *testing.T) {
	s := withLimit(t, 20000)
	c := dial(t, s)
	value := strings.Repeat("x", 1000)
	refused := ""
	for i := range 200 {
		if got := do(t, c, "SET", fmt.Sprint("k", i), value); got != "+OK" {
			refused = got
			break
		}
	}
	const want = "-MISCONF Errors writing to the AOF file: File too large"
	if refused != want {
		t.Fatalf("it answered %q, want %q\n%s", refused, want, s.Log())
	}
	if got := field(t, c, "persistence", "aof_last_write_status"); got != "err" {
		t.Errorf("aof_last_write_status is %s", got)
	}
	if got := do(t, c, "GET", "k0"); !strings.Contains(got, "xxx") {
		t.Errorf("GET answered %s", got)
	}
	for _, line := range []string{"PING", "EVAL return(redis.call('SET','a','b')) 0"} {
		if got := do(t, c, strings.Fields(line)...); !strings.Contains(got, "MISCONF") {
			t.Errorf("%s answered %s", line, got)
		}
	}
	digest := do(t, c, "DEBUG", "DIGEST")
	setFileLimit(t, s, 0)
	eventually(t, "it writes again", func() bool { return field(t, c, "persistence", "aof_last_write_status") == "ok" })
	if !strings.Contains(s.Log(), "AOF write error looks solved. The server can write again.") {
		t.Errorf("the log says nothing of it:\n%s", s.Log())
	}
	if got := do(t, c, "SET", "more", "1"); got != "+OK" {
		t.Errorf("SET answered %s", got)
	}
	do(t, c, "DEL", "more")
	kill(s)
	_, c = withAOF(t, s.Dir)
	if got := do(t, c, "DEBUG", "DIGEST"); got != digest {
		t.Errorf("loaded %s, there was %s", got, digest)
	}
}

// TestAOFFullAlways checks that a server which has to keep what it answers ends when it cannot.
func TestAOFFullAlways(t *testing.T) {
	s := withLimit(t, 5000, "--appendfsync", "always")
	c := dial(t, s)
	n := 0
	for ; n < 100; n++ {
		if r, err := c.Do("SET", fmt.Sprint("k", n), strings.Repeat("x", 300)); err != nil || r.Str != "OK" {
			break
		}
	}
	if code := s.Wait(10 * time.Second); code != 1 {
		t.Fatalf("the exit code is %d\n%s", code, s.Log())
	}
	if !strings.Contains(s.Log(), "Can't recover from AOF write error when the AOF fsync policy is 'always'. Exiting...") {
		t.Errorf("the log does not say why:\n%s", s.Log())
	}
	_, c = withAOF(t, s.Dir)
	if got, want := do(t, c, "DBSIZE"), fmt.Sprint(":", n); got != want {
		t.Errorf("%s keys are there, %s were acknowledged", got, want)
	}
}

// TestAOFUpgrade starts with the single file of an old server, in commands and with a snapshot before them.
func TestAOFUpgrade(t *testing.T) {
	dir := t.TempDir()
	const tail = "*2\r\n$6\r\nSELECT\r\n$1\r\n2\r\n*3\r\n$3\r\nSET\r\n$1\r\na\r\n$1\r\nb\r\n"
	s := start(t, "--dir", dir)
	c := dial(t, s)
	do(t, c, "SET", "old", "1")
	do(t, c, "SAVE")
	kill(s)
	snapshot, err := os.ReadFile(filepath.Join(dir, "dump.rdb"))
	if err != nil {
		t.Fatal(err)
	}
	for _, content := range []string{tail, string(snapshot) + tail} {
		dir := t.TempDir()
		os.WriteFile(filepath.Join(dir, "appendonly.aof"), []byte(content), 0o644)
		for range 2 {
			s, c := withAOF(t, dir)
			want := fmt.Sprint(":", min(len(content)-len(tail), 1))
			if got := do(t, c, "DBSIZE"); got != want {
				t.Errorf("database 0 has %s keys, want %s\n%s", got, want, s.Log())
			}
			do(t, c, "SELECT", "2")
			if got := do(t, c, "DBSIZE"); got != ":1" {
				t.Errorf("database 2 has %s keys", got)
			}
			kill(s)
		}
		if _, err := os.Stat(filepath.Join(dir, "appendonlydir", "appendonly.aof")); err != nil {
			t.Error(err)
		}
	}
}

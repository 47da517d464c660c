package process

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"granary/tests/live"
)

// put writes a file of an append-only directory.
func put(t *testing.T, dir, name, text string) {
	t.Helper()
	path := filepath.Join(dir, "appendonlydir", name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// TestAOFKeepsNoSaves checks that commands that save, which set the count of changes back, are not taken for changes: a SHUTDOWN in
// the log would end every server that loads it.
func TestAOFKeepsNoSaves(t *testing.T) {
	dir := t.TempDir()
	s, c := withAOF(t, dir)
	do(t, c, "SET", "a", "1")
	do(t, c, "SAVE")
	do(t, c, "SET", "b", "1")
	if err := c.Send("SHUTDOWN", "SAVE"); err != nil {
		t.Fatal(err)
	}
	if code := s.Wait(20 * time.Second); code != 0 {
		t.Fatalf("it ended with %d", code)
	}
	if log := read(t, filepath.Join(dir, "appendonlydir", "appendonly.aof.1.incr.aof")); strings.Contains(log, "SAVE") || strings.Contains(log, "SHUTDOWN") {
		t.Errorf("the log has %q", log)
	}
	_, c = withAOF(t, dir)
	if got := do(t, c, "DBSIZE"); got != ":2" {
		t.Errorf("%s keys", got)
	}
}

// TestNothingBehindShutdown checks that nothing is executed behind a SHUTDOWN: it would be in no file.
func TestNothingBehindShutdown(t *testing.T) {
	dir := t.TempDir()
	s, c := withAOF(t, dir)
	b := live.AppendCommand(nil, "SET", "a", "1")
	b = live.AppendCommand(b, "SHUTDOWN")
	b = live.AppendCommand(b, "SET", "b", "1")
	if _, err := c.Write(b); err != nil {
		t.Fatal(err)
	}
	if code := s.Wait(20 * time.Second); code != 0 {
		t.Fatalf("it ended with %d", code)
	}
	_, c = withAOF(t, dir)
	if got := do(t, c, "KEYS", "*"); !strings.Contains(got, `"a"`) || strings.Contains(got, `"b"`) {
		t.Errorf("the keys are %s", got)
	}
}

// TestAOFTornAtTurn starts from what is left when a server is killed at the beginning of a rewrite: the new increment counts, and
// the old one is not full yet.
func TestAOFTornAtTurn(t *testing.T) {
	dir := t.TempDir()
	const whole, torn = "*3\r\n$3\r\nSET\r\n$1\r\na\r\n$1\r\n1\r\n", "*3\r\n$3\r\nSET\r\n$1\r\n"
	put(t, dir, "appendonly.aof.manifest", "file appendonly.aof.1.incr.aof seq 1 type i\nfile appendonly.aof.2.incr.aof seq 2 type i\nfile appendonly.aof.3.incr.aof seq 3 type i\n")
	put(t, dir, "appendonly.aof.1.incr.aof", whole+torn)
	put(t, dir, "appendonly.aof.2.incr.aof", "")
	put(t, dir, "appendonly.aof.3.incr.aof", "")
	s, c := withAOF(t, dir)
	if got := do(t, c, "GET", "a"); got != `"1"` {
		t.Errorf("a is %s", got)
	}
	do(t, c, "SET", "b", "2")
	kill(s)
	if got := read(t, filepath.Join(dir, "appendonlydir", "appendonly.aof.1.incr.aof")); got != whole {
		t.Errorf("the first increment is %q", got)
	}
	s, c = withAOF(t, dir)
	if got := do(t, c, "DBSIZE"); got != ":2" {
		t.Errorf("%s keys", got)
	}
	kill(s)

	put(t, dir, "appendonly.aof.1.incr.aof", whole+torn)
	granary, _ := live.GranaryPath()
	s, err := live.Start("granary", granary, "--dir", dir, "--appendonly", "yes")
	if err == nil {
		s.Stop()
		t.Fatal("it starts, although what is missing came before what is there")
	}
	if !strings.Contains(err.Error(), "Fatal error: the truncated file is not the last file") {
		t.Errorf("the log does not say why: %v", err)
	}
	if got := read(t, filepath.Join(dir, "appendonlydir", "appendonly.aof.1.incr.aof")); got != whole+torn {
		t.Errorf("the file was changed")
	}
}

// TestAOFStrayIncrement starts where a server was killed that had just named its first increment, but not in the manifest.
func TestAOFStrayIncrement(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, "appendonly.aof.1.incr.aof", "*3\r\n$3\r\nSET\r\n$5\r\nstale\r\n$1\r\n1\r\n")
	s, c := withAOF(t, dir)
	do(t, c, "SET", "a", "1")
	kill(s)
	_, c = withAOF(t, dir)
	if got := do(t, c, "KEYS", "*"); strings.Contains(got, "stale") {
		t.Errorf("the keys are %s", got)
	}
}

package process

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"granary/tests/live"
)

// historyRecord is a line of what `granary memory-history -json` prints.
type historyRecord struct {
	Time    float64          `json:"time"`
	Kind    string           `json:"kind"`
	Unclean bool             `json:"unclean"`
	Values  map[string]int64 `json:"values"`
	Moved   map[string]int64 `json:"moved"`
	Causes  *struct {
		Freed                       bool
		Charged                     int64
		Commands, Clients, Prefixes []struct {
			Name, Addr, User string
			ID, Bytes, Error int64
		}
		Largest struct {
			Command, Key  string
			Client, Bytes int64
		}
	} `json:"causes"`
}

// readHistory reads the file of a server with the binary.
func readHistory(t *testing.T, dir string, args ...string) (list []historyRecord) {
	t.Helper()
	path, err := live.GranaryPath()
	if err != nil {
		t.Fatal(err)
	}
	args = append(append([]string{"memory-history", "-json"}, args...), filepath.Join(dir, "memory-history.dat"))
	var stderr bytes.Buffer
	cmd := exec.Command(path, args...)
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %v\n%s", args, err, &stderr)
	}
	for line := range strings.Lines(string(out)) {
		var rec historyRecord
		if err := json.Unmarshal([]byte(line), &rec); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		list = append(list, rec)
	}
	return list
}

// shows runs a command until its reply has all of the texts.
func shows(t *testing.T, c *live.Conn, texts []string, args ...string) string {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(100 * time.Millisecond) {
		r, err := c.Do(args...)
		if err != nil {
			t.Fatal(err)
		}
		got, missing := r.String()+r.Str, ""
		for _, text := range texts {
			if !strings.Contains(got, text) {
				missing = text
			}
		}
		if missing == "" {
			return got
		}
		if time.Now().After(end) {
			t.Fatalf("%v: no %q in\n%s", args, missing, got)
		}
	}
}

// load sets keys of 100 KB under a prefix.
func load(t *testing.T, c *live.Conn, prefix string, n int) {
	t.Helper()
	value := strings.Repeat("v", 100_000)
	for i := range n {
		do(t, c, "SET", prefix+strconv.Itoa(i), value)
	}
}

// TestHistoryAfterKill kills a server right behind a jump: its file tells the last second and who made the jump, and the
// next server goes on with it.
func TestHistoryAfterKill(t *testing.T) {
	dir := t.TempDir()
	s := start(t, "--dir", dir)
	c := dial(t, s)
	do(t, c, "CLIENT", "SETNAME", "loader")
	shows(t, c, []string{"samples"}, "MEMORY", "HISTORY", "SECONDS")
	time.Sleep(1200 * time.Millisecond) // a jump needs a sample before it
	load(t, c, "big:", 200)
	shows(t, c, []string{"jump", "loader"}, "MEMORY", "HISTORY", "JUMPS")
	time.Sleep(1500 * time.Millisecond)
	killed := time.Now()
	if err := syscall.Kill(s.Pid(), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	s.Wait(10 * time.Second)

	check := func(args ...string) {
		t.Helper()
		var added int64
		for _, rec := range readHistory(t, dir, append([]string{"-jumps", "-count", "0"}, args...)...) {
			if rec.Kind != "sample" || rec.Causes == nil || rec.Causes.Freed {
				continue
			}
			x := rec.Causes
			if x.Charged < 1<<20 { // of the process, not of data
				continue
			}
			added += rec.Moved["data"]
			if x.Commands[0].Name != "set" || x.Clients[0].Name != "loader" || x.Prefixes[0].Name != "big:" || !strings.HasPrefix(x.Largest.Key, "big:") {
				t.Errorf("causes: %+v", x)
			}
		}
		if len(args) == 0 && added < 19_000_000 {
			t.Errorf("data jumped by %d", added)
		}
	}
	check()
	last := readHistory(t, dir, "-seconds", "-count", "1")
	if age := float64(killed.UnixMilli())/1000 - last[0].Time; last[0].Kind != "sample" || age > 2.5 || last[0].Values["data"] < 20_000_000 {
		t.Errorf("the last record is %v s older than the end: %+v", age, last)
	}

	s = start(t, "--dir", dir)
	c = dial(t, s)
	if log := s.Log(); !strings.Contains(log, "did not end in good order") {
		t.Errorf("log:\n%s", log)
	}
	jumps := do(t, c, "MEMORY", "HISTORY", "JUMPS")
	for _, want := range []string{"loader", "big:", "ended without a word"} {
		if !strings.Contains(jumps, want) {
			t.Errorf("no %q in\n%s", want, jumps)
		}
	}
	// The month has the minute that the killed server had not finished, right before the next start.
	minutes := readHistory(t, dir, "-minutes", "-count", "0")
	again := slices.IndexFunc(minutes, func(r historyRecord) bool { return r.Kind == "start" && r.Unclean })
	if again < 2 || minutes[again-1].Kind != "sample" || minutes[again-1].Values["data"] < 20_000_000 {
		t.Errorf("minutes: %+v", minutes)
	}
	do(t, c, "SET", "k", "v")
	c.Send("SHUTDOWN", "NOSAVE")
	s.Wait(10 * time.Second)
	if last := readHistory(t, dir, "-seconds", "-count", "1"); last[0].Kind != "end" {
		t.Errorf("the last record is %+v", last)
	}
	check("-minutes")
}

// TestHistoryOfSuddenDeath kills a server in the second in which its memory grew, as the OOM killer does.
func TestHistoryOfSuddenDeath(t *testing.T) {
	dir := t.TempDir()
	s := start(t, "--dir", dir)
	c := dial(t, s)
	time.Sleep(1200 * time.Millisecond)
	var out []byte
	for i := range 500 {
		out = live.AppendCommand(out, "SET", "big:"+strconv.Itoa(i), strings.Repeat("v", 100_000))
	}
	if _, err := c.Write(out); err != nil {
		t.Fatal(err)
	}
	for range 500 {
		if _, err := c.ReadRaw(nil); err != nil {
			t.Fatal(err)
		}
	}
	time.Sleep(350 * time.Millisecond) // three runs of the cron
	if err := syscall.Kill(s.Pid(), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	s.Wait(10 * time.Second)
	var data, charged int64
	for _, rec := range readHistory(t, dir, "-seconds", "-count", "0") {
		data = max(data, rec.Values["data"])
		if x := rec.Causes; x != nil && len(x.Prefixes) > 0 && x.Prefixes[0].Name == "big:" {
			charged += x.Prefixes[0].Bytes
		}
	}
	if data < 35_000_000 || charged < 30_000_000 {
		t.Errorf("data %d, of which %d have a cause", data, charged)
	}
}

// TestHistoryOfBuffers finds the client that does not read, and the command that holds everything up.
func TestHistoryOfBuffers(t *testing.T) {
	s := start(t)
	c := dial(t, s)
	do(t, c, "SET", "k", strings.Repeat("v", 8000))
	slow := dial(t, s)
	do(t, slow, "CLIENT", "SETNAME", "slow")
	time.Sleep(1200 * time.Millisecond)
	var out []byte
	for range 4000 {
		out = live.AppendCommand(out, "GET", "k")
	}
	if _, err := slow.Write(out); err != nil {
		t.Fatal(err)
	}
	shows(t, c, []string{`"buffers"`, `"slow"`}, "MEMORY", "HISTORY", "JUMPS")

	do(t, c, "DEBUG", "SLEEP", "2.5")
	shows(t, c, []string{"stall: debug"}, "MEMORY", "HISTORY", "JUMPS")
}

// TestHistoryOfDeletion finds who freed memory.
func TestHistoryOfDeletion(t *testing.T) {
	c := dial(t, start(t))
	load(t, c, "big:", 200)
	time.Sleep(2200 * time.Millisecond)
	do(t, c, "FLUSHALL")
	shows(t, c, []string{`"flushall"`}, "MEMORY", "HISTORY", "JUMPS", "COUNT", "1000")
}

// TestHistoryWithoutFile does without a folder to write to.
func TestHistoryWithoutFile(t *testing.T) {
	s := start(t, "--memory-history-file", "/no/such/folder/file")
	c := dial(t, s)
	if log := s.Log(); !strings.Contains(log, "can't be kept in a file") {
		t.Errorf("log:\n%s", log)
	}
	shows(t, c, []string{"not in a file", "used_memory"}, "MEMORY", "HISTORY")
}

// TestHistorySwitch turns it off and on.
func TestHistorySwitch(t *testing.T) {
	dir := t.TempDir()
	s := start(t, "--dir", dir)
	c := dial(t, s)
	shows(t, c, []string{"own.history"}, "MEMORY", "HISTORY")
	do(t, c, "CONFIG", "SET", "memory-history", "no")
	shows(t, c, []string{"is off"}, "MEMORY", "HISTORY")
	if last := readHistory(t, dir, "-seconds", "-count", "1"); last[0].Kind != "end" {
		t.Errorf("the last record is %+v", last)
	}
	do(t, c, "CONFIG", "SET", "memory-history", "yes")
	shows(t, c, []string{"used_memory", "end, in good order"}, "MEMORY", "HISTORY")
	for i := range 20 {
		do(t, c, "CONFIG", "SET", "memory-history", []string{"no", "yes"}[i%2])
	}
	shows(t, c, []string{"used_memory"}, "MEMORY", "HISTORY")
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		n := strings.Count(fmt.Sprint(readHistory(t, dir, "-jumps", "-count", "0")), "start")
		if n >= 2 {
			break
		}
		if time.Now().After(end) {
			t.Fatalf("%d starts", n)
		}
	}
}

package process

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"granary/tests/live"
)

// TestWillItFit starts servers on snapshots that are larger than they may be.
func TestWillItFit(t *testing.T) {
	granary, err := live.GranaryPath()
	if err != nil {
		t.Fatal(err)
	}
	const keys = 20000
	fill := func(s *live.Server, extra ...string) (file string, used int) {
		c := dial(t, s)
		if len(extra) > 0 {
			do(t, c, extra...)
		}
		do(t, c, "DEBUG", "POPULATE", strconv.Itoa(keys), "key", "100")
		do(t, c, "RPUSH", "list", "a", "b")
		do(t, c, "SAVE")
		return filepath.Join(s.Dir, "dump.rdb"), figure(t, c, "memory", "used_memory")
	}
	own, used := fill(start(t))
	expiring, _ := fill(start(t), "SET", "gone", "soon", "EX", "10000")
	try := func(file string, starts bool, words []string, args ...string) string {
		t.Helper()
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		dir := t.TempDir()
		name := filepath.Join(dir, "dump.rdb")
		if err := os.WriteFile(name, content, 0o600); err != nil {
			t.Fatal(err)
		}
		s, err := live.Start("granary", granary, append([]string{"--dir", dir, "--logfile", filepath.Join(dir, "log")}, args...)...)
		if (err == nil) != starts {
			t.Errorf("%q: start: %v", args, err)
		}
		if err == nil {
			c := dial(t, s)
			if n := do(t, c, "DBSIZE"); !slices.Contains(args, "allkeys-lru") && n < ":"+strconv.Itoa(keys) {
				t.Errorf("%q: %s keys were loaded", args, n)
			}
			s.Stop()
		}
		log := read(t, filepath.Join(dir, "log"))
		for _, w := range words {
			if !strings.Contains(log, w) {
				t.Errorf("%q: the log has no %q:\n%s", args, w, log)
			}
		}
		if len(words) == 0 && strings.Contains(log, "fit") {
			t.Errorf("%q: there is nothing to be said:\n%s", args, log)
		}
		if now, err := os.ReadFile(name); !starts && (err != nil || !bytes.Equal(now, content)) {
			t.Errorf("%q: the file was changed", args)
		}
		return log
	}
	half, enough := strconv.Itoa(used/2), strconv.Itoa(used)
	log := try(own, false, []string{"Will not load dump.rdb: the data set does not fit: its 20001 keys take at least ", "Fatal error loading the DB"}, "--maxmemory", half)
	if m := regexp.MustCompile(`at least (\d+) bytes, (\d+) when`).FindStringSubmatch(log); m == nil {
		t.Error("the bytes are not named")
	} else {
		least, _ := strconv.Atoi(m[1])
		if whole, _ := strconv.Atoi(m[2]); least < keys*100/2 || least > whole || whole > used {
			t.Errorf("%d bytes at least, %d in all, used_memory was %d", least, whole, used)
		}
	}
	try(own, false, []string{"maxmemory-data"}, "--maxmemory-data", half)
	try(own, true, nil, "--maxmemory", enough)
	try(own, true, nil, "--maxmemory", half, "--maxmemory-policy", "allkeys-lru", "--save", "")
	try(own, true, []string{"WARNING: the data set does not fit"}, "--maxmemory", half, "--load-memory-check", "warn")
	try(own, true, nil, "--maxmemory", half, "--load-memory-check", "no")

	// Where what values take can change, or keys may be gone, it is seen while loading.
	stopped := regexp.MustCompile(`after (\d+) of (\d+) keys`)
	for _, c := range []struct {
		file string
		args []string
	}{
		{expiring, []string{"--maxmemory", half}},
		{own, []string{"--maxmemory", half, "--hash-max-listpack-entries", "7"}},
	} {
		log := try(c.file, false, []string{"may not fit", "Will not load dump.rdb"}, c.args...)
		m := stopped.FindStringSubmatch(log)
		if m == nil {
			t.Errorf("%q: it does not say how far it came:\n%s", c.args, log)
			continue
		}
		if at, _ := strconv.Atoi(m[1]); at == 0 || at >= keys {
			t.Errorf("%q: %s keys were loaded before it was seen", c.args, m[1])
		}
	}
	if path, err := live.RedisPath(); err == nil {
		redis := live.NeedStart(t, "redis", path, "--enable-debug-command", "yes")
		file, _ := fill(redis)
		try(file, false, []string{"who saved it used", "of 20001 keys"}, "--maxmemory", half)
	}
}

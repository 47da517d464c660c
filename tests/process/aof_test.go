package process

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"granary/tests/live"
)

// withAOF starts a server with an append-only file in dir.
func withAOF(t *testing.T, dir string, args ...string) (*live.Server, *live.Conn) {
	t.Helper()
	s := start(t, append([]string{"--dir", dir, "--appendonly", "yes"}, args...)...)
	return s, dial(t, s)
}

// rewritten waits until no rewrite is under way, and fails if the last one failed.
func rewritten(t *testing.T, c *live.Conn) {
	t.Helper()
	eventually(t, "the rewrite ends", func() bool {
		return field(t, c, "persistence", "aof_rewrite_in_progress") == "0" && field(t, c, "persistence", "aof_rewrite_scheduled") == "0"
	})
	if got := field(t, c, "persistence", "aof_last_bgrewrite_status"); got != "ok" {
		t.Fatalf("the rewrite ended with %s", got)
	}
}

// kill ends a server without a warning.
func kill(s *live.Server) {
	s.Kill(20 * time.Second) // what follows shows whether it has ended
}

// TestAOFAndStart writes random data with every policy, with and without rewrites, kills the server and looks what there is
// after another start.
func TestAOFAndStart(t *testing.T) {
	r := rand.New(rand.NewPCG(live.Seed(t), 10))
	for i, policy := range []string{"always", "everysec", "no"} {
		for _, preamble := range []string{"yes", "no"} {
			dir := t.TempDir()
			args := []string{"--appendfsync", policy, "--aof-use-rdb-preamble", preamble, "--aof-timestamp-enabled", []string{"yes", "no"}[i%2]}
			s, c := withAOF(t, dir, args...)
			fill(t, c, r, 150)
			do(t, c, "FUNCTION", "LOAD", "#!lua name=lib\nredis.register_function('f', function() return 1 end)")
			do(t, c, "EVAL", "redis.call('SET', 'a', 1) redis.call('INCR', 'b')", "0")
			do(t, c, "HSET", "fields", "f", "1", "g", "2")
			do(t, c, "HPEXPIREAT", "fields", "4102444800000", "FIELDS", "1", "f")
			if got := do(t, c, "BGREWRITEAOF"); !strings.HasPrefix(got, "+") {
				t.Fatalf("BGREWRITEAOF answered %s", got)
			}
			fill(t, c, r, 50)
			rewritten(t, c)
			do(t, c, "SELECT", "5")
			do(t, c, "SET", "x", "1", "PX", "1")
			do(t, c, "SELECT", "0")
			eventually(t, "what has expired is gone", func() bool { return !strings.Contains(do(t, c, "INFO", "keyspace"), "db5") })
			want := do(t, c, "DEBUG", "DIGEST")
			if got := do(t, c, "DEBUG", "LOADAOF"); got != "+OK" {
				t.Fatalf("DEBUG LOADAOF answered %s\n%s", got, s.Log())
			}
			if got := do(t, c, "DEBUG", "DIGEST"); got != want {
				t.Errorf("%s, %s: DEBUG LOADAOF made %s of %s", policy, preamble, got, want)
			}
			kill(s)
			s, c = withAOF(t, dir, args...)
			if got := do(t, c, "DEBUG", "DIGEST"); got != want {
				t.Errorf("%s, %s: loaded %s, written %s\n%s", policy, preamble, got, want, s.Log())
			}
			if got := do(t, c, "FCALL", "f", "0"); got != ":1" {
				t.Errorf("the function answers %s", got)
			}
		}
	}
}

// TestAOFCrossesOver has each of redis-server and Granary load what the other has written.
func TestAOFCrossesOver(t *testing.T) {
	redis := live.NeedRedis(t)
	granary, err := live.GranaryPath()
	if err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(live.Seed(t), 11))
	paths := []string{redis, granary}
	for i, from := range paths {
		for _, preamble := range []string{"yes", "no"} {
			a := live.NeedStart(t, filepath.Base(from), from, "--appendonly", "yes", "--aof-use-rdb-preamble", preamble, "--aof-timestamp-enabled", "yes")
			c := dial(t, a)
			fill(t, c, r, 300)
			do(t, c, "BGREWRITEAOF")
			rewritten(t, c)
			fill(t, c, r, 100)
			do(t, c, "MULTI")
			do(t, c, "SET", "one", "1")
			do(t, c, "SET", "two", "2")
			do(t, c, "EXEC")
			want := do(t, c, "DEBUG", "DIGEST")
			if out, err := exec.Command("redis-check-aof", filepath.Join(a.Dir, "appendonlydir", "appendonly.aof.manifest")).CombinedOutput(); err != nil {
				t.Errorf("redis-check-aof: %v\n%s", err, out)
			}
			b := live.NeedStart(t, "other", paths[1-i], "--dir", a.Dir, "--appendonly", "yes")
			d := dial(t, b)
			if got := do(t, d, "DEBUG", "DIGEST"); got != want {
				t.Errorf("%s, preamble %s: wrote %s, the other one has %s\n%s", from, preamble, want, got, b.Log())
			}
		}
	}
}

// TestAOFSwitch turns the file on and off while there are changes.
func TestAOFSwitch(t *testing.T) {
	dir := t.TempDir()
	s := start(t, "--dir", dir)
	c := dial(t, s)
	for i := range 200 {
		do(t, c, "RPUSH", "list", strconv.Itoa(i))
	}
	for round := range 3 {
		if got := do(t, c, "CONFIG", "SET", "appendonly", "yes"); got != "+OK" {
			t.Fatalf("CONFIG SET answered %s", got)
		}
		for i := range 200 {
			do(t, c, "RPUSH", "list", strconv.Itoa(i))
		}
		rewritten(t, c)
		do(t, c, "SET", "round", strconv.Itoa(round))
		if round < 2 {
			do(t, c, "CONFIG", "SET", "appendonly", "no")
			do(t, c, "SET", "between", strconv.Itoa(round))
			if got := field(t, c, "persistence", "aof_enabled"); got != "0" {
				t.Errorf("aof_enabled is %s", got)
			}
		}
	}
	want := do(t, c, "DEBUG", "DIGEST")
	kill(s)
	_, c = withAOF(t, dir)
	if got := do(t, c, "DEBUG", "DIGEST"); got != want {
		t.Errorf("loaded %s, there was %s", got, want)
	}
}

// TestAOFKill kills a server at random moments of writes and rewrites: with `always` whatever was acknowledged is there,
// and with everysec what was there when the server started, less than a second before.
func TestAOFKill(t *testing.T) {
	r := rand.New(rand.NewPCG(live.Seed(t), 12))
	for _, policy := range []string{"always", "everysec"} {
		dir := t.TempDir()
		var acked, begun [4]int64
		for round := range 12 {
			s, c := withAOF(t, dir, "--appendfsync", policy, "--auto-aof-rewrite-min-size", "20kb", "--auto-aof-rewrite-percentage", "30", "--hz", "100",
				"--io-threads", strconv.Itoa(1+round%2))
			for i := range acked {
				got := do(t, c, "GET", "count:"+strconv.Itoa(i))
				n, _ := strconv.ParseInt(strings.Trim(got, `$"`), 10, 64)
				if _, rest, ok := strings.Cut(got, " "); ok {
					n, _ = strconv.ParseInt(strings.Trim(rest, `"`), 10, 64)
				}
				least := acked[i]
				if policy == "everysec" { // a write is put off while a sync is under way
					least = begun[i]
				}
				if n < least || n > acked[i]+1 {
					t.Fatalf("%s, round %d: counter %d is %s, acknowledged were %d\n%s", policy, round, i, got, acked[i], s.Log())
				}
				acked[i], begun[i] = n, n
			}
			var wg sync.WaitGroup
			var stop atomic.Bool
			for i := range acked {
				d := dial(t, s)
				wg.Go(func() {
					for !stop.Load() {
						reply, err := d.Do("INCR", "count:"+strconv.Itoa(i))
						if err != nil {
							return
						}
						n, _ := strconv.ParseInt(reply.Str, 10, 64)
						atomic.StoreInt64(&acked[i], n)
						if _, err := d.Do("SET", fmt.Sprintf("k:%d:%d", i, n%50), strings.Repeat("x", 300)); err != nil {
							return
						}
					}
				})
			}
			time.Sleep(time.Duration(20+r.IntN(250)) * time.Millisecond)
			kill(s)
			stop.Store(true)
			wg.Wait()
		}
	}
}

// TestAOFDamaged loads files that are cut off or have other bytes: each is loaded up to a point, or refused with a reason, and
// the server never crashes.
func TestAOFDamaged(t *testing.T) {
	dir := t.TempDir()
	s, c := withAOF(t, dir)
	for i := range 100 {
		do(t, c, "SET", "k"+strconv.Itoa(i), "v")
	}
	kill(s)
	path := filepath.Join(dir, "appendonlydir", "appendonly.aof.1.incr.aof")
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(live.Seed(t), 13))
	refused := func(content []byte, words string, args ...string) {
		t.Helper()
		os.WriteFile(path, content, 0o644)
		granary, _ := live.GranaryPath()
		s, err := live.Start("granary", granary, append([]string{"--dir", dir, "--appendonly", "yes"}, args...)...)
		if err == nil {
			s.Stop()
			t.Errorf("a server that should not starts: %s", words)
			return
		}
		if !strings.Contains(err.Error(), words) {
			t.Errorf("the log does not say %q: %v", words, err)
		}
		if got, _ := os.ReadFile(path); string(got) != string(content) {
			t.Errorf("the file was changed")
		}
	}
	for range 6 {
		os.WriteFile(path, whole[:r.IntN(len(whole))], 0o644)
		s, c := withAOF(t, dir)
		n := do(t, c, "DBSIZE")
		kill(s)
		s, c = withAOF(t, dir)
		if got := do(t, c, "DBSIZE"); got != n {
			t.Errorf("%s keys, and %s after another start", n, got)
		}
		kill(s)
	}
	refused(whole[:len(whole)-3], "Unexpected end of file reading the append only file", "--aof-load-truncated", "no")
	bad := append([]byte(nil), whole...)
	bad[len(bad)/2/27*27] = '!'
	copy(bad[200:], "!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!")
	refused(bad, "Bad file format reading the append only file")
	refused(append(append([]byte(nil), whole...), "*1\r\n$4\r\nNONE\r\n"...), "unknown command 'NONE'")
	os.WriteFile(path, append(append([]byte(nil), whole...), "*1\r\n$5\r\nMULTI\r\n*3\r\n$3\r\nSET\r\n$1\r\na\r\n$1\r\nb\r\n"...), 0o644)
	_, c = withAOF(t, dir)
	if got := do(t, c, "EXISTS", "a"); got != ":0" {
		t.Errorf("half of a transaction is there")
	}
	if got, _ := os.ReadFile(path); string(got) != string(whole) {
		t.Errorf("the half of a transaction is still in the file")
	}
}

// TestAOFIgnored loads a file with commands that fail: the log tells of the first one, in one line, and the rest counts.
func TestAOFIgnored(t *testing.T) {
	dir := t.TempDir()
	s, c := withAOF(t, dir)
	do(t, c, "SET", "a", "text")
	kill(s)
	path := filepath.Join(dir, "appendonlydir", "appendonly.aof.1.incr.aof")
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	request := func(args ...string) { whole = live.AppendCommand(whole, args...) }
	check := func(errors, line string) {
		t.Helper()
		if err := os.WriteFile(path, whole, 0o644); err != nil {
			t.Fatal(err)
		}
		s, c := withAOF(t, dir)
		log := s.Log()
		if strings.Count(log, "A command of the append-only file failed") != 1 || !strings.Contains(log, line+"\n") {
			t.Errorf("the log does not say %q:\n%s", line, log)
		}
		if got := field(t, c, "stats", "unexpected_error_replies"); got != errors {
			t.Errorf("unexpected_error_replies is %s, want %s", got, errors)
		}
		if got := do(t, c, "EXISTS", "a"); got != ":1" {
			t.Errorf("what was before is gone")
		}
		kill(s)
	}
	whole = append(whole, "#TS:1\r\n"...)
	at := len(whole)
	before := string(whole)
	request("LPUSH", "a", "1")
	check("1", fmt.Sprintf("'lpush' in appendonly.aof.1.incr.aof at offset %d: WRONGTYPE Operation against a key holding the wrong kind of value", at))
	for range 1000 {
		request("INCR", "a")
		request("INCR", "b")
	}
	check("1001", "wrong kind of value; errors that followed: 1000")

	// In a transaction it is the command, and where the transaction begins.
	whole = []byte(before)
	request("MULTI")
	request("INCR", "b")
	request("INCR", "a")
	request("EXEC")
	check("1", fmt.Sprintf("'incr' in appendonly.aof.1.incr.aof at offset %d: value is not an integer or out of range", at))
}

// TestAOFLoadTends loads a file whose requests delete, several times over, as much as there is in the end, and leave slabs that
// are sparse: memory is given back, and compacted, while it is loaded.
func TestAOFLoadTends(t *testing.T) {
	dir := t.TempDir()
	s, c := withAOF(t, dir)
	do(t, c, "SET", "a", "text")
	kill(s)
	value := strings.Repeat("v", 480)
	var requests []byte
	const rounds, keys = 6, 20_000
	for range rounds {
		for i := range keys {
			requests = live.AppendCommand(requests, "SET", "key:"+strconv.Itoa(i), value)
		}
		requests = live.AppendCommand(requests, "FLUSHALL", "ASYNC")
	}
	for i := range 3 * keys {
		requests = live.AppendCommand(requests, "SET", "key:"+strconv.Itoa(i), value)
	}
	for i := range 3 * keys {
		if i%10 != 0 {
			requests = live.AppendCommand(requests, "DEL", "key:"+strconv.Itoa(i))
		}
	}
	for range 20 * keys { // time to compact
		requests = live.AppendCommand(requests, "INCR", "count")
	}
	if err := os.WriteFile(filepath.Join(dir, "appendonlydir", "appendonly.aof.1.incr.aof"), requests, 0o644); err != nil {
		t.Fatal(err)
	}
	_, c = withAOF(t, dir, "--activedefrag", "yes", "--active-defrag-ignore-bytes", "1mb", "--active-defrag-cycle-min", "50", "--active-defrag-cycle-max", "50",
		"--enable-debug-command", "yes")
	const generation = keys * (480 + 60)
	if peak := figure(t, c, "memory", "used_memory_peak"); peak > 3*generation+3<<20 {
		t.Errorf("%d bytes were used at most, %d at a time are there", peak, 3*generation)
	}
	do(t, c, "CONFIG", "SET", "activedefrag", "no")
	do(t, c, "CONFIG", "RESETSTAT")
	do(t, c, "CONFIG", "SET", "activedefrag", "yes")
	hits := 0
	for try := 0; try < 5 && hits < 1000; try++ { // a busy machine may have had no time to spare
		do(t, c, "DEBUG", "LOADAOF")
		hits = figure(t, c, "stats", "active_defrag_hits")
	}
	if hits < 1000 {
		t.Errorf("%d regions moved while it was loaded", hits)
	}
}

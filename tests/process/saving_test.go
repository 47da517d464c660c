package process

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"granary/tests/live"
)

// fill gives a server random data of all types, some of it large, some with expiries.
func fill(t *testing.T, c *live.Conn, r *rand.Rand, keys int) {
	t.Helper()
	word := func() string {
		switch r.IntN(3) {
		case 0:
			return strconv.FormatInt(r.Int64()>>r.IntN(63), 10)
		case 1:
			return strings.Repeat("abc", r.IntN(30))
		}
		return fmt.Sprintf("w\x00%d", r.IntN(1000000))
	}
	words := func(n int) (list []string) {
		for range n {
			list = append(list, word())
		}
		return list
	}
	for i := range keys {
		key := "key:" + strconv.Itoa(i)
		n := []int{1, 5, 40, 150, 900}[r.IntN(5)]
		var args []string
		switch r.IntN(6) {
		case 0:
			args = []string{"SET", key, strings.Repeat(word()+"x", 1+r.IntN(n))}
		case 1:
			args = append([]string{"RPUSH", key}, words(n)...)
		case 2:
			args = append([]string{"HSET", key}, words(2*n)...)
		case 3:
			args = append([]string{"SADD", key}, words(n)...)
		case 4:
			args = []string{"ZADD", key}
			for range n {
				args = append(args, strconv.FormatFloat(r.NormFloat64()*100, 'g', -1, 64), word())
			}
		case 5:
			do(t, c, "XGROUP", "CREATE", key, "group", "0", "MKSTREAM")
			for range n / 4 {
				do(t, c, append([]string{"XADD", key, "*"}, words(2)...)...)
			}
			args = []string{"XREADGROUP", "GROUP", "group", "me", "COUNT", "7", "STREAMS", key, ">"}
		}
		do(t, c, args...)
		if r.IntN(4) == 0 {
			do(t, c, "PEXPIREAT", key, strconv.FormatInt(4102444800000+r.Int64N(1e9), 10))
		}
	}
	if got := do(t, c, "SELECT", "3"); got != "+OK" {
		t.Fatal(got)
	}
	do(t, c, "SET", "elsewhere", "1")
	do(t, c, "SELECT", "0")
}

// TestFilesCrossOver has each of redis-server and Granary load what the other has saved.
func TestFilesCrossOver(t *testing.T) {
	redis := live.NeedRedis(t)
	granary, err := live.GranaryPath()
	if err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(live.Seed(t), 0))
	paths := []string{redis, granary}
	for i, from := range paths {
		a := live.NeedStart(t, filepath.Base(from), from)
		c := dial(t, a)
		fill(t, c, r, 400)
		want := do(t, c, "DEBUG", "DIGEST")
		if got := do(t, c, "SAVE"); got != "+OK" {
			t.Fatalf("SAVE answered %s\n%s", got, a.Log())
		}
		b := live.NeedStart(t, "other", paths[1-i], "--dir", a.Dir)
		d := dial(t, b)
		if got := do(t, d, "DEBUG", "DIGEST"); got != want {
			t.Errorf("%s saved %s, the other one has %s", from, want, got)
		}
		if x, y := do(t, c, "DBSIZE"), do(t, d, "DBSIZE"); x != y {
			t.Errorf("%s keys were saved, %s loaded", x, y)
		}
	}
}

// TestSaveAndStart ends a server in all ways, and looks what there is after another start.
func TestSaveAndStart(t *testing.T) {
	dir := t.TempDir()
	r := rand.New(rand.NewPCG(live.Seed(t), 1))
	begin := func(args ...string) (*live.Server, *live.Conn) {
		s := start(t, append([]string{"--dir", dir}, args...)...)
		return s, dial(t, s)
	}
	s, c := begin()
	fill(t, c, r, 100)
	want := do(t, c, "DEBUG", "DIGEST")
	if err := c.Send("SHUTDOWN", "SAVE"); err != nil || s.Wait(20*time.Second) != 0 {
		t.Fatalf("SHUTDOWN SAVE: %v\n%s", err, s.Log())
	}

	s, c = begin("--save", "3600 1")
	if got := do(t, c, "DEBUG", "DIGEST"); got != want {
		t.Fatalf("loaded %s, saved %s\n%s", got, want, s.Log())
	}
	do(t, c, "SET", "more", "1")
	want = do(t, c, "DEBUG", "DIGEST")
	syscall.Kill(s.Pid(), syscall.SIGTERM)
	if code := s.Wait(20 * time.Second); code != 0 {
		t.Fatalf("SIGTERM: exit code %d\n%s", code, s.Log())
	}

	s, c = begin("--save", "3600 1")
	if got := do(t, c, "DEBUG", "DIGEST"); got != want {
		t.Errorf("loaded %s, what SIGTERM saved is %s", got, want)
	}
	do(t, c, "SET", "more", "2")
	if err := c.Send("SHUTDOWN", "NOSAVE"); err != nil || s.Wait(20*time.Second) != 0 {
		t.Fatalf("SHUTDOWN NOSAVE: %v\n%s", err, s.Log())
	}

	s, c = begin("--save", "1 1")
	if got := do(t, c, "DEBUG", "DIGEST"); got != want {
		t.Errorf("loaded %s, want %s: NOSAVE saves nothing", got, want)
	}
	do(t, c, "SET", "more", "3")
	want = do(t, c, "DEBUG", "DIGEST")
	eventually(t, "a save point saves", func() bool {
		return field(t, c, "persistence", "rdb_saves") == "1" && field(t, c, "persistence", "rdb_changes_since_last_save") == "0"
	})
	syscall.Kill(s.Pid(), syscall.SIGKILL)
	s.Wait(20 * time.Second)
	_, c = begin()
	if got := do(t, c, "DEBUG", "DIGEST"); got != want {
		t.Errorf("loaded %s, the save point saved %s", got, want)
	}
	list, _ := filepath.Glob(filepath.Join(dir, "temp-*"))
	if len(list) > 0 {
		t.Errorf("temporary files are left: %v", list)
	}
}

// TestSnapshotIsAPoint changes pairs of keys together, in all ways in which that can be done, while snapshots are taken: no
// snapshot has half a pair.
func TestSnapshotIsAPoint(t *testing.T) {
	s := start(t)
	admin := dial(t, s)
	const pairs = 4000
	pad := strings.Repeat("x", 100)
	for i := range pairs {
		do(t, admin, "MSET", fmt.Sprint("a:", i), "0"+pad, fmt.Sprint("b:", i), "0"+pad)
	}
	stop := make(chan struct{})
	var wait sync.WaitGroup
	const script = "redis.call('SET', KEYS[1], ARGV[1]) redis.call('SET', KEYS[2], ARGV[1])"
	for w := range 3 {
		c := dial(t, s)
		r := rand.New(rand.NewPCG(7, uint64(w)))
		wait.Add(1)
		go func() {
			defer wait.Done()
			for n := 1; ; n++ {
				select {
				case <-stop:
					return
				default:
				}
				i := r.IntN(pairs)
				a, b, v := fmt.Sprint("a:", i), fmt.Sprint("b:", i), strconv.Itoa(n)+pad
				var commands [][]string
				switch r.IntN(4) {
				case 0:
					commands = [][]string{{"MSET", a, v, b, v}}
				case 1:
					commands = [][]string{{"MULTI"}, {"SET", b, v}, {"SET", a, v}, {"EXEC"}}
				case 2:
					commands = [][]string{{"EVAL", script, "2", a, b, v}}
				case 3:
					commands = [][]string{{"MULTI"}, {"SET", "tmp" + strconv.Itoa(w), v}, {"COPY", "tmp" + strconv.Itoa(w), b, "REPLACE"}, {"RENAME", "tmp" + strconv.Itoa(w), a}, {"EXEC"}}
				}
				for _, args := range commands {
					if _, err := c.Do(args...); err != nil {
						return
					}
				}
			}
		}()
	}
	defer wait.Wait()
	defer close(stop)
	for round := range 4 {
		time.Sleep(30 * time.Millisecond)
		if got := do(t, admin, "BGSAVE"); got != "+Background saving started" {
			t.Fatal(got)
		}
		eventually(t, "the snapshot", func() bool { return field(t, admin, "persistence", "rdb_bgsave_in_progress") == "0" })
		if got := field(t, admin, "persistence", "rdb_last_bgsave_status"); got != "ok" {
			t.Fatalf("the snapshot ended with %s\n%s", got, s.Log())
		}
		x := start(t, "--dir", s.Dir)
		c := dial(t, x)
		for i := range pairs {
			r, err := c.Do("MGET", fmt.Sprint("a:", i), fmt.Sprint("b:", i))
			if err != nil {
				t.Fatal(err)
			}
			if r.Elems[0].Str != r.Elems[1].Str || r.Elems[0].Null {
				t.Fatalf("round %d: pair %d is %.20q and %.20q", round, i, r.Elems[0].Str, r.Elems[1].Str)
			}
		}
		x.Stop()
	}
}

// TestSaveFails has snapshots fail: the file is as it was, writes are refused if they should be, until one succeeds.
func TestSaveFails(t *testing.T) {
	s := start(t, "--save", "3600 1000000", "--enable-protected-configs", "yes")
	c := dial(t, s)
	do(t, c, "SET", "a", "1")
	if got := do(t, c, "SAVE"); got != "+OK" {
		t.Fatal(got)
	}
	old, err := os.ReadFile(filepath.Join(s.Dir, "dump.rdb"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(s.Dir, "taken.rdb", "x"), 0o755); err != nil {
		t.Fatal(err)
	}
	if got := do(t, c, "CONFIG", "SET", "dbfilename", "taken.rdb"); got != "+OK" {
		t.Fatal(got)
	}
	if got := do(t, c, "SAVE"); got != "-ERR" {
		t.Errorf("SAVE answered %s", got)
	}
	do(t, c, "BGSAVE")
	eventually(t, "the failure", func() bool { return field(t, c, "persistence", "rdb_last_bgsave_status") == "err" })
	const misconf = "-MISCONF Redis is configured to save RDB snapshots"
	for _, args := range [][]string{{"SET", "a", "2"}, {"PING"}, {"EVAL", "return redis.call('SET', 'a', '2')", "0"}} {
		if got := do(t, c, args...); !strings.Contains(got, misconf[1:]) {
			t.Errorf("%v answered %s", args, got)
		}
	}
	if got := do(t, c, "GET", "a"); got != "$1 1" && got != `"1"` {
		t.Errorf("GET answered %s", got)
	}
	do(t, c, "CONFIG", "SET", "stop-writes-on-bgsave-error", "no")
	if got := do(t, c, "SET", "a", "2"); got != "+OK" {
		t.Errorf("SET answered %s", got)
	}
	do(t, c, "CONFIG", "SET", "stop-writes-on-bgsave-error", "yes", "dbfilename", "dump.rdb")
	do(t, c, "BGSAVE")
	eventually(t, "a success", func() bool { return field(t, c, "persistence", "rdb_last_bgsave_status") == "ok" })
	if got := do(t, c, "SET", "a", "3"); got != "+OK" {
		t.Errorf("SET answered %s", got)
	}
	if list, _ := filepath.Glob(filepath.Join(s.Dir, "temp-*")); len(list) > 0 {
		t.Errorf("temporary files are left: %v", list)
	}
	if b, _ := os.ReadFile(filepath.Join(s.Dir, "dump.rdb")); bytes.Equal(b, old) {
		t.Error("the last snapshot is not in the file")
	}
}

// TestCorruptFiles starts servers on files that are not sound: they say so, end with 1, and leave the file alone.
func TestCorruptFiles(t *testing.T) {
	path, err := live.GranaryPath()
	if err != nil {
		t.Fatal(err)
	}
	s := start(t)
	c := dial(t, s)
	r := rand.New(rand.NewPCG(live.Seed(t), 3))
	fill(t, c, r, 30)
	do(t, c, "SAVE")
	name := filepath.Join(s.Dir, "dump.rdb")
	good, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for round := range 30 {
		bad := bytes.Clone(good)
		switch round {
		case 0:
			bad = bad[:len(bad)/2]
		case 1:
			bad = bad[:len(bad)-3]
		case 2:
			copy(bad, "RADIS")
		case 3:
			copy(bad[5:], "9999")
		case 4:
			bad = nil
		default:
			bad[9+r.IntN(len(bad)-9)] ^= 1 << r.IntN(8)
		}
		if err := os.WriteFile(filepath.Join(dir, "dump.rdb"), bad, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := live.Start("granary", path, "--dir", dir); err == nil {
			t.Fatalf("round %d: a server came up on a corrupt file", round)
		} else if !strings.Contains(err.Error(), "Fatal error loading the DB") {
			t.Errorf("round %d: %v", round, err)
		}
		if b, err := os.ReadFile(filepath.Join(dir, "dump.rdb")); err != nil || !bytes.Equal(b, bad) {
			t.Errorf("round %d: the file was changed", round)
		}
	}
}

// TestSaidOfFiles: what a log says of a file is short and of one line, whatever names and versions are in it, and keeps quiet
// about users' data if it is told to.
func TestSaidOfFiles(t *testing.T) {
	path, err := live.GranaryPath()
	if err != nil {
		t.Fatal(err)
	}
	const keyLen, unknownType = 100_000, 99
	file := "REDIS0011" + "\xfa\x09redis-ver\x04a\nbc" + "\xfe\x00" + string(rune(unknownType)) +
		string(binary.BigEndian.AppendUint32([]byte{0x80}, keyLen)) + strings.Repeat("k", keyLen-1) + "\n" + "value"
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "dump.rdb"), []byte(file), 0o600); err != nil {
		t.Fatal(err)
	}
	beginning := strings.Repeat("k", 128)
	for hide, want := range map[string]string{"no": "key '" + beginning + "... (99872 more bytes)'", "yes": "key '*redacted*'"} {
		_, err := live.Start("granary", path, "--dir", dir, "--hide-user-data-from-log", hide)
		if err == nil {
			t.Fatal("a server came up on a corrupt file")
		}
		log := err.Error()
		for _, want := range []string{want, `version a\nbc`, "unknown type of value", "Fatal error loading the DB"} {
			if !strings.Contains(log, want) {
				t.Errorf("hide-user-data-from-log %s: the log does not say %.60q", hide, want)
			}
		}
		if strings.Count(log, beginning) > 1 || hide == "yes" && strings.Contains(log, "kkk") {
			t.Errorf("hide-user-data-from-log %s: the log has the key: %s", hide, log)
		}
	}
}

// TestFlushWhileSaving checks that FLUSHALL ends a snapshot of what is gone, and saves that nothing is left.
func TestFlushWhileSaving(t *testing.T) {
	s := start(t, "--save", "3600 1000000", "--rdb-key-save-delay", "1000")
	c := dial(t, s)
	do(t, c, "DEBUG", "POPULATE", "20000")
	do(t, c, "BGSAVE")
	if got := field(t, c, "persistence", "rdb_bgsave_in_progress"); got != "1" {
		t.Fatalf("rdb_bgsave_in_progress:%s", got)
	}
	if got := do(t, c, "SAVE"); got != "-ERR Background save already in progress" {
		t.Errorf("SAVE answered %s", got)
	}
	do(t, c, "FLUSHALL")
	if got := field(t, c, "persistence", "rdb_bgsave_in_progress"); got != "0" {
		t.Errorf("rdb_bgsave_in_progress:%s", got)
	}
	x := start(t, "--dir", s.Dir)
	if got := do(t, dial(t, x), "DBSIZE"); got != ":0" {
		t.Errorf("%s keys were saved", got)
	}
}

// TestLargeValueWhileSaving changes a large value that a snapshot has not come to: the snapshot has what it was, and others
// are served while whoever changes it waits.
func TestLargeValueWhileSaving(t *testing.T) {
	s := start(t, "--rdb-key-save-delay", "1000000")
	c, other := dial(t, s), dial(t, s)
	const fields = 200000
	const script = "for i = 1, ARGV[1] do redis.call('HSET', KEYS[1], 'field:' .. i, 'old') redis.call('RPUSH', KEYS[2], i) end"
	if got := do(t, c, "EVAL", script, "2", "hash", "list", strconv.Itoa(fields)); strings.HasPrefix(got, "-") {
		t.Fatal(got)
	}
	want := do(t, c, "DEBUG", "DIGEST")
	for _, change := range [][][]string{
		{{"HSET", "hash", "field:7", "new", "more", "1"}},
		{{"MULTI"}, {"HDEL", "hash", "field:8"}, {"RPUSH", "list", "x"}, {"EXEC"}},
		{{"EVAL", "return redis.call('LPOP', KEYS[1])", "1", "list"}},
		{{"RENAME", "hash", "hash2"}},
	} {
		if err := c.Send("BGSAVE"); err != nil {
			t.Fatal(err)
		}
		for _, args := range change {
			if err := c.Send(args...); err != nil {
				t.Fatal(err)
			}
		}
		for range 200 {
			if got := do(t, other, "PING"); got != "+PONG" {
				t.Fatal(got)
			}
		}
		for range len(change) + 1 {
			if raw, err := c.ReadRaw(nil); err != nil || raw[0] == '-' {
				t.Fatalf("%v: %q (%v)", change, raw, err)
			}
		}
		if got := do(t, c, "CONFIG", "SET", "rdb-key-save-delay", "0"); got != "+OK" {
			t.Fatal(got)
		}
		eventually(t, "the snapshot", func() bool { return field(t, c, "persistence", "rdb_bgsave_in_progress") == "0" })
		now := do(t, c, "DEBUG", "DIGEST")
		if now == want {
			t.Errorf("%v changed nothing", change)
		}
		x := start(t, "--dir", s.Dir)
		if got := do(t, dial(t, x), "DEBUG", "DIGEST"); got != want {
			t.Errorf("%v: the snapshot has %s, it was %s", change, got, want)
		}
		x.Stop()
		want = now
	}
	if n := field(t, c, "persistence", "rdb_saves"); n != "4" {
		t.Errorf("%s snapshots", n)
	}
}

// TestActiveTime pins which files keep the time at which a consumer was last given an entry: those of a version that has a place
// for it, which is written when there are hash fields that expire.
func TestActiveTime(t *testing.T) {
	s := start(t)
	c := dial(t, s)
	do(t, c, "XADD", "s", "1-1", "f", "v")
	do(t, c, "XGROUP", "CREATE", "s", "g", "0")
	do(t, c, "XGROUP", "CREATECONSUMER", "s", "g", "never")
	inactive := func() string {
		r, err := c.Do("XINFO", "CONSUMERS", "s", "g")
		if err != nil || len(r.Elems) != 1 || len(r.Elems[0].Elems) != 8 {
			t.Fatalf("%s, %v", r, err)
		}
		return r.Elems[0].Elems[7].Str
	}
	if got := inactive(); got != "-1" {
		t.Errorf("inactive is %s before", got)
	}
	do(t, c, "HSET", "h", "f", "v", "g", "w")
	do(t, c, "HEXPIRE", "h", "1000", "FIELDS", "1", "f")
	for range 2 {
		if got := do(t, c, "DEBUG", "RELOAD"); got != "+OK" {
			t.Fatal(got)
		}
		if got := inactive(); got != "-1" {
			t.Errorf("inactive is %s after a file of version 12", got)
		}
	}
	do(t, c, "DEL", "h")
	do(t, c, "DEBUG", "RELOAD")
	if got := inactive(); strings.HasPrefix(got, "-") {
		t.Errorf("inactive is %s after a file of version 10", got)
	}
}

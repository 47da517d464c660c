package admin

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"granary/internal/command/commandtest"
	"granary/tests/live"
)

// realServer starts a redis-server for the test.
func realServer(t *testing.T) *live.Conn {
	t.Helper()
	conn, err := live.NeedStart(t, "redis", live.NeedRedis(t)).Dial()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

func ask(t *testing.T, conn *live.Conn, args ...string) string {
	t.Helper()
	if err := conn.Send(args...); err != nil {
		t.Fatal(err)
	}
	raw, err := conn.ReadRaw(nil)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// sameReplies are requests that a real server answers with the same bytes.
const sameReplies = `
command foo
command count x
command list filterby aclcat nosuch
command list filterby module foo
command list filterby foo bar
command list a b c
command list filterby pattern a b
command getkeys nosuch a
command getkeys time x
command getkeys config get a
command info nosuch
command docs nosuch
config
config foo
config get
config get nosuch
config resetstat x
config rewrite
config set a
config set a b c
config set maxmemory 1 maxmemory 2
config set nosuch 1
config set maxmemory abc
config set databases 5
config get maxmemory
info nosuch
info cluster
info modules
slowlog
slowlog foo
slowlog get x
slowlog get -2
slowlog get 1 2
slowlog len x
slowlog reset
slowlog len
slowlog get
latency
latency latest
latency history
latency history x
latency graph x
latency reset x
latency histogram nosuch
role
role x
time x
lastsave x
bgsave foo
save x
shutdown foo
shutdown save nosave
shutdown abort
shutdown abort now
module
module foo
module list
module load x
debug
debug foo
debug sleep
debug object nokey
debug object
debug sdslen nokey
debug sdslen
debug jmap
debug protocol foo
debug protocol integer
debug protocol double
debug protocol bignum
debug protocol verbatim
debug protocol attrib
debug protocol true
debug protocol false
debug protocol map
debug protocol set
debug protocol array
debug protocol string
debug protocol null
debug error foobar
debug log hi
debug digest
debug digest-value
debug digest-value nokey
debug set-active-expire 1
debug set-active-expire
debug htstats 99
debug htstats x
debug htstats-key nokey
debug replybuffer
debug replybuffer peak-reset-time never
debug replybuffer peak-reset-time reset
debug replybuffer peak-reset-time x
debug replybuffer foo 1
debug replybuffer resizing
debug replybuffer resizing 0
debug replybuffer resizing x
debug replybuffer resizing 1
debug pause-cron 0
debug quicklist-packed-threshold 100b
debug quicklist-packed-threshold 5gb
debug quicklist-packed-threshold x
debug populate
debug populate x
debug populate -1
debug populate 2
debug populate 2 k 0
debug populate 2 j 3
debug populate 2 kk 20
debug digest
debug digest-value key:0 key:1 k:0 j:1 kk:1 nokey
debug reload x
lolwut version x
`

// TestSameReplies sends the same requests to a real server and compares the bytes, in both protocols.
func TestSameReplies(t *testing.T) {
	conn := realServer(t)
	c := start(t)
	for _, proto := range []string{"2", "3"} {
		ask(t, conn, "HELLO", proto)
		ask(t, conn, "FLUSHALL")
		c.Env.Keys.FlushAll(true)
		c.Proto(proto[0] - '0')
		for _, line := range strings.Split(strings.TrimSpace(sameReplies), "\n") {
			args := strings.Fields(line)
			if want, got := ask(t, conn, args...), c.Do(args...); got != want {
				t.Errorf("RESP%s %s: got %q, want %q", proto, line, got, want)
			}
		}
	}
}

// TestDigests builds the same data twice and compares digests, and sees them change with the data.
func TestDigests(t *testing.T) {
	conn := realServer(t)
	c := start(t)
	rng := rand.New(rand.NewPCG(7, 8))
	seen := map[string]bool{}
	for step := range 40 {
		db := rng.IntN(3)
		key, val, ttl := fmt.Sprintf("key:%d", rng.IntN(20)), strings.Repeat("x\x00", rng.IntN(100)), int64(0)
		if rng.IntN(3) == 0 {
			val = fmt.Sprint(rng.IntN(100000))
		}
		set := []string{"SET", key, val}
		if rng.IntN(3) == 0 {
			ttl = c.Env.Keys.Now + 1e6
			set = append(set, "PXAT", fmt.Sprint(ttl))
		}
		ask(t, conn, "SELECT", fmt.Sprint(db))
		ask(t, conn, set...)
		it := c.Env.Keys.DBs[db].Write([]byte(key))
		it.SetString([]byte(val), ttl)
		it.Settle()
		c.Client.Select(c.Env.Keys.DBs[db])
		for _, q := range [][]string{{"DEBUG", "DIGEST"}, {"DEBUG", "DIGEST-VALUE", key}} {
			if want, got := ask(t, conn, q...), c.Do(q...); got != want {
				t.Fatalf("step %d: %v is %q, want %q", step, q, got, want)
			}
		}
		seen[c.Do("DEBUG", "DIGEST")] = true
	}
	if len(seen) < 30 {
		t.Errorf("40 different data sets have %d digests", len(seen))
	}
}

// fieldNames returns the sections of an INFO reply with their field names, "section field".
func fieldNames(t *testing.T, raw string) map[string]bool {
	t.Helper()
	r, err := live.Parse([]byte(raw))
	if err != nil {
		t.Fatal(err)
	}
	names, section := map[string]bool{}, ""
	for _, l := range strings.Split(r.Str, "\r\n") {
		if s, ok := strings.CutPrefix(l, "# "); ok {
			section = s
			names[section] = true
			continue
		}
		if name, _, ok := strings.Cut(l, ":"); ok {
			names[section+" "+name] = true
		}
	}
	return names
}

// TestInfoFields sees that no section and no field that a real server has is missing, and that fields of later versions
// of Redis are there.
func TestInfoFields(t *testing.T) {
	conn := realServer(t)
	c := start(t)
	got := fieldNames(t, c.Do("info", "everything"))
	want := fieldNames(t, ask(t, conn, "INFO", "everything"))
	for name := range want {
		section, _, _ := strings.Cut(name, " ")
		if !got[name] && section != "Commandstats" && section != "Latencystats" && section != "Errorstats" {
			t.Errorf("INFO has no %s", name)
		}
	}
	for _, name := range []string{
		"Memory allocator_muzzy", "Memory mem_overhead_db_hashtable_rehashing", "Memory mem_replica_full_sync_buffer",
		"Memory used_memory_peak_time", "Stats expired_subkeys", "Stats evicted_scripts", "Stats eventloop_cycles",
		"Stats client_query_buffer_limit_disconnections", "Stats acl_access_denied_auth", "Clients pubsub_clients",
		"Clients total_watched_keys", "Server server_name", "Server granary_version", "Memory go_heap_inuse",
	} {
		if !got[name] {
			t.Errorf("INFO has no %s", name)
		}
	}
}

// TestHelp compares the frame of every HELP with a real server's; the lines between are our own words.
func TestHelp(t *testing.T) {
	conn := realServer(t)
	c := start(t)
	for _, cmd := range []string{"command", "config", "slowlog", "latency", "module", "debug"} {
		want, got := commandtest.Show(ask(t, conn, cmd, "help")), commandtest.Show(c.Do(cmd, "help"))
		w, _, _ := strings.Cut(want, " are: ")
		g, _, _ := strings.Cut(got, " are: ")
		if g != w {
			t.Errorf("%s HELP begins with %q, want %q", cmd, g, w)
		}
	}
}

package process

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"granary/tests/live"
)

// MIGRATE between servers of both kinds, and to peers that are no servers.

// migrateTo is the beginning of a MIGRATE to an address.
func migrateTo(addr string, rest ...string) []string {
	host, port, _ := net.SplitHostPort(addr)
	return append([]string{"MIGRATE", host, port}, rest...)
}

// movedValues are values of all types and encodings: how they are made, and how they are read.
func movedValues() []struct{ key, read string } {
	return []struct{ key, read string }{
		{"int", "GET int"},
		{"short", "GET short"},
		{"raw", "GET raw"},
		{"huge", "GET huge"},
		{"ttl", "GET ttl"},
		{"list", "LRANGE list 0 -1"},
		{"longlist", "LRANGE longlist 0 -1"},
		{"ints", "SORT ints"},
		{"set", "SORT set ALPHA"},
		{"bigset", "SORT bigset ALPHA"},
		{"hash", "HGETALL hash"},
		{"bighash", "SORT bighashkeys BY nosort GET bighash->*"},
		{"zset", "ZRANGE zset 0 -1 WITHSCORES"},
		{"bigzset", "ZRANGE bigzset 0 -1 WITHSCORES"},
		{"stream", "XRANGE stream - +"},
		{"hll", "PFCOUNT hll"},
		{"binary \r\n key", "GET {}"},
		{"", "GET {}"},
	}
}

func makeValues(t *testing.T, c *live.Conn) {
	t.Helper()
	many := func(args []string, of func(i int) []string) {
		for i := range 3000 {
			args = append(args, of(i)...)
		}
		do(t, c, args...)
	}
	do(t, c, "SET", "int", "12345")
	do(t, c, "SET", "short", "some text")
	do(t, c, "SET", "raw", strings.Repeat("abcdefgh", 1000))
	do(t, c, "SET", "huge", strings.Repeat("0123456789abcdef", 300_000))
	do(t, c, "SET", "ttl", "v", "PX", "100000000")
	do(t, c, "RPUSH", "list", "a", "b", "1", "-7")
	many([]string{"RPUSH", "longlist"}, func(i int) []string { return []string{"element " + strconv.Itoa(i)} })
	do(t, c, "SADD", "ints", "1", "2", "70000", "-5")
	do(t, c, "SADD", "set", "a", "b", "cc")
	many([]string{"SADD", "bigset"}, func(i int) []string { return []string{"member " + strconv.Itoa(i)} })
	do(t, c, "HSET", "hash", "f", "v", "g", "1")
	many([]string{"HSET", "bighash"}, func(i int) []string { return []string{strconv.Itoa(i), "value " + strconv.Itoa(i)} })
	many([]string{"RPUSH", "bighashkeys"}, func(i int) []string { return []string{strconv.Itoa(i)} })
	do(t, c, "ZADD", "zset", "1.5", "a", "-2", "b")
	many([]string{"ZADD", "bigzset"}, func(i int) []string { return []string{strconv.Itoa(i * 7), "member " + strconv.Itoa(i)} })
	for i := range 300 {
		do(t, c, "XADD", "stream", strconv.Itoa(i+1)+"-1", "field", strconv.Itoa(i))
	}
	do(t, c, "XGROUP", "CREATE", "stream", "g", "5-1")
	do(t, c, "XREADGROUP", "GROUP", "g", "consumer", "COUNT", "7", "STREAMS", "stream", ">")
	do(t, c, "PFADD", "hll", "a", "b", "c")
	do(t, c, "SET", "binary \r\n key", "\x00\r\n$1\r\n")
	do(t, c, "SET", "", "of the empty key")
}

// readValue sends a command in which {} stands for the key.
func readValue(t *testing.T, c *live.Conn, key, command string) string {
	t.Helper()
	args := strings.Split(command, " ")
	for i := range args {
		args[i] = strings.ReplaceAll(args[i], "{}", key)
	}
	return do(t, c, args...)
}

// TestMigrateValues moves values of all types in both directions, one at a time and all at once.
func TestMigrateValues(t *testing.T) {
	redis := func() *live.Server { return live.NeedStart(t, "redis", live.NeedRedis(t)) }
	granary := func() *live.Server { return start(t) }
	for _, way := range []struct {
		name     string
		from, to func() *live.Server
	}{{"granary to redis", granary, redis}, {"redis to granary", redis, granary}, {"granary to granary", granary, granary}} {
		t.Run(way.name, func(t *testing.T) {
			from, to := way.from(), way.to()
			c, d := dial(t, from), dial(t, to)
			makeValues(t, c)
			do(t, d, "SELECT", "3")
			for i, v := range movedValues() {
				want := readValue(t, c, v.key, v.read)
				args := migrateTo(to.Addr, v.key, "3", "20000")
				if i%2 == 1 {
					args = migrateTo(to.Addr, "", "3", "20000", "KEYS", v.key)
				}
				if got := do(t, c, args...); got != "+OK" {
					t.Fatalf("%q: %s", v.key, got)
				}
				if v.key == "bighash" { // SORT asks for its fields by these
					do(t, c, migrateTo(to.Addr, "bighashkeys", "3", "20000")...)
				}
				if got := readValue(t, d, v.key, v.read); got != want {
					t.Errorf("%q came over as %.100s, was %.100s", v.key, got, want)
				}
				if got := do(t, c, "EXISTS", v.key); got != ":0" {
					t.Errorf("%q is still there", v.key)
				}
			}
			if got := do(t, d, "XPENDING", "stream", "g"); !strings.Contains(got, "6-1") || !strings.Contains(got, "12-1") {
				t.Errorf("XPENDING: %s", got)
			}
			if ttl, _ := strconv.Atoi(strings.TrimPrefix(do(t, d, "PTTL", "ttl"), ":")); ttl < 90_000_000 || ttl > 100_000_000 {
				t.Errorf("PTTL is %d", ttl)
			}
			// And all of them back at once, first as copies.
			back := migrateTo(from.Addr, "", "5", "20000", "COPY", "REPLACE", "KEYS")
			for _, v := range movedValues() {
				back = append(back, v.key)
			}
			for range 2 {
				if got := do(t, d, back...); got != "+OK" {
					t.Fatalf("back: %s", got)
				}
			}
			back[6] = "REPLACE"
			if got := do(t, d, back...); got != "+OK" {
				t.Fatalf("back: %s", got)
			}
			if got := do(t, d, "KEYS", "*"); got != "*1\n  \"bighashkeys\"" {
				t.Errorf("left: %s", got)
			}
			do(t, c, "SELECT", "5")
			if got, want := do(t, c, "DBSIZE"), fmt.Sprint(":", len(movedValues())); got != want {
				t.Errorf("DBSIZE %s, want %s", got, want)
			}
		})
	}
}

// target is a peer that answers requests as a test wants it to.
type target struct {
	addr     string
	accepted chan bool       // one for each connection
	requests chan []string   // that were read
	answers  chan targetDoes // to them, in order
}

// targetDoes is what is sent back, and whether the connection ends then.
type targetDoes struct {
	text string
	end  bool
}

func newTarget(t *testing.T) *target {
	t.Helper()
	p := &target{accepted: make(chan bool, 100), requests: make(chan []string, 100), answers: make(chan targetDoes, 100)}
	p.addr = live.Listen(t, func(nc net.Conn) {
		p.accepted <- true
		p.serve(nc)
	})
	return p
}

func (p *target) serve(nc net.Conn) {
	defer nc.Close()
	c := live.NewConn(nc)
	c.Timeout = time.Minute
	for {
		raw, err := c.ReadRaw(nil)
		if err != nil {
			return
		}
		r, err := live.Parse(raw)
		if err != nil {
			return
		}
		var args []string
		for _, e := range r.Elems {
			args = append(args, e.Str)
		}
		if args[0] == "SELECT" {
			nc.Write([]byte("+OK\r\n"))
			continue
		}
		p.requests <- args
		a := <-p.answers
		nc.Write([]byte(a.text))
		if a.end {
			return
		}
	}
}

// next returns the next request.
func (p *target) next(t *testing.T) []string {
	t.Helper()
	select {
	case r := <-p.requests:
		return r
	case <-time.After(20 * time.Second):
		t.Fatal("no request came")
		return nil
	}
}

func (p *target) answer(lines ...string) {
	for _, l := range lines {
		p.answers <- targetDoes{text: l + "\r\n"}
	}
}

// TestMigratePeers sends keys to peers that are not there, say nothing, hang up and talk nonsense.
func TestMigratePeers(t *testing.T) {
	s := start(t)
	c := dial(t, s)
	const reading = "-IOERR error or timeout reading to target instance"
	for _, row := range []struct {
		name    string
		answers []targetDoes
		want    string
		left    string
	}{
		{"all well", []targetDoes{{text: "+OK\r\n"}, {text: "+OK\r\n"}, {text: "+OK\r\n"}}, "+OK", ""},
		{"hangs up at once", []targetDoes{{end: true}, {end: true}}, reading, "a b c"},
		{"hangs up after the first", []targetDoes{{text: "+OK\r\n"}, {end: true}}, reading, "b c"},
		{"hangs up in a line", []targetDoes{{text: "+O", end: true}, {text: "+O", end: true}}, reading, "a b c"},
		{"nonsense", []targetDoes{{text: "HTTP/1.1 400 Bad Request\r\n\r\n", end: true}, {text: "HTTP/1.1 400 Bad Request\r\n\r\n", end: true}}, reading, "a b c"},
		{"another type of reply", []targetDoes{{text: "+OK\r\n"}, {text: ":1\r\n"}}, reading, "b c"},
		{"an empty line", []targetDoes{{text: "\r\n", end: true}, {text: "\n", end: true}}, reading, "a b c"},
		{"a line without end", []targetDoes{{text: "+" + strings.Repeat("x", 200_000), end: true}, {text: "+" + strings.Repeat("x", 200_000), end: true}}, reading, "a b c"},
		{
			"an error",
			[]targetDoes{{text: "+OK\r\n"}, {text: "-BUSYKEY Target key name already exists.\r\n"}, {text: "+OK\r\n"}},
			"-ERR Target instance replied with error: BUSYKEY Target key name already exists.", "b",
		},
		{"errors", []targetDoes{{text: "-ONE\r\n"}, {text: "-TWO\r\n"}, {text: "-THREE\r\n"}}, "-ERR Target instance replied with error: ONE", "a b c"},
		{"an error, then it hangs up", []targetDoes{{text: "-ONE\r\n"}, {end: true}}, "-ERR Target instance replied with error: ONE", "a b c"},
		{"says nothing", nil, reading, "a b c"},
		{"says nothing after the first", []targetDoes{{text: "+OK\r\n"}}, reading, "b c"},
	} {
		t.Run(row.name, func(t *testing.T) {
			p := newTarget(t)
			for _, a := range row.answers {
				p.answers <- a
			}
			do(t, c, "FLUSHALL")
			do(t, c, "MSET", "a", "1", "b", "2", "c", "3")
			timeout := "20000"
			if strings.HasPrefix(row.name, "says nothing") {
				timeout = "100"
			}
			if got := do(t, c, migrateTo(p.addr, "", "0", timeout, "KEYS", "a", "b", "c")...); got != row.want {
				t.Errorf("%s, want %s", got, row.want)
			}
			left := ""
			for _, k := range []string{"a", "b", "c"} {
				if do(t, c, "EXISTS", k) == ":1" {
					left = strings.TrimSpace(left + " " + k)
				}
			}
			if left != row.left {
				t.Errorf("left: %q, want %q", left, row.left)
			}
			close(p.answers) // who still waits for one gets an empty one
		})
	}
	if d, r, err := live.Audit(c); err != nil || d != 0 {
		t.Errorf("audit: %d, %v, %s", d, err, r)
	}
}

// TestMigrateRefused pins that nothing is sent to a target that refuses the password.
func TestMigrateRefused(t *testing.T) {
	s := start(t)
	c := dial(t, s)
	do(t, c, "SET", "k", "v")
	p := newTarget(t)
	p.answers <- targetDoes{text: "-WRONGPASS no\r\n"}
	if got, want := do(t, c, migrateTo(p.addr, "k", "0", "20000", "AUTH2", "me", "secret")...), "-ERR Target instance replied with error: WRONGPASS no"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if got := p.next(t); strings.Join(got, " ") != "AUTH me secret" {
		t.Errorf("the target got %q", got)
	}
	p.answer("+OK", "+OK")
	do(t, c, migrateTo(p.addr, "k", "0", "20000", "AUTH", "secret")...)
	if got := p.next(t); strings.Join(got, " ") != "AUTH secret" {
		t.Errorf("the target got %q", got)
	}
	if got := p.next(t); len(got) != 4 || got[0] != "RESTORE" || got[1] != "k" || got[2] != "0" {
		t.Errorf("the target got %q", got)
	}
}

// TestMigrateConnections pins that a connection is used again by those who name the same user, and made anew if the target
// closed it.
func TestMigrateConnections(t *testing.T) {
	s := start(t)
	c := dial(t, s)
	p := newTarget(t)
	move := func(connections int, extra ...string) {
		t.Helper()
		do(t, c, "SET", "k", "v")
		p.answer("+OK")
		if len(extra) > 0 {
			p.answer("+OK")
		}
		if got := do(t, c, migrateTo(p.addr, append([]string{"k", "0", "20000"}, extra...)...)...); got != "+OK" {
			t.Fatal(got)
		}
		if n := len(p.accepted); n != connections {
			t.Errorf("%d connections, want %d", n, connections)
		}
	}
	move(1)
	move(1)
	move(2, "AUTH", "secret")
	move(2, "AUTH", "secret")
	move(3, "AUTH", "other")
	move(3)
	if n := infoLine(t, c, "stats", "migrate_cached_sockets"); n != "3" {
		t.Errorf("migrate_cached_sockets is %s", n)
	}
	do(t, c, "SET", "k", "v")
	p.answers <- targetDoes{end: true} // the request comes again
	move(4)
}

// TestMigrateMeanwhile has things happen to keys while they are on their way.
func TestMigrateMeanwhile(t *testing.T) {
	s := start(t, "--io-threads", "3")
	c, other := dial(t, s), dial(t, s)
	const changed = "-TRYAGAIN 1 of %d keys changed while they were migrated: they stay here, and the target has them as they were"
	for _, row := range []struct{ name, before, keys, meanwhile, want, look, then string }{
		{"nothing", "SET k v", "k", "PING", "+OK", "EXISTS k", ":0"},
		{"read", "SET k v", "k", "GET k", "+OK", "EXISTS k", ":0"},
		{"changed", "SET k v", "k", "APPEND k w", changed, "GET k", `"vw"`},
		{"changed in place", "SET k v", "k", "SETRANGE k 0 w", changed, "GET k", `"w"`},
		{"replaced", "SET k v", "k", "SET k w", changed, "GET k", `"w"`},
		{"replaced by the same", "SET k v", "k", "SET k v", "+OK", "EXISTS k", ":0"},
		{"of another type", "SET k v", "k", "EVAL redis.call('DEL','k');redis.call('LPUSH','k','v') 0", changed, "LLEN k", ":1"},
		{"deleted", "SET k v", "k", "DEL k", changed, "EXISTS k", ":0"},
		{"flushed", "SET k v", "k", "FLUSHALL", changed, "EXISTS k", ":0"},
		{"renamed", "SET k v", "k", "RENAME k l", changed, "GET l", `"v"`},
		{"given a time", "SET k v", "k", "EXPIRE k 1000", changed, "TTL k", ":1000"},
		{"its time came", "SET k v PX 500", "k", "DEBUG SLEEP 0.6", "+OK", "EXISTS k", ":0"},
		{"swapped", "SET k v", "k", "SWAPDB 0 1", changed, "EXISTS k", ":0"},
		{"acknowledged", "XADD k 1-1 f v; XGROUP CREATE k g 0; XREADGROUP GROUP g c STREAMS k >", "k", "XACK k g 1-1", changed, "XLEN k", ":1"},
		{"an element more", "SADD k a b c", "k", "SADD k d", changed, "SCARD k", ":4"},
		{"one of several", "MSET k v l v m v", "k l m", "SET l w", changed, "EXISTS k l m", ":1"},
		{"twice the same key", "SET k v", "k k", "PING", "+OK", "EXISTS k", ":0"},
	} {
		t.Run(row.name, func(t *testing.T) {
			do(t, c, "FLUSHALL")
			for _, line := range strings.Split(row.before, "; ") {
				do(t, c, strings.Fields(line)...)
			}
			keys := strings.Fields(row.keys)
			p := newTarget(t)
			if err := c.Send(migrateTo(p.addr, append([]string{"", "0", "20000", "KEYS"}, keys...)...)...); err != nil {
				t.Fatal(err)
			}
			p.next(t)
			do(t, other, strings.Fields(row.meanwhile)...)
			for range keys {
				p.answer("+OK")
			}
			raw, err := c.ReadRaw(nil)
			if err != nil {
				t.Fatal(err)
			}
			want := row.want
			if strings.Contains(want, "%d") {
				want = fmt.Sprintf(want, len(keys))
			}
			if got := strings.TrimSuffix(string(raw), "\r\n"); got != want {
				t.Errorf("%s, want %s", got, want)
			}
			if got := do(t, c, strings.Fields(row.look)...); got != row.then {
				t.Errorf("%s: %s, want %s", row.look, got, row.then)
			}
		})
	}
}

// TestMigrateWaits pins that one who migrates holds up nobody, and what may end its waiting.
func TestMigrateWaits(t *testing.T) {
	s := start(t)
	c, other := dial(t, s), dial(t, s)
	p := newTarget(t)
	begin := func() (id string) {
		do(t, c, "SET", "k", "v")
		id = strings.TrimPrefix(do(t, c, "CLIENT", "ID"), ":")
		if err := c.Send(migrateTo(p.addr, "k", "0", "20000")...); err != nil {
			t.Fatal(err)
		}
		p.next(t)
		return id
	}
	reply := func() string {
		raw, err := c.ReadRaw(nil)
		if err != nil {
			t.Fatal(err)
		}
		return strings.TrimSuffix(string(raw), "\r\n")
	}
	id := begin()
	is := func(want string, args ...string) {
		t.Helper()
		if got := do(t, other, args...); got != want {
			t.Errorf("%v: %s, want %s", args, got, want)
		}
	}
	is("+OK", "SET", "x", "y")
	is(":0", "CLIENT", "UNBLOCK", id)
	is(":0", "CLIENT", "UNBLOCK", id, "ERROR")
	if d, r, err := live.Audit(other); err != nil || d != 0 {
		t.Errorf("audit: %d, %v, %s", d, err, r)
	}
	if got := do(t, other, "MEMORY", "AUDIT"); !strings.Contains(got, `"migrate"`) {
		t.Error("the audit does not know what is on its way")
	}
	// While writes pause nothing is deleted.
	is("+OK", "CLIENT", "PAUSE", "60000", "WRITE")
	p.answer("+OK")
	eventually(t, "the connection is kept", func() bool {
		return infoLine(t, other, "stats", "migrate_cached_sockets") == "1"
	})
	is(`"v"`, "GET", "k")
	is("+OK", "CLIENT", "UNPAUSE")
	if got := reply(); got != "+OK" {
		t.Error(got)
	}
	is(":0", "EXISTS", "k")
	// Whoever migrates may go away; what was acknowledged is deleted all the same.
	id = begin()
	is(":1", "CLIENT", "KILL", "ID", id)
	p.answer("+OK")
	eventually(t, "the key is gone", func() bool { return do(t, other, "EXISTS", "k") == ":0" })
	// In a transaction and in a script it happens at once.
	c = dial(t, s)
	do(t, c, "SET", "k", "v")
	do(t, c, "MULTI")
	do(t, c, migrateTo(p.addr, "k", "0", "20000")...)
	do(t, c, "EXISTS", "k")
	p.answer("+OK")
	if got := do(t, c, "EXEC"); got != "*2\n  +OK\n  :0" {
		t.Error(got)
	}
	do(t, c, "SET", "k", "v")
	host, port, _ := net.SplitHostPort(p.addr)
	begun := time.Now()
	if got := do(t, c, "EVAL", "return redis.pcall('MIGRATE', ARGV[1], ARGV[2], KEYS[1], 0, 300)", "1", "k", host, port); got != "-IOERR error or timeout reading to target instance" {
		t.Error(got)
	}
	if d := time.Since(begun); d < 300*time.Millisecond || d > 10*time.Second {
		t.Errorf("a script waited for %v", d)
	}
	is(`"v"`, "GET", "k")
}

// TestMigrateEffects reads what a MIGRATE leaves in the append-only file, and the events and changes it counts.
func TestMigrateEffects(t *testing.T) {
	s := start(t, "--appendonly", "yes", "--appendfsync", "always", "--notify-keyspace-events", "KEA", "--databases", "20")
	to := start(t)
	c, events := dial(t, s), dial(t, s)
	do(t, events, "SUBSCRIBE", "__keyevent@0__:del")
	dirty := func() int64 { return infoNumber(t, s, "persistence", "rdb_changes_since_last_save") }
	do(t, c, "MSET", "a", "1", "b", "2", "c", "3")
	before := dirty()
	for _, rest := range [][]string{
		{"", "0", "20000", "COPY", "KEYS", "a", "b"},
		{"", "0", "20000", "REPLACE", "KEYS", "a", "none", "b"},
		{"c", "0", "20000"},
		{"none", "0", "20000"},
	} {
		do(t, c, migrateTo(to.Addr, rest...)...)
	}
	if n := dirty() - before; n != 3 {
		t.Errorf("%d changes were counted, want 3", n)
	}
	for _, key := range []string{"a", "b", "c"} {
		raw, err := events.ReadRaw(nil)
		if err != nil || !strings.Contains(string(raw), key) {
			t.Errorf("event %q, %v, want of %s", raw, err, key)
		}
	}
	files, err := filepath.Glob(filepath.Join(s.Dir, "appendonlydir", "*.incr.aof"))
	if err != nil || len(files) != 1 {
		t.Fatal(files, err)
	}
	b, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	want := string(live.AppendCommand(live.AppendCommand(nil, "DEL", "a", "b"), "DEL", "c"))
	if !strings.HasSuffix(string(b), want) || strings.Contains(string(b), "MIGRATE") {
		t.Errorf("the file ends with %q", b[max(0, len(b)-200):])
	}
}

// TestMigrateTLS migrates for a client of the other kind of loop.
func TestMigrateTLS(t *testing.T) {
	a := newAuthority(t)
	s, addr := a.start()
	to := start(t)
	c := need(t, s, addr, a.client("client"))
	do(t, c, "SET", "k", "v")
	for _, want := range []string{"+OK", "+NOKEY"} {
		if got := do(t, c, migrateTo(to.Addr, "k", "0", "20000")...); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
	if got := do(t, dial(t, to), "GET", "k"); got != `"v"` {
		t.Error(got)
	}
}

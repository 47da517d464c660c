package process

import (
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"granary/tests/live"
)

// What happens when buffers grow: each test has a client that does not do its part, looks at who is named for it, that others
// are served meanwhile and keys stay, and that memory is afterwards as it was. tests/bench does the same at full size.

const mib = 1 << 20

// figure reads a number of INFO.
func figure(t *testing.T, c *live.Conn, section, field string) int {
	t.Helper()
	r, err := c.Do("INFO", section)
	if err != nil {
		t.Fatal(err)
	}
	_, rest, ok := strings.Cut(r.Str, "\n"+field+":")
	v, _, _ := strings.Cut(rest, "\r")
	n, err := strconv.Atoi(v)
	if !ok || err != nil {
		t.Fatalf("INFO %s: %s is %q", section, field, v)
	}
	return n
}

// fields makes a map of a reply's keys and values.
func fields(r live.Reply) map[string]live.Reply {
	m := map[string]live.Reply{}
	for i := 0; i+1 < len(r.Elems); i += 2 {
		m[r.Elems[i].Str] = r.Elems[i+1]
	}
	return m
}

// owner returns who MEMORY OWNERS names first, and the server's owners.
func owner(t *testing.T, c *live.Conn) (first map[string]live.Reply, server map[string]int) {
	t.Helper()
	r, err := c.Do("MEMORY", "OWNERS", "COUNT", "3")
	if err != nil {
		t.Fatal(err)
	}
	m := fields(r)
	server = map[string]int{}
	for _, e := range m["server"].Elems {
		f := fields(e)
		server[f["owner"].Str], _ = strconv.Atoi(f["bytes"].Str)
	}
	return fields(m["clients"].Elems[0]), server
}

// named checks whom MEMORY OWNERS names first, what for, and with how many bytes at least.
func named(t *testing.T, c *live.Conn, name, class, kind string, least int) {
	t.Helper()
	f, _ := owner(t, c)
	n, _ := strconv.Atoi(f["largest"].Str)
	if f["name"].Str != name || f["class"].Str != class || f["kind"].Str != kind || n < least {
		t.Errorf("MEMORY OWNERS names %q (%s) for %d bytes of %s, want %q (%s) for at least %d of %s",
			f["name"].Str, f["class"].Str, n, f["kind"].Str, name, class, least, kind)
	}
}

// audited checks that the books are right.
func audited(t *testing.T, c *live.Conn) {
	t.Helper()
	r, err := c.Do("MEMORY", "AUDIT")
	if err != nil {
		t.Fatal(err)
	}
	if d := fields(r)["difference"].Str; d != "0" {
		t.Errorf("MEMORY AUDIT: %s", r)
	}
}

// lazy opens a connection under a name, of which nothing but the replies to what is sent here is read.
func lazy(t *testing.T, s *live.Server, name string) net.Conn {
	t.Helper()
	c := socket(t, "tcp", s.Addr)
	fmt.Fprintf(c, "CLIENT SETNAME %s\r\n", name)
	ok := make([]byte, 5)
	if _, err := c.Read(ok); err != nil || string(ok) != "+OK\r\n" {
		t.Fatalf("CLIENT SETNAME answered %q (%v)", ok, err)
	}
	return c
}

// calm is the memory of a server at rest.
type calm struct{ used, rss int }

func atRest(t *testing.T, s *live.Server, c *live.Conn) calm {
	t.Helper()
	do(t, c, "MEMORY", "PURGE")
	return calm{figure(t, c, "memory", "used_memory"), resident(t, s)}
}

// again waits until the server's memory is what it was. What Go and the kernel keep for reuse is a few megabytes.
func (b calm) again(t *testing.T, s *live.Server, c *live.Conn) {
	t.Helper()
	const others = 512 << 10 // what is kept of what happened, within bounds: prefixes, the journal; and our own replies
	eventually(t, "used_memory as before", func() bool { return figure(t, c, "memory", "used_memory") <= b.used+others })
	if !strings.Contains(os.Getenv("GRANARY_BUILD_FLAGS"), "-race") { // such builds give nothing back
		eventually(t, "resident memory as before", func() bool { return resident(t, s) <= b.rss+16*mib })
	}
	if strings.Contains(s.Log(), "DATA RACE") {
		t.Error(s.Log())
	}
	audited(t, c)
}

func resident(t *testing.T, s *live.Server) int {
	t.Helper()
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.Pid()))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(raw), "VmRSS:")
	n, _ := strconv.Atoi(strings.Fields(rest)[0])
	return n << 10
}

// prompt checks that PING is answered in a time that no slow machine exceeds, and a stalled server does.
func prompt(t *testing.T, c *live.Conn) {
	t.Helper()
	began := time.Now()
	if got := do(t, c, "PING"); got != "+PONG" {
		t.Fatalf("PING answered %s", got)
	}
	if d := time.Since(began); d > 2*time.Second {
		t.Errorf("PING took %v", d)
	}
}

// TestUnreadValues: replies with large values take no memory but the values', whose memory is data as long as they are keys'.
func TestUnreadValues(t *testing.T) {
	s := start(t)
	c := dial(t, s)
	value := strings.Repeat("v", mib)
	for i := range 16 {
		do(t, c, "SET", fmt.Sprint("big:", i), value)
	}
	before := atRest(t, s, c)
	data := figure(t, c, "memory", "used_memory_dataset")
	l := lazy(t, s, "lazy")
	var gets strings.Builder
	for i := range 400 {
		fmt.Fprintf(&gets, "GET big:%d\r\n", i%16)
	}
	fmt.Fprint(l, gets.String())
	eventually(t, "the owner is named", func() bool {
		f, _ := owner(t, c)
		return f["name"].Str == "lazy" && f["kind"].Str == "reply-values"
	})
	named(t, c, "lazy", "normal", "reply-values", 24*mib)
	prompt(t, c)
	if n := figure(t, c, "memory", "used_memory"); n > before.used+mib {
		t.Errorf("used_memory grew by %d bytes", n-before.used)
	}
	audited(t, c)

	// Now they are the client's.
	do(t, c, "FLUSHALL")
	named(t, c, "lazy", "normal", "reply-values", 24*mib)
	if _, server := owner(t, c); server["shared-output"] < 16*mib {
		t.Errorf("values that no key has: %d bytes of %v", server["shared-output"], server)
	}
	if n := figure(t, c, "memory", "used_memory_dataset"); n > data-15*mib {
		t.Errorf("%d bytes of data, %d before FLUSHALL", n, data)
	}
	audited(t, c)
	l.Close()
	calm{before.used - 16*mib, before.rss}.again(t, s, c)
}

// TestUnreadReplies: a client that reads nothing is served up to a bound, however much it has sent.
func TestUnreadReplies(t *testing.T) {
	s := start(t)
	c := dial(t, s)
	for range 100 {
		args := []string{"RPUSH", "list"}
		for range 100 {
			args = append(args, strings.Repeat("e", 100))
		}
		do(t, c, args...)
	}
	before := atRest(t, s, c)
	l := lazy(t, s, "lazy")
	fmt.Fprint(l, strings.Repeat("LRANGE list 0 -1\r\n", 300)) // 300 MB
	eventually(t, "it is served no more", func() bool { return figure(t, c, "memory", "used_memory") > before.used+24*mib })
	time.Sleep(50 * time.Millisecond)
	named(t, c, "lazy", "normal", "reply-list", 24*mib)
	prompt(t, c)
	if n := figure(t, c, "memory", "used_memory"); n > before.used+40*mib {
		t.Errorf("used_memory grew by %d bytes", n-before.used)
	}
	audited(t, c)

	// It gets everything when it reads on.
	l.SetReadDeadline(time.Now().Add(60 * time.Second))
	want, buf := 300*(len("*10000\r\n")+10000*(len("$100\r\n")+102)), make([]byte, mib)
	for want > 0 {
		n, err := l.Read(buf)
		if err != nil {
			t.Fatalf("%v, %d bytes before the end", err, want)
		}
		want -= n
	}
	fmt.Fprint(l, "PING\r\n")
	if n, err := l.Read(buf); err != nil || string(buf[:n]) != "+PONG\r\n" {
		t.Fatalf("PING answered %q (%v)", buf[:n], err)
	}
	l.Close()
	before.again(t, s, c)

	// A limit on output ends it.
	do(t, c, "CONFIG", "SET", "client-output-buffer-limit", "normal 8mb 0 0")
	l = lazy(t, s, "lazy")
	fmt.Fprint(l, strings.Repeat("LRANGE list 0 -1\r\n", 100))
	eventually(t, "the limit ends it", func() bool {
		return figure(t, c, "stats", "client_output_buffer_limit_disconnections") == 1
	})
	before.again(t, s, c)
}

// TestStalledMonitor: who watches and does not read is named, and ended by either limit.
func TestStalledMonitor(t *testing.T) {
	for _, limit := range [][]string{
		{"client-output-buffer-limit", "normal 16mb 0 0"},
		{"maxmemory-clients", "16mb"},
	} {
		s := start(t)
		c := dial(t, s)
		before := atRest(t, s, c)
		l := lazy(t, s, "watcher")
		fmt.Fprint(l, "MONITOR\r\n")
		ok := make([]byte, 5)
		if _, err := l.Read(ok); err != nil {
			t.Fatal(err)
		}
		value := strings.Repeat("\x00", 64<<10) // of which a line makes four times as much, at once
		work := func(n int) {
			for range n {
				do(t, c, "SET", "key", value)
				do(t, c, "SET", "other", "short")
			}
		}
		work(80)
		named(t, c, "watcher", "monitor", "reply-values", 8*mib)
		prompt(t, c)
		audited(t, c)
		do(t, c, "CONFIG", "SET", limit[0], limit[1])
		work(50)
		eventually(t, "the limit ends it", func() bool {
			return figure(t, c, "stats", "client_output_buffer_limit_disconnections")+figure(t, c, "stats", "evicted_clients") == 1
		})
		if got := do(t, c, "DBSIZE"); got != ":2" {
			t.Errorf("%s: %s keys are left", limit[0], got)
		}
		do(t, c, "FLUSHALL")
		before.again(t, s, c)
	}
}

// TestStalledSubscribers: a message that nobody reads lies in memory once, however many were sent it.
func TestStalledSubscribers(t *testing.T) {
	s := start(t, "--client-output-buffer-limit", "pubsub", "0", "0", "0")
	c := dial(t, s)
	before := atRest(t, s, c)
	subscribers := make([]net.Conn, 20)
	for i := range subscribers {
		subscribers[i] = lazy(t, s, "subscriber")
		command := "SUBSCRIBE channel\r\n"
		if i%2 == 1 {
			command = "PSUBSCRIBE ch*\r\n"
		}
		fmt.Fprint(subscribers[i], command)
		if _, err := subscribers[i].Read(make([]byte, 100)); err != nil {
			t.Fatal(err)
		}
	}
	message := strings.Repeat("m", mib)
	for range 20 {
		if got := do(t, c, "PUBLISH", "channel", message); got != ":20" {
			t.Fatalf("PUBLISH answered %s", got)
		}
	}
	named(t, c, "subscriber", "pubsub", "reply-values", 10*mib)
	prompt(t, c)
	if n := figure(t, c, "memory", "used_memory") - before.used; n < 10*mib || n > 25*mib {
		t.Errorf("20 messages of 1 MiB for 20 subscribers take %d bytes", n)
	}
	audited(t, c)

	// What they read is whole.
	var want, got strings.Builder
	for range 20 {
		fmt.Fprintf(&want, "*3\r\n$7\r\nmessage\r\n$7\r\nchannel\r\n$%d\r\n%s\r\n", len(message), message)
	}
	buf := make([]byte, mib)
	for got.Len() < want.Len() {
		n, err := subscribers[0].Read(buf)
		if err != nil {
			t.Fatal(err)
		}
		got.Write(buf[:n])
	}
	if got.String() != want.String() {
		t.Error("messages arrived damaged")
	}
	// The limit of each counts what it keeps alive.
	do(t, c, "CONFIG", "SET", "client-output-buffer-limit", "pubsub 8mb 0 0")
	do(t, c, "PUBLISH", "channel", message)
	eventually(t, "the limit ends all but the one that read", func() bool {
		return figure(t, c, "stats", "client_output_buffer_limit_disconnections") == 19
	})
	subscribers[0].Close()
	before.again(t, s, c)
}

// TestSlowBulks: several large arguments that arrive slowly take their own size and no more, and become values in place.
func TestSlowBulks(t *testing.T) {
	s := start(t)
	c := dial(t, s)
	before := atRest(t, s, c)
	const size, senders = 16 * mib, 4
	value := strings.Repeat("b", size)
	peak := 0
	conns := make([]net.Conn, senders)
	for i := range conns {
		conns[i] = lazy(t, s, "sender")
		fmt.Fprintf(conns[i], "*3\r\n$3\r\nSET\r\n$5\r\nkey:%d\r\n$%d\r\n", i, size)
	}
	for at := 0; at < size; at += mib {
		for _, l := range conns {
			if _, err := l.Write([]byte(value[at : at+mib])); err != nil {
				t.Fatal(err)
			}
		}
		peak = max(peak, resident(t, s))
	}
	named(t, c, "sender", "normal", "query-buffer", size)
	prompt(t, c)
	audited(t, c)
	for _, l := range conns {
		fmt.Fprint(l, "\r\n")
		if _, err := l.Read(make([]byte, 5)); err != nil {
			t.Fatal(err)
		}
		peak = max(peak, resident(t, s))
	}
	if over := peak - before.rss - senders*size; over > 16*mib {
		t.Errorf("%d MiB more than the values were resident", over/mib)
	}
	if got := do(t, c, "STRLEN", "key:3"); got != ":"+strconv.Itoa(size) {
		t.Errorf("a value of %s bytes", got)
	}
	audited(t, c)
	do(t, c, "FLUSHALL")
	for _, l := range conns {
		l.Close()
	}
	before.again(t, s, c)
}

// TestIdleClients: what clients take that are silent, after large requests and replies too.
func TestIdleClients(t *testing.T) {
	const clients = 300
	// What comes with commands and not with clients is left out: histograms, slow commands, jumps of memory.
	s := start(t, "--slowlog-log-slower-than", "-1", "--latency-tracking", "no", "--memory-history", "no")
	c := dial(t, s)
	do(t, c, "SET", "key", strings.Repeat("v", 10_000)) // short enough to be copied
	before := atRest(t, s, c)
	conns := make([]*live.Conn, clients)
	for i := range conns {
		conns[i] = dial(t, s)
		do(t, conns[i], "PING")
	}
	one := (figure(t, c, "memory", "used_memory") - before.used) / clients
	if one > 2600 {
		t.Errorf("a client takes %d bytes", one)
	}
	many := []string{"ECHO", strings.Repeat("x", 64<<10)}
	mset := []string{"MSET"}
	for i := range 400 {
		mset = append(mset, fmt.Sprint("k:", i%10), "v")
	}
	for _, l := range conns {
		for _, command := range [][]string{many, mset, {"MGET", "key", "key", "key", "key", "key", "key"}} {
			if err := l.Send(command...); err != nil {
				t.Fatal(err)
			}
			if _, err := l.ReadRaw(nil); err != nil {
				t.Fatal(err)
			}
		}
	}
	if n := (figure(t, c, "memory", "used_memory") - before.used) / clients; n < 3*one {
		t.Errorf("a client that is busy takes %d bytes, one that is not %d", n, one)
	}
	audited(t, c)
	end := time.Now().Add(20 * time.Second)
	for n := 0; ; time.Sleep(100 * time.Millisecond) {
		n = (figure(t, c, "memory", "used_memory") - before.used) / clients
		if n < 1600 {
			break
		}
		if time.Now().After(end) {
			t.Fatalf("a silent client takes %d bytes after 20 seconds", n)
		}
	}
	audited(t, c)
	for _, l := range conns {
		l.Close()
	}
	before.again(t, s, c)
}

// TestStalledTracking: invalidations that are not read, of keys and of prefixes.
func TestStalledTracking(t *testing.T) {
	s := start(t)
	c := dial(t, s)
	const keys = 20_000
	before := atRest(t, s, c)
	l := lazy(t, s, "cache")
	fmt.Fprint(l, "HELLO 3\r\n")
	l.Read(make([]byte, 4096))
	fmt.Fprint(l, "CLIENT TRACKING ON BCAST\r\n")
	l.Read(make([]byte, 5))
	name := strings.Repeat("k", 1000)
	write := func() {
		for i := range keys / 100 {
			args := []string{"MSET"}
			for j := range 100 {
				args = append(args, fmt.Sprint(name, i*100+j), "v")
			}
			do(t, c, args...)
		}
	}
	write()
	named(t, c, "cache", "tracking", "reply-list", 8*mib)
	prompt(t, c)
	audited(t, c)
	do(t, c, "CONFIG", "SET", "maxmemory-clients", "8mb")
	eventually(t, "the limit ends it", func() bool { return figure(t, c, "stats", "evicted_clients") == 1 })
	if got := do(t, c, "DBSIZE"); got != ":"+strconv.Itoa(keys) {
		t.Errorf("%s keys are left", got)
	}
	do(t, c, "FLUSHALL")
	before.again(t, s, c)
}

// TestBuffersEvictNoData: with a budget for data, what clients do not read evicts no key; nor do values that keys have let go
// of. Under maxmemory, which has buffers in it, both would.
func TestBuffersEvictNoData(t *testing.T) {
	s := start(t, "--maxmemory-data", "24mb", "--maxmemory-policy", "allkeys-lru", "--client-output-buffer-limit", "pubsub", "0", "0", "0")
	c := dial(t, s)
	value := strings.Repeat("v", mib)
	for i := range 16 {
		do(t, c, "SET", fmt.Sprint("key:", i), value)
	}
	subscriber, reader := lazy(t, s, "subscriber"), lazy(t, s, "reader")
	fmt.Fprint(subscriber, "SUBSCRIBE channel\r\n")
	if _, err := subscriber.Read(make([]byte, 100)); err != nil {
		t.Fatal(err)
	}
	for range 64 {
		do(t, c, "PUBLISH", "channel", value)
	}
	// Each of 64 values is asked for, and then overwritten while it waits.
	fmt.Fprint(reader, strings.Repeat("GET key:0\r\n", 20))
	for i := range 64 {
		fmt.Fprintf(reader, "GET key:%d\r\n", i%16)
		do(t, c, "SET", fmt.Sprint("key:", i%16), value)
	}
	if _, server := owner(t, c); server["shared-output"] < 40*mib {
		t.Errorf("%d bytes of output that many share or no key has", server["shared-output"])
	}
	if n := figure(t, c, "stats", "evicted_keys"); n != 0 {
		t.Errorf("%d keys were evicted", n)
	}
	if got := do(t, c, "DBSIZE"); got != ":16" {
		t.Errorf("%s keys are left", got)
	}
	audited(t, c)
	if !strings.Contains(do(t, c, "CONFIG", "SET", "maxmemory-data", "0", "maxmemory", "40mb"), "OK") {
		t.Fatal("maxmemory is refused")
	}
	eventually(t, "buffers evict under maxmemory", func() bool {
		do(t, c, "SET", "key:0", "v")
		return figure(t, c, "stats", "evicted_keys") > 0
	})
}

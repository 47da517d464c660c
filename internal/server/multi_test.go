package server

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"granary/internal/mem"
	"granary/tests/live"
)

// Transactions beside redis-server, where more than one connection, the server's state or its statistics take part; scripts
// (tests/script) have the rest.

var multiRows = []struct{ name, history string }{
	{"memory is over maxmemory", `
		SET k v
		MULTI
		SET a 1
		2> CONFIG SET maxmemory 1
		EXEC
		MULTI
		GET k
		EXEC
		MULTI
		GET k
		DISCARD
		MULTI
		WATCH k
		MULTI
		RESET
		2> CONFIG SET maxmemory 0
		MULTI
		GET k
		2> CONFIG SET maxmemory 1
		EXEC
		2> CONFIG SET maxmemory 0
		MULTI
		GET k
		2> CONFIG SET maxmemory 1
		SET k w
		2> CONFIG SET maxmemory 0
		EXEC
		GET k`},
	{"statistics", `
		CONFIG RESETSTAT
		MULTI
		SET a x
		SET a
		NOSUCH
		EXEC
		MULTI
		SET a x
		INCR a
		LPUSH a 1
		GET a
		EXEC
		EXEC
		EXEC x
		DISCARD
		WATCH a
		SET a 1
		MULTI
		GET a
		EXEC
		MULTI
		CONFIG SET nosuch 1
		CLIENT NOSUCH
		EXEC
		2> INFO commandstats
		2> INFO errorstats`},
	{"replies that are not wanted", `
		CLIENT REPLY OFF &
		MULTI &
		SET a 1 &
		INCR a &
		EXEC &
		CLIENT REPLY ON
		GET a
		CLIENT REPLY SKIP &
		MULTI &
		INCR a
		EXEC
		MULTI
		CLIENT REPLY SKIP
		INCR a
		EXEC &
		INCR a &
		GET a`},
	{"the own connection", `
		2> MULTI
		2> SET a 1
		2> CLIENT KILL ID {id} SKIPME no
		2> SET b 2
		2> EXEC &
		2> closed
		9> MGET a b`},
	{"queued and gone", `
		3> WATCH a
		3> MULTI
		3> SET a 1
		3> QUIT
		3> closed
		EXISTS a`},
	{"pause of writers", `
		2> CLIENT PAUSE 60000 WRITE
		MULTI
		GET a
		EXEC
		MULTI
		SET a 1 &
		2> CLIENT UNPAUSE
		1<
		2> CLIENT PAUSE 60000 WRITE
		EXEC &
		2> EXISTS a
		2> CLIENT UNPAUSE
		1<
		MULTI
		SET b 1
		CLIENT PAUSE 60000 WRITE
		SET b 2
		EXEC
		2> GET b
		2> CLIENT UNPAUSE`},
	{"pause of all", `
		MULTI
		GET a
		2> CLIENT PAUSE 100 ALL
		EXEC &
		sleep 150
		1<`},
	{"who waits", `
		2> BLPOP l 0 &
		3> BLPOP l 0 &
		MULTI
		RPUSH l a
		DEL l
		RPUSH l b c
		EXEC
		2<
		3<
		4> BRPOPLPUSH s d 0 &
		MULTI
		SET s x
		DEL s
		RPUSH s y
		EXEC
		4<
		5> BLMOVE w d LEFT LEFT 0 &
		6> WATCH d
		6> MULTI
		6> PING
		RPUSH w 1
		5<
		6> EXEC`},
	{"permissions", `
		ACL SETUSER u on nopass ~* +@all -incr
		4> AUTH u x
		4> MULTI
		4> INCR a
		4> SET a 1
		4> EXEC
		4> MULTI
		4> SET a 1
		4> GET a
		ACL SETUSER u -set
		4> EXEC
		4> MULTI
		4> GET a
		ACL SETUSER u resetkeys ~b
		4> EXEC
		ACL DELUSER u`},
	{"monitor", `
		7> MONITOR
		MULTI
		SET a 1
		AUTH x y
		LPUSH a 1
		SELECT 0
		EXEC
		7<
		7<
		7<
		7<
		7<
		7<
		7> RESET`},
	{"slow log", `
		CONFIG SET slowlog-log-slower-than 0
		SLOWLOG RESET
		MULTI
		SET a 1
		AUTH x y
		GET a
		EXEC
		SLOWLOG GET
		CONFIG SET slowlog-log-slower-than 10000`},
	{"output limit", `
		CONFIG SET client-output-buffer-limit normal_100000_0_0
		SETRANGE big 60000 x
		2> MULTI
		2> SET before 1
		2> GET big
		2> GET big
		2> GET big
		2> GET big
		2> GET big
		2> GET big
		2> SET after 1
		2> EXEC &
		2> closed
		MGET before after
		CONFIG SET client-output-buffer-limit normal_0_0_0`},
	{"SHUTDOWN and others", `
		MULTI
		SHUTDOWN
		EXEC
		MULTI
		SAVE
		EXEC
		MULTI
		ACL WHOAMI
		CLIENT GETNAME
		COMMAND GETKEYS SET a b
		OBJECT FREQ nosuch
		EXEC`},
	{"subscribers", `
		2> MULTI
		2> SUBSCRIBE c
		2> PING
		2> EXEC
		2> UNSUBSCRIBE`},
	{"time stands still", `
		MULTI
		SET a 1 PX 5
		DEBUG SLEEP 0.02
		EXISTS a
		EXEC
		EXISTS a
		SET a 1 PX 300
		WATCH a
		MULTI
		EXISTS a
		sleep 400
		EXEC`},
}

// noise is what differs from one server, or one time, to another.
var noise = regexp.MustCompile(`usec=\d+,usec_per_call=[\d.]+|\d{10}\.\d{6}|127\.0\.0\.1:\d+|NOPERM \S+ \S+ has`)

func quiet(replies []string) string { return noise.ReplaceAllString(strings.Join(replies, "\n"), "-") }

// statistics puts the lines of INFO in order, as each server has its own.
func statistics(reply string) string {
	r := strings.Split(reply, "\r\n")
	slices.Sort(r)
	return strings.Join(r, "\n")
}

// slowEntry finds what an entry of SLOWLOG GET has besides its arguments.
var slowEntry = regexp.MustCompile(`(?m)^  \*6\n    :\d+\n    :\d+\n    :\d+$`)

func TestMultiBesideRedis(t *testing.T) {
	redis := live.NeedStart(t, "redis", live.NeedRedis(t))
	none := func() []string { return nil }
	theirs := &side{root: t, t: t, addr: redis.Addr, clients: map[string]*live.Conn{}, stream: none}
	s := startTest(t, 2)
	s.mu.Lock()
	s.cfg.EnableDebugCommand = 1
	addr := fmt.Sprintf("127.0.0.1:%d", s.cfg.Port)
	s.mu.Unlock()
	ours := &side{root: t, t: t, addr: addr, clients: map[string]*live.Conn{}, stream: none}
	for _, row := range multiRows {
		t.Run(row.name, func(t *testing.T) {
			var got [2]string
			for i, side := range []*side{ours, theirs} {
				side.t = t
				side.run("9> FLUSHALL")
				replies, _ := side.run(row.history)
				for j := range replies {
					if strings.Contains(replies[j], "cmdstat_") || strings.Contains(replies[j], "errorstat_") {
						replies[j] = statistics(replies[j])
					}
				}
				got[i] = slowEntry.ReplaceAllString(quiet(replies), "  entry")
			}
			if got[0] != got[1] {
				t.Errorf("replies\n%s\nredis\n%s", got[0], got[1])
			}
		})
	}
	theirs.t, ours.t = t, t
	for _, c := range ours.clients {
		c.Close()
	}
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(time.Millisecond) {
		s.mu.Lock()
		n := s.env.Clients.Len()
		s.mu.Unlock()
		if n == 0 || time.Now().After(deadline) {
			break
		}
	}
	books := mem.ReadStats().Books
	for _, p := range []mem.Purpose{mem.PurposeMulti, mem.PurposeWatch} {
		if n := books.Purposes[p].Usable; n != 0 {
			t.Errorf("%d bytes of %s are left", n, p)
		}
	}
}

// TestQueueLimit: what is queued counts as a request that is not complete, against client-query-buffer-limit.
func TestQueueLimit(t *testing.T) {
	s := startTest(t, 1)
	s.mu.Lock()
	s.cfg.ClientQueryBufferLimit = 1 << 20
	addr := fmt.Sprintf("127.0.0.1:%d", s.cfg.Port)
	s.mu.Unlock()
	c, err := live.Dial(addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	value := strings.Repeat("x", 100_000)
	if r, err := c.Do("MULTI"); err != nil || r.Str != "OK" {
		t.Fatal(r, err)
	}
	queued := 0
	for ; queued < 100; queued++ {
		if _, err := c.Do("SET", "k", value); err != nil {
			break
		}
	}
	if queued < 9 || queued > 10 { // the request that is one too many counts, too
		t.Errorf("the connection ends behind %d times 100,000 bytes", queued)
	}
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(time.Millisecond) {
		s.mu.Lock()
		closed, left := s.env.Stats.QueryLimit, mem.ReadStats().Books.Purposes[mem.PurposeMulti].Usable
		s.mu.Unlock()
		if closed == 1 && left == 0 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d clients closed for their queries, %d bytes queued", closed, left)
		}
	}
}

package process

import (
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"granary/tests/live"
)

// Scenarios as in pubsub_test.go. "@b" stands for the ID of client b, "b: !close" closes its connection, and "b: !wait n"
// lets n milliseconds go by.
var trackingScenarios = []struct{ name, steps string }{
	{"errors", `
		b: GET x
		a: CLIENT TRACKING
		a: CLIENT TRACKING maybe
		a: CLIENT TRACKING ON NOSUCH
		a: CLIENT TRACKING ON REDIRECT
		a: CLIENT TRACKING ON PREFIX
		a: CLIENT TRACKING ON REDIRECT x
		a: CLIENT TRACKING ON REDIRECT 123456
		a: CLIENT TRACKING ON REDIRECT 0
		a: CLIENT TRACKING ON REDIRECT -1
		a: CLIENT TRACKING ON REDIRECT @b REDIRECT @b
		a: CLIENT TRACKING OFF REDIRECT 123456
		a: CLIENT TRACKING OFF PREFIX x OPTIN OPTOUT
		a: CLIENT TRACKING ON PREFIX x
		a: CLIENT TRACKING ON BCAST OPTIN
		a: CLIENT TRACKING ON BCAST OPTOUT
		a: CLIENT TRACKING ON OPTIN OPTOUT
		a: CLIENT TRACKING ON BCAST PREFIX foo PREFIX foobar
		a: CLIENT TRACKING ON BCAST PREFIX foobar PREFIX foo
		a: CLIENT TRACKING ON BCAST PREFIX foo PREFIX foo
		a: CLIENT TRACKINGINFO
		a: CLIENT CACHING
		a: CLIENT CACHING YES
		a: CLIENT CACHING maybe
		a: CLIENT GETREDIR
		a: CLIENT TRACKING ON
		a: CLIENT CACHING YES
		a: CLIENT CACHING NO
		a: CLIENT CACHING maybe
		a: CLIENT TRACKING ON BCAST
		a: CLIENT TRACKING ON OPTIN
		a: CLIENT TRACKING ON OPTOUT
		a: CLIENT TRACKING ON OPTIN NOLOOP
		a: CLIENT CACHING NO
		a: CLIENT TRACKING ON
		a: CLIENT CACHING YES
		a: CLIENT TRACKING OFF
		a: CLIENT TRACKING ON BCAST PREFIX foo PREFIX bar
		a: CLIENT TRACKING ON BCAST PREFIX fo
		a: CLIENT TRACKING ON BCAST PREFIX barb
		a: CLIENT TRACKING ON BCAST PREFIX new
		a: CLIENT TRACKING ON BCAST
		a: CLIENT TRACKING ON BCAST
		a: CLIENT TRACKINGINFO
		a: CLIENT TRACKING ON BCAST PREFIX zzz
		a: CLIENT TRACKING ON
		a: CLIENT TRACKING OFF
		a: CLIENT TRACKING OFF
		a: CLIENT GETREDIR`},
	{"state", `
		a: CLIENT TRACKINGINFO
		a: CLIENT TRACKING ON
		a: CLIENT TRACKINGINFO
		b: GET x
		a: CLIENT TRACKING ON REDIRECT @b NOLOOP
		a: CLIENT TRACKINGINFO
		a: CLIENT GETREDIR
		a: CLIENT TRACKING ON OPTIN
		a: CLIENT CACHING YES; CLIENT TRACKINGINFO
		a: CLIENT TRACKINGINFO; GET x; CLIENT TRACKINGINFO
		a: CLIENT TRACKING OFF
		a: CLIENT TRACKING ON OPTOUT
		a: CLIENT CACHING NO; CLIENT TRACKINGINFO
		a: CLIENT TRACKING ON
		a: RESET; CLIENT TRACKINGINFO
		a: HELLO 3
		a: CLIENT TRACKING ON BCAST PREFIX b PREFIX a NOLOOP
		a: CLIENT TRACKINGINFO
		a: CLIENT GETREDIR`},
	{"RESP3", `
		a: HELLO 3
		a: CLIENT TRACKING ON
		b: MSET x 1 y 2
		a: GET x
		b: SET y 3
		b: SET x 2
		b: SET x 3
		a: GET x; SET x 4; GET x
		a: SET x 5
		a: INCR x
		a: MGET x y nosuch
		b: SET nosuch 1
		b: DEL x y
		a: GET x
		b: SET x 1
		a: LRANGE x 0 -1
		b: DEL x
		a: TYPE l; EXISTS l; TTL l; STRLEN l2; LLEN l3; SCARD l4
		b: RPUSH l a; RPUSH l2 a; RPUSH l3 a; SADD l4 a
		a: GETSET l5 x
		b: SET l5 x
		a: KEYS *
		b: SET l6 x
		a: GET l6 toomany
		b: SET l6 y
		a: OBJECT ENCODING l6
		b: SET l6 z
		a: HELLO 2
		a: GET l6
		b: SET l6 x
		a: PING
		a: HELLO 3
		a: GET l6
		b: SELECT 3; SET l6 x
		a: CLIENT TRACKING OFF
		a: GET l6
		b: SET l6 x`},
	{"what changes keys", `
		a: HELLO 3
		a: CLIENT TRACKING ON
		b: RPUSH src a b; SADD set a; ZADD z 1 a; HSET h f v
		a: MGET src dst; LLEN src; SCARD set; ZCARD z; HLEN h
		b: RENAME src dst
		a: EXISTS dst src
		b: LMOVE dst src LEFT LEFT
		a: EXISTS dst src
		b: COPY src dst REPLACE
		b: SADD set a
		b: SADD set b
		b: ZADD z 1 a
		b: ZADD z 2 a
		b: HSET h f w
		a: HGETALL h
		b: HDEL h nosuch
		b: HDEL h f
		a: EXISTS src
		b: MOVE src 5
		a: EXISTS src dst
		b: SWAPDB 0 5
		b: EXPIRE src 100
		b: PERSIST src
		a: SMEMBERS set
		b: DEL nosuch
		b: SETNX dst 1
		a: PFCOUNT hll
		b: PFADD hll a b c
		a: PFCOUNT hll
		b: PFADD hll a
		a: SORT_RO src
		b: SORT src ALPHA STORE src
		a: EXISTS e
		b: EVAL return~redis.call('set','e','1') 0
		a: EXISTS e
		b: EVAL redis.call('incr','e');return~redis.call('incr','e') 0`},
	{"expiry", `
		a: HELLO 3
		a: CLIENT TRACKING ON
		b: DEBUG SET-ACTIVE-EXPIRE 0
		b: SET x 1 PX 300
		a: GET x
		b: !wait 400
		b: GET x
		b: SET x 1 PX 300
		a: GET x
		a: !wait 400
		a: GET x
		a: GET x
		b: SET x 1
		a: GET x
		b: SET x 1 PX 300
		a: MULTI; GET x; EXEC
		b: !wait 400
		a: MULTI; GET x; GET y; EXEC
		b: DEBUG SET-ACTIVE-EXPIRE 1
		b: SET x 1 PX 300
		b: !wait 600
		b: PING
		a: EXPIRE x 100
		a: CLIENT TRACKING ON NOLOOP
		b: DEBUG SET-ACTIVE-EXPIRE 0
		b: SET x 1 PX 300
		a: GET x
		a: !wait 400
		a: GET x
		b: SET x 1
		b: DEBUG SET-ACTIVE-EXPIRE 1
		a: EXISTS x
		b: EXPIRE x -1`},
	{"redirection to a subscriber of RESP2", `
		b: SUBSCRIBE __redis__:invalidate
		a: CLIENT TRACKING ON REDIRECT @b
		a: GET x
		c: SET x 1
		a: GET x; SET x 2; GET x
		a: MGET x y
		c: MSET x 1 y 2
		a: MGET x y
		c: FLUSHALL
		a: HELLO 3
		a: GET x
		c: SET x 2
		a: GET x
		c: FLUSHDB
		b: UNSUBSCRIBE
		a: GET x
		c: SET x 3
		b: PSUBSCRIBE other
		a: GET x
		c: SET x 3
		c: HELLO 3
		c: CLIENT TRACKING ON REDIRECT @b
		a: GET x
		c: GET x
		c: SET x 4`},
	{"redirection to RESP3, and to itself", `
		b: HELLO 3
		a: CLIENT TRACKING ON REDIRECT @b
		a: GET x
		c: SET x 1
		a: GET x
		a: SET x 1
		a: GET x
		c: FLUSHALL
		a: FLUSHALL
		c: HELLO 3
		c: CLIENT TRACKING ON REDIRECT @c
		c: GET x
		a: SET x 2
		c: GET x
		c: SET x 2`},
	{"broken redirection", `
		b: SUBSCRIBE __redis__:invalidate
		a: HELLO 3
		a: CLIENT TRACKING ON REDIRECT @b
		a: GET x
		b: !close
		a: CLIENT TRACKINGINFO
		c: SET x 1
		a: CLIENT TRACKINGINFO
		a: CLIENT GETREDIR
		a: GET x
		a: SET x 2
		c: FLUSHALL
		a: FLUSHALL
		a: CLIENT TRACKING ON
		a: CLIENT TRACKINGINFO
		a: GET x
		c: SET x 1`},
	{"flush", `
		a: HELLO 3
		a: CLIENT TRACKING ON
		b: HELLO 3
		b: CLIENT TRACKING ON BCAST PREFIX k
		c: FLUSHDB
		c: SET k 1
		a: GET k
		c: SELECT 5; FLUSHDB
		c: SET k 1
		a: FLUSHALL
		a: SET k 1; GET k
		b: FLUSHALL ASYNC
		a: GET k
		a: MULTI; SET k 2; FLUSHDB; SET k 3; EXEC
		c: EVAL return~redis.call('flushall') 0
		a: CLIENT TRACKING OFF
		c: FLUSHALL`},
	{"OPTIN", `
		a: HELLO 3
		a: CLIENT TRACKING ON OPTIN
		a: GET x
		b: SET x 1
		a: CLIENT CACHING YES; GET x; GET y
		b: MSET x 2 y 2
		a: CLIENT CACHING YES; CLIENT GETNAME; GET x
		b: SET x 3
		a: CLIENT CACHING YES; PING; GET x
		b: SET x 4
		a: CLIENT CACHING YES; NOSUCH; GET x
		b: SET x 4
		a: CLIENT CACHING YES; GET; GET x
		b: SET x 4
		a: CLIENT CACHING YES; CLIENT NOSUCH; GET x
		b: SET x 4
		a: CLIENT CACHING YES; MULTI; GET x; GET y; EXEC
		b: MSET x 5 y 5
		a: GET x
		b: SET x 1
		a: MULTI; CLIENT CACHING YES; GET x; GET y; EXEC
		b: MSET x 5 y 5
		a: CLIENT CACHING YES; MULTI; GET x; DISCARD; GET y
		b: MSET x 5 y 5
		a: CLIENT CACHING YES; EVAL redis.call('get','x');return~redis.call('get','y') 2 x y; GET z
		b: MSET x 5 y 5 z 5
		a: CLIENT CACHING YES; CLIENT TRACKING ON OPTIN; GET x
		b: SET x 1`},
	{"OPTOUT", `
		a: HELLO 3
		a: CLIENT TRACKING ON OPTOUT
		a: GET x
		b: SET x 1
		a: CLIENT CACHING NO; GET x; GET y
		b: SET x 2; SET y 2
		a: CLIENT CACHING NO; MULTI; GET x; EXEC; GET y
		b: SET x 2; SET y 2`},
	{"NOLOOP", `
		a: HELLO 3
		a: CLIENT TRACKING ON NOLOOP
		a: MGET x y z; SET x 1
		b: SET y 1
		b: SET x 1
		a: EVAL return~redis.call('set','z','1') 0
		b: SET z 1
		a: MULTI; GET x; SET x 2; EXEC
		b: SET x 3
		a: FLUSHALL`},
	{"transactions", `
		a: HELLO 3
		a: CLIENT TRACKING ON
		a: MULTI; GET x; GET y; EXEC
		b: MULTI; SET x 1; SET y 1; EXEC
		a: MULTI; GET x; INCR x; GET x; INCR x; GET y; EXEC
		b: SET x 1
		b: SET y 1
		a: MULTI; GET x; DISCARD
		b: SET x 1`},
	{"scripts", `
		a: HELLO 3
		a: CLIENT TRACKING ON
		b: MSET k1 1 k2 1 k3 1
		a: EVAL redis.call('set','k3','bar') 2 k1 k2
		b: MSET k1 2 k2 2 k3 2
		a: EVAL redis.call('get','k2') 1 k2
		b: MSET k1 2 k2 2 k3 2
		a: EVAL_RO redis.call('ping') 2 k1 k2
		b: MSET k1 2 k2 2 k3 2
		a: EVAL_RO return~redis.call('get','k2') 1 k2
		b: MSET k1 2 k2 2 k3 2
		a: GET k1
		a: EVAL redis.call('set','k1','x');return~redis.call('get','k2') 1 k2
		b: SET k2 1`},
	{"blocked clients", `
		a: HELLO 3
		a: CLIENT TRACKING ON
		a: LRANGE dst 0 -1
		a: XRANGE s - +
		a: BLMOVE src dst LEFT LEFT 0
		b: RPUSH src x
		a: LRANGE dst 0 -1
		b: RPUSH dst y
		b: XADD s 1-1 f v`},
	{"broadcasting", `
		a: HELLO 3
		a: CLIENT TRACKING ON BCAST
		b: MSET z 1 y 2 x 3
		a: GET x
		b: SET x 1
		a: SET x 2
		a: SET x 3 PX 1
		b: !wait 300
		b: MULTI; SET x 1; SET x 2; DEL x; SET y 1; EXEC
		b: EVAL redis.call('set','x','1');redis.call('set','a','1') 0
		b: DEL nosuch
		b: SET x 1 GET
		a: CLIENT TRACKING OFF
		b: SET x 1
		a: CLIENT TRACKING ON
		a: GET x
		a: CLIENT TRACKING OFF
		a: CLIENT TRACKING ON BCAST PREFIX none
		b: SET x 1
		b: SET none 1`},
	{"broadcasting prefixes", `
		a: HELLO 3
		c: HELLO 3
		a: CLIENT TRACKING ON BCAST PREFIX b: PREFIX a:
		c: CLIENT TRACKING ON BCAST PREFIX a PREFIX c
		b: MSET a:1 1 a:2 1 b:2 1 b:1 1 c:1 1 x 1 a: 1 a 1
		a: MSET a:1 1 x 1
		a: CLIENT TRACKING ON BCAST PREFIX x
		b: MSET x 1 b:1 1
		c: RESET
		b: MSET a:1 1 c:1 1
		a: CLIENT TRACKING OFF
		b: MSET a:1 1 c:1 1`},
	{"broadcasting without loop", `
		b: SUBSCRIBE __redis__:invalidate
		a: CLIENT TRACKING ON BCAST REDIRECT @b NOLOOP
		c: SET x 1
		a: SET x 2
		c: SET y 1
		c: DEBUG SET-ACTIVE-EXPIRE 0
		a: MULTI; SET x 1; SET y 2 PX 1; DEBUG SLEEP 0.01; GET y; EXEC
		c: MSET x 1 y 1
		c: DEBUG SET-ACTIVE-EXPIRE 1
		a: FLUSHALL
		c: FLUSHALL`},
	{"replies off", `
		a: HELLO 3
		a: CLIENT TRACKING ON
		a: GET x
		a: CLIENT REPLY OFF
		b: SET x 1
		a: CLIENT REPLY ON
		a: GET x
		a: CLIENT REPLY SKIP; SET x 3; PING
		b: SET x 1`},
	{"too many keys", `
		a: HELLO 3
		a: CLIENT TRACKING ON
		a: GET x
		b: CONFIG SET tracking-table-max-keys 1
		a: GET x
		b: SET x 1
		a: GET x
		b: CONFIG SET tracking-table-max-keys 0
		a: MGET a b c d e f
		b: PING`},
}

// TestTracking compares what several clients receive with what redis-server sends, byte for byte.
func TestTracking(t *testing.T) {
	for _, sc := range trackingScenarios {
		t.Run(sc.name, func(t *testing.T) {
			// Both ends of DEBUG have to be open to all.
			ours := playTracking(t, start(t, "--enable-debug-command", "yes"), sc.steps)
			theirs := playTracking(t, live.NeedStart(t, "redis", live.NeedRedis(t), "--enable-debug-command", "yes"), sc.steps)
			for i := range ours {
				if ours[i] != theirs[i] {
					t.Errorf("granary:\n%s\nredis:\n%s", ours[i], theirs[i])
				}
			}
		})
	}
}

var trackingIDs = regexp.MustCompile(`(?m)(tracking-redir-broken\\r\\n:|redirect\\r\\n:|^":|^ *:)(\d+)`)

// playTracking returns, for each step, the step and what each client received.
func playTracking(t *testing.T, s *live.Server, steps string) (seen []string) {
	clients, ids := map[string]*live.Conn{}, map[string]string{}
	names, silent := []string{"a", "b", "c"}, map[string]bool{}
	for _, name := range names {
		clients[name] = dial(t, s)
		ids[name] = strings.TrimPrefix(do(t, clients[name], "CLIENT", "ID"), ":")
	}
	for n, step := range strings.Split(strings.TrimSpace(steps), "\n") {
		step = strings.TrimSpace(step)
		who, commands, _ := strings.Cut(step, ": ")
		if ms, wait := strings.CutPrefix(commands, "!wait "); wait {
			d, _ := strconv.Atoi(ms)
			time.Sleep(time.Duration(d) * time.Millisecond)
		} else if commands == "!close" {
			clients[who].Close()
			delete(clients, who)
			watcher := dial(t, s)
			eventually(t, "the end of "+who, func() bool {
				return !strings.Contains(do(t, watcher, "CLIENT", "LIST"), "id="+ids[who]+" ")
			})
			watcher.Close()
		} else {
			for _, c := range strings.Split(commands, "; ") {
				args := strings.Fields(c)
				for i, arg := range args {
					if id, ok := strings.CutPrefix(arg, "@"); ok {
						arg = ids[id]
					}
					args[i] = strings.ReplaceAll(arg, "~", " ")
				}
				if err := clients[who].Send(args...); err != nil {
					t.Fatal(err)
				}
			}
		}
		if strings.Contains(steps, "BCAST") {
			time.Sleep(20 * time.Millisecond) // the turn ends before the next request
		}
		said := step
		for _, name := range append([]string{who}, names...) {
			c := clients[name]
			if c == nil || strings.Contains(said, "\n"+name+" received") {
				continue
			}
			if strings.Contains(step, "REPLY O") {
				silent[name] = name == who && strings.Contains(step, "REPLY OFF")
			}
			if silent[name] || name == who && strings.Contains(step, "BLMOVE") {
				continue // does not answer now
			}
			got := drain(t, c, "sync"+strconv.Itoa(n))
			for i := range got {
				got[i] = trackingIDs.ReplaceAllStringFunc(got[i], func(m string) string {
					at := strings.LastIndexByte(m, ':') + 1
					if !strings.Contains(m, "redir") && !strings.Contains(step, "GETREDIR") && !strings.Contains(step, "TRACKINGINFO") {
						return m
					}
					for name, id := range ids {
						if m[at:] == id {
							return m[:at] + "@" + name
						}
					}
					return m
				})
			}
			said += "\n" + name + " received " + strings.Join(got, " ")
		}
		if !strings.Contains(step, "HELLO") { // who we are differs
			seen = append(seen, said)
		}
	}
	return seen
}

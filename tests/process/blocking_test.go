package process

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"granary/tests/live"
)

// A play is a scene with several clients, one act per line. Lower-case letters name clients, which are connected when they
// first appear.
//
//	a: BLPOP k 0     a sends a command and reads its reply
//	a! BLPOP k 0     a sends commands (parted by |) and the server has a blocked client more
//	a?               a reads a reply
//	a? 3             a reads three
//	a-               a goes away
//	a= blpop         a asks what was counted of a command
var plays = []struct{ name, acts string }{
	{"order of blocking", `
		a! BLPOP k 0
		b! BRPOP k 0
		c! BLPOP k 0
		x: RPUSH k 1 2 3
		a?
		b?
		c?
		x: EXISTS k`},
	{"one at a time", `
		a! BLPOP k 0
		b! BLPOP k 0
		x: RPUSH k 1
		a?
		a! BLPOP k 0
		x: RPUSH k 2
		b?
		x: RPUSH k 3
		a?`},
	{"several keys, one of them twice", `
		a! BLPOP one two one three 0
		b! BRPOP two three 0
		x: RPUSH three 3 4
		a?
		b?
		x: RPUSH one 1
		a: BLPOP two one 0
		x: DBSIZE`},
	{"a chain of moves", `
		c! BLMOVE l2 l3 LEFT RIGHT 0
		b! BRPOPLPUSH l1 l2 0
		d! BLPOP l3 0
		x: RPUSH l1 v
		b?
		c?
		d?
		x: KEYS *`},
	{"a circle", `
		a! BRPOPLPUSH k k 0
		x: RPUSH k 1 2
		a?
		x: LRANGE k 0 -1`},
	{"a value of another type does not wake", `
		a! BLPOP k 0
		b! BZPOPMIN k 0
		x: SET k v
		x: DEL k
		x: SADD k v
		x: DEL k
		x: ZADD k 1 m 2 n
		b?
		x: DEL k
		x: RPUSH k e
		a?`},
	{"the destination is of another type", `
		x: SET dst v
		a! BLMOVE src dst LEFT RIGHT 0
		b! BLPOP src 0
		x: RPUSH src 1 2
		a?
		b?
		x: LRANGE src 0 -1`},
	{"keys that come from elsewhere", `
		a! BLPOP k 0
		b! BLPOP k 0
		c! BLPOP k 0
		d! BZPOPMAX z 0
		x: RPUSH other 1
		x: RENAME other k
		a?
		x: RPUSH other 2
		x: COPY other k
		b?
		x: SELECT 9
		x: RPUSH k 3
		x: MOVE k 0
		c?
		x: ZADD z 1 m
		x: SWAPDB 0 9
		d?`},
	{"LINSERT and LSET do not wake, stored results do", `
		a! BLPOP k 0
		b! BZPOPMIN z 0
		x: LPUSHX k 1
		x: SADD s 3 1 2
		x: SORT s STORE k
		a?
		x: ZADD z1 1 m
		x: ZUNIONSTORE z 1 z1
		b?
		x: LRANGE k 0 -1`},
	{"the time is over", `
		a: BLPOP k 0.02
		a: BLMOVE k l LEFT LEFT 0.02
		a: BRPOPLPUSH k l 0.02
		a: BLMPOP 0.02 2 k l LEFT
		a: BZPOPMIN k 0.001
		a: BZMPOP 0.02 1 k MAX
		a: PING
		x: RPUSH k 1
		x: LLEN k`},
	{"CLIENT UNBLOCK", `
		a: CLIENT ID
		a! BLPOP k 0
		x: CLIENT UNBLOCK $a
		a?
		x: CLIENT UNBLOCK $a
		a! BLMOVE k l LEFT LEFT 0
		x: CLIENT UNBLOCK $a TIMEOUT
		a?
		a! BZMPOP 0 1 k MIN
		x: CLIENT UNBLOCK $a ERROR
		a?
		x: CLIENT UNBLOCK 0
		a: PING`},
	{"a client that goes away gets nothing", `
		a! BLPOP k l 0
		b! BLPOP k 0
		a-
		x: RPUSH k 1
		b?
		x: RPUSH l 1
		x: LLEN l`},
	{"a client that is killed gets nothing", `
		a: CLIENT ID
		a! BLPOP k 10
		x: CLIENT KILL ID $a
		x: RPUSH k 1
		x: LLEN k`},
	{"what is pipelined waits", `
		a! BLPOP k 0|PING|SET p q
		x: GET p
		x: RPUSH k 1
		a? 3
		x: GET p`},
	{"pipelined and blocked twice", `
		a! BLPOP k 0|BLPOP k 0|PING
		x: RPUSH k 1
		a?
		x: RPUSH k 2
		a? 2`},
	{"many at once", `
		a! BLMPOP 0 2 j k LEFT COUNT 2
		b! BLMPOP 0 2 j k RIGHT COUNT 10
		x: RPUSH k 1 2 3 4
		a?
		b?
		a! BZMPOP 0 2 y z MAX COUNT 2
		b! BZPOPMIN y z 0
		c! BZPOPMAX z 0
		x: ZADD z 1 a 2 b 3 c 4.5 d
		a?
		b?
		c?`},
	{"RESP3", `
		a: HELLO 3
		a! BZPOPMIN z 0
		x: ZADD z 1.5 m
		a?
		a! BZMPOP 0 1 z MIN COUNT 2
		x: ZADD z 1.5 m 2 n
		a?
		a: BLPOP k 0.01`},
	{"answers that are not wanted", `
		a! CLIENT REPLY SKIP|BLPOP k 0|ECHO one
		x: RPUSH k 1
		a?
		a! CLIENT REPLY OFF|BLPOP k 0|CLIENT REPLY ON|ECHO two
		x: RPUSH k 1
		a? 2`},
	{"a key that is gone at the end of the command", `
		a! BLPOP k 0
		x: PEXPIREAT k 1
		x: SADD s 1
		x: SORT nothing STORE k
		x: RPUSH k 1
		a?`},
	{"CLIENT PAUSE", `
		a! BLPOP k 0
		b: BLPOP k 0.01
		x: CLIENT PAUSE 60000 WRITE
		b! RPUSH k 1
		c! BLPOP j 0.01
		x: EXISTS k
		x: CLIENT UNPAUSE
		b?
		a?
		c?
		x: EXISTS k`},
	{"what is counted", `
		x: CONFIG RESETSTAT
		a! BLPOP k 0
		x: RPUSH k 1
		a?
		x: ZADD z 1 m
		c: BLPOP z 0
		c: BLPOP z 0.01 1
		c: BLPOP k 0.01
		x: EXISTS k
		x= blpop`},
}

// play performs a scene and returns what was said, a line per reply.
func play(t *testing.T, s *live.Server, acts string) (said []string) {
	t.Helper()
	boss := dial(t, s)
	do(t, boss, "FLUSHALL")
	conns, ids := map[string]*live.Conn{}, map[string]string{}
	blocked := func() string {
		return field(t, boss, "clients", "blocked_clients")
	}
	wait := func(want int) {
		for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); {
			if blocked() == fmt.Sprint(want) {
				return
			}
			time.Sleep(2 * time.Millisecond)
		}
		t.Fatalf("%s: %s clients are blocked, want %d, after\n%s", s.Name, blocked(), want, strings.Join(said, "\n"))
	}
	hear := func(who string) {
		raw, err := conns[who].ReadRaw(nil)
		if err != nil {
			t.Fatalf("%s: %s: %v after\n%s", s.Name, who, err, strings.Join(said, "\n"))
		}
		r, err := live.Parse(raw)
		if err != nil {
			t.Fatal(err)
		}
		said = append(said, who+": "+r.String())
	}
	for act := range strings.Lines(strings.TrimSpace(acts)) {
		act = strings.TrimSpace(act)
		who, kind, text := act[:1], act[1], strings.TrimSpace(act[2:])
		if conns[who] == nil {
			conns[who] = dial(t, s)
		}
		c := conns[who]
		for name, id := range ids {
			text = strings.ReplaceAll(text, "$"+name, id)
		}
		switch kind {
		case ':', '!':
			before := 0
			if kind == '!' {
				fmt.Sscan(blocked(), &before)
			}
			var out []byte
			for _, command := range strings.Split(text, "|") {
				out = live.AppendCommand(out, strings.Fields(command)...)
			}
			c.Write(out)
			if kind == '!' {
				wait(before + 1)
				break
			}
			hear(who)
			switch last := strings.TrimSpace(said[len(said)-1]); text {
			case "CLIENT ID":
				ids[who] = strings.TrimPrefix(last, who+": :")
				fallthrough
			case "HELLO 3":
				said = said[:len(said)-1]
			}
		case '?':
			n := 1
			fmt.Sscan(text, &n)
			for range n {
				hear(who)
			}
		case '=':
			said = append(said, times.ReplaceAllString(field(t, c, "commandstats", "cmdstat_"+text), ""))
		case '-':
			before := 0
			fmt.Sscan(blocked(), &before)
			c.Close()
			delete(conns, who)
			wait(before - 1)
		}
	}
	for _, c := range conns {
		c.Close()
	}
	wait(0)
	return said
}

// field returns a field of INFO.
func field(t *testing.T, c *live.Conn, section, name string) string {
	t.Helper()
	if err := c.Send("INFO", section); err != nil {
		t.Fatal(err)
	}
	raw, err := c.ReadRaw(nil)
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(raw), "\n"+name+":")
	value, _, _ := strings.Cut(rest, "\r")
	return value
}

var times = regexp.MustCompile(`usec[a-z_]*=[0-9.]+,`)

// TestBlocking performs all plays on Granary with one loop and with several, and compares with what redis-server says.
func TestBlocking(t *testing.T) {
	redis := live.NeedStart(t, "redis", live.NeedRedis(t))
	one := start(t, "--io-threads", "1")
	many := start(t, "--io-threads", "3")
	for _, p := range plays {
		t.Run(p.name, func(t *testing.T) {
			want := strings.Join(play(t, redis, p.acts), "\n")
			for _, s := range []*live.Server{one, many} {
				if got := strings.Join(play(t, s, p.acts), "\n"); got != want {
					t.Errorf("got\n%s\nwant\n%s", got, want)
				}
			}
		})
	}
}

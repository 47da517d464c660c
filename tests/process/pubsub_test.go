package process

import (
	"slices"
	"strconv"
	"strings"
	"testing"

	"granary/tests/live"
)

// A scenario is steps "client: command; command"; a client is named by a letter, and speaks RESP3 from "HELLO 3" on.
// After each step everything that every client received is compared. "-" stands for a blank in an argument.
//
// With ownLast the messages that a client's own command has it sent are put behind the reply to that command, where
// redis-server sends them since 7.2.
var pubsubScenarios = []struct {
	name    string
	ownLast bool
	steps   string
}{
	{"channels", false, `
		a: SUBSCRIBE one two one
		b: PUBLISH one hello
		b: PUBLISH none hello
		b: PUBSUB NUMSUB one two none
		b: PUBSUB NUMSUB
		b: PUBSUB CHANNELS
		b: PUBSUB CHANNELS o*
		b: PUBSUB CHANNELS a b
		a: UNSUBSCRIBE two never
		a: UNSUBSCRIBE
		a: UNSUBSCRIBE
		b: PUBLISH one hello
		b: PUBSUB CHANNELS`},
	{"patterns", false, `
		a: PSUBSCRIBE n* ne?s
		c: SUBSCRIBE news
		c: PSUBSCRIBE n*
		b: PUBLISH news hello
		b: PUBSUB NUMPAT
		b: PUBSUB NUMSUB news
		a: PUNSUBSCRIBE n* x
		b: PUBLISH news again
		c: PUNSUBSCRIBE
		c: UNSUBSCRIBE
		a: PUNSUBSCRIBE
		b: PUBSUB NUMPAT`},
	{"shards", false, `
		a: SSUBSCRIBE s1
		a: SUBSCRIBE s1
		b: SPUBLISH s1 hello
		b: PUBLISH s1 hello
		b: PUBSUB SHARDCHANNELS
		b: PUBSUB SHARDCHANNELS x*
		b: PUBSUB SHARDNUMSUB s1 s2
		b: PUBSUB CHANNELS
		a: SUNSUBSCRIBE
		a: SUNSUBSCRIBE
		a: SUNSUBSCRIBE s1`},
	{"limits of RESP2", false, `
		a: SUBSCRIBE one
		a: PING
		a: PING text
		a: PING a b
		a: GET x
		a: CONFIG GET port
		a: ECHO x
		a: NOSUCH
		a: GET
		a: HELLO 3
		a: RESET
		a: PING
		a: GET x
		b: PUBLISH one x`},
	{"shard subscribers are limited, too", false, `
		a: SSUBSCRIBE one
		a: GET x
		a: SUNSUBSCRIBE one
		a: GET x`},
	{"RESP3", true, `
		a: HELLO 3
		a: SUBSCRIBE one
		a: GET x
		a: PUBLISH one self
		a: PING
		b: PUBLISH one hello
		a: PSUBSCRIBE o*
		a: PUBLISH one twice
		a: UNSUBSCRIBE
		a: PUNSUBSCRIBE
		a: PUNSUBSCRIBE`},
	{"replies off", false, `
		a: HELLO 3
		a: CLIENT REPLY OFF; SUBSCRIBE one; SET x 1; CLIENT REPLY ON
		b: PUBLISH one hello
		a: CLIENT REPLY SKIP; SUBSCRIBE two; ECHO here`},
	{"keyspace events", false, `
		a: PSUBSCRIBE __key*
		b: SET x 1
		b: CONFIG SET notify-keyspace-events KEA
		b: SET x 1
		b: DEL x
		b: LPUSH l a b c
		b: RENAME l m
		b: EXPIRE m 100
		b: EXPIRE m -1
		b: SELECT 3
		b: HSET h f v
		b: CONFIG SET notify-keyspace-events Kg$
		b: SET x 1
		b: LPUSH l a
		b: DEL l
		b: CONFIG SET notify-keyspace-events Eh
		b: HSET h f2 v
		b: CONFIG SET notify-keyspace-events ` + "\"\"" + `
		b: SET x 1`},
	{"own events come behind the reply", true, `
		a: HELLO 3
		a: CONFIG SET notify-keyspace-events KEA
		a: PSUBSCRIBE __key*
		a: SET x 1
		a: MSET a 1 b 2
		a: CONFIG SET notify-keyspace-events ` + "\"\""},
	{"transactions", false, `
		a: HELLO 3
		a: SUBSCRIBE one
		b: MULTI; PUBLISH one x; PUBLISH two y; EXEC
		c: MULTI; SUBSCRIBE one; EXEC
		b: PUBLISH one z`},
	{"errors", false, `
		b: SUBSCRIBE
		b: PUBLISH
		b: PUBLISH a
		b: PUBLISH a b c
		b: PUBSUB
		b: PUBSUB NOSUCH
		b: PUBSUB NUMPAT x
		b: SPUBLISH a
		b: SSUBSCRIBE
		b: PSUBSCRIBE`},
}

// TestPubSub compares what several clients receive with what redis-server sends, byte for byte.
func TestPubSub(t *testing.T) {
	for _, sc := range pubsubScenarios {
		t.Run(sc.name, func(t *testing.T) {
			ours := playPubSub(t, start(t), sc.steps, false)
			theirs := playPubSub(t, live.NeedStart(t, "redis", live.NeedRedis(t)), sc.steps, sc.ownLast)
			for i := range ours {
				if ours[i] != theirs[i] {
					t.Fatalf("granary:\n%s\nredis:\n%s", ours[i], theirs[i])
				}
			}
		})
	}
}

// TestQuitUnsubscribes checks that who has seen the reply of QUIT finds nothing of the client any more, whatever loops the
// two are on.
func TestQuitUnsubscribes(t *testing.T) {
	s := start(t)
	b := dial(t, s)
	for range 100 {
		a := dial(t, s)
		for _, args := range [][]string{{"SUBSCRIBE", "one"}, {"PSUBSCRIBE", "o*"}, {"SSUBSCRIBE", "one"}, {"QUIT"}} {
			if _, err := a.Do(args...); err != nil {
				t.Fatal(err)
			}
		}
		for _, args := range [][]string{{"PUBSUB", "NUMPAT"}, {"PUBLISH", "one", "x"}, {"SPUBLISH", "one", "x"}} {
			if r, err := b.Do(args...); err != nil || r.Str != "0" {
				t.Fatalf("after QUIT, %q: %v, %v", args, r, err)
			}
		}
		a.Close()
	}
}

// playPubSub returns, for each step, the step and what each client received.
func playPubSub(t *testing.T, s *live.Server, steps string, ownLast bool) (seen []string) {
	clients := map[string]*live.Conn{}
	for n, step := range strings.Split(strings.TrimSpace(steps), "\n") {
		who, commands, _ := strings.Cut(strings.TrimSpace(step), ": ")
		if clients[who] == nil {
			clients[who] = dial(t, s)
		}
		for _, c := range strings.Split(commands, ";") {
			args := strings.Fields(c)
			for i := range args {
				args[i] = strings.Trim(args[i], `"`)
			}
			if err := clients[who].Send(args...); err != nil {
				t.Fatal(err)
			}
		}
		said := step
		for _, name := range []string{who, "a", "b", "c"} {
			c := clients[name]
			if c == nil || strings.Contains(said, "\n"+name+" received") {
				continue
			}
			got := drain(t, c, "sync"+strconv.Itoa(n))
			if ownLast && name == who {
				slices.SortStableFunc(got, func(x, y string) int { return strings.Index(x, ">") - strings.Index(y, ">") })
			}
			said += "\n" + name + " received " + strings.Join(got, " ")
		}
		if !strings.Contains(step, "HELLO") { // who we are differs
			seen = append(seen, said)
		}
	}
	return seen
}

// drain returns all that a client received until now, in order but for what has none: patterns that match the same
// message, and lists of channels.
func drain(t *testing.T, c *live.Conn, token string) (got []string) {
	t.Helper()
	if err := c.Send("PING", token); err != nil {
		t.Fatal(err)
	}
	for {
		raw, err := c.ReadRaw(nil)
		if err != nil {
			t.Fatalf("%v after %q", err, got)
		}
		if strings.Contains(string(raw), token) {
			return got
		}
		reply, err := live.Parse(raw)
		if err != nil {
			t.Fatalf("%v: %q", err, raw)
		}
		text := strconv.Quote(string(raw))
		if reply.Kind == '*' && !strings.Contains(text, "message") && !strings.Contains(text, "subscribe") {
			text = reply.Sorted().String()
		}
		got = append(got, text)
		for i := len(got) - 1; i > 0 && strings.Contains(text, "pmessage") && strings.Contains(got[i-1], "pmessage") &&
			got[i-1] > got[i]; i-- {
			got[i-1], got[i] = got[i], got[i-1]
		}
	}
}

package server

import (
	"bufio"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"granary/internal/command"
	"granary/tests/live"
)

// Effects beside those of redis-server: what it sends to a replica is compared, unit for unit, with what goes to a feed.
//
// A row is a history of a few lines, each a command of client 1, or of client n if it begins with "n> ". A line that ends
// in " &" is not waited for; "n<" waits for that reply. "sleep ms" lets time go by, and "n> closed" waits until the server
// closes a connection. {id} is the ID of the client that sends it, and _ a blank.

type effectRow struct {
	name     string
	history  string
	anyOrder bool // the order of effects depends on that of a hash table
	// differs is what the feed gets where that is not what redis-server sends, and why says why.
	differs string
	why     string
}

// side is one of the two servers.
type side struct {
	root, t *testing.T
	addr    string
	clients map[string]*live.Conn
	ids     map[string]string // of the clients
	stream  func() []string   // effects since the last call
}

func (s *side) client(name string) *live.Conn {
	c := s.clients[name]
	if c == nil {
		var err error
		if c, err = live.Dial(s.addr); err != nil {
			s.t.Fatal(err)
		}
		s.root.Cleanup(func() { c.Close() })
		r, err := c.Do("CLIENT", "ID")
		s.must(err)
		s.clients[name] = c
		if s.ids == nil {
			s.ids = map[string]string{}
		}
		s.ids[name] = r.Str
	}
	return c
}

// run plays a history and returns the replies and the effects.
func (s *side) run(history string) (replies, effects []string) {
	for _, line := range strings.Split(strings.TrimSpace(history), "\n") {
		line = strings.TrimSpace(line)
		name := "1"
		if len(line) > 1 && line[0] >= '1' && line[0] <= '9' && (line[1] == '>' || line[1] == '<') {
			name = line[:1]
			line = strings.TrimSpace(line[1:])
		} else {
			line = "> " + line
		}
		command, wait := strings.CutPrefix(line, ">")
		command, later := strings.CutSuffix(strings.TrimSpace(command), " &")
		words := strings.Fields(command)
		if wait && words[0] == "sleep" {
			ms, _ := strconv.Atoi(words[1])
			time.Sleep(time.Duration(ms) * time.Millisecond)
			continue
		}
		c := s.client(name)
		if wait && command == "closed" {
			for err := error(nil); err == nil; {
				_, err = c.ReadRaw(nil)
			}
			delete(s.clients, name)
			continue
		}
		if wait {
			for i, w := range words {
				switch w {
				case `""`:
					words[i] = ""
				case "{id}":
					words[i] = s.ids[name]
				default:
					words[i] = strings.ReplaceAll(w, "_", " ")
				}
			}
			s.must(c.Send(words...))
		}
		if later {
			time.Sleep(20 * time.Millisecond) // it waits before the next command comes
			continue
		}
		raw, err := c.ReadRaw(nil)
		s.must(err)
		r, err := live.Parse(raw)
		s.must(err)
		text := r.String()
		if strings.HasPrefix(r.Str, "#") {
			text = r.Str // a section of INFO as a whole
		}
		replies = append(replies, text)
	}
	return replies, s.stream()
}

func (s *side) must(err error) {
	if err != nil {
		s.t.Helper()
		s.t.Fatal(err)
	}
}

// recorder is a feed.
type recorder struct{ list []string }

func (r *recorder) Append(db int, args [][]byte, _ command.Target) {
	words := make([]string, len(args))
	for i, a := range args {
		words[i] = string(a)
	}
	r.list = append(r.list, effectText(db, words))
}

// effectText is "db command"; MULTI and EXEC have no database.
func effectText(db int, words []string) string {
	line := strings.Join(words, " ")
	if db >= 0 {
		line = strconv.Itoa(db) + " " + line
	}
	return line
}

// replica reads what redis-server sends to a replica.
type replica struct {
	t    *testing.T
	r    *bufio.Reader
	db   int
	last *live.Conn
	n    int
}

// newReplica attaches to a server and throws the snapshot away.
func newReplica(t *testing.T, addr string) *replica {
	c, err := live.Dial(addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	p := &replica{t: t, r: bufio.NewReader(c.Conn), db: -1}
	if p.last, err = live.Dial(addr); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.last.Close() })
	c.SetDeadline(time.Now().Add(time.Minute))
	if err := c.Send("SYNC"); err != nil {
		t.Fatal(err)
	}
	line := "\n"
	for line == "\n" { // the server shows that it is alive
		if line, err = p.r.ReadString('\n'); err != nil {
			t.Fatal(err)
		}
	}
	n, err := strconv.Atoi(strings.TrimSpace(strings.TrimPrefix(line, "$")))
	if err != nil {
		t.Fatalf("SYNC: %q", line)
	}
	if _, err := io.CopyN(io.Discard, p.r, int64(n)); err != nil {
		t.Fatal(err)
	}
	return p
}

// since returns the effects up to now: up to a mark that is made now.
func (p *replica) since() (effects []string) {
	p.n++
	mark := "mark-" + strconv.Itoa(p.n)
	if _, err := p.last.Do("PUBLISH", "mark", mark); err != nil {
		p.t.Fatal(err)
	}
	for {
		words := p.request()
		switch strings.ToUpper(words[0]) {
		case "SELECT":
			p.db, _ = strconv.Atoi(words[1])
		case "PING", "REPLCONF":
		case "MULTI", "EXEC":
			effects = append(effects, effectText(-1, words))
		case "PUBLISH":
			if words[2] == mark {
				return effects
			}
			fallthrough
		default:
			effects = append(effects, effectText(p.db, words))
		}
	}
}

func (p *replica) request() (words []string) {
	number := func() int {
		line, err := p.r.ReadString('\n')
		if err != nil {
			p.t.Fatal(err)
		}
		n, err := strconv.Atoi(strings.TrimSpace(line[1:]))
		if err != nil {
			p.t.Fatalf("stream: %q", line)
		}
		return n
	}
	for range number() {
		b := make([]byte, number()+2)
		if _, err := io.ReadFull(p.r, b); err != nil {
			p.t.Fatal(err)
		}
		words = append(words, string(b[:len(b)-2]))
	}
	return words
}

// times are Unix times in ms, alone or as the first half of a stream ID, and micros and seconds are those in other units.
var times = regexp.MustCompile(`\b1[5-9]\d{11}\b`)

func timeless(list []string) string {
	return times.ReplaceAllString(strings.Join(list, "\n"), "TIME")
}

func TestEffectsBesideRedis(t *testing.T) {
	redis := live.NeedStart(t, "redis", live.NeedRedis(t), "--repl-diskless-sync", "no", "--repl-ping-replica-period", "3600")
	p := newReplica(t, redis.Addr)
	theirs := &side{root: t, t: t, addr: redis.Addr, clients: map[string]*live.Conn{}, stream: p.since}
	theirs.run("DEBUG SET-ACTIVE-EXPIRE 0")

	s := startTest(t, 1)
	rec := &recorder{}
	s.mu.Lock()
	s.env.AddFeed(rec)
	s.env.Keys.ActiveExpire = false
	addr := fmt.Sprintf("127.0.0.1:%d", s.cfg.Port)
	s.mu.Unlock()
	ours := &side{root: t, t: t, addr: addr, clients: map[string]*live.Conn{}, stream: func() []string {
		s.mu.Lock()
		defer s.mu.Unlock()
		list := slices.Clone(rec.list)
		rec.list = rec.list[:0]
		return list
	}}

	for _, row := range effectRows {
		t.Run(row.name, func(t *testing.T) {
			theirs.t, ours.t, p.t = t, t, t
			for _, side := range []*side{theirs, ours} {
				side.run("9> FLUSHALL")
			}
			r1, e1 := theirs.run(row.history)
			r2, e2 := ours.run(row.history)
			if got, want := timeless(r2), timeless(r1); got != want {
				t.Errorf("replies\n%s\nredis\n%s", got, want)
			}
			if row.anyOrder {
				slices.Sort(e1)
				slices.Sort(e2)
			}
			// Words of the protocol come in small and in capital letters.
			got, want := strings.ToUpper(timeless(e2)), strings.ToUpper(timeless(e1))
			if row.differs != "" {
				if got == want {
					t.Errorf("is as redis-server does it: differs and why can go")
				}
				want = strings.ToUpper(strings.ReplaceAll(strings.TrimSpace(row.differs), "\t", ""))
			}
			if got != want {
				t.Errorf("effects\n%s\nwant\n%s", got, want)
			}
		})
	}
	theirs.t, ours.t, p.t = t, t, t
	ours.run("SCRIPT FLUSH")
}

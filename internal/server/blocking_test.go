package server

import (
	"bufio"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"granary/internal/command"
	"granary/internal/config"
	"granary/internal/mem"
	"granary/internal/object"
)

// Clients that wait, on a server within the test: what redis-server does not tell, and what must be left of them.

// effects records what is to be repeated elsewhere.
type effects struct{ list []string }

func (e *effects) Append(_ int, args [][]byte, _ command.Target) {
	var words []string
	for _, a := range args {
		words = append(words, string(a))
	}
	e.list = append(e.list, strings.Join(words, " "))
}

// registerWaits adds commands that wait as those on streams do.
//
//	WAITGONE key     answers OK when the key is gone, waits while it is there
//	WAITCALLS key n  answers n when it was called so often
//	POKE key         makes the key ready
func registerWaits(t *command.Table) {
	calls := 0
	add := func(name string, arity int, fn command.Handler) {
		t.Register(&command.Spec{Name: name, Arity: arity, Flags: command.ReadOnly | command.Blocking, Keys: command.OneKey(command.KeyRO), Handler: fn})
	}
	add("waitgone", 2, func(c *command.Ctx) {
		if it := c.Read(c.Args[1]); it.Exists() {
			c.Block(command.Wait{Keys: c.Args[1:2], Type: object.List, OnNoKey: true})
			return
		}
		c.Out.OK()
	})
	add("waitcalls", 3, func(c *command.Ctx) {
		if !c.Retrying() {
			calls = 0
		}
		if calls++; fmt.Sprint(calls) != string(c.Args[2]) {
			c.Block(command.Wait{Keys: c.Args[1:2], Type: object.List})
			return
		}
		c.Out.Int(int64(calls))
	})
	add("poke", 2, func(c *command.Ctx) {
		c.Ready(c.Args[1])
		c.Out.OK()
	})
}

// testConfig returns the configuration of a server in a folder of its own, in memory that it shares with those before it.
func testConfig(t *testing.T) *config.Config {
	t.Helper()
	openMemory = func(c mem.Config) error {
		if err := mem.Open(c); !errors.Is(err, mem.ErrInUse) {
			return err
		}
		return nil
	}
	cfg := config.New()
	cfg.Dir, cfg.LogFile, cfg.MemoryHistoryFile = t.TempDir(), os.DevNull, ""
	return cfg
}

// startTest starts a server with loops on a port, which ends with the test; then nothing may be left of clients that
// waited.
func startTest(t *testing.T, threads int64) *Server {
	t.Helper()
	families = append(families, registerWaits)
	defer func() { families = families[:len(families)-1] }()
	cfg := testConfig(t)
	cfg.Save, cfg.IOThreads = nil, threads
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	cfg.Port = int64(ln.Addr().(*net.TCPAddr).Port)
	ln.Close()
	s, err := open(cfg)
	if err == nil {
		err = s.serve()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		s.group.Stop()
		s.closeHistory()
		b := &s.env.Blocked
		keys, onNoKey := b.Keys()
		if h := s.env.Keys.Hooks; b.Len()+b.Timed()+keys+onNoKey != 0 || h.Created != nil || h.Removed != nil || h.Exchanged != nil {
			t.Errorf("left over: %d clients, %d with a limit, %d and %d keys", b.Len(), b.Timed(), keys, onNoKey)
		}
		if n := mem.ReadStats().Books.Purposes[mem.PurposeBlocked].Usable; n != 0 {
			t.Errorf("%d bytes of arguments are left over", n)
		}
	})
	return s
}

// peer is a client of the test.
type peer struct {
	t *testing.T
	net.Conn
	in *bufio.Reader
}

func (s *Server) dialTest(t *testing.T) *peer {
	t.Helper()
	c, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", s.cfg.Port))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	c.SetDeadline(time.Now().Add(20 * time.Second))
	return &peer{t, c, bufio.NewReader(c)}
}

// is sends a command, if there is one, and demands lines.
func (p *peer) is(line string, want ...string) {
	p.t.Helper()
	if line != "" {
		fmt.Fprintf(p, "%s\r\n", line)
	}
	for _, w := range want {
		got, err := p.in.ReadString('\n')
		if err != nil || strings.TrimSpace(got) != w {
			p.t.Fatalf("%s: got %q (%v), want %q", line, got, err, w)
		}
	}
}

// waits demands that n clients wait.
func (s *Server) waits(t *testing.T, n int) {
	t.Helper()
	for range 1000 {
		s.mu.Lock()
		got := s.env.Blocked.Len()
		s.mu.Unlock()
		if got == n {
			return
		}
		time.Sleep(time.Millisecond)
	}
	t.Fatalf("not %d clients wait", n)
}

// TestBlocked runs on one server, as there is one address range in a process.
func TestBlocked(t *testing.T) {
	s := startTest(t, 3)
	for _, sub := range []struct {
		name string
		run  func(*testing.T, *Server)
	}{{"effects", blockedEffects}, {"no key", blockedOnNoKey}, {"memory", blockedMemory}, {"many", blockedMany}} {
		t.Run(sub.name, func(t *testing.T) {
			s.dialTest(t).is("FLUSHALL", "+OK")
			sub.run(t, s)
		})
		s.waits(t, 0)
	}
}

// blockedEffects: a command that waited is repeated elsewhere as what it did, behind what woke it.
func blockedEffects(t *testing.T, s *Server) {
	feed := &effects{}
	listen := func(f command.Feed) {
		s.mu.Lock()
		s.env.Feed = f
		s.mu.Unlock()
	}
	listen(feed)
	defer listen(nil)
	a, b, x := s.dialTest(t), s.dialTest(t), s.dialTest(t)
	a.is("BLMOVE k l LEFT right 0")
	s.waits(t, 1)
	b.is("BRPOP l 0")
	s.waits(t, 2)
	x.is("RPUSH k 1", ":1")
	a.is("", "$1", "1")
	b.is("", "*2", "$1", "l", "$1", "1")
	a.is("BZPOPMAX z 0")
	s.waits(t, 1)
	b.is("BZMPOP 0 1 z MIN COUNT 9")
	s.waits(t, 2)
	x.is("ZADD z 1 a 2 b 3 c", ":3")
	for range 100 {
		s.mu.Lock()
		n := len(feed.list)
		s.mu.Unlock()
		if n >= 6 {
			break
		}
		time.Sleep(time.Millisecond)
	}
	a.is("BLPOP k 0.001", "*3", "$1", "z", "$1", "c", "$1", "3", "*-1")
	x.is("RPUSH k 7", ":1")
	a.is("BRPOPLPUSH k k 0", "$1", "7")
	a.is("BLMPOP 0 1 k LEFT", "*2", "$1", "k", "*1", "$1", "7")
	want := []string{
		"RPUSH k 1", "LMOVE k l LEFT right", "RPOP l", "ZADD z 1 a 2 b 3 c", "ZPOPMAX z", "ZPOPMIN z 2",
		"RPUSH k 7", "RPOPLPUSH k k", "LPOP k 1",
	}
	listen(nil)
	if !slices.Equal(feed.list, want) {
		t.Errorf("got  %q\nwant %q", feed.list, want)
	}
}

// blockedOnNoKey: a client can wait for the end of a key, and is called again until it is content.
func blockedOnNoKey(t *testing.T, s *Server) {
	a, b, x := s.dialTest(t), s.dialTest(t), s.dialTest(t)
	for _, end := range []string{"DEL k", "LPOP k", "RENAME k other", "FLUSHALL", "MOVE k 1", "SWAPDB 0 1", "PEXPIRE k -1", "UNLINK k"} {
		x.is("FLUSHALL", "+OK")
		x.is("RPUSH k 1", ":1")
		a.is("WAITGONE k")
		s.waits(t, 1)
		x.is("POKE k", "+OK")
		x.is("RPUSH other 1", ":1")
		s.waits(t, 1)
		fmt.Fprintf(x, "%s\r\n", end)
		a.is("", "+OK")
		if x.is(""); end == "LPOP k" {
			x.is("", "$1")
		}
		x.in.ReadString('\n')
	}
	x.is("FLUSHALL", "+OK")
	x.is("RPUSH k 1", ":1")
	a.is("WAITCALLS k 4")
	s.waits(t, 1)
	b.is("BLPOP other k2 0")
	s.waits(t, 2)
	x.is("POKE k", "+OK")
	x.is("POKE k", "+OK")
	s.waits(t, 2)
	x.is("POKE k", "+OK")
	a.is("", ":4")
}

// blockedMemory: what a client that waits holds is shown and given back, however it ends.
func blockedMemory(t *testing.T, s *Server) {
	a, x := s.dialTest(t), s.dialTest(t)
	a.is("CLIENT SETNAME me", "+OK")
	a.is("BLPOP " + strings.Repeat("k", 1000) + " 0")
	s.waits(t, 1)
	s.mu.Lock()
	line := ""
	(*ops)(s).EachClient(func(c *command.Client) {
		if c.Name == "me" {
			line = c.Describe()
		}
	})
	held := mem.ReadStats().Books.Purposes[mem.PurposeBlocked].Requested
	s.mu.Unlock()
	for _, want := range []string{" flags=b ", " argv-mem=1006 ", " cmd=blpop "} {
		if !strings.Contains(line, want) {
			t.Errorf("%q is not in %q", want, line)
		}
	}
	if held != 1006+3*4 {
		t.Errorf("%d bytes are booked", held)
	}
	a.Close()
	s.waits(t, 0)
	x.is("BLPOP a b c 100")
	s.waits(t, 1)
}

// blockedMany: clients of several loops push, pop, wait, give up and go away; no element is lost or seen twice.
func blockedMany(t *testing.T, s *Server) {
	const workers, rounds = 16, 200
	var (
		wg     sync.WaitGroup
		mu     sync.Mutex
		popped = map[string]int{}
	)
	for w := range workers {
		p := s.dialTest(t)
		wg.Add(1)
		go func() {
			defer wg.Done()
			for i := range rounds {
				if w%2 == 0 {
					fmt.Fprintf(p, "RPUSH k%d %d-%d\r\n", rand.IntN(3), w, i)
					if got, err := p.in.ReadString('\n'); err != nil || got[0] != ':' {
						t.Errorf("RPUSH: %q, %v", got, err)
						return
					}
					continue
				}
				fmt.Fprintf(p, "BLPOP k%d k%d 0.0%d\r\n", rand.IntN(3), rand.IntN(3), rand.IntN(5)+1)
				got, err := p.in.ReadString('\n')
				if err != nil {
					t.Error(err)
					return
				}
				if strings.TrimSpace(got) == "*-1" {
					continue
				}
				for range 4 {
					got, _ = p.in.ReadString('\n')
				}
				mu.Lock()
				popped[got]++
				mu.Unlock()
			}
		}()
	}
	wg.Wait()
	p := s.dialTest(t)
	left := 0
	for k := range 3 {
		fmt.Fprintf(p, "LLEN k%d\r\n", k)
		got, _ := p.in.ReadString('\n')
		n := 0
		fmt.Sscanf(got, ":%d", &n)
		left += n
	}
	for e, n := range popped {
		if n != 1 {
			t.Errorf("%q was popped %d times", e, n)
		}
	}
	if len(popped)+left != workers/2*rounds {
		t.Errorf("%d were popped and %d are left of %d", len(popped), left, workers/2*rounds)
	}
}

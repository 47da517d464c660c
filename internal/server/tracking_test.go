package server

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"granary/internal/command"
	"granary/internal/mem"
	"granary/tests/live"
)

// cache is a client that keeps what it reads until it is told to forget it.
type cache struct {
	t    *testing.T
	c    *live.Conn
	mode string
	keys map[string]string // values; "nil" for none
	n    int
}

// do sends a command and returns its reply, having obeyed all that came before it.
func (x *cache) do(args ...string) string {
	x.t.Helper()
	if err := x.c.Send(args...); err != nil {
		x.t.Fatal(err)
	}
	for {
		raw, err := x.c.ReadRaw(nil)
		if err != nil {
			x.t.Fatal(err)
		}
		r, err := live.Parse(raw)
		if err != nil {
			x.t.Fatal(err)
		}
		if r.Kind != '>' {
			return strings.TrimSpace(r.String())
		}
		x.n++
		switch what := r.Elems[1]; {
		case r.Elems[0].Str != "invalidate":
			x.t.Fatalf("%q", raw)
		case what.Null:
			clear(x.keys)
		default:
			for _, k := range what.Elems {
				delete(x.keys, k.Str)
			}
		}
	}
}

// TestCaches has clients of two loops cache what they read while everybody writes: what they keep is what is there.
func TestCaches(t *testing.T) {
	rnd := rand.New(rand.NewPCG(live.Seed(t), 0))
	s := startTest(t, 2)
	s.mu.Lock()
	addr := fmt.Sprintf("127.0.0.1:%d", s.cfg.Port)
	s.mu.Unlock()
	dial := func(mode string) *cache {
		c, err := live.Dial(addr)
		if err != nil {
			t.Fatal(err)
		}
		x := &cache{t: t, c: c, mode: mode, keys: map[string]string{}}
		x.do("HELLO", "3")
		if got := x.do(strings.Fields("CLIENT TRACKING ON " + mode)...); got != "+OK" {
			t.Fatal(got)
		}
		return x
	}
	modes := []string{"", "NOLOOP", "BCAST", "BCAST PREFIX k1 PREFIX k2", "BCAST NOLOOP", "OPTIN", "OPTOUT", ""}
	var all []*cache
	for _, m := range modes {
		all = append(all, dial(m))
	}
	all[0].do("CONFIG", "SET", "tracking-table-max-keys", "20")
	check := func(i int, x *cache) {
		x.do("PING")
		for k, v := range x.keys {
			got := x.do("GET", k)
			if _, still := x.keys[k]; still && got != v {
				t.Fatalf("step %d: a client in mode %q keeps %q of %s, which is %q", i, x.mode, v, k, got)
			}
		}
	}
	told := 0
	for i := range 6000 {
		x := all[rnd.IntN(len(all))]
		k := fmt.Sprintf("k%d", rnd.IntN(40))
		v := fmt.Sprint(i)
		switch rnd.IntN(40) {
		case 0:
			if rnd.IntN(20) > 0 {
				break
			}
			x.do([]string{"FLUSHALL", "FLUSHDB"}[rnd.IntN(2)])
		case 1:
			x.do("SET", k, v, "PX", "1")
			delete(x.keys, k)
			time.Sleep(2 * time.Millisecond)
		case 2:
			x.do("MULTI")
			x.do("SET", k, v)
			x.do("DEL", "k1")
			x.do("EXEC")
			delete(x.keys, k)
			delete(x.keys, "k1")
		case 3:
			x.do("EVAL", "redis.call('set', KEYS[1], ARGV[1])", "1", k, v)
			delete(x.keys, k)
		case 4:
			check(i, x)
		case 5:
			if rnd.IntN(10) > 0 {
				break
			}
			told += x.n
			x.c.Close()
			j := rnd.IntN(len(all))
			for all[j] != x {
				j = (j + 1) % len(all)
			}
			all[j] = dial(x.mode)
		case 6, 7, 8, 9, 10:
			x.do("SET", k, v)
			delete(x.keys, k) // NOLOOP
		default:
			if x.mode == "OPTIN" {
				x.do("CLIENT", "CACHING", "YES")
			}
			before := x.n
			got := x.do("GET", k)
			if x.mode == "BCAST PREFIX k1 PREFIX k2" && !strings.HasPrefix(k, "k1") && !strings.HasPrefix(k, "k2") {
				break // it would not be told
			}
			if x.n == before { // else it may be older than what was said
				x.keys[k] = got
			}
		}
	}
	for _, x := range all {
		check(-1, x)
		told += x.n
		x.c.Close()
	}
	if told < 500 {
		t.Errorf("clients were told %d times: the test shows nothing", told)
	}
	gone := func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.env.TrackingSlice(time.Now().Add(time.Second))
		return s.env.Clients.Len() == 0 && mem.ReadStats().Books.Purposes[mem.PurposeTracking].Usable == 0
	}
	for end := time.Now().Add(10 * time.Second); !gone(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("memory of clients that are gone is left")
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if r := s.env.Tracking(); r != (command.TrackingReport{}) || s.env.Keys.Hooks.Modified != nil {
		t.Errorf("something is still tracked: %+v", r)
	}
}

// TestMaxMemoryClients: on both loops, who holds most goes first, and who is exempt stays.
func TestMaxMemoryClients(t *testing.T) {
	s := startTest(t, 2)
	s.mu.Lock()
	addr := fmt.Sprintf("127.0.0.1:%d", s.cfg.Port)
	s.mu.Unlock()
	dial := func(name string) *live.Conn {
		c, err := live.Dial(addr)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		if _, err := c.Do("CLIENT", "SETNAME", name); err != nil {
			t.Fatal(err)
		}
		return c
	}
	control := dial("control")
	do := func(args ...string) string {
		t.Helper()
		r, err := control.Do(args...)
		if err != nil {
			t.Fatal(err)
		}
		return r.Str
	}
	do("CLIENT", "NO-EVICT", "ON")
	do("CONFIG", "SET", "maxmemory-clients", "100mb")
	for i := range 4 {
		for _, size := range []int{100_000, 1_000_000, 4_000_000} {
			c := dial(fmt.Sprintf("size-%d-", size))
			if i == 3 {
				c.Do("CLIENT", "NO-EVICT", "ON")
			}
			for range size / 100_000 { // unfinished transactions
				c.Do("MULTI")
				c.Do("SET", "k", strings.Repeat("x", 100_000))
			}
		}
	}
	has := func(size int) int { return strings.Count(do("CLIENT", "LIST"), fmt.Sprintf("name=size-%d-", size)) }
	is := func(limit string, small, middle, large int) {
		t.Helper()
		do("CONFIG", "SET", "maxmemory-clients", limit)
		if a, b, c := has(100_000), has(1_000_000), has(4_000_000); a != small || b != middle || c != large {
			t.Errorf("limit %s: %d, %d and %d clients, want %d, %d and %d", limit, a, b, c, small, middle, large)
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		if err := s.env.CheckClientLimit(); err != nil {
			t.Error(err)
		}
	}
	is("100mb", 4, 4, 4)
	is("20mb", 4, 4, 3)
	is("11mb", 4, 4, 1)
	is("8mb", 4, 2, 1)
	is("1mb", 1, 1, 1)
	is("0", 1, 1, 1)
	s.mu.Lock()
	defer s.mu.Unlock()
	if n := s.env.Stats.EvictedClients; n != 9 {
		t.Errorf("%d clients were disconnected, want 9", n)
	}
}

package server

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"granary/internal/command"
	"granary/internal/command/commandtest"
	"granary/internal/config"
	"granary/internal/mem"
	"granary/tests/live"
)

// limited is a session whose data may take so many bytes (maxmemory-data, so that what tests beside it hold does not count).
type limited struct {
	*commandtest.Session
	limit int64
}

func newLimited(t *testing.T, p config.MaxMemoryPolicy) *limited {
	s := commandtest.New(t, families...)
	s.Env.Keys.NoPrefixes()
	s.Env.Config.MaxMemoryPolicy = p
	s.Env.Keys.Access.LFU = p.LFU()
	s.Env.Config.MemoryJournalMaxLen = 0
	return &limited{Session: s}
}

func (s *limited) set(bytes int64) {
	s.limit = bytes
	s.Env.Config.MaxMemoryData = bytes
	s.Env.ConfigureMaxMemory()
}

// data returns what keys take, as the limits count it: what servers of other tests left in this process included.
func (s *limited) data() int64 {
	b := mem.Totals()
	return b.Keyspace().Usable
}

const oomReply = "-OOM command not allowed when used memory > 'maxmemory'."

// TestMaxMemoryHistories plays random commands with little room, under every policy: data is never further above the limit
// than the last command took it, commands are refused if and only if nothing may go, and who repeats the effects has
// the same keys in the end.
func TestMaxMemoryHistories(t *testing.T) {
	seed := live.Seed(t)
	for p := config.VolatileLRU; p <= config.NoEviction; p++ {
		t.Run(p.String(), func(t *testing.T) { maxMemoryHistory(t, seed, p) })
	}
}

func maxMemoryHistory(t *testing.T, seed uint64, p config.MaxMemoryPolicy) {
	rnd := rand.New(rand.NewPCG(seed, uint64(p)))
	s := newLimited(t, p)
	s.Feed()
	s.set(60_000)
	refused, began := 0, s.Env.Keys.Stats.Evicted
	for range 4000 {
		before := s.data()
		evicted := s.Env.Keys.Stats.Evicted
		args := randomWrite(rnd)
		reply := commandtest.Show(s.Do(args...))
		went := s.Env.Keys.Stats.Evicted - evicted
		switch {
		case before <= s.limit && went > 0:
			t.Fatalf("%q: %d keys were evicted with %d bytes of %d", args, went, before, s.limit)
		case before <= s.limit && reply == oomReply:
			t.Fatalf("%q is refused with %d bytes of %d", args, before, s.limit)
		case before > s.limit && went == 0 && reply != oomReply && s.spec(args).Flags&command.DenyOOM != 0:
			t.Fatalf("%q: no key was evicted and nothing refused with %d bytes of %d: %s", args, before, s.limit, reply)
		}
		if reply == oomReply {
			refused++
			if n := s.mayGo(p); n > 0 {
				t.Fatalf("%q is refused while %d keys may go", args, n)
			}
		}
	}
	evicted := s.Env.Keys.Stats.Evicted - began
	t.Logf("%d evicted, %d refused, %d bytes", evicted, refused, s.data())
	if (p == config.NoEviction) != (evicted == 0) {
		t.Errorf("%d keys were evicted", evicted)
	}
	if !p.VolatileOnly() && p != config.NoEviction && refused != 0 || p == config.NoEviction && refused == 0 {
		t.Errorf("%d commands were refused", refused)
	}
	s.set(0)
	effects := slices.Clone(s.Effects)
	want := contents(s.Session)
	s.Check()

	r := commandtest.New(t, families...)
	for _, e := range effects {
		r.Do(strings.Split(e, " ")...)
	}
	if got := contents(r); got != want {
		t.Errorf("after the effects:\n%.2000s\nwant:\n%.2000s", got, want)
	}
}

func (s *limited) spec(args []string) *command.Spec { return s.Env.Table.Find([]byte(args[0])) }

// mayGo returns how many keys the policy may evict.
func (s *limited) mayGo(p config.MaxMemoryPolicy) (n int) {
	for _, db := range s.Env.Keys.DBs {
		switch {
		case p == config.NoEviction:
		case p.VolatileOnly():
			n += db.Expires()
		default:
			n += db.Len()
		}
	}
	return n
}

func randomWrite(rnd *rand.Rand) []string {
	key := "k" + strconv.Itoa(rnd.IntN(400))
	val := strings.Repeat("v", rnd.IntN(300))
	switch op := rnd.IntN(12); {
	case op < 4:
		return []string{"SET", key, val}
	case op < 7:
		return []string{"SET", "t" + key, val, "PXAT", strconv.FormatInt(33177117420000-rnd.Int64N(1e9), 10)}
	case op == 7:
		return []string{"HSET", "h" + key, strconv.Itoa(rnd.IntN(100)), val}
	case op == 8:
		return []string{"RPUSH", "l" + key, val}
	case op == 9:
		return []string{"DEL", key, "t" + key}
	case op == 10:
		return []string{"GET", key}
	}
	return []string{"SADD", "s" + key, val, key}
}

// contents lists every key with its value.
func contents(s *commandtest.Session) string {
	keys := strings.Fields(strings.Trim(commandtest.Show(s.Do("KEYS", "*")), "[]"))
	var b strings.Builder
	var names []string
	for i := 1; i < len(keys); i += 2 {
		names = append(names, keys[i])
	}
	slices.Sort(names)
	for _, k := range names {
		var v string
		switch {
		case k[0] == 'h':
			v = commandtest.Show(s.Do("SORT", k, "BY", "nosort")) // an error by its type
			v += commandtest.Show(s.Do("HLEN", k))
		case k[0] == 'l':
			v = commandtest.Show(s.Do("LRANGE", k, "0", "-1"))
		case k[0] == 's':
			v = commandtest.Show(s.Do("SORT", k, "ALPHA"))
		default:
			v = commandtest.Show(s.Do("GET", k))
		}
		fmt.Fprintf(&b, "%s %s %s\n", k, v, commandtest.Show(s.Do("PEXPIRETIME", k)))
	}
	return b.String()
}

// TestLargeVictim: a value that is given back in slices counts while it is; the slices come before the next key.
func TestLargeVictim(t *testing.T) {
	s := newLimited(t, config.VolatileTTL)
	for i := range 2000 {
		args := []string{"SADD", "large"}
		for k := range 50 {
			args = append(args, fmt.Sprint("member:", i*50+k))
		}
		s.Do(args...)
	}
	s.Is(":1", "PEXPIREAT", "large", "33177117420000")
	for i := range 100 {
		s.Is("+OK", "SET", fmt.Sprint("small", i), strings.Repeat("x", 100), "PXAT", "33177117420001")
	}
	small := s.data() - s.memoryOf("large")
	s.Env.Config.MaxMemoryEvictionTenacity = 0
	s.set(small + 1000)
	if !s.Env.EvictSlice() {
		t.Fatal("the large value went at once")
	}
	s.Is("+OK", "SET", "other", "v") // time is up: the command runs all the same
	for n := 0; s.Env.EvictSlice(); n++ {
		if n > 10_000 {
			t.Fatal("slices do not end")
		}
	}
	if n := s.Env.Keys.Stats.Evicted; n != 1 {
		t.Errorf("%d keys went", n)
	}
	if got := s.data(); got > s.limit || got < small-1000 {
		t.Errorf("%d bytes left, the small ones are %d", got, small)
	}
	if total, now := s.Env.Exceeded(); total == 0 || now != 0 {
		t.Errorf("above the limit for %d ns, and for %d now", total, now)
	}
}

func (s *limited) memoryOf(key string) int64 {
	n, _ := strconv.ParseInt(strings.TrimPrefix(commandtest.Show(s.Do("MEMORY", "USAGE", key)), ":"), 10, 64)
	return n
}

// TestEvictionIsNotForAll: nothing is evicted while clients are paused or data is loaded, nor by a replica that leaves it to
// its master; nor is anything refused then.
func TestEvictionIsNotForAll(t *testing.T) {
	s := newLimited(t, config.AllKeysLRU)
	s.Is("+OK", "SET", "a", strings.Repeat("x", 1000))
	s.set(100)
	keeps := func(why string) {
		t.Helper()
		s.Is(":1", "EXISTS", "a")
		s.Env.EvictSlice()
		if n := s.Env.Keys.Stats.Evicted; n != 0 {
			t.Errorf("%s: %d keys went", why, n)
		}
	}
	s.Env.PauseClients(s.Env.Keys.Now+10_000, false)
	keeps("paused")
	s.Env.UnpauseClients(nil)
	s.Env.Replica = true
	keeps("replica")
	s.Is("+OK", "SET", "b", "1")
	s.Env.Config.ReplicaIgnoreMaxMemory = false
	s.Is(":0", "EXISTS", "a")
}

// TestDataBudget: with maxmemory-data, buffers and scripts evict nothing; at maxmemory, writes are refused.
func TestDataBudget(t *testing.T) {
	s := newLimited(t, config.AllKeysLRU)
	for i := range 50 {
		s.Is("+OK", "SET", fmt.Sprint("k", i), strings.Repeat("x", 100))
	}
	s.Env.Config.MaxMemory = mem.Used() + 50_000
	s.set(s.data() + 5000)
	a := s.Env.Keys.Arena
	buffers := a.Alloc(100_000, mem.PurposeMulti)
	s.Is(":50", "DBSIZE")
	s.IsError(oomReply[1:], "SET", "k", "v")
	h := s.Env.ReadHeadroom()
	if h.MaxMemory != 0 || h.Eviction != h.Data || h.Data < 4000 || h.Data > 5000 {
		t.Errorf("headroom %+v", h)
	}
	a.Free(buffers, 100_000, mem.PurposeMulti)
	if s.Env.Keys.Stats.Evicted != 0 {
		t.Errorf("%d keys were evicted by buffers", s.Env.Keys.Stats.Evicted)
	}
	time.Sleep(5 * time.Millisecond) // what is no data is looked at once a millisecond
	s.Env.BeginTurn()
	for i := range 100 {
		s.Is("+OK", "SET", fmt.Sprint("n", i), strings.Repeat("x", 100))
	}
	if s.Env.Keys.Stats.Evicted == 0 || s.data() > s.limit+300 {
		t.Errorf("%d keys evicted, %d bytes of data, limit %d", s.Env.Keys.Stats.Evicted, s.data(), s.limit)
	}
	s.Env.Config.MaxMemory = 0
	s.set(0)
	if h := s.Env.ReadHeadroom(); h.MaxMemory != -1 || h.Data != -1 || h.Eviction != -1 {
		t.Errorf("headroom without limits %+v", h)
	}
}

// TestMaxMemoryAuto: auto follows what the machine allows, while the server runs.
func TestMaxMemoryAuto(t *testing.T) {
	allowed := new(atomic.Int64)
	allowed.Store(1 << 30)
	oldMemory, oldEvery := machineMemory, followEvery
	machineMemory, followEvery = allowed.Load, 5*time.Millisecond
	s := startTest(t, 1)
	t.Cleanup(func() {
		for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(time.Millisecond) {
			s.mu.Lock()
			following := s.following
			s.mu.Unlock()
			if !following || time.Now().After(deadline) {
				break
			}
		}
		machineMemory, followEvery = oldMemory, oldEvery
	})
	s.mu.Lock()
	addr := fmt.Sprintf("127.0.0.1:%d", s.cfg.Port)
	s.mu.Unlock()
	c, err := live.Dial(addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	is := func(want string, args ...string) {
		t.Helper()
		if r, err := c.Do(args...); err != nil || r.Str != want {
			t.Errorf("%q: %s, want %s (%v)", args, r.Str, want, err)
		}
	}
	limit := func(want int64) {
		t.Helper()
		text := fmt.Sprintf("maxmemory:%d\r\n", want)
		for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(5 * time.Millisecond) {
			r, err := c.Do("INFO", "memory")
			if err != nil {
				t.Fatal(err)
			}
			if strings.Contains(r.Str, text) {
				return
			}
			if time.Now().After(deadline) {
				t.Fatalf("maxmemory is not %d", want)
			}
		}
	}
	is("OK", "CONFIG", "SET", "maxmemory", "auto")
	limit((1<<30 - 32<<20) / 100 * 80)
	allowed.Store(1 << 29)
	limit((1<<29 - 32<<20) / 100 * 80)
	is("OK", "CONFIG", "SET", "maxmemory", "50%")
	limit(1 << 29 / 100 * 50)
	is("OK", "CONFIG", "SET", "maxmemory", "0")
	limit(0)
}

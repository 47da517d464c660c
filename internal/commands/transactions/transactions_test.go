package transactions

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"granary/internal/command"
	"granary/internal/command/commandtest"
	"granary/internal/mem"
	"granary/internal/resp"
	"granary/tests/live"
)

// others are a few commands to be queued. A family imports no other one.
func others(t *command.Table) {
	t.Register(
		&command.Spec{Name: "put", Arity: -3, Flags: command.Write | command.DenyOOM, Handler: func(c *command.Ctx) {
			for i := 1; i+1 < len(c.Args); i += 2 {
				it := c.Write(c.Args[i])
				it.SetString(c.Args[i+1], 0)
				c.Changed(c.Args[i], 1<<3, "put")
			}
			c.Out.OK()
		}},
		&command.Spec{Name: "take", Arity: 2, Flags: command.Write, Handler: func(c *command.Ctx) {
			if it := c.Write(c.Args[1]); it.Exists() {
				it.Delete()
				c.Changed(c.Args[1], 1<<2, "take")
			}
			c.Out.OK()
		}},
		&command.Spec{Name: "expire", Arity: 2, Flags: command.Write, Handler: func(c *command.Ctx) {
			if it := c.Write(c.Args[1]); it.Exists() {
				it.SetExpiry(c.Now() + 2)
				c.Changed(c.Args[1], 1<<2, "expire")
			}
			c.Out.OK()
		}},
		&command.Spec{Name: "read", Arity: 2, Flags: command.ReadOnly, Handler: func(c *command.Ctx) {
			it := c.Read(c.Args[1])
			c.Out.Bool(it.Exists())
		}},
		&command.Spec{Name: "empty", Arity: 2, Flags: command.Write, Handler: func(c *command.Ctx) {
			n, _ := c.Int(c.Args[1])
			c.Keys().DBs[n].Flush(false)
			c.Out.OK()
		}},
		&command.Spec{Name: "swap", Arity: 3, Flags: command.Write, Handler: func(c *command.Ctx) {
			a, _ := c.Int(c.Args[1])
			b, _ := c.Int(c.Args[2])
			c.Keys().Swap(int(a), int(b))
			c.Out.OK()
		}},
		&command.Spec{Name: "base", Arity: 2, Handler: func(c *command.Ctx) {
			n, _ := c.Int(c.Args[1])
			c.Client.Select(c.Keys().DBs[n])
			c.Out.OK()
		}},
		&command.Spec{Name: "oom", Arity: 1, Handler: func(*command.Ctx) { panic(mem.ErrOutOfMemory) }},
		&command.Spec{Name: "half", Arity: 1, Handler: func(c *command.Ctx) { c.Out.Array(2); panic(mem.ErrOutOfMemory) }},
		&command.Spec{Name: "show", Arity: 1, Handler: func(c *command.Ctx) { c.Out.BulkString(c.Client.Describe()) }},
	)
}

// field returns a field of a CLIENT LIST line.
func field(line, name string) string {
	_, rest, _ := strings.Cut(line, " "+name+"=")
	value, _, _ := strings.Cut(rest, " ")
	return value
}

func used(p mem.Purpose) int64 { return mem.ReadStats().Books.Purposes[p].Usable }

// TestMemory holds CLIENT LIST, the books and what is queued and watched together.
func TestMemory(t *testing.T) {
	s := commandtest.New(t, Register, others)
	is := func(multi, watch string) {
		t.Helper()
		line := s.Client.Describe()
		if field(line, "multi") != multi || field(line, "watch") != watch {
			t.Errorf("%s, want multi=%s watch=%s", line, multi, watch)
		}
		if got, want := field(line, "multi-mem"), fmt.Sprint(used(mem.PurposeMulti)); got != want {
			t.Errorf("multi-mem=%s, the books have %s", got, want)
		}
	}
	is("-1", "0")
	before := s.Client.Memory().Total
	s.Is("+OK", "WATCH", "a", "b", "a")
	is("-1", "2")
	s.Is("+OK", "MULTI")
	is("0", "2")
	s.Is("+QUEUED", "PUT", "a", strings.Repeat("x", 100_000))
	s.Is("+QUEUED", "PUT", "b", "")
	is("2", "2")
	if queued := s.Client.Memory().Total - before; queued < 100_000 || used(mem.PurposeMulti) < 100_000 || used(mem.PurposeWatch) == 0 {
		t.Errorf("%d bytes are queued, %d and %d in the books", queued, used(mem.PurposeMulti), used(mem.PurposeWatch))
	}
	s.Is("+QUEUED", "SHOW")
	inside := s.Do("EXEC")
	if field(inside, "multi") != "3" || field(inside, "watch") != "0" || field(inside, "cmd") != "exec" || field(inside, "flags") != "x" || field(inside, "argv-mem") != "4" {
		t.Errorf("inside of EXEC: %s", inside)
	}
	is("-1", "0")
	if s.Client.Memory().Total != before || used(mem.PurposeMulti)+used(mem.PurposeWatch) != 0 {
		t.Errorf("%d bytes, at the beginning %d", s.Client.Memory().Total, before)
	}

	// What is refused is not kept, and nothing behind it.
	s.Is("+OK", "MULTI")
	s.Is("+QUEUED", "READ", "a")
	s.IsError("ERR wrong number of arguments for 'read' command", "READ")
	s.Is("+QUEUED", "READ", "b")
	is("1", "0")
	s.Client.Reset()
	is("-1", "0")

	// A session ends with all it has.
	s.Is("+OK", "WATCH", "a")
	s.Is("+OK", "MULTI")
	s.Is("+QUEUED", "READ", "a")
	s.Client.EndMulti()
	is("-1", "0")
	if n := used(mem.PurposeMulti) + used(mem.PurposeWatch); n != 0 {
		t.Errorf("%d bytes are left", n)
	}
}

// TestNoMemory lets commands run out of memory inside of EXEC.
func TestNoMemory(t *testing.T) {
	s := commandtest.New(t, Register, others)
	s.Feed()
	s.Is("+OK", "MULTI")
	s.Is("+QUEUED", "PUT", "a", "1")
	s.Is("+QUEUED", "OOM")
	s.Is("+QUEUED", "PUT", "b", "2")
	s.Is("[+OK -"+command.ErrOutOfMemory+" +OK]", "EXEC")
	s.HasEffects("PUT a 1", "PUT b 2")
	s.Is("+OK", "MULTI")
	s.Is("+QUEUED", "HALF")
	s.Is("+QUEUED", "PUT", "c", "3")
	s.Do("EXEC")
	s.HasEffects("PUT c 3")
	s.IsError("ERR EXEC without MULTI", "EXEC")
}

// TestWalksInTransactions: what a walk meets in a transaction is deleted, unless lazyexpire-nested-arbitrary-keys says no.
func TestWalksInTransactions(t *testing.T) {
	s := commandtest.New(t, Register, others, func(t *command.Table) {
		t.Register(&command.Spec{Name: "walk", Arity: 1, Flags: command.ReadOnly | command.TouchesArbitrary, Handler: func(c *command.Ctx) {
			it := c.Read([]byte("a"))
			c.Out.Bool(it.Exists())
		}})
	})
	for _, deleted := range []bool{true, false} {
		s.Env.Config.LazyExpireNestedArbitraryKeys = deleted
		s.Is("+OK", "PUT", "a", "1")
		s.Is("+OK", "EXPIRE", "a")
		time.Sleep(20 * time.Millisecond)
		s.Is("+OK", "MULTI")
		s.Is("+QUEUED", "WALK")
		s.Is("[:0]", "EXEC")
		if left := s.Client.DB.Len() == 1; left == deleted {
			t.Errorf("lazyexpire-nested-arbitrary-keys %v: the key is there: %v", deleted, left)
		}
		s.Is(":0", "WALK")
		if s.Client.DB.Len() != 0 {
			t.Error("outside of a transaction the key is left")
		}
	}
}

// TestNoGoAllocations: what is queued and watched leaves the Go heap alone.
func TestNoGoAllocations(t *testing.T) {
	s := commandtest.New(t, Register, others)
	s.Env.Keys.Hooks.Event = nil
	s.Env.Keys.Events = 0
	words := func(line string) (args [][]byte) {
		for _, w := range strings.Fields(line) {
			args = append(args, []byte(w))
		}
		return args
	}
	var history [][][]byte
	for _, line := range []string{"WATCH a b", "MULTI", "PUT a 1", "PUT b 2", "READ a", "EXEC"} {
		history = append(history, words(line))
	}
	s.Is("+OK", "WATCH", "other")
	other := command.NewClient(s.Env, s.Env.Clients.NextID(), nil, &resp.NewBuffer().Writer)
	other.Authenticated = true
	other.Watch(s.Client.DB, []byte("z")) // so that there are tables
	defer other.EndMulti()
	do := func() {
		s.Out.Reset()
		for _, args := range history {
			s.Client.Do(args...)
		}
	}
	for range 100 {
		do()
	}
	if n := testing.AllocsPerRun(200, do); n != 0 {
		t.Errorf("a transaction allocates %v times", n)
	}
	s.Client.EndMulti()
}

// modelWatch is what the model knows of a key that a client watches.
type modelWatch struct {
	db   int
	key  string
	gone bool
}

// TestWatchModel plays random histories of several clients against a naive model of the rules.
func TestWatchModel(t *testing.T) {
	seed := live.Seed(t)
	rnd := rand.New(rand.NewPCG(seed, 1))
	s := commandtest.New(t, Register, others)
	ks := s.Env.Keys
	const dbs, clients = 2, 6
	keys := []string{"a", "b"}
	type model struct {
		client *command.Client
		watch  []modelWatch
		broken bool
	}
	list := make([]*model, clients)
	for i := range list {
		c := command.NewClient(s.Env, s.Env.Clients.NextID(), nil, &resp.NewBuffer().Writer)
		c.Authenticated = true
		list[i] = &model{client: c}
		defer c.EndMulti()
	}
	there := func(db int, key string) (exists, due bool) {
		it := ks.DBs[db].Find([]byte(key))
		return it.Exists(), it.Exists() && ks.IsExpired(it.Entry)
	}
	touched := func(db int, key string) {
		exists, _ := there(db, key)
		for _, m := range list {
			for i := range m.watch {
				w := &m.watch[i]
				if w.db != db || w.key != key {
					continue
				}
				if w.gone && !exists {
					w.gone = false
				} else {
					m.broken, m.watch = true, nil
					break
				}
			}
		}
	}
	// replaced is called before; with is -1 for nothing.
	replaced := func(db, with int) {
		for _, m := range list {
			for i := range m.watch {
				w := &m.watch[i]
				if w.db != db {
					continue
				}
				before, _ := there(db, w.key)
				after, due := false, false
				if with >= 0 {
					after, due = there(with, w.key)
				}
				switch {
				case !before && !after:
				case w.gone && !after:
					w.gone = false
				case w.gone && due:
				case !w.gone && !before && due:
					w.gone = true
				default:
					m.broken = true
				}
			}
		}
	}
	hooks := &ks.Hooks
	for step := range 20_000 {
		m := list[rnd.IntN(clients)]
		db, key := rnd.IntN(dbs), keys[rnd.IntN(len(keys))]
		do := func(args ...string) {
			var b [][]byte
			for _, a := range args {
				b = append(b, []byte(a))
			}
			m.client.Do(b...)
		}
		do("BASE", fmt.Sprint(db))
		switch n := rnd.IntN(100); {
		case n < 30:
			_, due := there(db, key) // before the command, behind which time goes on
			do("WATCH", key)
			if m.broken {
				break
			}
			known := false
			for _, w := range m.watch {
				known = known || w.db == db && w.key == key
			}
			if !known {
				m.watch = append(m.watch, modelWatch{db, key, due})
			}
		case n < 52:
			// A command that writes meets a key whose time has come first.
			if _, due := there(db, key); due {
				modified := hooks.Modified
				hooks.Modified = nil
				ks.DBs[db].Write([]byte(key))
				hooks.Modified = modified
				ks.Modified(db, []byte(key))
				touched(db, key)
			}
			exists, _ := there(db, key)
			switch {
			case n < 36:
				do("PUT", key, "v")
				touched(db, key)
			case n < 38 && exists:
				do("TAKE", key)
				touched(db, key)
			case exists:
				do("EXPIRE", key)
				touched(db, key)
			}
		case n < 55:
			time.Sleep(time.Millisecond)
			do("BASE", fmt.Sprint(db)) // the clock is read behind a command
		case n < 57:
			replaced(db, -1)
			do("EMPTY", fmt.Sprint(db))
		case n < 72:
			if other := rnd.IntN(dbs); other != db {
				replaced(db, other)
				replaced(other, db)
				do("SWAP", fmt.Sprint(db), fmt.Sprint(other))
			}
		case n < 76:
			do("UNWATCH")
			m.broken, m.watch = false, nil
		default:
			want := m.broken
			for _, w := range m.watch {
				_, due := there(w.db, w.key)
				want = want || due && !w.gone
			}
			if got := m.client.WatchBroken(); got != want {
				t.Fatalf("step %d: broken is %v, want %v", step, got, want)
			}
			do("MULTI")
			do("EXEC")
			m.broken, m.watch = false, nil
		}
	}
}

package generic

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"granary/internal/command"
	"granary/internal/command/commandtest"
	"granary/internal/keyspace"
	"granary/internal/object"
)

// session returns a session with the generic commands, and those of strings that its tests need.
func session(t testing.TB) *commandtest.Session {
	return commandtest.New(t, Register, func(table *command.Table) { table.Register(specTestSet, specTestGet) })
}

// specTestSet stands in for SET key value, which belongs to another family.
var specTestSet = &command.Spec{
	Name: "set", Arity: 3, Flags: command.Write, Keys: command.OneKey(command.KeyOW),
	Handler: func(c *command.Ctx) {
		it := c.Write(c.Args[1])
		it.SetString(c.Args[2], 0)
		c.Changed(c.Args[1], keyspace.String, "set")
		c.Out.OK()
	},
}

// specTestGet stands in for GET key.
var specTestGet = &command.Spec{
	Name: "get", Arity: 2, Flags: command.ReadOnly, Keys: command.OneKey(command.KeyRO),
	Handler: func(c *command.Ctx) {
		it := c.Read(c.Args[1])
		if !it.Exists() {
			c.Out.Null()
			return
		}
		var buf object.Scratch
		c.Out.Bulk(it.Entry.Text(&buf))
	},
}

func words(s string) []string { return strings.Fields(s) }

func TestDelete(t *testing.T) {
	s := session(t)
	s.Feed()
	for _, del := range []string{"DEL", "UNLINK"} {
		s.Is("+OK", "SET", "a", "1")
		s.Is("+OK", "SET", "b", strings.Repeat("x", 100_000))
		dirty := s.Dirty()
		s.Reset()
		s.Is(":2", del, "a", "nothing", "b", "a")
		s.HasEvents("del a", "del b")
		if s.Dirty() != dirty+2 {
			t.Errorf("%s of two keys counts %d changes", del, s.Dirty()-dirty)
		}
		s.Is(":0", "DBSIZE")
	}
	s.Is(":0", "DEL", "a")
	s.HasEffects()

	s.Is("+OK", "SET", "a", "1")
	s.Is(":3", "EXISTS", "a", "b", "a", "a")
	s.Is(":2", "TOUCH", "a", "b", "a")
	s.Is("+string", "TYPE", "a")
	s.Is("+none", "TYPE", "b")
}

func TestExpireCommands(t *testing.T) {
	s := session(t)
	s.Feed()
	s.Is(":0", "EXPIRE", "k", "10")
	s.Is(":-2", "TTL", "k")
	s.Is("+OK", "SET", "k", "v")
	s.Is(":-1", "PTTL", "k")
	s.Reset()
	s.Is(":1", "PEXPIREAT", "k", "33177117420123")
	s.HasEvents("expire k")
	s.Is(":33177117420123", "PEXPIRETIME", "k")
	s.Is(":33177117420", "EXPIRETIME", "k")
	s.Is(":1", "PEXPIREAT", "k", "33177117420123")
	s.Is(":1", "PEXPIREAT", "k", "33177117420500")
	s.Is(":33177117421", "EXPIRETIME", "k")
	s.Is(":1", "EXPIREAT", "k", "33177117420", "XX")
	s.Is(":33177117420000", "PEXPIRETIME", "k")
	s.HasEffects("PEXPIREAT k 33177117420123", "PEXPIREAT k 33177117420500", "PEXPIREAT k 33177117420000 XX")
	s.Is(":1", "PERSIST", "k")
	s.Is(":0", "PERSIST", "k")
	s.HasEvents("persist k")

	s.Is(":1", "EXPIRE", "k", "100")
	if at, now := s.Effects[0], s.Env.Keys.Now; at != fmt.Sprintf("PEXPIREAT k %d", now+100_000) && at != fmt.Sprintf("PEXPIREAT k %d", now+99_999) {
		t.Errorf("EXPIRE k 100 at %d is repeated as %s", now, at)
	}
	s.Reset()
	dirty := s.Dirty()
	s.Is(":1", "EXPIRE", "k", "-1")
	s.HasEvents("del k")
	if s.Dirty() != dirty+1 || s.Env.Keys.Stats.Expired != 1 {
		t.Error("a key that EXPIRE deletes counts as one change and as expired")
	}
	s.Is("+OK", "SET", "k", "v")
	s.Env.Config.LazyfreeLazyExpire = true
	s.Reset()
	s.Is(":1", "PEXPIREAT", "k", "1")
	s.HasEffects("UNLINK k")
	s.Is(":-2", "TTL", "k")

	// The largest time there is, and one beyond.
	s.Is("+OK", "SET", "k", "v")
	s.Is(":1", "PEXPIREAT", "k", "9223372036854775807")
	s.Is(":9223372036854775807", "PEXPIRETIME", "k")
	s.Is(":9223372036854776", "EXPIRETIME", "k")
	for _, cmd := range words("EXPIRE PEXPIRE EXPIREAT") {
		s.IsError("ERR invalid expire time in '"+strings.ToLower(cmd)+"' command", cmd, "k", "9223372036854775807")
	}
	s.IsError("ERR invalid expire time in 'expireat' command", "EXPIREAT", "k", "-9223372036854775808")
	s.Is(":1", "PEXPIRE", "k", "-9223372036854775808")
	s.Is(":0", "DBSIZE")
}

func TestConditions(t *testing.T) {
	check := func(cond conditions, old, at int64, want bool) {
		t.Helper()
		if cond.hold(old, at) != want {
			t.Errorf("conditions %04b from %d to %d: %v", cond, old, at, !want)
		}
	}
	check(ifNone, 0, 5, true)
	check(ifNone, 3, 5, false)
	check(ifSome, 0, 5, false)
	check(ifSome, 3, 5, true)
	check(ifLater, 0, 5, false)
	check(ifLater, 3, 5, true)
	check(ifLater, 5, 5, false)
	check(ifEarlier, 0, 5, true)
	check(ifEarlier, 5, 5, false)
	check(ifEarlier, 6, 5, true)
	check(ifSome|ifEarlier, 0, 5, false)
	check(ifSome|ifLater, 6, 5, false)
}

func TestRename(t *testing.T) {
	s := session(t)
	s.IsError("ERR no such key", "RENAME", "a", "a")
	s.Is("+OK", "SET", "a", "1")
	s.Is(":1", "PEXPIREAT", "a", "33177117420123")
	s.Reset()
	s.Is("+OK", "RENAME", "a", "a")
	s.Is(":0", "RENAMENX", "a", "a")
	s.HasEvents()
	s.Is("+OK", "RENAME", "a", "b")
	s.HasEvents("new b", "rename_from a", "rename_to b")
	s.Is(":33177117420123", "PEXPIRETIME", "b")
	s.Is("+OK", "SET", "a", "2")
	s.Is(":0", "RENAMENX", "a", "b")
	s.Reset()
	dirty := s.Dirty()
	s.Is("+OK", "RENAME", "a", "b")
	s.HasEvents("new b", "rename_from a", "rename_to b")
	if s.Dirty() != dirty+1 {
		t.Errorf("RENAME counts %d changes", s.Dirty()-dirty)
	}
	s.Is(":-1", "PTTL", "b")
	s.Is("$1 2", "GET", "b")
	s.Is(":1", "RENAMENX", "b", strings.Repeat("long", 100))
	s.Is("$1 2", "GET", strings.Repeat("long", 100))
	s.Check()
}

func TestMoveAndCopy(t *testing.T) {
	s := session(t)
	s.Is("+OK", "SET", "a", "1")
	s.Is(":1", "PEXPIREAT", "a", "33177117420123")
	s.Reset()
	s.Is(":1", "COPY", "a", "b")
	s.HasEvents("new b", "copy_to b")
	s.Is(":0", "COPY", "a", "b")
	s.Is(":0", "COPY", "nothing", "b", "REPLACE")
	s.Is(":1", "COPY", "a", "b", "DB", "3", "REPLACE")
	s.Is(":1", "COPY", "a", "b", "REPLACE")
	s.HasEvents("keymiss nothing", "new b", "copy_to b", "new b", "copy_to b")
	s.Is(":33177117420123", "PEXPIRETIME", "b")
	s.Is(":0", "MOVE", "b", "3")
	s.Is(":1", "MOVE", "a", "3")
	s.HasEvents("new a", "move_from a", "move_to a")
	s.Is(":0", "MOVE", "a", "3")
	s.Is(":1", "DBSIZE")
	s.Is("+OK", "SELECT", "3")
	s.Is(":2", "DBSIZE")
	s.Is(":33177117420123", "PEXPIRETIME", "a")
	s.Is("$1 1", "GET", "a")
	s.IsError("ERR source and destination objects are the same", "MOVE", "a", "3")
	s.IsError("ERR source and destination objects are the same", "COPY", "a", "a", "DB", "3")
	s.IsError("ERR DB index is out of range", "MOVE", "a", "16")
	s.IsError("ERR value is out of range, value must between -2147483648 and 2147483647", "SELECT", "2147483648")
	s.Is("+OK", "SWAPDB", "0", "3")
	s.Is(":1", "DBSIZE")
	s.Is("+OK", "SWAPDB", "3", "3")
	s.Is("+OK", "SELECT", "0")
	s.Is(":2", "DBSIZE")
	s.Check()
}

func TestFlush(t *testing.T) {
	s := session(t)
	s.Feed()
	s.Is("+OK", "SET", "a", "1")
	s.Is("+OK", "SELECT", "1")
	s.Is("+OK", "SET", "b", "1")
	dirty := s.Dirty()
	s.Reset()
	s.Is("+OK", "FLUSHDB", "ASYNC")
	if n := s.Env.Keys.Pending(); n != 1 {
		t.Errorf("after FLUSHDB ASYNC %d objects wait to be given back", n)
	}
	s.Is("+OK", "flushdb", "sync")
	if n := s.Env.Keys.Pending(); n != 0 {
		t.Errorf("after FLUSHDB SYNC %d objects wait to be given back", n)
	}
	s.Is("+OK", "FLUSHALL")
	if s.Dirty() != dirty+2 {
		t.Errorf("two keys flushed count %d changes", s.Dirty()-dirty)
	}
	s.HasEffects("FLUSHDB ASYNC", "flushdb sync", "FLUSHALL")
	s.IsError("ERR syntax error", "FLUSHALL", "NOW")
	s.IsError("ERR syntax error", "FLUSHALL", "ASYNC", "SYNC")
	s.Is("+OK", "SET", "a", "1")
	s.Env.Config.LazyfreeLazyUserFlush = true
	s.Is("+OK", "FLUSHALL")
	if n := s.Env.Keys.Pending(); n != 1 {
		t.Errorf("after FLUSHALL under lazyfree-lazy-user-flush %d objects wait to be given back", n)
	}
	s.Env.Keys.Reclaim(time.Now().Add(time.Hour))
}

// elements returns the bulk strings of a raw array, sorted.
func elements(t *testing.T, raw string) []string {
	t.Helper()
	lines := strings.Split(raw, "\r\n")
	n, err := strconv.Atoi(strings.TrimPrefix(lines[0], "*"))
	if err != nil || len(lines) != 2*n+2 {
		t.Fatalf("no array of bulk strings: %.200q", raw)
	}
	var got []string
	for i := range n {
		got = append(got, lines[2+2*i])
	}
	slices.Sort(got)
	return got
}

// scan does one SCAN and returns the cursor and the keys.
func scan(t *testing.T, s *commandtest.Session, cursor string, options ...string) (string, []string) {
	t.Helper()
	raw := s.Do(append([]string{"SCAN", cursor}, options...)...)
	parts := strings.SplitN(raw, "\r\n", 4)
	if parts[0] != "*2" {
		t.Fatalf("SCAN %s %q: %q", cursor, options, raw)
	}
	return parts[2], elements(t, parts[3])
}

func TestScanAndKeys(t *testing.T) {
	s := session(t)
	const keys = 5000
	want := map[string]bool{}
	for i := range keys {
		k := "key:" + strconv.Itoa(i)
		want[k] = true
		s.Do("SET", k, "v")
	}
	check := func(match string, options ...string) {
		t.Helper()
		seen := map[string]bool{}
		calls := 0
		for cursor := "0"; calls == 0 || cursor != "0"; calls++ {
			var got []string
			cursor, got = scan(t, s, cursor, options...)
			for _, k := range got {
				seen[k] = true
			}
			if len(options) == 0 && len(got) > 10+64 {
				t.Fatalf("SCAN returns %d keys at once", len(got))
			}
		}
		n := 0
		for k := range want {
			if strings.HasSuffix(k, match) {
				n++
				if !seen[k] {
					t.Fatalf("SCAN %q misses %s", options, k)
				}
			}
		}
		if n != len(seen) {
			t.Errorf("SCAN %q finds %d keys, want %d", options, len(seen), n)
		}
		if len(options) == 0 && calls < keys/(10+64) {
			t.Errorf("SCAN takes only %d calls", calls)
		}
	}
	check("")
	check("", "COUNT", "100", "MATCH", "*", "TYPE", "STRING")
	check("77", "MATCH", "*77")
	check("none of it", "TYPE", "list")
	check("", "COUNT", "9223372036854775807")
	if got := elements(t, s.Do("KEYS", "*")); len(got) != keys {
		t.Errorf("KEYS * finds %d", len(got))
	}
	if got := elements(t, s.Do("KEYS", "key:12?")); len(got) != 10 || got[0] != "key:120" {
		t.Errorf("KEYS key:12? finds %q", got)
	}
	s.IsError("ERR NOVALUES option can only be used in HSCAN", "SCAN", "0", "NOVALUES")
}

func TestExpiredKeysAreNotSeen(t *testing.T) {
	s := session(t)
	s.Do("SET", "here", "v")
	s.Do("SET", "gone", "v")
	s.Do("PEXPIRE", "gone", "1")
	s.Reset()
	time.Sleep(3 * time.Millisecond)
	s.Env.BeginTurn()
	s.Is(":2", "DBSIZE")
	s.Is("[$4 here]", "KEYS", "*")
	s.HasEvents()
	if _, got := scan(t, s, "0", "MATCH", "h*"); !slices.Equal(got, []string{"here"}) {
		t.Errorf("SCAN finds %q", got)
	}
	s.HasEvents()
	if _, got := scan(t, s, "0"); !slices.Equal(got, []string{"here"}) {
		t.Errorf("SCAN finds %q", got)
	}
	s.HasEvents("expired gone")
	s.Do("SET", "gone", "v")
	s.Do("PEXPIRE", "gone", "1")
	time.Sleep(3 * time.Millisecond)
	s.Env.BeginTurn()
	for range 20 {
		s.Is("$4 here", "RANDOMKEY")
	}
	s.Do("DEL", "here")
	s.Do("SET", "gone", "v")
	s.Do("PEXPIRE", "gone", "1")
	time.Sleep(3 * time.Millisecond)
	s.Env.BeginTurn()
	s.Is("$-1", "RANDOMKEY")
	s.Is(":0", "DBSIZE")
}

// TestRandomKey asks for each of a few keys about as often.
func TestRandomKey(t *testing.T) {
	s := session(t)
	s.Is("$-1", "RANDOMKEY")
	const keys, rounds = 20, 4000
	for i := range keys {
		s.Do("SET", strconv.Itoa(i), "v")
	}
	count := map[string]int{}
	for range rounds {
		count[s.Do("RANDOMKEY")]++
	}
	for k, n := range count {
		// 200 expected, standard deviation 14.
		if n < 100 || n > 320 {
			t.Errorf("RANDOMKEY answers %q %d times of %d", k, n, rounds)
		}
	}
	if len(count) != keys {
		t.Errorf("RANDOMKEY answers %d different keys", len(count))
	}
}

func TestObject(t *testing.T) {
	s := session(t)
	s.Do("SET", "int", "12345678")
	s.Do("SET", "shared", "77")
	s.Do("SET", "emb", "short")
	s.Do("SET", "raw", strings.Repeat("x", 45))
	s.Is("$3 int", "OBJECT", "ENCODING", "int")
	s.Is("$6 embstr", "OBJECT", "ENCODING", "emb")
	s.Is("$3 raw", "OBJECT", "ENCODING", "raw")
	s.Is(":1", "OBJECT", "REFCOUNT", "int")
	s.Is(":1", "OBJECT", "REFCOUNT", "raw")
	s.Is(":2", "OBJECT", "REFCOUNT", "shared")
	s.Is(":1", "COPY", "shared", "again")
	s.Is(":3", "OBJECT", "REFCOUNT", "shared")
	s.Is(":0", "OBJECT", "IDLETIME", "raw")
	s.IsError(errPolicyLRU, "OBJECT", "FREQ", "raw")
	s.Is("$-1", "OBJECT", "FREQ", "nothing")

	access := &s.Env.Keys.Access
	it := s.Client.DB.Find([]byte("raw"))
	access.SetIdle(it.Entry, 100)
	for _, cmd := range [][]string{{"TYPE", "raw"}, {"EXISTS", "raw"}, {"TTL", "raw"}, {"OBJECT", "ENCODING", "raw"}} {
		s.Do(cmd...)
		s.Is(":100", "OBJECT", "IDLETIME", "raw")
	}
	s.Client.SetNoTouch(true)
	s.Do("GET", "raw")
	s.Is(":100", "OBJECT", "IDLETIME", "raw")
	s.Is(":1", "TOUCH", "raw")
	s.Is(":0", "OBJECT", "IDLETIME", "raw")
	s.Client.SetNoTouch(false)

	access.LFU = true
	access.SetNow(s.Env.Keys.Now)
	s.IsError(errPolicyLFU, "OBJECT", "IDLETIME", "raw")
	s.Do("SET", "new", "v")
	s.Is(":5", "OBJECT", "FREQ", "new")
	s.Is("$1 v", "GET", "new")
	s.Is(":6", "OBJECT", "FREQ", "new")
}

func TestSort(t *testing.T) {
	s := session(t)
	s.Feed()
	s.Is("[]", "SORT", "a", "BY", "w_*", "LIMIT", "0", "10", "GET", "#", "GET", "o_*", "DESC", "ALPHA")
	s.Is("[]", "SORT_RO", "a", "by", "nosort", "asc")
	s.Do("SET", "s", "v")
	s.Reset()
	s.IsError(command.ErrWrongType, "SORT", "s")
	s.Is(":0", "SORT", "a", "STORE", "s")
	s.HasEvents("keymiss a", "del s")
	s.Is(":0", "SORT", "a", "STORE", "s")
	s.HasEvents("keymiss a")

	check := func(line string, want ...int) {
		t.Helper()
		var args [][]byte
		for _, w := range words(line) {
			args = append(args, []byte(w))
		}
		spec := s.Env.Table.Find(args[0])
		keys, ok := spec.FindKeys(args, nil)
		var got []int
		for _, k := range keys {
			got = append(got, k.Index)
		}
		if !ok || !slices.Equal(got, want) {
			t.Errorf("keys of %s: %v %v, want %v", line, got, ok, want)
		}
	}
	check("sort a", 1)
	check("sort a store b", 1, 3)
	check("sort a get store store b store c", 1, 7)
	check("sort a limit store store desc", 1)
	check("sort a by store limit 0 1 store c", 1, 8)
	check("sort_ro a get store", 1)
}

func TestAllocations(t *testing.T) {
	s := session(t)
	s.Do("SET", "k", "v")
	check := func(line string) {
		t.Helper()
		var args [][]byte
		for _, w := range words(line) {
			args = append(args, []byte(w))
		}
		s.Env.Keys.Events = 0
		if n := testing.AllocsPerRun(100, func() { s.Out.Reset(); s.Client.Do(args...) }); n != 0 {
			t.Errorf("%s: %v allocations", line, n)
		}
	}
	check("EXPIRE k 1000")
	check("PEXPIREAT k 33177117420123 XX")
	check("TTL k")
	check("PERSIST k")
	check("EXISTS k nothing")
	check("TYPE k")
	check("TOUCH k")
	check("DEL nothing")
	check("OBJECT ENCODING k")
	check("DBSIZE")
	check("RENAME k k")
}

// loggedFeed is an append-only file as effects see it: each takes ten bytes.
type loggedFeed struct{ env *command.Env }

func (f loggedFeed) Append(int, [][]byte, command.Target) { f.env.Saves.Logged += 10 }

// TestWaitAOFPositions checks whose writes count, and up to where they are on the disk.
func TestWaitAOFPositions(t *testing.T) {
	s := session(t)
	is := func(local string) {
		t.Helper()
		s.Is("[:"+local+" :0]", "WAITAOF", "0", "0", "0")
		s.Is("[:"+local+" :0]", "WAITAOF", "0", "7", "0") // nobody waits in a session without a socket
	}
	is("0")
	s.IsError("ERR WAITAOF cannot be used when numlocal is set but appendonly is disabled.", "WAITAOF", "1", "0", "0")
	log := &s.Ops.Log
	log.On, log.Synced = true, 0
	is("1") // what was written before there was a file is in its base
	s.Env.AddFeed(loggedFeed{s.Env})
	s.Env.Saves.Logged = 50 // others wrote
	is("1")
	s.Is("+OK", "SET", "k", "v")
	is("0")
	s.Is("[:0 :0]", "WAITAOF", "1", "0", "0")
	log.Synced = 59
	is("0")
	log.Synced = 60
	is("1")
	s.Is("$1 v", "GET", "k") // has no effect
	s.Env.Saves.Logged = 100
	is("1")
	log.Synced = -1 // the first rewrite is under way
	is("0")
	s.Is(":0", "WAIT", "1", "0")
	if n := s.Env.Blocked.Len(); n != 0 {
		t.Errorf("%d clients wait", n)
	}
}

package memory

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"granary/internal/command"
	"granary/internal/command/commandtest"
	"granary/internal/commands/admin"
	"granary/internal/commands/generic"
	"granary/internal/commands/hashes"
	"granary/internal/commands/lists"
	"granary/internal/commands/sets"
	"granary/internal/commands/streams"
	stringcommands "granary/internal/commands/strings"
	"granary/internal/commands/zsets"
	"granary/internal/dead"
	"granary/internal/keyspace"
	"granary/internal/object"
	"granary/tests/live"
)

// data are the families that make every type of value.
var data = []func(*command.Table){
	Register, admin.Register, generic.Register, stringcommands.Register, hashes.Register, lists.Register, sets.Register,
	zsets.Register, streams.Register,
}

// walk runs a whole walk, in slices that end as soon as they can.
func (c checker) walk(job dead.Job) *dead.Walk {
	w := c.Env.NewDeadWalk(job)
	for n := 0; !w.Slice(time.Time{}); n++ {
		if n > 1<<22 {
			c.T.Fatal("a walk without end")
		}
	}
	c.Env.Dead.Note(w)
	return w
}

// data returns the usable bytes of what belongs to keys.
func (c checker) data() int64 {
	c.Env.FinishReclaim()
	b := c.Env.Keys.Arena.Books()
	return b.Keyspace().Usable
}

// change is a random command that changes something, or reads.
func change(r *rand.Rand, step int) []string {
	n := func(most int) string { return strconv.Itoa(r.IntN(most)) }
	key := func(t string) string { return t + n(12) }
	text := func() string {
		if r.IntN(3) == 0 {
			return n(100000)
		}
		return strings.Repeat("t", r.IntN(1<<r.IntN(9))) + n(40)
	}
	many := func(cmd, k string, item func() []string) []string {
		args := []string{cmd, k}
		for range 1 + r.IntN(40) {
			args = append(args, item()...)
		}
		return args
	}
	one := func() []string { return []string{text()} }
	member := func() string { return "m" + n(300) }
	switch r.IntN(34) {
	case 0, 1:
		return []string{"APPEND", key("str"), text()}
	case 2:
		return []string{"SET", key("str"), text()}
	case 3:
		return []string{"SETRANGE", key("str"), n(300), text()}
	case 4:
		return []string{"GET", key("str")}
	case 5:
		return []string{"INCR", key("num")}
	case 6, 7:
		return many("HSET", key("hash"), func() []string { return []string{member(), text()} })
	case 8, 9:
		return many("HDEL", key("hash"), func() []string { return []string{member()} })
	case 10:
		return []string{"HGET", key("hash"), member()}
	case 11:
		return []string{"HEXPIREAT", key("hash"), n(2) + "900000000", "FIELDS", "2", member(), member()}
	case 12, 13:
		return many("SADD", key("set"), func() []string { return []string{member()} })
	case 14, 15:
		return many("SREM", key("set"), func() []string { return []string{member()} })
	case 16:
		return many("SADD", key("ints"), func() []string { return []string{strconv.Itoa(r.IntN(300) << (12 * r.IntN(4)))} })
	case 17:
		return many("SREM", key("ints"), func() []string { return []string{strconv.Itoa(r.IntN(300) << (12 * (1 + r.IntN(3))))} })
	case 18:
		return []string{"SISMEMBER", key("set"), member()}
	case 19, 20:
		return many("ZADD", key("zset"), func() []string { return []string{n(50), member()} })
	case 21, 22:
		return many("ZREM", key("zset"), func() []string { return []string{member()} })
	case 23:
		return []string{"ZRANGE", key("zset"), n(20), n(60), "WITHSCORES"}
	case 24:
		return many("RPUSH", key("list"), one)
	case 25:
		return []string{"LTRIM", key("list"), n(30), "-" + n(200)}
	case 26:
		return many("LPUSH", key("list"), one)
	case 27:
		return []string{[]string{"LPOP", "RPOP"}[r.IntN(2)], key("list"), n(30)}
	case 28:
		return []string{"LRANGE", key("list"), n(20), n(60)}
	case 29:
		return append([]string{"XADD", key("stream"), strconv.Itoa(step+1) + "-1"}, "f", text(), "g", text())
	case 30:
		return many("XDEL", key("stream"), func() []string { return []string{strconv.Itoa(max(step-r.IntN(1500), 1)) + "-1"} })
	case 31:
		return []string{"XTRIM", key("stream"), "MAXLEN", []string{"~", "="}[r.IntN(2)], n(200)}
	case 32:
		return []string{"XRANGE", key("stream"), "-", "+", "COUNT", "30"}
	}
	t := []string{"str", "num", "hash", "set", "ints", "zset", "list", "stream"}[r.IntN(8)]
	return []string{[]string{"DEL", "TYPE", "DEBUG DIGEST-VALUE", "OBJECT ENCODING"}[min(r.IntN(12), 3)], key(t)}
}

// sameBut tells whether the reply of a command is the same when values may be stored in another encoding.
func sameBut(encodings bool, args []string) bool {
	return !encodings || !strings.HasPrefix(args[0], "OBJECT")
}

// TestDeadHistories runs random histories on two servers, one of which looks for dead memory and frees it all the time, a step
// here and a step there: every reply is the same, the data is the same, and it never takes more.
func TestDeadHistories(t *testing.T) {
	seed := live.Seed(t)
	var freed [dead.NumKinds]int64
	kinds := []dead.Kind{dead.Strings, dead.Lists, dead.Streams, dead.Encodings}
	missing := func() bool { return slices.ContainsFunc(kinds, func(k dead.Kind) bool { return freed[k] == 0 }) }
	for round := uint64(0); round < 6 || round < 10 && missing(); round++ { // what is met depends on the order of keys, too
		r := rand.New(rand.NewPCG(seed, round))
		encodings := round%2 == 1
		free := dead.Unseen() &^ dead.Of(dead.Lazyfree)
		if encodings {
			free |= dead.Of(dead.Encodings)
		}
		a, b := checker{commandtest.New(t, data...)}, checker{commandtest.New(t, data...)}
		for _, c := range []checker{a, b} {
			c.Env.Config.StringEmbstrMax, c.Env.Keys.Limits.Embstr = 44, 44
			c.Env.Config.HashMaxListpackEntries, c.Env.Config.SetMaxListpackEntries, c.Env.Config.ZSetMaxListpackEntries = 64, 64, 64
			c.Env.Config.SetMaxIntsetEntries, c.Env.Config.ListMaxListpackSize = 64, -1
		}
		var w *dead.Walk
		for step := range 2500 {
			args := change(r, step)
			args = append(strings.Fields(args[0]), args[1:]...)
			want := b.Do(args...)
			if got := a.Do(args...); got != want && sameBut(encodings, args) {
				t.Fatalf("round %d, step %d: %.200q: %.300q, want %.300q", round, step, args, got, want)
			}
			if w == nil && r.IntN(50) == 0 {
				w = a.Env.NewDeadWalk(dead.Job{Free: free, Least: r.IntN(2) * 20})
			}
			for range r.IntN(8) {
				if w != nil && w.Slice(time.Time{}) {
					a.Env.Dead.Note(w)
					w = nil
				}
			}
			if step%500 == 499 {
				a.Check()
				b.Check()
			}
		}
		if x, y := a.Do("DEBUG", "DIGEST"), b.Do("DEBUG", "DIGEST"); x != y {
			t.Errorf("the data is %s, want %s", x, y)
		}
		a.walk(dead.Job{Free: free})
		if x, y := a.data(), b.data(); x > y {
			t.Errorf("%d bytes with dead memory freed, %d without", x, y)
		} else {
			t.Logf("round %d: %d bytes, %d without", round, x, y)
		}
		if x, y := a.Do("DEBUG", "DIGEST"), b.Do("DEBUG", "DIGEST"); x != y {
			t.Errorf("the data is %s, want %s", x, y)
		}
		for k := range freed {
			freed[k] += a.Env.Dead.Freed[k].Bytes
		}
	}
	for _, k := range kinds {
		if freed[k] == 0 {
			t.Errorf("nothing of %s was ever freed", k)
		}
	}
}

// TestDeadBytes holds what an inventory says against what freeing gives back, kind by kind.
func TestDeadBytes(t *testing.T) {
	c := checker{commandtest.New(t, data...)}
	r := rand.New(rand.NewPCG(live.Seed(t), 77))
	for step := range 6000 {
		args := change(r, step)
		c.Do(append(strings.Fields(args[0]), args[1:]...)...)
	}
	for i := range 200 {
		c.Do("SADD", fmt.Sprint("wide", i), "1", "2", "3", "4", "5", "6", "7", "8", "1099511627776")
		c.Do("SREM", fmt.Sprint("wide", i), "1099511627776")
	}
	found := c.walk(dead.Job{})
	for _, a := range found.Freed {
		if a != (dead.Amount{}) {
			t.Fatal("looking freed something")
		}
	}
	for _, k := range []dead.Kind{dead.Strings, dead.Lists, dead.Streams, dead.Tables, dead.Intsets, dead.Encodings} {
		before := c.data()
		w := c.walk(dead.Job{Free: dead.Of(k)})
		got := before - c.data()
		if w.Freed[k].Bytes != got || w.Found[k].Bytes != found.Found[k].Bytes {
			t.Errorf("%s: %d bytes less, says %d; found %d, before %d", k, got, w.Freed[k].Bytes, w.Found[k].Bytes, found.Found[k].Bytes)
		}
		if k != dead.Tables && k != dead.Lists && got == 0 {
			t.Errorf("%s: nothing to be freed", k)
		}
		found = c.walk(dead.Job{})
		if left := found.Found[k]; left.Bytes != 0 && k != dead.Tables && k != dead.Streams {
			t.Errorf("%s: %+v are left", k, left)
		}
		c.Check()
	}
}

// TestDeadIdle sees that what was used lately is left alone, under LRU and LFU.
func TestDeadIdle(t *testing.T) {
	c := checker{commandtest.New(t, data...)}
	for _, lfu := range []bool{false, true} {
		c.Env.Keys.Access.LFU = lfu
		c.Env.Keys.Access.SetNow(1_000_000_000)
		c.Do("DEL", "k")
		c.Do("APPEND", "k", strings.Repeat("x", 100))
		c.Do("APPEND", "k", strings.Repeat("x", 100))
		c.Env.Keys.Access.SetNow(1_000_000_000 + 119_000)
		if w := c.walk(dead.Job{Free: dead.Of(dead.Strings), Idle: 180}); w.Freed[dead.Strings].Bytes != 0 || w.Found[dead.Strings].Count != 1 {
			t.Errorf("LFU %v: %+v", lfu, w.Freed)
		}
		c.Env.Keys.Access.SetNow(1_000_000_000 + 300_000)
		if w := c.walk(dead.Job{Free: dead.Of(dead.Strings), Idle: 180}); w.Freed[dead.Strings].Bytes == 0 {
			t.Errorf("LFU %v: what was not used for long stays", lfu)
		}
	}
}

// TestDeadExpired sees that what is due is counted exactly, with and without a walk, and goes as it always goes.
func TestDeadExpired(t *testing.T) {
	c := checker{commandtest.New(t, data...)}
	ks := c.Env.Keys
	ks.ExpireOnAccess = false // nobody deletes it meanwhile
	at := strconv.FormatInt(ks.Now+60_000, 10)
	bytes := int64(0)
	for i := range 100 {
		c.Do("SET", fmt.Sprint("k", i), strings.Repeat("v", i), "PXAT", at)
		c.Do("SET", fmt.Sprint("stays", i), "v")
		it := ks.DBs[0].Find(fmt.Appendf(nil, "k%d", i))
		n, _ := it.Entry.Bytes()
		bytes += n
	}
	for i := range 200 {
		c.Do("HSET", "h", fmt.Sprint("f", i), "v")
	}
	c.Do("HPEXPIREAT", "h", at, "FIELDS", "3", "f1", "f2", "f3")
	ks.Now += 61_000
	if n, b, exact := ks.CountDue(1000); n != 100 || b != bytes || !exact {
		t.Errorf("%d keys of %d bytes, exact %v; want 100 of %d", n, b, exact, bytes)
	}
	w := c.walk(dead.Job{Free: dead.Of(dead.Expired) | dead.Of(dead.Fields)})
	if w.Found[dead.Expired] != (dead.Amount{Bytes: bytes, Count: 100}) || w.Found[dead.Fields].Count != 3 || w.Freed[dead.Expired].Count != 0 {
		t.Errorf("found %+v, freed %+v", w.Found, w.Freed)
	}
	ks.ExpireOnAccess = true
	c.Reset()
	w = c.walk(dead.Job{Free: dead.Of(dead.Expired) | dead.Of(dead.Fields)})
	if w.Freed[dead.Expired] != (dead.Amount{Bytes: bytes, Count: 100}) || w.Freed[dead.Fields].Count != 3 {
		t.Errorf("freed %+v", w.Freed)
	}
	events := slices.DeleteFunc(slices.Clone(c.Events), func(e string) bool { return !strings.HasPrefix(e, "expired ") })
	if len(events) != 100 {
		t.Errorf("%d events: %.5q", len(events), events)
	}
	if n, _, exact := ks.CountDue(1000); n != 0 || !exact {
		t.Errorf("%d keys are due", n)
	}
}

// TestDeadQuiet sees that freeing tells nobody and is no access.
func TestDeadQuiet(t *testing.T) {
	c := checker{commandtest.New(t, data...)}
	r := rand.New(rand.NewPCG(3, 3))
	for step := range 3000 {
		args := change(r, step)
		c.Do(append(strings.Fields(args[0]), args[1:]...)...)
	}
	c.Feed()
	c.Reset()
	clocks := map[string]uint32{}
	each := func(fn func(object.Entry)) {
		c.Env.Keys.DBs[0].Each(func(e object.Entry) bool {
			fn(e)
			return true
		})
	}
	each(func(e object.Entry) { clocks[string(e.Key())] = e.LRU() })
	c.Env.Keys.Access.SetNow(c.Env.Keys.Now + 100_000)
	told := 0
	c.Env.Keys.Hooks.Modified = func(int, []byte, bool) { told++ }
	dirty := c.Env.Keys.Stats.Dirty
	w := c.walk(dead.Job{Free: 1<<dead.NumKinds - 1})
	if w.Freed[dead.Strings].Bytes == 0 || w.Freed[dead.Encodings].Bytes == 0 {
		t.Fatalf("freed %+v", w.Freed)
	}
	if told != 0 || len(c.Events) != 0 || len(c.Effects) != 0 || c.Env.Keys.Stats.Dirty != dirty {
		t.Errorf("%d modifications, events %q, effects %q", told, c.Events, c.Effects)
	}
	each(func(e object.Entry) {
		if clocks[string(e.Key())] != e.LRU() {
			t.Errorf("%s was accessed", e.Key())
		}
	})
	c.Env.Keys.Hooks = keyspace.Hooks{}
}

// TestDeadDoctor sees that the doctor speaks of what a scan has found.
func TestDeadDoctor(t *testing.T) {
	c := checker{commandtest.New(t, data...)}
	for i := range 3000 {
		c.Do("APPEND", fmt.Sprint("k", i), strings.Repeat("x", 1000))
		c.Do("APPEND", fmt.Sprint("k", i), strings.Repeat("y", 50))
	}
	if got := c.Do("memory", "doctor"); strings.Contains(got, "Dead memory") {
		t.Errorf("before a scan: %s", got)
	}
	c.walk(dead.Job{})
	if got := c.Do("memory", "doctor"); !strings.Contains(got, "Dead memory: the last look found 3.") || !strings.Contains(got, "kind strings") {
		t.Errorf("%s", got)
	}
	c.walk(dead.Job{Free: dead.Unseen()})
	if got := c.Do("memory", "doctor"); strings.Contains(got, "Dead memory") {
		t.Errorf("when it is freed: %s", got)
	}
}

// TestDeadReplies sees the replies of MEMORY DEAD, and its errors.
func TestDeadReplies(t *testing.T) {
	c := checker{commandtest.New(t, data...)}
	const names = "expired, expired-fields, strings, lists, streams, tables, intsets, encodings, clients, tracking, scripts, lazyfree, pages, slabs"
	c.is("memory dead foo", "-ERR syntax error")
	c.is("memory dead scan now", "-ERR syntax error")
	c.is("memory dead free strings foo", "-ERR unknown kind of dead memory, must be one of "+names)
	c.Do("APPEND", "k", strings.Repeat("x", 100))
	c.Do("APPEND", "k", "y")
	for _, proto := range []uint8{2, 3} {
		c.Proto(proto)
		got := commandtest.Show(c.Do("memory", "dead", "scan"))
		for _, k := range strings.Split(names, ", ") {
			if !strings.Contains(got, " "+k+" ") {
				t.Errorf("%s is missing in %s", k, got)
			}
		}
		if !strings.Contains(got, "strings") || !strings.Contains(got, " keys :1 ") {
			t.Errorf("%s", got)
		}
	}
	got := commandtest.Show(c.Do("memory", "dead", "free", "STRINGS"))
	if !strings.Contains(got, "strings {$5 bytes :96 $5 count :1}") {
		t.Errorf("%s", got)
	}
}

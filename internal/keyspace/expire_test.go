package keyspace

import (
	"fmt"
	"slices"
	"strconv"
	"testing"
	"time"

	"granary/internal/config"
	"granary/internal/mem"
	"granary/internal/object"
)

// observed is a keyspace that writes down what its hooks are told.
type observed struct {
	*Keyspace
	log []string
}

func observe(t *testing.T, dbs int) *observed {
	o := &observed{Keyspace: New(mem.NewArena("test"), dbs)}
	o.Now = 1_700_000_000_000
	o.Access.SetNow(o.Now)
	o.Events = 1<<15 - 1
	o.Hooks = Hooks{
		Event:    func(c Class, event string, key []byte, db int) { o.say("%s %s %d (%d)", event, key, db, c) },
		Modified: func(db int, key []byte, _ bool) { o.say("modified %s %d", key, db) },
		Expired:  func(db int, key []byte) { o.say("deleted %s %d", key, db) },
		Created:  func(db int, typ object.Type, key []byte) { o.say("created %s %s %d", typ, key, db) },
	}
	t.Cleanup(func() {
		o.FlushAll(true)
		o.Reclaim(far())
	})
	return o
}

func (o *observed) say(format string, args ...any) {
	o.log = append(o.log, fmt.Sprintf(format, args...))
}

func (o *observed) expect(t *testing.T, want ...string) {
	t.Helper()
	if !slices.Equal(o.log, want) {
		t.Errorf("told:\n%q\nwant:\n%q", o.log, want)
	}
	o.log = nil
}

func (o *observed) set(key string, expiry int64) {
	it := o.DBs[0].Write([]byte(key))
	it.SetString([]byte("value of "+key), expiry)
}

func TestEvents(t *testing.T) {
	o := observe(t, 2)
	o.set("a", 0)
	o.expect(t, "created string a 0", "new a 0 (16384)")
	o.set("a", o.Now+5)
	o.set("a", 0)
	o.expect(t)

	it := o.DBs[0].Read([]byte("b"))
	o.expect(t, "keymiss b 0 (2048)")
	it = o.DBs[0].Lookup([]byte("b"), NoNotify)
	it = o.DBs[0].Write([]byte("b"))
	o.expect(t)

	src := o.DBs[0].Write([]byte("a"))
	o.Rename(&src, &it)
	o.expect(t, "created string b 0", "new b 0 (16384)")
	o.set("a", 0)
	o.log = nil
	src, it = o.DBs[0].Write([]byte("a")), o.DBs[0].Write([]byte("b"))
	o.Rename(&src, &it)
	o.expect(t, "created string b 0", "new b 0 (16384)")
	src, it = o.DBs[0].Write([]byte("b")), o.DBs[1].Write([]byte("b"))
	o.Move(&src, &it)
	o.expect(t, "created string b 1", "new b 1 (16384)")
	o.set("b", 0)
	o.log = nil
	src, it = o.DBs[0].Write([]byte("b")), o.DBs[1].Write([]byte("b"))
	o.Copy(&src, &it)
	o.expect(t, "created string b 1", "new b 1 (16384)")

	o.Events = Generic
	it = o.DBs[0].Read([]byte("nothing"))
	o.expect(t)
}

func TestExpiryOnAccess(t *testing.T) {
	o := observe(t, 1)
	db := o.DBs[0]
	key := []byte("a")
	o.set("a", o.Now+1)
	o.log = nil
	if it := db.Read(key); !it.Exists() || o.Stats.Hits != 1 {
		t.Fatal("the key is gone before its time")
	}
	o.Now++
	if it := db.Find(key); !it.Exists() {
		t.Fatal("Find does not find an expired key")
	}
	if it := db.Read(key); it.Exists() || db.Len() != 0 || o.Stats.Expired != 1 || o.Stats.Misses != 1 {
		t.Fatal("an expired key is found")
	}
	o.expect(t, "expired a 0 (256)", "modified a 0", "deleted a 0", "keymiss a 0 (2048)")

	// Where keys must stay, readers do not see the key and writers delete it.
	o.set("a", o.Now)
	o.log = nil
	o.ExpireOnAccess = false
	if it := db.Lookup(key, NoNotify); it.Exists() || db.Len() != 1 {
		t.Fatal("a reader sees or deletes an expired key that must stay")
	}
	db.Each(func(e object.Entry) bool {
		if !db.Due(e) || db.Len() != 1 {
			t.Error("a walk does not see that the time has come, or deletes a key that must stay")
		}
		return true
	})
	if !o.ExpireSlice(far()) || db.Len() != 1 {
		t.Fatal("active expiry deletes a key that must stay")
	}
	o.expect(t)
	if it := db.Write(key); it.Exists() || db.Len() != 0 {
		t.Fatal("a writer finds an expired key")
	}
	o.expect(t, "expired a 0 (256)", "modified a 0", "deleted a 0")
}

func TestDue(t *testing.T) {
	o := observe(t, 1)
	o.set("a", o.Now)
	o.set("b", 0)
	o.log = nil
	for range 2 {
		for cursor, first := uint64(0), true; first || cursor != 0; first = false {
			cursor = o.DBs[0].Scan(cursor, func(e object.Entry) {
				key := string(e.Key())
				if o.DBs[0].Due(e) != (key == "a") {
					t.Errorf("Due(%s)", key)
				}
			})
		}
		if o.DBs[0].Len() != 1 {
			t.Fatalf("%d keys", o.DBs[0].Len())
		}
	}
	o.expect(t, "expired a 0 (256)", "modified a 0", "deleted a 0")
}

// TestExpiryOrder lets time go on in small steps: keys go in the order of their times, none early, none late.
func TestExpiryOrder(t *testing.T) {
	o := observe(t, 3)
	const keys = 5000
	for i := range keys {
		at := o.Now + 1 + int64(i*7919%keys)
		it := o.DBs[i%3].Write([]byte(strconv.Itoa(i)))
		it.SetString(nil, at)
	}
	expiry := map[string]int64{}
	for _, db := range o.DBs {
		db.Each(func(e object.Entry) bool { expiry[string(e.Key())] = e.Expiry(); return true })
	}
	o.log = nil
	o.Events = 0
	o.Hooks = Hooks{Expired: func(_ int, key []byte) {
		if at := expiry[string(key)]; at > o.Now || at <= o.Now-3 {
			t.Errorf("key of %d expires at %d", at, o.Now)
		}
		delete(expiry, string(key))
	}}
	for len(expiry) > 0 && !t.Failed() {
		o.Now += 3
		if !o.ExpireSlice(far()) {
			t.Fatal("ExpireSlice: not done")
		}
	}
	if o.Stats.Expired != keys || o.Stats.ExpiredStale != 0 || o.Stats.ExpireTimeCaps != 0 {
		t.Errorf("%+v", o.Stats)
	}
}

func TestExpireSliceEnds(t *testing.T) {
	o := observe(t, 2)
	o.Hooks, o.Events = Hooks{}, 0
	for i := range 1000 {
		o.set(strconv.Itoa(i), o.Now)
	}
	if o.ExpireSlice(time.Now().Add(-time.Second)) {
		t.Fatal("a slice without time did everything")
	}
	if n := o.DBs[0].Len(); n != 1000-expireStep {
		t.Errorf("%d keys are left after the smallest slice, want %d", n, 1000-expireStep)
	}
	if o.Stats.ExpireTimeCaps != 1 || o.Stats.ExpiredStale < 4.99 || o.Stats.ExpiredStale > 5.01 {
		t.Errorf("one slice of stale keys only: %+v", o.Stats)
	}
	o.ActiveExpire = false
	if !o.ExpireSlice(far()) || o.DBs[0].Len() == 0 {
		t.Error("active expiry works although it is off")
	}
	o.ActiveExpire = true
	if !o.ExpireSlice(far()) || o.DBs[0].Len() != 0 {
		t.Error("active expiry does not end")
	}
	if o.Stats.ExpiredStale > 4.8 {
		t.Errorf("stale share %v does not fall", o.Stats.ExpiredStale)
	}
}

func TestSum(t *testing.T) {
	check := func(times ...int64) {
		t.Helper()
		var s sum
		lo, hi := times[0], times[0]
		for _, ms := range times {
			s.add(ms)
			s.add(42)
			s.sub(42)
			lo, hi = min(lo, ms), max(hi, ms)
		}
		if m := s.mean(uint64(len(times))); m < lo || m > hi {
			t.Errorf("mean of %v: %d", times, m)
		}
		for _, ms := range times {
			s.sub(ms)
		}
		if s != (sum{}) {
			t.Errorf("%v taken back leaves %v", times, s)
		}
	}
	check(1)
	check(1_700_000_000_000, 1_800_000_000_000)
	check(1<<63-1, 1<<63-1, 1<<63-1, 1<<63-1)
	check(1, 1<<63-1, 1<<63-1)
}

// TestClassNumbers holds the classes and the values of notify-keyspace-events together.
func TestClassNumbers(t *testing.T) {
	check := func(letters string, want Class) {
		t.Helper()
		flags, ok := config.ParseNotifyFlags(letters)
		if !ok || Class(flags) != want {
			t.Errorf("%s is %d, want %d", letters, flags, want)
		}
	}
	check("K", KeyChannel)
	check("E", EventChannel)
	check("g", Generic)
	check("$", String)
	check("l", List)
	check("s", Set)
	check("h", Hash)
	check("z", ZSet)
	check("x", Expired)
	check("e", Evicted)
	check("t", Stream)
	check("m", KeyMiss)
	check("d", Module)
	check("n", NewKey)
	check("A", Generic|String|List|Set|Hash|ZSet|Expired|Evicted|Stream|Module)
}

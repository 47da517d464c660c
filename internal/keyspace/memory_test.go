package keyspace

import (
	"errors"
	"strconv"
	"testing"
	"time"

	"granary/internal/encoding/stream"
	"granary/internal/mem"
	"granary/internal/object"
	"granary/internal/prefix"
)

// tryTo runs fn and reports whether it ran out of memory.
func tryTo(t *testing.T, fn func()) (failed bool) {
	t.Helper()
	defer func() {
		if r := recover(); r != nil {
			if err, ok := r.(error); !ok || !errors.Is(err, mem.ErrOutOfMemory) {
				panic(r)
			}
			failed = true
		}
	}()
	fn()
	return false
}

// TestOutOfMemory fills a small range and goes on working at the brink: every operation happens as a whole or not at all.
func TestOutOfMemory(t *testing.T) {
	if err := mem.Open(mem.Config{Limit: 2 << 20}); err != nil {
		t.Fatal(err)
	}
	h := newHistory(t, newSeed(t), 2)
	defer func() {
		h.ks.FlushAll(true)
		h.ks.Reclaim(far())
		if err := mem.Open(mem.Config{}); err != nil {
			t.Fatal(err)
		}
	}()
	if h.ks.prefixes == nil {
		h.ks.SetPrefixes(prefix.Split{Delim: ":", Depth: 1}, 16)
	}
	failures := map[string]int{}
	for i := range 6000 {
		id := h.r.IntN(2)
		db, m := h.ks.DBs[id], h.m.dbs[id]
		k := "key:" + strconv.Itoa(h.r.IntN(30000))
		text, expiry := h.text(), h.expiry()
		if expiry != 0 && expiry < 1<<50 {
			expiry += 1 << 40 // nothing expires here
		}
		h.ks.DefragUnits(h.r.IntN(4), true)
		it := db.Write([]byte(k))
		op := "set"
		fn := func() { it.SetString(text, expiry) }
		after := func() { m[k] = value{string(text), expiry} }
		if v, ok := m[k]; ok {
			switch h.r.IntN(5) {
			case 0:
				op, fn = "expire", func() { it.SetExpiry(expiry) }
				after = func() { m[k] = value{v.text, expiry} }
			case 1:
				n := h.r.IntN(9000)
				op, fn = "edit", func() { it.Edit(n) }
				after = func() {
					b := append([]byte(v.text), make([]byte, max(n-len(v.text), 0))...)
					m[k] = value{string(b), v.expiry}
				}
			case 2:
				to := k + "/another name, longer than the old one"
				dst := db.Write([]byte(to))
				op, fn = "rename", func() { h.ks.Rename(&it, &dst) }
				after = func() { delete(m, k); m[to] = v }
			case 3:
				dst := h.ks.DBs[1-id].Write([]byte(k))
				if dst.Exists() {
					continue
				}
				op, fn = "move", func() { h.ks.Move(&it, &dst) }
				after = func() { delete(m, k); h.m.dbs[1-id][k] = v }
			case 4:
				dst := h.ks.DBs[1-id].Write([]byte(k))
				op, fn = "copy", func() { h.ks.Copy(&it, &dst) }
				after = func() { h.m.dbs[1-id][k] = v }
			}
		}
		if tryTo(t, fn) {
			failures[op]++
			if n := h.ks.Unsettled(); n != 0 {
				t.Fatalf("%s: %d bytes came that belong to no key", op, n)
			}
			if again := db.Write([]byte(k)); again.Exists() && h.r.IntN(3) == 0 {
				again.Delete() // room for a little more
				delete(m, k)
			}
		} else {
			after()
			h.ks.Modified(id, []byte(k))
		}
		if i%200 == 0 {
			h.verify()
		}
	}
	h.verify()
	h.recount()
	if failures["set"] == 0 || failures["edit"] == 0 {
		t.Fatalf("the range never filled: %v", failures)
	}
}

func TestFlushGivesBackInSlices(t *testing.T) {
	const keys = 200_000
	ks := New(mem.NewArena("test"), 1)
	fill := func(n int) {
		for i := range n {
			it := ks.DBs[0].Write(strconv.AppendInt([]byte("key:"), int64(i), 10))
			it.SetString([]byte("a value that lies in the entry"), 0)
		}
	}
	fill(keys)
	before := ks.Arena.Used()
	if n := ks.DBs[0].Flush(true); n != keys {
		t.Fatalf("Flush returns %d", n)
	}
	if ks.Pending() != keys || ks.Arena.Used() != before || ks.DBs[0].Len() != 0 {
		t.Fatalf("after a lazy flush %d wait, %d of %d bytes are in use, %d keys", ks.Pending(), ks.Arena.Used(), before, ks.DBs[0].Len())
	}
	fill(10) // life goes on in a new table
	for last := keys; ; {
		begin := time.Now()
		done := ks.Reclaim(begin.Add(200 * time.Microsecond))
		if ks.Pending() >= last {
			t.Fatalf("a slice gave nothing back: %d wait", ks.Pending())
		}
		last = ks.Pending()
		if done {
			break
		}
	}
	if ks.Stats.LazyFreed != keys || ks.Pending() != 0 {
		t.Fatalf("freed lazily %d, pending %d", ks.Stats.LazyFreed, ks.Pending())
	}
	if n := ks.FlushAll(false); n != 10 || ks.Pending() != 0 || ks.Arena.Used() != 0 || ks.Stats.LazyFreed != keys {
		t.Fatalf("FlushAll of a few keys: %d, %d wait, %d bytes in use, freed lazily %d", n, ks.Pending(), ks.Arena.Used(), ks.Stats.LazyFreed)
	}
}

// TestLargeValueIsOneObject pins that lazyfreed_objects counts keys, however many elements they have.
func TestLargeValueIsOneObject(t *testing.T) {
	ks := New(mem.NewArena("test"), 1)
	db := ks.DBs[0]
	for _, key := range []string{"a", "b", "c"} {
		it := db.Write([]byte(key))
		s := stream.New(ks.Arena)
		for i := range 1000 {
			if err := s.Append(stream.ID{Ms: uint64(i + 1)}, [][]byte{[]byte("f"), []byte("v")}, stream.Limits{Entries: 2}); err != nil {
				t.Fatal(err)
			}
		}
		it.PutRoot(object.Stream, object.StreamTree, s.Root())
	}
	free := func(want int64) {
		t.Helper()
		if int64(ks.Pending()) != want-ks.Stats.LazyFreed {
			t.Errorf("%d wait", ks.Pending())
		}
		for !ks.Reclaim(time.Now().Add(time.Second)) {
			t.Log("a slow second")
		}
		if ks.Stats.LazyFreed != want || ks.Pending() != 0 {
			t.Errorf("%d freed lazily, want %d; %d wait", ks.Stats.LazyFreed, want, ks.Pending())
		}
	}
	it := db.Write([]byte("a"))
	it.Delete()
	free(1)
	db.Flush(true)
	free(3)
	if n := ks.Arena.Used(); n != 0 {
		t.Errorf("%d bytes in use", n)
	}
}

// TestAllocations pins that what commands do with a key allocates nothing on the Go heap.
func TestAllocations(t *testing.T) {
	ks := New(mem.NewArena("test"), 1)
	ks.Now = 1_700_000_000_000
	db := ks.DBs[0]
	defer func() { ks.FlushAll(true); ks.Reclaim(far()) }()
	key, val := []byte("some key"), []byte("some value")
	it := db.Write(key)
	it.SetString(val, 0)
	check := func(name string, fn func()) {
		t.Helper()
		if n := testing.AllocsPerRun(200, fn); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
	check("look up", func() { it := db.Read(key); _ = it.Exists() })
	check("look up nothing", func() { it := db.Read(val); _ = it.Exists() })
	check("set", func() { it := db.Write(key); it.SetString(val, 0) })
	check("set a number", func() { it := db.Write(key); it.SetInt(12345) })
	check("expire and persist", func() {
		it := db.Write(key)
		it.SetExpiry(ks.Now + 1000)
		it.SetExpiry(ks.Now + 2000)
		it.SetExpiry(0)
	})
	check("set, delete", func() { it := db.Write(val); it.SetString(val, 0); it.Delete() })
	check("rename back and forth", func() {
		a, b := db.Write(key), db.Write(val)
		ks.Rename(&a, &b)
		a, b = db.Write(val), db.Write(key)
		ks.Rename(&a, &b)
	})
	check("expire on access", func() {
		it := db.Write(val)
		it.SetString(val, ks.Now)
		it = db.Read(val)
		if it.Exists() {
			t.Fatal("an expired key exists")
		}
	})
	check("expire in time", func() {
		it := db.Write(val)
		it.SetString(val, ks.Now)
		if db.expireSlice(far()); db.Len() != 1 {
			t.Fatal("an expired key exists")
		}
	})
}

func BenchmarkLookup(b *testing.B) {
	ks := New(mem.NewArena("test"), 1)
	db := ks.DBs[0]
	defer func() { ks.FlushAll(true); ks.Reclaim(far()) }()
	keys := make([][]byte, 100_000)
	for i := range keys {
		keys[i] = strconv.AppendInt([]byte("key:"), int64(i), 10)
		it := db.Write(keys[i])
		it.SetString(keys[i], 0)
	}
	var buf object.Scratch
	i := 0
	for b.Loop() {
		it := db.Read(keys[i])
		if len(it.Entry.Text(&buf)) == 0 {
			b.Fatal("lost")
		}
		if i++; i == len(keys) {
			i = 0
		}
	}
}

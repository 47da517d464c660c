package keyspace

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"granary/internal/mem"
	"granary/internal/object"
)

var allPolicies = []Policy{
	{ByRecency, false},
	{ByFrequency, false},
	{ByChance, false},
	{ByRecency, true},
	{ByFrequency, true},
	{ByChance, true},
	{ByTTL, true},
}

// TestEvictHistories has keys come, change, go and be evicted at random, under each policy, and compares with a list of
// what there is: only keys that may go do, everybody is told of each, and the bytes are right.
func TestEvictHistories(t *testing.T) {
	seed := newSeed(t)
	for _, p := range allPolicies {
		t.Run(fmt.Sprint(p), func(t *testing.T) { evictHistory(t, seed, p) })
	}
}

func evictHistory(t *testing.T, seed uint64, p Policy) {
	rnd := rand.New(rand.NewPCG(seed, uint64(p.Rule)))
	ks := New(mem.NewArena("test"), 4)
	ks.Now = 1_700_000_000_000
	ks.Access.LFU = p.Rule == ByFrequency
	ks.Access.SetNow(ks.Now)
	ks.ConfigureEviction(p, 1+rnd.Int64N(100))
	ks.Events = Evicted
	model := map[string]int64{} // expiries
	name := func(db int, key []byte) string { return fmt.Sprint(db, " ", string(key)) }

	var told []string // of the key that goes
	ks.Hooks.Evicting = func(db int, e object.Entry) {
		told = append(told[:0], "evicting "+name(db, e.Key()))
	}
	ks.Hooks.Modified = func(db int, key []byte, expired bool) {
		if expired {
			told = append(told, "modified "+name(db, key))
		}
	}
	ks.Hooks.Event = func(_ Class, event string, key []byte, db int) { told = append(told, event+" "+name(db, key)) }
	ks.Hooks.Evicted = func(db int, key []byte) { told = append(told, "gone "+name(db, key)) }

	evict := func() bool {
		told = told[:0]
		before := ks.Arena.Used()
		freed, ok := ks.EvictOne()
		if freed != before-ks.Arena.Used() {
			t.Fatalf("%d bytes freed, the books say %d", freed, before-ks.Arena.Used())
		}
		may := 0
		first := int64(1<<63 - 1)
		for _, at := range model {
			if at != 0 || !p.Volatile {
				may++
			}
			if at != 0 {
				first = min(first, at)
			}
		}
		if ok != (may > 0) {
			t.Fatalf("%d keys may go, evicted: %t", may, ok)
		}
		if !ok {
			return false
		}
		key := told[0][len("evicting "):]
		if want := []string{"evicting " + key, "modified " + key, "evicted " + key, "gone " + key}; !slices.Equal(told, want) {
			t.Fatalf("told %q, want %q", told, want)
		}
		at, there := model[key]
		if !there || p.Volatile && at == 0 || p.Rule == ByTTL && at != first {
			t.Fatalf("%q went: there %t, expiry %d, the first is %d", key, there, at, first)
		}
		delete(model, key)
		return true
	}

	for range 3000 {
		db := ks.DBs[min(rnd.IntN(8), 3)]
		key := fmt.Appendf(nil, "key:%d", rnd.IntN(500))
		k := name(db.ID, key)
		switch op := rnd.IntN(20); {
		case op < 10:
			at := int64(0)
			if rnd.IntN(3) == 0 {
				at = ks.Now + 1000 + rnd.Int64N(1<<uint(10+rnd.IntN(35)))
			}
			it := db.Write(key)
			it.SetString(make([]byte, rnd.IntN(200)), at)
			model[k] = at
		case op < 12:
			if it := db.Write(key); it.Exists() {
				it.Delete()
				delete(model, k)
			}
		case op < 14:
			db.Read(key)
		case op == 14:
			ks.Now += rnd.Int64N(100)
			for k, at := range model { // nothing expires in this test
				if at != 0 && at <= ks.Now {
					model[k] = 0
				}
			}
			for _, d := range ks.DBs {
				var due []string
				d.Each(func(e object.Entry) bool {
					if ks.IsExpired(e) {
						due = append(due, string(e.Key()))
					}
					return true
				})
				for _, key := range due {
					it := d.Find([]byte(key))
					it.SetExpiry(0)
				}
			}
			ks.Access.SetNow(ks.Now)
		case op == 15 && rnd.IntN(20) == 0:
			a, b := rnd.IntN(4), rnd.IntN(4)
			if a == b {
				break
			}
			ks.Swap(a, b)
			swapped := map[string]int64{}
			for k, at := range model {
				switch {
				case k[0] == byte('0'+a):
					k = fmt.Sprint(b, k[1:])
				case k[0] == byte('0'+b):
					k = fmt.Sprint(a, k[1:])
				}
				swapped[k] = at
			}
			model = swapped
		case op >= 16:
			evict()
		}
	}
	if err := ks.Check(); err != nil {
		t.Fatal(err)
	}
	before, evicted := len(model), ks.Stats.Evicted
	for evict() {
	}
	if n := ks.Stats.Evicted - evicted; int64(before-len(model)) != n {
		t.Errorf("%d keys went, %d were counted", before-len(model), n)
	}
	if err := ks.Check(); err != nil {
		t.Fatal(err)
	}
	ks.FlushAll(false)
	ks.Reclaim(far())
	if n := ks.Arena.Used(); n != 0 {
		t.Errorf("%d bytes left", n)
	}
	ks.Arena.Close()
}

// TestEvictQuality: of keys that were used one after the other, those go that were used longest ago, or least. With five
// samples Redis's own figure for the share of the wrong half is about a seventh.
func TestEvictQuality(t *testing.T) {
	const n = 20_000
	for _, p := range []Policy{{ByRecency, false}, {ByRecency, true}, {ByFrequency, false}, {ByFrequency, true}} {
		ks := New(mem.NewArena("test"), 2)
		ks.Now = 1_700_000_000_000
		ks.Access.LFU = p.Rule == ByFrequency
		ks.Access.SetNow(ks.Now)
		ks.ConfigureEviction(p, 5)
		for i := range n {
			at := int64(0)
			if p.Volatile {
				at = ks.Now + 1e9
			}
			it := ks.DBs[i%2].Write(fmt.Appendf(nil, "%d", i))
			it.SetString([]byte("v"), at)
			if ks.Access.LFU {
				ks.Access.SetFrequency(it.Entry, uint8(i*250/n))
			} else {
				ks.Access.SetIdle(it.Entry, int64(n-i))
			}
		}
		wrong := 0
		ks.Hooks.Evicting = func(_ int, e object.Entry) {
			var i int
			fmt.Sscan(string(e.Key()), &i)
			if i >= n/2 {
				wrong++
			}
		}
		for range n / 2 {
			ks.EvictOne()
		}
		if share := float64(wrong) / (n / 2); share > 0.15 {
			t.Errorf("%v: %.3f of the keys that went are of the better half", p, share)
		} else {
			t.Logf("%v: %.3f", p, share)
		}
		ks.FlushAll(false)
		ks.Reclaim(far())
		ks.Arena.Close()
	}
}

// TestEvictAccessed: a candidate that is accessed before its turn comes stays, and one whose place another key has taken is no
// candidate.
func TestEvictAccessed(t *testing.T) {
	ks := New(mem.NewArena("test"), 1)
	ks.Now = 1_700_000_000_000
	ks.Access.SetNow(ks.Now)
	ks.ConfigureEviction(Policy{ByRecency, false}, 64)
	db := ks.DBs[0]
	key := func(i int) []byte { return fmt.Appendf(nil, "key:%d", i) }
	for i := range 20 {
		it := db.Write(key(i))
		it.SetString([]byte("v"), 0)
		ks.Access.SetIdle(it.Entry, int64(1000-i))
	}
	gone := -1
	ks.Hooks.Evicting = func(_ int, e object.Entry) { fmt.Sscanf(string(e.Key()), "key:%d", &gone) }
	for i, want := range []int{0, 2, 4, 6, 8} {
		ks.EvictOne()
		if gone != want {
			t.Errorf("eviction %d: key %d went, want %d", i, gone, want)
		}
		if i%2 == 0 {
			db.Read(key(want + 1)) // the next one is used
		} else {
			it := db.Write(key(want + 1)) // the next one is another now
			it.Delete()
			it = db.Write(key(want + 1))
			it.SetString([]byte("w"), 0)
		}
	}
	ks.FlushAll(false)
	ks.Reclaim(far())
	ks.Arena.Close()
}

// TestEvictReused: a key that lies where a candidate did is not taken for it, however near their hashes are.
func TestEvictReused(t *testing.T) {
	rnd := rand.New(rand.NewPCG(newSeed(t), 7))
	ks := New(mem.NewArena("test"), 1)
	ks.Now = 1_700_000_000_000
	ks.Access.SetNow(ks.Now) // all access clocks are the same
	ks.ConfigureEviction(Policy{ByRecency, false}, 16)
	db := ks.DBs[0]
	for i := range 60_000 {
		it := db.Write(fmt.Appendf(nil, "key:%d", rnd.IntN(150)))
		if it.Exists() {
			it.Delete()
		} else {
			it.SetString([]byte("v"), 0)
		}
		if i%8 == 0 {
			ks.EvictOne()
		}
		if i%1000 == 0 {
			if err := ks.Check(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := ks.Check(); err != nil {
		t.Fatal(err)
	}
	ks.FlushAll(false)
	ks.Reclaim(far())
	ks.Arena.Close()
}

// TestEvictAllocs: evicting takes no Go memory.
func TestEvictAllocs(t *testing.T) {
	for _, p := range allPolicies {
		ks := New(mem.NewArena("test"), 2)
		ks.Now = 1_700_000_000_000
		ks.ConfigureEviction(p, 5)
		for i := range 3000 {
			it := ks.DBs[i%2].Write(fmt.Appendf(nil, "%d", i))
			it.SetString([]byte("v"), ks.Now+1000+int64(i))
		}
		ks.EvictOne()
		if n := testing.AllocsPerRun(1000, func() { ks.EvictOne() }); n != 0 {
			t.Errorf("%v: %v allocations", p, n)
		}
		ks.FlushAll(false)
		ks.Reclaim(far())
		ks.Arena.Close()
	}
}

func BenchmarkEvict(b *testing.B) {
	for _, p := range allPolicies {
		b.Run(fmt.Sprint(p), func(b *testing.B) {
			ks := New(mem.NewArena("bench"), 1)
			ks.Now = 1_700_000_000_000
			ks.ConfigureEviction(p, 5)
			ks.Access.SetNow(ks.Now)
			var key []byte
			i := 0
			set := func() {
				key = fmt.Appendf(key[:0], "key:%d", i)
				it := ks.DBs[0].Write(key)
				it.SetString([]byte("value"), ks.Now+1e6+int64(i))
				i++
			}
			for range 200_000 {
				set()
			}
			for b.Loop() {
				set()
				ks.EvictOne()
			}
			ks.FlushAll(false)
			ks.Reclaim(far())
			ks.Arena.Close()
		})
	}
}

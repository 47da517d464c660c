package keyspace

import (
	"math"
	"testing"

	"granary/internal/object"
)

func TestLRU(t *testing.T) {
	o := observe(t, 1)
	db := o.DBs[0]
	key := []byte("a")
	o.set("a", 0)
	idle := func() int64 {
		it := db.Find(key)
		return o.Access.Idle(it.Entry)
	}
	pass := func(seconds int64) {
		o.Now += seconds * 1000
		o.Access.SetNow(o.Now)
	}
	check := func(what string, want int64) {
		t.Helper()
		if got := idle(); got != want {
			t.Errorf("%s: idle for %d, want %d", what, got, want)
		}
	}
	check("new", 0)
	pass(77)
	check("later", 77)
	db.Lookup(key, NoTouch)
	check("looked up without touching", 77)
	db.Read(key)
	check("read", 0)
	pass(5)
	db.Write(key)
	check("looked up to be written", 0)
	it := db.Find(key)
	o.Access.SetIdle(it.Entry, 1000)
	check("set", 1000)
	pass(1 << 24)
	check("once around the clock", 1000)
}

func TestLFU(t *testing.T) {
	o := observe(t, 1)
	db := o.DBs[0]
	key := []byte("a")
	o.Access.LFU = true
	o.Access.SetNow(o.Now)
	o.set("a", 0)
	freq := func() uint32 {
		it := db.Find(key)
		return o.Access.Frequency(it.Entry)
	}
	pass := func(minutes int64) {
		o.Now += minutes * 60000
		o.Access.SetNow(o.Now)
	}
	if f := freq(); f != lfuInit {
		t.Errorf("a new key has frequency %d", f)
	}
	db.Read(key)
	if f := freq(); f != lfuInit+1 {
		t.Errorf("the first access is certain to count; frequency %d", f)
	}
	pass(3)
	if f := freq(); f != lfuInit-2 {
		t.Errorf("three minutes take 3; frequency %d", f)
	}
	pass(100)
	if f := freq(); f != 0 {
		t.Errorf("long ago; frequency %d", f)
	}
	o.Access.DecayMinutes = 0
	it := db.Find(key)
	o.Access.SetFrequency(it.Entry, 255)
	pass(1000)
	db.Read(key)
	if f := freq(); f != 255 {
		t.Errorf("without decay, at the top; frequency %d", f)
	}
	o.Access.DecayMinutes = 10
	o.Access.SetFrequency(it.Entry, 100)
	pass(25)
	if f := freq(); f != 98 {
		t.Errorf("25 minutes at one in 10; frequency %d", f)
	}
	pass(1<<16 - 25)
	if f := freq(); f != 100 {
		t.Errorf("once around the clock; frequency %d", f)
	}
}

// TestLFUGrowth compares counters with the figures that the documentation of lfu-log-factor gives for 1000 and 100000 hits.
func TestLFUGrowth(t *testing.T) {
	o := observe(t, 1)
	o.Access.LFU = true
	o.Access.SetNow(o.Now)
	o.set("a", 0)
	it := o.DBs[0].Find([]byte("a"))
	check := func(factor, hits int, want float64) {
		t.Helper()
		// One counter's deviation is at most 7; that of the mean of 30 is at most 1.3, a fifth of what is allowed.
		const rounds = 30
		sum := 0.0
		o.Access.LogFactor = factor
		for range rounds {
			o.Access.SetFrequency(it.Entry, lfuInit)
			for range hits {
				o.Access.Touch(it.Entry)
			}
			sum += float64(o.Access.Frequency(it.Entry))
		}
		if mean := sum / rounds; math.Abs(mean-want) > want/10+1 {
			t.Errorf("factor %d, %d hits: counter %.1f on average, want about %v", factor, hits, mean, want)
		}
	}
	check(0, 1000, 255)
	check(1, 1000, 49)
	check(10, 1000, 18)
	check(100, 1000, 11)
	check(10, 100_000, 142)
	check(100, 100_000, 49)
}

// TestScanGuarantee scans while the table grows, shrinks and expires: every key that is there throughout comes.
func TestScanGuarantee(t *testing.T) {
	seed := newSeed(t)
	for round := range uint64(10) {
		h := newHistory(t, seed+round, 1)
		db := h.ks.DBs[0]
		stay := map[string]bool{}
		put := func(key string, expiry int64) {
			it := db.Write([]byte(key))
			it.SetString([]byte(key), expiry)
		}
		for i := range 3000 {
			k := "stay:" + string(rune('a'+i%26)) + string(rune(i+200))
			stay[k] = true
			put(k, 0)
		}
		grow := round%2 == 0
		if !grow {
			for i := range 9000 {
				put("go:"+string(rune(i+200)), h.ks.Now+1+h.r.Int64N(200))
			}
		}
		cursor := uint64(0)
		most := 0
		for calls := 0; ; calls++ {
			met := 0
			cursor = db.Scan(cursor, func(e object.Entry) {
				met++
				delete(stay, string(e.Key()))
				db.Due(e)
			})
			most = max(most, met)
			if cursor == 0 {
				break
			}
			if grow {
				for range 10 {
					put("more:"+string(rune(h.r.IntN(100_000))), 0)
				}
			} else {
				h.ks.Now++
				h.ks.ExpireSlice(far())
			}
		}
		if len(stay) > 0 {
			t.Fatalf("round %d: %d keys were there all the time and did not come", round, len(stay))
		}
		if most > 64 {
			t.Errorf("round %d: a step of SCAN met %d keys", round, most)
		}
		h.ks.FlushAll(true)
		h.ks.Reclaim(far())
	}
}

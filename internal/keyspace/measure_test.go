package keyspace

import (
	"flag"
	"slices"
	"strconv"
	"testing"
	"time"

	"granary/internal/mem"
	"granary/internal/object"
)

var measureKeys = flag.Int("keys", 0, "number of keys for TestMeasure; 0 skips it")

// TestMeasure prints how long the longest pieces of work take on a large database: creating a key, expiring in time,
// giving memory back in slices, one step of SCAN, and looking for a random key.
//
//	go test ./internal/keyspace -run TestMeasure -keys 10000000 -v
func TestMeasure(t *testing.T) {
	if *measureKeys == 0 {
		t.Skip("prints measurements; asked for with -keys")
	}
	const slice = 500 * time.Microsecond
	ks := New(mem.NewArena("test"), 1)
	ks.Now = 1_700_000_000_000
	db := ks.DBs[0]
	n := 0
	var all []time.Duration
	var total time.Duration
	timed := func(fn func()) {
		begin := time.Now()
		fn()
		d := time.Since(begin)
		total += d
		if d > 20*time.Microsecond || len(all) == 0 {
			all = append(all, d)
		}
		n++
	}
	// Other processes and the kernel are in the longest times, so the shares above some bounds are printed too.
	report := func(what string) {
		over := func(bound time.Duration) (c int) {
			for _, d := range all {
				if d > bound {
					c++
				}
			}
			return c
		}
		t.Logf("%-24s %8d times, mean %8v, longest %9v; above 1 ms: %d, above 600 us: %d, above 100 us: %d", what, n,
			total/time.Duration(n), slices.Max(all), over(time.Millisecond), over(600*time.Microsecond), over(100*time.Microsecond))
		all, total, n = all[:0], 0, 0
	}
	val := []byte("a value that lies in the entry")
	var key []byte
	fill := func(expire bool) {
		for i := range *measureKeys {
			key = strconv.AppendInt(append(key[:0], "key:"...), int64(i), 10)
			at := int64(0)
			if expire {
				at = ks.Now + 1 + int64(i%1000)
			}
			timed(func() {
				it := db.Write(key)
				it.SetString(val, at)
			})
		}
	}
	fill(false)
	report("create a key")
	t.Logf("%.1f bytes per key, %.2f of them the table", float64(ks.Arena.Used())/float64(db.Len()), float64(db.TableBytes())/float64(db.Len()))
	for cursor, first := uint64(0), true; first || cursor != 0; first = false {
		timed(func() { cursor = db.Scan(cursor, noEntry) })
	}
	report("step of SCAN")
	for i := range 100_000 {
		timed(func() { db.Random(uint64(i) * 0x9e3779b97f4a7c15) })
	}
	report("random key")
	timed(func() { db.Flush(true) })
	report("FLUSHDB ASYNC")
	for done := false; !done; {
		timed(func() { done = ks.Reclaim(time.Now().Add(slice)) })
	}
	report("slice of giving back")
	fill(true)
	report("create a key that expires")
	ks.Now += 2000
	for done := false; !done; {
		timed(func() { done = ks.ExpireSlice(time.Now().Add(slice)) })
	}
	report("slice of expiry")
	if db.Len() != 0 {
		t.Errorf("%d keys are left", db.Len())
	}
	ks.FlushAll(true)
	ks.Reclaim(far())
}

func noEntry(object.Entry) {}

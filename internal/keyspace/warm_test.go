package keyspace

import (
	"bytes"
	"fmt"
	"testing"

	"granary/internal/mem"
)

// TestWarmBeyond: values are warmed where they lie outside of their entries, which is noticed soon, and no longer than that.
func TestWarmBeyond(t *testing.T) {
	ks := New(mem.NewArena("test"), 1)
	db := ks.DBs[0]
	var keys [][]byte
	for i := range WarmMost {
		keys = append(keys, fmt.Append(nil, i))
	}
	fill := func(size int) {
		for _, key := range keys {
			it := db.Write(key)
			it.SetString(bytes.Repeat([]byte("v"), size), 0)
		}
	}
	for range 3 {
		fill(3)
		for range beyondEvery + 1 {
			db.Warm(keys)
		}
		if db.beyond {
			t.Fatal("values are fetched that lie in their entries")
		}
		fill(1000)
		for range beyondEvery + 1 {
			db.Warm(keys)
		}
		if !db.beyond {
			t.Fatal("values are not fetched that lie outside of their entries")
		}
	}
	ks.FlushAll(true)
	ks.Reclaim(far())
}

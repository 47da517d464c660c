// Package typestest is what the tests of the types share.
package typestest

import (
	"testing"
	"time"

	"granary/internal/keyspace"
	"granary/internal/mem"
)

// Compact has a value made compact, as the background does, and reports whether it was. It checks that looking changes nothing,
// that the encoding changes only with the value, that the gain is what was seen before and what the books say, and that nothing
// has changed if memory ran out.
func Compact(tb testing.TB, ks *keyspace.Keyspace, it keyspace.Item, compact func(it *keyspace.Item, act bool) (gain int64, done bool)) (did bool) {
	tb.Helper()
	if !it.Exists() {
		return false
	}
	reclaim(ks)
	was, enc := ks.Arena.Used(), it.Entry.Encoding()
	look, did := compact(&it, false)
	if did || ks.Arena.Used() != was {
		tb.Fatal("looking changes the value")
	}
	if !mem.Try(func() {
		var gain int64
		gain, did = compact(&it, true)
		reclaim(ks)
		if got := was - ks.Arena.Used(); gain != look || did && got != gain || !did && got != 0 || did == (enc == it.Entry.Encoding()) {
			tb.Fatalf("%s: gain of %d, %d seen before, %d in the books, done %v", enc, gain, look, got, did)
		}
	}) && (ks.Arena.Used() != was || it.Entry.Encoding() != enc) {
		tb.Fatal("without memory, something changed")
	}
	return did
}

func reclaim(ks *keyspace.Keyspace) {
	for !ks.Reclaim(time.Now().Add(time.Second)) {
	}
}

package zset

import (
	"testing"
	"time"
)

// compacted counts what the histories of this process gave back.
var compacted [2]int

// compact does what the background does: the set is what it was, and what is said to be gained is.
func (w *world) compact() {
	it := w.item()
	if !it.Exists() {
		return
	}
	for !w.ks.Reclaim(time.Now().Add(time.Second)) {
	}
	was, enc := w.a.Used(), it.Entry.Encoding()
	look, did := Compact(&it, w.lim, false)
	if did || w.a.Used() != was {
		w.t.Fatal("looking changes the value")
	}
	if !try(func() {
		gain, done := Compact(&it, w.lim, true)
		for !w.ks.Reclaim(time.Now().Add(time.Second)) {
		}
		if got := was - w.a.Used(); gain != look || done && got != gain || !done && got != 0 || done == (enc == it.Entry.Encoding()) {
			w.t.Fatalf("%s: gain of %d, %d seen before, %d in the books, done %v", enc, gain, look, got, done)
		}
		if done {
			compacted[0]++
		}
	}) && (w.a.Used() != was || it.Entry.Encoding() != enc) {
		w.t.Fatal("without memory, something changed")
	}
}

// TestCompactHappens sees that the histories of TestModel made sets compact again.
func TestCompactHappens(t *testing.T) {
	TestModel(t)
	if compacted[0] < 20 {
		t.Errorf("%d sets became compact", compacted[0])
	}
}

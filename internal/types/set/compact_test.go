package set

import (
	"testing"

	"granary/internal/keyspace"
	"granary/internal/mem"
	"granary/internal/types/typestest"
)

// compacted counts what the histories of this process gave back.
var compacted [2]int

// compact does what the background does: the set is what it was, and what is said to be gained is.
func (w *world) compact() {
	if typestest.Compact(w.tb, w.ks, w.item(), func(it *keyspace.Item, act bool) (int64, bool) { return Compact(it, w.lim, act) }) {
		compacted[0]++
	}
	it := w.item()
	if !it.Exists() {
		return
	}
	was := w.a.Used()
	mem.Try(func() {
		gain, done := Narrow(&it, true)
		if got := was - w.a.Used(); done && got != gain || !done && got != 0 {
			w.tb.Fatalf("narrower by %d, %d in the books", gain, got)
		}
		if done {
			compacted[1]++
		}
	})
}

// TestCompactHappens sees that the histories of TestModel made sets compact again, and intsets narrower.
func TestCompactHappens(t *testing.T) {
	for round := 0; round < 10 && compacted[1] < 1; round++ { // rare; what tables pick by chance differs each time
		TestModel(t)
	}
	if compacted[0] < 20 || compacted[1] < 1 {
		t.Errorf("%d sets became compact, %d narrower", compacted[0], compacted[1])
	}
}

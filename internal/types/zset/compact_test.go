package zset

import (
	"testing"

	"granary/internal/keyspace"
	"granary/internal/types/typestest"
)

// compacted counts what the histories of this process gave back.
var compacted int

// compact does what the background does: the set is what it was, and what is said to be gained is.
func (w *world) compact() {
	if typestest.Compact(w.t, w.ks, w.item(), func(it *keyspace.Item, act bool) (int64, bool) { return Compact(it, w.lim, act) }) {
		compacted++
	}
}

// TestCompactHappens sees that the histories of TestModel made sets compact again.
func TestCompactHappens(t *testing.T) {
	TestModel(t)
	if compacted < 20 {
		t.Errorf("%d sets became compact", compacted)
	}
}

package hash

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"granary/internal/keyspace"
	"granary/internal/object"
	"granary/internal/types/typestest"
	"granary/tests/live"
)

// compacted counts what the histories of this process gave back.
var compacted int

// compact does what the background does: the hash is what it was, and what is said to be gained is.
func (w *world) compact() {
	if typestest.Compact(w.tb, w.ks, w.item(), func(it *keyspace.Item, act bool) (int64, bool) { return Compact(it, w.lim, act) }) {
		compacted++
	}
}

// TestCompact makes hashes large and small again, with and without fields that expire.
func TestCompact(t *testing.T) {
	seed := live.Seed(t)
	for round := range uint64(40) {
		w := newWorld(t, rand.New(rand.NewPCG(seed, round)))
		w.lim = Limits{Entries: 16, Value: 64}
		for i := range 40 {
			at := int64(0)
			if round%2 == 0 && i%3 == 0 {
				at = 2000 + w.r.Int64N(1000)
			}
			it, name := w.item(), fmt.Sprint("field", i)
			Set(&it, w.lim, []byte(name), []byte(w.value()), at)
		}
		it := w.item()
		i := NewIter(it.Entry, w.ks.Now)
		var s1, s2 Scratch
		for i.Next() {
			w.want[string(i.Name(&s1))] = field{string(i.Value(&s2)), i.Expiry()}
		}
		keep := w.r.IntN(12)
		for name, f := range w.want {
			if len(w.want) > 1 && (len(w.want) > keep+1 || len(f.value) > w.lim.Value) {
				Delete(&it, []byte(name))
				delete(w.want, name)
			}
		}
		w.verify()
		before := compacted
		w.compact()
		w.verify()
		fits := len(w.want) <= 8
		for _, f := range w.want {
			fits = fits && len(f.value) <= 64
		}
		if did := compacted > before; did != fits {
			t.Fatalf("%d fields: compact %v, want %v", len(w.want), did, fits)
		}
		if it = w.item(); round%2 == 1 && fits && it.Entry.Encoding() != object.Listpack {
			t.Errorf("%s", it.Entry.Encoding())
		}
		w.ks.Now = 5000
		for !w.ks.ExpireSlice(time.Now().Add(time.Second)) {
		}
		w.verify()
		w.end()
	}
	if compacted < 15 {
		t.Errorf("%d hashes became compact", compacted)
	}
}

package hash

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"granary/internal/object"
	"granary/tests/live"
)

// compacted counts what the histories of this process gave back.
var compacted [2]int

// compact does what the background does: the hash is what it was, and what is said to be gained is.
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
		w.tb.Fatal("looking changes the value")
	}
	if !try(func() {
		gain, done := Compact(&it, w.lim, true)
		for !w.ks.Reclaim(time.Now().Add(time.Second)) {
		}
		if got := was - w.a.Used(); gain != look || done && got != gain || !done && got != 0 || done == (enc == it.Entry.Encoding()) {
			w.tb.Fatalf("%s: gain of %d, %d seen before, %d in the books, done %v", enc, gain, look, got, done)
		}
		if done {
			compacted[0]++
		}
	}) && (w.a.Used() != was || it.Entry.Encoding() != enc) {
		w.tb.Fatal("without memory, something changed")
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
		before := compacted[0]
		w.compact()
		w.verify()
		fits := len(w.want) <= 8
		for _, f := range w.want {
			fits = fits && len(f.value) <= 64
		}
		if did := compacted[0] > before; did != fits {
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
	if compacted[0] < 15 {
		t.Errorf("%d hashes became compact", compacted[0])
	}
}

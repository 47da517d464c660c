package table

import (
	"fmt"
	"testing"

	"granary/internal/mem"
)

// TestWarm: what Warm reads for a key is its home bucket, and the first byte of the entry there whose fingerprint is the
// first that matches, be it the key's or not. Tables of all sizes, and keys that are absent.
func TestWarm(t *testing.T) {
	m := newModel(t)
	defer m.free()
	read := func(h uint64) uint32 {
		r := m.t.head()
		w, _ := r.own(r.slotOf(h))
		b := w.segment().at(w.home(h))
		for i := range b.state.n() {
			// NB: match finds slots 0 to 3 last and in an order of its own, so that the key's own slot is asked for.
			if b.fp(i) == uint8(h) && matched(b.match(h)) == i {
				return uint32(b.state) + uint32(mem.Bytes(b.ref(i), 1)[0])
			}
		}
		return uint32(b.state)
	}
	at := 0
	for _, size := range []int{0, 1, 9, 11, 300, 700, 5000, 40_000} {
		for ; at < size; at++ {
			m.set(fmt.Sprint("key:", at), int64(at+1))
		}
		hashes := make([]uint64, 0, WarmMost)
		want, found := uint32(0), 0
		for i := range WarmMost {
			key := []byte(fmt.Sprint("key:", i*size/8)) // half of them are there
			h := Hash(key)
			if _, e := m.t.Find(h, key); e != 0 {
				found++
			}
			hashes = append(hashes, h)
			want += read(h)
			if got := m.t.Warm(hashes); got != want {
				t.Fatalf("%d keys: %d, want %d", size, got, want)
			}
		}
		if size > 8 && (found < 4 || found > 12) {
			t.Errorf("%d of %d keys are there", found, len(hashes))
		}
	}
	if m.t.Warm(nil) != 0 {
		t.Error("something was read for nobody")
	}
}

package table

import "granary/internal/mem"

// WarmMost is how many keys Warm takes at once: about as many lines of memory as a processor waits for at a time.
const WarmMost = 16

// Warm brings what Find will read for the keys with these hashes, at most WarmMost, into the processor's caches: their home
// buckets, and the first line of the entries there that may be theirs. One look-up after the other waits for memory twice
// each; here no load depends on another of its pass, and the processor waits for them together. It returns a number made of
// what was read, which has to be kept somewhere, so that the loads are done.
func (t *Table) Warm(hashes []uint64) (sum uint32) {
	var homes [WarmMost]*bucket
	root := t.head().word
	for i, h := range hashes {
		w := root
		if w.isDirectory() {
			w = *wordAt(w, uint32(h>>((64-root.depth())&63)))
		}
		homes[i] = bucketAt(mem.Ptr(w.ref()), w.home(h))
		sum += uint32(homes[i].state)
	}
	for i, h := range hashes {
		b := homes[i]
		if m := b.match(h); m != 0 {
			if k := matched(m); k < b.state.n() {
				sum += uint32(*(*byte)(mem.Ptr(b.ref(k))))
			}
		}
	}
	return sum
}

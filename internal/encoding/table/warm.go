package table

import (
	"math/bits"
	"unsafe"

	"granary/internal/mem"
)

// WarmMost is how many keys Warm takes at once: about as many lines of memory as a processor waits for at a time.
const WarmMost = 16

// Warm brings what Find will read for the keys with these hashes, at most WarmMost, into the processor's caches. One look-up
// after the other waits for memory twice each. Here all home buckets are asked for at once, then the entries there that may be
// the keys', or where there is none the bucket that the entry must have gone to, and then the entries of those. With beyond what the
// entries refer to is asked for, too (FetchBeyond): that waits for the entries, together. Warm returns how many refer to something.
func (t *Table) Warm(hashes []uint64, beyond bool) (n int) {
	var at [WarmMost]unsafe.Pointer
	var found [WarmMost]mem.Ref
	n = t.warm(hashes, &at, &found)
	if !beyond {
		return 0
	}
	return t.FetchBeyond(found[:n])
}

// fetch asks for entries, as many as a bucket has.
func fetch(es []mem.Ref) {
	var at [bucketSlots]unsafe.Pointer
	es = es[:min(len(es), len(at))]
	for i, e := range es {
		at[i] = mem.Ptr(e)
	}
	mem.Prefetch(at[:len(es)])
}

// FetchFound asks for what FindEntry reads, and for the entry.
func (t *Table) FetchFound(h uint64, e mem.Ref) {
	r := t.head()
	w, _ := r.own(r.slotOf(h))
	mem.Prefetch([]unsafe.Pointer{unsafe.Pointer(w.segment().at(w.home(h))), mem.Ptr(e)})
}

// FetchSample asks for what Sample reads.
func (t *Table) FetchSample(r uint64) {
	s, _, bkt := t.sampleFrom(mix(r))
	mem.Prefetch([]unsafe.Pointer{unsafe.Pointer(s.at(bkt)), unsafe.Pointer(s.at(min(bkt+1, s.lines-1)))})
}

// FetchBeyond asks for the blocks that entries refer to (Kind.Beyond), at most MaxAtHome, and returns their number.
func (t *Table) FetchBeyond(es []mem.Ref) (n int) {
	if t.kind.Beyond == nil {
		return 0
	}
	var at [MaxAtHome]unsafe.Pointer
	for _, e := range es {
		if r := t.kind.Beyond(e); r != 0 && n < len(at) {
			at[n] = mem.Ptr(r)
			n++
		}
	}
	mem.Prefetch(at[:n])
	return n
}

// warm asks for entries. It leaves in at what was asked for last: entries, and buckets where there was none. The entries are in
// found, too; it returns their number.
func (t *Table) warm(hashes []uint64, at *[WarmMost]unsafe.Pointer, found *[WarmMost]mem.Ref) (n int) {
	hashes = hashes[:min(len(hashes), WarmMost)]
	root := t.head().word
	for i, h := range hashes {
		w := root
		if w.isDirectory() {
			w = *wordAt(w, uint32(h>>((64-root.depth())&63)))
		}
		at[i] = unsafe.Pointer(bucketAt(mem.Ptr(w.ref()), w.home(h)))
	}
	mem.Prefetch(at[:len(hashes)])

	moved := uint32(0) // a bit for each key that is to be looked for in another bucket
	for i, h := range hashes {
		b := (*bucket)(at[i])
		if k := matched(b.match(h)); k < b.state.n() {
			e := b.ref(k)
			at[i] = mem.Ptr(e)
			found[n%WarmMost] = e
			n++
		} else if b.state&(stateNear|stateFarMask) != 0 {
			moved |= 1 << i
		}
	}
	for m := moved; m != 0; m &= m - 1 {
		i := bits.TrailingZeros32(m) % WarmMost
		at[i] = unsafe.Pointer(t.other(hashes[i], (*bucket)(at[i]).state))
	}
	mem.Prefetch(at[:len(hashes)])
	if moved == 0 {
		return n
	}

	first := n
	var late [WarmMost]unsafe.Pointer
	for m := moved; m != 0; m &= m - 1 {
		i := bits.TrailingZeros32(m) % WarmMost
		b := (*bucket)(at[i])
		if k := matched(b.match(hashes[i])); k < b.state.n() {
			e := b.ref(k)
			at[i] = mem.Ptr(e)
			late[n%WarmMost] = at[i]
			found[n%WarmMost] = e
			n++
		}
	}
	mem.Prefetch(late[first:n])
	return n
}

// other returns the first bucket where findSpilled looks for what is not in its home bucket, whose state is st.
func (t *Table) other(h uint64, st state) *bucket {
	r := t.head()
	w, _ := r.own(r.slotOf(h))
	s := w.segment()
	if st&stateNear == 0 {
		return s.at(s.homes)
	}
	return s.at(s.next(w.home(h)))
}

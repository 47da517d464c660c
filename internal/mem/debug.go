package mem

import "bytes"

// The checks of builds with the tag `invariants`:
//
//   - free regions of slabs are filled with poisonFree, and Alloc looks whether they still are;
//   - Alloc fills the requested bytes with junkNew, so that nobody relies on zeros, and the slack with canary, which
//     Free and Resize look at;
//   - every live region is in a map with its size and purpose, which Free and Resize compare.
const (
	poisonFree = 0x5f
	junkNew    = 0xa5
	canary     = 0xc3
)

// liveRegion is what the map of live regions knows.
type liveRegion struct {
	n int
	p Purpose
}

// noteAlloc fills and enters a new region.
func (a *Arena) noteAlloc(r Ref, n, usable int, p Purpose, poisoned bool) {
	b := Bytes(r, usable)
	if poisoned {
		if i := firstNot(b, poisonFree); i >= 0 {
			bug("write after free: byte %d of %#x is %#x, found by Alloc(%d, %s) in arena %s", i, uint64(r), b[i], n, p, a.name)
		}
	}
	fill(r, n, junkNew)
	fillBytes(b[n:], canary)
	if was, ok := a.live[r]; ok {
		bug("Alloc returned %#x twice, it has %d bytes for %s", uint64(r), was.n, was.p)
	}
	a.live[r] = liveRegion{n, p}
}

// noteFree checks, removes and poisons a region about to be freed.
func (a *Arena) noteFree(r Ref, n, usable int, p Purpose) {
	a.checkLive(r, n, p)
	a.checkCanary(r, n, usable, p)
	delete(a.live, r)
	fill(r, usable, poisonFree)
}

// noteResize checks a region whose requested size changes from old to n, and enters it anew.
func (a *Arena) noteResize(r Ref, old, n, usable int, p Purpose) {
	a.checkLive(r, old, p)
	b := Bytes(r, usable)
	if was := Usable(old); was <= usable {
		a.checkCanary(r, old, was, p)
	}
	if n > old {
		fillBytes(b[old:n], junkNew)
	}
	fillBytes(b[n:], canary)
	a.live[r] = liveRegion{n, p}
}

func (a *Arena) checkLive(r Ref, n int, p Purpose) {
	was, ok := a.live[r]
	switch {
	case !ok:
		bug("%#x (%d bytes, %s) is not allocated in arena %s: double free, or of another arena", uint64(r), n, p, a.name)
	case was.n != n:
		bug("wrong size for %#x (%s): got %d, allocated with %d", uint64(r), p, n, was.n)
	case was.p != p:
		bug("wrong purpose for %#x (%d bytes): got %s, allocated for %s", uint64(r), n, p, was.p)
	}
}

func (a *Arena) checkCanary(r Ref, n, usable int, p Purpose) {
	b := Bytes(r, usable)
	if i := firstNot(b[n:], canary); i >= 0 {
		bug("write past the end of %#x (%d bytes, %s): byte %d is %#x", uint64(r), n, p, n+i, b[n+i])
	}
}

func fill(r Ref, n int, x byte) { fillBytes(Bytes(r, n), x) }

func fillBytes(b []byte, x byte) {
	for i := range b {
		b[i] = x
	}
}

// firstNot returns the index of the first byte of b that is not x, or -1.
func firstNot(b []byte, x byte) int {
	var block [64]byte
	fillBytes(block[:], x)
	for i := 0; i < len(b); i += len(block) {
		part := b[i:min(i+len(block), len(b))]
		if !bytes.Equal(part, block[:len(part)]) {
			for j := range part {
				if part[j] != x {
					return i + j
				}
			}
		}
	}
	return -1
}

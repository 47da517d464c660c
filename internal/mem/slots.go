package mem

import "math/bits"

// slotSet is a set of small integers, the slots of a bin's slabs, that finds its smallest element in a few loads: level 0
// has a bit per slot, a bit of level k+1 says that a word of level k is not zero. Three levels reach 262,144 slabs.
//
// A heap ordered by address was tried: its elements must be removable, so each step of a sift wrote to a cold record, and
// half the time of a random replacement went there.
type slotSet struct {
	levels [slotLevels][]uint64
	depth  int // levels in use
	count  int
}

const slotLevels = 6

// grow makes room for slots 0 to n-1.
func (t *slotSet) grow(n int) {
	for l := 0; ; l++ {
		words := (n + 63) / 64
		for len(t.levels[l]) < words {
			t.levels[l] = append(t.levels[l], 0)
		}
		if l+1 > t.depth {
			t.depth = l + 1
			if l > 0 && t.levels[l-1][0] != 0 {
				t.levels[l][0] = 1 // what was the top word has a level above it now
			}
		}
		if words == 1 {
			return
		}
		n = words
	}
}

// add puts slot i in the set.
func (t *slotSet) add(i uint32) {
	t.count++
	for l := 0; l < t.depth; l++ {
		w := &t.levels[l][i/64]
		old := *w
		*w = old | 1<<(i%64)
		if old != 0 {
			return
		}
		i /= 64
	}
}

// remove takes slot i out.
func (t *slotSet) remove(i uint32) {
	t.count--
	for l := 0; l < t.depth; l++ {
		w := &t.levels[l][i/64]
		*w &^= 1 << (i % 64)
		if *w != 0 {
			return
		}
		i /= 64
	}
}

// has reports whether slot i is in the set.
func (t *slotSet) has(i uint32) bool { return t.levels[0][i/64]>>(i%64)&1 != 0 }

// first returns the smallest slot.
//
// REQUIRES: count > 0.
func (t *slotSet) first() uint32 {
	i := 0
	for l := t.depth - 1; l >= 0; l-- {
		i = i*64 + bits.TrailingZeros64(t.levels[l][i])
	}
	return uint32(i)
}

// appendSlots appends the slots of every step-th word to dst.
func (t *slotSet) appendSlots(dst []uint32, step int) []uint32 {
	for w := 0; t.depth > 0 && w < len(t.levels[0]); w += step {
		for x := t.levels[0][w]; x != 0; x &= x - 1 {
			dst = append(dst, uint32(w*64+bits.TrailingZeros64(x)))
		}
	}
	return dst
}

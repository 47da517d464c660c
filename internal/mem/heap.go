package mem

// pageHeap is a binary heap of extents, lowest address first. An element carries the start page, so that ordering
// reads no record; the record keeps its place, so that any element can be removed.
type pageHeap struct {
	e []uint64 // start page << 32 | record id
}

// first returns the extent with the lowest address, or nil.
func (h *pageHeap) first() *record {
	if len(h.e) == 0 {
		return nil
	}
	return recordAt(uint32(h.e[0]))
}

// push adds s.
func (h *pageHeap) push(s *record) {
	x := uint64(s.start)<<32 | uint64(s.id)
	h.e = append(h.e, x)
	h.up(len(h.e)-1, x)
}

// remove takes s out.
//
// REQUIRES: s is in h.
func (h *pageHeap) remove(s *record) {
	i := int(s.pos) - 1
	last := len(h.e) - 1
	x := h.e[last]
	h.e = h.e[:last]
	s.pos = 0
	if i == last {
		return
	}
	if i > 0 && x < h.e[(i-1)/2] {
		h.up(i, x)
	} else {
		h.down(i, x)
	}
}

// up places x at i or above.
func (h *pageHeap) up(i int, x uint64) {
	for i > 0 {
		parent := (i - 1) / 2
		if h.e[parent] <= x {
			break
		}
		h.set(i, h.e[parent])
		i = parent
	}
	h.set(i, x)
}

// down places x at i or below.
func (h *pageHeap) down(i int, x uint64) {
	for {
		c := 2*i + 1
		if c >= len(h.e) {
			break
		}
		if c+1 < len(h.e) && h.e[c+1] < h.e[c] {
			c++
		}
		if x <= h.e[c] {
			break
		}
		h.set(i, h.e[c])
		i = c
	}
	h.set(i, x)
}

func (h *pageHeap) set(i int, x uint64) {
	h.e[i] = x
	recordAt(uint32(x)).pos = uint32(i) + 1
}

package quicklist

import (
	"slices"

	"granary/internal/mem"
)

// Keep copies the text of an element into a buffer of the store, so that it may be pushed onto another list, and returns
// it. It is valid until the next Keep or Rotate.
func (st *Store) Keep(e Elem) []byte {
	if cap(st.text) > maxKeptBytes && e.TextLen() <= maxKeptBytes {
		st.text = nil
	}
	st.text = e.AppendTo(slices.Grow(st.text[:0], e.TextLen()))
	return st.text
}

// TreeBytes returns the usable bytes of the root and of the tree blocks, which are booked apart from the nodes. It looks
// at the tree blocks only.
func (l *List) TreeBytes() int64 {
	n := int64(mem.Usable(rootBytes))
	r := l.head()
	if levels := int(r[rootLevels]); levels > 0 {
		n += treeBytes(r, levels-1)
	}
	return n
}

// treeBytes returns the usable bytes of the block of an entry and of those below it.
func treeBytes(e []byte, h int) int64 {
	var p path
	p.enter(h, e)
	s := p.at[h]
	n := blockUsable(h, s.cap)
	if h > 0 {
		b := p.block(h)
		for i := range int(s.n) {
			n += treeBytes(b[i*entryBytes:][:entryBytes], h-1)
		}
	}
	return n
}

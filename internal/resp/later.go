package resp

// A Mark is the place of a header whose length is not known yet.
type Mark struct {
	seq  uint64 // the segment
	off  int    // offset of the header in it
	kind byte   // '*', or 0: written while muted
}

// roomLater is what is kept free for the header: a type byte, ten digits and
// a line end. SetLen closes the gap.
const roomLater = 13

// ArrayLater begins an array whose length SetLen says later. Marks nest: the
// inner one is set first, and in between only this Writer writes.
func (w *Writer) ArrayLater() Mark { return w.later('*') }

// MapLater begins a map whose number of pairs SetLen says later.
func (w *Writer) MapLater() Mark { return w.later('%') }

// SetLater begins a set whose length SetLen says later.
func (w *Writer) SetLater() Mark { return w.later('~') }

// PushLater begins a push whose length SetLen says later.
func (w *Writer) PushLater() Mark { return w.later('>') }

func (w *Writer) later(kind byte) Mark {
	if w.muted {
		return Mark{}
	}
	if len(w.buf)-w.n < roomLater {
		w.more(roomLater)
	}
	m := Mark{seq: w.seq, off: w.n, kind: kind}
	w.n += roomLater
	return m
}

// SetLen writes the header at m. What was written behind it moves to close the
// gap, within its segment only, so the cost is bounded by the size of a block.
//
// REQUIRES: nothing was sent or taken since m.
func (w *Writer) SetLen(m Mark, n int) {
	if m.kind == 0 {
		return
	}
	kind, v := m.kind, uint64(n)
	if w.Proto != 3 {
		if kind == '%' {
			v *= 2
		}
		kind = '*'
	}
	var head [roomHead + 4]byte
	head[0] = kind
	h := 1 + putUint(head[1:], v)
	h += copy(head[h:], "\r\n")

	seg := w.buf[:w.n]
	if m.seq != w.seq {
		seg = w.sink.Sealed(m.seq)
	}
	copy(seg[m.off:], head[:h])
	copy(seg[m.off+h:], seg[m.off+roomLater:])
	gap := roomLater - h
	if m.seq == w.seq {
		w.n -= gap
		return
	}
	w.sink.Shorten(m.seq, len(seg)-gap)
	w.base -= uint64(gap)
}

// A Sink's own view of its Writer.

// Pending returns the bytes of the open segment, valid until the next write.
func (w *Writer) Pending() []byte {
	if w.muted {
		return w.heldBuf[:w.heldN]
	}
	return w.buf[:w.n]
}

// Drained empties the open segment, whose bytes were sent or taken.
func (w *Writer) Drained() {
	if w.muted {
		w.base += uint64(w.heldN)
		w.heldN = 0
		return
	}
	w.base += uint64(w.n)
	w.n = 0
}

// SetBlock gives the open segment other memory, or none: its bytes have been
// copied to the front of block. The segment stays open.
//
// REQUIRES: len(block) is at least len(Pending()).
func (w *Writer) SetBlock(block []byte) {
	if w.muted {
		w.heldBuf = block
		return
	}
	w.buf = block
}

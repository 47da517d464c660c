package hll

// Raise raises b's registers from register from on to those of r. It returns the value, the register to go on with, and an
// error as Add does: after ErrSpace or ErrPromote the owner does what Add says and calls again with next. next is
// NumRegisters when all is done.
//
//	for from := 0; from < hll.NumRegisters; {
//		b, from, err = regs.Raise(b, from, limit)
//		...
//	}
//
// The bytes are those of a Set for each register in turn, but it takes time in proportion to the length of b and the number
// of registers.
func (r *Registers) Raise(b []byte, from int, limit int) (out []byte, next int, err error) {
	if b[encodingAt] == byte(Sparse) {
		z := zipper{b: b[:cap(b)], tail: cap(b) - (len(b) - HeaderSize), end: HeaderSize, at: HeaderSize, limit: limit}
		copy(z.b[z.tail:], b[HeaderSize:])
		next, err = z.raise(r, from)
		if b = z.close(); err == ErrPromote {
			err = promote(b)
		}
		return b, next, err
	}
	for i := from; i < NumRegisters; i++ {
		if r[i] > 0 && denseGet(b[HeaderSize:], i) < r[i] {
			denseSet(b[HeaderSize:], i, r[i])
			Invalidate(b)
		}
	}
	return b, NumRegisters, nil
}

// zipper is a sparse value open at a place that moves from the first run to the last: what lies before it grows into a gap,
// what lies behind it is at the end of the array.
//
//	| header | runs | gap | runs |
//	                ^end  ^tail  ^len(b)
//
// A Set looks at the run before the one it changes, and at five runs from there on. So some runs behind the place are in
// front of the gap, and places of runs before it are kept: a run may be joined to the one before, and the next register
// lie in it. A VAL has four registers at most, so the last few places are enough.
type zipper struct {
	b         []byte
	end, tail int
	limit     int

	at, first int // the run at the place, and its first register
	last      [8]place
	n         int // of last in use
}

type place struct{ at, first int }

// close returns the value in one piece.
func (z *zipper) close() []byte {
	n := copy(z.b[z.end:], z.b[z.tail:])
	return z.b[:z.end+n]
}

// pull moves a run from behind the gap to before it. It returns false if there is none that is whole.
func (z *zipper) pull() bool {
	n := firstRun(z.b[z.tail:]).size
	copy(z.b[z.end:], z.b[z.tail:z.tail+n])
	z.end += n
	z.tail += n
	return n > 0
}

// raise raises the registers from from on and returns where it came to.
func (z *zipper) raise(r *Registers, from int) (next int, err error) {
	for i := from; i < NumRegisters; i++ {
		if r[i] == 0 {
			continue
		}
		if r[i] > sparseMax {
			return i, ErrPromote
		}
		u, ok := z.seek(i)
		if !ok {
			return i, ErrCorrupt
		}
		if u.value < r[i] {
			if err := z.set(u, i, r[i]); err != nil {
				return i, err
			}
		}
	}
	return NumRegisters, nil
}

// seek goes on to the run that covers register i.
func (z *zipper) seek(i int) (u run, ok bool) {
	for {
		if z.at == z.end && !z.pull() {
			return u, false
		}
		if u = firstRun(z.b[z.at:z.end]); i < z.first+u.n {
			return u, true
		}
		if z.n == len(z.last) {
			z.n = copy(z.last[:], z.last[1:])
		}
		z.last[z.n] = place{z.at, z.first}
		z.n++
		z.at += u.size
		z.first += u.n
	}
}

// set is sparseSet for register i of the run u, which is the one at the place.
func (z *zipper) set(u run, i int, v uint8) error {
	var seq [5]byte
	n := u.split(seq[:0], i-z.first, v)
	delta := n - u.size
	switch {
	case delta > 0 && z.end+len(z.b)-z.tail+delta > z.limit:
		return ErrPromote
	case delta > 0 && z.end+delta > z.tail:
		return ErrSpace
	}
	copy(z.b[z.at+n:z.end+delta], z.b[z.at+u.size:z.end])
	copy(z.b[z.at:], seq[:n])
	z.end += delta
	// Back to the run before, from which on runs may change.
	if z.n > 0 {
		z.n--
		z.at, z.first = z.last[z.n].at, z.last[z.n].first
	}
	const looked = 6 // joinRuns looks at five runs and the one behind
	p := z.at
	for range looked {
		if p == z.end && !z.pull() {
			break
		}
		p += firstRun(z.b[p:z.end]).size
	}
	z.end = len(joinRuns(z.b[:z.end], z.at))
	Invalidate(z.b)
	return nil
}

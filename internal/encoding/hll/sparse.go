package hll

const (
	tagMask  = 0xc0
	zeroTag  = 0x00
	xzeroTag = 0x40
	valTag   = 0x80

	zeroMax = 64 // registers of a ZERO
	valMax  = 4  // registers of a VAL
	// sparseMax is the largest register the sparse encoding holds.
	sparseMax = 32
)

// run is a decoded run of equal registers.
type run struct {
	n     int   // registers
	size  int   // bytes; 0: there is none, or it is cut short
	value uint8 // of the registers
}

// firstRun decodes the run p begins with.
func firstRun(p []byte) run {
	if len(p) == 0 {
		return run{}
	}
	c := p[0]
	switch c & tagMask {
	case zeroTag:
		return run{n: int(c) + 1, size: 1}
	case xzeroTag:
		if len(p) < 2 {
			return run{}
		}
		return run{n: (int(c&^tagMask)<<8 | int(p[1])) + 1, size: 2}
	}
	return run{n: int(c&3) + 1, size: 1, value: c>>2&31 + 1}
}

// appendZeros appends a run of n registers of 0.
//
// REQUIRES: 0 < n <= NumRegisters.
func appendZeros(dst []byte, n int) []byte {
	if n <= zeroMax {
		return append(dst, byte(n-1))
	}
	return append(dst, xzeroTag|byte((n-1)>>8), byte(n-1))
}

// valRun returns a run of n registers of v.
func valRun(v uint8, n int) byte { return valTag | (v-1)<<2 | byte(n-1) }

// checkRuns returns ErrCorrupt unless the runs are whole and cover all registers exactly.
func checkRuns(p []byte) error {
	n := 0
	for len(p) > 0 {
		r := firstRun(p)
		if r.size == 0 || n+r.n > NumRegisters {
			return ErrCorrupt
		}
		n += r.n
		p = p[r.size:]
	}
	if n != NumRegisters {
		return ErrCorrupt
	}
	return nil
}

// Check returns ErrCorrupt unless the registers of b are well formed. Dense registers always are.
func Check(b []byte) error {
	if b[encodingAt] == byte(Dense) {
		return nil
	}
	return checkRuns(b[HeaderSize:])
}

// sparseSet is Set for a sparse value.
func sparseSet(b []byte, i int, v uint8, limit int) (out []byte, changed bool, err error) {
	if v > sparseMax {
		return b, false, promote(b)
	}
	// Find the run that covers register i, and the one before it.
	at, prev, first := HeaderSize, HeaderSize, 0
	r := firstRun(b[at:])
	for r.size > 0 && i >= first+r.n {
		prev = at
		at += r.size
		first += r.n
		r = firstRun(b[at:])
	}
	if r.size == 0 {
		return b, false, ErrCorrupt
	}
	if r.value >= v {
		return b, false, nil
	}
	// The run becomes what is left of it before i, a VAL of one register, and what is left after i.
	var seq [5]byte
	n := r.split(seq[:0], i-first, v)
	if delta := n - r.size; delta > 0 {
		if len(b)+delta > limit {
			return b, false, promote(b)
		}
		if len(b)+delta > cap(b) {
			return b, false, ErrSpace
		}
		end := len(b)
		b = b[:end+delta]
		copy(b[at+n:], b[at+r.size:end])
	} else if delta < 0 { // an XZERO of one register, which only others write
		b = append(b[:at+n], b[at+r.size:]...)
	}
	copy(b[at:], seq[:n])
	b = joinRuns(b, prev)
	Invalidate(b)
	return b, true, nil
}

// split writes to dst the run with register k of it set to v, and returns the length.
func (r run) split(dst []byte, k int, v uint8) int {
	if k > 0 {
		if r.value == 0 {
			dst = appendZeros(dst, k)
		} else {
			dst = append(dst, valRun(r.value, k))
		}
	}
	dst = append(dst, valRun(v, 1))
	if k = r.n - k - 1; k > 0 {
		if r.value == 0 {
			dst = appendZeros(dst, k)
		} else {
			dst = append(dst, valRun(r.value, k))
		}
	}
	return len(dst)
}

// promote is the error of a value that has to be dense: the runs are checked now, so that AppendDense will succeed.
func promote(b []byte) error {
	if err := checkRuns(b[HeaderSize:]); err != nil {
		return err
	}
	return ErrPromote
}

// joinRuns joins neighbouring VALs of one value where a VAL can hold them. It looks at five runs from byte at on, the run
// before the one that was split and what it became; Redis does the same, and the bytes are to be equal.
func joinRuns(b []byte, at int) []byte {
	for left := 5; left > 0 && at < len(b); left-- {
		c := b[at]
		if c&valTag == 0 {
			at++
			if c&tagMask == xzeroTag {
				at++
			}
			continue
		}
		if at+1 < len(b) && b[at+1]&valTag != 0 && b[at+1]>>2 == c>>2 {
			if n := int(c&3) + int(b[at+1]&3) + 2; n <= valMax {
				b[at+1] = valRun(c>>2&31+1, n)
				b = append(b[:at], b[at+1:]...)
				continue
			}
		}
		at++
	}
	return b
}

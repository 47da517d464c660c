package hll

import "slices"

// Registers are registers outside of a value: what PFCOUNT of several keys and PFMERGE add values up in. 16 KiB: callers keep
// one, they do not make one per command.
type Registers [NumRegisters]uint8

// Reset makes all registers 0.
func (r *Registers) Reset() { clear(r[:]) }

// Merge raises r's registers to those of b. With ErrCorrupt some may have been raised.
func (r *Registers) Merge(b []byte) error {
	p := b[HeaderSize:]
	if b[encodingAt] == byte(Dense) {
		for g := range NumRegisters / 8 {
			w := group(p, g)
			if w&(1<<48-1) == 0 {
				continue
			}
			s := r[g*8 : g*8+8 : g*8+8]
			for k := range s {
				s[k] = max(s[k], uint8(w&registerMax))
				w >>= registerBits
			}
		}
		return nil
	}
	i := 0
	for len(p) > 0 {
		u := firstRun(p)
		if u.size == 0 || i+u.n > NumRegisters {
			return ErrCorrupt
		}
		if u.value > 0 {
			for k := range u.n {
				r[i+k] = max(r[i+k], u.value)
			}
		}
		i += u.n
		p = p[u.size:]
	}
	if i != NumRegisters {
		return ErrCorrupt
	}
	return nil
}

// Count estimates the number of different elements.
func (r *Registers) Count() uint64 {
	var h histogram
	for _, v := range r {
		h[v&registerMax]++
	}
	return h.estimate()
}

// Any reports whether a register is not 0.
func (r *Registers) Any() bool {
	return slices.ContainsFunc(r[:], func(v uint8) bool { return v != 0 })
}

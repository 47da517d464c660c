package bitmaps

// kind is the type of a field: a signed or unsigned integer of so many bits.
type kind struct {
	signed bool
	width  uint // 1..64, 1..63 when unsigned
}

// overflow says what to do with a result that does not fit.
type overflow uint8

const (
	wrap overflow = iota // drop the high bits
	sat                  // the nearest number that fits
	fail                 // leave the field alone, answer null
)

// load reads the field at bit offset at. Bits beyond the string are zero.
func (k kind) load(b []byte, at int64) int64 {
	var v uint64
	for left := k.width; left > 0; {
		n := min(left, 8-uint(at&7))
		var x byte
		if at>>3 < int64(len(b)) {
			x = b[at>>3]
		}
		v = v<<n | uint64(x<<(at&7)>>(8-n))
		at += int64(n)
		left -= n
	}
	return k.cut(v)
}

// store writes the low bits of v into the field at bit offset at.
// REQUIRES: the string reaches to the field's last bit.
func (k kind) store(b []byte, at, v int64) {
	for left := k.width; left > 0; {
		n := min(left, 8-uint(at&7))
		shift := 8 - uint(at&7) - n
		mask := byte(1<<n-1) << shift
		left -= n
		b[at>>3] = b[at>>3]&^mask | byte(uint64(v)>>left)<<shift&mask
		at += int64(n)
	}
}

// cut returns the number that the low bits of v are as a field.
func (k kind) cut(v uint64) int64 {
	drop := 64 - k.width
	if k.signed {
		return int64(v<<drop) >> drop
	}
	return int64(v << drop >> drop)
}

// limits returns the smallest and the largest number of the kind.
func (k kind) limits() (low, high int64) {
	if k.signed {
		return -1 << (k.width - 1), 1<<(k.width-1) - 1
	}
	return 0, 1<<k.width - 1
}

// fit returns what is stored for the number v: v itself if it fits, else what o says. ok is false for a failure.
// An unsigned field takes v for an unsigned number of 64 bits: -1 is not below it, but far above.
//
// NB: so far below a signed field that high-v does not fit in 64 bits, Redis takes v for a number above it, and sat stores
// the largest number. We do the same.
func (k kind) fit(v int64, o overflow) (n int64, ok bool) {
	low, high := k.limits()
	switch {
	case !k.signed && uint64(v) > uint64(high), k.signed && (v > high || k.width < 64 && v < 0 && high-v < 0):
		return k.spill(uint64(v), high, o)
	case k.signed && v < low:
		return k.spill(uint64(v), low, o)
	}
	return v, true
}

// add returns what is stored for v+by, where v is a number of the kind.
func (k kind) add(v, by int64, o overflow) (n int64, ok bool) {
	low, high := k.limits()
	sum := uint64(v) + uint64(by)
	if k.signed {
		switch {
		case by > 0 && v > 0 && uint64(v)+uint64(by) > uint64(high), by > 0 && v <= 0 && int64(sum) > high:
			return k.spill(sum, high, o)
		case by < 0 && v < 0 && (int64(sum) >= 0 || int64(sum) < low), by < 0 && v >= 0 && int64(sum) < low:
			return k.spill(sum, low, o)
		}
		return int64(sum), true
	}
	switch {
	case by >= 0 && sum > uint64(high):
		return k.spill(sum, high, o)
	case by < 0 && -uint64(by) > uint64(v):
		return k.spill(sum, low, o)
	}
	return int64(sum), true
}

// spill decides about a number that does not fit: its low 64 bits, and the limit that it passed.
func (k kind) spill(v uint64, limit int64, o overflow) (int64, bool) {
	switch o {
	case wrap:
		return k.cut(v), true
	case sat:
		return limit, true
	}
	return 0, false
}

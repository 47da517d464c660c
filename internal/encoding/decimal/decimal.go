// Package decimal holds the rule by which a text is an integer: strings, listpacks and intsets store a text as an
// integer exactly when Redis does, so that the bytes of both are the same.
package decimal

// MaxLen is the length of the longest integer text, "-9223372036854775808".
const MaxLen = 20

// safeDigits is how many digits cannot overflow 64 bits.
const safeDigits = 19

// ParseInt reads a text exactly as Redis's string2ll: no sign but a leading minus, no leading zero, no space, within
// int64. What it accepts is what strconv.AppendInt writes, so a text that is an integer can be kept as one.
func ParseInt(b []byte) (int64, bool) {
	if len(b) == 0 || len(b) > MaxLen {
		return 0, false
	}
	if len(b) == 1 {
		d := b[0] - '0'
		return int64(d), d <= 9
	}
	neg := b[0] == '-'
	if neg {
		b = b[1:]
	}
	first := b[0] - '0'
	if first < 1 || first > 9 {
		return 0, false
	}
	v := uint64(first)
	for i := 1; i < len(b); i++ {
		d := b[i] - '0'
		if d > 9 || i >= safeDigits && (v > (1<<64-1)/10 || v*10 > 1<<64-1-uint64(d)) {
			return 0, false
		}
		v = v*10 + uint64(d)
	}
	if neg {
		return -int64(v), v <= 1<<63
	}
	return int64(v), v <= 1<<63-1
}

// Len returns the length of n in decimal.
func Len(n int64) int {
	d, v := 1, uint64(n)
	if n < 0 {
		d, v = 2, -v
	}
	for v >= 10 {
		v /= 10
		d++
	}
	return d
}

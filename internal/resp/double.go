package resp

import (
	"math"
	"strconv"
)

// AppendDouble appends v as Redis 7.2 writes scores: integers up to 2^52 plain,
// otherwise the shortest digits that read back as v, without an exponent while
// that stays short.
func AppendDouble(dst []byte, v float64) []byte {
	switch {
	case math.IsNaN(v):
		return append(dst, "nan"...)
	case math.IsInf(v, 1):
		return append(dst, "inf"...)
	case math.IsInf(v, -1):
		return append(dst, "-inf"...)
	case v == 0:
		if math.Signbit(v) {
			dst = append(dst, '-')
		}
		return append(dst, '0')
	}
	const limit = 1 << 52
	if v > -limit+1 && v < limit && v == math.Trunc(v) {
		return AppendInt(dst, int64(v))
	}

	if v < 0 {
		dst = append(dst, '-')
	}
	var tmp [40]byte
	d, pow := shortest(tmp[:0], math.Abs(v))
	exp := pow + len(d) - 1 // of the first digit
	switch {
	case pow >= 0 && exp < len(d)+7:
		dst = append(dst, d...)
		for range pow {
			dst = append(dst, '0')
		}
		return dst
	case pow < 0 && (pow > -7 || (exp < 4 && exp > -4)):
		point := len(d) + pow
		if point > 0 {
			dst = append(dst, d[:point]...)
			dst = append(dst, '.')
			return append(dst, d[point:]...)
		}
		dst = append(dst, "0."...)
		for range -point {
			dst = append(dst, '0')
		}
		return append(dst, d...)
	}
	dst = append(dst, d[0])
	if len(d) > 1 {
		dst = append(dst, '.')
		dst = append(dst, d[1:]...)
	}
	if exp < 0 {
		return AppendInt(append(dst, "e-"...), int64(-exp))
	}
	return AppendInt(append(dst, "e+"...), int64(exp))
}

// shortest returns the shortest digits that read back as v > 0, without
// trailing zeros, and the power of ten of the last one.
func shortest(tmp []byte, v float64) (d []byte, pow int) {
	s := strconv.AppendFloat(tmp, v, 'e', -1, 64) // d.ddde±xx
	e := len(s) - 1
	for s[e] != 'e' {
		e--
	}
	exp := 0
	for _, c := range s[e+2:] {
		exp = exp*10 + int(c-'0')
	}
	if s[e+1] == '-' {
		exp = -exp
	}
	d = s[:e]
	if len(d) > 1 {
		copy(d[1:], d[2:]) // drop the point
		d = d[:len(d)-1]
	}
	return d, exp - len(d) + 1
}

// AppendHumanDouble appends v with at most 17 digits behind the point, no
// trailing zeros and no exponent, as INCRBYFLOAT and GEOPOS write numbers.
func AppendHumanDouble(dst []byte, v float64) []byte {
	switch {
	case math.IsNaN(v):
		return append(dst, "nan"...)
	case math.IsInf(v, 1):
		return append(dst, "inf"...)
	case math.IsInf(v, -1):
		return append(dst, "-inf"...)
	}
	start := len(dst)
	dst = strconv.AppendFloat(dst, v, 'f', 17, 64)
	n := len(dst)
	for dst[n-1] == '0' {
		n--
	}
	if dst[n-1] == '.' {
		n--
	}
	if string(dst[start:n]) == "-0" {
		return append(dst[:start], '0')
	}
	return dst[:n]
}

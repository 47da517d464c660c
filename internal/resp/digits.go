package resp

import "math/bits"

// digitPairs holds "00" to "99", so that two digits cost one division.
const digitPairs = "00010203040506070809" +
	"10111213141516171819" +
	"20212223242526272829" +
	"30313233343536373839" +
	"40414243444546474849" +
	"50515253545556575859" +
	"60616263646566676869" +
	"70717273747576777879" +
	"80818283848586878889" +
	"90919293949596979899"

// pow10 holds the powers of ten that fit in 64 bits.
var pow10 = [20]uint64{
	1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9,
	1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19,
}

// maxInt is the longest decimal form of a 64-bit integer.
const maxInt = len("-9223372036854775808")

// digits returns the number of decimal digits of v.
func digits(v uint64) int {
	// 1233/4096 is a little more than log10(2).
	n := bits.Len64(v|1) * 1233 >> 12
	if v >= pow10[n] {
		n++
	}
	return n
}

// putUint writes v in decimal to b and returns the number of bytes.
//
// REQUIRES: len(b) >= 20.
func putUint(b []byte, v uint64) int {
	if v < 10 {
		b[0] = byte(v) + '0'
		return 1
	}
	n := digits(v)
	i := n
	for v >= 100 {
		q := v / 100
		p := (v - q*100) * 2
		i -= 2
		b[i+1] = digitPairs[p+1]
		b[i] = digitPairs[p]
		v = q
	}
	if v >= 10 {
		b[1] = digitPairs[v*2+1]
		b[0] = digitPairs[v*2]
	} else {
		b[0] = byte(v) + '0'
	}
	return n
}

// putInt writes v in decimal to b and returns the number of bytes.
//
// REQUIRES: len(b) >= maxInt.
func putInt(b []byte, v int64) int {
	if v >= 0 {
		return putUint(b, uint64(v))
	}
	b[0] = '-'
	return 1 + putUint(b[1:maxInt+1], -uint64(v))
}

// AppendInt appends v in decimal.
func AppendInt(dst []byte, v int64) []byte {
	var b [maxInt + 4]byte
	return append(dst, b[:putInt(b[:], v)]...)
}

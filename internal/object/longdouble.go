package object

import (
	"math/big"
	"math/bits"
	"strconv"
)

// LongDouble is a number of the x87's extended format: 64 bits of mantissa, as many as an int64 can need
// and eleven more than a float64 has. INCRBYFLOAT and its relatives work in it, and clients compare their replies byte
// for byte, so results have to be those of a server that was built with an 80-bit long double.
//
// The value is mant * 2^exp, negated if neg, with the highest bit of mant set; mant is 0 for zero.
//
// Everything that fits in words is done in words: up to 38 digits with at most 19 of them behind the point to read, any
// sum, and any magnitude below 2^64 to write. The rest goes through math/big, which rounds as the format does. Numbers below the
// smallest normal one keep their 64 bits here, where the x87 drops some; that cannot be seen in a text with 17 digits
// behind the point.
type LongDouble struct {
	mant uint64
	exp  int32
	neg  bool
	inf  bool
}

const (
	// maxLongDoubleText is one more than the longest text that is read as a number.
	maxLongDoubleText = 5 * 1024

	ldMaxExp  = 16384  // 2^ldMaxExp is the first power of two beyond the largest number
	ldTinyExp = -16446 // 2^ldTinyExp is the largest number that is rounded to zero

	humanDigits = 17 // digits behind the point that AppendLongDouble writes at most
	humanScale  = 1e17
)

// pow10 holds the powers of ten that fit in a word.
var pow10 = func() (p [20]uint64) {
	p[0] = 1
	for i := 1; i < len(p); i++ {
		p[i] = p[i-1] * 10
	}
	return p
}()

// LongDoubleInt returns n, which the format holds exactly.
func LongDoubleInt(n int64) LongDouble {
	if n < 0 {
		return normal(-uint64(n), 0, true)
	}
	return normal(uint64(n), 0, false)
}

// normal returns mant * 2^exp with the highest bit of the mantissa set.
func normal(mant uint64, exp int32, neg bool) LongDouble {
	if mant == 0 {
		return LongDouble{neg: neg}
	}
	n := bits.LeadingZeros64(mant)
	return LongDouble{mant: mant << n, exp: exp - int32(n), neg: neg}
}

// IsInf tells whether the number is an infinity.
func (a LongDouble) IsInf() bool { return a.inf }

// ParseLongDouble reads a number as strtold does, hexadecimal forms and infinities included, but nothing may come before
// or after it, and what is not a number, overflows, or vanishes is refused.
func ParseLongDouble(b []byte) (LongDouble, bool) {
	if len(b) == 0 || len(b) >= maxLongDoubleText {
		return LongDouble{}, false
	}
	neg := b[0] == '-'
	if neg || b[0] == '+' {
		b = b[1:]
	}
	if len(b) == 0 {
		return LongDouble{}, false
	}
	if b[0]|0x20 == 'i' {
		return LongDouble{neg: neg, inf: true}, foldEqual(b, "inf") || foldEqual(b, "infinity")
	}
	if len(b) > 2 && b[0] == '0' && b[1]|0x20 == 'x' {
		return parseHex(b[2:], neg)
	}
	return parseDecimal(b, neg)
}

// numeral is a text taken apart: (head * base^tailed + tail) * base^scale.
type numeral struct {
	head, tail   uint64 // the first significant digits, as many as fit, and those behind
	kept, tailed int    // how many those are
	lost         bool   // digits other than 0 came after them
	scale        int    // number of digits dropped less number of digits behind the point
	digits       int    // how many digits there were at all
	rest         []byte
}

// scanDigits reads digits with at most one point among them; at most limit significant ones go into head, and at most
// more into tail.
func scanDigits(b []byte, base uint64, limit, more int) (n numeral) {
	point := false
	for i, c := range b {
		d := digitValue(c)
		if c == '.' && !point {
			point = true
			continue
		}
		if d >= base {
			n.rest = b[i:]
			return n
		}
		n.digits++
		if point {
			n.scale--
		}
		switch {
		case n.kept < limit:
			n.head = n.head*base + d
			if n.head != 0 {
				n.kept++
			}
		case n.tailed < more:
			n.tail = n.tail*base + d
			n.tailed++
		default:
			n.scale++
			n.lost = n.lost || d != 0
		}
	}
	return n
}

func digitValue(c byte) uint64 {
	switch {
	case c >= '0' && c <= '9':
		return uint64(c - '0')
	case c|0x20 >= 'a' && c|0x20 <= 'f':
		return uint64(c|0x20-'a') + 10
	}
	return 99
}

// scanExponent reads an exponent behind its letter; a text without one has exponent 0.
func scanExponent(b []byte, letter byte) (e int, ok bool) {
	if len(b) == 0 {
		return 0, true
	}
	if b[0]|0x20 != letter || len(b) == 1 {
		return 0, false
	}
	b = b[1:]
	neg := b[0] == '-'
	if neg || b[0] == '+' {
		b = b[1:]
	}
	if len(b) == 0 {
		return 0, false
	}
	for _, c := range b {
		if c < '0' || c > '9' {
			return 0, false
		}
		e = min(e*10+int(c-'0'), 1<<30)
	}
	if neg {
		e = -e
	}
	return e, true
}

func parseDecimal(b []byte, neg bool) (LongDouble, bool) {
	n := scanDigits(b, 10, 19, 19)
	exp, ok := scanExponent(n.rest, 'e')
	if !ok || n.digits == 0 {
		return LongDouble{}, false
	}
	if n.head == 0 {
		return LongDouble{neg: neg}, true
	}
	power := n.scale + exp
	switch {
	case n.lost:
	case n.tailed > 0:
		if power <= 0 && power >= -19 {
			hi, lo := bits.Mul64(n.head, pow10[n.tailed])
			lo, carry := bits.Add64(lo, n.tail, 0)
			return quotient128(hi+carry, lo, pow10[-power], neg), true
		}
	case power == 0:
		return normal(n.head, 0, neg), true
	case power < 0 && power >= -19:
		return quotient(n.head, pow10[-power], neg), true
	case power > 0 && power <= 19:
		if hi, lo := bits.Mul64(n.head, pow10[power]); hi == 0 {
			return normal(lo, 0, neg), true
		}
	}
	return parseDecimalBig(b[:len(b)-len(n.rest)], n, exp, neg)
}

// quotient returns m/d, rounded once.
func quotient(m, d uint64, neg bool) LongDouble {
	zm, zd := bits.LeadingZeros64(m), bits.LeadingZeros64(d)
	m, d = m<<zm, d<<zd
	exp := int32(zd-zm) - 64
	hi, lo := m, uint64(0)
	if m >= d {
		hi, lo = m>>1, m<<63
		exp++
	}
	q, r := bits.Div64(hi, lo, d)
	if r > d-r || r == d-r && q&1 == 1 {
		q++
		if q == 0 {
			return LongDouble{mant: 1 << 63, exp: exp + 1, neg: neg}
		}
	}
	return LongDouble{mant: q, exp: exp, neg: neg}
}

// quotient128 returns hi:lo / d, rounded once. REQUIRES: hi:lo is at least 2^63.
func quotient128(hi, lo, d uint64, neg bool) LongDouble {
	// Four words of quotient, two of them behind the point; more than 64 bits of them count.
	var q [4]uint64
	q[0] = hi / d
	q[1], hi = bits.Div64(hi%d, lo, d)
	q[2], hi = bits.Div64(hi, 0, d)
	q[3], hi = bits.Div64(hi, 0, d)
	sticky := uint64(0)
	if hi != 0 {
		sticky = 1
	}
	w := 0
	for q[w] == 0 {
		w++
	}
	exp := int32(64 * (1 - w))
	z := bits.LeadingZeros64(q[w])
	word := func(i int) uint64 {
		if i < len(q) {
			return q[i]
		}
		return 0
	}
	top, next := word(w), word(w+1)
	mant := top<<z | next>>1>>(63-z)
	below := next<<z | word(w+2)>>1>>(63-z)
	for i := w + 2; i < len(q); i++ {
		sticky |= q[i]
	}
	if sticky != 0 {
		below |= 1
	}
	const half = 1 << 63
	exp -= int32(z)
	if below > half || below == half && mant&1 == 1 {
		mant++
		if mant == 0 {
			return LongDouble{mant: half, exp: exp + 1, neg: neg}
		}
	}
	return LongDouble{mant: mant, exp: exp, neg: neg}
}

// parseDecimalBig reads what parseDecimal could not read in words. text holds the digits and the point.
func parseDecimalBig(text []byte, n numeral, exp int, neg bool) (LongDouble, bool) {
	// The power of ten of the first digit decides about numbers far out of range.
	if first := n.kept + n.tailed + n.scale + exp; first > 5000 || first < -5000 {
		return LongDouble{}, false
	}
	all := make([]byte, 0, len(text))
	for i, c := range text {
		if c == '.' {
			exp -= len(text) - i - 1
			continue
		}
		all = append(all, c)
	}
	m, _ := new(big.Int).SetString(string(all), 10)
	f := new(big.Float).SetPrec(64)
	ten := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(max(exp, -exp))), nil)
	if exp >= 0 {
		f.SetInt(m.Mul(m, ten))
	} else {
		f.Quo(new(big.Float).SetInt(m), new(big.Float).SetInt(ten))
	}
	return fromBig(f, neg)
}

func parseHex(b []byte, neg bool) (LongDouble, bool) {
	n := scanDigits(b, 16, 15, 0)
	exp, ok := scanExponent(n.rest, 'p')
	if !ok || n.digits == 0 {
		return LongDouble{}, false
	}
	if n.head == 0 {
		return LongDouble{neg: neg}, true
	}
	if !n.lost && exp > -10000 && exp < 10000 && n.scale > -1000 && n.scale < 1000 {
		return normal(n.head, int32(4*n.scale+exp), neg), true
	}
	f := new(big.Float).SetPrec(64)
	text := make([]byte, 0, len(b))
	for i, c := range b[:len(b)-len(n.rest)] {
		if c == '.' {
			exp -= 4 * (len(b) - len(n.rest) - i - 1)
			continue
		}
		text = append(text, c)
	}
	m, _ := new(big.Int).SetString(string(text), 16)
	if exp > 1<<20 || exp < -1<<20 {
		return LongDouble{}, false
	}
	f.SetInt(m)
	f.SetMantExp(f, exp)
	return fromBig(f, neg)
}

// fromBig takes over a positive number of 64 bits and refuses one that is out of range.
func fromBig(f *big.Float, neg bool) (LongDouble, bool) {
	var frac big.Float
	exp := f.MantExp(&frac)
	if exp > ldMaxExp || exp <= ldTinyExp || exp == ldTinyExp+1 && frac.MinPrec() == 1 {
		return LongDouble{}, false
	}
	mant, _ := frac.SetMantExp(&frac, 64).Uint64()
	return LongDouble{mant: mant, exp: int32(exp) - 64, neg: neg}, true
}

// Add returns a+b, rounded to nearest, and reports whether it is a finite number.
func (a LongDouble) Add(b LongDouble) (LongDouble, bool) {
	switch {
	case a.inf || b.inf:
		return LongDouble{inf: true}, false
	case a.mant == 0:
		return b, true
	case b.mant == 0:
		return a, true
	}
	if a.exp < b.exp || a.exp == b.exp && a.mant < b.mant {
		a, b = b, a
	}
	// a is hi:lo with 64 zero bits behind it, b is shifted to the same exponent; sticky stands for the bits of b that
	// are beyond.
	var bhi, blo, sticky uint64
	switch d := uint(a.exp - b.exp); {
	case d == 0:
		bhi = b.mant
	case d < 64:
		bhi, blo = b.mant>>d, b.mant<<(64-d)
	case d < 128:
		blo = b.mant >> (d - 64)
		if b.mant != blo<<(d-64) {
			sticky = 1
		}
	default:
		sticky = 1
	}
	hi, lo, exp := a.mant, uint64(0), a.exp
	if a.neg == b.neg {
		var carry uint64
		lo = blo
		hi, carry = bits.Add64(hi, bhi, 0)
		if carry != 0 {
			sticky |= lo & 1
			lo = lo>>1 | hi<<63
			hi = hi>>1 | 1<<63
			exp++
		}
	} else {
		var borrow uint64
		lo, borrow = bits.Sub64(0, blo, sticky)
		hi, _ = bits.Sub64(hi, bhi, borrow)
	}
	if hi == 0 && lo == 0 {
		return LongDouble{}, true
	}
	z := bits.LeadingZeros64(hi)
	if hi == 0 {
		z = 64 + bits.LeadingZeros64(lo)
		hi, lo = lo<<(z-64), 0
	} else {
		hi, lo = hi<<z|lo>>1>>(63-z), lo<<z
	}
	exp -= int32(z)
	lo |= sticky
	const half = 1 << 63
	if lo > half || lo == half && hi&1 == 1 {
		hi++
		if hi == 0 {
			hi = half
			exp++
		}
	}
	if exp > ldMaxExp-64 {
		return LongDouble{inf: true, neg: a.neg}, false
	}
	return LongDouble{mant: hi, exp: exp, neg: a.neg}, true
}

// AppendLongDouble appends v with at most 17 digits behind the point, no trailing zeros and no exponent.
// REQUIRES: v is finite.
func AppendLongDouble(dst []byte, v LongDouble) []byte {
	whole, frac := v.split()
	if v.neg && (whole != 0 || frac != 0 || v.exp > 0) {
		dst = append(dst, '-')
	}
	if v.exp > 0 && v.mant != 0 {
		n := new(big.Int).SetUint64(v.mant)
		return n.Lsh(n, uint(v.exp)).Append(dst, 10)
	}
	dst = strconv.AppendUint(dst, whole, 10)
	if frac == 0 {
		return dst
	}
	dst = append(dst, '.')
	at := len(dst)
	for i := humanDigits - 1; i > 0 && frac < pow10[i]; i-- {
		dst = append(dst, '0')
	}
	dst = strconv.AppendUint(dst, frac, 10)
	n := len(dst)
	for n > at && dst[n-1] == '0' {
		n--
	}
	return dst[:n]
}

// split returns the whole part and the part behind the point in units of 10^-17, rounded to nearest even.
// With exp > 0 the number has more than 64 bits before the point and split says nothing.
func (v LongDouble) split() (whole, frac uint64) {
	shift := uint(-v.exp)
	switch {
	case v.mant == 0 || v.exp > 0:
		return 0, 0
	case v.exp == 0:
		return v.mant, 0
	case shift >= 128:
		return 0, 0
	case shift < 64:
		whole, frac = v.mant>>shift, v.mant&(1<<shift-1)
	default:
		frac = v.mant
	}
	// frac * 10^17 / 2^shift; below is what the shift drops, in the top bits of two words.
	hi, lo := bits.Mul64(frac, humanScale)
	var q, below, sticky uint64
	if shift < 64 {
		q, below = hi<<(64-shift)|lo>>shift, lo<<(64-shift)
	} else {
		s := shift - 64
		q, below, sticky = hi>>s, hi<<1<<(63-s)|lo>>s, lo<<1<<(63-s)
	}
	const half = 1 << 63
	if below > half || below == half && (sticky != 0 || q&1 == 1) {
		q++
	}
	if q == humanScale {
		return whole + 1, 0
	}
	return whole, q
}

// foldEqual compares a text in any case with one in lower case.
func foldEqual(b []byte, lower string) bool {
	if len(b) != len(lower) {
		return false
	}
	for i, c := range b {
		if c-'A' < 26 {
			c |= 0x20
		}
		if c != lower[i] {
			return false
		}
	}
	return true
}

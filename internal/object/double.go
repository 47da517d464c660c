package object

import (
	"math"
	"strconv"
)

// Doubles as clients write them: what strtod of the C library reads, which is more than Go's syntax in places (blanks in
// front, "0x10" without an exponent) and less in others ("1_000").

// ParseDouble reads a whole text as a number, as the arguments that are doubles are read: without blanks in front, not
// NaN, and not too large for a double or too small.
func ParseDouble(b []byte) (float64, bool) {
	if len(b) == 0 || isSpace(b[0]) {
		return 0, false
	}
	// Fast path: a short integer.
	if len(b) < 16 {
		if n, ok := ParseInt(b); ok {
			return float64(n), true
		}
	}
	v, n, inRange := Strtod(b)
	return v, n == len(b) && inRange && v == v
}

// Strtod reads the number at the beginning of a text and returns how many bytes it takes, 0 if there is none. inRange
// is false if a number of the text is too large for a double, or too small to be told from 0.
func Strtod(b []byte) (v float64, n int, inRange bool) {
	i := 0
	for i < len(b) && isSpace(b[i]) {
		i++
	}
	start := i
	if i < len(b) && (b[i] == '+' || b[i] == '-') {
		i++
	}
	negative := i > start && b[start] == '-'
	if k := wordLen(b[i:]); k > 0 {
		v = math.Inf(1)
		if b[i]|0x20 == 'n' {
			v = math.NaN()
		}
		if negative {
			v = -v
		}
		return v, i + k, true
	}
	end, isHex, exp, zero := scanNumber(b, i)
	if end == i {
		return 0, 0, true
	}
	v = parseScanned(b[start:end], isHex && !exp)
	return v, end, !math.IsInf(v, 0) && (v != 0 || zero)
}

// parseScanned reads what scanNumber has found; a hexadecimal number without an exponent gets one.
func parseScanned(b []byte, addExp bool) float64 {
	if addExp {
		b = append(append(make([]byte, 0, len(b)+2), b...), 'p', '0')
	}
	// NB: the only error is ErrRange, with an infinity.
	v, _ := strconv.ParseFloat(string(b), 64)
	return v
}

// scanNumber finds where the number at i ends: decimal, or hexadecimal behind 0x; whether it has an exponent, and
// whether all its digits are 0. It returns i if there is no number.
func scanNumber(b []byte, i int) (end int, isHex, exp, zero bool) {
	at := func(k int) byte {
		if k < len(b) {
			return b[k]
		}
		return 0
	}
	begin := i
	if at(i) == '0' && at(i+1)|0x20 == 'x' && (hexDigit(at(i+2)) || at(i+2) == '.' && hexDigit(at(i+3))) {
		isHex = true
		i += 2
	}
	digits, zero := 0, true
	point := false
	for ; ; i++ {
		c := at(i)
		if c == '.' && !point {
			point = true
			continue
		}
		if c-'0' > 9 && !(isHex && hexDigit(c)) {
			break
		}
		digits++
		zero = zero && c == '0'
	}
	if digits == 0 {
		return begin, false, false, false
	}
	mark := byte('e')
	if isHex {
		mark = 'p'
	}
	if at(i)|0x20 == mark {
		k := i + 1
		if at(k) == '+' || at(k) == '-' {
			k++
		}
		if at(k)-'0' <= 9 {
			for exp = true; at(k)-'0' <= 9; k++ {
			}
			i = k
		}
	}
	return i, isHex, exp, zero
}

// wordLen returns the length of inf, infinity, nan or nan(...) at the beginning of b, 0 if none of them is there.
func wordLen(b []byte) int {
	switch {
	case hasFold(b, "infinity"):
		return 8
	case hasFold(b, "inf"):
		return 3
	case !hasFold(b, "nan"):
		return 0
	}
	if len(b) > 3 && b[3] == '(' {
		for i, c := range b[4:] {
			if c == ')' {
				return 4 + i + 1
			}
			if c-'0' > 9 && c|0x20-'a' > 25 && c != '_' {
				break
			}
		}
	}
	return 3
}

func hasFold(b []byte, word string) bool {
	if len(b) < len(word) {
		return false
	}
	for i := range len(word) {
		if b[i]|0x20 != word[i] {
			return false
		}
	}
	return true
}

func hexDigit(c byte) bool { return c-'0' <= 9 || c|0x20-'a' <= 5 }

func isSpace(c byte) bool { return c == ' ' || c-'\t' <= 4 }

package lualib

import (
	"math"
	"strconv"
	"strings"

	lua "github.com/yuin/gopher-lua"
)

// numberText is a number as tostring and concatenation write it: C's "%.14g".
func numberText(f float64) string {
	var buf [32]byte
	return string(appendNumber(buf[:0], f, 14))
}

// appendNumber writes f as "%.<prec>g".
func appendNumber(dst []byte, f float64, prec int) []byte {
	if i := int64(f); float64(i) == f && i > -1e14 && i < 1e14 && prec >= 14 {
		if i == 0 && math.Signbit(f) {
			return append(dst, "-0"...)
		}
		return strconv.AppendInt(dst, i, 10)
	}
	if special := specialText(f); special != "" {
		return append(dst, special...)
	}
	return strconv.AppendFloat(dst, f, 'g', max(prec, 1), 64)
}

// specialText is C's text for what is not finite. The sign of NaN shows, as in C.
func specialText(f float64) string {
	switch {
	case f != f && math.Signbit(f):
		return "-nan"
	case f != f:
		return "nan"
	case math.IsInf(f, 1):
		return "inf"
	case math.IsInf(f, -1):
		return "-inf"
	}
	return ""
}

// nanOf is the NaN that arithmetic of the machines Redis runs on makes: its sign bit is set, and tostring shows it.
var nanOf = math.Float64frombits(0xfff8000000000000)

// toInteger is C's conversion of a double to a 64-bit integer: toward zero, and the smallest integer for what does not fit.
func toInteger(f float64) int {
	if f >= -0x1p63 && f < 0x1p63 {
		return int(f)
	}
	return math.MinInt64
}

// toUnsigned is C's conversion of a double to a 64-bit unsigned integer as x86-64 compilers make it: negative numbers wrap.
func toUnsigned(f float64) uint64 {
	if f >= 0x1p63 {
		return uint64(toInteger(f-0x1p63)) ^ (1 << 63)
	}
	return uint64(toInteger(f))
}

// toNumber is a number, or a string that reads as one.
func toNumber(v lua.LValue) (float64, bool) {
	switch v := v.(type) {
	case lua.LNumber:
		return float64(v), true
	case lua.LString:
		return parseNumber(string(v))
	}
	return 0, false
}

// parseNumber reads text as Lua 5.1 does: C's strtod (with hexadecimal and "inf", "nan"), else a hexadecimal integer, and white
// space around it.
func parseNumber(s string) (float64, bool) {
	f, n := strtod(s)
	if n == 0 {
		return 0, false
	}
	for _, c := range []byte(s[n:]) {
		if c == 0 { // to C, the text ends here
			break
		}
		if !isSpace(c) {
			return 0, false
		}
	}
	return f, true
}

func isSpace(c byte) bool { return c == ' ' || c >= '\t' && c <= '\r' }

// strtod reads the longest number at the start of s, after white space, and says how much it took; 0 if there is none.
func strtod(s string) (float64, int) {
	i := 0
	for i < len(s) && isSpace(s[i]) {
		i++
	}
	start := i
	neg := false
	if i < len(s) && (s[i] == '+' || s[i] == '-') {
		neg = s[i] == '-'
		i++
	}
	if word := s[i:]; len(word) >= 3 {
		if hasFold(word, "inf") {
			if hasFold(word, "infinity") {
				i += 5
			}
			return math.Copysign(math.Inf(1), sign(neg)), i + 3
		}
		if hasFold(word, "nan") {
			i += 3
			// A payload in parentheses is read and has no effect that a script can see.
			if i < len(s) && s[i] == '(' {
				j := i + 1
				for j < len(s) && (isAlnum(s[j]) || s[j] == '_') {
					j++
				}
				if j < len(s) && s[j] == ')' {
					i = j + 1
				}
			}
			if neg {
				return nanOf, i
			}
			return math.Float64frombits(0x7ff8000000000000), i
		}
	}
	if len(s)-i >= 3 && s[i] == '0' && s[i+1]|0x20 == 'x' {
		if f, n := hexFloat(s[i+2:]); n > 0 {
			if neg {
				f = -f
			}
			return f, i + 2 + n
		}
	}
	digits := i
	for i < len(s) && isDigit(s[i]) {
		i++
	}
	count := i - digits
	if i < len(s) && s[i] == '.' {
		j := i + 1
		for j < len(s) && isDigit(s[j]) {
			j++
		}
		if count += j - i - 1; count > 0 {
			i = j
		}
	}
	if count == 0 {
		return 0, 0
	}
	if i < len(s) && s[i]|0x20 == 'e' {
		j := i + 1
		if j < len(s) && (s[j] == '+' || s[j] == '-') {
			j++
		}
		if j < len(s) && isDigit(s[j]) {
			for j < len(s) && isDigit(s[j]) {
				j++
			}
			i = j
		}
	}
	f, _ := strconv.ParseFloat(s[start:i], 64) // out of range is infinite or zero, as in C
	return f, i
}

// hexFloat reads the digits after "0x", with an optional fraction and binary exponent.
func hexFloat(s string) (float64, int) {
	i, count, dot := 0, 0, false
	for i < len(s) {
		switch {
		case hexDigit(s[i]) >= 0:
			count++
		case s[i] == '.' && !dot:
			dot = true
		default:
			goto digitsEnd
		}
		i++
	}
digitsEnd:
	if count == 0 {
		return 0, 0
	}
	text := "0x" + s[:i]
	exp := "p0"
	if i < len(s) && s[i]|0x20 == 'p' {
		j := i + 1
		if j < len(s) && (s[j] == '+' || s[j] == '-') {
			j++
		}
		if j < len(s) && isDigit(s[j]) {
			for j < len(s) && isDigit(s[j]) {
				j++
			}
			exp = s[i:j]
			i = j
		}
	}
	f, _ := strconv.ParseFloat(text+exp, 64)
	return f, i
}

func sign(neg bool) float64 {
	if neg {
		return -1
	}
	return 1
}

func hasFold(s, prefix string) bool {
	return len(s) >= len(prefix) && strings.EqualFold(s[:len(prefix)], prefix)
}

func hexDigit(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c|0x20 >= 'a' && c|0x20 <= 'f':
		return int(c|0x20-'a') + 10
	}
	return -1
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }
func isAlpha(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }
func isAlnum(c byte) bool { return isDigit(c) || isAlpha(c) }

package config

import (
	"math"
	"strconv"
	"strings"
)

// units of a memory size. The two-letter ones are powers of 1024, the others of 1000.
var units = []struct {
	name string
	mul  uint64
}{
	{"", 1},
	{"b", 1},
	{"k", 1000},
	{"kb", 1 << 10},
	{"m", 1000 * 1000},
	{"mb", 1 << 20},
	{"g", 1000 * 1000 * 1000},
	{"gb", 1 << 30},
}

// ParseMemory reads a size such as 100, 64mb or 1g (any case). No digits are 0, as in Redis. A size
// beyond 64 bits is the largest there is, so that the range check of the directive refuses it.
func ParseMemory(s string) (n uint64, ok bool) {
	digits := 0
	for digits < len(s) && s[digits] >= '0' && s[digits] <= '9' {
		digits++
	}
	unit := strings.ToLower(s[digits:])
	for _, u := range units {
		if u.name != unit {
			continue
		}
		if digits == 0 {
			return 0, true
		}
		v, err := strconv.ParseUint(s[:digits], 10, 64)
		if err != nil || (u.mul > 1 && v > math.MaxUint64/u.mul) {
			return math.MaxUint64, true
		}
		return v * u.mul, true
	}
	return 0, false
}

// formatMemory writes a size for a configuration file: the largest of gb, mb, kb that divides it.
func formatMemory(n int64) string {
	for i := len(units) - 1; i > 0; i-- {
		u := units[i]
		if len(u.name) == 2 && n != 0 && n%int64(u.mul) == 0 {
			return strconv.FormatInt(n/int64(u.mul), 10) + u.name
		}
	}
	return strconv.FormatInt(n, 10)
}

// parseInt reads a decimal integer the strict way: no blanks, no plus sign, no leading zero, no minus zero.
func parseInt(s string) (int64, bool) {
	digits := strings.TrimPrefix(s, "-")
	if digits == "" || (digits[0] == '0' && s != "0") || digits[0] < '0' || digits[0] > '9' {
		return 0, false
	}
	n, err := strconv.ParseInt(s, 10, 64)
	return n, err == nil
}

// leadingInt reads what C's strtol does: blanks, a sign, the digits there are. It reports whether nothing follows.
// A number beyond 64 bits is the nearest there is.
func leadingInt(s string) (n int64, whole bool) {
	rest := strings.TrimLeft(s, " \t\n\v\f\r")
	end := 0
	if end < len(rest) && (rest[end] == '-' || rest[end] == '+') {
		end++
	}
	first := end
	for end < len(rest) && rest[end] >= '0' && rest[end] <= '9' {
		end++
	}
	if end == first {
		return 0, s == ""
	}
	n, _ = strconv.ParseInt(rest[:end], 10, 64) // on overflow the nearest value
	return n, end == len(rest)
}

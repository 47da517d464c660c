package decimal

import (
	"math"
	"strconv"
	"testing"
)

// check compares ParseInt with strconv: what is accepted is what strconv writes.
func check(t *testing.T, s string) {
	t.Helper()
	n, ok := ParseInt([]byte(s))
	m, err := strconv.ParseInt(s, 10, 64)
	canonical := err == nil && strconv.FormatInt(m, 10) == s
	if ok != canonical || ok && n != m {
		t.Errorf("%q: got %d %v, want %d %v", s, n, ok, m, canonical)
	}
	if ok && Len(n) != len(s) {
		t.Errorf("%q: length %d", s, Len(n))
	}
}

var edges = []string{
	"", "0", "9", "-", "-0", "-1", "+1", "00", "01", "-01", " 1", "1 ", "1a", "a", "/", ":", "1:", "1/", "--1",
	"999999999999999999", "1000000000000000000", "9223372036854775807", "9223372036854775808", "-9223372036854775808",
	"-9223372036854775809", "9999999999999999999", "18446744073709551615", "18446744073709551616", "-18446744073709551615",
	"99999999999999999999", "-9999999999999999999", "-99999999999999999999", "123456789012345678901",
}

func TestParseInt(t *testing.T) {
	for _, s := range edges {
		check(t, s)
	}
	for n := int64(1); n > 0; n <<= 1 {
		for d := int64(-2); d <= 2; d++ {
			check(t, strconv.FormatInt(n+d, 10))
			check(t, strconv.FormatInt(-n+d, 10))
		}
	}
	if MaxLen != len(strconv.FormatInt(math.MinInt64, 10)) {
		t.Error("MaxLen is not the length of the longest integer")
	}
}

func FuzzParseInt(f *testing.F) {
	for _, s := range edges {
		f.Add(s)
	}
	f.Fuzz(check)
}

func BenchmarkParseInt(b *testing.B) {
	for _, s := range []string{"7", "1234567890", "9223372036854775807", "field:12"} {
		in := []byte(s)
		b.Run(s, func(b *testing.B) {
			for b.Loop() {
				ParseInt(in)
			}
		})
	}
}

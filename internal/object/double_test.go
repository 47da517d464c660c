package object

import (
	"math"
	"testing"
)

func TestParseDouble(t *testing.T) {
	is := func(text string, want float64) {
		t.Helper()
		if got, ok := ParseDouble([]byte(text)); !ok || math.Float64bits(got) != math.Float64bits(want) {
			t.Errorf("%q is %v (%v), want %v", text, got, ok, want)
		}
	}
	is("0", 0)
	is("-0", math.Copysign(0, -1))
	is("17", 17)
	is("+1", 1)
	is("1.5", 1.5)
	is(".5", .5)
	is("5.", 5)
	is("1e3", 1000)
	is("1E-3", .001)
	is("0x10", 16)
	is("-0X.8p1", -1)
	is("0x1P-2", .25)
	is("inf", math.Inf(1))
	is("-Infinity", math.Inf(-1))
	is("5e-324", 5e-324)
	is("9007199254740993", 9007199254740992)
	is("0e999", 0)
	for _, text := range []string{"", " 1", "1 ", "x", "1x", "1_0", "0x", "0x_1", "e5", "1e", "nan", "-nan", "nan(12)", "1e400", "-1e400", "1e-400", ".", "+", "infi", "1\x00"} {
		if got, ok := ParseDouble([]byte(text)); ok {
			t.Errorf("%q is %v", text, got)
		}
	}
}

func TestStrtod(t *testing.T) {
	is := func(text string, want float64, n int) {
		t.Helper()
		if got, k, _ := Strtod([]byte(text)); got != want && (got == got || want == want) || k != n {
			t.Errorf("%q is %v of %d bytes, want %v of %d", text, got, k, want, n)
		}
	}
	is("", 0, 0)
	is(" \t\n1", 1, 4)
	is("1x", 1, 1)
	is("1e", 1, 1)
	is("1e+", 1, 1)
	is("0x", 0, 1)
	is("0xg", 0, 1)
	is("0x1p", 1, 3)
	is("1.2.3", 1.2, 3)
	is("infinit", math.Inf(1), 3)
	is("nan(ab_1)x", math.NaN(), 9)
	is("nan(-)", math.NaN(), 3)
	is("1e999", math.Inf(1), 5)
	is("- 1", 0, 0)
}

func TestParseDoubleAllocs(t *testing.T) {
	text := []byte("-123.456789")
	if n := testing.AllocsPerRun(100, func() { ParseDouble(text) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

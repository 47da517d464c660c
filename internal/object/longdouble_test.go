package object

import (
	"math"
	"math/big"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"

	"granary/tests/live"
)

func TestLongDoubleText(t *testing.T) {
	is := func(in, want string) {
		t.Helper()
		v, ok := ParseLongDouble([]byte(in))
		if !ok {
			t.Errorf("%q is not read as a number, want %s", in, want)
			return
		}
		if got := string(AppendLongDouble(nil, v)); got != want {
			t.Errorf("%q: got %s, want %s", in, got, want)
		}
	}
	is("0", "0")
	is("-0", "0")
	is("-0.000", "0")
	is("1", "1")
	is("+1", "1")
	is("-1.50", "-1.5")
	is(".5", "0.5")
	is("5.", "5")
	is("1e3", "1000")
	is("1E-3", "0.001")
	is("10.5e1", "105")
	is("0x1p4", "16")
	is("0x.8", "0.5")
	is("0X1.8P1", "3")
	is("0e99999999999", "0")
	is("3.0e-400", "0")
	is("-1e-30", "0")
	is("0.00000000000000001", "0.00000000000000001")
	is("0.000000000000000005", "0") // below the half: the nearest number of 64 bits is 4.99...e-18
	is("0.00000000000000000500001", "0.00000000000000001")
	is("18446744073709551615", "18446744073709551615")
	is("18446744073709551616", "18446744073709551616")
	is("18446744073709551617", "18446744073709551616")
	is("0.1", "0.1")
	is("0.3", "0.3")
	is("123456789.123456789", "123456789.12345678899873747")
	is("1e20", "100000000000000000000")
	is("9999999999999999999999", "10000000000000000000000")
	is("0.99999999999999999999999", "1")
	is("0x1.00000000000000008p0", "1") // a tie, to even
	is("00000000000000000000000000000.25", "0.25")
}

func TestLongDoubleRefused(t *testing.T) {
	no := func(in string) {
		t.Helper()
		if v, ok := ParseLongDouble([]byte(in)); ok {
			t.Errorf("%q is read as %s", in, AppendLongDouble(nil, v))
		}
	}
	for _, in := range []string{
		"", " 1", "1 ", "-", "+", ".", "e5", "1e", "1e+", "1.2.3", "0x", "0xg", "0x1p", "nan", "NAN(1)", "info", "in", "--1",
		"1\x00", "1e5000", "1e4933", "1e-4951", "1e-5000", "1_0", "0b1", "1e99999999999999999999", strings.Repeat("1", 5120),
		"0x1p16384", "0x1p-16446", "0x1p999999",
	} {
		no(in)
	}
}

func TestLongDoubleInfinity(t *testing.T) {
	one := LongDoubleInt(1)
	for _, in := range []string{"inf", "-Inf", "INFINITY", "+infinity"} {
		v, ok := ParseLongDouble([]byte(in))
		if !ok {
			t.Fatalf("%q refused", in)
		}
		if _, ok := one.Add(v); ok {
			t.Errorf("1 + %s is finite", in)
		}
	}
	big, ok := ParseLongDouble([]byte("1.1e4932"))
	if !ok {
		t.Fatal("1.1e4932 refused")
	}
	if _, ok := big.Add(big); ok {
		t.Error("2.2e4932 is finite")
	}
}

// viaBig computes a+b with math/big, which rounds as the format does.
func viaBig(a, b LongDouble) *big.Float {
	f := new(big.Float).SetPrec(64)
	return f.Add(toBig(a), toBig(b))
}

func toBig(v LongDouble) *big.Float {
	f := new(big.Float).SetPrec(64).SetUint64(v.mant)
	f.SetMantExp(f, int(v.exp))
	if v.neg {
		f.Neg(f)
	}
	return f
}

// humanBig writes a number as AppendLongDouble should: exactly, cut to 17 digits behind the point by rounding.
func humanBig(f *big.Float) string {
	s := f.Text('f', humanDigits)
	s = strings.TrimSuffix(strings.TrimRight(s, "0"), ".")
	if s == "-0" {
		return "0"
	}
	return s
}

func randomNumber(r *rand.Rand) string {
	switch r.IntN(7) {
	case 6:
		s := strconv.FormatUint(r.Uint64(), 10) + strconv.FormatUint(r.Uint64()>>r.IntN(64), 10)
		point := max(0, len(s)-r.IntN(20))
		return s[:point] + "." + s[point:]
	case 0:
		return strconv.FormatInt(int64(r.Uint64()), 10)
	case 1:
		return strconv.FormatFloat(math.Float64frombits(r.Uint64()&^(1<<62)|r.Uint64()&(3<<58)), 'g', -1, 64)
	case 2:
		return strconv.FormatFloat((r.Float64()-.5)*math.Pow(10, float64(r.IntN(40)-20)), 'f', -1, 64)
	case 3:
		return strconv.FormatInt(r.Int64N(1e6)-5e5, 10) + "." + strconv.Itoa(r.IntN(1e9))
	case 4:
		return strconv.FormatInt(r.Int64N(1e6), 10) + "e" + strconv.Itoa(r.IntN(60)-30)
	}
	return strconv.FormatUint(r.Uint64(), 10) + strconv.FormatUint(r.Uint64(), 10) + "e-" + strconv.Itoa(r.IntN(60))
}

func TestLongDoubleAgainstBig(t *testing.T) {
	seed := live.Seed(t)
	r := rand.New(rand.NewPCG(seed, 1))
	for range 100_000 {
		x, y := randomNumber(r), randomNumber(r)
		a, ok1 := ParseLongDouble([]byte(x))
		b, ok2 := ParseLongDouble([]byte(y))
		if !ok1 || !ok2 {
			continue
		}
		if exact, _, err := big.ParseFloat(x, 10, 2000, big.ToNearestEven); err == nil {
			if want := new(big.Float).SetPrec(64).Set(exact); want.Cmp(toBig(a)) != 0 {
				t.Fatalf("seed %d: %q read as %s, want %s", seed, x, toBig(a).Text('p', 0), want.Text('p', 0))
			}
		}
		sum, ok := a.Add(b)
		if !ok {
			t.Fatalf("seed %d: %s + %s is not finite", seed, x, y)
		}
		want := viaBig(a, b)
		if toBig(sum).Cmp(want) != 0 {
			t.Fatalf("seed %d: %s + %s = %s, want %s", seed, x, y, toBig(sum).Text('p', 0), want.Text('p', 0))
		}
		if got, want := string(AppendLongDouble(nil, sum)), humanBig(want); got != want {
			t.Fatalf("seed %d: %s + %s is written %s, want %s", seed, x, y, got, want)
		}
	}
}

func FuzzLongDouble(f *testing.F) {
	for _, s := range []string{"0.1", "-1e10", "0x1.8p-3", "inf", "123456789012345678901234567890.5", "1e-4940", "."} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		v, ok := ParseLongDouble(b)
		if !ok || v.inf {
			return
		}
		text := AppendLongDouble(nil, v)
		if want := humanBig(toBig(v)); string(text) != want {
			t.Fatalf("%q is written %s, want %s", b, text, want)
		}
		if w, ok := ParseLongDouble(text); len(text) < 20 && (!ok || string(AppendLongDouble(nil, w)) != string(text)) {
			t.Fatalf("%q is written %s, which reads as another number", b, text)
		}
	})
}

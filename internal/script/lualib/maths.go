package lualib

import (
	"math"

	lua "github.com/yuin/gopher-lua"
)

func (l *library) openMath(L *lua.LState) {
	t := register(L, "math", map[string]lua.LGFunction{
		"abs": oneNumber(math.Abs), "acos": positiveNaN(math.Acos), "asin": positiveNaN(math.Asin), "atan": oneNumber(math.Atan),
		"ceil": oneNumber(math.Ceil), "cos": oneNumber(math.Cos), "cosh": oneNumber(math.Cosh), "exp": oneNumber(math.Exp),
		"floor": oneNumber(math.Floor), "log": oneNumber(math.Log), "log10": positiveNaN(math.Log10), "sin": oneNumber(math.Sin),
		"sinh": oneNumber(math.Sinh), "sqrt": oneNumber(math.Sqrt), "tan": oneNumber(math.Tan), "tanh": oneNumber(math.Tanh),
		"deg":   oneNumber(func(x float64) float64 { return x / (math.Pi / 180) }),
		"rad":   oneNumber(func(x float64) float64 { return x * (math.Pi / 180) }),
		"atan2": twoNumbers(math.Atan2), "fmod": twoNumbers(math.Mod), "mod": twoNumbers(math.Mod), "pow": twoNumbers(power),
		"frexp": mathFrexp, "ldexp": mathLdexp, "max": mathMax, "min": mathMin, "modf": mathModf,
		"random": l.mathRandom, "randomseed": l.mathRandomSeed,
	})
	t.RawSetString("huge", lua.LNumber(math.Inf(1)))
	t.RawSetString("pi", lua.LNumber(math.Pi))
}

// result gives a NaN that an operation made from numbers the sign that it has in C.
func result(f float64, args ...float64) lua.LNumber {
	if f != f {
		for _, a := range args {
			if a != a {
				return lua.LNumber(a)
			}
		}
		return lua.LNumber(nanOf)
	}
	return lua.LNumber(f)
}

func oneNumber(f func(float64) float64) lua.LGFunction {
	return func(L *lua.LState) int {
		x := checkNumber(L, 1)
		L.Push(result(f(x), x))
		return 1
	}
}

// positiveNaN is oneNumber for the functions whose NaN has no sign in C's library.
func positiveNaN(f func(float64) float64) lua.LGFunction {
	return func(L *lua.LState) int {
		x := checkNumber(L, 1)
		y := f(x)
		if y != y && x == x {
			y = math.Float64frombits(0x7ff8000000000000)
			L.Push(lua.LNumber(y))
			return 1
		}
		L.Push(result(y, x))
		return 1
	}
}

func twoNumbers(f func(x, y float64) float64) lua.LGFunction {
	return func(L *lua.LState) int {
		x := checkNumber(L, 1)
		y := checkNumber(L, 2)
		L.Push(result(f(x, y), x, y))
		return 1
	}
}

// power is x to the power of y. For a whole y it multiplies in twice the precision and is right to the last bit, as C's
// nearly always is; Go's math.Pow is one off now and then (10^-25), which "%.17g" and comparisons show.
func power(x, y float64) float64 {
	p := math.Pow(x, y)
	if y != math.Trunc(y) || math.Abs(y) > 1100 || math.IsInf(p, 0) || p != p || math.Abs(p) < 1e-250 || math.Abs(p) > 1e250 {
		return p
	}
	hi, lo := 1.0, 0.0
	bh, bl := x, 0.0
	for n := int(math.Abs(y)); ; {
		if n&1 != 0 {
			hi, lo = mulPair(hi, lo, bh, bl)
		}
		if n >>= 1; n == 0 {
			break
		}
		bh, bl = mulPair(bh, bl, bh, bl)
	}
	if y < 0 {
		q := 1 / hi
		hi, lo = q, (math.FMA(-q, hi, 1)-q*lo)/hi
	}
	if r := hi + lo; r == r && !math.IsInf(r, 0) {
		return r
	}
	return p
}

// mulPair multiplies two numbers that are each a sum of a double and its rounding error.
func mulPair(ah, al, bh, bl float64) (hi, lo float64) {
	p := ah * bh
	e := math.FMA(ah, bh, -p) + (ah*bl + al*bh)
	hi = p + e
	return hi, e - (hi - p)
}

func mathFrexp(L *lua.LState) int {
	m, e := math.Frexp(checkNumber(L, 1))
	L.Push(lua.LNumber(m))
	L.Push(lua.LNumber(e))
	return 2
}

func mathLdexp(L *lua.LState) int {
	x := checkNumber(L, 1)
	L.Push(lua.LNumber(math.Ldexp(x, checkInt(L, 2))))
	return 1
}

func mathModf(L *lua.LState) int {
	x := checkNumber(L, 1)
	if math.IsInf(x, 0) {
		L.Push(lua.LNumber(x))
		L.Push(lua.LNumber(math.Copysign(0, x)))
		return 2
	}
	i := math.Trunc(x)
	L.Push(lua.LNumber(i))
	L.Push(lua.LNumber(math.Copysign(x-i, x)))
	return 2
}

func mathMax(L *lua.LState) int {
	m := checkNumber(L, 1)
	for i := 2; i <= L.GetTop(); i++ {
		if x := checkNumber(L, i); x > m {
			m = x
		}
	}
	L.Push(lua.LNumber(m))
	return 1
}

func mathMin(L *lua.LState) int {
	m := checkNumber(L, 1)
	for i := 2; i <= L.GetTop(); i++ {
		if x := checkNumber(L, i); x < m {
			m = x
		}
	}
	L.Push(lua.LNumber(m))
	return 1
}

func (l *library) mathRandom(L *lua.LState) int {
	r := float64(l.rand.next()%math.MaxInt32) / math.MaxInt32
	switch L.GetTop() {
	case 0:
		L.Push(lua.LNumber(r))
	case 1:
		u := checkInt(L, 1)
		if u < 1 {
			argError(L, 1, "interval is empty")
		}
		L.Push(lua.LNumber(math.Floor(r*float64(u)) + 1))
	case 2:
		lo, u := checkInt(L, 1), checkInt(L, 2)
		if lo > u {
			argError(L, 2, "interval is empty")
		}
		L.Push(lua.LNumber(math.Floor(r*float64(int32(u-lo+1))) + float64(lo)))
	default:
		raise(L, "wrong number of arguments")
	}
	return 1
}

func (l *library) mathRandomSeed(L *lua.LState) int {
	l.rand.seed(int32(checkInt(L, 1)))
	return 0
}

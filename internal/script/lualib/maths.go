package lualib

import (
	"math"

	lua "github.com/yuin/gopher-lua"
)

func (l *library) openMath(L *lua.LState) {
	t := register(L, "math", map[string]lua.LGFunction{
		"abs": oneNumber(math.Abs), "acos": oneNumber(math.Acos), "asin": oneNumber(math.Asin), "atan": oneNumber(math.Atan),
		"ceil": oneNumber(math.Ceil), "cos": oneNumber(math.Cos), "cosh": oneNumber(math.Cosh), "exp": oneNumber(math.Exp),
		"floor": oneNumber(math.Floor), "log": oneNumber(math.Log), "log10": oneNumber(math.Log10), "sin": oneNumber(math.Sin),
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

func twoNumbers(f func(x, y float64) float64) lua.LGFunction {
	return func(L *lua.LState) int {
		x := checkNumber(L, 1)
		y := checkNumber(L, 2)
		L.Push(result(f(x, y), x, y))
		return 1
	}
}

func power(x, y float64) float64 { return math.Pow(x, y) }

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

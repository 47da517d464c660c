package lualib

import (
	"math"
	"math/bits"

	lua "github.com/yuin/gopher-lua"
)

// openBit is bit: operations on numbers as 32 bits, results with a sign.
func (l *library) openBit(L *lua.LState) {
	fold := func(f func(a, b uint32) uint32) lua.LGFunction {
		return func(L *lua.LState) int {
			v := checkBits(L, 1)
			for i := 2; i <= L.GetTop(); i++ {
				v = f(v, checkBits(L, i))
			}
			return pushBits(L, v)
		}
	}
	shift := func(f func(v uint32, n int) uint32) lua.LGFunction {
		return func(L *lua.LState) int {
			v := checkBits(L, 1)
			return pushBits(L, f(v, int(checkBits(L, 2)&31)))
		}
	}
	register(L, "bit", map[string]lua.LGFunction{
		"tobit":   func(L *lua.LState) int { return pushBits(L, checkBits(L, 1)) },
		"bnot":    func(L *lua.LState) int { return pushBits(L, ^checkBits(L, 1)) },
		"bswap":   func(L *lua.LState) int { return pushBits(L, bits.ReverseBytes32(checkBits(L, 1))) },
		"band":    fold(func(a, b uint32) uint32 { return a & b }),
		"bor":     fold(func(a, b uint32) uint32 { return a | b }),
		"bxor":    fold(func(a, b uint32) uint32 { return a ^ b }),
		"lshift":  shift(func(v uint32, n int) uint32 { return v << n }),
		"rshift":  shift(func(v uint32, n int) uint32 { return v >> n }),
		"arshift": shift(func(v uint32, n int) uint32 { return uint32(int32(v) >> n) }),
		"rol":     shift(bits.RotateLeft32),
		"ror":     shift(func(v uint32, n int) uint32 { return bits.RotateLeft32(v, -n) }),
		"tohex":   bitToHex,
	})
}

// checkBits makes an argument 32 bits: rounded to the nearest whole number, modulo 2^32.
func checkBits(L *lua.LState, n int) uint32 {
	f, ok := toNumber(L.Get(n))
	if !ok {
		typeError(L, n, "number")
	}
	return toBits(f)
}

func pushBits(L *lua.LState, v uint32) int {
	L.Push(lua.LNumber(int32(v)))
	return 1
}

func bitToHex(L *lua.LState) int {
	v := checkBits(L, 1)
	n := int32(8)
	if L.GetTop() >= 2 {
		n = int32(checkBits(L, 2))
	}
	digits := "0123456789abcdef"
	if n < 0 {
		n, digits = -n, "0123456789ABCDEF"
	}
	if n > 8 || n < 0 {
		n = 8
	}
	var buf [8]byte
	for i := int(n) - 1; i >= 0; i-- {
		buf[i] = digits[v&15]
		v >>= 4
	}
	L.Push(lua.LString(buf[:n]))
	return 1
}

// toBits rounds by adding 2^52 + 2^51: the low bits of the sum's mantissa are the number modulo 2^32, for what is so
// large as to lose bits as well.
func toBits(f float64) uint32 { return uint32(math.Float64bits(f + 6755399441055744.0)) }

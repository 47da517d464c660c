package lualib

import (
	"encoding/binary"
	"math"
	"math/bits"
	"strings"

	lua "github.com/yuin/gopher-lua"
)

// maxStructInt is the widest integer of a format.
const maxStructInt = 32

func (l *library) openStruct(L *lua.LState) {
	register(L, "struct", map[string]lua.LGFunction{"pack": l.structPack, "unpack": l.structUnpack, "size": l.structSize})
}

// layout reads a format string: sizes, byte order and alignment of each item.
type layout struct {
	L     *lua.LState
	f     string // up to the first zero byte
	pos   int
	big   bool
	align int
}

func newLayout(L *lua.LState) *layout {
	f := checkString(L, 1)
	if i := strings.IndexByte(f, 0); i >= 0 {
		f = f[:i]
	}
	return &layout{L: L, f: f, align: 1}
}

func (y *layout) more() bool { return y.pos < len(y.f) }

// number reads digits, if there are any.
func (y *layout) number(def int) int {
	if !y.more() || !isDigit(y.f[y.pos]) {
		return def
	}
	n := 0
	for y.more() && isDigit(y.f[y.pos]) {
		if n > math.MaxInt32/10 || n*10 > math.MaxInt32-int(y.f[y.pos]-'0') {
			raise(y.L, "integral size overflow")
		}
		n = n*10 + int(y.f[y.pos]-'0')
		y.pos++
	}
	return n
}

// next reads one option: its letter, its size, and how many bytes align it behind total bytes.
func (y *layout) next(total int) (opt byte, size, pad int) {
	opt = y.f[y.pos]
	y.pos++
	switch opt {
	case 'b', 'B', 'x':
		size = 1
	case 'h', 'H':
		size = 2
	case 'l', 'L', 'T', 'd':
		size = 8
	case 'f':
		size = 4
	case 'c':
		size = y.number(1)
	case 'i', 'I':
		if size = y.number(4); size > maxStructInt {
			raise(y.L, "integral size %d is larger than limit of %d", size, maxStructInt)
		}
	}
	if opt != 'c' && size > 0 {
		a := min(size, y.align)
		pad = (a - total&(a-1)) & (a - 1)
	}
	return opt, size, pad
}

// control obeys an option that is no item.
func (y *layout) control(opt byte) {
	switch opt {
	case ' ':
	case '>':
		y.big = true
	case '<':
		y.big = false
	case '!':
		a := y.number(8)
		if a <= 0 || bits.OnesCount(uint(a)) != 1 {
			raise(y.L, "alignment %d is not a power of 2", a)
		}
		y.align = a
	default:
		argError(y.L, 1, "invalid format option '"+string([]byte{opt})+"'")
	}
}

func (l *library) structPack(L *lua.LState) int {
	y := newLayout(L)
	L.Push(lua.LNil) // what is missing is nil, not no value
	out := builder{l: l, L: L}
	arg, total := 2, 0
	for y.more() {
		opt, size, pad := y.next(total)
		total += pad
		out.need(pad)
		for range pad {
			out.b = append(out.b, 0)
		}
		switch opt {
		case 'b', 'B', 'h', 'H', 'l', 'L', 'T', 'i', 'I':
			out.integerOf(structInt(checkNumber(L, arg)), size, y.big)
			arg++
		case 'x':
			out.byte(0)
		case 'f':
			out.integerOf(uint64(math.Float32bits(float32(checkNumber(L, arg)))), 4, y.big)
			arg++
		case 'd':
			out.integerOf(math.Float64bits(checkNumber(L, arg)), 8, y.big)
			arg++
		case 'c', 's':
			s := checkString(L, arg)
			arg++
			if size == 0 {
				size = len(s)
			}
			if len(s) < size {
				argError(L, arg, "string too short") // NB: Redis counts on before it looks
			}
			out.string(s[:size])
			if opt == 's' {
				out.byte(0)
				size++
			}
		default:
			y.control(opt)
		}
		total += size
	}
	L.Push(lua.LString(out.b))
	return 1
}

// structInt is a number as 64 bits.
func structInt(f float64) uint64 {
	if f < 0 {
		return uint64(toInteger(f))
	}
	return toUnsigned(f)
}

// integerOf writes v in size bytes; those above the eighth are zero.
func (o *builder) integerOf(v uint64, size int, big bool) {
	var b [maxStructInt]byte
	if big {
		binary.BigEndian.PutUint64(b[maxStructInt-8:], v)
		o.string(string(b[maxStructInt-size:]))
		return
	}
	binary.LittleEndian.PutUint64(b[:], v)
	o.string(string(b[:size]))
}

func (l *library) structUnpack(L *lua.LState) int {
	y := newLayout(L)
	s := checkString(L, 2)
	pos := optInteger(L, 3, 1)
	if pos == 0 {
		argError(L, 3, "offset must be 1 or greater")
	}
	if pos--; pos < 0 { // an offset without a sign, to C
		pos = math.MaxInt
	}
	top := L.GetTop()
	n := 0
	for y.more() {
		opt, size, pad := y.next(pos)
		if pos > len(s) || pad > len(s)-pos || size > len(s)-pos-pad {
			argError(L, 2, "data string too short")
		}
		pos += pad
		l.needStack(L, 2, "stack overflow (too many results)")
		switch opt {
		case 'b', 'B', 'h', 'H', 'l', 'L', 'T', 'i', 'I':
			L.Push(unpackInt(s[pos:pos+size], y.big, opt >= 'a'))
			n++
		case 'x':
		case 'f':
			v := math.Float32frombits(uint32(uintOf(s[pos:pos+4], y.big)))
			L.Push(lua.LNumber(v))
			n++
		case 'd':
			L.Push(lua.LNumber(math.Float64frombits(uintOf(s[pos:pos+8], y.big))))
			n++
		case 'c':
			if size == 0 {
				f, ok := toNumber(L.Get(-1))
				if n == 0 || !ok {
					raise(L, "format 'c0' needs a previous size")
				}
				L.Pop(1)
				n--
				n64 := toUnsigned(f)
				if n64 > uint64(len(s)-pos) {
					argError(L, 2, "data string too short")
				}
				size = int(n64)
			}
			L.Push(lua.LString(s[pos : pos+size]))
			n++
		case 's':
			i := strings.IndexByte(s[pos:], 0)
			if i < 0 {
				raise(L, "unfinished string in data")
			}
			l.b.Step(i >> 4)
			L.Push(lua.LString(s[pos : pos+i]))
			size = i + 1
			n++
		default:
			y.control(opt)
		}
		pos += size
	}
	L.Push(lua.LNumber(pos + 1))
	return L.GetTop() - top
}

// uintOf reads up to eight bytes.
func uintOf(b string, big bool) uint64 {
	v := uint64(0)
	for i := range len(b) {
		c := b[len(b)-1-i]
		if big {
			c = b[i]
		}
		v = v<<8 | uint64(c)
	}
	return v
}

// unpackInt reads an integer of any width: what lies above 64 bits is dropped.
func unpackInt(b string, big, signed bool) lua.LNumber {
	v := uintOf(b, big)
	if !signed {
		return lua.LNumber(v)
	}
	// The sign bit is looked for as a 64-bit machine shifts: of a wider integer, at its place modulo 64.
	if mask := uint64(math.MaxUint64) << ((len(b)*8 - 1) & 63); v&mask != 0 {
		v |= mask
	}
	return lua.LNumber(int64(v))
}

func (l *library) structSize(L *lua.LState) int {
	y := newLayout(L)
	total := 0
	for y.more() {
		opt, size, pad := y.next(total)
		total += pad
		switch {
		case opt == 's':
			argError(L, 1, "option 's' has no fixed size")
		case opt == 'c' && size == 0:
			argError(L, 1, "option 'c0' has no fixed size")
		case !isAlnum(opt): // other letters are not complained about here
			y.control(opt)
		}
		total += size
	}
	L.Push(lua.LNumber(total))
	return 1
}

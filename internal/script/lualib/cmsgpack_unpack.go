package lualib

import (
	"encoding/binary"
	"math"

	lua "github.com/yuin/gopher-lua"
)

func (l *library) msgUnpack(L *lua.LState) int { return l.unpackFrom(L, 0, 0) }

func (l *library) msgUnpackOne(L *lua.LState) int {
	offset := optInteger(L, 2, 0)
	return l.unpackFrom(L, 1, offset)
}

func (l *library) msgUnpackLimit(L *lua.LState) int {
	limit := checkInteger(L, 2)
	offset := optInteger(L, 3, 0)
	return l.unpackFrom(L, limit, offset)
}

// unpackFrom pushes up to limit values from an offset, and before them where the next one begins (-1: there is none).
// Both 0 are all values, and no offset before them.
func (l *library) unpackFrom(L *lua.LState, limit, offset int) int {
	limit, offset = int(int32(limit)), int(int32(offset))
	s := checkString(L, 1)
	switch {
	case offset < 0 || limit < 0:
		raise(L, "Invalid request to unpack with offset of %d and limit of %d.", offset, len(s))
	case offset > len(s):
		raise(L, "Start offset %d greater than input length %d.", offset, len(s))
	}
	all := limit == 0 && offset == 0
	if all {
		limit = math.MaxInt32
	}
	u := unpacker{l: l, L: L, s: s[offset:]}
	L.SetTop(1)
	if !all {
		L.Push(lua.LNil)
	}
	n := 0
	for ; len(u.s) > 0 && n < limit; n++ {
		u.slots = 1 + n
		L.Push(u.value())
	}
	if all {
		return n
	}
	next := lua.LNumber(len(s) - len(u.s))
	if len(u.s) == 0 {
		next = -1
	}
	L.Replace(2, next)
	return n + 1
}

// stackSlots is how many values Lua's C stack takes: the arguments, the values read before, and the tables, indexes and
// keys that the one being read lies in.
const stackSlots = 8000

type unpacker struct {
	l     *library
	L     *lua.LState
	s     string // what is left
	slots int    // of Lua's stack in use
}

// take is the next n bytes.
func (u *unpacker) take(n int) string {
	if n > len(u.s) {
		raise(u.L, "Missing bytes in input.")
	}
	b := u.s[:n]
	u.s = u.s[n:]
	return b
}

func (u *unpacker) uint(n int) uint64 {
	var b [8]byte
	copy(b[8-n:], u.take(n))
	return binary.BigEndian.Uint64(b[:])
}

func (u *unpacker) value() lua.LValue {
	u.l.b.Step(1)
	u.room("too many return values at once; use unpack_one or unpack_limit instead.")
	return u.tagged(u.take(1)[0])
}

// room refuses another value on Lua's stack.
func (u *unpacker) room(what string) {
	if u.slots+1 > stackSlots {
		raise(u.L, "stack overflow (%s)", what)
	}
}

func (u *unpacker) tagged(tag byte) lua.LValue {
	switch {
	case tag < 0x80:
		return lua.LNumber(tag)
	case tag >= 0xe0:
		return lua.LNumber(int8(tag))
	case tag < 0x90:
		return u.hash(int(tag & 15))
	case tag < 0xa0:
		return u.array(int(tag & 15))
	case tag < 0xc0:
		return lua.LString(u.take(int(tag & 31)))
	}
	switch tag {
	case 0xc0:
		return lua.LNil
	case 0xc2:
		return lua.LFalse
	case 0xc3:
		return lua.LTrue
	case 0xca:
		return lua.LNumber(math.Float32frombits(uint32(u.uint(4))))
	case 0xcb:
		return lua.LNumber(math.Float64frombits(u.uint(8)))
	case 0xcc, 0xcd, 0xce, 0xcf: // NB: with a sign when it is that large
		return lua.LNumber(int64(u.uint(1 << (tag - 0xcc))))
	case 0xd0:
		return lua.LNumber(int8(u.uint(1)))
	case 0xd1:
		return lua.LNumber(int16(u.uint(2)))
	case 0xd2:
		return lua.LNumber(int32(u.uint(4)))
	case 0xd3:
		return lua.LNumber(int64(u.uint(8)))
	case 0xd9, 0xda, 0xdb:
		return lua.LString(u.take(int(u.uint(1 << (tag - 0xd9)))))
	case 0xdc, 0xdd:
		return u.array(int(u.uint(2 << (tag - 0xdc))))
	case 0xde, 0xdf:
		return u.hash(int(u.uint(2 << (tag - 0xde))))
	}
	raise(u.L, "Bad data format in input.")
	return lua.LNil
}

// array reads n values. The table grows as they come: n is only a claim.
func (u *unpacker) array(n int) lua.LValue {
	u.l.b.Grow(tableBytes)
	t := u.L.CreateTable(0, 0)
	u.slots++
	u.room("in function mp_decode_to_lua_array")
	u.slots++ // the index
	for i := 1; i <= n; i++ {
		u.l.b.Grow(32)
		t.RawSetInt(i, u.value())
	}
	u.slots -= 2
	return t
}

func (u *unpacker) hash(n int) lua.LValue {
	u.l.b.Grow(tableBytes)
	t := u.L.CreateTable(0, 0)
	u.slots++
	for range n {
		u.l.b.Grow(96)
		k := u.value()
		u.slots++
		v := u.value()
		u.slots--
		if k == lua.LNil {
			raisePlain(u.L, "table index is nil")
		}
		if f, ok := k.(lua.LNumber); ok && f != f {
			raisePlain(u.L, "table index is NaN")
		}
		u.rawSet(t, k, v)
	}
	u.slots--
	return t
}

// rawSet keeps a table that was claimed to be a hash from growing an array up to an index that somebody else chose.
func (u *unpacker) rawSet(t *lua.LTable, k, v lua.LValue) {
	if f, ok := k.(lua.LNumber); ok && f > 0 && f < lua.LNumber(lua.MaxArrayIndex) {
		u.l.b.Grow(16 * max(int(f)-t.MaxN(), 0))
	}
	t.RawSet(k, v)
}

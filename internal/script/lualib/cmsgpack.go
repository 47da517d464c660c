package lualib

import (
	"encoding/binary"
	"math"

	lua "github.com/yuin/gopher-lua"
)

// msgpackDepth is how deep tables are packed: one below is packed as nil.
const msgpackDepth = 16

func (l *library) openMsgpack(L *lua.LState) {
	t := register(L, "cmsgpack", map[string]lua.LGFunction{
		"pack": l.msgPack, "unpack": l.msgUnpack, "unpack_one": l.msgUnpackOne, "unpack_limit": l.msgUnpackLimit,
	})
	t.RawSetString("_NAME", lua.LString("cmsgpack"))
	t.RawSetString("_VERSION", lua.LString("lua-cmsgpack 0.4.0"))
	t.RawSetString("_COPYRIGHT", lua.LString("Copyright (C) 2012, Salvatore Sanfilippo"))
	t.RawSetString("_DESCRIPTION", lua.LString("MessagePack C implementation for Lua"))
}

func (l *library) msgPack(L *lua.LState) int {
	n := L.GetTop()
	if n == 0 {
		argError(L, 0, "MessagePack pack needs input.")
	}
	p := packer{builder{l: l, L: L}}
	for i := 1; i <= n; i++ {
		p.value(L.Get(i), 0)
	}
	L.Push(lua.LString(p.b))
	return 1
}

type packer struct{ builder }

func (p *packer) value(v lua.LValue, depth int) {
	p.l.b.Step(1)
	switch x := v.(type) {
	case lua.LString:
		p.text(string(x))
		return
	case lua.LBool:
		if x {
			p.byte(0xc3)
		} else {
			p.byte(0xc2)
		}
		return
	case lua.LNumber:
		p.number(float64(x))
		return
	case *lua.LTable:
		if depth < msgpackDepth {
			if n, ok := p.isArray(x); ok {
				p.array(x, n, depth)
			} else {
				p.hash(x, depth)
			}
			return
		}
	}
	p.byte(0xc0)
}

func (p *packer) uint16(tag byte, v uint16) {
	p.need(3)
	p.b = binary.BigEndian.AppendUint16(append(p.b, tag), v)
}

func (p *packer) uint32(tag byte, v uint32) {
	p.need(5)
	p.b = binary.BigEndian.AppendUint32(append(p.b, tag), v)
}

func (p *packer) uint64(tag byte, v uint64) {
	p.need(9)
	p.b = binary.BigEndian.AppendUint64(append(p.b, tag), v)
}

func (p *packer) text(s string) {
	switch n := len(s); {
	case n < 32:
		p.byte(0xa0 | byte(n))
	case n <= math.MaxUint8:
		p.byte(0xd9)
		p.byte(byte(n))
	case n <= math.MaxUint16:
		p.uint16(0xda, uint16(n))
	default:
		p.uint32(0xdb, uint32(n))
	}
	p.string(s)
}

// number packs a whole number in the shortest integer, another as a float if that is exact, or as a double.
func (p *packer) number(f float64) {
	if i := toInteger(f); float64(i) == f {
		p.integer(int64(i))
	} else if s := float32(f); float64(s) == f {
		p.uint32(0xca, math.Float32bits(s))
	} else {
		p.uint64(0xcb, math.Float64bits(f))
	}
}

func (p *packer) integer(n int64) {
	switch {
	case n >= 0 && n <= 127:
		p.byte(byte(n))
	case n >= 0 && n <= math.MaxUint8:
		p.byte(0xcc)
		p.byte(byte(n))
	case n >= 0 && n <= math.MaxUint16:
		p.uint16(0xcd, uint16(n))
	case n >= 0 && n <= math.MaxUint32:
		p.uint32(0xce, uint32(n))
	case n >= 0:
		p.uint64(0xcf, uint64(n))
	case n >= -32:
		p.byte(byte(n))
	case n >= math.MinInt8:
		p.byte(0xd0)
		p.byte(byte(n))
	case n >= math.MinInt16:
		p.uint16(0xd1, uint16(n))
	case n >= math.MinInt32:
		p.uint32(0xd2, uint32(n))
	default:
		p.uint64(0xd3, uint64(n))
	}
}

// isArray says whether a table's keys are exactly 1..n; an empty table's are.
func (p *packer) isArray(t *lua.LTable) (int, bool) {
	largest, count := 0, 0
	for k, _ := t.Next(lua.LNil); k != lua.LNil; k, _ = t.Next(k) {
		f, ok := k.(lua.LNumber)
		if !ok || f <= 0 || float64(toInteger(float64(f))) != float64(f) {
			return 0, false
		}
		largest = max(largest, int(f))
		if count++; count&63 == 0 {
			p.l.b.Step(64)
		}
	}
	return count, largest == count
}

func (p *packer) array(t *lua.LTable, n, depth int) {
	switch {
	case n <= 15:
		p.byte(0x90 | byte(n))
	case n <= math.MaxUint16:
		p.uint16(0xdc, uint16(n))
	default:
		p.uint32(0xdd, uint32(n))
	}
	for i := 1; i <= n; i++ {
		p.value(t.RawGet(lua.LNumber(i)), depth+1)
	}
}

func (p *packer) hash(t *lua.LTable, depth int) {
	n := 0
	for k, _ := t.Next(lua.LNil); k != lua.LNil; k, _ = t.Next(k) {
		n++
	}
	switch {
	case n <= 15:
		p.byte(0x80 | byte(n))
	case n <= math.MaxUint16:
		p.uint16(0xde, uint16(n))
	default:
		p.uint32(0xdf, uint32(n))
	}
	for k, v := t.Next(lua.LNil); k != lua.LNil; k, v = t.Next(k) {
		p.value(k, depth+1)
		p.value(v, depth+1)
	}
}

package lualib

import (
	"math"

	lua "github.com/yuin/gopher-lua"
)

func (c *jsonConfig) encode(L *lua.LState) int {
	if L.GetTop() != 1 {
		argError(L, 1, "expected 1 argument")
	}
	e := jsonEncoder{c: c, builder: builder{l: c.l, L: L}, slots: 1}
	e.value(L.Get(1), 0)
	L.Push(lua.LString(e.b))
	return 1
}

type jsonEncoder struct {
	c *jsonConfig
	builder
	slots int // of Lua's stack in use
}

func (e *jsonEncoder) fail(v lua.LValue, why string) {
	raise(e.L, "Cannot serialise %s: %s", typeName(v), why)
}

func (e *jsonEncoder) value(v lua.LValue, depth int) {
	e.l.b.Step(1)
	switch x := v.(type) {
	case lua.LString:
		e.text(string(x))
	case lua.LNumber:
		e.number(float64(x))
	case lua.LBool:
		if x {
			e.string("true")
		} else {
			e.string("false")
		}
	case *lua.LTable:
		depth++
		if depth > e.c.encodeDepth || e.slots+3 > stackSlots {
			raise(e.L, "Cannot serialise, excessive nesting (%d)", depth)
		}
		if n := e.arrayLength(x); n > 0 {
			e.slots++
			e.array(x, n, depth)
			e.slots--
		} else {
			e.slots += 2
			e.object(x, depth)
			e.slots -= 2
		}
	default:
		if v != lua.LNil && v != lua.LValue(Null) {
			e.fail(v, "type not supported")
		}
		e.string("null")
	}
}

// arrayLength is the largest index of a table whose keys are all positive integers; -1 for an object.
func (e *jsonEncoder) arrayLength(t *lua.LTable) int {
	largest, items := int32(0), 0
	for k, _ := t.Next(lua.LNil); k != lua.LNil; k, _ = t.Next(k) {
		f, ok := k.(lua.LNumber)
		if !ok || f < 1 || float64(f) != math.Floor(float64(f)) {
			return -1
		}
		if float64(f) > float64(largest) { // C's int: what does not fit is its smallest
			if largest = math.MinInt32; f < 1<<31 {
				largest = int32(f)
			}
		}
		if items++; items&63 == 0 {
			e.l.b.Step(64)
		}
	}
	if r := e.c.sparseRatio; r > 0 && int(largest) > items*r && int(largest) > e.c.sparseSafe {
		if !e.c.sparseConvert {
			e.fail(t, "excessively sparse array")
		}
		return -1
	}
	return int(largest)
}

func (e *jsonEncoder) array(t *lua.LTable, n, depth int) {
	e.byte('[')
	for i := 1; i <= n; i++ {
		if i > 1 {
			e.byte(',')
		}
		e.value(t.RawGet(lua.LNumber(i)), depth)
	}
	e.byte(']')
}

func (e *jsonEncoder) object(t *lua.LTable, depth int) {
	e.byte('{')
	first := true
	for k, v := t.Next(lua.LNil); k != lua.LNil; k, v = t.Next(k) {
		if !first {
			e.byte(',')
		}
		first = false
		switch x := k.(type) {
		case lua.LNumber:
			e.byte('"')
			e.number(float64(x))
			e.string(`":`)
		case lua.LString:
			e.text(string(x))
			e.byte(':')
		default:
			e.fail(k, "table key must be a number or string")
		}
		e.value(v, depth)
	}
	e.byte('}')
}

func (e *jsonEncoder) number(f float64) {
	if f != f || math.IsInf(f, 0) {
		switch {
		case e.c.encodeInvalid == invalidOff:
			e.fail(lua.LNumber(f), "must not be NaN or Inf")
		case e.c.encodeInvalid == invalidNull:
			e.string("null")
			return
		case f != f:
			e.string("nan")
			return
		}
	}
	e.need(32)
	e.b = appendNumber(e.b, f, e.c.precision)
}

func (e *jsonEncoder) text(s string) {
	const hex = "0123456789abcdef"
	e.l.b.Step(len(s) >> 5)
	e.need(len(s) + 2)
	e.byte('"')
	from := 0
	for i := range len(s) {
		var esc string
		switch c := s[i]; {
		case c == '"':
			esc = `\"`
		case c == '\\':
			esc = `\\`
		case c == '/':
			esc = `\/`
		case c >= 32 && c != 127:
			continue
		case c == '\b':
			esc = `\b`
		case c == '\t':
			esc = `\t`
		case c == '\n':
			esc = `\n`
		case c == '\f':
			esc = `\f`
		case c == '\r':
			esc = `\r`
		default:
			esc = `\u00` + string([]byte{hex[c>>4], hex[c&15]})
		}
		e.string(s[from:i])
		e.string(esc)
		from = i + 1
	}
	e.string(s[from:])
	e.byte('"')
}

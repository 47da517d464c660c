package lualib

import (
	"math"

	lua "github.com/yuin/gopher-lua"
)

// The machine asks the metatable of a value before it complains about it, for every type. So metatables of nil,
// booleans, numbers, strings, functions and coroutines, which a script cannot see (getmetatable hides them), hold
// functions that do what Lua 5.1 does: read strings as numbers, or leave with Lua's own error text.
//
// NB: the machine takes the metamethod of the left operand. One that a script gave to a table on the right comes second;
// these functions look for it first.
func (l *library) openMachine(L *lua.LState) {
	events := map[string]lua.LGFunction{
		"__index": func(L *lua.LState) int { return noIndex(L, false) }, "__newindex": func(L *lua.LState) int { return noIndex(L, true) },
		"__call": noCall, "__len": noLen, "__lt": noCompare, "__le": noCompare, "__unm": minus, "__concat": l.concatMeta,
	}
	for event, f := range arithmetic {
		events[event] = arithmeticMeta(event, f)
	}
	meta := func(skip ...string) *lua.LTable {
		t := L.CreateTable(0, len(events))
		for e, f := range events {
			t.RawSetString(e, L.NewFunction(f))
		}
		for _, e := range skip {
			t.RawSetString(e, lua.LNil)
		}
		return t
	}
	other := meta()
	for _, v := range []lua.LValue{lua.LNil, lua.LTrue, L} {
		L.SetMetatable(v, other)
	}
	L.SetMetatable(lua.LNumber(0), meta("__lt", "__le"))
	L.SetMetatable(L.NewFunction(noLen), meta("__call"))
	str := meta("__len", "__lt", "__le")
	str.RawSetString("__index", L.G.Global.RawGetString("string"))
	L.SetMetatable(lua.LString(""), str)
}

// Null has a metatable of the same kind. It belongs to no state, as Null does.
func init() {
	t := &lua.LTable{Metatable: lua.LNil}
	add := func(event string, f lua.LGFunction) {
		t.RawSetString(event, &lua.LFunction{IsG: true, GFunction: f})
	}
	add("__index", func(L *lua.LState) int { return noIndex(L, false) })
	add("__newindex", func(L *lua.LState) int { return noIndex(L, true) })
	add("__call", noCall)
	add("__len", noLen)
	add("__unm", minus)
	add("__lt", noCompare)
	add("__le", noCompare)
	for event, f := range arithmetic {
		add(event, arithmeticMeta(event, f))
	}
	Null.Metatable = t
}

var arithmetic = map[string]func(a, b float64) float64{
	"__add": func(a, b float64) float64 { return a + b },
	"__sub": func(a, b float64) float64 { return a - b },
	"__mul": func(a, b float64) float64 { return a * b },
	"__div": func(a, b float64) float64 { return a / b },
	"__mod": modulo,
	"__pow": power,
}

// modulo is Lua's, rounding and all.
func modulo(a, b float64) float64 {
	q := math.Floor(a/b) * b
	return a - q
}

// arithmeticMeta is an operator with an operand that is no number.
func arithmeticMeta(event string, f func(a, b float64) float64) lua.LGFunction {
	return func(L *lua.LState) int { return arithmeticOf(L, event, f, instruction.b, instruction.c) }
}

// arithmeticOf is arithmeticMeta with the places of the operands, for the names in errors.
func arithmeticOf(L *lua.LState, event string, f func(a, b float64) float64, left, right func(instruction) int) int {
	a, b := L.Get(1), L.Get(2)
	if m := scriptMeta(L, a, b, event); m != nil {
		L.Push(call1(L, m, a, b))
		return 1
	}
	x, okX := toNumber(a)
	y, okY := toNumber(b)
	if okX && okY {
		L.Push(lua.LNumber(f(x, y)))
		return 1
	}
	if !okX {
		badOperand(L, a, "perform arithmetic on", left)
	}
	badOperand(L, b, "perform arithmetic on", right)
	return 0
}

// scriptMeta is a metamethod that a script gave to one of two values; nil if there is none.
func scriptMeta(L *lua.LState, a, b lua.LValue, event string) lua.LValue {
	for _, v := range []lua.LValue{a, b} {
		switch v.(type) {
		case *lua.LTable, *lua.LUserData:
			if v == lua.LValue(Null) {
				continue
			}
			if m := L.GetMetaField(v, event); m != lua.LNil {
				return m
			}
		}
	}
	return nil
}

func minus(L *lua.LState) int {
	v := L.Get(1)
	if f, ok := toNumber(v); ok {
		L.Push(lua.LNumber(-f))
		return 1
	}
	badOperand(L, v, "perform arithmetic on", instruction.b)
	return 0
}

func noLen(L *lua.LState) int {
	badOperand(L, L.Get(1), "get length of", instruction.b)
	return 0
}

func noCall(L *lua.LState) int {
	v := L.Get(1)
	// The machine's instruction may be another than a call: __index that is no function, say. Then there is no name.
	badOperand(L, v, "call", func(i instruction) int {
		if i.op() == lua.OP_CALL || i.op() == lua.OP_TAILCALL {
			return i.a()
		}
		return -1
	})
	return 0
}

func noIndex(L *lua.LState, set bool) int {
	badOperand(L, L.Get(1), "index", func(i instruction) int {
		switch i.op() {
		case lua.OP_GETTABLE, lua.OP_GETTABLEKS, lua.OP_SELF:
			return i.b()
		case lua.OP_SETTABLE, lua.OP_SETTABLEKS:
			return i.a()
		}
		return -1
	})
	return 0
}

func noCompare(L *lua.LState) int {
	raise(L, "%s", compareText(L.Get(1), L.Get(2)))
	return 0
}

// concatMeta is .. with an operand that is neither string nor number.
func (l *library) concatMeta(L *lua.LState) int {
	L.Push(l.concat2(L, L.Get(1), L.Get(2)))
	return 1
}

func (l *library) concat2(L *lua.LState, a, b lua.LValue) lua.LValue {
	x, okX := textOf(a)
	y, okY := textOf(b)
	if okX && okY {
		l.grow(L, len(x)+len(y))
		return lua.LString(x + y)
	}
	if m := scriptMeta(L, a, b, "__concat"); m != nil {
		return call1(L, m, a, b)
	}
	if okX {
		a = b
	}
	badOperand(L, a, "concatenate", func(instruction) int { return -1 })
	return lua.LNil
}

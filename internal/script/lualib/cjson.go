package lualib

import (
	"fmt"
	"math"

	lua "github.com/yuin/gopher-lua"
)

// jsonConfig is the settings of one cjson module: cjson itself, and each that cjson.new makes.
type jsonConfig struct {
	l *library

	sparseConvert           bool
	sparseRatio, sparseSafe int
	encodeDepth             int
	decodeDepth             int
	precision               int
	keepBuffer              bool // has no effect that a script can see
	encodeInvalid           int  // invalidOff, invalidOn, invalidNull
	decodeInvalid           bool
}

const (
	invalidOff = iota
	invalidOn
	invalidNull
)

func (l *library) openCJSON(L *lua.LState) {
	L.G.Global.RawSetString("cjson", l.newCJSON(L))
}

// newCJSON makes a module with settings of its own.
func (l *library) newCJSON(L *lua.LState) *lua.LTable {
	c := &jsonConfig{
		l: l, sparseRatio: 2, sparseSafe: 10, encodeDepth: 1000, decodeDepth: 1000, precision: 14,
		keepBuffer: true, decodeInvalid: true,
	}
	t := L.CreateTable(0, 16)
	for name, fn := range map[string]lua.LGFunction{
		"encode": c.encode, "decode": c.decode,
		"encode_sparse_array":     c.setSparse,
		"encode_max_depth":        c.intOption(&c.encodeDepth, 1, math.MaxInt32),
		"decode_max_depth":        c.intOption(&c.decodeDepth, 1, math.MaxInt32),
		"encode_number_precision": c.intOption(&c.precision, 1, 14),
		"encode_keep_buffer":      c.boolOption(&c.keepBuffer),
		"encode_invalid_numbers":  c.setEncodeInvalid,
		"decode_invalid_numbers":  c.boolOption(&c.decodeInvalid),
		"new": func(L *lua.LState) int {
			l.b.Grow(4096)
			L.Push(l.newCJSON(L))
			return 1
		},
	} {
		t.RawSetString(name, L.NewFunction(fn))
	}
	t.RawSetString("null", Null)
	t.RawSetString("_NAME", lua.LString("cjson"))
	t.RawSetString("_VERSION", lua.LString("2.1.0"))
	return t
}

// jsonArgs refuses more than n arguments.
func jsonArgs(L *lua.LState, n int) {
	if L.GetTop() > n {
		argError(L, n+1, "found too many arguments")
	}
	L.SetTop(n)
}

func setInt(L *lua.LState, n int, v *int, lo, hi int) {
	if !none(L, n) {
		x := checkInteger(L, n)
		if x = int(int32(x)); x < lo || x > hi {
			argError(L, 1, fmt.Sprintf("expected integer between %d and %d", lo, hi))
		}
		*v = x
	}
	L.Push(lua.LNumber(*v))
}

// setEnum sets an option whose first two values are also false and true.
func setEnum(L *lua.LState, n int, v *int, words ...string) {
	if !none(L, n) {
		if b, ok := L.Get(n).(lua.LBool); ok {
			*v = 0
			if b {
				*v = 1
			}
		} else {
			*v = checkOption(L, n, words)
		}
	}
	if *v <= 1 {
		L.Push(lua.LBool(*v == 1))
	} else {
		L.Push(lua.LString(words[*v]))
	}
}

func checkOption(L *lua.LState, n int, words []string) int {
	s := checkString(L, n)
	for i, w := range words {
		if w == s {
			return i
		}
	}
	argError(L, n, fmt.Sprintf("invalid option '%s'", s))
	return 0
}

func setBool(L *lua.LState, n int, v *bool) {
	i := 0
	if *v {
		i = 1
	}
	setEnum(L, n, &i, "off", "on")
	*v = i == 1
}

func (c *jsonConfig) intOption(v *int, lo, hi int) lua.LGFunction {
	return func(L *lua.LState) int {
		jsonArgs(L, 1)
		setInt(L, 1, v, lo, hi)
		return 1
	}
}

func (c *jsonConfig) boolOption(v *bool) lua.LGFunction {
	return func(L *lua.LState) int {
		jsonArgs(L, 1)
		setBool(L, 1, v)
		return 1
	}
}

func (c *jsonConfig) setEncodeInvalid(L *lua.LState) int {
	jsonArgs(L, 1)
	setEnum(L, 1, &c.encodeInvalid, "off", "on", "null")
	return 1
}

func (c *jsonConfig) setSparse(L *lua.LState) int {
	jsonArgs(L, 3)
	setBool(L, 1, &c.sparseConvert)
	setInt(L, 2, &c.sparseRatio, 0, math.MaxInt32)
	setInt(L, 3, &c.sparseSafe, 0, math.MaxInt32)
	return 3
}

package lualib

import (
	"fmt"
	"reflect"

	lua "github.com/yuin/gopher-lua"
)

// raise leaves with an error whose text begins with the position of the Lua code that called the running function;
// without one when Go code called it (pcall(string.rep)).
func raise(L *lua.LState, format string, args ...any) {
	raisePlain(L, where(L, 1)+fmt.Sprintf(format, args...))
}

// raisePlain leaves with exactly this text.
func raisePlain(L *lua.LState, text string) { L.Error(lua.LString(text), 0) }

// where is the position of the function at a level of the call stack: "user_script:3: ", or nothing if it is not Lua.
func where(L *lua.LState, level int) string {
	dbg, ok := L.GetStack(level)
	if !ok {
		return ""
	}
	fn := frameFunc(L, dbg)
	if fn == nil || fn.IsG {
		return ""
	}
	if _, err := L.GetInfo("l", dbg, nil); err != nil {
		return ""
	}
	return fmt.Sprintf("%s:%d: ", fn.Proto.SourceName, dbg.CurrentLine)
}

func frameFunc(L *lua.LState, dbg *lua.Debug) *lua.LFunction {
	v, err := L.GetInfo("f", dbg, nil)
	if err != nil {
		return nil
	}
	fn, _ := v.(*lua.LFunction)
	return fn
}

// framePc is the index of the instruction that a frame is executing. gopher-lua does not say it; reading an
// unexported field by reflection is allowed, and this is only done for the text of an error.
func framePc(dbg *lua.Debug) int {
	f := reflect.ValueOf(dbg).Elem().FieldByName("frame")
	if !f.IsValid() || f.IsNil() {
		return -1
	}
	pc := f.Elem().FieldByName("Pc")
	if !pc.IsValid() {
		return -1
	}
	return int(pc.Int()) - 1
}

// calledAs is what the caller calls the running function, and how ("global", "field", "method", "local", "upvalue");
// empty if Go code called it.
func calledAs(L *lua.LState) (name, what string) {
	dbg, ok := L.GetStack(1)
	if !ok {
		return "", ""
	}
	fn := frameFunc(L, dbg)
	if fn == nil || fn.IsG {
		return "", ""
	}
	return callName(fn.Proto, framePc(dbg))
}

// argError complains about argument n.
func argError(L *lua.LState, n int, text string) {
	name, what := calledAs(L)
	if name == "" {
		name = "?"
	}
	if what == "method" {
		n--
		if n == 0 {
			raise(L, "calling '%s' on bad self (%s)", name, text)
		}
	}
	raise(L, "bad argument #%d to '%s' (%s)", n, name, text)
}

func typeName(v lua.LValue) string { return v.Type().String() }

func argTypeName(L *lua.LState, n int) string {
	if n > L.GetTop() {
		return "no value"
	}
	return typeName(L.Get(n))
}

func typeError(L *lua.LState, n int, want string) {
	argError(L, n, want+" expected, got "+argTypeName(L, n))
}

func checkAny(L *lua.LState, n int) lua.LValue {
	if n > L.GetTop() {
		argError(L, n, "value expected")
	}
	return L.Get(n)
}

// none says whether argument n is nil or was not given.
func none(L *lua.LState, n int) bool { return L.Get(n) == lua.LNil }

func checkString(L *lua.LState, n int) string {
	switch v := L.Get(n).(type) {
	case lua.LString:
		return string(v)
	case lua.LNumber:
		return numberText(float64(v))
	}
	typeError(L, n, "string")
	return ""
}

func optString(L *lua.LState, n int, def string) string {
	if none(L, n) {
		return def
	}
	return checkString(L, n)
}

func checkNumber(L *lua.LState, n int) float64 {
	f, ok := toNumber(L.Get(n))
	if !ok {
		typeError(L, n, "number")
	}
	return f
}

// checkInteger is an argument as C's ptrdiff_t.
func checkInteger(L *lua.LState, n int) int { return toInteger(checkNumber(L, n)) }

func optInteger(L *lua.LState, n, def int) int {
	if none(L, n) {
		return def
	}
	return checkInteger(L, n)
}

// checkInt is an argument as C's int: what does not fit wraps.
func checkInt(L *lua.LState, n int) int { return int(int32(checkInteger(L, n))) }

func optInt(L *lua.LState, n, def int) int {
	if none(L, n) {
		return def
	}
	return checkInt(L, n)
}

func checkTable(L *lua.LState, n int) *lua.LTable {
	t, ok := L.Get(n).(*lua.LTable)
	if !ok {
		typeError(L, n, "table")
	}
	return t
}

func checkFunction(L *lua.LState, n int) *lua.LFunction {
	f, ok := L.Get(n).(*lua.LFunction)
	if !ok {
		typeError(L, n, "function")
	}
	return f
}

// textOf is a string or number as text, as concatenation and string arguments take it.
func textOf(v lua.LValue) (string, bool) {
	switch v := v.(type) {
	case lua.LString:
		return string(v), true
	case lua.LNumber:
		return numberText(float64(v)), true
	}
	return "", false
}

// call1 calls fn and returns its first result.
func call1(L *lua.LState, fn lua.LValue, args ...lua.LValue) lua.LValue {
	L.Push(fn)
	for _, a := range args {
		L.Push(a)
	}
	L.Call(len(args), 1)
	v := L.Get(-1)
	L.Pop(1)
	return v
}

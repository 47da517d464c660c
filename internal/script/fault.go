package script

import (
	"strings"

	lua "github.com/yuin/gopher-lua"

	"granary/internal/script/lualib"
)

// Error is how a script ended that failed.
type Error struct {
	Text    string // what the client reads, without the name of the script
	Source  string // "@user_script", "" if the place is not known
	Line    int
	Counted bool // the error of a command, counted as that command's already
}

// fault is the error that was raised last outside of pcall, and where.
type fault struct {
	value  lua.LValue
	source string
	line   int
}

// protected calls the function under it on the stack with the arguments above that. Errors that no pcall catches pass
// through raised.
func (in *Interp) protected(L *lua.LState) int {
	defer overflow(L)
	L.Panic = in.onPanic // L.PCall, which called us, puts the old one back
	L.Call(L.GetTop()-1, 1)
	return 1
}

// overflow is deferred by protected: when the stack of calls is full, the interpreter panics with a text of its own.
func overflow(L *lua.LState) {
	switch r := recover(); r {
	case nil:
	case "lua callstack overflow":
		L.RaiseError("stack overflow")
	default:
		panic(r)
	}
}

// raised is called where an error is raised, with the error on top of the stack and all frames still there.
func (in *Interp) raised(L *lua.LState) {
	v := L.Get(-1)
	f := fault{value: v}
	for level := 0; level < 2; level++ {
		dbg, ok := L.GetStack(level)
		if !ok {
			break
		}
		fn, err := L.GetInfo("Slf", dbg, nil)
		if err != nil {
			break
		}
		if lf, ok := fn.(*lua.LFunction); ok && !lf.IsG {
			f.source, f.line = "@"+lf.Proto.SourceName, dbg.CurrentLine
			break
		}
	}
	in.fault = f
	panic(&lua.ApiError{Type: lua.ApiErrorRun, Object: v, StackTrace: "-"}) // a trace keeps PCall from making one
}

// errorOf turns what PCall returned into an error for the client.
func (in *Interp) errorOf(err error) *Error {
	e := &Error{}
	var v lua.LValue = lua.LString(err.Error())
	if api, ok := err.(*lua.ApiError); ok {
		v = api.Object
	}
	if in.fault.value == v {
		e.Source, e.Line = in.fault.source, in.fault.line
	}
	switch v := lualib.ErrorValue(err).(type) {
	case *lua.LTable:
		text, ok := v.RawGetString("err").(lua.LString)
		if !ok {
			e.Text = "ERR unknown error"
			break
		}
		e.Text = string(text)
		e.Counted = lua.LVAsBool(v.RawGetString("ignore_error_stats_update"))
	case lua.LString:
		e.Text = "ERR " + string(v)
	default:
		e.Text = "ERR " + textOf(v)
	}
	e.Text = oneLine(strings.TrimRight(e.Text, "\r\n"))
	return e
}

// textOf is what tostring says of a value that is not a table.
func textOf(v lua.LValue) string {
	if n, ok := v.(lua.LNumber); ok {
		return string(appendNumber(nil, float64(n)))
	}
	return v.String()
}

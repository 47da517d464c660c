package lualib

import (
	"reflect"
	"time"

	lua "github.com/yuin/gopher-lua"
)

// coroutineBytes is about what a coroutine costs before it has run: its stack of values and its stack of calls.
const coroutineBytes = 48 << 10

// openCoroutine keeps gopher-lua's switching between coroutines, and puts Lua's checks and texts before it.
func (l *library) openCoroutine(L *lua.LState) {
	lua.OpenCoroutine(L)
	theirs := L.Get(-1).(*lua.LTable)
	L.Pop(1)
	create := theirs.RawGetString("create").(*lua.LFunction).GFunction
	resume := theirs.RawGetString("resume").(*lua.LFunction).GFunction

	newThread := func(L *lua.LState) *lua.LState {
		fn, ok := L.Get(1).(*lua.LFunction)
		if !ok || fn.IsG {
			argError(L, 1, "Lua function expected")
		}
		l.b.Grow(coroutineBytes)
		options := L.Options
		L.Options.MinimizeStackMemory = true // its stack of calls grows with use
		small(L, func() { create(L) })
		L.Options = options
		th := L.Get(-1).(*lua.LState)
		L.Pop(1)
		if ctx := L.Context(); ctx != nil {
			th.SetContext(ctx) // the same one, not one made from it: it is asked before every instruction
		}
		return th
	}
	register(L, "coroutine", map[string]lua.LGFunction{
		"create": func(L *lua.LState) int {
			L.Push(newThread(L))
			return 1
		},
		"resume": func(L *lua.LState) int {
			th, ok := L.Get(1).(*lua.LState)
			if !ok {
				argError(L, 1, "coroutine expected")
			}
			return l.resume(L, th, resume)
		},
		"wrap": func(L *lua.LState) int {
			th := newThread(L)
			L.Push(L.NewFunction(func(L *lua.LState) int {
				L.Insert(th, 1)
				n := l.resume(L, th, resume)
				top := L.GetTop()
				if ok := L.Get(top - n + 1); ok == lua.LFalse {
					v := L.Get(top - n + 2)
					if text, isText := textOf(v); isText {
						raisePlain(L, where(L, 1)+text)
					}
					throw(L, v)
				}
				return n - 1
			}))
			return 1
		},
		"running": func(L *lua.LState) int {
			if o := l.ownerOf(L); o.Parent == nil {
				L.Push(lua.LNil)
			} else {
				L.Push(o)
			}
			return 1
		},
		"status": func(L *lua.LState) int {
			th, ok := L.Get(1).(*lua.LState)
			if !ok {
				argError(L, 1, "coroutine expected")
			}
			L.Push(lua.LString(status(l.ownerOf(L), th)))
			return 1
		},
		"yield": func(L *lua.LState) int {
			if L.Parent == nil || !mayYield(L) {
				raisePlain(L, "attempt to yield across metamethod/C-call boundary")
			}
			return -1
		},
	})
}

func status(L, th *lua.LState) string {
	switch {
	case th == L:
		return "running"
	case th.Dead:
		return "dead"
	case th.Parent != nil || th == L.G.MainThread: // it has resumed another
		return "normal"
	}
	return "suspended"
}

// resume leaves true and what was yielded, or false and an error, on the stack.
func (l *library) resume(L, th *lua.LState, theirs lua.LGFunction) int {
	if s := status(l.ownerOf(L), th); s != "suspended" {
		L.Push(lua.LFalse)
		L.Push(lua.LString("cannot resume " + s + " coroutine"))
		return 2
	}
	if l.nesting >= maxNesting {
		L.Push(lua.LFalse)
		L.Push(lua.LString("C stack overflow"))
		return 2
	}
	if n := wanted(th); n >= 0 {
		L.SetTop(1 + n)
	}
	l.nesting++
	defer func() { l.nesting-- }()
	n := theirs(L)
	L.G.CurrentThread = L
	if n > 0 && L.Get(L.GetTop()-n+1) == lua.LFalse {
		l.b.Step(1) // an error that stops the script is not saved by a coroutine
		L.Replace(L.GetTop()-n+2, translate(L.Get(L.GetTop()-n+2)))
	}
	return n
}

// wanted is how many values a coroutine that has yielded takes from yield: gopher-lua leaves it those that it is given,
// and registers without a value if they are fewer. -1 is all of them.
func wanted(th *lua.LState) int {
	dbg, ok := th.GetStack(0)
	if !ok {
		return -1
	}
	fn, pc := frameFunc(th, dbg), framePc(dbg)
	if fn == nil || fn.IsG || pc < 0 || pc >= len(fn.Proto.Code) {
		return -1
	}
	if i := instruction(fn.Proto.Code[pc]); i.op() == lua.OP_CALL {
		return i.c() - 1
	}
	return -1
}

// mayYield says whether only Lua functions that were called by Lua code lie below the running function: Lua 5.1 does not
// yield out of pcall, a metamethod or an iterator, and gopher-lua would continue in the wrong place.
func mayYield(L *lua.LState) bool {
	dbg, ok := L.GetStack(0)
	if !ok {
		return false
	}
	frame := reflect.ValueOf(dbg).Elem().FieldByName("frame")
	if !frame.IsValid() || frame.IsNil() {
		return false
	}
	first := true
	for frame = frame.Elem().FieldByName("Parent"); !frame.IsNil(); frame = frame.Elem().FieldByName("Parent") {
		fn := frame.Elem().FieldByName("Fn")
		if fn.IsNil() || fn.Elem().FieldByName("IsG").Bool() {
			return false
		}
		code := fn.Elem().FieldByName("Proto").Elem().FieldByName("Code")
		pc := int(frame.Elem().FieldByName("Pc").Int()) - 1
		if pc < 0 || pc >= code.Len() {
			return false
		}
		// NB: a tail call of yield under another name (finish undoes the others) is refused too: the machine would fail.
		if op := int(code.Index(pc).Uint() >> 26); op != lua.OP_CALL && (op != lua.OP_TAILCALL || first) {
			return false
		}
		first = false
	}
	return true
}

// openOS: a script may ask how much processor time has gone, and nothing else of the system.
func (l *library) openOS(L *lua.LState) {
	start := time.Now()
	register(L, "os", map[string]lua.LGFunction{
		"clock": func(L *lua.LState) int {
			L.Push(lua.LNumber(time.Since(start).Seconds()))
			return 1
		},
	})
}

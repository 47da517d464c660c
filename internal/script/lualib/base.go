package lualib

import (
	"fmt"
	"math"
	"runtime/metrics"
	"strings"

	lua "github.com/yuin/gopher-lua"
)

// Null is cjson.null: Lua's light userdata of a null pointer. It is the same value in every state.
var Null = &lua.LUserData{Metatable: lua.LNil}

func (l *library) openBase(L *lua.LState) {
	g := L.G.Global
	next := L.NewFunction(l.baseNext)
	step := L.NewFunction(ipairsNext)
	for name, fn := range map[string]lua.LGFunction{
		"assert": baseAssert, "collectgarbage": baseCollectGarbage, "error": baseError, "gcinfo": baseGCInfo,
		"getmetatable": l.baseGetMetatable, "load": l.baseLoad, "loadstring": l.baseLoadString,
		"pcall": l.basePCall, "rawequal": baseRawEqual, "rawget": baseRawGet, "rawset": l.baseRawSet,
		"select": baseSelect, "setmetatable": l.baseSetMetatable, "tonumber": baseToNumber,
		"tostring": baseToString, "type": baseType, "unpack": l.baseUnpack, "xpcall": l.baseXPCall,
		"ipairs": func(L *lua.LState) int {
			t := checkTable(L, 1)
			L.Push(step)
			L.Push(t)
			L.Push(lua.LNumber(0))
			return 3
		},
		"pairs": func(L *lua.LState) int {
			t := checkTable(L, 1)
			L.Push(next)
			L.Push(t)
			L.Push(lua.LNil)
			return 3
		},
	} {
		g.RawSetString(name, L.NewFunction(fn))
	}
	g.RawSetString("next", next)
	g.RawSetString("_G", g)
	g.RawSetString("_VERSION", lua.LString("Lua 5.1"))
}

func baseAssert(L *lua.LState) int {
	if v := checkAny(L, 1); !lua.LVIsFalse(v) {
		return L.GetTop()
	}
	raise(L, "%s", optString(L, 2, "assertion failed!"))
	return 0
}

func baseError(L *lua.LState) int {
	level := optInt(L, 2, 1)
	v := L.Get(1)
	if text, ok := textOf(v); ok && level > 0 {
		raisePlain(L, where(L, level)+text)
	}
	throw(L, v)
	return 0
}

// throw leaves with a value as the error.
func throw(L *lua.LState, v lua.LValue) { L.Error(v, 0) }

func baseType(L *lua.LState) int {
	L.Push(lua.LString(typeName(checkAny(L, 1))))
	return 1
}

func baseToString(L *lua.LState) int {
	v := checkAny(L, 1)
	if f := L.GetMetaField(v, "__tostring"); f != lua.LNil {
		L.Push(call1(L, f, v))
		return 1
	}
	L.Push(lua.LString(displayText(v)))
	return 1
}

// displayText is what tostring makes of a value without a metamethod.
func displayText(v lua.LValue) string {
	if text, ok := textOf(v); ok {
		return text
	}
	switch v := v.(type) {
	case *lua.LUserData:
		if v == Null {
			return "userdata: (nil)"
		}
		return fmt.Sprintf("userdata: %p", v)
	case *lua.LState:
		return fmt.Sprintf("thread: %p", v)
	}
	return v.String()
}

func baseToNumber(L *lua.LState) int {
	base := optInt(L, 2, 10)
	if base == 10 {
		if f, ok := toNumber(checkAny(L, 1)); ok {
			L.Push(lua.LNumber(f))
		} else {
			L.Push(lua.LNil)
		}
		return 1
	}
	s := checkString(L, 1)
	if base < 2 || base > 36 {
		argError(L, 2, "base out of range")
	}
	if v, n := strtoul(s, base); n > 0 {
		rest := strings.TrimLeft(s[n:], " \t\n\v\f\r")
		if rest == "" || rest[0] == 0 {
			L.Push(lua.LNumber(v))
			return 1
		}
	}
	L.Push(lua.LNil)
	return 1
}

// strtoul is C's: the number, and how many bytes it took; 0 for none. A minus sign negates without a sign.
func strtoul(s string, base int) (uint64, int) {
	i := 0
	for i < len(s) && isSpace(s[i]) {
		i++
	}
	neg := false
	if i < len(s) && (s[i] == '+' || s[i] == '-') {
		neg = s[i] == '-'
		i++
	}
	if base == 16 && len(s)-i > 2 && s[i] == '0' && s[i+1]|0x20 == 'x' && hexDigit(s[i+2]) >= 0 {
		i += 2
	}
	start, v, over := i, uint64(0), false
	for ; i < len(s); i++ {
		d := 99
		switch c := s[i]; {
		case isDigit(c):
			d = int(c - '0')
		case isAlpha(c):
			d = int(c|0x20-'a') + 10
		}
		if d >= base {
			break
		}
		if v > (math.MaxUint64-uint64(d))/uint64(base) {
			over = true
		}
		v = v*uint64(base) + uint64(d)
	}
	if i == start {
		return 0, 0
	}
	if over {
		return math.MaxUint64, i
	}
	if neg {
		v = -v
	}
	return v, i
}

func baseSelect(L *lua.LState) int {
	n := L.GetTop()
	if s, ok := L.Get(1).(lua.LString); ok && len(s) > 0 && s[0] == '#' {
		L.Push(lua.LNumber(n - 1))
		return 1
	}
	i := checkInt(L, 1)
	if i < 0 {
		i += n
	} else {
		i = min(i, n)
	}
	if i < 1 {
		argError(L, 1, "index out of range")
	}
	return n - i
}

func (l *library) baseUnpack(L *lua.LState) int {
	t := checkTable(L, 1)
	i := optInt(L, 2, 1)
	e := 0
	if none(L, 3) {
		e = t.Len()
	} else {
		e = checkInt(L, 3)
	}
	if i > e {
		return 0
	}
	n := e - i + 1
	l.needStack(L, n, "too many results to unpack")
	for ; i <= e; i++ {
		L.Push(t.RawGet(lua.LNumber(i)))
	}
	return n
}

func (l *library) baseNext(L *lua.LState) int {
	t := checkTable(L, 1)
	k, v := t.Next(L.Get(2))
	if k == lua.LNil {
		L.Push(lua.LNil)
		return 1
	}
	L.Push(k)
	L.Push(v)
	return 2
}

func ipairsNext(L *lua.LState) int {
	i := checkInt(L, 2) + 1
	t := checkTable(L, 1)
	v := t.RawGet(lua.LNumber(i))
	if v == lua.LNil {
		return 0
	}
	L.Push(lua.LNumber(i))
	L.Push(v)
	return 2
}

func baseRawEqual(L *lua.LState) int {
	L.Push(lua.LBool(L.RawEqual(checkAny(L, 1), checkAny(L, 2))))
	return 1
}

func baseRawGet(L *lua.LState) int {
	L.Push(checkTable(L, 1).RawGet(checkAny(L, 2)))
	return 1
}

func (l *library) baseRawSet(L *lua.LState) int {
	t := checkTable(L, 1)
	k, v := checkAny(L, 2), checkAny(L, 3)
	l.checkWritable(L, t)
	if k == lua.LNil {
		raisePlain(L, "table index is nil")
	}
	if f, ok := k.(lua.LNumber); ok && f != f {
		raisePlain(L, "table index is NaN")
	}
	t.RawSet(k, v)
	L.Push(t)
	return 1
}

// checkWritable refuses a table that the owner of the state made read-only.
func (l *library) checkWritable(L *lua.LState, t *lua.LTable) {
	if l.readonly != nil && l.readonly(t) {
		raisePlain(L, "Attempt to modify a readonly table")
	}
}

func (l *library) baseGetMetatable(L *lua.LState) int {
	v := checkAny(L, 1)
	if v == lua.LValue(Null) {
		L.Push(lua.LNil)
		return 1
	}
	switch v := v.(type) {
	case *lua.LTable, *lua.LUserData:
		L.Push(L.GetMetatable(v))
	case lua.LString:
		L.Push(l.stringMeta)
	default:
		L.Push(lua.LNil)
	}
	return 1
}

func (l *library) baseSetMetatable(L *lua.LState) int {
	t := checkTable(L, 1)
	mt := L.Get(2)
	if _, ok := mt.(*lua.LTable); !ok && (mt != lua.LNil || L.GetTop() < 2) {
		argError(L, 2, "nil or table expected")
	}
	if L.GetMetaField(t, "__metatable") != lua.LNil {
		raise(L, "cannot change a protected metatable")
	}
	l.checkWritable(L, t)
	t.Metatable = mt
	L.SetTop(1)
	return 1
}

// basePCall is Redis's pcall, which looks into an error that is a table: its field err takes its place if it is text (an
// error of redis.call), and follows it otherwise.
func (l *library) basePCall(L *lua.LState) int {
	if L.GetTop() == 0 { // Redis calls its own mark of success then
		L.Push(lua.LTrue)
	}
	ok, n := l.protect(L, L.GetTop()-1)
	if !ok {
		if t, isTable := L.Get(-1).(*lua.LTable); isTable {
			v := L.GetField(t, "err")
			if _, text := textOf(v); text {
				L.Pop(1)
			} else {
				n++
			}
			L.Push(v)
		}
	}
	L.Insert(lua.LBool(ok), L.GetTop()-n+1)
	return n + 1
}

func (l *library) baseXPCall(L *lua.LState) int {
	handler := checkAny(L, 2)
	L.SetTop(1)
	L.Insert(handler, 1)
	ok, n := l.protect(L, 0)
	if !ok {
		// NB: the handler runs when the failed calls have been left, which a script without debug.traceback cannot see.
		v := L.Get(-1)
		L.SetTop(0)
		L.Push(handler)
		L.Push(v)
		if ok, n = l.protect(L, 1); !ok || n == 0 {
			L.SetTop(0)
			L.Push(lua.LNil)
			if !ok {
				L.SetTop(0)
				L.Push(lua.LString("error in error handling"))
			}
		}
		L.SetTop(L.GetTop() - max(n, 1) + 1)
		L.Insert(lua.LFalse, L.GetTop())
		return 2
	}
	L.Insert(lua.LTrue, L.GetTop()-n+1)
	return n + 1
}

// maxNesting is how deep pcall, coroutines and their like may nest: each level is one of Go's stack as well, as it is one
// of C's in Redis.
const maxNesting = 195

// protect calls the function below the top n arguments, and puts its results in their place, or the error.
//
// The call happens in a state of its own. gopher-lua cuts all closures of a state off from the variables they share when
// an error is raised in it, also those of the functions that go on after pcall:
//
//	local n = 0; local f = function() n = n + 1 end; pcall(error); f(); return n   -- 0 there, 1 in Lua
func (l *library) protect(L *lua.LState, n int) (ok bool, results int) {
	base := L.GetTop() - n
	fn := L.Get(base)
	if _, isFn := fn.(*lua.LFunction); !isFn && L.GetMetaField(fn, "__call") == lua.LNil {
		L.SetTop(base - 1)
		L.Push(lua.LString("attempt to call a " + typeName(fn) + " value"))
		return false, 1
	}
	if l.nesting >= maxNesting {
		L.SetTop(base - 1)
		L.Push(lua.LString("C stack overflow"))
		return false, 1
	}
	th := l.borrow(L)
	for i := base; i <= base+n; i++ {
		th.Push(L.Get(i))
	}
	L.SetTop(base - 1)
	l.nesting++
	L.G.CurrentThread = th
	err := th.PCall(n, lua.MultRet, nil)
	l.nesting--
	L.G.CurrentThread = L
	if err != nil {
		l.giveBack(th)
		// A script that must stop is not saved by pcall: the budget says so again.
		l.b.Step(1)
		L.Push(ErrorValue(err))
		return false, 1
	}
	results = th.GetTop()
	for i := 1; i <= results; i++ {
		L.Push(th.Get(i))
	}
	l.giveBack(th)
	return true, results
}

// small makes states that are made meanwhile begin with a small stack of calls, which grows.
func small(L *lua.LState, make func()) {
	old := L.Options
	L.Options.MinimizeStackMemory = true
	make()
	L.Options = old
}

// borrow is a state for one protected call, on behalf of L.
func (l *library) borrow(L *lua.LState) *lua.LState {
	var th *lua.LState
	if n := len(l.spare); n > 0 {
		th = l.spare[n-1]
		l.spare = l.spare[:n-1]
	} else {
		l.b.Grow(coroutineBytes)
		small(L, func() {
			var cancel func()
			if th, cancel = L.NewThread(); cancel != nil {
				cancel()
			}
		})
	}
	if ctx := L.Context(); ctx != nil {
		th.SetContext(ctx)
	} else {
		th.RemoveContext()
	}
	th.Env = L.Env
	l.owner[th] = l.ownerOf(L)
	return th
}

func (l *library) giveBack(th *lua.LState) {
	th.SetTop(0)
	delete(l.owner, th)
	if len(l.spare) < 4 {
		l.spare = append(l.spare, th)
	}
}

// ownerOf is the coroutine that a script sees as the running one.
func (l *library) ownerOf(L *lua.LState) *lua.LState {
	if o := l.owner[L]; o != nil {
		return o
	}
	return L
}

var heapBytes = []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}

// heapKB is the memory of the whole process: scripts share it.
func heapKB() float64 {
	s := []metrics.Sample{heapBytes[0]}
	metrics.Read(s)
	return float64(s[0].Value.Uint64()) / 1024
}

func baseGCInfo(L *lua.LState) int {
	L.Push(lua.LNumber(int(heapKB())))
	return 1
}

func baseCollectGarbage(L *lua.LState) int {
	opt := optString(L, 1, "collect")
	optInt(L, 2, 0)
	switch opt {
	case "count":
		L.Push(lua.LNumber(heapKB()))
	case "step": // a script does not run the collector, which belongs to the whole server
		L.Push(lua.LTrue)
	case "collect", "stop", "restart":
		L.Push(lua.LNumber(0))
	case "setpause", "setstepmul":
		L.Push(lua.LNumber(200))
	default:
		argError(L, 1, fmt.Sprintf("invalid option '%s'", opt))
	}
	return 1
}

func (l *library) baseLoadString(L *lua.LState) int {
	s := checkString(L, 1)
	return l.loadChunk(L, s, optString(L, 2, s))
}

func (l *library) baseLoad(L *lua.LState) int {
	name := optString(L, 2, "=(load)")
	fn := checkFunction(L, 1)
	out := builder{l: l, L: L}
	for {
		L.Push(fn)
		ok, n := l.protect(L, 0)
		if !ok {
			L.Insert(lua.LNil, L.GetTop())
			return 2
		}
		v := lua.LValue(lua.LNil)
		if n > 0 {
			v = L.Get(-n)
			L.Pop(n)
		}
		if v == lua.LNil {
			break
		}
		s, ok := textOf(v)
		if !ok {
			L.Push(lua.LNil)
			L.Push(lua.LString(where(L, 1) + "reader function must return a string"))
			return 2
		}
		if s == "" {
			break
		}
		out.string(s)
	}
	return l.loadChunk(L, string(out.b), name)
}

func (l *library) loadChunk(L *lua.LState, source, name string) int {
	l.grow(L, 8*len(source))
	fn, err := l.load(L, source, chunkID(name))
	if err != nil {
		L.Push(lua.LNil)
		L.Push(lua.LString(err.Error()))
		return 2
	}
	L.Push(fn)
	return 1
}

// chunkID is how a chunk's name shows in positions: after '=' or '@' as it is, or as the beginning of the source.
func chunkID(name string) string {
	const size = 80 // of C's buffer, with its final zero
	if i := strings.IndexByte(name, 0); i >= 0 {
		name = name[:i]
	}
	switch {
	case strings.HasPrefix(name, "="):
		return name[1:min(len(name), size)]
	case strings.HasPrefix(name, "@"):
		name = name[1:]
		if room := size - len(" '...' ") - 1; len(name) > room {
			return "..." + name[len(name)-room:]
		}
		return name
	}
	n := strings.IndexAny(name, "\r\n")
	if n < 0 {
		n = len(name)
	}
	room := size - len(` [string "..."] `) - 1
	if n > room {
		n = room
	}
	if n < len(name) {
		return `[string "` + name[:n] + `..."]`
	}
	return `[string "` + name + `"]`
}

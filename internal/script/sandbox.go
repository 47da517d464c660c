package script

import (
	"math/rand/v2"

	lua "github.com/yuin/gopher-lua"

	"granary/internal/script/lualib"
)

// Globals and libraries are shared by all scripts, so none may change them. Lua has no such tables; each is a pair:
//
//	what scripts have   an empty table, whose metatable sends reading to the table behind it and refuses writing
//	the table behind    holds the values
//
// What goes past metatables knows of the pairs: next and pairs show the table behind, rawget reads it, rawset and
// setmetatable refuse, and getmetatable shows the metatable that the table has in Redis, or none.

const errReadOnly = "Attempt to modify a readonly table"

// hiddenGlobals are what libraries offer and scripts of Redis do not have.
var hiddenGlobals = []string{"dofile", "loadfile", "print", "require", "module", "getfenv", "setfenv", "newproxy", "debug", "io", "package", "channel", "_printregs"}

// open makes the world of scripts.
func (in *Interp) open(v Version) {
	L := in.state
	in.libs = lualib.Open(L, &in.limits)
	in.libs.SeedRandom(rand.Int32())
	in.libs.ReadOnly(func(t *lua.LTable) bool { return in.behind[t] != nil })
	in.globals = L.G.Global
	for _, name := range hiddenGlobals {
		in.globals.RawSetString(name, lua.LNil)
	}
	in.openRedis(v)
	in.throughPairs()

	for _, name := range in.names(in.globals) {
		if t, ok := in.globals.RawGetString(name).(*lua.LTable); ok && t != in.globals {
			in.globals.RawSetString(name, in.lock(t, nil))
		}
	}
	in.lockStrings()
	in.globals.RawSetString("server", in.globals.RawGetString("redis"))

	in.missing = L.NewTable()
	in.missing.RawSetString("__index", L.NewFunction(func(L *lua.LState) int {
		L.RaiseError("Script attempted to access nonexistent global variable '%s'", L.ToStringMeta(L.Get(2)).String())
		return 0
	}))
	in.globals.Metatable = in.missing
	in.env = in.lock(in.globals, in.lock(in.missing, nil))
	in.openLoading(v)
	in.globals.RawSetString("_G", in.env)
	L.Env = in.env
	in.protect = L.NewFunction(in.protected)
	in.onPanic = in.raised
	in.none = L.CreateTable(0, 0)
}

// lockStrings makes the library that strings have as methods the one that cannot be changed, and so the metatable that
// scripts see of them.
func (in *Interp) lockStrings() {
	L := in.state
	lib := in.globals.RawGetString("string")
	if mt, ok := L.GetMetatable(lua.LString("")).(*lua.LTable); ok {
		mt.RawSetString("__index", lib)
	}
	shown := L.NewTable()
	shown.RawSetString("__index", lib)
	locked := in.lock(shown, nil)
	orig := in.globals.RawGetString("getmetatable").(*lua.LFunction).GFunction
	in.globals.RawSetString("getmetatable", L.NewFunction(func(L *lua.LState) int {
		if _, ok := L.Get(1).(lua.LString); ok {
			L.Push(locked)
			return 1
		}
		return orig(L)
	}))
}

func (in *Interp) names(t *lua.LTable) (list []string) {
	t.ForEach(func(k, _ lua.LValue) {
		if s, ok := k.(lua.LString); ok {
			list = append(list, string(s))
		}
	})
	return list
}

// lock returns the table that scripts get in place of t. shown is what getmetatable says of it.
func (in *Interp) lock(t, shown *lua.LTable) *lua.LTable {
	L := in.state
	front := L.CreateTable(0, 0)
	mt := L.CreateTable(0, 4)
	mt.RawSetString("__index", t)
	mt.RawSetString("__newindex", L.NewFunction(func(L *lua.LState) int {
		L.RaiseError(errReadOnly)
		return 0
	}))
	if shown != nil {
		mt.RawSetString("__metatable", shown)
	}
	front.Metatable = mt
	in.behind[front] = t
	return front
}

// throughPairs makes the functions that go past metatables see what is behind a locked table.
func (in *Interp) throughPairs() {
	L := in.state
	wrap := func(name string, fn func(L *lua.LState, front, t *lua.LTable, orig lua.LGFunction) int) *lua.LFunction {
		orig := in.globals.RawGetString(name).(*lua.LFunction).GFunction
		f := L.NewFunction(func(L *lua.LState) int {
			if front, ok := L.Get(1).(*lua.LTable); ok {
				if t := in.behind[front]; t != nil {
					return fn(L, front, t, orig)
				}
			}
			return orig(L)
		})
		in.globals.RawSetString(name, f)
		return f
	}
	inside := func(L *lua.LState, _, t *lua.LTable, orig lua.LGFunction) int {
		L.Replace(1, t)
		return orig(L)
	}
	next := wrap("next", inside)
	wrap("pairs", func(L *lua.LState, front, _ *lua.LTable, _ lua.LGFunction) int {
		L.Push(next)
		L.Push(front)
		L.Push(lua.LNil)
		return 3
	})
	wrap("rawget", inside)
	wrap("rawset", func(L *lua.LState, _, _ *lua.LTable, _ lua.LGFunction) int {
		L.Error(lua.LString(errReadOnly), 0)
		return 0
	})
	wrap("setmetatable", func(L *lua.LState, _, _ *lua.LTable, _ lua.LGFunction) int {
		L.Error(lua.LString(errReadOnly), 0)
		return 0
	})
	wrap("getmetatable", func(L *lua.LState, front, _ *lua.LTable, _ lua.LGFunction) int {
		L.Push(front.Metatable.(*lua.LTable).RawGetString("__metatable"))
		return 1
	})
}

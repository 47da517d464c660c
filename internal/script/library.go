package script

import (
	"strings"

	lua "github.com/yuin/gopher-lua"
)

// Libraries of functions. While one is loaded, scripts see other globals than while a function runs: only the table redis,
// with register_function and what does no harm, and nothing that would read or write data.

// FunctionFlags are the flags of a function, or of a script.
type FunctionFlags uint8

// The flags.
const (
	NoWrites FunctionFlags = 1 << iota
	AllowOOM
	AllowStale
	NoCluster
	AllowCrossSlotKeys
	Compat // a script without flags: what it may do follows from its commands
)

// FlagNames are the names of the flags in the order in which they are told.
var FlagNames = []struct {
	Flag FunctionFlags
	Name string
}{
	{NoWrites, "no-writes"},
	{AllowOOM, "allow-oom"},
	{AllowStale, "allow-stale"},
	{NoCluster, "no-cluster"},
	{AllowCrossSlotKeys, "allow-cross-slot-keys"},
}

// ParseFlag returns the flag of a name, 0 if there is none.
func ParseFlag(name string) FunctionFlags {
	for _, f := range FlagNames {
		if f.Name == name {
			return f.Flag
		}
	}
	return 0
}

// Entry is a function of a library.
type Entry struct {
	Name        string
	Description string
	Described   bool
	Flags       FunctionFlags
	Function    *Function
}

// Library is what loading a library registered.
type Library struct {
	Functions []*Entry
	Size      int64 // bytes that it keeps on the heap, estimated
}

// find returns the function of that name.
func (l *Library) find(name string) *Entry {
	for _, e := range l.Functions {
		if e.Name == name {
			return e
		}
	}
	return nil
}

// GoodName reports whether a name of a library or of a function is made of letters, digits and underscores.
func GoodName(name string) bool {
	for _, c := range []byte(name) {
		if c != '_' && !(c >= '0' && c <= '9') && !(c|0x20 >= 'a' && c|0x20 <= 'z') {
			return false
		}
	}
	return name != ""
}

// ErrName is the error for a name that is not good.
const ErrName = "Library names can only contain letters, numbers, or underscores(_) and must be at least one character long"

// openLoading makes the globals of a library that is being loaded.
func (in *Interp) openLoading(v Version) {
	L := in.state
	t := L.NewTable()
	in.constants(t, v)
	t.RawSetString("log", L.NewFunction(in.log))
	t.RawSetString("register_function", L.NewFunction(in.register))
	in.duringLoad = L.NewTable()
	for _, g := range []*lua.LTable{t, in.duringLoad} {
		g.Metatable = in.missing
	}
	redis := in.lock(t, nil)
	in.duringLoad.RawSetString("redis", redis)
	in.duringLoad.RawSetString("server", redis)
}

// see makes t the globals of all functions.
func (in *Interp) see(t *lua.LTable) {
	in.env.Metatable.(*lua.LTable).RawSetString("__index", t)
	in.behind[in.env] = t
}

// Load runs the source of a library and returns what it registers.
func (in *Interp) Load(f *Function, host Host) (*Library, *Error) {
	lib := &Library{Size: f.Size}
	in.loading = lib
	in.see(in.duringLoad)
	defer func() {
		in.loading = nil
		in.see(in.globals)
	}()
	L := in.state
	in.host, in.proto = host, 2
	in.limits.begin()
	in.fault = fault{}
	L.Push(in.protect)
	L.Push(f.fn)
	if r := in.finish(1); r.Err != nil {
		return nil, r.Err
	}
	return lib, nil
}

// register is redis.register_function(name, callback), or with a table of named arguments.
func (in *Interp) register(L *lua.LState) int {
	if in.loading == nil {
		return in.raise(L, "redis.register_function can only be called on FUNCTION LOAD command")
	}
	e := &Entry{}
	var why string
	switch n := L.GetTop(); {
	case n < 1 || n > 2:
		why = "wrong number of arguments to redis.register_function"
	case n == 1:
		why = in.named(L, e)
	default:
		why = in.positional(L, e)
	}
	if why == "" {
		switch {
		case !GoodName(e.Name):
			why = ErrName
		case in.loading.find(e.Name) != nil:
			why = "Function already exists in the library"
		}
	}
	if why != "" {
		return in.raise(L, why)
	}
	in.loading.Functions = append(in.loading.Functions, e)
	in.loading.Size += int64(len(e.Name)+len(e.Description)) + entrySize
	return 0
}

// entrySize is what a function of a library takes besides its code.
const entrySize = 160

// positional reads register_function(name, callback).
func (in *Interp) positional(L *lua.LState, e *Entry) string {
	name, ok := textValue(L.Get(1))
	if !ok {
		return "first argument to redis.register_function must be a string"
	}
	fn, ok := L.Get(2).(*lua.LFunction)
	if !ok {
		return "second argument to redis.register_function must be a function"
	}
	e.Name, e.Function = strings.Clone(name), &Function{fn: fn}
	return ""
}

// named reads register_function{function_name=, callback=, description=, flags=}.
func (in *Interp) named(L *lua.LState, e *Entry) string {
	t, ok := L.Get(1).(*lua.LTable)
	if !ok {
		return "calling redis.register_function with a single argument is only applicable to Lua table (representing named arguments)."
	}
	named := false
	for k, v := t.Next(lua.LNil); k != lua.LNil; k, v = t.Next(k) {
		key, _ := k.(lua.LString)
		switch key {
		case "function_name":
			if e.Name, ok = textValue(v); !ok {
				return "function_name argument given to redis.register_function must be a string"
			}
			named = true
		case "description":
			if e.Description, ok = textValue(v); !ok {
				return "description argument given to redis.register_function must be a string"
			}
			e.Described = true
		case "callback":
			fn, ok := v.(*lua.LFunction)
			if !ok {
				return "callback argument given to redis.register_function must be a function"
			}
			e.Function = &Function{fn: fn}
		case "flags":
			list, ok := v.(*lua.LTable)
			if !ok {
				return "flags argument to redis.register_function must be a table representing function flags"
			}
			for i := 1; ; i++ {
				f := list.RawGetInt(i)
				if f == lua.LNil {
					break
				}
				name, ok := f.(lua.LString)
				flag := ParseFlag(string(name))
				if !ok || flag == 0 {
					return "unknown flag given"
				}
				e.Flags |= flag
			}
		default:
			return "unknown argument given to redis.register_function"
		}
	}
	switch {
	case !named:
		return "redis.register_function must get a function name argument"
	case e.Function == nil:
		return "redis.register_function must get a callback argument"
	}
	return ""
}

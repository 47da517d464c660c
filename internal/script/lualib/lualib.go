// Package lualib holds the libraries that Redis gives to its scripts, for gopher-lua: the parts of Lua 5.1's standard
// library that a script may use, and cjson, cmsgpack, struct and bit. Everything a script can see of them (results,
// number formats, error texts) is what redis-server 7.0.15 answers; the tests run the same snippets on both sides.
//
// gopher-lua's own libraries are not used, because they differ from Lua 5.1 in what scripts rely on: string.format is
// Go's, tonumber reads "010" as eight, patterns recurse without a limit, and no function says how much it is about to
// allocate. What lies in the virtual machine itself and not in a library is mended from outside where that is possible:
//
//	vm.go       metatables of nil, booleans, numbers, strings and functions: arithmetic on strings, and Lua's own error texts
//	compile.go  Load: our own parser over gopher-lua's syntax tree; concatenation through our number format
//
// A map of the files:
//
//	args.go      arguments and errors: what luaL_check* and luaL_error do
//	number.go    numbers from and to text
//	base.go      tostring, tonumber, pcall, select, ...        coroutines.go  coroutine.*
//	strings.go   string.*                                      pattern.go     Lua's patterns    format.go  string.format
//	tables.go    table.*                                       sort.go        table.sort
//	maths.go     math.*                                        rand.go        Redis's own random numbers
//	cjson_*.go   cjson                                         cmsgpack_*.go  cmsgpack
//	structs.go   struct                                        bits.go        bit
//
// A script is hostile until shown otherwise. Two things bound it: Budget.Step is called with work that grows with the
// data (so that a script that only calls string.find can be stopped), and Budget.Grow before memory that a script can
// choose the size of.
package lualib

import (
	lua "github.com/yuin/gopher-lua"
)

// Budget is how the owner of a script bounds it. Both methods leave by a panic when the script must stop, and go on
// doing so until the owner resets them: pcall in a script catches an error once, and asks again.
type Budget interface {
	// Step says that n units of work are done: about as much as n instructions.
	Step(n int)
	// Grow says that n bytes are about to be allocated for the script.
	Grow(bytes int)
}

// unlimited is the budget of a nil Budget.
type unlimited struct{}

func (unlimited) Step(int) {}
func (unlimited) Grow(int) {}

// library is what the functions of one Lua state share.
type library struct {
	b    Budget
	rand drand48

	stringMeta lua.LValue // what getmetatable("") shows; the one that the machine uses holds more
	readonly   func(*lua.LTable) bool

	marked map[string]*lua.LFunction // what the compiler calls without a name

	spare   []*lua.LState               // states for protected calls
	owner   map[*lua.LState]*lua.LState // of a state that runs a protected call: the coroutine that made it
	nesting int                         // protected calls and coroutines that run
}

// Open registers all libraries in L's globals. L was made with SkipOpenLibs. A nil budget bounds nothing.
func Open(L *lua.LState, b Budget) *Libs {
	if b == nil {
		b = unlimited{}
	}
	l := &library{b: b, owner: map[*lua.LState]*lua.LState{}}
	l.rand.seed(0)
	l.openBase(L)
	l.openString(L)
	l.openTable(L)
	l.openMath(L)
	l.openCoroutine(L)
	l.openOS(L)
	l.openCJSON(L)
	l.openMsgpack(L)
	l.openStruct(L)
	l.openBit(L)
	l.openMachine(L)
	l.openMarks(L)
	return &Libs{l}
}

// Libs is the handle that Open returns, for the owner of the state.
type Libs struct{ l *library }

// SeedRandom starts the sequence of math.random again: Redis does it with 0 before each script.
func (s *Libs) SeedRandom(seed int32) { s.l.rand.seed(seed) }

// ReadOnly names the tables that rawset and setmetatable refuse, with Redis's error text.
func (s *Libs) ReadOnly(is func(*lua.LTable) bool) { s.l.readonly = is }

// register makes a global table of functions, or adds to the one that is there.
func register(L *lua.LState, name string, funcs map[string]lua.LGFunction) *lua.LTable {
	t := L.CreateTable(0, len(funcs))
	for n, f := range funcs {
		t.RawSetString(n, L.NewFunction(f))
	}
	L.G.Global.RawSetString(name, t)
	return t
}

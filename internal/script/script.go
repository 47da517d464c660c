// Package script runs Lua 5.1 scripts as Redis runs them: the sandbox, the table redis, the conversions between Lua
// values and replies, and the limits of time and memory. It knows no keyspace: what a script asks of the server goes to
// a Host. The interpreter is gopher-lua, used as it is; the libraries of scripts, and the compiler's front, are lualib.
//
//	script.go    the interpreter, and one run
//	sandbox.go   globals and libraries that cannot be changed
//	redis.go     redis.call and its neighbours
//	reply.go     replies to Lua values
//	value.go     Lua values to replies
//	fault.go     errors, and where they happened
//	limits.go    time, memory, depth
//	library.go   libraries of functions
//
// # One run
//
//	Interp.Run           gives the interpreter its host, KEYS and ARGV, and calls the function under protection
//	redis.call           Host.Call gets the arguments as bytes and answers protocol, which becomes Lua values
//	every instruction    the interpreter asks for the channel of its context: limits.Done
//	an error             is noted where it is raised, so that its place is known (Interp.raised)
//	the result           AppendReply writes it as protocol
//
// An interpreter keeps nothing between two runs but what libraries of functions keep: globals cannot be changed.
package script

import (
	"errors"

	lua "github.com/yuin/gopher-lua"

	"granary/internal/script/lualib"
)

// Host is the server as a script sees it.
type Host interface {
	// Call executes a command and returns its reply, protocol of version proto, valid until the next Call. For a command
	// that is refused, or that fails, the reply is an error.
	Call(args [][]byte, proto uint8) []byte
	// Log writes to the server's log; level is 0 (debug) to 3 (warning).
	Log(level int, text string)
	// SetRepl says where the effects of what follows go: bit 0 is the append-only file, bit 1 the replicas.
	SetRepl(to int)
	// MayCall reports whether the user may execute the command; known is false if there is none of that name.
	MayCall(args [][]byte) (may, known bool)
	// Late is called about once a millisecond while a script runs that is not short. A text ends the script with that
	// error.
	Late() string
}

// Mode is what an interpreter is for.
type Mode uint8

// The modes.
const (
	Scripts   Mode = iota // EVAL
	Functions             // libraries
)

// Version is what redis.REDIS_VERSION and redis.REDIS_VERSION_NUM tell.
type Version struct {
	Text string
	Num  int // 0x00MMmmpp
}

// Interp is an interpreter. It runs one script at a time.
type Interp struct {
	mode   Mode
	state  *lua.LState
	libs   *lualib.Libs
	limits limits
	host   Host  // of the run
	away   bool  // the host has control
	proto  uint8 // of the replies that redis.call converts: redis.setresp

	globals *lua.LTable                 // what scripts see as globals
	env     *lua.LTable                 // the empty table in front of them
	behind  map[*lua.LTable]*lua.LTable // tables that cannot be changed: the one that scripts have, and the one behind it

	missing    *lua.LTable // metatable: what is not there is an error
	duringLoad *lua.LTable // what a library sees while it is loaded
	loading    *Library    // register_function adds to it

	protect *lua.LFunction    // calls a function, noting where it fails
	onPanic func(*lua.LState) // raised
	fault   fault

	argBytes int         // in KEYS and ARGV
	none     *lua.LTable // stands in for them between two runs

	args  [][]byte // of the command being called
	bytes []byte   // their bytes
}

// New returns an interpreter whose scripts may use that many bytes.
func New(mode Mode, v Version, memory int64) *Interp {
	in := &Interp{mode: mode, proto: 2, behind: map[*lua.LTable]*lua.LTable{}}
	in.limits.in = in
	in.limits.memory = memory
	in.state = lua.NewState(lua.Options{
		SkipOpenLibs:        true,
		CallStackSize:       maxCalls,
		MinimizeStackMemory: true, // the collector reads all of it
		RegistrySize:        1 << 10,
		RegistryMaxSize:     maxRegistry,
		RegistryGrowStep:    4 << 10,
	})
	in.state.SetContext(&in.limits)
	in.open(v)
	return in
}

// SetMemoryLimit changes how many bytes scripts may use.
func (in *Interp) SetMemoryLimit(n int64) { in.limits.memory = n }

// InterpSize is about what an interpreter takes on the heap.
const InterpSize = 96 << 10

// Function is a compiled script. It belongs to the interpreter that compiled it.
type Function struct {
	fn *lua.LFunction
	// Size is about how many bytes it keeps on the heap.
	Size int64
}

// Compile compiles a script. chunk is the name that errors give. The error's text is Lua's.
func (in *Interp) Compile(source, chunk string) (*Function, error) {
	if int64(len(source)) > in.limits.memory/sourceCost {
		return nil, errTooLarge
	}
	fn, err := in.load(source, chunk)
	if err != nil {
		return nil, err
	}
	fn.Env = in.env
	fn.Proto.IsVarArg &^= lua.VarArgNeedsArg // a chunk has no table arg: it would be made for every run
	return &Function{fn: fn, Size: protoSize(fn.Proto)}, nil
}

// load compiles within the limits of a run.
func (in *Interp) load(source, chunk string) (fn *lua.LFunction, err error) {
	in.limits.begin()
	defer func() {
		in.limits.end()
		switch r := recover().(type) {
		case nil:
		case *lua.ApiError:
			in.state.SetTop(0)
			fn, err = nil, errors.New(in.errorOf(r).Text)
		default:
			panic(r)
		}
	}()
	return in.libs.Load(in.state, source, chunk)
}

// Result is what a run left: a value, or an error.
type Result struct {
	value lua.LValue
	Err   *Error
}

// Run runs a function. A script gets KEYS and ARGV as globals, a function of a library gets them as arguments.
func (in *Interp) Run(f *Function, host Host, keys, argv [][]byte) Result {
	L := in.state
	in.host, in.proto = host, 2
	in.limits.begin()
	in.fault = fault{}
	in.argBytes = 0

	L.Push(in.protect)
	L.Push(f.fn)
	k, a := in.stringTable(keys), in.stringTable(argv)
	n := 1
	if in.mode == Scripts {
		in.globals.RawSetString("KEYS", k)
		in.globals.RawSetString("ARGV", a)
	} else {
		L.Push(k)
		L.Push(a)
		n = 3
	}
	return in.finish(n)
}

// finish calls what was pushed under protection, and returns what is left of it.
func (in *Interp) finish(nargs int) Result {
	L := in.state
	err := L.PCall(nargs, 1, nil)
	in.limits.end()
	in.host = nil
	if in.away {
		panic("BUG: script: the host ended in a panic: " + err.Error())
	}
	defer in.forget()
	if err != nil {
		L.SetTop(0)
		return Result{Err: in.errorOf(err)}
	}
	v := L.Get(-1)
	L.SetTop(0)
	return Result{value: v}
}

// keepArgBytes is how much KEYS and ARGV may hold and stay until the next run.
const keepArgBytes = 4 << 10

// forget lets go of what the run leaves behind.
func (in *Interp) forget() {
	in.fault = fault{}
	if in.mode == Scripts && in.argBytes > keepArgBytes {
		in.globals.RawSetString("KEYS", in.none)
		in.globals.RawSetString("ARGV", in.none)
	}
}

// stringTable returns a new table of strings.
func (in *Interp) stringTable(list [][]byte) *lua.LTable {
	t := in.state.CreateTable(len(list), 0)
	for _, b := range list {
		in.limits.note(len(b))
		in.argBytes += len(b)
		t.Append(lua.LString(b))
	}
	return t
}

// Busy reports whether a script is running.
func (in *Interp) Busy() bool { return in.host != nil }

// protoSize is about what a compiled function keeps.
func protoSize(p *lua.FunctionProto) int64 {
	n := int64(400)
	n += int64(cap(p.Code))*4 + int64(cap(p.Constants))*32 + int64(cap(p.DbgSourcePositions))*8 +
		int64(cap(p.DbgLocals))*48 + int64(cap(p.DbgCalls))*24 + int64(cap(p.DbgUpvalues))*16
	for _, c := range p.Constants {
		if s, ok := c.(lua.LString); ok {
			n += int64(len(s))
		}
	}
	for _, q := range p.FunctionPrototypes {
		n += 8 + protoSize(q)
	}
	return n
}

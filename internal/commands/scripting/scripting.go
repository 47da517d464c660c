// Package scripting holds the commands about Lua scripts and libraries of functions: EVAL and its kin, SCRIPT, FCALL,
// FUNCTION. internal/script runs the Lua code; this package is the server to it.
//
//	scripting.go  the engine: interpreters, scripts, libraries, and what they take
//	eval.go       EVAL, EVALSHA, EVAL_RO, EVALSHA_RO
//	shebang.go    the line #! at the beginning of a script or library
//	cache.go      the scripts that the server has
//	run.go        one run: what is checked before, and what the client reads
//	call.go       redis.call: the commands of a script
//	busy.go       a script that takes long: other clients, SCRIPT KILL
//	scripts.go    SCRIPT
//	libraries.go  libraries of functions
//	functions.go  FUNCTION
//	fcall.go      FCALL, FCALL_RO
//	dump.go       FUNCTION DUMP and RESTORE
//
// Scripts and functions have an interpreter each, made when the first of them is loaded, so that a server without
// scripts pays for none.
package scripting

import (
	"granary/internal/clock"
	"granary/internal/command"
	"granary/internal/keyspace"
	"granary/internal/mem"
	"granary/internal/script"
)

// Register adds the commands to the table.
func Register(t *command.Table) {
	t.Register(specEval, specEvalSHA, specEvalRO, specEvalSHARO, specFCall, specFCallRO, specScript, specFunction)
}

// version is what scripts read as redis.REDIS_VERSION: the version of Redis whose commands there are.
var version = script.Version{Text: "7.4.0", Num: 0x00070400}

// engine is all there is of scripts. Guarded by the keyspace lock; a running script holds it, but for the moments in
// which others are told that it is running (busy.go).
type engine struct {
	env     *command.Env
	vm      [2]machine // by script.Mode
	scripts cache
	libs    libraries
	session *command.Client // on whose behalf scripts call commands
	reply   reply           // to the command at hand
	ballast []byte          // see ballastSize
	run     run
}

// machine is an interpreter and what it takes.
type machine struct {
	in      *script.Interp
	purpose mem.Purpose
	booked  int64 // bytes of the interpreter, and of what a script that is running has made
}

// engineOf returns the engine of the server.
func engineOf(env *command.Env) *engine {
	if e, ok := env.Scripts.(*engine); ok {
		return e
	}
	e := &engine{env: env}
	e.vm[script.Scripts].purpose = mem.PurposeScript
	e.vm[script.Functions].purpose = mem.PurposeFunction
	e.reply.arena, e.reply.limit = env.Keys.Arena, func() int64 { return env.Config.LuaMemoryLimit }
	e.reply.w.Init(&e.reply, 2)
	e.session = command.NewClient(env, 0, nil, &e.reply.w)
	e.scripts.engine, e.libs.engine = e, e
	e.run.engine = e
	env.Scripts = e
	env.Keys.AddMover(keyspace.Mover{Name: "scripts", Relocate: e.scripts.moveSources})
	env.AddMemoryHolder(e)
	return e
}

// ballastSize is how many bytes are taken of the heap, and never touched, while there is an interpreter. What is on the heap
// decides how much garbage may pile up before it is collected, and next to nothing is on ours: each megabyte of garbage that
// scripts make would be a collection, which costs as much as a thousand scripts.
const ballastSize = 16 << 20

// interp returns the interpreter of a kind, which is made when it is first needed.
func (e *engine) interp(mode script.Mode) *script.Interp {
	m := &e.vm[mode]
	if m.in == nil {
		if e.ballast == nil {
			e.ballast = make([]byte, ballastSize)
		}
		m.in = script.New(mode, version, e.env.Config.LuaMemoryLimit)
		m.booked = script.InterpSize
		mem.BookOutside(m.purpose, m.booked)
	}
	m.in.SetMemoryLimit(e.env.Config.LuaMemoryLimit)
	return m.in
}

// drop gives an interpreter up, with all that was compiled by it.
func (e *engine) drop(mode script.Mode) {
	m := &e.vm[mode]
	m.in = nil
	if e.vm[script.Scripts].in == nil && e.vm[script.Functions].in == nil {
		e.ballast = nil
	}
	mem.BookOutside(m.purpose, -m.booked)
	m.booked = 0
}

// Report implements command.Scripts.
func (e *engine) Report() command.ScriptReport {
	return command.ScriptReport{
		VMEval:        e.vm[script.Scripts].booked,
		VMFunctions:   e.vm[script.Functions].booked,
		ScriptBytes:   e.scripts.bytes,
		FunctionBytes: e.libs.bytes,
		Cached:        int64(len(e.scripts.by)),
		Functions:     int64(len(e.libs.functions)),
		Libraries:     int64(len(e.libs.by)),
	}
}

// text is bytes that are kept: the source of a script.
type text struct {
	ref mem.Ref
	n   int
}

// keep copies bytes. It may panic with mem.ErrOutOfMemory.
func keep(a *mem.Arena, b []byte, p mem.Purpose) text {
	t := text{n: len(b)}
	if t.n > 0 {
		t.ref = a.Alloc(t.n, p)
		copy(mem.Bytes(t.ref, t.n), b)
	}
	return t
}

// bytes are valid until the text is freed.
func (t text) bytes() []byte {
	if t.n == 0 {
		return nil
	}
	return mem.Bytes(t.ref, t.n)
}

func (t text) free(a *mem.Arena, p mem.Purpose) {
	if t.n > 0 {
		a.Free(t.ref, t.n, p)
	}
}

func (t text) size() int64 {
	if t.n == 0 {
		return 0
	}
	return int64(mem.Usable(t.n))
}

// now is the monotonic clock.
func now() int64 { return clock.Mono() }

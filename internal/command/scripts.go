package command

import (
	"strings"
)

// What commands know of scripts. The engine is internal/commands/scripting; it runs the commands of a script through
// Client.Call on behalf of a session without a socket, whose Caller is the client that asked for the script.

// Scripts is the engine as the rest of the server sees it.
type Scripts interface {
	// Report tells what it keeps.
	Report() ScriptReport
	// Unused returns how many scripts that came with EVAL were not used since a Unix time in ms, and their bytes, and with
	// forget forgets them.
	Unused(since int64, forget bool) (scripts, bytes int64)
}

// ScriptReport is what INFO tells of scripts and functions. Bytes are part of used_memory.
type ScriptReport struct {
	VMEval, VMFunctions        int64 // bytes of the interpreters
	ScriptBytes, FunctionBytes int64 // bytes of what is loaded
	Cached                     int64 // scripts
	Functions, Libraries       int64
}

// ReadScripts returns what the engine reports, zeros while no script ever ran.
func (e *Env) ReadScripts() ScriptReport {
	if e.Scripts == nil {
		return ScriptReport{}
	}
	return e.Scripts.Report()
}

// SetBusy makes commands without the flag AllowBusy answer an error, because a script takes long; "" ends that.
func (e *Env) SetBusy(failure string) {
	e.busy = failure
	e.Gate &^= GateBusy
	if failure != "" {
		e.Gate |= GateBusy
	}
}

// Busy returns the error that SetBusy was given.
func (e *Env) Busy() string { return e.busy }

// Aside runs fn, in which other clients are served, in the middle of a command, whose time goes on from where it was.
// REQUIRES: in B of the loop whose turn it is.
func (e *Env) Aside(fn func()) {
	mono := e.mono
	turn, loop := e.turn, e.Loop
	fn()
	e.Loop, e.turn = loop, turn
	e.setMono(mono)
}

// Show sends the command at hand to MONITOR before it has run: a script is shown before its commands.
func (c *Ctx) Show() {
	if c.Env.Gate&GateMonitor != 0 {
		c.Client.show(c.Args)
	}
}

// Reject counts an error for a command of a script that was refused before it ran. spec is nil for an unknown command.
func (e *Env) Reject(spec *Spec, text string) { e.Stats.rejected(spec, text) }

// ErrorCounted answers an error that was counted as the error of a command inside of this one.
func (c *Ctx) ErrorCounted(text string) {
	c.Out.RawString("-" + strings.NewReplacer("\r", " ", "\n", " ").Replace(strings.TrimRight(text, "\r\n")) + "\r\n")
	c.Env.Stats.Of(c.Spec).Failed++
}

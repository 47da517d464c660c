package scripting

import (
	"strconv"

	"granary/internal/command"
	"granary/internal/mem"
	"granary/internal/script"
)

// One run of a script or function: what is checked before, and what the client reads of it.

const errWriteRO = "ERR Can not execute a script with write flag using *_ro command."

// subject is what runs.
type subject struct {
	fn     *script.Function
	flags  script.FunctionFlags
	name   string // of a function, "" for a script
	digest digest // of a script
}

func (s *subject) mode() script.Mode {
	if s.name != "" {
		return script.Functions
	}
	return script.Scripts
}

// run is the run at hand.
type run struct {
	engine *engine
	subject
	active   bool
	loading  bool            // a library is being loaded
	caller   *command.Client // who asked for it
	args     [][]byte        // how
	readOnly bool            // writes are refused
	overOOM  bool            // memory was over maxmemory when it began
	wrote    bool            // it has called a command that writes
	repl     int             // redis.set_repl
	began    int64           // reading of the monotonic clock
	late     bool            // others are told that the server is busy
	pumped   bool            // the loop took turns meanwhile
	killed   bool
	booked   int64 // bytes that it has added to the heap
}

// book books what the run at hand has added to the heap.
func (r *run) book(n int64) {
	m := &r.engine.vm[r.mode()]
	mem.BookOutside(m.purpose, n-r.booked)
	m.booked += n - r.booked
	r.booked = n
}

// execute runs a script or a function for the client and answers what it returns.
func (e *engine) execute(c *command.Ctx, s subject, keys int, readOnly bool) {
	env := e.env
	over := env.OverMaxMemory()
	if s.flags&script.Compat == 0 {
		switch {
		case readOnly && s.flags&script.NoWrites == 0:
			c.Out.Error(errWriteRO)
			return
		case over && s.flags&(script.AllowOOM|script.NoWrites) == 0:
			c.Out.Error(command.ErrOOM)
			return
		case env.Gate&command.GateDisk != 0 && s.flags&script.NoWrites == 0:
			c.Out.Error(env.Misconf())
			return
		}
	}
	c.NoEffect()
	e.reply.begin() // may panic: first
	in := e.interp(s.mode())
	e.begin(c, s)
	r := &e.run
	r.readOnly = readOnly || s.flags&script.NoWrites != 0
	r.overOOM = over && s.flags&script.AllowOOM == 0
	result := in.Run(s.fn, e, c.Args[3:3+keys], c.Args[3+keys:])
	e.finish()
	e.answer(c, in, &s, result)
}

// begin is the start of a run.
func (e *engine) begin(c *command.Ctx, s subject) {
	session := e.session
	session.Caller, session.User, session.Authenticated = c.Client, c.Client.User, true
	session.Name, session.Flags = c.Client.Name, c.Client.Flags&command.FlagNoTouch
	session.Select(c.DB)
	session.SetNoTouch(session.Flags&command.FlagNoTouch != 0)
	e.run = run{engine: e, subject: s, active: true, caller: c.Client, args: c.Args, repl: replAll, began: now()}
}

// finish is the end of a run.
func (e *engine) finish() {
	r := &e.run
	if r.late {
		e.env.SetBusy("")
	}
	if r.pumped {
		e.env.Loop.PumpEnd()
	}
	r.book(0)
	e.dropReply()
	e.session.Caller = nil
	e.run = run{engine: e}
}

// answer writes what a run left.
func (e *engine) answer(c *command.Ctx, in *script.Interp, s *subject, r script.Result) {
	if r.Err == nil {
		text, counted := in.Reply(r, c.Out)
		switch {
		case text == "":
		case counted:
			c.ErrorCounted(text)
		default:
			c.Out.Error(text)
		}
		return
	}
	text := r.Err.Text + " script: " + s.title()
	if r.Err.Source != "" {
		text += ", on " + r.Err.Source + ":" + strconv.Itoa(r.Err.Line) + "."
	}
	if r.Err.Counted {
		c.ErrorCounted(text)
		return
	}
	c.Out.Error(text)
}

// title is how errors call a script.
func (s *subject) title() string {
	if s.name != "" {
		return s.name
	}
	return s.digest.String()
}

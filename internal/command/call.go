package command

import (
	"granary/internal/clock"
	"granary/internal/mem"
	"granary/internal/resp"
)

// Commands that execute commands: EXEC, and scripts. What is executed runs through Client.Call on behalf of a session: the
// one that sent EXEC, or for a script a session without a socket (NewClient with Conn nil), which has a database, a user and
// a protocol of its own. The clock stands still in the meantime: all of it happens in the instant of the outer command.

// CallFlags say what executing a command inside of another leaves out.
type CallFlags uint8

// The flags.
const (
	CallNoStats   CallFlags = 1 << iota // it is not counted
	CallNoSlowlog                       // neither the slow log nor the latency monitor sees it
	CallNoMonitor                       // MONITOR does not see it
	CallNoEffects                       // it is not repeated elsewhere
)

// Resolve finds the command that a request asks for, the subcommand if it names a container's, and checks the number of
// arguments. If there is none to run it returns the text of the error, and the command whose arity it is about, if any.
func (e *Env) Resolve(args [][]byte) (spec *Spec, failure string) {
	spec = e.Table.Find(args[0])
	if spec == nil {
		return nil, unknownCommand(args)
	}
	if spec.Subs != nil && len(args) > 1 {
		sub := spec.Sub(args[1])
		if sub == nil {
			return nil, unknownSubcommand(spec, args)
		}
		spec = sub
	}
	if !spec.Takes(len(args)) || spec.Handler == nil {
		return spec, "ERR wrong number of arguments for '" + spec.Full + "' command"
	}
	return spec, ""
}

// Call executes a command inside of the one that is being executed, with its reply to out, which may be the session's. No
// command waits, and nothing is checked but memory: what the caller wants to check (NoScript, permissions) it checks
// before, with the Spec of Resolve. Effects join the unit of the outer command, which itself says Ctx.NoEffect.
//
// It reports false if memory ran out behind the beginning of a reply, which is then not whole and must not be used. If it
// runs out before, the reply is an error.
// REQUIRES: args are valid and stay as they are until Call returns; the handler of a command is running.
func (c *Client) Call(spec *Spec, args [][]byte, out *resp.Writer, how CallFlags) (whole bool) {
	env, ctx := c.Env, &c.ctx
	outer := *ctx
	outermost := c.outer == nil
	if outermost {
		c.outer, c.outerArgs = outer.Spec, outer.Args
	}
	ctx.Args, ctx.Spec, ctx.Out, ctx.DenyBlocking = args, spec, out, true
	ctx.dropEffects()
	dirty, errors := env.Keys.Stats.Dirty, out.Errors()
	begin := clock.Mono()
	depth := env.unit.depth
	if env.Feed != nil {
		env.beginUnit(spec)
	}
	keep := spec.Flags&TouchesArbitrary != 0 && env.Keys.ExpireOnAccess && !env.Config.LazyExpireNestedArbitraryKeys
	if keep { // what a walk meets is not named by the transaction or the script
		env.Keys.ExpireOnAccess = false
	}
	whole = c.handled(spec, out)
	if env.History != nil && env.grown() {
		c.charge(spec, args)
	}
	if keep {
		env.Keys.ExpireOnAccess = true
	}
	if env.unit.depth > depth {
		if how&CallNoEffects == 0 {
			ctx.feed(dirty)
		}
		env.endUnit()
	}
	c.Calls++
	if t := c.tracker(); t.Flags&FlagTracking != 0 {
		t.remember(spec, args)
	}
	if how&CallNoMonitor == 0 && env.Gate&GateMonitor != 0 && spec.Flags&(SkipMonitor|Admin) == 0 {
		c.show(args)
	}
	if n := out.Errors(); n != errors {
		env.Stats.failed(spec, out.LastError())
		if out == c.Out {
			c.inner += n - errors
			if c.Flags&FlagReplay != 0 {
				env.ignored.note(spec, out.LastError(), n-errors)
			}
		}
	}
	ns := clock.Mono() - begin
	if how&CallNoStats == 0 {
		env.Stats.count(env, spec, ns, 1)
	}
	if how&CallNoSlowlog == 0 && ns >= env.Stats.slow {
		env.Stats.wasSlow(c, spec, args, ns)
	}
	ctx.Args, ctx.Spec, ctx.Out, ctx.DenyBlocking = outer.Args, outer.Spec, outer.Out, outer.DenyBlocking
	ctx.effects, ctx.quiet, ctx.forReplicas = outer.effects, outer.quiet, outer.forReplicas
	if outermost {
		c.outer, c.outerArgs = nil, nil
	}
	return whole
}

// Call executes a command by its arguments, as Client.Call does. An error of Resolve is the reply.
func (c *Ctx) Call(args [][]byte, out *resp.Writer, how CallFlags) (whole bool) {
	spec, failure := c.Env.Resolve(args)
	if failure != "" {
		out.Error(failure)
		return true
	}
	return c.Client.Call(spec, args, out, how)
}

// handled runs the handler. If there is no memory for it the reply is an error, or not whole.
func (c *Client) handled(spec *Spec, out *resp.Writer) (whole bool) {
	written, running := out.Len(), c.running
	defer func() {
		c.running = running
		switch e := recover(); e {
		case nil:
		case mem.ErrOutOfMemory:
			c.ctx.dropEffects()
			whole = c.tellOutOfMemory(out, written)
		default:
			panic(e)
		}
	}()
	c.running = true
	spec.Handler(&c.ctx)
	return true
}

// tellOutOfMemory answers that there is no memory, unless a reply was begun or there is not even memory for the answer.
func (c *Client) tellOutOfMemory(out *resp.Writer, written uint64) (whole bool) {
	if out.Len() != written {
		return false
	}
	defer func() {
		switch e := recover(); e {
		case nil:
		case mem.ErrOutOfMemory:
			whole = false
		default:
			panic(e)
		}
	}()
	out.Error(ErrOutOfMemory)
	return true
}

// failed counts the errors that the command at hand answered, but those of commands inside of it, which are counted.
// errors is what Out had before it.
func (c *Client) failed(spec *Spec, errors uint64) {
	inner := c.inner
	c.inner = 0
	if c.Out.Errors() != errors+inner {
		c.Env.Stats.failed(spec, c.Out.LastError())
	}
}

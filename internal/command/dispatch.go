package command

import (
	"fmt"
	"strings"

	"granary/internal/acl"
	"granary/internal/clock"
	"granary/internal/invariants"
)

// The life of a request:
//
//	netloop reads      bytes of many connections into the loop's buffer, without the keyspace lock
//	Client.Serve       parses one request after the other out of them, under the lock
//	Client.execute     finds the command, admits it, runs its handler, counts
//	handler            looks the key up, works, appends the reply to the client's buffer
//	netloop writes     the replies, without the lock
//
// Nothing on this path allocates on the Go heap.

// execute runs one request; more tells that another is waiting behind it. The clock is read at its end, which is where
// the next request begins, or for a run of equal brief requests at the end of the run (Client.endRun).
// REQUIRES: len(args) > 0, the keyspace lock, env.mono set to now.
func (c *Client) execute(args [][]byte, more bool) {
	env := c.Env
	spec := env.Table.Find(args[0])
	if c.run.n > 0 && spec != c.run.spec {
		c.endRun(nil)
	}
	if spec == nil || spec.Subs != nil || !spec.Takes(len(args)) || !c.Authenticated || !c.User.Unlimited || c.Flags&admitFlags != 0 || env.Gate != 0 || env.limit.on && env.overLimit() {
		if spec = c.admit(spec, args); spec == nil {
			if c.Flags&FlagTracking != 0 {
				spec, _ = env.Resolve(args)
				c.endCaching(spec)
			}
			return
		}
	}

	ctx := &c.ctx
	ctx.Args, ctx.Spec = args, spec
	dirty, errors := env.Keys.Stats.Dirty, c.Out.Errors()
	c.running = true
	if env.Feed != nil {
		env.beginUnit(spec)
	}
	if env.History != nil && !spec.brief {
		c.doing(spec)
	}
	env.named("before ", spec.Full)
	spec.Handler(ctx)
	env.named("by ", spec.Full)
	c.running = false
	if env.History != nil && env.grown() {
		c.charge(spec, args)
	}
	if env.unit.depth > 0 {
		ctx.feed(dirty)
		env.endUnit()
	}
	c.Last = spec
	c.Calls++
	if c.Flags&FlagTracking != 0 {
		c.tracked(spec, args)
	}
	if env.Gate&GateMonitor != 0 && spec.Flags&(SkipMonitor|Admin) == 0 {
		c.show(args)
	}
	c.LastActive = env.Keys.Now
	if c.Out.Errors() != errors {
		c.failed(spec, errors)
	}
	if c.Flags&FlagBlocked != 0 {
		c.blocked()
		return
	}
	c.run.spec = spec
	if c.run.n++; !more || !spec.brief || c.run.n >= env.Stats.longestRun {
		c.endRun(args)
	}
}

// named checks that all memory that came and went has been entered for the key whose it was (keyspace.Unsettled).
func (e *Env) named(when, what string) {
	if invariants.Enabled {
		if n := e.Keys.Unsettled(); n != 0 {
			panic(fmt.Sprintf("command: %d bytes came that belong to no key, %s%s", n, when, what))
		}
	}
}

// admitFlags are the states of a session in which commands have to be looked at more closely before they run.
const admitFlags = FlagSubscriber | FlagMulti

// run is a row of requests for one brief command whose time is read once. Statistics count each with an equal share,
// which leaves sums exact; what is slow enough for the slow log is never in a run of more than one (Stats.longestRun),
// because a run as a whole takes less.
type run struct {
	spec *Spec
	n    int64
}

// endRun reads the clock and counts the run. args are those of its last request, nil if they are gone.
func (c *Client) endRun(args [][]byte) {
	env := c.Env
	begin, end := env.mono, clock.Mono()
	env.setMono(end)
	env.Stats.ran(c, c.run.spec, args, end-begin, c.run.n)
	c.run.n = 0
}

// Takes reports whether n arguments, the name included, satisfy the arity.
func (s *Spec) Takes(n int) bool { return n == s.Arity || s.Arity < 0 && n >= -s.Arity }

// admit is the slow path of execute: it finds the subcommand of a container and checks everything that may stand in the way
// of a command, in Redis's order. It returns the command to run, or nil after it has answered an error or put the command
// off (FlagPostponed).
func (c *Client) admit(spec *Spec, args [][]byte) *Spec {
	if c.Env.Gate&GateDefrag != 0 {
		c.Env.defragAlways()
	}
	if spec == nil {
		if c.Conn != nil && (Is(args[0], "post") || Is(args[0], "host:")) {
			// A browser was tricked into sending us a request.
			c.Env.Log.Warningf("Possible SECURITY ATTACK detected: somebody sends POST or Host: commands. Connection from %s aborted.", c.Addr())
			c.Conn.Close()
			return nil
		}
	}
	env := c.Env
	spec, failure := env.Resolve(args)
	if failure != "" {
		c.reject(spec, failure)
		return nil
	}
	if spec.Flags&NoAuth == 0 && c.NeedsAuth() {
		c.reject(spec, ErrNoAuth)
		return nil
	}
	if c.tx.on && spec.Flags&NoMulti != 0 {
		c.reject(spec, ErrNoMulti)
		return nil
	}
	if !c.User.Unlimited {
		c.Last = spec // the log describes the client
		if v, text := c.Denied(spec, args, c.aclContext()); v != acl.Allowed {
			c.reject(spec, text)
			return nil
		}
	}
	if c.tx.on && spec.Barred != nil {
		if failure := spec.Barred(c); failure != "" {
			c.reject(spec, failure)
			return nil
		}
	}
	noRoom := false
	if env.limit.on && env.overLimit() {
		if c.run.n > 0 {
			c.endRun(nil)
		}
		env.limit.cause = spec
		noRoom = !env.makeRoom()
		env.limit.cause = nil
		env.ReadClock() // what it took is not the command's
	}
	with, without := c.flagsOf(spec, args)
	switch {
	case noRoom && (with&DenyOOM != 0 || c.tx.on && spec.InMulti <= Refused):
		c.reject(spec, ErrOOM)
	case c.Flags&FlagSubscriber != 0 && c.Out.Proto == 2 && !allowedSubscribed(spec):
		c.reject(spec, errSubscribed(spec))
	case env.Gate&GateLoading != 0 && without&Loading != 0:
		c.reject(spec, ErrLoading)
	case env.Gate&GateDisk != 0 && (with&Write != 0 || spec.Name == "ping"):
		c.reject(spec, env.Misconf())
	case env.Gate&GateBusy != 0 && spec.Flags&AllowBusy == 0:
		c.reject(spec, env.busy)
	case env.Gate&GatePaused != 0 && env.Pause.holds(with):
		c.Flags |= FlagPostponed
	case env.Gate&GateSnapshot != 0 && with&(Write|MayReplicate) != 0 && c.meetsSnapshot(spec, args):
		c.Flags |= FlagPostponed
	case c.tx.on && spec.InMulti == Queued:
		c.enqueue(spec, args, with, without)
	default:
		if c.tx.on {
			c.beginExec()
		}
		return spec
	}
	return nil
}

// reject answers an error to a command that does not run, and counts it. If it is part of a transaction this makes EXEC
// answer EXECABORT; if it is EXEC, that is the error.
func (c *Client) reject(spec *Spec, text string) {
	c.tx.refused = c.tx.on
	if spec != nil && spec.InMulti == Execs {
		c.EndMulti()
		text = "EXECABORT Transaction discarded because of: " + strings.TrimPrefix(text, "ERR ")
	}
	c.Out.Error(text)
	c.Env.Stats.rejected(spec, text)
}

// unknownSubcommand is the error for a name that no subcommand has.
func unknownSubcommand(spec *Spec, args [][]byte) string {
	return "ERR unknown subcommand '" + clip(args[1], 128) + "'. Try " + strings.ToUpper(spec.Name) + " HELP."
}

// unknownCommand is the error for a name that no command has, with the beginning of the arguments.
func unknownCommand(args [][]byte) string {
	var b strings.Builder
	b.WriteString("ERR unknown command '")
	b.WriteString(clip(args[0], 128))
	b.WriteString("', with args beginning with: ")
	n := 0
	for _, a := range args[1:] {
		if n >= 128 {
			break
		}
		s := clip(a, 128-n)
		b.WriteString("'" + s + "' ")
		n += len(s) + 3
	}
	return b.String()
}

// Clip returns an argument for the text of an error: up to a zero byte, as C strings end there, and at most 4 KiB of it.
func Clip(arg []byte) string { return clip(arg, 4096) }

// clip returns at most n bytes of an argument, ending at a zero byte as C strings do.
func clip(arg []byte, n int) string {
	s := string(arg[:min(n, len(arg))])
	if i := strings.IndexByte(s, 0); i >= 0 {
		s = s[:i]
	}
	return s
}

package command

import (
	"time"

	"granary/internal/clock"
	"granary/internal/keyspace"
	"granary/internal/mem"
	"granary/internal/netloop"
	"granary/internal/resp"
)

// Commands that wait for somebody else (MIGRATE): a goroutine of their own talks to the network, without any lock, and the client
// waits as one that waits for a key, but for no key. Neither time nor CLIENT UNBLOCK ends that.
//
//	handler     Ctx.Elsewhere: the client waits; a goroutine begins
//	goroutine   ...; Elsewhere.End
//	B of the client's loop   what is left to be done under the lock is done, as a command is, and the reply is sent. If the client
//	            has gone meanwhile, it is done all the same, and nobody gets the reply
//
// As long as commands that write have to wait (CLIENT PAUSE, a script that takes long), the end waits too.

// Elsewhere is a command that waits for somebody else.
type Elsewhere struct {
	of   *waiting
	db   *keyspace.DB
	loop *netloop.Loop
}

// endAgain is after what time an end that had to wait is tried again.
const endAgain = 5 * time.Millisecond

// Elsewhere has the client wait until End. It may panic with mem.ErrOutOfMemory, and has changed nothing then.
// REQUIRES: not NeverBlocks.
func (c *Ctx) Elsewhere() *Elsewhere {
	c.Block(Wait{})
	x := c.Client.waiting
	x.bound = true
	return &Elsewhere{of: x, db: c.DB, loop: c.Client.Loop()}
}

// End has fn called under the keyspace lock, to do the rest and to answer. fn may return false to be called again a little later;
// it has done nothing then. Any goroutine may call End, once, without a lock.
func (x *Elsewhere) End(fn func(c *Ctx) (done bool)) {
	x.loop.Post(func() {
		if x.of.client.Env.Gate&(GateBusy|GateLoading|GatePaused) != 0 || !x.end(fn) {
			time.AfterFunc(endAgain, func() { x.End(fn) })
		}
	})
}

// end executes the rest of the command. REQUIRES: the keyspace lock, in B of the loop.
func (x *Elsewhere) end(fn func(c *Ctx) bool) (done bool) {
	c := x.of.client
	env, b, there := c.Env, &c.Env.Blocked, c.waiting == x.of
	env.ReadClock()
	outer, current := c.ctx, env.current
	out := b.reply(c)
	errors, dirty := out.Errors(), env.Keys.Stats.Dirty
	ctx := &c.ctx
	ctx.Spec, ctx.Out, ctx.DB, ctx.Args = x.of.spec, out, x.db, nil
	if there {
		b.args = x.of.load(b.args[:0])
		ctx.Args = b.args
	}
	env.current = c
	if env.Feed != nil {
		env.beginUnit(x.of.spec)
	}
	done = c.endElsewhere(fn, out)
	if env.unit.depth > 0 {
		ctx.feed(dirty)
		env.endUnit()
	}
	env.current = current
	ctx.Spec, ctx.Out, ctx.DB, ctx.Args = outer.Spec, outer.Out, outer.DB, outer.Args
	begin, end := env.mono, clock.Mono()
	env.setMono(end)
	x.of.nanos += end - begin
	if done && there {
		c.unblock(errors)
	}
	env.ServeReady()
	if c.Flags&FlagPushes != 0 {
		c.sendPushes(env.Loop)
	}
	return done
}

// endElsewhere calls fn. If there is no memory the client gets an error.
func (c *Client) endElsewhere(fn func(c *Ctx) bool, out *resp.Writer) (done bool) {
	defer func() { c.running = false }()
	c.running = true
	if !mem.Try(func() { done = fn(&c.ctx) }) {
		c.ctx.dropEffects()
		c.Env.Blocked.out.Reset()
		out.Error(ErrOutOfMemory)
		return true
	}
	return done
}

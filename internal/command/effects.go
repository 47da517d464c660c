package command

import (
	"slices"

	"granary/internal/mem"
)

// What is repeated elsewhere: one stream of effects, in the order in which they happened, for the append-only file and
// the replicas.
//
// An effect is a command with its database. A command that changed something (that counted a change) has itself as its
// effect, unless it said what to repeat instead (Ctx.Rewrite) or that there is nothing to repeat (Ctx.NoEffect). Keys and
// fields that the keyspace deletes because their time came have effects of their own.
//
// What has to be repeated as a whole is a unit: a command that a client sent, with all that it executes inside of itself
// (EXEC, scripts) and all that expires on the way. A unit of several effects is put between MULTI and EXEC; one of a
// single effect is that effect. Keys that a command meets on a walk (SCAN) and that are gone are no unit: nothing holds
// them together.
//
//	GET k               -                                      nothing changed
//	SET k v EX 9        SET k v PXAT 1700000000000
//	SUNIONSTORE d a b   MULTI, DEL a, SUNIONSTORE d a b, EXEC  the time of a had come
//	EXEC                MULTI, SET a 1, SET b 2, EXEC
//
// Nothing is collected: the first effect of a unit is held back until it is known whether it is the only one, and
// everything behind it goes to the feed at once. The one effect of a plain command is its last, and is not even copied.

// Feed receives effects in execution order.
type Feed interface {
	// Append takes an effect, which is for those that to names. The arguments are valid during the call only. db is -1 for
	// MULTI and EXEC, which mean the same in every database.
	Append(db int, args [][]byte, to Target)
}

// Target says who repeats an effect.
type Target uint8

// The targets.
const (
	ToReplicas Target = 1 << iota
	ToFile            // the append-only file
	ToAll      = ToReplicas | ToFile
)

// anyDB is the database of effects that concern none.
const anyDB = -1

// feeds is a feed for each of several.
type feeds []Feed

// Append implements Feed.
func (f feeds) Append(db int, args [][]byte, to Target) {
	for _, x := range f {
		x.Append(db, args, to)
	}
}

// AddFeed has all effects from now on sent to f, too.
func (e *Env) AddFeed(f Feed) { e.setFeeds(append(e.allFeeds(), f)) }

// RemoveFeed undoes AddFeed.
func (e *Env) RemoveFeed(f Feed) {
	e.setFeeds(slices.DeleteFunc(e.allFeeds(), func(x Feed) bool { return x == f }))
}

// allFeeds returns a copy of the list.
func (e *Env) allFeeds() feeds {
	switch f := e.Feed.(type) {
	case nil:
		return nil
	case feeds:
		return slices.Clone(f)
	default:
		return feeds{f}
	}
}

func (e *Env) setFeeds(list feeds) {
	h := &e.Keys.Hooks
	h.Expired, h.FieldExpired, h.Evicted = e.keyExpired, e.fieldExpired, e.keyEvicted
	switch len(list) {
	case 0:
		e.Feed = nil
		h.Expired, h.FieldExpired, h.Evicted = nil, nil, nil
	case 1:
		e.Feed = list[0]
	default:
		e.Feed = list
	}
}

// Unheard runs fn, of whose effects nobody hears: data are being loaded.
func (e *Env) Unheard(fn func()) {
	feed, unit := e.Feed, e.unit
	hooks := e.Keys.Hooks
	e.Feed, e.unit.depth = nil, 0
	e.Keys.Hooks.Expired, e.Keys.Hooks.FieldExpired, e.Keys.Hooks.Evicted = nil, nil, nil
	defer func() {
		h := &e.Keys.Hooks
		h.Expired, h.FieldExpired, h.Evicted = hooks.Expired, hooks.FieldExpired, hooks.Evicted
		e.Feed, e.unit = feed, unit
	}()
	fn()
}

// unit is the unit at hand. Guarded by the keyspace lock.
type unit struct {
	depth int  // commands in execution, one inside the other; 0: what happens is a unit by itself
	walk  bool // the command meets keys on a walk: no MULTI
	state unitState

	logged int64 // Saves.Logged before it

	// The effect that is held back: a block of the keyspace's arena (PurposeMulti) as queued commands have it.
	held   mem.Ref
	heldDB int
	heldTo Target
	args   [][]byte
}

type unitState uint8

const (
	unitEmpty unitState = iota // no effect yet
	unitHeld                   // one, which is held back
	unitOpen                   // MULTI was sent, with all effects so far
)

var (
	wordMulti  = [][]byte{[]byte("MULTI")}
	wordExec   = [][]byte{[]byte("EXEC")}
	wordDel    = []byte("DEL")
	wordUnlink = []byte("UNLINK")
	wordHDel   = []byte("HDEL")
)

// beginUnit begins a unit, or a command inside of one.
func (e *Env) beginUnit(spec *Spec) {
	if u := &e.unit; u.depth == 0 {
		u.walk = spec.Flags&TouchesArbitrary != 0
		u.logged = e.Saves.Logged
	}
	e.unit.depth++
}

// endUnit is the end of beginUnit. With the unit, what was held back is sent.
func (e *Env) endUnit() {
	u := &e.unit
	if u.depth--; u.depth > 0 {
		return
	}
	switch u.state {
	case unitHeld:
		e.release()
	case unitOpen:
		e.send(anyDB, wordExec, ToAll)
	}
	u.depth, u.state, u.walk = 0, unitEmpty, false
	if e.Saves.Logged != u.logged && e.current != nil {
		e.current.wrote = e.Saves.Logged
	}
}

// breakUnit ends whatever unit is at hand: a command ended in a panic.
func (e *Env) breakUnit() {
	if u := &e.unit; u.depth > 0 {
		u.depth = 1
		e.endUnit()
	}
}

// lastEffect is effect for an effect that the unit ends with.
func (e *Env) lastEffect(db int, args [][]byte, to Target) {
	if u := &e.unit; u.depth <= 1 && u.state == unitEmpty {
		e.send(db, args, to)
		return
	}
	e.effect(db, args, to)
}

// effect adds an effect to the unit at hand.
func (e *Env) effect(db int, args [][]byte, to Target) {
	u := &e.unit
	if u.depth == 0 || u.walk {
		e.send(db, args, to)
		return
	}
	switch u.state {
	case unitEmpty:
		if e.hold(db, args, to) {
			u.state = unitHeld
			return
		}
		e.send(anyDB, wordMulti, ToAll) // no memory to hold it: a transaction of perhaps one effect does no harm
	case unitHeld:
		e.send(anyDB, wordMulti, ToAll)
		e.release()
	case unitOpen:
	}
	u.state = unitOpen
	e.send(db, args, to)
}

func (e *Env) send(db int, args [][]byte, to Target) {
	if e.Feed != nil {
		e.Feed.Append(db, args, to)
	}
}

// hold keeps a copy of an effect, if there is memory for it.
func (e *Env) hold(db int, args [][]byte, to Target) (ok bool) {
	defer func() {
		switch p := recover(); p {
		case nil:
		case mem.ErrOutOfMemory:
			ok = false
		default:
			panic(p)
		}
	}()
	e.unit.held = newQueued(e.Keys.Arena, 0, args)
	e.unit.heldDB, e.unit.heldTo = db, to
	return true
}

// release sends the effect that is held.
func (e *Env) release() {
	u := &e.unit
	u.args = appendQueued(u.args[:0], u.held)
	e.send(u.heldDB, u.args, u.heldTo)
	clear(u.args)
	freeQueued(e.Keys.Arena, u.held)
	u.held = 0
}

// keyExpired is the hook for keys that the keyspace deletes because their time came.
func (e *Env) keyExpired(db int, key []byte) {
	name := wordDel
	if e.Config.LazyfreeLazyExpire {
		name = wordUnlink
	}
	e.effect(db, [][]byte{name, key}, ToAll)
}

// fieldExpired is the hook for fields of hashes.
func (e *Env) fieldExpired(db int, key, field []byte) {
	e.effect(db, [][]byte{wordHDel, key, field}, ToAll)
}

// Feeding tells whether somebody listens to effects, so that a handler need not build what nobody reads.
func (c *Ctx) Feeding() bool { return c.Env.Feed != nil }

// Rewrite replaces what replicas and the AOF repeat: instead of the command as sent, all effects given by calls of
// Rewrite, in order, even if no change was counted (FLUSHDB of an empty database). The arguments are kept until the
// command ends.
func (c *Ctx) Rewrite(args ...[]byte) {
	if c.Env.unit.depth > 0 {
		c.effects = append(c.effects, args)
	}
}

// NoEffect says that nothing is to be repeated elsewhere although data changed. A command that executes others
// (Client.Call) says so, as they have effects of their own.
func (c *Ctx) NoEffect() { c.quiet = c.Env.unit.depth > 0 }

// ForReplicas says that replicas repeat the command although it changes no data (PUBLISH).
func (c *Ctx) ForReplicas() { c.forReplicas = c.Env.unit.depth > 0 }

// dropEffects forgets what the command said so far: it fails.
func (c *Ctx) dropEffects() { c.effects, c.quiet, c.forReplicas = nil, false, false }

// feed hands the effects of the command that just ran, and of nothing inside of it, to the unit. dirty is the count of
// changes before it.
func (c *Ctx) feed(dirty int64) {
	e := c.Env
	effects, quiet, forReplicas := c.effects, c.quiet, c.forReplicas
	c.dropEffects()
	switch {
	case quiet:
	case len(effects) > 0:
		last := len(effects) - 1
		for _, args := range effects[:last] {
			e.effect(c.DB.ID, args, ToAll)
		}
		e.lastEffect(c.DB.ID, effects[last], ToAll)
	case e.Keys.Stats.Dirty > dirty: // what saves sets it back
		e.lastEffect(c.DB.ID, c.Args, ToAll)
	case forReplicas:
		e.lastEffect(c.DB.ID, c.Args, ToReplicas)
	}
}

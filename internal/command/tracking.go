package command

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"strconv"
	"time"

	"granary/internal/mem"
	"granary/internal/tracking"
)

// Client-side caching: clients are told when what they read changes, so that they may keep it.
//
//	a command has read      its keys are remembered for the client, unless the client listens to prefixes
//	a key changed           a hook of the keyspace: who read it is told at once (Client.Push: if it is the client that is
//	                        being served, behind its reply), and has to read it again to be told again; and the key is noted
//	                        under each prefix that somebody listens to
//	a turn ends             what was noted is told, one message for each prefix
//	FLUSHALL, FLUSHDB       all who track anything are told to forget everything
//	too many keys           some are forgotten, and who read them is told that they changed
//
// A message goes to the client itself, as a push of RESP3, or to the one that it has named (REDIRECT), which may also be a
// subscriber that speaks RESP2. A client that can be told in neither way is not.
//
// While nobody tracks, no hook is set, nothing is remembered, and a command costs a look at one flag of its client.

// TrackMode is a set of options of CLIENT TRACKING, and of states of a client that tracks.
type TrackMode uint8

// The options and states.
const (
	TrackBroadcast TrackMode = 1 << iota // BCAST
	TrackOptIn                           // OPTIN
	TrackOptOut                          // OPTOUT
	TrackNoLoop                          // NOLOOP
	TrackCaching                         // CLIENT CACHING was given for the next command
	TrackBroken                          // the client of REDIRECT is gone
)

// tracks is what all clients cache. Guarded by the keyspace lock.
type tracks struct {
	keys     *tracking.Keys
	prefixes *tracking.Prefixes
	clients  int      // that track
	pos      []KeyPos // reused
	array    []byte   // reused: the keys of a message
	all      []byte   // reused: the keys that changed under a prefix
	frame    []byte   // reused: a message
}

// track is what a client has asked for.
type track struct {
	mode     TrackMode
	redirect int64 // the client that is told, 0: this one
	set      tracking.Set
}

// bytes returns what is booked for the client alone. t may be nil.
func (t *track) bytes() int64 {
	if t == nil {
		return 0
	}
	return t.set.Bytes()
}

// TrackingReport is what INFO tells.
type TrackingReport struct {
	Clients  int64 // that track
	Keys     int64 // that somebody read
	Items    int64 // pairs of a key and a client that read it
	Prefixes int64
}

// Tracking reports what is tracked.
func (e *Env) Tracking() (r TrackingReport) {
	if t := &e.track; t.keys != nil {
		r = TrackingReport{int64(t.clients), int64(t.keys.Len()), int64(t.keys.Items()), int64(t.prefixes.Len())}
	}
	return r
}

// TrackingMode returns the options and states of a client; ok tells whether it tracks at all.
func (c *Client) TrackingMode() (mode TrackMode, ok bool) {
	if c.track == nil {
		return 0, false
	}
	return c.track.mode, true
}

// TrackingRedirect returns the ID of the client that is told in place of this one, 0 for none, -1 if it does not track.
func (c *Client) TrackingRedirect() int64 {
	if c.track == nil {
		return -1
	}
	return c.track.redirect
}

// TrackingPrefixes returns the prefixes that the client listens to, in order of bytes.
func (c *Client) TrackingPrefixes() (list [][]byte) {
	if c.track != nil {
		c.track.set.Each(func(p []byte) { list = append(list, p) })
		slices.SortFunc(list, bytes.Compare)
	}
	return list
}

// TrackingOverlap returns a prefix of the client that overlaps with one it wants to add.
func (c *Client) TrackingOverlap(prefix []byte) (with []byte, found bool) {
	if c.track == nil {
		return nil, false
	}
	return c.track.set.Overlapping(prefix)
}

// SetTrackingCaching notes CLIENT CACHING. REQUIRES: the client tracks.
func (c *Client) SetTrackingCaching() { c.track.mode |= TrackCaching }

// Track makes the client track with options, or gives it others; the prefixes are added to those it has. After a panic with
// mem.ErrOutOfMemory some of them may be missing.
func (c *Client) Track(mode TrackMode, redirect int64, prefixes [][]byte) {
	env := c.Env
	t := &env.track
	if t.keys == nil {
		t.keys, t.prefixes = tracking.NewKeys(env.Keys.Arena), tracking.NewPrefixes(env.Keys.Arena)
	}
	if c.track == nil {
		c.track = &track{set: tracking.Set{Client: c.ID}}
		c.book()
		c.Flags |= FlagTracking
		if t.clients++; t.clients == 1 {
			env.hookChanges()
		}
	}
	c.track.mode = mode | c.track.mode&TrackCaching
	c.track.redirect = redirect
	if mode&TrackBroadcast == 0 {
		return
	}
	if len(prefixes) == 0 {
		prefixes = [][]byte{nil}
	}
	for _, p := range prefixes {
		t.prefixes.Add(&c.track.set, p)
	}
}

// Untrack makes the client track nothing.
func (c *Client) Untrack() { c.Env.untrack(c) }

// untrack ends what Track began. When nobody tracks any more, all that was read is forgotten.
func (e *Env) untrack(c *Client) {
	if c.track == nil {
		return
	}
	t := &e.track
	t.prefixes.Leave(&c.track.set)
	c.track = nil
	c.book()
	c.Flags &^= FlagTracking
	if t.clients--; t.clients == 0 {
		t.keys.Clear()
		t.array, t.all, t.frame = nil, nil, nil
		e.hookChanges()
	}
}

// tracker returns the client that reads: the one that runs the script for a session of scripts.
func (c *Client) tracker() *Client {
	if c.Caller != nil {
		return c.Caller
	}
	return c
}

// tracked is the end of a command of a client that tracks.
func (c *Client) tracked(spec *Spec, args [][]byte) {
	c.remember(spec, args)
	if c.Flags&(FlagTracking|FlagBlocked) == FlagTracking {
		c.endCaching(spec)
	}
	c.Env.trimTracking(trimStep)
}

// endCaching makes CLIENT CACHING void behind the command it was for: one that is not CLIENT itself, or a transaction.
func (c *Client) endCaching(spec *Spec) {
	if c.tx.on || c.Flags&FlagPostponed != 0 || spec != nil && (spec.Name == "client" || spec.Parent != nil && spec.Parent.Name == "client") {
		return
	}
	c.track.mode &^= TrackCaching
}

// remember notes the keys that a command has read for the client. One for which there is no memory is told to have changed.
func (c *Client) remember(spec *Spec, args [][]byte) {
	if spec.Flags&ReadOnly == 0 || c.track == nil || spec.runsScript() {
		return // the commands of a script are asked for themselves
	}
	switch mode := c.track.mode; {
	case mode&TrackBroadcast != 0, mode&(TrackOptIn|TrackCaching) == TrackOptIn, mode&(TrackOptOut|TrackCaching) == TrackOptOut|TrackCaching:
		return
	}
	t := &c.Env.track
	var ok bool
	t.pos, ok = spec.FindKeys(args, t.pos[:0])
	if !ok {
		return
	}
	for _, p := range t.pos {
		if name := args[p.Index]; !t.remember(name, c.ID) {
			c.Env.tellForgotten(name, c.ID)
		}
	}
}

// runsScript reports whether the command is one of those that read by the commands of a script.
func (s *Spec) runsScript() bool {
	return s.Full == "eval_ro" || s.Full == "evalsha_ro" || s.Full == "fcall_ro"
}

// remember reports whether there was memory.
func (t *tracks) remember(name []byte, client int64) (ok bool) {
	defer func() {
		switch e := recover(); e {
		case nil, mem.ErrOutOfMemory:
		default:
			panic(e)
		}
	}()
	t.keys.Remember(name, client)
	return true
}

// invalidate is the hook for keys that changed or went away.
func (e *Env) invalidate(_ int, key []byte, expired bool) {
	t := &e.track
	if t.prefixes.Len() > 0 {
		by := int64(0)
		if e.current != nil && !expired {
			by = e.current.ID
		}
		t.prefixes.Change(key, by)
	}
	if t.keys.Len() > 0 {
		t.keys.Take(key, e.tellChanged)
	}
}

// tellChanged tells a client that read a key that it changed, but not one that changed it itself and does not want to know.
func (e *Env) tellChanged(key []byte, client int64) {
	if c := e.current; c != nil && c.ID == client && c.track != nil && c.track.mode&TrackNoLoop != 0 {
		return
	}
	e.tellForgotten(key, client)
}

// tellForgotten tells a client that read a key that it changed, because from now on nobody would.
func (e *Env) tellForgotten(key []byte, client int64) {
	c := e.Clients.Find(client)
	if c == nil || c.track == nil || c.track.mode&TrackBroadcast != 0 {
		return
	}
	t := &e.track
	t.array = appendBulk(append(t.array[:0], "*1\r\n"...), key)
	e.tellInvalid(c, t.array)
}

// tellInvalid sends a client that tracks an invalidation of keys, which are an array of the protocol or a null.
func (e *Env) tellInvalid(c *Client, keys []byte) {
	t, to := &e.track, c
	if id := c.track.redirect; id != 0 {
		if to = e.Clients.Find(id); to == nil || to.Conn != nil && !to.reachable() {
			c.track.mode |= TrackBroken
			if c.Out.Proto == 3 {
				t.frame = append(t.frame[:0], ">2\r\n$21\r\ntracking-redir-broken\r\n:"...)
				t.frame = strconv.AppendInt(t.frame, id, 10)
				t.frame = append(t.frame, "\r\n"...)
				c.Push(t.frame)
			}
			return
		}
	}
	switch {
	case to.Out.Proto == 3:
		t.frame = append(t.frame[:0], ">2\r\n$10\r\ninvalidate\r\n"...)
	case c.track.redirect != 0 && to.Flags&FlagSubscriber != 0:
		t.frame = append(t.frame[:0], "*3\r\n$7\r\nmessage\r\n$20\r\n__redis__:invalidate\r\n"...)
	default:
		return // there is no way to tell it
	}
	t.frame = append(t.frame, keys...)
	to.Push(t.frame)
	if cap(t.frame) > frameKeep || cap(t.array) > frameKeep {
		t.frame, t.array = nil, nil
	}
}

// InvalidateAll tells all clients that track that everything they know may have changed (FLUSHALL, FLUSHDB).
func (e *Env) InvalidateAll() {
	if e.track.clients == 0 {
		return
	}
	for _, c := range e.Clients.Snapshot(nil) {
		if c.track != nil {
			e.tellInvalid(c, nullOf(c))
		}
	}
	e.track.keys.Clear()
}

// nullOf returns a null in the protocol of the client that tracks, which may not be the one that is told: so it is in Redis.
func nullOf(c *Client) []byte {
	if c.Out.Proto == 3 {
		return []byte("_\r\n")
	}
	return []byte("$-1\r\n")
}

// endTurnTracking tells what changed under prefixes in this turn. In the middle of a script nothing is told: what its
// commands change is one change.
func (e *Env) endTurnTracking() {
	if !e.track.prefixes.Changed() || e.Gate&GateBusy != 0 {
		return
	}
	t := &e.track
	t.prefixes.Take(func(ch *tracking.Changes) {
		t.all, _ = appendChanged(t.all[:0], ch, -1)
		ch.Clients(func(id int64) {
			c := e.Clients.Find(id)
			switch {
			case c == nil || c.track == nil:
			case ch.Lost:
				e.tellInvalid(c, nullOf(c))
			case c.track.mode&TrackNoLoop == 0:
				e.tellInvalid(c, t.all)
			default:
				n := 0
				if t.array, n = appendChanged(t.array[:0], ch, id); n > 0 {
					e.tellInvalid(c, t.array)
				}
			}
		})
	})
	if cap(t.all) > frameKeep {
		t.all = nil
	}
}

// appendChanged appends the array of keys that changed, without those that a client changed itself, and returns their number.
func appendChanged(b []byte, ch *tracking.Changes, except int64) (_ []byte, n int) {
	ch.Each(func(_ []byte, by int64) {
		if by != except {
			n++
		}
	})
	b = append(b, '*')
	b = strconv.AppendInt(b, int64(n), 10)
	b = append(b, "\r\n"...)
	ch.Each(func(name []byte, by int64) {
		if by != except {
			b = appendBulk(b, name)
		}
	})
	return b, n
}

// trimStep is how many keys are forgotten at once when there are too many.
const trimStep = 100

// trimTracking forgets up to n keys, and tells who read them that they changed, while there are more of them than
// tracking-table-max-keys. It reports whether there are not.
func (e *Env) trimTracking(n int) bool {
	t, most := &e.track, e.Config.TrackingTableMaxKeys
	if t.keys == nil || most == 0 {
		return true
	}
	for ; n > 0 && int64(t.keys.Len()) > most; n-- {
		t.keys.TakeRandom(rand.Uint64(), e.tellForgotten)
	}
	return int64(t.keys.Len()) <= most
}

// TrackingSlice does what is to be done for tracking in the background until the deadline, and reports whether nothing is
// left to do: it forgets keys when there are too many, and gives memory back.
func (e *Env) TrackingSlice(deadline time.Time) bool {
	if e.track.keys == nil {
		return true
	}
	for !e.trimTracking(trimStep) || !e.track.keys.FreeSlice(trimStep) {
		if time.Now().After(deadline) {
			return false
		}
	}
	return true
}

package command

import (
	"slices"

	"granary/internal/netloop"
)

// Pause is the state of CLIENT PAUSE. While it lasts, commands of all clients, or those that may change data, are put
// off: the request stays where it was read, the connection is paused, and Serve sees the same request again afterwards.
type Pause struct {
	until int64 // Unix ms
	all   bool
	held  []*Client // clients with a request that waits
}

// holds reports whether a command of these flags has to wait.
func (p *Pause) holds(flags Flags) bool { return p.all || flags&(Write|MayReplicate) != 0 }

// PauseClients begins a pause or changes the one that lasts: it only ever gets longer and stricter.
// until is Unix ms.
func (e *Env) PauseClients(until int64, all bool) {
	p := &e.Pause
	if e.Gate&GatePaused == 0 {
		p.until, p.all = until, all
	} else {
		p.until = max(p.until, until)
		p.all = p.all || all
	}
	e.Gate |= GatePaused
	e.Keys.ExpireOnAccess = false
}

// UnpauseClients ends the pause: clients that wait are served in the order in which they came to wait. The keyspace
// lock is held on behalf of the loop cur (nil: of none).
func (e *Env) UnpauseClients(cur *netloop.Loop) {
	if e.Gate&GatePaused == 0 {
		return
	}
	e.Gate &^= GatePaused
	e.Keys.ExpireOnAccess = true
	e.Pause = Pause{held: e.Pause.held}
	e.resumeHeld(cur)
	e.ServeReady()
}

// resumeHeld has those whose request waits try again, in the order in which they came to wait. Who has still to wait does so
// again.
func (e *Env) resumeHeld(cur *netloop.Loop) {
	held := e.Pause.held
	e.Pause.held = nil
	for _, c := range held {
		c.Conn.Borrow(cur)
		c.Conn.Resume()
		c.Conn.Return(cur)
	}
}

// postpone leaves the request at hand of a client for the end of the pause.
func (p *Pause) postpone(c *Client) {
	c.Conn.Pause()
	p.held = append(p.held, c)
}

// forget takes out a client that went away.
func (p *Pause) forget(c *Client) {
	p.held = slices.DeleteFunc(p.held, func(x *Client) bool { return x == c })
}

// Held returns the number of clients whose request waits.
func (p *Pause) Held() int { return len(p.held) }

// Paused reports whether CLIENT PAUSE lasts, and for whom.
func (e *Env) Paused() (now, all bool) { return e.Gate&GatePaused != 0, e.Pause.all }

// PauseEnd returns the Unix time in ms at which the pause ends, 0 when there is none. The server calls UnpauseClients
// then.
func (e *Env) PauseEnd() int64 {
	if e.Gate&GatePaused == 0 {
		return 0
	}
	return e.Pause.until
}

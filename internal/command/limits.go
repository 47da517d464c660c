package command

import (
	"granary/internal/config"
	"granary/internal/netloop"
)

// Limits that close a client: what it sends, what it does not read, and how long it is silent.

// class returns which of the output limits holds for the client.
func (c *Client) class() config.Class {
	if c.Flags&FlagSubscriber != 0 {
		return config.ClassPubSub
	}
	return config.ClassNormal
}

// Kind returns the type of the client by which CLIENT LIST and CLIENT KILL choose.
func (c *Client) Kind() string {
	if c.Flags&FlagSubscriber != 0 {
		return "pubsub"
	}
	return "normal"
}

// TimesOut reports whether the client is closed when it is silent for longer than the directive timeout allows.
func (c *Client) TimesOut() bool {
	return c.Conn != nil && c.Flags&(FlagPostponed|FlagBlocked|FlagSubscriber) == 0
}

// strangerOutput is how many bytes may wait in the reply list of a client that never logged in: it could have the server hold
// error replies that it does not read.
const strangerOutput = 1024

// CheckOutputLimit closes the client when more output waits for it than client-output-buffer-limit allows: more than
// the hard limit at once, more than the soft limit for too long. It is called whenever the reply list has grown, and
// about once a second.
func (c *Client) CheckOutputLimit() {
	if c.Conn == nil || c.Conn.Closing() {
		return
	}
	lim := &c.Env.Config.ClientOutputBufferLimit[c.class()]
	used := int64(c.Conn.OutMem())
	over := lim.Hard > 0 && used >= lim.Hard || used > strangerOutput && !c.known && c.NeedsAuth()
	switch now := c.Env.Keys.Now; {
	case lim.Soft <= 0 || used < lim.Soft:
		c.softSince = 0
	case c.softSince == 0:
		c.softSince = now
	case now-c.softSince > lim.SoftSeconds*1000:
		over = true
	}
	if !over {
		return
	}
	c.Env.Stats.OutputLimit++
	c.Env.Log.Warningf("Client %s scheduled to be closed ASAP for overcoming of output buffer limits.", c.Describe())
	c.Conn.Close()
}

// Closed ends the session: the connection is gone or about to go. It implements netloop.Session.
func (c *Client) Closed(conn *netloop.Conn) {
	env := c.Env
	if c.Flags&FlagPostponed != 0 {
		env.Pause.forget(c)
	}
	if c.waiting != nil {
		env.Blocked.leave(c.waiting)
	}
	if conn.Reason() == netloop.ReasonQueryLimit {
		env.Stats.QueryLimit++
		env.Log.Warningf("Closing client that reached max query buffer length: %s", c.Describe())
	}
	c.Leave()
	env.uncountHeld(c)
	c.noted = false
	env.Clients.Remove(c)
}

// Leave ends the client's transaction, its subscriptions, tracking and MONITOR, without telling it: whoever sees the reply
// of QUIT, or the connection closed, finds nothing of the client.
func (c *Client) Leave() {
	c.EndMulti()
	c.Env.unwatch(c)
	c.Env.unsubscribe(c)
	c.Env.untrack(c)
}

package command

import (
	"strconv"

	"granary/internal/glob"
	"granary/internal/keyspace"
	"granary/internal/mem"
	"granary/internal/netloop"
	"granary/internal/pubsub"
)

// Messages: what a client is sent without having asked for it just now. They go into its reply buffer at once, unless a
// command of this client is being executed: then they wait until its reply is whole.

// frameKeep is the most room that is kept for building messages.
const frameKeep = 64 << 10

// OpenPubSub makes publishing possible, keyspace events included.
func (e *Env) OpenPubSub() {
	e.PubSub = pubsub.New(e.Keys.Arena)
	e.Keys.AddMover(keyspace.Mover{Name: "pubsub", Relocate: e.movePubSub})
	e.Keys.AddMover(keyspace.Mover{Name: "tracking", Relocate: e.moveTracked})
	e.Keys.Hooks.Event = e.publishEvent
	e.ACL.Subscriptions = func(c *Client, fn func(channel []byte, pattern bool) bool) {
		more := true
		for k := range pubsub.Kind(pubsub.NumKinds) {
			c.Subs.Each(k, func(name []byte) bool {
				more = more && fn(name, k == pubsub.Pattern)
				return more
			})
		}
	}
}

// Publish sends a message to all who are subscribed to a channel (kind Channel, or Shard) or to a pattern that it matches,
// and returns how many messages that were.
func (e *Env) Publish(kind pubsub.Kind, channel, message []byte) (receivers int) {
	m := publication{env: e, channel: channel, message: message}
	defer func() { e.unshare(m.shared) }()
	word := "message"
	if kind == pubsub.Shard {
		word = "smessage"
	}
	first := true
	e.PubSub.Each(kind, channel, func(client int64) {
		if first {
			m.frame(word, nil)
			first = false
		}
		m.pushTo(client)
		receivers++
	})
	if kind == pubsub.Shard || e.PubSub.Len(pubsub.Pattern) == 0 {
		return receivers
	}
	e.PubSub.Topics(pubsub.Pattern, func(pattern []byte, clients func(func(int64))) bool {
		if !glob.Match(pattern, channel, false) {
			return true
		}
		m.frame("pmessage", pattern)
		clients(func(client int64) {
			m.pushTo(client)
			receivers++
		})
		return true
	})
	return receivers
}

// publication is a message on its way.
type publication struct {
	env              *Env
	channel, message []byte
	head             []byte // a frame: all of it, or up to the message if that is shared
	shared           shared // the message with its length and line end
}

// frame builds what is sent. It is valid until the next call.
func (m *publication) frame(word string, pattern []byte) {
	e := m.env
	if len(m.message) >= shareMin && m.shared.ref == 0 {
		var length [24]byte
		head := appendBulkHead(length[:0], m.message)
		if m.shared = e.newShared(len(head) + len(m.message) + len("\r\n")); m.shared.ref != 0 {
			b := append(append(m.shared.bytes()[:0], head...), m.message...)
			_ = append(b, "\r\n"...)
		}
	}
	m.head = e.frame(word, pattern, m.channel)
	if m.shared.ref == 0 {
		m.head = appendBulk(m.head, m.message)
	}
	e.frameBuf = m.head
}

// pushTo sends the frame to a client.
func (m *publication) pushTo(client int64) {
	c := m.env.Clients.Find(client)
	if c == nil {
		return
	}
	m.head[0] = '*'
	if c.Out.Proto == 3 {
		m.head[0] = '>'
	}
	switch {
	case m.shared.ref == 0:
		c.Push(m.head)
	case c.running || c.Conn == nil:
		c.Push(m.head)
		c.Push(m.shared.bytes())
	default:
		c.NoteHeld()
		c.Conn.Borrow(m.env.Loop)
		c.unmuted(func() {
			c.Out.Raw(m.head)
			c.sendShared(m.shared)
		})
		c.Conn.Return(m.env.Loop)
	}
}

// publishEvent is the hook for keyspace events.
func (e *Env) publishEvent(_ keyspace.Class, event string, key []byte, db int) {
	name := func(prefix string) []byte {
		b := append(e.name[:0], prefix...)
		b = strconv.AppendInt(b, int64(db), 10)
		return append(b, "__:"...)
	}
	if e.Keys.Events&keyspace.KeyChannel != 0 {
		e.name = append(name("__keyspace@"), key...)
		e.Publish(pubsub.Channel, e.name, []byte(event))
	}
	if e.Keys.Events&keyspace.EventChannel != 0 {
		e.name = append(name("__keyevent@"), event...)
		e.Publish(pubsub.Channel, e.name, key)
	}
	if cap(e.name) > frameKeep {
		e.name = nil
	}
}

// frame builds the beginning of a message in the form of RESP2, which differs from that of RESP3 in the first byte. It is
// valid until the next call.
func (e *Env) frame(word string, pattern, channel []byte) []byte {
	b := e.frameBuf
	if cap(b) > frameKeep {
		b = nil
	}
	if pattern == nil {
		b = append(b[:0], "*3\r\n"...)
	} else {
		b = append(b[:0], "*4\r\n"...)
	}
	b = appendBulk(b, []byte(word))
	if pattern != nil {
		b = appendBulk(b, pattern)
	}
	return appendBulk(b, channel)
}

func appendBulk(b, p []byte) []byte {
	b = append(appendBulkHead(b, p), p...)
	return append(b, "\r\n"...)
}

func appendBulkHead(b, p []byte) []byte {
	b = append(b, '$')
	b = strconv.AppendInt(b, int64(len(p)), 10)
	return append(b, "\r\n"...)
}

// Push sends bytes of the protocol that are no reply: now, or behind the reply to the command that this client's session
// is executing. A client that does not want replies (CLIENT REPLY) gets them, too. If there is no memory for them the
// connection ends, as the client could not know what it missed.
// REQUIRES: the keyspace lock, and the lock of no loop.
func (c *Client) Push(frame []byte) {
	if c.running {
		c.pushes = append(c.pushes, frame...)
		c.Flags |= FlagPushes
		return
	}
	if c.Conn == nil {
		c.Out.Raw(frame)
		return
	}
	cur := c.Env.Loop
	c.NoteHeld()
	c.Conn.Borrow(cur)
	c.rawUnmuted(frame)
	c.Conn.Return(cur)
}

func (c *Client) rawUnmuted(p []byte) { c.unmuted(func() { c.Out.Raw(p) }) }

// unmuted runs fn, which writes to a client whether it wants replies or not. If there is no memory for it the connection
// ends.
func (c *Client) unmuted(fn func()) {
	muted := c.Out.Muted()
	defer func() {
		switch e := recover(); e {
		case nil:
		case mem.ErrOutOfMemory:
			if c.Conn == nil {
				panic(e)
			}
			c.Conn.Close()
		default:
			panic(e)
		}
		c.Out.Mute(muted)
	}()
	c.Out.Mute(false)
	fn()
}

// sendPushes sends what came while a command was executed.
// REQUIRES: the keyspace lock; cur is the loop whose turn it is.
func (c *Client) sendPushes(cur *netloop.Loop) {
	p := c.pushes
	c.pushes = nil
	c.Flags &^= FlagPushes
	if c.Conn == nil {
		c.Out.Raw(p)
		return
	}
	c.Conn.Borrow(cur)
	c.rawUnmuted(p)
	c.Conn.Return(cur)
}

// errSubscribed is what a client of RESP2 is told that is subscribed to something and sends what it must not.
func errSubscribed(spec *Spec) string {
	return "ERR Can't execute '" + spec.Full +
		"': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context"
}

// allowedSubscribed reports whether a client of RESP2 that is subscribed to something may send a command.
func allowedSubscribed(s *Spec) bool {
	switch s.Full {
	case "subscribe", "ssubscribe", "psubscribe", "unsubscribe", "sunsubscribe", "punsubscribe", "ping", "quit", "reset":
		return true
	}
	return false
}

// Subscribed tells the session that its subscriptions changed.
func (c *Client) Subscribed() {
	was := c.Flags & FlagSubscriber
	if c.Subs.Total() == 0 {
		c.Subs = nil
		c.Flags &^= FlagSubscriber
	} else {
		c.Flags |= FlagSubscriber
	}
	c.book()
	switch is := c.Flags & FlagSubscriber; {
	case is > was:
		c.Env.Subscribers++
	case is < was:
		c.Env.Subscribers--
	}
}

// unsubscribe ends all subscriptions of the client, without telling it.
func (e *Env) unsubscribe(c *Client) {
	if c.Subs != nil {
		e.PubSub.Leave(c.Subs)
		c.Subscribed()
	}
}

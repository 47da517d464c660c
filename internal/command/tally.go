package command

// What clients hold, by the class of client: how the ledger's buffers, and what the process spends on sessions, divide.

// MemoryClass is a class of clients that behave alike.
type MemoryClass uint8

// The classes. A client is in the first of them, from below, that fits.
const (
	MemoryNormal     MemoryClass = iota
	MemoryTracking               // caches what it reads
	MemoryPubSub                 // is subscribed to something
	MemoryMonitor                // watches all commands
	NumMemoryClasses = int(MemoryMonitor) + 1
)

// String returns the class's name.
func (m MemoryClass) String() string {
	return [NumMemoryClasses]string{"normal", "tracking", "pubsub", "monitor"}[m]
}

// MemoryClass returns the class of a client.
func (c *Client) MemoryClass() MemoryClass {
	switch {
	case c.Flags&FlagMonitor != 0:
		return MemoryMonitor
	case c.Flags&FlagSubscriber != 0:
		return MemoryPubSub
	case c.Flags&FlagTracking != 0:
		return MemoryTracking
	}
	return MemoryNormal
}

// ClientTally is what the clients of a class hold, in bytes.
type ClientTally struct {
	Clients int64
	Query   int64 // query buffers
	Reply   int64 // reply buffers and lists
	Values  int64 // strings that are sent from where they lie: data, and kept alive by the reply
	Session int64 // connection and session, on the Go heap
	Own     int64 // queued commands, watched keys, subscriptions, what a blocked command waits with, arguments
}

// Total returns the sum.
func (t *ClientTally) Total() int64 { return t.Query + t.Reply + t.Values + t.Session + t.Own }

// TallyClients counts what clients hold.
func (e *Env) TallyClients() (t [NumMemoryClasses]ClientTally) {
	e.Ops.EachClient(func(c *Client) {
		if c.Conn == nil {
			return
		}
		k := &t[c.MemoryClass()]
		h, all := c.Conn.Held(), c.Memory().Total
		session := h.Self + c.own()
		k.Clients++
		k.Query += h.Query
		k.Reply += h.Static + h.List
		k.Values += h.Pinned
		k.Session += session
		k.Own += max(0, all-h.Query-h.Static-h.List-h.Pinned-session)
	})
	return t
}

package command

import (
	"slices"

	"granary/internal/mem"
	"granary/internal/netloop"
	"granary/internal/pubsub"
)

// Who holds the memory that is not data: the clients that hold most, by what they hold it for, and everything else that
// the server keeps. All of it is known without a walk but for one look at each client.
//
//	used_memory = data + what clients hold + what the server keeps
//
// A purpose that clients share with the server (the name of a channel, a tracked key) is the server's but for what would
// go with the client. A string that is being sent to several clients is in the bytes of each of them, as each keeps it
// alive, and once in used_memory.

// Holding is what a client holds memory for.
type Holding uint8

// What clients hold memory for.
const (
	HoldingQuery    Holding = iota // requests that have not arrived whole
	HoldingReply                   // the static reply block
	HoldingList                    // replies and messages that were not read: blocks, and rows
	HoldingValues                  // the same: strings that are sent from where they lie
	HoldingMulti                   // queued commands
	HoldingWatch                   // watched keys
	HoldingPubSub                  // subscriptions
	HoldingTracking                // prefixes it listens to
	HoldingBlocked                 // arguments of the command that waits
	HoldingSession                 // connection and session
	NumHoldings     = int(HoldingSession) + 1
)

// holdings is the table of them. Values are strings of keys, or booked with the server.
var holdings = [NumHoldings]struct {
	name    string
	purpose mem.Purpose
}{
	HoldingQuery:    {"query-buffer", mem.PurposeQueryBuffer},
	HoldingReply:    {"reply-buffer", mem.PurposeReplyBuffer},
	HoldingList:     {"reply-list", mem.PurposeReplyBuffer},
	HoldingValues:   {"reply-values", mem.PurposeString},
	HoldingMulti:    {"multi", mem.PurposeMulti},
	HoldingWatch:    {"watch", mem.PurposeWatch},
	HoldingPubSub:   {"pubsub", mem.PurposePubSub},
	HoldingTracking: {"tracking", mem.PurposeTracking},
	HoldingBlocked:  {"blocked", mem.PurposeBlocked},
	HoldingSession:  {"session", mem.PurposeClient},
}

// String returns the name of what memory is held for.
func (h Holding) String() string { return holdings[h].name }

// Holdings is what a client holds, in bytes.
type Holdings [NumHoldings]int64

// Total returns the sum: tot-mem of CLIENT LIST, without the arguments of a command that is being executed.
func (h *Holdings) Total() (n int64) {
	for _, b := range h {
		n += b
	}
	return n
}

// Largest returns what most is held for.
func (h *Holdings) Largest() Holding {
	most := HoldingQuery
	for k, n := range h {
		if n > h[most] {
			most = Holding(k)
		}
	}
	return most
}

// read fills in what the client holds. REQUIRES: the connection is the caller's.
//
// Looking at many clients costs what it takes to fetch their memory, so that of a client without any of these states only
// the first bytes are read.
func (h *Holdings) read(c *Client) {
	n := c.Conn.Held()
	*h = Holdings{
		HoldingQuery: n.Query, HoldingReply: n.Static, HoldingList: n.List, HoldingValues: n.Pinned, HoldingSession: n.Self + c.booked,
	}
	if c.Env.watch.n > 0 {
		h[HoldingWatch] = c.watch.bytes
	}
	if c.Flags&(FlagPushes|FlagMulti|FlagTracking|FlagSubscriber|FlagBlocked) == 0 {
		return
	}
	h[HoldingList] += int64(cap(c.pushes))
	h[HoldingMulti] = c.tx.bytes
	h[HoldingTracking] = c.track.bytes()
	if c.Subs != nil {
		h[HoldingPubSub] = c.Subs.Bytes()
	}
	if x := c.waiting; x != nil {
		h[HoldingBlocked] = int64(mem.Usable(x.size))
	}
}

// Owner is a client and what it holds.
type Owner struct {
	Client *Client
	Bytes  int64
	Holdings
}

// ServerOwner is something else that holds memory.
type ServerOwner struct {
	Name  string
	Bytes int64
	Items int64 // how many of its things there are, -1: not counted
}

// Owners is who holds memory that is not data.
type Owners struct {
	Clients     int64    // how many
	ClientBytes int64    // what they hold, the values that are data included
	Held        Holdings // the same by what it is held for
	Top         []Owner  // those that hold most, the largest first
	ServerBytes int64
	Server      []ServerOwner // the largest first
}

// ReadOwners looks at all clients and keeps the n that hold most.
func (e *Env) ReadOwners(n int) Owners {
	var o Owners
	o.Top = make([]Owner, 0, min(n, e.Clients.Len()))
	var h Holdings
	e.Ops.EachLoop(func(l *netloop.Loop) {
		l.Conns(e.Loop, func(conn *netloop.Conn) {
			c, ok := conn.Session().(*Client)
			if !ok || !c.listed {
				return
			}
			h.read(c)
			for k, b := range h {
				o.Held[k] += b
			}
			o.Clients++
			o.offer(c, &h, n)
		})
	})
	o.ClientBytes = o.Held.Total()
	slices.SortFunc(o.Top, func(a, b Owner) int {
		if a.before(&b) {
			return -1
		}
		return 1
	})
	e.readServerOwners(&o)
	return o
}

// before orders owners: the larger first, of equal ones the older.
func (a *Owner) before(b *Owner) bool {
	if a.Bytes != b.Bytes {
		return a.Bytes > b.Bytes
	}
	return a.Client.ID < b.Client.ID
}

// offer enters a client if it is one of the n largest so far. Top is a heap with the least of them in front.
func (o *Owners) offer(c *Client, h *Holdings, n int) {
	total := h.Total()
	if len(o.Top) == n && (n == 0 || total < o.Top[0].Bytes) {
		return
	}
	x := Owner{c, total, *h}
	switch {
	case len(o.Top) < n:
		o.Top = append(o.Top, x)
		for i := len(o.Top) - 1; i > 0; {
			up := (i - 1) / 2
			if !o.Top[up].before(&o.Top[i]) {
				break
			}
			o.Top[up], o.Top[i] = o.Top[i], o.Top[up]
			i = up
		}
	case x.before(&o.Top[0]):
		o.Top[0] = x
		for i := 0; ; {
			last := i
			for _, down := range [2]int{2*i + 1, 2*i + 2} {
				if down < len(o.Top) && o.Top[last].before(&o.Top[down]) {
					last = down
				}
			}
			if last == i {
				return
			}
			o.Top[last], o.Top[i] = o.Top[i], o.Top[last]
			i = last
		}
	}
}

// serverNames are the owners that are called otherwise than their purpose, because clients hold a part of it.
var serverNames = map[mem.Purpose]string{
	mem.PurposeQueryBuffer: "read-buffers",    // of the event loops
	mem.PurposeReplyBuffer: "shared-output",   // values that no key has any more, and large messages
	mem.PurposeClient:      "new-connections", // without a session
	mem.PurposeMulti:       "effects",         // held back until a unit of them is whole
	mem.PurposeWatch:       "watched-keys",
	mem.PurposePubSub:      "channels",
	mem.PurposeTracking:    "tracking-table",
	mem.PurposeScript:      "scripts",
	mem.PurposeFunction:    "functions",
}

// readServerOwners takes from the books what neither keys nor clients have.
func (e *Env) readServerOwners(o *Owners) {
	var clients [mem.NumPurposes]int64
	for k, n := range o.Held {
		clients[holdings[k].purpose] += n
	}
	books := mem.Totals()
	for i := range books.Purposes {
		p := mem.Purpose(i)
		if p.Info().Keyspace {
			continue
		}
		// Loops that read and write meanwhile may have changed a little since the clients were looked at.
		n := max(0, books.Purposes[i].Usable-clients[p])
		if n == 0 {
			continue
		}
		name, ok := serverNames[p]
		if !ok {
			name = p.String()
		}
		o.Server = append(o.Server, ServerOwner{name, n, e.items(p)})
		o.ServerBytes += n
	}
	slices.SortStableFunc(o.Server, func(a, b ServerOwner) int { return int(min(max(b.Bytes-a.Bytes, -1), 1)) })
}

// items returns how many things there are of a purpose, -1 if that is not counted.
func (e *Env) items(p mem.Purpose) int64 {
	switch p {
	case mem.PurposeWatch:
		_, keys := e.Watching()
		return int64(keys)
	case mem.PurposePubSub:
		n := 0
		for k := range pubsub.Kind(pubsub.NumKinds) {
			n += e.PubSub.Len(k)
		}
		return int64(n)
	case mem.PurposeTracking:
		r := e.Tracking()
		return r.Keys + r.Prefixes
	case mem.PurposeScript:
		return e.ReadScripts().Cached
	case mem.PurposeFunction:
		return e.ReadScripts().Libraries
	case mem.PurposeSlowlog:
		return int64(e.Slowlog.Len())
	case mem.PurposeLatency:
		return int64(len(e.Latency.Events()))
	}
	return -1
}

package command

import (
	"reflect"
	"time"

	"granary/internal/mem"
	"granary/internal/netloop"
	"granary/internal/object"
	"granary/internal/pubsub"
)

// The books of what clients hold, and the count of it.
//
// Buffers are booked where they are allocated. A session lies on the Go heap; what it takes there is booked under
// PurposeClient when it becomes known and again when it changes: its structs, its names, and the room that its parser
// keeps. Netloop books the connection in the same way.

var (
	sessionSize = structSize[Client]()
	subsSize    = structSize[pubsub.Set]()
	trackSize   = structSize[track]()
)

func structSize[T any]() int64 { return mem.GoStructSize(int(reflect.TypeFor[T]().Size())) }

// own returns what the session takes on the Go heap.
func (c *Client) own() int64 {
	n := sessionSize + mem.GoSize(len(c.Name)) + mem.GoSize(len(c.LibName)) + mem.GoSize(len(c.LibVer)) + int64(c.parser.Room())
	if c.Subs != nil {
		n += subsSize
	}
	if c.track != nil {
		n += trackSize
	}
	return n
}

// book brings the books up to date with what the session takes on the Go heap: all of own while the Registry knows it.
func (c *Client) book() {
	n := int64(0)
	if c.listed {
		n = c.own()
	}
	c.room = int32(c.parser.Room())
	mem.BookOutside(mem.PurposeClient, n-c.booked)
	c.booked = n
}

// SetName gives the client a name, or takes it away.
func (c *Client) SetName(name string) {
	c.Name = name
	c.book()
}

// SetLib notes what the client's library calls itself.
func (c *Client) SetLib(name, version string) {
	c.LibName, c.LibVer = name, version
	c.book()
}

// restAfter is how long a client is silent, in ms, before its session gives room back that it keeps for the next request.
const restAfter = 2000

// Rest gives back room that a silent client does not need. REQUIRES: the connection is the caller's.
func (c *Client) Rest() {
	if c.running || c.Env.Keys.Now-c.LastActive < restAfter || c.room == 0 {
		return
	}
	c.ctx.Args = nil
	c.parser.Rest()
	if c.parser.Room() != int(c.room) {
		c.book()
	}
}

// CountedBuffers are the purposes that CountBuffers counts.
var CountedBuffers = []mem.Purpose{
	mem.PurposeQueryBuffer, mem.PurposeReplyBuffer, mem.PurposeClient, mem.PurposeMulti, mem.PurposeWatch,
	mem.PurposePubSub, mem.PurposeTracking, mem.PurposeBlocked,
}

// bufferCount is a netloop.Counter.
type bufferCount struct {
	count func(p mem.Purpose, usable int64)
	loose map[mem.Ref]bool
}

// Count implements netloop.Counter.
func (k *bufferCount) Count(p mem.Purpose, usable int64) { k.count(p, usable) }

// Pin implements netloop.Counter: a string that is a key's is counted with the key, another once.
func (k *bufferCount) Pin(ref mem.Ref) {
	if object.RawLoose(ref) && !k.loose[ref] {
		k.loose[ref] = true
		k.count(mem.PurposeReplyBuffer, int64(mem.Usable(object.RawSize(ref))))
	}
}

// CountBuffers walks everything that is booked under CountedBuffers, and tells count of every byte of it. With loops that
// are in the midst of reading or writing, the books may differ from the count by what they do just now.
func (e *Env) CountBuffers(count func(p mem.Purpose, usable int64)) {
	for !e.TrackingSlice(time.Now().Add(time.Second)) { // what waits to be given back is in no table
	}
	if c := e.current; c != nil {
		c.book() // else at the end of its Serve
	}
	k := &bufferCount{count, map[mem.Ref]bool{}}
	e.Ops.EachLoop(func(l *netloop.Loop) { l.CountBuffers(e.Loop, k) })
	for _, c := range e.Clients.list {
		count(mem.PurposeClient, c.own())
		for r := c.tx.first; r != 0; r = queuedNext(r) {
			count(mem.PurposeMulti, int64(mem.Usable(queuedSize(r))))
		}
		for w := c.watch.first; w != 0; w = w.ref(watchMineOff) {
			count(mem.PurposeWatch, int64(mem.Usable(w.size())))
		}
		if x := c.waiting; x != nil {
			count(mem.PurposeBlocked, int64(mem.Usable(x.size)))
		}
		if c.Subs != nil {
			count(mem.PurposePubSub, c.Subs.Bytes())
		}
	}
	if r := e.unit.held; r != 0 {
		count(mem.PurposeMulti, int64(mem.Usable(queuedSize(r))))
	}
	for i := range e.watch.dbs {
		if t := &e.watch.dbs[i]; t.Root() != 0 {
			count(mem.PurposeWatch, t.Bytes())
		}
	}
	if e.PubSub != nil {
		count(mem.PurposePubSub, e.PubSub.Bytes())
	}
	if t := &e.track; t.keys != nil {
		count(mem.PurposeTracking, t.keys.Bytes()+t.prefixes.Bytes())
	}
}

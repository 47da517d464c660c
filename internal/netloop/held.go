package netloop

import "granary/internal/mem"

// What connections hold, and the count of it from the buffers themselves.
//
//	query    query buffer                                    PurposeQueryBuffer, off the heap
//	static   static reply block                              PurposeReplyBuffer, off the heap
//	list     blocks of the reply list, and its rows          PurposeReplyBuffer, the rows on the Go heap
//	pinned   strings that are sent from where they lie       the key's, or PurposeReplyBuffer when no key has it any more
//	self     the Conn and its addresses                      PurposeClient, on the Go heap
//
// A string that several replies refer to is in the memory of each of their connections, which keep it alive, and once in
// the books.

// Held is the memory of a connection by kind, in bytes.
type Held struct{ Query, Static, List, Pinned, Self int64 }

// Total returns the sum.
func (h Held) Total() int64 { return h.Query + h.Static + h.List + h.Pinned + h.Self }

// Held returns what the connection holds. It costs the same however much that is.
func (c *Conn) Held() Held {
	o := &c.out
	h := Held{
		List:   int64(o.listMem-o.pinned) + rowBytes(int(o.rows)),
		Pinned: int64(o.pinned),
		Self:   c.self(),
	}
	if c.q.cap > 0 || c.q.front.len > 0 || c.q.tail.len > 0 {
		h.Query = int64(c.q.memory())
	}
	if o.staticSize > 0 {
		h.Static = int64(mem.Usable(o.staticSize))
	}
	return h
}

// TotMem returns all memory of the connection. What the session has comes on top.
func (c *Conn) TotMem() int { return int(c.Held().Total()) }

// self returns what the connection takes on the Go heap, which is booked from enter until it is buried.
func (c *Conn) self() int64 { return connSize + mem.GoSize(len(c.remote)) + mem.GoSize(len(c.local)) }

// Counter is told of memory by CountBuffers.
type Counter interface {
	// Count adds usable bytes to those found for a purpose.
	Count(p mem.Purpose, usable int64)
	// Pin is told of each reference to a string that output takes.
	Pin(ref mem.Ref)
}

// CountBuffers walks all buffers of the loop and tells k of every byte that is booked for them.
//
// REQUIRES: the keyspace lock, on behalf of the loop cur.
func (l *Loop) CountBuffers(cur *Loop, k Counter) {
	if l != cur {
		l.mu.Lock()
		defer l.mu.Unlock()
	}
	if l.read != nil {
		k.Count(mem.PurposeQueryBuffer, int64(mem.Usable(len(l.read))))
	}
	if p := l.pumping; p != nil {
		k.Count(mem.PurposeQueryBuffer, int64(mem.Usable(len(p.read))))
	}
	for _, c := range l.conns {
		c.countBuffers(k)
	}
	for _, ref := range l.unpins {
		k.Pin(ref)
	}
}

func (c *Conn) countBuffers(k Counter) {
	o := &c.out
	k.Count(mem.PurposeClient, c.self())
	if c.q.cap > 0 {
		k.Count(mem.PurposeQueryBuffer, int64(mem.Usable(c.q.spare+c.q.cap)))
	}
	for _, p := range []part{c.q.front, c.q.tail} {
		if p.len > 0 {
			k.Count(mem.PurposeQueryBuffer, int64(mem.Usable(p.len)))
		}
	}
	if o.static != 0 {
		k.Count(mem.PurposeReplyBuffer, int64(mem.Usable(o.staticSize)))
	}
	k.Count(mem.PurposeReplyBuffer, rowBytes(cap(o.queue)))
	count := func(s *segment) {
		switch {
		case s.kind == segPinned:
			k.Pin(s.ref)
		case s.kind == segBlock && s.size > 0:
			k.Count(mem.PurposeReplyBuffer, int64(mem.Usable(s.size)))
		}
	}
	for i := o.head; i < len(o.queue); i++ {
		count(&o.queue[i])
	}
	count(&o.open)
}

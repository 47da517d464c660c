package stream

import "granary/internal/mem"

// Pending is an entry that was delivered to a consumer and not acknowledged.
type Pending struct {
	ID         ID
	Consumer   Consumer
	Time       int64  // of the last delivery, in Unix ms; 0 to 2^48-1
	Deliveries uint64 // how often it was delivered; at most 2^40-1
}

const (
	maxTime       = 1<<48 - 1
	maxDeliveries = 1<<40 - 1
)

// readPending reads a value of the tree of pending entries.
func readPending(id ID, v []byte) Pending {
	_ = v[entryWidth-1]
	var t int64
	var n uint64
	for i := 5; i >= 0; i-- {
		t = t<<8 | int64(v[mem.RefSize+i])
	}
	for i := 4; i >= 0; i-- {
		n = n<<8 | uint64(v[mem.RefSize+6+i])
	}
	return Pending{id, Consumer{mem.LoadRef(v)}, t, n}
}

// putPending writes a value. Numbers that do not fit are cut to the limits.
func putPending(v []byte, c Consumer, t int64, n uint64) {
	_ = v[entryWidth-1]
	mem.PutRef(v, c.ref)
	t, n = min(max(t, 0), maxTime), min(n, maxDeliveries)
	for i := range 6 {
		v[mem.RefSize+i] = byte(t >> (8 * i))
	}
	for i := range 5 {
		v[mem.RefSize+6+i] = byte(n >> (8 * i))
	}
}

// Find returns a pending entry.
func (g *Group) Find(id ID) (Pending, bool) {
	v := g.head().pending.get(pendingKind, id)
	if v == nil {
		return Pending{}, false
	}
	p := readPending(id, v)
	if !g.live(&p) {
		return Pending{}, false
	}
	return p, true
}

// Assign makes an entry pend with a consumer, whether it pended before or not, and says when and how often it was
// delivered: what XREADGROUP does with new entries and XCLAIM with any. It reports whether it is new.
func (g *Group) Assign(id ID, c Consumer, t int64, deliveries uint64) (added bool) {
	h, bk := g.head(), g.books()
	v, added := h.pending.insert(bk, pendingKind, id)
	if !added {
		p := readPending(id, v)
		if old := p.Consumer; old != c {
			// The new owner first: this may lack memory.
			c.head().own.insert(bk, ownKind, id)
			if added = !g.live(&p); added {
				h.goneIDs--
			}
			old.head().own.remove(bk, ownKind, id)
		}
		putPending(v, c, t, deliveries)
		return added
	}
	putPending(v, c, t, deliveries)
	done := false
	defer func() {
		if !done {
			h.pending.remove(bk, pendingKind, id)
		}
	}()
	c.head().own.insert(bk, ownKind, id)
	done = true
	return true
}

// Ack removes a pending entry and reports whether there was one.
func (g *Group) Ack(id ID) bool {
	h, bk := g.head(), g.books()
	v := h.pending.get(pendingKind, id)
	if v == nil {
		return false
	}
	p := readPending(id, v)
	if !g.live(&p) {
		return false
	}
	p.Consumer.head().own.remove(bk, ownKind, id)
	return h.pending.remove(bk, pendingKind, id)
}

// PendingIter walks over the pending entries of a group, or of one consumer, in the order of their IDs. Between two calls of
// Next the group may change: it goes on after the ID it came to.
type PendingIter struct {
	Pending
	g    Group
	only Consumer
	next ID
	to   ID
	done bool
}

// EachPending begins a walk over the pending entries from from to to, both included; of one consumer if only is Ok.
func (g *Group) EachPending(from, to ID, only Consumer) PendingIter {
	return PendingIter{g: *g, only: only, next: from, to: to, done: to.Less(from)}
}

// Next moves to the next pending entry.
func (it *PendingIter) Next() bool {
	if it.done {
		return false
	}
	t, k := &it.g.head().pending, pendingKind
	if it.only.Ok() {
		t, k = &it.only.head().own, ownKind
	}
	for skipped := 0; !it.done; skipped++ {
		if skipped > mostSkipped {
			// Slow path: many entries of consumers that are gone.
			id, ok := it.g.firstPending(it.next)
			if it.done = !ok; it.done {
				break
			}
			it.next = id
		}
		c := t.atLeast(k, it.next)
		if !c.ok() {
			break
		}
		id := c.key(k)
		if it.to.Less(id) {
			break
		}
		next, ok := id.Next()
		it.next, it.done = next, !ok
		if it.only.Ok() {
			it.Pending = readPending(id, it.g.head().pending.get(pendingKind, id))
			return true
		}
		if it.Pending = readPending(id, c.value(k)); it.g.live(&it.Pending) {
			return true
		}
	}
	it.done = true
	return false
}

// PendingEdges returns the least and the greatest pending ID, for XPENDING's summary.
//
// REQUIRES: Pending() > 0.
func (g *Group) PendingEdges() (first, last ID) {
	t := &g.head().pending
	if g.head().goneIDs > 0 {
		first, _ = g.firstPending(MinID)
		return first, g.lastPending()
	}
	last, _ = t.last(pendingKind)
	return t.atLeast(pendingKind, MinID).key(pendingKind), last
}

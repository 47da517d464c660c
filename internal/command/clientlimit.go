package command

import (
	"fmt"
	"math/bits"
)

// maxmemory-clients: when all clients together hold more memory than that, those that hold most are disconnected.
//
// What a client holds is counted at the end of each turn in which it was served or sent something, and by the cron; so the
// sum is known without a walk, and may be too large by what was sent since. Clients are kept in buckets by powers of two, as
// Redis keeps them. When the sum reaches the limit everybody is counted anew, and if it still does, clients are disconnected
// from the largest bucket on, those first that came into it first, until it does not.
//
// Clients under CLIENT NO-EVICT count and are in no bucket. While the directive is off nothing is counted.

// Buckets: up to 64 KiB, 128 KiB and so on, and from 8 GiB on.
const (
	smallestBucket = 15 // log2
	largestBucket  = 33
	evictBuckets   = largestBucket - smallestBucket + 1
)

// minClientMemory is the least that clients may have together: with less nobody could set it right.
const minClientMemory = 128 << 10

// clientLimit is what all clients hold. Guarded by the keyspace lock.
type clientLimit struct {
	limit   int64 // bytes, 0: none
	total   int64
	buckets [evictBuckets]sizeBucket
	noted   []*Client // to be counted at the end of the turn
	futile  bool      // nobody is left who may be disconnected: the cron looks again
}

// sizeBucket is a list of clients.
type sizeBucket struct{ first, last *Client }

// held is what a client was counted with.
type held struct {
	bytes      int64
	bucket     *sizeBucket // nil: none
	prev, next *Client
}

// ConfigureClientLimit takes over maxmemory-clients and maxmemory.
func (e *Env) ConfigureClientLimit() {
	x := &e.clientLimit
	limit := e.Config.MaxMemoryClientsBytes()
	if e.Config.MaxMemoryClients != 0 && limit > 0 {
		limit = max(limit, minClientMemory)
	}
	was := x.limit
	x.limit, x.futile = limit, false
	if was == 0 && limit > 0 && e.Clients.Len() > 0 {
		e.Ops.EachClient(e.countHeld)
	}
	if limit == 0 {
		for _, c := range e.Clients.list {
			c.held = held{}
		}
		*x = clientLimit{}
	}
}

// NoteHeld has the client counted at the end of the turn.
func (c *Client) NoteHeld() {
	if x := &c.Env.clientLimit; x.limit > 0 && !c.noted && c.Conn != nil {
		c.noted = true
		x.noted = append(x.noted, c)
	}
}

// countHeld counts what a client holds now. REQUIRES: the connection is the caller's.
func (e *Env) countHeld(c *Client) {
	if c.Conn == nil {
		return
	}
	if c.Conn.Closing() {
		e.uncountHeld(c)
		return
	}
	x, h := &e.clientLimit, &c.held
	n := c.Memory().Total
	x.total += n - h.bytes
	h.bytes = n
	var b *sizeBucket
	if c.Flags&FlagNoEvict == 0 {
		b = &x.buckets[min(max(bits.Len64(uint64(n))-1-smallestBucket, 0), evictBuckets-1)]
	}
	if b != h.bucket {
		h.leave()
		h.enter(b, c)
	}
}

// uncountHeld forgets a client that is gone.
func (e *Env) uncountHeld(c *Client) {
	c.held.leave()
	e.clientLimit.total -= c.held.bytes
	c.held.bytes = 0
}

// leave takes a client out of its bucket.
func (h *held) leave() {
	b := h.bucket
	if b == nil {
		return
	}
	if h.prev != nil {
		h.prev.held.next = h.next
	} else {
		b.first = h.next
	}
	if h.next != nil {
		h.next.held.prev = h.prev
	} else {
		b.last = h.prev
	}
	h.bucket, h.prev, h.next = nil, nil, nil
}

// enter puts a client at the end of a bucket, nil for none.
func (h *held) enter(b *sizeBucket, c *Client) {
	if b == nil {
		return
	}
	h.bucket, h.prev = b, b.last
	if b.last != nil {
		b.last.held.next = c
	} else {
		b.first = c
	}
	b.last = c
}

// endTurnClientLimit counts those who were served in this turn, and disconnects whom it has to.
func (e *Env) endTurnClientLimit() {
	x := &e.clientLimit
	for i, c := range x.noted {
		x.noted[i] = nil
		if c.noted {
			c.noted = false
			e.withConn(c, e.countHeld)
		}
	}
	x.noted = x.noted[:0]
	if x.total >= x.limit && !x.futile {
		e.evictClients()
	}
}

// withConn runs fn on a client whose connection is the caller's for as long.
func (e *Env) withConn(c *Client, fn func(*Client)) {
	c.Conn.Borrow(e.Loop)
	defer c.Conn.Return(e.Loop)
	fn(c)
}

// CronClientLimit counts a client again. REQUIRES: the connection is the caller's.
func (e *Env) CronClientLimit(c *Client) {
	if e.clientLimit.limit > 0 {
		e.clientLimit.futile = false
		e.countHeld(c)
	}
}

// evictClients disconnects clients until the others hold less than the limit.
func (e *Env) evictClients() {
	x := &e.clientLimit
	e.Ops.EachClient(e.countHeld)
	for i := evictBuckets - 1; x.total >= x.limit; {
		c := x.buckets[i].first
		if c == nil {
			if i--; i < 0 {
				x.futile = true
				e.Log.Warningf("Over client maxmemory after evicting all evictable clients")
				return
			}
			continue
		}
		e.withConn(c, func(c *Client) {
			e.Log.Noticef("Evicting client: %s", c.Describe())
			c.Conn.Close()
		})
		e.uncountHeld(c)
		e.Stats.EvictedClients++
	}
}

// CheckClientLimit verifies the invariants of the buckets and of the sum.
func (e *Env) CheckClientLimit() error {
	x := &e.clientLimit
	total, listed := int64(0), 0
	for _, c := range e.Clients.list {
		total += c.held.bytes
		if c.held.bucket != nil {
			listed++
		}
	}
	if total != x.total {
		return fmt.Errorf("clients hold %d bytes, counted as %d", total, x.total)
	}
	for i := range x.buckets {
		b := &x.buckets[i]
		var last *Client
		for c := b.first; c != nil; c = c.held.next {
			if c.held.bucket != b || c.held.prev != last {
				return fmt.Errorf("client %d is not where bucket %d says", c.ID, i)
			}
			last = c
			listed--
		}
		if b.last != last {
			return fmt.Errorf("bucket %d ends elsewhere", i)
		}
	}
	if listed != 0 {
		return fmt.Errorf("%d clients are in no bucket", listed)
	}
	return nil
}

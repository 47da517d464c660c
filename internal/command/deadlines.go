package command

import (
	"math"

	"granary/internal/clock"
	"granary/internal/netloop"
	"granary/internal/object"
)

// Timeout reads a number of seconds, which may have a fraction, as the time that a command waits at most: in ms, 0 for
// ever. It answers an error when it is none.
func (c *Ctx) Timeout(arg []byte) (ms int64, ok bool) {
	sec, ok := object.ParseDouble(arg)
	if !ok || math.IsNaN(sec) {
		c.Out.Error(ErrTimeoutFloat)
		return 0, false
	}
	v := math.Ceil(sec * 1000)
	switch {
	case v >= math.MaxInt64 || v > 0 && int64(v) > math.MaxInt64-c.Now():
		c.Out.Error(ErrTimeoutRange)
		return 0, false
	case v < 0:
		c.Out.Error(ErrTimeoutNegative)
		return 0, false
	}
	return int64(v), true
}

// TimeoutMillis reads a whole number of ms as Timeout reads seconds.
func (c *Ctx) TimeoutMillis(arg []byte) (ms int64, ok bool) {
	ms, ok = object.ParseInt(arg)
	switch {
	case !ok:
		c.Out.Error(ErrTimeoutInteger)
	case ms < 0:
		c.Out.Error(ErrTimeoutNegative)
	case ms > math.MaxInt64-c.Now():
		c.Out.Error(ErrTimeoutRange)
	default:
		return ms, true
	}
	return 0, false
}

// longest is the longest time, in ms, that is measured: 146 years.
const longest = math.MaxInt64 / 2 / 1_000_000

// deadlines is a heap of the clients of one loop that wait with a time limit: none ends later than those at twice its
// place plus one and plus two. Each loop looks after its own clients, in its own time: an idle server sleeps.
type deadlines []*waiting

// time enters a client into the heap of its loop, and has the loop wake in time.
// REQUIRES: called in B of the client's loop.
func (b *Blocked) time(x *waiting) {
	l := x.client.Loop()
	for len(b.deadlines) <= l.ID() {
		b.deadlines = append(b.deadlines, nil)
	}
	h := &b.deadlines[l.ID()]
	x.place = len(*h)
	*h = append(*h, x)
	h.up(x.place)
	l.TickBy(l.Now() + millisUp(x.deadline-clock.Mono()))
}

// untime takes a client out of its heap.
func (b *Blocked) untime(x *waiting) {
	h := &b.deadlines[x.client.Loop().ID()]
	i, last := x.place, len(*h)-1
	h.swap(i, last)
	(*h)[last] = nil
	*h = (*h)[:last]
	x.place = -1
	if i < last {
		h.down(i)
		h.up(i)
	}
}

func (h deadlines) swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].place, h[j].place = i, j
}

func (h deadlines) up(i int) {
	for i > 0 && h[i].deadline < h[(i-1)/2].deadline {
		h.swap(i, (i-1)/2)
		i = (i - 1) / 2
	}
}

func (h deadlines) down(i int) {
	for {
		j := 2*i + 1
		if j+1 < len(h) && h[j+1].deadline < h[j].deadline {
			j++
		}
		if j >= len(h) || h[i].deadline <= h[j].deadline {
			return
		}
		h.swap(i, j)
		i = j
	}
}

// millisUp returns nanoseconds in milliseconds, rounded up.
func millisUp(ns int64) int64 { return (ns + 1e6 - 1) / 1e6 }

// TickBlocked ends the waiting of the clients of a loop whose time is over, and returns when it wants to be called again,
// in ms of the loop's clock, or next if that is sooner.
// REQUIRES: the keyspace lock, in B of the loop.
func (e *Env) TickBlocked(l *netloop.Loop, next int64) int64 {
	b := &e.Blocked
	if l.ID() >= len(b.deadlines) || len(b.deadlines[l.ID()]) == 0 {
		return next
	}
	now := clock.Mono()
	e.setMono(now)
	for {
		h := b.deadlines[l.ID()]
		if len(h) == 0 {
			return next
		}
		if x := h[0]; x.deadline > now {
			return min(next, l.Now()+millisUp(x.deadline-now))
		}
		h[0].client.timeOut()
	}
}

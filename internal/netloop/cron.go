package netloop

import "granary/internal/mem"

const (
	cronEvery   = 100    // milliseconds between two visits
	queryIdle   = 2000   // milliseconds of silence after which a query buffer keeps no room
	replyIdle   = 10_000 // milliseconds after which a static block is freed
	peakDefault = 5000   // milliseconds over which the peak of a static block counts
)

// cron visits the connections a few at a time, each about once a second, and
// fits their buffers to what they use.
type cron struct {
	at   int64 // milliseconds
	last int64
	next int // index of the connection to visit next
}

func (k *cron) due(now int64) bool { return now >= k.at || now < k.last }

// run visits some connections if it is due.
//
// REQUIRES: called in B.
func (k *cron) run(l *Loop) {
	if !k.due(l.now) {
		return
	}
	k.last = l.now
	k.at = l.now + cronEvery
	if l.group.cronPaused.Load() {
		return
	}
	n := len(l.conns)
	for range min(n, max(5, n/(1000/cronEvery))) {
		if k.next >= n {
			k.next = 0
		}
		c := l.conns[k.next]
		k.next++
		if c.flags&(flagDead|flagServing) != 0 {
			continue // one that is served lets others have a turn: Pump
		}
		if c.q.cap > 0 {
			c.q.fit(l.arena, l.now-c.lastIO > l.group.queryIdle)
		}
		if !l.group.replyFixed.Load() {
			c.fitStatic(l.now, l.group.peakReset.Load())
		}
	}
}

// fitStatic resizes the static block: to half and less when the peak stayed
// below half, twice as large when it was full, away when nothing was read or
// written for long.
func (c *Conn) fitStatic(now, reset int64) {
	o := &c.out
	if o.staticSize == 0 || len(o.queue) > 0 || o.open.kind != segStatic || o.open.off != 0 || c.Out.Muted() {
		return
	}
	n := len(c.Out.Pending())
	o.peak = max(o.peak, n)
	size := o.staticSize
	switch {
	case n == 0 && now-c.lastIO > replyIdle:
		size = 0
	case o.peak >= size && size < staticMax:
		size *= 2
	case o.peak < size/2 && size > staticMin && now-o.peakAt > reset:
		size = staticMin
		for size <= o.peak {
			size *= 2
		}
	}
	if size != o.staticSize {
		if size > o.staticSize {
			c.loop.group.expands.Add(1)
		} else {
			c.loop.group.shrinks.Add(1)
		}
		c.setStatic(size)
		if size == 0 {
			c.Out.SetBlock(nil)
		} else {
			c.Out.SetBlock(mem.Bytes(o.static, size))
		}
	}
	if reset >= 0 && now-o.peakAt > reset {
		o.peak = n
		o.peakAt = now
	}
}

package netloop

import "granary/internal/mem"

// Spare returns the usable bytes that GiveBack would free: room for the next request and the next reply while nothing of
// either is there. The loop's own cron frees it, too, after some seconds of silence.
//
// REQUIRES: the connection is the caller's (Borrow).
func (c *Conn) Spare() (n int) {
	if c.flags&(flagDead|flagServing) != 0 {
		return 0
	}
	if c.q.cap > 0 && !c.q.held() {
		n += mem.Usable(c.q.spare + c.q.cap)
	}
	o := &c.out
	if o.staticSize > 0 && len(o.queue) == 0 && o.open.kind == segStatic && o.open.off == 0 && !c.Out.Muted() && len(c.Out.Pending()) == 0 {
		n += mem.Usable(o.staticSize)
	}
	return n
}

package netloop

// GiveBack frees what the connection keeps only because it may be needed again: room of its query buffer, and the static
// block of its replies if nothing waits in it. It takes them again when it needs them.
//
// REQUIRES: the connection is the caller's (Borrow).
func (c *Conn) GiveBack() {
	if c.flags&(flagDead|flagServing) != 0 {
		return
	}
	if c.q.cap > 0 {
		c.q.fit(c.loop.arena, true)
	}
	o := &c.out
	if o.staticSize == 0 || len(o.queue) > 0 || o.open.kind != segStatic || o.open.off != 0 || c.Out.Muted() || len(c.Out.Pending()) > 0 {
		return
	}
	c.loop.group.shrinks.Add(1)
	c.setStatic(0)
	c.Out.SetBlock(nil)
}

// TrimLoop gives back the empty slabs that the arena of the connection's loop keeps.
//
// REQUIRES: the connection is the caller's (Borrow).
func (c *Conn) TrimLoop() { c.loop.arena.Trim() }

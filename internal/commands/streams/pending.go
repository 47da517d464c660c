package streams

import (
	"granary/internal/command"
	"granary/internal/resp"
	"granary/internal/types/stream"
)

// cmdXAck answers XACK key group id [id ...].
func cmdXAck(c *command.Ctx) {
	it := c.Read(c.Args[1])
	if it.Exists() && !isStream(c, &it) {
		return
	}
	var g stream.Group
	if it.Exists() {
		s := stream.In(&it)
		g = s.Group(c.Args[2])
	}
	if !g.Ok() {
		c.Out.Int(0)
		return
	}
	list, ok := ids(c, 3)
	if !ok {
		return
	}
	n := 0
	for _, id := range list {
		if g.Ack(id) {
			n++
		}
	}
	c.Keys().Stats.Dirty += int64(n)
	c.DB.Settle(c.Args[1])
	c.Out.Int(int64(n))
}

// groupFor looks a group up, or answers an error.
func groupFor(c *command.Ctx) (s stream.Stream, g stream.Group, ok bool) {
	it := c.Read(c.Args[1])
	if it.Exists() {
		if !isStream(c, &it) {
			return s, g, false
		}
		s = stream.In(&it)
		g = s.Group(c.Args[2])
	}
	if !g.Ok() {
		c.Out.Errorf(errNoKeyGroup, command.Clip(c.Args[1]), command.Clip(c.Args[2]))
	}
	return s, g, g.Ok()
}

// cmdXPending answers XPENDING key group [[IDLE min-idle-time] start end count [consumer]].
func cmdXPending(c *command.Ctx) {
	n := len(c.Args)
	if n == 3 {
		if _, g, ok := groupFor(c); ok {
			replySummary(c.Out, &g)
		}
		return
	}
	if n < 6 || n > 9 {
		c.SyntaxError()
		return
	}
	at, idle, ok := 3, int64(0), true
	if command.Is(c.Args[3], "idle") {
		if idle, ok = c.Int(c.Args[4]); !ok {
			return
		}
		if n < 8 {
			c.SyntaxError()
			return
		}
		at = 5
	}
	count, ok := c.Int(c.Args[at+2])
	if !ok {
		return
	}
	from, to, ok := interval(c, c.Args[at], c.Args[at+1])
	if !ok {
		return
	}
	_, g, ok := groupFor(c)
	if !ok {
		return
	}
	var only stream.Consumer
	if at+3 < n {
		if only = g.Consumer(c.Args[at+3]); !only.Ok() {
			c.Out.Array(0)
			return
		}
	}
	mark := c.Out.ArrayLater()
	found := 0
	it := g.EachPending(from, to, only)
	for int64(found) < count && it.Next() {
		since := max(c.Now()-it.Time, 0)
		if idle != 0 && since < idle {
			continue
		}
		c.Out.Array(4)
		replyID(c.Out, it.ID)
		c.Out.Bulk(it.Consumer.Name())
		c.Out.Int(since)
		c.Out.Int(int64(it.Deliveries))
		found++
	}
	c.Out.SetLen(mark, found)
}

// replySummary answers how much is pending, from where to where, and with whom.
func replySummary(out *resp.Writer, g *stream.Group) {
	out.Array(4)
	out.Int(int64(g.Pending()))
	if g.Pending() == 0 {
		out.Null()
		out.Null()
		out.NullArray()
		return
	}
	first, last := g.PendingEdges()
	replyID(out, first)
	replyID(out, last)
	mark := out.ArrayLater()
	n := 0
	it := g.EachConsumer()
	for it.Next() {
		if it.Pending() == 0 {
			continue
		}
		out.Array(2)
		out.Bulk(it.Name())
		out.BulkInt(int64(it.Pending()))
		n++
	}
	out.SetLen(mark, n)
}

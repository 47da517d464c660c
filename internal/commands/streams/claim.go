package streams

import (
	"math"

	"granary/internal/command"
	"granary/internal/object"
	"granary/internal/types/stream"
)

// claiming is what XCLAIM and XAUTOCLAIM do to a pending entry.
type claiming struct {
	minIdle  int64
	time     int64
	retries  int64 // -1: one more than before
	justID   bool
	consumer stream.Consumer
	tell     teller
}

// claim gives an entry that pends to the consumer, and answers it, unless it is not idle for long enough.
func (x *claiming) claim(c *command.Ctx, s *stream.Stream, g *stream.Group, p stream.Pending, isNew bool) bool {
	if !isNew && x.minIdle != 0 && c.Now()-p.Time < x.minIdle {
		return false
	}
	switch {
	case x.retries >= 0:
		p.Deliveries = uint64(x.retries)
	case !x.justID:
		p.Deliveries++
	}
	p.Consumer, p.Time = x.consumer, x.time
	g.Assign(p.ID, p.Consumer, p.Time, p.Deliveries)
	x.consumer.SetActive(c.Now())
	if x.justID {
		replyID(c.Out, p.ID)
	} else {
		replyOne(c.Out, s, p.ID)
	}
	x.tell.claim(c, c.Args[1], g, p)
	c.Keys().Stats.Dirty++
	c.DB.Settle(c.Args[1])
	return true
}

// claimant finds or creates the consumer, even if it gets nothing.
func (x *claiming) claimant(c *command.Ctx, g *stream.Group) {
	var created bool
	if x.consumer, created = consumerOf(c, c.Args[1], g, c.Args[3]); created {
		x.tell.consumer(c, c.Args[1], g, c.Args[3])
	}
}

// drop acknowledges a pending entry that was deleted.
func (x *claiming) drop(c *command.Ctx, g *stream.Group, p stream.Pending) {
	x.tell.claim(c, c.Args[1], g, p)
	g.Ack(p.ID)
	c.Keys().Stats.Dirty++
	c.DB.Settle(c.Args[1])
}

// number reads an integer argument, or answers that the one named is invalid.
func number(c *command.Ctx, arg []byte, name string) (int64, bool) {
	n, ok := object.ParseInt(arg)
	if !ok {
		c.Out.Error("ERR Invalid " + name)
	}
	return n, ok
}

// cmdXClaim answers XCLAIM key group consumer min-idle-time id [id ...] [IDLE ms] [TIME unix-time-milliseconds]
// [RETRYCOUNT count] [FORCE] [JUSTID] [LASTID id].
func cmdXClaim(c *command.Ctx) {
	s, g, ok := groupFor(c)
	if !ok {
		return
	}
	x := claiming{time: -1, retries: -1}
	if x.minIdle, ok = number(c, c.Args[4], "min-idle-time argument for XCLAIM"); !ok {
		return
	}
	x.minIdle = max(x.minIdle, 0)
	list := make([]stream.ID, 0, 8)
	i := 5
	for ; i < len(c.Args); i++ {
		id, ok := stream.ParseStrict(c.Args[i], 0)
		if !ok {
			break
		}
		list = append(list, id)
	}
	force, lastID, ok := x.options(c, i)
	if !ok {
		return
	}
	moved := g.LastID().Less(lastID)
	if moved {
		g.SetLastID(lastID)
	}
	x.claimant(c, &g)
	mark := c.Out.ArrayLater()
	n := 0
	for i, id := range list {
		x.tell.asSent = c.Args[5+i]
		p, pending := g.Find(id)
		if !stream.Has(&s, id) {
			if pending {
				x.drop(c, &g, p)
				moved = false
			}
			continue
		}
		if !pending {
			if !force {
				continue
			}
			p = stream.Pending{ID: id, Deliveries: 1}
		}
		if x.claim(c, &s, &g, p, !pending) {
			moved = false
			n++
		}
	}
	if moved {
		x.tell.position(c, c.Args[1], &g)
		c.Keys().Stats.Dirty++
	}
	c.Out.SetLen(mark, n)
	x.tell.end(c)
}

// options reads the options of XCLAIM, which begin at Args[i], or answers an error.
func (x *claiming) options(c *command.Ctx, i int) (force bool, lastID stream.ID, ok bool) {
	now := c.Now()
	for ; i < len(c.Args); i++ {
		more := i+1 < len(c.Args)
		ok = true
		switch word := c.Args[i]; {
		case command.Is(word, "force"):
			force = true
		case command.Is(word, "justid"):
			x.justID = true
		case more && command.Is(word, "idle"):
			i++
			x.time, ok = number(c, c.Args[i], "IDLE option argument for XCLAIM")
			x.time = now - x.time
		case more && command.Is(word, "time"):
			i++
			x.time, ok = number(c, c.Args[i], "TIME option argument for XCLAIM")
		case more && command.Is(word, "retrycount"):
			i++
			x.retries, ok = number(c, c.Args[i], "RETRYCOUNT option argument for XCLAIM")
		case more && command.Is(word, "lastid"):
			i++
			lastID, ok = strictID(c, c.Args[i], 0)
		default:
			c.Out.Errorf("ERR Unrecognized XCLAIM option '%s'", command.Clip(word))
			ok = false
		}
		if !ok {
			return force, lastID, false
		}
	}
	if x.time < 0 || x.time > now {
		x.time = now
	}
	return force, lastID, true
}

// cmdXAutoClaim answers XAUTOCLAIM key group consumer min-idle-time start [COUNT count] [JUSTID].
func cmdXAutoClaim(c *command.Ctx) {
	x := claiming{time: c.Now(), retries: -1}
	var ok bool
	if x.minIdle, ok = number(c, c.Args[4], "min-idle-time argument for XAUTOCLAIM"); !ok {
		return
	}
	x.minIdle = max(x.minIdle, 0)
	start, ok := startOf(c, c.Args[5])
	if !ok {
		return
	}
	const tries, most = 10, math.MaxInt64 / 16
	count := int64(100)
	for i := 6; i < len(c.Args); i++ {
		switch more := i+1 < len(c.Args); {
		case more && command.Is(c.Args[i], "count"):
			i++
			if count, ok = object.ParseInt(c.Args[i]); !ok || count < 1 || count > most {
				c.Out.Error("ERR COUNT must be > 0")
				return
			}
		case command.Is(c.Args[i], "justid"):
			x.justID = true
		default:
			c.SyntaxError()
			return
		}
	}
	s, g, ok := groupFor(c)
	if !ok {
		return
	}
	x.claimant(c, &g)
	// The claimed entries come after the cursor, which is known at the end, so the cursor is looked for first.
	c.Out.Array(3)
	next := x.cursor(c, &s, &g, start, count, count*tries)
	replyID(c.Out, next)
	mark := c.Out.ArrayLater()
	n := 0
	var gone []stream.ID
	to, some := next.Prev()
	if !some {
		to = stream.MaxID
	}
	it := g.EachPending(start, to, stream.Consumer{})
	for it.Next() {
		if !stream.Has(&s, it.ID) {
			gone = append(gone, it.ID)
			x.drop(c, &g, it.Pending)
		} else if x.claim(c, &s, &g, it.Pending, false) {
			n++
		}
	}
	c.Out.SetLen(mark, n)
	c.Out.Array(len(gone))
	for _, id := range gone {
		replyID(c.Out, id)
	}
	x.tell.end(c)
}

// cursor returns the pending entry that the next XAUTOCLAIM begins with, or MinID: after count entries that are claimed or
// found deleted, or so many tries.
func (x *claiming) cursor(c *command.Ctx, s *stream.Stream, g *stream.Group, start stream.ID, count, tries int64) stream.ID {
	it := g.EachPending(start, stream.MaxID, stream.Consumer{})
	for ; it.Next(); tries-- {
		if count == 0 || tries == 0 {
			return it.ID
		}
		if x.minIdle == 0 || c.Now()-it.Time >= x.minIdle || !stream.Has(s, it.ID) {
			count--
		}
	}
	return stream.MinID
}

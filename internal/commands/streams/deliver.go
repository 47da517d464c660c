package streams

import (
	"granary/internal/command"
	"granary/internal/types/stream"
)

// delivery gives entries of a stream to a consumer.
type delivery struct {
	key      []byte
	group    stream.Group
	consumer stream.Consumer
	noAck    bool
}

// fresh answers entries that the group was not given yet, at most count unless it is 0, and makes them pend with the
// consumer unless it acknowledges them at once.
func (d *delivery) fresh(c *command.Ctx, s *stream.Stream, count int64, tell *teller) {
	mark := c.Out.ArrayLater()
	n, now := int64(0), c.Now()
	start, _ := d.group.LastID().Next() // there is an entry after it
	moved := false
	var it stream.Iter
	for s.Range(&it, start, stream.MaxID, false); it.Next(); {
		id := it.ID
		replyEntry(c.Out, &it)
		moved = s.Advance(&d.group, id) || moved
		if !d.noAck {
			d.group.Assign(id, d.consumer, now, 1)
			tell.claim(c, d.key, &d.group, stream.Pending{ID: id, Consumer: d.consumer, Time: now, Deliveries: 1})
		}
		if n++; n == count {
			break
		}
	}
	if n > 0 && !d.noAck {
		d.consumer.SetActive(now)
	}
	if moved {
		tell.position(c, d.key, &d.group)
	}
	c.Out.SetLen(mark, int(n))
}

// history answers what is pending with the consumer after an ID, at most count entries unless it is 0. Those that are
// deleted have no fields.
func (d *delivery) history(c *command.Ctx, s *stream.Stream, after stream.ID, count int64) {
	mark := c.Out.ArrayLater()
	n := int64(0)
	if from, ok := after.Next(); ok {
		it := d.group.EachPending(from, stream.MaxID, d.consumer)
		for it.Next() {
			if !replyOne(c.Out, s, it.ID) {
				c.Out.Array(2)
				replyID(c.Out, it.ID)
				c.Out.NullArray()
			} else {
				d.group.Assign(it.ID, d.consumer, c.Now(), it.Deliveries+1)
			}
			if n++; n == count {
				break
			}
		}
	}
	c.Out.SetLen(mark, int(n))
}

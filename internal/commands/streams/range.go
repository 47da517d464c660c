package streams

import (
	"granary/internal/command"
	"granary/internal/resp"
	"granary/internal/types/stream"
)

// cmdXLen answers XLEN key.
func cmdXLen(c *command.Ctx) {
	it := c.Read(c.Args[1])
	if !it.Exists() {
		c.Out.Int(0)
		return
	}
	if isStream(c, &it) {
		s := stream.In(&it)
		c.Out.Int(int64(s.Len()))
	}
}

// cmdXRange answers XRANGE key start end [COUNT count].
func cmdXRange(c *command.Ctx) { xrange(c, c.Args[2], c.Args[3], false) }

// cmdXRevRange answers XREVRANGE key end start [COUNT count].
func cmdXRevRange(c *command.Ctx) { xrange(c, c.Args[3], c.Args[2], true) }

func xrange(c *command.Ctx, start, end []byte, reverse bool) {
	from, to, ok := interval(c, start, end)
	if !ok {
		return
	}
	count := int64(-1)
	for i := 4; i < len(c.Args); i += 2 {
		if !command.Is(c.Args[i], "count") || i+1 == len(c.Args) {
			c.SyntaxError()
			return
		}
		if count, ok = c.Int(c.Args[i+1]); !ok {
			return
		}
		count = max(count, 0)
	}
	it := c.Read(c.Args[1])
	if !it.Exists() {
		c.Out.Array(0)
		return
	}
	if !isStream(c, &it) {
		return
	}
	if count == 0 {
		c.Out.NullArray()
		return
	}
	s := stream.In(&it)
	replyRange(c.Out, &s, from, to, max(count, 0), reverse)
}

// replyRange answers entries of a range, at most count unless it is 0.
func replyRange(out *resp.Writer, s *stream.Stream, from, to stream.ID, count int64, reverse bool) {
	mark := out.ArrayLater()
	n := int64(0)
	var it stream.Iter
	for s.Range(&it, from, to, reverse); it.Next(); {
		replyEntry(out, &it)
		if n++; n == count {
			break
		}
	}
	out.SetLen(mark, int(n))
}

// replyEntry answers the entry that an iterator is at: its ID, and its fields with their values.
func replyEntry(out *resp.Writer, it *stream.Iter) {
	out.Array(2)
	replyID(out, it.ID)
	out.Array(2 * it.Fields)
	for range it.Fields {
		name, value := it.Field()
		replyElem(out, name)
		replyElem(out, value)
	}
}

func replyElem(out *resp.Writer, e stream.Elem) {
	if e.IsInt() {
		out.BulkInt(e.Int())
	} else {
		out.Bulk(e.Str())
	}
}

// replyOne answers the entry with an ID, and reports whether there is one.
func replyOne(out *resp.Writer, s *stream.Stream, id stream.ID) bool {
	var it stream.Iter
	if s.Range(&it, id, id, false); !it.Next() {
		return false
	}
	replyEntry(out, &it)
	return true
}

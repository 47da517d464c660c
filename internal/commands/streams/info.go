package streams

import (
	"granary/internal/command"
	"granary/internal/resp"
	"granary/internal/types/stream"
)

// described looks up the stream that XINFO is about, or answers an error.
func described(c *command.Ctx) (s stream.Stream, ok bool) {
	it := c.Read(c.Args[2])
	if !it.Exists() {
		c.Out.Error(command.ErrNoSuchKey)
		return s, false
	}
	if !isStream(c, &it) {
		return s, false
	}
	return stream.In(&it), true
}

// cmdXInfoConsumers answers XINFO CONSUMERS key group.
func cmdXInfoConsumers(c *command.Ctx) {
	s, ok := described(c)
	if !ok {
		return
	}
	g := s.Group(c.Args[3])
	if !g.Ok() {
		c.Out.Errorf(errNeedsGroup, command.Clip(c.Args[3]), command.Clip(c.Args[2]))
		return
	}
	out := c.Out
	out.Array(g.Consumers())
	it := g.EachConsumer()
	for it.Next() {
		out.Map(4)
		out.BulkString("name")
		out.Bulk(it.Name())
		field(out, "pending", int64(it.Pending()))
		field(out, "idle", max(c.Now()-it.Seen(), 0))
		inactive := int64(-1)
		if it.Active() != stream.Inactive {
			inactive = max(c.Now()-it.Active(), 0)
		}
		field(out, "inactive", inactive)
	}
}

func field(out *resp.Writer, name string, n int64) {
	out.BulkString(name)
	out.Int(n)
}

func fieldID(out *resp.Writer, name string, id stream.ID) {
	out.BulkString(name)
	replyID(out, id)
}

// progress answers how far a group is.
func progress(out *resp.Writer, s *stream.Stream, g *stream.Group) {
	fieldID(out, "last-delivered-id", g.LastID())
	out.BulkString("entries-read")
	if n := g.EntriesRead(); n == stream.UnknownRead {
		out.Null()
	} else {
		out.Int(n)
	}
	out.BulkString("lag")
	if n, ok := s.Lag(g); ok {
		out.Int(n)
	} else {
		out.Null()
	}
}

// cmdXInfoGroups answers XINFO GROUPS key.
func cmdXInfoGroups(c *command.Ctx) {
	s, ok := described(c)
	if !ok {
		return
	}
	out := c.Out
	out.Array(s.Groups())
	it := s.EachGroup()
	for it.Next() {
		out.Map(6)
		out.BulkString("name")
		out.Bulk(it.Name())
		field(out, "consumers", int64(it.Consumers()))
		field(out, "pending", int64(it.Pending()))
		progress(out, &s, &it.Group)
	}
}

// cmdXInfoStream answers XINFO STREAM key [FULL [COUNT count]].
func cmdXInfoStream(c *command.Ctx) {
	s, ok := described(c)
	if !ok {
		return
	}
	full, count := len(c.Args) > 3, int64(10)
	switch n := len(c.Args); {
	case !full:
	case !command.Is(c.Args[3], "full") || n == 5 || n > 6 || n == 6 && !command.Is(c.Args[4], "count"):
		c.WrongSubArity()
		return
	case n == 6:
		if count, ok = c.Int(c.Args[5]); !ok {
			return
		}
		if count < 0 {
			count = 10
		}
	}
	out := c.Out
	if full {
		out.Map(9)
	} else {
		out.Map(10)
	}
	field(out, "length", int64(s.Len()))
	field(out, "radix-tree-keys", int64(s.Nodes()))
	field(out, "radix-tree-nodes", int64(s.RadixNodes()))
	fieldID(out, "last-generated-id", s.LastID())
	fieldID(out, "max-deleted-entry-id", s.MaxDeletedID())
	field(out, "entries-added", int64(s.EntriesAdded()))
	fieldID(out, "recorded-first-entry-id", s.FirstID())
	if full {
		out.BulkString("entries")
		replyRange(out, &s, stream.MinID, stream.MaxID, count, false)
		replyGroups(out, &s, count)
		return
	}
	field(out, "groups", int64(s.Groups()))
	for _, last := range [2]bool{false, true} {
		if last {
			out.BulkString("last-entry")
		} else {
			out.BulkString("first-entry")
		}
		var it stream.Iter
		if s.Range(&it, stream.MinID, stream.MaxID, last); it.Next() {
			replyEntry(out, &it)
		} else {
			out.Null()
		}
	}
}

// replyGroups answers all groups, at most count pending entries of each and of each of their consumers.
func replyGroups(out *resp.Writer, s *stream.Stream, count int64) {
	out.BulkString("groups")
	out.Array(s.Groups())
	it := s.EachGroup()
	for it.Next() {
		out.Map(7)
		out.BulkString("name")
		out.Bulk(it.Group.Name())
		progress(out, s, &it.Group)
		replyPending(out, &it.Group, stream.Consumer{}, count)
		out.BulkString("consumers")
		out.Array(it.Consumers())
		for who := it.EachConsumer(); who.Next(); {
			out.Map(5)
			out.BulkString("name")
			out.Bulk(who.Name())
			field(out, "seen-time", who.Seen())
			field(out, "active-time", who.Active())
			replyPending(out, &it.Group, who.Consumer, count)
		}
	}
}

// replyPending answers the pending entries of a group, or of one of its consumers.
func replyPending(out *resp.Writer, g *stream.Group, only stream.Consumer, count int64) {
	n := g.Pending()
	if only.Ok() {
		n = only.Pending()
	}
	field(out, "pel-count", int64(n))
	out.BulkString("pending")
	if count > 0 {
		n = int(min(int64(n), count))
	}
	out.Array(n)
	it := g.EachPending(stream.MinID, stream.MaxID, only)
	for ; n > 0 && it.Next(); n-- {
		if only.Ok() {
			out.Array(3)
			replyID(out, it.ID)
		} else {
			out.Array(4)
			replyID(out, it.ID)
			out.Bulk(it.Consumer.Name())
		}
		out.Int(it.Time)
		out.Int(int64(it.Deliveries))
	}
}

// cmdXInfoHelp answers XINFO HELP.
func cmdXInfoHelp(c *command.Ctx) {
	c.Help(
		"CONSUMERS <key> <group>",
		"    Describe the consumers of a group.",
		"GROUPS <key>",
		"    Describe the groups of a stream.",
		"STREAM <key> [FULL [COUNT <count>]]",
		"    Describe a stream; FULL with its entries and groups.",
	)
}

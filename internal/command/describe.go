package command

import (
	"strconv"

	"granary/internal/mem"
	"granary/internal/pubsub"
)

// Describe returns the client as one line of CLIENT LIST, without the line end.
// REQUIRES: the locks that make the client's state readable.
func (c *Client) Describe() string { return string(c.AppendDescription(nil)) }

// AppendDescription appends the line of Describe.
func (c *Client) AppendDescription(b []byte) []byte {
	num := func(name string, v int64) {
		b = append(append(append(b, ' '), name...), '=')
		b = strconv.AppendInt(b, v, 10)
	}
	text := func(name, v string) {
		b = append(append(append(b, ' '), name...), '=')
		b = append(b, v...)
	}
	now := c.Env.Keys.Now
	m := c.Memory()
	events := "r"
	if c.Conn != nil {
		events = c.Conn.Events()
	}
	b = append(b, "id="...)
	b = strconv.AppendInt(b, c.ID, 10)
	text("addr", c.Addr())
	text("laddr", c.LocalAddr())
	num("fd", m.fd)
	text("name", c.Name)
	num("age", now/1000-c.Created/1000)
	num("idle", now/1000-c.LastActive/1000)
	text("flags", c.flagLetters())
	text("capa", "")
	num("db", int64(c.DB.ID))
	num("sub", int64(c.Subs.Len(pubsub.Channel)))
	num("psub", int64(c.Subs.Len(pubsub.Pattern)))
	num("ssub", int64(c.Subs.Len(pubsub.Shard)))
	multi := int64(-1)
	if c.tx.on {
		multi = int64(c.tx.n)
	}
	num("multi", multi)
	num("watch", int64(c.watch.n))
	num("qbuf", m.query)
	num("qbuf-free", m.queryFree)
	num("argv-mem", m.args)
	num("multi-mem", c.tx.bytes)
	num("rbs", m.replyBuf)
	num("rbp", m.replyPeak)
	num("obl", m.outBuf)
	num("oll", m.outList)
	num("omem", m.outMem)
	num("tot-mem", m.Total)
	text("events", events)
	text("cmd", c.LastName())
	text("user", c.User.Name)
	num("redir", c.TrackingRedirect())
	num("resp", int64(c.Out.Proto))
	text("lib-name", c.LibName)
	text("lib-ver", c.LibVer)
	num("tot-net-in", m.netIn)
	num("tot-net-out", m.netOut)
	num("tot-cmds", int64(c.Calls))
	return b
}

// LastName returns the name of the last command, or of the one that is being executed.
func (c *Client) LastName() string {
	switch {
	case c.outer != nil:
		return c.outer.Full
	case c.running:
		return c.ctx.Spec.Full
	case c.Last != nil:
		return c.Last.Full
	}
	return "NULL"
}

// flagLetters returns the states of the client in Redis's letters.
func (c *Client) flagLetters() string {
	var b []byte
	if c.Flags&FlagMonitor != 0 {
		b = append(b, 'O')
	}
	if c.Flags&FlagSubscriber != 0 {
		b = append(b, 'P')
	}
	if c.tx.on {
		b = append(b, 'x')
	}
	if c.Flags&(FlagPostponed|FlagBlocked) != 0 {
		b = append(b, 'b')
	}
	if t := c.track; t != nil {
		b = append(b, 't')
		if t.mode&TrackBroken != 0 {
			b = append(b, 'R')
		}
		if t.mode&TrackBroadcast != 0 {
			b = append(b, 'B')
		}
	}
	if c.watch.broken {
		b = append(b, 'd')
	}
	if c.Conn != nil && c.Conn.Closing() {
		b = append(b, 'A')
	}
	if c.Flags&FlagUnixSocket != 0 {
		b = append(b, 'U')
	}
	if c.Flags&FlagNoEvict != 0 {
		b = append(b, 'e')
	}
	if c.Flags&FlagNoTouch != 0 {
		b = append(b, 'T')
	}
	if len(b) == 0 {
		return "N"
	}
	return string(b)
}

// ClientMemory is what a client holds, in bytes, as CLIENT LIST shows it.
type ClientMemory struct {
	Total int64 // everything below, the connection and the session

	fd, query, queryFree, args             int64
	replyBuf, replyPeak                    int64
	outBuf, outList, outMem, netIn, netOut int64
}

// Memory returns what the client holds.
func (c *Client) Memory() ClientMemory {
	m := ClientMemory{fd: -1, Total: c.own()}
	if c.running {
		args := c.ctx.Args
		if c.outer != nil {
			args = c.outerArgs // those inside are queued
		}
		for _, a := range args {
			m.args += int64(len(a))
		}
	}
	m.Total += m.args + c.tx.bytes + c.watch.bytes + c.Subs.Bytes() + c.track.bytes() + int64(cap(c.pushes))
	if x := c.waiting; x != nil {
		m.args = x.bytes
		m.Total += int64(mem.Usable(x.size))
	}
	if n := c.Conn; n != nil {
		m.fd = int64(n.Fd())
		m.query, m.queryFree = int64(n.QueryLen()-len(n.Front())), int64(n.QueryFree()) // Front is arguments, to Redis
		m.replyBuf, m.replyPeak = int64(n.ReplyBufSize()), int64(n.ReplyPeak())
		m.outBuf, m.outList, m.outMem = int64(n.OutBufLen()), int64(n.OutListLen()), int64(n.OutMem())
		m.netIn, m.netOut = int64(n.NetIn()), int64(n.NetOut())
		m.Total += int64(n.TotMem())
	}
	return m
}

// Buffers returns the sizes of what was read from the client and not executed, and of what waits to be sent.
func (c *Client) Buffers() (in, out int64) {
	if c.Conn == nil {
		return 0, 0
	}
	return int64(c.Conn.QueryLen() + c.Conn.QueryFree()), int64(c.Conn.OutBufLen() + c.Conn.OutMem())
}

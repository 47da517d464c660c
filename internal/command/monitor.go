package command

import (
	"slices"
	"strconv"
)

// Watch makes the client one of those that are shown every command (MONITOR). It reports false if it was one already.
func (e *Env) Watch(c *Client) bool {
	if c.Flags&FlagMonitor != 0 {
		return false
	}
	c.Flags |= FlagMonitor
	e.monitors = append(e.monitors, c)
	e.Gate |= GateMonitor
	return true
}

// unwatch undoes Watch.
func (e *Env) unwatch(c *Client) {
	if c.Flags&FlagMonitor == 0 {
		return
	}
	c.Flags &^= FlagMonitor
	e.monitors = slices.DeleteFunc(e.monitors, func(m *Client) bool { return m == c })
	if len(e.monitors) == 0 {
		e.Gate &^= GateMonitor
	}
}

// show sends the command that just ran to all that watch:
//
//	+1700000000.123456 [0 127.0.0.1:50000] "set" "key" "value"
//
// The line is made once. A long one, which may be of hundreds of megabytes, is made in the block that all are sent.
func (c *Client) show(args [][]byte) {
	e := c.Env
	line := c.appendShown(e.line[:0])
	size := len(line) + len("\r\n")
	for i, a := range args {
		size += 1 + reprLen(c.shown(i, a))
	}
	var s shared
	if size >= shareMin {
		if s = e.newShared(size); s.ref != 0 {
			line = append(s.bytes()[:0], line...)
		}
	}
	for i, a := range args {
		line = appendRepr(append(line, ' '), c.shown(i, a))
	}
	line = append(line, "\r\n"...)
	for _, m := range e.monitors {
		if m.Conn == nil {
			m.Out.Raw(line)
			continue
		}
		m.NoteHeld()
		m.Conn.Borrow(c.Loop())
		if s.ref != 0 {
			m.sendShared(s)
		} else {
			m.Out.Raw(line)
		}
		m.Conn.Return(c.Loop())
	}
	if e.line = line; s.ref != 0 || cap(line) > frameKeep {
		e.line = nil
	}
	e.unshare(s)
}

// appendShown appends the beginning of the line: when, in which database, and whose command.
func (c *Client) appendShown(line []byte) []byte {
	e := c.Env
	now := e.NowMicro()
	line = append(line, '+')
	line = strconv.AppendInt(line, now/1e6, 10)
	line = append(line, '.')
	for unit := int64(1e5); unit > 0; unit /= 10 {
		line = append(line, byte('0'+now/unit%10))
	}
	line = append(line, " ["...)
	line = strconv.AppendInt(line, int64(c.DB.ID), 10)
	line = append(line, ' ')
	switch {
	case c.Caller != nil:
		line = append(line, "lua"...)
	case c.Flags&FlagUnixSocket != 0:
		line = append(line, "unix:"...)
		line = append(line, e.Config.UnixSocket...)
	default:
		line = append(line, c.Addr()...)
	}
	return append(line, ']')
}

var redacted = []byte("(redacted)")

// shown returns what is shown of an argument.
func (c *Client) shown(i int, arg []byte) []byte {
	if c.ctx.isRedacted(i) {
		return redacted
	}
	return arg
}

// reprLens is how many bytes appendRepr makes of each.
var reprLens = func() (t [256]uint8) {
	var buf [8]byte
	for b := range t {
		t[b] = uint8(len(appendRepr(buf[:0], []byte{byte(b)})) - len(`""`))
	}
	return t
}()

// reprLen returns how many bytes appendRepr appends.
func reprLen(arg []byte) int {
	n := len(`""`)
	for _, b := range arg {
		n += int(reprLens[b])
	}
	return n
}

// appendRepr appends an argument between double quotes, with what is not printable ASCII escaped.
func appendRepr(dst, arg []byte) []byte {
	const hex = "0123456789abcdef"
	dst = append(dst, '"')
	for _, b := range arg {
		switch b {
		case '\\', '"':
			dst = append(dst, '\\', b)
		case '\n':
			dst = append(dst, '\\', 'n')
		case '\r':
			dst = append(dst, '\\', 'r')
		case '\t':
			dst = append(dst, '\\', 't')
		case '\a':
			dst = append(dst, '\\', 'a')
		case '\b':
			dst = append(dst, '\\', 'b')
		default:
			if b < 0x20 || b > 0x7e {
				dst = append(dst, '\\', 'x', hex[b>>4], hex[b&15])
			} else {
				dst = append(dst, b)
			}
		}
	}
	return append(dst, '"')
}

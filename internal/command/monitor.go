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
func (c *Client) show(args [][]byte) {
	e := c.Env
	now := e.NowMicro()
	line := append(make([]byte, 0, 128), '+')
	line = strconv.AppendInt(line, now/1e6, 10)
	line = append(line, '.')
	line = append(line, strconv.FormatInt(1e6+now%1e6, 10)[1:]...)
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
	line = append(line, ']')
	for i, a := range args {
		line = append(line, ' ')
		if c.ctx.isRedacted(i) {
			a = []byte("(redacted)")
		}
		line = appendRepr(line, a)
	}
	line = append(line, "\r\n"...)
	for _, m := range e.monitors {
		if m.Conn == nil {
			m.Out.Raw(line)
			continue
		}
		m.Conn.Borrow(c.Loop())
		m.Out.Raw(line)
		m.Conn.Return(c.Loop())
	}
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

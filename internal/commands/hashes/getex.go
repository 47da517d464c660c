package hashes

import (
	"granary/internal/command"
	"granary/internal/types/hash"
)

var specHGetDel = &command.Spec{
	Name: "hgetdel", Summary: "Returns the values of fields and deletes the fields.", Since: "8.0.0",
	Group: command.GroupHash, Complexity: expireComplexity,
	Arity: -5, Flags: command.Write | command.Fast,
	Keys:    command.OneKey(command.KeyRW | command.KeyAccess | command.KeyDelete),
	Args:    []command.Arg{argKey, argFields},
	Handler: cmdHGetDel,
}

// cmdHGetDel answers HGETDEL key FIELDS numfields field [field ...].
func cmdHGetDel(c *command.Ctx) {
	key := c.Args[1]
	it, ok := write(c, key)
	if !ok {
		return
	}
	names, ok := fields(c, c.Args[2:], errNumFields)
	if !ok {
		return
	}
	c.Out.Array(len(names))
	deleted := names[:0:0]
	n := 0
	for _, name := range names {
		var s hash.Scratch
		value, _, has := []byte(nil), int64(0), false
		if it.Exists() && hash.Len(it.Entry) > 0 {
			value, _, has = hash.Get(it.Entry, name, c.Now(), &s)
		}
		if !has {
			c.Out.Null()
			continue
		}
		c.Out.Bulk(value)
		hash.Delete(&it, name)
		n++
		if c.Feeding() {
			deleted = append(deleted, name)
		}
	}
	if n > 0 {
		changed(c, n, "hdel")
		dropEmpty(c, &it)
		if c.Feeding() {
			c.Rewrite(hdelEffect(key, deleted)...)
		}
	}
}

var specHGetEx = &command.Spec{
	Name: "hgetex", Summary: "Returns the values of fields and sets or removes their expiry.", Since: "8.0.0",
	Group: command.GroupHash, Complexity: expireComplexity,
	Arity: -5, Flags: command.Write | command.Fast,
	Keys: []command.KeySpec{{
		Flags: command.KeyRW | command.KeyAccess | command.KeyUpdate,
		Notes: "RW and UPDATE because it changes the TTL", Index: 1, KeyStep: 1,
	}},
	Args: []command.Arg{
		argKey,
		{Name: "expiration", Type: command.ArgOneOf, Flags: command.Optional, Args: []command.Arg{
			{Name: "seconds", Type: command.ArgInteger, Token: "EX"},
			{Name: "milliseconds", Type: command.ArgInteger, Token: "PX"},
			{Name: "unix-time-seconds", Type: command.ArgUnixTime, Token: "EXAT"},
			{Name: "unix-time-milliseconds", Type: command.ArgUnixTime, Token: "PXAT"},
			{Name: "persist", Type: command.ArgPureToken, Token: "PERSIST"},
		}},
		argFields,
	},
	Handler: cmdHGetEx,
}

// cmdHGetEx answers HGETEX key [EX s | PX ms | EXAT s | PXAT ms | PERSIST] FIELDS numfields field [field ...].
func cmdHGetEx(c *command.Ctx) {
	key := c.Args[1]
	it, ok := write(c, key)
	if !ok {
		return
	}
	o, ok := parseGetOptions(c)
	if !ok {
		return
	}
	c.Out.Array(len(o.fields))
	remove := o.past(c)
	done := o.fields[:0:0]
	n := 0
	for _, name := range o.fields {
		var s hash.Scratch
		value, old, has := []byte(nil), int64(0), false
		if it.Exists() && hash.Len(it.Entry) > 0 {
			value, old, has = hash.Get(it.Entry, name, c.Now(), &s)
		}
		if !has {
			c.Out.Null()
			continue
		}
		c.Out.Bulk(value)
		switch {
		case remove:
			hash.Delete(&it, name)
		case o.timed:
			hash.SetExpiry(&it, name, o.at)
		case o.persist && old != 0:
			hash.SetExpiry(&it, name, 0)
		default:
			continue
		}
		n++
		if c.Feeding() {
			done = append(done, name)
		}
	}
	if n == 0 {
		return
	}
	switch {
	case remove:
		changed(c, n, "hdel")
		dropEmpty(c, &it)
	case o.timed:
		changed(c, n, "hexpire")
	default:
		changed(c, n, "hpersist")
	}
	if c.Feeding() {
		switch {
		case remove:
			c.Rewrite(hdelEffect(key, done)...)
		case o.timed:
			c.Rewrite(fieldsEffect("HPEXPIREAT", key, o.at, done)...)
		default:
			c.Rewrite(fieldsEffect("HPERSIST", key, 0, done)...)
		}
	}
}

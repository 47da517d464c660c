package hashes

import (
	"granary/internal/command"
	"granary/internal/keyspace"
	"granary/internal/types/hash"
)

var specHSetEx = &command.Spec{
	Name: "hsetex", Summary: "Gives fields of a hash their values and an expiry.", Since: "8.0.0",
	Group: command.GroupHash, Complexity: "O(N) where N is the number of fields being set.",
	Arity: -6, Flags: command.Write | command.DenyOOM | command.Fast,
	Keys: command.OneKey(command.KeyRW | command.KeyUpdate),
	Args: []command.Arg{
		argKey,
		{Name: "condition", Type: command.ArgOneOf, Flags: command.Optional, Args: []command.Arg{
			{Name: "fnx", Type: command.ArgPureToken, Token: "FNX"},
			{Name: "fxx", Type: command.ArgPureToken, Token: "FXX"},
		}},
		{Name: "expiration", Type: command.ArgOneOf, Flags: command.Optional, Args: []command.Arg{
			{Name: "seconds", Type: command.ArgInteger, Token: "EX"},
			{Name: "milliseconds", Type: command.ArgInteger, Token: "PX"},
			{Name: "unix-time-seconds", Type: command.ArgUnixTime, Token: "EXAT"},
			{Name: "unix-time-milliseconds", Type: command.ArgUnixTime, Token: "PXAT"},
			{Name: "keepttl", Type: command.ArgPureToken, Token: "KEEPTTL"},
		}},
		{Name: "fields", Token: "FIELDS", Type: command.ArgBlock, Args: []command.Arg{
			{Name: "numfields", Type: command.ArgInteger},
			{Name: "data", Type: command.ArgBlock, Flags: command.Multiple, Args: []command.Arg{
				{Name: "field"},
				{Name: "value"},
			}},
		}},
	},
	Handler: cmdHSetEx,
}

// cmdHSetEx answers HSETEX key [FNX | FXX] [EX s | PX ms | EXAT s | PXAT ms | KEEPTTL] FIELDS numfields field value [field
// value ...]: 1, or 0 if the condition kept it from setting anything. With a time that is not in the future the fields are
// deleted instead.
func cmdHSetEx(c *command.Ctx) {
	o, ok := parseSetOptions(c)
	if !ok {
		return
	}
	key := c.Args[1]
	it, ok := write(c, key)
	if !ok {
		return
	}
	if !o.met(c, &it) {
		c.Out.Int(0)
		return
	}
	c.Out.Int(1)
	expiry, past := o.at, o.past(c)
	switch {
	case o.keepTTL:
		expiry = hash.KeepExpiry
	case past:
		expiry = 0
	}
	lim := limits(c)
	for i := 0; i < len(o.fields); i += 2 {
		hash.Set(&it, lim, o.fields[i], o.fields[i+1], expiry)
	}
	changed(c, len(o.fields)/2, "hset")
	switch {
	case past:
		deletePast(c, &it, o.fields)
	case o.timed:
		c.Notify(keyspace.Hash, "hexpire", key)
		if o.relative && c.Feeding() {
			args := [][]byte{[]byte("HSETEX"), key, []byte("PXAT"), appendInt(nil, o.at), []byte("FIELDS"), appendInt(nil, int64(len(o.fields)/2))}
			c.Rewrite(append(args, o.fields...)...)
		}
	}
}

// met tells whether FNX or FXX allows to set the fields.
func (o *options) met(c *command.Ctx, it *keyspace.Item) bool {
	if !o.ifNone && !o.ifAll {
		return true
	}
	for i := 0; i < len(o.fields); i += 2 {
		has := false
		if it.Exists() {
			_, has = hash.Has(it.Entry, o.fields[i], c.Now())
		}
		if has != o.ifAll {
			return false
		}
	}
	return true
}

// deletePast deletes the fields of pairs, which were set to expire at a time that has come: as events tell it, they were set
// and deleted.
func deletePast(c *command.Ctx, it *keyspace.Item, pairs [][]byte) {
	deleted := make([][]byte, 0, len(pairs)/2)
	for i := 0; i < len(pairs); i += 2 {
		if hash.Len(it.Entry) > 0 && hash.Delete(it, pairs[i]) {
			deleted = append(deleted, pairs[i])
		}
	}
	changed(c, len(deleted), "hdel")
	dropEmpty(c, it)
	if c.Feeding() {
		c.Rewrite(hdelEffect(c.Args[1], deleted)...)
	}
}

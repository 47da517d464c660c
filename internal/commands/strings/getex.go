package strings

import (
	"granary/internal/command"
	"granary/internal/keyspace"
	"granary/internal/object"
)

var specGetEx = &command.Spec{
	Name: "getex", Summary: "Returns the string value of a key and sets or removes its time of expiry.", Since: "6.2.0",
	Group: command.GroupString, Complexity: "O(1)",
	Arity: -2, Flags: command.Write | command.Fast,
	Keys: []command.KeySpec{{
		Flags: command.KeyRW | command.KeyAccess | command.KeyUpdate,
		Notes: "RW and UPDATE because it changes the TTL", Index: 1, KeyStep: 1,
	}},
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey, KeySpec: 1},
		{Name: "expiration", Type: command.ArgOneOf, Flags: command.Optional, Args: []command.Arg{
			{Name: "seconds", Type: command.ArgInteger, Token: "EX"},
			{Name: "milliseconds", Type: command.ArgInteger, Token: "PX"},
			{Name: "unix-time-seconds", Type: command.ArgUnixTime, Token: "EXAT"},
			{Name: "unix-time-milliseconds", Type: command.ArgUnixTime, Token: "PXAT"},
			{Name: "persist", Type: command.ArgPureToken, Token: "PERSIST"},
		}},
	},
	Handler: cmdGetEx,
}

// cmdGetEx answers GETEX key [EX s | PX ms | EXAT s | PXAT ms | PERSIST].
func cmdGetEx(c *command.Ctx) {
	var o options
	if !parseGetEx(c.Args[2:], &o) {
		c.SyntaxError()
		return
	}
	key := c.Args[1]
	// To the statistics and to those who hear of misses this is a read.
	it := c.Read(key)
	if !it.Exists() {
		c.Out.Null()
		return
	}
	if !c.IsType(&it, object.String) {
		return
	}
	var at int64
	if o.unit != noTime {
		var ok bool
		if at, ok = expiry(c, o.time, o.unit); !ok {
			return
		}
	}
	reply(c.Out, it.Entry)
	it = c.Write(key)
	switch {
	case (o.unit == atSeconds || o.unit == atMillis) && at <= c.Now() && c.Keys().ExpireOnAccess:
		it.Delete()
		c.Changed(key, keyspace.Generic, "del")
		if c.Feeding() {
			c.Rewrite(tokenDel, key)
		}
	case o.unit != noTime:
		it.SetExpiry(at)
		c.Changed(key, keyspace.Generic, "expire")
		if c.Feeding() {
			c.Rewrite(tokenPExpireAt, key, decimal(at))
		}
	case o.persist && it.Expiry() != 0:
		it.SetExpiry(0)
		c.Changed(key, keyspace.Generic, "persist")
		if c.Feeding() {
			c.Rewrite(tokenPersist, key)
		}
	}
}

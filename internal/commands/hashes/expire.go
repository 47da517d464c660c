package hashes

import (
	"granary/internal/command"
	"granary/internal/types/hash"
)

const expireComplexity = "O(N) where N is the number of specified fields"

// argCondition is the condition of the four commands that set an expiry.
var argCondition = command.Arg{Name: "condition", Type: command.ArgOneOf, Flags: command.Optional, Args: []command.Arg{
	{Name: "nx", Type: command.ArgPureToken, Token: "NX"},
	{Name: "xx", Type: command.ArgPureToken, Token: "XX"},
	{Name: "gt", Type: command.ArgPureToken, Token: "GT"},
	{Name: "lt", Type: command.ArgPureToken, Token: "LT"},
}}

var specHExpire = &command.Spec{
	Name: "hexpire", Summary: "Lets fields expire after a number of seconds.", Since: "7.4.0",
	Group: command.GroupHash, Complexity: expireComplexity,
	Arity: -6, Flags: command.Write | command.Fast,
	Keys:    command.OneKey(command.KeyRW | command.KeyUpdate),
	Args:    []command.Arg{argKey, {Name: "seconds", Type: command.ArgInteger}, argCondition, argFields},
	Handler: cmdHExpire,
}

// cmdHExpire answers HEXPIRE key seconds [NX | XX | GT | LT] FIELDS numfields field [field ...].
func cmdHExpire(c *command.Ctx) { expire(c, c.Now(), 1000) }

var specHPExpire = &command.Spec{
	Name: "hpexpire", Summary: "Lets fields expire after a number of milliseconds.", Since: "7.4.0",
	Group: command.GroupHash, Complexity: expireComplexity,
	Arity: -6, Flags: command.Write | command.Fast,
	Keys:    command.OneKey(command.KeyRW | command.KeyUpdate),
	Args:    []command.Arg{argKey, {Name: "milliseconds", Type: command.ArgInteger}, argCondition, argFields},
	Handler: cmdHPExpire,
}

// cmdHPExpire answers HPEXPIRE key milliseconds [NX | XX | GT | LT] FIELDS numfields field [field ...].
func cmdHPExpire(c *command.Ctx) { expire(c, c.Now(), 1) }

var specHExpireAt = &command.Spec{
	Name: "hexpireat", Summary: "Lets fields expire at a Unix time in seconds.", Since: "7.4.0",
	Group: command.GroupHash, Complexity: expireComplexity,
	Arity: -6, Flags: command.Write | command.Fast,
	Keys:    command.OneKey(command.KeyRW | command.KeyUpdate),
	Args:    []command.Arg{argKey, {Name: "unix-time-seconds", Type: command.ArgUnixTime}, argCondition, argFields},
	Handler: cmdHExpireAt,
}

// cmdHExpireAt answers HEXPIREAT key unix-time-seconds [NX | XX | GT | LT] FIELDS numfields field [field ...].
func cmdHExpireAt(c *command.Ctx) { expire(c, 0, 1000) }

var specHPExpireAt = &command.Spec{
	Name: "hpexpireat", Summary: "Lets fields expire at a Unix time in milliseconds.", Since: "7.4.0",
	Group: command.GroupHash, Complexity: expireComplexity,
	Arity: -6, Flags: command.Write | command.Fast,
	Keys:    command.OneKey(command.KeyRW | command.KeyUpdate),
	Args:    []command.Arg{argKey, {Name: "unix-time-milliseconds", Type: command.ArgUnixTime}, argCondition, argFields},
	Handler: cmdHPExpireAt,
}

// cmdHPExpireAt answers HPEXPIREAT key unix-time-milliseconds [NX | XX | GT | LT] FIELDS numfields field [field ...].
func cmdHPExpireAt(c *command.Ctx) { expire(c, 0, 1) }

// condition is under which an expiry is set.
type condition uint8

const (
	always    condition = iota
	ifNone              // NX: the field does not expire yet
	ifSome              // XX: it does
	ifLater             // GT: the new time is later; not to expire is latest
	ifEarlier           // LT: the new time is earlier
)

// parseCondition reads a condition; always means that it is none.
func parseCondition(arg []byte) condition {
	switch {
	case command.Is(arg, "nx"):
		return ifNone
	case command.Is(arg, "xx"):
		return ifSome
	case command.Is(arg, "gt"):
		return ifLater
	case command.Is(arg, "lt"):
		return ifEarlier
	}
	return always
}

// holds tells whether a field that expires at old (0: never) may expire at at instead.
func (cond condition) holds(old, at int64) bool {
	switch cond {
	case ifNone:
		return old == 0
	case ifSome:
		return old != 0
	case ifLater:
		return old != 0 && at > old
	case ifEarlier:
		return old == 0 || at < old
	}
	return true
}

// What is answered for a field.
const (
	conditionFailed = 0
	expirySet       = 1
	fieldDeleted    = 2 // the time had come already
)

// expire lets fields expire at base plus Args[2] in units of so many milliseconds. A time that is not in the future deletes
// them.
func expire(c *command.Ctx, base, unit int64) {
	key := c.Args[1]
	it, ok := write(c, key)
	if !ok {
		return
	}
	at, ok := fieldTime(c, c.Args[2], base, unit)
	if !ok {
		return
	}
	rest := c.Args[3:]
	cond := parseCondition(rest[0])
	if cond != always {
		rest = rest[1:]
	}
	names, ok := fields(c, rest, "ERR Parameter `numFields` should be greater than 0")
	if !ok {
		return
	}
	c.Out.Array(len(names))
	if !it.Exists() {
		for range names {
			c.Out.Int(noField)
		}
		return
	}
	remove := at <= c.Now() && c.Keys().ExpireOnAccess
	done := names[:0:0] // those that were changed, for whom it is repeated
	n := 0
	for _, name := range names {
		answer := int64(noField)
		if old, has := hash.Has(it.Entry, name, c.Now()); has {
			answer = conditionFailed
			if cond.holds(old, at) {
				n++
				answer = expirySet
				if remove {
					answer = fieldDeleted
					hash.Delete(&it, name)
				} else {
					hash.SetExpiry(&it, name, at)
				}
				if c.Feeding() {
					done = append(done, name)
				}
			}
		}
		c.Out.Int(answer)
	}
	switch {
	case n == 0:
	case remove:
		changed(c, n, "hdel")
		dropEmpty(c, &it)
		if c.Feeding() {
			c.Rewrite(hdelEffect(key, done)...)
		}
	default:
		changed(c, n, "hexpire")
		if c.Feeding() {
			c.Rewrite(fieldsEffect("HPEXPIREAT", key, at, done)...)
		}
	}
}

var specHPersist = &command.Spec{
	Name: "hpersist", Summary: "Takes the expiry from fields.", Since: "7.4.0",
	Group: command.GroupHash, Complexity: expireComplexity,
	Arity: -5, Flags: command.Write | command.Fast,
	Keys:    command.OneKey(command.KeyRW | command.KeyUpdate),
	Args:    []command.Arg{argKey, argFields},
	Handler: cmdHPersist,
}

// cmdHPersist answers HPERSIST key FIELDS numfields field [field ...]: for each 1, or -1 if it does not expire.
func cmdHPersist(c *command.Ctx) {
	it, ok := write(c, c.Args[1])
	if !ok {
		return
	}
	names, ok := fields(c, c.Args[2:], errNumFields)
	if !ok {
		return
	}
	c.Out.Array(len(names))
	n := 0
	for _, name := range names {
		if !it.Exists() {
			c.Out.Int(noField)
			continue
		}
		switch old, has := hash.Has(it.Entry, name, c.Now()); {
		case !has:
			c.Out.Int(noField)
		case old == 0:
			c.Out.Int(noExpiry)
		default:
			hash.SetExpiry(&it, name, 0)
			c.Out.Int(1)
			n++
		}
	}
	if n > 0 {
		changed(c, n, "hpersist")
	}
}

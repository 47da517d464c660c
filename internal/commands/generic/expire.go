package generic

import (
	"math"

	"granary/internal/command"
	"granary/internal/keyspace"
	"granary/internal/resp"
)

// argCondition is the last argument of the four commands that set an expiry.
var argCondition = command.Arg{Name: "condition", Type: command.ArgOneOf, Since: "7.0.0", Flags: command.Optional, Args: []command.Arg{
	{Name: "nx", Type: command.ArgPureToken, Token: "NX"},
	{Name: "xx", Type: command.ArgPureToken, Token: "XX"},
	{Name: "gt", Type: command.ArgPureToken, Token: "GT"},
	{Name: "lt", Type: command.ArgPureToken, Token: "LT"},
}}

// historyExpire is the history of the four.
var historyExpire = []command.Change{{Since: "7.0.0", What: "Conditions NX, XX, GT and LT."}}

// argKey is the key of what sets and tells expiries; some take nothing else.
var (
	argKey      = command.Arg{Name: "key", Type: command.ArgKey, KeySpec: 1}
	argKeyAlone = []command.Arg{argKey}
)

var specExpire = &command.Spec{
	Name:       "expire",
	Summary:    "Lets a key expire after a number of seconds.",
	Since:      "1.0.0",
	Group:      command.GroupGeneric,
	Complexity: "O(1)",
	Arity:      -3,
	Flags:      command.Write | command.Fast,
	Keys:       command.OneKey(command.KeyRW | command.KeyUpdate),
	Args:       []command.Arg{argKey, {Name: "seconds", Type: command.ArgInteger}, argCondition},
	History:    historyExpire,
	Handler:    cmdExpire,
}

// cmdExpire answers EXPIRE key seconds [NX | XX | GT | LT].
func cmdExpire(c *command.Ctx) { expire(c, c.Now(), 1000) }

var specPExpire = &command.Spec{
	Name:       "pexpire",
	Summary:    "Lets a key expire after a number of milliseconds.",
	Since:      "2.6.0",
	Group:      command.GroupGeneric,
	Complexity: "O(1)",
	Arity:      -3,
	Flags:      command.Write | command.Fast,
	Keys:       command.OneKey(command.KeyRW | command.KeyUpdate),
	Args:       []command.Arg{argKey, {Name: "milliseconds", Type: command.ArgInteger}, argCondition},
	History:    historyExpire,
	Handler:    cmdPExpire,
}

// cmdPExpire answers PEXPIRE key milliseconds [NX | XX | GT | LT].
func cmdPExpire(c *command.Ctx) { expire(c, c.Now(), 1) }

var specExpireAt = &command.Spec{
	Name:       "expireat",
	Summary:    "Lets a key expire at a Unix time in seconds.",
	Since:      "1.2.0",
	Group:      command.GroupGeneric,
	Complexity: "O(1)",
	Arity:      -3,
	Flags:      command.Write | command.Fast,
	Keys:       command.OneKey(command.KeyRW | command.KeyUpdate),
	Args:       []command.Arg{argKey, {Name: "unix-time-seconds", Type: command.ArgUnixTime}, argCondition},
	History:    historyExpire,
	Handler:    cmdExpireAt,
}

// cmdExpireAt answers EXPIREAT key unix-time-seconds [NX | XX | GT | LT].
func cmdExpireAt(c *command.Ctx) { expire(c, 0, 1000) }

var specPExpireAt = &command.Spec{
	Name:       "pexpireat",
	Summary:    "Lets a key expire at a Unix time in milliseconds.",
	Since:      "2.6.0",
	Group:      command.GroupGeneric,
	Complexity: "O(1)",
	Arity:      -3,
	Flags:      command.Write | command.Fast,
	Keys:       command.OneKey(command.KeyRW | command.KeyUpdate),
	Args:       []command.Arg{argKey, {Name: "unix-time-milliseconds", Type: command.ArgUnixTime}, argCondition},
	History:    historyExpire,
	Handler:    cmdPExpireAt,
}

// cmdPExpireAt answers PEXPIREAT key unix-time-milliseconds [NX | XX | GT | LT].
func cmdPExpireAt(c *command.Ctx) { expire(c, 0, 1) }

// conditions under which an expiry is set.
type conditions uint8

const (
	ifNone    conditions = 1 << iota // NX: the key does not expire yet
	ifSome                           // XX: it does
	ifLater                          // GT: the new time is later; not to expire is latest
	ifEarlier                        // LT: the new time is earlier
)

// parseConditions reads the arguments behind the time and answers an error when they make no sense.
func parseConditions(c *command.Ctx) (cond conditions, ok bool) {
	for _, arg := range c.Args[3:] {
		switch {
		case command.Is(arg, "nx"):
			cond |= ifNone
		case command.Is(arg, "xx"):
			cond |= ifSome
		case command.Is(arg, "gt"):
			cond |= ifLater
		case command.Is(arg, "lt"):
			cond |= ifEarlier
		default:
			c.Out.Error("ERR Unsupported option " + string(arg))
			return 0, false
		}
	}
	if cond&ifNone != 0 && cond != ifNone {
		c.Out.Error("ERR NX and XX, GT or LT options at the same time are not compatible")
		return 0, false
	}
	if cond&(ifLater|ifEarlier) == ifLater|ifEarlier {
		c.Out.Error("ERR GT and LT options at the same time are not compatible")
		return 0, false
	}
	return cond, true
}

// hold tells whether a key that expires at old (0: never) may expire at at instead.
func (cond conditions) hold(old, at int64) bool {
	return (cond&ifNone == 0 || old == 0) &&
		(cond&ifSome == 0 || old != 0) &&
		(cond&ifLater == 0 || old != 0 && at > old) &&
		(cond&ifEarlier == 0 || old == 0 || at < old)
}

// expire sets the expiry of Args[1] to base plus Args[2] in units of so many milliseconds. A time that is not in the
// future deletes the key, which counts as expired: so Valkey has it.
func expire(c *command.Ctx, base, unit int64) {
	cond, ok := parseConditions(c)
	if !ok {
		return
	}
	at, ok := c.Int(c.Args[2])
	if !ok {
		return
	}
	if at > math.MaxInt64/unit || at < math.MinInt64/unit || at*unit > math.MaxInt64-base {
		c.Out.Errorf(command.ErrInvalidExpire, c.Spec.Full)
		return
	}
	at = at*unit + base
	key := c.Args[1]
	it := c.Write(key)
	if !it.Exists() || cond != 0 && !cond.hold(it.Expiry(), at) {
		c.Out.Int(0)
		return
	}
	if at <= c.Now() {
		it.Delete()
		c.Keys().Stats.Expired++
		if c.Feeding() {
			c.Rewrite(delName(c), key)
		}
		c.Changed(key, keyspace.Generic, "del")
		c.Out.Int(1)
		return
	}
	it.SetExpiry(at)
	if c.Feeding() {
		args := [][]byte{[]byte("PEXPIREAT"), key, resp.AppendInt(nil, at)}
		c.Rewrite(append(args, c.Args[3:]...)...)
	}
	c.Changed(key, keyspace.Generic, "expire")
	c.Out.Int(1)
}

// delName returns the command by which an expired key is deleted elsewhere.
func delName(c *command.Ctx) []byte {
	if c.Env.Config.LazyfreeLazyExpire {
		return []byte("UNLINK")
	}
	return []byte("DEL")
}

var specPersist = &command.Spec{
	Name:       "persist",
	Summary:    "Takes the expiry from a key.",
	Since:      "2.2.0",
	Group:      command.GroupGeneric,
	Complexity: "O(1)",
	Arity:      2,
	Flags:      command.Write | command.Fast,
	Keys:       command.OneKey(command.KeyRW | command.KeyUpdate),
	Args:       argKeyAlone,
	Handler:    cmdPersist,
}

// cmdPersist answers PERSIST key.
func cmdPersist(c *command.Ctx) {
	it := c.Write(c.Args[1])
	if !it.Exists() || it.Expiry() == 0 {
		c.Out.Int(0)
		return
	}
	it.SetExpiry(0)
	c.Changed(c.Args[1], keyspace.Generic, "persist")
	c.Out.Int(1)
}

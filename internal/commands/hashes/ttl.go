package hashes

import (
	"granary/internal/command"
	"granary/internal/types/hash"
)

const noExpiry = -1 // what is answered for a field that does not expire

var specHTTL = &command.Spec{
	Name: "httl", Summary: "Tells how many seconds fields have left to live.", Since: "7.4.0",
	Group: command.GroupHash, Complexity: expireComplexity,
	Arity: -5, Flags: command.ReadOnly | command.Fast,
	Keys:    command.OneKey(command.KeyRO | command.KeyAccess),
	Args:    []command.Arg{argKey, argFields},
	Tips:    []string{"nondeterministic_output"},
	Handler: cmdHTTL,
}

// cmdHTTL answers HTTL key FIELDS numfields field [field ...].
func cmdHTTL(c *command.Ctx) { ttl(c, c.Now(), 1000) }

var specHPTTL = &command.Spec{
	Name: "hpttl", Summary: "Tells how many milliseconds fields have left to live.", Since: "7.4.0",
	Group: command.GroupHash, Complexity: expireComplexity,
	Arity: -5, Flags: command.ReadOnly | command.Fast,
	Keys:    command.OneKey(command.KeyRO | command.KeyAccess),
	Args:    []command.Arg{argKey, argFields},
	Tips:    []string{"nondeterministic_output"},
	Handler: cmdHPTTL,
}

// cmdHPTTL answers HPTTL key FIELDS numfields field [field ...].
func cmdHPTTL(c *command.Ctx) { ttl(c, c.Now(), 1) }

var specHExpireTime = &command.Spec{
	Name: "hexpiretime", Summary: "Tells the Unix times in seconds at which fields expire.", Since: "7.4.0",
	Group: command.GroupHash, Complexity: expireComplexity,
	Arity: -5, Flags: command.ReadOnly | command.Fast,
	Keys:    command.OneKey(command.KeyRO | command.KeyAccess),
	Args:    []command.Arg{argKey, argFields},
	Handler: cmdHExpireTime,
}

// cmdHExpireTime answers HEXPIRETIME key FIELDS numfields field [field ...].
func cmdHExpireTime(c *command.Ctx) { ttl(c, 0, 1000) }

var specHPExpireTime = &command.Spec{
	Name: "hpexpiretime", Summary: "Tells the Unix times in milliseconds at which fields expire.", Since: "7.4.0",
	Group: command.GroupHash, Complexity: expireComplexity,
	Arity: -5, Flags: command.ReadOnly | command.Fast,
	Keys:    command.OneKey(command.KeyRO | command.KeyAccess),
	Args:    []command.Arg{argKey, argFields},
	Handler: cmdHPExpireTime,
}

// cmdHPExpireTime answers HPEXPIRETIME key FIELDS numfields field [field ...].
func cmdHPExpireTime(c *command.Ctx) { ttl(c, 0, 1) }

// ttl answers when fields expire, counted from base, in units of so many milliseconds, rounded up.
func ttl(c *command.Ctx, base, unit int64) {
	it, ok := read(c, c.Args[1])
	if !ok {
		return
	}
	names, ok := fields(c, c.Args[2:], errNumFields)
	if !ok {
		return
	}
	c.Out.Array(len(names))
	for _, name := range names {
		if !it.Exists() {
			c.Out.Int(noField)
			continue
		}
		switch at, has := hash.Has(it.Entry, name, c.Now()); {
		case !has:
			c.Out.Int(noField)
		case at == 0:
			c.Out.Int(noExpiry)
		default:
			c.Out.Int((at - base + unit - 1) / unit)
		}
	}
}

package generic

import (
	"granary/internal/command"
	"granary/internal/keyspace"
)

var specTTL = &command.Spec{
	Name:       "ttl",
	Summary:    "Tells how many seconds a key has left to live.",
	Since:      "1.0.0",
	Group:      command.GroupGeneric,
	Complexity: "O(1)",
	Arity:      2,
	Flags:      command.ReadOnly | command.Fast,
	Keys:       command.OneKey(command.KeyRO | command.KeyAccess),
	Args:       argKeyAlone,
	Tips:       []string{"nondeterministic_output"},
	History:    []command.Change{{Since: "2.8.0", What: "-2 for a key that does not exist."}},
	Handler:    cmdTTL,
}

// cmdTTL answers TTL key.
func cmdTTL(c *command.Ctx) { ttl(c, c.Now(), 1000) }

var specPTTL = &command.Spec{
	Name:       "pttl",
	Summary:    "Tells how many milliseconds a key has left to live.",
	Since:      "2.6.0",
	Group:      command.GroupGeneric,
	Complexity: "O(1)",
	Arity:      2,
	Flags:      command.ReadOnly | command.Fast,
	Keys:       command.OneKey(command.KeyRO | command.KeyAccess),
	Args:       argKeyAlone,
	Tips:       []string{"nondeterministic_output"},
	History:    []command.Change{{Since: "2.8.0", What: "-2 for a key that does not exist."}},
	Handler:    cmdPTTL,
}

// cmdPTTL answers PTTL key.
func cmdPTTL(c *command.Ctx) { ttl(c, c.Now(), 1) }

var specExpireTime = &command.Spec{
	Name:       "expiretime",
	Summary:    "Tells the Unix time in seconds at which a key expires.",
	Since:      "7.0.0",
	Group:      command.GroupGeneric,
	Complexity: "O(1)",
	Arity:      2,
	Flags:      command.ReadOnly | command.Fast,
	Keys:       command.OneKey(command.KeyRO | command.KeyAccess),
	Args:       argKeyAlone,
	Handler:    cmdExpireTime,
}

// cmdExpireTime answers EXPIRETIME key.
func cmdExpireTime(c *command.Ctx) { ttl(c, 0, 1000) }

var specPExpireTime = &command.Spec{
	Name:       "pexpiretime",
	Summary:    "Tells the Unix time in milliseconds at which a key expires.",
	Since:      "7.0.0",
	Group:      command.GroupGeneric,
	Complexity: "O(1)",
	Arity:      2,
	Flags:      command.ReadOnly | command.Fast,
	Keys:       command.OneKey(command.KeyRO | command.KeyAccess),
	Args:       argKeyAlone,
	Handler:    cmdPExpireTime,
}

// cmdPExpireTime answers PEXPIRETIME key.
func cmdPExpireTime(c *command.Ctx) { ttl(c, 0, 1) }

// ttl answers when the key expires, counted from base, in units of so many milliseconds, rounded: -2 without a key, -1
// without an expiry.
func ttl(c *command.Ctx, base, unit int64) {
	it := c.DB.Lookup(c.Args[1], keyspace.NoTouch)
	switch {
	case !it.Exists():
		c.Out.Int(-2)
	case it.Expiry() == 0:
		c.Out.Int(-1)
	default:
		left := uint64(max(it.Expiry()-base, 0))
		c.Out.Int(int64((left + uint64(unit)/2) / uint64(unit)))
	}
}

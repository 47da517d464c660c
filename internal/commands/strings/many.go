package strings

import (
	"granary/internal/command"
	"granary/internal/keyspace"
	"granary/internal/object"
)

var specMGet = &command.Spec{
	Name: "mget", Summary: "Returns the string values of several keys, null for each that has none.", Since: "1.0.0",
	Group: command.GroupString, Complexity: "O(N) where N is the number of keys to retrieve.",
	Arity: -2, Flags: command.ReadOnly | command.Fast,
	Keys:    command.Keys(command.KeyRO|command.KeyAccess, 1, -1, 1),
	Args:    []command.Arg{{Name: "key", Type: command.ArgKey, KeySpec: 1, Flags: command.Multiple}},
	Tips:    []string{"request_policy:multi_shard"},
	Handler: cmdMGet,
}

// cmdMGet answers MGET key [key ...].
func cmdMGet(c *command.Ctx) {
	c.Out.Array(len(c.Args) - 1)
	for i := 1; i < len(c.Args); i++ {
		c.Ahead(i, 1)
		var it keyspace.Item
		c.ReadTo(&it, c.Args[i])
		if !it.Exists() || it.Entry.Type() != object.String {
			c.Out.Null()
			continue
		}
		reply(c.Out, it.Entry)
	}
}

// argPairs is the argument tree of MSET and MSETNX.
var argPairs = []command.Arg{
	{Name: "key_value", Type: command.ArgBlock, Flags: command.Multiple, Args: []command.Arg{
		{Name: "key", Type: command.ArgKey, KeySpec: 1},
		{Name: "value", Type: command.ArgString},
	}},
}

var specMSet = &command.Spec{
	Name: "mset", Summary: "Gives several keys string values, all at once.", Since: "1.0.1",
	Group: command.GroupString, Complexity: "O(N) where N is the number of keys to set.",
	Arity: -3, Flags: command.Write | command.DenyOOM,
	Keys:    command.Keys(command.KeyOW|command.KeyUpdate, 1, -1, 2),
	Args:    argPairs,
	Tips:    []string{"request_policy:multi_shard", "response_policy:all_succeeded"},
	Handler: cmdMSet,
}

// cmdMSet answers MSET key value [key value ...].
func cmdMSet(c *command.Ctx) {
	if len(c.Args)%2 == 0 {
		c.WrongArity()
		return
	}
	setPairs(c)
	c.Out.OK()
}

var specMSetNX = &command.Spec{
	Name: "msetnx", Summary: "Gives several keys string values, all at once, unless one of them exists.", Since: "1.0.1",
	Group: command.GroupString, Complexity: "O(N) where N is the number of keys to set.",
	Arity: -3, Flags: command.Write | command.DenyOOM,
	Keys:    command.Keys(command.KeyOW|command.KeyInsert, 1, -1, 2),
	Args:    argPairs,
	Tips:    []string{"request_policy:multi_shard", "response_policy:agg_min"},
	Handler: cmdMSetNX,
}

// cmdMSetNX answers MSETNX key value [key value ...].
func cmdMSetNX(c *command.Ctx) {
	if len(c.Args)%2 == 0 {
		c.WrongArity()
		return
	}
	for i := 1; i < len(c.Args); i += 2 {
		if it := c.Write(c.Args[i]); it.Exists() {
			c.Out.Int(0)
			return
		}
	}
	setPairs(c)
	c.Out.Int(1)
}

func setPairs(c *command.Ctx) {
	for i := 1; i < len(c.Args); i += 2 {
		c.Ahead(i, 2)
		var it keyspace.Item
		c.WriteTo(&it, c.Args[i])
		it.SetString(c.Args[i+1], 0)
		c.Changed(c.Args[i], keyspace.String, "set")
	}
}

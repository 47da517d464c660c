package generic

import (
	"granary/internal/command"
	"granary/internal/keyspace"
)

var specDel = &command.Spec{
	Name:       "del",
	Summary:    "Deletes keys.",
	Since:      "1.0.0",
	Group:      command.GroupGeneric,
	Complexity: "O(N) where N is the number of keys that will be removed. When a key to remove holds a value other than a string, the individual complexity for this key is O(M) where M is the number of elements in the list, set, sorted set or hash. Removing a single key that holds a string value is O(1).",
	Arity:      -2,
	Flags:      command.Write,
	Keys:       command.Keys(command.KeyRM|command.KeyDelete, 1, -1, 1),
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey, KeySpec: 1, Flags: command.Multiple},
	},
	Tips:    []string{"request_policy:multi_shard", "response_policy:agg_sum"},
	Handler: cmdDel,
}

// cmdDel answers DEL key [key ...].
//
// NB: DEL and UNLINK do the same: the memory of a string is given back at once, which takes no longer however long the
// string is, and that of larger things in slices.
func cmdDel(c *command.Ctx) {
	deleted := int64(0)
	for i, key := range c.Args[1:] {
		c.Ahead(1+i, 1)
		it := c.DB.Lookup(key, keyspace.ForWrite|keyspace.NoTouch)
		if it.Exists() {
			it.Delete()
			c.Changed(key, keyspace.Generic, "del")
			deleted++
		}
	}
	c.Out.Int(deleted)
}

var specUnlink = &command.Spec{
	Name:       "unlink",
	Summary:    "Deletes keys; the memory of large values is given back later, in slices.",
	Since:      "4.0.0",
	Group:      command.GroupGeneric,
	Complexity: "O(1) for each key removed regardless of its size. Then the command does O(N) work in a different thread in order to reclaim memory, where N is the number of allocations the deleted objects where composed of.",
	Arity:      -2,
	Flags:      command.Write | command.Fast,
	Keys:       command.Keys(command.KeyRM|command.KeyDelete, 1, -1, 1),
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey, KeySpec: 1, Flags: command.Multiple},
	},
	Tips:    []string{"request_policy:multi_shard", "response_policy:agg_sum"},
	Handler: cmdUnlink,
}

// cmdUnlink answers UNLINK key [key ...].
func cmdUnlink(c *command.Ctx) { cmdDel(c) }

var specExists = &command.Spec{
	Name:       "exists",
	Summary:    "Counts how many of the given keys exist; a key named twice counts twice.",
	Since:      "1.0.0",
	Group:      command.GroupGeneric,
	Complexity: "O(N) where N is the number of keys to check.",
	Arity:      -2,
	Flags:      command.ReadOnly | command.Fast,
	Keys:       command.Keys(command.KeyRO, 1, -1, 1),
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey, KeySpec: 1, Flags: command.Multiple},
	},
	Tips:    []string{"request_policy:multi_shard", "response_policy:agg_sum"},
	History: []command.Change{{Since: "3.0.3", What: "Several keys may be given."}},
	Handler: cmdExists,
}

// cmdExists answers EXISTS key [key ...].
func cmdExists(c *command.Ctx) {
	n := int64(0)
	for i, key := range c.Args[1:] {
		c.Ahead(1+i, 1)
		if it := c.DB.Lookup(key, keyspace.NoTouch); it.Exists() {
			n++
		}
	}
	c.Out.Int(n)
}

var specTouch = &command.Spec{
	Name:       "touch",
	Summary:    "Marks keys as just accessed and counts those that exist.",
	Since:      "3.2.1",
	Group:      command.GroupGeneric,
	Complexity: "O(N) where N is the number of keys that will be touched.",
	Arity:      -2,
	Flags:      command.ReadOnly | command.Fast,
	Keys:       command.Keys(command.KeyRO, 1, -1, 1),
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey, KeySpec: 1, Flags: command.Multiple},
	},
	Tips:    []string{"request_policy:multi_shard", "response_policy:agg_sum"},
	Handler: cmdTouch,
}

// cmdTouch answers TOUCH key [key ...]. It marks the access even under CLIENT NO-TOUCH.
func cmdTouch(c *command.Ctx) {
	n := int64(0)
	for i, key := range c.Args[1:] {
		c.Ahead(1+i, 1)
		if it := c.DB.Read(key); it.Exists() {
			n++
		}
	}
	c.Out.Int(n)
}

var specType = &command.Spec{
	Name:       "type",
	Summary:    "Tells the type of the value of a key.",
	Since:      "1.0.0",
	Group:      command.GroupGeneric,
	Complexity: "O(1)",
	Arity:      2,
	Flags:      command.ReadOnly | command.Fast,
	Keys:       command.OneKey(command.KeyRO),
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey, KeySpec: 1},
	},
	Handler: cmdType,
}

// cmdType answers TYPE key.
func cmdType(c *command.Ctx) {
	it := c.DB.Lookup(c.Args[1], keyspace.NoTouch)
	if !it.Exists() {
		c.Out.Status("none")
		return
	}
	c.Out.Status(it.Entry.Type().String())
}

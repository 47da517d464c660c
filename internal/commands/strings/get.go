package strings

import (
	"granary/internal/command"
	"granary/internal/keyspace"
	"granary/internal/object"
)

var specGet = &command.Spec{
	Name: "get", Summary: "Returns the string value of a key.", Since: "1.0.0",
	Group: command.GroupString, Complexity: "O(1)",
	Arity: 2, Flags: command.ReadOnly | command.Fast,
	Keys:    command.OneKey(command.KeyRO | command.KeyAccess),
	Args:    []command.Arg{{Name: "key", Type: command.ArgKey, KeySpec: 1}},
	Handler: cmdGet,
}

// cmdGet answers GET key.
func cmdGet(c *command.Ctx) { getReply(c, c.Args[1]) }

// getReply answers a key's value, null if there is none, or WRONGTYPE, and reports whether it was not the last.
func getReply(c *command.Ctx, key []byte) bool {
	it := c.Read(key)
	if !it.Exists() {
		c.Out.Null()
		return true
	}
	if !c.IsType(&it, object.String) {
		return false
	}
	reply(c.Out, it.Entry)
	return true
}

var specGetDel = &command.Spec{
	Name: "getdel", Summary: "Returns the string value of a key and deletes the key.", Since: "6.2.0",
	Group: command.GroupString, Complexity: "O(1)",
	Arity: 2, Flags: command.Write | command.Fast,
	Keys:    command.OneKey(command.KeyRW | command.KeyAccess | command.KeyDelete),
	Args:    []command.Arg{{Name: "key", Type: command.ArgKey, KeySpec: 1}},
	Handler: cmdGetDel,
}

// cmdGetDel answers GETDEL key.
func cmdGetDel(c *command.Ctx) {
	key := c.Args[1]
	if !getReply(c, key) {
		return
	}
	it := c.Write(key)
	if !it.Exists() {
		return
	}
	it.Delete()
	c.Changed(key, keyspace.Generic, "del")
	if c.Feeding() {
		c.Rewrite(tokenDel, key)
	}
}

var specGetSet = &command.Spec{
	Name: "getset", Summary: "Gives a key a string value and returns the one it had.", Since: "1.0.0",
	Group: command.GroupString, Complexity: "O(1)",
	Arity: 3, Flags: command.Write | command.DenyOOM | command.Fast,
	Keys: command.OneKey(command.KeyRW | command.KeyAccess | command.KeyUpdate),
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey, KeySpec: 1},
		{Name: "value", Type: command.ArgString},
	},
	DeprecatedSince: "6.2.0", ReplacedBy: "`SET` with the `!GET` argument",
	Handler: cmdGetSet,
}

// cmdGetSet answers GETSET key value.
func cmdGetSet(c *command.Ctx) {
	key, val := c.Args[1], c.Args[2]
	if !getReply(c, key) {
		return
	}
	it := c.Write(key)
	c.SetString(&it, 2, 0)
	c.Changed(key, keyspace.String, "set")
	if c.Feeding() {
		c.Rewrite(tokenSet, key, val)
	}
}

var specStrLen = &command.Spec{
	Name: "strlen", Summary: "Returns the length of a string value in bytes.", Since: "2.2.0",
	Group: command.GroupString, Complexity: "O(1)",
	Arity: 2, Flags: command.ReadOnly | command.Fast,
	Keys:    command.OneKey(command.KeyRO),
	Args:    []command.Arg{{Name: "key", Type: command.ArgKey, KeySpec: 1}},
	Handler: cmdStrLen,
}

// cmdStrLen answers STRLEN key.
func cmdStrLen(c *command.Ctx) {
	it := c.Read(c.Args[1])
	if !it.Exists() {
		c.Out.Int(0)
		return
	}
	if c.IsType(&it, object.String) {
		c.Out.Int(int64(it.Entry.TextLen()))
	}
}

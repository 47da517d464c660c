package hashes

import (
	"granary/internal/command"
	"granary/internal/types/hash"
)

var specHGet = &command.Spec{
	Name: "hget", Summary: "Returns the value of a field.", Since: "2.0.0",
	Group: command.GroupHash, Complexity: "O(1)",
	Arity: 3, Flags: command.ReadOnly | command.Fast,
	Keys:    command.OneKey(command.KeyRO | command.KeyAccess),
	Args:    []command.Arg{argKey, {Name: "field"}},
	Handler: cmdHGet,
}

// cmdHGet answers HGET key field.
func cmdHGet(c *command.Ctx) {
	it, ok := read(c, c.Args[1])
	if !ok {
		return
	}
	if it.Exists() {
		var s hash.Scratch
		if value, _, has := hash.Get(it.Entry, c.Args[2], c.Now(), &s); has {
			c.Out.Bulk(value)
			return
		}
	}
	c.Out.Null()
}

var specHMGet = &command.Spec{
	Name: "hmget", Summary: "Returns the values of fields.", Since: "2.0.0",
	Group: command.GroupHash, Complexity: "O(N) where N is the number of fields being requested.",
	Arity: -3, Flags: command.ReadOnly | command.Fast,
	Keys:    command.OneKey(command.KeyRO | command.KeyAccess),
	Args:    []command.Arg{argKey, {Name: "field", Flags: command.Multiple}},
	Handler: cmdHMGet,
}

// cmdHMGet answers HMGET key field [field ...].
func cmdHMGet(c *command.Ctx) {
	it, ok := read(c, c.Args[1])
	if !ok {
		return
	}
	fields := c.Args[2:]
	c.Out.Array(len(fields))
	var s hash.Scratch
	for _, f := range fields {
		if it.Exists() {
			if value, _, has := hash.Get(it.Entry, f, c.Now(), &s); has {
				c.Out.Bulk(value)
				continue
			}
		}
		c.Out.Null()
	}
}

var specHLen = &command.Spec{
	Name: "hlen", Summary: "Returns the number of fields.", Since: "2.0.0",
	Group: command.GroupHash, Complexity: "O(1)",
	Arity: 2, Flags: command.ReadOnly | command.Fast,
	Keys:    command.OneKey(command.KeyRO),
	Args:    []command.Arg{argKey},
	Handler: cmdHLen,
}

// cmdHLen answers HLEN key.
func cmdHLen(c *command.Ctx) {
	it, ok := read(c, c.Args[1])
	if !ok {
		return
	}
	n := 0
	if it.Exists() {
		n = hash.Len(it.Entry)
	}
	c.Out.Int(int64(n))
}

var specHStrLen = &command.Spec{
	Name: "hstrlen", Summary: "Returns the length of the value of a field.", Since: "3.2.0",
	Group: command.GroupHash, Complexity: "O(1)",
	Arity: 3, Flags: command.ReadOnly | command.Fast,
	Keys:    command.OneKey(command.KeyRO),
	Args:    []command.Arg{argKey, {Name: "field"}},
	Handler: cmdHStrLen,
}

// cmdHStrLen answers HSTRLEN key field.
func cmdHStrLen(c *command.Ctx) {
	it, ok := read(c, c.Args[1])
	if !ok {
		return
	}
	n := 0
	if it.Exists() {
		var s hash.Scratch
		value, _, _ := hash.Get(it.Entry, c.Args[2], c.Now(), &s)
		n = len(value)
	}
	c.Out.Int(int64(n))
}

var specHExists = &command.Spec{
	Name: "hexists", Summary: "Tells whether a hash has a field.", Since: "2.0.0",
	Group: command.GroupHash, Complexity: "O(1)",
	Arity: 3, Flags: command.ReadOnly | command.Fast,
	Keys:    command.OneKey(command.KeyRO),
	Args:    []command.Arg{argKey, {Name: "field"}},
	Handler: cmdHExists,
}

// cmdHExists answers HEXISTS key field.
func cmdHExists(c *command.Ctx) {
	it, ok := read(c, c.Args[1])
	if !ok {
		return
	}
	n := int64(0)
	if it.Exists() {
		if _, has := hash.Has(it.Entry, c.Args[2], c.Now()); has {
			n = 1
		}
	}
	c.Out.Int(n)
}

var specHDel = &command.Spec{
	Name: "hdel", Summary: "Deletes fields, and the hash with the last of them.", Since: "2.0.0",
	Group: command.GroupHash, Complexity: "O(N) where N is the number of fields to be removed.",
	Arity: -3, Flags: command.Write | command.Fast,
	Keys:    command.OneKey(command.KeyRW | command.KeyDelete),
	Args:    []command.Arg{argKey, {Name: "field", Flags: command.Multiple}},
	History: []command.Change{{Since: "2.4.0", What: "Several fields."}},
	Handler: cmdHDel,
}

// cmdHDel answers HDEL key field [field ...].
func cmdHDel(c *command.Ctx) {
	it, ok := write(c, c.Args[1])
	if !ok {
		return
	}
	n := 0
	if it.Exists() {
		for _, f := range c.Args[2:] {
			if hash.Delete(&it, f) {
				if n++; hash.Len(it.Entry) == 0 {
					break
				}
			}
		}
	}
	if n > 0 {
		changed(c, n, "hdel")
		dropEmpty(c, &it)
	}
	it.Settle() // what had expired went without a word
	c.Out.Int(int64(n))
}

package strings

import (
	"granary/internal/command"
	"granary/internal/keyspace"
	"granary/internal/object"
)

var specAppend = &command.Spec{
	Name: "append", Summary: "Adds bytes to the end of a string value; a key that does not exist is created.", Since: "2.0.0",
	Group: command.GroupString,
	Complexity: "O(1). The amortized time complexity is O(1) assuming the appended value is small and the already present value is of " +
		"any size, since the dynamic string library used by Redis will double the free space available on every reallocation.",
	Arity: 3, Flags: command.Write | command.DenyOOM | command.Fast,
	Keys: command.OneKey(command.KeyRW | command.KeyInsert),
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey, KeySpec: 1},
		{Name: "value", Type: command.ArgString},
	},
	Handler: cmdAppend,
}

// cmdAppend answers APPEND key value.
func cmdAppend(c *command.Ctx) {
	key, val := c.Args[1], c.Args[2]
	it := c.Write(key)
	size := len(val)
	if !it.Exists() {
		it.SetString(val, 0)
	} else {
		if !c.IsType(&it, object.String) {
			return
		}
		old := it.Entry.TextLen()
		if tooLong(c, int64(old), int64(len(val))) {
			return
		}
		size += old
		copy(it.Edit(size)[old:], val)
	}
	c.Changed(key, keyspace.String, "append")
	c.Out.Int(int64(size))
}

var specSetRange = &command.Spec{
	Name: "setrange", Summary: "Writes over part of a string value, which grows with zero bytes as needed.", Since: "2.2.0",
	Group: command.GroupString,
	Complexity: "O(1), not counting the time taken to copy the new string in place. Usually, this string is very small so the " +
		"amortized complexity is O(1). Otherwise, complexity is O(M) with M being the length of the value argument.",
	Arity: 4, Flags: command.Write | command.DenyOOM,
	Keys: command.OneKey(command.KeyRW | command.KeyUpdate),
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey, KeySpec: 1},
		{Name: "offset", Type: command.ArgInteger},
		{Name: "value", Type: command.ArgString},
	},
	Handler: cmdSetRange,
}

// cmdSetRange answers SETRANGE key offset value.
func cmdSetRange(c *command.Ctx) {
	key, val := c.Args[1], c.Args[3]
	off, ok := c.Int(c.Args[2])
	if !ok {
		return
	}
	if off < 0 {
		c.Out.Error("ERR offset is out of range")
		return
	}
	it := c.Write(key)
	size := 0
	if it.Exists() {
		if !c.IsType(&it, object.String) {
			return
		}
		size = it.Entry.TextLen()
	}
	if len(val) == 0 {
		c.Out.Int(int64(size))
		return
	}
	if tooLong(c, off, int64(len(val))) {
		return
	}
	b := it.Edit(int(off) + len(val))
	copy(b[off:], val)
	c.Changed(key, keyspace.String, "setrange")
	c.Out.Int(int64(len(b)))
}

const rangeComplexity = "O(N) where N is the length of the returned string. The complexity is ultimately determined by the returned " +
	"length, but because creating a substring from an existing string is very cheap, it can be considered O(1) for small strings."

// argRange is the argument tree of GETRANGE and SUBSTR.
var argRange = []command.Arg{
	{Name: "key", Type: command.ArgKey, KeySpec: 1},
	{Name: "start", Type: command.ArgInteger},
	{Name: "end", Type: command.ArgInteger},
}

var specGetRange = &command.Spec{
	Name: "getrange", Summary: "Returns part of a string value, both ends included, counted from the end when negative.", Since: "2.4.0",
	Group: command.GroupString, Complexity: rangeComplexity,
	Arity: 4, Flags: command.ReadOnly,
	Keys:    command.OneKey(command.KeyRO | command.KeyAccess),
	Args:    argRange,
	Handler: cmdGetRange,
}

// cmdGetRange answers GETRANGE key start end.
func cmdGetRange(c *command.Ctx) {
	start, ok := c.Int(c.Args[2])
	if !ok {
		return
	}
	end, ok := c.Int(c.Args[3])
	if !ok {
		return
	}
	it := c.Read(c.Args[1])
	if !it.Exists() {
		c.Out.BulkString("")
		return
	}
	if !c.IsType(&it, object.String) {
		return
	}
	size := int64(it.Entry.TextLen())
	if start < 0 && end < 0 && start > end {
		c.Out.BulkString("")
		return
	}
	if start < 0 {
		start = max(0, start+size)
	}
	if end < 0 {
		end = max(0, end+size)
	}
	end = min(end, size-1)
	if start > end || size == 0 {
		c.Out.BulkString("")
		return
	}
	if it.Entry.Encoding() == object.Raw {
		replyRaw(c.Out, it.Entry, int(start), int(end-start+1))
		return
	}
	var s object.Scratch
	c.Out.Bulk(it.Entry.Text(&s)[start : end+1])
}

var specSubstr = &command.Spec{
	Name: "substr", Summary: "Returns part of a string value: GETRANGE under its old name.", Since: "1.0.0",
	Group: command.GroupString, Complexity: rangeComplexity,
	Arity: 4, Flags: command.ReadOnly,
	Keys:            command.OneKey(command.KeyRO | command.KeyAccess),
	Args:            argRange,
	DeprecatedSince: "2.0.0", ReplacedBy: "`GETRANGE`",
	Handler: cmdGetRange,
}

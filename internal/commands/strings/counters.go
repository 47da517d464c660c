package strings

import (
	"math"

	"granary/internal/command"
	"granary/internal/keyspace"
	"granary/internal/object"
)

// counterKey is the key spec of all counters.
var counterKey = command.OneKey(command.KeyRW | command.KeyAccess | command.KeyUpdate)

var specIncr = &command.Spec{
	Name: "incr", Summary: "Adds one to the integer value of a key, which counts from zero if it does not exist.", Since: "1.0.0",
	Group: command.GroupString, Complexity: "O(1)",
	Arity: 2, Flags: command.Write | command.DenyOOM | command.Fast,
	Keys:    counterKey,
	Args:    []command.Arg{{Name: "key", Type: command.ArgKey, KeySpec: 1}},
	Handler: cmdIncr,
}

// cmdIncr answers INCR key.
func cmdIncr(c *command.Ctx) { add(c, 1) }

var specDecr = &command.Spec{
	Name: "decr", Summary: "Takes one off the integer value of a key, which counts from zero if it does not exist.", Since: "1.0.0",
	Group: command.GroupString, Complexity: "O(1)",
	Arity: 2, Flags: command.Write | command.DenyOOM | command.Fast,
	Keys:    counterKey,
	Args:    []command.Arg{{Name: "key", Type: command.ArgKey, KeySpec: 1}},
	Handler: cmdDecr,
}

// cmdDecr answers DECR key.
func cmdDecr(c *command.Ctx) { add(c, -1) }

var specIncrBy = &command.Spec{
	Name: "incrby", Summary: "Adds a number to the integer value of a key, which counts from zero if it does not exist.", Since: "1.0.0",
	Group: command.GroupString, Complexity: "O(1)",
	Arity: 3, Flags: command.Write | command.DenyOOM | command.Fast,
	Keys: counterKey,
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey, KeySpec: 1},
		{Name: "increment", Type: command.ArgInteger},
	},
	Handler: cmdIncrBy,
}

// cmdIncrBy answers INCRBY key increment.
func cmdIncrBy(c *command.Ctx) {
	if by, ok := c.Int(c.Args[2]); ok {
		add(c, by)
	}
}

var specDecrBy = &command.Spec{
	Name: "decrby", Summary: "Takes a number off the integer value of a key, which counts from zero if it does not exist.", Since: "1.0.0",
	Group: command.GroupString, Complexity: "O(1)",
	Arity: 3, Flags: command.Write | command.DenyOOM | command.Fast,
	Keys: counterKey,
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey, KeySpec: 1},
		{Name: "decrement", Type: command.ArgInteger},
	},
	Handler: cmdDecrBy,
}

// cmdDecrBy answers DECRBY key decrement.
func cmdDecrBy(c *command.Ctx) {
	by, ok := c.Int(c.Args[2])
	if !ok {
		return
	}
	if by == math.MinInt64 {
		c.Out.Error("ERR decrement would overflow")
		return
	}
	add(c, -by)
}

// add changes a counter and answers its new value.
func add(c *command.Ctx, by int64) {
	key := c.Args[1]
	it := c.Write(key)
	n := int64(0)
	if it.Exists() {
		if !c.IsType(&it, object.String) {
			return
		}
		var ok bool
		if n, ok = integer(it.Entry); !ok {
			c.Out.Error(command.ErrNotInteger)
			return
		}
	}
	sum := n + by
	if (sum < n) != (by < 0) {
		c.Out.Error(command.ErrOverflow)
		return
	}
	it.SetInt(sum)
	c.Changed(key, keyspace.String, "incrby")
	c.Out.Int(sum)
}

// integer returns the number that a string value spells.
func integer(e object.Entry) (int64, bool) {
	if e.Encoding() == object.Int {
		return e.Int(), true
	}
	var s object.Scratch
	return object.ParseInt(e.Text(&s))
}

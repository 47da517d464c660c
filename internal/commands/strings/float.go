package strings

import (
	"granary/internal/command"
	"granary/internal/keyspace"
	"granary/internal/object"
)

var specIncrByFloat = &command.Spec{
	Name: "incrbyfloat", Summary: "Adds a floating-point number to the value of a key, which counts from zero if it does not exist.", Since: "2.6.0",
	Group: command.GroupString, Complexity: "O(1)",
	Arity: 3, Flags: command.Write | command.DenyOOM | command.Fast,
	Keys: counterKey,
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey, KeySpec: 1},
		{Name: "increment", Type: command.ArgDouble},
	},
	Handler: cmdIncrByFloat,
}

// cmdIncrByFloat answers INCRBYFLOAT key increment. The sum is stored as the text that is answered: a later GET, a replica
// and a reload see the same digits.
func cmdIncrByFloat(c *command.Ctx) {
	key := c.Args[1]
	it := c.Write(key)
	var n object.LongDouble
	if it.Exists() {
		if !c.IsType(&it, object.String) {
			return
		}
		var ok bool
		if n, ok = longDouble(it.Entry); !ok {
			c.Out.Error(command.ErrNotFloat)
			return
		}
	}
	by, ok := object.ParseLongDouble(c.Args[2])
	if !ok {
		c.Out.Error(command.ErrNotFloat)
		return
	}
	sum, ok := n.Add(by)
	if !ok {
		c.Out.Error(command.ErrNaN)
		return
	}
	var room [64]byte
	text := object.AppendLongDouble(room[:0], sum)
	it.SetText(text)
	c.Changed(key, keyspace.String, "incrbyfloat")
	c.Out.Bulk(text)
	if c.Feeding() {
		c.Rewrite(tokenSet, key, append([]byte(nil), text...), tokenKeepTTL)
	}
}

// longDouble returns the number that a string value spells.
func longDouble(e object.Entry) (object.LongDouble, bool) {
	if e.Encoding() == object.Int {
		return object.LongDoubleInt(e.Int()), true
	}
	var s object.Scratch
	return object.ParseLongDouble(e.Text(&s))
}

package hashes

import (
	"math"

	"granary/internal/command"
	"granary/internal/keyspace"
	"granary/internal/types/hash"
)

var specHRandField = &command.Spec{
	Name: "hrandfield", Summary: "Returns fields picked at random.", Since: "6.2.0",
	Group: command.GroupHash, Complexity: "O(N) where N is the number of fields returned",
	Arity: -2, Flags: command.ReadOnly,
	Keys: command.OneKey(command.KeyRO | command.KeyAccess),
	Args: []command.Arg{
		argKey,
		{Name: "options", Type: command.ArgBlock, Flags: command.Optional, Args: []command.Arg{
			{Name: "count", Type: command.ArgInteger},
			{Name: "withvalues", Type: command.ArgPureToken, Token: "WITHVALUES", Flags: command.Optional},
		}},
	},
	Tips:    []string{"nondeterministic_output"},
	Handler: cmdHRandField,
}

// cmdHRandField answers HRANDFIELD key [count [WITHVALUES]]: one field; count different ones, or all if there are fewer; or,
// for a negative count, so many picks that may repeat.
func cmdHRandField(c *command.Ctx) {
	if len(c.Args) > 2 {
		randomFields(c)
		return
	}
	it, ok := read(c, c.Args[1])
	if !ok {
		return
	}
	if it.Exists() {
		if p := hash.NewPicker(&it, c.Now()); p.Len() > 0 {
			p.One(func(name, _ []byte) { c.Out.Bulk(name) })
			return
		}
	}
	c.Out.Null()
}

// randomFields answers HRANDFIELD with a count.
func randomFields(c *command.Ctx) {
	count, ok := c.Int(c.Args[2])
	if !ok {
		return
	}
	if count == math.MinInt64 {
		c.Out.Error("ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807")
		return
	}
	values := len(c.Args) > 3
	if len(c.Args) > 4 || values && !command.Is(c.Args[3], "withvalues") {
		c.SyntaxError()
		return
	}
	if values && (count < -math.MaxInt64/2 || count > math.MaxInt64/2) {
		c.Out.Error("ERR value is out of range")
		return
	}
	it, ok := read(c, c.Args[1])
	if !ok {
		return
	}
	if !it.Exists() || count == 0 {
		c.Out.Array(0)
		return
	}
	answerRandom(c, &it, count, values)
}

// answerRandom answers count fields of a hash.
func answerRandom(c *command.Ctx, it *keyspace.Item, count int64, values bool) {
	out := c.Out
	emit := func(name, value []byte) {
		if values && out.Proto == 3 {
			out.Array(2)
		}
		out.Bulk(name)
		if values {
			out.Bulk(value)
		}
	}
	p := hash.NewPicker(it, c.Now())
	if p.Len() == 0 {
		out.Array(0)
		return
	}
	n := int(-count)
	if count > 0 {
		n = int(min(count, int64(p.Len())))
	}
	if values && out.Proto != 3 {
		out.Array(2 * n)
	} else {
		out.Array(n)
	}
	if count > 0 {
		p.Sample(n, emit)
		return
	}
	// A client that does not take a very long reply is closed on the way (client-output-buffer-limit).
	for i := 0; i < n && !c.Client.Closing(); i++ {
		p.One(emit)
	}
}

package sets

import (
	"math"

	"granary/internal/command"
	"granary/internal/object"
	"granary/internal/types/set"
)

const interComplexity = "O(N*M) worst case where N is the cardinality of the smallest set and M is the number of sets."

// argKeys is the argument tree of the commands that take some keys.
var argKeys = []command.Arg{{Name: "key", Type: command.ArgKey, KeySpec: 1, Flags: command.Multiple}}

// argStore is the argument tree of the commands that store a result.
var argStore = []command.Arg{
	{Name: "destination", Type: command.ArgKey, KeySpec: 1},
	{Name: "key", Type: command.ArgKey, KeySpec: 2, Flags: command.Multiple},
}

// keysStore is the key specs of the commands that store a result.
func keysStore(flags command.KeyFlags) []command.KeySpec {
	return []command.KeySpec{
		{Flags: flags | command.KeyUpdate, Index: 1, KeyStep: 1},
		{Flags: command.KeyRO | command.KeyAccess, Index: 2, LastKey: -1, KeyStep: 1},
	}
}

var specSInter = &command.Spec{
	Name: "sinter", Summary: "Returns the members that several sets have in common.", Since: "1.0.0", Group: command.GroupSet,
	Complexity: interComplexity,
	Arity:      -2, Flags: command.ReadOnly,
	Keys:    command.Keys(command.KeyRO|command.KeyAccess, 1, -1, 1),
	Args:    argKeys,
	Tips:    []string{"nondeterministic_output_order"},
	Handler: cmdSInter,
}

// cmdSInter answers SINTER key [key ...].
func cmdSInter(c *command.Ctx) {
	var room [fewSets]set.Value
	sets, ok := readAll(c, c.Args[1:], room[:0])
	if !ok {
		return
	}
	if len(sets) == 1 {
		replyAll(c, &sets[0])
		return
	}
	mark := c.Out.SetLater()
	n := 0
	var m set.Member
	intersect(sets, &m, func() bool {
		m.Reply(c.Out)
		n++
		return true
	})
	c.Out.SetLen(mark, n)
}

// intersect makes m one member of all sets after the other and calls fn, until fn returns false. The members of the
// smallest set are looked up in the others, from the smallest to the largest, each hashed once.
func intersect(sets []set.Value, m *set.Member, fn func() bool) {
	bySize(sets, smaller)
	sets[0].Each(m, func() bool {
		for i := 1; i < len(sets); i++ {
			if !sets[i].Has(m) {
				return true
			}
		}
		return fn()
	})
}

var specSInterStore = &command.Spec{
	Name: "sinterstore", Summary: "Stores the members that several sets have in common.", Since: "1.0.0", Group: command.GroupSet,
	Complexity: interComplexity,
	Arity:      -3, Flags: command.Write | command.DenyOOM,
	Keys:    keysStore(command.KeyRW),
	Args:    argStore,
	Handler: cmdSInterStore,
}

// cmdSInterStore answers SINTERSTORE destination key [key ...].
func cmdSInterStore(c *command.Ctx) {
	var room [fewSets]set.Value
	sets, ok := readAll(c, c.Args[2:], room[:0])
	if !ok {
		return
	}
	bySize(sets, smaller)
	enc := object.Listpack
	if sets[0].Encoding() == object.Intset {
		enc = object.Intset
	}
	b := set.NewBuilder(c.Keys().Arena, limits(c), enc)
	defer b.Discard()
	var m set.Member
	intersect(sets, &m, func() bool {
		b.Add(&m)
		return true
	})
	b.ToIntset()
	store(c, c.Args[1], &b, "sinterstore")
}

var specSInterCard = &command.Spec{
	Name: "sintercard", Summary: "Counts the members that several sets have in common.", Since: "7.0.0", Group: command.GroupSet,
	Complexity: interComplexity,
	Arity:      -3, Flags: command.ReadOnly,
	Keys: []command.KeySpec{{Flags: command.KeyRO | command.KeyAccess, Index: 1, KeyNum: true, FirstKey: 1, KeyStep: 1}},
	Args: []command.Arg{
		{Name: "numkeys", Type: command.ArgInteger},
		{Name: "key", Type: command.ArgKey, KeySpec: 1, Flags: command.Multiple},
		{Name: "limit", Type: command.ArgInteger, Token: "LIMIT", Flags: command.Optional},
	},
	Handler: cmdSInterCard,
}

// cmdSInterCard answers SINTERCARD numkeys key [key ...] [LIMIT limit].
func cmdSInterCard(c *command.Ctx) {
	keys, ok := object.ParseInt(c.Args[1])
	if !ok || keys < 1 {
		c.Out.Error("ERR numkeys should be greater than 0")
		return
	}
	if keys > int64(len(c.Args)-2) {
		c.Out.Error("ERR Number of keys can't be greater than number of args")
		return
	}
	limit := int64(0)
	for rest := c.Args[2+keys:]; len(rest) > 0; rest = rest[2:] {
		if !command.Is(rest[0], "limit") || len(rest) < 2 {
			c.SyntaxError()
			return
		}
		if limit, ok = object.ParseInt(rest[1]); !ok || limit < 0 {
			c.Out.Error("ERR LIMIT can't be negative")
			return
		}
	}
	if limit == 0 {
		limit = math.MaxInt64
	}
	var room [fewSets]set.Value
	sets, ok := readAll(c, c.Args[2:2+keys], room[:0])
	if !ok {
		return
	}
	n := int64(0)
	var m set.Member
	intersect(sets, &m, func() bool {
		n++
		return n < limit
	})
	c.Out.Int(n)
}

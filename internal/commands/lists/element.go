package lists

import (
	"granary/internal/command"
	"granary/internal/encoding/listpack"
	"granary/internal/types/list"
)

var specLLen = &command.Spec{
	Name: "llen", Summary: "Returns the number of elements of a list.", Since: "1.0.0",
	Group: command.GroupList, Complexity: "O(1)",
	Arity: 2, Flags: command.ReadOnly | command.Fast,
	Keys:    command.OneKey(command.KeyRO),
	Args:    []command.Arg{argKey},
	Handler: cmdLLen,
}

// cmdLLen answers LLEN key.
func cmdLLen(c *command.Ctx) {
	it := c.Read(c.Args[1])
	if !it.Exists() {
		c.Out.Int(0)
	} else if isList(c, &it) {
		c.Out.Int(int64(list.Len(&it)))
	}
}

var specLIndex = &command.Spec{
	Name: "lindex", Summary: "Returns the element of a list with an index, which counts from the end when negative.", Since: "1.0.0",
	Group: command.GroupList,
	Complexity: "O(N) where N is the number of elements to traverse to get to the element at index. This makes asking for the first or " +
		"the last element of the list O(1).",
	Arity: 3, Flags: command.ReadOnly,
	Keys:    command.OneKey(command.KeyRO | command.KeyAccess),
	Args:    []command.Arg{argKey, {Name: "index", Type: command.ArgInteger}},
	Handler: cmdLIndex,
}

// cmdLIndex answers LINDEX key index.
func cmdLIndex(c *command.Ctx) {
	it := c.Read(c.Args[1])
	if !it.Exists() {
		c.Out.Null()
		return
	}
	if !isList(c, &it) {
		return
	}
	n, ok := c.Int(c.Args[2])
	if !ok {
		return
	}
	v := list.In(&it)
	e, ok := v.Index(int(n))
	if !ok {
		c.Out.Null()
		return
	}
	reply(c.Out, e)
}

var specLSet = &command.Spec{
	Name: "lset", Summary: "Puts an element in the place of the one with an index.", Since: "1.0.0",
	Group:      command.GroupList,
	Complexity: "O(N) where N is the length of the list. Setting either the first or the last element of the list is O(1).",
	Arity:      4, Flags: command.Write | command.DenyOOM,
	Keys:    command.OneKey(command.KeyRW | command.KeyUpdate),
	Args:    []command.Arg{argKey, {Name: "index", Type: command.ArgInteger}, {Name: "element", Type: command.ArgString}},
	Handler: cmdLSet,
}

// cmdLSet answers LSET key index element.
func cmdLSet(c *command.Ctx) {
	it := c.Write(c.Args[1])
	if !it.Exists() {
		c.Out.Error(command.ErrNoSuchKey)
		return
	}
	if !isList(c, &it) {
		return
	}
	i, ok := c.Int(c.Args[2])
	if !ok {
		return
	}
	size := int64(list.Len(&it))
	if i < 0 {
		i += size
	}
	if i < 0 || i >= size {
		c.Out.Error(command.ErrOutOfRange)
		return
	}
	list.Set(&it, limits(c), int(i), c.Args[3])
	c.Out.OK()
	changed(c, c.Args[1], "lset", 1)
}

var specLInsert = &command.Spec{
	Name: "linsert", Summary: "Adds an element before or behind another of a list.", Since: "2.2.0",
	Group: command.GroupList,
	Complexity: "O(N) where N is the number of elements to traverse before seeing the value pivot. This means that inserting somewhere " +
		"on the left end on the list (head) can be considered O(1) and inserting somewhere on the right end (tail) is O(N).",
	Arity: 5, Flags: command.Write | command.DenyOOM,
	Keys: keysWrite,
	Args: []command.Arg{
		argKey,
		{Name: "where", Type: command.ArgOneOf, Args: []command.Arg{
			{Name: "before", Type: command.ArgPureToken, Token: "BEFORE"},
			{Name: "after", Type: command.ArgPureToken, Token: "AFTER"},
		}},
		{Name: "pivot", Type: command.ArgString},
		{Name: "element", Type: command.ArgString},
	},
	Handler: cmdLInsert,
}

// cmdLInsert answers LINSERT key BEFORE | AFTER pivot element: the length of the list, 0 if there is no list, -1 if there is
// no pivot.
func cmdLInsert(c *command.Ctx) {
	after := command.Is(c.Args[2], "after")
	if !after && !command.Is(c.Args[2], "before") {
		c.SyntaxError()
		return
	}
	it := c.Write(c.Args[1])
	if !it.Exists() {
		c.Out.Int(0)
		return
	}
	if !isList(c, &it) {
		return
	}
	v := list.In(&it)
	size := v.Len()
	at := v.From(0, false)
	if !at.Find(listpack.Of(c.Args[3]), size) {
		c.Out.Int(-1)
		return
	}
	i := at.Index()
	if after {
		i++
	}
	list.Insert(&it, limits(c), i, c.Args[4])
	c.Out.Int(int64(size + 1))
	changed(c, c.Args[1], "linsert", 1)
}

package lists

import (
	"granary/internal/command"
	"granary/internal/encoding/listpack"
	"granary/internal/types/list"
)

var specLRange = &command.Spec{
	Name: "lrange", Summary: "Returns the elements of a list between two indexes, both included.", Since: "1.0.0",
	Group: command.GroupList,
	Complexity: "O(S+N) where S is the distance of start offset from HEAD for small lists, from nearest end (HEAD or TAIL) for large " +
		"lists; and N is the number of elements in the specified range.",
	Arity: 4, Flags: command.ReadOnly,
	Keys:    command.OneKey(command.KeyRO | command.KeyAccess),
	Args:    argRange,
	Handler: cmdLRange,
}

// cmdLRange answers LRANGE key start stop.
func cmdLRange(c *command.Ctx) {
	start, end, ok := indexes(c)
	if !ok {
		return
	}
	it := c.Read(c.Args[1])
	if !it.Exists() {
		c.Out.Array(0)
		return
	}
	if !isList(c, &it) {
		return
	}
	v := list.In(&it)
	from, count := span(start, end, v.Len())
	replyRange(c.Out, &v, from, count, false)
}

// indexes reads Args[2] and Args[3], or answers an error.
func indexes(c *command.Ctx) (start, end int64, ok bool) {
	if start, ok = c.Int(c.Args[2]); ok {
		end, ok = c.Int(c.Args[3])
	}
	return start, end, ok
}

var specLTrim = &command.Spec{
	Name: "ltrim", Summary: "Removes the elements of a list that do not lie between two indexes, both included.", Since: "1.0.0",
	Group: command.GroupList, Complexity: "O(N) where N is the number of elements to be removed by the operation.",
	Arity: 4, Flags: command.Write,
	Keys:    command.OneKey(command.KeyRW | command.KeyDelete),
	Args:    argRange,
	Handler: cmdLTrim,
}

// cmdLTrim answers LTRIM key start stop. It is told of even when it removes nothing, as Redis does.
func cmdLTrim(c *command.Ctx) {
	start, end, ok := indexes(c)
	if !ok {
		return
	}
	it := c.Write(c.Args[1])
	if !it.Exists() {
		c.Out.OK()
		return
	}
	if !isList(c, &it) {
		return
	}
	size := list.Len(&it)
	from, count := span(start, end, size)
	if count > 0 {
		list.Trim(&it, limits(c), from, count)
	}
	removed(c, &it, "ltrim", size-count, count == 0)
	c.Out.OK()
}

var specLRem = &command.Spec{
	Name: "lrem", Summary: "Removes elements of a list that are equal to one given, the first or the last so many or all.", Since: "1.0.0",
	Group: command.GroupList, Complexity: "O(N+M) where N is the length of the list and M is the number of elements removed.",
	Arity: 4, Flags: command.Write,
	Keys:    command.OneKey(command.KeyRW | command.KeyDelete),
	Args:    []command.Arg{argKey, {Name: "count", Type: command.ArgInteger}, {Name: "element", Type: command.ArgString}},
	Handler: cmdLRem,
}

// cmdLRem answers LREM key count element: count > 0 removes from the head on, < 0 from the tail on, 0 all.
func cmdLRem(c *command.Ctx) {
	count, ok := c.Int(c.Args[2])
	if !ok {
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
	back := count < 0
	most := int(max(count, -count, 0)) // the least integer has no opposite: all
	n := list.Remove(&it, limits(c), listpack.Of(c.Args[3]), most, back)
	if n > 0 {
		removed(c, &it, "lrem", n, list.Len(&it) == 0)
	}
	c.Out.Int(int64(n))
}

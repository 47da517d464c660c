package lists

import (
	"granary/internal/command"
	"granary/internal/types/list"
)

var specLMove = &command.Spec{
	Name: "lmove", Summary: "Moves an element from an end of a list to an end of another or the same list, and returns it.", Since: "6.2.0",
	Group: command.GroupList, Complexity: "O(1)",
	Arity: 5, Flags: command.Write | command.DenyOOM,
	Keys: keysMove,
	Args: []command.Arg{
		{Name: "source", Type: command.ArgKey, KeySpec: 1},
		{Name: "destination", Type: command.ArgKey, KeySpec: 2},
		{Name: "wherefrom", Type: command.ArgOneOf, Args: sides},
		{Name: "whereto", Type: command.ArgOneOf, Args: sides},
	},
	Handler: cmdLMove,
}

// cmdLMove answers LMOVE source destination LEFT | RIGHT LEFT | RIGHT.
func cmdLMove(c *command.Ctx) {
	from, ok := side(c, c.Args[3])
	if !ok {
		return
	}
	to, ok := side(c, c.Args[4])
	if !ok {
		return
	}
	move(c, from, to)
}

var specRPopLPush = &command.Spec{
	Name: "rpoplpush", Summary: "Moves the last element of a list to the head of another or the same list, and returns it.", Since: "1.2.0",
	Group: command.GroupList, Complexity: "O(1)",
	Arity: 3, Flags: command.Write | command.DenyOOM,
	Keys: keysMove,
	Args: []command.Arg{
		{Name: "source", Type: command.ArgKey, KeySpec: 1},
		{Name: "destination", Type: command.ArgKey, KeySpec: 2},
	},
	DeprecatedSince: "6.2.0", ReplacedBy: "`LMOVE` with the `RIGHT` and `LEFT` arguments",
	Handler: cmdRPopLPush,
}

// cmdRPopLPush answers RPOPLPUSH source destination.
func cmdRPopLPush(c *command.Ctx) { move(c, false, true) }

// move takes an element from the head or the tail of Args[1] to the head or the tail of Args[2]. It reports whether
// there was one to move.
func move(c *command.Ctx, fromHead, toHead bool) bool {
	src := c.Write(c.Args[1])
	if !src.Exists() {
		c.Out.Null()
		return false
	}
	if !isList(c, &src) {
		return false
	}
	if string(c.Args[1]) == string(c.Args[2]) {
		if fromHead != toHead {
			list.Rotate(&src, limits(c), fromHead)
		}
		v := list.In(&src)
		reply(c.Out, v.End(toHead))
		changed(c, c.Args[2], pushEvent(toHead), 0)
		changed(c, c.Args[1], popEvent(fromHead), 1)
		return true
	}
	dst := c.Write(c.Args[2])
	if dst.Exists() && !isList(c, &dst) {
		return false
	}
	size := list.Len(&src)
	text := list.Move(&src, &dst, limits(c), fromHead, toHead)
	changed(c, c.Args[2], pushEvent(toHead), 0)
	c.Out.Bulk(text)
	removed(c, &src, popEvent(fromHead), 1, size == 1)
	return true
}

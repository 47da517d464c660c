package lists

import (
	"strconv"

	"granary/internal/command"
	"granary/internal/keyspace"
	"granary/internal/object"
	"granary/internal/types/list"
)

var specLPop = &command.Spec{
	Name: "lpop", Summary: "Removes the first elements of a list and returns them; the key goes with the last one.", Since: "1.0.0",
	Group: command.GroupList, Complexity: "O(N) where N is the number of elements returned",
	Arity: -2, Flags: command.Write | command.Fast,
	Keys: command.OneKey(takes), Args: argPop,
	History: []command.Change{{Since: "6.2.0", What: "Takes a count."}},
	Handler: cmdLPop,
}

// cmdLPop answers LPOP key [count].
func cmdLPop(c *command.Ctx) { pop(c, true) }

var specRPop = &command.Spec{
	Name: "rpop", Summary: "Removes the last elements of a list and returns them; the key goes with the last one.", Since: "1.0.0",
	Group: command.GroupList, Complexity: "O(N) where N is the number of elements returned",
	Arity: -2, Flags: command.Write | command.Fast,
	Keys: command.OneKey(takes), Args: argPop,
	History: []command.Change{{Since: "6.2.0", What: "Takes a count."}},
	Handler: cmdRPop,
}

// cmdRPop answers RPOP key [count].
func cmdRPop(c *command.Ctx) { pop(c, false) }

func pop(c *command.Ctx, atHead bool) {
	if len(c.Args) > 3 {
		c.WrongArity()
		return
	}
	count := int64(-1) // one element, not in an array
	if len(c.Args) == 3 {
		n, ok := object.ParseInt(c.Args[2])
		if !ok || n < 0 {
			c.Out.Error(command.ErrOutOfRangePos)
			return
		}
		count = n
	}
	it := c.Write(c.Args[1])
	switch {
	case !it.Exists() && count >= 0:
		c.Out.NullArray()
	case !it.Exists():
		c.Out.Null()
	case !isList(c, &it):
	case count == 0:
		c.Out.Array(0)
	case count > 0:
		popMany(c, &it, count, atHead)
	default:
		popOne(c, &it, atHead)
	}
}

// popOne answers the element at an end and removes it.
func popOne(c *command.Ctx, it *keyspace.Item, atHead bool) {
	v := list.In(it)
	last := v.Len() == 1
	if last {
		reply(c.Out, v.End(atHead))
	} else {
		list.Pop(it, limits(c), atHead, func(e list.Elem) { reply(c.Out, e) })
	}
	removed(c, it, popEvent(atHead), 1, last)
}

// popMany answers count elements at an end, from the end inwards, and removes them. It returns how many there were.
func popMany(c *command.Ctx, it *keyspace.Item, count int64, atHead bool) int {
	v := list.In(it)
	size := v.Len()
	n := int(min(count, int64(size)))
	start := size - 1
	if atHead {
		start = 0
	}
	replyRange(c.Out, &v, start, n, !atHead)
	if n < size {
		drop(c, it, size, n, atHead)
	}
	removed(c, it, popEvent(atHead), n, n == size)
	return n
}

// drop removes n of size elements at an end.
func drop(c *command.Ctx, it *keyspace.Item, size, n int, atHead bool) {
	start := size - n
	if atHead {
		start = 0
	}
	list.DeleteRange(it, limits(c), start, n)
}

func popEvent(atHead bool) string {
	if atHead {
		return "lpop"
	}
	return "rpop"
}

var specLMPop = &command.Spec{
	Name: "lmpop", Summary: "Removes elements from the first of several lists that is not empty and returns them.", Since: "7.0.0",
	Group:      command.GroupList,
	Complexity: "O(N+M) where N is the number of provided keys and M is the number of elements returned.",
	Arity:      -4, Flags: command.Write,
	Keys: []command.KeySpec{{Flags: takes, Index: 1, KeyNum: true, FirstKey: 1, KeyStep: 1}},
	Args: []command.Arg{
		{Name: "numkeys", Type: command.ArgInteger},
		{Name: "key", Type: command.ArgKey, KeySpec: 1, Flags: command.Multiple},
		{Name: "where", Type: command.ArgOneOf, Args: sides},
		{Name: "count", Type: command.ArgInteger, Token: "COUNT", Flags: command.Optional},
	},
	Handler: cmdLMPop,
}

// popForms are what LMPOP is repeated as elsewhere.
var popForms = map[bool][]byte{true: []byte("LPOP"), false: []byte("RPOP")}

// cmdLMPop answers LMPOP numkeys key [key ...] LEFT | RIGHT [COUNT count].
func cmdLMPop(c *command.Ctx) {
	if keys, atHead, count, ok := parseMPop(c, 1); ok && !popFirst(c, keys, atHead, count) {
		c.Out.NullArray()
	}
}

// parseMPop reads the arguments of LMPOP from numkeys on, which is at a position, and answers an error when they make no
// sense.
func parseMPop(c *command.Ctx, at int) (keys [][]byte, atHead bool, count int64, ok bool) {
	numkeys, ok := positive(c, c.Args[at], "ERR numkeys should be greater than 0")
	if !ok {
		return nil, false, 0, false
	}
	if numkeys >= int64(len(c.Args)-at-1) {
		c.SyntaxError()
		return nil, false, 0, false
	}
	where := at + 1 + int(numkeys)
	if atHead, ok = side(c, c.Args[where]); !ok {
		return nil, false, 0, false
	}
	count = -1
	for i := where + 1; i < len(c.Args); i += 2 {
		if !command.Is(c.Args[i], "count") || i+1 == len(c.Args) || count >= 0 {
			c.SyntaxError()
			return nil, false, 0, false
		}
		if count, ok = positive(c, c.Args[i+1], "ERR count should be greater than 0"); !ok {
			return nil, false, 0, false
		}
	}
	return c.Args[at+1 : where], atHead, max(count, 1), true
}

// popFirst answers and removes count elements of the first of several lists that exists. It reports false, without an
// answer, if there is none.
func popFirst(c *command.Ctx, keys [][]byte, atHead bool, count int64) bool {
	for _, key := range keys {
		it := c.Write(key)
		if !it.Exists() {
			continue
		}
		if !isList(c, &it) {
			return true
		}
		c.Out.Array(2)
		c.Out.Bulk(key)
		n := popMany(c, &it, count, atHead)
		if c.Feeding() {
			c.Rewrite(popForms[atHead], key, strconv.AppendInt(nil, int64(n), 10))
		}
		return true
	}
	return false
}

// positive reads an argument as a number above 0, or answers an error.
func positive(c *command.Ctx, arg []byte, text string) (int64, bool) {
	n, ok := object.ParseInt(arg)
	if !ok || n < 1 {
		c.Out.Error(text)
		return 0, false
	}
	return n, true
}

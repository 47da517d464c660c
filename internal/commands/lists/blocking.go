package lists

import (
	"granary/internal/command"
	"granary/internal/object"
)

// Commands that wait when there is nothing to pop. What is repeated elsewhere is what was popped, without waiting.

var argTimeout = command.Arg{Name: "timeout", Type: command.ArgDouble}

var doubleTimeout = []command.Change{{Since: "6.0.0", What: "The timeout may have a fraction."}}

var specBLPop = &command.Spec{
	Name: "blpop", Summary: "Removes the first element of the first of several lists that is not empty and returns it; waits when all are empty.",
	Since: "2.0.0", Group: command.GroupList, Complexity: "O(N) where N is the number of provided keys.",
	Arity: -3, Flags: command.Write | command.NoScript | command.Blocking,
	Keys:    command.Keys(takes, 1, -2, 1),
	Args:    []command.Arg{{Name: "key", Type: command.ArgKey, KeySpec: 1, Flags: command.Multiple}, argTimeout},
	History: doubleTimeout,
	Handler: cmdBLPop,
}

// cmdBLPop answers BLPOP key [key ...] timeout.
func cmdBLPop(c *command.Ctx) { popOrWait(c, true) }

var specBRPop = &command.Spec{
	Name: "brpop", Summary: "Removes the last element of the first of several lists that is not empty and returns it; waits when all are empty.",
	Since: "2.0.0", Group: command.GroupList, Complexity: "O(N) where N is the number of provided keys.",
	Arity: -3, Flags: command.Write | command.NoScript | command.Blocking,
	Keys:    command.Keys(takes, 1, -2, 1),
	Args:    []command.Arg{{Name: "key", Type: command.ArgKey, KeySpec: 1, Flags: command.Multiple}, argTimeout},
	History: doubleTimeout,
	Handler: cmdBRPop,
}

// cmdBRPop answers BRPOP key [key ...] timeout.
func cmdBRPop(c *command.Ctx) { popOrWait(c, false) }

// popOrWait is BLPOP and BRPOP.
func popOrWait(c *command.Ctx, atHead bool) {
	last := len(c.Args) - 1
	timeout, ok := c.Timeout(c.Args[last])
	if !ok {
		return
	}
	for _, key := range c.Args[1:last] {
		it := c.Write(key)
		if !it.Exists() {
			continue
		}
		if isList(c, &it) {
			c.Out.Array(2)
			c.Out.Bulk(key)
			popOne(c, &it, atHead)
			if c.Feeding() {
				c.Rewrite(popForms[atHead], key)
			}
		}
		return
	}
	c.Block(command.Wait{Keys: c.Args[1:last], Type: object.List, Timeout: timeout})
}

var specBLMPop = &command.Spec{
	Name: "blmpop", Summary: "Removes elements from the first of several lists that is not empty and returns them; waits when all are empty.",
	Since: "7.0.0", Group: command.GroupList,
	Complexity: "O(N+M) where N is the number of provided keys and M is the number of elements returned.",
	Arity:      -5, Flags: command.Write | command.Blocking,
	Keys: []command.KeySpec{{Flags: takes, Index: 2, KeyNum: true, FirstKey: 1, KeyStep: 1}},
	Args: []command.Arg{
		argTimeout,
		{Name: "numkeys", Type: command.ArgInteger},
		{Name: "key", Type: command.ArgKey, KeySpec: 1, Flags: command.Multiple},
		{Name: "where", Type: command.ArgOneOf, Args: sides},
		{Name: "count", Type: command.ArgInteger, Token: "COUNT", Flags: command.Optional},
	},
	Handler: cmdBLMPop,
}

// cmdBLMPop answers BLMPOP timeout numkeys key [key ...] LEFT | RIGHT [COUNT count].
func cmdBLMPop(c *command.Ctx) {
	keys, atHead, count, ok := parseMPop(c, 2)
	if !ok {
		return
	}
	timeout, ok := c.Timeout(c.Args[1])
	if ok && !popFirst(c, keys, atHead, count) {
		c.Block(command.Wait{Keys: keys, Type: object.List, Timeout: timeout})
	}
}

var specBLMove = &command.Spec{
	Name: "blmove", Summary: "Moves an element from an end of a list to an end of another or the same list, and returns it; waits when the list is empty.",
	Since: "6.2.0", Group: command.GroupList, Complexity: "O(1)",
	Arity: 6, Flags: command.Write | command.DenyOOM | command.NoScript | command.Blocking,
	Keys: keysMove,
	Args: []command.Arg{
		{Name: "source", Type: command.ArgKey, KeySpec: 1},
		{Name: "destination", Type: command.ArgKey, KeySpec: 2},
		{Name: "wherefrom", Type: command.ArgOneOf, Args: sides},
		{Name: "whereto", Type: command.ArgOneOf, Args: sides},
		argTimeout,
	},
	Handler: cmdBLMove,
}

// cmdBLMove answers BLMOVE source destination LEFT | RIGHT LEFT | RIGHT timeout.
func cmdBLMove(c *command.Ctx) {
	from, ok := side(c, c.Args[3])
	if !ok {
		return
	}
	to, ok := side(c, c.Args[4])
	if !ok {
		return
	}
	if moveOrWait(c, from, to, c.Args[5]) && c.Feeding() {
		c.Rewrite([]byte("LMOVE"), c.Args[1], c.Args[2], c.Args[3], c.Args[4])
	}
}

var specBRPopLPush = &command.Spec{
	Name: "brpoplpush", Summary: "Moves the last element of a list to the head of another or the same list, and returns it; waits when the list is empty.",
	Since: "2.2.0", Group: command.GroupList, Complexity: "O(1)",
	Arity: 4, Flags: command.Write | command.DenyOOM | command.NoScript | command.Blocking,
	Keys: keysMove,
	Args: []command.Arg{
		{Name: "source", Type: command.ArgKey, KeySpec: 1},
		{Name: "destination", Type: command.ArgKey, KeySpec: 2},
		argTimeout,
	},
	History:         doubleTimeout,
	DeprecatedSince: "6.2.0", ReplacedBy: "`BLMOVE` with the `RIGHT` and `LEFT` arguments",
	Handler: cmdBRPopLPush,
}

// cmdBRPopLPush answers BRPOPLPUSH source destination timeout.
func cmdBRPopLPush(c *command.Ctx) {
	if moveOrWait(c, false, true, c.Args[3]) && c.Feeding() {
		c.Rewrite([]byte("RPOPLPUSH"), c.Args[1], c.Args[2])
	}
}

// moveOrWait is BLMOVE and BRPOPLPUSH. It reports whether an element was moved. Where nothing may wait the answer is that
// of LMOVE, a null; a client whose time is over gets a null array.
func moveOrWait(c *command.Ctx, fromHead, toHead bool, timeoutArg []byte) (moved bool) {
	timeout, ok := c.Timeout(timeoutArg)
	if !ok {
		return false
	}
	if c.NeverBlocks() || exists(c, c.Args[1]) {
		return move(c, fromHead, toHead)
	}
	c.Block(command.Wait{Keys: c.Args[1:2], Type: object.List, Timeout: timeout})
	return false
}

// exists reports whether there is a key that the command is about to change.
func exists(c *command.Ctx, key []byte) bool {
	it := c.Write(key)
	return it.Exists()
}

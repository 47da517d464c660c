package zsets

import (
	"granary/internal/command"
	"granary/internal/object"
	"granary/internal/types/zset"
)

// Commands that wait when there is nothing to pop. What is repeated elsewhere is what was popped, without waiting.

const takes = command.KeyRW | command.KeyAccess | command.KeyDelete

var (
	argTimeout = command.Arg{Name: "timeout", Type: command.ArgDouble}
	argsBPop   = []command.Arg{{Name: "key", Type: command.ArgKey, KeySpec: 1, Flags: command.Multiple}, argTimeout}

	doubleTimeout = []command.Change{{Since: "6.0.0", What: "The timeout may have a fraction."}}
)

var specBZPopMin = &command.Spec{
	Name: "bzpopmin", Summary: "Removes the member with the lowest score from the first of several sorted sets that has any, and returns it; waits when none has.",
	Since: "5.0.0", Group: command.GroupSortedSet, Complexity: "O(log(N)) with N being the number of elements in the sorted set.",
	Arity: -3, Flags: command.Write | command.NoScript | command.Fast | command.Blocking,
	Keys: command.Keys(takes, 1, -2, 1), Args: argsBPop,
	History: doubleTimeout,
	Handler: cmdBZPopMin,
}

// cmdBZPopMin answers BZPOPMIN key [key ...] timeout.
func cmdBZPopMin(c *command.Ctx) { popOrWait(c, false) }

var specBZPopMax = &command.Spec{
	Name: "bzpopmax", Summary: "Removes the member with the highest score from the first of several sorted sets that has any, and returns it; waits when none has.",
	Since: "5.0.0", Group: command.GroupSortedSet, Complexity: "O(log(N)) with N being the number of elements in the sorted set.",
	Arity: -3, Flags: command.Write | command.NoScript | command.Fast | command.Blocking,
	Keys: command.Keys(takes, 1, -2, 1), Args: argsBPop,
	History: doubleTimeout,
	Handler: cmdBZPopMax,
}

// cmdBZPopMax answers BZPOPMAX key [key ...] timeout.
func cmdBZPopMax(c *command.Ctx) { popOrWait(c, true) }

// popOrWait is BZPOPMIN and BZPOPMAX.
func popOrWait(c *command.Ctx, highest bool) {
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
		if c.IsType(&it, object.ZSet) {
			v := zset.Of(&it)
			c.Out.Array(3)
			c.Out.Bulk(key)
			pop(c, &it, &v, 1, highest, false)
			if c.Feeding() {
				c.Rewrite([]byte(popNames[highest]), key)
			}
		}
		return
	}
	c.Block(command.Wait{Keys: c.Args[1:last], Type: object.ZSet, Timeout: timeout})
}

var specBZMPop = &command.Spec{
	Name: "bzmpop", Summary: "Removes members from the first of several sorted sets that has any, and returns them; waits when none has.",
	Since: "7.0.0", Group: command.GroupSortedSet,
	Complexity: "O(K) + O(M*log(N)) where K is the number of provided keys, N being the number of elements in the sorted set, and M being the number of elements popped.",
	Arity:      -5, Flags: command.Write | command.Blocking,
	Keys: []command.KeySpec{{Flags: takes, Index: 2, KeyNum: true, FirstKey: 1, KeyStep: 1}},
	Args: []command.Arg{
		argTimeout,
		{Name: "numkeys", Type: command.ArgInteger},
		{Name: "key", Type: command.ArgKey, KeySpec: 1, Flags: command.Multiple},
		{Name: "where", Type: command.ArgOneOf, Args: []command.Arg{
			{Name: "min", Type: command.ArgPureToken, Token: "MIN"},
			{Name: "max", Type: command.ArgPureToken, Token: "MAX"},
		}},
		{Name: "count", Type: command.ArgInteger, Token: "COUNT", Flags: command.Optional},
	},
	Handler: cmdBZMPop,
}

// cmdBZMPop answers BZMPOP timeout numkeys key [key ...] MIN | MAX [COUNT count].
func cmdBZMPop(c *command.Ctx) {
	keys, highest, count, ok := parseMPop(c, 2)
	if !ok {
		return
	}
	timeout, ok := c.Timeout(c.Args[1])
	if ok && !popFirst(c, keys, highest, count) {
		c.Block(command.Wait{Keys: keys, Type: object.ZSet, Timeout: timeout})
	}
}

package lists

import (
	"granary/internal/command"
	"granary/internal/types/list"
)

var specLPush = &command.Spec{
	Name: "lpush", Summary: "Adds elements before the first of a list; a key that does not exist is created.", Since: "1.0.0",
	Group: command.GroupList, Complexity: pushComplexity,
	Arity: -3, Flags: command.Write | command.DenyOOM | command.Fast,
	Keys: keysWrite, Args: argPush,
	History: []command.Change{{Since: "2.4.0", What: "Takes several elements."}},
	Handler: cmdLPush,
}

// cmdLPush answers LPUSH key element [element ...].
func cmdLPush(c *command.Ctx) { push(c, true, false) }

var specRPush = &command.Spec{
	Name: "rpush", Summary: "Adds elements behind the last of a list; a key that does not exist is created.", Since: "1.0.0",
	Group: command.GroupList, Complexity: pushComplexity,
	Arity: -3, Flags: command.Write | command.DenyOOM | command.Fast,
	Keys: keysWrite, Args: argPush,
	History: []command.Change{{Since: "2.4.0", What: "Takes several elements."}},
	Handler: cmdRPush,
}

// cmdRPush answers RPUSH key element [element ...].
func cmdRPush(c *command.Ctx) { push(c, false, false) }

var specLPushX = &command.Spec{
	Name: "lpushx", Summary: "Adds elements before the first of a list that exists.", Since: "2.2.0",
	Group: command.GroupList, Complexity: pushComplexity,
	Arity: -3, Flags: command.Write | command.DenyOOM | command.Fast,
	Keys: keysWrite, Args: argPush,
	History: []command.Change{{Since: "4.0.0", What: "Takes several elements."}},
	Handler: cmdLPushX,
}

// cmdLPushX answers LPUSHX key element [element ...].
func cmdLPushX(c *command.Ctx) { push(c, true, true) }

var specRPushX = &command.Spec{
	Name: "rpushx", Summary: "Adds elements behind the last of a list that exists.", Since: "2.2.0",
	Group: command.GroupList, Complexity: pushComplexity,
	Arity: -3, Flags: command.Write | command.DenyOOM | command.Fast,
	Keys: keysWrite, Args: argPush,
	History: []command.Change{{Since: "4.0.0", What: "Takes several elements."}},
	Handler: cmdRPushX,
}

// cmdRPushX answers RPUSHX key element [element ...].
func cmdRPushX(c *command.Ctx) { push(c, false, true) }

func push(c *command.Ctx, atHead, mustExist bool) {
	key := c.Args[1]
	it := c.Write(key)
	if it.Exists() {
		if !isList(c, &it) {
			return
		}
	} else if mustExist {
		c.Out.Int(0)
		return
	}
	list.Push(&it, limits(c), c.Args[2:], atHead)
	c.Out.Int(int64(list.Len(&it)))
	changed(c, key, pushEvent(atHead), len(c.Args)-2)
}

func pushEvent(atHead bool) string {
	if atHead {
		return "lpush"
	}
	return "rpush"
}

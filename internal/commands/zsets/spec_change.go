package zsets

import "granary/internal/command"

var specZAdd = &command.Spec{
	Name: "zadd", Summary: "Adds members to a sorted set, or gives members another score.", Since: "1.2.0",
	Group: command.GroupSortedSet, Complexity: "O(log(N)) for each item added, where N is the number of elements in the sorted set.",
	Arity: -4, Flags: command.Write | command.DenyOOM | command.Fast,
	Keys: command.OneKey(command.KeyRW | command.KeyUpdate),
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey, KeySpec: 1},
		{Name: "condition", Type: command.ArgOneOf, Since: "3.0.2", Flags: command.Optional, Args: []command.Arg{
			{Name: "nx", Type: command.ArgPureToken, Token: "NX"},
			{Name: "xx", Type: command.ArgPureToken, Token: "XX"},
		}},
		{Name: "comparison", Type: command.ArgOneOf, Since: "6.2.0", Flags: command.Optional, Args: []command.Arg{
			{Name: "gt", Type: command.ArgPureToken, Token: "GT"},
			{Name: "lt", Type: command.ArgPureToken, Token: "LT"},
		}},
		{Name: "change", Type: command.ArgPureToken, Token: "CH", Since: "3.0.2", Flags: command.Optional},
		{Name: "increment", Type: command.ArgPureToken, Token: "INCR", Since: "3.0.2", Flags: command.Optional},
		{Name: "score_member", Type: command.ArgBlock, Flags: command.Multiple, Args: []command.Arg{
			{Name: "score", Type: command.ArgDouble},
			{Name: "member"},
		}},
	},
	History: []command.Change{
		{Since: "2.4.0", What: "Several members at once."},
		{Since: "3.0.2", What: "The options `XX`, `NX`, `CH` and `INCR`."},
		{Since: "6.2.0", What: "The options `GT` and `LT`."},
	},
	Handler: cmdZAdd,
}

var specZIncrBy = &command.Spec{
	Name: "zincrby", Summary: "Adds to a member's score.", Since: "1.2.0",
	Group: command.GroupSortedSet, Complexity: "O(log(N)) where N is the number of elements in the sorted set.",
	Arity: 4, Flags: command.Write | command.DenyOOM | command.Fast,
	Keys: command.OneKey(command.KeyRW | command.KeyAccess | command.KeyUpdate),
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey, KeySpec: 1},
		{Name: "increment", Type: command.ArgInteger},
		{Name: "member"},
	},
	Handler: cmdZIncrBy,
}

var specZRem = &command.Spec{
	Name: "zrem", Summary: "Removes members from a sorted set.", Since: "1.2.0",
	Group: command.GroupSortedSet, Complexity: "O(M*log(N)) with N being the number of elements in the sorted set and M the number of elements to be removed.",
	Arity: -3, Flags: command.Write | command.Fast,
	Keys: command.OneKey(command.KeyRW | command.KeyDelete),
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey, KeySpec: 1},
		{Name: "member", Flags: command.Multiple},
	},
	History: []command.Change{
		{Since: "2.4.0", What: "Several members at once."},
	},
	Handler: cmdZRem,
}

var specZRemRangeByRank = &command.Spec{
	Name: "zremrangebyrank", Summary: "Removes members in a range of positions.", Since: "2.0.0",
	Group: command.GroupSortedSet, Complexity: "O(log(N)+M) with N being the number of elements in the sorted set and M the number of elements removed by the operation.",
	Arity: 4, Flags: command.Write,
	Keys: command.OneKey(command.KeyRW | command.KeyDelete),
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey, KeySpec: 1},
		{Name: "start", Type: command.ArgInteger},
		{Name: "stop", Type: command.ArgInteger},
	},
	Handler: cmdZRemRangeByRank,
}

var specZRemRangeByScore = &command.Spec{
	Name: "zremrangebyscore", Summary: "Removes members in a range of scores.", Since: "1.2.0",
	Group: command.GroupSortedSet, Complexity: "O(log(N)+M) with N being the number of elements in the sorted set and M the number of elements removed by the operation.",
	Arity: 4, Flags: command.Write,
	Keys: command.OneKey(command.KeyRW | command.KeyDelete),
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey, KeySpec: 1},
		{Name: "min", Type: command.ArgDouble},
		{Name: "max", Type: command.ArgDouble},
	},
	Handler: cmdZRemRangeByScore,
}

var specZRemRangeByLex = &command.Spec{
	Name: "zremrangebylex", Summary: "Removes members in a range of the order of bytes.", Since: "2.8.9",
	Group: command.GroupSortedSet, Complexity: "O(log(N)+M) with N being the number of elements in the sorted set and M the number of elements removed by the operation.",
	Arity: 4, Flags: command.Write,
	Keys: command.OneKey(command.KeyRW | command.KeyDelete),
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey, KeySpec: 1},
		{Name: "min"},
		{Name: "max"},
	},
	Handler: cmdZRemRangeByLex,
}

var specZPopMin = &command.Spec{
	Name: "zpopmin", Summary: "Removes the members with the lowest scores and returns them.", Since: "5.0.0",
	Group: command.GroupSortedSet, Complexity: "O(log(N)*M) with N being the number of elements in the sorted set, and M being the number of elements popped.",
	Arity: -2, Flags: command.Write | command.Fast,
	Keys: command.OneKey(command.KeyRW | command.KeyAccess | command.KeyDelete),
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey, KeySpec: 1},
		{Name: "count", Type: command.ArgInteger, Flags: command.Optional},
	},
	Handler: cmdZPopMin,
}

var specZPopMax = &command.Spec{
	Name: "zpopmax", Summary: "Removes the members with the highest scores and returns them.", Since: "5.0.0",
	Group: command.GroupSortedSet, Complexity: "O(log(N)*M) with N being the number of elements in the sorted set, and M being the number of elements popped.",
	Arity: -2, Flags: command.Write | command.Fast,
	Keys: command.OneKey(command.KeyRW | command.KeyAccess | command.KeyDelete),
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey, KeySpec: 1},
		{Name: "count", Type: command.ArgInteger, Flags: command.Optional},
	},
	Handler: cmdZPopMax,
}

var specZMPop = &command.Spec{
	Name: "zmpop", Summary: "Removes members from the first of several sorted sets that has any, and returns them.", Since: "7.0.0",
	Group: command.GroupSortedSet, Complexity: "O(K) + O(M*log(N)) where K is the number of provided keys, N being the number of elements in the sorted set, and M being the number of elements popped.",
	Arity: -4, Flags: command.Write,
	Keys: []command.KeySpec{
		{Flags: command.KeyRW | command.KeyAccess | command.KeyDelete, Index: 1, KeyNum: true, KeyNumIdx: 0, FirstKey: 1, KeyStep: 1},
	},
	Args: []command.Arg{
		{Name: "numkeys", Type: command.ArgInteger},
		{Name: "key", Type: command.ArgKey, KeySpec: 1, Flags: command.Multiple},
		{Name: "where", Type: command.ArgOneOf, Args: []command.Arg{
			{Name: "min", Type: command.ArgPureToken, Token: "MIN"},
			{Name: "max", Type: command.ArgPureToken, Token: "MAX"},
		}},
		{Name: "count", Type: command.ArgInteger, Token: "COUNT", Flags: command.Optional},
	},
	Handler: cmdZMPop,
}

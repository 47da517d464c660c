package zsets

import "granary/internal/command"

var specZCard = &command.Spec{
	Name: "zcard", Summary: "Counts the members of a sorted set.", Since: "1.2.0",
	Group: command.GroupSortedSet, Complexity: "O(1)",
	Arity: 2, Flags: command.ReadOnly | command.Fast,
	Keys: command.OneKey(command.KeyRO),
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey, KeySpec: 1},
	},
	Handler: cmdZCard,
}

var specZScore = &command.Spec{
	Name: "zscore", Summary: "Returns the score of a member.", Since: "1.2.0",
	Group: command.GroupSortedSet, Complexity: "O(1)",
	Arity: 3, Flags: command.ReadOnly | command.Fast,
	Keys: command.OneKey(command.KeyRO | command.KeyAccess),
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey, KeySpec: 1},
		{Name: "member"},
	},
	Handler: cmdZScore,
}

var specZMScore = &command.Spec{
	Name: "zmscore", Summary: "Returns the scores of several members.", Since: "6.2.0",
	Group: command.GroupSortedSet, Complexity: "O(N) where N is the number of members being requested.",
	Arity: -3, Flags: command.ReadOnly | command.Fast,
	Keys: command.OneKey(command.KeyRO | command.KeyAccess),
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey, KeySpec: 1},
		{Name: "member", Flags: command.Multiple},
	},
	Handler: cmdZMScore,
}

var specZRank = &command.Spec{
	Name: "zrank", Summary: "Returns the position of a member, counted from the lowest score.", Since: "2.0.0",
	Group: command.GroupSortedSet, Complexity: "O(log(N))",
	Arity: -3, Flags: command.ReadOnly | command.Fast,
	Keys: command.OneKey(command.KeyRO | command.KeyAccess),
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey, KeySpec: 1},
		{Name: "member"},
		{Name: "withscore", Type: command.ArgPureToken, Token: "WITHSCORE", Since: "7.2.0", Flags: command.Optional},
	},
	History: []command.Change{
		{Since: "7.2.0", What: "The option `WITHSCORE`."},
	},
	Handler: cmdZRank,
}

var specZRevRank = &command.Spec{
	Name: "zrevrank", Summary: "Returns the position of a member, counted from the highest score.", Since: "2.0.0",
	Group: command.GroupSortedSet, Complexity: "O(log(N))",
	Arity: -3, Flags: command.ReadOnly | command.Fast,
	Keys: command.OneKey(command.KeyRO | command.KeyAccess),
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey, KeySpec: 1},
		{Name: "member"},
		{Name: "withscore", Type: command.ArgPureToken, Token: "WITHSCORE", Since: "7.2.0", Flags: command.Optional},
	},
	History: []command.Change{
		{Since: "7.2.0", What: "The option `WITHSCORE`."},
	},
	Handler: cmdZRevRank,
}

var specZCount = &command.Spec{
	Name: "zcount", Summary: "Counts the members whose scores lie in a range.", Since: "2.0.0",
	Group: command.GroupSortedSet, Complexity: "O(log(N)) with N being the number of elements in the sorted set.",
	Arity: 4, Flags: command.ReadOnly | command.Fast,
	Keys: command.OneKey(command.KeyRO | command.KeyAccess),
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey, KeySpec: 1},
		{Name: "min", Type: command.ArgDouble},
		{Name: "max", Type: command.ArgDouble},
	},
	Handler: cmdZCount,
}

var specZLexCount = &command.Spec{
	Name: "zlexcount", Summary: "Counts the members that lie in a range of the order of bytes.", Since: "2.8.9",
	Group: command.GroupSortedSet, Complexity: "O(log(N)) with N being the number of elements in the sorted set.",
	Arity: 4, Flags: command.ReadOnly | command.Fast,
	Keys: command.OneKey(command.KeyRO | command.KeyAccess),
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey, KeySpec: 1},
		{Name: "min"},
		{Name: "max"},
	},
	Handler: cmdZLexCount,
}

var specZRandMember = &command.Spec{
	Name: "zrandmember", Summary: "Picks members at random.", Since: "6.2.0",
	Group: command.GroupSortedSet, Complexity: "O(N) where N is the number of elements returned",
	Arity: -2, Flags: command.ReadOnly,
	Keys: command.OneKey(command.KeyRO | command.KeyAccess),
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey, KeySpec: 1},
		{Name: "options", Type: command.ArgBlock, Flags: command.Optional, Args: []command.Arg{
			{Name: "count", Type: command.ArgInteger},
			{Name: "withscores", Type: command.ArgPureToken, Token: "WITHSCORES", Flags: command.Optional},
		}},
	},
	Tips:    []string{"nondeterministic_output"},
	Handler: cmdZRandMember,
}

var specZScan = &command.Spec{
	Name: "zscan", Summary: "Walks the members of a sorted set step by step, by cursor.", Since: "2.8.0",
	Group: command.GroupSortedSet, Complexity: "O(1) for every call. O(N) for a complete iteration, including enough command calls for the cursor to return back to 0. N is the number of elements inside the collection..",
	Arity: -3, Flags: command.ReadOnly,
	Keys: command.OneKey(command.KeyRO | command.KeyAccess),
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey, KeySpec: 1},
		{Name: "cursor", Type: command.ArgInteger},
		{Name: "pattern", Type: command.ArgPattern, Token: "MATCH", Flags: command.Optional},
		{Name: "count", Type: command.ArgInteger, Token: "COUNT", Flags: command.Optional},
	},
	Tips:    []string{"nondeterministic_output"},
	Handler: cmdZScan,
}

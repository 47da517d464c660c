package zsets

import "granary/internal/command"

var specZRange = &command.Spec{
	Name: "zrange", Summary: "Lists members in a range of positions, of scores, or of the order of bytes.", Since: "1.2.0",
	Group: command.GroupSortedSet, Complexity: "O(log(N)+M) with N being the number of elements in the sorted set and M the number of elements returned.",
	Arity: -4, Flags: command.ReadOnly,
	Keys: command.OneKey(command.KeyRO | command.KeyAccess),
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey, KeySpec: 1},
		{Name: "start"},
		{Name: "stop"},
		{Name: "sortby", Type: command.ArgOneOf, Since: "6.2.0", Flags: command.Optional, Args: []command.Arg{
			{Name: "byscore", Type: command.ArgPureToken, Token: "BYSCORE"},
			{Name: "bylex", Type: command.ArgPureToken, Token: "BYLEX"},
		}},
		{Name: "rev", Type: command.ArgPureToken, Token: "REV", Since: "6.2.0", Flags: command.Optional},
		{Name: "offset_count", Type: command.ArgBlock, Token: "LIMIT", Since: "6.2.0", Flags: command.Optional, Args: []command.Arg{
			{Name: "offset", Type: command.ArgInteger},
			{Name: "count", Type: command.ArgInteger},
		}},
		{Name: "withscores", Type: command.ArgPureToken, Token: "WITHSCORES", Flags: command.Optional},
	},
	History: []command.Change{
		{Since: "6.2.0", What: "The options `REV`, `BYSCORE`, `BYLEX` and `LIMIT`."},
	},
	Handler: cmdZRange,
}

var specZRangeStore = &command.Spec{
	Name: "zrangestore", Summary: "Stores what ZRANGE lists under another key.", Since: "6.2.0",
	Group: command.GroupSortedSet, Complexity: "O(log(N)+M) with N being the number of elements in the sorted set and M the number of elements stored into the destination key.",
	Arity: -5, Flags: command.Write | command.DenyOOM,
	Keys: []command.KeySpec{
		{Flags: command.KeyOW | command.KeyUpdate, Index: 1, KeyStep: 1},
		{Flags: command.KeyRO | command.KeyAccess, Index: 2, KeyStep: 1},
	},
	Args: []command.Arg{
		{Name: "dst", Type: command.ArgKey, KeySpec: 1},
		{Name: "src", Type: command.ArgKey, KeySpec: 2},
		{Name: "min"},
		{Name: "max"},
		{Name: "sortby", Type: command.ArgOneOf, Flags: command.Optional, Args: []command.Arg{
			{Name: "byscore", Type: command.ArgPureToken, Token: "BYSCORE"},
			{Name: "bylex", Type: command.ArgPureToken, Token: "BYLEX"},
		}},
		{Name: "rev", Type: command.ArgPureToken, Token: "REV", Flags: command.Optional},
		{Name: "offset_count", Type: command.ArgBlock, Token: "LIMIT", Flags: command.Optional, Args: []command.Arg{
			{Name: "offset", Type: command.ArgInteger},
			{Name: "count", Type: command.ArgInteger},
		}},
	},
	Handler: cmdZRangeStore,
}

var specZRevRange = &command.Spec{
	Name: "zrevrange", Summary: "Lists members in a range of positions, the highest score first.", Since: "1.2.0",
	Group: command.GroupSortedSet, Complexity: "O(log(N)+M) with N being the number of elements in the sorted set and M the number of elements returned.",
	Arity: -4, Flags: command.ReadOnly,
	Keys: command.OneKey(command.KeyRO | command.KeyAccess),
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey, KeySpec: 1},
		{Name: "start", Type: command.ArgInteger},
		{Name: "stop", Type: command.ArgInteger},
		{Name: "withscores", Type: command.ArgPureToken, Token: "WITHSCORES", Flags: command.Optional},
	},
	DeprecatedSince: "6.2.0", ReplacedBy: "`ZRANGE` with the `REV` argument",
	Handler: cmdZRevRange,
}

var specZRangeByScore = &command.Spec{
	Name: "zrangebyscore", Summary: "Lists members in a range of scores.", Since: "1.0.5",
	Group: command.GroupSortedSet, Complexity: "O(log(N)+M) with N being the number of elements in the sorted set and M the number of elements being returned. If M is constant (e.g. always asking for the first 10 elements with LIMIT), you can consider it O(log(N)).",
	Arity: -4, Flags: command.ReadOnly,
	Keys: command.OneKey(command.KeyRO | command.KeyAccess),
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey, KeySpec: 1},
		{Name: "min", Type: command.ArgDouble},
		{Name: "max", Type: command.ArgDouble},
		{Name: "withscores", Type: command.ArgPureToken, Token: "WITHSCORES", Since: "2.0.0", Flags: command.Optional},
		{Name: "offset_count", Type: command.ArgBlock, Token: "LIMIT", Flags: command.Optional, Args: []command.Arg{
			{Name: "offset", Type: command.ArgInteger},
			{Name: "count", Type: command.ArgInteger},
		}},
	},
	History: []command.Change{
		{Since: "2.0.0", What: "The option `WITHSCORES`."},
	},
	DeprecatedSince: "6.2.0", ReplacedBy: "`ZRANGE` with the `BYSCORE` argument",
	Handler: cmdZRangeByScore,
}

var specZRevRangeByScore = &command.Spec{
	Name: "zrevrangebyscore", Summary: "Lists members in a range of scores, the highest first.", Since: "2.2.0",
	Group: command.GroupSortedSet, Complexity: "O(log(N)+M) with N being the number of elements in the sorted set and M the number of elements being returned. If M is constant (e.g. always asking for the first 10 elements with LIMIT), you can consider it O(log(N)).",
	Arity: -4, Flags: command.ReadOnly,
	Keys: command.OneKey(command.KeyRO | command.KeyAccess),
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey, KeySpec: 1},
		{Name: "max", Type: command.ArgDouble},
		{Name: "min", Type: command.ArgDouble},
		{Name: "withscores", Type: command.ArgPureToken, Token: "WITHSCORES", Flags: command.Optional},
		{Name: "offset_count", Type: command.ArgBlock, Token: "LIMIT", Flags: command.Optional, Args: []command.Arg{
			{Name: "offset", Type: command.ArgInteger},
			{Name: "count", Type: command.ArgInteger},
		}},
	},
	History: []command.Change{
		{Since: "2.1.6", What: "Either end may be left out of the range."},
	},
	DeprecatedSince: "6.2.0", ReplacedBy: "`ZRANGE` with the `REV` and `BYSCORE` arguments",
	Handler: cmdZRevRangeByScore,
}

var specZRangeByLex = &command.Spec{
	Name: "zrangebylex", Summary: "Lists members in a range of the order of bytes.", Since: "2.8.9",
	Group: command.GroupSortedSet, Complexity: "O(log(N)+M) with N being the number of elements in the sorted set and M the number of elements being returned. If M is constant (e.g. always asking for the first 10 elements with LIMIT), you can consider it O(log(N)).",
	Arity: -4, Flags: command.ReadOnly,
	Keys: command.OneKey(command.KeyRO | command.KeyAccess),
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey, KeySpec: 1},
		{Name: "min"},
		{Name: "max"},
		{Name: "offset_count", Type: command.ArgBlock, Token: "LIMIT", Flags: command.Optional, Args: []command.Arg{
			{Name: "offset", Type: command.ArgInteger},
			{Name: "count", Type: command.ArgInteger},
		}},
	},
	DeprecatedSince: "6.2.0", ReplacedBy: "`ZRANGE` with the `BYLEX` argument",
	Handler: cmdZRangeByLex,
}

var specZRevRangeByLex = &command.Spec{
	Name: "zrevrangebylex", Summary: "Lists members in a range of the order of bytes, the last first.", Since: "2.8.9",
	Group: command.GroupSortedSet, Complexity: "O(log(N)+M) with N being the number of elements in the sorted set and M the number of elements being returned. If M is constant (e.g. always asking for the first 10 elements with LIMIT), you can consider it O(log(N)).",
	Arity: -4, Flags: command.ReadOnly,
	Keys: command.OneKey(command.KeyRO | command.KeyAccess),
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey, KeySpec: 1},
		{Name: "max"},
		{Name: "min"},
		{Name: "offset_count", Type: command.ArgBlock, Token: "LIMIT", Flags: command.Optional, Args: []command.Arg{
			{Name: "offset", Type: command.ArgInteger},
			{Name: "count", Type: command.ArgInteger},
		}},
	},
	DeprecatedSince: "6.2.0", ReplacedBy: "`ZRANGE` with the `REV` and `BYLEX` arguments",
	Handler: cmdZRevRangeByLex,
}

package zsets

import "granary/internal/command"

var specZUnion = &command.Spec{
	Name: "zunion", Summary: "Returns the union of sorted sets.", Since: "6.2.0",
	Group: command.GroupSortedSet, Complexity: "O(N)+O(M*log(M)) with N being the sum of the sizes of the input sorted sets, and M being the number of elements in the resulting sorted set.",
	Arity: -3, Flags: command.ReadOnly,
	Keys: []command.KeySpec{
		{Flags: command.KeyRO | command.KeyAccess, Index: 1, KeyNum: true, KeyNumIdx: 0, FirstKey: 1, KeyStep: 1},
	},
	Args: []command.Arg{
		{Name: "numkeys", Type: command.ArgInteger},
		{Name: "key", Type: command.ArgKey, KeySpec: 1, Flags: command.Multiple},
		{Name: "weight", Type: command.ArgInteger, Token: "WEIGHTS", Flags: command.Optional | command.Multiple},
		{Name: "aggregate", Type: command.ArgOneOf, Token: "AGGREGATE", Flags: command.Optional, Args: []command.Arg{
			{Name: "sum", Type: command.ArgPureToken, Token: "SUM"},
			{Name: "min", Type: command.ArgPureToken, Token: "MIN"},
			{Name: "max", Type: command.ArgPureToken, Token: "MAX"},
		}},
		{Name: "withscores", Type: command.ArgPureToken, Token: "WITHSCORES", Flags: command.Optional},
	},
	Handler: cmdZUnion,
}

var specZInter = &command.Spec{
	Name: "zinter", Summary: "Returns the intersection of sorted sets.", Since: "6.2.0",
	Group: command.GroupSortedSet, Complexity: "O(N*K)+O(M*log(M)) worst case with N being the smallest input sorted set, K being the number of input sorted sets and M being the number of elements in the resulting sorted set.",
	Arity: -3, Flags: command.ReadOnly,
	Keys: []command.KeySpec{
		{Flags: command.KeyRO | command.KeyAccess, Index: 1, KeyNum: true, KeyNumIdx: 0, FirstKey: 1, KeyStep: 1},
	},
	Args: []command.Arg{
		{Name: "numkeys", Type: command.ArgInteger},
		{Name: "key", Type: command.ArgKey, KeySpec: 1, Flags: command.Multiple},
		{Name: "weight", Type: command.ArgInteger, Token: "WEIGHTS", Flags: command.Optional | command.Multiple},
		{Name: "aggregate", Type: command.ArgOneOf, Token: "AGGREGATE", Flags: command.Optional, Args: []command.Arg{
			{Name: "sum", Type: command.ArgPureToken, Token: "SUM"},
			{Name: "min", Type: command.ArgPureToken, Token: "MIN"},
			{Name: "max", Type: command.ArgPureToken, Token: "MAX"},
		}},
		{Name: "withscores", Type: command.ArgPureToken, Token: "WITHSCORES", Flags: command.Optional},
	},
	Handler: cmdZInter,
}

var specZDiff = &command.Spec{
	Name: "zdiff", Summary: "Returns what is in the first sorted set and in no other.", Since: "6.2.0",
	Group: command.GroupSortedSet, Complexity: "O(L + (N-K)log(N)) worst case where L is the total number of elements in all the sets, N is the size of the first set, and K is the size of the result set.",
	Arity: -3, Flags: command.ReadOnly,
	Keys: []command.KeySpec{
		{Flags: command.KeyRO | command.KeyAccess, Index: 1, KeyNum: true, KeyNumIdx: 0, FirstKey: 1, KeyStep: 1},
	},
	Args: []command.Arg{
		{Name: "numkeys", Type: command.ArgInteger},
		{Name: "key", Type: command.ArgKey, KeySpec: 1, Flags: command.Multiple},
		{Name: "withscores", Type: command.ArgPureToken, Token: "WITHSCORES", Flags: command.Optional},
	},
	Handler: cmdZDiff,
}

var specZUnionStore = &command.Spec{
	Name: "zunionstore", Summary: "Stores the union of sorted sets.", Since: "2.0.0",
	Group: command.GroupSortedSet, Complexity: "O(N)+O(M log(M)) with N being the sum of the sizes of the input sorted sets, and M being the number of elements in the resulting sorted set.",
	Arity: -4, Flags: command.Write | command.DenyOOM,
	Keys: []command.KeySpec{
		{Flags: command.KeyOW | command.KeyUpdate, Index: 1, KeyStep: 1},
		{Flags: command.KeyRO | command.KeyAccess, Index: 2, KeyNum: true, KeyNumIdx: 0, FirstKey: 1, KeyStep: 1},
	},
	Args: []command.Arg{
		{Name: "destination", Type: command.ArgKey, KeySpec: 1},
		{Name: "numkeys", Type: command.ArgInteger},
		{Name: "key", Type: command.ArgKey, KeySpec: 2, Flags: command.Multiple},
		{Name: "weight", Type: command.ArgInteger, Token: "WEIGHTS", Flags: command.Optional | command.Multiple},
		{Name: "aggregate", Type: command.ArgOneOf, Token: "AGGREGATE", Flags: command.Optional, Args: []command.Arg{
			{Name: "sum", Type: command.ArgPureToken, Token: "SUM"},
			{Name: "min", Type: command.ArgPureToken, Token: "MIN"},
			{Name: "max", Type: command.ArgPureToken, Token: "MAX"},
		}},
	},
	Handler: cmdZUnionStore,
}

var specZInterStore = &command.Spec{
	Name: "zinterstore", Summary: "Stores the intersection of sorted sets.", Since: "2.0.0",
	Group: command.GroupSortedSet, Complexity: "O(N*K)+O(M*log(M)) worst case with N being the smallest input sorted set, K being the number of input sorted sets and M being the number of elements in the resulting sorted set.",
	Arity: -4, Flags: command.Write | command.DenyOOM,
	Keys: []command.KeySpec{
		{Flags: command.KeyOW | command.KeyUpdate, Index: 1, KeyStep: 1},
		{Flags: command.KeyRO | command.KeyAccess, Index: 2, KeyNum: true, KeyNumIdx: 0, FirstKey: 1, KeyStep: 1},
	},
	Args: []command.Arg{
		{Name: "destination", Type: command.ArgKey, KeySpec: 1},
		{Name: "numkeys", Type: command.ArgInteger},
		{Name: "key", Type: command.ArgKey, KeySpec: 2, Flags: command.Multiple},
		{Name: "weight", Type: command.ArgInteger, Token: "WEIGHTS", Flags: command.Optional | command.Multiple},
		{Name: "aggregate", Type: command.ArgOneOf, Token: "AGGREGATE", Flags: command.Optional, Args: []command.Arg{
			{Name: "sum", Type: command.ArgPureToken, Token: "SUM"},
			{Name: "min", Type: command.ArgPureToken, Token: "MIN"},
			{Name: "max", Type: command.ArgPureToken, Token: "MAX"},
		}},
	},
	Handler: cmdZInterStore,
}

var specZDiffStore = &command.Spec{
	Name: "zdiffstore", Summary: "Stores what is in the first sorted set and in no other.", Since: "6.2.0",
	Group: command.GroupSortedSet, Complexity: "O(L + (N-K)log(N)) worst case where L is the total number of elements in all the sets, N is the size of the first set, and K is the size of the result set.",
	Arity: -4, Flags: command.Write | command.DenyOOM,
	Keys: []command.KeySpec{
		{Flags: command.KeyOW | command.KeyUpdate, Index: 1, KeyStep: 1},
		{Flags: command.KeyRO | command.KeyAccess, Index: 2, KeyNum: true, KeyNumIdx: 0, FirstKey: 1, KeyStep: 1},
	},
	Args: []command.Arg{
		{Name: "destination", Type: command.ArgKey, KeySpec: 1},
		{Name: "numkeys", Type: command.ArgInteger},
		{Name: "key", Type: command.ArgKey, KeySpec: 2, Flags: command.Multiple},
	},
	Handler: cmdZDiffStore,
}

var specZInterCard = &command.Spec{
	Name: "zintercard", Summary: "Counts the members of the intersection of sorted sets.", Since: "7.0.0",
	Group: command.GroupSortedSet, Complexity: "O(N*K) worst case with N being the smallest input sorted set, K being the number of input sorted sets.",
	Arity: -3, Flags: command.ReadOnly,
	Keys: []command.KeySpec{
		{Flags: command.KeyRO | command.KeyAccess, Index: 1, KeyNum: true, KeyNumIdx: 0, FirstKey: 1, KeyStep: 1},
	},
	Args: []command.Arg{
		{Name: "numkeys", Type: command.ArgInteger},
		{Name: "key", Type: command.ArgKey, KeySpec: 1, Flags: command.Multiple},
		{Name: "limit", Type: command.ArgInteger, Token: "LIMIT", Flags: command.Optional},
	},
	Handler: cmdZInterCard,
}

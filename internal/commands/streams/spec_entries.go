package streams

import "granary/internal/command"

var specXAdd = &command.Spec{
	Name: "xadd", Summary: "Adds an entry to a stream; a key that does not exist is created.", Since: "5.0.0",
	Group: command.GroupStream, Complexity: "O(1) when adding a new entry, O(N) when trimming where N being the number of entries evicted.",
	Arity: -5, Flags: command.Write | command.DenyOOM | command.Fast,
	Keys: []command.KeySpec{{Flags: command.KeyRW | command.KeyUpdate, Notes: "UPDATE instead of INSERT because of the optional trimming feature", Index: 1, KeyStep: 1}},
	Tips: []string{"nondeterministic_output"},
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey, KeySpec: 1},
		{Name: "nomkstream", Type: command.ArgPureToken, Token: "NOMKSTREAM", Since: "6.2.0", Flags: command.Optional},
		{Name: "trim", Type: command.ArgBlock, Flags: command.Optional, Args: []command.Arg{
			{Name: "strategy", Type: command.ArgOneOf, Args: []command.Arg{
				{Name: "maxlen", Type: command.ArgPureToken, Token: "MAXLEN"},
				{Name: "minid", Type: command.ArgPureToken, Token: "MINID", Since: "6.2.0"},
			}},
			{Name: "operator", Type: command.ArgOneOf, Flags: command.Optional, Args: []command.Arg{
				{Name: "equal", Type: command.ArgPureToken, Token: "="},
				{Name: "approximately", Type: command.ArgPureToken, Token: "~"},
			}},
			{Name: "threshold", Type: command.ArgString},
			{Name: "count", Type: command.ArgInteger, Token: "LIMIT", Since: "6.2.0", Flags: command.Optional},
		}},
		{Name: "id_or_auto", Type: command.ArgOneOf, Args: []command.Arg{
			{Name: "auto_id", Type: command.ArgPureToken, Token: "*"},
			{Name: "id", Type: command.ArgString},
		}},
		{Name: "field_value", Type: command.ArgBlock, Flags: command.Multiple, Args: []command.Arg{
			{Name: "field", Type: command.ArgString},
			{Name: "value", Type: command.ArgString},
		}},
	},
	History: []command.Change{{Since: "6.2.0", What: "NOMKSTREAM, MINID and LIMIT."}, {Since: "7.0.0", What: "IDs of the form <ms>-*."}},
	Handler: cmdXAdd,
}

var specXLen = &command.Spec{
	Name: "xlen", Summary: "Returns the number of entries of a stream.", Since: "5.0.0",
	Group: command.GroupStream, Complexity: "O(1)",
	Arity: 2, Flags: command.ReadOnly | command.Fast,
	Keys: []command.KeySpec{{Flags: command.KeyRO, Index: 1, KeyStep: 1}},
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey, KeySpec: 1},
	},
	Handler: cmdXLen,
}

var specXRange = &command.Spec{
	Name: "xrange", Summary: "Returns the entries of a stream between two IDs.", Since: "5.0.0",
	Group: command.GroupStream, Complexity: "O(N) with N being the number of elements being returned. If N is constant (e.g. always asking for the first 10 elements with COUNT), you can consider it O(1).",
	Arity: -4, Flags: command.ReadOnly,
	Keys: []command.KeySpec{{Flags: command.KeyRO | command.KeyAccess, Index: 1, KeyStep: 1}},
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey, KeySpec: 1},
		{Name: "start", Type: command.ArgString},
		{Name: "end", Type: command.ArgString},
		{Name: "count", Type: command.ArgInteger, Token: "COUNT", Flags: command.Optional},
	},
	History: []command.Change{{Since: "6.2.0", What: "Exclusive ranges."}},
	Handler: cmdXRange,
}

var specXRevRange = &command.Spec{
	Name: "xrevrange", Summary: "Returns the entries of a stream between two IDs, the latest first.", Since: "5.0.0",
	Group: command.GroupStream, Complexity: "O(N) with N being the number of elements returned. If N is constant (e.g. always asking for the first 10 elements with COUNT), you can consider it O(1).",
	Arity: -4, Flags: command.ReadOnly,
	Keys: []command.KeySpec{{Flags: command.KeyRO | command.KeyAccess, Index: 1, KeyStep: 1}},
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey, KeySpec: 1},
		{Name: "end", Type: command.ArgString},
		{Name: "start", Type: command.ArgString},
		{Name: "count", Type: command.ArgInteger, Token: "COUNT", Flags: command.Optional},
	},
	History: []command.Change{{Since: "6.2.0", What: "Exclusive ranges."}},
	Handler: cmdXRevRange,
}

var specXDel = &command.Spec{
	Name: "xdel", Summary: "Deletes entries of a stream by their IDs and returns how many there were.", Since: "5.0.0",
	Group: command.GroupStream, Complexity: "O(1) for each single item to delete in the stream, regardless of the stream size.",
	Arity: -3, Flags: command.Write | command.Fast,
	Keys: []command.KeySpec{{Flags: command.KeyRW | command.KeyDelete, Index: 1, KeyStep: 1}},
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey, KeySpec: 1},
		{Name: "id", Type: command.ArgString, Flags: command.Multiple},
	},
	Handler: cmdXDel,
}

var specXTrim = &command.Spec{
	Name: "xtrim", Summary: "Deletes the oldest entries of a stream, down to a length or up to an ID.", Since: "5.0.0",
	Group: command.GroupStream, Complexity: "O(N), with N being the number of evicted entries. Constant times are very small however, since entries are organized in macro nodes containing multiple entries that can be released with a single deallocation.",
	Arity: -4, Flags: command.Write,
	Keys: []command.KeySpec{{Flags: command.KeyRW | command.KeyDelete, Index: 1, KeyStep: 1}},
	Tips: []string{"nondeterministic_output"},
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey, KeySpec: 1},
		{Name: "trim", Type: command.ArgBlock, Args: []command.Arg{
			{Name: "strategy", Type: command.ArgOneOf, Args: []command.Arg{
				{Name: "maxlen", Type: command.ArgPureToken, Token: "MAXLEN"},
				{Name: "minid", Type: command.ArgPureToken, Token: "MINID", Since: "6.2.0"},
			}},
			{Name: "operator", Type: command.ArgOneOf, Flags: command.Optional, Args: []command.Arg{
				{Name: "equal", Type: command.ArgPureToken, Token: "="},
				{Name: "approximately", Type: command.ArgPureToken, Token: "~"},
			}},
			{Name: "threshold", Type: command.ArgString},
			{Name: "count", Type: command.ArgInteger, Token: "LIMIT", Since: "6.2.0", Flags: command.Optional},
		}},
	},
	History: []command.Change{{Since: "6.2.0", What: "MINID and LIMIT."}},
	Handler: cmdXTrim,
}

var specXSetID = &command.Spec{
	Name: "xsetid", Summary: "Sets the last ID of a stream and its counters; replicas and files need it.", Since: "5.0.0",
	Group: command.GroupStream, Complexity: "O(1)",
	Arity: -3, Flags: command.Write | command.DenyOOM | command.Fast,
	Keys: []command.KeySpec{{Flags: command.KeyRW | command.KeyUpdate, Index: 1, KeyStep: 1}},
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey, KeySpec: 1},
		{Name: "last-id", Type: command.ArgString},
		{Name: "entries_added", Type: command.ArgInteger, Token: "ENTRIESADDED", Since: "7.0.0", Flags: command.Optional},
		{Name: "max_deleted_entry_id", Type: command.ArgString, Token: "MAXDELETEDID", Since: "7.0.0", Flags: command.Optional},
	},
	History: []command.Change{{Since: "7.0.0", What: "ENTRIESADDED and MAXDELETEDID."}},
	Handler: cmdXSetID,
}

package streams

import "granary/internal/command"

var specXAck = &command.Spec{
	Name: "xack", Summary: "Acknowledges entries that a group was given and returns how many were pending.", Since: "5.0.0",
	Group: command.GroupStream, Complexity: "O(1) for each message ID processed.",
	Arity: -4, Flags: command.Write | command.Fast,
	Keys: []command.KeySpec{{Flags: command.KeyRW | command.KeyUpdate, Index: 1, KeyStep: 1}},
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey, KeySpec: 1},
		{Name: "group", Type: command.ArgString},
		{Name: "id", Type: command.ArgString, Flags: command.Multiple},
	},
	Handler: cmdXAck,
}

var specXPending = &command.Spec{
	Name: "xpending", Summary: "Returns what was delivered to a group and not acknowledged: a summary or the entries.", Since: "5.0.0",
	Group: command.GroupStream, Complexity: "O(N) with N being the number of elements returned, so asking for a small fixed number of entries per call is O(1). O(M), where M is the total number of entries scanned when used with the IDLE filter. When the command returns just the summary and the list of consumers is small, it runs in O(1) time; otherwise, an additional O(N) time for iterating every consumer.",
	Arity: -3, Flags: command.ReadOnly,
	Keys: []command.KeySpec{{Flags: command.KeyRO | command.KeyAccess, Index: 1, KeyStep: 1}},
	Tips: []string{"nondeterministic_output"},
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey, KeySpec: 1},
		{Name: "group", Type: command.ArgString},
		{Name: "filters", Type: command.ArgBlock, Flags: command.Optional, Args: []command.Arg{
			{Name: "min-idle-time", Type: command.ArgInteger, Token: "IDLE", Since: "6.2.0", Flags: command.Optional},
			{Name: "start", Type: command.ArgString},
			{Name: "end", Type: command.ArgString},
			{Name: "count", Type: command.ArgInteger},
			{Name: "consumer", Type: command.ArgString, Flags: command.Optional},
		}},
	},
	History: []command.Change{{Since: "6.2.0", What: "IDLE and exclusive ranges."}},
	Handler: cmdXPending,
}

var specXClaim = &command.Spec{
	Name: "xclaim", Summary: "Makes pending entries pend with another consumer of the group.", Since: "5.0.0",
	Group: command.GroupStream, Complexity: "O(log N) with N being the number of messages in the PEL of the consumer group.",
	Arity: -6, Flags: command.Write | command.Fast,
	Keys: []command.KeySpec{{Flags: command.KeyRW | command.KeyUpdate, Index: 1, KeyStep: 1}},
	Tips: []string{"nondeterministic_output"},
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey, KeySpec: 1},
		{Name: "group", Type: command.ArgString},
		{Name: "consumer", Type: command.ArgString},
		{Name: "min-idle-time", Type: command.ArgString},
		{Name: "id", Type: command.ArgString, Flags: command.Multiple},
		{Name: "ms", Type: command.ArgInteger, Token: "IDLE", Flags: command.Optional},
		{Name: "unix-time-milliseconds", Type: command.ArgUnixTime, Token: "TIME", Flags: command.Optional},
		{Name: "count", Type: command.ArgInteger, Token: "RETRYCOUNT", Flags: command.Optional},
		{Name: "force", Type: command.ArgPureToken, Token: "FORCE", Flags: command.Optional},
		{Name: "justid", Type: command.ArgPureToken, Token: "JUSTID", Flags: command.Optional},
		{Name: "id", Type: command.ArgString, Token: "LASTID", Flags: command.Optional},
	},
	Handler: cmdXClaim,
}

var specXAutoClaim = &command.Spec{
	Name: "xautoclaim", Summary: "Makes pending entries that nobody has touched for some time pend with another consumer.", Since: "6.2.0",
	Group: command.GroupStream, Complexity: "O(1) if COUNT is small.",
	Arity: -6, Flags: command.Write | command.Fast,
	Keys: []command.KeySpec{{Flags: command.KeyRW | command.KeyDelete, Index: 1, KeyStep: 1}},
	Tips: []string{"nondeterministic_output"},
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey, KeySpec: 1},
		{Name: "group", Type: command.ArgString},
		{Name: "consumer", Type: command.ArgString},
		{Name: "min-idle-time", Type: command.ArgString},
		{Name: "start", Type: command.ArgString},
		{Name: "count", Type: command.ArgInteger, Token: "COUNT", Flags: command.Optional},
		{Name: "justid", Type: command.ArgPureToken, Token: "JUSTID", Flags: command.Optional},
	},
	History: []command.Change{{Since: "7.0.0", What: "The reply tells which entries are gone."}},
	Handler: cmdXAutoClaim,
}

package streams

import "granary/internal/command"

var specXRead = &command.Spec{
	Name: "xread", Summary: "Returns the entries of streams that come after given IDs, and can wait for them.", Since: "5.0.0",
	Group: command.GroupStream, Complexity: "For each stream mentioned: O(N) with N being the number of elements being returned, it means that XREAD-ing with a fixed COUNT is O(1). Note that when the BLOCK option is used, XADD will pay O(M) time in order to serve the M clients blocked on the stream getting new data.",
	Arity: -4, Flags: command.ReadOnly | command.Blocking,
	Keys: []command.KeySpec{{Flags: command.KeyRO | command.KeyAccess, Keyword: "STREAMS", StartFrom: 1, LastKey: -1, KeyStep: 1, Limit: 2}},
	Args: []command.Arg{
		{Name: "count", Type: command.ArgInteger, Token: "COUNT", Flags: command.Optional},
		{Name: "milliseconds", Type: command.ArgInteger, Token: "BLOCK", Flags: command.Optional},
		{Name: "streams", Type: command.ArgBlock, Token: "STREAMS", Args: []command.Arg{
			{Name: "key", Type: command.ArgKey, KeySpec: 1, Flags: command.Multiple},
			{Name: "id", Type: command.ArgString, Flags: command.Multiple},
		}},
	},
	Handler: cmdXRead,
}

var specXReadGroup = &command.Spec{
	Name: "xreadgroup", Summary: "Delivers new entries of streams to a consumer of a group, or shows it again what is pending with it; can wait.", Since: "5.0.0",
	Group: command.GroupStream, Complexity: "For each stream mentioned: O(M) with M being the number of elements returned. If M is constant (e.g. always asking for the first 10 elements with COUNT), you can consider it O(1). On the other side when XREADGROUP blocks, XADD will pay the O(N) time in order to serve the N clients blocked on the stream getting new data.",
	Arity: -7, Flags: command.Write | command.Blocking,
	Keys: []command.KeySpec{{Flags: command.KeyRO | command.KeyAccess, Keyword: "STREAMS", StartFrom: 4, LastKey: -1, KeyStep: 1, Limit: 2}},
	Args: []command.Arg{
		{Name: "group_consumer", Type: command.ArgBlock, Token: "GROUP", Args: []command.Arg{
			{Name: "group", Type: command.ArgString},
			{Name: "consumer", Type: command.ArgString},
		}},
		{Name: "count", Type: command.ArgInteger, Token: "COUNT", Flags: command.Optional},
		{Name: "milliseconds", Type: command.ArgInteger, Token: "BLOCK", Flags: command.Optional},
		{Name: "noack", Type: command.ArgPureToken, Token: "NOACK", Flags: command.Optional},
		{Name: "streams", Type: command.ArgBlock, Token: "STREAMS", Args: []command.Arg{
			{Name: "key", Type: command.ArgKey, KeySpec: 1, Flags: command.Multiple},
			{Name: "id", Type: command.ArgString, Flags: command.Multiple},
		}},
	},
	Handler: cmdXReadGroup,
}

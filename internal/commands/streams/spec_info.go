package streams

import "granary/internal/command"

var specXInfo = &command.Spec{
	Name: "xinfo", Summary: "Commands that describe streams.", Since: "5.0.0",
	Group: command.GroupStream, Complexity: "Depends on subcommand.",
	Arity: -2,
	Subs:  []*command.Spec{specXInfoConsumers, specXInfoGroups, specXInfoHelp, specXInfoStream},
}

var specXInfoConsumers = &command.Spec{
	Name: "consumers", Summary: "Describes the consumers of a group.", Since: "5.0.0",
	Group: command.GroupStream, Complexity: "O(1)",
	Arity: 4, Flags: command.ReadOnly,
	Keys: []command.KeySpec{{Flags: command.KeyRO | command.KeyAccess, Index: 2, KeyStep: 1}},
	Tips: []string{"nondeterministic_output"},
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey, KeySpec: 1},
		{Name: "groupname", Type: command.ArgString},
	},
	Handler: cmdXInfoConsumers,
}

var specXInfoGroups = &command.Spec{
	Name: "groups", Summary: "Describes the groups of a stream.", Since: "5.0.0",
	Group: command.GroupStream, Complexity: "O(1)",
	Arity: 3, Flags: command.ReadOnly,
	Keys: []command.KeySpec{{Flags: command.KeyRO | command.KeyAccess, Index: 2, KeyStep: 1}},
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey, KeySpec: 1},
	},
	History: []command.Change{{Since: "7.0.0", What: "The fields `entries-read` and `lag`."}},
	Handler: cmdXInfoGroups,
}

var specXInfoHelp = &command.Spec{
	Name: "help", Summary: "List the subcommands.", Since: "5.0.0",
	Group: command.GroupStream, Complexity: "O(1)",
	Arity: 2, Flags: command.Loading | command.Stale,
	Handler: cmdXInfoHelp,
}

var specXInfoStream = &command.Spec{
	Name: "stream", Summary: "Describes a stream.", Since: "5.0.0",
	Group: command.GroupStream, Complexity: "O(1)",
	Arity: -3, Flags: command.ReadOnly,
	Keys: []command.KeySpec{{Flags: command.KeyRO | command.KeyAccess, Index: 2, KeyStep: 1}},
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey, KeySpec: 1},
		{Name: "full", Type: command.ArgBlock, Token: "FULL", Flags: command.Optional, Args: []command.Arg{
			{Name: "count", Type: command.ArgInteger, Token: "COUNT", Flags: command.Optional},
		}},
	},
	History: []command.Change{{Since: "6.0.0", What: "FULL."}, {Since: "7.0.0", What: "The fields `max-deleted-entry-id`, `entries-added`, `recorded-first-entry-id`, `entries-read` and `lag`."}},
	Handler: cmdXInfoStream,
}

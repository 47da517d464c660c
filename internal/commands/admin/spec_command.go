package admin

import "granary/internal/command"

var specCommand = &command.Spec{
	Name: "command", Summary: "Describe all commands.", Since: "2.8.13",
	Group: command.GroupServer, Complexity: "O(N) where N is the total number of Redis commands", Arity: -1,
	Flags:      command.Loading | command.Stale,
	Categories: command.CatConnection,
	Tips:       []string{"nondeterministic_output_order"},
	Subs:       []*command.Spec{specCommandCount, specCommandDocs, specCommandGetKeys, specCommandGetKeysAndFlags, specCommandHelp, specCommandInfo, specCommandList},
	Handler:    cmdCommand,
}

var specCommandCount = &command.Spec{
	Name: "count", Summary: "Return the number of commands.", Since: "2.8.13",
	Group: command.GroupServer, Complexity: "O(1)", Arity: 2,
	Flags:      command.Loading | command.Stale,
	Categories: command.CatConnection,
	Handler:    cmdCommandCount,
}

var specCommandDocs = &command.Spec{
	Name: "docs", Summary: "Return the documentation of commands.", Since: "7.0.0",
	Group: command.GroupServer, Complexity: "O(N) where N is the number of commands to look up", Arity: -2,
	Flags:      command.Loading | command.Stale,
	Categories: command.CatConnection,
	Tips:       []string{"nondeterministic_output_order"},
	Args: []command.Arg{
		{Name: "command-name", Type: command.ArgString, Flags: command.Optional | command.Multiple},
	},
	Handler: cmdCommandDocs,
}

var specCommandGetKeys = &command.Spec{
	Name: "getkeys", Summary: "Find the keys in a command line.", Since: "2.8.13",
	Group: command.GroupServer, Complexity: "O(N) where N is the number of arguments to the command", Arity: -4,
	Flags:      command.Loading | command.Stale,
	Categories: command.CatConnection,
	Handler:    cmdCommandGetKeys,
}

var specCommandGetKeysAndFlags = &command.Spec{
	Name: "getkeysandflags", Summary: "Find the keys in a command line, and what is done with each.", Since: "7.0.0",
	Group: command.GroupServer, Complexity: "O(N) where N is the number of arguments to the command", Arity: -4,
	Flags:      command.Loading | command.Stale,
	Categories: command.CatConnection,
	Handler:    cmdCommandGetKeysAndFlags,
}

var specCommandHelp = &command.Spec{
	Name: "help", Summary: "List the subcommands.", Since: "5.0.0",
	Group: command.GroupServer, Complexity: "O(1)", Arity: 2,
	Flags:      command.Loading | command.Stale,
	Categories: command.CatConnection,
	Handler:    cmdCommandHelp,
}

var specCommandInfo = &command.Spec{
	Name: "info", Summary: "Describe the commands named, or all.", Since: "2.8.13",
	Group: command.GroupServer, Complexity: "O(N) where N is the number of commands to look up", Arity: -2,
	Flags:      command.Loading | command.Stale,
	Categories: command.CatConnection,
	Tips:       []string{"nondeterministic_output_order"},
	History: []command.Change{
		{Since: "7.0.0", What: "Without names: all commands."},
	},
	Args: []command.Arg{
		{Name: "command-name", Type: command.ArgString, Flags: command.Optional | command.Multiple},
	},
	Handler: cmdCommandInfo,
}

var specCommandList = &command.Spec{
	Name: "list", Summary: "List the names of commands.", Since: "7.0.0",
	Group: command.GroupServer, Complexity: "O(N) where N is the total number of Redis commands", Arity: -2,
	Flags:      command.Loading | command.Stale,
	Categories: command.CatConnection,
	Tips:       []string{"nondeterministic_output_order"},
	Args: []command.Arg{
		{Name: "filterby", Type: command.ArgOneOf, Token: "FILTERBY", Flags: command.Optional, Args: []command.Arg{
			{Name: "module-name", Type: command.ArgString, Token: "MODULE"},
			{Name: "category", Type: command.ArgString, Token: "ACLCAT"},
			{Name: "pattern", Type: command.ArgPattern, Token: "PATTERN"},
		}},
	},
	Handler: cmdCommandList,
}

package admin

import "granary/internal/command"

var specTime = &command.Spec{
	Name: "time", Summary: "Return the time of the server.", Since: "2.6.0",
	Group: command.GroupServer, Complexity: "O(1)", Arity: 1,
	Flags:   command.Loading | command.Stale | command.Fast,
	Tips:    []string{"nondeterministic_output"},
	Handler: cmdTime,
}

var specLOLWUT = &command.Spec{
	Name: "lolwut", Summary: "Show a little art and the version.", Since: "5.0.0",
	Group: command.GroupServer, Complexity: "", Arity: -1,
	Flags: command.ReadOnly | command.Fast,
	Args: []command.Arg{
		{Name: "version", Type: command.ArgInteger, Token: "VERSION", Flags: command.Optional},
	},
	Handler: cmdLOLWUT,
}

var specRole = &command.Spec{
	Name: "role", Summary: "Return the part the server plays in replication.", Since: "2.8.12",
	Group: command.GroupServer, Complexity: "O(1)", Arity: 1,
	Flags:      command.NoScript | command.Loading | command.Stale | command.Fast,
	Categories: command.CatAdmin | command.CatDangerous,
	Handler:    cmdRole,
}

var specShutdown = &command.Spec{
	Name: "shutdown", Summary: "End the server.", Since: "1.0.0",
	Group: command.GroupServer, Complexity: "O(N) when saving, where N is the total number of keys in all databases when saving data, otherwise O(1)", Arity: -1,
	Flags: command.Admin | command.NoScript | command.Loading | command.Stale | command.NoMulti | command.AllowBusy,
	History: []command.Change{
		{Since: "7.0.0", What: "NOW, FORCE and ABORT."},
	},
	Args: []command.Arg{
		{Name: "nosave_save", Type: command.ArgOneOf, Flags: command.Optional, Args: []command.Arg{
			{Name: "nosave", Type: command.ArgPureToken, Token: "NOSAVE"},
			{Name: "save", Type: command.ArgPureToken, Token: "SAVE"},
		}},
		{Name: "now", Type: command.ArgPureToken, Token: "NOW", Since: "7.0.0", Flags: command.Optional},
		{Name: "force", Type: command.ArgPureToken, Token: "FORCE", Since: "7.0.0", Flags: command.Optional},
		{Name: "abort", Type: command.ArgPureToken, Token: "ABORT", Since: "7.0.0", Flags: command.Optional},
	},
	Handler: cmdShutdown,
}

var specDebug = &command.Spec{
	Name: "debug", Summary: "Commands for tests and for looking inside.", Since: "1.0.0",
	Group: command.GroupServer, Complexity: "Depends on subcommand.", Arity: -2,
	Flags:   command.Admin | command.NoScript | command.Loading | command.Stale,
	SysCmd:  true,
	Barred:  debugBarred,
	Handler: cmdDebug,
}

var specModule = &command.Spec{
	Name: "module", Summary: "Commands about modules, which Granary does not have.", Since: "4.0.0",
	Group: command.GroupServer, Complexity: "Depends on subcommand.", Arity: -2,
	Subs: []*command.Spec{specModuleHelp, specModuleList, specModuleLoad, specModuleLoadEx, specModuleUnload},
}

var specModuleHelp = &command.Spec{
	Name: "help", Summary: "List the subcommands.", Since: "5.0.0",
	Group: command.GroupServer, Complexity: "O(1)", Arity: 2,
	Flags:   command.Loading | command.Stale,
	Handler: cmdModuleHelp,
}

var specModuleList = &command.Spec{
	Name: "list", Summary: "Return the modules that are loaded: none.", Since: "4.0.0",
	Group: command.GroupServer, Complexity: "O(N) where N is the number of loaded modules.", Arity: 2,
	Flags:   command.Admin | command.NoScript,
	Tips:    []string{"nondeterministic_output_order"},
	Handler: cmdModuleList,
}

var specModuleLoad = &command.Spec{
	Name: "load", Summary: "Load a module.", Since: "4.0.0",
	Group: command.GroupServer, Complexity: "O(1)", Arity: -3,
	Flags: command.Admin | command.NoScript | command.NoAsyncLoading,
	Args: []command.Arg{
		{Name: "path", Type: command.ArgString},
		{Name: "arg", Type: command.ArgString, Flags: command.Optional | command.Multiple},
	},
	Barred:  modulesBarred,
	Handler: cmdModuleLoad,
}

var specModuleLoadEx = &command.Spec{
	Name: "loadex", Summary: "Load a module with a configuration of its own.", Since: "7.0.0",
	Group: command.GroupServer, Complexity: "O(1)", Arity: -3,
	Flags: command.Admin | command.NoScript | command.NoAsyncLoading,
	Args: []command.Arg{
		{Name: "path", Type: command.ArgString},
		{Name: "configs", Type: command.ArgBlock, Token: "CONFIG", Flags: command.Optional | command.Multiple | command.MultipleToken, Args: []command.Arg{
			{Name: "name", Type: command.ArgString},
			{Name: "value", Type: command.ArgString},
		}},
		{Name: "args", Type: command.ArgBlock, Token: "ARGS", Flags: command.Optional | command.Multiple, Args: []command.Arg{
			{Name: "arg", Type: command.ArgString},
		}},
	},
	Barred:  modulesBarred,
	Handler: cmdModuleLoadEx,
}

var specModuleUnload = &command.Spec{
	Name: "unload", Summary: "Unload a module.", Since: "4.0.0",
	Group: command.GroupServer, Complexity: "O(1)", Arity: 3,
	Flags: command.Admin | command.NoScript | command.NoAsyncLoading,
	Args: []command.Arg{
		{Name: "name", Type: command.ArgString},
	},
	Barred:  modulesBarred,
	Handler: cmdModuleUnload,
}

var specLastSave = &command.Spec{
	Name: "lastsave", Summary: "Return the time of the last snapshot.", Since: "1.0.0",
	Group: command.GroupServer, Complexity: "O(1)", Arity: 1,
	Flags:      command.Loading | command.Stale | command.Fast,
	Categories: command.CatAdmin | command.CatDangerous,
	Tips:       []string{"nondeterministic_output"},
	Handler:    cmdLastSave,
}

var specSave = &command.Spec{
	Name: "save", Summary: "Write a snapshot while everybody waits.", Since: "1.0.0",
	Group: command.GroupServer, Complexity: "O(N) where N is the total number of keys in all databases", Arity: 1,
	Flags:   command.Admin | command.NoScript | command.NoAsyncLoading | command.NoMulti,
	Handler: cmdSave,
}

var specBGSave = &command.Spec{
	Name: "bgsave", Summary: "Write a snapshot in the background.", Since: "1.0.0",
	Group: command.GroupServer, Complexity: "O(1)", Arity: -1,
	Flags: command.Admin | command.NoScript | command.NoAsyncLoading,
	History: []command.Change{
		{Since: "3.2.2", What: "SCHEDULE."},
	},
	Args: []command.Arg{
		{Name: "schedule", Type: command.ArgPureToken, Token: "SCHEDULE", Since: "3.2.2", Flags: command.Optional},
	},
	Handler: cmdBGSave,
}

var specBGRewriteAOF = &command.Spec{
	Name: "bgrewriteaof", Summary: "Rewrite the append-only file in the background.", Since: "1.0.0",
	Group: command.GroupServer, Complexity: "O(1)", Arity: 1,
	Flags:   command.Admin | command.NoScript | command.NoAsyncLoading,
	Handler: cmdBGRewriteAOF,
}

package scripting

import "granary/internal/command"

var (
	allShards = []string{"request_policy:all_shards", "response_policy:all_succeeded"}
	allNodes  = []string{"request_policy:all_nodes", "response_policy:all_succeeded"}
	oneShard  = []string{"request_policy:all_shards", "response_policy:one_succeeded"}
)

// flushArgs are the arguments of SCRIPT FLUSH and FUNCTION FLUSH.
func flushArgs(since string) []command.Arg {
	return []command.Arg{
		{Name: "async", Type: command.ArgOneOf, Since: since, Flags: command.Optional, Args: []command.Arg{
			{Name: "async", Type: command.ArgPureToken, Token: "ASYNC"},
			{Name: "sync", Type: command.ArgPureToken, Token: "SYNC"},
		}},
	}
}

var specScript = &command.Spec{
	Name: "script", Summary: "Commands about the scripts that the server has.", Since: "2.6.0", Group: command.GroupScripting, Complexity: "Depends on subcommand.",
	Arity: -2,
	Subs: []*command.Spec{
		{
			Name: "debug", Summary: "Choose how the scripts of this connection are debugged.", Since: "3.2.0", Group: command.GroupScripting, Complexity: "O(1)",
			Arity: 3, Flags: command.NoScript,
			Args: []command.Arg{
				{Name: "mode", Type: command.ArgOneOf, Args: []command.Arg{
					{Name: "yes", Type: command.ArgPureToken, Token: "YES"},
					{Name: "sync", Type: command.ArgPureToken, Token: "SYNC"},
					{Name: "no", Type: command.ArgPureToken, Token: "NO"},
				}},
			},
			Handler: cmdScriptDebug,
		},
		{
			Name: "exists", Summary: "Tell which scripts the server has.", Since: "2.6.0", Group: command.GroupScripting, Complexity: "O(N) with N being the number of scripts to check (so checking a single script is an O(1) operation).",
			Arity: -3, Flags: command.NoScript,
			Tips:    []string{"request_policy:all_shards", "response_policy:agg_logical_and"},
			Args:    []command.Arg{{Name: "sha1", Type: command.ArgString, Flags: command.Multiple}},
			Handler: cmdScriptExists,
		},
		{
			Name: "flush", Summary: "Forget all scripts.", Since: "2.6.0", Group: command.GroupScripting, Complexity: "O(N) with N being the number of scripts in cache",
			Arity: -2, Flags: command.NoScript,
			Tips:    allNodes,
			History: []command.Change{{Since: "6.2.0", What: "ASYNC and SYNC."}},
			Args:    flushArgs("6.2.0"),
			Handler: cmdScriptFlush,
		},
		{
			Name: "help", Summary: "List the subcommands.", Since: "5.0.0", Group: command.GroupScripting, Complexity: "O(1)",
			Arity: 2, Flags: command.Loading | command.Stale,
			Handler: cmdScriptHelp,
		},
		{
			Name: "kill", Summary: "End the script that is running.", Since: "2.6.0", Group: command.GroupScripting, Complexity: "O(1)",
			Arity: 2, Flags: command.NoScript | command.AllowBusy,
			Tips:    oneShard,
			Handler: cmdScriptKill,
		},
		{
			Name: "load", Summary: "Give the server a script without running it.", Since: "2.6.0", Group: command.GroupScripting, Complexity: "O(N) with N being the length in bytes of the script body.",
			Arity: 3, Flags: command.NoScript | command.Stale,
			Tips:    allNodes,
			Args:    []command.Arg{{Name: "script", Type: command.ArgString}},
			Handler: cmdScriptLoad,
		},
	},
}

var specFunction = &command.Spec{
	Name: "function", Summary: "Commands about libraries of functions.", Since: "7.0.0", Group: command.GroupScripting, Complexity: "Depends on subcommand.",
	Arity: -2,
	Subs: []*command.Spec{
		{
			Name: "delete", Summary: "Delete a library with its functions.", Since: "7.0.0", Group: command.GroupScripting, Complexity: "O(1)",
			Arity: 3, Flags: command.Write | command.NoScript,
			Tips:    allShards,
			Args:    []command.Arg{{Name: "library-name", Type: command.ArgString}},
			Handler: cmdFunctionDelete,
		},
		{
			Name: "dump", Summary: "Return all libraries in serialized form.", Since: "7.0.0", Group: command.GroupScripting, Complexity: "O(N) where N is the number of functions",
			Arity: 2, Flags: command.NoScript,
			Handler: cmdFunctionDump,
		},
		{
			Name: "flush", Summary: "Delete all libraries.", Since: "7.0.0", Group: command.GroupScripting, Complexity: "O(N) where N is the number of functions deleted",
			Arity: -2, Flags: command.Write | command.NoScript,
			Tips:    allShards,
			Args:    flushArgs(""),
			Handler: cmdFunctionFlush,
		},
		{
			Name: "help", Summary: "List the subcommands.", Since: "7.0.0", Group: command.GroupScripting, Complexity: "O(1)",
			Arity: 2, Flags: command.Loading | command.Stale,
			Handler: cmdFunctionHelp,
		},
		{
			Name: "kill", Summary: "End the function that is running.", Since: "7.0.0", Group: command.GroupScripting, Complexity: "O(1)",
			Arity: 2, Flags: command.NoScript | command.AllowBusy,
			Tips:    oneShard,
			Handler: cmdFunctionKill,
		},
		{
			Name: "list", Summary: "List libraries and their functions.", Since: "7.0.0", Group: command.GroupScripting, Complexity: "O(N) where N is the number of functions",
			Arity: -2, Flags: command.NoScript,
			Tips: []string{"nondeterministic_output_order"},
			Args: []command.Arg{
				{Name: "library-name-pattern", Type: command.ArgString, Token: "LIBRARYNAME", Flags: command.Optional},
				{Name: "withcode", Type: command.ArgPureToken, Token: "WITHCODE", Flags: command.Optional},
			},
			Handler: cmdFunctionList,
		},
		{
			Name: "load", Summary: "Load a library.", Since: "7.0.0", Group: command.GroupScripting, Complexity: "O(1) (considering compilation time is redundant)",
			Arity: -3, Flags: command.Write | command.DenyOOM | command.NoScript,
			Tips: allShards,
			Args: []command.Arg{
				{Name: "replace", Type: command.ArgPureToken, Token: "REPLACE", Flags: command.Optional},
				{Name: "function-code", Type: command.ArgString},
			},
			Handler: cmdFunctionLoad,
		},
		{
			Name: "restore", Summary: "Load libraries from their serialized form.", Since: "7.0.0", Group: command.GroupScripting, Complexity: "O(N) where N is the number of functions on the payload",
			Arity: -3, Flags: command.Write | command.DenyOOM | command.NoScript,
			Tips: allShards,
			Args: []command.Arg{
				{Name: "serialized-value", Type: command.ArgString},
				{Name: "policy", Type: command.ArgOneOf, Flags: command.Optional, Args: []command.Arg{
					{Name: "flush", Type: command.ArgPureToken, Token: "FLUSH"},
					{Name: "append", Type: command.ArgPureToken, Token: "APPEND"},
					{Name: "replace", Type: command.ArgPureToken, Token: "REPLACE"},
				}},
			},
			Handler: cmdFunctionRestore,
		},
		{
			Name: "stats", Summary: "Tell of the function that is running, and how many there are.", Since: "7.0.0", Group: command.GroupScripting, Complexity: "O(1)",
			Arity: 2, Flags: command.NoScript | command.AllowBusy,
			Tips:    []string{"nondeterministic_output", "request_policy:all_shards", "response_policy:special"},
			Handler: cmdFunctionStats,
		},
	},
}

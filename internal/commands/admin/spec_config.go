package admin

import "granary/internal/command"

var specConfig = &command.Spec{
	Name: "config", Summary: "Commands about the configuration.", Since: "2.0.0",
	Group: command.GroupServer, Complexity: "Depends on subcommand.", Arity: -2,
	Subs: []*command.Spec{specConfigGet, specConfigHelp, specConfigResetStat, specConfigRewrite, specConfigSet},
}

var specConfigGet = &command.Spec{
	Name: "get", Summary: "Return the values of directives.", Since: "2.0.0",
	Group: command.GroupServer, Complexity: "O(N) when N is the number of configuration parameters provided", Arity: -3,
	Flags: command.Admin | command.NoScript | command.Loading | command.Stale,
	History: []command.Change{
		{Since: "7.0.0", What: "Several patterns in one call."},
	},
	Args: []command.Arg{
		{Name: "parameter", Type: command.ArgBlock, Flags: command.Multiple, Args: []command.Arg{
			{Name: "parameter", Type: command.ArgString},
		}},
	},
	Handler: cmdConfigGet,
}

var specConfigHelp = &command.Spec{
	Name: "help", Summary: "List the subcommands.", Since: "5.0.0",
	Group: command.GroupServer, Complexity: "O(1)", Arity: 2,
	Flags:   command.Loading | command.Stale,
	Handler: cmdConfigHelp,
}

var specConfigResetStat = &command.Spec{
	Name: "resetstat", Summary: "Set the statistics back to zero.", Since: "2.0.0",
	Group: command.GroupServer, Complexity: "O(1)", Arity: 2,
	Flags:   command.Admin | command.NoScript | command.Loading | command.Stale,
	Handler: cmdConfigResetStat,
}

var specConfigRewrite = &command.Spec{
	Name: "rewrite", Summary: "Write the configuration in force to the configuration file.", Since: "2.8.0",
	Group: command.GroupServer, Complexity: "O(1)", Arity: 2,
	Flags:   command.Admin | command.NoScript | command.Loading | command.Stale,
	Handler: cmdConfigRewrite,
}

var specConfigSet = &command.Spec{
	Name: "set", Summary: "Change directives, all or none.", Since: "2.0.0",
	Group: command.GroupServer, Complexity: "O(N) when N is the number of configuration parameters provided", Arity: -4,
	Flags: command.Admin | command.NoScript | command.Loading | command.Stale,
	Tips:  []string{"request_policy:all_nodes", "response_policy:all_succeeded"},
	History: []command.Change{
		{Since: "7.0.0", What: "Several directives in one call."},
	},
	Args: []command.Arg{
		{Name: "parameter_value", Type: command.ArgBlock, Flags: command.Multiple, Args: []command.Arg{
			{Name: "parameter", Type: command.ArgString},
			{Name: "value", Type: command.ArgString},
		}},
	},
	Handler: cmdConfigSet,
}

var specInfo = &command.Spec{
	Name: "info", Summary: "Return the state of the server as text.", Since: "1.0.0",
	Group: command.GroupServer, Complexity: "O(1)", Arity: -1,
	Flags:      command.Loading | command.Stale,
	Categories: command.CatDangerous,
	Tips:       []string{"nondeterministic_output", "request_policy:all_shards", "response_policy:special"},
	History: []command.Change{
		{Since: "7.0.0", What: "Several sections in one call."},
	},
	Args: []command.Arg{
		{Name: "section", Type: command.ArgString, Flags: command.Optional | command.Multiple},
	},
	Handler: cmdInfo,
}

var specSlowlog = &command.Spec{
	Name: "slowlog", Summary: "Commands about the slow log.", Since: "2.2.12",
	Group: command.GroupServer, Complexity: "Depends on subcommand.", Arity: -2,
	Subs: []*command.Spec{specSlowlogGet, specSlowlogHelp, specSlowlogLen, specSlowlogReset},
}

var specSlowlogGet = &command.Spec{
	Name: "get", Summary: "Return the latest entries of the slow log.", Since: "2.2.12",
	Group: command.GroupServer, Complexity: "O(N) where N is the number of entries returned", Arity: -2,
	Flags: command.Admin | command.Loading | command.Stale,
	Tips:  []string{"request_policy:all_nodes", "nondeterministic_output"},
	History: []command.Change{
		{Since: "4.0.0", What: "Entries tell the client's address and name."},
	},
	Args: []command.Arg{
		{Name: "count", Type: command.ArgInteger, Flags: command.Optional},
	},
	Handler: cmdSlowlogGet,
}

var specSlowlogHelp = &command.Spec{
	Name: "help", Summary: "List the subcommands.", Since: "6.2.0",
	Group: command.GroupServer, Complexity: "O(1)", Arity: 2,
	Flags:   command.Loading | command.Stale,
	Handler: cmdSlowlogHelp,
}

var specSlowlogLen = &command.Spec{
	Name: "len", Summary: "Return the number of entries in the slow log.", Since: "2.2.12",
	Group: command.GroupServer, Complexity: "O(1)", Arity: 2,
	Flags:   command.Admin | command.Loading | command.Stale,
	Tips:    []string{"request_policy:all_nodes", "response_policy:agg_sum", "nondeterministic_output"},
	Handler: cmdSlowlogLen,
}

var specSlowlogReset = &command.Spec{
	Name: "reset", Summary: "Empty the slow log.", Since: "2.2.12",
	Group: command.GroupServer, Complexity: "O(N) where N is the number of entries in the slowlog", Arity: 2,
	Flags:   command.Admin | command.Loading | command.Stale,
	Tips:    []string{"request_policy:all_nodes", "response_policy:all_succeeded"},
	Handler: cmdSlowlogReset,
}

var specLatency = &command.Spec{
	Name: "latency", Summary: "Commands about the latency monitor.", Since: "2.8.13",
	Group: command.GroupServer, Complexity: "Depends on subcommand.", Arity: -2,
	Subs: []*command.Spec{specLatencyDoctor, specLatencyGraph, specLatencyHelp, specLatencyHistogram, specLatencyHistory, specLatencyLatest, specLatencyReset},
}

var specLatencyDoctor = &command.Spec{
	Name: "doctor", Summary: "Look for causes of latency and say what to do.", Since: "2.8.13",
	Group: command.GroupServer, Complexity: "O(1)", Arity: 2,
	Flags:   command.Admin | command.NoScript | command.Loading | command.Stale,
	Tips:    []string{"nondeterministic_output", "request_policy:all_nodes", "response_policy:special"},
	Handler: cmdLatencyDoctor,
}

var specLatencyGraph = &command.Spec{
	Name: "graph", Summary: "Draw the history of an event.", Since: "2.8.13",
	Group: command.GroupServer, Complexity: "O(1)", Arity: 3,
	Flags: command.Admin | command.NoScript | command.Loading | command.Stale,
	Tips:  []string{"nondeterministic_output", "request_policy:all_nodes", "response_policy:special"},
	Args: []command.Arg{
		{Name: "event", Type: command.ArgString},
	},
	Handler: cmdLatencyGraph,
}

var specLatencyHelp = &command.Spec{
	Name: "help", Summary: "List the subcommands.", Since: "2.8.13",
	Group: command.GroupServer, Complexity: "O(1)", Arity: 2,
	Flags:   command.Loading | command.Stale,
	Handler: cmdLatencyHelp,
}

var specLatencyHistogram = &command.Spec{
	Name: "histogram", Summary: "Return how long commands took, as cumulative distributions.", Since: "7.0.0",
	Group: command.GroupServer, Complexity: "O(N) where N is the number of commands with latency information being retrieved.", Arity: -2,
	Flags: command.Admin | command.NoScript | command.Loading | command.Stale,
	Tips:  []string{"nondeterministic_output", "request_policy:all_nodes", "response_policy:special"},
	Args: []command.Arg{
		{Name: "command", Type: command.ArgString, Flags: command.Optional | command.Multiple},
	},
	Handler: cmdLatencyHistogram,
}

var specLatencyHistory = &command.Spec{
	Name: "history", Summary: "Return the samples of an event.", Since: "2.8.13",
	Group: command.GroupServer, Complexity: "O(1)", Arity: 3,
	Flags: command.Admin | command.NoScript | command.Loading | command.Stale,
	Tips:  []string{"nondeterministic_output", "request_policy:all_nodes", "response_policy:special"},
	Args: []command.Arg{
		{Name: "event", Type: command.ArgString},
	},
	Handler: cmdLatencyHistory,
}

var specLatencyLatest = &command.Spec{
	Name: "latest", Summary: "Return the latest sample of every event.", Since: "2.8.13",
	Group: command.GroupServer, Complexity: "O(1)", Arity: 2,
	Flags:   command.Admin | command.NoScript | command.Loading | command.Stale,
	Tips:    []string{"nondeterministic_output", "request_policy:all_nodes", "response_policy:special"},
	Handler: cmdLatencyLatest,
}

var specLatencyReset = &command.Spec{
	Name: "reset", Summary: "Forget events.", Since: "2.8.13",
	Group: command.GroupServer, Complexity: "O(1)", Arity: -2,
	Flags: command.Admin | command.NoScript | command.Loading | command.Stale,
	Tips:  []string{"request_policy:all_nodes", "response_policy:all_succeeded"},
	Args: []command.Arg{
		{Name: "event", Type: command.ArgString, Flags: command.Optional | command.Multiple},
	},
	Handler: cmdLatencyReset,
}

package memory

import "granary/internal/command"

var specMemory = &command.Spec{
	Name: "memory", Summary: "Commands about memory.", Since: "4.0.0",
	Group: command.GroupServer, Complexity: "Depends on subcommand.", Arity: -2,
	Subs: []*command.Spec{specMemoryAudit, specMemoryClasses, specMemoryDead, specMemoryDoctor, specMemoryExplain, specMemoryHelp, specMemoryHistory, specMemoryJournal, specMemoryLedger, specMemoryMallocStats, specMemoryMap, specMemoryOwners, specMemoryPrefixes, specMemoryPurge, specMemoryRelease, specMemoryStats, specMemoryUsage},
}

var specMemoryDoctor = &command.Spec{
	Name: "doctor", Summary: "Look for memory problems and say what to do.", Since: "4.0.0",
	Group: command.GroupServer, Complexity: "O(1)", Arity: 2,
	Tips:    []string{"nondeterministic_output", "request_policy:all_shards", "response_policy:special"},
	Handler: cmdMemoryDoctor,
}

var specMemoryHelp = &command.Spec{
	Name: "help", Summary: "List the subcommands.", Since: "4.0.0",
	Group: command.GroupServer, Complexity: "O(1)", Arity: 2,
	Flags:   command.Loading | command.Stale,
	Handler: cmdMemoryHelp,
}

var specMemoryMallocStats = &command.Spec{
	Name: "malloc-stats", Summary: "Return the allocator's books.", Since: "4.0.0",
	Group: command.GroupServer, Complexity: "Depends on how much memory is allocated, could be slow", Arity: 2,
	Tips:    []string{"nondeterministic_output", "request_policy:all_shards", "response_policy:special"},
	Handler: cmdMemoryMallocStats,
}

var specMemoryPurge = &command.Spec{
	Name: "purge", Summary: "Give free pages back to the system.", Since: "4.0.0",
	Group: command.GroupServer, Complexity: "Depends on how much memory is allocated, could be slow", Arity: 2,
	Tips:    []string{"request_policy:all_shards", "response_policy:all_succeeded"},
	Handler: cmdMemoryPurge,
}

var specMemoryStats = &command.Spec{
	Name: "stats", Summary: "Return where memory goes.", Since: "4.0.0",
	Group: command.GroupServer, Complexity: "O(1)", Arity: 2,
	Tips:    []string{"nondeterministic_output", "request_policy:all_shards", "response_policy:special"},
	Handler: cmdMemoryStats,
}

var specMemoryUsage = &command.Spec{
	Name: "usage", Summary: "Return the memory that a key takes.", Since: "4.0.0",
	Group: command.GroupServer, Complexity: "O(N) where N is the number of samples.", Arity: -3,
	Flags: command.ReadOnly,
	Keys:  command.Keys(command.KeyRO, 2, 0, 1),
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey, KeySpec: 1},
		{Name: "count", Type: command.ArgInteger, Token: "SAMPLES", Flags: command.Optional},
	},
	Handler: cmdMemoryUsage,
}

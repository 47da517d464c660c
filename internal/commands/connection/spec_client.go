package connection

import "granary/internal/command"

var specClient = &command.Spec{
	Name: "client", Summary: "Commands about connections.", Since: "2.4.0",
	Group: command.GroupConnection, Complexity: "Depends on subcommand.", Arity: -2,
	Subs: []*command.Spec{specClientCaching, specClientGetName, specClientGetRedir, specClientHelp, specClientID, specClientInfo, specClientKill, specClientList, specClientNoEvict, specClientNoTouch, specClientPause, specClientReply, specClientSetInfo, specClientSetName, specClientTracking, specClientTrackingInfo, specClientUnblock, specClientUnpause},
}

var specClientCaching = &command.Spec{
	Name: "caching", Summary: "Say whether the keys of the next command are tracked.", Since: "6.0.0",
	Group: command.GroupConnection, Complexity: "O(1)", Arity: 3,
	Flags: command.NoScript | command.Loading | command.Stale,
	Args: []command.Arg{
		{Name: "mode", Type: command.ArgOneOf, Args: []command.Arg{
			{Name: "yes", Type: command.ArgPureToken, Token: "YES"},
			{Name: "no", Type: command.ArgPureToken, Token: "NO"},
		}},
	},
	Handler: cmdClientCaching,
}

var specClientGetName = &command.Spec{
	Name: "getname", Summary: "Return the name of the connection.", Since: "2.6.9",
	Group: command.GroupConnection, Complexity: "O(1)", Arity: 2,
	Flags:   command.NoScript | command.Loading | command.Stale,
	Handler: cmdClientGetName,
}

var specClientGetRedir = &command.Spec{
	Name: "getredir", Summary: "Return the ID of the client that gets this connection's invalidation messages.", Since: "6.0.0",
	Group: command.GroupConnection, Complexity: "O(1)", Arity: 2,
	Flags:   command.NoScript | command.Loading | command.Stale,
	Handler: cmdClientGetRedir,
}

var specClientHelp = &command.Spec{
	Name: "help", Summary: "List the subcommands.", Since: "5.0.0",
	Group: command.GroupConnection, Complexity: "O(1)", Arity: 2,
	Flags:   command.Loading | command.Stale,
	Handler: cmdClientHelp,
}

var specClientID = &command.Spec{
	Name: "id", Summary: "Return the ID of the connection.", Since: "5.0.0",
	Group: command.GroupConnection, Complexity: "O(1)", Arity: 2,
	Flags:   command.NoScript | command.Loading | command.Stale,
	Handler: cmdClientID,
}

var specClientInfo = &command.Spec{
	Name: "info", Summary: "Describe the connection.", Since: "6.2.0",
	Group: command.GroupConnection, Complexity: "O(1)", Arity: 2,
	Flags:   command.NoScript | command.Loading | command.Stale,
	Tips:    []string{"nondeterministic_output"},
	Handler: cmdClientInfo,
}

var specClientKill = &command.Spec{
	Name: "kill", Summary: "Close connections.", Since: "2.4.0",
	Group: command.GroupConnection, Complexity: "O(N) where N is the number of client connections", Arity: -3,
	Flags: command.Admin | command.NoScript | command.Loading | command.Stale,
	History: []command.Change{
		{Since: "2.8.12", What: "Filters."},
		{Since: "2.8.12", What: "ID filter."},
		{Since: "3.2.0", What: "master among the types."},
		{Since: "5.0.0", What: "replica among the types; slave is kept as another name."},
		{Since: "6.2.0", What: "LADDR filter."},
	},
	Args: []command.Arg{
		{Name: "filter", Type: command.ArgOneOf, Args: []command.Arg{
			{Name: "ip:port", Type: command.ArgString, DeprecatedSince: "2.8.12"},
			{Name: "new-format", Type: command.ArgOneOf, Flags: command.Multiple, Args: []command.Arg{
				{Name: "client-id", Type: command.ArgInteger, Token: "ID", Since: "2.8.12", Flags: command.Optional},
				{Name: "normal_master_slave_pubsub", Type: command.ArgOneOf, Token: "TYPE", Since: "2.8.12", Flags: command.Optional, Args: []command.Arg{
					{Name: "normal", Type: command.ArgPureToken, Token: "NORMAL"},
					{Name: "master", Type: command.ArgPureToken, Token: "MASTER", Since: "3.2.0"},
					{Name: "slave", Type: command.ArgPureToken, Token: "SLAVE"},
					{Name: "replica", Type: command.ArgPureToken, Token: "REPLICA", Since: "5.0.0"},
					{Name: "pubsub", Type: command.ArgPureToken, Token: "PUBSUB"},
				}},
				{Name: "username", Type: command.ArgString, Token: "USER", Flags: command.Optional},
				{Name: "ip:port", Type: command.ArgString, Token: "ADDR", Flags: command.Optional},
				{Name: "ip:port", Type: command.ArgString, Token: "LADDR", Since: "6.2.0", Flags: command.Optional},
				{Name: "yes/no", Type: command.ArgString, Token: "SKIPME", Flags: command.Optional},
			}},
		}},
	},
	Handler: cmdClientKill,
}

var specClientList = &command.Spec{
	Name: "list", Summary: "Describe all connections, or those that match.", Since: "2.4.0",
	Group: command.GroupConnection, Complexity: "O(N) where N is the number of client connections", Arity: -2,
	Flags: command.Admin | command.NoScript | command.Loading | command.Stale,
	Tips:  []string{"nondeterministic_output"},
	History: []command.Change{
		{Since: "2.8.12", What: "Field id."},
		{Since: "5.0.0", What: "TYPE filter."},
		{Since: "6.0.0", What: "Field user."},
		{Since: "6.2.0", What: "Fields argv-mem, tot-mem, laddr and redir; ID filter."},
		{Since: "7.0.0", What: "Fields resp, multi-mem, rbs and rbp."},
		{Since: "7.0.3", What: "Field ssub."},
	},
	Args: []command.Arg{
		{Name: "normal_master_replica_pubsub", Type: command.ArgOneOf, Token: "TYPE", Since: "5.0.0", Flags: command.Optional, Args: []command.Arg{
			{Name: "normal", Type: command.ArgPureToken, Token: "NORMAL"},
			{Name: "master", Type: command.ArgPureToken, Token: "MASTER"},
			{Name: "replica", Type: command.ArgPureToken, Token: "REPLICA"},
			{Name: "pubsub", Type: command.ArgPureToken, Token: "PUBSUB"},
		}},
		{Name: "id", Type: command.ArgBlock, Token: "ID", Since: "6.2.0", Flags: command.Optional, Args: []command.Arg{
			{Name: "client-id", Type: command.ArgInteger, Flags: command.Multiple},
		}},
	},
	Handler: cmdClientList,
}

var specClientNoEvict = &command.Spec{
	Name: "no-evict", Summary: "Exempt the connection from client eviction, or do not.", Since: "7.0.0",
	Group: command.GroupConnection, Complexity: "O(1)", Arity: 3,
	Flags: command.Admin | command.NoScript | command.Loading | command.Stale,
	Args: []command.Arg{
		{Name: "enabled", Type: command.ArgOneOf, Args: []command.Arg{
			{Name: "on", Type: command.ArgPureToken, Token: "ON"},
			{Name: "off", Type: command.ArgPureToken, Token: "OFF"},
		}},
	},
	Handler: cmdClientNoEvict,
}

var specClientPause = &command.Spec{
	Name: "pause", Summary: "Put off the commands of all clients for some time.", Since: "2.9.50",
	Group: command.GroupConnection, Complexity: "O(1)", Arity: -3,
	Flags: command.Admin | command.NoScript | command.Loading | command.Stale,
	History: []command.Change{
		{Since: "6.2.0", What: "The modes WRITE and ALL."},
	},
	Args: []command.Arg{
		{Name: "timeout", Type: command.ArgInteger},
		{Name: "mode", Type: command.ArgOneOf, Since: "6.2.0", Flags: command.Optional, Args: []command.Arg{
			{Name: "write", Type: command.ArgPureToken, Token: "WRITE"},
			{Name: "all", Type: command.ArgPureToken, Token: "ALL"},
		}},
	},
	Handler: cmdClientPause,
}

var specClientReply = &command.Spec{
	Name: "reply", Summary: "Choose whether commands of the connection are answered.", Since: "3.2.0",
	Group: command.GroupConnection, Complexity: "O(1)", Arity: 3,
	Flags: command.NoScript | command.Loading | command.Stale,
	Args: []command.Arg{
		{Name: "on_off_skip", Type: command.ArgOneOf, Args: []command.Arg{
			{Name: "on", Type: command.ArgPureToken, Token: "ON"},
			{Name: "off", Type: command.ArgPureToken, Token: "OFF"},
			{Name: "skip", Type: command.ArgPureToken, Token: "SKIP"},
		}},
	},
	Handler: cmdClientReply,
}

var specClientSetName = &command.Spec{
	Name: "setname", Summary: "Name the connection.", Since: "2.6.9",
	Group: command.GroupConnection, Complexity: "O(1)", Arity: 3,
	Flags: command.NoScript | command.Loading | command.Stale,
	Args: []command.Arg{
		{Name: "connection-name", Type: command.ArgString},
	},
	Handler: cmdClientSetName,
}

var specClientTracking = &command.Spec{
	Name: "tracking", Summary: "Turn invalidation messages for client-side caches on or off.", Since: "6.0.0",
	Group: command.GroupConnection, Complexity: "O(1). Some options may introduce additional complexity.", Arity: -3,
	Flags: command.NoScript | command.Loading | command.Stale,
	Args: []command.Arg{
		{Name: "status", Type: command.ArgOneOf, Args: []command.Arg{
			{Name: "on", Type: command.ArgPureToken, Token: "ON"},
			{Name: "off", Type: command.ArgPureToken, Token: "OFF"},
		}},
		{Name: "client-id", Type: command.ArgInteger, Token: "REDIRECT", Flags: command.Optional},
		{Name: "prefix", Type: command.ArgString, Token: "PREFIX", Flags: command.Optional | command.Multiple | command.MultipleToken},
		{Name: "bcast", Type: command.ArgPureToken, Token: "BCAST", Flags: command.Optional},
		{Name: "optin", Type: command.ArgPureToken, Token: "OPTIN", Flags: command.Optional},
		{Name: "optout", Type: command.ArgPureToken, Token: "OPTOUT", Flags: command.Optional},
		{Name: "noloop", Type: command.ArgPureToken, Token: "NOLOOP", Flags: command.Optional},
	},
	Handler: cmdClientTracking,
}

var specClientTrackingInfo = &command.Spec{
	Name: "trackinginfo", Summary: "Describe the tracking state of the connection.", Since: "6.2.0",
	Group: command.GroupConnection, Complexity: "O(1)", Arity: 2,
	Flags:   command.NoScript | command.Loading | command.Stale,
	Handler: cmdClientTrackingInfo,
}

var specClientUnblock = &command.Spec{
	Name: "unblock", Summary: "Release a client from a blocking command.", Since: "5.0.0",
	Group: command.GroupConnection, Complexity: "O(log N) where N is the number of client connections", Arity: -3,
	Flags: command.Admin | command.NoScript | command.Loading | command.Stale,
	Args: []command.Arg{
		{Name: "client-id", Type: command.ArgInteger},
		{Name: "timeout_error", Type: command.ArgOneOf, Flags: command.Optional, Args: []command.Arg{
			{Name: "timeout", Type: command.ArgPureToken, Token: "TIMEOUT"},
			{Name: "error", Type: command.ArgPureToken, Token: "ERROR"},
		}},
	},
	Handler: cmdClientUnblock,
}

var specClientUnpause = &command.Spec{
	Name: "unpause", Summary: "End a pause of clients.", Since: "6.2.0",
	Group: command.GroupConnection, Complexity: "O(N) Where N is the number of paused clients", Arity: 2,
	Flags:   command.Admin | command.NoScript | command.Loading | command.Stale,
	Handler: cmdClientUnpause,
}

var specClientNoTouch = &command.Spec{
	Name: "no-touch", Summary: "Choose whether the connection's commands mark keys as accessed.", Since: "7.2.0",
	Group: command.GroupConnection, Complexity: "O(1)", Arity: 3,
	Flags: command.NoScript | command.Loading | command.Stale,
	Args: []command.Arg{
		{Name: "enabled", Type: command.ArgOneOf, Args: []command.Arg{
			{Name: "on", Type: command.ArgPureToken, Token: "ON"},
			{Name: "off", Type: command.ArgPureToken, Token: "OFF"},
		}},
	},
	Handler: cmdClientNoTouch,
}

var specClientSetInfo = &command.Spec{
	Name: "setinfo", Summary: "Note the name or version of the client library.", Since: "7.2.0",
	Group: command.GroupConnection, Complexity: "O(1)", Arity: 4,
	Flags: command.NoScript | command.Loading | command.Stale,
	Tips:  []string{"request_policy:all_nodes", "response_policy:all_succeeded"},
	Args: []command.Arg{
		{Name: "attr", Type: command.ArgOneOf, Args: []command.Arg{
			{Name: "libname", Type: command.ArgString, Token: "LIB-NAME"},
			{Name: "libver", Type: command.ArgString, Token: "LIB-VER"},
		}},
	},
	Handler: cmdClientSetInfo,
}

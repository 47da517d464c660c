package streams

import "granary/internal/command"

var specXGroup = &command.Spec{
	Name: "xgroup", Summary: "Commands that manage consumer groups.", Since: "5.0.0",
	Group: command.GroupStream, Complexity: "Depends on subcommand.",
	Arity: -2,
	Subs:  []*command.Spec{specXGroupCreate, specXGroupCreateConsumer, specXGroupDelConsumer, specXGroupDestroy, specXGroupHelp, specXGroupSetID},
}

var specXGroupCreate = &command.Spec{
	Name: "create", Summary: "Creates a consumer group.", Since: "5.0.0",
	Group: command.GroupStream, Complexity: "O(1)",
	Arity: -5, Flags: command.Write | command.DenyOOM,
	Keys: []command.KeySpec{{Flags: command.KeyRW | command.KeyInsert, Index: 2, KeyStep: 1}},
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey, KeySpec: 1},
		{Name: "groupname", Type: command.ArgString},
		{Name: "id", Type: command.ArgOneOf, Args: []command.Arg{
			{Name: "id", Type: command.ArgString},
			{Name: "new_id", Type: command.ArgPureToken, Token: "$"},
		}},
		{Name: "mkstream", Type: command.ArgPureToken, Token: "MKSTREAM", Flags: command.Optional},
		{Name: "entries_read", Type: command.ArgInteger, Token: "ENTRIESREAD", Flags: command.Optional},
	},
	History: []command.Change{{Since: "7.0.0", What: "ENTRIESREAD."}},
	Handler: cmdXGroupCreate,
}

var specXGroupCreateConsumer = &command.Spec{
	Name: "createconsumer", Summary: "Creates a consumer of a group.", Since: "6.2.0",
	Group: command.GroupStream, Complexity: "O(1)",
	Arity: 5, Flags: command.Write | command.DenyOOM,
	Keys: []command.KeySpec{{Flags: command.KeyRW | command.KeyInsert, Index: 2, KeyStep: 1}},
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey, KeySpec: 1},
		{Name: "groupname", Type: command.ArgString},
		{Name: "consumername", Type: command.ArgString},
	},
	Handler: cmdXGroupCreateConsumer,
}

var specXGroupDelConsumer = &command.Spec{
	Name: "delconsumer", Summary: "Deletes a consumer of a group with what is pending with it.", Since: "5.0.0",
	Group: command.GroupStream, Complexity: "O(1)",
	Arity: 5, Flags: command.Write,
	Keys: []command.KeySpec{{Flags: command.KeyRW | command.KeyDelete, Index: 2, KeyStep: 1}},
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey, KeySpec: 1},
		{Name: "groupname", Type: command.ArgString},
		{Name: "consumername", Type: command.ArgString},
	},
	Handler: cmdXGroupDelConsumer,
}

var specXGroupDestroy = &command.Spec{
	Name: "destroy", Summary: "Deletes a consumer group.", Since: "5.0.0",
	Group: command.GroupStream, Complexity: "O(N) where N is the number of entries in the group's pending entries list (PEL).",
	Arity: 4, Flags: command.Write,
	Keys: []command.KeySpec{{Flags: command.KeyRW | command.KeyDelete, Index: 2, KeyStep: 1}},
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey, KeySpec: 1},
		{Name: "groupname", Type: command.ArgString},
	},
	Handler: cmdXGroupDestroy,
}

var specXGroupHelp = &command.Spec{
	Name: "help", Summary: "List the subcommands.", Since: "5.0.0",
	Group: command.GroupStream, Complexity: "O(1)",
	Arity: 2, Flags: command.Loading | command.Stale,
	Handler: cmdXGroupHelp,
}

var specXGroupSetID = &command.Spec{
	Name: "setid", Summary: "Sets the last ID that a group was given.", Since: "5.0.0",
	Group: command.GroupStream, Complexity: "O(1)",
	Arity: -5, Flags: command.Write,
	Keys: []command.KeySpec{{Flags: command.KeyRW | command.KeyUpdate, Index: 2, KeyStep: 1}},
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey, KeySpec: 1},
		{Name: "groupname", Type: command.ArgString},
		{Name: "id", Type: command.ArgOneOf, Args: []command.Arg{
			{Name: "id", Type: command.ArgString},
			{Name: "new_id", Type: command.ArgPureToken, Token: "$"},
		}},
		{Name: "entries_read", Type: command.ArgInteger, Token: "ENTRIESREAD", Flags: command.Optional},
	},
	History: []command.Change{{Since: "7.0.0", What: "ENTRIESREAD."}},
	Handler: cmdXGroupSetID,
}

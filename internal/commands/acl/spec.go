package acl

import "granary/internal/command"

var specACL = &command.Spec{
	Name: "acl", Summary: "Commands about users and what they may do.", Since: "6.0.0",
	Group: command.GroupServer, Complexity: "Depends on subcommand.", Arity: -2,
	Subs: []*command.Spec{
		specACLCat, specACLDelUser, specACLDryRun, specACLGenPass, specACLGetUser, specACLHelp, specACLList,
		specACLLoad, specACLLog, specACLSave, specACLSetUser, specACLUsers, specACLWhoAmI,
	},
}

// asking are the flags of subcommands that anybody may use, ruling those of the others.
const (
	asking = command.NoScript | command.Loading | command.Stale
	ruling = command.Admin | asking
)

var specACLCat = &command.Spec{
	Name: "cat", Summary: "Lists the categories, or the commands of a category.", Since: "6.0.0",
	Group: command.GroupServer, Complexity: "O(1) since the categories and commands are a fixed set.", Arity: -2,
	Flags: asking,
	Args: []command.Arg{
		{Name: "categoryname", Type: command.ArgString, Flags: command.Optional},
	},
	Handler: cmdACLCat,
}

var specACLDelUser = &command.Spec{
	Name: "deluser", Summary: "Deletes users and closes their connections.", Since: "6.0.0",
	Group: command.GroupServer, Complexity: "O(1) amortized time considering the typical user.", Arity: -3,
	Flags: ruling,
	Args: []command.Arg{
		{Name: "username", Type: command.ArgString, Flags: command.Multiple},
	},
	Handler: cmdACLDelUser,
}

var specACLDryRun = &command.Spec{
	Name: "dryrun", Summary: "Says whether a user may run a command, without running it.", Since: "7.0.0",
	Group: command.GroupServer, Complexity: "O(1).", Arity: -4,
	Flags: ruling,
	Args: []command.Arg{
		{Name: "username", Type: command.ArgString},
		{Name: "command", Type: command.ArgString},
		{Name: "arg", Type: command.ArgString, Flags: command.Optional | command.Multiple},
	},
	Handler: cmdACLDryRun,
}

var specACLGenPass = &command.Spec{
	Name: "genpass", Summary: "Returns a random password that is hard to guess.", Since: "6.0.0",
	Group: command.GroupServer, Complexity: "O(1)", Arity: -2,
	Flags: asking,
	Args: []command.Arg{
		{Name: "bits", Type: command.ArgInteger, Flags: command.Optional},
	},
	Handler: cmdACLGenPass,
}

var specACLGetUser = &command.Spec{
	Name: "getuser", Summary: "Describes a user.", Since: "6.0.0",
	Group: command.GroupServer, Complexity: "O(N). Where N is the number of password, command and pattern rules that the user has.", Arity: 3,
	Flags: ruling,
	History: []command.Change{
		{Since: "6.2.0", What: "Patterns of channels."},
		{Since: "7.0.0", What: "Selectors; patterns of keys and channels as rules instead of a list."},
	},
	Args: []command.Arg{
		{Name: "username", Type: command.ArgString},
	},
	Handler: cmdACLGetUser,
}

var specACLHelp = &command.Spec{
	Name: "help", Summary: "Lists the subcommands.", Since: "6.0.0",
	Group: command.GroupServer, Complexity: "O(1)", Arity: 2,
	Flags:   command.Loading | command.Stale,
	Handler: cmdACLHelp,
}

var specACLList = &command.Spec{
	Name: "list", Summary: "Returns all users as lines of an ACL file.", Since: "6.0.0",
	Group: command.GroupServer, Complexity: "O(N). Where N is the number of configured users.", Arity: 2,
	Flags:   ruling,
	Handler: cmdACLList,
}

var specACLLoad = &command.Spec{
	Name: "load", Summary: "Reads the users from the ACL file again.", Since: "6.0.0",
	Group: command.GroupServer, Complexity: "O(N). Where N is the number of configured users.", Arity: 2,
	Flags:   ruling,
	Handler: cmdACLLoad,
}

var specACLLog = &command.Spec{
	Name: "log", Summary: "Returns what was refused to users lately, or forgets it.", Since: "6.0.0",
	Group: command.GroupServer, Complexity: "O(N) with N being the number of entries shown.", Arity: -2,
	Flags: ruling,
	History: []command.Change{
		{Since: "7.2.0", What: "The ID of an entry, and when it was made and changed."},
	},
	Args: []command.Arg{
		{Name: "operation", Type: command.ArgOneOf, Flags: command.Optional, Args: []command.Arg{
			{Name: "count", Type: command.ArgInteger},
			{Name: "reset", Type: command.ArgPureToken, Token: "RESET"},
		}},
	},
	Handler: cmdACLLog,
}

var specACLSave = &command.Spec{
	Name: "save", Summary: "Writes the users to the ACL file.", Since: "6.0.0",
	Group: command.GroupServer, Complexity: "O(N). Where N is the number of configured users.", Arity: 2,
	Flags:   ruling,
	Handler: cmdACLSave,
}

var specACLSetUser = &command.Spec{
	Name: "setuser", Summary: "Makes a user, or changes one, by rules.", Since: "6.0.0",
	Group: command.GroupServer, Complexity: "O(N). Where N is the number of rules provided.", Arity: -3,
	Flags: ruling,
	History: []command.Change{
		{Since: "6.2.0", What: "Patterns of channels."},
		{Since: "7.0.0", What: "Selectors, and reading and writing keys apart."},
	},
	Args: []command.Arg{
		{Name: "username", Type: command.ArgString},
		{Name: "rule", Type: command.ArgString, Flags: command.Optional | command.Multiple},
	},
	Handler: cmdACLSetUser,
}

var specACLUsers = &command.Spec{
	Name: "users", Summary: "Returns the names of all users.", Since: "6.0.0",
	Group: command.GroupServer, Complexity: "O(N). Where N is the number of configured users.", Arity: 2,
	Flags:   ruling,
	Handler: cmdACLUsers,
}

var specACLWhoAmI = &command.Spec{
	Name: "whoami", Summary: "Returns the user of this connection.", Since: "6.0.0",
	Group: command.GroupServer, Complexity: "O(1)", Arity: 2,
	Flags:   asking,
	Handler: cmdACLWhoAmI,
}

// Package acl has the command ACL: users, what they may do, and what was refused to them. What a user is lies in
// granary/internal/acl; here it is called rules.
//
//	acl.go     GETUSER, LIST, USERS, WHOAMI, CAT, GENPASS, DRYRUN: what only asks
//	change.go  SETUSER, DELUSER, LOAD, SAVE
//	log.go     LOG
//	spec.go    the declaration
package acl

import (
	rules "granary/internal/acl"
	"granary/internal/command"
)

// Register adds the family to the table.
func Register(t *command.Table) { t.Register(specACL) }

// cmdACLWhoAmI answers ACL WHOAMI.
func cmdACLWhoAmI(c *command.Ctx) { c.Out.BulkString(c.Client.User.Name) }

// cmdACLUsers answers ACL USERS.
func cmdACLUsers(c *command.Ctx) { writeStrings(c, c.Env.ACL.Users.Names()) }

// cmdACLList answers ACL LIST: every user as a line of the ACL file.
func cmdACLList(c *command.Ctx) {
	users := c.Env.ACL.Users
	names := users.Names()
	for i, n := range names {
		names[i] = users.Find([]byte(n)).Line()
	}
	writeStrings(c, names)
}

// cmdACLGetUser answers ACL GETUSER username.
func cmdACLGetUser(c *command.Ctx) {
	c.Redact(2)
	u := c.Env.ACL.Users.Find(c.Args[2])
	o := c.Out
	if u == nil {
		o.Null()
		return
	}
	flags := u.Flags()
	o.Map(6)
	o.BulkString("flags")
	o.Set(len(flags))
	for _, f := range flags {
		o.BulkString(f)
	}
	o.BulkString("passwords")
	writeStrings(c, u.Passwords())
	writeSelector(c, u.Root())
	o.BulkString("selectors")
	o.Array(len(u.Selectors()))
	for _, s := range u.Selectors() {
		o.Map(3)
		writeSelector(c, s)
	}
}

// writeSelector writes the three fields of a selector.
func writeSelector(c *command.Ctx, s *rules.Selector) {
	c.Out.BulkString("commands")
	c.Out.BulkString(s.Commands())
	c.Out.BulkString("keys")
	c.Out.BulkString(s.Keys())
	c.Out.BulkString("channels")
	c.Out.BulkString(s.Channels())
}

func writeStrings(c *command.Ctx, list []string) {
	c.Out.Array(len(list))
	for _, s := range list {
		c.Out.BulkString(s)
	}
}

// cmdACLCat answers ACL CAT [category].
func cmdACLCat(c *command.Ctx) {
	cat := c.Env.ACL.Users.Catalog()
	switch len(c.Args) {
	case 2:
		list := cat.Categories()
		c.Out.Array(len(list))
		for _, k := range list {
			c.Out.BulkString(k.Name)
		}
	case 3:
		k, ok := cat.Category(string(c.Args[2]))
		if !ok {
			c.Out.Error("ERR Unknown category '" + string(c.Args[2]) + "'")
			return
		}
		writeStrings(c, cat.In(k))
	default:
		c.WrongSubArity()
	}
}

// cmdACLGenPass answers ACL GENPASS [bits].
func cmdACLGenPass(c *command.Ctx) {
	bits := int64(rules.GenPassBits)
	if len(c.Args) > 3 {
		c.WrongSubArity()
		return
	}
	if len(c.Args) == 3 {
		var ok bool
		if bits, ok = c.Int(c.Args[2]); !ok {
			return
		}
		if bits <= 0 || bits > rules.GenPassMaxBits {
			c.Out.Error("ERR ACL GENPASS argument must be the number of bits for the output password, a positive number up to 4096")
			return
		}
	}
	c.Out.BulkString(rules.GenPass(int(bits)))
}

// cmdACLDryRun answers ACL DRYRUN username command [arg ...]: OK, or why the user may not run that.
func cmdACLDryRun(c *command.Ctx) {
	u := c.Env.ACL.Users.Find(c.Args[2])
	if u == nil {
		c.Out.Error("ERR User '" + command.Clip(c.Args[2]) + "' not found")
		return
	}
	args := c.Args[3:]
	spec := c.Env.Table.Find(args[0])
	if spec != nil && spec.Subs != nil && len(args) > 1 {
		spec = spec.Sub(args[1])
	}
	switch {
	case spec == nil:
		c.Out.Error("ERR Command '" + command.Clip(args[0]) + "' not found")
		return
	case !spec.Takes(len(args)):
		c.Out.Error("ERR wrong number of arguments for '" + spec.Full + "' command")
		return
	}
	if why := c.Env.ACL.Explain(u, spec, args); why != "" {
		c.Out.BulkString(why)
		return
	}
	c.Out.OK()
}

// cmdACLHelp answers ACL HELP.
func cmdACLHelp(c *command.Ctx) {
	c.Help(
		"CAT [<category>]",
		"    Return the categories, or the commands of one.",
		"DELUSER <username> [<username> ...]",
		"    Delete users and close their connections.",
		"DRYRUN <username> <command> [<arg> ...]",
		"    Say whether a user may run a command, without running it.",
		"GENPASS [<bits>]",
		"    Return a random password of 256 bits, or of another number.",
		"GETUSER <username>",
		"    Describe a user.",
		"LIST",
		"    Return all users as lines of an ACL file.",
		"LOAD",
		"    Read the users from the ACL file again.",
		"LOG [<count> | RESET]",
		"    Return what was refused lately, or forget it.",
		"SAVE",
		"    Write the users to the ACL file.",
		"SETUSER <username> <attribute> [<attribute> ...]",
		"    Make a user, or change it, by rules.",
		"USERS",
		"    Return the names of all users.",
		"WHOAMI",
		"    Return the user of this connection.",
	)
}

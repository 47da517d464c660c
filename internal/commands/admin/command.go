package admin

import (
	"granary/internal/command"
	"granary/internal/glob"
)

// cmdCommand answers COMMAND: everything about every command.
func cmdCommand(c *command.Ctx) { writeInfos(c, c.Env.Table.All()) }

// cmdCommandCount answers COMMAND COUNT.
func cmdCommandCount(c *command.Ctx) { c.Out.Int(int64(len(c.Env.Table.All()))) }

// cmdCommandList answers COMMAND LIST [FILTERBY MODULE name | ACLCAT category | PATTERN pattern], subcommands included.
func cmdCommandList(c *command.Ctx) {
	var keep func(*command.Spec) bool
	switch {
	case len(c.Args) == 2:
		keep = func(*command.Spec) bool { return true }
	case len(c.Args) == 5 && command.Is(c.Args[2], "filterby"):
		keep = listFilter(c.Args[3], c.Args[4])
	}
	if keep == nil {
		c.SyntaxError()
		return
	}
	mark, n := c.Out.ArrayLater(), 0
	var walk func(list []*command.Spec)
	walk = func(list []*command.Spec) {
		for _, s := range list {
			if keep(s) {
				c.Out.BulkString(s.Full)
				n++
			}
			walk(s.Subs)
		}
	}
	walk(c.Env.Table.All())
	c.Out.SetLen(mark, n)
}

// listFilter returns what a FILTERBY lets through, nil if there is no such filter.
func listFilter(kind, arg []byte) func(*command.Spec) bool {
	switch {
	case command.Is(kind, "module"):
		return func(*command.Spec) bool { return false } // there are no modules
	case command.Is(kind, "aclcat"):
		var want command.Category
		for _, k := range command.CategoryNames {
			if command.Is(arg, k.Name) {
				want = k.Category
			}
		}
		return func(s *command.Spec) bool { return s.AllCategories()&want != 0 }
	case command.Is(kind, "pattern"):
		return func(s *command.Spec) bool { return glob.Match(arg, []byte(s.Full), true) }
	}
	return nil
}

// cmdCommandGetKeys answers COMMAND GETKEYS command [arg ...].
func cmdCommandGetKeys(c *command.Ctx) {
	keys, ok := findKeys(c)
	if !ok {
		return
	}
	c.Out.Array(len(keys))
	for _, k := range keys {
		c.Out.Bulk(c.Args[2+k.Index])
	}
}

// cmdCommandGetKeysAndFlags answers COMMAND GETKEYSANDFLAGS command [arg ...].
func cmdCommandGetKeysAndFlags(c *command.Ctx) {
	keys, ok := findKeys(c)
	if !ok {
		return
	}
	c.Out.Array(len(keys))
	for _, k := range keys {
		c.Out.Array(2)
		c.Out.Bulk(c.Args[2+k.Index])
		writeKeyFlags(c, k.Flags)
	}
}

// findKeys finds the keys of the command line in Args[2:], or answers an error.
func findKeys(c *command.Ctx) ([]command.KeyPos, bool) {
	args := c.Args[2:]
	spec := c.Env.Table.Find(args[0])
	if spec != nil && spec.Subs != nil && len(args) > 1 {
		spec = spec.Sub(args[1])
	}
	switch {
	case spec == nil:
		c.Out.Error("ERR Invalid command specified")
	case !spec.HasKeys():
		c.Out.Error("ERR The command has no key arguments")
	case !spec.Takes(len(args)):
		c.Out.Error("ERR Invalid number of arguments specified for command")
	default:
		keys, ok := spec.FindKeys(args, nil)
		if ok && len(keys) > 0 || spec.Flags&command.NoMandatoryKeys != 0 {
			return keys, true
		}
		c.Out.Error("ERR Invalid arguments specified for command")
	}
	return nil, false
}

// cmdCommandHelp answers COMMAND HELP.
func cmdCommandHelp(c *command.Ctx) {
	c.Help(
		"(no subcommand)",
		"    Return details of all commands.",
		"COUNT",
		"    Return the number of commands.",
		"DOCS [<command-name> ...]",
		"    Return the documentation of the commands named, or of all.",
		"GETKEYS <full-command>",
		"    Return the keys in a command line.",
		"GETKEYSANDFLAGS <full-command>",
		"    Return the keys in a command line, and what is done with each.",
		"INFO [<command-name> ...]",
		"    Return details of the commands named, or of all.",
		"LIST [FILTERBY (MODULE <name>|ACLCAT <category>|PATTERN <pattern>)]",
		"    Return the names of commands.",
	)
}

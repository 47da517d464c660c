package admin

import "granary/internal/command"

// cmdCommandDocs answers COMMAND DOCS [command-name ...]: a map from name to documentation. Names that no command has
// are left out.
func cmdCommandDocs(c *command.Ctx) {
	list := c.Env.Table.All()
	if len(c.Args) > 2 {
		list = nil
		for _, name := range c.Args[2:] {
			if s := c.Env.Table.FindFull(string(name)); s != nil {
				list = append(list, s)
			}
		}
	}
	writeDocs(c, list)
}

func writeDocs(c *command.Ctx, list []*command.Spec) {
	c.Out.Map(len(list))
	for _, s := range list {
		c.Out.BulkString(s.Full)
		writeDoc(c, s)
	}
}

// writeDoc writes what is known of a command; what is not known is left out.
func writeDoc(c *command.Ctx, s *command.Spec) {
	o := c.Out
	mark, n := o.MapLater(), 0
	text := func(key, value string) {
		if value != "" {
			o.BulkString(key)
			o.BulkString(value)
			n++
		}
	}
	text("summary", s.Summary)
	text("since", s.Since)
	text("group", string(s.Group))
	text("complexity", s.Complexity)
	if s.SysCmd || s.DeprecatedSince != "" {
		o.BulkString("doc_flags")
		writeStatuses(c, 2, func(i int) (string, bool) {
			if i == 0 {
				return "deprecated", s.DeprecatedSince != ""
			}
			return "syscmd", s.SysCmd
		})
		n++
	}
	text("deprecated_since", s.DeprecatedSince)
	text("replaced_by", s.ReplacedBy)
	if len(s.History) > 0 {
		o.BulkString("history")
		o.Set(len(s.History))
		for _, h := range s.History {
			o.Array(2)
			o.BulkString(h.Since)
			o.BulkString(h.What)
		}
		n++
	}
	if len(s.Args) > 0 {
		o.BulkString("arguments")
		writeArgs(c, s.Args)
		n++
	}
	if len(s.Subs) > 0 {
		o.BulkString("subcommands")
		writeDocs(c, s.Subs)
		n++
	}
	o.SetLen(mark, n)
}

// argTypes are the names of the argument types.
var argTypes = [...]string{
	command.ArgString:    "string",
	command.ArgInteger:   "integer",
	command.ArgDouble:    "double",
	command.ArgKey:       "key",
	command.ArgPattern:   "pattern",
	command.ArgUnixTime:  "unix-time",
	command.ArgPureToken: "pure-token",
	command.ArgOneOf:     "oneof",
	command.ArgBlock:     "block",
}

func writeArgs(c *command.Ctx, args []command.Arg) {
	o := c.Out
	o.Array(len(args))
	for i := range args {
		a := &args[i]
		mark, n := o.MapLater(), 0
		text := func(key, value string) {
			if value != "" {
				o.BulkString(key)
				o.BulkString(value)
				n++
			}
		}
		text("name", a.Name)
		text("type", argTypes[a.Type])
		text("display_text", a.Display)
		if a.KeySpec > 0 {
			o.BulkString("key_spec_index")
			o.Int(int64(a.KeySpec - 1))
			n++
		}
		if a.Token == "" && a.Type == command.ArgPureToken { // the empty word of MIGRATE
			o.BulkString("token")
			o.BulkString("")
			n++
		}
		text("token", a.Token)
		text("summary", a.Summary)
		text("since", a.Since)
		text("deprecated_since", a.DeprecatedSince)
		if a.Flags != 0 {
			o.BulkString("flags")
			writeStatuses(c, len(argFlags), func(i int) (string, bool) {
				return argFlags[i].name, a.Flags&argFlags[i].flag != 0
			})
			n++
		}
		if len(a.Args) > 0 {
			o.BulkString("arguments")
			writeArgs(c, a.Args)
			n++
		}
		o.SetLen(mark, n)
	}
}

var argFlags = [...]struct {
	flag command.ArgFlags
	name string
}{{command.Optional, "optional"}, {command.Multiple, "multiple"}, {command.MultipleToken, "multiple_token"}}

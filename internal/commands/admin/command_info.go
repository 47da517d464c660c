package admin

import "granary/internal/command"

// cmdCommandInfo answers COMMAND INFO [command-name ...]: ten facts about each command, null for a name that no command
// has.
func cmdCommandInfo(c *command.Ctx) {
	if len(c.Args) == 2 {
		writeInfos(c, c.Env.Table.All())
		return
	}
	c.Out.Array(len(c.Args) - 2)
	for _, name := range c.Args[2:] {
		if s := c.Env.Table.FindFull(string(name)); s != nil {
			writeInfo(c, s)
		} else {
			c.Out.Null()
		}
	}
}

func writeInfos(c *command.Ctx, list []*command.Spec) {
	c.Out.Array(len(list))
	for _, s := range list {
		writeInfo(c, s)
	}
}

func writeInfo(c *command.Ctx, s *command.Spec) {
	o := c.Out
	first, last, step := s.KeyRange()
	o.Array(10)
	o.BulkString(s.Full)
	o.Int(int64(s.Arity))
	writeStatuses(c, len(command.FlagNames), func(i int) (string, bool) {
		f := command.FlagNames[i]
		return f.Name, s.Flags&f.Flag != 0
	})
	o.Int(int64(first))
	o.Int(int64(last))
	o.Int(int64(step))
	writeStatuses(c, len(command.CategoryNames), func(i int) (string, bool) {
		k := command.CategoryNames[i]
		return "@" + k.Name, s.AllCategories()&k.Category != 0
	})
	o.Set(len(s.Tips))
	for _, t := range s.Tips {
		o.BulkString(t)
	}
	o.Set(len(s.Keys))
	for i := range s.Keys {
		writeKeySpec(c, &s.Keys[i])
	}
	if len(s.Subs) == 0 {
		o.Set(0)
		return
	}
	o.Array(len(s.Subs))
	for _, sub := range s.Subs {
		writeInfo(c, sub)
	}
}

// writeStatuses writes a set of those of n words that hold.
func writeStatuses(c *command.Ctx, n int, word func(i int) (string, bool)) {
	mark, count := c.Out.SetLater(), 0
	for i := range n {
		if name, holds := word(i); holds {
			c.Out.Status(name)
			count++
		}
	}
	c.Out.SetLen(mark, count)
}

func writeKeyFlags(c *command.Ctx, flags command.KeyFlags) {
	writeStatuses(c, len(command.KeyFlagNames), func(i int) (string, bool) {
		f := command.KeyFlagNames[i]
		return f.Name, flags&f.Flag != 0
	})
}

// writeKeySpec writes a key spec: a map of notes (if any), flags, how the search begins, and how keys are found.
func writeKeySpec(c *command.Ctx, k *command.KeySpec) {
	o := c.Out
	n := 3
	if k.Notes != "" {
		n++
	}
	o.Map(n)
	if k.Notes != "" {
		o.BulkString("notes")
		o.BulkString(k.Notes)
	}
	o.BulkString("flags")
	writeKeyFlags(c, k.Flags)

	step := func(part, kind string, numbers ...any) {
		o.BulkString(part)
		o.Map(2)
		o.BulkString("type")
		o.BulkString(kind)
		o.BulkString("spec")
		o.Map(len(numbers) / 2)
		for i := 0; i < len(numbers); i += 2 {
			o.BulkString(numbers[i].(string))
			switch v := numbers[i+1].(type) {
			case int:
				o.Int(int64(v))
			case string:
				o.BulkString(v)
			}
		}
	}
	switch {
	case k.Unknown:
		step("begin_search", "unknown")
	case k.Keyword != "":
		step("begin_search", "keyword", "keyword", k.Keyword, "startfrom", k.StartFrom)
	default:
		step("begin_search", "index", "index", k.Index)
	}
	switch {
	case k.Unknown:
		step("find_keys", "unknown")
	case k.KeyNum:
		step("find_keys", "keynum", "keynumidx", k.KeyNumIdx, "firstkey", k.FirstKey, "keystep", k.KeyStep)
	default:
		step("find_keys", "range", "lastkey", k.LastKey, "keystep", k.KeyStep, "limit", k.Limit)
	}
}

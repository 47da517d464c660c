package sets

import (
	"granary/internal/command"
	"granary/internal/glob"
	"granary/internal/object"
	"granary/internal/types/set"
)

var specSScan = &command.Spec{
	Name: "sscan", Summary: "Walks the members of a set step by step, by cursor.", Since: "2.8.0", Group: command.GroupSet,
	Complexity: "O(1) for every call. O(N) for a complete iteration, including enough command calls for the cursor to return back to 0. N is the number of elements inside the collection..",
	Arity:      -3, Flags: command.ReadOnly,
	Keys: command.OneKey(command.KeyRO | command.KeyAccess),
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey, KeySpec: 1},
		{Name: "cursor", Type: command.ArgInteger},
		{Name: "pattern", Type: command.ArgPattern, Token: "MATCH", Flags: command.Optional},
		{Name: "count", Type: command.ArgInteger, Token: "COUNT", Flags: command.Optional},
	},
	Tips:    []string{"nondeterministic_output"},
	Handler: cmdSScan,
}

// cmdSScan answers SSCAN key cursor [MATCH pattern] [COUNT count]. A small set comes in one answer.
func cmdSScan(c *command.Ctx) {
	cursor, ok := c.ScanCursor(c.Args[2])
	if !ok {
		return
	}
	it := c.Read(c.Args[1])
	if !it.Exists() {
		c.ScanReply(0, 0)
		return
	}
	if !c.IsType(&it, object.Set) {
		return
	}
	opt, ok := c.ScanOptions(c.Args[3:])
	if !ok {
		return
	}
	v := set.Of(it.Entry)
	var m set.Member
	var found [][]byte
	met := int64(0)
	emit := func() {
		met++
		if text := m.Text(); opt.Pattern == nil || glob.Match(opt.Pattern, text, false) {
			if v.Encoding() == object.Intset || v.Encoding() == object.Listpack {
				text = clone(text) // it may be digits in m
			}
			found = append(found, text)
		}
	}
	for most := opt.ScanSteps(); most > 0; most-- {
		if cursor = v.Scan(cursor, &m, emit); cursor == 0 || met >= opt.Count {
			break
		}
	}
	c.ScanReply(cursor, len(found))
	for _, text := range found {
		c.Out.Bulk(text)
	}
}

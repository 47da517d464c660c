package generic

import (
	"math/rand/v2"

	"granary/internal/command"
	"granary/internal/glob"
	"granary/internal/object"
)

var specKeys = &command.Spec{
	Name:       "keys",
	Summary:    "Lists all keys that match a pattern.",
	Since:      "1.0.0",
	Group:      command.GroupGeneric,
	Complexity: "O(N) with N being the number of keys in the database, under the assumption that the key names in the database and the given pattern have limited length.",
	Arity:      2,
	Flags:      command.ReadOnly,
	Categories: command.CatDangerous,
	Args: []command.Arg{
		{Name: "pattern", Type: command.ArgPattern},
	},
	Tips:    []string{"request_policy:all_shards", "nondeterministic_output_order"},
	Handler: cmdKeys,
}

// cmdKeys answers KEYS pattern. It looks at every key of the database in one go, as nothing else here does.
func cmdKeys(c *command.Ctx) {
	pattern := c.Args[1]
	all := string(pattern) == "*"
	ks, out := c.Keys(), c.Out
	mark := out.ArrayLater()
	n := 0
	c.DB.Each(func(e object.Entry) bool {
		if key := e.Key(); (all || glob.Match(pattern, key, false)) && !ks.IsExpired(e) {
			out.Bulk(key)
			n++
		}
		return true
	})
	out.SetLen(mark, n)
}

var specScan = &command.Spec{
	Name:       "scan",
	Summary:    "Walks the keys of the database step by step, by cursor.",
	Since:      "2.8.0",
	Group:      command.GroupGeneric,
	Complexity: "O(1) for every call. O(N) for a complete iteration, including enough command calls for the cursor to return back to 0. N is the number of elements inside the collection.",
	Arity:      -2,
	Flags:      command.ReadOnly | command.TouchesArbitrary,
	Args: []command.Arg{
		{Name: "cursor", Type: command.ArgInteger},
		{Name: "pattern", Type: command.ArgPattern, Token: "MATCH", Flags: command.Optional},
		{Name: "count", Type: command.ArgInteger, Token: "COUNT", Flags: command.Optional},
		{Name: "type", Token: "TYPE", Since: "6.0.0", Flags: command.Optional},
	},
	Tips:    []string{"nondeterministic_output", "request_policy:special"},
	History: []command.Change{{Since: "6.0.0", What: "TYPE filters by type."}},
	Handler: cmdScan,
}

// cmdScan answers SCAN cursor [MATCH pattern] [COUNT count] [TYPE type]. It looks at buckets of the table until it has met
// count keys, or ten times count buckets, whatever the size of the database.
func cmdScan(c *command.Ctx) {
	cursor, ok := c.ScanCursor(c.Args[1])
	if !ok {
		return
	}
	opt, ok := c.ScanOptions(c.Args[2:])
	if !ok {
		return
	}
	db := c.DB
	var found []object.Entry
	met := int64(0)
	emit := func(e object.Entry) {
		met++
		if takes(&opt, e) && !db.Due(e) {
			found = append(found, e)
		}
	}
	for most := opt.ScanSteps(); most > 0; most-- {
		if cursor = db.Scan(cursor, emit); cursor == 0 || met >= opt.Count {
			break
		}
	}
	c.ScanReply(cursor, len(found))
	for _, e := range found {
		c.Out.Bulk(e.Key())
	}
}

func takes(o *command.ScanOptions, e object.Entry) bool {
	return (o.Pattern == nil || glob.Match(o.Pattern, e.Key(), false)) &&
		(o.Kind == nil || command.Is(o.Kind, e.Type().String()))
}

var specRandomKey = &command.Spec{
	Name:       "randomkey",
	Summary:    "Picks a key at random.",
	Since:      "1.0.0",
	Group:      command.GroupGeneric,
	Complexity: "O(1)",
	Arity:      1,
	Flags:      command.ReadOnly | command.TouchesArbitrary,
	Tips:       []string{"request_policy:all_shards", "nondeterministic_output"},
	Handler:    cmdRandomKey,
}

// randomTries bounds how many expired keys RANDOMKEY meets before it gives up.
const randomTries = 100

// cmdRandomKey answers RANDOMKEY. Where keys whose time has come must stay (CLIENT PAUSE), and all keys have a time, one
// of them is better than none.
func cmdRandomKey(c *command.Ctx) {
	var e object.Entry
	for range randomTries {
		e = c.DB.Random(rand.Uint64())
		if e == 0 {
			break
		}
		if !c.DB.Due(e) {
			c.Out.Bulk(e.Key())
			return
		}
	}
	if e != 0 && !c.Keys().ExpireOnAccess && c.DB.Expires() == c.DB.Len() {
		c.Out.Bulk(e.Key())
		return
	}
	c.Out.Null()
}

package hashes

import (
	"granary/internal/command"
	"granary/internal/glob"
	"granary/internal/keyspace"
	"granary/internal/object"
	"granary/internal/types/hash"
)

var specHGetAll = &command.Spec{
	Name: "hgetall", Summary: "Returns all fields with their values.", Since: "2.0.0",
	Group: command.GroupHash, Complexity: "O(N) where N is the size of the hash.",
	Arity: 2, Flags: command.ReadOnly,
	Keys:    command.OneKey(command.KeyRO | command.KeyAccess),
	Args:    []command.Arg{argKey},
	Tips:    []string{"nondeterministic_output_order"},
	Handler: cmdHGetAll,
}

// cmdHGetAll answers HGETALL key.
func cmdHGetAll(c *command.Ctx) { all(c, true, true) }

var specHKeys = &command.Spec{
	Name: "hkeys", Summary: "Returns the names of all fields.", Since: "2.0.0",
	Group: command.GroupHash, Complexity: "O(N) where N is the size of the hash.",
	Arity: 2, Flags: command.ReadOnly,
	Keys:    command.OneKey(command.KeyRO | command.KeyAccess),
	Args:    []command.Arg{argKey},
	Tips:    []string{"nondeterministic_output_order"},
	Handler: cmdHKeys,
}

// cmdHKeys answers HKEYS key.
func cmdHKeys(c *command.Ctx) { all(c, true, false) }

var specHVals = &command.Spec{
	Name: "hvals", Summary: "Returns the values of all fields.", Since: "2.0.0",
	Group: command.GroupHash, Complexity: "O(N) where N is the size of the hash.",
	Arity: 2, Flags: command.ReadOnly,
	Keys:    command.OneKey(command.KeyRO | command.KeyAccess),
	Args:    []command.Arg{argKey},
	Tips:    []string{"nondeterministic_output_order"},
	Handler: cmdHVals,
}

// cmdHVals answers HVALS key.
func cmdHVals(c *command.Ctx) { all(c, false, true) }

// all answers names, values or both of all fields, straight from the hash into the reply: there is no copy of a large hash
// but the reply itself.
func all(c *command.Ctx, names, values bool) {
	it, ok := read(c, c.Args[1])
	if !ok {
		return
	}
	n := 0
	if it.Exists() {
		n = hash.Count(&it, c.Now())
	}
	if names && values {
		c.Out.Map(n)
	} else {
		c.Out.Array(n)
	}
	if n == 0 {
		return
	}
	var s hash.Scratch
	i := hash.NewIter(it.Entry, c.Now())
	for i.Next() {
		if names {
			c.Out.Bulk(i.Name(&s))
		}
		if values {
			c.Out.Bulk(i.Value(&s))
		}
	}
}

var specHScan = &command.Spec{
	Name: "hscan", Summary: "Walks the fields of a hash step by step, by cursor.", Since: "2.8.0",
	Group: command.GroupHash, Complexity: "O(1) for every call. O(N) for a complete iteration, including enough command calls for the cursor to return back to 0. N is the number of elements inside the collection..",
	Arity: -3, Flags: command.ReadOnly,
	Keys: command.OneKey(command.KeyRO | command.KeyAccess),
	Args: []command.Arg{
		argKey,
		{Name: "cursor", Type: command.ArgInteger},
		{Name: "pattern", Type: command.ArgPattern, Token: "MATCH", Flags: command.Optional},
		{Name: "count", Type: command.ArgInteger, Token: "COUNT", Flags: command.Optional},
		{Name: "novalues", Type: command.ArgPureToken, Token: "NOVALUES", Since: "7.4.0", Flags: command.Optional},
	},
	Tips:    []string{"nondeterministic_output"},
	Handler: cmdHScan,
}

// cmdHScan answers HSCAN key cursor [MATCH pattern] [COUNT count] [NOVALUES]. A flat hash is answered as a whole, whatever
// the cursor; of a table it looks at buckets until it has met count fields, or ten times count buckets.
func cmdHScan(c *command.Ctx) {
	cursor, ok := c.ScanCursor(c.Args[2])
	if !ok {
		return
	}
	it, ok := read(c, c.Args[1])
	if !ok {
		return
	}
	if !it.Exists() {
		c.ScanReply(0, 0)
		return
	}
	opt, ok := c.ScanOptions(c.Args[3:])
	if !ok {
		return
	}
	if it.Entry.Encoding() != object.Hashtable {
		scanFlat(c, &it, &opt)
		return
	}
	var found [][]byte // views: nothing changes before they are answered
	emit := func(name, value []byte) {
		if opt.Pattern == nil || glob.Match(opt.Pattern, name, false) {
			found = append(found, name)
			if !opt.NoValues {
				found = append(found, value)
			}
		}
	}
	met := int64(0)
	for most := opt.ScanSteps(); most > 0; most-- {
		var n int
		cursor, n = hash.Scan(it.Entry, c.Now(), cursor, emit)
		if met += int64(n); cursor == 0 || met >= opt.Count {
			break
		}
	}
	c.ScanReply(cursor, len(found))
	for _, x := range found {
		c.Out.Bulk(x)
	}
}

// scanFlat answers all fields of a flat hash that match.
func scanFlat(c *command.Ctx, it *keyspace.Item, opt *command.ScanOptions) {
	var s hash.Scratch
	matches := func(i *hash.Iter) bool {
		return opt.Pattern == nil || glob.Match(opt.Pattern, i.Name(&s), false)
	}
	n := 0
	i := hash.NewIter(it.Entry, c.Now())
	for i.Next() {
		if matches(&i) {
			n++
		}
	}
	if !opt.NoValues {
		n *= 2
	}
	c.ScanReply(0, n)
	i = hash.NewIter(it.Entry, c.Now())
	for i.Next() {
		if matches(&i) {
			c.Out.Bulk(i.Name(&s))
			if !opt.NoValues {
				c.Out.Bulk(i.Value(&s))
			}
		}
	}
}

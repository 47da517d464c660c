package memory

import (
	"granary/internal/command"
	"granary/internal/prefix"
)

// specMemoryPrefixes is Granary's own.
var specMemoryPrefixes = &command.Spec{
	Name: "prefixes", Summary: "Return which prefixes of keys use the memory, without a scan.", Since: "7.4.0",
	Group: command.GroupServer, Complexity: "O(N*log(N)) where N is the number of prefixes that are kept, which is bounded", Arity: -2,
	Flags: command.Loading | command.Stale,
	Tips:  []string{"nondeterministic_output", "request_policy:all_shards", "response_policy:special"},
	Args: []command.Arg{
		{Name: "what", Type: command.ArgOneOf, Flags: command.Optional, Args: []command.Arg{
			{Name: "reset", Type: command.ArgPureToken, Token: "RESET"},
			{Name: "list", Type: command.ArgBlock, Args: []command.Arg{
				{Name: "depth", Type: command.ArgInteger, Flags: command.Optional},
				{Name: "by", Type: command.ArgOneOf, Token: "BY", Flags: command.Optional, Args: []command.Arg{
					{Name: "bytes", Type: command.ArgPureToken, Token: "BYTES"},
					{Name: "keys", Type: command.ArgPureToken, Token: "KEYS"},
					{Name: "expires", Type: command.ArgPureToken, Token: "EXPIRES"},
					{Name: "growth", Type: command.ArgPureToken, Token: "GROWTH"},
				}},
				{Name: "prefix", Type: command.ArgString, Token: "PREFIX", Flags: command.Optional},
				{Name: "count", Type: command.ArgInteger, Token: "COUNT", Flags: command.Optional},
			}},
		}},
	},
	Handler: cmdMemoryPrefixes,
}

const (
	prefixesShown = 50 // lines, when COUNT does not say

	errNoPrefixes  = "ERR prefixes are not kept: memory-prefixes is no"
	errPrefixDepth = "ERR depth should be between 1 and 8"
	errPrefixCount = "ERR COUNT should be greater than 0"
)

// prefixQuery is what MEMORY PREFIXES was asked for.
type prefixQuery struct {
	depth  int
	by     prefix.Order
	prefix []byte
	count  int64
}

// parse reads the arguments, or answers an error.
func (q *prefixQuery) parse(c *command.Ctx) bool {
	i := 2
	if i < len(c.Args) && !prefixOption(c.Args[i]) {
		n, ok := c.Int(c.Args[i])
		if !ok {
			return false
		}
		if n < 1 || n > prefix.MaxDepth {
			c.Out.Error(errPrefixDepth)
			return false
		}
		q.depth = int(n)
		i++
	}
	for ; i < len(c.Args); i += 2 {
		if i+1 == len(c.Args) {
			c.SyntaxError()
			return false
		}
		word, arg := c.Args[i], c.Args[i+1]
		switch {
		case command.Is(word, "by"):
			switch {
			case command.Is(arg, "bytes"):
				q.by = prefix.ByBytes
			case command.Is(arg, "keys"):
				q.by = prefix.ByKeys
			case command.Is(arg, "expires"):
				q.by = prefix.ByExpires
			case command.Is(arg, "growth"):
				q.by = prefix.ByGrowth
			default:
				c.SyntaxError()
				return false
			}
		case command.Is(word, "prefix"):
			q.prefix = arg
		case command.Is(word, "count"):
			n, ok := c.Int(arg)
			if !ok {
				return false
			}
			if n < 1 {
				c.Out.Error(errPrefixCount)
				return false
			}
			q.count = n
		default:
			c.SyntaxError()
			return false
		}
	}
	return true
}

func prefixOption(word []byte) bool {
	return command.Is(word, "by") || command.Is(word, "prefix") || command.Is(word, "count")
}

// cmdMemoryPrefixes answers MEMORY PREFIXES [depth] [BY BYTES|KEYS|EXPIRES|GROWTH] [PREFIX prefix] [COUNT count]: a map of
// how prefixes are kept, what all keys under a prefix have, and the lines that this is the sum of, the largest first. With
// RESET everything is counted anew, and growth begins anew.
func cmdMemoryPrefixes(c *command.Ctx) {
	ks := c.Keys()
	reset := len(c.Args) == 3 && command.Is(c.Args[2], "reset")
	q := prefixQuery{depth: 1, count: prefixesShown}
	if !reset && !q.parse(c) {
		return
	}
	t, unassigned := ks.Prefixes()
	if t == nil {
		c.Out.Error(errNoPrefixes)
		return
	}
	if reset {
		_, most := t.Rows()
		ks.SetPrefixes(*t.Split(), most)
		c.Out.OK()
		return
	}
	lines, all, ok := t.List(q.prefix, q.depth, q.by)
	if delim := t.Split().Delim; !ok && delim != "" { // the last delimiter may be left out
		if l, a, found := t.List(append(append([]byte(nil), q.prefix...), delim...), q.depth, q.by); found {
			lines, all = l, a
		}
	}
	tables := int64(0)
	for _, db := range ks.DBs {
		tables += db.TableBytes()
	}
	used, most := t.Rows()
	shown := lines[:min(int64(len(lines)), q.count)]

	o := c.Out
	num := func(name string, n int64) {
		o.BulkString(name)
		o.Int(n)
	}
	o.Map(16)
	o.BulkString("delimiter")
	o.BulkString(t.Split().Delim)
	num("depth", int64(t.Split().Depth))
	num("rows", int64(used))
	num("rows.max", int64(most))
	num("rows.moved", t.Moved)
	complete := int64(0)
	if t.Complete() {
		complete = 1
	}
	num("complete", complete)
	num("unassigned", unassigned)
	num("tables", tables)
	o.BulkString("prefix")
	o.Bulk(all.Prefix)
	replyPrefix(c, &all)
	num("lines", int64(len(lines)))
	o.BulkString("prefixes")
	o.Array(len(shown))
	for i := range shown {
		l := &shown[i]
		o.Map(8)
		o.BulkString("prefix")
		o.Bulk(l.Prefix)
		o.BulkString("kind")
		o.BulkString(l.Kind.String())
		replyPrefix(c, l)
		num("rows", int64(l.Rows))
	}
}

// replyPrefix writes five fields of a line.
func replyPrefix(c *command.Ctx, l *prefix.Line) {
	for _, f := range [...]struct {
		name string
		n    int64
	}{
		{"bytes", l.Bytes},
		{"keys", l.Keys},
		{"expires", l.Expires},
		{"growth", l.Growth},
		{"error", l.Miss.Bytes},
	} {
		c.Out.BulkString(f.name)
		c.Out.Int(f.n)
	}
}

package generic

import (
	"granary/internal/command"
)

var specSort = &command.Spec{
	Name:       "sort",
	Summary:    "Sorts the elements of a list, a set or a sorted set, and can store the result.",
	Since:      "1.0.0",
	Group:      command.GroupGeneric,
	Complexity: "O(N+M*log(M)) where N is the number of elements in the list or set to sort, and M the number of returned elements. When the elements are not sorted, complexity is O(N).",
	Arity:      -2,
	Flags:      command.Write | command.DenyOOM,
	Categories: command.CatList | command.CatSet | command.CatSortedSet | command.CatDangerous,
	Keys: []command.KeySpec{
		{Flags: command.KeyRO | command.KeyAccess, Index: 1, KeyStep: 1},
		{Flags: command.KeyRO | command.KeyAccess, Unknown: true, Notes: "For the optional BY/GET keyword. It is marked 'unknown' because the key names derive from the content of the key we sort"},
		{Flags: command.KeyOW | command.KeyUpdate, Unknown: true, Notes: "For the optional STORE keyword. It is marked 'unknown' because the keyword can appear anywhere in the argument array"},
	},
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey, KeySpec: 1},
		{Name: "pattern", Type: command.ArgPattern, Token: "BY", KeySpec: 2, Flags: command.Optional},
		{Name: "offset_count", Type: command.ArgBlock, Token: "LIMIT", Flags: command.Optional, Args: []command.Arg{
			{Name: "offset", Type: command.ArgInteger},
			{Name: "count", Type: command.ArgInteger},
		}},
		{Name: "pattern", Type: command.ArgPattern, Token: "GET", KeySpec: 2, Flags: command.Optional | command.Multiple | command.MultipleToken},
		{Name: "order", Type: command.ArgOneOf, Flags: command.Optional, Args: []command.Arg{
			{Name: "asc", Type: command.ArgPureToken, Token: "ASC"},
			{Name: "desc", Type: command.ArgPureToken, Token: "DESC"},
		}},
		{Name: "sorting", Type: command.ArgPureToken, Token: "ALPHA", Flags: command.Optional},
		{Name: "destination", Type: command.ArgKey, Token: "STORE", KeySpec: 3, Flags: command.Optional},
	},
	GetKeys: sortKeys,
	Handler: cmdSort,
}

// cmdSort answers SORT key [BY pattern] [LIMIT offset count] [GET pattern ...] [ASC | DESC] [ALPHA] [STORE destination].
func cmdSort(c *command.Ctx) { sortKey(c, false) }

var specSortRO = &command.Spec{
	Name:       "sort_ro",
	Summary:    "Sorts the elements of a list, a set or a sorted set.",
	Since:      "7.0.0",
	Group:      command.GroupGeneric,
	Complexity: "O(N+M*log(M)) where N is the number of elements in the list or set to sort, and M the number of returned elements. When the elements are not sorted, complexity is O(N).",
	Arity:      -2,
	Flags:      command.ReadOnly,
	Categories: command.CatList | command.CatSet | command.CatSortedSet | command.CatDangerous,
	Keys: []command.KeySpec{
		{Flags: command.KeyRO | command.KeyAccess, Index: 1, KeyStep: 1},
		{Flags: command.KeyRO | command.KeyAccess, Unknown: true, Notes: "For the optional BY/GET keyword. It is marked 'unknown' because the key names derive from the content of the key we sort"},
	},
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey, KeySpec: 1},
		{Name: "pattern", Type: command.ArgPattern, Token: "BY", KeySpec: 2, Flags: command.Optional},
		{Name: "offset_count", Type: command.ArgBlock, Token: "LIMIT", Flags: command.Optional, Args: []command.Arg{
			{Name: "offset", Type: command.ArgInteger},
			{Name: "count", Type: command.ArgInteger},
		}},
		{Name: "pattern", Type: command.ArgPattern, Token: "GET", KeySpec: 2, Flags: command.Optional | command.Multiple | command.MultipleToken},
		{Name: "order", Type: command.ArgOneOf, Flags: command.Optional, Args: []command.Arg{
			{Name: "asc", Type: command.ArgPureToken, Token: "ASC"},
			{Name: "desc", Type: command.ArgPureToken, Token: "DESC"},
		}},
		{Name: "sorting", Type: command.ArgPureToken, Token: "ALPHA", Flags: command.Optional},
	},
	GetKeys: sortROKeys,
	Handler: cmdSortRO,
}

// cmdSortRO answers SORT_RO, which is SORT without STORE.
func cmdSortRO(c *command.Ctx) { sortKey(c, true) }

// order is what a SORT asks for.
type order struct {
	by    []byte   // pattern of the keys that hold the weights, nil: the elements are their own weights
	gets  [][]byte // patterns of what is answered, none: the elements
	store int      // position of the key to store at, 0: answer

	start, count int64 // LIMIT; a negative count is all
	desc, alpha  bool
	unsorted     bool // BY a pattern without '*'
}

const (
	errSortBy  = "ERR BY option of SORT denied due to insufficient ACL permissions."
	errSortGet = "ERR GET option of SORT denied due to insufficient ACL permissions."
)

// parseSort reads the options and answers an error when they make no sense.
func parseSort(c *command.Ctx, readOnly bool) (o order, ok bool) {
	o.count = -1
	// BY and GET read keys that nobody named: who uses them must be permitted to read every key.
	full := c.Client.MayReadAllKeys(c.Spec, c.Args)
	for i := 2; i < len(c.Args); i++ {
		arg, left := c.Args[i], len(c.Args)-i-1
		switch {
		case command.Is(arg, "asc"):
			o.desc = false
		case command.Is(arg, "desc"):
			o.desc = true
		case command.Is(arg, "alpha"):
			o.alpha = true
		case command.Is(arg, "limit") && left >= 2:
			if o.start, ok = c.Int(c.Args[i+1]); !ok {
				return o, false
			}
			if o.count, ok = c.Int(c.Args[i+2]); !ok {
				return o, false
			}
			i += 2
		case command.Is(arg, "store") && left >= 1 && !readOnly:
			i++
			o.store = i
		case command.Is(arg, "by") && left >= 1:
			i++
			o.by = c.Args[i]
			if star(o.by) < 0 {
				o.unsorted = true
			} else if !full {
				c.Out.Error(errSortBy)
				return o, false
			}
		case command.Is(arg, "get") && left >= 1:
			if !full {
				c.Out.Error(errSortGet)
				return o, false
			}
			i++
			o.gets = append(o.gets, c.Args[i])
		default:
			c.SyntaxError()
			return o, false
		}
	}
	return o, true
}

// sortKeys finds the keys of SORT: the one that is sorted, and the last one behind a STORE. Keys that BY and GET lead to
// are not known before.
func sortKeys(args [][]byte, dst []command.KeyPos) ([]command.KeyPos, bool) {
	dst, _ = sortROKeys(args, dst)
	store := 0
	for i := 2; i < len(args); i++ {
		left := len(args) - i - 1
		switch {
		case command.Is(args[i], "limit"):
			i += 2
		case command.Is(args[i], "get"), command.Is(args[i], "by"):
			i++
		case command.Is(args[i], "store") && left >= 1:
			i++
			store = i
		}
	}
	if store > 0 {
		dst = append(dst, command.KeyPos{Index: store, Flags: command.KeyOW | command.KeyUpdate})
	}
	return dst, true
}

// sortROKeys finds the key of SORT_RO.
func sortROKeys(_ [][]byte, dst []command.KeyPos) ([]command.KeyPos, bool) {
	return append(dst, command.KeyPos{Index: 1, Flags: command.KeyRO | command.KeyAccess}), true
}

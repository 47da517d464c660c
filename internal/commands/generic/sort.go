package generic

import (
	"granary/internal/command"
	"granary/internal/keyspace"
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

// sortKey sorts what is at the key. None of the types that can be sorted (list, set, sorted set) exists in this server,
// so what is there is either nothing, which sorts to nothing, or of the wrong type.
func sortKey(c *command.Ctx, readOnly bool) {
	store, ok := parseSort(c, readOnly)
	if !ok {
		return
	}
	if it := c.Read(c.Args[1]); it.Exists() {
		c.Out.Error(command.ErrWrongType)
		return
	}
	if store == 0 {
		c.Out.Array(0)
		return
	}
	// An empty result is stored as no key.
	if dst := c.Write(c.Args[store]); dst.Exists() {
		dst.Delete()
		c.Changed(dst.Key(), keyspace.Generic, "del")
	}
	c.Out.Int(0)
}

// parseSort reads the options and answers an error when they make no sense. It returns the position of the key to store
// at, 0 without STORE.
func parseSort(c *command.Ctx, readOnly bool) (store int, ok bool) {
	for i := 2; i < len(c.Args); i++ {
		arg, left := c.Args[i], len(c.Args)-i-1
		switch {
		case command.Is(arg, "asc"), command.Is(arg, "desc"), command.Is(arg, "alpha"):
		case command.Is(arg, "limit") && left >= 2:
			for range 2 {
				i++
				if _, ok := c.Int(c.Args[i]); !ok {
					return 0, false
				}
			}
		case command.Is(arg, "store") && left >= 1 && !readOnly:
			i++
			store = i
		case (command.Is(arg, "by") || command.Is(arg, "get")) && left >= 1:
			i++
		default:
			c.SyntaxError()
			return 0, false
		}
	}
	return store, true
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

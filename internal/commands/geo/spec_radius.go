package geo

import "granary/internal/command"

var specGeoRadius = &command.Spec{
	Name: "georadius", Summary: "Lists or stores the places in a circle around coordinates.", Since: "3.2.0",
	Group: command.GroupGeo, Complexity: "O(N+log(M)) where N is the number of elements inside the bounding box of the circular area delimited by center and radius and M is the number of items inside the index.",
	Arity: -6, Flags: command.Write | command.DenyOOM,
	Keys: []command.KeySpec{
		{Flags: command.KeyRO | command.KeyAccess, Index: 1, KeyStep: 1},
		{Flags: command.KeyOW | command.KeyUpdate, Keyword: "STORE", StartFrom: 6, KeyStep: 1},
		{Flags: command.KeyOW | command.KeyUpdate, Keyword: "STOREDIST", StartFrom: 6, KeyStep: 1},
	},
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey, KeySpec: 1},
		{Name: "longitude", Type: command.ArgDouble},
		{Name: "latitude", Type: command.ArgDouble},
		{Name: "radius", Type: command.ArgDouble},
		{Name: "unit", Type: command.ArgOneOf, Args: []command.Arg{
			{Name: "m", Type: command.ArgPureToken, Token: "M"},
			{Name: "km", Type: command.ArgPureToken, Token: "KM"},
			{Name: "ft", Type: command.ArgPureToken, Token: "FT"},
			{Name: "mi", Type: command.ArgPureToken, Token: "MI"},
		}},
		{Name: "withcoord", Type: command.ArgPureToken, Token: "WITHCOORD", Flags: command.Optional},
		{Name: "withdist", Type: command.ArgPureToken, Token: "WITHDIST", Flags: command.Optional},
		{Name: "withhash", Type: command.ArgPureToken, Token: "WITHHASH", Flags: command.Optional},
		{Name: "count", Type: command.ArgBlock, Flags: command.Optional, Args: []command.Arg{
			{Name: "count", Type: command.ArgInteger, Token: "COUNT"},
			{Name: "any", Type: command.ArgPureToken, Token: "ANY", Since: "6.2.0", Flags: command.Optional},
		}},
		{Name: "order", Type: command.ArgOneOf, Flags: command.Optional, Args: []command.Arg{
			{Name: "asc", Type: command.ArgPureToken, Token: "ASC"},
			{Name: "desc", Type: command.ArgPureToken, Token: "DESC"},
		}},
		{Name: "key", Type: command.ArgKey, Token: "STORE", KeySpec: 2, Flags: command.Optional},
		{Name: "key", Type: command.ArgKey, Token: "STOREDIST", KeySpec: 3, Flags: command.Optional},
	},
	History: []command.Change{
		{Since: "6.2.0", What: "`ANY` behind `COUNT`."},
		{Since: "7.0.0", What: "Units may be written in capitals."},
	},
	DeprecatedSince: "6.2.0", ReplacedBy: "`GEOSEARCH` and `GEOSEARCHSTORE` with the `BYRADIUS` argument",
	GetKeys: radiusKeys,
	Handler: cmdGeoRadius,
}

var specGeoRadiusByMember = &command.Spec{
	Name: "georadiusbymember", Summary: "Lists or stores the places in a circle around another place.", Since: "3.2.0",
	Group: command.GroupGeo, Complexity: "O(N+log(M)) where N is the number of elements inside the bounding box of the circular area delimited by center and radius and M is the number of items inside the index.",
	Arity: -5, Flags: command.Write | command.DenyOOM,
	Keys: []command.KeySpec{
		{Flags: command.KeyRO | command.KeyAccess, Index: 1, KeyStep: 1},
		{Flags: command.KeyOW | command.KeyUpdate, Keyword: "STORE", StartFrom: 5, KeyStep: 1},
		{Flags: command.KeyOW | command.KeyUpdate, Keyword: "STOREDIST", StartFrom: 5, KeyStep: 1},
	},
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey, KeySpec: 1},
		{Name: "member"},
		{Name: "radius", Type: command.ArgDouble},
		{Name: "unit", Type: command.ArgOneOf, Args: []command.Arg{
			{Name: "m", Type: command.ArgPureToken, Token: "M"},
			{Name: "km", Type: command.ArgPureToken, Token: "KM"},
			{Name: "ft", Type: command.ArgPureToken, Token: "FT"},
			{Name: "mi", Type: command.ArgPureToken, Token: "MI"},
		}},
		{Name: "withcoord", Type: command.ArgPureToken, Token: "WITHCOORD", Flags: command.Optional},
		{Name: "withdist", Type: command.ArgPureToken, Token: "WITHDIST", Flags: command.Optional},
		{Name: "withhash", Type: command.ArgPureToken, Token: "WITHHASH", Flags: command.Optional},
		{Name: "count", Type: command.ArgBlock, Flags: command.Optional, Args: []command.Arg{
			{Name: "count", Type: command.ArgInteger, Token: "COUNT"},
			{Name: "any", Type: command.ArgPureToken, Token: "ANY", Flags: command.Optional},
		}},
		{Name: "order", Type: command.ArgOneOf, Flags: command.Optional, Args: []command.Arg{
			{Name: "asc", Type: command.ArgPureToken, Token: "ASC"},
			{Name: "desc", Type: command.ArgPureToken, Token: "DESC"},
		}},
		{Name: "key", Type: command.ArgKey, Token: "STORE", KeySpec: 2, Flags: command.Optional},
		{Name: "key", Type: command.ArgKey, Token: "STOREDIST", KeySpec: 3, Flags: command.Optional},
	},
	History: []command.Change{
		{Since: "7.0.0", What: "Units may be written in capitals."},
	},
	DeprecatedSince: "6.2.0", ReplacedBy: "`GEOSEARCH` and `GEOSEARCHSTORE` with the `BYRADIUS` and `FROMMEMBER` arguments",
	GetKeys: radiusKeys,
	Handler: cmdGeoRadiusByMember,
}

var specGeoRadiusRO = &command.Spec{
	Name: "georadius_ro", Summary: "Lists the places in a circle around coordinates.", Since: "3.2.10",
	Group: command.GroupGeo, Complexity: "O(N+log(M)) where N is the number of elements inside the bounding box of the circular area delimited by center and radius and M is the number of items inside the index.",
	Arity: -6, Flags: command.ReadOnly,
	Keys: command.OneKey(command.KeyRO | command.KeyAccess),
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey, KeySpec: 1},
		{Name: "longitude", Type: command.ArgDouble},
		{Name: "latitude", Type: command.ArgDouble},
		{Name: "radius", Type: command.ArgDouble},
		{Name: "unit", Type: command.ArgOneOf, Args: []command.Arg{
			{Name: "m", Type: command.ArgPureToken, Token: "M"},
			{Name: "km", Type: command.ArgPureToken, Token: "KM"},
			{Name: "ft", Type: command.ArgPureToken, Token: "FT"},
			{Name: "mi", Type: command.ArgPureToken, Token: "MI"},
		}},
		{Name: "withcoord", Type: command.ArgPureToken, Token: "WITHCOORD", Flags: command.Optional},
		{Name: "withdist", Type: command.ArgPureToken, Token: "WITHDIST", Flags: command.Optional},
		{Name: "withhash", Type: command.ArgPureToken, Token: "WITHHASH", Flags: command.Optional},
		{Name: "count", Type: command.ArgBlock, Flags: command.Optional, Args: []command.Arg{
			{Name: "count", Type: command.ArgInteger, Token: "COUNT"},
			{Name: "any", Type: command.ArgPureToken, Token: "ANY", Since: "6.2.0", Flags: command.Optional},
		}},
		{Name: "order", Type: command.ArgOneOf, Flags: command.Optional, Args: []command.Arg{
			{Name: "asc", Type: command.ArgPureToken, Token: "ASC"},
			{Name: "desc", Type: command.ArgPureToken, Token: "DESC"},
		}},
	},
	History: []command.Change{
		{Since: "6.2.0", What: "`ANY` behind `COUNT`."},
	},
	DeprecatedSince: "6.2.0", ReplacedBy: "`GEOSEARCH` with the `BYRADIUS` argument",
	Handler: cmdGeoRadiusRO,
}

var specGeoRadiusByMemberRO = &command.Spec{
	Name: "georadiusbymember_ro", Summary: "Lists the places in a circle around another place.", Since: "3.2.10",
	Group: command.GroupGeo, Complexity: "O(N+log(M)) where N is the number of elements inside the bounding box of the circular area delimited by center and radius and M is the number of items inside the index.",
	Arity: -5, Flags: command.ReadOnly,
	Keys: command.OneKey(command.KeyRO | command.KeyAccess),
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey, KeySpec: 1},
		{Name: "member"},
		{Name: "radius", Type: command.ArgDouble},
		{Name: "unit", Type: command.ArgOneOf, Args: []command.Arg{
			{Name: "m", Type: command.ArgPureToken, Token: "M"},
			{Name: "km", Type: command.ArgPureToken, Token: "KM"},
			{Name: "ft", Type: command.ArgPureToken, Token: "FT"},
			{Name: "mi", Type: command.ArgPureToken, Token: "MI"},
		}},
		{Name: "withcoord", Type: command.ArgPureToken, Token: "WITHCOORD", Flags: command.Optional},
		{Name: "withdist", Type: command.ArgPureToken, Token: "WITHDIST", Flags: command.Optional},
		{Name: "withhash", Type: command.ArgPureToken, Token: "WITHHASH", Flags: command.Optional},
		{Name: "count", Type: command.ArgBlock, Flags: command.Optional, Args: []command.Arg{
			{Name: "count", Type: command.ArgInteger, Token: "COUNT"},
			{Name: "any", Type: command.ArgPureToken, Token: "ANY", Flags: command.Optional},
		}},
		{Name: "order", Type: command.ArgOneOf, Flags: command.Optional, Args: []command.Arg{
			{Name: "asc", Type: command.ArgPureToken, Token: "ASC"},
			{Name: "desc", Type: command.ArgPureToken, Token: "DESC"},
		}},
	},
	DeprecatedSince: "6.2.0", ReplacedBy: "`GEOSEARCH` with the `BYRADIUS` and `FROMMEMBER` arguments",
	Handler: cmdGeoRadiusByMemberRO,
}

// radiusKeys finds the keys of GEORADIUS and GEORADIUSBYMEMBER when they do not both store: the one that is searched, and
// the last one behind STORE or STOREDIST.
func radiusKeys(args [][]byte, dst []command.KeyPos) ([]command.KeyPos, bool) {
	dst = append(dst, command.KeyPos{Index: 1, Flags: command.KeyRO | command.KeyAccess})
	store := 0
	for i := 5; i+1 < len(args); i++ {
		if command.Is(args[i], "store") || command.Is(args[i], "storedist") {
			i++
			store = i
		}
	}
	if store > 0 {
		dst = append(dst, command.KeyPos{Index: store, Flags: command.KeyOW | command.KeyUpdate})
	}
	return dst, true
}

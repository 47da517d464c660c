package geo

import "granary/internal/command"

var specGeoAdd = &command.Spec{
	Name: "geoadd", Summary: "Adds places to a sorted set, or moves them.", Since: "3.2.0",
	Group: command.GroupGeo, Complexity: "O(log(N)) for each item added, where N is the number of elements in the sorted set.",
	Arity: -5, Flags: command.Write | command.DenyOOM,
	Keys: command.OneKey(command.KeyRW | command.KeyUpdate),
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey, KeySpec: 1},
		{Name: "condition", Type: command.ArgOneOf, Since: "6.2.0", Flags: command.Optional, Args: []command.Arg{
			{Name: "nx", Type: command.ArgPureToken, Token: "NX"},
			{Name: "xx", Type: command.ArgPureToken, Token: "XX"},
		}},
		{Name: "change", Type: command.ArgPureToken, Token: "CH", Since: "6.2.0", Flags: command.Optional},
		{Name: "longitude_latitude_member", Type: command.ArgBlock, Flags: command.Multiple, Args: []command.Arg{
			{Name: "longitude", Type: command.ArgDouble},
			{Name: "latitude", Type: command.ArgDouble},
			{Name: "member"},
		}},
	},
	History: []command.Change{
		{Since: "6.2.0", What: "The options `CH`, `NX` and `XX`."},
	},
	Handler: cmdGeoAdd,
}

var specGeoDist = &command.Spec{
	Name: "geodist", Summary: "Returns the distance of two places.", Since: "3.2.0",
	Group: command.GroupGeo, Complexity: "O(log(N))",
	Arity: -4, Flags: command.ReadOnly,
	Keys: command.OneKey(command.KeyRO | command.KeyAccess),
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey, KeySpec: 1},
		{Name: "member1"},
		{Name: "member2"},
		{Name: "unit", Type: command.ArgOneOf, Flags: command.Optional, Args: []command.Arg{
			{Name: "m", Type: command.ArgPureToken, Token: "M"},
			{Name: "km", Type: command.ArgPureToken, Token: "KM"},
			{Name: "ft", Type: command.ArgPureToken, Token: "FT"},
			{Name: "mi", Type: command.ArgPureToken, Token: "MI"},
		}},
	},
	Handler: cmdGeoDist,
}

var specGeoHash = &command.Spec{
	Name: "geohash", Summary: "Returns the geohash of places as text.", Since: "3.2.0",
	Group: command.GroupGeo, Complexity: "O(log(N)) for each member requested, where N is the number of elements in the sorted set.",
	Arity: -2, Flags: command.ReadOnly,
	Keys: command.OneKey(command.KeyRO | command.KeyAccess),
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey, KeySpec: 1},
		{Name: "member", Flags: command.Multiple},
	},
	Handler: cmdGeoHash,
}

var specGeoPos = &command.Spec{
	Name: "geopos", Summary: "Returns the coordinates of places.", Since: "3.2.0",
	Group: command.GroupGeo, Complexity: "O(N) where N is the number of members requested.",
	Arity: -2, Flags: command.ReadOnly,
	Keys: command.OneKey(command.KeyRO | command.KeyAccess),
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey, KeySpec: 1},
		{Name: "member", Flags: command.Multiple},
	},
	Handler: cmdGeoPos,
}

var specGeoSearch = &command.Spec{
	Name: "geosearch", Summary: "Lists the places in a circle or a box.", Since: "6.2.0",
	Group: command.GroupGeo, Complexity: "O(N+log(M)) where N is the number of elements in the grid-aligned bounding box area around the shape provided as the filter and M is the number of items inside the shape",
	Arity: -7, Flags: command.ReadOnly,
	Keys: command.OneKey(command.KeyRO | command.KeyAccess),
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey, KeySpec: 1},
		{Name: "from", Type: command.ArgOneOf, Args: []command.Arg{
			{Name: "member", Token: "FROMMEMBER"},
			{Name: "longitude_latitude", Type: command.ArgBlock, Token: "FROMLONLAT", Args: []command.Arg{
				{Name: "longitude", Type: command.ArgDouble},
				{Name: "latitude", Type: command.ArgDouble},
			}},
		}},
		{Name: "by", Type: command.ArgOneOf, Args: []command.Arg{
			{Name: "circle", Type: command.ArgBlock, Args: []command.Arg{
				{Name: "radius", Type: command.ArgDouble, Token: "BYRADIUS"},
				{Name: "unit", Type: command.ArgOneOf, Args: []command.Arg{
					{Name: "m", Type: command.ArgPureToken, Token: "M"},
					{Name: "km", Type: command.ArgPureToken, Token: "KM"},
					{Name: "ft", Type: command.ArgPureToken, Token: "FT"},
					{Name: "mi", Type: command.ArgPureToken, Token: "MI"},
				}},
			}},
			{Name: "box", Type: command.ArgBlock, Args: []command.Arg{
				{Name: "width", Type: command.ArgDouble, Token: "BYBOX"},
				{Name: "height", Type: command.ArgDouble},
				{Name: "unit", Type: command.ArgOneOf, Args: []command.Arg{
					{Name: "m", Type: command.ArgPureToken, Token: "M"},
					{Name: "km", Type: command.ArgPureToken, Token: "KM"},
					{Name: "ft", Type: command.ArgPureToken, Token: "FT"},
					{Name: "mi", Type: command.ArgPureToken, Token: "MI"},
				}},
			}},
		}},
		{Name: "order", Type: command.ArgOneOf, Flags: command.Optional, Args: []command.Arg{
			{Name: "asc", Type: command.ArgPureToken, Token: "ASC"},
			{Name: "desc", Type: command.ArgPureToken, Token: "DESC"},
		}},
		{Name: "count", Type: command.ArgBlock, Flags: command.Optional, Args: []command.Arg{
			{Name: "count", Type: command.ArgInteger, Token: "COUNT"},
			{Name: "any", Type: command.ArgPureToken, Token: "ANY", Flags: command.Optional},
		}},
		{Name: "withcoord", Type: command.ArgPureToken, Token: "WITHCOORD", Flags: command.Optional},
		{Name: "withdist", Type: command.ArgPureToken, Token: "WITHDIST", Flags: command.Optional},
		{Name: "withhash", Type: command.ArgPureToken, Token: "WITHHASH", Flags: command.Optional},
	},
	History: []command.Change{
		{Since: "7.0.0", What: "Units may be written in capitals."},
	},
	Handler: cmdGeoSearch,
}

var specGeoSearchStore = &command.Spec{
	Name: "geosearchstore", Summary: "Stores the places in a circle or a box under another key.", Since: "6.2.0",
	Group: command.GroupGeo, Complexity: "O(N+log(M)) where N is the number of elements in the grid-aligned bounding box area around the shape provided as the filter and M is the number of items inside the shape",
	Arity: -8, Flags: command.Write | command.DenyOOM,
	Keys: []command.KeySpec{
		{Flags: command.KeyOW | command.KeyUpdate, Index: 1, KeyStep: 1},
		{Flags: command.KeyRO | command.KeyAccess, Index: 2, KeyStep: 1},
	},
	Args: []command.Arg{
		{Name: "destination", Type: command.ArgKey, KeySpec: 1},
		{Name: "source", Type: command.ArgKey, KeySpec: 2},
		{Name: "from", Type: command.ArgOneOf, Args: []command.Arg{
			{Name: "member", Token: "FROMMEMBER"},
			{Name: "longitude_latitude", Type: command.ArgBlock, Token: "FROMLONLAT", Args: []command.Arg{
				{Name: "longitude", Type: command.ArgDouble},
				{Name: "latitude", Type: command.ArgDouble},
			}},
		}},
		{Name: "by", Type: command.ArgOneOf, Args: []command.Arg{
			{Name: "circle", Type: command.ArgBlock, Args: []command.Arg{
				{Name: "radius", Type: command.ArgDouble, Token: "BYRADIUS"},
				{Name: "unit", Type: command.ArgOneOf, Args: []command.Arg{
					{Name: "m", Type: command.ArgPureToken, Token: "M"},
					{Name: "km", Type: command.ArgPureToken, Token: "KM"},
					{Name: "ft", Type: command.ArgPureToken, Token: "FT"},
					{Name: "mi", Type: command.ArgPureToken, Token: "MI"},
				}},
			}},
			{Name: "box", Type: command.ArgBlock, Args: []command.Arg{
				{Name: "width", Type: command.ArgDouble, Token: "BYBOX"},
				{Name: "height", Type: command.ArgDouble},
				{Name: "unit", Type: command.ArgOneOf, Args: []command.Arg{
					{Name: "m", Type: command.ArgPureToken, Token: "M"},
					{Name: "km", Type: command.ArgPureToken, Token: "KM"},
					{Name: "ft", Type: command.ArgPureToken, Token: "FT"},
					{Name: "mi", Type: command.ArgPureToken, Token: "MI"},
				}},
			}},
		}},
		{Name: "order", Type: command.ArgOneOf, Flags: command.Optional, Args: []command.Arg{
			{Name: "asc", Type: command.ArgPureToken, Token: "ASC"},
			{Name: "desc", Type: command.ArgPureToken, Token: "DESC"},
		}},
		{Name: "count", Type: command.ArgBlock, Flags: command.Optional, Args: []command.Arg{
			{Name: "count", Type: command.ArgInteger, Token: "COUNT"},
			{Name: "any", Type: command.ArgPureToken, Token: "ANY", Flags: command.Optional},
		}},
		{Name: "storedist", Type: command.ArgPureToken, Token: "STOREDIST", Flags: command.Optional},
	},
	History: []command.Change{
		{Since: "7.0.0", What: "Units may be written in capitals."},
	},
	Handler: cmdGeoSearchStore,
}

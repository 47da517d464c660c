package geo

import "granary/internal/command"

// cmdGeoDist answers GEODIST key member1 member2 [M | KM | FT | MI].
func cmdGeoDist(c *command.Ctx) {
	unit := 1.0
	switch len(c.Args) {
	case 4:
	case 5:
		var ok bool
		if unit, ok = parseUnit(c, c.Args[4]); !ok {
			return
		}
	default:
		c.SyntaxError()
		return
	}
	v, ok := look(c, c.Args[1])
	if !ok {
		return
	}
	a, ok1 := v.Score(c.Args[2])
	b, ok2 := v.Score(c.Args[3])
	if !ok1 || !ok2 {
		c.Out.Null()
		return
	}
	replyDistance(c, distance(decode(a), decode(b))/unit)
}

// cmdGeoHash answers GEOHASH key [member ...].
func cmdGeoHash(c *command.Ctx) {
	v, ok := look(c, c.Args[1])
	if !ok {
		return
	}
	c.Out.Array(len(c.Args) - 2)
	var b [16]byte
	for _, m := range c.Args[2:] {
		if score, ok := v.Score(m); ok {
			c.Out.Bulk(appendText(b[:0], decode(score)))
		} else {
			c.Out.Null()
		}
	}
}

// cmdGeoPos answers GEOPOS key [member ...].
func cmdGeoPos(c *command.Ctx) {
	v, ok := look(c, c.Args[1])
	if !ok {
		return
	}
	c.Out.Array(len(c.Args) - 2)
	for _, m := range c.Args[2:] {
		if score, ok := v.Score(m); ok {
			replyPoint(c, decode(score))
		} else {
			c.Out.NullArray()
		}
	}
}

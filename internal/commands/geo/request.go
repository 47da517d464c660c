package geo

import (
	"granary/internal/command"
	"granary/internal/types/zset"
)

// request is a parsed search. The commands differ in where their arguments are:
//
//	GEOSEARCH             key      FROMMEMBER m | FROMLONLAT lon lat   BYRADIUS r unit | BYBOX w h unit   options
//	GEOSEARCHSTORE   dst  key      the same
//	GEORADIUS             key      lon lat radius unit                  options, STORE and STOREDIST among them
//	GEORADIUSBYMEMBER     key      member radius unit                   the same
type request struct {
	search   bool // GEOSEARCH and GEOSEARCHSTORE
	storing  bool // GEOSEARCHSTORE
	readOnly bool // GEORADIUS_RO and GEORADIUSBYMEMBER_RO
	exists   bool // there is a sorted set to search

	shape     shape
	hasCenter bool
	byMember  bool
	hasShape  bool

	withDist, withHash, withCoord bool
	any                           bool
	count                         int64 // 0: all
	order                         order
	store                         []byte // key, nil: the places are answered
	storeDist                     bool
}

// center makes a member of v the center, and answers an error when it is none.
func (q *request) center(c *command.Ctx, v *zset.Value, member []byte) bool {
	score, ok := v.Score(member)
	if !ok {
		c.Out.Error("ERR could not decode requested zset member")
		return false
	}
	q.shape.center = decode(score)
	return true
}

// radius reads a radius and its unit and answers an error when they make no sense.
func (q *request) radius(c *command.Ctx, r, unit []byte) (ok bool) {
	if q.shape.radius, ok = parseDouble(c, r, "ERR need numeric radius"); !ok {
		return false
	}
	if q.shape.radius < 0 {
		c.Out.Error("ERR radius cannot be negative")
		return false
	}
	q.shape.unit, ok = parseUnit(c, unit)
	return ok
}

// box reads the sides of a box and their unit and answers an error when they make no sense.
func (q *request) box(c *command.Ctx, args [][]byte) (ok bool) {
	s := &q.shape
	s.box = true
	if s.width, ok = parseDouble(c, args[0], "ERR need numeric width"); !ok {
		return false
	}
	if s.height, ok = parseDouble(c, args[1], "ERR need numeric height"); !ok {
		return false
	}
	if s.width < 0 || s.height < 0 {
		c.Out.Error("ERR height or width cannot be negative")
		return false
	}
	s.unit, ok = parseUnit(c, args[2])
	return ok
}

// options reads all that stands behind the fixed arguments, and answers an error when it makes no sense.
func (q *request) options(c *command.Ctx, v *zset.Value, args [][]byte) bool {
	for len(args) > 0 {
		used := q.flag(args[0])
		if used == 0 {
			var ok bool
			if used, ok = q.option(c, v, args); !ok {
				return false
			}
		}
		args = args[used:]
	}
	return q.complete(c)
}

// flag reads an option that is one word; 0: it is none.
func (q *request) flag(arg []byte) int {
	switch {
	case command.Is(arg, "withdist"):
		q.withDist = true
	case command.Is(arg, "withhash"):
		q.withHash = true
	case command.Is(arg, "withcoord"):
		q.withCoord = true
	case command.Is(arg, "any"):
		q.any = true
	case command.Is(arg, "asc"):
		q.order = nearest
	case command.Is(arg, "desc"):
		q.order = farthest
	case q.storing && command.Is(arg, "storedist"):
		q.storeDist = true
	default:
		return 0
	}
	return 1
}

// option reads an option with its arguments, and returns how many they are.
func (q *request) option(c *command.Ctx, v *zset.Value, args [][]byte) (used int, ok bool) {
	has := func(word string, n int) bool { return len(args) > n && command.Is(args[0], word) }
	mayStore := !q.search && !q.readOnly
	switch {
	case has("count", 1):
		if q.count, ok = c.Int(args[1]); ok && q.count <= 0 {
			c.Out.Error("ERR COUNT must be > 0")
			ok = false
		}
		return 2, ok
	case mayStore && has("store", 1):
		q.store, q.storeDist = args[1], false
		return 2, true
	case mayStore && has("storedist", 1):
		q.store, q.storeDist = args[1], true
		return 2, true
	case q.search && (!q.hasCenter || q.byMember) && has("frommember", 1):
		q.hasCenter, q.byMember = true, true
		return 2, !q.exists || q.center(c, v, args[1])
	case q.search && !q.byMember && has("fromlonlat", 2):
		q.hasCenter = true
		q.shape.center, ok = parsePoint(c, args[1], args[2])
		return 3, ok
	case q.search && (!q.hasShape || !q.shape.box) && has("byradius", 2):
		q.hasShape = true
		return 3, q.radius(c, args[1], args[2])
	case q.search && (!q.hasShape || q.shape.box) && has("bybox", 3):
		q.hasShape = true
		return 4, q.box(c, args[1:])
	}
	c.SyntaxError()
	return 0, false
}

// complete answers an error when something is missing or does not go together.
func (q *request) complete(c *command.Ctx) bool {
	switch {
	case q.store != nil && (q.withDist || q.withHash || q.withCoord):
		who := "STORE option in GEORADIUS"
		if q.storing {
			who = "GEOSEARCHSTORE"
		}
		c.Out.Error("ERR " + who + " is not compatible with WITHDIST, WITHHASH and WITHCOORD options")
	case q.search && !q.hasCenter:
		c.Out.Error("ERR exactly one of FROMMEMBER or FROMLONLAT can be specified for " + string(c.Args[0]))
	case q.search && !q.hasShape:
		c.Out.Error("ERR exactly one of BYRADIUS and BYBOX can be specified for " + string(c.Args[0]))
	case q.any && q.count == 0:
		c.Out.Error("ERR the ANY argument requires COUNT argument")
	default:
		return true
	}
	return false
}

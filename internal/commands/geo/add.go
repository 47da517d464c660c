package geo

import (
	"strconv"

	"granary/internal/command"
	"granary/internal/keyspace"
	"granary/internal/object"
	"granary/internal/types/zset"
)

// cmdGeoAdd answers GEOADD key [NX | XX] [CH] longitude latitude member [longitude latitude member ...]. It is ZADD with
// scores made of coordinates, and that is what is repeated elsewhere.
func cmdGeoAdd(c *command.Ctx) {
	var how zset.How
	countChanged := false
	first := 2
options:
	for ; first < len(c.Args); first++ {
		switch arg := c.Args[first]; {
		case command.Is(arg, "nx"):
			how |= zset.IfAbsent
		case command.Is(arg, "xx"):
			how |= zset.IfPresent
		case command.Is(arg, "ch"):
			countChanged = true
		default:
			break options
		}
	}
	rest := c.Args[first:]
	if len(rest) == 0 || len(rest)%3 != 0 || how == zset.IfAbsent|zset.IfPresent {
		c.SyntaxError()
		return
	}
	scores := make([]uint64, 0, len(rest)/3)
	for i := 0; i < len(rest); i += 3 {
		p, ok := parsePoint(c, rest[i], rest[i+1])
		if !ok {
			return
		}
		scores = append(scores, scoreOf(p))
	}
	key := c.Args[1]
	it := c.Write(key)
	if it.Exists() && !c.IsType(&it, object.ZSet) {
		return
	}
	lim := zset.Expect(&it, zset.LimitsOf(c.Env.Config), len(scores))
	added, updated := 0, 0
	for i, score := range scores {
		switch _, r := zset.Put(&it, lim, rest[3*i+2], float64(score), how); r {
		case zset.Added:
			added++
		case zset.Updated:
			updated++
		}
	}
	if n := added + updated; n > 0 {
		c.Keys().Stats.Dirty += int64(n) - 1
		c.Changed(key, keyspace.ZSet, "zadd")
		if c.Feeding() {
			feedAdd(c, first, scores)
		}
	}
	if countChanged {
		added += updated
	}
	c.Out.Int(int64(added))
}

// feedAdd says what to repeat instead of a GEOADD whose coordinates begin at argument first.
func feedAdd(c *command.Ctx, first int, scores []uint64) {
	args := append([][]byte{[]byte("zadd")}, c.Args[1:first]...)
	for i, score := range scores {
		args = append(args, strconv.AppendUint(nil, score, 10), c.Args[first+3*i+2])
	}
	c.Rewrite(args...)
}

package zsets

import (
	"granary/internal/command"
	"granary/internal/object"
	"granary/internal/types/zset"
)

// cmdZAdd answers ZADD key [NX | XX] [GT | LT] [CH] [INCR] score member [score member ...].
func cmdZAdd(c *command.Ctx) { addMembers(c, 0, "zadd") }

// cmdZIncrBy answers ZINCRBY key increment member. It is ZADD with INCR, options in odd places included.
func cmdZIncrBy(c *command.Ctx) { addMembers(c, zset.Increment, "zincr") }

// parseAdd reads the options of ZADD and returns the position of the first score.
func parseAdd(c *command.Ctx, how *zset.How) (first int, countChanged bool) {
	for first = 2; first < len(c.Args); first++ {
		switch arg := c.Args[first]; {
		case command.Is(arg, "nx"):
			*how |= zset.IfAbsent
		case command.Is(arg, "xx"):
			*how |= zset.IfPresent
		case command.Is(arg, "gt"):
			*how |= zset.IfGreater
		case command.Is(arg, "lt"):
			*how |= zset.IfLess
		case command.Is(arg, "ch"):
			countChanged = true
		case command.Is(arg, "incr"):
			*how |= zset.Increment
		default:
			return first, countChanged
		}
	}
	return first, countChanged
}

// refusal returns what is wrong with n members under some conditions, "" if nothing is.
func refusal(how zset.How, n int) string {
	has := func(h zset.How) bool { return how&h == h }
	switch {
	case has(zset.IfAbsent | zset.IfPresent):
		return "ERR XX and NX options at the same time are not compatible"
	case has(zset.IfAbsent | zset.IfGreater), has(zset.IfAbsent | zset.IfLess), has(zset.IfGreater | zset.IfLess):
		return "ERR GT, LT, and/or NX options at the same time are not compatible"
	case has(zset.Increment) && n > 1:
		return "ERR INCR option supports a single increment-element pair"
	}
	return ""
}

// addMembers is ZADD and ZINCRBY.
func addMembers(c *command.Ctx, how zset.How, event string) {
	first, countChanged := parseAdd(c, &how)
	rest := c.Args[first:]
	if len(rest) == 0 || len(rest)%2 != 0 {
		c.SyntaxError()
		return
	}
	if text := refusal(how, len(rest)/2); text != "" {
		c.Out.Error(text)
		return
	}
	var few [16]float64
	scores := few[:0]
	for i := 0; i < len(rest); i += 2 {
		score, ok := object.ParseDouble(rest[i])
		if !ok {
			c.Out.Error(command.ErrNotFloat)
			return
		}
		scores = append(scores, score)
	}
	key := c.Args[1]
	it := c.Write(key)
	if it.Exists() && !c.IsType(&it, object.ZSet) {
		return
	}
	if how&zset.Increment != 0 {
		event = "zincr"
	}
	lim := zset.Expect(&it, zset.LimitsOf(c.Env.Config), len(scores))
	added, updated := 0, 0
	var now float64
	var r zset.Result
	for i, score := range scores {
		switch now, r = zset.Put(&it, lim, rest[2*i+1], score, how); r {
		case zset.Added:
			added++
		case zset.Updated:
			updated++
		case zset.NotANumber:
			c.Out.Error("ERR resulting score is not a number (NaN)")
			return
		}
	}
	if n := added + updated; n > 0 {
		changed(c, key, event, n)
	}
	switch {
	case how&zset.Increment == 0 && countChanged:
		c.Out.Int(int64(added + updated))
	case how&zset.Increment == 0:
		c.Out.Int(int64(added))
	case r == zset.Refused:
		c.Out.Null()
	default:
		c.Out.Double(now)
	}
}

// cmdZRem answers ZREM key member [member ...].
func cmdZRem(c *command.Ctx) {
	key := c.Args[1]
	it := c.Write(key)
	if !it.Exists() {
		c.Out.Int(0)
		return
	}
	if !c.IsType(&it, object.ZSet) {
		return
	}
	n := 0
	for _, m := range c.Args[2:] {
		if !zset.Remove(&it, m) {
			continue
		}
		if n++; !it.Exists() {
			break
		}
	}
	if n > 0 {
		changed(c, key, "zrem", n)
		gone(c, &it)
	}
	c.Out.Int(int64(n))
}

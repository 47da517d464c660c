package zsets

import (
	"granary/internal/command"
	"granary/internal/object"
	"granary/internal/types/zset"
)

// look returns the sorted set at a key for a reading command, an empty one when there is no such key. It answers an error
// when something else is there.
func look(c *command.Ctx, key []byte) (v zset.Value, ok bool) {
	it := c.Read(key)
	if !it.Exists() {
		return v, true
	}
	if !c.IsType(&it, object.ZSet) {
		return v, false
	}
	return zset.Of(&it), true
}

// cmdZCard answers ZCARD key.
func cmdZCard(c *command.Ctx) {
	if v, ok := look(c, c.Args[1]); ok {
		c.Out.Int(int64(v.Len()))
	}
}

// cmdZScore answers ZSCORE key member.
func cmdZScore(c *command.Ctx) {
	if v, ok := look(c, c.Args[1]); ok {
		replyScore(c, &v, c.Args[2])
	}
}

func replyScore(c *command.Ctx, v *zset.Value, member []byte) {
	if score, ok := v.Score(member); ok {
		c.Out.Double(score)
	} else {
		c.Out.Null()
	}
}

// cmdZMScore answers ZMSCORE key member [member ...].
func cmdZMScore(c *command.Ctx) {
	v, ok := look(c, c.Args[1])
	if !ok {
		return
	}
	c.Out.Array(len(c.Args) - 2)
	for _, m := range c.Args[2:] {
		replyScore(c, &v, m)
	}
}

// cmdZRank answers ZRANK key member [WITHSCORE].
func cmdZRank(c *command.Ctx) { replyRank(c, false) }

// cmdZRevRank answers ZREVRANK key member [WITHSCORE].
func cmdZRevRank(c *command.Ctx) { replyRank(c, true) }

func replyRank(c *command.Ctx, reverse bool) {
	withScore := len(c.Args) == 4
	switch {
	case len(c.Args) > 4:
		c.WrongArity()
		return
	case withScore && !command.Is(c.Args[3], "withscore"):
		c.SyntaxError()
		return
	}
	v, ok := look(c, c.Args[1])
	if !ok {
		return
	}
	n := v.Len()
	rank, score, found := 0, 0.0, false
	if n > 0 {
		rank, score, found = v.Rank(c.Args[2])
	}
	if reverse {
		rank = n - 1 - rank
	}
	switch {
	case !found && withScore:
		c.Out.NullArray()
	case !found:
		c.Out.Null()
	case withScore:
		c.Out.Array(2)
		c.Out.Int(int64(rank))
		c.Out.Double(score)
	default:
		c.Out.Int(int64(rank))
	}
}

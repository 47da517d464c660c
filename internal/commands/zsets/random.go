package zsets

import (
	"granary/internal/command"
	"granary/internal/glob"
	"granary/internal/object"
	"granary/internal/resp"
	"granary/internal/types/zset"
)

// cmdZRandMember answers ZRANDMEMBER key [count [WITHSCORES]].
func cmdZRandMember(c *command.Ctx) {
	if len(c.Args) > 2 {
		randomMembers(c)
		return
	}
	v, ok := look(c, c.Args[1])
	if !ok {
		return
	}
	if v.Len() == 0 {
		c.Out.Null()
		return
	}
	var s zset.Scratch
	member, _ := v.Random(&s)
	c.Out.Bulk(member)
}

// randomMembers answers ZRANDMEMBER with a count: so many different members, or, if it is negative, so many picks.
func randomMembers(c *command.Ctx) {
	count, ok := c.Int(c.Args[2])
	withScores := len(c.Args) == 4
	switch {
	case !ok:
		return
	case count == -maxLong-1:
		c.Out.Error("ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807")
		return
	case len(c.Args) > 4 || withScores && !command.Is(c.Args[3], "withscores"):
		c.SyntaxError()
		return
	case withScores && (count < -(maxLong/2) || count > maxLong/2):
		c.Out.Error("ERR value is out of range")
		return
	}
	v, ok := look(c, c.Args[1])
	if !ok {
		return
	}
	n := v.Len()
	switch {
	case n == 0 || count == 0:
		c.Out.Array(0)
	case count < 0:
		pairs(c, int(-count), withScores)
		var s zset.Scratch
		for ; count < 0; count++ {
			member, score := v.Random(&s)
			pair(c, member, score, withScores)
		}
	default:
		n = int(min(count, int64(n)))
		pairs(c, n, withScores)
		v.Sample(n, func(member []byte, score float64) { pair(c, member, score, withScores) })
	}
}

// cmdZScan answers ZSCAN key cursor [MATCH pattern] [COUNT count] [NOSCORES].
func cmdZScan(c *command.Ctx) {
	cursor, ok := c.ScanCursor(c.Args[2])
	if !ok {
		return
	}
	it := c.Read(c.Args[1])
	if it.Exists() && !c.IsType(&it, object.ZSet) {
		return
	}
	if !it.Exists() {
		c.ScanReply(0, 0)
		return
	}
	opt, ok := c.ScanOptions(c.Args[3:])
	if !ok {
		return
	}
	v := zset.Of(&it)
	// The cursor comes first, and is known last: members are noted meanwhile.
	type found struct {
		member []byte
		score  float64
	}
	var all []found
	met := int64(0)
	emit := func(member []byte, score float64) {
		if met++; opt.Pattern == nil || glob.Match(opt.Pattern, member, false) {
			if v.IsFlat() {
				member = append([]byte(nil), member...)
			}
			all = append(all, found{member, score})
		}
	}
	for steps := opt.ScanSteps(); steps > 0; steps-- {
		if cursor = v.Scan(cursor, emit); cursor == 0 || met >= opt.Count {
			break
		}
	}
	if opt.NoScores {
		c.ScanReply(cursor, len(all))
		for _, f := range all {
			c.Out.Bulk(f.member)
		}
		return
	}
	c.ScanReply(cursor, 2*len(all))
	var text [32]byte
	for _, f := range all {
		c.Out.Bulk(f.member)
		if n, ok := zset.Integer(f.score); ok && v.IsFlat() {
			c.Out.BulkInt(n) // as the listpack has it
			continue
		}
		c.Out.Bulk(resp.AppendDouble(text[:0], f.score))
	}
}

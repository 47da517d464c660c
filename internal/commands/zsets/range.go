package zsets

import (
	"granary/internal/command"
	"granary/internal/object"
	"granary/internal/types/zset"
)

// cmdZRange answers ZRANGE key start stop [BYSCORE | BYLEX] [REV] [LIMIT offset count] [WITHSCORES].
func cmdZRange(c *command.Ctx) { list(c, query{}) }

// cmdZRevRange answers ZREVRANGE key start stop [WITHSCORES].
func cmdZRevRange(c *command.Ctx) { list(c, query{kind: byRank, direction: backward}) }

// cmdZRangeByScore answers ZRANGEBYSCORE key min max [WITHSCORES] [LIMIT offset count].
func cmdZRangeByScore(c *command.Ctx) { list(c, query{kind: byScore, direction: forward}) }

// cmdZRevRangeByScore answers ZREVRANGEBYSCORE key max min [WITHSCORES] [LIMIT offset count].
func cmdZRevRangeByScore(c *command.Ctx) { list(c, query{kind: byScore, direction: backward}) }

// cmdZRangeByLex answers ZRANGEBYLEX key min max [LIMIT offset count].
func cmdZRangeByLex(c *command.Ctx) { list(c, query{kind: byLex, direction: forward}) }

// cmdZRevRangeByLex answers ZREVRANGEBYLEX key max min [LIMIT offset count].
func cmdZRevRangeByLex(c *command.Ctx) { list(c, query{kind: byLex, direction: backward}) }

// list answers what a query selects.
func list(c *command.Ctx, q query) {
	if !q.parse(c, 2, false) {
		return
	}
	v, ok := look(c, c.Args[1])
	if !ok {
		return
	}
	lo, hi := q.span(&v)
	pairs(c, hi-lo, q.withScores)
	var s zset.Scratch
	w := q.walk(&v, lo, hi)
	for ; w.left > 0; w.next() {
		if q.withScores {
			pair(c, w.Member(&s), w.Score(), true)
		} else {
			c.Out.Bulk(w.Member(&s))
		}
	}
}

// cmdZRangeStore answers ZRANGESTORE dst src min max [BYSCORE | BYLEX] [REV] [LIMIT offset count].
func cmdZRangeStore(c *command.Ctx) {
	var q query
	if !q.parse(c, 3, true) {
		return
	}
	v, ok := look(c, c.Args[2])
	if !ok {
		return
	}
	d := zset.NewDraft(c.Keys().Arena)
	defer d.Free()
	lo, hi := q.span(&v)
	var s zset.Scratch
	w := q.walk(&v, lo, hi)
	// A range whose length is not known in advance begins as a listpack in Redis, where -0 becomes 0.
	lim := zset.LimitsOf(c.Env.Config)
	small := q.kind != byRank
	for ; w.left > 0; w.next() {
		member, score := w.Member(&s), w.Score()
		if small = small && d.Len() < lim.Entries && len(member) <= lim.Value; small {
			score += 0
		}
		d.Add(d.Find(member), member, score)
	}
	store(c, c.Args[1], &d, "zrangestore")
}

// cmdZCount answers ZCOUNT key min max.
func cmdZCount(c *command.Ctx) { count(c, query{kind: byScore}) }

// cmdZLexCount answers ZLEXCOUNT key min max.
func cmdZLexCount(c *command.Ctx) { count(c, query{kind: byLex}) }

func count(c *command.Ctx, q query) {
	q.limit = -1
	if !q.ends(c, c.Args[2], c.Args[3]) {
		return
	}
	if v, ok := look(c, c.Args[1]); ok {
		lo, hi := q.span(&v)
		c.Out.Int(int64(hi - lo))
	}
}

// cmdZRemRangeByRank answers ZREMRANGEBYRANK key start stop.
func cmdZRemRangeByRank(c *command.Ctx) { removeRange(c, query{kind: byRank}, "zremrangebyrank") }

// cmdZRemRangeByScore answers ZREMRANGEBYSCORE key min max.
func cmdZRemRangeByScore(c *command.Ctx) { removeRange(c, query{kind: byScore}, "zremrangebyscore") }

// cmdZRemRangeByLex answers ZREMRANGEBYLEX key min max.
func cmdZRemRangeByLex(c *command.Ctx) { removeRange(c, query{kind: byLex}, "zremrangebylex") }

func removeRange(c *command.Ctx, q query, event string) {
	q.limit = -1
	if !q.ends(c, c.Args[2], c.Args[3]) {
		return
	}
	key := c.Args[1]
	it := c.Write(key)
	if !it.Exists() {
		c.Out.Int(0)
		return
	}
	if !c.IsType(&it, object.ZSet) {
		return
	}
	v := zset.Of(&it)
	lo, hi := q.span(&v)
	if n := hi - lo; n > 0 {
		zset.RemoveRange(&it, lo, n)
		changed(c, key, event, n)
		gone(c, &it)
	}
	c.Out.Int(int64(hi - lo))
}

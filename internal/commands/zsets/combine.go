package zsets

import (
	"math"
	"slices"

	"granary/internal/command"
	"granary/internal/object"
	"granary/internal/types/zset"
)

// operation is how sorted sets are combined.
type operation uint8

const (
	union operation = iota
	inter
	diff
	interCard // only the number of members
)

// aggregate is how the scores of a member in several sets become one.
type aggregate uint8

const (
	sum aggregate = iota
	least
	greatest
)

// join adds score to what a member has. No sum is NaN: infinities of both signs cancel out.
func (a aggregate) join(has, score float64) float64 {
	switch a {
	case sum:
		if has += score; has != has {
			return 0
		}
		return has
	case least:
		if score < has {
			return score
		}
	case greatest:
		if score > has {
			return score
		}
	}
	return has
}

// combination is a parsed ZUNION, ZINTER, ZDIFF, ZINTERCARD or one that stores.
type combination struct {
	op         operation
	storing    bool
	sources    []source
	aggregate  aggregate
	withScores bool
	limit      int64 // ZINTERCARD, 0: none
}

// cmdZUnion answers ZUNION numkeys key [key ...] [WEIGHTS weight ...] [AGGREGATE SUM | MIN | MAX] [WITHSCORES].
func cmdZUnion(c *command.Ctx) { combine(c, union, "") }

// cmdZInter answers ZINTER numkeys key [key ...] [WEIGHTS weight ...] [AGGREGATE SUM | MIN | MAX] [WITHSCORES].
func cmdZInter(c *command.Ctx) { combine(c, inter, "") }

// cmdZDiff answers ZDIFF numkeys key [key ...] [WITHSCORES].
func cmdZDiff(c *command.Ctx) { combine(c, diff, "") }

// cmdZUnionStore answers ZUNIONSTORE destination numkeys key [key ...] [WEIGHTS weight ...] [AGGREGATE SUM | MIN | MAX].
func cmdZUnionStore(c *command.Ctx) { combine(c, union, "zunionstore") }

// cmdZInterStore answers ZINTERSTORE destination numkeys key [key ...] [WEIGHTS weight ...] [AGGREGATE SUM | MIN | MAX].
func cmdZInterStore(c *command.Ctx) { combine(c, inter, "zinterstore") }

// cmdZDiffStore answers ZDIFFSTORE destination numkeys key [key ...].
func cmdZDiffStore(c *command.Ctx) { combine(c, diff, "zdiffstore") }

// cmdZInterCard answers ZINTERCARD numkeys key [key ...] [LIMIT limit].
func cmdZInterCard(c *command.Ctx) { combine(c, interCard, "") }

// combine is all of them; event is that of a command that stores at Args[1].
func combine(c *command.Ctx, op operation, event string) {
	q := combination{op: op, storing: event != ""}
	first := 1
	if q.storing {
		first = 2
	}
	if !q.parse(c, first) {
		return
	}
	if op != diff {
		// The smallest first. The order of equal ones matters to sums.
		slices.SortStableFunc(q.sources, func(a, b source) int { return a.n - b.n })
	}
	if op == interCard {
		c.Out.Int(q.count())
		return
	}
	d := zset.NewDraft(c.Keys().Arena)
	defer d.Free()
	switch op {
	case union:
		q.union(&d)
	case inter:
		q.eachCommon(func(member []byte, score float64) bool {
			d.Add(d.Find(member), member, score)
			return true
		})
	default:
		q.diff(&d)
	}
	if q.storing {
		store(c, c.Args[1], &d, event)
		return
	}
	n := d.Len()
	pairs(c, n, q.withScores)
	if n > 0 {
		v := d.Finish()
		var s zset.Scratch
		at := v.At(0)
		for ; at.Valid(); at.Next() {
			pair(c, at.Member(&s), at.Score(), q.withScores)
		}
	}
}

// parse reads the arguments from the number of keys on, and looks the keys up. It answers an error when something makes
// no sense.
func (q *combination) parse(c *command.Ctx, first int) bool {
	n, ok := c.Int(c.Args[first])
	if !ok {
		return false
	}
	if n < 1 {
		c.Out.Error("ERR at least 1 input key is needed for '" + c.Spec.Full + "' command")
		return false
	}
	rest := c.Args[first+1:]
	if n > int64(len(rest)) {
		c.SyntaxError()
		return false
	}
	q.sources = make([]source, n)
	for i := range q.sources {
		if !q.sources[i].open(c, rest[i]) {
			return false
		}
	}
	for rest = rest[n:]; len(rest) > 0; {
		used := q.option(c, rest)
		if used == 0 {
			return false
		}
		rest = rest[used:]
	}
	return true
}

// option reads one option and returns how many arguments it took, 0 after an error that was answered.
func (q *combination) option(c *command.Ctx, args [][]byte) int {
	weighs := q.op == union || q.op == inter
	switch {
	case weighs && len(args) > len(q.sources) && command.Is(args[0], "weights"):
		for i := range q.sources {
			w, ok := object.ParseDouble(args[1+i])
			if !ok {
				c.Out.Error("ERR weight value is not a float")
				return 0
			}
			q.sources[i].weight = w
		}
		return 1 + len(q.sources)
	case weighs && len(args) > 1 && command.Is(args[0], "aggregate"):
		switch {
		case command.Is(args[1], "sum"):
			q.aggregate = sum
		case command.Is(args[1], "min"):
			q.aggregate = least
		case command.Is(args[1], "max"):
			q.aggregate = greatest
		default:
			c.SyntaxError()
			return 0
		}
		return 2
	case !q.storing && q.op != interCard && command.Is(args[0], "withscores"):
		q.withScores = true
		return 1
	case q.op == interCard && len(args) > 1 && command.Is(args[0], "limit"):
		var ok bool
		if q.limit, ok = intIn(c, args[1], 0, "ERR LIMIT can't be negative"); !ok {
			return 0
		}
		return 2
	}
	c.SyntaxError()
	return 0
}

// weighed multiplies a score by the weight of its set. 0 times an infinity is 0 for the first set of a member.
func (s *source) weighed(score float64) float64 {
	if score *= s.weight; math.IsNaN(score) {
		return 0
	}
	return score
}

// union puts the members of all sources into d.
func (q *combination) union(d *zset.Draft) {
	for i := range q.sources {
		s := &q.sources[i]
		s.each(func(member []byte, score float64) bool {
			score = s.weighed(score)
			if p := d.Find(member); p.Entry == 0 {
				d.Add(p, member, score)
			} else {
				d.SetScore(p, q.aggregate.join(d.Score(p), score))
			}
			return true
		})
	}
}

// eachCommon gives fn the members that all sources have, until it returns false.
func (q *combination) eachCommon(fn func(member []byte, score float64) bool) {
	first, others := &q.sources[0], q.sources[1:]
	first.each(func(member []byte, score float64) bool {
		total := first.weighed(score)
		for i := range others {
			s := &others[i]
			has, ok := score, true
			if s.entry != first.entry {
				if has, ok = s.find(member); !ok {
					return true
				}
			}
			total = q.aggregate.join(total, has*s.weight)
		}
		return fn(member, total)
	})
}

// count returns how many members all sources have, up to the limit.
func (q *combination) count() (n int64) {
	q.eachCommon(func([]byte, float64) bool {
		n++
		return n != q.limit
	})
	return n
}

// diff puts the members of the first source that no other has into d.
func (q *combination) diff(d *zset.Draft) {
	first, others := &q.sources[0], q.sources[1:]
	first.each(func(member []byte, score float64) bool {
		for i := range others {
			if others[i].entry == first.entry {
				return false
			}
			if _, ok := others[i].find(member); ok {
				return true
			}
		}
		d.Add(d.Find(member), member, score)
		return true
	})
}

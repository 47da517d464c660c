package zsets

import (
	"granary/internal/command"
	"granary/internal/types/zset"
)

// kind is what a range is of.
type kind uint8

const (
	anyKind kind = iota // ZRANGE: the options say it
	byRank
	byScore
	byLex
)

// direction is in which order a range is listed.
type direction uint8

const (
	anyDirection direction = iota // ZRANGE: the options say it
	forward
	backward
)

// query is a range of a sorted set as a command gives it.
type query struct {
	kind       kind
	direction  direction
	withScores bool

	start, stop   int64 // byRank, negative: from the end
	scores        zset.ScoreRange
	lex           zset.LexRange
	offset, limit int64 // of what lies in the range; limit below 0: all
}

const (
	errScoreRange = "ERR min or max is not a float"
	errLexRange   = "ERR min or max not valid string range item"
)

// parseQuery reads the ends of a range, the first of which is argument first, and the options behind them. What the kind and
// the direction of q leave open, options may say. It answers an error when the query makes no sense.
func (q *query) parse(c *command.Ctx, first int, storing bool) bool {
	q.limit = -1
	for i := first + 2; i < len(c.Args); i++ {
		left := len(c.Args) - i - 1
		switch arg := c.Args[i]; {
		case !storing && command.Is(arg, "withscores"):
			q.withScores = true
		case left >= 2 && command.Is(arg, "limit"):
			var ok bool
			if q.offset, ok = c.Int(c.Args[i+1]); !ok {
				return false
			}
			if q.limit, ok = c.Int(c.Args[i+2]); !ok {
				return false
			}
			i += 2
		case q.direction == anyDirection && command.Is(arg, "rev"):
			q.direction = backward
		case q.kind == anyKind && command.Is(arg, "bylex"):
			q.kind = byLex
		case q.kind == anyKind && command.Is(arg, "byscore"):
			q.kind = byScore
		default:
			c.SyntaxError()
			return false
		}
	}
	if q.kind == anyKind {
		q.kind = byRank
	}
	switch {
	case q.limit != -1 && q.kind == byRank:
		c.Out.Error("ERR syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX")
		return false
	case q.withScores && q.kind == byLex:
		c.Out.Error("ERR syntax error, WITHSCORES not supported in combination with BYLEX")
		return false
	}
	lo, hi := c.Args[first], c.Args[first+1]
	if q.direction == backward && q.kind != byRank {
		lo, hi = hi, lo
	}
	return q.ends(c, lo, hi)
}

// ends reads the ends of the range and answers an error when they make no sense.
func (q *query) ends(c *command.Ctx, lo, hi []byte) (ok bool) {
	switch q.kind {
	case byScore:
		if q.scores, ok = zset.ParseScores(lo, hi); !ok {
			c.Out.Error(errScoreRange)
		}
	case byLex:
		if q.lex, ok = zset.ParseLex(lo, hi); !ok {
			c.Out.Error(errLexRange)
		}
	default:
		if q.start, ok = c.Int(lo); ok {
			q.stop, ok = c.Int(hi)
		}
	}
	return ok
}

// span returns the range of ranks [lo, hi) that the query selects.
func (q *query) span(v *zset.Value) (lo, hi int) {
	reverse := q.direction == backward
	n := v.Len()
	switch {
	case n == 0:
		return 0, 0
	case q.kind == byRank:
		return ranks(q.start, q.stop, n, reverse)
	case q.kind == byScore:
		lo, hi = v.SpanScores(&q.scores)
	default:
		lo, hi = v.SpanLex(&q.lex, reverse)
	}
	if q.offset < 0 || q.offset >= int64(hi-lo) {
		return 0, 0
	}
	if reverse {
		hi -= int(q.offset)
	} else {
		lo += int(q.offset)
	}
	if q.limit >= 0 && q.limit < int64(hi-lo) {
		if reverse {
			lo = hi - int(q.limit)
		} else {
			hi = lo + int(q.limit)
		}
	}
	return lo, hi
}

// ranks turns positions from start to stop, of which negative ones count from the end, into a range of ranks of n.
func ranks(start, stop int64, n int, reverse bool) (lo, hi int) {
	all := int64(n)
	if start < 0 {
		start = max(start+all, 0)
	}
	if stop < 0 {
		stop += all
	}
	if start > stop || start >= all {
		return 0, 0
	}
	stop = min(stop, all-1)
	if reverse {
		return int(all - 1 - stop), int(all - start)
	}
	return int(start), int(stop) + 1
}

// walk goes through the members of a range of ranks, in the order of a query.
//
//	w := q.walk(&v, lo, hi)
//	for ; w.left > 0; w.next() {
//		use(w.Member(&s), w.Score())
//	}
type walk struct {
	zset.Cursor
	left     int
	backward bool
}

// walk begins at the first of the members of ranks [lo, hi).
func (q *query) walk(v *zset.Value, lo, hi int) (w walk) {
	w.left = hi - lo
	w.backward = q.direction == backward
	switch {
	case w.left <= 0:
	case w.backward:
		w.Cursor = v.At(hi - 1)
	default:
		w.Cursor = v.At(lo)
	}
	return w
}

func (w *walk) next() {
	w.left--
	if w.backward {
		w.Prev()
	} else {
		w.Next()
	}
}

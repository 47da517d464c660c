package zset

import (
	"bytes"

	"granary/internal/object"
)

// A range is turned into ranks first: everything that commands do with ranges is then arithmetic. Both ends are looked up
// in O(log n) in the large form.

// ScoreRange is a range of scores.
type ScoreRange struct {
	Min, Max     float64
	MinEx, MaxEx bool // the end itself does not belong to the range
}

// ParseScores reads the ends of a range of scores, each of which may begin with "(".
func ParseScores(lo, hi []byte) (r ScoreRange, ok bool) {
	if r.Min, r.MinEx, ok = parseBound(lo); ok {
		r.Max, r.MaxEx, ok = parseBound(hi)
	}
	return r, ok
}

// parseBound reads a number as strtod does: blanks may stand before it, nothing is 0, and what is too large is infinite.
func parseBound(b []byte) (v float64, ex, ok bool) {
	if len(b) > 0 && b[0] == '(' {
		ex = true
		b = b[1:]
	}
	if len(b) == 0 {
		return 0, ex, true
	}
	v, n, _ := object.Strtod(b)
	// The text ends at a zero byte.
	return v, ex, v == v && (n == len(b) || b[n] == 0)
}

func (r *ScoreRange) empty() bool { return r.Min > r.Max || r.Min == r.Max && (r.MinEx || r.MaxEx) }

// SpanScores returns the range of ranks [lo, hi) of the members whose scores lie in r.
func (v *Value) SpanScores(r *ScoreRange) (lo, hi int) {
	switch {
	case r.empty():
		return 0, 0
	case v.flat == nil:
		lo = v.large.CountBelow(r.Min, r.MinEx)
		return lo, max(lo, v.large.CountBelow(r.Max, !r.MaxEx))
	}
	c := v.At(0)
	for ; c.Valid(); c.Next() {
		s := c.Score()
		if s > r.Max || r.MaxEx && s == r.Max {
			break
		}
		hi++
		if s < r.Min || r.MinEx && s == r.Min {
			lo++
		}
	}
	return lo, hi
}

// lexEnd is an end of a range of members: below all, above all, or at a text.
type lexEnd struct {
	text     []byte
	infinite int // -1 below all, 1 above all
	ex       bool
}

// LexRange is a range in the order of members. It borrows from the texts it was parsed from.
type LexRange struct{ min, max lexEnd }

// ParseLex reads the ends of a range of members: "[text", "(text", "-" or "+".
func ParseLex(lo, hi []byte) (r LexRange, ok bool) {
	if r.min, ok = parseLexEnd(lo); ok {
		r.max, ok = parseLexEnd(hi)
	}
	return r, ok
}

func parseLexEnd(b []byte) (e lexEnd, ok bool) {
	if len(b) == 0 {
		return e, false
	}
	alone := len(b) == 1 || b[1] == 0
	switch b[0] {
	case '[':
		return lexEnd{text: b[1:]}, true
	case '(':
		return lexEnd{text: b[1:], ex: true}, true
	case '-':
		return lexEnd{infinite: -1, ex: true}, alone
	case '+':
		return lexEnd{infinite: 1, ex: true}, alone
	}
	return e, false
}

func (r *LexRange) empty() bool {
	c := r.min.infinite - r.max.infinite
	if c == 0 && r.min.infinite == 0 {
		c = bytes.Compare(r.min.text, r.max.text)
	}
	return c > 0 || c == 0 && (r.min.ex || r.max.ex)
}

// aboveMin and belowMax report on which side of an end a member lies.
func (r *LexRange) aboveMin(m []byte) bool {
	if r.min.infinite != 0 {
		return r.min.infinite < 0
	}
	c := bytes.Compare(m, r.min.text)
	return c > 0 || c == 0 && !r.min.ex
}

func (r *LexRange) belowMax(m []byte) bool {
	if r.max.infinite != 0 {
		return r.max.infinite > 0
	}
	c := bytes.Compare(m, r.max.text)
	return c < 0 || c == 0 && !r.max.ex
}

// SpanLex returns the range of ranks [lo, hi) of the members that lie in r. It is meant for sets in which all scores are
// equal. In others members are not in order, and what is found is what a walk finds that begins at the first member from
// the low end that is not below the range, or, with reverse, at the first from the high end that is not above it.
func (v *Value) SpanLex(r *LexRange, reverse bool) (lo, hi int) {
	n := v.Len()
	if r.empty() || n == 0 {
		return 0, 0
	}
	var s Scratch
	first, last := v.At(0), v.At(n-1)
	if !r.belowMax(first.Member(&s)) || !r.aboveMin(last.Member(&s)) {
		return 0, 0
	}
	if v.flat == nil {
		return v.spanLexLarge(r, n)
	}
	if reverse {
		hi = n
		for ; last.Valid() && !r.belowMax(last.Member(&s)); last.Prev() {
			hi--
		}
		for lo = hi; last.Valid() && r.aboveMin(last.Member(&s)); last.Prev() {
			lo--
		}
		return lo, hi
	}
	for ; first.Valid() && !r.aboveMin(first.Member(&s)); first.Next() {
		lo++
	}
	for hi = lo; first.Valid() && r.belowMax(first.Member(&s)); first.Next() {
		hi++
	}
	return lo, hi
}

func (v *Value) spanLexLarge(r *LexRange, n int) (lo, hi int) {
	switch r.min.infinite {
	case 0:
		lo = v.large.RankOfMember(r.min.text, r.min.ex)
	case 1:
		lo = n
	}
	switch r.max.infinite {
	case 0:
		hi = v.large.RankOfMember(r.max.text, !r.max.ex)
	case 1:
		hi = n
	}
	return lo, max(lo, hi)
}

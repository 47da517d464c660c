package zset

import (
	"bytes"
	"math"

	"granary/internal/encoding/listpack"
	"granary/internal/object"
	"granary/internal/resp"
)

// find returns the position of a member in a listpack of pairs, or 0.
func find(lp listpack.Listpack, member []byte) int {
	return lp.Find(lp.First(), listpack.Of(member), 1)
}

// scoreAfter returns the score of the member at p.
func scoreAfter(lp listpack.Listpack, p int) float64 { return scoreAt(lp, p+lp.EntrySize(p)) }

func scoreAt(lp listpack.Listpack, p int) float64 {
	e := lp.Get(p)
	if e.IsInt() { // Fast path.
		return float64(e.Int())
	}
	v, _, _ := object.Strtod(e.Str())
	return v
}

// scoreText is room for the text of any score.
type scoreText = [32]byte

// Integer returns a score as the integer that it is, and that a listpack stores it as. -0 is stored as 0.
func Integer(score float64) (n int64, ok bool) {
	const most = math.MaxInt64 / 2
	if score < -most || score > most {
		return 0, false
	}
	n = int64(score)
	return n, float64(n) == score
}

// scoreElem returns the element that stores a score; it borrows from buf.
func scoreElem(score float64, buf *scoreText) listpack.Elem {
	if n, ok := Integer(score); ok {
		return listpack.Int(n)
	}
	return listpack.Of(resp.AppendDouble(buf[:0], score))
}

// compareAt compares the member at p with another.
func compareAt(lp listpack.Listpack, p int, member []byte) int {
	var s Scratch
	e := lp.Get(p)
	return bytes.Compare(e.Text(&s), member)
}

// placeOf returns the position before which a member with a score belongs.
func placeOf(lp listpack.Listpack, member []byte, score float64) int {
	// Fast path: behind all others.
	if last := lp.Last(); last == 0 || scoreAt(lp, last) < score {
		return lp.End()
	}
	for p := lp.First(); p != 0; p = lp.Skip(p, 2) {
		if s := scoreAfter(lp, p); s > score || s == score && compareAt(lp, p, member) > 0 {
			return p
		}
	}
	return lp.End()
}

// insertPair puts a pair where it belongs, for which there is room.
func insertPair(lp listpack.Listpack, member []byte, score float64, scored listpack.Elem) listpack.Listpack {
	return lp.BatchInsert(placeOf(lp, member, score), listpack.Of(member), scored)
}

// ReadScore returns the score at p of a listpack from outside; ok is false if it is no number.
func ReadScore(lp listpack.Listpack, p int) (score float64, ok bool) {
	e := lp.Get(p)
	if e.IsInt() {
		return float64(e.Int()), true
	}
	return object.ParseDouble(e.Str())
}

// Ordered reports whether a listpack from outside holds members and scores in the order that they are kept in.
func Ordered(lp listpack.Listpack) bool {
	var digits [2]Scratch
	var was []byte
	low, begun := math.Inf(-1), false
	for p, i := lp.First(), 0; p != 0; p, i = lp.Skip(p, 2), 1-i {
		score, ok := ReadScore(lp, lp.Next(p))
		member := lp.Get(p).Text(&digits[i])
		if !ok || score < low || score == low && begun && bytes.Compare(was, member) >= 0 {
			return false
		}
		low, was, begun = score, member, true
	}
	return true
}

package zset

import (
	"math"

	"granary/internal/encoding/listpack"
	"granary/internal/keyspace"
	"granary/internal/object"
)

const (
	// compactEntries and compactBytes bound what is put back into a listpack in one go: some 100 us.
	compactEntries = 1024
	compactBytes   = 32 << 10
)

// Compact looks whether a sorted set of the large form could be a listpack again, and with act makes it one. It returns the
// usable bytes that are or would be gained, and whether it did it. The set has to have become half as long as it may be, or
// it would go to and fro. Nobody sees a difference but by OBJECT ENCODING: a score of -0, which a listpack cannot hold, keeps
// the set as it is.
//
// It may panic with mem.ErrOutOfMemory; nothing has changed then.
func Compact(it *keyspace.Item, lim Limits, act bool) (gain int64, done bool) {
	if it.Entry.Encoding() == object.Listpack {
		return 0, false
	}
	v := Of(it)
	size, ok := FlatSize(&v, min(lim.Entries/2, compactEntries), lim.Value)
	if !ok || size > compactBytes || v.large.HasRemoved() {
		return 0, false
	}
	now, _ := it.Entry.Bytes()
	if gain = now - it.Entry.BytesWithFlat(size); gain <= 0 || !act {
		return max(gain, 0), false
	}
	var text scoreText
	var digits Scratch
	lp := listpack.New(make([]byte, 0, size))
	c := v.At(0)
	for ; c.Valid(); c.Next() {
		lp = lp.BatchInsert(lp.End(), listpack.Of(c.Member(&digits)), scoreElem(c.Score(), &text))
	}
	it.ReplaceFlat(object.Listpack, lp)
	return gain, true
}

// FlatSize returns the bytes of the listpack that a sorted set would be. ok is false if there are more than most members, one
// of more than longest bytes, or a score that a listpack cannot hold.
func FlatSize(v *Value, most, longest int) (size int, ok bool) {
	if v.Len() > most {
		return 0, false
	}
	size = listpack.EmptySize
	var text scoreText
	var digits Scratch
	c := v.At(0)
	for ; c.Valid(); c.Next() {
		m, score := c.Member(&digits), c.Score()
		if len(m) > longest || score == 0 && math.Signbit(score) {
			return 0, false
		}
		scored := scoreElem(score, &text)
		size += listpack.EncodedSize(m) + scored.Size()
	}
	return size, true
}

// PairSize returns the bytes that a member and its score take in a listpack.
func PairSize(member []byte, score float64) int {
	var text scoreText
	scored := scoreElem(score, &text)
	return listpack.EncodedSize(member) + scored.Size()
}

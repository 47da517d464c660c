// Package zset is what a sorted set is over all of its forms: reading it by member, rank, score and order of bytes, changing
// it, and changing its form. Commands work on sorted sets through this package and never look at an encoding themselves.
//
//	zset.go    reading: a Value, and a Cursor in it
//	ranges.go  ranges by score and by the order of members
//	change.go  adding, rescoring and removing members of a key; the change of form
//	flat.go    the small form
//	draft.go   a sorted set in the making: what ZUNIONSTORE and its like store
//	pick.go    random members
//
// The small form is a listpack ("listpack") of pairs, in order; the large one is package encoding/zset ("skiplist"). A set
// gets the large form when it outgrows Limits, and keeps it.
//
//	| member | score | member | score | ...
//
// A score in a listpack is an integer where it is one, and otherwise the shortest text that reads back as it. Order is by
// score and, where scores are equal, by the bytes of the members. Nothing here is NaN.
package zset

import (
	"granary/internal/config"
	"granary/internal/encoding/listpack"
	large "granary/internal/encoding/zset"
	"granary/internal/keyspace"
	"granary/internal/mem"
	"granary/internal/object"
)

// Limits say how large a sorted set in a listpack may be (zset-max-listpack-entries, zset-max-listpack-value).
type Limits struct {
	Entries int // members
	Value   int // bytes of a member
}

// LimitsOf returns the limits of a configuration.
func LimitsOf(c *config.Config) Limits {
	return Limits{Entries: int(c.ZSetMaxListpackEntries), Value: int(c.ZSetMaxListpackValue)}
}

// Scratch is room for the digits of a member that a listpack holds as an integer.
type Scratch = listpack.Scratch

// Value is a sorted set for reading, valid until it is changed. The zero Value is an empty one.
type Value struct {
	flat  listpack.Listpack // nil: the large form, or empty
	large large.Set
}

// Of returns the value of a key that exists and is a sorted set.
func Of(it *keyspace.Item) Value { return OfEntry(it.DB().Keyspace().Arena, it.Entry) }

// OfEntry returns the value of an entry.
func OfEntry(a *mem.Arena, e object.Entry) Value {
	if e.Encoding() == object.Listpack {
		return Value{flat: listpack.Open(e.Flat())}
	}
	return Value{large: large.Open(a, e.Root())}
}

// Len returns the number of members.
func (v *Value) Len() int {
	if v.flat != nil {
		return v.flat.Len() / 2
	}
	if v.large.Root() == 0 {
		return 0
	}
	return v.large.Len()
}

// Score returns the score of a member, and whether there is such a member.
func (v *Value) Score(member []byte) (float64, bool) {
	if v.flat != nil {
		p := find(v.flat, member)
		if p == 0 {
			return 0, false
		}
		return scoreAfter(v.flat, p), true
	}
	if v.large.Root() == 0 {
		return 0, false
	}
	p := v.large.Find(member)
	if p.Entry == 0 {
		return 0, false
	}
	return large.Score(p.Entry), true
}

// Rank returns the number of members before a member, and its score.
func (v *Value) Rank(member []byte) (rank int, score float64, ok bool) {
	if v.flat != nil {
		want := listpack.Of(member)
		for p := v.flat.First(); p != 0; p = v.flat.Skip(p, 2) {
			if v.flat.EqualAt(p, want) {
				return rank, scoreAfter(v.flat, p), true
			}
			rank++
		}
		return 0, 0, false
	}
	p := v.large.Find(member)
	if p.Entry == 0 {
		return 0, 0, false
	}
	return v.large.Rank(p.Entry), large.Score(p.Entry), true
}

// Cursor is a place in the order of a Value: at a member, or outside.
type Cursor struct {
	flat  listpack.Listpack // nil: the large form
	p     int               // of the member, 0: outside
	large large.Iter
}

// At returns the place of the member with a rank, outside if there is none.
func (v *Value) At(rank int) (c Cursor) {
	if v.flat != nil {
		c.flat = v.flat
		if rank >= 0 {
			c.p = v.flat.Seek(2 * rank)
		}
		return c
	}
	c.large = v.large.AtRank(rank)
	return c
}

// SeekScore returns the place of the first member whose score is at least score.
func (v *Value) SeekScore(score float64) (c Cursor) {
	if v.flat == nil {
		c.large = v.large.SeekScore(score)
		return c
	}
	c = v.At(0)
	for c.Valid() && c.Score() < score {
		c.Next()
	}
	return c
}

// Valid reports whether the place is at a member.
func (c *Cursor) Valid() bool {
	if c.flat != nil {
		return c.p != 0
	}
	return c.large.Valid()
}

// Next moves to the next member. REQUIRES: Valid.
func (c *Cursor) Next() {
	if c.flat != nil {
		c.p = c.flat.Skip(c.p, 2)
		return
	}
	c.large.Next()
}

// Prev moves to the member before. REQUIRES: Valid.
func (c *Cursor) Prev() {
	if c.flat != nil {
		if c.p = c.flat.Prev(c.p); c.p != 0 {
			c.p = c.flat.Prev(c.p)
		}
		return
	}
	c.large.Prev()
}

// Member returns the member: a view of the value, or the digits of an integer in s.
func (c *Cursor) Member(s *Scratch) []byte {
	if c.flat != nil {
		e := c.flat.Get(c.p)
		return e.Text(s)
	}
	return large.Member(c.large.Entry())
}

// Score returns the score.
func (c *Cursor) Score() float64 {
	if c.flat != nil {
		return scoreAfter(c.flat, c.p)
	}
	return large.Score(c.large.Entry())
}

// Scan gives emit some members and returns the cursor to go on from, 0 at the end. Members that are there from the first
// call to the last are emitted at least once. A small set is emitted as a whole. The member is valid during the call.
func (v *Value) Scan(cursor uint64, emit func(member []byte, score float64)) uint64 {
	if v.flat == nil {
		return v.large.Scan(cursor, func(e mem.Ref) { emit(large.Member(e), large.Score(e)) })
	}
	var s Scratch
	c := v.At(0)
	for ; c.Valid(); c.Next() {
		emit(c.Member(&s), c.Score())
	}
	return 0
}

// IsFlat reports whether the value has the small form.
func (v *Value) IsFlat() bool { return v.flat != nil }

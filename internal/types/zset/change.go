package zset

import (
	"math"

	"granary/internal/encoding/listpack"
	large "granary/internal/encoding/zset"
	"granary/internal/keyspace"
	"granary/internal/mem"
	"granary/internal/object"
)

// How says under which conditions Put changes what (the options of ZADD).
type How uint8

// The conditions.
const (
	IfAbsent  How = 1 << iota // NX
	IfPresent                 // XX
	IfGreater                 // GT: an existing member only gets a greater score
	IfLess                    // LT
	Increment                 // INCR: the score is added to that of an existing member
)

// Result says what Put did.
type Result uint8

// The results.
const (
	Refused    Result = iota // a condition was not met
	Kept                     // the member has that score already
	Added                    // the member is new
	Updated                  // the member has another score now
	NotANumber               // the sum of the scores is none; nothing changed
)

// Put gives a member a score, and returns the score it has then, but for the sign of a zero that is kept: -0 and 0 are the same score, so a
// member that has -0 keeps it when 0 is added, and 0 is returned, as Redis does. A key that does not exist comes into being.
// REQUIRES: the key is absent or a sorted set, looked up to be changed; score is not NaN.
func Put(it *keyspace.Item, lim Limits, member []byte, score float64, how How) (float64, Result) {
	if !it.Exists() {
		if how&IfPresent != 0 {
			return 0, Refused
		}
		create(it, lim, member, score)
		return score, Added
	}
	if it.Entry.Encoding() != object.Listpack {
		return putLarge(it, member, score, how)
	}
	lp := listpack.Open(it.Flat())
	p := find(lp, member)
	if p == 0 {
		if how&IfPresent != 0 {
			return 0, Refused
		}
		addFlat(it, lp, lim, member, score)
		return score, Added
	}
	now, r := settle(scoreAfter(lp, p), score, how)
	if r == Updated {
		rescoreFlat(it, lp, p, member, now)
	}
	return now, r
}

// Expect prepares a sorted set for n members to be put: one that would grow out of its listpack if they were all it has
// leaves it at once, before the first of them is put. It returns the limits to put them with.
func Expect(it *keyspace.Item, lim Limits, n int) Limits {
	if n <= lim.Entries {
		return lim
	}
	if it.Exists() && it.Entry.Encoding() == object.Listpack {
		toLarge(it, listpack.Open(it.Flat()))
	}
	lim.Entries = 0
	return lim
}

// settle says what becomes of a member whose score is was.
func settle(was, score float64, how How) (float64, Result) {
	if how&IfAbsent != 0 {
		return was, Refused
	}
	if how&Increment != 0 {
		if score += was; math.IsNaN(score) {
			return was, NotANumber
		}
	}
	switch {
	case how&IfLess != 0 && score >= was, how&IfGreater != 0 && score <= was:
		return was, Refused
	case score == was:
		return score, Kept
	}
	return score, Updated
}

// create makes the key, with its first member.
func create(it *keyspace.Item, lim Limits, member []byte, score float64) {
	if lim.Entries == 0 || len(member) > lim.Value {
		s := large.New(arena(it))
		add(&s, s.Find(member), member, score)
		putRoot(it, s.Root())
		return
	}
	var text scoreText
	m, scored := listpack.Of(member), scoreElem(score, &text)
	var room [160]byte // a member of zset-max-listpack-value and its score
	b := room[:]
	if n := listpack.EmptySize + m.Size() + scored.Size(); n > len(b) {
		b = make([]byte, n)
	}
	lp := listpack.New(b)
	lp = lp.BatchInsert(lp.End(), m, scored)
	it.PutFlat(object.ZSet, object.Listpack, lp)
}

// add is s.Add for a set that no key refers to: without memory nothing of the set is left.
func add(s *large.Set, p large.Place, member []byte, score float64) {
	done := false
	defer func() {
		if !done {
			s.Free()
		}
	}()
	s.Add(p, member, score)
	done = true
}

func arena(it *keyspace.Item) *mem.Arena { return it.DB().Keyspace().Arena }

// putRoot makes a set of the large form the value of the key, which keeps its expiry.
func putRoot(it *keyspace.Item, root mem.Ref) {
	expiry := int64(0)
	if it.Exists() {
		expiry = it.Expiry()
	}
	putRootUntil(it, root, expiry)
}

func putRootUntil(it *keyspace.Item, root mem.Ref, expiry int64) {
	it.Put(object.NewRootedOrFree(arena(it), it.Key(), object.ZSet, object.Skiplist, root, expiry, accessClock(it)))
}

// accessClock returns what the access clock of the key's next entry begins with.
func accessClock(it *keyspace.Item) uint32 {
	if it.Exists() {
		return it.Entry.LRU()
	}
	return it.DB().Keyspace().Access.Initial()
}

// addFlat adds a member to a small set, or makes the set a large one first.
func addFlat(it *keyspace.Item, lp listpack.Listpack, lim Limits, member []byte, score float64) {
	if lp.Len()/2+1 > lim.Entries || len(member) > lim.Value || !lp.CanGrow(len(member)) {
		toLarge(it, lp)
		s := large.Open(arena(it), it.Entry.Root())
		s.Add(s.Find(member), member, score)
		return
	}
	var text scoreText
	scored := scoreElem(score, &text)
	size := listpack.EncodedSize(member) + scored.Size()
	insertPair(listpack.Open(it.Grow(size)), member, score, scored)
}

// rescoreFlat gives the member at p another score, and the place that belongs to it.
func rescoreFlat(it *keyspace.Item, lp listpack.Listpack, p int, member []byte, score float64) {
	var text scoreText
	scored := scoreElem(score, &text)
	delta := lp.ReplaceDelta(p+lp.EntrySize(p), scored)
	if delta >= 0 {
		if delta > 0 {
			lp = listpack.Open(it.Grow(delta))
		}
		lp, _ = lp.DeleteRange(p, 2)
		insertPair(lp, member, score, scored)
		return
	}
	trim := it.PlanTrim(-delta)
	lp, _ = lp.DeleteRange(p, 2)
	insertPair(lp, member, score, scored)
	it.FinishTrim(trim)
}

// toLarge gives the set the large form.
func toLarge(it *keyspace.Item, lp listpack.Listpack) {
	s := large.New(arena(it))
	var digits Scratch
	v := Value{flat: lp}
	c := v.At(0)
	for ; c.Valid(); c.Next() {
		m := c.Member(&digits)
		add(&s, s.Find(m), m, c.Score())
	}
	putRoot(it, s.Root())
}

// putLarge is Put for the large form.
func putLarge(it *keyspace.Item, member []byte, score float64, how How) (float64, Result) {
	s := large.Open(arena(it), it.Entry.Root())
	p := s.Find(member)
	if p.Entry == 0 {
		if how&IfPresent != 0 {
			return 0, Refused
		}
		s.Add(p, member, score)
		return score, Added
	}
	now, r := settle(large.Score(p.Entry), score, how)
	if r == Updated {
		s.Rescore(p, now)
	}
	return now, r
}

// Remove removes a member and reports whether it was there. With the last member the key goes.
// REQUIRES: the key exists and is a sorted set, looked up to be changed.
func Remove(it *keyspace.Item, member []byte) bool {
	if it.Entry.Encoding() == object.Listpack {
		p := find(listpack.Open(it.Flat()), member)
		if p != 0 {
			removeFlat(it, p, 1)
		}
		return p != 0
	}
	s := large.Open(arena(it), it.Entry.Root())
	p := s.Find(member)
	switch {
	case p.Entry == 0:
		return false
	case s.Len() == 1:
		it.Delete()
	default:
		s.Remove(p)
	}
	return true
}

// RemoveRange removes n members from a rank on. With the last member the key goes. What a large set loses is given back in
// slices, so the time does not grow with n.
// REQUIRES: there are so many; the key was looked up to be changed.
func RemoveRange(it *keyspace.Item, rank, n int) {
	if n <= 0 {
		return
	}
	if it.Entry.Encoding() == object.Listpack {
		removeFlat(it, listpack.Open(it.Flat()).Seek(2*rank), n)
		return
	}
	s := large.Open(arena(it), it.Entry.Root())
	if n == s.Len() {
		it.Delete()
		return
	}
	it.GiveBackMembers(s.RemoveRange(rank, n))
}

// removeFlat removes n members from position p on.
func removeFlat(it *keyspace.Item, p, n int) {
	lp := listpack.Open(it.Flat())
	if 2*n == lp.Len() {
		it.Delete()
		return
	}
	size, _ := lp.RangeSize(p, 2*n)
	trim := it.PlanTrim(size)
	lp.DeleteRange(p, 2*n)
	it.FinishTrim(trim)
}

package set

import (
	"granary/internal/encoding/decimal"
	"granary/internal/encoding/intset"
	"granary/internal/encoding/listpack"
	"granary/internal/encoding/set"
	"granary/internal/keyspace"
	"granary/internal/object"
)

// compactEntries bounds what is put back into a flat form in one go: some 100 us.
const compactEntries = 512

// FlatSizes are the bytes that a set would have in its flat forms, 0 for a form that cannot hold it.
type FlatSizes struct {
	Intset, Listpack int
	Longest          int // bytes of the longest member
}

// FlatOf returns the sizes of the flat forms of any set of at most most members; ok is false if there are more.
func FlatOf(v *Value, most int) (f FlatSizes, ok bool) {
	if v.Len() > most {
		return f, false
	}
	f.Listpack = listpack.EmptySize
	ints, lo, hi := true, int64(0), int64(0)
	var m Member
	v.Each(&m, func() bool {
		f.Listpack += m.elem().Size()
		f.Longest = max(f.Longest, m.textLen())
		n, isInt := m.Int()
		ints = ints && isInt
		lo, hi = min(lo, n), max(hi, n)
		return true
	})
	if ints {
		f.Intset = intset.SizeFor(v.Len(), lo, hi)
	}
	return f, true
}

// Compact looks whether a hashtable could be an intset or a listpack again, and with act makes it one. It returns the usable
// bytes that are or would be gained, and whether it did it. The set has to have become half as long as the limits allow, or
// it would go to and fro. Nobody sees a difference but by OBJECT ENCODING and the order of members, which means nothing.
//
// It may panic with mem.ErrOutOfMemory; nothing has changed then.
func Compact(it *keyspace.Item, lim Limits, act bool) (gain int64, done bool) {
	if it.Entry.Encoding() != object.Hashtable {
		return 0, false
	}
	v := Of(it.Entry)
	half := Limits{Intset: min(lim.Intset/2, compactEntries), Entries: min(lim.Entries/2, compactEntries), Value: lim.Value}
	if v.Len() > max(half.Intset, half.Entries) || v.Len() > half.Entries && !v.startsWithInts() {
		return 0, false
	}
	f, _ := FlatOf(&v, compactEntries)
	size, enc := 0, object.Intset
	switch {
	case f.Intset != 0 && v.Len() <= half.Intset:
		size = f.Intset
	case v.Len() <= half.Entries && f.Longest <= lim.Value:
		size, enc = f.Listpack, object.Listpack
	default:
		return 0, false
	}
	now, _ := it.Entry.Bytes()
	if gain = now - it.Entry.BytesWithFlat(size); gain <= 0 || !act {
		return max(gain, 0), false
	}
	b := NewBuilder(arena(it), half, enc)
	defer b.Discard()
	var m Member
	v.Each(&m, func() bool {
		b.Add(&m)
		return true
	})
	if b.v.enc == object.Hashtable {
		return 0, false
	}
	it.ReplaceFlat(b.v.enc, b.v.flat)
	return gain, true
}

// startsWithInts looks at a few members of a hashtable, so that most sets that cannot be an intset cost no more than that.
func (v *Value) startsWithInts() bool {
	w := v.ht.Walk()
	for _, r := range w.Next() {
		if _, ok := decimal.ParseInt(set.Member(r)); !ok {
			return false
		}
	}
	return true
}

// Narrow looks whether the integers of an intset are stored in more bytes than they need, as they are when the largest have
// gone, and with act stores them in fewer. It returns the usable bytes that are or would be gained, and whether it did it.
//
// It may panic with mem.ErrOutOfMemory; nothing has changed then.
func Narrow(it *keyspace.Item, act bool) (gain int64, done bool) {
	if it.Entry.Encoding() != object.Intset {
		return 0, false
	}
	s := intset.Open(it.Flat())
	n := s.Len()
	size := intset.SizeFor(n, s.Min(), s.Max())
	if size == len(s) || n > 8*compactEntries {
		return 0, false
	}
	now, _ := it.Entry.Bytes()
	if gain = now - it.Entry.BytesWithFlat(size); gain <= 0 || !act {
		return max(gain, 0), false
	}
	b := make([]byte, 0, size)
	narrow := intset.New(b)
	for i := range n {
		narrow = narrow.Insert(i, s.Get(i))
	}
	it.ReplaceFlat(object.Intset, narrow)
	return gain, true
}

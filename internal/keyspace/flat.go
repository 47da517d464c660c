package keyspace

import (
	"granary/internal/object"
)

// Changing a flat value (listpack, intset) through its Item. Memory is taken before bytes are changed, as object/flat.go
// explains:
//
//	lp := it.Grow(elem.Size())            room behind the bytes
//	lp.Append(elem)
//
//	trim := it.PlanTrim(lp.EntrySize(p))  room for what will be left
//	lp.Delete(p)
//	it.FinishTrim(trim)

// Flat returns the bytes of a flat value, a view that is valid until the next call on the keyspace.
// REQUIRES: the value is flat.
func (it *Item) Flat() []byte { return it.Entry.Flat() }

// PutFlat makes a flat value the item's: a new key, or another value for an old one, which keeps its expiry. The bytes
// are copied.
func (it *Item) PutFlat(t object.Type, enc object.Encoding, value []byte) {
	ks := it.db.ks
	expiry, clock := it.header()
	it.store(object.NewFlat(ks.Arena, it.key, t, enc, value, expiry, clock))
}

// header returns the expiry and the access clock that another value for the key gets.
func (it *Item) header() (expiry int64, clock uint32) {
	if it.Entry == 0 {
		return 0, it.db.ks.Access.Initial()
	}
	return it.Entry.Expiry(), it.Entry.LRU()
}

// Grow makes room for delta more bytes and returns the flat value with that much capacity behind it.
// REQUIRES: the value is flat, delta >= 0.
func (it *Item) Grow(delta int) []byte {
	it.at()
	if e := object.GrowFlat(it.db.ks.Arena, it.Entry, delta); e != it.Entry {
		it.moved(e)
	} else {
		it.Settle()
	}
	return it.Entry.FlatRoom(delta)
}

// Trim is storage for a flat value that is about to become shorter.
type Trim struct {
	object.Trim
	was int
}

// PlanTrim takes what a flat value needs that will be less bytes shorter. FinishTrim or DropTrim has to follow.
func (it *Item) PlanTrim(less int) Trim {
	it.at()
	return Trim{object.PlanTrim(it.db.ks.Arena, it.Entry, less), len(it.Entry.Flat())}
}

// FinishTrim gives back what the shorter value does not need.
func (it *Item) FinishTrim(t Trim) {
	it.at() // another key may have come since PlanTrim; once the old entry is free, its slot is not found any more
	if e := object.FinishTrim(it.db.ks.Arena, it.Entry, t.Trim, t.was); e != it.Entry {
		it.moved(e)
	} else {
		it.Settle()
	}
}

// DropTrim gives back what PlanTrim took, because the value stays as it is.
func (it *Item) DropTrim(t Trim) { object.DropTrim(it.db.ks.Arena, it.Entry, t.Trim) }

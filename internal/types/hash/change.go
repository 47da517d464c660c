package hash

import (
	"granary/internal/encoding/hash"
	"granary/internal/encoding/listpack"
	"granary/internal/keyspace"
	"granary/internal/object"
)

// SetPairs gives fields their values, creating the hash if there is none, and returns how many fields are new. What
// expiry a field had it loses.
// REQUIRES: pairs is field, value, ..., not empty; the item is absent or a hash.
func SetPairs(it *keyspace.Item, lim Limits, pairs [][]byte) (created int) {
	large := tooLarge(lim, pairs)
	if !it.Exists() {
		return create(it, pairs, large)
	}
	if large && it.Entry.IsFlat() {
		toTable(it)
	}
	for i := 0; i < len(pairs); i += 2 {
		if set(it, lim, pairs[i], pairs[i+1], 0) {
			created++
		}
	}
	it.SettleFields()
	return created
}

// Set gives a field a value and an expiry (Unix ms, 0: none, KeepExpiry: what it had), creating the hash if there is none,
// and reports whether the field is new.
// REQUIRES: value is no view of the hash.
func Set(it *keyspace.Item, lim Limits, name, value []byte, expiry int64) (created bool) {
	if len(name) > lim.Value || len(value) > lim.Value {
		if it.Exists() && it.Entry.IsFlat() {
			toTable(it)
		}
	}
	if !it.Exists() {
		pair := [2][]byte{name, value}
		create(it, pair[:], tooLarge(lim, pair[:]))
		if expiry > 0 {
			SetExpiry(it, name, expiry)
		}
		return true
	}
	if expiry > 0 {
		if it.Entry.Encoding() == object.Listpack {
			toEx(it)
		}
		it.NoteFieldExpiry(expiry)
	}
	created = set(it, lim, name, value, expiry)
	it.SettleFields()
	return created
}

// tooLarge tells whether a hash with these fields cannot be flat. Redis takes all of them for different ones, and so it is
// here.
func tooLarge(lim Limits, pairs [][]byte) bool {
	if len(pairs)/2 > lim.Entries {
		return true
	}
	sum := 0
	for _, x := range pairs {
		if len(x) > lim.Value {
			return true
		}
		sum += len(x)
	}
	return sum > listpack.MaxSafeSize
}

// create makes the hash. It is built apart and put in place as a whole.
func create(it *keyspace.Item, pairs [][]byte, large bool) (fields int) {
	if large {
		h := hash.New(it.DB().Keyspace().Arena)
		put := false
		defer func() {
			if !put {
				h.Free()
			}
		}()
		for i := 0; i < len(pairs); i += 2 {
			h.Set(pairs[i], pairs[i+1], 0)
		}
		it.PutRoot(object.Hash, object.Hashtable, h.Root())
		put = true
		return h.Len()
	}
	var room [1024]byte
	lp := listpack.New(room[:0])
	for i := 0; i < len(pairs); i += 2 {
		lp = addPair(lp, listpack.Of(pairs[i]), listpack.Of(pairs[i+1]))
	}
	it.PutFlat(object.Hash, object.Listpack, lp)
	return lp.Len() / hash.Pair
}

// addPair sets a field in a listpack that lies in Go memory.
func addPair(lp listpack.Listpack, name, value listpack.Elem) listpack.Listpack {
	need := name.Size() + value.Size()
	if cap(lp)-len(lp) < need {
		lp = append(make(listpack.Listpack, 0, 2*len(lp)+need), lp...)
	}
	if p := hash.FindFlat(lp, hash.Pair, name); p != 0 {
		return lp.Replace(lp.Next(p), value)
	}
	return lp.BatchInsert(lp.End(), name, value)
}

// set sets one field of a hash that exists. A flat hash that becomes too long becomes a table.
// REQUIRES: an expiry other than 0 and KeepExpiry has been noted, and the hash is no plain listpack then.
func set(it *keyspace.Item, lim Limits, name, value []byte, expiry int64) (created bool) {
	if it.FieldsDue() {
		// Slow path: what has expired and is still there counts as absent.
		now := it.DB().Keyspace().Now
		if _, has := Has(it.Entry, name, now); !has {
			if remove(it, name); expiry > 0 {
				it.NoteFieldExpiry(expiry) // it may have been the last field that expires
			}
			expiry = max(expiry, 0)
		}
	}
	if it.Entry.IsFlat() {
		n, v := listpack.Of(name), listpack.Of(value)
		if lp := flat(it.Entry); lp.CanGrow(n.Size() + v.Size() + maxTime) {
			created = setFlat(it, n, v, expiry)
			if Len(it.Entry) > lim.Entries { // even if the field is not new: the limit may have been lowered
				toTable(it)
			}
			return created
		}
		toTable(it)
	}
	h := open(it)
	return h.Set(name, value, expiry)
}

// maxTime is the most bytes that an expiry takes in a listpack.
const maxTime = 10

// SetExpiry sets (Unix ms) or removes (0) the expiry of a field, whatever it was.
// REQUIRES: the field exists.
func SetExpiry(it *keyspace.Item, name []byte, at int64) {
	if at != 0 {
		if it.Entry.Encoding() == object.Listpack {
			toEx(it)
		}
		it.NoteFieldExpiry(at)
	}
	switch it.Entry.Encoding() {
	case object.Hashtable:
		h := open(it)
		p, f := h.Find(name)
		h.SetExpiry(p, f, at)
	case object.ListpackEx:
		setFlatExpiry(it, listpack.Of(name), at)
	}
	it.SettleFields()
}

// Delete deletes a field and reports whether there was one. The hash may be left without fields: the caller deletes it
// then.
func Delete(it *keyspace.Item, name []byte) bool {
	if it.FieldsDue() {
		// Slow path: what has expired and is still there counts as absent.
		_, has := Has(it.Entry, name, it.DB().Keyspace().Now)
		return remove(it, name) && has
	}
	return remove(it, name)
}

// remove is Delete for a field whether it has expired or not.
func remove(it *keyspace.Item, name []byte) bool {
	if it.Entry.Encoding() == object.Hashtable {
		h := open(it)
		if !h.Delete(name) {
			return false
		}
	} else if !deleteFlat(it, listpack.Of(name)) {
		return false
	}
	it.SettleFields()
	return true
}

// toTable turns a flat hash into a table.
func toTable(it *keyspace.Item) {
	h := hash.New(it.DB().Keyspace().Arena)
	put := false
	defer func() {
		if !put {
			h.Free()
		}
	}()
	lp, n := flat(it.Entry), step(it.Entry)
	var s1, s2 Scratch
	for p := lp.First(); p != 0; p = lp.Skip(p, n) {
		at := int64(0)
		if n == hash.Triple {
			at = hash.FlatExpiry(lp, p)
		}
		h.Add(lp.Get(p).Text(&s1), lp.Get(lp.Next(p)).Text(&s2), at)
	}
	it.PutRoot(object.Hash, object.Hashtable, h.Root())
	put = true
}

// toEx turns a listpack into a listpackex.
func toEx(it *keyspace.Item) {
	lp := flat(it.Entry)
	const never = 2 // bytes of the entry of 0
	ex := listpack.New(make([]byte, 0, len(lp)+lp.Len()/hash.Pair*never))
	for p := lp.First(); p != 0; p = lp.Skip(p, hash.Pair) {
		ex = ex.BatchInsert(ex.End(), lp.Get(p), lp.Get(lp.Next(p)), listpack.Int(0))
	}
	it.PutFlat(object.Hash, object.ListpackEx, ex)
}

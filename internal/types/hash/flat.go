package hash

import (
	"granary/internal/encoding/hash"
	"granary/internal/encoding/listpack"
	"granary/internal/keyspace"
	"granary/internal/object"
)

// Changes of the flat encodings. Each makes room, or plans what it will give back, before it changes a byte (see
// keyspace/flat.go), so running out of memory leaves the hash as it was.

// setFlat sets a field. Its place in a listpackex follows from its expiry.
func setFlat(it *keyspace.Item, name, value listpack.Elem, expiry int64) (created bool) {
	lp := flat(it.Entry)
	ex := it.Entry.Encoding() == object.ListpackEx
	p := hash.FindFlat(lp, step(it.Entry), name)
	switch {
	case p == 0 && !ex:
		lp = listpack.Open(it.Grow(name.Size() + value.Size()))[:len(lp)]
		lp.BatchInsert(lp.End(), name, value)
		return true
	case p == 0:
		at := listpack.Int(max(expiry, 0))
		lp = listpack.Open(it.Grow(name.Size() + value.Size() + at.Size()))[:len(lp)]
		lp.BatchInsert(hash.FlatPlace(lp, at.Int()), name, value, at)
		return true
	case ex && expiry != KeepExpiry && expiry != hash.FlatExpiry(lp, p):
		replaceTriple(it, p, name, value, expiry)
		return false
	}
	vp := lp.Next(p)
	change(it, lp.ReplaceDelta(vp, value), func(lp listpack.Listpack) { lp.Replace(vp, value) })
	return false
}

// change runs fn, which makes the flat value longer by delta bytes, or shorter if that is negative.
func change(it *keyspace.Item, delta int, fn func(listpack.Listpack)) {
	switch {
	case delta > 0:
		n := len(it.Flat())
		fn(listpack.Listpack(it.Grow(delta)[:n]))
	case delta == 0:
		fn(flat(it.Entry))
	default:
		trim := it.PlanTrim(-delta)
		fn(flat(it.Entry))
		it.FinishTrim(trim)
	}
}

// replaceTriple gives the field at p another value and expiry, and with it another place.
// REQUIRES: name and value are no views of the hash.
func replaceTriple(it *keyspace.Item, p int, name, value listpack.Elem, expiry int64) {
	lp := flat(it.Entry)
	at := listpack.Int(expiry)
	old, _ := lp.RangeSize(p, hash.Triple)
	change(it, name.Size()+value.Size()+at.Size()-old, func(lp listpack.Listpack) {
		lp, _ = lp.DeleteRange(p, hash.Triple)
		lp.BatchInsert(hash.FlatPlace(lp, expiry), name, value, at)
	})
}

// setFlatExpiry sets the expiry of a field of a listpackex.
func setFlatExpiry(it *keyspace.Item, name listpack.Elem, at int64) {
	lp := flat(it.Entry)
	p := hash.FindFlat(lp, hash.Triple, name)
	if hash.FlatExpiry(lp, p) == at {
		return
	}
	var room [64]byte
	value := lp.Get(lp.Next(p))
	if !value.IsInt() {
		value = listpack.Of(append(room[:0], value.Str()...)) // the field is moved under it
	}
	replaceTriple(it, p, name, value, at)
}

// deleteFlat deletes a field.
func deleteFlat(it *keyspace.Item, name listpack.Elem) bool {
	lp, n := flat(it.Entry), step(it.Entry)
	p := hash.FindFlat(lp, n, name)
	if p == 0 {
		return false
	}
	size, _ := lp.RangeSize(p, n)
	trim := it.PlanTrim(size)
	flat(it.Entry).DeleteRange(p, n)
	it.FinishTrim(trim)
	return true
}

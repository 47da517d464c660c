package hash

import (
	"granary/internal/encoding/hash"
	"granary/internal/encoding/listpack"
	"granary/internal/encoding/table"
	"granary/internal/keyspace"
	"granary/internal/mem"
	"granary/internal/object"
)

// Iter goes through the fields of a hash that have not expired. The hash must not change meanwhile.
//
//	i := hash.NewIter(e, now)
//	for i.Next() { ... i.Name(&s) ... }
type Iter struct {
	now int64

	lp   listpack.Listpack // of a flat hash
	step int               // 0: a table
	at   int               // the field
	next int               // the one after it, 0: none

	walk table.Walk
	buf  [table.BucketSlots]mem.Ref
	i, n int
	f    hash.Field
}

// NewIter returns an iterator before the first field.
func NewIter(e object.Entry, now int64) (i Iter) {
	i.now = now
	if e.Encoding() == object.Hashtable {
		h := hash.Open(nil, e.Root())
		i.walk = h.Walk()
		return i
	}
	i.lp, i.step = flat(e), step(e)
	i.next = i.lp.First()
	return i
}

// Next goes to the next field and reports whether there is one.
func (i *Iter) Next() bool {
	if i.step != 0 {
		for i.next != 0 {
			i.at = i.next
			i.next = i.lp.Skip(i.at, i.step)
			if !i.gone() {
				return true
			}
		}
		return false
	}
	for {
		for i.i < i.n {
			i.f = hash.Field(i.buf[i.i])
			i.i++
			if !i.gone() {
				return true
			}
		}
		if i.n, i.i = i.walk.Next(i.buf[:]), 0; i.n == 0 {
			return false
		}
	}
}

func (i *Iter) gone() bool {
	at := i.Expiry()
	return at != 0 && at <= i.now
}

// Name returns the field's name, a view of the hash or of s.
func (i *Iter) Name(s *Scratch) []byte {
	if i.step != 0 {
		return i.lp.Get(i.at).Text(s)
	}
	return i.f.Name()
}

// Value returns the field's value, a view of the hash or of s.
func (i *Iter) Value(s *Scratch) []byte {
	if i.step != 0 {
		return i.lp.Get(i.lp.Next(i.at)).Text(s)
	}
	return i.f.Value()
}

// Expiry returns the field's expiry, 0 for none.
func (i *Iter) Expiry() int64 {
	switch i.step {
	case 0:
		return i.f.Expiry()
	case hash.Triple:
		return hash.FlatExpiry(i.lp, i.at)
	}
	return 0
}

// Count returns the number of fields that have not expired. It is Len unless the item has fields that are due.
func Count(it *keyspace.Item, now int64) (n int) {
	if !it.FieldsDue() {
		return Len(it.Entry)
	}
	i := NewIter(it.Entry, now)
	for i.Next() {
		n++
	}
	return n
}

// Scan gives emit some fields of a table that have not expired, and returns the cursor to go on from; it begins and ends
// with 0. Every field that is there from the first call to the last is given at least once. met is the number of
// fields looked at.
// REQUIRES: the encoding is hashtable.
func Scan(e object.Entry, now int64, cursor uint64, emit func(name, value []byte)) (next uint64, met int) {
	h := hash.Open(nil, e.Root())
	next = h.Scan(cursor, func(f hash.Field) {
		met++
		if at := f.Expiry(); at == 0 || at > now {
			emit(f.Name(), f.Value())
		}
	})
	return next, met
}

// ScanAll is Scan for whoever copies a hash: it gives what has expired too, and expiries.
// REQUIRES: the encoding is hashtable.
func ScanAll(e object.Entry, cursor uint64, emit func(name, value []byte, expiry int64)) (next uint64) {
	h := hash.Open(nil, e.Root())
	return h.Scan(cursor, func(f hash.Field) { emit(f.Name(), f.Value(), f.Expiry()) })
}

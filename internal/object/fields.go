package object

import (
	"errors"

	"granary/internal/encoding/hash"
	"granary/internal/encoding/listpack"
	"granary/internal/mem"
)

// Fields of hashes that expire. Bit 5 of the flags (which only ints use otherwise) marks a hash that the keyspace knows to
// have such fields. The mark is set and taken away by package keyspace, together with the table slot that it stands for.

const flagFields = flagSharedInt

// HasFields tells whether the entry is a hash that is known to have fields that expire.
func (e Entry) HasFields() bool {
	h := e.head()
	return h[4]&flagFields != 0 && Type(h[0]&15) == Hash
}

// MarkFields sets or takes away the mark. REQUIRES: the entry is a hash.
func (e Entry) MarkFields(on bool) {
	if on {
		e.head()[4] |= flagFields
	} else {
		e.head()[4] &^= flagFields
	}
}

// FieldExpiry returns a time before which no field of a hash expires, 0 when none does.
func (e Entry) FieldExpiry() int64 {
	switch e.Encoding() {
	case ListpackEx:
		return hash.FlatEarliest(listpack.Open(e.Flat()))
	case Hashtable:
		h := hash.Open(nil, e.Root())
		at, _ := h.EarliestExpiry()
		return at
	}
	return 0
}

// FieldsDue is FieldExpiry in the shape that a table wants: a hash without such fields is due after all others.
func FieldsDue(r mem.Ref) int64 {
	if at := Entry(r).FieldExpiry(); at != 0 {
		return at
	}
	return maxNarrow
}

// FirstField is FieldsDue without slack: it reads all fields of a large hash.
func FirstField(r mem.Ref) int64 {
	e := Entry(r)
	if e.Encoding() != Hashtable {
		return FieldsDue(r)
	}
	h, first := hash.Open(nil, e.Root()), int64(maxNarrow)
	h.Each(func(f hash.Field) bool {
		if at := f.Expiry(); at != 0 {
			first = min(first, at)
		}
		return true
	})
	return first
}

var errEmpty = errors.New("a collection without elements")

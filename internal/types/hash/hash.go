// Package hash is what a value of type hash is, whatever its encoding: its fields, their values, and the times at which
// they expire. Commands, DEBUG DIGEST and COPY of a hash go through it.
//
//	encoding     stored as                                     while
//	listpack     field, value, ...                             no field ever had an expiry, and the limits hold
//	listpackex   field, value, expiry, ... in order of time    the limits hold
//	hashtable    package encoding/hash                         always
//
// A hash begins as a listpack, unless it is too large for one, and only moves down this list. The limits are the most
// fields (hash-max-listpack-entries) and the longest field or value (hash-max-listpack-value) of the two flat encodings.
//
//	hash.go      what there is: look-ups and limits
//	change.go    what changes a hash
//	flat.go      changes of the two flat encodings
//	iter.go      walks and scans
//	random.go    random fields
//
// A field whose time has come does not exist any more for anybody, whether it has been deleted or not; Len alone counts it
// until it is. The keyspace deletes such fields, in slices or when a command meets the hash (keyspace.Item.ExpireFields).
package hash

import (
	"granary/internal/config"
	"granary/internal/encoding/hash"
	"granary/internal/encoding/listpack"
	"granary/internal/keyspace"
	"granary/internal/object"
)

// Limits are how large a hash in a flat encoding may be.
type Limits struct {
	Entries int // fields
	Value   int // bytes of a field or value
}

// LimitsOf returns the limits of a configuration.
func LimitsOf(c *config.Config) Limits {
	return Limits{Entries: int(c.HashMaxListpackEntries), Value: int(c.HashMaxListpackValue)}
}

// KeepExpiry, given to Set as expiry, leaves the expiry of a field as it is.
const KeepExpiry = hash.KeepExpiry

// MaxExpiry is the latest time at which a field can expire, Unix ms.
const MaxExpiry = hash.MaxExpiry

// Scratch is room for the digits of a number, for what returns text.
type Scratch = listpack.Scratch

// step returns the entries per field of a flat encoding.
func step(e object.Entry) int {
	if e.Encoding() == object.ListpackEx {
		return hash.Triple
	}
	return hash.Pair
}

func flat(e object.Entry) listpack.Listpack { return listpack.Open(e.Flat()) }

func open(it *keyspace.Item) hash.Hash { return hash.Open(it.DB().Keyspace().Arena, it.Entry.Root()) }

// Len returns the number of fields, expired ones that are still there included.
func Len(e object.Entry) int {
	if e.Encoding() == object.Hashtable {
		h := hash.Open(nil, e.Root())
		return h.Len()
	}
	return flat(e).Len() / step(e)
}

// Get returns the value of a field that has not expired at now, and its own expiry (0: none). The value is a view of the
// hash or of s, valid until either changes.
func Get(e object.Entry, name []byte, now int64, s *Scratch) (value []byte, expiry int64, ok bool) {
	if e.Encoding() == object.Hashtable {
		h := hash.Open(nil, e.Root())
		f := h.Get(name)
		if f == 0 {
			return nil, 0, false
		}
		if expiry = f.Expiry(); expiry != 0 && expiry <= now {
			return nil, 0, false
		}
		return f.Value(), expiry, true
	}
	lp, n := flat(e), step(e)
	p := hash.FindFlat(lp, n, listpack.Of(name))
	if p == 0 {
		return nil, 0, false
	}
	if n == hash.Triple {
		if expiry = hash.FlatExpiry(lp, p); expiry != 0 && expiry <= now {
			return nil, 0, false
		}
	}
	return lp.Get(lp.Next(p)).Text(s), expiry, true
}

// Has tells whether there is a field that has not expired at now, and its expiry (0: none).
func Has(e object.Entry, name []byte, now int64) (expiry int64, ok bool) {
	var s Scratch
	_, expiry, ok = Get(e, name, now, &s)
	return expiry, ok
}

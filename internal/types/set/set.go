// Package set is the value of a set, whatever its encoding: what is in it, how it changes, and when it is stored
// differently.
//
//	intset     integers only, sorted            embedded in the key's entry up to 1 KiB (package encoding/intset)
//	listpack   few short members, in a row      the same (package encoding/listpack)
//	hashtable  everything else                  a table of members (package encoding/set)
//
// A set is born in the smallest form that holds it, and becomes a hashtable, never the other way round, when
//
//	an intset    has more than set-max-intset-entries members;
//	             or gets a member that is no integer (a listpack then, if that may hold them all)
//	a listpack   would have more than set-max-listpack-entries members, or one longer than set-max-listpack-value
//
// There is one exception: what SPOP leaves of a set that it takes almost everything from, and the results of SINTERSTORE
// and its kin, are new sets.
//
//	set.go      looking at a value: Value
//	member.go   a member on its way: text, integer and hash, each computed once
//	change.go   changing the set of a key
//	builder.go  a set that no key holds yet; conversions
//	random.go   picking and popping members at random
package set

import (
	"granary/internal/config"
	"granary/internal/encoding/intset"
	"granary/internal/encoding/listpack"
	"granary/internal/encoding/set"
	"granary/internal/object"
)

// Limits are the settings that decide how a set is stored.
type Limits struct {
	Intset  int // most members of an intset
	Entries int // most members of a listpack
	Value   int // longest member of a listpack
}

// mostIntset is the most members of an intset, whatever its limit says.
const mostIntset = 1 << 30

// LimitsOf returns the limits of a configuration.
func LimitsOf(c *config.Config) Limits {
	return Limits{
		Intset:  int(min(c.SetMaxIntsetEntries, mostIntset)),
		Entries: int(c.SetMaxListpackEntries),
		Value:   int(c.SetMaxListpackValue),
	}
}

// Value is a set to look at, valid until it changes. The zero Value is the empty set.
type Value struct {
	enc  object.Encoding
	flat []byte
	ht   set.Set
}

// Of returns the set that an entry holds.
//
// REQUIRES: e is a set.
func Of(e object.Entry) Value {
	enc := e.Encoding()
	if enc == object.Hashtable {
		return Value{enc: enc, ht: set.Open(nil, e.Root())}
	}
	return Value{enc: enc, flat: e.Flat()}
}

// Encoding returns how the set is stored.
func (v *Value) Encoding() object.Encoding { return v.enc }

// Len returns the number of members.
func (v *Value) Len() int {
	switch v.enc {
	case object.Hashtable:
		return v.ht.Len()
	case object.Intset:
		return intset.Open(v.flat).Len()
	case object.Listpack:
		return listpack.Open(v.flat).Len()
	}
	return 0
}

// Has reports whether m is in the set.
func (v *Value) Has(m *Member) bool {
	switch v.enc {
	case object.Hashtable:
		return v.ht.Has(m.Hash(), m.Text())
	case object.Intset:
		n, ok := m.Int()
		return ok && intset.Open(v.flat).Has(n)
	case object.Listpack:
		lp := listpack.Open(v.flat)
		return lp.Find(lp.First(), m.elem(), 0) != 0
	}
	return false
}

// Each makes m one member after the other and calls fn, until fn returns false. It reports whether it came to the end.
// Integers come in ascending order from an intset, others in the order in which they were added to a listpack, or by
// hash. fn does not change the set.
func (v *Value) Each(m *Member, fn func() bool) bool {
	switch v.enc {
	case object.Hashtable:
		w := v.ht.Walk()
		for refs := w.Next(); len(refs) > 0; refs = w.Next() {
			for _, r := range refs {
				if m.SetText(set.Member(r)); !fn() {
					return false
				}
			}
		}
	case object.Intset:
		s := intset.Open(v.flat)
		for i := range s.Len() {
			if m.SetInt(s.Get(i)); !fn() {
				return false
			}
		}
	case object.Listpack:
		lp := listpack.Open(v.flat)
		for p := lp.First(); p != 0; p = lp.Next(p) {
			if m.setElem(lp.Get(p)); !fn() {
				return false
			}
		}
	}
	return true
}

// Scan makes m one member after the other of the next few, calling fn for each, and returns the next cursor; it begins and
// ends with 0. A small set comes as a whole. Every member that is there from the first call to the last comes at
// least once, whatever happens between calls, unless the set is converted meanwhile to a hashtable.
func (v *Value) Scan(cursor uint64, m *Member, fn func()) uint64 {
	if v.enc == object.Hashtable {
		return v.ht.Scan(cursor, func(text []byte) {
			m.SetText(text)
			fn()
		})
	}
	v.Each(m, func() bool {
		fn()
		return true
	})
	return 0
}

// Package list is the value of a list, whatever its encoding: what is in it, how it changes, and when it is stored
// differently.
//
//	listpack   the elements in a row               embedded in the key's entry up to 1 KiB (package encoding/listpack)
//	quicklist  a counted tree of many listpacks    at most one node's worth of elements each (package encoding/quicklist)
//
// A list is born as a listpack, if what it is born with is no more than a node of a quicklist may hold
// (list-max-listpack-size), and
//
//	a listpack   becomes a quicklist when it and the texts to be added would be more than that;
//	a quicklist  becomes a listpack when it has become one node of at most half of that. It is not looked at when it
//	             grows, so a list at the limit does not change its encoding with every push and pop.
//
//	list.go    looking at a value: Value, Iter
//	change.go  changing the list of a key
//	remove.go  taking elements out of it
package list

import (
	"granary/internal/config"
	"granary/internal/encoding/listpack"
	"granary/internal/encoding/quicklist"
	"granary/internal/keyspace"
	"granary/internal/mem"
	"granary/internal/object"
)

// Elem is an element of a list, valid until the list changes or another is read.
type Elem = listpack.Elem

// Limits are the settings that decide how a list is stored.
type Limits struct {
	Fill  int // what a node holds: -1..-5 are 4..64 KiB, others are elements
	Depth int // nodes at either end that are not compressed, 0: nothing is compressed
}

// LimitsOf returns the limits of a configuration.
func LimitsOf(c *config.Config) Limits {
	return Limits{
		Fill:  int(min(max(c.ListMaxListpackSize, quicklist.MinFill), quicklist.MaxFill)),
		Depth: int(min(c.ListCompressDepth, quicklist.MaxDepth)),
	}
}

// Value is a list to look at, valid until it changes.
type Value struct {
	lp    listpack.Listpack
	ql    quicklist.List
	large bool
}

// Of returns the list that an entry holds, whose arena is a.
//
// REQUIRES: e is a list.
func Of(a *mem.Arena, e object.Entry) (v Value) {
	if e.Encoding() == object.Quicklist {
		v.ql, v.large = quicklist.Open(object.Lists(a), e.Root()), true
	} else {
		v.lp = listpack.Open(e.Flat())
	}
	return v
}

// In returns the list that an item holds.
//
// REQUIRES: it exists and is a list.
func In(it *keyspace.Item) Value { return Of(arena(it), it.Entry) }

// Len returns the number of elements of the item's list.
func Len(it *keyspace.Item) int {
	v := In(it)
	return v.Len()
}

// Len returns the number of elements.
func (v *Value) Len() int {
	if v.large {
		return v.ql.Len()
	}
	return v.lp.Len()
}

// Index returns the element at index i; ok is false if there is none. A negative index counts from the end, -1 is the last.
func (v *Value) Index(i int) (e Elem, ok bool) {
	if v.large {
		return v.ql.Index(i)
	}
	p := v.lp.Seek(i)
	if p == 0 {
		return e, false
	}
	return v.lp.Get(p), true
}

// End returns the first or the last element.
func (v *Value) End(atHead bool) Elem {
	i := -1
	if atHead {
		i = 0
	}
	if !v.large {
		e, _ := v.Index(i)
		return e
	}
	e, ok := v.ql.Tail()
	if atHead {
		e, ok = v.ql.Head()
	}
	if !ok {
		panic("BUG: list: a key holds a list without elements")
	}
	return e
}

// Iter walks over a list in either direction. It is void when the list changes.
//
//	it := v.From(0, false)
//	for ; it.Valid(); it.Next() { ... it.Elem() ... }
type Iter struct {
	ql    quicklist.Iter
	lp    listpack.Listpack
	at, i int // position in lp, 0 at the end; index
	back  bool
	large bool
}

// From returns an iterator at index i, 0..Len-1, that goes to the tail, or with back to the head. It is not Valid if there
// is no such element.
func (v *Value) From(i int, back bool) (it Iter) {
	it.back, it.large = back, v.large
	switch {
	case v.large && back:
		it.ql = v.ql.BackFrom(i)
	case v.large:
		it.ql = v.ql.From(i)
	case i >= 0:
		it.lp, it.i = v.lp, i
		it.at = v.lp.Seek(i)
	}
	return it
}

// Valid reports whether the iterator is at an element.
func (it *Iter) Valid() bool {
	if it.large {
		return it.ql.Valid()
	}
	return it.at != 0
}

// Index returns the index of the element.
func (it *Iter) Index() int {
	if it.large {
		return it.ql.Index()
	}
	return it.i
}

// Elem returns the element.
//
// REQUIRES, as all below: Valid.
func (it *Iter) Elem() Elem {
	if it.large {
		return it.ql.Elem()
	}
	return it.lp.Get(it.at)
}

// Next goes to the next element in the iterator's direction.
func (it *Iter) Next() {
	switch {
	case it.large:
		it.ql.Next()
	case it.back:
		it.at = it.lp.Prev(it.at)
		it.i--
	default:
		it.at = it.lp.Next(it.at)
		it.i++
	}
}

// Find goes to the first element in the iterator's direction that is e, the one it is at included, after looking at no more
// than most elements. It reports whether there is one.
//
// REQUIRES: e is Canonical, most > 0.
func (it *Iter) Find(e Elem, most int) bool {
	if it.large {
		return it.ql.Find(e, most)
	}
	for ; it.at != 0 && most > 0; most-- {
		if it.lp.EqualAt(it.at, e) {
			return true
		}
		it.Next()
	}
	return false
}

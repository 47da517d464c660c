package generic

import (
	"granary/internal/keyspace"
	"granary/internal/object"
	"granary/internal/types/list"
	"granary/internal/types/set"
	"granary/internal/types/zset"
)

// What SORT wants of the types whose elements it sorts.

// sortable tells whether values of a type have elements to sort.
func sortable(t object.Type) bool { return t == object.List || t == object.Set || t == object.ZSet }

// sortLen returns the number of elements of a value that is sortable.
func sortLen(it *keyspace.Item) int {
	switch it.Entry.Type() {
	case object.List:
		return list.Len(it)
	case object.Set:
		return set.Len(it)
	}
	v := zset.Of(it)
	return v.Len()
}

// sortElements gives emit n elements, from one on, in the value's own order or backwards. The element is valid during the
// call. Sets have no order: all of a set has to be asked for.
func sortElements(it *keyspace.Item, back bool, from, n int, emit func(text []byte)) {
	if n == 0 {
		return
	}
	switch it.Entry.Type() {
	case object.List:
		v := list.In(it)
		if back {
			from = v.Len() - 1 - from
		}
		var room object.Scratch
		i := v.From(from, back)
		for ; n > 0; n-- {
			e := i.Elem()
			emit(e.Text(&room))
			i.Next()
		}
	case object.Set:
		v := set.Of(it.Entry)
		var m set.Member
		v.Each(&m, func() bool {
			emit(m.Text())
			return true
		})
	default:
		v := zset.Of(it)
		if back {
			from = v.Len() - 1 - from
		}
		var room object.Scratch
		c := v.At(from)
		for ; n > 0; n-- {
			emit(c.Member(&room))
			if back {
				c.Prev()
			} else {
				c.Next()
			}
		}
	}
}

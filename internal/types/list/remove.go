package list

import (
	"slices"

	"granary/internal/encoding/listpack"
	"granary/internal/keyspace"
	"granary/internal/object"
)

// Pop removes the element at an end, which fn sees before. If fn panics, or memory runs out, the list is as it was.
//
// REQUIRES: an element stays.
func Pop(it *keyspace.Item, lim Limits, atHead bool, fn func(Elem)) {
	if it.Entry.Encoding() == object.Quicklist {
		l := open(it)
		l.Pop(atHead, fn)
		shrink(it, lim)
		return
	}
	lp := listpack.Open(it.Flat())
	p := lp.First()
	if !atHead {
		p = lp.Last()
	}
	fn(lp.Get(p))
	trim := it.PlanTrim(lp.EntrySize(p))
	listpack.Open(it.Flat()).DeleteRange(p, 1)
	it.FinishTrim(trim)
}

// DeleteRange removes count elements from index start on. What a large list loses is given back in slices, so the time
// does not grow with count.
//
// REQUIRES: start >= 0, count > 0, and an element stays.
func DeleteRange(it *keyspace.Item, lim Limits, start, count int) {
	if it.Entry.Encoding() == object.Quicklist {
		l := open(it)
		switch {
		case count == 1 && start == 0:
			l.PopHead()
		case count == 1 && start == l.Len()-1:
			l.PopTail()
		default:
			it.GiveBackNodes(l.DeleteRange(start, count))
		}
		shrink(it, lim)
		return
	}
	lp := listpack.Open(it.Flat())
	p := lp.Seek(start)
	size, _ := lp.RangeSize(p, count)
	trim := it.PlanTrim(size)
	listpack.Open(it.Flat()).DeleteRange(p, count)
	it.FinishTrim(trim)
}

// Trim keeps count elements from index start on and removes all others; when memory is out, it removes none.
//
// REQUIRES: start >= 0, count > 0, start+count <= Len.
func Trim(it *keyspace.Item, lim Limits, start, count int) {
	if it.Entry.Encoding() == object.Quicklist {
		l := open(it)
		if count < l.Len() {
			it.GiveBackNodes(l.Trim(start, count))
		}
		// Without anything to remove it may still make a listpack, as the limit may have been raised.
		shrink(it, lim)
		return
	}
	lp := listpack.Open(it.Flat())
	n := lp.Len()
	if count == n {
		return
	}
	from, end := lp.Seek(start), lp.End()
	if start+count < n {
		end = lp.Seek(start + count)
	}
	trim := it.PlanTrim(from - lp.First() + lp.End() - end)
	lp = listpack.Open(it.Flat())
	if start+count < n {
		lp, _ = lp.DeleteRange(end, n-start-count)
	}
	if start > 0 {
		lp.DeleteRange(lp.First(), start)
	}
	it.FinishTrim(trim)
}

// Remove removes elements that are e: all if most is 0, otherwise at most so many, the first from the head or, with back,
// from the tail. It returns how many it removed. The list may be empty then: the caller deletes the key.
//
// REQUIRES: e is Canonical.
func Remove(it *keyspace.Item, lim Limits, e Elem, most int, back bool) (removed int) {
	if it.Entry.Encoding() == object.Quicklist {
		l := open(it)
		removed = l.Remove(e, most, back)
		if removed > 0 && l.Len() > 0 {
			shrink(it, lim)
		}
		return removed
	}
	lp := listpack.Open(it.Flat())
	if most == 0 {
		most = lp.Len()
	}
	var buf [128]int
	hits := buf[:0]
	if back {
		for p := lp.Last(); p != 0 && len(hits) < most; p = lp.Prev(p) {
			if lp.EqualAt(p, e) {
				hits = append(hits, p)
			}
		}
		slices.Reverse(hits)
	} else {
		for p := lp.Find(lp.First(), e, 0); p != 0 && len(hits) < most; p = lp.Find(lp.Next(p), e, 0) {
			hits = append(hits, p)
		}
	}
	if len(hits) == 0 {
		return 0
	}
	size := 0
	for _, p := range hits {
		size += lp.EntrySize(p)
	}
	trim := it.PlanTrim(size)
	listpack.Open(it.Flat()).BatchDelete(hits)
	it.FinishTrim(trim)
	return len(hits)
}

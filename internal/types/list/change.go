package list

import (
	"granary/internal/encoding/listpack"
	"granary/internal/encoding/quicklist"
	"granary/internal/keyspace"
	"granary/internal/mem"
	"granary/internal/object"
)

// Changing the list that a key holds. A listpack is changed where it lies; what makes it a quicklist builds that first and
// then puts it in the listpack's place, so that running out of memory changes nothing.

func arena(it *keyspace.Item) *mem.Arena { return it.DB().Keyspace().Arena }

// open returns the handle of the item's quicklist.
func open(it *keyspace.Item) quicklist.List {
	return quicklist.Open(object.Lists(arena(it)), it.Entry.Root())
}

// Keep returns the text of an element of the item's list in a buffer that stays when lists change, until the next Keep.
func Keep(it *keyspace.Item, e Elem) []byte { return object.Lists(arena(it)).Keep(e) }

// Push adds elements one after the other, each before the first element or each behind the last. A key that does not exist
// becomes a list.
//
// REQUIRES: there are texts, and they do not lie in a list.
func Push(it *keyspace.Item, lim Limits, texts [][]byte, atHead bool) {
	if it.Exists() && it.Entry.Encoding() == object.Quicklist {
		// Fast path.
		l := open(it)
		pushAll(&l, texts, atHead)
		return
	}
	grow, size := 0, 0
	for _, t := range texts {
		e := listpack.Of(t)
		grow += e.Size()
		size += len(t)
	}
	if !it.Exists() {
		create(it, lim, texts, atHead, grow, size)
		return
	}
	lp := listpack.Open(it.Flat())
	if quicklist.Exceeds(lim.Fill, len(lp)+size, lp.Len()+len(texts)) {
		enlarge(it, lim, lp, func(l *quicklist.List) { pushAll(l, texts, atHead) })
		return
	}
	pushFlat(listpack.Open(it.Grow(grow)), texts, atHead)
}

// create makes the item's key, which does not exist, a list. The entries of the texts take grow bytes, the texts size.
func create(it *keyspace.Item, lim Limits, texts [][]byte, atHead bool, grow, size int) {
	if quicklist.Exceeds(lim.Fill, listpack.EmptySize+size, len(texts)) {
		enlarge(it, lim, nil, func(l *quicklist.List) { pushAll(l, texts, atHead) })
		return
	}
	var room [512]byte
	b := room[:]
	if listpack.EmptySize+grow > len(room) {
		b = make([]byte, listpack.EmptySize+grow)
	}
	it.PutFlat(object.List, object.Listpack, pushFlat(listpack.New(b), texts, atHead))
}

// pushFlat pushes onto a listpack that has room.
func pushFlat(lp listpack.Listpack, texts [][]byte, atHead bool) listpack.Listpack {
	for _, t := range texts {
		if atHead {
			lp = lp.Prepend(listpack.Of(t))
		} else {
			lp = lp.Append(listpack.Of(t))
		}
	}
	return lp
}

func push(l *quicklist.List, text []byte, atHead bool) {
	if atHead {
		l.PushHead(listpack.Of(text))
	} else {
		l.PushTail(listpack.Of(text))
	}
}

func pop(l *quicklist.List, atHead bool) {
	if atHead {
		l.PopHead()
	} else {
		l.PopTail()
	}
}

// pushAll pushes all texts or, when memory is out, none.
func pushAll(l *quicklist.List, texts [][]byte, atHead bool) {
	if len(texts) == 1 {
		push(l, texts[0], atHead)
		return
	}
	done := 0
	defer func() {
		if done < len(texts) {
			for range done {
				pop(l, atHead)
			}
		}
	}()
	for _, t := range texts {
		push(l, t, atHead)
		done++
	}
}

// enlarge makes the item a quicklist of the elements of lp, which may be nil, after change has changed it.
func enlarge(it *keyspace.Item, lim Limits, lp listpack.Listpack, change func(*quicklist.List)) {
	l := quicklist.New(object.Lists(arena(it)), lim.Fill, lim.Depth)
	done := false
	defer func() {
		if !done {
			l.Free()
		}
	}()
	if lp != nil {
		l.AppendListpack(lp)
	}
	change(&l)
	it.PutRoot(object.List, object.Quicklist, l.Root())
	done = true
}

// shrink makes the item's quicklist a listpack if it has become small enough, and if there is memory for it.
func shrink(it *keyspace.Item, lim Limits) {
	if it.Entry.Encoding() != object.Quicklist {
		return
	}
	l := open(it)
	if lp, ok := l.Listpack(lim.Fill, true); ok {
		defer func() {
			if e := recover(); e != nil && e != error(mem.ErrOutOfMemory) {
				panic(e)
			}
		}()
		it.PutFlat(object.List, object.Listpack, lp)
	}
}

// Insert adds an element so that it has index i.
//
// REQUIRES: 0 <= i <= Len; text does not lie in a list.
func Insert(it *keyspace.Item, lim Limits, i int, text []byte) {
	e := listpack.Of(text)
	if it.Entry.Encoding() == object.Quicklist {
		l := open(it)
		l.Insert(i, e)
		return
	}
	lp := listpack.Open(it.Flat())
	n := lp.Len()
	if quicklist.Exceeds(lim.Fill, len(lp)+len(text), n+1) {
		enlarge(it, lim, lp, func(l *quicklist.List) { l.Insert(i, e) })
		return
	}
	lp = listpack.Open(it.Grow(e.Size()))
	p := lp.End()
	if i < n {
		p = lp.Seek(i)
	}
	lp.Insert(p, e)
}

// Set puts an element in the place of the one at index i.
//
// REQUIRES: 0 <= i < Len; text does not lie in a list.
func Set(it *keyspace.Item, lim Limits, i int, text []byte) {
	e := listpack.Of(text)
	if it.Entry.Encoding() == object.Quicklist {
		l := open(it)
		l.Set(i, e)
		shrink(it, lim)
		return
	}
	lp := listpack.Open(it.Flat())
	// NB: the old text is not subtracted, as in Redis: clients see by OBJECT ENCODING when a list is converted.
	if quicklist.Exceeds(lim.Fill, len(lp)+len(text), lp.Len()+1) {
		enlarge(it, lim, lp, func(l *quicklist.List) { l.Set(i, e) })
		shrink(it, lim)
		return
	}
	p := lp.Seek(i)
	if d := lp.ReplaceDelta(p, e); d >= 0 {
		listpack.Open(it.Grow(d)).Replace(p, e)
	} else {
		trim := it.PlanTrim(-d)
		listpack.Open(it.Flat()).Replace(p, e)
		it.FinishTrim(trim)
	}
}

// Rotate moves the last element to the head, or with toTail the first one to the tail.
func Rotate(it *keyspace.Item, lim Limits, toTail bool) {
	if it.Entry.Encoding() == object.Quicklist {
		l := open(it)
		l.Rotate(toTail)
		shrink(it, lim)
		return
	}
	lp := listpack.Open(it.Flat())
	p := lp.Last()
	if toTail {
		p = lp.First()
	}
	text := Keep(it, lp.Get(p))
	e := listpack.Of(text)
	size := lp.EntrySize(p)
	switch {
	case quicklist.Exceeds(lim.Fill, len(lp)-size+len(text), lp.Len()):
		// The limit was lowered meanwhile.
		enlarge(it, lim, lp, func(l *quicklist.List) { l.Rotate(toTail) })
		shrink(it, lim)
	case e.Size() == size:
		// Fast path: the storage stays as it is.
		turn(lp, p, e, toTail)
	case e.Size() > size:
		turn(listpack.Open(it.Grow(e.Size()-size)), p, e, toTail)
	default:
		// Bytes from outside may hold an element in a longer form than ours.
		trim := it.PlanTrim(size - e.Size())
		turn(listpack.Open(it.Flat()), p, e, toTail)
		it.FinishTrim(trim)
	}
}

// turn moves the element at p, which is e, to an end of a listpack that has room.
func turn(lp listpack.Listpack, p int, e Elem, toTail bool) {
	lp, _ = lp.Delete(p)
	if toTail {
		lp.Append(e)
	} else {
		lp.Prepend(e)
	}
}

// Move takes the first or the last element of one list, which stays if that was its only one, and pushes it onto another
// or onto a key that does not exist. It returns the text, in the buffer of Keep. Either all of that happens or, when memory
// is out, nothing.
//
// REQUIRES: the keys are different; dst is absent or a list.
func Move(src, dst *keyspace.Item, lim Limits, fromHead, toHead bool) (moved []byte) {
	v := In(src)
	e := v.End(fromHead)
	size := v.Len()
	text := [1][]byte{Keep(src, e)}
	if size == 1 {
		Push(dst, lim, text[:], toHead)
		return text[0]
	}
	start := 0
	if !fromHead {
		start = size - 1
	}
	// The memory that removing needs comes first.
	if v.large {
		v.ql.OpenEnd(fromHead)
		src.Settle()
		Push(dst, lim, text[:], toHead)
		dst.Settle()
		DeleteRange(src, lim, start, 1)
		src.Settle()
		return text[0]
	}
	p := v.lp.Seek(start)
	trim := src.PlanTrim(v.lp.EntrySize(p))
	src.Settle()
	done := false
	defer func() {
		if !done {
			src.DropTrim(trim)
			src.Settle()
		}
	}()
	Push(dst, lim, text[:], toHead)
	dst.Settle()
	done = true
	listpack.Open(src.Flat()).Delete(p)
	src.FinishTrim(trim)
	return text[0]
}

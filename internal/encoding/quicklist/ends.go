package quicklist

import "granary/internal/encoding/listpack"

// PushHead adds an element before the first.
//
// REQUIRES, as all that adds or replaces: e does not borrow from this list. To push what Head or Tail of another list
// has read is fine.
func (l *List) PushHead(e Elem) { l.push(e, true) }

// PushTail adds an element after the last.
func (l *List) PushTail(e Elem) { l.push(e, false) }

// endNode leads p to the first or the last node and reports whether there is one.
func (l *List) endNode(p *path, atHead bool) bool {
	if atHead {
		return l.firstNode(p)
	}
	return l.lastNode(p)
}

func (l *List) push(e Elem, atHead bool) {
	fill, size := l.Fill(), e.TextLen()
	big := l.large(fill, size)
	var p path
	if l.endNode(&p, atHead) && !big {
		if n := p.node(); n.fits(fill, size) {
			// Fast path.
			l.open(&p, &n)
			bytes := int64(n.alloc)
			l.room(&n, e.Size(), atHead)
			if atHead {
				n.prepend(e)
			} else {
				n.took(n.listpack().Append(e))
			}
			n.store(p.slot())
			l.add(&p, 0, 1, 0, int64(n.alloc)-bytes)
			return
		}
	}
	l.pushNode(&p, l.newNode(e, big, atHead), atHead)
}

// newNode returns a node, not yet linked, for one element.
func (l *List) newNode(e Elem, big, atHead bool) node {
	if big {
		return l.newPlain(e)
	}
	return l.newPacked(e, atHead)
}

// pushNode links a node at an end, to which p leads.
func (l *List) pushNode(p *path, n node, atHead bool) {
	before := l.Nodes()
	if p.levels > 0 {
		// The node that was at the end will not be pushed to any more.
		if o := p.node(); o.kind&(plain|packedLZF) == 0 {
			bytes := o.usable()
			l.shrink(&o)
			l.update(p, &o, o.count, bytes)
		}
	}
	if atHead {
		l.link(p, &n, -1)
	} else {
		p.at[0].i++
		l.link(p, &n, 1)
	}
	l.settleEnds(before)
}

// Head returns the first element, valid until the list changes or another is read; ok is false if there is none.
func (l *List) Head() (e Elem, ok bool) { return l.end(true) }

// Tail returns the last element, as Head does.
func (l *List) Tail() (e Elem, ok bool) { return l.end(false) }

func (l *List) end(atHead bool) (e Elem, ok bool) {
	var p path
	if !l.endNode(&p, atHead) {
		return e, false
	}
	n := p.node()
	return l.endOf(&n, atHead), true
}

// endOf returns the first or the last element of a node.
func (l *List) endOf(n *node, atHead bool) Elem {
	if n.kind&plain != 0 {
		return listpack.Of(l.st.data(n))
	}
	lp := l.st.entries(n)
	if atHead {
		return lp.Get(lp.First())
	}
	return lp.Get(lp.Last())
}

// PopHead removes the first element, which Head has read, and reports whether there was one.
func (l *List) PopHead() bool { return l.pop(true, nil) }

// PopTail removes the last element, which Tail has read, and reports whether there was one.
func (l *List) PopTail() bool { return l.pop(false, nil) }

// Pop removes the first or the last element after fn has seen it, and reports whether there was one. If fn panics, or
// memory runs out, the list is as it was.
func (l *List) Pop(atHead bool, fn func(Elem)) bool { return l.pop(atHead, fn) }

func (l *List) pop(atHead bool, fn func(Elem)) bool {
	var p path
	if !l.endNode(&p, atHead) {
		return false
	}
	n := p.node()
	if n.count == 1 {
		if fn != nil {
			fn(l.endOf(&n, atHead))
		}
		before := l.Nodes()
		l.unlink(&p)
		l.st.freeNode(&n)
		l.settleEnds(before)
		return true
	}
	l.open(&p, &n)
	bytes := int64(n.alloc)
	lp := n.listpack()
	at := lp.First()
	if !atHead {
		at = lp.Last()
	}
	if fn != nil {
		fn(lp.Get(at))
	}
	n.erase(at, lp.EntrySize(at), 1)
	l.shrinkEnd(&n)
	n.store(p.slot())
	l.add(&p, 0, -1, 0, int64(n.alloc)-bytes)
	return true
}

// OpenEnd makes the first or the last node writable, so that popping the element there needs no memory.
func (l *List) OpenEnd(atHead bool) {
	var p path
	if l.endNode(&p, atHead) {
		if n := p.node(); n.count > 1 {
			l.open(&p, &n)
		}
	}
}

// Rotate moves the last element to the head, or with toTail the first one to the tail.
func (l *List) Rotate(toTail bool) {
	if l.Len() < 2 {
		return
	}
	var p path
	l.endNode(&p, toTail)
	n := p.node()
	l.open(&p, &n) // so that popping needs no memory
	e, _ := l.end(toTail)
	if !e.IsInt() {
		l.st.text = append(l.st.text[:0], e.Str()...)
		e = listpack.Of(l.st.text)
	}
	l.push(e, !toTail)
	l.pop(toTail, nil)
	if cap(l.st.text) > maxKeptBytes {
		l.st.text = nil
	}
}

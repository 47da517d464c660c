package quicklist

import (
	"granary/internal/encoding/listpack"
	"granary/internal/mem"
)

const listpackEnd = 0xff

// Index returns the element at index i, valid until the list changes or another is read; ok is false if there is none.
// A negative index counts from the end, -1 is the last.
func (l *List) Index(i int) (e Elem, ok bool) {
	size := l.Len()
	if i < 0 {
		i += size
	}
	if i < 0 || i >= size {
		return e, false
	}
	var p path
	k := l.seek(&p, i)
	n := p.node()
	if n.kind&plain != 0 {
		return listpack.Of(l.st.data(&n)), true
	}
	lp := l.st.entries(&n)
	return lp.Get(lp.Seek(k)), true
}

// Insert adds an element so that it has index i.
//
// REQUIRES: 0 <= i <= Len.
func (l *List) Insert(i int, e Elem) {
	switch i {
	case 0:
		l.push(e, true)
	case l.Len():
		l.push(e, false)
	default:
		before := l.Nodes()
		l.insert(i, e)
		l.settleAround(i)
		l.settleEnds(before)
	}
}

// insert adds an element between others. A node that is full is split in two halves, so that a list that grows in the
// middle has nodes that are at least half full; for an element that would not fit in a half either, at the place.
func (l *List) insert(i int, e Elem) {
	fill, size := l.Fill(), e.TextLen()
	big := l.large(fill, size)
	maxBytes, _ := limits(fill)
	for {
		var p path
		k := l.seek(&p, i)
		n := p.node()
		if !big {
			if n.fits(fill, size) {
				l.insertAt(&p, &n, k, e)
				return
			}
			if q := p; k == 0 && l.prevNode(&q) {
				if n := q.node(); n.fits(fill, size) {
					l.insertAt(&q, &n, n.count, e)
					return
				}
			}
		}
		if k == 0 {
			n := l.newNode(e, big, false)
			l.link(&p, &n, 0)
			return
		}
		if !big && n.size/2+size+sizeEstimate <= maxBytes {
			k = 0
		}
		l.split(&p, &n, k)
	}
}

// insertAt adds an element to a node at index k.
func (l *List) insertAt(p *path, n *node, k int, e Elem) {
	l.open(p, n)
	count, bytes := n.count, n.usable()
	l.room(n, e.Size(), false)
	lp := n.listpack()
	at := lp.End()
	if k < n.count {
		at = lp.Seek(k)
	}
	n.took(lp.Insert(at, e))
	l.update(p, n, count, bytes)
}

// split splits a node before its element k, or, if k is 0, near the middle of its bytes. p and n are void afterwards.
//
// REQUIRES: n.count >= 2, k < n.count.
func (l *List) split(p *path, n *node, k int) {
	l.open(p, n)
	lp := n.listpack()
	at := lp.Seek(k)
	if k == 0 {
		for at = lp.Next(at); k+2 < n.count && at < n.size/2; k++ {
			at = lp.Next(at)
		}
		k++
	}
	size := lp.End() - at
	right := node{count: n.count - k, size: listpack.EmptySize + size}
	right.alloc = mem.Usable(right.size)
	right.ref = l.st.arena.Alloc(right.alloc, mem.PurposeListpack)
	b := mem.Bytes(right.ref, right.alloc)
	copy(b[listpackHeader:], lp[at:])
	putHeader(b, right.size, right.count)

	q := *p
	q.at[0].i++
	l.link(&q, &right, 0)
	l.prevNode(&q) // the left part, wherever it is now
	count, bytes := n.count, n.usable()
	n.size -= size
	n.count = k
	n.kind &^= stiff
	lp[at] = listpackEnd
	putHeader(lp, n.size, n.count)
	l.shrink(n)
	l.update(&q, n, count, bytes)
}

// Set puts an element in the place of the one at index i.
//
// REQUIRES: 0 <= i < Len.
func (l *List) Set(i int, e Elem) {
	before := l.Nodes()
	fill := l.Fill()
	big := l.large(fill, e.TextLen())
	var p path
	k := l.seek(&p, i)
	n := p.node()
	switch {
	case big && n.kind&plain != 0:
		fresh := l.newPlain(e)
		bytes := n.usable()
		l.st.freeNode(&n)
		l.update(&p, &fresh, 1, bytes)
	case !big && n.kind&plain == 0 && l.replace(&p, &n, k, e, fill):
	default:
		l.open(&p, &n) // so that deleting needs no memory
		l.insert(i, e)
		k = l.seek(&p, i+1)
		n = p.node()
		l.eraseIn(&p, &n, k, 1)
		if !big {
			// A short element in the place of a long one may go together with what follows.
			l.seek(&p, i)
			l.mergeAt(l.nodeIndex(&p))
		}
	}
	l.settleAround(i)
	l.settleEnds(before)
}

// replace puts an element in the place of the one at index k of a packed node, if that does not make the node too large.
func (l *List) replace(p *path, n *node, k int, e Elem, fill int) bool {
	lp := l.st.entries(n)
	at := lp.Seek(k)
	d := lp.ReplaceDelta(at, e)
	if maxBytes, _ := limits(fill); n.count > 1 && d > 0 && n.size+d > maxBytes {
		return false
	}
	l.open(p, n)
	bytes := n.usable()
	l.room(n, max(d, 0), false)
	n.took(n.listpack().Replace(at, e))
	l.shrinkIn(p, n)
	l.update(p, n, n.count, bytes)
	return true
}

// shrinkIn gives back what a node does not need; at the ends of the list it is less eager.
func (l *List) shrinkIn(p *path, n *node) {
	if p.isFirst() || p.isLast() {
		l.shrinkEnd(n)
	} else {
		l.shrink(n)
	}
}

// eraseIn removes count elements from index k on of an open node. If that is all of them, the node goes and p leads
// nowhere.
func (l *List) eraseIn(p *path, n *node, k, count int) {
	if count == n.count {
		l.unlink(p)
		l.st.freeNode(n)
		return
	}
	had, bytes := n.count, n.usable()
	lp := n.listpack()
	at := lp.Seek(k)
	size := lp.End() - at
	if k+count < n.count {
		size, _ = lp.RangeSize(at, count)
	}
	n.erase(at, size, count)
	l.shrinkIn(p, n)
	l.update(p, n, had, bytes)
}

// mergeAt merges nodes x and x+1 into one if both together are at most half of what a node may hold, and reports
// whether it did.
func (l *List) mergeAt(x int) bool {
	if x < 0 || x+1 >= l.Nodes() {
		return false
	}
	fill := l.Fill()
	var p path
	l.seekNode(&p, x)
	a := p.node()
	q := p
	l.nextNode(&q)
	b := q.node()
	size := a.size + b.size - listpack.EmptySize
	if (a.kind|b.kind)&plain != 0 || Exceeds(fill, 2*size, a.count+b.count) {
		return false
	}
	if !l.tryOpen(&p, &a) || !l.tryOpen(&q, &b) {
		return false
	}
	m := node{count: a.count + b.count, size: size, alloc: mem.Usable(size)}
	m.ref = l.st.tryAlloc(m.alloc, mem.PurposeListpack)
	if m.ref == 0 {
		return false
	}
	to := mem.Bytes(m.ref, m.alloc)
	n := copy(to, a.listpack()[:a.size-1])
	copy(to[n:], b.listpack()[listpackHeader:])
	putHeader(to, m.size, m.count)
	bytes := a.usable()
	l.st.freeNode(&a)
	l.update(&p, &m, a.count, bytes)
	l.unlink(&q)
	l.st.freeNode(&b)
	return true
}

package quicklist

import (
	"slices"

	"granary/internal/encoding/listpack"
)

// Iter walks over a list in either direction. It is void when the list changes otherwise than by its own methods. It
// frees nothing and need not be closed.
//
//	it := l.From(0)
//	for ; it.Valid(); it.Next() { ... it.Elem() ... }
type Iter struct {
	l    List
	p    path
	n    node
	lp   listpack.Listpack // of a packed node
	at   int               // position in lp; not 0 for a plain node
	k    int               // index in the node
	i    int               // index in the list
	back bool
	ok   bool
}

// From returns an iterator at index i that goes to the tail. It is not Valid if there is no such element.
func (l *List) From(i int) (it Iter) {
	it.l = *l
	it.seek(i)
	return it
}

// BackFrom returns an iterator at index i that goes to the head.
func (l *List) BackFrom(i int) (it Iter) {
	it.l = *l
	it.back = true
	it.seek(i)
	return it
}

func (it *Iter) seek(i int) {
	it.i = i
	if it.ok = i >= 0 && i < it.l.Len(); it.ok {
		it.load(it.l.seek(&it.p, i))
	}
}

// load reads the node and goes to its element k.
func (it *Iter) load(k int) {
	it.n = it.p.node()
	it.at, it.k = 1, k
	if it.n.kind&plain == 0 {
		it.lp = it.l.st.entries(&it.n)
		it.at = it.lp.Seek(k)
	}
}

// view makes lp valid again if another node was decompressed meanwhile.
func (it *Iter) view() {
	if it.n.kind&(packedLZF|plain) == packedLZF {
		it.lp = it.l.st.entries(&it.n)
	}
}

// Valid reports whether the iterator is at an element.
func (it *Iter) Valid() bool { return it.ok }

// Index returns the index of the element.
func (it *Iter) Index() int { return it.i }

// Elem returns the element, valid until the list changes or another is read.
//
// REQUIRES, as all below: Valid.
func (it *Iter) Elem() Elem {
	if it.n.kind&plain != 0 {
		return listpack.Of(it.l.st.data(&it.n))
	}
	it.view()
	return it.lp.Get(it.at)
}

// Equal reports whether the element is e.
//
// REQUIRES: e is Canonical.
func (it *Iter) Equal(e Elem) bool {
	if it.n.kind&plain != 0 {
		return it.n.equalPlain(it.l.st, e)
	}
	it.view()
	return it.lp.EqualAt(it.at, e)
}

// equalPlain reports whether the element of a plain node is e.
func (nd *node) equalPlain(st *Store, e Elem) bool {
	if e.TextLen() != nd.size {
		return false
	}
	var s listpack.Scratch
	return string(st.data(nd)) == string(e.Text(&s))
}

// Next goes to the next element in the iterator's direction.
func (it *Iter) Next() {
	d := 1
	if it.back {
		d = -1
	}
	it.i += d
	it.k += d
	if it.n.kind&plain == 0 {
		it.view()
		if it.back {
			it.at = it.lp.Prev(it.at)
		} else {
			it.at = it.lp.Next(it.at)
		}
		if it.at != 0 {
			return
		}
	}
	if it.back {
		it.ok = it.l.prevNode(&it.p)
	} else {
		it.ok = it.l.nextNode(&it.p)
	}
	if !it.ok {
		return
	}
	k := 0
	if it.back {
		n := it.p.node()
		k = n.count - 1
	}
	it.load(k)
}

// Find goes to the first element in the iterator's direction that is e, the one it is at included, after looking at
// no more than most elements (0: all there are). It reports whether there is one; if not, it is where it stopped.
//
// REQUIRES: e is Canonical.
func (it *Iter) Find(e Elem, most int) bool {
	if most == 0 {
		most = it.l.Len()
	}
	for it.ok && most > 0 {
		if !it.back && it.n.kind&plain == 0 && it.n.count <= most {
			// Fast path: a node without it, at once. (A hit would not say how many elements it passed.)
			it.view()
			if it.lp.Find(it.at, e, 0) == 0 {
				passed := it.n.count - it.k
				it.i += passed
				most -= passed
				if it.ok = it.l.nextNode(&it.p); it.ok {
					it.load(0)
				}
				continue
			}
		}
		if it.Equal(e) {
			return true
		}
		it.Next()
		most--
	}
	return false
}

// Delete removes the element and goes to the next one in the iterator's direction.
func (it *Iter) Delete() {
	i := it.i
	it.l.DeleteRange(i, 1)
	if it.back {
		i--
	}
	it.seek(i)
}

// Set puts an element in the place of the one it is at.
func (it *Iter) Set(e Elem) {
	it.l.Set(it.i, e)
	it.seek(it.i)
}

// InsertBefore adds an element nearer to the head than the one it is at, and stays at that.
func (it *Iter) InsertBefore(e Elem) {
	it.l.Insert(it.i, e)
	it.seek(it.i + 1)
}

// InsertAfter adds an element nearer to the tail than the one it is at, and stays at that.
func (it *Iter) InsertAfter(e Elem) {
	it.l.Insert(it.i+1, e)
	it.seek(it.i)
}

// removeBatch is how many elements of a node Remove takes out in one move.
const removeBatch = 128

// Remove removes elements that are e: all if most is 0, otherwise at most so many, the first from the head or, with
// back, from the tail. It returns how many it removed.
//
// NB: it needs memory only to open compressed nodes. If there is none it panics with mem.ErrOutOfMemory between two nodes.
//
// REQUIRES: e is Canonical.
func (l *List) Remove(e Elem, most int, back bool) (removed int) {
	if most == 0 {
		most = l.Len()
	}
	before, depth := l.Nodes(), l.Depth()
	x := 0
	if back {
		x = before - 1
	}
	for x >= 0 && x < l.Nodes() && removed < most {
		var p path
		l.seekNode(&p, x)
		n := p.node()
		gone := l.removeIn(&p, &n, e, min(most-removed, removeBatch), back)
		removed += gone
		if gone == removeBatch && gone < n.count {
			continue // there may be more
		}
		at := x // where the node is now
		if gone < n.count {
			if gone > 0 && l.mergeAt(x) && !back {
				continue // what came in is still to be looked at
			}
			if gone > 0 && !back && l.mergeAt(x-1) {
				at--
			}
			if depth > 0 {
				l.settle(at, depth)
			}
		}
		if back {
			x--
		} else if gone < n.count {
			x = at + 1
		}
	}
	if depth > 0 && removed > 0 {
		l.settle(x, depth)
		l.settleEnds(before)
	}
	return removed
}

// removeIn removes up to most elements that are e from a node and returns how many. n stays what the node was.
func (l *List) removeIn(p *path, n *node, e Elem, most int, back bool) int {
	if n.kind&plain != 0 {
		if !n.equalPlain(l.st, e) {
			return 0
		}
		l.unlink(p)
		l.st.freeNode(n)
		return 1
	}
	var buf [removeBatch]int
	hits := buf[:0]
	lp := l.st.entries(n)
	if back {
		for at := lp.Last(); at != 0 && len(hits) < most; at = lp.Prev(at) {
			if lp.EqualAt(at, e) {
				hits = append(hits, at)
			}
		}
		slices.Reverse(hits)
	} else {
		for at := lp.Find(lp.First(), e, 0); at != 0 && len(hits) < most; at = lp.Find(lp.Next(at), e, 0) {
			hits = append(hits, at)
		}
	}
	switch len(hits) {
	case 0:
		return 0
	case n.count:
		l.unlink(p)
		l.st.freeNode(n)
		return len(hits)
	}
	l.open(p, n)
	m := *n
	bytes := m.usable()
	m.took(m.listpack().BatchDelete(hits))
	l.shrinkIn(p, &m)
	l.update(p, &m, n.count, bytes)
	return len(hits)
}

package quicklist

import (
	"granary/internal/encoding/listpack"
	"granary/internal/mem"
)

// AppendListpack adds the elements of a listpack at the tail, as a node of its own if they are no more than a node can
// be: so does a small list become a quicklist, and a node of a file a node.
//
// NB: a longer one is added element by element; if memory runs out, those before have been added.
//
// REQUIRES: lp was made by package listpack or passed its Validate, and does not lie in a list of this store.
func (l *List) AppendListpack(lp listpack.Listpack) {
	count := lp.Len()
	if count == 0 {
		return
	}
	if len(lp) > maxPacked || count > 1<<16-1 {
		for at := lp.First(); at != 0; at = lp.Next(at) {
			l.push(lp.Get(at), false)
		}
		return
	}
	var p path
	l.lastNode(&p)
	l.pushNode(&p, l.copyPacked(lp, count), false)
}

// AppendPlain adds an element at the tail in a plain node, whatever its length, as a file may demand.
func (l *List) AppendPlain(text []byte) {
	var p path
	l.lastNode(&p)
	l.pushNode(&p, l.newPlain(listpack.Of(text)), false)
}

// Listpack returns the list as a listpack if it has become small enough to be one: it is one packed node of no more
// than a node may hold by fill or, with half, than half of that. The listpack is a view of the node.
//
// A list that shrinks is converted at half, so that it does not change its encoding with every push and pop.
func (l *List) Listpack(fill int, half bool) (lp listpack.Listpack, ok bool) {
	if l.Nodes() != 1 {
		return nil, false
	}
	var p path
	l.firstNode(&p)
	n := p.node()
	maxBytes, maxElems := limits(fill)
	if fill >= 0 {
		maxBytes = maxPacked // elements alone decide
	}
	if half {
		maxBytes, maxElems = maxBytes/2, maxElems/2
	}
	if n.kind&plain != 0 || n.size > maxBytes || n.count > maxElems {
		return nil, false
	}
	return l.st.entries(&n), true
}

// Dup returns a copy of the list.
func (l *List) Dup() List {
	d := New(l.st, l.Fill(), l.Depth())
	done := false
	defer func() {
		if !done { // out of memory
			d.Free()
		}
	}()
	var p path
	for ok := l.firstNode(&p); ok; ok = l.nextNode(&p) {
		n := p.node()
		from := n.stored()
		if n.kind&(plain|packedLZF) == 0 {
			n.off, n.alloc = 0, mem.Usable(n.size)
		}
		n.ref = l.st.arena.Alloc(n.alloc, mem.PurposeListpack)
		copy(mem.Bytes(n.ref, n.alloc), from)
		var q path
		if d.lastNode(&q) {
			q.at[0].i++
		}
		d.link(&q, &n, 1)
	}
	done = true
	return d
}

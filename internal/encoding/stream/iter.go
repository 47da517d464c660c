package stream

import "granary/internal/encoding/listpack"

// Iter walks over the entries of a range of IDs. It allocates nothing and survives no change of the stream.
//
//	var it stream.Iter
//	s.Range(&it, from, to, false)
//	for it.Next() {
//		... it.ID, it.Fields
//		for range it.Fields {
//			field, value := it.Field()
//		}
//	}
type Iter struct {
	ID     ID  // of the entry
	Fields int // how many it has

	s        Stream
	from, to ID
	reverse  bool
	inNode   bool
	done     bool
	nd       node
	at       cursor // the node
	p        int    // position of the next entry's flags; in reverse, behind the next entry
	name     int    // what Field reads next
	value    int
	left     int // fields that Field has not read
	same     bool
	in       bool // forward: p is the entry that was looked at
}

// Range makes it walk over the entries from from to to, both included, or from to to from if reverse.
func (s *Stream) Range(it *Iter, from, to ID, reverse bool) {
	*it = Iter{s: *s, from: from, to: to, reverse: reverse}
	nodes := &s.head().nodes
	if nodes.n == 0 || to.Less(from) {
		it.done = true
		return
	}
	if reverse {
		it.at = nodes.atMost(nodeKind, to)
	} else if it.at = nodes.atMost(nodeKind, from); !it.at.ok() {
		it.at = nodes.atLeast(nodeKind, from)
	}
	it.done = !it.at.ok()
}

// Next moves to the next entry that is not deleted.
func (it *Iter) Next() bool {
	for !it.done {
		if !it.inNode {
			it.nd = openNode(it.at.key(nodeKind), it.at.value(nodeKind))
			it.inNode, it.in = true, false
			it.p = it.nd.start
			if it.reverse {
				it.p = it.nd.lp.End()
			}
		}
		if it.reverse && it.step(it.nd.before(it.p)) || !it.reverse && it.forward() {
			return true
		}
	}
	return false
}

// forward looks at the entry at p.
func (it *Iter) forward() bool {
	if it.in {
		it.p = it.rest()
	}
	if !it.nd.more(it.p) {
		it.nextNode()
		return false
	}
	e := it.nd.entry(it.p)
	it.in = true
	it.name, it.value, it.left, it.same = e.names, e.values, e.fields, e.sameFields()
	switch {
	case it.to.Less(e.id):
		it.done = true
		return false
	case e.deleted() || e.id.Less(it.from):
		return false
	}
	it.ID, it.Fields = e.id, e.fields
	return true
}

// rest returns the position after the entry, from where Field has come to.
func (it *Iter) rest() int {
	if it.same {
		return skip(it.nd.lp, it.value, it.left+1)
	}
	return skip(it.nd.lp, it.name, 2*it.left+1)
}

// step looks at the entry at p, walking back.
func (it *Iter) step(p int) bool {
	if p == 0 {
		it.nextNode()
		return false
	}
	it.p = p
	e := it.nd.entry(p)
	it.name, it.value, it.left, it.same = e.names, e.values, e.fields, e.sameFields()
	switch {
	case e.id.Less(it.from):
		it.done = true
		return false
	case e.deleted() || it.to.Less(e.id):
		return false
	}
	it.ID, it.Fields = e.id, e.fields
	return true
}

// nextNode moves on to the next node, or ends.
func (it *Iter) nextNode() {
	nodes := &it.s.head().nodes
	if it.reverse {
		it.at = nodes.prev(nodeKind, it.at)
	} else {
		it.at = nodes.next(nodeKind, it.at)
	}
	it.inNode = false
	it.done = !it.at.ok()
}

// Field returns the entry's next field and its value, views valid until the stream changes.
//
// REQUIRES: at most Fields calls after each Next.
func (it *Iter) Field() (name, value listpack.Elem) {
	lp := it.nd.lp
	name, value = lp.Get(it.name), lp.Get(it.value)
	it.left--
	if it.same {
		it.name += lp.EntrySize(it.name)
		it.value += lp.EntrySize(it.value)
		return name, value
	}
	it.name = it.value + lp.EntrySize(it.value)
	if it.left > 0 {
		it.value = it.name + lp.EntrySize(it.name)
	}
	return name, value
}

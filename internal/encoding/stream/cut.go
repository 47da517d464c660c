package stream

import (
	"math"

	"granary/internal/mem"
)

// Doomed are nodes that trimming took off a stream and that wait to be freed. Their memory is in the books until FreeSlice
// has freed it.
type Doomed struct {
	arena *mem.Arena
	parts []tree
}

const (
	// fewNodes is how many nodes a trim takes off one by one.
	fewNodes = 8
	// freeAtOnce is how many nodes a trim frees itself.
	freeAtOnce = 64
)

// Empty reports whether there is nothing to free.
func (d *Doomed) Empty() bool { return len(d.parts) == 0 }

// Nodes returns how many nodes wait to be freed.
func (d *Doomed) Nodes() (n int) {
	for i := range d.parts {
		n += int(d.parts[i].n)
	}
	return n
}

// FreeSlice frees about budget nodes, and returns true when all are gone.
func (d *Doomed) FreeSlice(budget int) bool {
	var sum int64 // is in no stream's books any more
	bk := books{d.arena, &sum}
	for len(d.parts) > 0 && budget > 0 {
		last := &d.parts[len(d.parts)-1]
		budget = last.freeSlice(bk, nodeKind, budget, func(_ ID, v []byte) {
			r, capacity := nodeRef(v)
			bk.free(r, capacity, mem.PurposeStream)
		})
		if last.height() == 0 {
			d.parts = d.parts[:len(d.parts)-1]
		}
	}
	return len(d.parts) == 0
}

// limit is how many entries the nodes before a place may have.
type limit struct {
	stop uint64 // at so many there is no need to go on
	most uint64 // there must not be more
}

// prefix returns the key of the first node that stays when nodes are taken from the start on, as long as they have less than
// stop entries, and not more than most with the next one. ok is false if none stays.
func (t *tree) prefix(k *kind, lim limit) (key ID, ok bool) {
	sum := uint64(0)
	b := k.open(t.root())
	for b.level > 0 {
		i := 0
		for ; i < int(b.n)-1; i++ {
			// NB: with stop reached by the child's last node but one, the last, if it is empty, stays: so look into it.
			if n := sum + uint64(loadSums(b.value(i)).live); n < lim.stop && n <= lim.most {
				sum = n
			} else {
				break
			}
		}
		b = k.open(b.child(i))
	}
	for i := range int(b.n) {
		if n := sum + uint64(liveIn(b.value(i))); sum < lim.stop && n <= lim.most {
			sum = n
		} else {
			return b.keys()[i], true
		}
	}
	c := t.next(k, cursor{b.ref, int(b.n) - 1})
	if !c.ok() {
		return ID{}, false
	}
	return c.key(k), true
}

// firstStaying returns the key of the first node that trimming does not take off as a whole; ok is false if none stays.
func (s *Stream) firstStaying(most uint64, least ID, t Trim) (key ID, ok bool) {
	h := s.head()
	lim := limit{math.MaxUint64, math.MaxUint64}
	if t.Limit > 0 {
		lim.most = uint64(t.Limit)
	}
	if most != math.MaxUint64 {
		lim.stop = h.length - most
		lim.most = min(lim.most, lim.stop)
		return h.nodes.prefix(nodeKind, lim)
	}
	// The last node that begins before the least ID, or the one after it if nothing of that one stays.
	c := h.nodes.atMost(nodeKind, least)
	if !c.ok() {
		c = h.nodes.atLeast(nodeKind, MinID)
	} else if nd := openNode(c.key(nodeKind), c.value(nodeKind)); nd.edge().Less(least) {
		c = h.nodes.next(nodeKind, c)
	}
	if ok = c.ok(); ok {
		key = c.key(nodeKind)
	}
	if t.Limit > 0 {
		if k, some := h.nodes.prefix(nodeKind, lim); some && (!ok || k.Less(key)) {
			return k, true
		}
	}
	return key, ok
}

// cutBefore takes all nodes before the one with a key off, or all there are if there is no such node.
func (s *Stream) cutBefore(key ID, ok bool) Doomed {
	h, bk := s.head(), s.books()
	d := Doomed{arena: s.arena}
	if !ok {
		x := nodeKind.open(h.nodes.root()).sums(false)
		d.parts = append(d.parts, h.nodes)
		h.nodes = tree{}
		h.bytes -= x.bytes
		h.length = 0
		return d
	}
	gone := h.nodes.cutBefore(bk, nodeKind, key, &d)
	h.length -= uint64(gone)
	return d
}

// cutBefore takes the entries before a key, which is there, out of a counted tree. It needs no memory. It returns how many live
// entries they had.
func (t *tree) cutBefore(bk books, k *kind, key ID, d *Doomed) (live int64) {
	var p path
	t.find(k, key, &p)
	leaf := &p.steps[0]
	for i := range leaf.i {
		v := leaf.b.value(i)
		live += liveIn(v)
		r, capacity := nodeRef(v)
		bk.free(r, capacity, k.purpose)
		t.n--
	}
	leaf.b.removeFirst(leaf.i)
	leaf.i = 0
	for l := 1; l <= p.top; l++ {
		s := &p.steps[l]
		v := s.b.value(s.i)
		x := loadSums(v)
		x.live -= live
		x.store(v)
		for i := range s.i {
			v := s.b.value(i)
			x := loadSums(v)
			live += x.live
			*bk.sum -= x.bytes
			t.n -= uint64(x.nodes)
			part := tree{n: uint64(x.nodes)}
			part.setRoot(mem.LoadRef(v), l)
			d.parts = append(d.parts, part)
		}
		s.b.removeFirst(s.i)
		s.i = 0
	}
	// Along the path there is nothing to the left, and blocks may have become almost empty.
	for l := range p.top {
		if b := p.steps[l].b; int(b.n) <= int(b.cap)/4 && !t.join(bk, k, &p, l) {
			t.shrink(bk, k, &p, l)
		}
	}
	t.collapse(bk, k)
	t.resum(k, key, 0)
	return live
}

// removeFirst takes the first n entries out.
func (b block) removeFirst(n int) {
	if n == 0 {
		return
	}
	left := int(b.n) - n
	copy(b.keys(), b.keys()[n:])
	copy(b.values(0, left), b.values(n, int(b.n)))
	b.head.n = uint16(left)
}

package quicklist

import "granary/internal/mem"

// Doomed is what DeleteRange or Trim took off and has not freed yet. Its memory is in the books until FreeSlice has freed it.
type Doomed struct {
	st    *Store
	parts []part
}

// part is a subtree: its entry, and its height.
type part struct {
	entry [entryBytes]byte
	h     int
}

// freeAtOnce is how many nodes DeleteRange and Trim free themselves.
const freeAtOnce = 256

// Empty reports whether there is nothing left to free.
func (d *Doomed) Empty() bool { return len(d.parts) == 0 }

// Nodes returns how many nodes are left to free.
func (d *Doomed) Nodes() (n int) {
	for i := range d.parts {
		n += int(sum(d.parts[i].entry[:], sumNodes))
	}
	return n
}

// FreeSlice frees about budget nodes, and returns true when all are gone.
func (d *Doomed) FreeSlice(budget int) bool {
	for len(d.parts) > 0 && budget > 0 {
		last := &d.parts[len(d.parts)-1]
		if d.st.freeBelow(last.entry[:], last.h, &budget) {
			d.parts = d.parts[:len(d.parts)-1]
		}
	}
	return len(d.parts) == 0
}

// DeleteRange removes count elements from index start on. It looks at the two nodes at the ends of the range and at the
// tree blocks above them, however long the range is; what lies between comes off in whole subtrees, and is freed at
// once if it is little. Otherwise it is returned, to be freed in slices.
//
// REQUIRES: start >= 0, count >= 0.
func (l *List) DeleteRange(start, count int) Doomed {
	d := Doomed{st: l.st}
	size := l.Len()
	if start >= size || count <= 0 {
		return d
	}
	count = min(count, size-start)
	before := l.Nodes()
	// All memory first.
	l.openAt(start)
	l.openAt(start + count)
	l.takeOff(start, count, &d)
	if start > 0 && start < size-count {
		var p path
		l.seek(&p, start-1)
		if x := l.nodeIndex(&p); !l.mergeAt(x) {
			l.mergeAt(x - 1)
		}
	}
	l.settleAround(start - 1)
	l.settleEnds(before)
	d.freeFew()
	return d
}

// Trim removes all elements but count from index start on, as DeleteRange does. Either it removes all of them or, when
// memory is out, none.
//
// REQUIRES: 0 <= start, 0 < count, start+count <= Len.
func (l *List) Trim(start, count int) Doomed {
	d := Doomed{st: l.st}
	size, before := l.Len(), l.Nodes()
	l.openAt(start)
	l.openAt(start + count)
	l.takeOff(start+count, size-start-count, &d)
	l.takeOff(0, start, &d)
	l.settleAround(0)
	l.settleAround(count - 1)
	l.settleEnds(before)
	d.freeFew()
	return d
}

// openAt makes the node with element i writable if other elements lie in it before i, so that it can be cut there without
// memory.
func (l *List) openAt(i int) {
	if i <= 0 || i >= l.Len() {
		return
	}
	var p path
	if k := l.seek(&p, i); k > 0 {
		n := p.node()
		l.open(&p, &n)
	}
}

// takeOff takes count elements from index start on out.
//
// REQUIRES: the nodes at both ends are open (openAt). So it needs no memory.
func (l *List) takeOff(start, count int, d *Doomed) {
	if count == 0 {
		return
	}
	end := start + count
	var p, q path
	k := l.seek(&p, start)
	n := p.node()
	if k+count <= n.count {
		l.eraseIn(&p, &n, k, count)
		return
	}
	from, to := l.nodeIndex(&p), l.Nodes()
	if end < l.Len() {
		left := l.seek(&q, end) // elements of the last node to remove
		to = l.nodeIndex(&q)
		if left > 0 {
			last := q.node()
			l.eraseIn(&q, &last, 0, left)
		}
	}
	if k > 0 {
		l.eraseIn(&p, &n, k, n.count-k)
		from++
	}
	l.removeNodes(from, to, d)
}

// freeFew frees at once what is little.
func (d *Doomed) freeFew() {
	if d.Nodes() <= freeAtOnce {
		d.FreeSlice(freeAtOnce * 2)
	}
}

// removeNodes takes the nodes from..to-1 out of the tree.
func (l *List) removeNodes(from, to int, d *Doomed) {
	if from >= to {
		return
	}
	r := l.head()
	top := int(r[rootLevels]) - 1
	if from == 0 && to == l.Nodes() {
		changeSum(r, sumBytes, -int64(mem.Usable(rootBytes)))
		d.parts = append(d.parts, part{[entryBytes]byte(r), top})
		clear(r[:entryBytes])
		putSum(r, sumBytes, int64(mem.Usable(rootBytes)))
		r[rootLevels] = 0
		return
	}
	l.cut(r, top, int64(from), int64(to), d)
	for _, x := range [...]int{from - 1, from} {
		for h := 0; x >= 0 && x < l.Nodes(); h++ {
			var p path
			l.seekNode(&p, x)
			if h >= p.levels {
				break
			}
			l.tidy(&p, h)
		}
	}
}

// cut takes nodes from..to-1 of the block of entry e, but not all of them, out: subtrees go to d, single nodes are
// freed. It changes e and returns by how much.
func (l *List) cut(e []byte, h int, from, to int64, d *Doomed) (elems, nodes, bytes int64) {
	var p path
	p.enter(h, e)
	n, b := int(p.at[h].n), p.block(h)
	first, last := n, n // slots that go altogether
	if h == 0 {
		first, last = int(from), int(to)
		for i := first; i < last; i++ {
			nd := loadNode(b[i*slotBytes:])
			elems, nodes, bytes = elems+int64(nd.count), nodes+1, bytes+nd.usable()
			l.st.freeNode(&nd)
		}
	} else {
		base := int64(0)
		for i := range n {
			s := b[i*entryBytes:][:entryBytes]
			c := sum(s, sumNodes)
			lo, hi := max(from-base, 0), min(to-base, c)
			base += c
			if lo >= hi {
				continue
			}
			var de, dn, db int64
			if hi-lo == c {
				de, dn, db = sum(s, sumElems), c, sum(s, sumBytes)
				d.parts = append(d.parts, part{[entryBytes]byte(s), h - 1})
				first, last = min(first, i), i+1
			} else {
				de, dn, db = l.cut(s, h-1, lo, hi, d)
			}
			elems, nodes, bytes = elems+de, nodes+dn, bytes+db
		}
	}
	if first < last {
		u := unit(h)
		copy(b[first*u:], b[last*u:n*u])
		e[entryN] = uint8(n - (last - first))
	}
	changeSum(e, sumElems, -elems)
	changeSum(e, sumNodes, -nodes)
	changeSum(e, sumBytes, -bytes)
	return elems, nodes, bytes
}

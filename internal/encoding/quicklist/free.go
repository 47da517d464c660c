package quicklist

import "granary/internal/mem"

// Free frees the list.
func (l *List) Free() {
	for !l.FreeSlice(1 << 30) {
	}
}

// FreeSlice frees about budget nodes, from the end. It returns true when the list is gone; Root is then 0. Between
// slices Len, Nodes, Bytes and FreeSlice are the only methods that may be called.
func (l *List) FreeSlice(budget int) bool {
	if l.root == 0 {
		return true
	}
	r := l.head()
	if levels := int(r[rootLevels]); levels > 0 && !l.st.freeBelow(r, levels-1, &budget) {
		return false
	}
	l.st.arena.Free(l.root, rootBytes, mem.PurposeQuicklist)
	l.root = 0
	return true
}

// freeBelow frees nodes of the block of entry e, from its end, and at last the block. It returns true when that is
// gone. The sums of e are kept.
func (st *Store) freeBelow(e []byte, h int, budget *int) bool {
	var p path
	p.enter(h, e)
	s := &p.at[h]
	b := p.block(h)
	for ; s.n > 0; s.n-- {
		if *budget <= 0 {
			e[entryN] = s.n
			return false
		}
		if h == 0 {
			n := loadNode(b[(int(s.n)-1)*slotBytes:])
			changeSum(e, sumElems, -int64(n.count))
			changeSum(e, sumNodes, -1)
			changeSum(e, sumBytes, -n.usable())
			st.freeNode(&n)
			*budget--
			continue
		}
		child := b[(int(s.n)-1)*entryBytes:][:entryBytes]
		elems, nodes, bytes := sum(child, sumElems), sum(child, sumNodes), sum(child, sumBytes)
		gone := st.freeBelow(child, h-1, budget)
		changeSum(e, sumElems, sum(child, sumElems)-elems)
		changeSum(e, sumNodes, sum(child, sumNodes)-nodes)
		changeSum(e, sumBytes, sum(child, sumBytes)-bytes)
		if !gone {
			e[entryN] = s.n
			return false
		}
	}
	st.arena.Free(s.ref, int(s.cap)*unit(h), mem.PurposeQuicklist)
	changeSum(e, sumBytes, -blockUsable(h, s.cap))
	putEntry(e, 0, 0, 0)
	return true
}

// relocateNodes is how many nodes Relocate looks at per call.
const relocateNodes = 16

// Relocate serves compaction: it moves blocks of the list to where the allocator would rather have them. It looks at
// some nodes per call and at the tree blocks above them, and returns a cursor for the next; it begins and ends with
// 0. It may panic with mem.ErrOutOfMemory; the list is whole then.
func (l *List) Relocate(cursor uint64) uint64 {
	if cursor >= uint64(l.Nodes()) {
		return 0
	}
	var p path
	l.seekNode(&p, int(cursor))
	for h := p.levels - 1; h >= 0; h-- {
		s := &p.at[h]
		if to := l.moveBlock(s.ref, int(s.cap)*unit(h), mem.PurposeQuicklist); to != 0 {
			s.ref = to
			putEntry(l.entry(&p, h), to, s.n, s.cap)
		}
	}
	s := &p.at[0]
	for i := 0; i < relocateNodes && s.i < uint16(s.n); i++ {
		n := p.node()
		if to := l.moveBlock(n.ref, n.alloc, mem.PurposeListpack); to != 0 {
			if n.ref == l.st.inflatedOf {
				l.st.inflatedOf = 0
			}
			n.ref = to
			n.store(p.slot())
		}
		s.i++
		cursor++
	}
	if cursor >= uint64(l.Nodes()) {
		return 0
	}
	return cursor
}

// RelocateRoot does the same for the root block. It reports whether Root has changed.
func (l *List) RelocateRoot() bool {
	if to := l.moveBlock(l.root, rootBytes, mem.PurposeQuicklist); to != 0 {
		l.root = to
		return true
	}
	return false
}

// moveBlock moves a block if that helps the allocator, and returns where it is then, otherwise 0.
func (l *List) moveBlock(r mem.Ref, n int, p mem.Purpose) mem.Ref {
	if !mem.ShouldMove(r, n, p) {
		return 0
	}
	to := l.st.arena.Alloc(n, p)
	copy(mem.Bytes(to, n), mem.Bytes(r, n))
	l.st.arena.Free(r, n, p)
	return to
}

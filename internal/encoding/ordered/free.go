package ordered

import "granary/internal/mem"

// Free gives release every entry and frees the tree. release may be nil.
func (t *Tree) Free(release func(mem.Ref)) {
	for !t.FreeSlice(1<<30, release) {
	}
}

// FreeSlice frees a part of the tree, about budget entries, from its end, giving each of them to release (which may
// be nil). It returns true when the tree is gone; Root is then 0. Between slices Len, Bytes and FreeSlice are the
// only methods that may be called. Entries are not read.
func (t *Tree) FreeSlice(budget int, release func(mem.Ref)) bool {
	if t.root == 0 {
		return true
	}
	r := t.head()
	for budget > 0 {
		var p path
		p.height = r.height()
		node := r.ref()
		for i := range p.height {
			v := innerAt(node)
			p.steps[i] = step{node, int(v.n) - 1}
			node = v.child(int(v.n) - 1)
		}
		l := leafAt(node)
		budget--
		for ; l.n > 0 && budget > 0; budget-- {
			l.n--
			r.n--
			if release != nil {
				release(l.ref(int(l.n)))
			}
		}
		if l.n > 0 {
			return false
		}
		t.release(node, l.size)
		level := p.height - 1
		for ; level >= 0; level-- {
			v := innerAt(p.steps[level].node)
			if v.n--; v.n > 0 {
				break
			}
			t.release(p.steps[level].node, v.size)
		}
		if level < 0 {
			t.arena.Free(t.root, rootBytes, t.kind.Purpose)
			t.root = 0
			return true
		}
	}
	return false
}

// Relocate serves compaction: it moves nodes of the tree to where the allocator would rather have them, and gives every
// entry to entry, which returns where it is now and may have freed the old one (nil: entries stay). It does one
// leaf per call, and the nodes above it, and returns a cursor for the next; it begins and ends
// with 0. The cursor is a rank: an entry may be left out if others are deleted meanwhile. It may panic with
// mem.ErrOutOfMemory; the tree is whole then.
func (t *Tree) Relocate(cursor uint64, entry func(mem.Ref) mem.Ref) uint64 {
	if cursor >= uint64(t.Len()) {
		return 0
	}
	var p path
	t.toRank(&p, int(cursor))
	for level := p.height - 1; level >= 0; level-- {
		v := innerAt(p.steps[level].node)
		if n := int(sizes[v.size].bytes); mem.ShouldMove(p.steps[level].node, n, t.kind.Purpose) {
			t.resizeInner(&p, level, t.alloc(v.size), v.size)
		}
	}
	l := leafAt(p.leaf)
	if mem.ShouldMove(p.leaf, int(sizes[l.size].bytes), t.kind.Purpose) {
		t.resizeLeaf(&p, t.alloc(l.size), l.size)
		l = leafAt(p.leaf)
	}
	if entry != nil {
		for i := range int(l.n) {
			old := l.ref(i)
			e := entry(old)
			if e == old {
				continue
			}
			l.setRef(i, e)
			if i == 0 {
				t.setFirst(&p, p.height, firstEntry{t.keyOf(e), e})
			}
		}
	}
	next := cursor + uint64(int(l.n)-p.idx)
	if next >= uint64(t.Len()) {
		return 0
	}
	return next
}

// RelocateRoot does the same for the root block. It reports whether Root has changed.
func (t *Tree) RelocateRoot() bool {
	if !mem.ShouldMove(t.root, rootBytes, t.kind.Purpose) {
		return false
	}
	to := t.arena.Alloc(rootBytes, t.kind.Purpose)
	*(*rootBlock)(mem.Ptr(to)) = *t.head()
	t.arena.Free(t.root, rootBytes, t.kind.Purpose)
	t.root = to
	return true
}

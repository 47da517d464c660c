package ordered

import "granary/internal/mem"

// Iter is a place in a tree: at an entry, before the first or after the last. It is valid until the tree's next
// change. Moving costs no search: the nodes above are at hand.
type Iter struct {
	leaf *leaf
	p    path
}

// Valid reports whether the place is at an entry.
func (it *Iter) Valid() bool { return uint(it.p.idx) < uint(it.leaf.n) }

// Entry returns the entry at the place.
//
// REQUIRES: Valid.
func (it *Iter) Entry() mem.Ref { return it.leaf.ref(it.p.idx) }

// Rank returns how many entries lie before the place.
func (it *Iter) Rank() int { return max(it.p.rank(), 0) }

// Next moves to the next entry and reports whether there is one.
func (it *Iter) Next() bool {
	if it.p.idx < int(it.leaf.n) {
		it.p.idx++
	}
	if it.p.idx < int(it.leaf.n) {
		return true
	}
	return it.nextLeaf()
}

// Prev moves to the entry before and reports whether there is one.
func (it *Iter) Prev() bool {
	if it.p.idx > 0 {
		it.p.idx--
		return true
	}
	return it.prevLeaf()
}

func (it *Iter) nextLeaf() bool {
	p := &it.p
	i := p.height - 1
	for ; i >= 0 && p.steps[i].slot+1 == int(innerAt(p.steps[i].node).n); i-- {
	}
	if i < 0 {
		return false
	}
	p.steps[i].slot++
	node := innerAt(p.steps[i].node).child(p.steps[i].slot)
	for i++; i < p.height; i++ {
		p.steps[i] = step{node, 0}
		node = innerAt(node).child(0)
	}
	p.leaf, p.idx, it.leaf = node, 0, leafAt(node)
	return true
}

func (it *Iter) prevLeaf() bool {
	p := &it.p
	i := p.height - 1
	for ; i >= 0 && p.steps[i].slot == 0; i-- {
	}
	if i < 0 {
		p.idx = -1
		return false
	}
	p.steps[i].slot--
	node := innerAt(p.steps[i].node).child(p.steps[i].slot)
	for i++; i < p.height; i++ {
		v := innerAt(node)
		p.steps[i] = step{node, int(v.n) - 1}
		node = v.child(int(v.n) - 1)
	}
	it.leaf = leafAt(node)
	p.leaf, p.idx = node, int(it.leaf.n)-1
	return true
}

// settle moves a place after the last entry of a leaf to the first of the next.
func (it *Iter) settle() {
	if it.p.idx == int(it.leaf.n) {
		it.nextLeaf()
	}
}

// First returns the place of the first entry.
func (t *Tree) First() Iter { return t.AtRank(0) }

// Last returns the place of the last entry, or before the first if there is none.
func (t *Tree) Last() Iter {
	it := t.end()
	it.Prev()
	return it
}

// end returns the place after the last entry.
func (t *Tree) end() Iter {
	var it Iter
	r := t.head()
	p := &it.p
	p.height = r.height()
	node := r.ref()
	for i := range p.height {
		v := innerAt(node)
		p.steps[i] = step{node, int(v.n) - 1}
		node = v.child(int(v.n) - 1)
	}
	it.leaf = leafAt(node)
	p.leaf, p.idx = node, int(it.leaf.n)
	return it
}

// AtRank returns the place of the entry with a rank; after the last if there is none.
//
// REQUIRES: rank >= 0.
func (t *Tree) AtRank(rank int) Iter {
	if rank >= t.Len() {
		return t.end()
	}
	var it Iter
	t.toRank(&it.p, rank)
	it.leaf = leafAt(it.p.leaf)
	return it
}

// SeekScore returns the place of the first entry whose score is at least score, or, with after, above it. For the last
// entry below a bound, seek the bound and go back by Prev.
func (t *Tree) SeekScore(score float64, after bool) Iter {
	k := scoreKey(score)
	if after {
		k++
	}
	var it Iter
	it.leaf = t.descendScore(&it.p, k)
	it.p.idx = t.seekScore(it.leaf, k)
	it.settle()
	return it
}

// SeekMember returns the place of the first entry that is at least (score, member), or, with after, above it.
func (t *Tree) SeekMember(score float64, member []byte, after bool) Iter {
	k := scoreKey(score)
	var it Iter
	it.leaf = t.descend(&it.p, k, member, 0)
	i, _, _ := t.place(it.leaf, k, member)
	if after && i < int(it.leaf.n) {
		if e := it.leaf.ref(i); t.keyOf(e) == k && string(t.kind.Member(e)) == string(member) {
			i++
		}
	}
	it.p.idx = i
	it.settle()
	return it
}

// SeekLex returns the place of the first entry whose member is at least member, or, with after, above it. It is meant for
// trees in which all scores are equal; in others members are not in order, and the place is one where an entry
// that is not below member follows one that is.
func (t *Tree) SeekLex(member []byte, after bool) Iter {
	n := t.Len()
	if n == 0 {
		return t.end()
	}
	score := t.kind.Score(t.At(0))
	if scoreKey(score) == t.keyOf(t.At(n-1)) {
		return t.SeekMember(score, member, after)
	}
	lo, hi := 0, n
	for lo < hi {
		mid := int(uint(lo+hi) >> 1)
		m := t.kind.Member(t.At(mid))
		if string(m) < string(member) || after && string(m) == string(member) {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return t.AtRank(lo)
}

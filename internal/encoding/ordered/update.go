package ordered

import "granary/internal/mem"

// Update gives entry e another score, by SetScore of the kind, and moves it to where it belongs then. It reports whether e
// was there. After a panic with mem.ErrOutOfMemory everything is as it was: a delete followed by an insert could not
// promise that.
//
// REQUIRES: the entry still has its old score; the score is not NaN.
func (t *Tree) Update(e mem.Ref, score float64) bool {
	var p path
	old, k, m := t.keyOf(e), scoreKey(score), t.kind.Member(e)
	if !t.search(&p, old, m, e) {
		return false
	}
	l, i := leafAt(p.leaf), p.idx
	if t.stays(l, i, old, k, m) {
		t.rescore(&p, e, score, k)
		return true
	}
	// Make room where e goes to. Deleting it does not take the room away: a leaf that is trimmed or merged has some to
	// spare. Nor does it make e belong elsewhere, unless e is the only one in the leaf where it belongs.
	var q path
	for {
		to := t.descend(&q, k, m, 0)
		if p.leaf == q.leaf || to.n < to.cap {
			break
		}
		if to.size < largest {
			t.resizeLeaf(&q, t.alloc(to.size+1), to.size+1)
			break
		}
		q.idx = -1 // no place at an end: makeRoom does not insert
		t.makeRoom(&q, firstEntry{})
		t.search(&p, old, m, e)
	}
	if p.leaf == q.leaf && leafAt(p.leaf).n == 1 {
		t.rescore(&p, e, score, k)
		return true
	}
	t.deleteAt(&p, 1)
	t.kind.SetScore(e, score)
	t.Insert(e)
	return true
}

// stays reports whether entry i of a leaf, whose score key is old, is between the same neighbours with score key k. Of
// entries at the ends it says so only if it need not look at another leaf.
func (t *Tree) stays(l *leaf, i int, old, k uint64, m []byte) bool {
	if k >= old {
		return k == old || i+1 < int(l.n) && !t.below(l.ref(i+1), k, m)
	}
	return i > 0 && t.below(l.ref(i-1), k, m)
}

// rescore gives the entry at the path's place a score that leaves it there.
func (t *Tree) rescore(p *path, e mem.Ref, score float64, k uint64) {
	l := leafAt(p.leaf)
	t.kind.SetScore(e, score)
	if l.kind == byMember || l.n == 1 {
		t.build(l)
	} else {
		h := l.cover(k)
		l.hints(p.idx, p.idx+1)[0] = h
	}
	if p.idx == 0 {
		t.setFirst(p, p.height, firstEntry{k, e})
	}
}

// Rescore is the half of Update that needs no room and no SetScore: if the new score leaves entry e where it is, it reports
// true, and the caller must write the score into the entry at once. Otherwise nothing has changed. Entries at the ends of
// leaves it leaves to others.
//
// REQUIRES: as Update.
func (t *Tree) Rescore(e mem.Ref, score float64) bool {
	var p path
	old, k, m := t.keyOf(e), scoreKey(score), t.kind.Member(e)
	if !t.search(&p, old, m, e) {
		return false
	}
	l, i := leafAt(p.leaf), p.idx
	if k == old {
		return true
	}
	if l.kind == byMember || p.height > 0 && i == 0 || !t.stays(l, i, old, k, m) {
		return false
	}
	h := l.cover(k)
	l.hints(i, i+1)[0] = h
	return true
}

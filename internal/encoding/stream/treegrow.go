package stream

import "granary/internal/mem"

// fresh are blocks allocated for one insert: at most one per level and a new root.
type fresh struct {
	ref [maxHeight + 1]mem.Ref
	cap [maxHeight + 1]int
	n   int
}

// grow inserts a key into a full leaf. First it finds out, from the leaf up, which blocks have to grow or to be split, and
// allocates what that takes; then it changes the tree.
func (t *tree) grow(bk books, k *kind, key ID, p *path) (value []byte) {
	var f fresh
	t.reserve(bk, k, p, &f)
	return t.put(bk, k, p, 0, key, &f)
}

// atEnd reports whether the path's place on level l is behind the last entry of the tree.
func (p *path) atEnd(l int) bool {
	if s := &p.steps[l]; l == 0 && s.i < int(s.b.n) {
		return false
	}
	for l = max(l, 1); l <= p.top; l++ {
		if s := &p.steps[l]; s.i < int(s.b.n)-1 {
			return false
		}
	}
	return true
}

// reserve allocates the blocks that put will take, in its order.
func (t *tree) reserve(bk books, k *kind, p *path, f *fresh) {
	done := false
	defer func() {
		if !done {
			for i := range f.n {
				bk.free(f.ref[i], bytesFor(f.cap[i], k.widthOf(i)), k.purpose)
			}
		}
	}()
	for l := 0; ; l++ {
		width := k.widthOf(l)
		most := mostFor(width)
		var room int
		switch {
		case l > p.top:
			room = roomFor(firstCap, width)
		case p.steps[l].b.n < p.steps[l].b.cap:
			done = true
			return
		case int(p.steps[l].b.cap) < most:
			room = roomFor(min(2*int(p.steps[l].b.cap), most), width)
		case p.atEnd(l):
			room = roomFor(firstCap, width)
		default:
			room = most
		}
		f.ref[l] = bk.alloc(bytesFor(room, width), k.purpose)
		f.cap[l] = room
		f.n++
		if l > p.top || int(p.steps[l].b.cap) < most {
			done = true
			return
		}
	}
}

// put inserts a key at the path's place on level l, growing or splitting the block, and returns its value.
func (t *tree) put(bk books, k *kind, p *path, l int, key ID, f *fresh) []byte {
	if l > p.top {
		old := k.open(t.root())
		b := k.format(f.ref[l], f.cap[l], l)
		v := b.insertAt(0, old.keys()[0])
		mem.PutRef(v, old.ref)
		if k.counted {
			old.sums(true).store(v)
		}
		t.setRoot(b.ref, l+1)
		return b.insertAt(1, key)
	}
	s := &p.steps[l]
	i := s.i
	if l > 0 {
		i++ // of the path's child, the new one is the right neighbour
	}
	if s.b.n < s.b.cap {
		return s.b.insertAt(i, key)
	}
	n := int(s.b.n)
	b := k.format(f.ref[l], f.cap[l], l)
	if int(s.b.cap) < mostFor(s.b.width) {
		b.take(s.b, 0, n)
		t.setChild(p, l, b.ref)
		bk.free(s.b.ref, s.b.bytes(), k.purpose)
		s.b = b
		return b.insertAt(i, key)
	}
	// Split: b is the right part. What is appended to the tree leaves a full block behind.
	half := n / 2
	if p.atEnd(l) {
		half = n
	} else if k.counted {
		panic("BUG: stream: a counted tree grows at the end only")
	}
	b.take(s.b, half, n)
	s.b.n = uint16(half)
	var value []byte
	if i > half || half == n {
		value = b.insertAt(i-half, key)
	} else {
		value = s.b.insertAt(i, key)
	}
	v := t.put(bk, k, p, l+1, b.keys()[0], f)
	mem.PutRef(v, b.ref)
	if k.counted { // resum, which is next, computes all but live; nothing was moved
		sums{}.store(v)
	}
	return value
}

// setChild makes what refers to the path's block of level l refer to another.
func (t *tree) setChild(p *path, l int, r mem.Ref) {
	if l == p.top {
		t.setRoot(r, t.height())
		return
	}
	s := &p.steps[l+1]
	mem.PutRef(s.b.value(s.i), r)
}

// remove takes a key out and reports whether it was there. It needs no memory.
func (t *tree) remove(bk books, k *kind, key ID) bool {
	var p path
	if !t.find(k, key, &p) {
		return false
	}
	p.steps[0].b.removeAt(p.steps[0].i)
	t.n--
	t.settle(bk, k, &p)
	return true
}

// settle frees, joins and shrinks blocks along the path, from whose leaf something was removed.
func (t *tree) settle(bk books, k *kind, p *path) {
	for l := 0; l <= p.top; l++ {
		b := p.steps[l].b
		switch {
		case b.n == 0:
			bk.free(b.ref, b.bytes(), k.purpose)
			if l == p.top {
				t.setRoot(0, 0)
				return
			}
			up := &p.steps[l+1]
			up.b.removeAt(up.i)
		case l == p.top && l > 0 && b.n == 1:
			t.collapse(bk, k)
			return
		case int(b.n) > int(b.cap)/4:
			return
		case l < p.top && t.join(bk, k, p, l):
		default:
			t.shrink(bk, k, p, l)
			return
		}
	}
}

// collapse takes roots away that have one child.
func (t *tree) collapse(bk books, k *kind) {
	for t.height() > 1 {
		b := k.open(t.root())
		if b.n > 1 {
			return
		}
		t.setRoot(b.child(0), t.height()-1)
		bk.free(b.ref, b.bytes(), k.purpose)
	}
}

// addLive adds the live entries below another block to those below one. The other sums are computed anew later.
func (k *kind) addLive(to, from []byte) {
	if k.counted {
		x := loadSums(to)
		x.live += loadSums(from).live
		x.store(to)
	}
}

// join moves the path's block of level l and a neighbour into one of both, if it stays a quarter empty.
func (t *tree) join(bk books, k *kind, p *path, l int) bool {
	up := &p.steps[l+1]
	for _, i := range [2]int{up.i, up.i - 1} {
		if i < 0 || i+1 >= int(up.b.n) {
			continue
		}
		left, right := k.open(up.b.child(i)), k.open(up.b.child(i+1))
		n := int(left.n) + int(right.n)
		switch {
		case n <= int(left.cap)*3/4:
			left.take(right, 0, int(right.n))
			k.addLive(up.b.value(i), up.b.value(i+1))
			up.b.removeAt(i + 1)
			bk.free(right.ref, right.bytes(), k.purpose)
			return true
		case n <= int(right.cap)*3/4:
			m := int(left.n)
			right.n = uint16(n)
			copy(right.keys()[m:], right.keys())
			copy(right.keys(), left.keys())
			copy(right.values(m, n), right.values(0, n-m))
			copy(right.values(0, m), left.values(0, m))
			mem.PutRef(up.b.value(i), right.ref)
			k.addLive(up.b.value(i), up.b.value(i+1))
			up.b.removeAt(i + 1)
			bk.free(left.ref, left.bytes(), k.purpose)
			return true
		}
	}
	return false
}

// shrink halves the capacity of the path's block of level l, if that gives memory back and there is memory for the move.
func (t *tree) shrink(bk books, k *kind, p *path, l int) {
	b := p.steps[l].b
	room := roomFor(max(2*int(b.n), firstCap), b.width)
	if mem.Usable(bytesFor(room, b.width)) >= mem.Usable(b.bytes()) {
		return
	}
	mem.Try(func() {
		to := k.format(bk.alloc(bytesFor(room, b.width), k.purpose), room, l)
		to.take(b, 0, int(b.n))
		t.setChild(p, l, to.ref)
		bk.free(b.ref, b.bytes(), k.purpose)
	})
}

// freeSlice takes up to budget entries out from the end and gives them to release, which may be nil. It returns what is
// left of the budget.
func (t *tree) freeSlice(bk books, k *kind, budget int, release func(key ID, value []byte)) int {
	for budget > 0 && t.height() > 0 {
		var p path
		t.find(k, MaxID, &p)
		b := p.steps[0].b
		for b.n > 0 && budget > 0 {
			i := int(b.n) - 1
			if release != nil {
				release(b.keys()[i], b.value(i))
			}
			b.n--
			t.n--
			budget--
		}
		for l := 0; p.steps[l].b.n == 0; l++ {
			b := p.steps[l].b
			bk.free(b.ref, b.bytes(), k.purpose)
			if l == p.top {
				t.setRoot(0, 0)
				break
			}
			p.steps[l+1].b.n-- // the path is the last one
		}
	}
	return budget
}

// relocate serves compaction: it moves the blocks on the way to the first entry not less than key, and gives the
// leaf's entries to each. It returns the first key of the next leaf, and false after the last.
func (t *tree) relocate(bk books, k *kind, key ID, each func(key ID, value []byte)) (next ID, more bool) {
	c := t.atLeast(k, key)
	if !c.ok() {
		return ID{}, false
	}
	var p path
	t.find(k, c.key(k), &p)
	for l := p.top; l >= 0; l-- {
		b := &p.steps[l].b
		if to := bk.move(b.ref, b.bytes(), k.purpose); to != 0 {
			t.setChild(&p, l, to)
			*b = k.open(to)
		}
	}
	b := p.steps[0].b
	if each != nil {
		for i, key := range b.keys() {
			each(key, b.value(i))
		}
	}
	next, ok := b.keys()[b.n-1].Next()
	if !ok {
		return ID{}, false
	}
	return next, t.atLeast(k, next).ok()
}

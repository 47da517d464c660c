package quicklist

import (
	"encoding/binary"

	"granary/internal/mem"
)

const (
	entryBytes = 32

	maxEntries = 32 // of an inner block
	maxSlots   = 64 // of a leaf

	// maxLevels is enough for 10^11 nodes: blocks side by side have at least 24 entries together.
	maxLevels = 10
)

// Offsets of an entry's fields.
const (
	entryN   = 5
	entryCap = 6

	sumElems = 8
	sumNodes = 16
	sumBytes = 24
)

func sum(e []byte, field int) int64          { return int64(binary.LittleEndian.Uint64(e[field:])) }
func putSum(e []byte, field int, x int64)    { binary.LittleEndian.PutUint64(e[field:], uint64(x)) }
func changeSum(e []byte, field int, d int64) { putSum(e, field, sum(e, field)+d) }

// blockSizes are the sizes of tree blocks: size classes of the allocator.
var blockSizes = [...]uint16{32, 64, 96, 128, 160, 192, 224, 256, 320, 384, 448, 512, 640, 768, 896, 1024}

// capFor returns how many slots of unit bytes the smallest block for n of them has.
func capFor(n, unit int) int {
	for _, s := range blockSizes {
		if c := int(s) / unit; c >= n {
			return c
		}
	}
	panic("BUG: quicklist: tree block too large")
}

// add changes the sums of every entry on the path from height h up.
func (l *List) add(p *path, h int, elems, nodes, bytes int64) {
	for ; h < p.levels; h++ {
		e := l.entry(p, h)
		changeSum(e, sumElems, elems)
		changeSum(e, sumNodes, nodes)
		changeSum(e, sumBytes, bytes)
	}
}

// update writes what became of the node p leads to. bytes are the usable bytes it had.
func (l *List) update(p *path, n *node, count int, bytes int64) {
	n.store(p.slot())
	l.add(p, 0, int64(n.count-count), 0, n.usable()-bytes)
}

// link puts a node in the tree before the slot that p leads to, or at index n of the leaf if that is where p leads.
// edge is -1 or 1 if that is the very beginning or the very end of the list, otherwise 0. Without memory the node's
// block is freed. p then leads to the node.
func (l *List) link(p *path, n *node, edge int) {
	done := false
	defer func() {
		if !done {
			l.st.freeNode(n)
		}
	}()
	if p.levels == 0 {
		c := capFor(1, slotBytes)
		ref := l.st.arena.Alloc(c*slotBytes, mem.PurposeQuicklist)
		r := l.head()
		r[rootLevels] = 1
		putEntry(r, ref, 0, uint8(c))
		changeSum(r, sumBytes, blockUsable(0, uint8(c)))
		l.begin(p)
	} else {
		l.makeRoom(p, 0, edge)
	}
	done = true
	l.insertSlot(p, 0)
	n.store(p.slot())
	l.add(p, 0, int64(n.count), 1, n.usable())
}

func putEntry(e []byte, ref mem.Ref, n, c uint8) {
	binary.LittleEndian.PutUint64(e, uint64(ref)|uint64(n)<<refBits|uint64(c)<<(refBits+8))
}

// insertSlot opens a gap of one slot at height h.
//
// REQUIRES: there is room.
func (l *List) insertSlot(p *path, h int) {
	s := &p.at[h]
	b, u := p.block(h), unit(h)
	copy(b[(int(s.i)+1)*u:], b[int(s.i)*u:int(s.n)*u])
	s.n++
	l.entry(p, h)[entryN] = s.n
}

// makeRoom gives the block at height h room for one more slot, at index p.at[h].i; the block, and with it the path, may
// become another. It gets all memory before it changes anything: on the way up blocks are allocated, on the way back
// they are filled.
//
// A full block is split in the middle; at an edge of the list the new block begins empty, so that a list that grows at
// its ends has full blocks.
func (l *List) makeRoom(p *path, h, edge int) {
	s := &p.at[h]
	if s.n < s.cap {
		return
	}
	if int(s.n) < most(h) {
		l.recap(p, h, l.st.arena.Alloc(capFor(int(s.n)+1, unit(h))*unit(h), mem.PurposeQuicklist), capFor(int(s.n)+1, unit(h)))
		return
	}
	keep := int(s.n) / 2
	if edge > 0 {
		keep = int(s.n)
	} else if edge < 0 {
		keep = 0
	}
	move := int(s.n) - keep
	if edge < 0 {
		move = 0
	}
	c := capFor(move+1, unit(h))
	fresh := l.st.arena.Alloc(c*unit(h), mem.PurposeQuicklist)
	done := false
	defer func() {
		if !done {
			l.st.arena.Free(fresh, c*unit(h), mem.PurposeQuicklist)
		}
	}()
	if h == p.levels-1 {
		l.addLevel(p)
	}
	if edge >= 0 {
		p.at[h+1].i++
	}
	l.makeRoom(p, h+1, edge)
	done = true
	l.divide(p, h, edge, keep, fresh, uint8(c))
}

// divide enters the fresh block in the parent, where there is room at p.at[h+1].i, and moves the slots from keep on there
// (none at an edge).
func (l *List) divide(p *path, h, edge, keep int, fresh mem.Ref, c uint8) {
	old, up, u := p.at[h], &p.at[h+1], unit(h)
	move := 0
	if edge == 0 {
		move = int(old.n) - keep
	}
	l.insertSlot(p, h+1)
	e := p.block(h + 1)[int(up.i)*entryBytes:][:entryBytes]
	clear(e)
	putEntry(e, fresh, uint8(move), c)
	own := blockUsable(h, c)
	putSum(e, sumBytes, own)
	l.add(p, h+1, 0, 0, own)
	if move == 0 {
		p.at[h] = step{ref: fresh, cap: c}
		return
	}
	from := mem.Bytes(old.ref, int(old.cap)*u)[keep*u : int(old.n)*u]
	copy(mem.Bytes(fresh, int(c)*u), from)
	var elems, nodes, bytes int64
	for ; len(from) > 0; from = from[u:] {
		if h == 0 {
			n := loadNode(from)
			elems, nodes, bytes = elems+int64(n.count), nodes+1, bytes+n.usable()
		} else {
			elems, nodes, bytes = elems+sum(from, sumElems), nodes+sum(from, sumNodes), bytes+sum(from, sumBytes)
		}
	}
	// The left half is the entry before: makeRoom of the parent keeps the two side by side.
	left := p.block(h + 1)[(int(up.i)-1)*entryBytes:][:entryBytes]
	left[entryN] = uint8(keep)
	for _, x := range [...]struct {
		field int
		d     int64
	}{{sumElems, elems}, {sumNodes, nodes}, {sumBytes, bytes}} {
		changeSum(left, x.field, -x.d)
		changeSum(e, x.field, x.d)
	}
	up.i--
	p.at[h].n = uint8(keep)
	l.shrinkBlock(p, h) // or the slots of half a block would stay unused in a list that grows in order
	if int(old.i) > keep {
		up.i++
		p.at[h] = step{ref: fresh, i: old.i - uint16(keep), n: uint8(move), cap: c}
	}
}

// shrinkBlock makes the block at height h smaller if it is much too large, leaving room for one slot.
func (l *List) shrinkBlock(p *path, h int) {
	s := &p.at[h]
	c := capFor(min(int(s.n)+1, most(h)), unit(h))
	if c*4 > int(s.cap)*3 {
		return
	}
	if to := l.st.tryAlloc(c*unit(h), mem.PurposeQuicklist); to != 0 {
		l.recap(p, h, to, c)
	}
}

// addLevel puts a block with one entry, for the block that was topmost, on top.
func (l *List) addLevel(p *path) {
	if p.levels == maxLevels {
		panic("BUG: quicklist: too many levels")
	}
	c := capFor(2, entryBytes)
	top := l.st.arena.Alloc(c*entryBytes, mem.PurposeQuicklist)
	r := l.head()
	e := mem.Bytes(top, entryBytes)
	copy(e, r[:entryBytes])
	changeSum(e, sumBytes, -int64(mem.Usable(rootBytes)))
	putEntry(r, top, 1, uint8(c))
	r[rootLevels]++
	p.at[p.levels] = step{ref: top, n: 1, cap: uint8(c)}
	p.levels++
	l.add(p, p.levels-1, 0, 0, blockUsable(p.levels-1, uint8(c)))
}

// recap moves the block at height h to a block with room for c slots.
func (l *List) recap(p *path, h int, to mem.Ref, c int) {
	s := &p.at[h]
	u := unit(h)
	copy(mem.Bytes(to, c*u), p.block(h)[:int(s.n)*u])
	d := blockUsable(h, uint8(c)) - blockUsable(h, s.cap)
	l.st.arena.Free(s.ref, int(s.cap)*u, mem.PurposeQuicklist)
	s.ref, s.cap = to, uint8(c)
	putEntry(l.entry(p, h), to, s.n, s.cap)
	l.add(p, h, 0, 0, d)
}

// unlink takes the node p leads to out of the tree. Its block is the caller's, and p leads nowhere.
func (l *List) unlink(p *path) {
	n := p.node()
	l.add(p, 0, -int64(n.count), -1, -n.usable())
	l.dropSlot(p, 0)
}

// dropSlot removes a slot at height h, whose sums have been subtracted.
func (l *List) dropSlot(p *path, h int) {
	s := &p.at[h]
	b, u := p.block(h), unit(h)
	copy(b[int(s.i)*u:], b[(int(s.i)+1)*u:int(s.n)*u])
	s.n--
	l.entry(p, h)[entryN] = s.n
	if s.n > 0 {
		l.tidy(p, h)
		return
	}
	l.st.arena.Free(s.ref, int(s.cap)*u, mem.PurposeQuicklist)
	l.add(p, h, 0, 0, -blockUsable(h, s.cap))
	if h == p.levels-1 {
		r := l.head()
		putEntry(r, 0, 0, 0)
		r[rootLevels] = 0
		return
	}
	l.dropSlot(p, h+1)
}

// tidy merges the block at height h, which has become emptier, with a neighbour, or makes it smaller, or takes a
// topmost block of one entry away. Then p leads nowhere.
func (l *List) tidy(p *path, h int) {
	s := p.at[h]
	if h == p.levels-1 {
		for p.levels > 1 && p.at[p.levels-1].n == 1 {
			l.dropLevel(p)
		}
	} else {
		up := p.at[h+1]
		b := p.block(h + 1)
		few := most(h) * 3 / 4
		if up.i > 0 && int(b[(int(up.i)-1)*entryBytes+entryN])+int(s.n) <= few {
			l.merge(p, h, int(up.i)-1)
			return
		}
		if int(up.i)+1 < int(up.n) && int(b[(int(up.i)+1)*entryBytes+entryN])+int(s.n) <= few {
			l.merge(p, h, int(up.i))
			return
		}
	}
	if h < p.levels && int(s.n)*2 < int(s.cap) {
		l.shrinkBlock(p, h)
	}
}

// dropLevel takes the topmost block, which has one entry, away.
func (l *List) dropLevel(p *path) {
	top := &p.at[p.levels-1]
	r := l.head()
	copy(r[:entryBytes], p.block(p.levels - 1)[:entryBytes])
	changeSum(r, sumBytes, int64(mem.Usable(rootBytes)))
	l.st.arena.Free(top.ref, int(top.cap)*entryBytes, mem.PurposeQuicklist)
	r[rootLevels]--
	p.levels--
	p.enter(p.levels-1, r)
}

// merge moves the slots of the block at height h with index j+1 in its parent to the one with index j.
func (l *List) merge(p *path, h, j int) {
	up := &p.at[h+1]
	up.i = uint16(j + 1)
	p.enter(h, l.entry(p, h))
	right := p.at[h]
	re := l.entry(p, h)
	up.i = uint16(j)
	p.enter(h, l.entry(p, h))
	s := &p.at[h]
	n, u := int(s.n)+int(right.n), unit(h)
	if n > int(s.cap) {
		c := capFor(n, u)
		to := l.st.tryAlloc(c*u, mem.PurposeQuicklist)
		if to == 0 {
			return
		}
		l.recap(p, h, to, c)
	}
	copy(p.block(h)[int(s.n)*u:], mem.Bytes(right.ref, int(right.n)*u))
	le := l.entry(p, h)
	le[entryN] = uint8(n)
	own := blockUsable(h, right.cap)
	changeSum(le, sumElems, sum(re, sumElems))
	changeSum(le, sumNodes, sum(re, sumNodes))
	changeSum(le, sumBytes, sum(re, sumBytes)-own)
	l.st.arena.Free(right.ref, int(right.cap)*u, mem.PurposeQuicklist)
	l.add(p, h+1, 0, 0, -own)
	up.i = uint16(j + 1)
	l.dropSlot(p, h+1)
}

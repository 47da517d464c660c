package quicklist

import (
	"encoding/binary"

	"granary/internal/mem"
)

// path leads from the root to a slot: at[0] is the leaf, at[levels-1] the topmost block.
type path struct {
	levels int
	at     [maxLevels]step
}

// step is a tree block on a path, and the slot in it.
type step struct {
	ref    mem.Ref
	i      uint16
	n, cap uint8
}

// unit returns the bytes of a slot at a height.
func unit(h int) int {
	if h == 0 {
		return slotBytes
	}
	return entryBytes
}

// most returns how many slots a block at a height may have.
func most(h int) int {
	if h == 0 {
		return maxSlots
	}
	return maxEntries
}

func blockUsable(h int, slots uint8) int64 { return int64(mem.Usable(int(slots) * unit(h))) }

// enter makes the block of entry e the step at height h.
func (p *path) enter(h int, e []byte) {
	w := binary.LittleEndian.Uint64(e)
	p.at[h] = step{ref: mem.Ref(w & refMask), n: uint8(w >> refBits), cap: uint8(w >> (refBits + 8))}
}

// block returns the tree block at height h.
func (p *path) block(h int) []byte {
	return mem.Bytes(p.at[h].ref, int(p.at[h].cap)*unit(h))
}

// slot returns the slot of the leaf.
func (p *path) slot() []byte { return p.block(0)[int(p.at[0].i)*slotBytes:][:slotBytes] }

// node returns the node the path leads to.
func (p *path) node() node { return loadNode(p.slot()) }

// entry returns the entry for the block at height h.
func (l *List) entry(p *path, h int) []byte {
	if h == p.levels-1 {
		return l.head()[:entryBytes]
	}
	return p.block(h + 1)[int(p.at[h+1].i)*entryBytes:][:entryBytes]
}

// begin starts a path at the root and reports whether there is anything below.
func (l *List) begin(p *path) bool {
	r := l.head()
	p.levels = int(r[rootLevels])
	if p.levels == 0 {
		return false
	}
	p.enter(p.levels-1, r)
	return true
}

// descend completes a path below height h along the first or the last slots.
func (p *path) descend(h int, last bool) {
	for ; ; h-- {
		s := &p.at[h]
		s.i = 0
		if last {
			s.i = uint16(s.n) - 1
		}
		if h == 0 {
			return
		}
		p.enter(h-1, p.block(h)[int(s.i)*entryBytes:])
	}
}

// firstNode leads p to the first node and reports whether there is one.
func (l *List) firstNode(p *path) bool {
	if !l.begin(p) {
		return false
	}
	p.descend(p.levels-1, false)
	return true
}

// lastNode leads p to the last node and reports whether there is one.
func (l *List) lastNode(p *path) bool {
	if !l.begin(p) {
		return false
	}
	p.descend(p.levels-1, true)
	return true
}

// nextNode leads p to the next node and reports whether there is one.
func (l *List) nextNode(p *path) bool {
	for h := 0; h < p.levels; h++ {
		if s := &p.at[h]; int(s.i)+1 < int(s.n) {
			s.i++
			if h > 0 {
				p.enter(h-1, p.block(h)[int(s.i)*entryBytes:])
				p.descend(h-1, false)
			}
			return true
		}
	}
	return false
}

// prevNode leads p to the previous node and reports whether there is one.
func (l *List) prevNode(p *path) bool {
	for h := 0; h < p.levels; h++ {
		if s := &p.at[h]; s.i > 0 {
			s.i--
			if h > 0 {
				p.enter(h-1, p.block(h)[int(s.i)*entryBytes:])
				p.descend(h-1, true)
			}
			return true
		}
	}
	return false
}

// isFirst reports whether p leads to the first node.
func (p *path) isFirst() bool {
	for h := range p.levels {
		if p.at[h].i != 0 {
			return false
		}
	}
	return true
}

// isLast reports whether p leads to the last node.
func (p *path) isLast() bool {
	for h := range p.levels {
		if int(p.at[h].i) != int(p.at[h].n)-1 {
			return false
		}
	}
	return true
}

// seek leads p to the node with element i and returns the element's index in the node.
//
// REQUIRES: 0 <= i < Len.
func (l *List) seek(p *path, i int) int {
	l.begin(p)
	x := p.seekEntry(int64(i), sumElems)
	b := p.block(0)
	for j := 0; ; j++ {
		c := int64(binary.LittleEndian.Uint64(b[j*slotBytes:]) >> refBits & 0xffff)
		if x < c {
			p.at[0].i = uint16(j)
			return int(x)
		}
		x -= c
	}
}

// seekNode leads p to the node with index i.
//
// REQUIRES: 0 <= i < Nodes.
func (l *List) seekNode(p *path, i int) {
	l.begin(p)
	p.at[0].i = uint16(p.seekEntry(int64(i), sumNodes))
}

// seekEntry goes down to the leaf that has number x by the sums of a field, and returns x's place in the leaf.
func (p *path) seekEntry(x int64, field int) int64 {
	for h := p.levels - 1; h > 0; h-- {
		b := p.block(h)
		for j := 0; ; j++ {
			c := sum(b[j*entryBytes:], field)
			if x < c {
				p.at[h].i = uint16(j)
				p.enter(h-1, b[j*entryBytes:])
				break
			}
			x -= c
		}
	}
	return x
}

// nodeIndex returns the index of the node p leads to.
func (l *List) nodeIndex(p *path) int {
	i := int64(p.at[0].i)
	for h := 1; h < p.levels; h++ {
		b := p.block(h)
		for j := range int(p.at[h].i) {
			i += sum(b[j*entryBytes:], sumNodes)
		}
	}
	return int(i)
}

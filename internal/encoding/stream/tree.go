package stream

import (
	"unsafe"

	"granary/internal/mem"
)

// tree is a B+tree from IDs to values of a fixed number of bytes. It lies in its owner's block:
//
//	0               8          16
//	| root | height | entries  |
//	  40     8 bits              height 0: empty, 1: the root is a leaf
//
// A block holds entries in order, keys apart from values, so that a search reads keys only:
//
//	0   2     4       8                    8+16*cap           8+16*cap+w*cap
//	| n | cap | level | cap keys (ms, seq) | cap values of w  |
//
// In a leaf (level 0) w is the kind's; in an inner block the values are the Refs of children (with sums, if the kind is
// counted: sums.go) and a key is a lower bound of the keys in its child. Nothing else refers to a block, so there are no links between neighbours: an iterator that
// comes to the end of a leaf looks for the next ID from the root, once in 60 to 120 entries.
//
// A block grows through the size classes up to 2 KiB, then it is split. What is appended at the end of the tree leaves
// full blocks behind: IDs ascend. A block that is a quarter full joins a neighbour or shrinks; deleting needs no memory.
type tree struct {
	word uint64
	n    uint64
}

// kind says what the values of a tree are.
type kind struct {
	width   int // bytes of a value
	purpose mem.Purpose
	counted bool // inner blocks know what lies below (sums.go)
}

const (
	headBytes  = 8
	keyBytes   = 16
	blockLimit = 2048
	innerWidth = mem.RefSize
	firstCap   = 2
	maxHeight  = 10 // 48 to the power of 10, at least
)

// head is the header of a block.
type head struct {
	n, cap uint16
	level  uint32
}

// The sizes of the drawings.
var (
	_ [16]byte        = [unsafe.Sizeof(tree{})]byte{}
	_ [headBytes]byte = [unsafe.Sizeof(head{})]byte{}
	_ [keyBytes]byte  = [unsafe.Sizeof(ID{})]byte{}
)

func (t *tree) root() mem.Ref { return mem.Ref(t.word & (1<<40 - 1)) }
func (t *tree) height() int   { return int(t.word >> 40) }

func (t *tree) setRoot(r mem.Ref, height int) { t.word = uint64(r) | uint64(height)<<40 }

// block is a view of a block.
type block struct {
	*head
	ref   mem.Ref
	width int
}

func (k *kind) open(r mem.Ref) block {
	b := block{head: (*head)(mem.Ptr(r)), ref: r, width: k.width}
	if b.level > 0 {
		b.width = k.widthOf(int(b.level))
	}
	return b
}

// bytesFor returns the bytes of a block of a capacity.
func bytesFor(capacity, width int) int { return headBytes + capacity*(keyBytes+width) }

// roomFor returns the capacity of a block that is to hold n entries: what its size class has room for.
func roomFor(n, width int) int {
	return min((mem.Usable(bytesFor(n, width))-headBytes)/(keyBytes+width), mostFor(width))
}

// mostFor returns the greatest capacity.
func mostFor(width int) int { return (blockLimit - headBytes) / (keyBytes + width) }

// widthOf returns the bytes of a value in a block of a level.
func (k *kind) widthOf(level int) int {
	switch {
	case level == 0:
		return k.width
	case k.counted:
		return countedWidth
	}
	return innerWidth
}

// format makes a new block empty.
func (k *kind) format(r mem.Ref, capacity, level int) block {
	*(*head)(mem.Ptr(r)) = head{cap: uint16(capacity), level: uint32(level)}
	return k.open(r)
}

func (b block) bytes() int { return bytesFor(int(b.cap), b.width) }

// keys returns the keys in use.
func (b block) keys() []ID {
	return unsafe.Slice((*ID)(unsafe.Add(mem.Ptr(b.ref), headBytes)), b.cap)[:b.n]
}

// value returns value i, a view.
func (b block) value(i int) []byte {
	at := headBytes + keyBytes*int(b.cap) + i*b.width
	return mem.Bytes(b.ref, b.bytes())[at : at+b.width : at+b.width]
}

// values returns the values from entry i to entry j.
func (b block) values(i, j int) []byte {
	at := headBytes + keyBytes*int(b.cap)
	return mem.Bytes(b.ref, b.bytes())[at+i*b.width : at+j*b.width]
}

func (b block) child(i int) mem.Ref { return mem.LoadRef(b.value(i)) }

// lower returns the number of keys less than key.
func (b block) lower(key ID) int {
	keys := b.keys()
	i, j := 0, len(keys)
	for i < j {
		m := int(uint(i+j) >> 1)
		if keys[m].Less(key) {
			i = m + 1
		} else {
			j = m
		}
	}
	return i
}

// down returns the index of the child that a key belongs to.
func (b block) down(key ID) int {
	i := b.lower(key)
	if i < int(b.n) && b.keys()[i] == key {
		return i
	}
	return max(i-1, 0)
}

// insertAt makes room at index i for a key and returns its value, contents undefined.
//
// REQUIRES: n < cap.
func (b block) insertAt(i int, key ID) []byte {
	n := int(b.n)
	b.n++
	keys := b.keys()
	copy(keys[i+1:], keys[i:n])
	keys[i] = key
	copy(b.values(i+1, n+1), b.values(i, n))
	return b.value(i)
}

// removeAt takes the entry at index i out.
func (b block) removeAt(i int) {
	n := int(b.n)
	copy(b.keys()[i:], b.keys()[i+1:])
	copy(b.values(i, n-1), b.values(i+1, n))
	b.n--
}

// take appends the entries i to j of another block.
//
// REQUIRES: room for them.
func (b block) take(from block, i, j int) {
	n := int(b.n)
	b.n += uint16(j - i)
	copy(b.keys()[n:], from.keys()[i:j])
	copy(b.values(n, n+j-i), from.values(i, j))
}

// path is the way from the root to an entry: step l is the block of level l and the index in it.
type path struct {
	steps [maxHeight]step
	top   int // level of the root
}

type step struct {
	b block
	i int
}

// find returns the way to a key, and whether it is there; if not, the leaf's index is where it belongs.
func (t *tree) find(k *kind, key ID, p *path) bool {
	if t.height() == 0 {
		return false
	}
	p.top = t.height() - 1
	r := t.root()
	for l := p.top; l > 0; l-- {
		b := k.open(r)
		i := b.down(key)
		p.steps[l] = step{b, i}
		r = b.child(i)
	}
	b := k.open(r)
	i := b.lower(key)
	p.steps[0] = step{b, i}
	return i < int(b.n) && b.keys()[i] == key
}

// get returns the value of a key, a view valid until the tree's next change, or nil.
func (t *tree) get(k *kind, key ID) []byte {
	if t.height() == 0 {
		return nil
	}
	r := t.root()
	for l := t.height() - 1; l > 0; l-- {
		b := k.open(r)
		r = b.child(b.down(key))
	}
	b := k.open(r)
	if i := b.lower(key); i < int(b.n) && b.keys()[i] == key {
		return b.value(i)
	}
	return nil
}

// insert adds a key that is not there and returns its value, contents undefined, a view valid until the next change;
// or the value of the key that is there, and false. It allocates before it changes anything.
func (t *tree) insert(bk books, k *kind, key ID) (value []byte, added bool) {
	if t.height() == 0 {
		room := roomFor(firstCap, k.width)
		b := k.format(bk.alloc(bytesFor(room, k.width), k.purpose), room, 0)
		t.setRoot(b.ref, 1)
		t.n = 1
		return b.insertAt(0, key), true
	}
	var p path
	if t.find(k, key, &p) {
		return p.steps[0].b.value(p.steps[0].i), false
	}
	// Lower bounds follow the least key. A bound that is too low, should memory run out, is still one.
	for l := 1; l <= p.top && p.steps[l].i == 0; l++ {
		if keys := p.steps[l].b.keys(); key.Less(keys[0]) {
			keys[0] = key
		}
	}
	if b := p.steps[0].b; b.n < b.cap {
		value = b.insertAt(p.steps[0].i, key)
	} else {
		value = t.grow(bk, k, key, &p)
	}
	t.n++
	return value, true
}

// last returns the key and the value of the last entry.
//
// REQUIRES: the tree is not empty.
func (t *tree) last(k *kind) (ID, []byte) {
	b := k.open(t.root())
	for b.level > 0 {
		b = k.open(b.child(int(b.n) - 1))
	}
	return b.keys()[b.n-1], b.value(int(b.n) - 1)
}

// cursor is a place in a tree. It survives no change.
type cursor struct {
	leaf mem.Ref // 0: there is no entry
	i    int
}

// atLeast returns the first entry whose key is not less than key.
func (t *tree) atLeast(k *kind, key ID) cursor {
	var after mem.Ref // the least block that follows the path
	r := t.root()
	for l := t.height() - 1; l > 0; l-- {
		b := k.open(r)
		i := b.down(key)
		if i+1 < int(b.n) {
			after = b.child(i + 1)
		}
		r = b.child(i)
	}
	if r == 0 {
		return cursor{}
	}
	b := k.open(r)
	if i := b.lower(key); i < int(b.n) {
		return cursor{r, i}
	}
	if after == 0 {
		return cursor{}
	}
	for b = k.open(after); b.level > 0; b = k.open(b.child(0)) {
	}
	return cursor{b.ref, 0}
}

// atMost returns the last entry whose key is not greater than key.
func (t *tree) atMost(k *kind, key ID) cursor {
	var before mem.Ref // the greatest block that precedes the path
	r := t.root()
	for l := t.height() - 1; l > 0; l-- {
		b := k.open(r)
		i := b.down(key)
		if i > 0 {
			before = b.child(i - 1)
		}
		r = b.child(i)
	}
	if r == 0 {
		return cursor{}
	}
	b := k.open(r)
	i := b.lower(key)
	if i < int(b.n) && b.keys()[i] == key {
		return cursor{r, i}
	}
	if i > 0 {
		return cursor{r, i - 1}
	}
	if before == 0 {
		return cursor{}
	}
	for b = k.open(before); b.level > 0; b = k.open(b.child(int(b.n) - 1)) {
	}
	return cursor{b.ref, int(b.n) - 1}
}

func (c cursor) ok() bool { return c.leaf != 0 }

func (c cursor) key(k *kind) ID { return k.open(c.leaf).keys()[c.i] }

func (c cursor) value(k *kind) []byte { return k.open(c.leaf).value(c.i) }

// next returns the entry after c.
func (t *tree) next(k *kind, c cursor) cursor {
	b := k.open(c.leaf)
	if c.i+1 < int(b.n) {
		return cursor{c.leaf, c.i + 1}
	}
	key, ok := b.keys()[c.i].Next()
	if !ok {
		return cursor{}
	}
	return t.atLeast(k, key)
}

// prev returns the entry before c.
func (t *tree) prev(k *kind, c cursor) cursor {
	if c.i > 0 {
		return cursor{c.leaf, c.i - 1}
	}
	key, ok := k.open(c.leaf).keys()[0].Prev()
	if !ok {
		return cursor{}
	}
	return t.atMost(k, key)
}

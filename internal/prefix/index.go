package prefix

import "encoding/binary"

// entry finds a row by its name. The index of all is linear probing, half full at most but for the
// root, which is in it, too, and closed up behind what leaves.
//
//	| tag | length | id | -  -  - | tag | length | id | ...   at the place of the tag's lower bits
//
// An entry tells nearly all that differ, so that names are rarely looked at in vain. Which places are taken is known beside them
// (Tree.taken), in bits that a processor keeps at hand: prefixes that have no row are looked for most when there are very many. Hashes
// have a seed: nobody can choose names that meet.
type entry struct {
	tag    uint32 // upper half of the name's hash; its lower bits are the place
	id     uint16 // of the row and one; 0: nobody is there
	length uint8  // of the name
}

// A row's number has to fit; there is one more than MaxRows, the root.
var _ = [1<<16 - 2 - MaxRows]struct{}{}

func newIndex(rows int) []entry {
	size := 64
	for size < 2*(rows-1) {
		size *= 2
	}
	return make([]entry, size)
}

// lookup returns the row of a prefix, -1 if it has none.
func (t *Tree) lookup(prefix []byte) int32 {
	h, last := hash(prefix, t.seed)
	return t.lookupHash(prefix, h, last)
}

// lookupHash is lookup for whom has hashed the prefix.
func (t *Tree) lookupHash(prefix []byte, h, last uint64) int32 {
	want := entry{tag: uint32(h >> 32), length: uint8(len(prefix))}
	if i := uint(want.tag) & uint(len(t.index)-1); t.taken[i/64]>>(i%64)&1 == 0 {
		return -1
	}
	for i := int(want.tag); ; i++ {
		x := &t.index[i&(len(t.index)-1)]
		switch {
		case x.id == 0:
			return -1
		case x.tag == want.tag && x.length == want.length:
			id := int32(x.id) - 1
			head := &t.books[t.shown&1][id].head
			switch n := len(prefix); {
			case n <= 8 && head[0] == last,
				n > 8 && n <= 16 && head[0] == binary.LittleEndian.Uint64(prefix) && head[1] == last,
				n > 16 && string(t.names[id][:n]) == string(prefix):
				return id
			}
		}
	}
}

// enterIndex enters a row into the index.
func (t *Tree) enterIndex(id int32) {
	x := entry{t.tag(id), uint16(id + 1), t.rows[id].length}
	mask := len(t.index) - 1
	i := int(x.tag) & mask
	for t.index[i].id != 0 {
		i = (i + 1) & mask
	}
	t.index[i] = x
	t.taken[i/64] |= 1 << (i % 64)
}

// tag returns the tag of a row.
func (t *Tree) tag(id int32) uint32 {
	h, _ := hash(t.name(id), t.seed)
	return uint32(h >> 32)
}

// leaveIndex takes a row out of the index.
func (t *Tree) leaveIndex(id int32) {
	x, mask := t.index, len(t.index)-1
	hole := int(t.tag(id)) & mask
	for int32(x[hole].id) != id+1 {
		hole = (hole + 1) & mask
	}
	x[hole] = entry{}
	for i := (hole + 1) & mask; x[i].id != 0; i = (i + 1) & mask {
		if home := int(x[i].tag); (i-home)&mask >= (i-hole)&mask { // nobody looks for it from behind the hole on
			x[hole], x[i] = x[i], entry{}
			hole = i
		}
	}
	t.taken[hole/64] &^= 1 << (hole % 64)
}

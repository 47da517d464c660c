package prefix

import (
	"math/rand/v2"

	"granary/internal/swar"
)

// index finds rows by their names: linear probing, at most a quarter full, and closed up behind what leaves. The root is in it.
//
//	tags  | 0 | 91 | 0 | 17 | 203 | 0 | ...   a byte of the hash each, 0: nobody is there
//	ids   | - |  0 | - | 12 |   7 | - | ...   numbers of the rows
//
// Tags lie together, because prefixes that have no row are looked for most when there are very many: of their bytes alone, a
// processor keeps all at hand. Hashes have a seed, so that nobody can choose names that meet.
type index struct {
	tags []uint8
	ids  []uint16
	seed uint64
}

// A row's number has to fit; there is one more than MaxRows, the root.
var _ = [1<<16 - 1 - MaxRows]struct{}{}

func newIndex(rows int) index {
	size := 64
	for size < 4*rows {
		size *= 2
	}
	return index{make([]uint8, size), make([]uint16, size), rand.Uint64()}
}

// memory returns the bytes that the index takes.
func (x *index) memory() int64 { return int64(3 * len(x.tags)) }

// place returns where a hash belongs, if nobody is there, and its tag.
func (x *index) place(h uint64) (i int, tag uint8) {
	return int(h) & (len(x.tags) - 1), uint8(h>>56) | 1
}

// next returns the place behind i.
func (x *index) next(i int) int { return (i + 1) & (len(x.tags) - 1) }

// lookup returns the row of a prefix, -1 if it has none.
func (t *Tree) lookup(prefix []byte) int32 {
	h, last := hash(prefix, t.index.seed)
	return t.lookupHash(prefix, h, last)
}

// lookupHash is lookup for whom has hashed the prefix.
func (t *Tree) lookupHash(prefix []byte, h, last uint64) int32 {
	x := &t.index
	for i, tag := x.place(h); x.tags[i] != 0; i = x.next(i) {
		if x.tags[i] == tag && t.named(int32(x.ids[i]), prefix, last) {
			return int32(x.ids[i])
		}
	}
	return -1
}

// named tells whether a row is that of a prefix, whose last bytes are given as hash does.
func (t *Tree) named(id int32, prefix []byte, last uint64) bool {
	if int(t.rows[id].length) != len(prefix) {
		return false
	}
	name := &t.names[id]
	at := 0
	for ; at+8 < len(prefix); at += 8 {
		if swar.Head(name[at:]) != swar.Head(prefix[at:]) {
			return false
		}
	}
	return swar.Head(name[at:]) == last
}

// enterIndex enters a row into the index.
func (t *Tree) enterIndex(id int32) {
	x := &t.index
	h, _ := hash(t.name(id), x.seed)
	i, tag := x.place(h)
	for x.tags[i] != 0 {
		i = x.next(i)
	}
	x.tags[i], x.ids[i] = tag, uint16(id)
}

// home returns the place where a row belongs.
func (t *Tree) home(id int32) int {
	h, _ := hash(t.name(id), t.index.seed)
	i, _ := t.index.place(h)
	return i
}

// leaveIndex takes a row out of the index.
func (t *Tree) leaveIndex(id int32) {
	x := &t.index
	hole := t.home(id)
	for x.tags[hole] == 0 || int32(x.ids[hole]) != id {
		hole = x.next(hole)
	}
	x.tags[hole] = 0
	mask := len(x.tags) - 1
	for i := x.next(hole); x.tags[i] != 0; i = x.next(i) {
		if home := t.home(int32(x.ids[i])); (i-home)&mask >= (i-hole)&mask { // nobody looks for it from behind the hole on
			x.tags[hole], x.ids[hole] = x.tags[i], x.ids[i]
			x.tags[i], hole = 0, i
		}
	}
}

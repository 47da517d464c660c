package stream

import (
	"encoding/binary"

	"granary/internal/mem"
)

// The tree of nodes is counted: in an inner block, a value is the Ref of a child and what lies below it.
//
//	0      5             11            17          22
//	| Ref  | live:48     | bytes:48    | nodes:40  |
//	|      | entries     | usable      |           |
//
// bytes are those of the listpacks' blocks and of the tree's, the child's included. So XTRIM finds the node that is to be
// the first by counts, and gives all before it away as subtrees (cut.go): neither takes longer for a long stream.
//
// Keys are only ever added at the end of a counted tree.
const countedWidth = mem.RefSize + 6 + 6 + 5

// sums are what lies below a block, or in it.
type sums struct{ live, bytes, nodes int64 }

func (x *sums) add(y sums) {
	x.live += y.live
	x.bytes += y.bytes
	x.nodes += y.nodes
}

// loadSums and store read and write what follows the Ref.
func loadSums(v []byte) sums {
	_ = v[countedWidth-1]
	return sums{
		live:  int64(binary.LittleEndian.Uint64(v[5:]) & (1<<48 - 1)),
		bytes: int64(binary.LittleEndian.Uint64(v[11:]) & (1<<48 - 1)),
		nodes: int64(binary.LittleEndian.Uint64(v[14:]) >> 24),
	}
}

func (x sums) store(v []byte) {
	_ = v[countedWidth-1]
	binary.LittleEndian.PutUint64(v[5:], uint64(x.live))
	binary.LittleEndian.PutUint32(v[11:], uint32(x.bytes))
	binary.LittleEndian.PutUint16(v[15:], uint16(x.bytes>>32))
	binary.LittleEndian.PutUint32(v[17:], uint32(x.nodes))
	v[21] = byte(x.nodes >> 32)
}

// liveIn returns the live entries of the node that a value refers to.
func liveIn(v []byte) int64 {
	r, _ := nodeRef(v)
	b := listpackAt(r)
	nd := node{lp: b}
	live, _ := nd.counts()
	return live
}

// usableIn returns the usable bytes of its block.
func usableIn(v []byte) int64 {
	_, capacity := nodeRef(v)
	return int64(mem.Usable(capacity))
}

// sums adds up a block of a counted tree. Without live the nodes of a leaf are not read.
func (b block) sums(live bool) (x sums) {
	x.bytes = int64(mem.Usable(b.bytes()))
	for i := range int(b.n) {
		v := b.value(i)
		switch {
		case b.level > 0:
			x.add(loadSums(v))
		case live:
			x.live += liveIn(v)
			fallthrough
		default:
			x.bytes += usableIn(v)
			x.nodes++
		}
	}
	return x
}

// adjust adds to the sums of the blocks on the way to a key.
func (t *tree) adjust(k *kind, key ID, live, bytes int64) {
	r := t.root()
	for l := t.height() - 1; l > 0; l-- {
		b := k.open(r)
		v := b.value(b.down(key))
		x := loadSums(v)
		x.live += live
		x.bytes += bytes
		x.store(v)
		r = mem.LoadRef(v)
	}
}

// resum computes the sums of the blocks on the way to a key anew, after blocks and nodes were added or taken away there. Only
// live entries are not counted: their number changes by live.
func (t *tree) resum(k *kind, key ID, live int64) {
	if t.height() < 2 {
		return
	}
	var p path
	t.find(k, key, &p)
	for l := 1; l <= p.top; l++ {
		s := &p.steps[l]
		v := s.b.value(s.i)
		x := k.open(mem.LoadRef(v)).sums(false)
		x.live = loadSums(v).live + live
		x.store(v)
	}
}

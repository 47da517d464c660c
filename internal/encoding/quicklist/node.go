package quicklist

import (
	"encoding/binary"

	"granary/internal/encoding/listpack"
	"granary/internal/mem"
)

// node is a slot of a leaf, taken apart; drawn in quicklist.go.
type node struct {
	ref   mem.Ref
	count int
	kind  kind
	size  int // bytes of the listpack, or of the long element; when compressed, of what it decompresses to
	off   int // bytes before the listpack; 0 for other kinds
	alloc int // bytes of the block
}

// kind is a set of bits.
type kind uint8

const (
	plain     kind = 1 << iota // one long element
	packedLZF                  // compressed
	stiff                      // was found not to become shorter by compression
)

const (
	slotBytes = 16

	refBits  = 40
	refMask  = 1<<refBits - 1
	sizeBits = 21
	sizeMask = 1<<sizeBits - 1

	// maxPackedText is the longest element of a packed node, and maxPacked the longest listpack: one such element alone.
	maxPackedText = 64 << 10
	maxPacked     = maxPackedText + 32

	listpackHeader = 6
)

func loadNode(b []byte) node {
	w, x := binary.LittleEndian.Uint64(b), binary.LittleEndian.Uint64(b[8:])
	n := node{ref: mem.Ref(w & refMask), count: int(w >> refBits & 0xffff), kind: kind(w >> 56)}
	switch {
	case n.kind&packedLZF != 0:
		n.size, n.alloc = int(x&0xffffffff), int(x>>32)
	case n.kind&plain != 0:
		n.size, n.alloc = int(x), int(x)
	default:
		n.size, n.off, n.alloc = int(x&sizeMask), int(x>>sizeBits&sizeMask), int(x>>(2*sizeBits))
	}
	return n
}

func (nd *node) store(b []byte) {
	x := uint64(nd.size)
	switch {
	case nd.kind&packedLZF != 0:
		x |= uint64(nd.alloc) << 32
	case nd.kind&plain == 0:
		x |= uint64(nd.off)<<sizeBits | uint64(nd.alloc)<<(2*sizeBits)
	}
	binary.LittleEndian.PutUint64(b, uint64(nd.ref)|uint64(nd.count)<<refBits|uint64(nd.kind)<<56)
	binary.LittleEndian.PutUint64(b[8:], x)
}

// usable returns the usable bytes of the node's block.
func (nd *node) usable() int64 { return int64(mem.Usable(nd.alloc)) }

// stored returns the bytes as they are stored: a listpack, a long element, or either compressed.
func (nd *node) stored() []byte {
	b := mem.Bytes(nd.ref, nd.alloc)
	if nd.kind&(plain|packedLZF) == 0 {
		return b[nd.off : nd.off+nd.size]
	}
	return b
}

// listpack returns the listpack; its capacity reaches to the end of the block.
//
// REQUIRES: the node is packed and not compressed.
func (nd *node) listpack() listpack.Listpack {
	return listpack.Listpack(mem.Bytes(nd.ref, nd.alloc)[nd.off : nd.off+nd.size])
}

// newPacked returns a node, not yet linked, that holds e and other elements to come behind it or, for a head, before it.
func (l *List) newPacked(e Elem, atHead bool) node {
	n := node{count: 1, size: listpack.EmptySize + e.Size()}
	n.alloc = mem.Usable(n.size)
	if atHead {
		n.off = n.alloc - n.size
	}
	n.ref = l.st.arena.Alloc(n.alloc, mem.PurposeListpack)
	listpack.New(mem.Bytes(n.ref, n.alloc)[n.off:]).Append(e)
	return n
}

// newPlain returns a node, not yet linked, of one long element.
func (l *List) newPlain(e Elem) node {
	n := node{count: 1, kind: plain, size: e.TextLen(), alloc: e.TextLen()}
	n.ref = l.st.arena.Alloc(n.alloc, mem.PurposeListpack)
	e.AppendTo(mem.Bytes(n.ref, n.alloc)[:0])
	return n
}

// copyPacked returns a node, not yet linked, with a copy of a listpack of count elements.
func (l *List) copyPacked(lp []byte, count int) node {
	n := node{count: count, size: len(lp), alloc: mem.Usable(len(lp))}
	n.ref = l.st.arena.Alloc(n.alloc, mem.PurposeListpack)
	copy(mem.Bytes(n.ref, n.alloc), lp)
	return n
}

// freeNode frees the block of a node.
func (st *Store) freeNode(n *node) {
	if n.ref == st.inflatedOf {
		st.inflatedOf = 0
	}
	st.arena.Free(n.ref, n.alloc, mem.PurposeListpack)
}

// tryAlloc allocates, or returns 0 when there is no memory: for what may be left undone.
func (st *Store) tryAlloc(n int, p mem.Purpose) (r mem.Ref) {
	defer func() {
		if e := recover(); e != nil && e != error(mem.ErrOutOfMemory) {
			panic(e)
		}
	}()
	return st.arena.Alloc(n, p)
}

// room makes room for need more bytes, behind the listpack or before it. The block may change, and the caller then has
// to keep n.
//
// REQUIRES: the node is packed and not compressed.
func (l *List) room(n *node, need int, before bool) {
	if before && n.off >= need || !before && n.off+n.size+need <= n.alloc {
		return // Fast path.
	}
	b := mem.Bytes(n.ref, n.alloc)
	if n.size+need <= n.alloc {
		to := 0
		if before {
			to = n.alloc - n.size
		}
		copy(b[to:], b[n.off:n.off+n.size])
		n.off = to
		return
	}
	alloc, to := mem.Usable(n.size+need), 0
	if before {
		to = alloc - n.size
	}
	ref := l.st.arena.Alloc(alloc, mem.PurposeListpack)
	copy(mem.Bytes(ref, alloc)[to:], b[n.off:n.off+n.size])
	l.st.freeNode(n)
	n.ref, n.off, n.alloc = ref, to, alloc
}

// shrink gives back what the node does not need, if there is memory for the move.
//
// REQUIRES: the node is packed and not compressed.
func (l *List) shrink(n *node) {
	alloc := mem.Usable(n.size)
	if alloc >= n.alloc {
		return
	}
	ref := l.st.tryAlloc(alloc, mem.PurposeListpack)
	if ref == 0 {
		return
	}
	copy(mem.Bytes(ref, alloc), n.listpack())
	l.st.freeNode(n)
	n.ref, n.off, n.alloc = ref, 0, alloc
}

// shrinkEnd does so for a node at an end of the list, where elements come and go: not before half is free.
func (l *List) shrinkEnd(n *node) {
	if n.size < n.alloc/2 {
		l.shrink(n)
	}
}

// putHeader writes the header of a listpack, which is drawn in package listpack.
func putHeader(b []byte, size, count int) {
	binary.LittleEndian.PutUint32(b, uint32(size))
	binary.LittleEndian.PutUint16(b[4:], uint16(count))
}

// prepend adds an element before the first. Nothing is moved.
//
// REQUIRES: n.off >= e.Size().
func (nd *node) prepend(e Elem) {
	// A listpack of e alone is written so that its end mark falls on the first byte of the entries.
	size := e.Size()
	b := mem.Bytes(nd.ref, nd.alloc)[nd.off-size:]
	first := b[size+listpackHeader]
	listpack.New(b).Append(e)
	b[size+listpackHeader] = first
	nd.off -= size
	nd.size += size
	nd.count++
	nd.kind &^= stiff
	putHeader(b, nd.size, nd.count)
}

// erase removes count entries of size bytes at position p. What is shorter is moved: the entries before or those
// behind.
func (nd *node) erase(p, size, count int) {
	b := mem.Bytes(nd.ref, nd.alloc)[nd.off : nd.off+nd.size]
	if p < nd.size-p-size {
		copy(b[listpackHeader+size:], b[listpackHeader:p])
		b = b[size:]
		nd.off += size
	} else {
		copy(b[p:], b[p+size:])
	}
	nd.size -= size
	nd.count -= count
	nd.kind &^= stiff
	putHeader(b, nd.size, nd.count)
}

// took notes what a change of the listpack made of it.
func (nd *node) took(lp listpack.Listpack) {
	nd.size, nd.count = len(lp), lp.Len()
	nd.kind &^= stiff
}

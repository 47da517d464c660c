package quicklist

import (
	"granary/internal/encoding/listpack"
	"granary/internal/encoding/lzf"
	"granary/internal/mem"
)

// With a depth d > 0 the d nodes at either end are open, and all others compressed, except those that are too short,
// too long (a step that compresses must stay short), or do not become shorter (stiff).

const (
	minCompress  = 48
	maxCompress  = 1 << 20
	minImprove   = 9 // bytes that compression must gain
	maxKeptBytes = 1 << 21
)

// data returns the bytes of a node, decompressed if need be: then they are valid until another node is read.
func (st *Store) data(n *node) []byte {
	if n.kind&packedLZF == 0 {
		return n.stored()
	}
	if st.inflatedOf != n.ref {
		st.inflatedOf = 0
		st.inflated = sized(st.inflated, n.size)
		n.inflate(st.inflated)
		st.inflatedOf = n.ref
	}
	return st.inflated[:n.size]
}

// entries returns the listpack of a packed node for reading, as data does.
func (st *Store) entries(n *node) listpack.Listpack { return listpack.Listpack(st.data(n)) }

// sized returns a buffer of n bytes, the given one if it is long enough.
func sized(b []byte, n int) []byte {
	if cap(b) < n {
		return make([]byte, n, max(n, 16<<10))
	}
	return b[:n]
}

// inflate decompresses a node.
func (nd *node) inflate(dst []byte) {
	if err := lzf.Decompress(dst[:nd.size], nd.stored()); err != nil {
		panic("BUG: quicklist: a compressed node cannot be read: " + err.Error())
	}
}

// open makes a node writable: decompressed.
func (l *List) open(p *path, n *node) {
	if n.kind&packedLZF != 0 {
		l.reopen(p, n, l.st.arena.Alloc(n.openBytes(), mem.PurposeListpack))
	}
}

// tryOpen does so if there is memory for it.
func (l *List) tryOpen(p *path, n *node) bool {
	if n.kind&packedLZF == 0 {
		return true
	}
	ref := l.st.tryAlloc(n.openBytes(), mem.PurposeListpack)
	if ref == 0 {
		return false
	}
	l.reopen(p, n, ref)
	return true
}

// openBytes returns the size of the block that the node needs when it is open.
func (nd *node) openBytes() int {
	if nd.kind&plain != 0 {
		return nd.size
	}
	return mem.Usable(nd.size)
}

// reopen decompresses a node to a block of openBytes.
func (l *List) reopen(p *path, n *node, ref mem.Ref) {
	bytes, alloc := n.usable(), n.openBytes()
	n.inflate(mem.Bytes(ref, alloc))
	l.st.freeNode(n)
	n.ref, n.off, n.alloc = ref, 0, alloc
	n.kind &^= packedLZF
	l.update(p, n, n.count, bytes)
}

// compress compresses a node if that gains something and there is memory for it.
func (l *List) compress(p *path, n *node) {
	if n.kind&(packedLZF|stiff) != 0 || n.size < minCompress || n.size > maxCompress {
		return
	}
	st := l.st
	if st.lzf == nil {
		st.lzf = new(lzf.Compressor)
	}
	st.packed = sized(st.packed, n.size-minImprove)
	size := st.lzf.Compress(st.packed, n.stored()[:n.size])
	if size == 0 {
		n.kind |= stiff
		n.store(p.slot())
		return
	}
	ref := st.tryAlloc(size, mem.PurposeListpack)
	if ref == 0 {
		return
	}
	copy(mem.Bytes(ref, size), st.packed[:size])
	bytes := n.usable()
	st.freeNode(n)
	n.ref, n.off, n.alloc = ref, 0, size
	n.kind |= packedLZF
	l.update(p, n, n.count, bytes)
}

// settle gives node x the form that its place asks for.
func (l *List) settle(x, depth int) {
	nodes := l.Nodes()
	if x < 0 || x >= nodes {
		return
	}
	var p path
	l.seekNode(&p, x)
	n := p.node()
	if x >= depth && x < nodes-depth {
		l.compress(&p, &n)
	} else {
		l.tryOpen(&p, &n)
	}
}

// settleAround settles the nodes that a change at element i may have touched.
func (l *List) settleAround(i int) {
	depth, size := l.Depth(), l.Len()
	if depth == 0 || size == 0 {
		return
	}
	var p path
	l.seek(&p, min(max(i, 0), size-1))
	x := l.nodeIndex(&p)
	for d := -2; d <= 2; d++ {
		l.settle(x+d, depth)
	}
}

// settleEnds settles the nodes that have come to either side of the depth since there were before nodes.
func (l *List) settleEnds(before int) {
	depth, nodes := l.Depth(), l.Nodes()
	if depth == 0 || nodes == before {
		return
	}
	from, to := depth, depth+nodes-before
	if nodes < before {
		from, to = max(0, depth-(before-nodes)), depth
	}
	for x := from; x < min(to, nodes); x++ {
		l.settle(x, depth)
		l.settle(nodes-1-x, depth)
	}
}

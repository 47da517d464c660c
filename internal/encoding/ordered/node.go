package ordered

import (
	"encoding/binary"
	"unsafe"

	"granary/internal/mem"
)

// nodeSize is a size of nodes.
type nodeSize struct {
	bytes uint16
	leaf  uint8 // entries of a leaf of this size
	inner uint8 // children of an inner node of this size
}

// sizes are the sizes of nodes, each a size class of the allocator.
var sizes = [...]nodeSize{
	makeSize(128), makeSize(256), makeSize(384), makeSize(512),
	makeSize(640), makeSize(768), makeSize(896), makeSize(1024),
}

const (
	largest = uint8(len(sizes) - 1)

	leafHead  = 24
	leafSlot  = 1 + mem.RefSize
	maxLeaf   = (1024 - leafHead) / leafSlot
	innerHead = 16
	innerSlot = 8 + 4 + 2*mem.RefSize
	maxInner  = (1024 - innerHead) / innerSlot
)

func makeSize(n int) nodeSize {
	return nodeSize{uint16(n), uint8((n - leafHead) / leafSlot), uint8((n - innerHead) / innerSlot)}
}

// The sizes of the drawings.
var (
	_ [leafHead]byte  = [unsafe.Sizeof(leaf{})]byte{}
	_ [innerHead]byte = [unsafe.Sizeof(inner{})]byte{}
	_ [166]byte       = [maxLeaf]byte{}
	_ [45]byte        = [maxInner]byte{}
)

// leaf is the head of a leaf; hints and refs follow.
type leaf struct {
	base   uint64
	score  uint64 // of all entries, if byMember
	n      uint8
	size   uint8 // index in sizes
	shift  uint8
	kind   nodeKind
	prefix uint16 // bytes that all members begin with, if byMember
	built  uint8  // entries when the hints were last computed from the entries
	cap    uint8
}

// nodeKind says what the words are that keys and hints are made of.
type nodeKind uint8

const (
	byScore nodeKind = iota
	byMember
)

func leafAt(r mem.Ref) *leaf { return (*leaf)(mem.Ptr(r)) }

func (l *leaf) init(size uint8) { *l = leaf{size: size, cap: sizes[size].leaf} }

func (l *leaf) hint(i int) uint8 {
	return *(*uint8)(unsafe.Add(unsafe.Pointer(l), leafHead+i))
}

// hints returns the hints of the entries [from, to).
func (l *leaf) hints(from, to int) []uint8 {
	return unsafe.Slice((*uint8)(unsafe.Add(unsafe.Pointer(l), leafHead+from)), to-from)
}

// refs returns the bytes of the refs [from, to).
func (l *leaf) refs(from, to int) []byte {
	p := unsafe.Add(unsafe.Pointer(l), leafHead+int(l.cap)+from*mem.RefSize)
	return unsafe.Slice((*byte)(p), (to-from)*mem.RefSize)
}

func (l *leaf) ref(i int) mem.Ref {
	return loadRef(unsafe.Add(unsafe.Pointer(l), leafHead+int(l.cap)+i*mem.RefSize))
}

func (l *leaf) setRef(i int, r mem.Ref) {
	storeRef(unsafe.Add(unsafe.Pointer(l), leafHead+int(l.cap)+i*mem.RefSize), r)
}

// loadRef reads a Ref by one load that ends where it ends, so that the last one's does not leave the block.
func loadRef(p unsafe.Pointer) mem.Ref {
	return mem.Ref(binary.LittleEndian.Uint64((*[8]byte)(unsafe.Add(p, -3))[:]) >> 24)
}

func storeRef(p unsafe.Pointer, r mem.Ref) {
	b := (*[mem.RefSize]byte)(p)
	binary.LittleEndian.PutUint32(b[:4], uint32(r))
	b[4] = byte(r >> 32)
}

// open makes room for an entry at index i, whose hint and ref are undefined then.
func (l *leaf) open(i int) {
	n := int(l.n)
	copy(l.hints(i+1, n+1), l.hints(i, n))
	copy(l.refs(i+1, n+1), l.refs(i, n))
	l.n++
}

// cut takes the entries [i, i+c) out.
func (l *leaf) cut(i, c int) {
	n := int(l.n)
	copy(l.hints(i, n-c), l.hints(i+c, n))
	copy(l.refs(i, n-c), l.refs(i+c, n))
	l.n -= uint8(c)
}

// inner is the head of an inner node; the arrays follow.
type inner struct {
	score  uint64 // of all seps, if byMember
	n      uint8
	size   uint8
	cap    uint8
	kind   nodeKind
	prefix uint16 // bytes that the members of all seps begin with, if byMember
	_      [2]uint8
}

func innerAt(r mem.Ref) *inner { return (*inner)(mem.Ptr(r)) }

func (v *inner) init(size uint8) { *v = inner{size: size, cap: sizes[size].inner} }

func (v *inner) key(i int) *uint64 {
	return (*uint64)(unsafe.Add(unsafe.Pointer(v), innerHead+8*i))
}

func (v *inner) count(i int) *uint32 {
	return (*uint32)(unsafe.Add(unsafe.Pointer(v), innerHead+8*int(v.cap)+4*i))
}

func (v *inner) sepAt(i int) unsafe.Pointer {
	return unsafe.Add(unsafe.Pointer(v), innerHead+12*int(v.cap)+mem.RefSize*i)
}

func (v *inner) childAt(i int) unsafe.Pointer {
	return unsafe.Add(unsafe.Pointer(v), innerHead+17*int(v.cap)+mem.RefSize*i)
}

func (v *inner) sep(i int) mem.Ref         { return loadRef(v.sepAt(i)) }
func (v *inner) setSep(i int, r mem.Ref)   { storeRef(v.sepAt(i), r) }
func (v *inner) child(i int) mem.Ref       { return loadRef(v.childAt(i)) }
func (v *inner) setChild(i int, r mem.Ref) { storeRef(v.childAt(i), r) }

// first returns the first entry below child i.
func (v *inner) first(i int) firstEntry {
	if v.kind == byMember {
		return firstEntry{v.score, v.sep(i)}
	}
	return firstEntry{*v.key(i), v.sep(i)}
}

// firstEntry is the first entry below a node, with its score key.
type firstEntry struct {
	key uint64
	sep mem.Ref
}

// sum returns the entries below the first i children. It adds two counts at once: their sum has 32 bits.
func (v *inner) sum(i int) int {
	p := unsafe.Pointer(v.count(0))
	var two uint64
	for ; i >= 2; i -= 2 {
		two += *(*uint64)(p)
		p = unsafe.Add(p, 8)
	}
	if i == 1 {
		two += uint64(*(*uint32)(p))
	}
	return int(uint32(two) + uint32(two>>32))
}

// total returns the entries below the node.
func (v *inner) total() int { return v.sum(int(v.n)) }

// copyOut copies the children [from, to) to the children at of w, which may be v itself.
func (v *inner) copyOut(w *inner, at, from, to int) {
	if to == from {
		return
	}
	n := to - from
	move := func(dst, src unsafe.Pointer, each int) {
		copy(unsafe.Slice((*byte)(dst), n*each), unsafe.Slice((*byte)(src), n*each))
	}
	move(unsafe.Pointer(w.key(at)), unsafe.Pointer(v.key(from)), 8)
	move(unsafe.Pointer(w.count(at)), unsafe.Pointer(v.count(from)), 4)
	move(w.sepAt(at), v.sepAt(from), mem.RefSize)
	move(w.childAt(at), v.childAt(from), mem.RefSize)
}

// remove takes the child at index i out.
func (v *inner) remove(i int) {
	v.copyOut(v, i, i+1, int(v.n))
	v.n--
}

// fit returns the smallest size whose capacity is n plus slack.
func fit(n, slack int, capacity func(uint8) int) uint8 {
	for s := range largest {
		if capacity(s) >= n+slack {
			return s
		}
	}
	return largest
}

func leafCap(s uint8) int  { return int(sizes[s].leaf) }
func innerCap(s uint8) int { return int(sizes[s].inner) }

const (
	// A node takes the next smaller size when that leaves it this much room: half a step, so that it does not flutter.
	leafSlack  = 10
	innerSlack = 3

	// Neighbours are merged when they have this many entries or children together: far less than the largest
	// size holds, so that a merge is not followed by a split.
	leafMerge  = 120
	innerMerge = 30
)

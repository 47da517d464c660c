// Package quicklist is the list of listpacks that holds long lists. Elements at the ends are reached at once, an
// element anywhere in O(log n): the nodes hang in a tree that counts elements, not in a chain.
//
// # The parts
//
// Everything lives off the Go heap. A List is only a handle; what the lists of one owner share is a Store.
//
//	List{store, root} -> root block -> inner block -> ... -> leaf block -> node (a block with a listpack)
//
// The root block, 40 bytes, is an entry for the topmost block and what the list was made with:
//
//	0                                32     34      36       37   40
//	| entry                          | fill | depth | levels | 0  |
//
// An entry stands for a tree block and all below it. Inner blocks are arrays of entries, at most 32.
//
//	0        5   6     7    8          16      24      32
//	| Ref    | n | cap | 0  | elements | nodes | bytes |       n slots of cap in use; bytes: usable, of all blocks
//
// A leaf block is an array of at most 64 slots of 16 bytes. A slot describes a node:
//
//	0        5       7       8                                16
//	| Ref    | count | kind  | size:21 | off:21 | alloc:21    |    packed: the listpack is at off in a block of alloc
//	|        |       |       | size:64                        |    plain: one element too long for a listpack
//	|        |       |       | size:32 | alloc:32             |    either, compressed into alloc bytes
//
// Both kinds of tree blocks grow and shrink through the size classes of the allocator from 32 to 1024 bytes. A node in
// the middle of a long list costs 17 bytes beside its listpack; the node of a chain costs Redis 40.
//
// # Why a tree
//
// LINDEX, LINSERT, LRANGE and LTRIM in the middle of a chain of 10M short elements pass 11,000 nodes, each a cache
// miss. Here they read three or four tree blocks. Whatever a command removes from the middle comes off as
// whole subtrees (range.go), so LTRIM takes microseconds and the freeing can be spread over time.
//
// # Nodes
//
// A packed node is a listpack with a gap before it (off) and room behind it. Pushing at the head fills the gap,
// popping at the head widens it: neither moves the listpack, which Redis does each time. Blocks are always whole size
// classes, and grow from class to class.
//
// fill says how much goes in a node, as list-max-listpack-size does; depth how many nodes at each end are not
// compressed, as list-compress-depth does. Both are kept with the list. Compressed nodes are read through a buffer of
// the Store, without changing anything; writing opens the node and compresses it again (compress.go).
//
// # Memory
//
// What needs memory gets it before it changes anything: after a panic with mem.ErrOutOfMemory a list holds what it
// held. Removing never needs memory, except to open a compressed node. Tidying up (merging, shrinking, compressing) is
// left undone when there is no memory for it.
package quicklist

import (
	"encoding/binary"

	"granary/internal/encoding/listpack"
	"granary/internal/encoding/lzf"
	"granary/internal/mem"
)

// Elem is an element of a list.
type Elem = listpack.Elem

// Store is what the lists of one owner share: the arena and buffers. Like its arena it is used by one goroutine at a
// time.
type Store struct {
	arena     *mem.Arena
	threshold int // see SetPackedThreshold

	lzf    *lzf.Compressor
	packed []byte // output of the compressor
	text   []byte // a copy of an element on its way

	inflated   []byte  // the last compressed node that was read, decompressed
	inflatedOf mem.Ref // its block; 0: none
}

// NewStore returns a Store whose lists live in an arena.
func NewStore(a *mem.Arena) *Store { return &Store{arena: a} }

// SetPackedThreshold sets from which length an element gets a plain node of its own. 0, the default, means when it is
// longer than the byte limit of a node.
func (st *Store) SetPackedThreshold(n int) { st.threshold = n }

// List is a handle to a list. The zero List is not valid; copies of a handle are the same list.
type List struct {
	st   *Store
	root mem.Ref
}

const (
	rootBytes = 40

	rootFill   = 32
	rootDepth  = 34
	rootLevels = 36

	// MinFill and MaxFill bound the fill, MaxDepth the depth; settings beyond are clamped.
	MinFill  = -5
	MaxFill  = 1<<15 - 1
	MaxDepth = 1<<16 - 1
)

// New makes an empty list with a fill (list-max-listpack-size) and a depth (list-compress-depth).
func New(st *Store, fill, depth int) List {
	l := List{st, st.arena.AllocZero(rootBytes, mem.PurposeQuicklist)}
	r := l.head()
	binary.LittleEndian.PutUint16(r[rootFill:], uint16(int16(min(max(fill, MinFill), MaxFill))))
	binary.LittleEndian.PutUint16(r[rootDepth:], uint16(min(max(depth, 0), MaxDepth)))
	putSum(r, sumBytes, int64(mem.Usable(rootBytes)))
	return l
}

// Open returns the handle of the list whose root is root.
//
// REQUIRES: root came from Root of a list of the same store.
func Open(st *Store, root mem.Ref) List { return List{st, root} }

// Root returns what Open takes. It changes only by RelocateRoot and is 0 when the list has been freed.
func (l *List) Root() mem.Ref { return l.root }

func (l *List) head() []byte { return mem.Bytes(l.root, rootBytes) }

// Len returns the number of elements.
func (l *List) Len() int { return int(sum(l.head(), sumElems)) }

// Nodes returns the number of nodes.
func (l *List) Nodes() int { return int(sum(l.head(), sumNodes)) }

// Bytes returns the usable bytes of all blocks of the list.
func (l *List) Bytes() int64 { return sum(l.head(), sumBytes) }

// Fill returns the fill the list was made with.
func (l *List) Fill() int { return int(int16(binary.LittleEndian.Uint16(l.head()[rootFill:]))) }

// Depth returns the depth the list was made with.
func (l *List) Depth() int { return int(binary.LittleEndian.Uint16(l.head()[rootDepth:])) }

const (
	// safetyLimit bounds the bytes of a node whose fill is a number of entries.
	safetyLimit = 8 << 10

	// sizeEstimate is what an element is taken to need beside its text.
	sizeEstimate = 8
)

// limits returns how many bytes and how many elements a node may hold. A fill of -1..-5 limits bytes to 4..64 KiB, a
// fill of n >= 0 limits elements to n (0 is 1) and bytes to 8 KiB.
func limits(fill int) (bytes, elems int) {
	if fill >= 0 {
		return safetyLimit, max(fill, 1)
	}
	return 2 << 10 << -max(fill, MinFill), 1<<16 - 1
}

// Exceeds reports whether a listpack of so many bytes and elements is more than one node may hold. It is the rule by
// which a small list becomes a quicklist: bytes are those of the listpack and of the texts to be added.
func Exceeds(fill, bytes, elems int) bool {
	maxBytes, maxElems := limits(fill)
	return bytes > maxBytes || elems > maxElems
}

// large reports whether an element of n bytes gets a plain node.
func (l *List) large(fill, n int) bool {
	if t := l.st.threshold; t != 0 {
		return n >= t || n > maxPackedText
	}
	bytes, _ := limits(fill)
	return n > bytes
}

// fits reports whether an element of n bytes, which is not large, may be added to a node.
func (nd *node) fits(fill, n int) bool {
	return nd.kind&plain == 0 && !Exceeds(fill, nd.size+n+sizeEstimate, nd.count+1)
}

// Info is what DEBUG OBJECT tells of a list.
type Info struct {
	Nodes      int
	Plain      int     // nodes of one long element
	Compressed int     // compressed nodes
	AvgNode    float64 // elements per node
	Fill       int
	Depth      int
	RawBytes   int64 // bytes of all listpacks and long elements, decompressed
	NodeBytes  int64 // usable bytes of all nodes
}

// Info looks at every node.
func (l *List) Info() Info {
	i := Info{Nodes: l.Nodes(), Fill: l.Fill(), Depth: l.Depth()}
	var p path
	for ok := l.firstNode(&p); ok; ok = l.nextNode(&p) {
		n := p.node()
		i.RawBytes += int64(n.size)
		i.NodeBytes += int64(mem.Usable(n.alloc))
		if n.kind&plain != 0 {
			i.Plain++
		}
		if n.kind&packedLZF != 0 {
			i.Compressed++
		}
	}
	if i.Nodes > 0 {
		i.AvgNode = float64(l.Len()) / float64(i.Nodes)
	}
	return i
}

// NodeView is a node as files carry it.
type NodeView struct {
	Plain      bool // one long element; otherwise a listpack
	Compressed bool // Data is LZF
	Count      int  // elements
	Size       int  // bytes, decompressed
	Data       []byte
}

// Node returns the node with an index, 0..Nodes-1. Its data are valid until the list changes.
func (l *List) Node(i int) NodeView {
	var p path
	l.seekNode(&p, i)
	n := p.node()
	return NodeView{n.kind&plain != 0, n.kind&packedLZF != 0, n.count, n.size, n.stored()}
}

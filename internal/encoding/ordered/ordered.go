// Package ordered is the index of large sorted sets: a counted B+ tree of entry Refs, ordered by score and, where
// scores are equal, by the bytes of the member. It knows the rank of every entry. It costs about 7 bytes per entry,
// in whatever order the entries came (TestBytesPerEntry), and no step of it depends on how many there are.
//
// # The parts
//
// Everything lives off the Go heap. A Tree is only a handle. Entries belong to the caller, who says through a Kind
// how to read their score and member.
//
//	Tree{arena, kind, root} -> root block -> inner node -> ... -> leaf -> entry
//
// The root block, 24 bytes. A tree of height 0 is one leaf.
//
//	0          8        16       24
//	| node:40  | len    | bytes  |
//	| height   |        | usable |
//
// Nodes are blocks of the sizes in the table sizes, 128 to 1024 bytes, all of them size classes of the allocator.
// A node grows by one step when it is full; at the largest size it is split into two, which take the
// sizes that fit them. So nodes are about 91% full whatever the order of inserts, without the moving between
// neighbours that keeps nodes of one fixed size full. A full node at either end of the tree is not split: the new
// entry begins a node of its own, so that ascending and descending inserts leave full nodes behind.
//
// An inner node of capacity c (45 at most). The sep of a child is the Ref of the first entry below it: of all children,
// the first included; its key is that entry's word.
//
//	0       8                                      16           16+8c          16+12c       16+17c         16+22c
//	| score | n | size | cap | kind | prefix | - - | c x key:64 | c x count:32 | c x sep:40 | c x child:40 |
//
// A leaf of capacity c (166 at most).
//
//	0      8       16                                              24           24+c         24+6c
//	| base | score | n | size | shift | kind | prefix | built | cap | c x hint:8 | c x ref:40 |
//
// # Words
//
// A word is an integer that orders as the entries of a node do, though entries may share one. In a node of kind byScore
// it is the score (scoreKey). If all the entries that a node refers to have one score, the node is of kind byMember: the
// word is the eight bytes of the member after the first prefix bytes, in which all of them agree. An entry that does
// not fit in has the node's words computed anew, from the entries.
//
// # Hints
//
// A hint is a byte that orders as the entries of the leaf do, so that a search reads hints, which lie side by
// side, and then only the entries whose hints equal that of what is sought: less than one of a leaf with 166 entries
// whose scores are spread evenly. Entries are cache misses, and hints save six of seven.
//
//	hint(entry) = word(entry)>>shift - base
//
// An entry whose word lies outside raises shift or slides base: hints are computed from hints then, no entry is read
// (leaf.cover). Splits and merges compute hints anew, from the entries (Tree.build).
//
// # The path of a search
//
//  1. In an inner node a search among keys gives the child. Only if keys equal the word sought, the members of
//     the seps decide, which are entries: cache misses.
//  2. In the leaf a search among hints gives the candidates.
//  3. To place a new entry the candidates are compared, by bisection. To find an entry that is there, its Ref is
//     looked for among the candidates: no entry but the one sought is read.
//
// # Memory
//
// Insert and Update allocate before they change anything that can be seen. Delete frees only; where it would rather have a
// smaller block and there is no memory, it keeps the one it has. One place refers to each node, so compaction moves
// them (Relocate).
//
// # What was tried
//
// The same tree without hints takes 1.2 bytes per entry less. At a million entries with random scores, hints make a
// delete and an insert take 0.75 us instead of 1.4, a seek and ten steps 0.5 instead of 0.85. Without words of members in
// inner nodes, the same delete and insert with equal scores took 1.65 us instead of 1.4, a rank 0.75 instead of 0.6.
// The skip list of BenchmarkTree: 3.1 us for the delete and insert, 2.4 for a rank (0.5 here).
package ordered

import (
	"math"
	"unsafe"

	"granary/internal/mem"
)

// Kind says what the entries of a tree are.
type Kind struct {
	Name     string
	Score    func(mem.Ref) float64 // never NaN; -0 equals 0
	Member   func(mem.Ref) []byte
	SetScore func(mem.Ref, float64) // writes the score where it is; nil: Update is not used
	Purpose  mem.Purpose            // purpose of the tree's blocks
}

// Tree is a handle to a tree. The zero Tree is not valid; copies of a handle are the same tree.
type Tree struct {
	arena *mem.Arena
	kind  *Kind
	root  mem.Ref
}

// rootBlock is the layout of the root block, drawn above.
type rootBlock struct {
	top   uint64 // Ref of the topmost node:40 (low) | height
	n     int64
	bytes int64
}

const (
	rootBytes = 24

	refMask   = 1<<40 - 1
	heightOne = 1 << 40

	// maxHeight bounds the number of inner nodes above a leaf. Two neighbours have more than innerMerge children together,
	// or they would have been merged (but for the first and the last of a level), so 2^32 entries need far less.
	maxHeight = 12

	// MaxLen bounds the number of entries: counts have 32 bits.
	MaxLen = math.MaxUint32
)

var _ [rootBytes]byte = [unsafe.Sizeof(rootBlock{})]byte{}

// New makes an empty tree.
func New(a *mem.Arena, k *Kind) Tree {
	t := Tree{arena: a, kind: k}
	l := a.Alloc(int(sizes[0].bytes), k.Purpose)
	defer func() {
		if t.root == 0 { // out of memory
			a.Free(l, int(sizes[0].bytes), k.Purpose)
		}
	}()
	t.root = a.Alloc(rootBytes, k.Purpose)
	leafAt(l).init(0)
	r := t.head()
	r.top, r.n = uint64(l), 0
	r.bytes = int64(mem.Usable(rootBytes) + mem.Usable(int(sizes[0].bytes)))
	return t
}

// Open returns the handle of the tree whose root is root.
//
// REQUIRES: root came from Root of a tree of the same arena and kind.
func Open(a *mem.Arena, k *Kind, root mem.Ref) Tree { return Tree{arena: a, kind: k, root: root} }

// Root returns what Open takes. It changes only by RelocateRoot and is 0 when the tree has been freed.
func (t *Tree) Root() mem.Ref { return t.root }

func (t *Tree) head() *rootBlock { return (*rootBlock)(mem.Ptr(t.root)) }

func (r *rootBlock) height() int  { return int(r.top >> 40) }
func (r *rootBlock) ref() mem.Ref { return mem.Ref(r.top & refMask) }

// Len returns the number of entries.
func (t *Tree) Len() int { return int(t.head().n) }

// Bytes returns the usable bytes of all blocks of the tree; entries are not the tree's.
func (t *Tree) Bytes() int64 { return t.head().bytes }

// alloc and release keep the tree's sum of usable bytes.
func (t *Tree) alloc(size uint8) mem.Ref {
	n := int(sizes[size].bytes)
	b := t.arena.Alloc(n, t.kind.Purpose)
	t.head().bytes += int64(mem.Usable(n))
	return b
}

// tryAlloc is alloc for what can be left undone: it returns 0 when there is no memory.
func (t *Tree) tryAlloc(size uint8) (b mem.Ref) {
	defer func() {
		if e := recover(); e != nil && e != error(mem.ErrOutOfMemory) {
			panic(e)
		}
	}()
	return t.alloc(size)
}

func (t *Tree) release(b mem.Ref, size uint8) {
	n := int(sizes[size].bytes)
	t.head().bytes -= int64(mem.Usable(n))
	t.arena.Free(b, n, t.kind.Purpose)
}

// scoreKey maps a score to an integer, so that integers order as scores do.
func scoreKey(f float64) uint64 {
	b := math.Float64bits(f)
	if f == 0 {
		b = 0 // -0 too
	}
	return b ^ (uint64(int64(b)>>63) | 1<<63)
}

func (t *Tree) keyOf(e mem.Ref) uint64 { return scoreKey(t.kind.Score(e)) }

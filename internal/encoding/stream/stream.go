// Package stream is the stream: entries in the order of their IDs, and consumer groups that read them.
//
// # The parts
//
// Everything lives off the Go heap. A Stream is only a handle.
//
//	Stream{arena, root} -> root block -> tree of nodes: ID of the first entry -> listpack of entries
//	                               \\-> names -> group -> tree of pending entries: ID -> consumer, time, count
//	                                               \\-> names -> consumer -> tree of IDs pending with it
//
// One tree serves all three uses (tree.go), one list of names groups and consumers (names.go). What an entry pends costs
// 32 bytes in its group and 16 with its consumer, plus the room the trees grow in.
//
// The root block, 104 bytes:
//
//	0       8        16      24        40         56           72      88       104
//	| bytes | length | added | last ID | first ID | max        | nodes | groups |
//	|       |        |       |         | entry    | deleted ID | tree  | names  |
//
//	bytes   usable bytes of the root block, the nodes and their tree, the names of groups
//	added   entries ever added
//
// A value of the tree of nodes:
//
//	0     5          9
//	| Ref | capacity |     of the listpack's block
//
// # A node
//
// A node is a listpack, byte for byte Redis's, since RDB files and DUMP carry it. It begins with the master entry, whose
// field names are those of the first entry:
//
//	| count | deleted | n | field 1 | ... | field n | 0 |
//
// count is the live entries, deleted those that are marked. Then come the entries. Their IDs are differences to the
// ID that is the node's key; an entry with the master's fields does not repeat them:
//
//	| flags | ms | seq | value 1 | ... | value n | elements |                        flags & 2
//	| flags | ms | seq | n | field 1 | value 1 | ... | value n | elements |          otherwise
//
//	flags     1: deleted, 2: the fields are the master's
//	elements  of the entry, but this one: from here a walk backwards finds the flags
//
// Deleting marks; a node whose last live entry goes is freed. The last node has room to grow, the others are cut to their
// size when the next one begins. When that is, is Redis's rule (append.go), so that files are equal.
package stream

import (
	"encoding/binary"
	"unsafe"

	"granary/internal/mem"
)

// Stream is a handle to a stream. The zero Stream is not valid; copies of a handle are the same stream.
type Stream struct {
	arena *mem.Arena
	root  mem.Ref
}

// rootBlock is the layout of the root block, drawn above.
type rootBlock struct {
	bytes      int64
	length     uint64
	added      uint64
	last       ID
	first      ID
	maxDeleted ID
	nodes      tree
	groups     names
}

const (
	rootBytes  = 104
	nodeWidth  = mem.RefSize + 4
	entryWidth = 16
)

var _ [rootBytes]byte = [unsafe.Sizeof(rootBlock{})]byte{}

var (
	nodeKind    = &kind{width: nodeWidth, purpose: mem.PurposeStream, counted: true}
	pendingKind = &kind{width: entryWidth, purpose: mem.PurposeStreamGroup}
	ownKind     = &kind{width: 0, purpose: mem.PurposeStreamGroup}
)

// New makes an empty stream.
func New(a *mem.Arena) Stream {
	s := Stream{a, a.AllocZero(rootBytes, mem.PurposeStream)}
	s.head().bytes = int64(mem.Usable(rootBytes))
	return s
}

// Open returns the handle of the stream whose root is root.
//
// REQUIRES: root came from Root of a stream of the same arena.
func Open(a *mem.Arena, root mem.Ref) Stream { return Stream{a, root} }

// Root returns what Open takes. It changes only by RelocateRoot and is 0 when the stream has been freed.
func (s *Stream) Root() mem.Ref { return s.root }

func (s *Stream) head() *rootBlock { return (*rootBlock)(mem.Ptr(s.root)) }

func (s *Stream) books() books { return books{s.arena, &s.head().bytes} }

// Len returns the number of entries.
func (s *Stream) Len() int { return int(s.head().length) }

// LastID returns the greatest ID ever added, or what SetLastID set.
func (s *Stream) LastID() ID { return s.head().last }

// FirstID returns the ID of the first entry, or MinID if there is none.
func (s *Stream) FirstID() ID { return s.head().first }

// MaxDeletedID returns the greatest ID that was deleted other than by trimming.
func (s *Stream) MaxDeletedID() ID { return s.head().maxDeleted }

// EntriesAdded returns how many entries were ever added.
func (s *Stream) EntriesAdded() uint64 { return s.head().added }

// SetLastID sets the greatest ID, as XSETID does.
func (s *Stream) SetLastID(id ID) { s.head().last = id }

// SetEntriesAdded sets how many entries were ever added.
func (s *Stream) SetEntriesAdded(n uint64) { s.head().added = n }

// SetMaxDeletedID sets the greatest deleted ID.
func (s *Stream) SetMaxDeletedID(id ID) { s.head().maxDeleted = id }

// Nodes returns the number of nodes: what XINFO STREAM calls radix-tree-keys.
func (s *Stream) Nodes() int { return int(s.head().nodes.n) }

// Groups returns the number of groups.
func (s *Stream) Groups() int { return int(s.head().groups.n) }

// Bytes returns the usable bytes of all blocks of the stream and its groups. It asks every group.
func (s *Stream) Bytes() int64 {
	h := s.head()
	n := h.bytes
	for p := (place{}); ; p = h.groups.next(p) {
		r := h.groups.get(p)
		if r == 0 {
			return n
		}
		n += (&Group{s.arena, r}).head().bytes
	}
}

// BytesByPurpose is Bytes, by the purpose of the blocks: PurposeStream and PurposeStreamGroup.
func (s *Stream) BytesByPurpose() (entries, groups int64) {
	h := s.head()
	names := h.groups.bytes()
	entries = h.bytes - names
	return entries, s.Bytes() - entries
}

// nodeRef reads a value of the tree of nodes.
func nodeRef(v []byte) (r mem.Ref, capacity int) {
	return mem.LoadRef(v), int(binary.LittleEndian.Uint32(v[mem.RefSize:]))
}

func putNode(v []byte, r mem.Ref, capacity int) {
	mem.PutRef(v, r)
	binary.LittleEndian.PutUint32(v[mem.RefSize:], uint32(capacity))
}

// fixFirst finds the first entry anew; entries before from are gone.
func (s *Stream) fixFirst(from ID) {
	h := s.head()
	if h.length == 0 {
		h.first = MinID
		return
	}
	var it Iter
	s.Range(&it, from, MaxID, false)
	if it.Next() {
		h.first = it.ID
	} else { // entries that only a foreign node counts
		h.first = MaxID
	}
}

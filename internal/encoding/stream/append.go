package stream

import (
	"errors"

	"granary/internal/encoding/listpack"
	"granary/internal/mem"
)

// Limits say when a node is full: stream-node-max-bytes and stream-node-max-entries. 0 is no limit.
type Limits struct {
	Bytes   int
	Entries int
}

// MaxSize is the most bytes that the fields and values of one entry may have together, and a node.
const MaxSize = 1 << 30

var (
	// ErrTooLarge says that an entry has more than MaxSize bytes.
	ErrTooLarge = errors.New("stream: entry too large")
	// ErrOrder says that an ID is not greater than LastID.
	ErrOrder = errors.New("stream: ID not greater than the last")
)

// Append adds an entry at the end. fields are names and values by turns.
//
// An entry goes to a new node if the last one's listpack and the entry's text would have limits.Bytes or more, or if it has
// limits.Entries entries, deleted ones included.
func (s *Stream) Append(id ID, fields [][]byte, limits Limits) error {
	h := s.head()
	if !h.last.Less(id) {
		return ErrOrder
	}
	text := 0
	for _, f := range fields {
		text += len(f)
	}
	if text > MaxSize {
		return ErrTooLarge
	}
	most := limits.Bytes
	if most == 0 || most > MaxSize {
		most = MaxSize
	}
	if h.nodes.n > 0 {
		key, v := h.nodes.last(nodeKind)
		if nd := openNode(key, v); !nd.full(text, most, limits.Entries) {
			s.appendTo(nd, v, id, fields, most)
		} else {
			s.appendNode(id, fields, key, v, most)
		}
	} else {
		s.appendNode(id, fields, ID{}, nil, most)
	}
	h.length++
	h.added++
	h.last = id
	if h.length == 1 {
		h.first = id
	}
	return nil
}

// full reports whether an entry with so much text needs a new node.
func (nd *node) full(text, most, entries int) bool {
	if len(nd.lp)+text >= most {
		return true
	}
	if entries == 0 {
		return false
	}
	live, deleted := nd.counts()
	return live+deleted >= int64(entries)
}

// sizeOf returns the bytes of an entry's elements. A text needs at most what it needs as a string.
func sizeOf(fields [][]byte, from, step int) (n int) {
	for i := from; i < len(fields); i += step {
		n += listpack.EncodedSize(fields[i])
	}
	return n
}

// ordinary bounds what a new node is given beyond what its first entry needs.
const ordinary = 16 << 10

// wide is the most bytes an integer takes.
const wide = 11

// appendTo adds an entry to the last node, whose value in the tree is v.
func (s *Stream) appendTo(nd node, v []byte, id ID, fields [][]byte, most int) {
	same := nd.hasFields(fields)
	live, _ := nd.counts()
	size := 5*wide + sizeOf(fields, 1, 2)
	if !same {
		size += wide + sizeOf(fields, 0, 2)
	}
	was := usableIn(v)
	lp := s.room(nd.lp, v, size, most)
	lp = lp.ReplaceInt(lp.First(), live+1)
	writeEntry(lp, nd.key, id, fields, same)
	s.head().nodes.adjust(nodeKind, nd.key, 1, usableIn(v)-was)
}

// hasFields reports whether fields have the names of the master entry.
func (nd *node) hasFields(fields [][]byte) bool {
	if len(fields) != 2*nd.fields {
		return false
	}
	var digits listpack.Scratch
	p := nd.names
	for i := 0; i < len(fields); i += 2 {
		if string(nd.lp.Get(p).Text(&digits)) != string(fields[i]) {
			return false
		}
		p += nd.lp.EntrySize(p)
	}
	return true
}

// writeEntry appends the elements of an entry.
func writeEntry(lp listpack.Listpack, key, id ID, fields [][]byte, same bool) listpack.Listpack {
	n := int64(len(fields) / 2)
	flags, elements := int64(0), 3+n
	if same {
		flags = flagSameFields
	} else {
		elements += 1 + n
	}
	lp = lp.Append(listpack.Int(flags))
	lp = lp.Append(listpack.Int(int64(id.Ms - key.Ms)))
	lp = lp.Append(listpack.Int(int64(id.Seq - key.Seq)))
	if !same {
		lp = lp.Append(listpack.Int(n))
	}
	for i := 0; i < len(fields); i += 2 {
		if !same {
			lp = lp.Append(listpack.Of(fields[i]))
		}
		lp = lp.Append(listpack.Of(fields[i+1]))
	}
	return lp.Append(listpack.Int(elements))
}

// room returns the listpack of the last node with room for size bytes more. A block grows by half its size, but not far
// beyond what a node may have.
func (s *Stream) room(lp listpack.Listpack, v []byte, size, most int) listpack.Listpack {
	r, capacity := nodeRef(v)
	need := len(lp) + size
	if need <= capacity {
		return lp
	}
	room := mem.Usable(max(need, min(need+need/2, most)))
	to := s.books().resize(r, capacity, room, mem.PurposeStream)
	putNode(v, to, room)
	return listpack.Open(mem.Bytes(to, room))
}

// appendNode begins a node with an entry. last is the value of the node before it, whose key is lastKey, or nil.
func (s *Stream) appendNode(id ID, fields [][]byte, lastKey ID, last []byte, most int) {
	need := listpack.EmptySize + 8*wide + sizeOf(fields, 0, 1)
	room := mem.Usable(need)
	if last != nil {
		// The next node will be as large as the last one, if that was not an exception.
		r, _ := nodeRef(last)
		if n := len(listpackAt(r)); n > room && n <= min(most, ordinary) {
			room = mem.Usable(n)
		}
		s.trimBlock(lastKey, last)
	}
	bk := s.books()
	r := bk.alloc(room, mem.PurposeStream)
	done := false
	defer func() {
		if !done {
			bk.free(r, room, mem.PurposeStream)
		}
	}()
	v, _ := s.head().nodes.insert(bk, nodeKind, id)
	done = true
	putNode(v, r, room)
	lp := listpack.New(mem.Bytes(r, room))
	lp = lp.Append(listpack.Int(1))
	lp = lp.Append(listpack.Int(0))
	lp = lp.Append(listpack.Int(int64(len(fields) / 2)))
	for i := 0; i < len(fields); i += 2 {
		lp = lp.Append(listpack.Of(fields[i]))
	}
	lp = lp.Append(listpack.Int(0))
	writeEntry(lp, id, id, fields, true)
	s.head().nodes.resum(nodeKind, id, 1)
}

// trimBlock cuts the block of a node to its listpack, if there is memory for the move.
func (s *Stream) trimBlock(key ID, v []byte) {
	r, capacity := nodeRef(v)
	n := len(listpackAt(r))
	if mem.Usable(n) == mem.Usable(capacity) {
		return
	}
	mem.Try(func() {
		to := s.books().resize(r, capacity, n, mem.PurposeStream)
		putNode(v, to, n)
		s.head().nodes.adjust(nodeKind, key, 0, int64(mem.Usable(n)-mem.Usable(capacity)))
	})
}

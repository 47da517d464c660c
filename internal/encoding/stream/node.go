package stream

import (
	"encoding/binary"
	"errors"

	"granary/internal/encoding/listpack"
	"granary/internal/mem"
)

const (
	flagDeleted    = 1
	flagSameFields = 2
)

// ErrCorrupt says that a node from outside is not well formed.
var ErrCorrupt = errors.New("stream: corrupt node")

// node is a view of a node, valid until it changes.
type node struct {
	lp     listpack.Listpack
	key    ID  // of its first entry
	fields int // of the master entry
	names  int // position of the first field name
	start  int // position of the first entry's flags
}

// integer returns the integer at p. A validated node has integers where one is asked for.
func integer(lp listpack.Listpack, p int) int64 {
	n, _ := lp.GetInt(p)
	return n
}

// openNode reads the master entry of a value of the tree of nodes.
func openNode(key ID, v []byte) node {
	r, capacity := nodeRef(v)
	return readMaster(key, listpack.Open(mem.Bytes(r, capacity)))
}

func readMaster(key ID, lp listpack.Listpack) node {
	nd := node{lp: lp, key: key}
	p := lp.First()
	p += lp.EntrySize(p)
	p += lp.EntrySize(p)
	nd.fields = int(integer(lp, p))
	p += lp.EntrySize(p)
	nd.names = p
	nd.start = skip(lp, p, nd.fields+1)
	return nd
}

// skip passes over n entries of a listpack; it may end at the end mark.
func skip(lp listpack.Listpack, p, n int) int {
	for ; n > 0; n-- {
		p += lp.EntrySize(p)
	}
	return p
}

// counts returns the live and the deleted entries.
func (nd *node) counts() (live, deleted int64) {
	p := nd.lp.First()
	return integer(nd.lp, p), integer(nd.lp, p+nd.lp.EntrySize(p))
}

// entry is an entry of a node.
type entry struct {
	id     ID
	flags  int64
	at     int // position of the flags
	fields int // how many
	names  int // position of the first field name
	values int // position of the first value: after the first name, if the names are the entry's own
}

func (e *entry) deleted() bool    { return e.flags&flagDeleted != 0 }
func (e *entry) sameFields() bool { return e.flags&flagSameFields != 0 }

// entry reads the entry whose flags are at p.
func (nd *node) entry(p int) (e entry) {
	lp := nd.lp
	e.at = p
	e.flags = integer(lp, p)
	p += lp.EntrySize(p)
	e.id.Ms = nd.key.Ms + uint64(integer(lp, p))
	p += lp.EntrySize(p)
	e.id.Seq = nd.key.Seq + uint64(integer(lp, p))
	p += lp.EntrySize(p)
	if e.sameFields() {
		e.fields, e.names, e.values = nd.fields, nd.names, p
		return e
	}
	e.fields = int(integer(lp, p))
	p += lp.EntrySize(p)
	e.names, e.values = p, p
	if e.fields > 0 {
		e.values = p + lp.EntrySize(p)
	}
	return e
}

// after returns the position after an entry: the next one's flags, or the end mark.
func (nd *node) after(e *entry) int {
	if e.sameFields() {
		return skip(nd.lp, e.values, e.fields+1)
	}
	return skip(nd.lp, e.names, 2*e.fields+1)
}

// before returns the position of the flags of the entry that ends before p, or 0.
func (nd *node) before(p int) int {
	if p <= nd.start {
		return 0
	}
	lp := nd.lp
	p = lp.Prev(p)
	for n := integer(lp, p); n > 0; n-- {
		p = lp.Prev(p)
	}
	return p
}

// more reports whether an entry is at p.
func (nd *node) more(p int) bool { return p < nd.lp.End() }

// edge returns the ID of the last entry, deleted or not.
func (nd *node) edge() ID {
	p := nd.before(nd.lp.End())
	if p == 0 {
		return nd.key
	}
	return nd.entry(p).id
}

// validate checks a node from outside; key is what it will be stored under. It returns the live entries.
//
// What it demands beyond Redis: that IDs ascend, that the counts are those of the marks, and that walking
// backwards finds the same entries. Everything in this package trusts that.
func validate(key ID, b []byte) (live int64, last ID, err error) {
	if listpack.Validate(b, nil) != nil {
		return 0, last, ErrCorrupt
	}
	r := reader{lp: listpack.Open(b)}
	r.p = r.lp.First()
	if r.p == 0 {
		return 0, last, ErrCorrupt
	}
	count, deleted, master := r.integer(), r.integer(), r.integer()
	r.skip(master)
	if r.integer() != 0 || count < 0 || deleted < 0 {
		return 0, last, ErrCorrupt
	}
	for n := 0; r.p != 0 && !r.bad; n++ {
		flags := r.integer()
		ms, seq := r.integer(), r.integer()
		id := ID{key.Ms + uint64(ms), key.Seq + uint64(seq)}
		fields, elements := master, int64(3)
		if flags&flagSameFields == 0 {
			fields = r.integer()
			elements += 1 + fields
			r.skip(fields)
		}
		r.skip(fields)
		elements += fields
		if flags&^(flagDeleted|flagSameFields) != 0 || id.Less(key) || n > 0 && !last.Less(id) || r.integer() != elements {
			return 0, last, ErrCorrupt
		}
		last = id
		if flags&flagDeleted != 0 {
			deleted--
		} else {
			count--
			live++
		}
	}
	if r.bad || count != 0 || deleted != 0 {
		return 0, last, ErrCorrupt
	}
	return live, last, nil
}

// reader walks a listpack that is well formed as such.
type reader struct {
	lp  listpack.Listpack
	p   int // 0: at the end
	bad bool
}

func (r *reader) integer() int64 {
	if r.p == 0 {
		r.bad = true
		return 0
	}
	n, ok := r.lp.GetInt(r.p)
	if !ok {
		r.bad = true
	}
	r.p = r.lp.Next(r.p)
	return n
}

func (r *reader) skip(n int64) {
	if n < 0 || n > int64(len(r.lp)) {
		r.bad = true
		return
	}
	for ; n > 0; n-- {
		if r.p == 0 {
			r.bad = true
			return
		}
		r.p = r.lp.Next(r.p)
	}
}

// AddNode appends a node read from a file: lp is its listpack, which is copied. Its entries count as they are marked;
// EntriesAdded, LastID and MaxDeletedID stay and are the caller's to set.
func (s *Stream) AddNode(key ID, lp []byte) error {
	live, _, err := validate(key, lp)
	if err != nil {
		return err
	}
	h := s.head()
	if h.nodes.n > 0 {
		k, v := h.nodes.last(nodeKind)
		nd := openNode(k, v)
		if edge := nd.edge(); !edge.Less(key) {
			return ErrCorrupt
		}
	}
	bk := s.books()
	r := bk.alloc(len(lp), mem.PurposeStream)
	done := false
	defer func() {
		if !done {
			bk.free(r, len(lp), mem.PurposeStream)
		}
	}()
	v, _ := h.nodes.insert(bk, nodeKind, key)
	done = true
	copy(mem.Bytes(r, len(lp)), lp)
	putNode(v, r, len(lp))
	h.nodes.resum(nodeKind, key, live)
	before := h.length
	h.length += uint64(live)
	if before == 0 && live > 0 {
		s.fixFirst(key)
	}
	return nil
}

// NodeIter walks over the nodes, for what writes files: Key and Listpack, a view that is valid until the stream changes.
type NodeIter struct {
	s        Stream
	c        cursor
	started  bool
	Key      ID
	Listpack []byte
}

// NodesFrom begins a walk over the nodes whose key is not less than from.
func (s *Stream) NodesFrom(from ID) NodeIter { return NodeIter{s: *s, Key: from} }

// Next moves to the next node.
func (it *NodeIter) Next() bool {
	nodes := &it.s.head().nodes
	if !it.started {
		it.c, it.started = nodes.atLeast(nodeKind, it.Key), true
	} else if it.c.ok() {
		it.c = nodes.next(nodeKind, it.c)
	}
	if !it.c.ok() {
		return false
	}
	it.Key = it.c.key(nodeKind)
	r, _ := nodeRef(it.c.value(nodeKind))
	it.Listpack = listpackAt(r)
	return true
}

// listpackAt returns the bytes of a listpack.
func listpackAt(r mem.Ref) []byte {
	return mem.Bytes(r, int(binary.LittleEndian.Uint32(mem.Bytes(r, 4))))
}

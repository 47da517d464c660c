package stream

import (
	"granary/internal/mem"
)

// Spare is what a stream keeps and does not need, in usable bytes.
type Spare struct {
	Tombstones int64 // entries that are marked as deleted and still there, also where nothing would be gained
	Bytes      int64 // that could be given back
	Freed      int64 // that were
}

func (s *Spare) add(t Spare) {
	s.Tombstones += t.Tombstones
	s.Bytes += t.Bytes
	s.Freed += t.Freed
}

// compactElems is the most elements of a node that is compacted: some 100 us. Nodes of the default limits have a few hundred.
const compactElems = 8192

// Compact looks at up to budget nodes from the one with the ID from on, and with act rewrites those without the entries that
// are marked as deleted by which least per cent of their block is gained. It returns the ID to go on from; more is false at
// the end.
//
// IDs, the counts of live entries and the borders of nodes stay, so neither readers nor XTRIM see a difference: a marked
// entry at the end of a node stays for that, since XTRIM ~ goes by its ID. The last node keeps all of its marked entries: they
// decide when the next node begins. What its block has room for beyond them is given back.
func (s *Stream) Compact(from ID, budget, least int, act bool) (next ID, more bool, sum Spare) {
	h := s.head()
	before := h.bytes
	c := h.nodes.atLeast(nodeKind, from)
	for ; c.ok() && budget > 0; budget-- {
		key, v := c.key(nodeKind), c.value(nodeKind)
		last, _ := h.nodes.last(nodeKind)
		found := s.compactNode(key, v, key == last, least, act)
		sum.add(found)
		if next, more = key.Next(); !more {
			break
		}
		c = h.nodes.atLeast(nodeKind, next) // the node may be gone
		more = c.ok()
	}
	sum.Freed = before - h.bytes
	return next, more, sum
}

// compactNode is Compact for one node.
func (s *Stream) compactNode(key ID, v []byte, last bool, least int, act bool) (found Spare) {
	_, capacity := nodeRef(v)
	nd := openNode(key, v)
	live, deleted := nd.counts()
	was := int64(mem.Usable(capacity))
	worth := func(gain int64) bool { return act && gain > 0 && gain*100 >= int64(least)*was }
	if last || deleted == 0 || (live+deleted)*int64(nd.fields+4) > compactElems {
		gain := was - int64(mem.Usable(len(nd.lp)))
		if found.Bytes = max(gain, 0); worth(gain) {
			s.trimBlock(key, v)
		}
		return found
	}
	n, gone := nd.marked()
	found.Tombstones = n
	if found.Bytes = max(was-int64(mem.Usable(len(nd.lp)-gone)), 0); worth(found.Bytes) {
		s.dropMarked(&nd, deleted-n)
		s.trimBlock(key, v)
	}
	return found
}

// marked returns how many entries are marked as deleted, the last one not counted, and the bytes that the node becomes
// shorter by without them.
func (nd *node) marked() (n int64, size int) {
	for p := nd.start; nd.more(p); {
		e := nd.entry(p)
		next := nd.after(&e)
		if e.deleted() && nd.more(next) {
			n++
			size += next - p
		}
		p = next
	}
	p := nd.lp.First()
	p += nd.lp.EntrySize(p)
	return n, size + nd.lp.EntrySize(p) - 2 // a count of 0 or 1 takes two bytes
}

// dropMarked takes the marked entries but a last one out of a node, where it lies; left are marked then.
func (s *Stream) dropMarked(nd *node, left int64) {
	lp := nd.lp
	p := lp.First()
	lp = lp.ReplaceInt(p+lp.EntrySize(p), left)
	moved := readMaster(nd.key, lp)
	var gone []int // positions of the elements that go
	for p := moved.start; moved.more(p); {
		e := moved.entry(p)
		next := moved.after(&e)
		if e.deleted() && moved.more(next) {
			for ; p < next; p += lp.EntrySize(p) {
				gone = append(gone, p)
			}
		}
		p = next
	}
	lp.BatchDelete(gone)
}

// Blocks calls fn for the blocks of the stream but those of its groups, with how many there are of a size: the root, nodes,
// and those of the tree of nodes. It looks at the first most nodes, and returns how many those were.
func (s *Stream) Blocks(most int, fn func(role string, requested, usable, count int64)) (nodes int) {
	h := s.head()
	fn("root", rootBytes, int64(mem.Usable(rootBytes)), 1)
	type row struct{ requested, count int64 }
	blocks, trees := map[int]row{}, map[int]row{}
	var order []int
	note := func(to map[int]row, n int) {
		r := to[mem.Usable(n)]
		if r.count == 0 {
			order = append(order, mem.Usable(n))
		}
		to[mem.Usable(n)] = row{r.requested + int64(n), r.count + 1}
	}
	leaf := mem.Ref(0)
	for c := h.nodes.atLeast(nodeKind, MinID); c.ok() && nodes < most; c = h.nodes.next(nodeKind, c) {
		nodes++
		_, capacity := nodeRef(c.value(nodeKind))
		note(blocks, capacity)
		if c.leaf != leaf {
			leaf = c.leaf
			b := nodeKind.open(leaf)
			note(trees, b.bytes())
			// The blocks above, with the first leaf below each.
			var p path
			h.nodes.find(nodeKind, c.key(nodeKind), &p)
			for l := 1; l <= p.top && p.steps[l-1].i == 0; l++ {
				if p.steps[l].i == 0 {
					note(trees, p.steps[l].b.bytes())
				}
			}
		}
	}
	for _, x := range []struct {
		role string
		rows map[int]row
	}{{"nodes", blocks}, {"tree of nodes", trees}} {
		for _, size := range order {
			if r, ok := x.rows[size]; ok {
				fn(x.role, r.requested, r.count*int64(size), r.count)
				delete(x.rows, size)
			}
		}
	}
	return nodes
}

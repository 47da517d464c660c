package stream

import "granary/internal/mem"

// Dup copies a stream and its groups, node by node.
type Dup struct {
	from, to Stream
	next     ID
	nodes    bool // are done
	group    place
}

// StartDup begins a copy of s.
//
// REQUIRES: s does not change before the copy is done or abandoned.
func (s *Stream) StartDup() Dup {
	d := Dup{from: *s, to: New(s.arena)}
	return d
}

// Step copies about budget nodes, groups and pending entries. It returns true when the copy is whole; Result is then the
// caller's. When it panics with mem.ErrOutOfMemory, the copy can only be abandoned.
func (d *Dup) Step(budget int) bool {
	from, to := d.from.head(), d.to.head()
	bk := d.to.books()
	for !d.nodes {
		c := from.nodes.atLeast(nodeKind, d.next)
		if !c.ok() {
			d.nodes = true
			break
		}
		key := c.key(nodeKind)
		old, _ := nodeRef(c.value(nodeKind))
		copyNode(bk, &to.nodes, key, listpackAt(old))
		next, ok := key.Next()
		if d.next = next; !ok {
			d.nodes = true
		}
		if budget--; budget <= 0 {
			return false
		}
	}
	to.length, to.added = from.length, from.added
	to.last, to.first, to.maxDeleted = from.last, from.first, from.maxDeleted
	for {
		r := from.groups.get(d.group)
		if r == 0 {
			return true
		}
		if budget = d.stepGroup(Group{d.from.arena, r}, budget); budget <= 0 {
			return false
		}
	}
}

// copyNode adds a copy of a listpack to a tree of nodes.
func copyNode(bk books, nodes *tree, key ID, lp []byte) {
	r := bk.alloc(len(lp), mem.PurposeStream)
	done := false
	defer func() {
		if !done {
			bk.free(r, len(lp), mem.PurposeStream)
		}
	}()
	v, _ := nodes.insert(bk, nodeKind, key)
	done = true
	copy(mem.Bytes(r, len(lp)), lp)
	putNode(v, r, len(lp))
	nodes.resum(nodeKind, key, liveIn(v))
}

// stepGroup goes on with the copy of a group and returns what is left of the budget.
func (d *Dup) stepGroup(g Group, budget int) int {
	to, created := d.to.CreateGroup(g.Name(), g.LastID(), g.EntriesRead())
	if created {
		d.next = MinID
		it := g.EachConsumer()
		for ; it.Next(); budget-- {
			c, _ := to.CreateConsumer(it.Name(), it.Seen())
			c.SetActive(it.Active())
		}
	}
	it := g.EachPending(d.next, MaxID, Consumer{})
	for it.Next() {
		to.Assign(it.ID, to.Consumer(it.Consumer.Name()), it.Time, it.Deliveries)
		if budget--; budget <= 0 {
			if next, ok := it.ID.Next(); ok {
				d.next = next
				return 0
			}
			break
		}
	}
	d.group = d.from.head().groups.next(d.group)
	return budget
}

// Result returns the copy.
func (d *Dup) Result() Stream { return d.to }

// Abandon frees a copy that is not wanted or not whole.
func (d *Dup) Abandon() { d.to.Free() }

// Copy is Dup in one step. After a panic with mem.ErrOutOfMemory nothing is left of the copy.
func (s *Stream) Copy() Stream {
	d := s.StartDup()
	done := false
	defer func() {
		if !done {
			d.Abandon()
		}
	}()
	for !d.Step(1 << 30) {
	}
	done = true
	return d.to
}

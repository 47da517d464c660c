package stream

import (
	"bytes"
	"fmt"

	"granary/internal/mem"
)

// Check verifies every invariant of the stream. It reads all entries.
func (s *Stream) Check() error {
	h := s.head()
	sum := int64(mem.Usable(rootBytes))
	length, last, first := uint64(0), ID{}, ID{}
	if err := h.nodes.checkSums(nodeKind); err != nil {
		return fmt.Errorf("stream: nodes: %w", err)
	}
	n, err := h.nodes.check(nodeKind, &sum, func(key ID, v []byte) error {
		r, capacity := nodeRef(v)
		lp := listpackAt(r)
		if len(lp) > capacity {
			return fmt.Errorf("listpack of %d bytes in a block of %d", len(lp), capacity)
		}
		sum += int64(mem.Usable(capacity))
		if length > 0 && !last.Less(key) {
			return fmt.Errorf("the node before ends with %v", last)
		}
		live, edge, err := validate(key, lp)
		if err != nil {
			return err
		}
		length += uint64(live)
		last = edge
		return nil
	})
	if err != nil {
		return fmt.Errorf("stream: nodes: %w", err)
	}
	if uint64(n) != h.nodes.n {
		return fmt.Errorf("stream: %d nodes, the tree says %d", n, h.nodes.n)
	}
	if length != h.length {
		return fmt.Errorf("stream: %d entries, length says %d", length, h.length)
	}
	var it Iter
	s.Range(&it, MinID, MaxID, false)
	if it.Next() {
		first = it.ID
	}
	if first != h.first {
		return fmt.Errorf("stream: first entry %v, first ID says %v", first, h.first)
	}
	if err := h.groups.check(&sum, func(r mem.Ref) error { return (&Group{s.arena, r}).check() }); err != nil {
		return fmt.Errorf("stream: groups: %w", err)
	}
	if sum != h.bytes {
		return fmt.Errorf("stream: blocks of %d bytes, sum says %d", sum, h.bytes)
	}
	return nil
}

// check verifies a group.
func (g *Group) check() error {
	h := g.head()
	sum := int64(mem.Usable(recordBytes(g.ref)))
	owned := 0
	err := h.consumers.check(&sum, func(r mem.Ref) error {
		c := Consumer{r}
		sum += int64(mem.Usable(recordBytes(r)))
		n, err := c.head().own.check(ownKind, &sum, func(id ID, _ []byte) error {
			if p, ok := g.Find(id); !ok || p.Consumer != c {
				return fmt.Errorf("consumer %q: %v is not pending with it", c.Name(), id)
			}
			return nil
		})
		if err != nil {
			return err
		}
		if n != c.Pending() {
			return fmt.Errorf("consumer %q: %d IDs, count says %d", c.Name(), n, c.Pending())
		}
		owned += n
		return nil
	})
	if err != nil {
		return fmt.Errorf("%q: %w", g.Name(), err)
	}
	n, err := h.pending.check(pendingKind, &sum, func(ID, []byte) error { return nil })
	if err != nil {
		return fmt.Errorf("%q: pending: %w", g.Name(), err)
	}
	for r := h.gone; r != 0; r = (Consumer{r}).nextGone() {
		c := Consumer{r}
		if !c.gone() || c.goneFrom() != g.ref {
			return fmt.Errorf("%q: consumer %q is gone, but not from here", g.Name(), c.Name())
		}
		sum += int64(mem.Usable(recordBytes(r)))
		ids, err := c.head().own.checkBlocks(ownKind, &sum, func(id ID, _ []byte) error {
			if v := h.pending.get(pendingKind, id); v == nil || readPending(id, v).Consumer != c {
				return fmt.Errorf("%v is not pending with a consumer that is gone", id)
			}
			return nil
		})
		if err != nil || ids != c.Pending() {
			return fmt.Errorf("%q: consumer %q, which is gone, has %d IDs, count says %d: %w", g.Name(), c.Name(), ids, c.Pending(), err)
		}
		owned += ids
		n -= ids
	}
	if n+int(h.goneIDs) != owned || n != g.Pending() {
		return fmt.Errorf("%q: %d pending entries, %d of consumers, count says %d", g.Name(), n, owned, g.Pending())
	}
	if sum != h.bytes {
		return fmt.Errorf("%q: blocks of %d bytes, sum says %d", g.Name(), sum, h.bytes)
	}
	return nil
}

// check verifies a tree, adds its blocks to sum and shows all entries to each. It returns their number.
func (t *tree) check(k *kind, sum *int64, each func(ID, []byte) error) (n int, err error) {
	if t.height() == 0 {
		if t.word != 0 || t.n != 0 {
			return 0, fmt.Errorf("empty tree with word %x and %d entries", t.word, t.n)
		}
		return 0, nil
	}
	if n, err = t.checkBlocks(k, sum, each); err == nil && t.height() > 1 && k.open(t.root()).n < 2 {
		err = fmt.Errorf("root with one child")
	}
	return n, err
}

// checkBlocks is check for a tree that is being freed.
func (t *tree) checkBlocks(k *kind, sum *int64, each func(ID, []byte) error) (n int, err error) {
	if t.height() == 0 {
		return 0, nil
	}
	c := treeCheck{k: k, sum: sum, each: each}
	err = c.block(t.root(), t.height()-1, MinID)
	return c.n, err
}

// checkSums verifies the sums of a counted tree.
func (t *tree) checkSums(k *kind) error {
	if t.height() == 0 {
		return nil
	}
	_, err := k.checkSums(t.root())
	return err
}

func (k *kind) checkSums(r mem.Ref) (sums, error) {
	b := k.open(r)
	for i := range int(b.n) {
		if b.level == 0 {
			break
		}
		below, err := k.checkSums(b.child(i))
		if err != nil {
			return below, err
		}
		if got := loadSums(b.value(i)); got != below {
			return below, fmt.Errorf("below %v are %+v, the sums are %+v", b.keys()[i], below, got)
		}
	}
	return b.sums(true), nil
}

type treeCheck struct {
	k    *kind
	sum  *int64
	each func(ID, []byte) error
	n    int
	last ID
}

// block checks a block of a level, all of whose keys are low at least.
func (c *treeCheck) block(r mem.Ref, level int, low ID) error {
	b := c.k.open(r)
	if int(b.level) != level || b.n == 0 || b.n > b.cap || int(b.cap) > mostFor(b.width) {
		return fmt.Errorf("block of level %d, expected %d, %d of %d entries", b.level, level, b.n, b.cap)
	}
	*c.sum += int64(mem.Usable(b.bytes()))
	for i, key := range b.keys() {
		if key.Less(low) || i > 0 && key == low {
			return fmt.Errorf("key %v after %v", key, low)
		}
		low = key
		if level > 0 {
			if err := c.block(b.child(i), level-1, key); err != nil {
				return err
			}
			continue
		}
		if c.n > 0 && !c.last.Less(key) {
			return fmt.Errorf("key %v after %v", key, c.last)
		}
		c.last = key
		c.n++
		if err := c.each(key, b.value(i)); err != nil {
			return fmt.Errorf("%v: %w", key, err)
		}
	}
	return nil
}

// check verifies a list of names, adds its blocks to sum and shows all records to each.
func (x *names) check(sum *int64, each func(mem.Ref) error) error {
	n := uint64(0)
	var last []byte
	if x.many() {
		if x.chunks() < 2 {
			return fmt.Errorf("directory of %d chunks", x.chunks())
		}
		*sum += int64(mem.Usable(listBytes(list{x.ref()}.cap())))
	}
	for c := range x.chunks() {
		l := x.chunk(c)
		if l.n() == 0 || l.n() > l.cap() {
			return fmt.Errorf("chunk of %d of %d", l.n(), l.cap())
		}
		*sum += int64(mem.Usable(listBytes(l.cap())))
		for i := range l.n() {
			r := l.get(i)
			if name := recordName(r); n > 0 && bytes.Compare(last, name) >= 0 {
				return fmt.Errorf("%q after %q", name, last)
			} else {
				last = name
			}
			n++
			if err := each(r); err != nil {
				return err
			}
		}
	}
	if n != x.n {
		return fmt.Errorf("%d records, count says %d", n, x.n)
	}
	return nil
}

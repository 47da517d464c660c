package table

import (
	"fmt"

	"granary/internal/mem"
)

// Check verifies every invariant of the table. It reads all entries.
func (t *Table) Check() error {
	r := t.head()
	c := checker{t: t, bytes: int64(mem.Usable(rootBytes))}
	if r.word.isDirectory() {
		c.bytes += int64(mem.Usable(directoryBytes(r.depth())))
		if r.next != 0 {
			c.bytes += int64(mem.Usable(directoryBytes(r.depth() + 1)))
		}
		if r.nextExp != 0 {
			c.bytes += int64(mem.Usable(expiryBytes(r.depth() + 1)))
		}
	} else if r.word.depth() != 0 {
		return fmt.Errorf("table: depth %d without a directory", r.word.depth())
	}
	if r.expiry != 0 {
		c.bytes += int64(mem.Usable(expiryBytes(r.depth())))
	}
	for slot, end := uint32(0), uint32(1)<<r.depth(); slot < end; {
		w, own := r.own(slot)
		if own != slot {
			return fmt.Errorf("table: index %d of the directory belongs to %d", slot, own)
		}
		step := uint32(1) << (r.depth() - w.depth())
		for i := range step {
			if o := *wordOrRoot(r, slot+i); i > 0 && o<<14 != *w<<14 {
				return fmt.Errorf("table: words %d and %d of one segment differ: %x, %x", slot, slot+i, *w, o)
			}
		}
		if err := c.segment(slot, *w); err != nil {
			return fmt.Errorf("table: segment %d (%d lines, depth %d of %d): %w", slot, sizes[w.size()].lines, w.depth(), r.depth(), err)
		}
		slot += step
	}
	if c.n != t.Len() {
		return fmt.Errorf("table: %d entries, count says %d", c.n, t.Len())
	}
	if deep := int(r.count >> lenBits); c.deep != deep {
		return fmt.Errorf("table: %d segments of full depth, count says %d", c.deep, deep)
	}
	if c.bytes != r.bytes {
		return fmt.Errorf("table: blocks of %d bytes, sum says %d", c.bytes, r.bytes)
	}
	if c.expires != t.CountExpires() {
		return fmt.Errorf("table: %d entries expire, count says %d", c.expires, t.CountExpires())
	}
	return c.tournament()
}

// checker sums up what Check compares with the root.
type checker struct {
	t       *Table
	n       int
	deep    int
	expires int
	bytes   int64
}

func (c *checker) segment(slot uint32, w word) error {
	r := c.t.head()
	s := w.segment()
	if w.depth() == r.depth() {
		c.deep++
	}
	if w.size() > lastSize || (w.depth() > 0 && w.size() < firstFull) {
		return fmt.Errorf("size %d", w.size())
	}
	c.bytes += int64(mem.Usable(int(s.lines) * bucketSize))
	var clock clockWord
	if r.expiry != 0 {
		if clock = *c.t.expiry().clock(slot); clock != 0 {
			c.bytes += int64(mem.Usable(int(s.lines) * 4))
		}
	}
	n := 0
	var far [256]uint
	for i := range s.lines {
		b := s.at(i)
		n += int(b.state.n())
		if err := c.bucket(slot, w, i, clock, far[:]); err != nil {
			return fmt.Errorf("bucket %d of %d (state %032b): %w", i, s.homes, b.state, err)
		}
	}
	for i := range s.homes {
		if got := s.at(i).state.far(); got != far[i] {
			return fmt.Errorf("bucket %d has %d entries in the stash, far says %d", i, far[i], got)
		}
	}
	if n != w.n() {
		return fmt.Errorf("%d entries, word says %d", n, w.n())
	}
	c.n += n
	return nil
}

func (c *checker) bucket(slot uint32, w word, bkt uint, clock clockWord, far []uint) error {
	t, s := c.t, w.segment()
	b := s.at(bkt)
	n := b.state.n()
	if n > bucketSlots {
		return fmt.Errorf("%d slots", n)
	}
	if b.state>>29 != 0 {
		return fmt.Errorf("unused bits")
	}
	if unused := state(1<<bucketSlots-1) &^ (1<<n - 1); b.state&(unused<<stateForeignShift|unused<<stateExpireShift) != 0 {
		return fmt.Errorf("bits of slots that are not in use")
	}
	if bkt >= s.homes && b.state&(stateForeignMask|stateFarMask|stateNear) != 0 {
		return fmt.Errorf("stash with marks of a home bucket")
	}
	near := bkt < s.homes && s.homes > 1 && s.at(s.next(bkt)).state&stateForeignMask != 0
	if near != (b.state&stateNear != 0) {
		return fmt.Errorf("near is %v, should be %v", !near, near)
	}
	for i := range n {
		e := b.ref(i)
		h := Hash(t.kind.Key(e))
		own, at := t.head().own(t.head().slotOf(h))
		home := own.home(h)
		if at != slot {
			return fmt.Errorf("slot %d: entry of segment %d", i, at)
		}
		if b.fp(i) != uint8(h) {
			return fmt.Errorf("slot %d: fingerprint %x, hash %x", i, b.fp(i), h)
		}
		switch {
		case bkt >= s.homes:
			far[home]++
		case b.state.foreign(i):
			if home != s.prev(bkt) || s.homes == 1 {
				return fmt.Errorf("slot %d: foreign entry with home %d", i, home)
			}
		case home != bkt:
			return fmt.Errorf("slot %d: entry with home %d", i, home)
		}
		ms := int64(0)
		if t.kind.Expire != nil {
			ms = t.kind.Expire(e)
		}
		if (ms > 0) != b.state.expire(i) {
			return fmt.Errorf("slot %d: expiry %d, mark says %v", i, ms, b.state.expire(i))
		}
		if ms > 0 {
			c.expires++
			if err := c.bounds(slot, bkt, clock, ms); err != nil {
				return fmt.Errorf("slot %d: %w", i, err)
			}
		}
	}
	return nil
}

// bounds checks that an expiry is covered by the clock and the tournament.
func (c *checker) bounds(slot uint32, bkt uint, clock clockWord, ms int64) error {
	if clock == 0 {
		return fmt.Errorf("expiry %d without a clock", ms)
	}
	if bound := clock.bound(*clockAt(clock.first(), bkt)); bound > ms {
		return fmt.Errorf("expiry %d, the clock says %d", ms, bound)
	}
	if bound := *c.t.expiry().leaf(slot); bound > ms {
		return fmt.Errorf("expiry %d, the segment's bound is %d", ms, bound)
	}
	return nil
}

// tournament checks the inner nodes and that only own indexes have a bound or a clock.
func (c *checker) tournament() error {
	r := c.t.head()
	if r.expiry == 0 {
		return nil
	}
	x := c.t.expiry()
	for i := uint32(1); i < 1<<x.depth; i++ {
		if m := min(*x.node(2 * i), *x.node(2*i + 1)); *x.node(i) != m {
			return fmt.Errorf("table: node %d is %d, should be %d", i, *x.node(i), m)
		}
	}
	for i := range uint32(1) << x.depth {
		if _, own := r.own(i); own != i && (*x.leaf(i) != never || *x.clock(i) != 0) {
			return fmt.Errorf("table: index %d has a bound or a clock but no segment", i)
		}
	}
	return nil
}

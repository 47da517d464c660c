package zset

import (
	"granary/internal/encoding/listpack"
	large "granary/internal/encoding/zset"
	"granary/internal/keyspace"
	"granary/internal/mem"
	"granary/internal/object"
)

// Draft is a sorted set in the making, which no key refers to yet. First members are put into it, then it is finished and
// read, or stored under a key. Whoever makes one defers Free, which gives back what was not stored, also when memory runs
// out.
type Draft struct {
	arena    *mem.Arena
	b        large.Builder
	set      large.Set // once finished
	finished bool
	longest  int // bytes of the longest member
	total    int // bytes of all members
}

// NewDraft returns an empty Draft in the memory of a keyspace.
func NewDraft(a *mem.Arena) Draft { return Draft{b: large.NewBuilder(a), arena: a} }

// Expect says how many members will be added.
func (d *Draft) Expect(n int) { d.b.Expect(n) }

// Len returns the number of members.
func (d *Draft) Len() int {
	if d.finished {
		return d.set.Len()
	}
	return d.b.Len()
}

// Find looks for a member.
func (d *Draft) Find(member []byte) large.Place { return d.b.Find(member) }

// Score returns the score of a member that was found.
func (d *Draft) Score(p large.Place) float64 { return large.Score(p.Entry) }

// Add adds a member that Find did not find.
func (d *Draft) Add(p large.Place, member []byte, score float64) {
	d.b.Add(p, member, score)
	d.longest = max(d.longest, len(member))
	d.total += len(member)
}

// SetScore gives a member that was found another score.
func (d *Draft) SetScore(p large.Place, score float64) { d.b.SetScore(p, score) }

// Finish ends the changes and returns the value, which is valid until Store or Free.
func (d *Draft) Finish() Value {
	if !d.finished {
		d.set = d.b.Finish()
		d.finished = true
	}
	return Value{large: d.set}
}

// Store makes the draft the value of a key, whatever the key held before; it loses its expiry. The draft is empty then.
// REQUIRES: Len is not 0.
func (d *Draft) Store(dst *keyspace.Item, lim Limits) {
	e := d.Entry(dst.Key(), lim, 0, accessClock(dst))
	d.Free()
	dst.Put(e) // which owns it, even if it fails
	dst.Settle()
}

// Entry makes the draft the value of an entry. REQUIRES: Len is not 0.
func (d *Draft) Entry(key []byte, lim Limits, expiry int64, clock uint32) object.Entry {
	v := d.Finish()
	if d.set.Len() > lim.Entries || d.longest > lim.Value || d.total > listpack.MaxSafeSize {
		root := d.set.Root()
		d.set = large.Set{}
		return object.NewRootedOrFree(d.arena, key, object.ZSet, object.Skiplist, root, expiry, clock)
	}
	var text scoreText
	var digits Scratch
	b := make([]byte, listpack.EmptySize, listpack.EmptySize+d.total+32*d.set.Len())
	lp := listpack.New(b)
	c := v.At(0)
	for ; c.Valid(); c.Next() {
		m, scored := listpack.Of(c.Member(&digits)), scoreElem(c.Score(), &text)
		if n := len(lp) + m.Size() + scored.Size(); n > cap(lp) {
			lp = append(make([]byte, 0, 2*n), lp...)
		}
		lp = lp.BatchInsert(lp.End(), m, scored)
	}
	return object.NewFlat(d.arena, key, object.ZSet, object.Listpack, lp, expiry, clock)
}

// Free gives back what was not stored.
func (d *Draft) Free() {
	d.b.Free()
	if d.finished && d.set.Root() != 0 {
		d.set.Free()
	}
	*d = Draft{}
}

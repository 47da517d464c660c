package prefix

// Counting anew. Whoever knows the keys walks over all of them and enters each on the side Next (Add), and meanwhile
// changes of keys that the walk has passed on both sides; in the end that side is shown. So a tree comes to know keys that
// were there before it, and loses what it is uncertain of: a row that was there when the count began lacks nothing.

// Begin starts a count from nothing. What is shown stays; of a tree that was never complete, what is counted is shown as
// far as it goes.
func (t *Tree) Begin() {
	next := 1 - t.shown
	t.each(func(id int32, r *row) {
		b := &t.books[next][id]
		b.own, b.rest, r.miss[next] = Counts{}, Counts{}, Counts{}
	})
	t.counting, t.sparing = true, false
	if t.crowded { // the first key asks
		t.credit = 0
		t.listVictims()
	}
}

// Lost says that the tree is not complete: there are keys that it was not told of.
func (t *Tree) Lost() { t.complete = false }

// Counting tells whether a count is under way.
func (t *Tree) Counting() bool { return t.counting }

// Finish ends a count. What it corrects is no growth.
func (t *Tree) Finish() {
	next := 1 - t.shown
	t.each(func(id int32, r *row) {
		now := t.books[next][id].now()
		d := now
		d.sub(t.books[t.shown][id].now())
		for i := range r.past {
			if t.complete {
				r.past[i].add(d)
			} else {
				r.past[i] = now
			}
		}
	})
	t.shown = next
	t.live = t.books[next]
	t.counting, t.complete = false, true
}

// all returns what the row has itself, rows below not counted.
func (b *books) all() Counts {
	c := b.own
	c.add(b.rest)
	return c
}

// Uncertain tells whether a count would tell more than what is shown.
func (t *Tree) Uncertain() bool {
	found := t.sparing
	t.each(func(_ int32, r *row) { found = found || r.miss[t.shown] != Counts{} })
	return found
}

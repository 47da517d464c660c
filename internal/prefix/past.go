package prefix

import "slices"

// Growth is told by looking at all rows every few seconds and keeping what was seen for a minute.

const (
	pastEvery = 10000 // ms between two looks
	pastSpan  = 6     // looks that make up a minute
	pastLen   = pastSpan + 1

	rowsAtOnce = 2048 // rows that a slice looks at
	listEvery  = 100  // ms between two lists of rows to give up
)

// past is what a row had at a look, in bytes.
type past struct{ own, rest int64 }

func (b *books) now() past { return past{b.own.Bytes, b.rest.Bytes} }

func (p *past) add(q past) {
	p.own += q.own
	p.rest += q.rest
}

func (p *past) sub(q past) { p.add(past{-q.own, -q.rest}) }

// look is the state of looking at rows.
type look struct {
	times  [pastLen]int64 // when, ms
	slot   int            // of the last look in times and row.past
	seen   int            // looks so far, up to pastLen; the first was at a tree without rows
	next   int            // row at which the look that is under way goes on
	under  bool           // a look is under way
	has    int64          // bytes of the rows that it has passed,
	rest   int64          // and keys in them that have no row
	listed int64          // ms, when victims were listed
	from   int            // row at which the next list begins
}

// Look does a part of the regular work at a time in ms: what rows have now is kept for the growth, those that have had
// nothing for a while are dropped, and if rows are short the smallest are listed. It reports whether there is more to do.
func (t *Tree) Look(now int64) bool {
	l := &t.look
	if age := now - l.listed; (t.starved || len(t.free) == 0 && t.asked > len(t.rows)/victimShare) && (age >= listEvery || age < 0) {
		l.listed = now
		t.listVictims()
		return true
	}
	if !l.under {
		if age := now - l.times[l.slot]; age >= 0 && age < pastEvery {
			return false
		}
		l.under, l.next, l.has, l.rest = true, 0, 0, 0
		l.times[(l.slot+1)%pastLen] = now
	}
	slot := (l.slot + 1) % pastLen
	for end := min(l.next+rowsAtOnce, len(t.rows)); l.next < end; l.next++ {
		id := int32(l.next)
		if !t.uses(id) {
			continue
		}
		r, b := t.at(id), &t.books[t.side()][id]
		r.past[slot] = b.now()
		l.has += b.all().Bytes
		l.rest += b.rest.Keys
		switch leaf := id != root && r.kids == 0; {
		case leaf && t.empty(id):
			t.drop(id)
		case leaf && t.crowded && t.worthless(id):
			l.rest += b.own.Keys
			t.giveUp(id)
		}
	}
	if l.next < len(t.rows) {
		return true
	}
	l.under, l.slot = false, slot
	t.resize(l.has)
	if t.crowded && l.rest <= 0 {
		t.crowded = false
		t.forget()
	}
	l.seen = min(l.seen+1, pastLen)
	return false
}

// listVictims lists rows that are among the smallest. It begins where the last list ended.
func (t *Tree) listVictims() {
	t.starved, t.asked = false, 0
	t.victims = t.victims[:0]
	t.resize(t.total(t.side()).Bytes)
	limit := t.smallest()
	for range t.rows {
		if len(t.victims) == cap(t.victims) {
			break
		}
		id := int32(t.look.from)
		t.look.from = (t.look.from + 1) % len(t.rows)
		if r := t.at(id); t.uses(id) && r.kids == 0 && id != root && t.weight(id) <= limit {
			t.victims = append(t.victims, victim{id, r.gen})
		}
	}
}

// empty tells whether the row has nothing and had nothing all the time.
func (t *Tree) empty(id int32) bool {
	for s := range t.books {
		if b := &t.books[s][id]; b.own != (Counts{}) || b.rest != (Counts{}) {
			return false
		}
	}
	return t.at(id).past == [pastLen]past{}
}

// bytes returns what a row has itself.
func (t *Tree) bytes(id int32) int64 { return t.books[t.side()][id].all().Bytes }

// weight is what a row is worth keeping for: what it has, and until everything has grown by a quarter since the prefix got it as much
// of what it may have besides as an average row.
func (t *Tree) weight(id int32) int64 {
	r, w := t.at(id), t.bytes(id)
	if t.size-r.born < r.born/4 {
		w += min(r.miss[t.side()].Bytes, t.size/int64(len(t.rows)))
	}
	return w
}

// worthless tells whether a row has less than a prefix asks with, of all that prefixes without a row have beside it. Then they are so
// many, and so small, that it says nothing to have counts of this one.
func (t *Tree) worthless(id int32) bool {
	w, side := t.weight(id), t.side()
	for up := t.at(id).parent; up >= 0; up = t.at(up).parent {
		if w < t.books[side][up].rest.Bytes/int64(askShare*len(t.rows)) {
			return true
		}
	}
	return false
}

// smallest estimates what the smallest rows have that make up one victimShare of all.
func (t *Tree) smallest() int64 {
	var sample [1024]int64
	n := 0
	step := max(1, len(t.rows)/len(sample))
	for id := 1; id < len(t.rows) && n < len(sample); id += step {
		if t.uses(int32(id)) && t.at(int32(id)).kids == 0 {
			sample[n] = t.weight(int32(id))
			n++
		}
	}
	if n == 0 {
		return -1
	}
	slices.Sort(sample[:n])
	return sample[n/victimShare]
}

// oldest returns the place of the look that growth is told from: the oldest of the last minute.
func (t *Tree) oldest() int {
	l := &t.look
	return (l.slot - min(l.seen, pastSpan) + 1 + pastLen) % pastLen
}

// growth returns the bytes that a row itself gained or lost since the oldest look.
func (t *Tree) growth(id int32) (p past) {
	if t.complete {
		p = t.books[t.shown][id].now()
		p.sub(t.at(id).past[t.oldest()])
	}
	return p
}

package prefix

import "math/rand/v2"

// Which prefixes get a row when there is not one for each, and which give theirs up. What rows are worth is in past.go.
//
// As long as there are rows to be had every prefix gets one. When they run out, bytes without a row are counted, and the prefix of
// every so manieth byte asks. The distance is random, as is what prefixes ask for one by one. Who asks for the third time, before the
// note of it is written over (again), gets the row of one of the smallest. A prefix that takes 1/max of what comes asks five or six
// times while what is stored doubles; hardly any does so three times of very many that are equally small.
//
// Asking is what a change of a key costs most in a store that is still small, where nearly every new one would do it. So there is a least
// distance, but for keys that are counted anew: whom it keeps from asking does so in the next count, which is then due (Uncertain).
//
// Once nothing is left on the list of the smallest, asking is in vain before the next list, or before a row is dropped. Those that ask
// in vain have other rows looked at, and dropped if they are worthless (review).

const (
	askShare    = 8    // so many prefixes ask for each row while as much comes without one as is stored
	askLeast    = 4096 // bytes from one that asks to the next, on the average, at least
	askCount    = 16   // so many prefixes ask for each row while all is counted, however little it is
	reviewMost  = 16   // rows that one that asks in vain has dropped
	victimShare = 16   // so manieth part of all rows is on the list of those to give up
)

// asks tells whether a prefix without a row, which more bytes come to, asks for one (again).
func (t *Tree) asks(more int64) bool {
	if more <= 0 || !t.crowded {
		return more > 0
	}
	if t.credit -= more; t.credit > 0 {
		return false
	}
	if !t.counting || !t.complete { // what is counted anew was stored before
		t.resize(t.size + t.drawn - t.credit)
	}
	if t.counting {
		t.apart = t.size / int64(askCount*len(t.rows))
	} else if t.apart = t.size / int64(askShare*len(t.rows)); t.apart < askLeast {
		t.apart, t.sparing = askLeast, true
	}
	t.credit = 1 + rand.Int64N(2*t.apart+1)
	t.drawn = t.credit
	return true
}

// ask is for a key whose prefix asks for a row, the deepest above being id. It returns where the key is counted then.
func (t *Tree) ask(key []byte, id int32, more int64) Place {
	var to ends
	p := t.split.scan(key, t.seed, &to)
	if t.again(p.hash, more) {
		if row := t.admit(key, to[:p.parts], id, int(t.at(id).depth)); row >= 0 {
			return Place{row, false}
		}
	} else {
		for n := 0; n < reviewMost && t.at(id).kids > 0 && t.review(id); n++ {
		}
	}
	return Place{id, true}
}

// resize notes what all rows have.
func (t *Tree) resize(bytes int64) {
	t.size, t.drawn = max(bytes, 0), t.credit // a key may be about to take again what it gave back
}

// again notes that a prefix of a hash asks, which more bytes come to, and tells whether it is to have a row: there are rows left, or it
// asked often enough lately, or has so much at once that it would. While the tree is starved nothing is noted.
func (t *Tree) again(h uint64, more int64) bool {
	const times = 3 // and as many bits of a note are a number
	if !t.crowded {
		return true
	}
	if t.starved {
		return false
	}
	t.asked++
	at := &t.asking[int(h)&(len(t.asking)-1)]
	if tag := uint16(h>>48) &^ times; *at&^times != tag {
		*at = tag
	}
	if *at++; *at&times < times && more < times*t.apart {
		return false
	}
	*at = 0
	return true
}

// admit makes rows for the prefix of a key, whose parts end there, below that of its first depth parts. It returns the last, or -1 if
// none is to be had.
func (t *Tree) admit(key []byte, to []uint8, id int32, depth int) int32 {
	if want := len(to) - depth; want > len(t.free) {
		r := t.at(id)
		r.kids++ // it is not to be given up for what comes below it
		for want > len(t.free) && t.giveUpOne() {
		}
		r.kids--
		if want > len(t.free) {
			if !t.crowded {
				t.resize(t.total(t.side()).Bytes)
			}
			t.starved, t.crowded = true, true
			return -1
		}
	}
	for _, end := range to[depth:] {
		id = t.newRow(key[:end], id)
	}
	return id
}

// victim is a row to give up.
type victim struct {
	id  int32
	gen uint32
}

// giveUpOne takes its row from one of the victims. It reports false if there is none.
func (t *Tree) giveUpOne() bool {
	for len(t.victims) > 0 {
		v := t.victims[len(t.victims)-1]
		t.victims = t.victims[:len(t.victims)-1]
		if r := t.at(v.id); r.gen == v.gen && r.kids == 0 {
			t.giveUp(v.id)
			return true
		}
	}
	return false
}

// giveUp drops a row whose prefix has something.
func (t *Tree) giveUp(id int32) {
	t.drop(id)
	t.Moved++
}

// review looks at the next of all rows, gives it up if it is worthless, and tells whether it was. Row id is kept.
func (t *Tree) review(id int32) bool {
	t.hand = t.next(t.hand + 1)
	if t.hand == id || t.hand == root || t.at(t.hand).kids > 0 || !t.worthless(t.hand) {
		return false
	}
	t.giveUp(t.hand)
	return true
}

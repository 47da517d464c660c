package prefix

import (
	"encoding/binary"
	"math"

	"granary/internal/swar"
)

// Where a key is counted. Many keys are like the one before, and are told by that without a call (quick): keys of one prefix, and where
// prefixes are very many and none of them is large, keys whose prefix has no row. All others are looked up (find).

// Add enters a change of a key on the sides that it concerns. It allocates nothing.
func (t *Tree) Add(key []byte, d Counts, on Sides) {
	var id int32
	var c *Counts
	if on == Shown && len(key) >= 8 {
		head := binary.LittleEndian.Uint64(key)
		if q := &t.own; (head^q.name)&q.mask == 0 && uint(len(key)-q.at-8) <= 8 {
			if b := key[q.at:]; swar.Has(binary.LittleEndian.Uint64(b), t.delim)|swar.Has(swar.Tail(b), t.delim) == 0 {
				id, c = q.id, q.counts
			}
		}
		if q := &t.rest; c == nil && (head^q.name)&q.mask == 0 && q.at < len(key) && key[q.at] == byte(t.delim) && q.kids&kidBit(key[q.length:]) == 0 {
			if left := t.credit - max(d.Bytes, 0); left > 0 {
				t.credit = left
				id, c = q.id, q.counts
			}
		}
	}
	if c == nil {
		p := t.place(key, d.Bytes)
		if on != Shown {
			t.Enter(p, d, on)
			return
		}
		id, c = p.id, t.books[t.shown&1][p.id].at(p.rest)
	}
	if c.add(d); c.negative() {
		t.borrow(id, t.shown, c)
	}
}

// quick tells of keys what the last one was.
//
//	own   in a row's own counts: they begin with its name, which ends at, and have no delimiter behind it
//	rest  in a row's rest: they begin with its name, have a delimiter at, which is farther on, and none of the rows below begins like them
//
// It is for delimiters of one byte and names of up to eight. Place finds each key there, too.
type quick struct {
	counts     *Counts // on the side that is shown
	id         int32   // of the row
	name, mask uint64  // how a key begins: with name, in the bits of mask
	at         int     // never: no key is told
	length     int     // of the name
	kids       uint64  // kidBit of all rows right below
}

const (
	never    = math.MaxInt
	mostKids = 16 // below a row whose rest is told of
)

// kidBit is one of 64 bits, by how the name of a row goes on behind its parent's. There are two bytes of it.
func kidBit(part []byte) uint64 { return 1 << (binary.LittleEndian.Uint16(part) * 40503 >> 10) }

// quickOwn has keys told of that are counted in last's own counts.
func (t *Tree) quickOwn() {
	if l := &t.last; t.one && l.short {
		t.own = quick{&t.books[t.shown&1][l.id].own, l.id, l.end, l.mask, int(l.length), int(l.length), 0}
	}
}

// quickRest has keys told of that are counted in above's rest, like one whose part behind its name ends at.
func (t *Tree) quickRest(at int) {
	l := &t.above
	n := int(l.length)
	if q := &t.rest; q.counts != nil && q.id == l.id && at > n { // the rows below are as they were
		q.at = at
		return
	}
	if !t.one || !l.short || !t.crowded || at <= n || t.at(l.id).kids > mostKids {
		return
	}
	kids := uint64(0)
	for id := t.at(l.id).first; id != root; id = t.at(id).next {
		part := t.name(id)[n:]
		if len(part) < 2 {
			return
		}
		kids |= kidBit(part)
	}
	t.rest = quick{&t.books[t.shown&1][l.id].rest, l.id, l.end, l.mask, at, n, kids}
}

// Place is where a tree counts a key. It is valid until the tree changes otherwise than by Enter.
type Place struct {
	id   int32
	rest bool
}

// Place returns where a key is counted, for who has no key any more when it knows what to enter.
func (t *Tree) Place(key []byte) Place { return t.place(key, 0) }

// place returns where a key is counted, which more bytes come to. A prefix without a row gets one, if bytes come and one is to be had.
func (t *Tree) place(key []byte, more int64) Place {
	if t.begins(key, &t.last) && (t.last.full || !t.goesOn(key, int(t.last.length))) {
		return Place{t.last.id, false}
	}
	asks := false
	if t.begins(key, &t.above) && t.at(t.above.id).kids == 0 && t.goesOn(key, int(t.above.length)) {
		if asks = t.asks(more); !asks {
			return Place{t.above.id, true}
		}
	}
	return t.find(key, more, asks)
}

// recent is the row of a key that was counted before, and what tells quickly whether the next key is below it.
type recent struct {
	id     int32
	length uint8  // of the name
	some   bool   // there is one,
	short  bool   // and its name has at most eight bytes
	full   bool   // keys have no further part
	end    uint64 // the last eight bytes of the name, or as many as it has
	mask   uint64 // of as many
}

// recent is for a row of so many parts and its name.
func (t *Tree) recent(id int32, name []byte, parts int) recent {
	n := min(len(name), 8)
	return recent{id, uint8(len(name)), true, n == len(name), parts == t.split.Depth, swar.Head(name[len(name)-n:]), 1<<(8*n) - 1}
}

// begins tells whether a key begins with the name of a recent row.
func (t *Tree) begins(key []byte, l *recent) bool {
	if l.short && len(key) >= 8 {
		return (binary.LittleEndian.Uint64(key)^l.end)&l.mask == 0
	}
	return l.some && t.beginsLong(key, l)
}

// beginsLong is begins without limits. Names that differ mostly do so at their end.
func (t *Tree) beginsLong(key []byte, l *recent) bool {
	n := int(l.length)
	return len(key) >= n && (n < 8 || swar.Tail(key[:n]) == l.end) && string(key[:n]) == string(t.names[l.id][:n])
}

// goesOn tells whether a part of a key ends behind its first n bytes.
func (t *Tree) goesOn(key []byte, n int) bool {
	key = key[n:min(len(key), MaxLen)]
	if t.one {
		return swar.Contains(key, byte(t.delim))
	}
	return t.split.part(key) != 0
}

// forget makes the next keys be looked up.
func (t *Tree) forget() {
	t.found, t.last, t.above = -1, recent{}, recent{}
	t.own, t.rest = quick{at: never}, quick{at: never}
}

// find is place for a key that is looked up. asks tells that its prefix is known to ask for a row, if it has none.
func (t *Tree) find(key []byte, more int64, asks bool) Place {
	var to ends
	var p scanned
	if t.one { // without a call
		p = t.split.scanByte(key[:min(len(key), MaxLen)], t.delim, t.seed, &to)
	} else {
		p = t.split.scan(key, t.seed, &to)
	}
	id := t.lookupHash(to.name(key, p.parts), p.hash, p.last)
	if id < 0 {
		return t.findRest(key, &to, p, more, asks)
	}
	if id == t.found {
		t.last = t.recent(id, to.name(key, p.parts), p.parts)
		t.quickOwn()
	}
	t.found = id
	return Place{id, false}
}

// findRest is find for a key whose prefix has no row.
func (t *Tree) findRest(key []byte, to *ends, p scanned, more int64, asks bool) Place {
	id, depth := t.deepest(key, to, p)
	t.quickRest(int(to[depth]) - 1)
	if asks || t.asks(more) {
		if t.again(p.hash, more) {
			if row := t.admit(key, to[:p.parts], id, depth); row >= 0 {
				t.found = row
				return Place{row, false}
			}
		} else if t.at(id).kids > 0 && p.hash%reviewEvery == 0 {
			t.review(id)
		}
	}
	return Place{id, true}
}

// deepest returns the deepest row for a key whose whole prefix has none, and the number of parts that it has. Mostly it is the one that
// the last such key had.
func (t *Tree) deepest(key []byte, to *ends, p scanned) (id int32, depth int) {
	id = root
	if above := &t.above; t.begins(key, above) && above.length < to[p.parts-1] {
		id, depth = above.id, int(t.at(above.id).depth)
	}
	for ; depth < p.parts-1; depth++ {
		next := t.lookup(key[:to[depth]])
		if next < 0 {
			break
		}
		id = next
	}
	if !t.above.some || t.above.id != id {
		t.above = t.recent(id, to.name(key, depth), depth)
	}
	return id, depth
}

// row returns where a key is counted, and changes nothing but what is recent.
func (t *Tree) row(key []byte) Place {
	var to ends
	p := t.split.scan(key, t.seed, &to)
	if id := t.lookupHash(to.name(key, p.parts), p.hash, p.last); id >= 0 {
		return Place{id, false}
	}
	id, _ := t.deepest(key, &to, p)
	return Place{id, true}
}

package prefix

import (
	"encoding/binary"
	"math"
	"math/bits"

	"granary/internal/swar"
)

// Where a key is counted: in the row of its prefix, or in the rest of the deepest row above it.
//
// Every change of a key asks, so for keys whose parts end in their first 24 bytes that is done in registers (place): they are known to
// be counted where the last one was (quick), or their whole prefix has a row, or shorter ones are looked up (deepest). All other keys,
// and delimiters of several bytes, are split first (find). Every way finds the same place.

// Add enters a change of a key on the sides that it concerns. It allocates nothing.
func (t *Tree) Add(key []byte, d Counts, on Sides) {
	p := t.place(key, d.Bytes)
	if on != Shown {
		t.Enter(p, d, on)
		return
	}
	c := t.live[p.id].at(p.rest)
	if c.add(d); c.negative() {
		t.borrow(p.id, t.shown, c)
	}
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
	n := len(key)
	if n < 8 || !t.one {
		return t.find(key, more)
	}
	a, b, c := binary.LittleEndian.Uint64(key), uint64(0), swar.Tail(key)
	if q := &t.rest; (a^q.name)&q.mask == 0 && q.at < n && key[q.at] == byte(t.delim) && q.kids&kidBit(key[q.length:]) == 0 {
		if left := t.credit - max(more, 0); left > 0 {
			t.credit = left
			return Place{q.id, true}
		}
		return t.above(key, q.id, q.at+1, more)
	}
	switch { // three words, zero padded
	case n <= 16:
		b, c = c>>(8*uint(16-n)), 0
	case n <= 24:
		b, c = binary.LittleEndian.Uint64(key[8:]), c>>(8*uint(24-n))
	default:
		b, c = binary.LittleEndian.Uint64(key[8:]), binary.LittleEndian.Uint64(key[16:])
		if swar.Contains(key[24:min(n, MaxLen)], byte(t.delim)) {
			return t.find(key, more)
		}
	}
	if swar.Has(c, t.delim) == 0 { // the whole prefix is in the first two words
		x, y, h := a, b, t.seed
		if m := swar.Zeros(b ^ t.delim); m != 0 {
			y &= upTo(m)
			h = mix(mix(h^x) ^ y)
		} else {
			x, y = a&upTo(swar.Zeros(a^t.delim)), 0
			h = mix(h ^ x)
		}
		if e := &t.index[uint(h>>32)&uint(len(t.index)-1)]; e.tag == uint32(h>>32) && e.id != 0 {
			if id := int32(e.id) - 1; t.live[id].head == [2]uint64{x, y} {
				return Place{id, false}
			}
		}
	}
	return t.deepest(key, a, b, c, more)
}

// upTo returns the bits of a word up to the last byte that is marked, 0 if none is.
func upTo(marks uint64) uint64 { return ^uint64(0) >> bits.LeadingZeros64(marks) }

// deepest is place for a key all of whose parts end in its first three words a, b and c: one prefix after the other is looked up, the
// longest first.
func (t *Tree) deepest(key []byte, a, b, c uint64, more int64) Place {
	h := mix(t.seed ^ a)
	id, next := t.endsIn(key, c, 16, mix(h^b), 0)
	if id < 0 {
		id, next = t.endsIn(key, b, 8, h, next)
	}
	if id < 0 {
		id, next = t.endsIn(key, a, 0, t.seed, next)
	}
	return t.above(key, max(id, root), next, more)
}

// endsIn returns the row with the longest name of those that a key begins with and that end in word w of it, which follows its first n
// bytes with hash h, or -1; and where the part behind that ends, which is next if it is in a later word.
func (t *Tree) endsIn(key []byte, w uint64, n int, h uint64, next int) (id int32, end int) {
	for m := swar.Zeros(w ^ t.delim); m != 0; {
		part := upTo(m)
		m &= part >> 1
		end = n + bits.Len64(part)/8
		if id = t.lookupHash(key[:end], mix(h^w&part), w&part); id >= 0 {
			return id, next
		}
		next = end
	}
	return -1, next
}

// above is place for a key whose deepest row is id. Its next part ends there, if there is one (not 0).
func (t *Tree) above(key []byte, id int32, next int, more int64) Place {
	if next == 0 || int(t.at(id).depth) == t.split.Depth {
		return Place{id, false}
	}
	if t.asks(more) {
		return t.ask(key, id, more)
	}
	t.quickRest(id, next-1)
	return Place{id, true}
}

// find is place for all keys.
func (t *Tree) find(key []byte, more int64) Place {
	p := t.row(key)
	if p.rest && t.asks(more) {
		return t.ask(key, p.id, more)
	}
	return p
}

// row returns where a key is counted. It changes nothing.
func (t *Tree) row(key []byte) Place {
	var to ends
	p := t.split.scan(key, t.seed, &to)
	id, parts := t.lookupHash(to.name(key, p.parts), p.hash, p.last), p.parts
	for id < 0 {
		parts--
		id = t.lookup(to.name(key, parts))
	}
	return Place{id, parts < p.parts}
}

// quick tells of keys that they are counted in the rest of the row that the last such keys had: they begin with its name, have a
// delimiter at the same place, which is farther on, and none of the rows below begins like them.
type quick struct {
	id         int32  // of the row
	name, mask uint64 // how a key begins: with name, in the bits of mask
	at         int    // never: no key is told of
	length     int    // of the name
	kids       uint64 // kidBit of all rows right below
}

const (
	never    = math.MaxInt
	mostKids = 16 // below a row whose rest is told of
)

// kidBit is one of 64 bits, by how the name of a row goes on behind its parent's. There are two bytes of it.
func kidBit(part []byte) uint64 { return 1 << (binary.LittleEndian.Uint16(part) * 40503 >> 10) }

// quickRest has keys told of that are counted in a row's rest, like one whose next part ends at, if the last that was looked up was, too.
func (t *Tree) quickRest(id int32, at int) {
	r := t.at(id)
	n := int(r.length)
	switch q := &t.rest; {
	case at == n: // an empty part
		return
	case q.id == id && q.at != never: // the rows below are as they were
		q.at = at
		return
	case t.lastRest != id: // keys of several rows take turns
		t.lastRest = id
		return
	case !t.crowded || n > 8 || r.kids > mostKids:
		return
	}
	kids := uint64(0)
	for kid := r.first; kid != root; kid = t.at(kid).next {
		part := t.name(kid)[n:]
		if len(part) < 2 {
			return
		}
		kids |= kidBit(part)
	}
	t.rest = quick{id, t.live[id].head[0], 1<<(8*n) - 1, at, n, kids}
}

// forget makes the next keys be looked up.
func (t *Tree) forget() { t.rest, t.lastRest = quick{at: never}, -1 }

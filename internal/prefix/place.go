package prefix

import (
	"encoding/binary"
	"math"
	"math/bits"

	"granary/internal/swar"
)

// Where a key is counted: in the row of its prefix, or in the rest of the deepest row above it.
//
// Every change of a key asks, so Add finds the two places that most keys have by itself, without a call. Keys are known to be counted
// where the last ones were (quick), or the whole prefix is in their first 16 bytes and has a row. All others are looked up (place): one
// prefix after the other, in registers if they end in the first 24 bytes (deepest), or split first (find). Every way finds the same place.

// Add enters a change of a key on the sides that it concerns. It allocates nothing.
func (t *Tree) Add(key []byte, d Counts, on Sides) {
	n := len(key)
	if on != Shown || n < 8 || n > MaxLen || !t.one {
		t.Enter(t.place(key, d.Bytes), d, on)
		return
	}
	a := binary.LittleEndian.Uint64(key)
	if q := &t.rest; n >= q.least && (a^q.name)&q.mask == 0 && t.credit > d.Bytes {
		w := q.behind(key)
		ends := swar.Has(w, t.delim) // the first of them is right
		if (ends != 0 || q.at < n && key[q.at] == byte(t.delim)) && !t.mayBeKid(w&(ends^(ends-1))) {
			t.credit -= max(d.Bytes, 0)
			c := &t.live[q.id].rest
			if c.add(d); c.negative() {
				t.borrow(q.id, t.shown, c)
			}
			return
		}
	}
	b, tail := uint64(0), swar.Tail(key)
	behind := uint64(0) // marks of delimiters behind the first two words
	switch {
	case n <= 16:
		b = tail >> (8 * uint(16-n))
	case n <= 24:
		b, behind = binary.LittleEndian.Uint64(key[8:]), swar.Has(tail>>(8*uint(24-n)), t.delim)
	default:
		b, behind = binary.LittleEndian.Uint64(key[8:]), swar.Has(tail, t.delim)
		for at := 16; at < n-8; at += 8 {
			behind |= swar.Has(binary.LittleEndian.Uint64(key[at:]), t.delim)
		}
	}
	if behind == 0 { // the whole prefix is in the first two words
		h := t.seed
		if m := swar.Zeros(b ^ t.delim); m != 0 {
			b &= upTo(m)
			h = mix(mix(h^a) ^ b)
		} else {
			a, b = a&upTo(swar.Zeros(a^t.delim)), 0
			h = mix(h ^ a)
		}
		for i, mask := uint(h>>32), uint(len(t.index)-1); ; i++ {
			e := t.index[i&mask]
			if e.id == 0 {
				break
			}
			if r := &t.live[e.id-1]; e.tag == uint32(h>>32) && e.length <= 16 && r.head[0] == a && r.head[1] == b {
				if r.own.add(d); r.own.negative() {
					t.borrow(int32(e.id)-1, t.shown, &r.own)
				}
				return
			}
		}
	}
	t.Enter(t.place(key, d.Bytes), d, on)
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
// delimiter in the eight bytes behind it or at the same place as the last one, and none of the rows below begins like them (mayBeKid).
type quick struct {
	id         int32  // of the row
	length     uint8  // of its name, at most 8
	shift      uint8  // of a product, for the number of a bit in Tree.kids
	name, mask uint64 // how a key begins: with name, in the bits of mask
	at         int    // where it has a delimiter, if it has none in the eight bytes behind the name
	least      int    // how long it is, 8 at least; never: no key is told of
}

const (
	never   = math.MaxInt
	kidBits = 16 // for each row below, at least
)

// behind returns the up to eight bytes that follow the name in a key that begins with it.
func (q *quick) behind(key []byte) uint64 {
	from := min(int(q.length), len(key)-8)
	return binary.LittleEndian.Uint64(key[from:]) >> (8 * (int(q.length) - from) & 63)
}

// mayBeKid tells whether keys with a part that begins with a word behind the row's name may belong to a row below it. They may, too, if
// there was one until lately, or if one's part begins with the same eight bytes.
func (t *Tree) mayBeKid(part uint64) bool {
	bit := t.kidBit(part)
	return t.kids[bit/64]>>(bit%64)&1 != 0
}

// kidBit returns the number of the bit in kids for a part behind the row's name: for its up to eight first bytes.
func (t *Tree) kidBit(part uint64) uint64 { return part * 0x9e3779b97f4a7c15 >> (t.rest.shift & 63) }

// newKid has quick know of a row below its own.
func (t *Tree) newKid(name []byte) {
	bit := t.kidBit(swar.Head(name[t.rest.length:]))
	t.kids[bit/64] |= 1 << (bit % 64)
}

// quickRest has keys told of that are counted in a row's rest, like one whose next part ends at, if as many of them were looked up one after
// the other as there are rows below, which are looked at for it.
func (t *Tree) quickRest(id int32, at int) {
	r := t.at(id)
	switch q := &t.rest; {
	case q.id == id && q.at != at && at-int(r.length) >= 8:
		q.at = at
		return
	case t.lastRest != id: // keys of several rows take turns
		t.lastRest, t.inTurn = id, 0
		return
	case !t.crowded || r.length > 8:
		return
	}
	wait := r.kids
	if t.rest.id == id { // the bits say too little, and perhaps no more when they are new
		wait *= 8
	}
	if t.inTurn++; t.inTurn > wait {
		t.inTurn = 0
		t.setQuick(id, at)
	}
}

// setQuick has keys told of that are counted in a row's rest and have a delimiter at.
func (t *Tree) setQuick(id int32, at int) {
	r := t.at(id)
	size := min(64*len(t.kids), max(64, 1<<bits.Len(uint(kidBits*r.kids))))
	clear(t.kids[:size/64])
	t.rest = quick{
		id: id, length: r.length, shift: uint8(64 - bits.TrailingZeros(uint(size))), name: t.live[id].head[0],
		mask: 1<<(8*r.length) - 1, at: at, least: max(int(r.length)+1, 8),
	}
	for kid := r.first; kid != root; kid = t.at(kid).next {
		t.newKid(t.name(kid))
	}
}

// forget makes the next keys be looked up.
func (t *Tree) forget() { t.rest, t.lastRest = quick{id: -1, least: never}, -1 }

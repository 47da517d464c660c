package prefix

import (
	"encoding/binary"
	"math"
	"math/bits"
	"math/rand/v2"
	"reflect"
	"slices"

	"granary/internal/mem"
	"granary/internal/swar"
)

// Counts is what a prefix has.
type Counts struct {
	Bytes   int64 // usable bytes of what belongs to its keys (mem.Purpose.OfKey)
	Keys    int64
	Expires int64 // keys that carry an expiry
}

func (c *Counts) add(d Counts) {
	c.Bytes += d.Bytes
	c.Keys += d.Keys
	c.Expires += d.Expires
}

// sub takes d away.
func (c *Counts) sub(d Counts) { c.add(Counts{-d.Bytes, -d.Keys, -d.Expires}) }

// positive returns c with 0 in place of what is below. In the midst of a command a key may have given back what it is about to
// take again, so the rest of a row may be below zero; nobody lacks less than nothing.
func (c Counts) positive() Counts { return Counts{max(c.Bytes, 0), max(c.Keys, 0), max(c.Expires, 0)} }

// negative tells whether anything is below zero.
func (c *Counts) negative() bool { return c.Bytes|c.Keys|c.Expires < 0 }

// Sides says which of a tree's two sets of books something is entered in.
type Sides uint8

// The sides. What is shown, and what a count that is under way is about to show (Begin).
const (
	Shown Sides = 1 << iota
	Next
)

// books are the counts of one row on one side, a cache line.
type books struct {
	own  Counts    // keys whose prefix the row is
	rest Counts    // keys with longer prefixes that have no row
	head [2]uint64 // the first bytes of the name, zero padded
}

// row is what there is beside its counts to a prefix that has some.
type row struct {
	parent int32
	kids   int32  // rows right below
	gen    uint32 // counts the prefixes that had the row
	depth  uint8
	length uint8 // of the name
	used   bool
	born   int64         // bytes of all rows when the prefix got the row
	miss   [2]Counts     // the most that own and the rows below may lack, by side: it is in rest of the rows above
	past   [pastLen]past // at the last looks (past.go)
}

// rowBytes is what a row takes, with its name and its counts on both sides.
var rowBytes = int64(reflect.TypeFor[row]().Size()+2*reflect.TypeFor[books]().Size()) + MaxLen

// Tree counts what the prefixes of keys have. It does not know the keys: whoever changes one says by how much (Add).
type Tree struct {
	// What every change needs stands together, and then what is needed to look prefixes up.
	quick    quick
	credit   int64  // bytes without a row after which the prefix of the next one asks for one
	shown    uint8  // the side that is shown, 0 or 1
	one      bool   // the delimiter is one byte,
	sep      byte   // this one
	shut     bool   // nothing is below above
	lastFull bool   // last has Depth parts
	crowded  bool   // rows ran out, and some key may have none
	starved  bool   // a prefix found all rows taken, and none on the list of those to give up
	counting bool   // a count is under way
	complete bool   // what is shown is of all keys
	found    int32  // the row of the last key whose prefix has one
	last     recent // that row, if the key before had the same
	above    recent // the row that has the rest of the last key whose prefix has none

	split Split
	seed  uint64   // of hashes
	taken []uint64 // a bit for each place of the index: somebody is there
	index []entry
	books [2][]books     // of the rows, by side
	names [][MaxLen]byte // of the rows
	rows  []row
	free  []int32
	used  int // rows in use, the root's included

	drawn   int64    // credit when the last prefix asked
	chance  uint64   // what the next credit is drawn by
	size    int64    // bytes of all rows, when they were last looked at, and what came without a row since
	apart   int64    // bytes without a row from one that asks to the next, on the average (askShare)
	asking  []uint16 // prefixes that asked: the upper bits of a hash, and how often (again), at the place of the lower ones
	asked   int      // prefixes that asked since victims were listed
	victims []victim // rows to give up, smallest ones
	look    look

	// Moved counts the prefixes that had to give up their row.
	Moved int64
}

// victim is a row to give up.
type victim struct {
	id  int32
	gen uint32
}

// root is the row of the empty prefix.
const root = 0

// Limits of the number of rows.
const (
	MinRows = 16
	MaxRows = 16384
)

// NewTree makes an empty tree of at most so many rows, the empty prefix's not counted. It is complete: of no key. All memory is
// taken at once: so accounts of prefixes cost the same whatever is stored, and never memory that keys could have.
func NewTree(split Split, rows int) *Tree {
	rows++
	t := &Tree{split: split, index: newIndex(rows), seed: rand.Uint64(), complete: true}
	t.rows, t.names = make([]row, rows), make([][MaxLen]byte, rows)
	t.books = [2][]books{make([]books, rows), make([]books, rows)}
	t.free = make([]int32, 0, rows)
	for id := int32(rows) - 1; id >= 0; id-- {
		t.free = append(t.free, id)
	}
	t.victims = make([]victim, 0, rows/victimShare+1)
	t.taken = make([]uint64, len(t.index)/64)
	t.asking = make([]uint16, len(t.index)) // two to four for each row
	t.look.seen = 1
	if t.one = len(split.Delim) == 1; t.one {
		t.sep = split.Delim[0]
	}
	mem.BookOutside(mem.PurposePrefix, t.Memory())
	t.newRow(nil, -1)
	t.forget()
	return t
}

// Close gives back what the tree is booked with.
func (t *Tree) Close() {
	mem.BookOutside(mem.PurposePrefix, -t.Memory())
	*t = Tree{}
}

// Split returns how the tree splits keys.
func (t *Tree) Split() *Split { return &t.split }

// Rows returns the number of prefixes that have a row, and of those that may.
func (t *Tree) Rows() (used, most int) { return t.used - 1, len(t.rows) - 1 }

// Total returns the sum of all rows of a side.
func (t *Tree) Total(s Sides) (c Counts) {
	side := t.sideOf(s)
	t.each(func(id int32, _ *row) { c.add(t.books[side][id].all()) })
	return c
}

// Complete tells whether all keys are counted.
func (t *Tree) Complete() bool { return t.complete }

// sideOf returns the index of one side.
func (t *Tree) sideOf(s Sides) uint8 {
	if s == Shown {
		return t.shown
	}
	return 1 - t.shown
}

// side returns the side to read: what is shown, or as long as there is nothing complete to be shown what was counted.
func (t *Tree) side() uint8 {
	if t.complete {
		return t.shown
	}
	return 1 - t.shown
}

func (t *Tree) at(id int32) *row { return &t.rows[id] }

func (t *Tree) name(id int32) []byte { return t.names[id][:t.rows[id].length] }

// Add enters a change of a key on the sides that it concerns. It allocates nothing.
func (t *Tree) Add(key []byte, d Counts, on Sides) {
	if q := &t.quick; q.at < len(key) && on == Shown && (binary.LittleEndian.Uint64(key)^q.name)&q.mask == 0 && key[q.at] == q.sep {
		if left := t.credit - max(d.Bytes, 0); left > 0 {
			t.credit = left
			if q.rest.add(d); q.rest.negative() {
				t.borrow(q.id, t.shown, q.rest)
			}
			return
		}
	}
	p := t.place(key, d.Bytes)
	if on != Shown {
		t.Enter(p, d, on)
		return
	}
	b := &t.books[t.shown&1][p.id] // enter without a call
	c := &b.own
	if p.rest {
		c = &b.rest
	}
	if c.add(d); c.negative() {
		t.borrow(p.id, t.shown, c)
	}
}

// quick tells without calls what most keys are where prefixes are very many and none of them is large: in the rest of a row with nothing
// below it. Place finds each of them there, too.
type quick struct {
	rest       *Counts // of the row, on the side that is shown
	id         int32   // of the row
	name, mask uint64  // which bytes a key begins with, in that of them
	at         int     // where it has a delimiter behind the name; never: no key is told
	sep        byte    // the delimiter
}

const never = math.MaxInt

// quicken has keys told that are like one which was found in the rest of above, and whose next part ends with the byte at.
func (t *Tree) quicken(at int) {
	if t.shut && t.crowded && t.one && t.above.short && at >= 8 { // such a key has eight bytes
		id := t.above.id
		t.quick = quick{&t.books[t.shown&1][id].rest, id, t.above.end, t.above.mask, at, t.sep}
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
// Most keys are counted where the last one was; where prefixes are very many and none of them large, that is the rest of a row with
// nothing below it.
func (t *Tree) place(key []byte, more int64) Place {
	if t.begins(key, &t.last) && (t.lastFull || !t.goesOn(key, int(t.last.length))) {
		return Place{t.last.id, false}
	}
	if !t.shut || !t.begins(key, &t.above) || !t.goesOn(key, int(t.above.length)) {
		return t.find(key, more, false)
	}
	if t.asks(more) {
		var to ends
		if p := t.split.scan(key, t.seed, &to); t.again(p.hash, more) {
			return t.find(key, more, true)
		}
	}
	return Place{t.above.id, true}
}

// Enter enters a change of a key that is counted in a place.
func (t *Tree) Enter(p Place, d Counts, on Sides) {
	if on == Shown { // what most changes are
		t.enter(p, t.shown, d)
		return
	}
	if on&Shown != 0 {
		t.enter(p, t.shown, d)
	}
	if on&Next != 0 && t.counting {
		t.enter(p, 1-t.shown, d)
	}
}

// enter adds to a row's own counts or to its rest.
func (t *Tree) enter(p Place, side uint8, d Counts) {
	b := &t.books[side][p.id]
	c := &b.own
	if p.rest {
		c = &b.rest
	}
	if c.add(d); c.negative() {
		t.borrow(p.id, side, c)
	}
}

// borrow makes good what a row's count c is below zero. What it lacks was counted in the rest of a row above, before
// there was a row for it.
func (t *Tree) borrow(id int32, side uint8, c *Counts) {
	r := t.at(id)
	own := c == &t.books[side][id].own
	for up := r.parent; up >= 0 && c.negative(); up = t.at(up).parent {
		from := &t.books[side][up].rest
		d := Counts{lack(c.Bytes, from.Bytes), lack(c.Keys, from.Keys), lack(c.Expires, from.Expires)}
		from.sub(d)
		c.add(d)
		if own {
			miss := &r.miss[side]
			miss.sub(d)
			*miss = miss.positive()
		}
	}
}

// lack returns what n lacks to be 0, if there is as much.
func lack(n, there int64) int64 { return min(max(-n, 0), max(there, 0)) }

// recent is the row of a key that was counted before, and what tells quickly whether the next key is below it.
type recent struct {
	id     int32
	length uint8  // of the name
	some   bool   // there is one,
	short  bool   // and its name has at most eight bytes
	end    uint64 // the last eight bytes of the name, or as many as it has
	mask   uint64 // of as many
}

func (t *Tree) recent(id int32) recent {
	name := t.name(id)
	n := min(len(name), 8)
	return recent{id, uint8(len(name)), true, n == len(name), swar.Head(name[len(name)-n:]), 1<<(8*n) - 1}
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
		return swar.Contains(key, t.sep)
	}
	return t.split.part(key) != 0
}

// find is place for a key whose prefix is another than the last one's. granted tells that the prefix is known to get a row.
func (t *Tree) find(key []byte, more int64, granted bool) Place {
	var to ends
	p := t.split.scan(key, t.seed, &to)
	id := t.whole(key, &to, p)
	if id < 0 {
		depth := 0
		id, depth = t.deepest(key, &to, p)
		fresh := int32(-1)
		if granted || t.asks(more) && t.again(p.hash, more) {
			fresh = t.admit(key, to[:p.parts], id, depth)
		}
		if fresh < 0 {
			if t.quicken(int(to[depth]) - 1); !t.shut && t.crowded && p.hash%reviewEvery == 0 {
				t.review(id)
			}
			return Place{id, true}
		}
		id = fresh
	}
	if id == t.found {
		t.last, t.lastFull = t.recent(id), p.parts == t.split.Depth
	}
	t.found = id
	return Place{id, false}
}

// forget makes the next find look everything up.
func (t *Tree) forget() {
	t.found, t.last, t.above, t.shut = -1, recent{}, recent{}, false
	t.quick.at = never
}

// whole returns the row for the whole prefix of a key, -1 if it has none.
func (t *Tree) whole(key []byte, to *ends, p scanned) int32 {
	if p.parts == 0 {
		return root
	}
	return t.lookupHash(key[:to[p.parts-1]], p.hash, p.last)
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
		t.above = t.recent(id)
	}
	t.shut = t.at(id).kids == 0
	return id, depth
}

// row returns the row that counts a key, and whether in its rest.
func (t *Tree) row(key []byte) Place {
	var to ends
	p := t.split.scan(key, t.seed, &to)
	if id := t.whole(key, &to, p); id >= 0 {
		return Place{id, false}
	}
	id, _ := t.deepest(key, &to, p)
	return Place{id, true}
}

// asks tells whether a prefix without a row, which more bytes come to, asks for one.
//
// As long as there are rows to be had every prefix gets one. When they run out, bytes without a row are counted, and the prefix of
// every so manieth byte asks. The distance is random, as is what prefixes ask for one by one. Who asks for the third time, before the
// note of it is written over (again), gets the row of one of the smallest. A prefix that takes 1/max of what comes asks some eight
// times while what is stored doubles; hardly any does so three times of very many that are equally small.
//
// Once nothing is left on the list of the smallest, nobody asks before the next list, or before a row is dropped.
func (t *Tree) asks(more int64) bool {
	if more <= 0 || t.starved {
		return false
	}
	if !t.crowded {
		return true
	}
	t.credit -= more
	return t.credit <= 0
}

// resize notes what all rows have.
func (t *Tree) resize(bytes int64) {
	t.size = max(bytes, 0) // a key may be about to take again what it gave back
	t.apart = t.size / int64(askShare*len(t.rows))
}

// again notes that a prefix of a hash asks, which more bytes come to, and tells whether it is to have a row: there are rows left, or it
// asked often enough lately, or has so much at once that it would.
func (t *Tree) again(h uint64, more int64) bool {
	const times = 3 // and as many bits of a note are a number
	if !t.crowded {
		return true
	}
	t.asked++
	t.resize(t.size + t.drawn - t.credit)
	t.chance = mix(t.chance ^ h)
	far, _ := bits.Mul64(t.chance, uint64(2*t.apart))
	t.drawn = 1 + int64(far)
	t.credit = t.drawn
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
	if want := len(to) - depth; t.used+want > len(t.rows) {
		r := t.at(id)
		r.kids++ // it is not to be given up for what comes below it
		for t.used+want > len(t.rows) && t.giveUpOne() {
		}
		r.kids--
		if t.used+want > len(t.rows) {
			t.starved, t.crowded = true, true
			return -1
		}
	}
	for _, end := range to[depth:] {
		id = t.newRow(key[:end], id)
	}
	return id
}

// review has the next of all rows given up if it is worthless. Row id is kept.
func (t *Tree) review(id int32) {
	l := &t.look
	if l.hand++; int(l.hand) >= len(t.rows) {
		l.hand = 1
		t.resize(l.passed)
		l.passed = t.bytes(root)
	}
	r := t.at(l.hand)
	if !r.used {
		return
	}
	l.passed += t.bytes(l.hand)
	if r.kids == 0 && l.hand != id && t.worthless(l.hand) {
		t.giveUp(l.hand)
	}
}

const (
	askShare    = 12 // so many prefixes ask for each row while as much comes without one as is stored
	reviewEvery = 8  // one of so many keys that were looked up and have no row has a row reviewed
	victimShare = 16 // so manieth part of all rows is on the list of those to give up
)

// giveUpOne takes its row from one of the victims. It reports false if there is none.
func (t *Tree) giveUpOne() bool {
	for len(t.victims) > 0 {
		v := t.victims[len(t.victims)-1]
		t.victims = t.victims[:len(t.victims)-1]
		if r := t.at(v.id); v.id != root && r.used && r.gen == v.gen && r.kids == 0 {
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

// newRow makes a row for a prefix below row parent. What it had until now is in the rest of parent, or in what parent
// lacks itself.
func (t *Tree) newRow(name []byte, parent int32) int32 {
	id := t.free[len(t.free)-1]
	t.free = t.free[:len(t.free)-1]
	r := t.at(id)
	*r = row{parent: parent, gen: r.gen + 1, length: uint8(len(name)), used: true, born: t.size}
	copy(t.names[id][:], name)
	b := books{head: [2]uint64{swar.Head(name), swar.Head(name[min(8, len(name)):])}}
	t.books[0][id], t.books[1][id] = b, b
	t.used++
	t.enterIndex(id)
	if parent < 0 {
		return id
	}
	p := t.at(parent)
	p.kids++
	r.depth = p.depth + 1
	for s := range r.miss {
		r.miss[s] = p.miss[s]
		r.miss[s].add(t.books[s][parent].rest.positive())
	}
	t.forget()
	return id
}

// drop gives up the row of a prefix, and leaves what it has to the rest of the row above. REQUIRES: no row is below.
func (t *Tree) drop(id int32) {
	r := t.at(id)
	p := t.at(r.parent)
	for s := range t.books {
		t.books[s][r.parent].rest.add(t.books[s][id].all())
	}
	for i := range r.past {
		p.past[i].rest += r.past[i].own + r.past[i].rest
	}
	p.kids--
	t.leaveIndex(id)
	r.used = false
	t.used--
	t.free = append(t.free, id)
	t.starved = false
	t.forget()
}

// each gives fn every row in use, the root first.
func (t *Tree) each(fn func(id int32, r *row)) {
	for id := range t.rows {
		if r := &t.rows[id]; r.used {
			fn(int32(id), r)
		}
	}
}

// sorted returns the rows in use by falling depth.
func (t *Tree) sorted() []int32 {
	ids := make([]int32, 0, t.used)
	t.each(func(id int32, _ *row) { ids = append(ids, id) })
	slices.SortFunc(ids, func(a, b int32) int { return int(t.at(b).depth) - int(t.at(a).depth) })
	return ids
}

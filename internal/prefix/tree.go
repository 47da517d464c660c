package prefix

import (
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

// at returns the row's own counts, or its rest.
func (b *books) at(rest bool) *Counts {
	if rest {
		return &b.rest
	}
	return &b.own
}

// row is what there is beside its counts to a prefix that has some.
type row struct {
	parent int32
	kids   int32  // rows right below,
	first  int32  // one of them, the root: there is none
	next   int32  // the row beside it below the same parent, the root: it is the last
	prev   int32  // the other way, the root: it is the first
	gen    uint32 // counts how often the row came into use and out of it
	depth  uint8
	length uint8         // of the name
	born   int64         // bytes of all rows when the prefix got the row
	miss   [2]Counts     // the most that own and the rows below may lack, by side: it is in rest of the rows above
	past   [pastLen]past // at the last looks (past.go)
}

// rowBytes is what a row takes, with its name and its counts on both sides.
var rowBytes = int64(reflect.TypeFor[row]().Size()+2*reflect.TypeFor[books]().Size()) + MaxLen

// Tree counts what the prefixes of keys have. It does not know the keys: whoever changes one says by how much (Add).
type Tree struct {
	// What every change needs stands together, and then what is needed to look prefixes up.
	rest     quick
	credit   int64    // bytes without a row after which the prefix of the next one asks for one
	delim    uint64   // eight delimiters, if one is a byte
	live     []books  // books[shown], at hand
	kids     []uint64 // a bit for each row right below that of rest, and for some that were (kidBit)
	shown    uint8    // the side that is shown, 0 or 1
	one      bool     // the delimiter is one byte, and not 0
	crowded  bool     // rows ran out, and some key may have none
	starved  bool     // a prefix found all rows taken, and none on the list of those to give up
	sparing  bool     // since the last count, prefixes without a row asked less often than they would in a larger store
	counting bool     // a count is under way
	complete bool     // what is shown is of all keys
	index    []entry
	seed     uint64   // of hashes
	taken    []uint64 // a bit for each place of the index: somebody is there
	lastRest int32    // the row that has the rest of the last key that was looked up and has none, -1: not known
	inTurn   int32    // such keys one after the other

	split Split
	books [2][]books     // of the rows, by side
	names [][MaxLen]byte // of the rows
	rows  []row
	used  []uint64 // a bit for each row: it is in use
	free  []int32  // all others

	size    int64    // bytes of all rows, when they were last looked at, and what came without a row since
	drawn   int64    // credit when size was that
	apart   int64    // bytes without a row from one that asks to the next, on the average (askShare, askLeast)
	asking  []uint16 // prefixes that asked: the upper bits of a hash, and how often (again), at the place of the lower ones
	asked   int      // prefixes that asked since victims were listed
	hand    int32    // row that was reviewed last
	victims []victim // rows to give up, smallest ones
	look    look

	// Moved counts the prefixes that had to give up their row.
	Moved int64
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
	t.live = t.books[0]
	t.free, t.used = make([]int32, 0, rows), make([]uint64, (rows+63)/64)
	for id := int32(rows) - 1; id >= 0; id-- {
		t.free = append(t.free, id)
	}
	t.victims = make([]victim, 0, rows/victimShare+1)
	t.taken, t.kids = make([]uint64, len(t.index)/64), make([]uint64, len(t.index)/4)
	t.asking = make([]uint16, 4*len(t.index)) // eight or more for each row
	t.look.seen = 1
	if t.one = len(split.Delim) == 1 && split.Delim != "\x00"; t.one {
		t.delim = swar.Spread(split.Delim[0])
	}
	mem.BookOutside(mem.PurposePrefix, t.Memory())
	t.forget()
	t.newRow(nil, -1)
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
func (t *Tree) Rows() (used, most int) { return t.inUse() - 1, len(t.rows) - 1 }

// inUse returns the number of rows in use, the root's included.
func (t *Tree) inUse() int { return len(t.rows) - len(t.free) }

// Total returns the sum of all rows of a side.
func (t *Tree) Total(s Sides) Counts { return t.total(t.sideOf(s)) }

func (t *Tree) total(side uint8) (c Counts) {
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

// Enter enters a change of a key that is counted in a place.
func (t *Tree) Enter(p Place, d Counts, on Sides) {
	if on&Shown != 0 {
		t.enter(p, t.shown, d)
	}
	if on&Next != 0 && t.counting {
		t.enter(p, 1-t.shown, d)
	}
}

// enter adds to a row's own counts or to its rest.
func (t *Tree) enter(p Place, side uint8, d Counts) {
	c := t.books[side][p.id].at(p.rest)
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

// newRow makes a row for a prefix below row parent. What it had until now is in the rest of parent, or in what parent
// lacks itself.
func (t *Tree) newRow(name []byte, parent int32) int32 {
	id := t.free[len(t.free)-1]
	t.free = t.free[:len(t.free)-1]
	r := t.at(id)
	*r = row{parent: parent, gen: r.gen + 1, length: uint8(len(name)), born: t.size}
	copy(t.names[id][:], name)
	b := books{head: [2]uint64{swar.Head(name), swar.Head(name[min(8, len(name)):])}}
	t.books[0][id], t.books[1][id] = b, b
	t.used[id/64] |= 1 << (id % 64)
	t.enterIndex(id)
	if parent < 0 {
		return id
	}
	p := t.at(parent)
	p.kids++
	if r.next = p.first; r.next != root {
		t.at(r.next).prev = id
	}
	p.first = id
	r.depth = p.depth + 1
	for s := range r.miss {
		r.miss[s] = p.miss[s]
		r.miss[s].add(t.books[s][parent].rest.positive())
	}
	if parent == t.rest.id {
		t.newKid(name)
	}
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
	if r.next != root {
		t.at(r.next).prev = r.prev
	}
	if r.prev != root {
		t.at(r.prev).next = r.next
	} else {
		p.first = r.next
	}
	t.leaveIndex(id)
	r.gen++
	t.used[id/64] &^= 1 << (id % 64)
	t.free = append(t.free, id)
	t.starved = false
	if id == t.rest.id {
		t.forget()
	}
}

// uses tells whether a row is in use.
func (t *Tree) uses(id int32) bool { return t.used[id/64]>>(id%64)&1 != 0 }

// each gives fn every row in use, the root first. The row may be dropped by it.
func (t *Tree) each(fn func(id int32, r *row)) {
	for i, w := range t.used {
		for ; w != 0; w &= w - 1 {
			id := int32(64*i + bits.TrailingZeros64(w))
			fn(id, t.at(id))
		}
	}
}

// next returns the first row in use from one on, or else the root.
func (t *Tree) next(id int32) int32 {
	if int(id) < len(t.rows) {
		w := t.used[id/64] >> (id % 64) << (id % 64)
		for i := int(id) / 64; ; w = t.used[i] {
			if w != 0 {
				return int32(64*i + bits.TrailingZeros64(w))
			}
			if i++; i == len(t.used) {
				break
			}
		}
	}
	return root
}

// sorted returns the rows in use by falling depth.
func (t *Tree) sorted() []int32 {
	ids := make([]int32, 0, t.inUse())
	t.each(func(id int32, _ *row) { ids = append(ids, id) })
	slices.SortFunc(ids, func(a, b int32) int { return int(t.at(b).depth) - int(t.at(a).depth) })
	return ids
}

// Package table is the hash table of the keyspace and of large hashes, sets and zsets: it maps a key to
// the Ref of an entry that holds the key. It costs 6.4 bytes per key plus the room it grows in (7.5 on
// average, measured by TestBytesPerKey), never rehashes as a whole, and shrinks as it grew.
//
// # The parts
//
// Everything lives off the Go heap. A Table is only a handle, so a million small tables cost no Go memory.
//
//	Table{arena, kind, root} -> root block -> directory -> segment -> bucket -> entry
//	                                    \\-> expiry block -> clock of a segment
//
// The root block, 56 bytes. A table of one segment has no directory: the segment's word is in the root.
//
//	0        8         16        24        32        40        48          56
//	| word   | len:40  | expiry  | bytes   | content | next     | next      |     deep: segments whose depth is the directory's
//	|        | deep:24 | Ref     | usable  | usable  | directory| expiry    |     content: bytes of the entries, kept by their owner
//
// next are blocks for when the directory doubles (prepare.go).
//
// A word refers to a segment or to the directory (size 31). The directory is an array of 2^depth words,
// indexed by the top bits of the hash. A segment of smaller depth d has 2^(depth-d) equal words side by
// side; the first of them is its own: only there is n kept.
//
//	63    50 49   45 44  40 39             0
//	| n     | depth | size | Ref           |
//
// A segment is a run of buckets in hash order, of one of the sizes in the table sizes (all of them are
// size classes of the allocator): 1 to 64 cache lines. The last one or two are stash buckets.
//
//	| home 0 | home 1 | ...            | home H-1 | stash | stash |
//
// A bucket is one cache line: 10 slots. The slots in use are 0..n-1.
//
//	0       4            14                          64
//	| state | 10 x fp:8  | 10 x Ref:40               |
//
//	state:  31  29 28    27     18 17      8 7   4 3 0
//	        | 0    | near | expire | foreign | far | n |
//
//	n        slots in use
//	far      entries at home here that lie in the stash
//	foreign  slot i holds an entry of the previous home bucket
//	expire   the entry of slot i has an expiry
//	near     the next bucket has foreign slots, that is, entries at home here
//
// # The path of a look-up
//
//  1. The top bits of the hash index the directory (root.word says how many).
//  2. The next 24 bits, times the number of home buckets, give the home bucket. So buckets are in hash
//     order, and position = hash >> 16 is a place in the table that no growth invalidates (scan.go).
//  3. Eight low bits are the fingerprint; ten are compared at once in two words.
//  4. If near or far say so, the next bucket or the stash are read. 10% of the entries lie in a neighbour
//     and 2% in the stash; looking for the others touches one directory word, one bucket and one entry.
//
// # How it grows
//
// An entry whose home is full goes to the next bucket; if that is full too, it passes one of its own entries on
// to the bucket after it; then comes the stash. When that is full, the segment is rebuilt in the next larger
// size, and past the largest size it is split into two of half the size, or into more if one half does not fit, as with keys
// that come in the order of their hashes (resize.go). The directory doubles when
// a segment is split that is as deep as the directory: a copy of 8 bytes per segment, 0.1 ms at 10M keys, since its
// pages have been touched before (prepare.go). When it is known how many entries will come, the steps between are left out (plan.go).
// Deleting takes the same steps back, with a gap between so that it does not flutter.
//
// # Expiry
//
// Needs no second table: a clock per segment (4 bytes per bucket) and a tournament over segments, only when
// something expires (expire.go).
package table

import (
	"unsafe"

	"granary/internal/invariants"
	"granary/internal/mem"
)

// Kind says what the entries of a table are.
type Kind struct {
	Name    string
	Key     func(mem.Ref) []byte  // the key held by an entry
	Expire  func(mem.Ref) int64   // its expiry in Unix ms, 0 or negative: none; nil: entries never expire
	Beyond  func(mem.Ref) mem.Ref // the block that who reads an entry reads next, 0: there is none; nil: there never is
	Purpose mem.Purpose           // purpose of the table's blocks (what expiry needs is booked as PurposeExpire)
}

// Table is a handle to a table. The zero Table is not valid; copies of a handle are the same table.
type Table struct {
	arena *mem.Arena
	kind  *Kind
	root  mem.Ref
	plan  plan
}

// rootBlock is the layout of the root block, drawn above.
type rootBlock struct {
	word    word
	count   uint64 // entries:40 (low) | deep:24
	expiry  mem.Ref
	bytes   int64
	content int64
	next    prepared
	nextExp prepared
}

const (
	rootBytes = 56

	lenBits = 40
	lenMask = 1<<lenBits - 1
	oneDeep = 1 << lenBits
)

// The sizes of the drawings.
var (
	_ [rootBytes]byte  = [unsafe.Sizeof(rootBlock{})]byte{}
	_ [bucketSize]byte = [unsafe.Sizeof(bucket{})]byte{}
)

// word refers to a segment or to the directory; drawn above.
type word uint64

const (
	wordRefMask    = 1<<40 - 1
	wordSizeShift  = 40
	wordDepthShift = 45
	wordCountShift = 50
	wordOne        = word(1) << wordCountShift
	directorySize  = 31 // the size that marks a word as the directory's

	// maxDepth bounds the directory: 2^23 segments, some 5 thousand million keys.
	maxDepth = 23
	homeBits = 24
)

func makeWord(r mem.Ref, size, depth uint, n int) word {
	return word(r) | word(size)<<wordSizeShift | word(depth)<<wordDepthShift | word(n)<<wordCountShift
}

func (w word) ref() mem.Ref      { return mem.Ref(w & wordRefMask) }
func (w word) size() uint        { return uint(w>>wordSizeShift) & 31 }
func (w word) depth() uint       { return uint(w>>wordDepthShift) & 31 }
func (w word) n() int            { return int(w >> wordCountShift) }
func (w word) isDirectory() bool { return w.size() == directorySize }

// home returns the home bucket of hash h in the segment.
func (w word) home(h uint64) uint {
	x := (h << (w.depth() & 63)) >> (64 - homeBits)
	return uint(x * uint64(sizes[w.size()].homes) >> homeBits)
}

// Pos is the place of an entry: directory slot:32 | home:8 | bucket:8 | slot:8. It is valid until the
// table's next change.
type Pos uint64

func makePos(dir uint32, home, bucket, slot uint) Pos {
	return Pos(dir)<<24 | Pos(home)<<16 | Pos(bucket)<<8 | Pos(slot)
}

func (p Pos) dir() uint32  { return uint32(p >> 24) }
func (p Pos) home() uint   { return uint(p>>16) & 0xff }
func (p Pos) bucket() uint { return uint(p>>8) & 0xff }
func (p Pos) slot() uint   { return uint(p) & 0xff }

// New makes an empty table.
func New(a *mem.Arena, k *Kind) Table {
	t := Table{arena: a, kind: k}
	seg := a.AllocZero(int(sizes[0].lines)*bucketSize, k.Purpose)
	defer func() {
		if t.root == 0 { // out of memory
			a.Free(seg, int(sizes[0].lines)*bucketSize, k.Purpose)
		}
	}()
	t.root = a.AllocZero(rootBytes, k.Purpose)
	r := t.head()
	r.word = makeWord(seg, 0, 0, 0)
	r.count = oneDeep
	r.bytes = int64(mem.Usable(rootBytes) + mem.Usable(int(sizes[0].lines)*bucketSize))
	return t
}

// Open returns the handle of the table whose root is root.
//
// REQUIRES: root came from Root of a table of the same arena and kind.
func Open(a *mem.Arena, k *Kind, root mem.Ref) Table { return Table{arena: a, kind: k, root: root} }

// Root returns what Open takes. It changes only by RelocateRoot and is 0 when the table has been freed.
func (t *Table) Root() mem.Ref { return t.root }

func (t *Table) head() *rootBlock { return (*rootBlock)(mem.Ptr(t.root)) }

// Len returns the number of entries.
func (t *Table) Len() int { return int(t.head().count & lenMask) }

// Bytes returns the usable bytes of all blocks of the table, those of expiry included; entries are not.
func (t *Table) Bytes() int64 { return t.head().bytes }

// Content returns the sum that AddContent keeps.
func (t *Table) Content() int64 { return t.head().content }

// AddContent adds to a sum that the owner of the entries keeps beside the table: their usable bytes, so that nobody has
// to visit all entries to say what a large value takes.
func (t *Table) AddContent(n int) { t.head().content += int64(n) }

// wordAt returns the word at an index of the directory.
func wordAt(dir word, slot uint32) *word {
	return (*word)(unsafe.Add(mem.Ptr(dir.ref()), uintptr(slot)*8))
}

// own returns the segment's own word, the first of its equal words, and its index.
func (r *rootBlock) own(slot uint32) (*word, uint32) {
	dir := r.word
	if !dir.isDirectory() {
		return &r.word, 0
	}
	w := wordAt(dir, slot)
	slot &^= 1<<((dir.depth()-w.depth())&31) - 1
	return wordAt(dir, slot), slot
}

// slotOf returns the index in the directory of what is responsible for hash h.
func (r *rootBlock) slotOf(h uint64) uint32 {
	if !r.word.isDirectory() {
		return 0
	}
	return uint32(h >> ((64 - r.word.depth()) & 63))
}

// Find looks for key, whose hash is h. It returns the entry and its place, or Ref 0.
func (t *Table) Find(h uint64, key []byte) (Pos, mem.Ref) {
	w := t.head().word
	slot := uint32(0)
	if w.isDirectory() {
		slot = uint32(h >> ((64 - w.depth()) & 63))
		w = *wordAt(w, slot)
	}
	home := w.home(h)
	b := bucketAt(mem.Ptr(w.ref()), home)
	st := b.state
	for m := b.match(h); m != 0; m &= m - 1 {
		if i := matched(m); i < st.n() {
			if r := b.ref(i); string(t.kind.Key(r)) == string(key) {
				return makePos(slot, home, home, i), r
			}
		}
	}
	if st&(stateNear|stateFarMask) == 0 {
		return 0, 0
	}
	return t.findSpilled(h, key, w, slot, home)
}

// findSpilled looks where entries of a full home bucket are: in the next bucket and in the stash.
func (t *Table) findSpilled(h uint64, key []byte, w word, slot uint32, home uint) (Pos, mem.Ref) {
	s := w.segment()
	st := s.at(home).state
	try := s.next(home)
	left := uint(1)
	if st&stateNear == 0 {
		try, left = s.homes, 0
	}
	if st&stateFarMask != 0 {
		left += s.lines - s.homes
	}
	for ; left > 0; left-- {
		b := s.at(try)
		for m := b.match(h); m != 0; m &= m - 1 {
			if i := matched(m); i < b.state.n() {
				if r := b.ref(i); string(t.kind.Key(r)) == string(key) {
					return makePos(slot, home, try, i), r
				}
			}
		}
		if try < s.homes {
			try = s.homes
		} else {
			try++
		}
	}
	return 0, 0
}

// Insert adds entry e under the hash h of its key and notes its expiry. It allocates before it changes
// anything: after a panic with mem.ErrOutOfMemory the table holds what it held.
//
// REQUIRES: no entry has this key, and all entries of the table are live: some may be read.
func (t *Table) Insert(h uint64, e mem.Ref) {
	if invariants.Enabled {
		if _, r := t.Find(h, t.kind.Key(e)); r != 0 {
			panic("BUG: table: insert of a key that is there")
		}
	}
	ms := int64(0)
	if t.kind.Expire != nil {
		ms = t.kind.Expire(e)
	}
	r := t.head()
	w, slot := r.own(r.slotOf(h))
	var clock *uint32
	s, home := w.segment(), w.home(h)
	if ms > 0 || r.expiry != 0 && s.at(home).state.n() == bucketSlots {
		clock = t.clockFor(slot, ms)
	}
	if bkt, i, ok := s.place(home, h, e, clock); ok {
		*w += wordOne
		if ms > 0 {
			t.noteExpire(slot, s.at(bkt), bkt, i, ms)
		}
	} else {
		m := moved{h: h, e: e}
		if ms > 0 {
			m.bits = slotExpire
		}
		t.grow(slot, m)
		if ms > 0 {
			*t.expiry().count()++
		}
	}
	r.count++
}

// Replace puts e in the place of the entry at p and notes its expiry. The old entry is not read.
//
// REQUIRES: e has the key of the entry at p.
func (t *Table) Replace(p Pos, e mem.Ref) {
	ms := int64(0)
	if t.kind.Expire != nil {
		ms = t.kind.Expire(e)
		t.NoteExpire(p, ms)
	}
	w, _ := t.head().own(p.dir())
	bucketAt(mem.Ptr(w.ref()), p.bucket()).setRef(p.slot(), e)
}

// Delete takes the entry at p out of the table; the entry itself is not read and is the caller's. The
// table may shrink, for which it reads others.
func (t *Table) Delete(p Pos) {
	r := t.head()
	w, slot := r.own(p.dir())
	s := w.segment()
	b, i := s.at(p.bucket()), p.slot()
	if invariants.Enabled && i >= b.state.n() {
		panic("BUG: table: delete at a place that holds nothing")
	}
	if b.state.expire(i) {
		*t.expiry().count()--
	}
	switch {
	case p.bucket() >= s.homes:
		b.remove(i)
		s.at(p.home()).state -= stateFarOne
	case b.state.foreign(i):
		b.remove(i)
		s.clearNear(p.bucket())
	default:
		b.remove(i)
		if b.state&stateNear != 0 {
			var clock *uint32
			if r.expiry != 0 {
				clock = t.clockFor(slot, 0)
			}
			s.takeBack(p.bucket(), clock)
		}
	}
	*w -= wordOne
	r.count--
	if w.n() <= int(sizes[w.size()].sparse) {
		t.shrink(slot)
	}
	if r.expiry != 0 && *t.expiry().count() == 0 && !r.word.isDirectory() {
		t.dropExpiry()
	}
}

// alloc and release keep the table's sum of usable bytes.
func (t *Table) alloc(n int, p mem.Purpose) mem.Ref {
	b := t.arena.Alloc(n, p)
	t.head().bytes += int64(mem.Usable(n))
	return b
}

func (t *Table) release(b mem.Ref, n int, p mem.Purpose) {
	t.head().bytes -= int64(mem.Usable(n))
	t.arena.Free(b, n, p)
}

package mem

import "unsafe"

// record describes one extent. Records live in a reservation of their own, in lines of 64 bytes, so that a Free
// reads one cache line beside the page map:
//
//	0      4      8      12     16   17   18    19    20     24     28     32            64            128
//	+------+------+------+------+----+----+-----+-----+------+------+------+------------+-------------+
//	|start |pages |key   |live  |mask|evac|state|lines|pos   |id    |next  |free[0..3]  |free[4..11]  |
//	|      |      |      |,regs |    |    |     |     |      |      |      |            |second line  |
//	+------+------+------+------+----+----+-----+-----+------+------+------+------------+-------------+
//
// A slab has at most 512 regions, so 8 words of bitmap at most; up to 256 regions fit one line.
//
// OWNS: start, pages, state, lines and id belong to the page layer (pageLayer.mu). key, live, regs, mask, evac and
// free belong to the arena of the extent, and pos to the arena of a slab or to the page layer for a free extent.
type record struct {
	start uint32 // first page
	pages uint32
	key   uint32 // arena id << 16 | class, which Free compares with what it is told
	live  uint16 // regions in use
	regs  uint16 // regions
	mask  uint8  // bit w set: free[w] has a free region
	evac  uint8  // 1: being emptied by compaction, serves no allocation
	state uint8
	lines uint8  // lines of this record
	pos   uint32 // free extent: place in its heap, plus one; slab: its slot in the bin
	id    uint32 // of this record
	next  uint32 // next free record
	free  [lineWords]uint64
}

const (
	lineShift  = 6
	lineSize   = 1 << lineShift
	lineWords  = 4 // words of bitmap in the first line
	maxLines   = 2
	maxRegions = 512
)

var (
	_ [lineSize]byte = [unsafe.Sizeof(record{})]byte{}
	_ [32]byte       = [unsafe.Offsetof(record{}.free)]byte{}
)

// States of an extent.
const (
	stateNone    = iota // record not in use
	stateSlab           // cut into regions
	stateLarge          // one region
	stateDirty          // free, resident
	stateClean          // free, not resident, reads as zero
	statePurging        // free, on its way from dirty to clean
)

// noKey is the key of a record that belongs to no arena.
const noKey = ^uint32(0)

var (
	recordBase unsafe.Pointer // record 0: always full, never an extent
	mapBase    unsafe.Pointer // page map: uint32 per page
)

// recordAt returns the record with an id.
func recordAt(id uint32) *record {
	return (*record)(unsafe.Add(recordBase, uintptr(id)<<lineShift))
}

// pageEntry returns the page map's entry for a page. Set are: the first and last page of every extent, and every page
// of a slab. Other entries are stale.
func pageEntry(page uint32) *uint32 {
	return (*uint32)(unsafe.Add(mapBase, uintptr(page)<<2))
}

// recordOf returns the record of the extent that region r starts in.
func recordOf(r Ref) *record {
	return recordAt(*pageEntry(uint32(r / pageUnits)))
}

// word returns the bitmap's word w.
func (s *record) word(w uint) *uint64 {
	return (*uint64)(unsafe.Add(unsafe.Pointer(s), 32+uintptr(w)<<3))
}

// ref returns the Ref of the extent's first byte.
func (s *record) ref() Ref { return Ref(s.start) * pageUnits }

// bytes returns the length of the extent.
func (s *record) bytes() int { return int(s.pages) << pageShift }

// mapEnds enters the extent's first and last page in the page map.
func (s *record) mapEnds() {
	*pageEntry(s.start) = s.id
	*pageEntry(s.start + s.pages - 1) = s.id
}

// mapInner enters the pages between the extent's first and last in the page map. They are the owner's business, since
// nobody else asks for them; so this needs no lock.
func (s *record) mapInner() {
	for p := s.start + 1; p+1 < s.start+s.pages; p++ {
		*pageEntry(p) = s.id
	}
}

// recordStore hands out records. Freed records are kept in a list per length.
type recordStore struct {
	top   uint32 // lines handed out so far
	free  [maxLines + 1]uint32
	nfree [maxLines + 1]uint32
	holes recordHoles
	gen   uint32 // of the lists: an unused record with this pos is in one (Tidy)
}

func (t *recordStore) init() {
	*t = recordStore{top: maxLines}
	if !openState.recs.commit(maxLines * lineSize) {
		panic(ErrOutOfMemory)
	}
	*recordAt(0) = record{key: noKey}
}

// bytes returns the bytes of the records' pages.
func (t *recordStore) bytes() int64 {
	return roundPage(int64(t.top)<<lineShift) - int64(t.holes.n)*pageSize
}

// want makes sure that n calls of take(lines) will succeed, and reports whether they will.
func (t *recordStore) want(n, lines int) bool {
	for int(t.nfree[lines]) < n {
		if t.holes.n > 0 {
			first := t.holes.take() * linesPerPage
			pages.tidy.end = max(pages.tidy.end, first+linesPerPage)
			for id := first; id < first+linesPerPage; id += uint32(lines) {
				t.fresh(id, lines)
			}
			continue
		}
		// Two-line records start at even lines: the processor fetches such pairs together.
		first := (t.top + uint32(lines) - 1) &^ uint32(lines-1)
		if !openState.recs.commit(int(first+uint32(lines)) * lineSize) {
			return false
		}
		for ; t.top < first; t.top++ {
			t.fresh(t.top, 1)
		}
		t.fresh(t.top, lines)
		t.top += uint32(lines)
	}
	return true
}

func (t *recordStore) fresh(id uint32, lines int) {
	s := recordAt(id)
	s.id, s.lines = id, uint8(lines)
	t.put(s)
}

// take returns an unused record.
//
// REQUIRES: want said that there is one.
func (t *recordStore) take(lines int) *record {
	s := recordAt(t.free[lines])
	t.free[lines] = s.next
	t.nfree[lines]--
	s.next = 0
	return s
}

// put takes a record back.
func (t *recordStore) put(s *record) {
	s.state, s.key, s.pos, s.evac = stateNone, noKey, t.gen, 0
	s.next = t.free[s.lines]
	t.free[s.lines] = s.id
	t.nfree[s.lines]++
}

package history

import (
	"granary/internal/mem"
)

const (
	secondsPages = 80
	minutesPages = 704
)

// ring is the pages of one ring, of which the last ones are in memory. Guarded by Recorder.mu.
//
// INVARIANT: the pages first..last are in memory, and only they; last is the one that is written. first > last: none is.
type ring struct {
	id    Ring
	lines int
	keep  int // records that are promised
	room  int // bytes that a record may take for that

	arena *mem.Arena // nil: pages are Go memory
	slots []slot     // page seq is at seq mod len
	first uint64
	last  uint64

	records int // in pages first..last
	write   state
	scratch []byte
	back    Record
	read    state // of each
	rec     Record
	prev    []int64
	peaks   peaks

	clean      uint64 // pages up to this one need not be looked at by the writer
	mirrored   bool   // what is dropped is in the file first
	everything bool   // nothing is dropped
}

// slot is a page in memory.
type slot struct {
	ref     mem.Ref
	buf     []byte // nil: not in memory
	used    int    // bytes that are final
	written int    // bytes of them that the file has
	records int
	notable int
	from    int64 // earliest and latest time of its records
	to      int64
}

// init makes an empty ring.
func (r *ring) init(id Ring, lines, pages int, arena *mem.Arena) {
	r.id, r.lines, r.arena = id, lines, arena
	r.keep = Seconds
	if id == RingMinutes {
		r.keep = Minutes
	}
	// One page is being written, so the others have to hold what is promised. Of a page, an eighth is kept free for its
	// first record, which has all values.
	perPage := (r.keep + pages - 2) / (pages - 1)
	r.room = (pageSize - pageSize/8 - pageHead) / max(perPage, 1)
	r.slots = make([]slot, pages)
	r.first, r.last = 1, 0
	r.scratch = make([]byte, 0, 2*maxRecord)
	r.prev = make([]int64, lines)
	r.peaks.init(lines)
}

func (r *ring) slot(seq uint64) *slot { return &r.slots[seq%uint64(len(r.slots))] }

// append adds a record. It reports false if there is no memory for it, or it cannot be stored.
func (r *ring) append(rec *Record) bool {
	if rec.Kind == KindSample && len(rec.Values) != r.lines {
		bug("a sample of other lines")
	}
	for range 2 {
		if r.first <= r.last && r.put(rec) {
			return true
		}
		if !r.nextPage(rec.Time) {
			return false
		}
	}
	return false
}

// put appends to the page being written.
func (r *ring) put(rec *Record) bool {
	p, s := r.slot(r.last), &r.write
	room := pageSize/8 + s.n*r.room - (s.off - pageHead) - recordHead
	if !s.append(rec, &r.back, max(room, 16), r.scratch) {
		return false
	}
	p.note(&r.back, s.off)
	r.records++
	r.peaks.note(&r.back, r.last)
	r.trim()
	return true
}

// note counts a record that ends at off.
func (p *slot) note(rec *Record, off int) {
	if p.records == 0 || rec.Time < p.from {
		p.from = rec.Time
	}
	if p.records == 0 || rec.Time > p.to {
		p.to = rec.Time
	}
	p.records++
	if rec.notable() {
		p.notable++
	}
	p.used = off
}

// nextPage begins a page. When all places are taken, or there is no memory, the oldest page goes.
func (r *ring) nextPage(now int64) bool {
	seq := r.last + 1
	if r.first <= r.last && seq-r.first == uint64(len(r.slots)) {
		r.drop()
	}
	p := r.slot(seq)
	if !r.alloc(p) {
		if r.first > r.last {
			return false
		}
		r.drop()
		if !r.alloc(p) {
			return false
		}
	}
	format(p.buf, r.id, r.lines, seq, now)
	if r.first > r.last {
		r.first = seq
	}
	r.last = seq
	r.write.open(p.buf, r.lines)
	p.used = pageHead
	return true
}

// alloc gives a slot an empty buffer.
func (r *ring) alloc(p *slot) (ok bool) {
	*p = slot{}
	if r.arena == nil {
		p.buf = make([]byte, pageSize)
		return true
	}
	defer func() {
		switch e := recover(); e {
		case nil:
		case mem.ErrOutOfMemory:
			ok = false
		default:
			panic(e)
		}
	}()
	p.ref = r.arena.Alloc(pageSize, mem.PurposeHistory)
	p.buf = mem.Bytes(p.ref, pageSize)
	return true
}

// drop takes the oldest page out of memory.
func (r *ring) drop() {
	p := r.slot(r.first)
	r.records -= p.records
	if r.arena != nil {
		r.arena.Free(p.ref, pageSize, mem.PurposeHistory)
	}
	*p = slot{}
	r.peaks.dropped(r.first)
	r.first++
}

// trim drops pages that are not needed for what is promised. The file has them until their places are written again.
func (r *ring) trim() {
	for r.first < r.last {
		p := r.slot(r.first)
		if r.everything || r.records-p.records < r.keep || r.mirrored && p.written < p.used {
			return
		}
		r.drop()
	}
}

// free drops everything.
func (r *ring) free() {
	for r.first <= r.last {
		r.drop()
	}
}

// load takes over a page of the file, which must be the next one. It reports false if nothing in it can be read.
func (r *ring) load(b []byte, seq uint64) bool {
	if r.first <= r.last && seq-r.first >= uint64(len(r.slots)) {
		r.drop()
	}
	p := r.slot(seq)
	if !r.alloc(p) {
		return false
	}
	copy(p.buf, b)
	if r.first > r.last {
		r.first = seq
	}
	r.last = seq
	r.write.open(p.buf, r.lines)
	p.used = pageHead
	for r.write.next(&r.back) {
		p.note(&r.back, r.write.off)
		r.records++
		r.peaks.note(&r.back, seq)
	}
	clear(p.buf[p.used:]) // what was torn
	p.written = p.used
	r.trim()
	return true
}

// each calls fn for all records, oldest first, until it returns false.
func (r *ring) each(fn func(*Record) bool) { r.eachFrom(r.first, fn, nil) }

// eachFrom is each from a page on, but for pages that have nothing of a query's. The record is valid during the call.
func (r *ring) eachFrom(seq uint64, fn func(*Record) bool, q *Query) {
	has := false
	for ; seq <= r.last; seq++ {
		p := r.slot(seq)
		if q != nil && !q.overlaps(p) && (seq == r.last || !q.overlaps(r.slot(seq+1))) {
			has = false
			continue
		}
		r.read.open(p.buf, r.lines)
		for r.read.off < p.used && r.read.next(&r.rec) {
			switch r.rec.Kind {
			case KindStart:
				has = false
			case KindSample:
				if has {
					r.rec.Prev = r.prev
				}
			}
			if !fn(&r.rec) {
				return
			}
			if r.rec.Kind == KindSample {
				copy(r.prev, r.rec.Values)
				has = true
			}
		}
	}
}

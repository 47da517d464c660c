package mem

import "math/bits"

// Records outlive the extents they describe: after a peak most of them are unused, everywhere among those in use, so that
// none of their pages can be given back. Tidy moves the upper ones down, in steps:
//
//	begin   the lists of unused records are forgotten; target is where the records in use would end if there were no gaps
//	gather  records below target that are not in use are listed anew, one step after the other
//	move    records above target that are in use move into those; their page map entries, the slot in the bin and the
//	        place in the heap of free extents are all that refers to them
//	cut     pages above target in which no record is in use are given back. They are holes until records are needed again
//	        (recordStore.want); those behind the last record in use are behind the frontier again
//
// Meanwhile records come and go as usual. Those of other arenas stay, because their owners may be at work. So do extents
// that are being purged. It may be begun anew at any time.

// tidyLines is the unused lines (1 MiB) below which nothing is done; a variable for tests.
var tidyLines uint32 = 16 << 10

const tidyShare = 4 // nor for less than this part of all lines

type tidyPhase uint8

const (
	tidyIdle tidyPhase = iota
	tidyGather
	tidyMove
	tidyCut
)

// tidyState is how far Tidy has come. Guarded by pageLayer.mu.
type tidyState struct {
	phase  tidyPhase
	at     uint32 // next record
	target uint32
	top    uint32 // frontier of the records when it began to move
	end    uint32 // behind the last page with a record that stays
	run    uint32 // begin of the pages without one that come before at
	maps   uint32 // pages whose page map entries may be resident
}

// Tidy goes on with at most most records, if there is enough to gain, and reports whether there are more.
//
// REQUIRES: the caller may use the arena, which is the one whose records move.
func (a *Arena) Tidy(most int) (more bool) {
	l := &pages
	l.mu.Lock()
	defer l.mu.Unlock()
	t, d := &l.records, &l.tidy
	d.maps = max(d.maps, l.top)
	if d.phase == tidyIdle {
		unused := t.nfree[1] + 2*t.nfree[2]
		all := t.top - t.holes.n*linesPerPage
		used := all - unused
		d.target = (used + used/64 + 2*linesPerPage) &^ (linesPerPage - 1)
		if unused < tidyLines || unused < all/tidyShare || d.target+linesPerPage > t.top {
			l.trimMaps()
			return false
		}
		d.phase, d.at = tidyGather, maxLines
		t.gen++
		t.free, t.nfree = [maxLines + 1]uint32{}, [maxLines + 1]uint32{}
	}
	for ; most > 0; most-- {
		switch {
		case d.phase == tidyGather && d.at < d.target:
			if s := l.nextRecord(); s != nil && s.state == stateNone && s.pos != t.gen {
				t.put(s)
			}
		case d.phase == tidyGather:
			d.phase, d.top = tidyMove, t.top
		case d.phase == tidyMove && d.at < d.top:
			if s := l.nextRecord(); s != nil && s.state != stateNone {
				l.moveRecord(a, s)
			}
		case d.phase == tidyMove:
			d.phase, d.at, d.run, d.end = tidyCut, d.target, d.target, d.target
		case d.at+linesPerPage <= d.top:
			l.cutPage()
			most -= linesPerPage - 1
		default:
			l.endTidy()
			return false
		}
	}
	return true
}

// nextRecord returns the next record, nil for a page without any.
func (l *pageLayer) nextRecord() *record {
	d := &l.tidy
	if d.at%linesPerPage == 0 && l.records.holes.has(d.at/linesPerPage) {
		d.at += linesPerPage
		return nil
	}
	s := recordAt(d.at)
	d.at += uint32(s.lines)
	return s
}

// linesPerPage is the number of lines in a page.
const linesPerPage = pageSize / lineSize

// moveRecord moves a record below the target, if it can.
func (l *pageLayer) moveRecord(a *Arena, s *record) {
	t := &l.records
	mine := s.key>>16 == a.id
	for t.free[s.lines] >= l.tidy.target { // freed meanwhile
		t.take(int(s.lines)).pos = t.gen - 1
	}
	if t.free[s.lines] == 0 {
		return
	}
	switch s.state {
	case stateSlab, stateLarge:
		if !mine {
			return
		}
	case stateDirty, stateClean:
	default:
		return
	}
	to := t.take(int(s.lines))
	id := to.id
	copyRecord(to, s)
	to.id = id
	switch s.state {
	case stateSlab:
		b := &a.bins[s.key&0xffff]
		b.slots[s.pos] = id
		if b.cur == s {
			b.cur = to
		}
		to.mapInner()
	case stateDirty:
		l.dirty.renamed(to)
	case stateClean:
		l.clean.renamed(to)
	}
	to.mapEnds()
	s.state, s.key, s.evac, s.pos = stateNone, noKey, 0, t.gen-1 // listed by nobody: cutRecords decides
}

// copyRecord copies all lines.
func copyRecord(to, s *record) {
	*to = *s
	for w := uint(lineWords); w < lineWords+uint(s.lines-1)*lineSize/8; w++ {
		*to.word(w) = *s.word(w)
	}
}

// renamed writes the record of an extent of the set into its heap.
func (t *extentSet) renamed(s *record) {
	t.bins[pageBin(s.pages)].set(int(s.pos)-1, uint64(s.start)<<32|uint64(s.id))
}

// cutPage adds the next page above the target to those that are given back if no record of it is in use or listed, and lists
// its records otherwise.
func (l *pageLayer) cutPage() {
	t, d := &l.records, &l.tidy
	page := d.at
	d.at += linesPerPage
	if t.holes.has(page / linesPerPage) {
		l.discardRun(page)
		d.run = d.at
		return
	}
	stays := false
	for at := page; at < page+linesPerPage; at += uint32(recordAt(at).lines) {
		s := recordAt(at)
		stays = stays || s.state != stateNone || s.pos == t.gen
	}
	if stays {
		for at := page; at < page+linesPerPage; at += uint32(recordAt(at).lines) {
			if s := recordAt(at); s.state == stateNone && s.pos != t.gen {
				t.put(s)
			}
		}
		l.discardRun(page)
		d.run, d.end = d.at, max(d.end, d.at)
	} else if d.at-d.run >= cutRun {
		l.discardRun(d.at)
	}
}

// cutRun is the most lines that are given back at once.
const cutRun = 1 << 20 / lineSize

// discardRun gives the pages of a run back, which makes them holes.
func (l *pageLayer) discardRun(end uint32) {
	d := &l.tidy
	if d.run >= end {
		return
	}
	openState.recs.discard(int(d.run)<<lineShift, int(end)<<lineShift)
	for ; d.run < end; d.run += linesPerPage {
		l.records.holes.set(d.run / linesPerPage)
	}
}

// endTidy lets the frontier of the records fall to behind the last one in use, unless records were made there meanwhile.
func (l *pageLayer) endTidy() {
	t, d := &l.records, &l.tidy
	l.discardRun(d.at)
	for at := d.at; at < t.top; at += uint32(recordAt(at).lines) { // less than a page, and what is new
		if s := recordAt(at); s.state != stateNone || s.pos == t.gen {
			d.end = t.top
		}
	}
	if d.end < t.top {
		for page := d.end / linesPerPage; page < d.at/linesPerPage; page++ {
			t.holes.clear(page)
		}
		t.top = d.end
	} else {
		for at := d.at; at < t.top; at += uint32(recordAt(at).lines) {
			if s := recordAt(at); s.state == stateNone && s.pos != t.gen {
				t.put(s)
			}
		}
	}
	d.phase = tidyIdle
	l.trimMaps()
}

// recordHoles is the set of pages of records that are given back, by number.
type recordHoles struct {
	bits []uint64
	n    uint32
}

func (h *recordHoles) has(page uint32) bool {
	return int(page/64) < len(h.bits) && h.bits[page/64]>>(page%64)&1 != 0
}

func (h *recordHoles) set(page uint32) {
	for int(page/64) >= len(h.bits) {
		h.bits = append(h.bits, 0)
	}
	h.bits[page/64] |= 1 << (page % 64)
	h.n++
}

func (h *recordHoles) clear(page uint32) {
	if h.has(page) {
		h.bits[page/64] &^= 1 << (page % 64)
		h.n--
	}
}

// take returns the lowest page and takes it out.
//
// REQUIRES: n > 0.
func (h *recordHoles) take() uint32 {
	for w, x := range h.bits {
		if x != 0 {
			page := uint32(w*64 + bits.TrailingZeros64(x))
			h.clear(page)
			return page
		}
	}
	bug("%d holes among the records, and none is found", h.n)
	return 0
}

// mapsKept is the page map behind the frontier that is kept.
const mapsKept = 64 << 10

// trimMaps gives the page map behind the frontier back.
func (l *pageLayer) trimMaps() {
	d := &l.tidy
	from, to := roundPage(int64(l.top)*4), roundPage(int64(d.maps)*4)
	if from+mapsKept < to {
		openState.maps.discard(int(from), int(to))
		d.maps = l.top
	}
}

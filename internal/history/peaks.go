package history

// The highest value of each line in what a ring has. A record that is higher takes a peak over at once. When the page of
// a peak is dropped the peaks are stale; they are found anew by the writer's goroutine, page by page, so that nobody waits for it.

// Peak is the highest value of a line.
type Peak struct {
	Value int64
	Time  int64  // Unix ms
	Cause string // who made it jump to there, "" if it grew slowly
}

type peaks struct {
	list  []Peak
	page  []uint64 // where each was found
	cause []string // per line: what made its last jump upwards
	stale bool
	has   bool // list has values
}

func (p *peaks) init(lines int) {
	p.list, p.page, p.cause = make([]Peak, lines), make([]uint64, lines), make([]string, lines)
}

// note looks at a record. Its Prev may be nil.
func (p *peaks) note(rec *Record, page uint64) {
	if rec.Kind == KindStart {
		clear(p.cause)
	}
	if rec.Kind != KindSample {
		return
	}
	if rec.Causes != nil && !rec.Causes.Freed {
		text := rec.Causes.String()
		for i := range p.cause {
			p.cause[i] = text
		}
	}
	for i := range p.list {
		v := rec.Values[i]
		if rec.High != nil {
			v = rec.High[i]
		}
		if v < p.list[i].Value && p.has {
			continue
		}
		cause := p.cause[i]
		if v == p.list[i].Value && p.has { // it only stayed there
			p.page[i] = page
			continue
		}
		p.list[i], p.page[i] = Peak{Value: v, Time: rec.Time, Cause: cause}, page
	}
	p.has = true
}

// dropped is told that a page is gone.
func (p *peaks) dropped(page uint64) {
	for _, at := range p.page {
		if at <= page {
			p.stale = true
			return
		}
	}
}

// renew finds stale peaks anew.
func (r *Recorder) renew(ring *ring) {
	r.mu.Lock()
	if !ring.peaks.stale {
		r.mu.Unlock()
		return
	}
	ring.peaks.stale = false
	var (
		p   peaks
		s   state
		rec Record
	)
	seq, lines := ring.first, ring.lines
	r.mu.Unlock()
	p.init(lines)
	for {
		r.mu.Lock()
		seq = max(seq, ring.first)
		if seq > ring.last {
			ring.peaks = p
			r.mu.Unlock()
			return
		}
		page := ring.slot(seq)
		s.open(page.buf, lines)
		for s.off < page.used && s.next(&rec) {
			p.note(&rec, seq)
		}
		if seq == ring.last {
			ring.peaks = p
			r.mu.Unlock()
			return
		}
		r.mu.Unlock()
		seq++
	}
}

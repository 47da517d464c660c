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
	cause []string // per line: what made its last jump, if that was upwards
	prev  []int64  // values of the last sample
	stale bool
	has   bool // list has values
	run   bool // prev is of the same server
}

func (p *peaks) init(lines int) {
	p.list, p.page = make([]Peak, lines), make([]uint64, lines)
	p.cause, p.prev = make([]string, lines), make([]int64, lines)
}

// note looks at a record.
func (p *peaks) note(rec *Record, page uint64) {
	if rec.Kind == KindStart {
		clear(p.cause)
		p.run = false
	}
	if rec.Kind != KindSample {
		return
	}
	if rec.Causes != nil && p.run {
		p.jumped(rec)
	}
	for i := range p.list {
		v := rec.Values[i]
		if rec.High != nil {
			v = rec.High[i]
		}
		switch x := &p.list[i]; {
		case v > x.Value || !p.has:
			*x, p.page[i] = Peak{Value: v, Time: rec.Time, Cause: p.cause[i]}, page
		case v == x.Value: // it stayed there: as good when the older page goes
			p.page[i] = page
		}
	}
	copy(p.prev, rec.Values)
	p.has, p.run = true, true
}

// jumped notes the causes of a jump for the lines that made it.
func (p *peaks) jumped(rec *Record) {
	rec.Prev = p.prev
	text := ""
	for i := range p.cause {
		switch d := rec.Moved(i); {
		case d <= -rec.Causes.Threshold:
			p.cause[i] = ""
		case d >= rec.Causes.Threshold && !rec.Causes.Freed:
			if text == "" {
				text = rec.Causes.String()
			}
			p.cause[i] = text
		}
	}
	rec.Prev = nil
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
	if n := r.renewal(ring); n != nil {
		for !n.step() {
		}
	}
}

// renewal is the search for the peaks of a ring, page by page.
type renewal struct {
	r     *Recorder
	ring  *ring
	seq   uint64 // the next page
	peaks peaks
	state state
	rec   Record
}

// renewal begins to look for peaks, if they are stale.
func (r *Recorder) renewal(ring *ring) *renewal {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !ring.peaks.stale {
		return nil
	}
	ring.peaks.stale = false
	n := &renewal{r: r, ring: ring, seq: ring.first}
	n.peaks.init(ring.lines)
	return n
}

// step looks at a page. It reports whether that was the last, and the ring has its new peaks.
func (n *renewal) step() (done bool) {
	ring := n.ring
	n.r.mu.Lock()
	defer n.r.mu.Unlock()
	n.seq = max(n.seq, ring.first)
	if n.seq <= ring.last {
		page := ring.slot(n.seq)
		n.state.open(page.buf, ring.lines)
		for n.state.off < page.used && n.state.next(&n.rec) {
			n.peaks.note(&n.rec, n.seq)
		}
	}
	if n.seq < ring.last {
		n.seq++
		return false
	}
	if n.peaks.has && ring.first > 0 {
		n.peaks.dropped(ring.first - 1) // pages that were looked at may have gone meanwhile
	}
	ring.peaks = n.peaks
	return true
}

package history

import "strings"

// Query chooses records.
type Query struct {
	Ring     Ring
	From, To int64 // Unix ms, both included; To 0 is the end
	Jumps    bool  // jumps, stalls, starts and ends only
	Count    int   // the last so many; 0 is all
}

// wants tells whether a record is chosen, Count aside.
func (q *Query) wants(rec *Record) bool {
	if rec.Time < q.From || q.To != 0 && rec.Time > q.To {
		return false
	}
	return !q.Jumps || rec.notable()
}

// notable tells whether a record says more than what every second's says.
func (r *Record) notable() bool { return r.Kind != KindSample || r.Causes != nil }

// overlaps and within tell how a page lies to the times asked for.
func (q *Query) overlaps(p *slot) bool {
	return p.records > 0 && p.to >= q.From && (q.To == 0 || p.from <= q.To)
}

func (q *Query) within(p *slot) bool {
	return p.from >= q.From && (q.To == 0 || p.to <= q.To)
}

// query calls fn for the records chosen, oldest first. The record is valid during the call. Pages that have none of them are
// not looked at, so it takes as long as the answer is.
func (r *ring) query(q Query, fn func(*Record)) {
	begin, n := r.first, 0
	for seq := r.last; seq >= r.first && r.first <= r.last; seq-- {
		p := r.slot(seq)
		if q.Count > 0 && n >= q.Count {
			break
		}
		begin = seq
		switch {
		case !q.overlaps(p):
		case q.within(p) && q.Jumps:
			n += p.notable
		case q.within(p):
			n += p.records
		default:
			n += r.countIn(seq, &q)
		}
	}
	skip := 0
	if q.Count > 0 {
		skip = max(0, n-q.Count)
	}
	if begin > r.first {
		begin-- // for what was before the first
		skip += r.countIn(begin, &q)
	}
	r.eachFrom(begin, func(rec *Record) bool {
		if !q.wants(rec) {
			return true
		}
		if skip > 0 {
			skip--
			return true
		}
		fn(rec)
		return true
	}, &q)
}

// countIn counts the records of a page that are chosen.
func (r *ring) countIn(seq uint64, q *Query) (n int) {
	p := r.slot(seq)
	r.read.open(p.buf, r.lines)
	for r.read.off < p.used && r.read.next(&r.rec) {
		if q.wants(&r.rec) {
			n++
		}
	}
	return n
}

// Source is where records are: a Recorder, or a Saved.
type Source interface {
	// Lines returns the names of the columns.
	Lines() []string
	// Each calls fn for the records chosen, oldest first, which are valid during the call.
	Each(q Query, fn func(*Record))
	// Span describes what a ring has.
	Span(which Ring) Span
	// Peaks returns the highest value of each line in a ring.
	Peaks(which Ring) []Peak
}

// Span is what a ring has.
type Span struct {
	Records  int
	From, To int64 // Unix ms
	Bytes    int64 // of its pages in memory
}

func (r *ring) span() (s Span) {
	for seq := r.first; seq <= r.last; seq++ {
		p := r.slot(seq)
		if p.records == 0 {
			continue
		}
		if s.Records == 0 {
			s.From, s.To = p.from, p.to
		}
		s.Records += p.records
		s.From, s.To = min(s.From, p.from), max(s.To, p.to)
	}
	if r.first <= r.last {
		s.Bytes = int64(r.last-r.first+1) * pageSize
	}
	return s
}

func (r *ring) peakList() []Peak { return append([]Peak(nil), r.peaks.list...) }

// Each implements Source. REQUIRES: the keyspace lock.
func (r *Recorder) Each(q Query, fn func(*Record)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.rings[q.Ring].query(q, fn)
}

// Span implements Source.
func (r *Recorder) Span(which Ring) Span {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.rings[which].span()
}

// Peaks implements Source.
func (r *Recorder) Peaks(which Ring) []Peak {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.rings[which].peakList()
}

// Each implements Source.
func (s *Saved) Each(q Query, fn func(*Record)) { s.rings[q.Ring].query(q, fn) }

// Span implements Source.
func (s *Saved) Span(which Ring) Span { return s.rings[which].span() }

// Peaks implements Source.
func (s *Saved) Peaks(which Ring) []Peak { return s.rings[which].peakList() }

// Totals returns the columns whose names have no point in them: sums, and what the kernel says.
func Totals(names []string) (columns []int) {
	for i, name := range names {
		if !strings.Contains(name, ".") {
			columns = append(columns, i)
		}
	}
	return columns
}

// Signed returns bytes of the causes with their direction.
func (c *Causes) Signed(bytes int64) int64 {
	if c.Freed {
		return -bytes
	}
	return bytes
}

package crash

import (
	"fmt"
	"slices"
	"sync"
	"time"
)

// History is all that was asked for in a directory, and when it was answered.
//
// A run is the time between a start and its end. It begins with what the server has loaded, and the ops of a writer in it follow
// each other. A file of a server (the log, or the snapshot) holds what one run had at some moment; which run, and at least up to
// which ops, is a Source.
type History struct {
	mu   sync.Mutex
	runs []*run
	next []int // number of the next op of each writer
}

type run struct {
	loaded []int    // the last op of each writer that was loaded
	start  []*state // and what there was
	done   []line
}

// line is the ops of a writer in a run.
type line struct {
	first       int
	ops         []op
	sent, acked []time.Time // zero: not yet
}

// Source is what a file must hold: a state of this run that has these ops at least, or a state of a later run.
type Source struct {
	run   int
	floor []int
}

// NewHistory returns that of an empty directory: run 0 has nothing and does nothing.
func NewHistory(writers int) *History {
	h := &History{next: make([]int, writers)}
	for i := range h.next {
		h.next[i] = 1
	}
	r := &run{}
	for range writers {
		r.start = append(r.start, newState())
	}
	h.begin(make([]int, writers), r.start)
	return h
}

// begin begins a run with what was loaded.
func (h *History) begin(loaded []int, start []*state) {
	r := &run{loaded: slices.Clone(loaded), start: start, done: make([]line, len(loaded))}
	for i := range r.done {
		r.done[i].first = h.next[i]
	}
	h.runs = append(h.runs, r)
}

func (h *History) last() int { return len(h.runs) - 1 }

// send notes that ops of a writer are about to be sent; make makes them, given the number of the first.
func (h *History) send(w int, make func(first int) []op) []op {
	h.mu.Lock()
	defer h.mu.Unlock()
	ops := make(h.next[w])
	l := &h.runs[h.last()].done[w]
	now := time.Now()
	for range ops {
		l.sent, l.acked = append(l.sent, now), append(l.acked, time.Time{})
	}
	l.ops = append(l.ops, ops...)
	h.next[w] += len(ops)
	return ops
}

// ack notes that an op was answered.
func (h *History) ack(w, n int) {
	now := time.Now()
	h.mu.Lock()
	defer h.mu.Unlock()
	l := &h.runs[h.last()].done[w]
	l.acked[n-l.first] = now
}

// ackedBy returns the last op of each writer that was answered before a time.
func (h *History) ackedBy(t time.Time) []int {
	h.mu.Lock()
	defer h.mu.Unlock()
	r := h.runs[h.last()]
	floor := slices.Clone(r.loaded)
	for w, l := range r.done {
		for i, at := range l.acked {
			if at.IsZero() || !at.Before(t) {
				break
			}
			floor[w] = l.first + i
		}
	}
	return floor
}

// stateAt returns what a writer had in a run at an op.
func (h *History) stateAt(r, w, n int) *state {
	s, l := h.runs[r].start[w].clone(), &h.runs[r].done[w]
	for _, o := range l.ops {
		if o.n > n {
			break
		}
		s.do(o)
	}
	return s
}

// find returns the run of which a server has a state, given the last op of each writer. The error says what is missing, or that
// the ops are of no one moment.
func (h *History) find(got []int, src Source) (r int, err error) {
	for r = h.last(); r >= src.run; r-- {
		floor := h.runs[r].loaded
		if r == src.run {
			floor = src.floor
		}
		e := h.fits(r, got, floor)
		if e == nil {
			return r, nil
		}
		if err == nil || r == src.run {
			err = e
		}
	}
	return 0, err
}

// fits tells whether ops can be those of a moment of a run.
func (h *History) fits(r int, got, floor []int) error {
	run := h.runs[r]
	var latest, earliest time.Time
	var has, lacks string
	for w, n := range got {
		l := &run.done[w]
		i := n - l.first
		if n != run.loaded[w] && (i < 0 || i >= len(l.ops)) {
			return fmt.Errorf("run %d: writer %d is at op %d; it began with %d and sent %d to %d", r, w, n, run.loaded[w], l.first, l.first+len(l.ops)-1)
		}
		if n < floor[w] {
			at := time.Time{}
			if k := floor[w] - l.first; k >= 0 {
				at = l.acked[k]
			}
			return fmt.Errorf("run %d: writer %d is at op %d, and op %d must be there (answered at %s)", r, w, n, floor[w], at.Format(clock))
		}
		if n == run.loaded[w] {
			i = -1
		} else if latest.Before(l.sent[i]) {
			latest, has = l.sent[i], fmt.Sprintf("op %d of writer %d", n, w)
		}
		if i+1 < len(l.ops) && !l.acked[i+1].IsZero() && (earliest.IsZero() || l.acked[i+1].Before(earliest)) {
			earliest, lacks = l.acked[i+1], fmt.Sprintf("op %d of writer %d", l.first+i+1, w)
		}
	}
	if !earliest.IsZero() && earliest.Before(latest) {
		return fmt.Errorf("run %d: of no one moment: %s, sent at %s, is there, and %s, answered before at %s, is not",
			r, has, latest.Format(clock), lacks, earliest.Format(clock))
	}
	return nil
}

const clock = "15:04:05.000000"

package mem

// The books know what was allocated, the kernel what was written: a page that nobody wrote yet, or that is swapped out,
// takes no memory. A survey asks the kernel about every page of the range, a few thousand at a time, and says whose the
// missing pages are.

// Untouched is the bytes that Stats counts as resident and the kernel does not hold, by what they were allocated for.
type Untouched struct {
	Slabs int64              // in slabs, of free regions mostly
	Dirty int64              // in free pages
	Large [NumPurposes]int64 // in large regions, the ends of their last pages included
}

// Survey goes through the range in steps.
//
// A survey is used by one goroutine at a time, which need not hold a lock.
type Survey struct {
	present presence
	page    uint32 // where the next step begins, 0: at the start
	cur     uint32 // record of the extent that page lies in, if it was an extent's inner page
	acc     Untouched
	last    Untouched
}

// surveyWindow is the pages that a step asks the kernel about at once.
const surveyWindow = 2048

// NewSurvey returns a survey.
func NewSurvey() *Survey { return new(Survey) }

// Last returns what the last complete round found.
func (v *Survey) Last() *Untouched { return &v.last }

// Restart makes the next step the first of a round.
func (v *Survey) Restart() { v.page = 0 }

// Step goes on by about 2,048 pages, and reports whether that was the end of a round. Where the kernel does not tell, no
// page is missing.
func (v *Survey) Step() (done bool) {
	l := &pages
	if !v.present.open() {
		return true
	}
	// What is clean is known not to be there.
	l.mu.Lock()
	if v.page == 0 {
		v.page, v.cur, v.acc = 1, 0, Untouched{}
	}
	for v.page < l.top {
		s := l.extentAt(v.page, v.cur)
		if s != nil && s.state != stateClean && s.state != statePurging {
			break
		}
		v.cur = 0
		if s == nil {
			v.page++ // the extent began here when the last step ended, and has joined another since
		} else {
			v.page = s.start + s.pages
		}
	}
	top := l.top
	l.mu.Unlock()
	if v.page >= top {
		v.last, v.page = v.acc, 0
		return true
	}
	n := min(surveyWindow, top-v.page)
	if !v.present.read(uintptr(base)+uintptr(v.page)<<pageShift, int(n)) {
		v.page = 0
		return true
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	from, end := v.page, min(v.page+n, l.top)
	for v.page < end {
		s := l.extentAt(v.page, v.cur)
		if s == nil {
			v.page++
			v.cur = 0
			continue
		}
		to := min(s.start+s.pages, end)
		gone := int64(v.present.missing(int(v.page-from), int(to-from))) << pageShift
		switch s.state {
		case stateSlab:
			v.acc.Slabs += gone
		case stateLarge:
			v.acc.Large[s.largePurpose()] += gone
		case stateDirty:
			v.acc.Dirty += gone
		}
		v.page, v.cur = to, s.id
		if to == s.start+s.pages {
			v.cur = 0
		}
	}
	return false
}

// extentAt returns the extent that page p lies in: the one that cur says, if it still does, or the one that begins
// there. nil if that is not known.
//
// REQUIRES: mu.
func (l *pageLayer) extentAt(p, cur uint32) *record {
	if cur != 0 {
		if s := recordAt(cur); s.state != stateNone && s.start <= p && p < s.start+s.pages {
			return s
		}
	}
	s := recordAt(*pageEntry(p))
	if s.state == stateNone || s.id == 0 || s.start > p || p >= s.start+s.pages {
		return nil
	}
	return s
}

// Span is a run of addresses.
type Span struct{ Start, End uintptr }

// Has reports whether an address lies in the span.
func (s Span) Has(a uintptr) bool { return a >= s.Start && a < s.End }

// Spans returns where the range lies, and where the allocator's own records and page map do.
func Spans() (space, records, pageMap Span) {
	openState.mu.Lock()
	defer openState.mu.Unlock()
	of := func(v *reservation) Span {
		if len(v.mem) == 0 {
			return Span{}
		}
		return Span{uintptr(v.addr()), uintptr(v.addr()) + uintptr(len(v.mem))}
	}
	return of(&openState.space), of(&openState.recs), of(&openState.maps)
}

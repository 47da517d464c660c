package ledger

import (
	"os"
	"runtime/metrics"
	"time"

	"granary/internal/mem"
)

// Reader makes ledgers. It keeps what it reads into, so that a look takes no memory.
//
// A reader is used by one goroutine at a time.
type Reader struct {
	samples []metrics.Sample
	page    int64
	statm   *os.File // nil where the kernel does not tell
	text    [256]byte
	kernel  kernel
	cgroup  cgroup

	survey *mem.Survey
	round  round
	before mem.Untouched // what the survey before the current one found
	looked time.Time     // when the mappings were looked at
}

// round is the state of the surveys of the range.
type round struct {
	on    bool      // one is under way
	ended time.Time // when the last one ended
	pages int64     // bytes of slabs, large regions and free pages when it began
	calm  bool      // it found what the one before had found
	sums  mem.Sums
}

// NewReader returns a reader.
//
// REQUIRES: as Read.
func NewReader() *Reader {
	r := &Reader{page: int64(os.Getpagesize()), survey: mem.NewSurvey()}
	r.statm, _ = os.Open("/proc/self/statm")
	r.kernel.open()
	r.cgroup = findCgroup()
	for _, name := range goMetrics {
		r.samples = append(r.samples, metrics.Sample{Name: name})
	}
	// The first look brings pages of its own.
	var l Ledger
	r.look(time.Time{})
	r.Read(&l)
	return r
}

// goMetrics are what the Go runtime tells about its memory. They overlap in nothing.
var goMetrics = [...]string{
	"/memory/classes/heap/free:bytes",
	"/memory/classes/heap/stacks:bytes",
	"/memory/classes/heap/unused:bytes",
	"/memory/classes/heap/objects:bytes",
	"/memory/classes/os-stacks:bytes",
	"/memory/classes/metadata/mcache/free:bytes",
	"/memory/classes/metadata/mcache/inuse:bytes",
	"/memory/classes/metadata/mspan/free:bytes",
	"/memory/classes/metadata/mspan/inuse:bytes",
	"/memory/classes/metadata/other:bytes",
	"/memory/classes/profiling/buckets:bytes",
	"/memory/classes/other:bytes",
}

// heapLines are the lines that the first of goMetrics are for. What of the heap is not resident is missing in the last ones:
// free spans and stacks have been used, a large object need not have been.
var heapLines = [...]Line{LineGoIdle, LineGoStacks, LineGoUnused, LineGoObjects}

const (
	// fresh is how old a look at the mappings may be for Update.
	fresh = 50 * time.Millisecond

	// smallRange is up to how many bytes of slabs, large regions and free pages Update surveys the range itself.
	smallRange = 96 << 20

	// surveyEvery is the least time between two surveys in the background, and surveyCalm between two when little changes. A
	// survey of a large range waits longer: surveyBytes are surveyed in a second, which takes half a per cent of it.
	surveyEvery = time.Second
	surveyCalm  = 10 * time.Second
	surveyBytes = 1 << 30
)

// Update has the kernel asked anew, for who answers a question rather than keeps a record: about all of the process but
// the range, and about the range too while it is small. It takes some hundred microseconds at most.
//
// REQUIRES: as Read.
func (r *Reader) Update() {
	now := time.Now()
	if now.Sub(r.looked) >= fresh {
		r.look(now)
	}
	if r.rangeBytes() <= smallRange {
		r.begin()
		for !r.survey.Step() {
		}
		r.end()
	}
}

// Background does a share of the asking that is not urgent, until the deadline, and reports whether there is more to do
// soon. A server calls it from its regular work.
//
// REQUIRES: as Read.
func (r *Reader) Background(deadline time.Time) (more bool) {
	if !r.round.on {
		if !r.due(time.Now()) {
			return false
		}
		r.look(time.Now())
		r.begin()
	}
	for time.Now().Before(deadline) {
		if r.survey.Step() {
			r.end()
			return false
		}
	}
	return true
}

// due reports whether it is time for a survey.
func (r *Reader) due(now time.Time) bool {
	since := now.Sub(r.round.ended)
	if since < surveyEvery || since < time.Duration(float64(r.round.pages)/surveyBytes*float64(time.Second)) {
		return false
	}
	if !r.round.calm || since >= surveyCalm {
		return true
	}
	change := r.rangeBytes() - r.round.pages
	return max(change, -change) > r.round.pages/256
}

// rangeBytes returns the bytes that a survey looks at.
func (r *Reader) rangeBytes() int64 {
	mem.ReadSums(&r.round.sums)
	return r.round.sums.Active + r.round.sums.Dirty
}

func (r *Reader) begin() {
	r.survey.Restart()
	r.round.on, r.round.pages = true, r.rangeBytes()
	r.round.calm = false
	r.before = *r.survey.Last()
}

func (r *Reader) end() {
	r.round.on, r.round.ended = false, time.Now()
	r.round.calm = r.before == *r.survey.Last()
}

// Read fills l. It is cheap enough for every second: no Go memory, some microseconds. What the kernel holds is as of the last
// Update or Background.
//
// REQUIRES: the caller may use every arena that is not shared (it holds the keyspace lock).
func (r *Reader) Read(l *Ledger) {
	*l = Ledger{}
	mem.ReadSums(&l.Sums)
	s := &l.Sums
	for p := range s.Purposes {
		t := &s.Purposes[p]
		head := t.Count * mem.Purpose(p).Header()
		l.Lines[p] = t.Requested - head
		l.Lines[LineHeaders] += head
		l.Lines[rounding[lines[p].Heading]] += t.Usable - t.Requested
		l.Used += t.Usable
	}
	l.Lines[LineSlabs] = s.SlabFree
	l.Lines[LineTails] = s.TailWaste
	l.Lines[LineDirty] = s.Dirty
	l.Lines[LineMetadata] = s.Metadata
	l.subtract(r.survey.Last())
	r.readProcess(l)

	rss, file := r.readStatm()
	l.RSS = rss
	if r.kernel.last.ok {
		// Code that ran for the first time since the mappings were looked at.
		l.Lines[LineProgram] += max(0, file-r.kernel.last.file)
	}
	if l.RSS > 0 {
		l.Unexplained = l.RSS - l.Total()
	}
	l.Cgroup, l.CgroupLimit = r.cgroup.read(r.text[:])
}

// subtract takes what the kernel does not hold off the lines that count it. No line goes below zero: what is left over
// belongs to regions that were freed since the survey.
func (l *Ledger) subtract(u *mem.Untouched) {
	take := func(line Line, n int64) (left int64) {
		m := min(n, l.Lines[line])
		l.Lines[line] -= m
		l.Untouched += m
		return n - m
	}
	take(LineDirty, u.Dirty)
	for p, n := range u.Large {
		if n > 0 {
			take(LineTails, take(rounding[lines[p].Heading], take(Line(p), min(n, l.Sums.Large[p]))))
		}
	}
	// A region in a slab may be longer than a page and not written to its end.
	n := take(LineSlabs, u.Slabs)
	for _, line := range rounding {
		if line != 0 && n > 0 {
			n = take(line, n)
		}
	}
}

// readProcess fills the lines of the process.
func (r *Reader) readProcess(l *Ledger) {
	metrics.Read(r.samples)
	at := func(i int) int64 {
		if v := r.samples[i].Value; v.Kind() == metrics.KindUint64 {
			return int64(v.Uint64())
		}
		return 0
	}
	k := &r.kernel.last
	heap := int64(unknown)
	if k.ok {
		heap = k.heap
		l.Lines[LineProgram], l.Lines[LineProgramData], l.Lines[LineLibraries] = k.program, k.data, k.system
		l.Lines[LineGoRuntime] = k.runtime
		if k.metadata < unknown {
			l.Lines[LineMetadata] = k.metadata
		}
	} else {
		for i := len(heapLines); i < len(goMetrics); i++ {
			l.Lines[LineGoRuntime] += at(i)
		}
	}
	for i, line := range heapLines {
		n := min(at(i), heap)
		l.Lines[line] = n
		heap -= n
	}
	// What is booked as data or buffers and lies on the Go heap is counted there.
	outside := l.Sums.Outside
	for _, line := range [...]Line{LineGoObjects, LineGoUnused, LineGoIdle} {
		n := min(l.Lines[line], outside)
		l.Lines[line] -= n
		outside -= n
	}
}

// readStatm reads the resident bytes of the process, and those of them that are pages of files; 0 where the kernel does
// not tell.
func (r *Reader) readStatm() (rss, file int64) {
	if r.statm == nil {
		return 0, 0
	}
	n, _ := r.statm.ReadAt(r.text[:], 0)
	_, b := number(r.text[:n])
	rss, b = number(b)
	file, _ = number(b)
	return rss * r.page, file * r.page
}

// look has the kernel asked about all of the process but the range.
func (r *Reader) look(now time.Time) {
	_, file := r.readStatm()
	r.kernel.look(r.survey)
	r.kernel.last.file = file
	r.looked = now
}

// number reads a decimal number from the front of b.
func number(b []byte) (n int64, rest []byte) {
	for len(b) > 0 && b[0] == ' ' {
		b = b[1:]
	}
	for len(b) > 0 && b[0] >= '0' && b[0] <= '9' {
		n = n*10 + int64(b[0]-'0')
		b = b[1:]
	}
	return n, b
}

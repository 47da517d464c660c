package ledger

import (
	"os"
	"runtime/metrics"

	"granary/internal/mem"
)

// Reader makes ledgers. It keeps what it reads into, so that a look takes no memory.
//
// A reader is used by one goroutine at a time.
type Reader struct {
	samples []metrics.Sample
	page    int64
	statmFd *os.File // nil where the kernel does not tell
	text    [4096]byte
}

// NewReader returns a reader.
func NewReader() *Reader {
	r := &Reader{page: int64(os.Getpagesize())}
	r.statmFd, _ = os.Open("/proc/self/statm")
	for _, name := range goMetrics {
		r.samples = append(r.samples, metrics.Sample{Name: name})
	}
	return r
}

// goMetrics are what the Go runtime tells about its memory. They overlap in nothing.
var goMetrics = [...]string{
	"/memory/classes/heap/objects:bytes",
	"/memory/classes/heap/unused:bytes",
	"/memory/classes/heap/free:bytes",
	"/memory/classes/heap/stacks:bytes",
	"/memory/classes/os-stacks:bytes",
	"/memory/classes/metadata/mcache/free:bytes",
	"/memory/classes/metadata/mcache/inuse:bytes",
	"/memory/classes/metadata/mspan/free:bytes",
	"/memory/classes/metadata/mspan/inuse:bytes",
	"/memory/classes/metadata/other:bytes",
	"/memory/classes/profiling/buckets:bytes",
	"/memory/classes/other:bytes",
}

// Read fills l. It is cheap enough for every second: no Go memory, some tens of microseconds.
//
// REQUIRES: the caller may use every arena that is not shared (it holds the keyspace lock).
func (r *Reader) Read(l *Ledger) {
	mem.ReadSums(&l.Sums)
	s := &l.Sums
	l.Used = 0
	l.Lines = [NumLines]int64{}
	for p := range s.Purposes {
		t := &s.Purposes[p]
		l.Lines[p] = t.Requested
		l.Lines[rounding[lines[p].Heading]] += t.Usable - t.Requested
		l.Used += t.Usable
	}
	l.Lines[LineSlabs] = s.SlabFree
	l.Lines[LineTails] = s.TailWaste
	l.Lines[LineDirty] = s.Dirty
	l.Lines[LineMetadata] = s.Metadata

	metrics.Read(r.samples)
	at := func(i int) int64 {
		if v := r.samples[i].Value; v.Kind() == metrics.KindUint64 {
			return int64(v.Uint64())
		}
		return 0
	}
	l.Lines[LineGoObjects] = at(0) - min(at(0), s.Outside)
	l.Lines[LineGoUnused] = at(1)
	l.Lines[LineGoIdle] = at(2)
	l.Lines[LineGoStacks] = at(3) + at(4)
	for i := 5; i < len(goMetrics); i++ {
		l.Lines[LineGoRuntime] += at(i)
	}
	total, file := r.statm()
	l.Lines[LineProgram] = file
	l.RSS, l.Unexplained = total, 0
	if total > 0 {
		l.Unexplained = total - l.Total()
	}
}

// statm reads the resident bytes of the process, and those of them that are pages of files.
func (r *Reader) statm() (total, file int64) {
	if r.statmFd == nil {
		return 0, 0
	}
	n, _ := r.statmFd.ReadAt(r.text[:], 0)
	b := r.text[:n]
	_, b = number(b)
	total, b = number(b)
	file, _ = number(b)
	return total * r.page, file * r.page
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

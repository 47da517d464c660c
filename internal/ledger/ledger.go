// Package ledger is the bill of the process's memory: every resident byte on one line, in four parts that add up to what the
// kernel says the process occupies. Nothing is the difference of two large numbers, so nothing can be negative or
// impossible; what the kernel counts beyond the lines, or the lines beyond the kernel, is printed as Unexplained.
//
//	resident = data + buffers + process + fragmentation (+ unexplained)
//
//	part            heading          lines
//	data            data             a line per purpose (key table, entries, strings, ...), and what size classes round up
//	                own structures   what the server keeps on behalf of all: scripts, slow log, ...
//	buffers         buffers          a line per purpose: queries, replies, transactions, subscriptions, ...
//	process         process          the Go runtime, the program, its libraries
//	fragmentation   fragmentation    free regions in slabs, tails, free pages not given back, the allocator's records
//
// used_memory is data and buffers.
//
//	ledger.go    the lines and their sums
//	read.go      one look: books, runtime, kernel
//
// The lines are a stable list: their names are written to files. Their numbers may change from version to version, because
// each purpose of package mem is a line.
package ledger

import "granary/internal/mem"

// Line is one line of the ledger. Below NumPurposes it is the line of a purpose: the bytes requested for it, without headers
// of fixed size.
type Line uint8

// The lines behind those of the purposes.
const (
	LineHeaders         Line = Line(mem.NumPurposes) + iota // headers of entries, strings, fields and members, in no other line
	LineDataRounding                                        // what size classes add to requests, by heading
	LineOwnRounding                                         //
	LineBuffersRounding                                     //
	LineGoObjects                                           // objects on the Go heap, live or not yet collected, less what is booked as data (scripts)
	LineGoUnused                                            // free slots between them
	LineGoIdle                                              // free spans that are still resident
	LineGoStacks                                            // stacks of goroutines
	LineGoRuntime                                           // the runtime's own structures
	LineProgram                                             // the program's code and constants, as far as they were used
	LineProgramData                                         // its variables
	LineLibraries                                           // libraries of the system, mapped files, thread stacks
	LineSlabs                                               // free regions in slabs
	LineTails                                               // ends of slabs and of large regions' pages
	LineDirty                                               // free pages that are kept for a while
	LineMetadata                                            // the allocator's records and page map
	NumLines            = int(LineMetadata) + 1
)

// Heading groups lines as a bill does.
type Heading uint8

// The headings.
const (
	HeadingData Heading = iota
	HeadingOwn
	HeadingBuffers
	HeadingProcess
	HeadingFragmentation
	NumHeadings = int(HeadingFragmentation) + 1
)

// Part is one of the four parts of memory. Data is the headings data and own structures.
type Part uint8

// The parts.
const (
	PartData Part = iota
	PartBuffers
	PartProcess
	PartFragmentation
	NumParts = int(PartFragmentation) + 1
)

// String returns the heading's name.
func (h Heading) String() string {
	return [NumHeadings]string{"data", "own", "buffers", "process", "fragmentation"}[h]
}

// Part returns the part that the heading belongs to.
func (h Heading) Part() Part {
	return [NumHeadings]Part{PartData, PartData, PartBuffers, PartProcess, PartFragmentation}[h]
}

// String returns the part's name.
func (p Part) String() string {
	return [NumParts]string{"data", "buffers", "process", "fragmentation"}[p]
}

// LineInfo is a row of the table of lines.
type LineInfo struct {
	Name    string // unique under its heading: lower case, words joined by a dash
	Heading Heading
}

// lines is the table of lines.
var lines = makeLines()

func makeLines() (t [NumLines]LineInfo) {
	for p := range mem.NumPurposes {
		t[p] = LineInfo{mem.Purpose(p).String(), headingOf(mem.Purpose(p))}
	}
	for l, row := range map[Line]LineInfo{
		LineHeaders:         {"headers", HeadingData},
		LineDataRounding:    {"rounding", HeadingData},
		LineOwnRounding:     {"rounding", HeadingOwn},
		LineBuffersRounding: {"rounding", HeadingBuffers},
		LineGoObjects:       {"go-objects", HeadingProcess},
		LineGoUnused:        {"go-unused", HeadingProcess},
		LineGoIdle:          {"go-idle", HeadingProcess},
		LineGoStacks:        {"go-stacks", HeadingProcess},
		LineGoRuntime:       {"go-runtime", HeadingProcess},
		LineProgram:         {"program", HeadingProcess},
		LineProgramData:     {"program-data", HeadingProcess},
		LineLibraries:       {"libraries", HeadingProcess},
		LineSlabs:           {"slabs", HeadingFragmentation},
		LineTails:           {"tails", HeadingFragmentation},
		LineDirty:           {"free-pages", HeadingFragmentation},
		LineMetadata:        {"metadata", HeadingFragmentation},
	} {
		t[l] = row
	}
	return t
}

// headingOf returns the heading that a purpose's line stands under.
func headingOf(p mem.Purpose) Heading {
	return [mem.NumHeadings]Heading{
		mem.HeadingData: HeadingData, mem.HeadingBuffers: HeadingBuffers, mem.HeadingOwn: HeadingOwn,
	}[p.Heading()]
}

// rounding is the line of each heading for what size classes add.
var rounding = [NumHeadings]Line{
	HeadingData: LineDataRounding, HeadingOwn: LineOwnRounding, HeadingBuffers: LineBuffersRounding,
}

// Info returns the line's row.
func Info(l Line) LineInfo { return lines[l] }

// String returns heading and name, joined by a point: data.entry.
func (l Line) String() string { return lines[l].Heading.String() + "." + lines[l].Name }

// Ledger is one look at the memory of the process. Lines, RSS and the rest are of about the same instant.
type Ledger struct {
	Lines [NumLines]int64 // bytes, none negative

	RSS         int64 // what the kernel says the process occupies; 0 where it does not tell
	Cgroup      int64 // what the process's memory cgroup is charged with, 0: none
	CgroupLimit int64 // its limit, 0: none

	// Unexplained is RSS less the sum of the lines. It may be negative; 0 where the kernel does not tell.
	Unexplained int64

	// Untouched is what the books count and the kernel does not hold, because it was never written or is swapped out.
	// It is in no line.
	Untouched int64

	Used int64    // used_memory: usable bytes, whether touched or not
	Sums mem.Sums // the books that the lines were made of
}

// Heading returns the sum of a heading's lines.
func (l *Ledger) Heading(h Heading) (n int64) {
	for i := range l.Lines {
		if lines[i].Heading == h {
			n += l.Lines[i]
		}
	}
	return n
}

// Part returns the sum of a part's lines.
func (l *Ledger) Part(p Part) (n int64) {
	for i := range l.Lines {
		if lines[i].Heading.Part() == p {
			n += l.Lines[i]
		}
	}
	return n
}

// Total returns the sum of all lines.
func (l *Ledger) Total() (n int64) {
	for i := range l.Lines {
		n += l.Lines[i]
	}
	return n
}

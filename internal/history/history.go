// Package history is the flight recorder of memory: what each line of the ledger was in every second of the last hour and in
// every minute of the last month, and for each jump the commands, clients and key prefixes that caused it. It is kept in a file
// of fixed size, so that it can be read when the server is gone, by a crash or by the kernel's hand.
//
//	history.go   the Recorder: a sample a second, and the minutes made of them
//	account.go   who added and freed bytes since the last sample: Space-Saving tables
//	record.go    a record, to bytes and back
//	page.go      pages of records
//	ring.go      a ring of pages in memory
//	peaks.go     the highest value of each line, kept up to date
//	file.go      the file: header, loading, what is left of another version
//	writer.go    the goroutine that writes the file
//	text.go      tables for people, JSON for programs
//
// # Two rings of pages
//
// A ring is a fixed number of pages of 16 KiB, written in turn. A page can be read by itself: its first record has all
// values, each further one the differences to the one before, for the lines that changed. So a record of an idle server
// takes some 25 bytes and one of a busy server some 150. In memory the pages are as they are in the file, off the Go heap, and
// booked; pages of which the promised hour or month has no need any more are given back.
//
//	file     | header | 80 pages of seconds (1.25 MiB) | 704 pages of minutes (11 MiB) |
//	page     | magic ring lines seq base crc | record | record | ... | zeros or older bytes |
//	record   | length:16 | crc:32 | body |
//
// The promise of an hour and of a month holds whatever happens: a page takes at least as many records as that needs. A
// record that would be too long for its share rounds its differences to 16, 64, 256... bytes until it fits, and says so;
// rounding never adds up, because differences are taken to what a reader of the file knows. Shares that are not used are kept for later
// records of the page, so this happens only when all lines move all the time.
//
// # What survives
//
// A record goes to the file by one pwrite of its own bytes, from a goroutine that holds no lock meanwhile. What was
// written survives the death of the process, SIGKILL and the OOM killer included: it is the kernel's. A shared mapping would do no more, would
// count as resident memory, and would turn a full disk into SIGBUS. Once a minute the file is synced: a power cut takes
// what came later. Bytes once written are not written again until their page's turn comes, so a record that was torn
// takes no other with it: its checksum, which begins with the page's number, is wrong, and the page ends there.
//
// # Locks
//
// Sample, Note and the other methods that the server calls need the keyspace lock. mu guards rings and peaks, which the writer's
// goroutine reads; it is taken below the keyspace lock, for microseconds, and never held across a system call.
package history

import (
	"slices"
	"sync"
	"sync/atomic"

	"granary/internal/clock"
	"granary/internal/mem"
)

// Lengths of the two rings.
const (
	Seconds = 3600      // records of a second that are kept at least
	Minutes = 30 * 1440 // records of a minute that are kept at least
	minute  = 60 * 1000 // ms
	MinJump = 1 << 20   // bytes by which a line has to move within a record to be a jump,
	jumpOf  = 100       // and the part of used_memory
)

// Options say what a Recorder records and where.
type Options struct {
	Lines   []string // names of the columns
	Used    int      // which of them is used_memory
	Calm    []int    // which of them make no jump by themselves: others move them
	Path    string   // the file; "" keeps the history in memory alone
	Pages   [2]int   // pages of the rings; zeros are the defaults
	Warn    func(format string, args ...any)
	Notice  func(format string, args ...any)
	PID     int          // of the server, for the record of its start
	noSync  bool         // in tests
	nowMono func() int64 // in tests
}

// Recorder records. The zero value is not usable: Open.
type Recorder struct {
	Accounts Accounts // who added and freed bytes; see Note

	opt     Options
	last    []int64 // values of the last sample
	hasLast bool
	minute  minuteState

	mu    sync.Mutex
	arena *mem.Arena
	rings [2]ring
	lost  int64 // records that found no memory

	file  file
	wake  chan struct{}
	stop  chan struct{}
	ended sync.WaitGroup
	doing doing

	previous End // how the last server that wrote the file ended
}

// End is how a server ended.
type End struct {
	Known bool // there was one
	Clean bool
	Time  int64 // Unix ms of its last record
}

// minuteState is the minute at hand.
type minuteState struct {
	began     bool
	of        int64 // Unix ms / 60000
	time      int64 // of its last sample
	end       []int64
	low, high []int64
	prev      []int64 // end of the minute before
	hasPrev   bool
	accounts  Accounts
}

// doing is what the server is at, for the writer to tell when no sample comes. Its fields are written without a lock.
type doing struct {
	sampled atomic.Int64 // monotonic ns of the last sample
	command atomic.Pointer[string]
	client  atomic.Int64
	next    int64 // ns of silence from which on the next stall is recorded; the writer's own
}

// Threshold returns by how many bytes a line has to move within a record to be a jump.
func Threshold(used int64) int64 { return max(MinJump, used/jumpOf) }

// Open makes a recorder. What the file holds is kept: the rings go on. A file that cannot be read is renamed, one that
// cannot be written is done without, with a warning.
func Open(opt Options, now int64) *Recorder {
	r := New(opt)
	r.Begin(now)
	return r
}

// New makes a recorder that records nothing before Begin. CountMemory and Free may be called.
func New(opt Options) *Recorder {
	if opt.Pages == [2]int{} {
		opt.Pages = [2]int{secondsPages, minutesPages}
	}
	if opt.nowMono == nil {
		opt.nowMono = clock.Mono
	}
	n := len(opt.Lines)
	r := &Recorder{opt: opt, last: make([]int64, n), wake: make(chan struct{}, 1), stop: make(chan struct{})}
	r.arena = mem.NewSharedArena("history")
	for i := range r.rings {
		r.rings[i].init(Ring(i), n, opt.Pages[i], r.arena)
	}
	m := &r.minute
	m.end, m.low, m.high, m.prev = make([]int64, n), make([]int64, n), make([]int64, n), make([]int64, n)
	return r
}

// Begin loads the file and records that the server started. It needs no lock.
func (r *Recorder) Begin(now int64) {
	if r.opt.Path != "" {
		r.openFile(now)
	}
	r.resume()
	start := Record{Kind: KindStart, Time: now, Unclean: r.previous.Known && !r.previous.Clean, PID: int64(r.opt.PID)}
	r.append(RingSeconds, &start)
	r.append(RingMinutes, &start)
	r.startWriter()
	r.signal()
}

// resume takes up where the file ends: a minute that the server before had not finished is made of its seconds.
func (r *Recorder) resume() {
	var until int64
	m := &r.minute
	r.rings[RingMinutes].each(func(rec *Record) bool {
		until = rec.Time
		return true
	})
	var values []int64
	r.rings[RingSeconds].each(func(rec *Record) bool {
		r.previous = End{Known: true, Clean: rec.Kind == KindEnd, Time: rec.Time}
		if rec.Kind == KindSample && rec.Time > until {
			values = append(values[:0], rec.Values...)
			m.add(r, rec.Time, values)
		}
		return true
	})
	m.flush(r)
	m.hasPrev = false
}

// Sample records a second. values are the columns in the order of Options.Lines.
//
// REQUIRES: the keyspace lock.
func (r *Recorder) Sample(now int64, values []int64) {
	r.doing.sampled.Store(r.opt.nowMono())
	rec := Record{Kind: KindSample, Time: now, Values: values}
	if r.hasLast {
		t := Threshold(r.last[r.opt.Used])
		if moved := r.jump(r.last, values, t); moved != 0 {
			rec.Causes = r.Accounts.causes(moved, t)
		}
	}
	r.append(RingSeconds, &rec)
	r.minute.accounts.merge(&r.Accounts)
	r.minute.add(r, now, values)
	copy(r.last, values)
	r.hasLast = true
	r.Accounts.reset()
	r.signal()
}

// jump returns the largest difference that is at least t, 0 if there is none. That of used_memory goes before all others:
// what is freed appears on a line of fragmentation at once.
func (r *Recorder) jump(from, to []int64, t int64) (d int64) {
	if d = to[r.opt.Used] - from[r.opt.Used]; max(d, -d) >= t {
		return d
	}
	d = 0
	for i := range to {
		x := to[i] - from[i]
		if max(x, -x) >= t && max(x, -x) > max(d, -d) && !slices.Contains(r.opt.Calm, i) {
			d = x
		}
	}
	return d
}

// add takes a sample into the minute at hand; the minute before, if it is over, becomes a record.
func (m *minuteState) add(r *Recorder, now int64, values []int64) {
	if m.began && now/minute != m.of {
		m.flush(r)
	}
	if !m.began {
		m.began, m.of = true, now/minute
		copy(m.low, values)
		copy(m.high, values)
	}
	m.time = now
	copy(m.end, values)
	for i, v := range values {
		m.low[i], m.high[i] = min(m.low[i], v), max(m.high[i], v)
	}
}

// flush records the minute at hand.
func (m *minuteState) flush(r *Recorder) {
	if !m.began {
		return
	}
	m.began = false
	rec := Record{Kind: KindSample, Time: m.time, Values: m.end, Low: m.low, High: m.high}
	if m.hasPrev {
		t := Threshold(m.prev[r.opt.Used])
		up, down := r.jump(m.prev, m.high, t), r.jump(m.prev, m.low, t)
		if -down > up {
			up = down
		}
		if up != 0 {
			rec.Causes = m.accounts.causes(up, t)
		}
	}
	r.append(RingMinutes, &rec)
	copy(m.prev, m.end)
	m.hasPrev = true
	m.accounts.reset()
}

// append adds a record to a ring.
func (r *Recorder) append(which Ring, rec *Record) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.rings[which].append(rec) {
		r.lost++
	}
}

// Previous tells how the server before this one ended, as far as the file knows.
func (r *Recorder) Previous() End { return r.previous }

// Lines returns the names of the columns.
func (r *Recorder) Lines() []string { return r.opt.Lines }

// Path returns the file that is written, "" if there is none.
func (r *Recorder) Path() string {
	if !r.file.ok.Load() {
		return ""
	}
	return r.opt.Path
}

// Doing says what the server is about to do that may take long. Anything brief it need not be told of.
func (r *Recorder) Doing(command *string, client int64) {
	r.doing.command.Store(command)
	r.doing.client.Store(client)
}

// Finish records an orderly end, writes what the file has not, and closes it. It needs no lock, but that nobody else calls
// anything but CountMemory and what a Source has.
func (r *Recorder) Finish(now int64) {
	r.minute.flush(r)
	end := Record{Kind: KindEnd, Time: now}
	r.append(RingSeconds, &end)
	r.append(RingMinutes, &end)
	close(r.stop)
	r.ended.Wait()
}

// Free gives the memory back, after Finish. REQUIRES: the keyspace lock, if others look at the books.
func (r *Recorder) Free() {
	r.mu.Lock()
	for i := range r.rings {
		r.rings[i].free()
	}
	r.mu.Unlock()
	r.arena.Close()
}

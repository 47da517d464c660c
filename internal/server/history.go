package server

import (
	"os"
	"path/filepath"
	"sync"
	"time"

	"granary/internal/command"
	"granary/internal/history"
	"granary/internal/ledger"
	"granary/internal/mem"
)

// The flight recorder (MEMORY HISTORY): what the server tells package history, and when.
//
// A sample is taken once a second by the cron of the first loop, in about a tenth of a millisecond; when memory grows by an eighth
// within less, at once, so that who is killed for it leaves a trace. Files are opened, written and closed by goroutines that hold no lock.

// recording is the state of the recorder. But for mu, which orders CONFIG SETs, it is guarded by the keyspace lock.
type recording struct {
	mu     sync.Mutex        // one CONFIG SET after the other; taken above the keyspace lock
	aside  *history.Recorder // the one that is coming or going
	ledger ledger.Ledger
	values []int64
	next   int64 // when the next sample is due, in the loop's milliseconds
	used   int64 // used_memory at the last sample
	buf    int64 // bytes of buffers at the last sample
}

// totals are the columns before those of the lines. Their names have no point in them. The last two
// make no jump: what is unexplained is so for moments, and of a cgroup others may have a part.
var totals = [...]struct {
	name string
	of   func(l *ledger.Ledger) int64
}{
	{"used_memory", func(l *ledger.Ledger) int64 { return l.Used }},
	{"rss", func(l *ledger.Ledger) int64 { return l.RSS }},
	{"data", func(l *ledger.Ledger) int64 { return l.Part(ledger.PartData) }},
	{"buffers", func(l *ledger.Ledger) int64 { return l.Part(ledger.PartBuffers) }},
	{"process", func(l *ledger.Ledger) int64 { return l.Part(ledger.PartProcess) }},
	{"fragmentation", func(l *ledger.Ledger) int64 { return l.Part(ledger.PartFragmentation) }},
	{"unexplained", func(l *ledger.Ledger) int64 { return l.Unexplained }},
	{"cgroup", func(l *ledger.Ledger) int64 { return l.Cgroup }},
}

// historyLines returns the names of all columns.
func historyLines() []string {
	var names []string
	for i := range totals {
		names = append(names, totals[i].name)
	}
	for l := range ledger.NumLines {
		names = append(names, ledger.Line(l).String())
	}
	return names
}

// historyPath returns where the file is, "" if none is wanted. REQUIRES: the keyspace lock.
func (s *Server) historyPath() string {
	path := s.cfg.MemoryHistoryFile
	if path != "" && !filepath.IsAbs(path) {
		path = filepath.Join(s.cfg.Dir, path)
	}
	return path
}

// newHistory makes a recorder, which Begin starts.
func (s *Server) newHistory(path string) *history.Recorder {
	return history.New(history.Options{
		Lines: historyLines(), Used: 0, Calm: []int{len(totals) - 2, len(totals) - 1}, Path: path, PID: os.Getpid(),
		Warn: s.log.Warningf, Notice: s.log.Noticef,
	})
}

// startHistory starts the recorder if the configuration asks for it, before the loops run.
func (s *Server) startHistory() {
	s.env.AddMemoryHolder(&s.history)
	if !s.cfg.MemoryHistory {
		return
	}
	r := s.newHistory(s.historyPath())
	r.Begin(time.Now().UnixMilli())
	if end := r.Previous(); end.Known && !end.Clean {
		s.log.Warningf("The server before this one did not end in good order. What its memory was at the end: MEMORY HISTORY SECONDS TO %d", end.Time/1000)
	}
	s.env.SetHistory(r)
}

// applyHistory follows memory-history. Files are not touched under the keyspace lock, which CONFIG SET holds.
func (s *Server) applyHistory() error {
	go func() {
		h := &s.history
		h.mu.Lock()
		defer h.mu.Unlock()
		s.mu.Lock()
		want := s.cfg.MemoryHistory && !s.end.asked
		if want && s.env.History == nil {
			r := s.newHistory(s.historyPath())
			h.aside = r
			s.mu.Unlock()
			r.Begin(time.Now().UnixMilli())
			s.mu.Lock()
			h.aside = nil
			s.env.SetHistory(r)
		}
		s.mu.Unlock()
		if !want {
			s.endHistory()
		}
	}()
	return nil
}

// closeHistory records that the server ends in good order.
func (s *Server) closeHistory() {
	s.history.mu.Lock()
	defer s.history.mu.Unlock()
	s.endHistory()
}

// endHistory ends the recorder, if there is one. REQUIRES: history.mu.
func (s *Server) endHistory() {
	h := &s.history
	s.mu.Lock()
	r := s.env.History
	s.env.SetHistory(nil)
	h.aside = r
	s.mu.Unlock()
	if r == nil {
		return
	}
	r.Finish(time.Now().UnixMilli())
	s.mu.Lock()
	h.aside = nil
	r.Free()
	s.mu.Unlock()
}

// CountMemory implements command.MemoryHolder, for the recorder that is coming or going.
func (h *recording) CountMemory(count func(p mem.Purpose, usable int64)) {
	if h.aside != nil {
		h.aside.CountMemory(count)
	}
}

// sample records what every line of the ledger is, if that is due. now is in the loop's milliseconds.
func (s *Server) sample(now int64) {
	h, r := &s.history, s.env.History
	if r == nil {
		return
	}
	if now < h.next {
		grown := s.env.Keys.Arena.Used() - h.used
		if grown < 8*history.MinJump || grown < h.used/8 {
			return
		}
	} else if h.next += 1000; h.next <= now {
		h.next = now + 1000
	}
	if h.values == nil {
		h.values = make([]int64, len(totals)+ledger.NumLines)
	}
	l := &h.ledger
	s.env.ReadLedger(l)
	for i := range totals {
		h.values[i] = totals[i].of(l)
	}
	copy(h.values[len(totals):], l.Lines[:])
	buffers := l.Part(ledger.PartBuffers)
	if d := buffers - h.buf; max(d, -d) >= history.Threshold(h.used) {
		s.chargeBuffers()
	}
	r.Sample(s.env.Keys.Now, h.values)
	h.used, h.buf = l.Used, buffers
	s.env.BeginGrowth(l.Used)
}

// mostCharged is how many clients are looked at when buffers jumped. With more, the others have their turn within a second.
const mostCharged = 4096

// chargeBuffers looks at the buffers of all clients.
func (s *Server) chargeBuffers() {
	for i, c := range s.env.Clients.Snapshot(nil) {
		if i == mostCharged {
			return
		}
		s.withClient(c, (*command.Client).ChargeBuffers)
	}
}

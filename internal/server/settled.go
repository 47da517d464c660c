package server

import (
	"math"
	"sync"
	"sync/atomic"

	"granary/internal/config"
	"granary/internal/netloop"
)

// settled tells which replies may be sent. With `appendfsync always` the loops have the output of a turn wait until the log is on
// the disk up to where it was at the end of the turn; the goroutine of the log moves that on. Without it nothing waits.
//
// Marks are positions of the log, counted over all logs that there were, as each begins at 0 (appendOnly.before).
type settled struct {
	waits atomic.Bool // output waits
	mark  atomic.Int64

	mu    sync.Mutex
	moved *sync.Cond // something of the above has changed
	group *netloop.Group
}

func (s *settled) init(g *netloop.Group) { s.moved, s.group = sync.NewCond(&s.mu), g }

// reached returns the mark that is reached.
func (s *settled) reached() int64 {
	if !s.waits.Load() {
		return math.MaxInt64
	}
	return s.mark.Load()
}

// await returns when a mark is reached.
func (s *settled) await(mark int64) {
	if s.reached() >= mark {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.reached() < mark {
		s.moved.Wait()
	}
}

// move notes that a mark is reached. It may be called with one that was passed.
func (s *settled) move(mark int64) {
	s.mu.Lock()
	s.mark.Store(max(mark, s.mark.Load()))
	s.mu.Unlock()
	s.tell()
}

// wait says whether output waits from now on.
func (s *settled) wait(on bool) {
	s.mu.Lock()
	s.waits.Store(on)
	s.mu.Unlock()
	s.tell()
}

func (s *settled) tell() {
	s.moved.Broadcast()
	for _, l := range s.group.Loops() {
		l.Settle()
	}
}

// mark returns what the output of this turn waits for: 0, nothing. REQUIRES: the keyspace lock, and a log.
func (a *appendOnly) mark() int64 {
	if !a.settled.waits.Load() {
		return 0
	}
	return a.before + a.log.Published()
}

// setPolicy says when the log is synced. REQUIRES: the keyspace lock, and a log.
func (a *appendOnly) setPolicy(p config.AppendFsync) {
	if p == config.FsyncAlways {
		a.settled.move(a.before + a.log.Synced())
	}
	a.settled.wait(p == config.FsyncAlways)
	a.log.SetPolicy(p)
}

package server

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"granary/internal/command"
	"granary/internal/persist/aof"
	"granary/internal/persist/rdb"
	"granary/internal/persist/requests"
	"granary/internal/persist/snapshot"
)

// A rewrite of the append-only file: a snapshot becomes the base, and a new increment goes on from the moment of the snapshot.
//
//	prepare    a goroutine              creates the new increment, and the manifest that has it at its end
//	cut        the keyspace lock        begins the snapshot, and turns the log to the new increment: one moment
//	walk       slices under the lock    the snapshot is written by its own goroutine to a temporary file
//	install    that goroutine           syncs, renames, writes the manifest with the new base, deletes what it replaces
//	end        the keyspace lock        takes the new manifest over
//
// Whenever it stops, the manifest on the disk names files that make up the data: before install the old base with all
// increments, behind it the new base with the new increment.
type rewriting struct {
	phase     rewritePhase
	scheduled bool
	count     int64 // begun
	began     int64 // Unix s
	seconds   int64 // that the last one took, and one more; 0: there was none
	failed    bool
	failures  int64
	looked    int64 // position of the log at the last look

	delay  int64 // minutes that failures put the next one off
	notTil int64 // Unix s

	ready    chan prepared // of the goroutine that prepares
	preamble bool          // the base is RDB
	job      *snapshot.Job
	large    int64 // large values it was through when somebody was told
	cut      int64 // position of the log
	to       *installer
}

type rewritePhase uint8

const (
	rewriteNone rewritePhase = iota
	rewritePreparing
	rewriteWalking
)

// prepared is what prepare has done.
type prepared struct {
	m    *aof.Manifest // with the new increment, the old one if there is none
	file *os.File      // the new increment, nil: nothing is logged
	err  error
}

// beginRewrite begins one. REQUIRES: the keyspace lock, and that none is under way.
func (s *Server) beginRewrite() error {
	r := &s.aof.rewrite
	if s.aof.manifest == nil {
		m, err := aof.ReadManifest(s.aofDir(), s.cfg.AppendFilename)
		if err != nil {
			s.log.Warningf("%v", err)
			return err
		}
		s.aof.manifest = m
	}
	if err := os.MkdirAll(s.aofDir(), 0o755); err != nil {
		s.log.Noticef("Can't open or create append-only dir %s: %s", s.cfg.AppendDirname, aof.Text(err))
		r.failed = true
		r.failures++
		return err
	}
	r.phase, r.scheduled = rewritePreparing, false
	r.count++
	r.began = s.env.Keys.Now / 1000
	r.preamble = s.cfg.AOFUseRDBPreamble
	r.ready = make(chan prepared, 1)
	m, logged, waiting := s.aof.manifest.Clone(), s.aof.on, s.aof.waiting
	ready := r.ready
	go func() {
		ready <- s.prepareRewrite(m, logged, waiting)
		s.wakeFirst()
	}()
	s.log.Noticef("Background append only file rewriting started by pid %d", os.Getpid())
	return nil
}

// prepareRewrite creates the new increment.
func (s *Server) prepareRewrite(m *aof.Manifest, logged, waiting bool) (p prepared) {
	p.m = m
	if p.err = aof.SyncDir(filepath.Dir(m.Dir)); p.err != nil { // the directory may be new
		s.log.Warningf("Fail to fsync the directory of %s: %v", s.cfg.AppendDirname, p.err)
		return p
	}
	if !logged {
		return p
	}
	path := m.TempIncr()
	if !waiting {
		path = m.Path(m.NewIncr())
		s.log.Noticef("Creating AOF incr file %s on background rewrite", filepath.Base(path))
	}
	if p.file, p.err = aof.CreateIncr(path); p.err != nil {
		s.log.Warningf("Can't open the append-only file %s: %s", filepath.Base(path), aof.Text(p.err))
		return p
	}
	if !waiting {
		if p.err = m.Write(); p.err != nil {
			s.log.Warningf("Fail to persist AOF manifest: %v", p.err)
			p.file.Close() // it stays: the manifest may have it
		}
	}
	return p
}

// cutLog begins the snapshot and turns the log.
func (s *Server) cutLog(p prepared) {
	a := &s.aof
	r := &a.rewrite
	if p.err != nil {
		s.rewriteFailed(p.err)
		return
	}
	if p.file != nil && a.waiting {
		if err := s.openLog(p.file); err != nil {
			s.rewriteFailed(err)
			return
		}
		a.total = 0
	}
	if p.file != nil && !a.waiting { // the manifest has it: it is used, whatever becomes of the rewrite
		a.manifest = p.m
		if a.log == nil {
			p.file.Close()
		} else {
			a.log.Turn(p.file)
		}
	}
	if a.log != nil {
		r.cut = a.log.Appended()
	}
	m := a.manifest.Clone()
	base := m.NewBase(r.preamble)
	keep := 0
	if a.log != nil && !a.waiting {
		keep = 1
	}
	m.Outdate(keep)
	r.to = &installer{s: s, m: m, gc: !s.cfg.AOFDisableAutoGC}
	if a.waiting {
		r.to.incr = m.TempIncr()
	}
	to, err := s.baseTarget(m.Path(base), r.to, r.preamble)
	if err != nil {
		s.rewriteFailed(err)
		return
	}
	if r.job, err = s.beginSnapshot(to, true); err != nil {
		to.Finish(err)
		s.rewriteFailed(err)
		return
	}
	s.env.SnapshotBegun()
	r.phase, r.large = rewriteWalking, 0
}

// baseTarget returns where a new base is written to: a temporary file in the directory of the server, which becomes path. then,
// which may be nil, installs it.
func (s *Server) baseTarget(path string, then *installer, preamble bool) (*installer, error) {
	temp := filepath.Join(s.cfg.Dir, fmt.Sprintf("temp-rewriteaof-bg-%d.aof", os.Getpid()))
	f, err := snapshot.CreateFile(temp, path, s.cfg.AOFRewriteIncrementalFsync)
	if err != nil {
		s.log.Warningf("Opening the temp file for AOF rewrite: %v", err)
		return nil, err
	}
	if then == nil {
		then = &installer{}
	}
	then.Target, then.path = f, path
	if !preamble {
		stamp := int64(0)
		if s.cfg.AOFTimestampEnabled {
			stamp = s.now()
		}
		then.Target = requests.NewTarget(f, rdb.LimitsOf(s.cfg, s.env.Keys.Limits), stamp)
	}
	return then, nil
}

// installer is the target of a rewrite: when the base is whole, it makes it count.
type installer struct {
	snapshot.Target
	path string        // of the base
	size int64         // of it
	s    *Server       // nil: it makes nothing count
	m    *aof.Manifest // that has the base
	incr string        // the increment that does not count yet, "": none
	gc   bool          // what is replaced is deleted
}

// Finish syncs and renames the base, and writes the manifest.
func (t *installer) Finish(err error) error {
	if err = t.Target.Finish(err); err != nil {
		return err
	}
	st, err := os.Stat(t.path)
	if err != nil {
		return err
	}
	if t.size = st.Size(); t.s == nil {
		return nil
	}
	if t.incr != "" {
		if err := os.Rename(t.incr, t.m.Path(t.m.NewIncr())); err != nil {
			return err
		}
		if err := aof.SyncDir(t.m.Dir); err != nil {
			return err
		}
	}
	if err := t.m.Write(); err != nil {
		return err
	}
	if t.gc && t.m.DropHistory(t.s.saidRemoved) {
		if err := t.m.Write(); err != nil {
			t.s.log.Warningf("Fail to persist AOF manifest: %v", err)
		}
	}
	return nil
}

// rewriteSlice goes on with a rewrite, and reports whether one is under way. REQUIRES: the keyspace lock.
func (s *Server) rewriteSlice(deadline time.Time) bool {
	r := &s.aof.rewrite
	switch r.phase {
	case rewriteNone:
		return false
	case rewritePreparing:
		select {
		case p := <-r.ready:
			s.cutLog(p)
		default:
		}
	case rewriteWalking:
		if r.job.Step(deadline) {
			s.endRewrite()
		} else if n := r.job.LargeGiven(); n != r.large {
			r.large = n
			s.env.SnapshotMoved(false, s.cur)
		}
	}
	return r.phase != rewriteNone
}

// rewritePause returns the milliseconds until the next slice.
func (s *Server) rewritePause() int64 {
	r := &s.aof.rewrite
	if r.phase == rewritePreparing || r.job.Full() {
		return 1
	}
	if s.env.Pause.Held() > 0 {
		return 0
	}
	return s.breather() / 2
}

// endRewrite takes over how a snapshot ended.
func (s *Server) endRewrite() {
	a := &s.aof
	r := &a.rewrite
	_, err := r.job.Close()
	s.env.SnapshotMoved(true, s.cur)
	if err != nil {
		s.rewriteFailed(err)
		return
	}
	s.log.Noticef("Background AOF rewrite terminated with success")
	a.manifest, a.waiting = r.to.m, false
	s.tellAcks()
	a.total = r.to.size
	if a.log != nil {
		a.total -= r.cut
	}
	a.base = a.size()
	r.failed, r.failures, r.delay, r.notTil = false, 0, 0, 0
	s.rewriteOver()
	s.log.Noticef("Background AOF rewrite finished successfully")
}

// rewriteOver is the end of a rewrite, however it ended.
func (s *Server) rewriteOver() {
	r := &s.aof.rewrite
	r.phase, r.job, r.to = rewriteNone, nil, nil
	r.seconds = s.now() - r.began + 1
}

// rewriteFailed is the end of a rewrite without success. One that is waited for is tried again.
func (s *Server) rewriteFailed(err error) {
	a := &s.aof
	if errors.Is(err, errCanceled) {
		s.log.Warningf("Background AOF rewrite terminated by signal 10")
	} else {
		a.rewrite.failed = true
		a.rewrite.failures++
		s.log.Warningf("Background AOF rewrite terminated with error: %v", err)
	}
	s.rewriteOver()
	if a.waiting {
		if a.log != nil {
			s.closeLog()
			os.Remove(a.manifest.TempIncr())
			s.log.Noticef("Removing the temp incr aof file %s in the background", filepath.Base(a.manifest.TempIncr()))
		}
		a.rewrite.scheduled = true
	}
}

// abortRewrite gives up a rewrite and waits until its file is gone.
func (s *Server) abortRewrite() {
	r := &s.aof.rewrite
	switch r.phase {
	case rewritePreparing:
		s.dropPrepared(<-r.ready)
	case rewriteWalking:
		r.job.Abort(errCanceled)
		r.job.Run()
		s.endRewrite()
	}
}

// finishRewrite waits until a rewrite is over.
func (s *Server) finishRewrite() {
	r := &s.aof.rewrite
	switch r.phase {
	case rewritePreparing:
		s.dropPrepared(<-r.ready)
		r.scheduled = true
	case rewriteWalking:
		r.job.Run()
		s.endRewrite()
	}
}

// dropPrepared takes back what prepare has done. A command is running: the log is not turned in the midst of what has to be
// repeated as a whole.
func (s *Server) dropPrepared(p prepared) {
	if p.err == nil && p.file != nil {
		p.file.Close()
		if s.aof.waiting {
			os.Remove(p.m.TempIncr())
		} else if err := s.aof.manifest.Write(); err != nil {
			s.log.Warningf("Fail to persist AOF manifest: %v", err) // the one that is there has the new increment, which stays
		} else {
			os.Remove(p.m.Path(p.m.LastIncr()))
		}
	}
	s.rewriteFailed(errCanceled)
}

const (
	failuresAllowed = 3
	longestDelay    = 60 // minutes
)

// limited reports whether rewrites failed so often that the next one has to wait.
func (s *Server) limited() bool {
	r := &s.aof.rewrite
	now := s.env.Keys.Now / 1000
	switch {
	case r.failures < failuresAllowed:
		r.delay, r.notTil = 0, 0
		return false
	case r.notTil != 0:
		if now < r.notTil {
			return true
		}
		r.notTil = 0
		return false
	}
	r.delay = min(max(2*r.delay, 1), longestDelay)
	r.notTil = now + 60*r.delay
	s.log.Warningf("Background AOF rewrite has repeatedly failed and triggered the limit, will retry in %d minutes", r.delay)
	return true
}

// rewriteCron begins a rewrite that is due.
func (s *Server) rewriteCron() {
	a := &s.aof
	r := &a.rewrite
	if r.phase != rewriteNone || s.saving.job != nil || s.env.Gate&(command.GateLoading|command.GateBusy) != 0 {
		return
	}
	if r.scheduled {
		if !s.limited() {
			s.beginRewrite()
		}
		return
	}
	percent, size := s.cfg.AutoAOFRewritePercentage, a.size()
	if !a.on || a.waiting || percent == 0 || size <= s.cfg.AutoAOFRewriteMinSize {
		return
	}
	growth := size*100/max(a.base, 1) - 100
	if growth >= percent && !s.limited() {
		s.log.Noticef("Starting automatic rewriting of AOF on %d%% growth", growth)
		s.beginRewrite()
	}
}

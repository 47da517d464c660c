package server

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"granary/internal/command"
	"granary/internal/commands/scripting"
	"granary/internal/mem"
	"granary/internal/persist/aof"
)

// The append-only file: what is kept of it, how it is switched on and off, and what happens at the end of a turn. The log is
// internal/persist/aof; aof_rewrite.go makes it short again, aof_load.go reads it at start.
//
//	command ──> Env.Feed ──> Log.Append       under the keyspace lock
//	end of the turn: Log.Publish              likewise; then the lock is released
//	                 Log.Flush                write, with `always` fdatasync; then the loop writes replies
type appendOnly struct {
	on      bool // appendonly yes has come into effect
	waiting bool // for the first rewrite: the log goes to a file that does not count yet

	log      *aof.Log      // nil: nothing is written
	manifest *aof.Manifest // nil: not read yet
	seen     *aof.Failure  // what the gate knows of

	delay  time.Duration // DelayAOF
	before int64         // what logs that were closed have appended, in bytes: where positions of the log begin (command.Saves.Logged)

	total int64 // bytes of all files, but for those that the log has written since it began: see size
	base  int64 // size behind the last rewrite

	rewrite rewriting
}

// size returns the bytes of all files.
func (a *appendOnly) size() int64 {
	if a.log == nil {
		return a.total
	}
	return a.total + a.log.Written()
}

// CountMemory implements command.MemoryHolder. REQUIRES: the keyspace lock.
func (a *appendOnly) CountMemory(count func(p mem.Purpose, usable int64)) {
	if a.log != nil {
		count(mem.PurposeAOFBuffer, a.log.Memory())
	}
	if a.rewrite.job != nil {
		a.rewrite.job.CountMemory(count)
	}
}

// aofFeed is the Server as a feed of effects.
type aofFeed Server

// Append takes an effect into the log.
func (f *aofFeed) Append(db int, args [][]byte, to command.Target) {
	if to&command.ToFile == 0 {
		return
	}
	now := int64(0)
	if f.cfg.AOFTimestampEnabled {
		now = f.env.Keys.Now / 1000
	}
	f.aof.log.Append(db, args, now)
	f.env.Saves.Logged = f.aof.before + f.aof.log.Appended()
}

// aofDir is the directory of all files of it.
func (s *Server) aofDir() string { return filepath.Join(s.cfg.Dir, s.cfg.AppendDirname) }

// openLog begins to write to the end of a file. REQUIRES: the keyspace lock.
func (s *Server) openLog(f *os.File) error {
	l, err := aof.Open(f, aof.Options{
		Arena:   s.env.Keys.Arena,
		Warning: s.log.Warningf,
		Fatal:   func() { os.Exit(1) },
		Moved:   s.tellAcks,
	})
	if err != nil {
		return err
	}
	s.aof.log = l
	l.SetPolicy(s.cfg.AppendFsync)
	l.SetDelay(s.aof.delay)
	s.env.AddFeed((*aofFeed)(s))
	return nil
}

// closeLog writes what is left and ends the log. REQUIRES: the keyspace lock.
func (s *Server) closeLog() {
	l := s.aof.log
	if l == nil {
		return
	}
	s.aof.total = s.aof.size() + l.Waiting()
	s.env.RemoveFeed((*aofFeed)(s))
	s.aof.log = nil
	s.aof.before += l.Appended()
	l.Close()
	s.aof.seen = nil
	s.env.NoteAOF("")
}

// tellAcks has those looked at who wait for what they wrote to be on the disk. Anybody may call it.
func (s *Server) tellAcks() {
	if s.env.AcksWanted() && s.group != nil {
		first := s.group.Loops()[0]
		first.Post(func() { s.env.AcksMoved(first) })
	}
}

// synced returns the position up to which all effects are on the disk, -1 if there is no file that data can be made of.
func (a *appendOnly) synced() int64 {
	if !a.on || a.waiting || a.log == nil {
		return -1
	}
	return a.before + a.log.Synced()
}

// wakeFirst has the loop of background work take a turn.
func (s *Server) wakeFirst() {
	if s.group != nil {
		s.group.Loops()[0].Wake()
	}
}

// beginTurnAOF opens or closes the gate for writes. REQUIRES: the keyspace lock, and a log.
func (s *Server) beginTurnAOF() {
	f := s.aof.log.Failing()
	if f == s.aof.seen {
		return
	}
	s.aof.seen = f
	if f == nil {
		s.env.NoteAOF("")
	} else {
		s.env.NoteAOF(aof.Text(f.Err))
	}
}

// openAtStart begins the log behind what was loaded. REQUIRES: the keyspace lock, which nobody else wants much yet.
func (s *Server) openAtStart() error {
	m := s.aof.manifest.Clone()
	if err := os.MkdirAll(m.Dir, 0o755); err != nil {
		s.log.Warningf("Can't open or create append-only dir %s: %s", s.cfg.AppendDirname, aof.Text(err))
		return err
	}
	if err := m.Settle(); err != nil {
		s.log.Warningf("Fail to fsync the append-only files: %v", err)
		return err
	}
	changed := m.DropHistory(s.saidRemoved)
	if !m.Exists() {
		p := m.NewBase(s.cfg.AOFUseRDBPreamble)
		s.log.Noticef("Creating AOF base file %s on server start", p.Name)
		to, err := s.baseTarget(m.Path(p), nil, s.cfg.AOFUseRDBPreamble)
		if err != nil {
			return err
		}
		j, err := s.beginSnapshot(to, true)
		if err != nil {
			return err
		}
		j.Run()
		if _, err := j.Close(); err != nil {
			return err
		}
		s.aof.base, s.aof.total, changed = to.size, to.size, true
	}
	var f *os.File
	var err error
	p := m.LastIncr()
	if p == nil {
		p, changed = m.NewIncr(), true
		f, err = aof.CreateIncr(m.Path(p))
		s.log.Noticef("Creating AOF incr file %s on server start", p.Name)
	} else {
		f, err = os.OpenFile(m.Path(p), os.O_WRONLY|os.O_APPEND, 0o644)
		s.log.Noticef("Opening AOF incr file %s on server start", p.Name)
	}
	if err != nil {
		s.log.Warningf("Can't open the append-only file %s: %s", p.Name, aof.Text(err))
		return err
	}
	if changed {
		if err := m.Write(); err != nil {
			s.log.Warningf("Fail to persist AOF manifest %s: %v", m.Name, err)
			return err
		}
	}
	s.aof.manifest, s.aof.on = m, true
	return s.openLog(f)
}

// saidRemoved tells in the log of a file that is not needed any more.
func (s *Server) saidRemoved(name string, err error) {
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		s.log.Warningf("Failed to remove the history file %s: %v", name, err)
		return
	}
	s.log.Noticef("Removing the history file %s in the background", name)
}

// applyAppendOnly switches the file on or off.
func (s *Server) applyAppendOnly() error {
	switch {
	case s.cfg.AppendOnly && !s.aof.on:
		return s.startAOF()
	case !s.cfg.AppendOnly && s.aof.on:
		s.stopAOF()
	}
	return nil
}

var errNoAOF = errors.New("Unable to turn on AOF. Check server logs.")

// startAOF begins with a rewrite: what happens behind its beginning is written to a file that counts as soon as there is a base.
func (s *Server) startAOF() error {
	a := &s.aof
	if a.manifest == nil {
		m, err := aof.ReadManifest(s.aofDir(), s.cfg.AppendFilename)
		if err != nil {
			s.log.Warningf("%v", err)
			return errNoAOF
		}
		a.manifest = m
	}
	switch {
	case s.saving.job != nil:
		a.on, a.waiting, a.rewrite.scheduled = true, true, true
		s.log.Noticef("AOF was enabled but there is already another background operation. An AOF background was scheduled to start when possible.")
		return nil
	case a.rewrite.phase != rewriteNone:
		s.log.Noticef("AOF was enabled but there is already an AOF rewriting in background. Stopping background AOF and starting a rewrite now.")
		s.abortRewrite() // which may be too late: then it is over, with success
	}
	a.on, a.waiting = true, true
	if err := s.beginRewrite(); err != nil {
		a.on, a.waiting = false, false
		s.log.Warningf("Redis needs to enable the AOF but can't trigger a background AOF rewrite operation. Check the above logs for more info about the error.")
		return errNoAOF
	}
	return nil
}

// stopAOF ends the log, and gives up a rewrite.
func (s *Server) stopAOF() {
	a := &s.aof
	if a.rewrite.phase != rewriteNone {
		s.log.Noticef("Killing running AOF rewrite child: %d", os.Getpid())
		s.abortRewrite()
	}
	a.rewrite.scheduled = false
	s.closeLog()
	a.on, a.waiting, a.rewrite.failed = false, false, false
	s.tellAcks()
}

// endAOF is the end of it when the server ends in good order.
func (s *Server) endAOF(force bool) error {
	a := &s.aof
	if !a.on {
		return nil
	}
	if a.rewrite.phase != rewriteNone {
		if a.waiting && !force {
			s.log.Warningf("Writing initial AOF. Can't exit.")
			return errors.New("writing initial AOF")
		}
		s.log.Warningf("There is a child rewriting the AOF. Killing it!")
		s.abortRewrite()
		a.rewrite.scheduled = false
	}
	if a.log == nil {
		return nil
	}
	s.log.Noticef("Calling fsync() on the AOF file.")
	a.log.Publish()
	if !a.log.FlushAll() && !force {
		s.log.Warningf("Fail to fsync the AOF file.")
		return errors.New("writing the append-only file")
	}
	return nil
}

// aofCron does what has to be done ten times a second.
func (s *Server) aofCron() {
	a := &s.aof
	s.rewriteCron()
	if l := a.log; l != nil {
		l.SetLazy(s.cfg.NoAppendFsyncOnRewrite && (s.saving.job != nil || a.rewrite.phase != rewriteNone))
		idle := l.Appended() == a.rewrite.looked
		a.rewrite.looked = l.Appended()
		l.Rest(idle)
	}
}

// AOF implements command.Saver.
func (o *ops) AOF() command.AOFReport {
	a := &o.server().aof
	r := &a.rewrite
	rep := command.AOFReport{
		On: a.on, Running: r.phase != rewriteNone, Scheduled: r.scheduled, Began: r.began, Seconds: r.seconds - 1,
		Failed: r.failed, Count: r.count, Failures: r.failures, Unwritten: a.seen != nil,
		Size: a.size(), Base: a.base, Synced: a.synced(),
	}
	if l := a.log; l != nil {
		rep.Buffer, rep.Syncing, rep.Delayed = l.Waiting(), l.Syncing(), l.Delayed()
	}
	return rep
}

// RewriteAOF implements command.Saver.
func (o *ops) RewriteAOF(later bool) (scheduled bool, err error) {
	s := o.server()
	switch {
	case s.aof.rewrite.phase != rewriteNone:
		return false, command.ErrRewriting
	case later || s.saving.job != nil:
		s.aof.rewrite.scheduled = true
		s.aof.rewrite.failures = 0 // who asks for it need not wait
		return true, nil
	}
	return false, s.beginRewrite()
}

// LoadAOF implements command.Saver.
func (o *ops) LoadAOF() error {
	s := o.server()
	s.finishRewrite()
	if l := s.aof.log; l != nil {
		l.Publish()
		if !l.FlushAll() {
			return fmt.Errorf("writing the append-only file")
		}
	}
	s.env.InvalidateAll()
	s.env.Gate |= command.GateLoading // who is served in the middle of a slow script
	defer func() { s.env.Gate &^= command.GateLoading }()
	var err error
	s.env.Unheard(func() {
		s.env.Keys.FlushAll(false)
		scripting.FlushLibraries(s.env)
		_, err = s.loadAOF(s.loadPause(nil))
	})
	if err != nil {
		return err
	}
	s.env.Keys.Stats.Dirty = 0
	s.log.Noticef("Append Only File loaded by DEBUG LOADAOF")
	return nil
}

// DelayAOF implements command.Saver.
func (o *ops) DelayAOF(d time.Duration) {
	a := &o.server().aof
	a.delay = d
	if a.log != nil {
		a.log.SetDelay(d)
	}
}

// applyFsync takes over appendfsync.
func (s *Server) applyFsync() error {
	if l := s.aof.log; l != nil {
		l.SetPolicy(s.cfg.AppendFsync)
	}
	return nil
}

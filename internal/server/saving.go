package server

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"granary/internal/command"
	"granary/internal/commands/scripting"
	"granary/internal/info"
	"granary/internal/keyspace"
	"granary/internal/mem"
	"granary/internal/persist/rdb"
	"granary/internal/persist/snapshot"
)

// saving is a snapshot that is being written in the background.
type saving struct {
	job   *snapshot.Job          // nil: none
	dirty int64                  // changes when it began
	large int64                  // large values it was through when somebody was told
	temp  atomic.Pointer[string] // the last file that a snapshot was written to, until it was whole
}

// CountMemory implements command.MemoryHolder. REQUIRES: the keyspace lock.
func (v *saving) CountMemory(count func(p mem.Purpose, usable int64)) {
	if v.job != nil {
		v.job.CountMemory(count)
	}
}

var (
	errSaving   = errors.New("Background save already in progress")
	errCanceled = errors.New("cancelled")
)

// rdbPath is the file of the last snapshot.
func (s *Server) rdbPath() string { return filepath.Join(s.cfg.Dir, s.cfg.DBFilename) }

// beginJob begins to write a snapshot to the file of snapshots. soon: it is about to be loaded.
func (s *Server) beginJob(soon bool) (*snapshot.Job, error) {
	temp := filepath.Join(s.cfg.Dir, fmt.Sprintf("temp-%d.rdb", os.Getpid()))
	s.saving.temp.Store(&temp)
	f, err := snapshot.CreateFile(temp, s.rdbPath(), s.cfg.RDBSaveIncrementalFsync)
	if err != nil {
		s.log.Warningf("Failed opening the temp RDB file %s for saving: %v", filepath.Base(temp), err)
		return nil, err
	}
	f.ReadSoon = soon
	j, err := s.beginSnapshot(f, false)
	if err != nil {
		f.Finish(err)
	}
	return j, err
}

// dropTemp removes the file of a snapshot that will not become whole, because the process ends at once. It takes no lock.
func (s *Server) dropTemp() {
	if temp := s.saving.temp.Load(); temp != nil {
		os.Remove(*temp)
	}
}

// beginSnapshot begins to write a snapshot to a target. base: it is the base of the append-only file.
func (s *Server) beginSnapshot(to snapshot.Target, base bool) (j *snapshot.Job, err error) {
	defer func() {
		if x := recover(); x != nil {
			if x != error(mem.ErrOutOfMemory) {
				panic(x)
			}
			err = mem.ErrOutOfMemory
		}
	}()
	delay := time.Duration(0)
	if s.cfg.RDBKeySaveDelay > 0 {
		delay = time.Duration(s.cfg.RDBKeySaveDelay) * time.Microsecond
	}
	return snapshot.Begin(s.env.Keys, to, snapshot.Options{
		Version:  s.rdbVersion(),
		Compress: s.cfg.RDBCompression,
		Checksum: s.cfg.RDBChecksum,
		Clock:    s.rdbClock(),
		Delay:    delay,
		Head:     func(f *rdb.File) { s.rdbHead(f, base) },
	})
}

// rdbVersion returns the lowest version that can say everything.
func (s *Server) rdbVersion() int {
	for _, db := range s.env.Keys.DBs {
		if db.SubExpires() > 0 {
			return rdb.VersionFields
		}
	}
	return rdb.Version
}

// rdbClock returns which access clock a snapshot tells of: the one that decides who is evicted.
func (s *Server) rdbClock() rdb.Clock {
	switch s.env.Keys.EvictionPolicy().Rule {
	case keyspace.ByFrequency:
		return rdb.ClockFrequency
	case keyspace.ByRecency:
		return rdb.ClockIdle
	}
	return rdb.ClockNone
}

// rdbHead writes what a file has beside keys.
func (s *Server) rdbHead(f *rdb.File, base bool) {
	f.Aux("redis-ver", info.RedisVersion)
	f.AuxInt("redis-bits", 64)
	f.AuxInt("ctime", s.env.Keys.Now/1000)
	f.AuxInt("used-mem", mem.Used())
	isBase := int64(0)
	if base {
		isBase = 1
	}
	f.AuxInt("aof-base", isBase)
	f.Aux(auxData, s.dataAux())
	for _, code := range scripting.Libraries(s.env) {
		f.Function(code)
	}
}

// save writes a snapshot while everybody waits. soon: it is about to be loaded. REQUIRES: the keyspace lock.
func (s *Server) save(soon bool) error {
	if s.saving.job != nil {
		return errSaving
	}
	s.finishRewrite() // there is one walk at a time
	j, err := s.beginJob(soon)
	if err != nil {
		return err
	}
	j.Run()
	if _, err = j.Close(); err != nil {
		s.log.Warningf("Write error saving DB on disk: %v", err)
		return err
	}
	s.saved()
	s.env.Keys.Stats.Dirty = 0
	s.log.Noticef("DB saved on disk")
	return nil
}

// now returns the Unix time in seconds.
func (s *Server) now() int64 { return time.Now().Unix() }

// saved notes a success.
func (s *Server) saved() {
	s.env.Saves.Last = s.now()
	s.env.Saves.Count++
	s.env.NoteSave(false)
}

// beginSave begins a snapshot in the background. REQUIRES: the keyspace lock.
func (s *Server) beginSave() error {
	v := &s.env.Saves
	now := s.env.Keys.Now / 1000
	v.Tried, v.Scheduled = now, false
	j, err := s.beginJob(false)
	if err != nil {
		s.log.Warningf("Can't save in background: %v", err)
		s.env.NoteSave(true)
		return err
	}
	s.saving.job, s.saving.dirty, s.saving.large = j, s.env.Keys.Stats.Dirty, 0
	s.env.SnapshotBegun()
	v.Running, v.Began = true, now
	v.Keys, v.Total = j.Progress()
	s.log.Noticef("Background saving started")
	return nil
}

// saveSlice goes on with a snapshot in the background, and reports whether one is under way. REQUIRES: the keyspace lock.
func (s *Server) saveSlice(deadline time.Time) bool {
	j := s.saving.job
	if j == nil {
		return false
	}
	v := &s.env.Saves
	over := j.Step(deadline)
	v.Keys, v.Total = j.Progress()
	if over {
		s.endSave(j)
	} else if n := j.LargeGiven(); n != s.saving.large {
		s.saving.large = n
		s.env.SnapshotMoved(false, s.cur)
	}
	return !over
}

// savePause returns the milliseconds until the next slice: none while there is something to write and no client wants anything.
func (s *Server) savePause() int64 {
	if s.saving.job.Full() {
		return 1
	}
	if s.env.Pause.Held() > 0 {
		return 0
	}
	return s.breather() / 2
}

// endSave takes over how a snapshot in the background ended.
func (s *Server) endSave(j *snapshot.Job) {
	v := &s.env.Saves
	_, err := j.Close()
	s.saving.job = nil
	s.env.SnapshotMoved(true, s.cur)
	v.Running, v.Keys, v.Total = false, 0, 0
	v.Seconds = s.now() - v.Began
	switch {
	case err == nil:
		s.log.Noticef("DB saved on disk")
		s.log.Noticef("Background saving terminated with success")
		s.env.Keys.Stats.Dirty -= s.saving.dirty
		s.saved()
	case errors.Is(err, errCanceled):
		s.log.Warningf("Background saving terminated by signal 10")
	default:
		s.log.Warningf("Write error saving DB on disk: %v", err)
		s.log.Warningf("Background saving error")
		s.env.NoteSave(true)
	}
}

// abortSave gives up a snapshot in the background, and waits until its file is gone.
func (s *Server) abortSave() {
	if j := s.saving.job; j != nil {
		j.Abort(errCanceled)
		j.Run()
		s.endSave(j)
	}
}

// saveCron begins a snapshot that is due.
func (s *Server) saveCron() {
	if s.saving.job != nil || s.aof.rewrite.phase != rewriteNone || s.env.Gate&command.GateLoading != 0 {
		return
	}
	now := s.env.Keys.Now / 1000
	if s.env.Saves.Scheduled {
		s.beginSave()
		return
	}
	if p := s.env.DueSave(now); p != nil {
		s.log.Noticef("%d changes in %d seconds. Saving...", p.Changes, p.Seconds)
		s.beginSave()
	}
}

// Save implements command.Saver, as do BeginSave and what follows.
func (o *ops) Save() error { return o.server().save(false) }

// BeginSave begins a snapshot, or has it begun soon.
func (o *ops) BeginSave(later bool) error {
	s := o.server()
	if s.saving.job != nil {
		return errSaving
	}
	if later || s.aof.rewrite.phase != rewriteNone {
		s.env.Saves.Scheduled = true
		return nil
	}
	return s.beginSave()
}

// CancelSave gives up a snapshot, or the plan of one.
func (o *ops) CancelSave() (running, scheduled bool) {
	s := o.server()
	running, scheduled = s.saving.job != nil, s.env.Saves.Scheduled
	if running {
		s.abortSave()
	} else {
		s.env.Saves.Scheduled = false
	}
	return running, scheduled
}

// Flushed gives up a snapshot of what is gone, and saves that nothing is left, if anything is saved at all.
func (o *ops) Flushed() {
	s := o.server()
	s.abortSave()
	if len(s.cfg.Save) > 0 {
		if s.aof.rewrite.phase != rewriteNone { // there is nothing any more: the next one is short
			s.abortRewrite()
			s.aof.rewrite.scheduled = true
		}
		s.save(false)
	}
}

// Reload loads the snapshot.
func (o *ops) Reload(how command.ReloadFlags) error {
	s := o.server()
	if how&command.ReloadNoSave == 0 {
		s.abortSave()
		if err := s.save(true); err != nil {
			return err
		}
	}
	if how&command.ReloadNoFlush == 0 {
		s.env.InvalidateAll()
		s.env.Keys.FlushAll(false)
		scripting.FlushLibraries(s.env)
	}
	if err := s.loadFile(loadHow{merge: how&command.ReloadMerge != 0, pause: s.loadPause(nil)}); err != nil {
		return err
	}
	s.log.Warningf("DB reloaded by DEBUG RELOAD")
	return nil
}

package server

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"runtime"
	"strconv"
	"time"

	"granary/internal/command"
	"granary/internal/commands/scripting"
	"granary/internal/config"
	"granary/internal/mem"
	"granary/internal/object"
	"granary/internal/persist/pagecache"
	"granary/internal/persist/rdb"
	"granary/internal/persist/snapshot"
)

// loadSlice is how long loading holds the keyspace lock before it lets clients ask how far it is.
const loadSlice = 500 * time.Microsecond

// loadLook is how many bytes are loaded between two looks at the clock: less than a slice takes, unless they are thousands of
// commands.
const loadLook = 4 << 10

// emptySaid is how many keys without elements are named in the log.
const emptySaid = 10

// loadData loads what was saved. Clients are served meanwhile, most of them with an error, and if it fails until the process ends:
// nobody sees half of the data. REQUIRES: not the keyspace lock.
func (s *Server) loadData() (err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	begin := time.Now()
	s.env.BeginTurn()
	s.env.Gate |= command.GateLoading
	defer func() {
		if err == nil {
			s.env.Gate &^= command.GateLoading
		}
	}()
	pause := s.loadPause(func() {
		s.mu.Unlock()
		runtime.Gosched() // who has waited for a millisecond gets the lock
		s.mu.Lock()
		s.env.BeginTurn()
	})
	if s.cfg.AppendOnly {
		if err := s.loadAppendOnly(pause); err != nil {
			return err
		}
		return s.openAtStart()
	}
	err = s.loadFile(loadHow{pause: pause, fit: s.newFit()})
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	}
	s.env.Keys.Stats.Dirty = 0
	if err := snapshot.SyncDir(s.cfg.Dir); err != nil { // who wrote the file may have been killed before it did
		s.log.Warningf("%v", err)
	}
	s.log.Noticef("DB loaded from disk: %.3f seconds", time.Since(begin).Seconds())
	return nil
}

// loadPause returns what is called after every key or request that was loaded. Every loadSlice it gives back what was deleted and
// compacts, as cron does when the server serves, and calls others, nil: nobody.
func (s *Server) loadPause(others func()) func() {
	last, looked := time.Now(), int64(0)
	return func() {
		read := s.env.Saves.Load.Read
		if looked <= read && read < looked+loadLook && s.cfg.KeyLoadDelay == 0 {
			return
		}
		looked = read
		if time.Since(last) <= loadSlice {
			return
		}
		if s.env.Keys.Pending() > 0 {
			s.env.Keys.Reclaim(time.Now().Add(slice))
			s.env.ChargeWork("lazyfree")
		}
		s.env.DefragTick()
		if others != nil {
			others()
		}
		last = time.Now()
	}
}

// loadFile loads the file of snapshots into what there is.
func (s *Server) loadFile(how loadHow) (err error) {
	f, err := os.Open(s.rdbPath())
	if err != nil {
		if !errors.Is(err, fs.ErrNotExist) {
			s.log.Warningf("Fatal error: can't open the RDB file %s for reading: %v", s.cfg.DBFilename, err)
		}
		return err
	}
	defer f.Close()
	_, err = s.loadSnapshot(f, s.cfg.DBFilename, how)
	return err
}

// loadHow says how a snapshot is loaded.
type loadHow struct {
	merge  bool   // keys may be there already
	tail   bool   // it is part of an append-only file: requests follow, which reckon with keys whose time has come
	before int64  // bytes that were loaded before it
	pause  func() // called after every key; it may let the lock go
	fit    *fit   // looks whether it fits, nil: nobody does
}

// loadSnapshot loads a snapshot out of an open file, and returns how long it is.
func (s *Server) loadSnapshot(f *os.File, name string, how loadHow) (length int64, err error) {
	merge, pause := how.merge, how.pause
	size := int64(-1)
	if st, err := f.Stat(); err == nil && st.Mode().IsRegular() {
		size = st.Size()
	}
	now := s.env.Keys.Now / 1000
	if !how.tail {
		s.env.Saves.Load = command.LoadState{Began: now, Bytes: max(size, 0)}
	}
	state := &s.env.Saves.Load
	d := rdb.NewFileDecoder(pagecache.NewReader(f), size)
	n := int64(0)
	l := &snapshot.Loader{
		KS:          s.env.Keys,
		Replace:     merge,
		KeepExpired: how.tail,
		OnAux: func(name, value string) {
			s.loadedAux(name, value, now)
			if how.fit != nil {
				how.fit.aux(name, value)
			}
		},
		OnFunction: func(code []byte) error {
			return scripting.LoadLibrary(s.env, code, merge)
		},
	}
	l.OnEmpty = func(key []byte) {
		if l.Skipped <= emptySaid {
			s.log.Warningf("skipping empty key: %s", s.log.User(said(key)))
		}
	}
	l.Between = func() error {
		state.Keys, state.Expired, state.Read = l.Keys, l.Expired, how.before+d.Offset()
		if how.fit != nil {
			if err := how.fit.look(l, state); err != nil {
				return err
			}
		}
		if delay := s.cfg.KeyLoadDelay; delay != 0 {
			if n++; delay > 0 {
				time.Sleep(time.Duration(delay) * time.Microsecond)
			} else if n%-delay == 0 {
				time.Sleep(time.Microsecond)
			}
		}
		pause()
		return nil
	}
	defer func() {
		l.End()
		if x := recover(); x != nil {
			if x != error(mem.ErrOutOfMemory) {
				panic(x)
			}
			err = mem.ErrOutOfMemory
		}
		if f := (*fitError)(nil); errors.As(err, &f) {
			err = f // no key is to blame
		}
		if err != nil {
			s.sayLoadError(name, err)
		}
	}()
	trust := rdb.Trust{Version: s.cfg.RDBVersionCheck == config.RDBVersionRelaxed, Checksum: s.env.TrustChecksums || !s.cfg.RDBChecksum}
	_, err = rdb.ReadFile(d, s.env.Keys.Arena, rdb.LimitsOf(s.cfg, s.env.Keys.Limits), trust, l)
	state.Keys, state.Expired, state.Read = l.Keys, l.Expired, how.before+d.Offset()
	length = d.Offset()
	if err == nil && !how.tail && size >= 0 && d.Left() > 0 {
		err = fmt.Errorf("%d bytes behind its end", d.Left())
	}
	if err != nil {
		return 0, err
	}
	if l.Skipped > 0 {
		s.log.Warningf("Done loading RDB, keys loaded: %d, keys expired: %d, empty keys skipped: %d.", l.Keys, l.Expired, l.Skipped)
		return length, nil
	}
	s.log.Noticef("Done loading RDB, keys loaded: %d, keys expired: %d.", l.Keys, l.Expired)
	return length, nil
}

// sayLoadError logs why a file cannot be loaded, in words that tools look for.
func (s *Server) sayLoadError(name string, err error) {
	if f := (*fitError)(nil); errors.As(err, &f) {
		s.log.Warningf("Will not load %s: %v. It is as it was. Give the server more memory, or set load-memory-check to warn.", name, f)
		return
	}
	switch {
	case errors.Is(err, rdb.ErrShort), errors.Is(err, mem.ErrOutOfMemory):
		s.log.Warningf("Short read or OOM loading DB. Unrecoverable error, aborting now.")
	case errors.Is(err, rdb.ErrChecksum):
		s.log.Warningf("RDB CRC error: wrong checksum. Aborting now.")
	}
	of := ""
	if f := (*rdb.FileError)(nil); errors.As(err, &f) && f.Key != "" {
		of = fmt.Sprintf(", key '%s'", s.log.User(said(f.Key)))
	}
	s.log.Warningf("Internal error in RDB reading of %s%s: %v", name, of, err)
	s.log.Warningf("Terminating server after rdb file reading failure.")
}

// said is what a log says of a string in a file, whose writer nobody knows: a line of it, escaped, and no more than its beginning.
func said[S string | []byte](s S) string {
	const most = 128 // bytes
	more := ""
	if n := len(s) - most; n > 0 {
		s, more = s[:most], fmt.Sprintf("... (%d more bytes)", n)
	}
	quoted := strconv.Quote(string(s))
	return quoted[1:len(quoted)-1] + more
}

// loadedAux tells in the log what a file says of itself.
func (s *Server) loadedAux(name, value string, now int64) {
	switch name {
	case "redis-ver":
		s.log.Noticef("Loading RDB produced by version %s", said(value))
	case "ctime":
		if n, ok := object.ParseInt([]byte(value)); ok {
			s.log.Noticef("RDB age %d seconds", max(now-n, 0))
		}
	case "used-mem":
		if n, ok := object.ParseInt([]byte(value)); ok {
			s.env.Saves.Load.UsedMem = n
			s.log.Noticef("RDB memory usage when created %.2f Mb", float64(n)/(1<<20))
		}
	}
}

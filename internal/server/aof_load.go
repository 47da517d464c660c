package server

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"granary/internal/command"
	"granary/internal/persist/aof"
	"granary/internal/persist/pagecache"
)

// loadAppendOnly loads the append-only file at start and opens it for what follows. REQUIRES: the keyspace lock.
func (s *Server) loadAppendOnly(pause func()) error {
	begin := time.Now()
	if s.readManifest() != nil {
		return errSaid
	}
	var found bool
	var err error
	s.env.Unheard(func() { found, err = s.loadAOF(pause) })
	if err != nil {
		return errSaid
	}
	if found {
		s.log.Noticef("DB loaded from append only file: %.3f seconds", time.Since(begin).Seconds())
	}
	s.env.Keys.Stats.Dirty = 0
	return nil
}

// readManifest reads the manifest, and takes the one file of an old server over if there is one.
func (s *Server) readManifest() error {
	m, err := aof.ReadManifest(s.aofDir(), s.cfg.AppendFilename)
	if err != nil {
		var bad *aof.ManifestError
		if errors.As(err, &bad) {
			s.log.Warningf("*** FATAL AOF MANIFEST FILE ERROR ***")
			for _, line := range bad.Lines() {
				s.log.Warningf("%s", line)
			}
		} else {
			s.log.Warningf("Fatal error: can't open the AOF manifest file %s for reading: %s", s.cfg.AppendFilename, aof.Text(err))
		}
		return err
	}
	s.aof.manifest = m
	return s.upgrade(m)
}

// upgrade makes the file that a server before 7.0 wrote the base of a manifest.
func (s *Server) upgrade(m *aof.Manifest) error {
	old := filepath.Join(s.cfg.Dir, s.cfg.AppendFilename)
	if st, err := os.Stat(old); err != nil || !st.Mode().IsRegular() {
		return nil
	}
	path := filepath.Join(m.Dir, s.cfg.AppendFilename)
	switch {
	case !m.Exists() && len(m.History) == 0:
	case m.Base != nil && m.Base.Name == s.cfg.AppendFilename && len(m.Incr) == 0 && gone(path): // it was begun and not finished
	default:
		return nil
	}
	fail := func(what string, err error) error {
		s.log.Warningf("Error trying to %s: %v", what, err)
		return err
	}
	if err := os.MkdirAll(m.Dir, 0o755); err != nil {
		return fail("create the append-only directory", err)
	}
	m.Adopt(s.cfg.AppendFilename)
	if err := m.Write(); err != nil {
		return fail("persist the AOF manifest", err)
	}
	if err := os.Rename(old, path); err != nil {
		return fail("move the old AOF file "+s.cfg.AppendFilename+" into dir "+s.cfg.AppendDirname, err)
	}
	s.log.Noticef("Successfully migrated an old-style AOF configuration (%s) into the AOF directory (%s).", s.cfg.AppendFilename, s.cfg.AppendDirname)
	return nil
}

func gone(path string) bool {
	_, err := os.Stat(path)
	return errors.Is(err, fs.ErrNotExist)
}

// loadAOF loads all files of the manifest. REQUIRES: the keyspace lock, Env.Unheard around it.
func (s *Server) loadAOF(pause func()) (found bool, err error) {
	m := s.aof.manifest
	if m == nil || !m.Exists() {
		return false, nil
	}
	sizes, total, err := s.sizes(m)
	if err != nil {
		return false, err
	}
	s.aof.total, s.aof.base = total, 0
	if l := s.aof.log; l != nil {
		s.aof.total -= l.Written()
	}
	if m.Base != nil {
		s.aof.base = sizes[0]
	}
	if total == 0 {
		return false, nil
	}
	s.env.Saves.Load = command.LoadState{Began: s.env.Keys.Now / 1000, Bytes: total}
	x := &aofLoader{s: s, pause: pause}
	defer x.sayIgnored()
	list := m.Parts()
	for i := range list {
		p := &list[i]
		kind := "incr"
		if p.Kind == aof.Base {
			kind = "base"
		}
		x.last = sum(sizes[i+1:]) == 0
		begin := time.Now()
		cut, err := x.file(m, p)
		if err != nil {
			return false, err
		}
		if sizes[i] > 0 {
			s.log.Noticef("DB loaded from %s file %s: %.3f seconds", kind, p.Name, time.Since(begin).Seconds())
		}
		s.aof.total -= cut
		x.before += sizes[i]
	}
	return true, nil
}

// sizes returns the sizes of all files, which have to be there.
func (s *Server) sizes(m *aof.Manifest) (sizes []int64, total int64, err error) {
	list := m.Parts()
	for i := range list {
		st, err := os.Stat(m.Path(&list[i]))
		if err != nil {
			s.log.Warningf("Unable to obtain the AOF file %s length. stat: %s", list[i].Name, aof.Text(errors.Unwrap(err)))
			return nil, 0, err
		}
		sizes = append(sizes, st.Size())
		total += st.Size()
	}
	return sizes, total, nil
}

func sum(list []int64) (n int64) {
	for _, v := range list {
		n += v
	}
	return n
}

// aofLoader loads one file after the other.
type aofLoader struct {
	s      *Server
	pause  func()
	before int64 // bytes of the files before
	last   bool  // the file is the last one that has anything: of a new increment the name is written before the old one is full
	n      int

	ignored command.Ignored // errors of commands, in all files
	where   string          // the first of them was
}

// file loads a file. cut is how many bytes were cut off its end.
func (x *aofLoader) file(m *aof.Manifest, p *aof.Part) (cut int64, err error) {
	s, path := x.s, m.Path(p)
	f, err := os.Open(path)
	if err != nil {
		s.log.Warningf("Fatal error: can't open the append log file %s for reading: %s", p.Name, aof.Text(err))
		return 0, err
	}
	defer f.Close()
	src := bufio.NewReaderSize(pagecache.NewReader(f), 64<<10)
	offset := int64(0)
	if magic, _ := src.Peek(5); string(magic) == "REDIS" {
		if p.Kind == aof.Base && filepath.Ext(p.Name) == ".rdb" {
			s.log.Noticef("Reading RDB base file on AOF loading...")
		} else {
			s.log.Noticef("Reading RDB preamble from AOF file...")
		}
		if offset, err = x.snapshot(f, p.Name); err != nil {
			s.log.Warningf("Error reading the RDB preamble of the AOF file %s, AOF loading aborted", p.Name)
			return 0, err
		}
		if _, err := f.Seek(offset, io.SeekStart); err != nil {
			return 0, err
		}
		src.Reset(pagecache.NewReader(f))
		if st, e := f.Stat(); e == nil && st.Size() > offset {
			s.log.Noticef("Reading the remaining AOF tail...")
		}
	}
	valid, err := x.commands(aof.NewReader(src, offset), p.Name)
	var format *aof.FormatError
	switch {
	case err == nil:
		return 0, nil
	case errors.Is(err, aof.ErrTruncated):
		return x.truncate(path, p.Name, valid)
	case errors.As(err, &format):
		s.log.Warningf("Bad file format reading the append only file %s: make a backup of your AOF file, then use ./redis-check-aof --fix <filename.manifest>", p.Name)
		s.log.Warningf("In the file %s: %v", p.Name, format)
	case errors.Is(err, errSaid):
	default:
		s.log.Warningf("Unrecoverable error reading the append only file %s: %v", p.Name, err)
	}
	return 0, err
}

// snapshot loads what a file begins with, and returns its length.
func (x *aofLoader) snapshot(f *os.File, name string) (n int64, err error) {
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return 0, err
	}
	return x.s.loadSnapshot(f, name, loadHow{tail: true, before: x.before, pause: x.pause})
}

// errSaid is an error that the log tells of.
var errSaid = errors.New("the append-only file cannot be loaded")

// commands executes what a file has. valid is the offset up to which everything counts, if the file ends too soon.
func (x *aofLoader) commands(r *aof.Reader, name string) (valid int64, err error) {
	s := x.s
	session := s.env.NewReplayer(&x.ignored)
	defer session.EndMulti()
	begin := r.Offset() // of the command, or of the transaction that it is in
	state := &s.env.Saves.Load
	valid = r.Offset()
	for {
		args, err := r.Next()
		switch {
		case err == io.EOF && session.InMulti():
			s.log.Warningf("Revert incomplete MULTI/EXEC transaction from AOF file %s", name)
			return valid, aof.ErrTruncated
		case err == io.EOF:
			return valid, nil
		case err != nil:
			return valid, err
		}
		if !session.InMulti() {
			begin = r.Begin()
		}
		switch failure := session.Replay(args); failure {
		case "":
		case command.ErrOutOfMemory:
			s.log.Warningf("There is not enough memory to load the append only file %s", name)
			return valid, errSaid
		default:
			s.log.Warningf("Error reading the append only file %s, error: %s", name, strings.TrimPrefix(failure, "ERR "))
			return valid, errSaid
		}
		if x.ignored.Count > 0 && x.where == "" {
			x.where = fmt.Sprintf("%s at offset %d", name, begin)
		}
		if !session.InMulti() {
			valid = r.Offset()
		}
		state.Read = x.before + r.Offset()
		x.rest()
	}
}

// sayIgnored tells of commands that failed, in one line.
func (x *aofLoader) sayIgnored() {
	i := &x.ignored
	if i.Count == 0 {
		return
	}
	more := ""
	if i.Count > 1 {
		more = fmt.Sprintf("; errors that followed: %d", i.Count-1)
	}
	x.s.log.Warningf("A command of the append-only file failed when it was executed again, and nothing was done for it: '%s' in %s: %s%s",
		i.Command, x.where, x.s.log.User(strings.TrimPrefix(i.Text, "ERR ")), more)
}

// rest is called after every command. It lets others ask how far loading is.
func (x *aofLoader) rest() {
	s := x.s
	x.n++
	if delay := s.cfg.KeyLoadDelay; delay > 0 {
		time.Sleep(time.Duration(delay) * time.Microsecond)
	} else if delay < 0 && int64(x.n)%-delay == 0 {
		time.Sleep(time.Microsecond)
	}
	if x.n%16 == 0 {
		x.pause()
	}
}

// truncate cuts a file off behind what counts, if that is allowed.
func (x *aofLoader) truncate(path, name string, valid int64) (cut int64, err error) {
	s := x.s
	if s.cfg.AOFLoadTruncated && x.last {
		s.log.Warningf("!!! Warning: short read while loading the AOF file %s!!!", name)
		s.log.Warningf("!!! Truncating the AOF %s at offset %d !!!", name, valid)
		st, err := os.Stat(path)
		if err == nil {
			err = os.Truncate(path, valid)
		}
		if err == nil {
			s.log.Warningf("AOF %s loaded anyway because aof-load-truncated is enabled", name)
			return st.Size() - valid, nil
		}
		s.log.Warningf("Error truncating the AOF file %s: %v", name, err)
	} else if s.cfg.AOFLoadTruncated {
		s.log.Warningf("Fatal error: the truncated file is not the last file")
	}
	s.log.Warningf("Unexpected end of file reading the append only file %s. You can: 1) Make a backup of your AOF file, then use ./redis-check-aof --fix <filename.manifest>. "+
		"2) Alternatively you can set the 'aof-load-truncated' configuration option to yes and restart the server.", name)
	return 0, fmt.Errorf("%s: %w", name, aof.ErrTruncated)
}

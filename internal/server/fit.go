package server

import (
	"fmt"
	"hash/crc32"
	"strings"

	"granary/internal/command"
	"granary/internal/config"
	"granary/internal/keyspace"
	"granary/internal/mem"
	"granary/internal/object"
	"granary/internal/persist/rdb"
	"granary/internal/persist/snapshot"
)

// Will it fit? A server that starts does not load a snapshot that cannot fit: it would be killed by the kernel in the middle
// of it, or come up and refuse every write. What counts is what the machine (its cgroup) allows the process, and, unless keys
// are evicted, maxmemory and maxmemory-data. A limit on data alone, or maxmemory, may be exceeded by a sixteenth: one command
// may have done that while the server ran.
//
//  1. Before the first key, when the file is our own. It says in the field granary-data what its values took when it was written
//     (whole), and how much of that they take at least wherever they are loaded with the same limits of encodings (least).
//     If no key of it expires and least does not fit, nothing is loaded. If whole does not fit, a warning says so.
//  2. Before the first key, when the file is another server's: used-mem is all that is known. A warning, no more.
//  3. After every key: memory is above the limit. That is exact, whoever wrote the file.
//
// load-memory-check says whether not to fit is an error (refuse), a warning, or nothing. DEBUG RELOAD and append-only files
// are not looked at: there, what is there already is lost, or later requests may delete it again.

const (
	auxData = "granary-data" // field of a file: whole, least, and of which limits

	// processSelf is what a process takes beside the memory that is booked: the Go runtime, the binary, stacks.
	processSelf = 32 << 20

	// excess is the share of a limit by which data may exceed it.
	excess = 16
)

// tightSet are purposes whose regions are exactly as long as what is in them, or become so by loading, of the same class; what
// is in others may become shorter: tables, strings that were appended to, listpacks.
var tightSet = mem.SetOf(mem.PurposeEntry, mem.PurposeHashEntry, mem.PurposeSetMember, mem.PurposeZSetMember)

// dataAux returns what a snapshot says of the memory of its values.
func (s *Server) dataAux() string {
	whole := mem.UsedFor(mem.KeyspaceSet())
	tight := mem.UsedFor(tightSet)
	tables := mem.UsedFor(mem.SetOf(mem.PurposeTable, mem.PurposeHashTable, mem.PurposeSetTable, mem.PurposeZSetTable, mem.PurposeZSetIndex, mem.PurposeExpire))
	return fmt.Sprintf("%d %d %08x", whole, tight+(whole-tight-tables)/2, s.encodingLimits())
}

// encodingLimits returns a number for all that decides how much memory a value takes.
func (s *Server) encodingLimits() uint32 {
	lim := rdb.LimitsOf(s.cfg, object.StringLimits{Embstr: s.env.Keys.Limits.Embstr})
	return crc32.ChecksumIEEE(fmt.Appendf(nil, "%v %v %v", lim, s.cfg.AllocatorProfile, s.cfg.ListCompressDepth))
}

// fitLimit is a limit that data have to fit in.
type fitLimit struct {
	name  string
	bytes int64
	used  func() int64 // how much of it is used
}

// fit is what is known of a data set that is being loaded. REQUIRES: the keyspace lock, for all methods.
type fit struct {
	s      *Server
	limits []fitLimit
	whole  int64 // bytes of its values, 0: the file does not say
	least  int64 // that they take in any case, 0: not known
	other  int64 // used_memory of who wrote it
	keys   int64 // looked at
	said   bool  // a warning, of memory above a limit
}

// fitError says that a data set does not fit.
type fitError struct{ what string }

// Error says why.
func (e *fitError) Error() string { return "the data set does not fit: " + e.what }

// newFit returns what looks at a snapshot that is loaded at start, nil if nothing is to be looked at.
func (s *Server) newFit() *fit {
	if s.cfg.LoadMemoryCheck == config.FitIgnore {
		return nil
	}
	f := &fit{s: s}
	add := func(name string, bytes int64, used func() int64) {
		if bytes > 0 {
			f.limits = append(f.limits, fitLimit{name, bytes, used})
		}
	}
	data := func() int64 { return mem.UsedFor(mem.KeyspaceSet()) }
	if s.env.Keys.EvictionPolicy().Rule == keyspace.NoEviction {
		add("maxmemory and a sixteenth", s.cfg.MaxMemory+s.cfg.MaxMemory/excess, mem.Used)
		if n := s.cfg.MaxMemoryDataBytes(); n > 0 {
			add("maxmemory-data and a sixteenth", n+n/excess, data)
		}
	}
	add("what the machine allows", machineMemory()-processSelf, mem.Used)
	if len(f.limits) == 0 {
		return nil
	}
	return f
}

// aux takes a field of the file.
func (f *fit) aux(name, value string) {
	switch name {
	case "used-mem":
		f.other, _ = object.ParseInt([]byte(value))
	case auxData:
		var whole, least int64
		var limits uint32
		if n, _ := fmt.Sscanf(value, "%d %d %x", &whole, &least, &limits); n != 3 || least > whole || least < 0 {
			return
		}
		f.whole = whole
		if limits == f.s.encodingLimits() {
			f.least = least
		}
	}
}

// look is called after every key.
func (f *fit) look(l *snapshot.Loader, at *command.LoadState) error {
	if f.keys++; f.keys == 1 {
		if err := f.foresee(l); err != nil {
			return err
		}
	}
	for i := range f.limits {
		lim := &f.limits[i]
		if used := lim.used(); used > lim.bytes && !f.said {
			f.said = f.s.cfg.LoadMemoryCheck == config.FitWarn
			return f.refuse("after %d of %d keys and %d of %d bytes of the file %d bytes of memory are used, and %s is %d",
				l.Keys, max(l.Told, l.Keys), at.Read, at.Bytes, used, lim.name, lim.bytes)
		}
	}
	return nil
}

// foresee says what is known before there is much to see.
func (f *fit) foresee(l *snapshot.Loader) error {
	for i := range f.limits {
		lim := &f.limits[i]
		room := lim.bytes - lim.used()
		switch {
		case f.least > room && l.ToldExpires == 0:
			f.said = f.s.cfg.LoadMemoryCheck == config.FitWarn
			return f.refuse("its %d keys take at least %d bytes, %d when they were saved, and of %s, which is %d bytes, %d are left",
				l.Told, f.least, f.whole, lim.name, lim.bytes, max(room, 0))
		case f.whole > room:
			f.s.log.Warningf("The data set may not fit: its %d keys, %d of which expire, took %d bytes when they were saved, and of %s, which is %d bytes, %d are left.",
				l.Told, l.ToldExpires, f.whole, lim.name, lim.bytes, max(room, 0))
			return nil
		case f.whole == 0 && f.other > room:
			f.s.log.Warningf("The data set may not fit: who saved it used %d bytes in all, of which Granary may need as much, and of %s, which is %d bytes, %d are left.",
				f.other, lim.name, lim.bytes, max(room, 0))
			return nil
		}
	}
	return nil
}

// refuse makes an error, or a warning if that is wanted.
func (f *fit) refuse(format string, args ...any) error {
	err := &fitError{strings.TrimSuffix(fmt.Sprintf(format, args...), ".")}
	if f.s.cfg.LoadMemoryCheck == config.FitWarn {
		f.s.log.Warningf("WARNING: %v.", err)
		return nil
	}
	return err
}

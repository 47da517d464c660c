// Package aof keeps the append-only file: the effects of commands, written as they happen, from which the data set can be made
// again. It knows bytes and files; what the bytes mean, when a snapshot is taken and who is refused when the disk is full, are
// its callers' business.
//
// # The files
//
// As Redis has them since 7.0, in a directory of their own (appenddirname):
//
//	appendonly.aof.manifest     which of the others count, a line each
//	appendonly.aof.1.base.rdb   a snapshot, from which loading begins
//	appendonly.aof.1.incr.aof   what happened since, in the protocol of requests
//	appendonly.aof.2.incr.aof   and so on: a rewrite begins a new one
//
// A line of the manifest is pairs of words:
//
//	file appendonly.aof.1.base.rdb seq 1 type b
//	file appendonly.aof.1.incr.aof seq 1 type i
//
// with b for base, i for increment, and h for history: no longer needed, to be deleted. A new manifest takes the place of
// the old one by renaming, so there is always a whole one.
//
//	manifest.go  the manifest
//	log.go       the increment being written: buffer, write, fsync
//	read.go      requests out of a file
package aof

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"granary/internal/config"
)

// Kind is what a file is for.
type Kind byte

// The kinds.
const (
	Base    Kind = 'b'
	Incr    Kind = 'i'
	History Kind = 'h'
)

// Endings of the names of files.
const (
	baseRDB        = ".base.rdb"
	baseAOF        = ".base.aof"
	incrAOF        = ".incr.aof"
	manifestSuffix = ".manifest"
	tempPrefix     = "temp-"
)

// Part is a file of the manifest.
type Part struct {
	Name string // without directory
	Seq  int64
	Kind Kind
}

// Manifest says which files make up the data set.
type Manifest struct {
	Dir  string // of all files
	Name string // appendfilename: what the names begin with

	Base    *Part // nil: none
	Incr    []Part
	History []Part

	baseSeq, incrSeq int64 // the highest that were given
}

const (
	maxLine     = 1024    // the longest line of a manifest
	maxManifest = 4 << 20 // the longest manifest
)

// ManifestError says what is wrong with a manifest.
type ManifestError struct {
	Line int // 0: the file as a whole
	Text string
	What string
}

// Error is what Redis logs.
func (e *ManifestError) Error() string {
	if e.Line == 0 {
		return e.What
	}
	return fmt.Sprintf("Reading the manifest file, at line %d\n>>> '%s'\n%s", e.Line, e.Text, e.What)
}

// Lines are the lines that Redis logs.
func (e *ManifestError) Lines() []string { return strings.Split(e.Error(), "\n") }

// Parts returns the files to be loaded, in order.
func (m *Manifest) Parts() (list []Part) {
	if m.Base != nil {
		list = append(list, *m.Base)
	}
	return append(list, m.Incr...)
}

// Path returns the path of a file.
func (m *Manifest) Path(p *Part) string { return filepath.Join(m.Dir, p.Name) }

// manifestPath is the path of the manifest itself.
func (m *Manifest) manifestPath() string { return filepath.Join(m.Dir, m.Name+manifestSuffix) }

// ReadManifest reads the manifest in a directory. One that does not exist is empty.
func ReadManifest(dir, name string) (*Manifest, error) {
	m := &Manifest{Dir: dir, Name: name}
	f, err := os.Open(m.manifestPath())
	if errors.Is(err, os.ErrNotExist) {
		return m, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return m, m.read(f)
}

// ReadManifestFile reads a manifest, whatever its name.
func ReadManifestFile(path string) (*Manifest, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	m := &Manifest{Dir: filepath.Dir(path)}
	return m, m.read(f)
}

// read reads a file of some bytes: nobody has so many increments that it is long.
func (m *Manifest) read(f *os.File) error {
	b, err := io.ReadAll(io.LimitReader(f, maxManifest+1))
	switch {
	case err != nil:
		return err
	case len(b) > maxManifest:
		return &ManifestError{What: fmt.Sprintf("The AOF manifest file has more than %d bytes", maxManifest)}
	}
	return m.parse(b)
}

// parse reads the lines.
func (m *Manifest) parse(b []byte) error {
	if len(b) == 0 {
		return &ManifestError{What: "Found an empty AOF manifest"}
	}
	for n := 1; len(b) > 0; n++ {
		line, rest, whole := bytes.Cut(b, []byte{'\n'})
		b = rest
		text := string(line[:min(len(line), maxLine)])
		fail := func(what string) error { return &ManifestError{n, text, what} }
		if len(line) >= maxLine || !whole {
			return fail("The AOF manifest file contains too long line")
		}
		if strings.HasPrefix(text, "#") {
			continue
		}
		p, what := parseLine(strings.TrimSpace(text))
		if what == "" {
			what = m.add(p)
		}
		if what != "" {
			return fail(what)
		}
	}
	return nil
}

const errFormat = "Invalid AOF manifest file format"

// parseLine reads a line; what is not empty if it cannot be read.
func parseLine(text string) (p Part, what string) {
	words, ok := config.SplitArgs(text)
	if !ok || len(words) < 6 || len(words)%2 != 0 {
		return p, errFormat
	}
	for i := 0; i < len(words); i += 2 {
		v := words[i+1]
		switch strings.ToLower(words[i]) {
		case "file":
			p.Name = v
			if strings.ContainsRune(v, '/') {
				return p, "File can't be a path, just a filename"
			}
		case "seq":
			n, err := strconv.ParseInt(v, 10, 64)
			if err != nil {
				n = 0 // as atoll has it
			}
			p.Seq = n
		case "type":
			if v == "" {
				return p, errFormat
			}
			p.Kind = Kind(v[0])
		}
	}
	if p.Name == "" || p.Seq == 0 || p.Kind == 0 {
		return p, errFormat
	}
	return p, ""
}

// add takes a file into the manifest.
func (m *Manifest) add(p Part) (what string) {
	switch p.Kind {
	case Base:
		if m.Base != nil {
			return "Found duplicate base file information"
		}
		m.Base, m.baseSeq = &p, p.Seq
	case History:
		m.History = append(m.History, p)
	case Incr:
		if p.Seq <= m.incrSeq {
			return "Found a non-monotonic sequence number"
		}
		m.Incr = append(m.Incr, p)
		m.incrSeq = p.Seq
	default:
		return "Unknown AOF file type"
	}
	return ""
}

// format returns the lines.
func (m *Manifest) format() []byte {
	var b bytes.Buffer
	line := func(p *Part) {
		fmt.Fprintf(&b, "file %s seq %d type %c\n", quoteWord(p.Name), p.Seq, p.Kind)
	}
	if m.Base != nil {
		line(m.Base)
	}
	for i := range m.History {
		line(&m.History[i])
	}
	for i := range m.Incr {
		line(&m.Incr[i])
	}
	return b.Bytes()
}

// Clone returns a copy to change, which becomes the manifest when it is written.
func (m *Manifest) Clone() *Manifest {
	c := *m
	if m.Base != nil {
		base := *m.Base
		c.Base = &base
	}
	c.Incr = append([]Part(nil), m.Incr...)
	c.History = append([]Part(nil), m.History...)
	return &c
}

// Exists reports whether there is anything to load.
func (m *Manifest) Exists() bool { return m.Base != nil || len(m.Incr) > 0 }

// NewBase makes a new file the base, the old one history.
func (m *Manifest) NewBase(rdb bool) *Part {
	if m.Base != nil {
		m.Base.Kind = History
		m.History = append(m.History, *m.Base)
	}
	suffix := baseAOF
	if rdb {
		suffix = baseRDB
	}
	m.Base = m.newPart(&m.baseSeq, suffix, Base)
	return m.Base
}

// newPart returns a file with the next number. A file that is to be deleted may have it, if the manifest was read and had nothing
// beside it.
func (m *Manifest) newPart(seq *int64, suffix string, kind Kind) *Part {
	for {
		*seq++
		name := fmt.Sprintf("%s.%d%s", m.Name, *seq, suffix)
		if !slices.ContainsFunc(m.History, func(p Part) bool { return p.Name == name }) {
			return &Part{name, *seq, kind}
		}
	}
}

// NewIncr adds a new increment.
func (m *Manifest) NewIncr() *Part {
	m.Incr = append(m.Incr, *m.newPart(&m.incrSeq, incrAOF, Incr))
	return &m.Incr[len(m.Incr)-1]
}

// LastIncr returns the increment that is written, nil if there is none.
func (m *Manifest) LastIncr() *Part {
	if len(m.Incr) == 0 {
		return nil
	}
	return &m.Incr[len(m.Incr)-1]
}

// Outdate makes all increments history but the last ones, keep in number.
func (m *Manifest) Outdate(keep int) {
	for len(m.Incr) > keep {
		p := m.Incr[0]
		p.Kind = History
		m.History = append(m.History, p)
		m.Incr = m.Incr[1:]
	}
}

// TempIncr returns the path of an increment that does not count yet: there is no base to begin from.
func (m *Manifest) TempIncr() string { return filepath.Join(m.Dir, tempPrefix+m.Name+".incr") }

// Adopt makes the file of an old server, which had one only, the base.
func (m *Manifest) Adopt(name string) {
	m.baseSeq = 1
	m.Base = &Part{name, 1, Base}
}

// Write makes the manifest the one of its directory.
func (m *Manifest) Write() error {
	temp := filepath.Join(m.Dir, tempPrefix+m.Name+manifestSuffix)
	f, err := os.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o644)
	if err != nil {
		return err
	}
	_, err = f.Write(m.format())
	if err == nil {
		err = f.Sync()
	}
	if e := f.Close(); err == nil {
		err = e
	}
	if err == nil {
		err = os.Rename(temp, m.manifestPath())
	}
	if err != nil {
		os.Remove(temp)
		return err
	}
	return SyncDir(m.Dir)
}

// SyncDir makes what was renamed or removed in a directory last.
func SyncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}

// CreateIncr creates the file of a new increment. A process that was killed may have left one of that name: that it is empty now
// is on the disk when it returns, or what it had might come back. So is its name, before a manifest tells of it.
func CreateIncr(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND|os.O_CREATE|os.O_TRUNC, 0o644)
	if err != nil {
		return nil, err
	}
	if err = f.Sync(); err == nil {
		err = SyncDir(filepath.Dir(path))
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// Settle brings to the disk what a process that was killed may have left to the kernel: the files, their names and that of the
// directory. Until then a failure of power might leave an older manifest, and files that are shorter than what was loaded.
func (m *Manifest) Settle() error {
	list := m.Parts()
	for i := range list {
		f, err := os.Open(m.Path(&list[i]))
		if err != nil {
			return err
		}
		err = f.Sync()
		f.Close()
		if err != nil {
			return err
		}
	}
	if err := SyncDir(m.Dir); err != nil {
		return err
	}
	return SyncDir(filepath.Dir(m.Dir))
}

// DropHistory deletes the files that are not needed and takes them out of the manifest, which is to be written then. It
// reports whether there were any.
func (m *Manifest) DropHistory(tell func(name string, err error)) bool {
	if len(m.History) == 0 {
		return false
	}
	for i := range m.History {
		tell(m.History[i].Name, os.Remove(m.Path(&m.History[i])))
	}
	m.History = nil
	return true
}

// quoteWord returns a name as a line holds it: between quotes if it has blanks or bytes that cannot be printed.
func quoteWord(s string) string {
	for i := range len(s) {
		if c := s[i]; c <= ' ' || c >= 0x7f || c == '"' || c == '\'' || c == '\\' {
			return string(config.AppendQuoted(nil, s))
		}
	}
	return s
}

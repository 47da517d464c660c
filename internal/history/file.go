package history

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
)

// The file:
//
//	0              8         12          16              20              24      28        32
//	+--------------+---------+-----------+---------------+---------------+-------+---------+----------------+-----+
//	| "GRANMEMH"   | version | page size | pages seconds | pages minutes | lines | length  | names of lines | crc |
//	+--------------+---------+-----------+---------------+---------------+-------+---------+----------------+-----+
//
// Numbers have 32 bits, little endian. A name is a byte of length and as many bytes; length is that of the header with the
// checksum. The header takes a page; those of the rings follow. Of a page that was never written there is a hole, or nothing.
//
// A file of other lines or with other sizes is read, its lines are found by name, and it is written anew.
const (
	fileMagic   = "GRANMEMH"
	fileVersion = 1

	versionOff  = 8
	pageSizeOff = 12
	secondsOff  = 16
	minutesOff  = 20
	linesAtOff  = 24
	lengthOff   = 28
	fileHead    = 32

	maxPages = 1 << 16
	maxLines = 1 << 10
)

// Errors of files.
var (
	// ErrNoHistory is a file that is no history of memory, or whose header is damaged.
	ErrNoHistory = errors.New("no history of memory")
	// ErrVersion is a file of a version that is not known here.
	ErrVersion = errors.New("history of memory of another version")
)

type header struct {
	lines []string
	pages [2]int
	size  int // of a page
}

// encode returns the header as the file has it.
func (h *header) encode() []byte {
	le := binary.LittleEndian
	b := make([]byte, fileHead, pageSize)
	copy(b, fileMagic)
	le.PutUint32(b[versionOff:], fileVersion)
	le.PutUint32(b[pageSizeOff:], uint32(h.size))
	le.PutUint32(b[secondsOff:], uint32(h.pages[0]))
	le.PutUint32(b[minutesOff:], uint32(h.pages[1]))
	le.PutUint32(b[linesAtOff:], uint32(len(h.lines)))
	for _, name := range h.lines {
		b = append(b, byte(len(name)))
		b = append(b, name...)
	}
	le.PutUint32(b[lengthOff:], uint32(len(b)+4))
	b = le.AppendUint32(b, crc32.Checksum(b, castagnoli))
	if len(b) > h.size {
		bug("the names of the lines take more than a page")
	}
	return append(b, make([]byte, h.size-len(b))...)
}

// readHeader decodes a header.
func readHeader(f io.ReaderAt) (*header, error) {
	le := binary.LittleEndian
	var fixed [fileHead]byte
	if _, err := f.ReadAt(fixed[:], 0); err != nil {
		if errors.Is(err, io.EOF) {
			return nil, ErrNoHistory
		}
		return nil, err
	}
	if string(fixed[:len(fileMagic)]) != fileMagic {
		return nil, ErrNoHistory
	}
	if v := le.Uint32(fixed[versionOff:]); v != fileVersion {
		return nil, fmt.Errorf("%w: %d", ErrVersion, v)
	}
	n := le.Uint32(fixed[lengthOff:])
	h := &header{size: int(le.Uint32(fixed[pageSizeOff:]))}
	h.pages = [2]int{int(le.Uint32(fixed[secondsOff:])), int(le.Uint32(fixed[minutesOff:]))}
	lines := le.Uint32(fixed[linesAtOff:])
	if h.size != pageSize || n < fileHead+4 || n > pageSize || lines > maxLines ||
		min(h.pages[0], h.pages[1]) < 2 || max(h.pages[0], h.pages[1]) > maxPages {
		return nil, ErrNoHistory
	}
	b := make([]byte, n)
	if _, err := f.ReadAt(b, 0); err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	if le.Uint32(b[n-4:]) != crc32.Checksum(b[:n-4], castagnoli) {
		return nil, ErrNoHistory
	}
	b = b[fileHead : n-4]
	for range lines {
		if len(b) == 0 || len(b) < 1+int(b[0]) {
			return nil, ErrNoHistory
		}
		h.lines = append(h.lines, string(b[1:1+b[0]]))
		b = b[1+b[0]:]
	}
	return h, nil
}

// offset returns where a page lies in the file.
func (h *header) offset(ring Ring, seq uint64) int64 {
	slot := int64(seq % uint64(h.pages[ring]))
	if ring == RingMinutes {
		slot += int64(h.pages[RingSeconds])
	}
	return (1 + slot) * int64(h.size)
}

// found is a page of a file.
type found struct {
	seq uint64
	at  int64
}

// survey returns the pages of a ring that are in the file, in order: those from the newest back that follow one another.
func (h *header) survey(f io.ReaderAt, ring Ring) (list []found, err error) {
	var b [pageHead]byte
	for i := range h.pages[ring] {
		at := h.offset(ring, uint64(i))
		if _, err := f.ReadAt(b[:], at); err != nil {
			if errors.Is(err, io.EOF) {
				continue
			}
			return nil, err
		}
		seq := pageSeq(b[:], ring, len(h.lines))
		if seq != 0 && seq < 1<<62 && seq%uint64(h.pages[ring]) == uint64(i) {
			list = append(list, found{seq, at})
		}
	}
	slices.SortFunc(list, func(a, b found) int {
		if a.seq < b.seq {
			return -1
		}
		return 1
	})
	for i := len(list) - 1; i > 0; i-- {
		if list[i-1].seq != list[i].seq-1 {
			return list[i:], nil
		}
	}
	return list, nil
}

// file is the file that a Recorder writes.
type file struct {
	f      *os.File
	head   header
	ok     atomic.Bool // records go to the file
	failed bool        // the last write failed; the writer's own
	synced int64       // monotonic ns; the writer's own
	dirty  bool        // something is written and not synced
	buf    []byte
	name   string
}

// openFile opens the file and loads what it holds.
func (r *Recorder) openFile(now int64) {
	x := &r.file
	x.head = header{lines: r.opt.Lines, pages: r.opt.Pages, size: pageSize}
	x.name = r.opt.Path
	f, err := os.OpenFile(r.opt.Path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		r.opt.Warn("The history of memory can't be kept in a file: %v. It is kept in memory.", err)
		return
	}
	if err := lock(f); err != nil {
		f.Close()
		r.opt.Warn("The history of memory can't be kept in %s: another server writes it. It is kept in memory.", r.opt.Path)
		return
	}
	x.f = f
	fresh, err := r.loadFile(f)
	if err != nil {
		f = r.moveAside(f, err, now)
		if x.f = f; f == nil {
			return
		}
		fresh = true
	}
	for i := range r.rings {
		r.rings[i].mirrored = true
	}
	if fresh {
		if err := r.writeHeader(); err != nil {
			r.opt.Warn("The history of memory can't be written to %s: %v. It is kept in memory.", r.opt.Path, err)
			x.failed = true
		}
	}
	x.ok.Store(true)
}

// moveAside renames a file that cannot be read and opens a new one, nil if that is not possible.
func (r *Recorder) moveAside(f *os.File, why error, now int64) *os.File {
	aside := r.opt.Path + ".unreadable-" + strconv.FormatInt(now/1000, 10)
	err := os.Rename(r.opt.Path, aside)
	f.Close()
	if err == nil {
		r.opt.Warn("The history of memory in %s can't be read: %v. The file is %s from now on, and a new one is begun.", r.opt.Path, why, aside)
		if f, err = os.OpenFile(r.opt.Path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600); err == nil {
			if err = lock(f); err == nil {
				return f
			}
			f.Close()
		}
	}
	r.opt.Warn("The history of memory in %s can't be read (%v) and not be begun anew: %v. It is kept in memory.", r.opt.Path, why, err)
	return nil
}

// loadFile reads the rings. fresh tells that the file is to be written from the beginning.
func (r *Recorder) loadFile(f *os.File) (fresh bool, err error) {
	info, err := f.Stat()
	if err != nil {
		return false, err
	}
	if info.Size() == 0 {
		return true, nil
	}
	h, err := readHeader(f)
	if err != nil {
		return false, err
	}
	same := h.pages == r.opt.Pages && slices.Equal(h.lines, r.opt.Lines)
	for i := range r.rings {
		if err := h.load(f, &r.rings[i], r.opt.Lines, same); err != nil {
			return false, err
		}
	}
	if !same {
		r.opt.Notice("The history of memory in %s is of another version: %d lines, now %d. It is kept.", r.opt.Path, len(h.lines), len(r.opt.Lines))
	}
	return !same, nil
}

// load reads a ring: pages as they are if the file is the same as what would be written, else record by record.
func (h *header) load(f io.ReaderAt, ring *ring, lines []string, same bool) error {
	list, err := h.survey(f, ring.id)
	if err != nil {
		return err
	}
	column := make([]int, len(lines))
	for i, name := range lines {
		column[i] = slices.Index(h.lines, name)
	}
	var (
		buf    = make([]byte, pageSize)
		s      state
		rec    Record
		values = make([]int64, len(lines))
		low    = make([]int64, len(lines))
		high   = make([]int64, len(lines))
	)
	for _, p := range list {
		n, err := f.ReadAt(buf, p.at)
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		clear(buf[n:])
		if same {
			ring.load(buf, p.seq)
			continue
		}
		s.open(buf, len(h.lines))
		for s.next(&rec) {
			out := rec
			if rec.Kind == KindSample {
				out.Values = pick(values, rec.Values, column)
				if rec.High != nil {
					out.Low, out.High = pick(low, rec.Low, column), pick(high, rec.High, column)
				}
			}
			ring.append(&out)
		}
	}
	return nil
}

// pick fills dst with the columns of src; those that are not there are 0.
func pick(dst, src []int64, column []int) []int64 {
	for i, c := range column {
		dst[i] = 0
		if c >= 0 {
			dst[i] = src[c]
		}
	}
	return dst
}

// writeHeader begins the file anew.
func (r *Recorder) writeHeader() error {
	x := &r.file
	if err := x.f.Truncate(0); err != nil {
		return err
	}
	if _, err := x.f.WriteAt(x.head.encode(), 0); err != nil {
		return err
	}
	x.dirty = true
	return nil
}

// A Saved is the history in the file of a server that may be gone.
type Saved struct {
	names []string
	rings [2]ring
}

// Load reads a file. The file may belong to a server that runs.
func Load(path string) (*Saved, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	s, err := Decode(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return s, nil
}

// Decode reads the bytes of a file.
func Decode(f io.ReaderAt) (*Saved, error) {
	h, err := readHeader(f)
	if err != nil {
		return nil, err
	}
	s := &Saved{names: h.lines}
	for i := range s.rings {
		s.rings[i].init(Ring(i), len(h.lines), h.pages[i], nil)
		s.rings[i].everything = true
		if err := h.load(f, &s.rings[i], h.lines, true); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// Lines returns the names of the columns.
func (s *Saved) Lines() []string { return s.names }

// Column returns the number of a line, -1 if there is none of that name.
func Column(lines []string, name string) int {
	return slices.IndexFunc(lines, func(s string) bool { return strings.EqualFold(s, name) })
}

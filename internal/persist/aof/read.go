package aof

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
)

// ErrTruncated says that a file ends in the middle of a request.
var ErrTruncated = errors.New("unexpected end of file")

// CutError is ErrTruncated with the place.
type CutError struct {
	Offset int64  // of what could not be read whole: a line, or the bytes of an argument
	What   string // how it is cut, in the words of redis-check-aof; "": nothing is left of it
}

// Error is that of ErrTruncated.
func (e *CutError) Error() string { return ErrTruncated.Error() }

// Is says that it is ErrTruncated.
func (e *CutError) Is(target error) bool { return target == ErrTruncated }

// FormatError says that a file has something that is no request.
type FormatError struct {
	Offset  int64  // of the line, or of the bytes of the argument
	What    string // in the words of redis-check-aof
	Between bool   // where a request should begin there is none
}

// Error says what and where.
func (e *FormatError) Error() string { return fmt.Sprintf("%s at offset %d", e.What, e.Offset) }

const (
	readSize  = 64 << 10
	longLine  = 128       // bytes of a header, as Redis reads them
	longNote  = 1024      // bytes of an annotation, likewise
	stepSize  = 1 << 20   // a length is believed as far as there are bytes for it
	keepBytes = 1 << 20   // room that is kept for the next request
	maxBulk   = 512 << 30 // no string can be longer in any configuration
	maxCount  = 1<<31 - 1
	annotate  = "TS:"
	briefName = 16 // bytes that a brief Reader keeps
)

// NoTime is what OnTimestamp is given of an annotation with something else than a number.
const NoTime = math.MinInt64

// Reader reads requests out of a file, as they are written by Log: arrays of bulk strings, and between them annotations, which
// are lines that begin with '#'.
type Reader struct {
	// Brief has Next return the first argument only, and of that the first 16 bytes: so a request takes no memory, whatever its
	// size. Everything is read all the same.
	Brief bool
	// Timestamp is that of the last annotation, Unix s, 0: there was none.
	Timestamp int64
	// OnTimestamp is told of each, with its offset, and may end the reading. It may be nil.
	OnTimestamp func(at int64, offset int64) error

	src   *bufio.Reader
	off   int64 // of the next byte
	begin int64 // of the request or annotation that was read last
	last  int64 // of the line or argument that was read last
	lines int64
	buf   []byte
	spans []int // ends of the arguments in buf
	args  [][]byte
}

// NewReader returns a Reader of what src has, which is the file from offset on.
func NewReader(src io.Reader, offset int64) *Reader {
	return &Reader{src: bufio.NewReaderSize(src, readSize), off: offset, begin: offset, last: offset}
}

// Offset returns where the next byte lies: behind the last request, if Next succeeded.
func (r *Reader) Offset() int64 { return r.off }

// Begin returns where the request that Next returned begins; after an error, where that begins which could not be read.
func (r *Reader) Begin() int64 { return r.begin }

// Last returns where the last line, or the last argument, begins that was read.
func (r *Reader) Last() int64 { return r.last }

// Lines returns how many ends of lines of requests were read: those of headers, and those behind arguments.
func (r *Reader) Lines() int64 { return r.lines }

// Next returns the next request, whose arguments are valid until the next call. The error is io.EOF at the end of the file,
// a *CutError if that is in the middle of something, a *FormatError if there is no request, or that of the file.
func (r *Reader) Next() ([][]byte, error) {
	for {
		r.begin = r.off
		first, err := r.src.Peek(1)
		switch {
		case err != nil:
			return nil, err // io.EOF, too
		case first[0] == '#':
			if err := r.annotation(); err != nil {
				return nil, err
			}
		case first[0] != '*':
			return nil, &FormatError{Offset: r.off, What: fmt.Sprintf("Expected '*' or '#', got: %q", first[0]), Between: true}
		default:
			return r.request()
		}
	}
}

// annotation reads a line that begins with '#'.
func (r *Reader) annotation() error {
	line, err := r.line(longNote)
	if err != nil {
		return err
	}
	rest, ok := bytes.CutPrefix(bytes.TrimRight(line[1:], "\r\n"), []byte(annotate))
	if !ok {
		return nil
	}
	n, err := strconv.ParseInt(string(rest), 10, 64)
	if err != nil {
		n = NoTime
	} else {
		r.Timestamp = n
	}
	if r.OnTimestamp != nil {
		return r.OnTimestamp(n, r.begin)
	}
	return nil
}

// request reads a request.
func (r *Reader) request() ([][]byte, error) {
	n, err := r.header('*')
	if err != nil {
		return nil, err
	}
	if n < 1 || n > maxCount {
		return nil, &FormatError{Offset: r.last, What: fmt.Sprintf("Expected a number of arguments, got: %d", n)}
	}
	if cap(r.buf) > keepBytes {
		r.buf = nil
	}
	r.buf, r.spans = r.buf[:0], r.spans[:0]
	for i := range n {
		if err := r.argument(i == 0); err != nil {
			return nil, err
		}
	}
	r.args = r.args[:0]
	from := 0
	for _, to := range r.spans {
		r.args = append(r.args, r.buf[from:to:to])
		from = to
	}
	return r.args, nil
}

// argument reads an argument.
func (r *Reader) argument(first bool) error {
	size, err := r.header('$')
	if err != nil {
		return err
	}
	if size < 0 || size > maxBulk {
		return &FormatError{Offset: r.last, What: fmt.Sprintf("Expected to read string of %d bytes, which is not in the suitable range", size)}
	}
	r.last = r.off
	keep := size
	if r.Brief {
		keep = 0
		if first {
			keep = min(size, briefName)
		}
	}
	var end []byte
	if err = r.bytes(keep); err == nil {
		if err = r.pass(size - keep); err == nil {
			end, err = r.src.Peek(2)
		}
	}
	if err != nil {
		got := r.off - r.last + int64(len(end))
		r.off += int64(len(end))
		return r.cut(err, fmt.Sprintf("Expected to read %d bytes, got %d bytes", size+2, got))
	}
	if end[0] != '\r' || end[1] != '\n' {
		return &FormatError{Offset: r.last, What: noLineEnd(end)}
	}
	r.src.Discard(2)
	r.off += 2
	r.lines++
	if !r.Brief || first {
		r.spans = append(r.spans, len(r.buf))
	}
	return nil
}

// bytes appends n bytes of the file to the buffer.
func (r *Reader) bytes(n int64) error {
	for n > 0 {
		step := int(min(n, stepSize))
		from := len(r.buf)
		if cap(r.buf) < from+step {
			grown := make([]byte, from, max(from+step, 2*cap(r.buf), 512))
			copy(grown, r.buf)
			r.buf = grown
		}
		r.buf = r.buf[:from+step]
		k, err := io.ReadFull(r.src, r.buf[from:])
		r.off += int64(k)
		if err != nil {
			return err
		}
		n -= int64(step)
	}
	return nil
}

// pass reads over n bytes of the file.
func (r *Reader) pass(n int64) error {
	for n > 0 {
		k, err := r.src.Discard(int(min(n, stepSize)))
		r.off += int64(k)
		if err != nil {
			return err
		}
		n -= int64(k)
	}
	return nil
}

// header reads a line that begins with a kind and has a number.
func (r *Reader) header(kind byte) (n int64, err error) {
	line, err := r.line(longLine)
	if len(line) > 0 && line[0] != kind {
		return 0, &FormatError{Offset: r.last, What: fmt.Sprintf("Expected prefix '%c', got: %q", kind, line[0])}
	}
	digits := 1
	for digits < len(line) && (line[digits] == '-' && digits == 1 || line[digits] >= '0' && line[digits] <= '9') {
		digits++
	}
	if err != nil {
		if cut, ok := err.(*CutError); ok && len(line) > 0 {
			cut.What = noLineEnd(line[digits:])
		}
		return 0, err
	}
	if end := line[digits:]; len(end) == 0 || end[0] != '\n' && (len(end) != 2 || end[0] != '\r') {
		return 0, &FormatError{Offset: r.last, What: noLineEnd(end)}
	}
	if n, err = strconv.ParseInt(string(line[1:digits]), 10, 64); err != nil {
		return 0, &FormatError{Offset: r.last, What: fmt.Sprintf("Expected a number, got: %q", line[1:digits])}
	}
	r.lines++
	return n, nil
}

// line reads a line of at most long bytes, and returns it with its end; it is valid until the next read. If the file ends before
// the line does, it is what there is, with the error.
func (r *Reader) line(long int) ([]byte, error) {
	r.last = r.off
	line, err := r.src.ReadSlice('\n')
	r.off += int64(len(line))
	switch {
	case err == bufio.ErrBufferFull || err == nil && len(line) > long:
		return nil, &FormatError{Offset: r.last, What: fmt.Sprintf("Expected a line of at most %d bytes", long)}
	case err != nil:
		return line, r.cut(err, "")
	}
	return line, nil
}

// cut is the error for a file that ends too soon, or cannot be read.
func (r *Reader) cut(err error, what string) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return &CutError{r.last, what}
	}
	return err
}

// noLineEnd says what stands in the place of the end of a line.
func noLineEnd(got []byte) string {
	var b [2]byte
	copy(b[:], got)
	return fmt.Sprintf(`Expected \r\n, got: %02x%02x`, b[0], b[1])
}

package aof

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
)

// ErrTruncated says that a file ends in the middle of a request.
var ErrTruncated = errors.New("unexpected end of file")

// FormatError says that a file has something that is no request.
type FormatError struct {
	Offset int64 // of the line
	What   string
}

// Error says what and where.
func (e *FormatError) Error() string { return fmt.Sprintf("%s at offset %d", e.What, e.Offset) }

const (
	readSize  = 64 << 10
	longLine  = 128       // bytes of a header, as Redis reads them
	stepSize  = 1 << 20   // a length is believed as far as there are bytes for it
	keepBytes = 1 << 20   // room that is kept for the next request
	maxBulk   = 512 << 30 // no string can be longer in any configuration
	maxCount  = 1<<31 - 1
	annotate  = "TS:"
)

// Reader reads requests out of a file, as they are written by Log: arrays of bulk strings, and between them annotations, which
// are lines that begin with '#'.
type Reader struct {
	// Timestamp is that of the last annotation, Unix s, 0: there was none.
	Timestamp int64
	// OnTimestamp is told of each, with its offset, and may end the reading. It may be nil.
	OnTimestamp func(at int64, offset int64) error

	src   *bufio.Reader
	off   int64 // of the next byte
	begin int64 // of the request that was read last
	buf   []byte
	spans []int // ends of the arguments in buf
	args  [][]byte
}

// NewReader returns a Reader of what src has, which is the file from offset on.
func NewReader(src io.Reader, offset int64) *Reader {
	return &Reader{src: bufio.NewReaderSize(src, readSize), off: offset, begin: offset}
}

// Offset returns where the next byte lies: behind the last request, if Next succeeded.
func (r *Reader) Offset() int64 { return r.off }

// Begin returns where the request that Next returned begins.
func (r *Reader) Begin() int64 { return r.begin }

// Next returns the next request, whose arguments are valid until the next call. The error is io.EOF at the end of the file,
// ErrTruncated if that is in the middle of something, a *FormatError if there is no request, or that of the file.
func (r *Reader) Next() ([][]byte, error) {
	for {
		at := r.off
		line, err := r.line()
		if err != nil {
			if err == ErrTruncated && r.off == at {
				err = io.EOF
			}
			return nil, err
		}
		switch {
		case line[0] == '#':
			if err := r.annotation(line[1:], at); err != nil {
				return nil, err
			}
		case line[0] != '*':
			return nil, &FormatError{at, "expected '*'"}
		default:
			r.begin = at
			n, ok := number(line[1:])
			if !ok || n < 1 || n > maxCount {
				return nil, &FormatError{at, "bad number of arguments"}
			}
			return r.request(n)
		}
	}
}

// annotation takes a line in that begins with '#'.
func (r *Reader) annotation(line []byte, at int64) error {
	rest, ok := bytes.CutPrefix(line, []byte(annotate))
	if !ok {
		return nil
	}
	n, ok := number(rest)
	if !ok {
		return nil
	}
	r.Timestamp = n
	if r.OnTimestamp != nil {
		return r.OnTimestamp(n, at)
	}
	return nil
}

// request reads n arguments.
func (r *Reader) request(n int64) ([][]byte, error) {
	if cap(r.buf) > keepBytes {
		r.buf = nil
	}
	r.buf, r.spans = r.buf[:0], r.spans[:0]
	for range n {
		at := r.off
		line, err := r.line()
		if err != nil {
			return nil, err
		}
		if line[0] != '$' {
			return nil, &FormatError{at, "expected '$'"}
		}
		size, ok := number(line[1:])
		if !ok || size < 0 || size > maxBulk {
			return nil, &FormatError{at, "bad length of an argument"}
		}
		if err := r.bytes(int(size)); err != nil {
			return nil, err
		}
		at = r.off
		var end [2]byte
		if k, err := io.ReadFull(r.src, end[:]); err != nil {
			r.off += int64(k)
			return nil, truncated(err)
		}
		r.off += 2
		if end != [2]byte{'\r', '\n'} {
			return nil, &FormatError{at, "expected the end of a line"}
		}
		r.spans = append(r.spans, len(r.buf))
	}
	r.args = r.args[:0]
	from := 0
	for _, to := range r.spans {
		r.args = append(r.args, r.buf[from:to:to])
		from = to
	}
	return r.args, nil
}

// bytes appends n bytes of the file to the buffer.
func (r *Reader) bytes(n int) error {
	for n > 0 {
		step := min(n, stepSize)
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
			return truncated(err)
		}
		n -= step
	}
	return nil
}

// line reads a line, and returns it without its end; it has one byte at least, and is valid until the next read.
func (r *Reader) line() ([]byte, error) {
	at := r.off
	line, err := r.src.ReadSlice('\n')
	r.off += int64(len(line))
	switch {
	case err == bufio.ErrBufferFull || err == nil && len(line) > longLine:
		return nil, &FormatError{at, "too long line"}
	case err != nil:
		return nil, truncated(err)
	}
	line = bytes.TrimSuffix(line[:len(line)-1], []byte{'\r'})
	if len(line) == 0 {
		return nil, &FormatError{at, "empty line"}
	}
	return line, nil
}

func truncated(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return ErrTruncated
	}
	return err
}

// number reads a decimal number.
func number(b []byte) (int64, bool) {
	if len(b) == 0 || len(b) > 19 || b[0] == '+' {
		return 0, false
	}
	n, err := strconv.ParseInt(string(b), 10, 64)
	return n, err == nil
}

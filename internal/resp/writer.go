package resp

import (
	"fmt"
	"strings"

	"granary/internal/mem"
)

// A Writer appends replies for one client. The zero Writer is not usable: see
// Init and NewBuffer. It is used by one owner at a time.
type Writer struct {
	buf []byte // the open segment: all of its room
	n   int    // bytes of it that are written

	Proto uint8 // 2 or 3

	muted  bool
	sink   Sink
	seq    uint64 // number of the open segment
	base   uint64 // bytes written before the open segment
	errors uint64
	last   string // text of the last error

	// While muted: the open segment, taken away so that every write ends up
	// on the slow path.
	heldBuf []byte
	heldN   int
}

// Room a reply needs besides its payload: the type byte, the longest integer
// and two line ends.
const (
	roomHead = 1 + maxInt + 2 // ":-9223372036854775808\r\n"
	roomBulk = roomHead + 2   // a bulk header, and the end of the payload
)

// Init makes w an empty Writer over sink.
func (w *Writer) Init(sink Sink, proto uint8) {
	*w = Writer{sink: sink, Proto: proto}
}

// Int appends an integer, ":12".
func (w *Writer) Int(v int64) {
	if len(w.buf)-w.n < roomHead {
		w.headSlow(':', v)
		return
	}
	w.head(':', v)
}

// Bulk appends a bulk string, "$3\r\nabc".
func (w *Writer) Bulk(p []byte) {
	if len(w.buf)-w.n < roomBulk+len(p) {
		w.bulkSlow(p)
		return
	}
	w.head('$', int64(len(p)))
	b := w.buf[w.n:]
	n := copy(b, p)
	b[n+1] = '\n'
	b[n] = '\r'
	w.n += n + 2
}

// BulkParts appends a bulk string of n bytes that lie in several places: each gives them to add, in order.
func (w *Writer) BulkParts(n int, each func(add func(part []byte))) {
	w.header('$', int64(n))
	each(w.Raw)
	w.str("\r\n")
}

// BulkString appends a bulk string.
func (w *Writer) BulkString(s string) {
	if len(w.buf)-w.n < roomBulk+len(s) {
		w.headSlow('$', int64(len(s)))
		w.str(s)
		w.str("\r\n")
		return
	}
	w.head('$', int64(len(s)))
	b := w.buf[w.n:]
	n := copy(b, s)
	b[n+1] = '\n'
	b[n] = '\r'
	w.n += n + 2
}

// BulkInt appends an integer as a bulk string.
func (w *Writer) BulkInt(v int64) {
	var b [maxInt + 4]byte
	w.Bulk(b[:putInt(b[:], v)])
}

// Status appends a simple string, "+OK". s has no line ends.
func (w *Writer) Status(s string) {
	if len(w.buf)-w.n < len(s)+3 {
		w.str("+")
		w.str(s)
		w.str("\r\n")
		return
	}
	b := w.buf[w.n:]
	b[0] = '+'
	n := 1 + copy(b[1:], s)
	b[n+1] = '\n'
	b[n] = '\r'
	w.n += n + 2
}

// OK appends "+OK".
func (w *Writer) OK() { w.str("+OK\r\n") }

// Pong appends "+PONG".
func (w *Writer) Pong() { w.str("+PONG\r\n") }

// Queued appends "+QUEUED".
func (w *Writer) Queued() { w.str("+QUEUED\r\n") }

// Null appends the null: "$-1", or "_" in RESP3.
func (w *Writer) Null() {
	if w.Proto == 3 {
		w.str("_\r\n")
		return
	}
	w.str("$-1\r\n")
}

// NullArray appends the null where an array was asked for: "*-1", or "_" in
// RESP3.
func (w *Writer) NullArray() {
	if w.Proto == 3 {
		w.str("_\r\n")
		return
	}
	w.str("*-1\r\n")
}

// Array appends the header of an array of n elements.
func (w *Writer) Array(n int) { w.header('*', int64(n)) }

// Map appends the header of a map of n pairs: in RESP2 an array of 2n.
func (w *Writer) Map(n int) {
	if w.Proto == 3 {
		w.header('%', int64(n))
		return
	}
	w.header('*', int64(n)*2)
}

// Set appends the header of a set of n elements: in RESP2 an array.
func (w *Writer) Set(n int) {
	if w.Proto == 3 {
		w.header('~', int64(n))
		return
	}
	w.header('*', int64(n))
}

// Push appends the header of a push of n elements: in RESP2 an array.
func (w *Writer) Push(n int) {
	if w.Proto == 3 {
		w.header('>', int64(n))
		return
	}
	w.header('*', int64(n))
}

// Attribute appends the header of n pairs of attributes.
//
// REQUIRES: Proto is 3; RESP2 has nothing like it.
func (w *Writer) Attribute(n int) { w.header('|', int64(n)) }

// Bool appends a truth: "#t" and "#f", in RESP2 ":1" and ":0".
func (w *Writer) Bool(v bool) {
	switch {
	case w.Proto == 3 && v:
		w.str("#t\r\n")
	case w.Proto == 3:
		w.str("#f\r\n")
	case v:
		w.str(":1\r\n")
	default:
		w.str(":0\r\n")
	}
}

// Double appends a floating-point number: in RESP2 as a bulk string.
func (w *Writer) Double(v float64) {
	var b [32]byte
	w.number(',', AppendDouble(b[:0], v))
}

// HumanDouble appends a floating-point number with up to 17 digits behind the
// point and never an exponent: in RESP2 as a bulk string.
func (w *Writer) HumanDouble(v float64) {
	var b [512]byte
	w.number(',', AppendHumanDouble(b[:0], v))
}

// BigNumber appends an integer of any length, given in decimal: in RESP2 as a
// bulk string.
func (w *Writer) BigNumber(s string) {
	if w.Proto != 3 {
		w.BulkString(s)
		return
	}
	w.str("(")
	w.str(s)
	w.str("\r\n")
}

// Verbatim appends text in a format named by three letters ("txt", "mkd"): in
// RESP2 as a bulk string.
func (w *Writer) Verbatim(text, ext string) {
	if w.Proto != 3 {
		w.BulkString(text)
		return
	}
	w.header('=', int64(len(text))+4)
	var b [4]byte
	copy(b[:], "   :")
	copy(b[:3], ext)
	w.Raw(b[:])
	w.str(text)
	w.str("\r\n")
}

// Error appends an error: text begins with its code and has no "-" before it,
// such as "ERR syntax error". Line ends at its end are dropped, others become
// spaces, because a reply of this kind is one line.
func (w *Writer) Error(text string) {
	w.errors++
	w.last = text
	text = strings.TrimRight(text, "\r\n")
	w.str("-")
	for {
		i := strings.IndexAny(text, "\r\n")
		if i < 0 {
			break
		}
		w.str(text[:i])
		w.str(" ")
		text = text[i+1:]
	}
	w.str(text)
	w.str("\r\n")
}

// Errorf appends an error, formatted. It allocates.
func (w *Writer) Errorf(format string, args ...any) {
	w.Error(fmt.Sprintf(format, args...))
}

// Raw appends protocol that is rendered already.
func (w *Writer) Raw(p []byte) {
	if len(w.buf)-w.n < len(p) {
		w.rawSlow(p)
		return
	}
	w.n += copy(w.buf[w.n:], p)
}

// RawString appends protocol that is rendered already.
func (w *Writer) RawString(s string) { w.str(s) }

// BulkRef appends n bytes at offset off of the allocation ref as a bulk
// string, without copying them if the Sink agrees. It reports whether the Sink
// kept the reference: then the caller counts one more reference to ref, which
// is given back (netloop.Handler.Unpin) after the bytes were sent. When it
// reports false the bytes were copied and nothing is owed.
//
// REQUIRES: the bytes do not change and do not move while referred to.
func (w *Writer) BulkRef(ref mem.Ref, off, n int) bool {
	if w.muted {
		return false
	}
	w.header('$', int64(n))
	kept := w.RawRef(ref, off, n)
	w.str("\r\n")
	return kept
}

// RawRef is BulkRef for bytes that are protocol already.
func (w *Writer) RawRef(ref mem.Ref, off, n int) bool {
	if w.muted {
		return false
	}
	if !w.sink.Refer(w.n, ref, off, n) {
		w.Raw(mem.Bytes(ref, off+n)[off:])
		return false
	}
	w.base += uint64(w.n + n)
	w.seq += 2
	w.buf = w.buf[w.n:]
	w.n = 0
	return true
}

// Errors returns the number of errors written so far: it only grows.
func (w *Writer) Errors() uint64 { return w.errors }

// LastError returns the text of the last error written, "" before the first.
func (w *Writer) LastError() string { return w.last }

// Len returns the number of bytes written so far: it only grows, sent or not,
// but for a reply whose length is set late.
func (w *Writer) Len() uint64 {
	if w.muted {
		return w.base + uint64(w.heldN)
	}
	return w.base + uint64(w.n)
}

// Mute makes the Writer drop what is written until it is called with false
// (CLIENT REPLY OFF). Errors are still counted.
func (w *Writer) Mute(on bool) {
	if on == w.muted {
		return
	}
	w.muted = on
	if on {
		w.heldBuf, w.heldN = w.buf, w.n
		w.buf, w.n = nil, 0
		return
	}
	w.buf, w.n = w.heldBuf, w.heldN
	w.heldBuf, w.heldN = nil, 0
}

// Muted reports whether replies are dropped.
func (w *Writer) Muted() bool { return w.muted }

// head writes a type byte, v and a line end.
//
// REQUIRES: room for roomHead bytes.
func (w *Writer) head(kind byte, v int64) {
	b := w.buf[w.n:]
	b[0] = kind
	if uint64(v) < 10 {
		b[3] = '\n'
		b[2] = '\r'
		b[1] = byte(v) + '0'
		w.n += 4
		return
	}
	n := 1 + putInt(b[1:], v)
	b[n+1] = '\n'
	b[n] = '\r'
	w.n += n + 2
}

func (w *Writer) header(kind byte, v int64) {
	if len(w.buf)-w.n < roomHead {
		w.headSlow(kind, v)
		return
	}
	w.head(kind, v)
}

// number writes a RESP3 number of the given kind, or a bulk string in RESP2.
func (w *Writer) number(kind byte, text []byte) {
	if w.Proto != 3 {
		w.Bulk(text)
		return
	}
	var k [1]byte
	k[0] = kind
	w.Raw(k[:])
	w.Raw(text)
	w.str("\r\n")
}

// str appends s.
func (w *Writer) str(s string) {
	if len(w.buf)-w.n < len(s) {
		w.strSlow(s)
		return
	}
	w.n += copy(w.buf[w.n:], s)
}

// Slow paths: the open segment may be too small. They fill it to its last
// byte before they ask for the next, so that no block is sent half empty.

func (w *Writer) headSlow(kind byte, v int64) {
	var b [roomHead + 4]byte
	b[0] = kind
	n := 1 + putInt(b[1:], v)
	n += copy(b[n:], "\r\n")
	w.rawSlow(b[:n])
}

func (w *Writer) bulkSlow(p []byte) {
	w.headSlow('$', int64(len(p)))
	w.rawSlow(p)
	w.str("\r\n")
}

func (w *Writer) rawSlow(p []byte) {
	if w.muted {
		return
	}
	for {
		k := copy(w.buf[w.n:], p)
		w.n += k
		p = p[k:]
		if len(p) == 0 {
			return
		}
		w.more(len(p))
	}
}

func (w *Writer) strSlow(s string) {
	if w.muted {
		return
	}
	for {
		k := copy(w.buf[w.n:], s)
		w.n += k
		s = s[k:]
		if len(s) == 0 {
			return
		}
		w.more(len(s))
	}
}

// more asks the Sink for room for need bytes.
func (w *Writer) more(need int) {
	block, sealed := w.sink.More(w.n, need)
	if sealed {
		w.base += uint64(w.n)
		w.seq++
		w.n = 0
	}
	w.buf = block
}

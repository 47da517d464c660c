package rdb

import (
	"encoding/binary"
	"io"
	"math"
	"strconv"

	"granary/internal/encoding/lzf"
)

// Decoder reads RDB from memory or from a reader. The first error stays: all calls after it return zeros, and Err says what
// it was. So whoever decodes may look once, at the end of a value.
type Decoder struct {
	src    io.Reader // nil: everything is in buf
	buf    []byte
	at, n  int   // buf[at:n] is read and not consumed
	before int64 // bytes consumed that buf has not any more
	size   int64 // of all there is, -1: unknown
	crc    uint64
	summed bool // crc is kept
	err    error

	text   []byte // the last string that did not lie in buf as it is
	packed []byte
	digits [24]byte
}

// fileBuffer is how much of a file is read at once.
const fileBuffer = 128 << 10

// NewDecoder reads from memory.
func NewDecoder(b []byte) *Decoder { return &Decoder{buf: b, n: len(b), size: int64(len(b))} }

// NewFileDecoder reads from src, which has size bytes, -1 if that is not known. It keeps the checksum of what it consumes.
func NewFileDecoder(src io.Reader, size int64) *Decoder {
	return &Decoder{src: src, buf: make([]byte, fileBuffer), size: size, summed: true}
}

// Err returns the first error.
func (d *Decoder) Err() error { return d.err }

// Offset returns how many bytes were consumed.
func (d *Decoder) Offset() int64 { return d.before + int64(d.at) }

// Corrupt makes what is wrong the Decoder's error, unless it has one.
func (d *Decoder) Corrupt(what string) {
	d.fail(&CorruptError{d.Offset(), what})
}

func (d *Decoder) fail(err error) {
	if d.err == nil {
		d.err = err
	}
}

// Left returns how many bytes there are at most: what no length may exceed.
func (d *Decoder) Left() int64 {
	if d.size < 0 {
		return math.MaxInt64
	}
	return max(d.size-d.Offset(), 0)
}

// sum adds what is consumed to the checksum and drops it from the buffer.
func (d *Decoder) sum() {
	if d.summed {
		d.crc = CRC(d.crc, d.buf[:d.at])
	}
	d.before += int64(d.at)
	d.n = copy(d.buf, d.buf[d.at:d.n])
	d.at = 0
}

// Checksum returns the checksum of what was consumed.
//
// REQUIRES: the Decoder reads a file.
func (d *Decoder) Checksum() uint64 {
	d.sum()
	return d.crc
}

// fill sees to it that n bytes lie in the buffer, which are not more than it holds.
func (d *Decoder) fill(n int) bool {
	if d.err != nil {
		return false
	}
	if d.n-d.at >= n {
		return true
	}
	if d.src == nil {
		d.fail(ErrShort)
		return false
	}
	d.sum()
	for d.n < n {
		k, err := d.src.Read(d.buf[d.n:])
		if d.n += k; d.n >= n {
			break
		}
		if err == io.EOF {
			d.fail(ErrShort)
			return false
		}
		if err != nil {
			d.fail(err)
			return false
		}
	}
	return true
}

// take consumes n bytes, which are not more than fileBuffer, and returns them: a view until the next call.
func (d *Decoder) take(n int) []byte {
	if !d.fill(n) {
		return nil
	}
	b := d.buf[d.at : d.at+n]
	d.at += n
	return b
}

// Byte reads a byte.
func (d *Decoder) Byte() byte {
	if b := d.take(1); b != nil {
		return b[0]
	}
	return 0
}

// Uint32 reads four bytes.
func (d *Decoder) Uint32() uint32 {
	if b := d.take(4); b != nil {
		return binary.LittleEndian.Uint32(b)
	}
	return 0
}

// Uint64 reads eight bytes.
func (d *Decoder) Uint64() uint64 {
	if b := d.take(8); b != nil {
		return binary.LittleEndian.Uint64(b)
	}
	return 0
}

// Double reads the eight bytes of a number.
func (d *Decoder) Double() float64 { return math.Float64frombits(d.Uint64()) }

// TextDouble reads a number as versions until 3.2 wrote it: the length of its digits, or one of three marks.
func (d *Decoder) TextDouble() float64 {
	switch n := d.Byte(); n {
	case 255:
		return math.Inf(-1)
	case 254:
		return math.Inf(1)
	case 253:
		return math.NaN()
	default:
		f, err := strconv.ParseFloat(string(d.take(int(n))), 64)
		if err != nil {
			d.Corrupt("a number that is none")
		}
		return f
	}
}

// length reads a length, or the encoding of a string.
func (d *Decoder) length() (n uint64, encoded bool) {
	c := d.Byte()
	switch c >> 6 {
	case 0:
		return uint64(c), false
	case 1:
		return uint64(c&0x3F)<<8 | uint64(d.Byte()), false
	case 3:
		return uint64(c & 0x3F), true
	}
	switch c {
	case 0x80:
		if b := d.take(4); b != nil {
			return uint64(binary.BigEndian.Uint32(b)), false
		}
	case 0x81:
		if b := d.take(8); b != nil {
			return binary.BigEndian.Uint64(b), false
		}
	default:
		d.Corrupt("unknown form of a length")
	}
	return 0, false
}

// Length reads a length that is any number.
func (d *Decoder) Length() uint64 {
	n, encoded := d.length()
	if encoded {
		d.Corrupt("a string where a length should be")
		return 0
	}
	return n
}

// Count reads the number of things that take at least each bytes.
func (d *Decoder) Count(each int64) int {
	n := d.Length()
	if n > uint64(d.Left()/each) {
		d.Corrupt("a count that exceeds what there is")
		return 0
	}
	return int(n)
}

// String reads a string. It is valid until the next call.
func (d *Decoder) String() []byte {
	n, encoded := d.length()
	if d.err != nil {
		return nil
	}
	if !encoded {
		return d.bytes(n)
	}
	switch n {
	case encInt8:
		return d.number(int64(int8(d.Byte())))
	case encInt16:
		if b := d.take(2); b != nil {
			return d.number(int64(int16(binary.LittleEndian.Uint16(b))))
		}
		return nil
	case encInt32:
		return d.number(int64(int32(d.Uint32())))
	case encLZF:
		return d.compressed()
	}
	d.Corrupt("unknown encoding of a string")
	return nil
}

func (d *Decoder) number(n int64) []byte { return strconv.AppendInt(d.digits[:0], n, 10) }

// bytes reads n bytes. What does not fit in the buffer is copied, in steps, so that a length that is not true takes no
// memory.
func (d *Decoder) bytes(n uint64) []byte {
	if n > uint64(d.Left()) {
		d.fail(ErrShort)
		return nil
	}
	if d.src == nil || n <= uint64(len(d.buf)) {
		return d.take(int(n))
	}
	d.text = d.readInto(d.text[:0], int(n))
	return d.text
}

// readInto appends n bytes to dst.
func (d *Decoder) readInto(dst []byte, n int) []byte {
	for n > 0 {
		b := d.take(min(n, max(d.n-d.at, min(n, len(d.buf)))))
		if b == nil {
			return nil
		}
		dst = append(dst, b...)
		n -= len(b)
	}
	return dst
}

// Fill reads len(dst) bytes into dst.
func (d *Decoder) Fill(dst []byte) bool {
	for len(dst) > 0 {
		b := d.take(min(len(dst), max(d.n-d.at, 1)))
		if b == nil {
			return false
		}
		dst = dst[copy(dst, b):]
	}
	return true
}

// mostExpansion bounds what LZF can make of a byte: a copy of 264 bytes takes three.
const mostExpansion = 88

// compressed reads the rest of a compressed string.
func (d *Decoder) compressed() []byte {
	n, size := d.Length(), d.Length()
	if d.err != nil {
		return nil
	}
	if n > uint64(d.Left()) {
		d.fail(ErrShort)
		return nil
	}
	if size > n*mostExpansion || size > math.MaxInt32*16 {
		d.Corrupt("a compressed string that cannot be so long")
		return nil
	}
	var in []byte
	if d.src == nil || n <= uint64(len(d.buf)) {
		in = d.take(int(n))
	} else {
		d.packed = d.readInto(d.packed[:0], int(n))
		in = d.packed
	}
	if d.err != nil {
		return nil
	}
	if uint64(cap(d.text)) < size {
		d.text = make([]byte, size)
	}
	d.text = d.text[:size]
	if lzf.Decompress(d.text, in) != nil {
		d.Corrupt("a compressed string that does not decompress")
		return nil
	}
	return d.text
}

// StringAhead reads the head of a string that is neither an integer nor compressed, and longer than least bytes: the caller
// reads that many bytes with Fill. Otherwise it consumes nothing and returns 0.
func (d *Decoder) StringAhead(least int) int {
	if !d.fill(1) {
		return 0
	}
	need := 1
	switch c := d.buf[d.at]; {
	case c == 0x80:
		need = 5
	case c == 0x81:
		need = 9
	case c>>6 == 1:
		need = 2
	default:
		return 0
	}
	if !d.fill(need) {
		return 0
	}
	n, _ := readLength(d.buf[d.at:])
	if n < least || int64(n) > d.Left()-int64(need) {
		return 0
	}
	d.at += need
	return n
}

package rdb

import (
	"encoding/binary"
	"math"
	"slices"
	"strconv"

	"granary/internal/encoding/decimal"
	"granary/internal/encoding/lzf"
)

// Encoder appends RDB to blocks that it is given, and hands each on when it is full. It compresses nothing: it notes where
// the strings lie that may be worth it (Marks), and Compressor does the rest, elsewhere and without a lock.
//
// After an error of a full disk or the like the Encoder goes on; its owner throws the blocks away.
type Encoder struct {
	Version int // of the file; 0: what every reader of Version understands is written

	b     []byte
	marks []uint32
	most  int // longest string that is marked, with its length
	flush func(b Block, need int) Block
}

// Block is encoded bytes on their way.
type Block struct {
	Bytes []byte   // as far as it is filled; the capacity is what there is
	Marks []uint32 // offsets of strings that may be worth compressing: length and bytes lie in the block
}

// MinCompress is the longest string that is not compressed.
const MinCompress = 20

// NewEncoder returns an Encoder that fills first. When need bytes do not fit, flush is given the block and returns one with
// room: an empty one of the same capacity, at least 64 bytes. A string that is longer than a block goes through several, and
// is not compressed.
func NewEncoder(first Block, flush func(b Block, need int) Block) *Encoder {
	return &Encoder{b: first.Bytes[:0], marks: first.Marks[:0], most: cap(first.Bytes), flush: flush}
}

// NewBuffer returns an Encoder that keeps everything in Go memory: for what is small, and for tests.
func NewBuffer() *Encoder {
	w := NewEncoder(Block{Bytes: make([]byte, 0, 512)}, func(b Block, need int) Block {
		return Block{slices.Grow(b.Bytes, max(need, len(b.Bytes))), b.Marks}
	})
	w.most = math.MaxInt32
	return w
}

// Rest returns the block that is not full yet, and leaves the Encoder without one.
func (w *Encoder) Rest() Block {
	b := Block{w.b, w.marks}
	w.b, w.marks = nil, nil
	return b
}

// Flush hands the current block on, if there is something in it.
func (w *Encoder) Flush() {
	if len(w.b) > 0 {
		w.next(0)
	}
}

// Fill returns how many bytes the current block has.
func (w *Encoder) Fill() int { return len(w.b) }

// room sees to it that n bytes fit, which is at most what an empty block takes.
func (w *Encoder) room(n int) {
	if cap(w.b)-len(w.b) < n {
		w.next(n)
	}
}

func (w *Encoder) next(need int) {
	b := w.flush(Block{w.b, w.marks}, need)
	w.b, w.marks = b.Bytes, b.Marks
}

// Byte appends a byte.
func (w *Encoder) Byte(c byte) {
	w.room(1)
	w.b = append(w.b, c)
}

// Raw appends bytes as they are.
func (w *Encoder) Raw(p []byte) {
	for {
		n := min(len(p), cap(w.b)-len(w.b))
		w.b = append(w.b, p[:n]...)
		if p = p[n:]; len(p) == 0 {
			return
		}
		w.next(len(p))
	}
}

// Length appends a length.
func (w *Encoder) Length(n uint64) {
	w.room(9)
	w.b = AppendLength(w.b, n)
}

// AppendLength appends a length to bytes.
func AppendLength(b []byte, n uint64) []byte {
	switch {
	case n < 1<<6:
		return append(b, byte(n))
	case n < 1<<14:
		return append(b, 1<<6|byte(n>>8), byte(n))
	case n <= math.MaxUint32:
		return binary.BigEndian.AppendUint32(append(b, 0x80), uint32(n))
	}
	return binary.BigEndian.AppendUint64(append(b, 0x81), n)
}

// Uint64 appends eight bytes.
func (w *Encoder) Uint64(n uint64) {
	w.room(8)
	w.b = binary.LittleEndian.AppendUint64(w.b, n)
}

// Double appends a number as its eight bytes.
func (w *Encoder) Double(f float64) { w.Uint64(math.Float64bits(f)) }

// String appends a string: as an integer if it is one of 32 bits.
func (w *Encoder) String(p []byte) {
	if len(p) <= 11 {
		if n, ok := decimal.ParseInt(p); ok && n == int64(int32(n)) {
			w.Int(n)
			return
		}
	}
	w.Text(p)
}

// Text appends a string that is no integer, or that must not become one.
func (w *Encoder) Text(p []byte) {
	if need := 9 + len(p); len(p) > MinCompress && need <= w.most {
		w.room(need)
		w.marks = append(w.marks, uint32(len(w.b)))
	}
	w.Length(uint64(len(p)))
	w.Raw(p)
}

// Int appends the string of an integer's digits.
func (w *Encoder) Int(n int64) {
	w.room(1 + decimal.MaxLen)
	switch {
	case n == int64(int8(n)):
		w.b = append(w.b, 0xC0|encInt8, byte(n))
	case n == int64(int16(n)):
		w.b = binary.LittleEndian.AppendUint16(append(w.b, 0xC0|encInt16), uint16(n))
	case n == int64(int32(n)):
		w.b = binary.LittleEndian.AppendUint32(append(w.b, 0xC0|encInt32), uint32(n))
	default:
		w.b = append(w.b, byte(decimal.Len(n)))
		w.b = strconv.AppendInt(w.b, n, 10)
	}
}

// Compressed appends a string that is compressed already: size bytes whose LZF is p.
func (w *Encoder) Compressed(p []byte, size int) {
	w.Byte(0xC0 | encLZF)
	w.Length(uint64(len(p)))
	w.Length(uint64(size))
	w.Raw(p)
}

// Compressor compresses the strings of blocks.
type Compressor struct {
	lzf lzf.Compressor
	out []byte
}

// Compress returns the bytes of a block with its marked strings compressed where that makes them shorter. What it returns is
// valid until the next call, or is the block's own.
func (c *Compressor) Compress(b Block) []byte {
	if len(b.Marks) == 0 {
		return b.Bytes
	}
	out, from := c.out[:0], 0
	for _, m := range b.Marks {
		at := int(m)
		n, head := readLength(b.Bytes[at:])
		text := b.Bytes[at+head : at+head+n]
		out = append(out, b.Bytes[from:at]...)
		from = at + head + n
		out = c.appendString(out, text)
	}
	c.out = append(out, b.Bytes[from:]...)
	return c.out
}

// String returns a string as it is written, compressed if that saves something. It is valid until the next call.
func (c *Compressor) String(text []byte) []byte {
	c.out = c.appendString(c.out[:0], text)
	return c.out
}

// appendString appends a string, compressed if that saves something.
func (c *Compressor) appendString(out, text []byte) []byte {
	const head = 1 + 5 + 5
	most := len(text) - 4
	if cap(out)-len(out) < head+len(text) {
		out = append(make([]byte, 0, 2*cap(out)+head+len(text)), out...)
	}
	if most >= lzf.MinInput {
		// The string is compressed behind the longest head, and moved.
		at := len(out) + head
		if n := c.lzf.Compress(out[at:at+most], text); n > 0 {
			packed := out[at : at+n]
			out = append(out, 0xC0|encLZF)
			out = AppendLength(out, uint64(n))
			out = AppendLength(out, uint64(len(text)))
			return append(out, packed...)
		}
	}
	out = AppendLength(out, uint64(len(text)))
	return append(out, text...)
}

// readLength reads a length that was written by appendLength.
func readLength(b []byte) (n, head int) {
	switch b[0] >> 6 {
	case 0:
		return int(b[0]), 1
	case 1:
		return int(b[0]&0x3F)<<8 | int(b[1]), 2
	}
	if b[0] == 0x80 {
		return int(binary.BigEndian.Uint32(b[1:])), 5
	}
	return int(binary.BigEndian.Uint64(b[1:])), 9
}

// Package lzf compresses and decompresses the LZF format, which RDB files, DUMP payloads and the compressed nodes of a
// quicklist carry. It is the format of liblzf: what either writes, the other reads.
//
// # The format
//
// A compressed block is a sequence of runs and copies. It has neither header nor end: whoever stores it also stores
// the lengths of both forms.
//
//	run    | 000 n:5 | n+1 bytes ...                       1..32 bytes as they are
//	copy   | l:3 o:5 | o:8 |              l = 1..6         l+2 bytes (3..8) from o+1 bytes back
//	       | 111 o:5 | l:8 | o:8 |                         l+9 bytes (9..264) from o+1 bytes back
//
// o is 13 bits, high bits first: a copy reaches 8192 bytes back. Source and destination of a copy may overlap; then
// the bytes repeat.
//
// # Compression
//
// A Compressor holds a hash table from three bytes to where they were seen last. Its entries are positions counted
// over all blocks it ever compressed, so that those of earlier blocks are recognised by being too small, and the
// table is not cleared between blocks: clearing 64 KiB would cost as much as compressing 2 KiB.
package lzf

import (
	"encoding/binary"
	"errors"
)

const (
	maxRun    = 32
	minCopy   = 3
	maxCopy   = 7 + 255 + 2
	maxOffset = 1 << 13

	hashBits = 14
)

// MinInput is the shortest input that can become shorter.
const MinInput = 5

// ErrCorrupt is returned for input that is not the compressed form of the expected number of bytes.
var ErrCorrupt = errors.New("lzf: corrupt input")

// Compressor compresses blocks. The zero Compressor is ready for use; it is large (64 KiB) and meant to be kept. It is
// used by one goroutine at a time.
type Compressor struct {
	seen [1 << hashBits]uint32 // position + base + 1 of three bytes with this hash
	base uint32                // added to positions of the current block; entries up to it are of earlier blocks
}

// hash of the low three bytes of v.
func hash(v uint32) uint32 { return v << 8 * 2654435769 >> (32 - hashBits) }

// begin makes the table's entries those of earlier blocks, and returns the base for a block of n bytes.
func (c *Compressor) begin(n int) uint32 {
	if uint64(c.base)+uint64(n) >= 1<<32-1 {
		clear(c.seen[:])
		c.base = 0
	}
	b := c.base
	c.base += uint32(n)
	return b
}

// Compress writes the compressed form of src to dst and returns its length, or 0 if it does not fit in dst. Give a dst
// shorter than src to be told whether compression is worth it. dst and src must not overlap.
//
// REQUIRES: len(src) < 4 GiB - 1, the most that a position can count.
func (c *Compressor) Compress(dst, src []byte) int {
	if uint64(len(src)) >= 1<<32-1 {
		return 0
	}
	base := c.begin(len(src))
	var in, out, run int // run: first byte not yet written
	for last := len(src) - 4; in <= last; {
		v := binary.LittleEndian.Uint32(src[in:])
		p := &c.seen[hash(v)]
		at := *p
		*p = base + uint32(in) + 1
		from := int(at) - int(base) - 1
		if at <= base || in-from > maxOffset || (binary.LittleEndian.Uint32(src[from:])^v)<<8 != 0 {
			in++
			continue
		}
		n := matchLen(src, from, in)
		if out = putRun(dst, out, src[run:in]); out < 0 {
			return 0
		}
		if out = putCopy(dst, out, n, in-from-1); out < 0 {
			return 0
		}
		// Two of the copied positions are remembered: all of them would double the time and gain 1%.
		in += n
		for i := in - 2; i < in && i <= last; i++ {
			c.seen[hash(binary.LittleEndian.Uint32(src[i:]))] = base + uint32(i) + 1
		}
		run = in
	}
	if out = putRun(dst, out, src[run:]); out < 0 {
		return 0
	}
	return out
}

// matchLen returns how many bytes at from and at in are equal, at most maxCopy.
//
// REQUIRES: the first three are.
func matchLen(src []byte, from, in int) int {
	n, end := minCopy, min(maxCopy, len(src)-in)
	a, b := src[from:from+end], src[in:in+end]
	for n+8 <= end {
		if binary.LittleEndian.Uint64(a[n:]) != binary.LittleEndian.Uint64(b[n:]) {
			break
		}
		n += 8
	}
	for n < end && a[n] == b[n] {
		n++
	}
	return n
}

// putRun writes bytes as they are, and returns the end of the output or -1.
func putRun(dst []byte, out int, b []byte) int {
	for len(b) > 0 {
		n := min(len(b), maxRun)
		if out+1+n > len(dst) {
			return -1
		}
		dst[out] = byte(n - 1)
		copy(dst[out+1:], b[:n])
		out += 1 + n
		b = b[n:]
	}
	return out
}

// putCopy writes a copy of n bytes, and returns the end of the output or -1.
func putCopy(dst []byte, out, n, offset int) int {
	if out+3 > len(dst) && (n >= 9 || out+2 > len(dst)) {
		return -1
	}
	if n < 9 {
		dst[out] = byte((n-2)<<5 | offset>>8)
		dst[out+1] = byte(offset)
		return out + 2
	}
	dst[out] = byte(7<<5 | offset>>8)
	dst[out+1] = byte(n - 9)
	dst[out+2] = byte(offset)
	return out + 3
}

// Decompress writes the decompressed form of src to dst. It succeeds only if that has exactly len(dst) bytes; otherwise
// it returns ErrCorrupt, and the contents of dst are undefined. It reads and writes nothing outside src and dst,
// whatever src holds.
func Decompress(dst, src []byte) error {
	out := 0
	for in := 0; in < len(src); {
		ctrl := int(src[in])
		in++
		if ctrl < 1<<5 {
			n := ctrl + 1
			if n > len(src)-in || n > len(dst)-out {
				return ErrCorrupt
			}
			copy(dst[out:out+n], src[in:in+n])
			in += n
			out += n
			continue
		}
		n := ctrl>>5 + 2
		if n == 9 {
			if in >= len(src) {
				return ErrCorrupt
			}
			n += int(src[in])
			in++
		}
		if in >= len(src) {
			return ErrCorrupt
		}
		back := (ctrl&31)<<8 + int(src[in]) + 1
		in++
		if back > out || n > len(dst)-out {
			return ErrCorrupt
		}
		to, from := dst[out:out+n], dst[out-back:]
		if back >= n {
			copy(to, from)
		} else {
			// The bytes repeat: each round copies all that is there, so the next can copy twice as much.
			for done := 0; done < n; {
				done += copy(to[done:], from[:back+done])
			}
		}
		out += n
	}
	if out != len(dst) {
		return ErrCorrupt
	}
	return nil
}

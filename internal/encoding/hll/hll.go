// Package hll is the HyperLogLog: 16384 registers that estimate how many different elements were added, with a
// standard error of 0.81%. A HyperLogLog is a string value, and its bytes are Redis's, because GET, DUMP, RDB files and
// replication carry them.
//
// The package is flat: it works on the bytes its owner gives, never allocates (but SelfTest) and keeps nothing. Growth is asked for:
// a method that lacks capacity changes nothing and returns ErrSpace, one that needs the dense form returns ErrPromote.
//
// # Layout
//
// A header of 16 bytes, then the registers, sparse or dense.
//
//	0      4          5         8                16
//	| HYLL | encoding | 3 zeros | cardinality LE | registers ...
//	         0 dense              bit 63: stale
//	         1 sparse
//
// Dense: 16384 registers of 6 bits, the first in the low bits of the first byte; 12304 bytes with the header.
//
//	byte 0     byte 1     byte 2
//	|11000000| |22221111| |33333322|   (the digit is the register's number)
//
// Sparse: the runs of equal registers, 1 or 2 bytes each; together they cover the 16384 registers.
//
//	00nnnnnn            ZERO   n+1 registers (1..64) of 0
//	01nnnnnn nnnnnnnn   XZERO  n+1 registers (1..16384) of 0, high bits first
//	1vvvvvnn            VAL    n+1 registers (1..4) of v+1 (1..32)
//
// A sparse value becomes dense when a register exceeds 32 or its length would exceed hll-sparse-max-bytes. There is no
// way back.
//
// # From an element to a register
//
// The hash is MurmurHash64A with a fixed seed: values travel between servers. Its low 14 bits choose the register,
// the number of zeros after them, plus one, is what the register is raised to (hash.go). The estimator is Ertl's (count.go).
package hll

import (
	"encoding/binary"
	"errors"
)

const (
	// HeaderSize is the length of the header.
	HeaderSize = 16
	// DenseSize is the length of a dense value.
	DenseSize = HeaderSize + denseBytes
	// NewSize is the length of an empty value.
	NewSize = HeaderSize + 2
	// MaxGrowth is the most bytes one Add or Set adds to a sparse value.
	MaxGrowth = 3
	// NumRegisters is the number of registers.
	NumRegisters = 1 << indexBits

	indexBits    = 14
	registerBits = 6
	denseBytes   = NumRegisters * registerBits / 8

	encodingAt  = 4
	cardAt      = 8
	staleByte   = 15
	staleBit    = 1 << 7
	magic       = "HYLL"
	registerMax = 1<<registerBits - 1
)

// The sizes of the drawings.
var (
	_ [12304]byte = [DenseSize]byte{}
	_ [16384]byte = [NumRegisters]byte{}
)

// Encoding is how the registers are stored; the numbers are those of the header.
type Encoding uint8

// The encodings.
const (
	Dense  Encoding = 0
	Sparse Encoding = 1
)

// String returns the name PFDEBUG ENCODING prints.
func (e Encoding) String() string {
	if e == Dense {
		return "dense"
	}
	return "sparse"
}

var (
	// ErrCorrupt says that the runs of a sparse value are not well formed.
	ErrCorrupt = errors.New("hll: corrupted registers")
	// ErrSpace says that the slice's capacity does not suffice: it has to be the length plus MaxGrowth.
	ErrSpace = errors.New("hll: no space to grow")
	// ErrPromote says that the value has to become dense first.
	ErrPromote = errors.New("hll: too large for the sparse encoding")
)

// AppendNew appends an empty value to dst. Its cached cardinality is valid.
func AppendNew(dst []byte) []byte {
	dst = append(dst, magic...)
	dst = append(dst, byte(Sparse), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
	return append(dst, xzeroTag|(NumRegisters-1)>>8, (NumRegisters-1)&0xff)
}

// Valid reports whether b has the header of a HyperLogLog and, if dense, its length. The runs of a sparse value are not
// looked at: methods that read them return ErrCorrupt.
func Valid(b []byte) bool {
	return len(b) >= HeaderSize && string(b[:4]) == magic && b[encodingAt] <= byte(Sparse) &&
		(b[encodingAt] != byte(Dense) || len(b) == DenseSize)
}

// EncodingOf returns how b's registers are stored.
//
// REQUIRES: here and in all of the package: Valid(b).
func EncodingOf(b []byte) Encoding { return Encoding(b[encodingAt]) }

// Cached returns the cardinality kept in the header, and whether it is that of the registers.
func Cached(b []byte) (uint64, bool) {
	return binary.LittleEndian.Uint64(b[cardAt:]), b[staleByte]&staleBit == 0
}

// SetCached stores the cardinality of the registers.
func SetCached(b []byte, n uint64) { binary.LittleEndian.PutUint64(b[cardAt:], n) }

// Invalidate marks the cached cardinality as stale.
func Invalidate(b []byte) { b[staleByte] |= staleBit }

// Add adds an element and returns the value, longer or shorter by a few bytes in the same array, and whether a register
// changed; then the cached cardinality is stale. limit is hll-sparse-max-bytes. With an error nothing has changed:
//
//	ErrSpace    give b a capacity of len(b)+MaxGrowth and call again
//	ErrPromote  make it dense (AppendDense) and call again
//	ErrCorrupt
func Add(b, element []byte, limit int) (out []byte, changed bool, err error) {
	i, v := Register(element)
	return Set(b, i, v, limit)
}

// Set raises register i to v if it is less; otherwise as Add.
//
// REQUIRES: 0 <= i < NumRegisters, 0 < v <= 51.
func Set(b []byte, i int, v uint8, limit int) (out []byte, changed bool, err error) {
	if b[encodingAt] == byte(Dense) {
		if denseGet(b[HeaderSize:], i) >= v {
			return b, false, nil
		}
		denseSet(b[HeaderSize:], i, v)
		Invalidate(b)
		return b, true, nil
	}
	return sparseSet(b, i, v, limit)
}

// AppendDense appends the dense form of b to dst, header and cached cardinality included. It allocates only if dst lacks the
// capacity of DenseSize bytes.
func AppendDense(dst, b []byte) ([]byte, error) {
	if b[encodingAt] == byte(Dense) {
		return append(dst, b...), nil
	}
	if err := checkRuns(b[HeaderSize:]); err != nil {
		return dst, err
	}
	start := len(dst)
	dst = append(dst, b[:HeaderSize]...)
	dst[start+encodingAt] = byte(Dense)
	for n := denseBytes; n > 0; n -= len(zeros) {
		dst = append(dst, zeros[:min(n, len(zeros))]...)
	}
	regs := dst[start+HeaderSize:]
	i := 0
	for p := b[HeaderSize:]; len(p) > 0; {
		r := firstRun(p)
		if r.value > 0 {
			for j := range r.n {
				denseSet(regs, i+j, r.value)
			}
		}
		i += r.n
		p = p[r.size:]
	}
	return dst, nil
}

// zeros is what AppendDense begins with.
var zeros [1024]byte

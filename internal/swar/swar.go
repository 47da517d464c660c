// Package swar looks at eight bytes at once, in a register. Names of commands and parts of keys are a few bytes long: calling what
// compares or searches long strings takes longer than they do.
package swar

import (
	"bytes"
	"encoding/binary"
)

const (
	ones = 0x0101010101010101
	high = 0x8080808080808080 // the highest bit of each byte,
	rest = 0x7f7f7f7f7f7f7f7f // and all others
)

// Head returns the first eight bytes of b, the first in the lowest bits, zero padded.
func Head(b []byte) uint64 {
	n := len(b)
	switch { // loads overlap where b is shorter: they agree there
	case n >= 8:
		return binary.LittleEndian.Uint64(b)
	case n >= 4:
		return uint64(binary.LittleEndian.Uint32(b)) | uint64(binary.LittleEndian.Uint32(b[n-4:]))<<(8*(n-4))
	case n > 0:
		return uint64(b[0]) | uint64(b[n/2])<<(8*(n/2)) | uint64(b[n-1])<<(8*(n-1))
	}
	return 0
}

// Tail returns the last eight bytes of b. REQUIRES: there are as many.
func Tail(b []byte) uint64 { return binary.LittleEndian.Uint64(b[len(b)-8:]) }

// Lower makes the ASCII capital letters among eight bytes small.
func Lower(w uint64) uint64 {
	low := w &^ high // so that a sum of two bytes stays in its byte
	capital := (low + (0x80-'A')*ones) &^ (low + (0x80-'Z'-1)*ones) &^ w & high
	return w | capital>>2
}

// Marks sets the highest bit of each byte of w that is c, and no other.
func Marks(w uint64, c byte) uint64 { return Zeros(w ^ Spread(c)) }

// Spread returns a word of eight bytes c.
func Spread(c byte) uint64 { return uint64(c) * ones }

// Zeros sets the highest bit of each byte of w that is zero, and no other.
func Zeros(w uint64) uint64 { return ^(w&rest + rest | w | rest) }

// Has is not 0 if w has a byte of eight equal ones.
func Has(w, eight uint64) uint64 {
	w ^= eight
	return (w - ones) &^ w & high
}

// Contains tells whether b has a byte c. It is for what mostly is 8 to 24 bytes long.
func Contains(b []byte, c byte) bool {
	n := len(b)
	if n < 8 || n > 24 {
		return bytes.IndexByte(b, c) >= 0
	}
	all := Spread(c)
	found := Has(binary.LittleEndian.Uint64(b), all) | Has(Tail(b), all)
	if n > 16 {
		found |= Has(binary.LittleEndian.Uint64(b[8:]), all)
	}
	return found != 0
}

package hll

import (
	"encoding/binary"
	"math/bits"
)

const (
	hashSeed  = 0xadc83b19
	valueBits = 64 - indexBits // 50: a register holds 1..51
)

// Register returns the register an element belongs to, and what it raises it to.
func Register(element []byte) (i int, v uint8) {
	h := murmur64A(element, hashSeed)
	rest := h>>indexBits | 1<<valueBits // the bit bounds the run of zeros
	return int(h & (NumRegisters - 1)), uint8(bits.TrailingZeros64(rest) + 1)
}

// murmur64A is Appleby's MurmurHash2 for 64 bits, reading little endian.
func murmur64A(b []byte, seed uint64) uint64 {
	const m, r = 0xc6a4a7935bd1e995, 47
	h := seed ^ uint64(len(b))*m
	for ; len(b) >= 8; b = b[8:] {
		k := binary.LittleEndian.Uint64(b) * m
		h = (h ^ (k^k>>r)*m) * m
	}
	if len(b) > 0 {
		var k uint64
		for i := len(b) - 1; i >= 0; i-- {
			k = k<<8 | uint64(b[i])
		}
		h = (h ^ k) * m
	}
	h = (h ^ h>>r) * m
	return h ^ h>>r
}

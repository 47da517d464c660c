package table

import (
	"encoding/binary"
	"hash/maphash"
	"math/bits"
)

// seed is the process's own, so that nobody can prepare keys that collide.
var seed = maphash.MakeSeed()

// fixed is the seed set by SetSeed, 0 when there is none.
var fixed uint64

// Hash returns the hash of a key. It differs from process to process.
func Hash(key []byte) uint64 {
	if fixed != 0 {
		return fixedHash(key, fixed)
	}
	return maphash.Bytes(seed, key)
}

// SetSeed makes Hash the same in every process that sets the same seed, for tests and measurements that are
// to be repeated exactly; 0 returns to the process's own seed.
//
// REQUIRES: no table has entries.
func SetSeed(s uint64) { fixed = s }

// plain is a seed with which the first 8 bytes of a key are its hash: a test may so choose hashes.
const plain = 1<<64 - 1

// fixedHash folds the key in eight bytes at a time by a 64 by 64 bit multiplication.
func fixedHash(key []byte, s uint64) uint64 {
	if s == plain {
		return binary.BigEndian.Uint64(key)
	}
	const k0, k1 = 0x9e3779b97f4a7c15, 0xd6e8feb86659fd93
	h := s ^ uint64(len(key))*k0
	for ; len(key) >= 8; key = key[8:] {
		h = fold(h^binary.LittleEndian.Uint64(key), k1)
	}
	var tail uint64
	for i, c := range key {
		tail |= uint64(c) << (8 * i)
	}
	return fold(fold(h^tail, k1)+s, k0)
}

func fold(a, b uint64) uint64 {
	hi, lo := bits.Mul64(a, b)
	return hi ^ lo
}

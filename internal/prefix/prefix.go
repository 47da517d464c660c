package prefix

import (
	"encoding/binary"
	"math/bits"

	"granary/internal/swar"
)

const (
	// MaxDepth is the most parts of a key that a prefix may have.
	MaxDepth = 8
	// MaxLen is the longest prefix in bytes: a part that ends beyond it belongs to no prefix.
	MaxLen = 128
	// MaxDelim is the longest delimiter.
	MaxDelim = 16
)

// Split says what the prefix of a key is. The zero Split gives every key the empty prefix.
type Split struct {
	Delim string // ends each part of a key, such as ":"; if it is empty, each byte is a part
	Depth int    // parts of a key that make its prefix, at most
}

// Of returns the prefix of a key: its first parts, at most Depth, each with the delimiter that ends it. What comes behind
// the last delimiter is no part. It is a view of the key, and does not allocate.
//
//	key            depth 1    depth 2
//	user:17:name   user:      user:17:
//	user:17        user:      user:
//	counter        (empty)    (empty)
func (s *Split) Of(key []byte) []byte {
	var to ends
	if p := s.scan(key, 0, &to); p.parts > 0 {
		return key[:to[p.parts-1]]
	}
	return nil
}

// ends are where the parts of a prefix end, delimiters included.
type ends [MaxDepth]uint8

// scanned is what is to be known of a prefix to look it up.
type scanned struct {
	parts      int
	hash, last uint64 // as hash returns them
}

// name returns the first parts of a key.
func (to *ends) name(key []byte, parts int) []byte {
	if parts == 0 {
		return nil
	}
	return key[:to[(parts-1)&(MaxDepth-1)]]
}

// scan finds the parts of a key's prefix, and hashes it.
func (s *Split) scan(key []byte, seed uint64, to *ends) (p scanned) {
	key = key[:min(len(key), MaxLen)]
	if len(s.Delim) == 1 {
		return s.scanByte(key, swar.Spread(s.Delim[0]), seed, to)
	}
	end := 0
	for ; p.parts < s.Depth; p.parts++ {
		n := s.part(key[end:])
		if n == 0 {
			break
		}
		end += n
		to[p.parts] = uint8(end)
	}
	p.hash, p.last = hash(key[:end], seed)
	return p
}

// scanByte is scan for a delimiter of one byte, which nearly everybody uses: in one go, eight bytes at a time. delim is eight of it.
// REQUIRES: len(key) <= MaxLen
func (s *Split) scanByte(key []byte, delim, seed uint64, to *ends) (p scanned) {
	h := seed
	p.hash = seed
scan:
	for at := 0; at < len(key) && s.Depth > 0; at += 8 {
		var w, found uint64
		if n := len(key) - at; n >= 8 {
			w = binary.LittleEndian.Uint64(key[at:])
			found = swar.Zeros(w ^ delim)
		} else {
			w = swar.Head(key[at:])
			found = swar.Zeros(w^delim) & (1<<(8*n) - 1) // the zeros that Head fills up with may be the delimiter
		}
		for ; found != 0; found &= found - 1 {
			to[p.parts&(MaxDepth-1)] = uint8(at + bits.TrailingZeros64(found)/8 + 1)
			p.hash, p.last = h, w&(found^(found-1)) // up to the delimiter
			if p.parts++; p.parts >= s.Depth {
				break scan
			}
		}
		h = mix(h ^ w)
	}
	p.hash = mix(p.hash ^ p.last)
	return p
}

// hash returns the hash of a prefix, and its last one to eight bytes, which follow a multiple of eight, zero padded. The hash takes
// eight bytes at a time, so that scan need not look twice.
func hash(prefix []byte, seed uint64) (h, last uint64) {
	h = seed
	for ; len(prefix) > 8; prefix = prefix[8:] {
		h = mix(h ^ swar.Head(prefix))
	}
	last = swar.Head(prefix)
	return mix(h ^ last), last
}

// mix spreads what is known of a word over all bits: both halves of a product.
func mix(x uint64) uint64 {
	hi, lo := bits.Mul64(x, 0x9e3779b97f4a7c15)
	return hi ^ lo
}

// part returns the bytes of the first part of b with its delimiter, 0 if b has none.
func (s *Split) part(b []byte) int {
	if s.Delim == "" {
		return min(1, len(b)) // each byte is a part
	}
	for i := 0; i+len(s.Delim) <= len(b); i++ {
		if string(b[i:i+len(s.Delim)]) == s.Delim {
			return i + len(s.Delim)
		}
	}
	return 0
}

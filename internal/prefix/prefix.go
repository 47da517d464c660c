package prefix

import (
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
	if n := s.parts(key, &to); n > 0 {
		return key[:to[n-1]]
	}
	return nil
}

// ends are where the parts of a prefix end, delimiters included.
type ends [MaxDepth]uint8

// parts finds the parts of a key's prefix, and returns how many there are.
func (s *Split) parts(key []byte, to *ends) (n int) {
	key = key[:min(len(key), MaxLen)]
	if len(s.Delim) == 1 {
		return s.shortParts(key, to)
	}
	for end := 0; n < s.Depth; n++ {
		k := s.part(key[end:])
		if k == 0 {
			break
		}
		end += k
		to[n] = uint8(end)
	}
	return n
}

// shortParts is parts for a delimiter of one byte, which nearly everybody uses.
func (s *Split) shortParts(key []byte, to *ends) (n int) {
	for at := 0; at < len(key) && n < s.Depth; at += 8 {
		found := swar.Marks(swar.Head(key[at:]), s.Delim[0])
		if left := len(key) - at; left < 8 {
			found &= 1<<(8*left) - 1 // Head fills up with zeros, which may be the delimiter
		}
		for ; found != 0 && n < s.Depth; found &= found - 1 {
			to[n] = uint8(at + bits.TrailingZeros64(found)/8 + 1)
			n++
		}
	}
	return n
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

package prefix

import "bytes"

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
	b := key[:min(len(key), MaxLen)]
	end := 0
	for range s.Depth {
		n := s.part(b[end:])
		if n == 0 {
			break
		}
		end += n
	}
	return b[:end]
}

// part returns the bytes of the first part of b with its delimiter, 0 if b has none.
func (s *Split) part(b []byte) int {
	if len(s.Delim) == 1 {
		return bytes.IndexByte(b, s.Delim[0]) + 1 // what nearly everybody uses
	}
	return s.longPart(b)
}

func (s *Split) longPart(b []byte) int {
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

// depthOf returns the number of parts of a prefix.
func (s *Split) depthOf(prefix []byte) (n int) {
	for len(prefix) > 0 {
		k := s.part(prefix)
		if k == 0 {
			break
		}
		prefix = prefix[k:]
		n++
	}
	return n
}

// parent returns a prefix without its last part. REQUIRES: the prefix is not empty.
func (s *Split) parent(prefix []byte) []byte {
	end := 0
	for {
		n := s.part(prefix[end:])
		if end+n >= len(prefix) || n == 0 {
			return prefix[:end]
		}
		end += n
	}
}

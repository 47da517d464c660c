package set

import (
	"strconv"

	"granary/internal/encoding/decimal"
	"granary/internal/encoding/listpack"
	"granary/internal/encoding/set"
	"granary/internal/resp"
)

// Member is a member on its way: one that is looked for, added, or met. What different encodings want to know of it is
// computed when the first asks, so a member that is looked up in ten hashtables is hashed once.
//
// BORROWS: its text.
type Member struct {
	text  []byte
	n     int64
	hash  uint64
	knows uint8
	size  uint8 // digits in buf, 0: not written yet
	buf   [decimal.MaxLen]byte
}

// What a Member knows of itself.
const (
	number uint8 = 1 << iota // it is the integer n, and text is not set
	parsed                   // whether it is an integer
	isInt                    // it is
	hashed
)

// SetText makes m the member with a text, which it borrows.
func (m *Member) SetText(text []byte) { m.text, m.knows = text, 0 }

// SetInt makes m the member that is an integer.
func (m *Member) SetInt(n int64) { m.n, m.knows, m.size = n, number|parsed|isInt, 0 }

// setElem makes m the member that lies in a listpack. What bytes from outside hold as a string may be an integer.
func (m *Member) setElem(e listpack.Elem) {
	if e.IsInt() {
		m.SetInt(e.Int())
	} else {
		m.SetText(e.Str())
	}
}

// Text returns the text, valid as long as the member's bytes and m.
func (m *Member) Text() []byte {
	if m.knows&number == 0 {
		return m.text
	}
	if m.size == 0 {
		m.size = uint8(len(strconv.AppendInt(m.buf[:0], m.n, 10)))
	}
	return m.buf[:m.size]
}

// Int returns the integer that the text is, if it is one.
func (m *Member) Int() (int64, bool) {
	if m.knows&parsed == 0 {
		m.knows |= parsed
		if n, ok := decimal.ParseInt(m.text); ok {
			m.n = n
			m.knows |= isInt
		}
	}
	return m.n, m.knows&isInt != 0
}

// Hash returns the hash of the text.
func (m *Member) Hash() uint64 {
	if m.knows&hashed == 0 {
		m.hash = set.Hash(m.Text())
		m.knows |= hashed
	}
	return m.hash
}

// elem returns the member as a listpack stores it.
func (m *Member) elem() listpack.Elem {
	if n, ok := m.Int(); ok {
		return listpack.Int(n)
	}
	return listpack.Of(m.text)
}

// textLen returns the length of the text.
func (m *Member) textLen() int {
	if m.knows&number != 0 {
		return decimal.Len(m.n)
	}
	return len(m.text)
}

// Reply appends the member to a reply.
func (m *Member) Reply(out *resp.Writer) {
	if m.knows&number != 0 {
		out.BulkInt(m.n)
	} else {
		out.Bulk(m.text)
	}
}

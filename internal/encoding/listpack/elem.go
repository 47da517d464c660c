package listpack

import (
	"encoding/binary"
	"math"
	"strconv"

	"granary/internal/encoding/decimal"
)

// Elem is an element outside of its entry: what Of and Int make to store or to look for, and what Get reads.
// An Elem borrows its bytes. The zero Elem is the integer 0.
//
// It is four words, because the compiler keeps no larger struct in registers: with a flag beside text and n, walking
// 128 entries took 1800 ns instead of 640.
type Elem struct {
	text []byte // nil: the element is the integer n
	n    int64
}

// Of returns the element with a text: an integer if the text is one. The element borrows the text.
func Of(text []byte) Elem {
	if n, ok := decimal.ParseInt(text); ok {
		return Elem{n: n}
	}
	if text == nil {
		text = []byte{}
	}
	return Elem{text: text}
}

// Int returns the element of an integer.
func Int(n int64) Elem { return Elem{n: n} }

// Scratch is room for the digits of any integer, for Text.
type Scratch = [decimal.MaxLen]byte

// IsInt reports whether the element is stored as an integer.
func (e Elem) IsInt() bool { return e.text == nil }

// Int returns the value of an integer.
func (e Elem) Int() int64 { return e.n }

// Str returns the bytes of a string; it is for elements that are not IsInt.
func (e Elem) Str() []byte { return e.text }

// TextLen returns the length of the element's text.
func (e Elem) TextLen() int {
	if e.IsInt() {
		return decimal.Len(e.n)
	}
	return len(e.text)
}

// AppendTo appends the element's text to dst.
func (e Elem) AppendTo(dst []byte) []byte {
	if e.IsInt() {
		return strconv.AppendInt(dst, e.n, 10)
	}
	return append(dst, e.text...)
}

// Text returns the element's text: a view of a string, or an integer's digits in s. It is valid as long as both.
func (e Elem) Text(s *Scratch) []byte {
	if e.IsInt() {
		return strconv.AppendInt(s[:0], e.n, 10)
	}
	return e.text
}

// Canonical returns the element as Of would make it. Bytes from outside may hold the string "5", which Get returns as
// a string and which an EqualAt of the integer 5 equals; pass what Get returned through Canonical before storing it or
// looking for it elsewhere, if that matters.
func (e Elem) Canonical() Elem {
	if e.IsInt() {
		return e
	}
	return Of(e.text)
}

// Encodings, as drawn in the package comment.
const (
	str6  = 0x80
	int13 = 0xC0
	str12 = 0xE0
	str32 = 0xF0
	int16Enc,
	int24Enc,
	int32Enc,
	int64Enc = 0xF1, 0xF2, 0xF3, 0xF4

	maxStr6  = 1<<6 - 1
	maxStr12 = 1<<12 - 1
)

// encodedSize returns the bytes of encoding and data.
func (e Elem) encodedSize() int {
	if e.IsInt() {
		return intSize(e.n)
	}
	switch n := len(e.text); {
	case n <= maxStr6:
		return 1 + n
	case n <= maxStr12:
		return 2 + n
	default:
		return 5 + n
	}
}

// Size returns the bytes of the element's entry: by so much a listpack grows when it is added.
func (e Elem) Size() int {
	n := e.encodedSize()
	return n + backlenSize(n)
}

// EncodedSize returns the bytes of the entry of a text.
func EncodedSize(text []byte) int { return Of(text).Size() }

// intSize returns the bytes of encoding and data of an integer.
func intSize(n int64) int {
	switch {
	case uint64(n) < 1<<7:
		return 1
	case uint64(n+1<<12) < 1<<13:
		return 2
	case n == int64(int16(n)):
		return 3
	case uint64(n+1<<23) < 1<<24:
		return 4
	case n == int64(int32(n)):
		return 5
	}
	return 9
}

// backlenSize returns the bytes of the backlen of an entry with n bytes of encoding and data.
func backlenSize(n int) int {
	switch {
	case n <= 127:
		return 1
	case n < 16383:
		return 2
	case n < 2097151:
		return 3
	case n < 268435455:
		return 4
	}
	return 5
}

// steps holds the size of an entry by its first byte, or 0 if that depends on further bytes.
var steps = func() (t [256]uint8) {
	for b := range t {
		switch {
		case b < str6:
			t[b] = 2
		case b < int13:
			t[b] = uint8(b-str6) + 2
		case b < str12:
			t[b] = 3
		}
	}
	t[int16Enc], t[int24Enc], t[int32Enc], t[int64Enc] = 4, 5, 6, 10
	return t
}()

// EntrySize returns the bytes of the entry at p: by so much the listpack shrinks when it is deleted.
func (lp Listpack) EntrySize(p int) int {
	if n := steps[lp[p]]; n != 0 {
		return int(n)
	}
	return lp.entrySizeLong(p)
}

// entrySizeLong returns the bytes of an entry of a string of more than 6 bits of length.
func (lp Listpack) entrySizeLong(p int) int {
	n := 5
	if lp[p] < str32 {
		n = 2 + int(lp[p]&0x0F)<<8 + int(lp[p+1])
	} else if lp[p] == str32 {
		n += int(binary.LittleEndian.Uint32(lp[p+1:]))
	} else {
		panic("BUG: listpack: no entry at this position")
	}
	return n + backlenSize(n)
}

// Get returns the element at p. Its bytes are a view of the listpack, valid until the listpack changes.
func (lp Listpack) Get(p int) Elem {
	if b := lp[p]; b&(1<<7|1<<6) == str6 { // Fast path: a string of less than 64 bytes.
		n := p + 1 + int(b&maxStr6)
		return Elem{text: lp[p+1 : n : n]}
	}
	e, _ := lp.read(p)
	return e
}

// Read returns the element at p, as Get does, and the position of the entry after it, or 0: the fastest walk.
func (lp Listpack) Read(p int) (e Elem, next int) {
	if b := lp[p]; b&(1<<7|1<<6) == str6 { // Fast path, as in Get.
		n := p + 1 + int(b&maxStr6)
		return Elem{text: lp[p+1 : n : n]}, lp.here(n + 1)
	}
	e, next = lp.read(p)
	return e, lp.here(next)
}

// read returns the element at p, which is not a short string, and where its entry ends.
func (lp Listpack) read(p int) (Elem, int) {
	var n int64
	switch b := lp[p]; {
	case b < str6:
		return Elem{n: int64(b)}, p + 2
	case b < str12:
		return Elem{n: int64(uint64(b)<<59|uint64(lp[p+1])<<51) >> 51}, p + 3
	case b == int16Enc:
		n = int64(int16(binary.LittleEndian.Uint16(lp[p+1:])))
	case b == int24Enc:
		// The byte before the three is shifted out.
		n = int64(int32(binary.LittleEndian.Uint32(lp[p:])) >> 8)
	case b == int32Enc:
		n = int64(int32(binary.LittleEndian.Uint32(lp[p+1:])))
	case b == int64Enc:
		n = int64(binary.LittleEndian.Uint64(lp[p+1:]))
	default:
		size := lp.entrySizeLong(p)
		from, stop := p+2, p+2+int(b&0x0F)<<8+int(lp[p+1])
		if b == str32 {
			from, stop = p+5, p+5+int(binary.LittleEndian.Uint32(lp[p+1:]))
		}
		return Elem{text: lp[from:stop:stop]}, p + size
	}
	return Elem{n: n}, p + int(steps[lp[p]])
}

// GetInt returns the integer at p. A string that is an integer's text counts too; ok is false for other strings.
func (lp Listpack) GetInt(p int) (n int64, ok bool) {
	e := lp.Get(p).Canonical()
	return e.n, e.IsInt()
}

// AppendAt appends the text of the element at p to dst.
func (lp Listpack) AppendAt(dst []byte, p int) []byte { return lp.Get(p).AppendTo(dst) }

// put writes the entry of e at p, whose size is e.Size.
func (lp Listpack) put(p int, e Elem) int {
	n := 0
	if e.IsInt() {
		n = putInt(lp[p:], e.n)
	} else {
		n = putHead(lp[p:], len(e.text))
		n += copy(lp[p+n:], e.text)
	}
	return n + putBacklen(lp[p+n:], n)
}

// putHead writes the encoding of a string of n bytes.
func putHead(b []byte, n int) int {
	switch {
	case n <= maxStr6:
		b[0] = str6 | byte(n)
		return 1
	case n <= maxStr12:
		b[0], b[1] = str12|byte(n>>8), byte(n)
		return 2
	}
	if n > math.MaxUint32 {
		panic("BUG: listpack: string too long")
	}
	b[0] = str32
	binary.LittleEndian.PutUint32(b[1:], uint32(n))
	return 5
}

// putInt writes encoding and data of an integer.
func putInt(b []byte, n int64) int {
	size := intSize(n)
	switch size {
	case 1:
		b[0] = byte(n)
	case 2:
		b[0], b[1] = int13|byte(n>>8)&0x1F, byte(n)
	case 3:
		b[0] = int16Enc
		binary.LittleEndian.PutUint16(b[1:], uint16(n))
	case 4:
		binary.LittleEndian.PutUint32(b, uint32(n)<<8|int24Enc)
	case 5:
		b[0] = int32Enc
		binary.LittleEndian.PutUint32(b[1:], uint32(n))
	default:
		b[0] = int64Enc
		binary.LittleEndian.PutUint64(b[1:], uint64(n))
	}
	return size
}

// putBacklen writes the backlen of an entry with n bytes of encoding and data.
func putBacklen(b []byte, n int) int {
	size := backlenSize(n)
	if size == 1 { // Fast path.
		b[0] = byte(n)
		return 1
	}
	for i := size - 1; i > 0; i-- {
		b[i] = byte(n) | 0x80
		n >>= 7
	}
	b[0] = byte(n)
	return size
}

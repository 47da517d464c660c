package strings

import (
	"encoding/binary"
	"math/bits"

	"granary/internal/mem"
)

// The longest common subsequence, 64 positions at a time.
//
// Let L(i,j) be its length for the first i bytes of a and the first j bytes of b. Along a row, L grows by 0 or 1 from one
// column to the next, so a row is a vector of bits: V(i) has bit j-1 set where L(i,j) = L(i,j-1). With M(x) the set of
// positions of the byte x in b, the next row follows (Hyyrö 2004):
//
//	U      = V(i-1) & M(a[i-1])
//	V(i)   = (V(i-1) + U) | (V(i-1) &^ U)          the addition carries over all words of the row
//
// V(0) is all ones; the length is the number of zeros in the last row. So the work is n*m/64 steps, and the table that the
// way back needs has n*m bits, where the textbook's has n*m numbers.
//
// The way back from (n,m) is the textbook's, because clients see it: on equal bytes diagonally; otherwise up if
// L(i-1,j) > L(i,j-1), else left. With unequal bytes L(i,j) is the larger of the two, so "up" holds exactly where
// L(i,j) > L(i,j-1): where bit j-1 of V(i) is zero. The bits are all it takes.
type lcsTable struct {
	ref    mem.Ref
	size   int
	words  int // of a row
	rows   []byte
	length int
}

// lcsMasks are the sets M(x), made for a byte when it first occurs.
type lcsMasks struct {
	b     []byte
	words int
	of    [256][]uint64
}

func (m *lcsMasks) get(x byte) []uint64 {
	if m.of[x] == nil {
		set := make([]uint64, m.words)
		for j, y := range m.b {
			if y == x {
				set[j/64] |= 1 << (j % 64)
			}
		}
		m.of[x] = set
	}
	return m.of[x]
}

// lcsLen returns the length of the longest common subsequence.
func lcsLen(a, b []byte) int {
	if len(a) < len(b) {
		a, b = b, a // fewer sets to make, longer runs without overhead
	}
	m := lcsMasks{b: b, words: (len(b) + 63) / 64}
	row := make([]uint64, m.words)
	for i := range row {
		row[i] = ^uint64(0)
	}
	for _, x := range a {
		carry := uint64(0)
		for w, set := range m.get(x) {
			v := row[w]
			u := v & set
			var sum uint64
			sum, carry = bits.Add64(v, u, carry)
			row[w] = sum | v&^u
		}
	}
	n := 0
	for w, v := range row {
		n += zeros(v, len(b)-64*w)
	}
	return n
}

// zeros counts the zeros among the first n bits of v.
func zeros(v uint64, n int) int {
	if n < 64 {
		v |= ^uint64(0) << n
	}
	return 64 - bits.OnesCount64(v)
}

// newLCSTable computes all rows. They lie in the arena until free.
func newLCSTable(arena *mem.Arena, a, b []byte) *lcsTable {
	t := &lcsTable{words: (len(b) + 63) / 64}
	t.size = 8 * t.words * len(a)
	if t.size == 0 {
		return t
	}
	t.ref = arena.Alloc(t.size, mem.PurposeOther)
	t.rows = mem.Bytes(t.ref, t.size)
	m := lcsMasks{b: b, words: t.words}
	prev := make([]byte, 8*t.words)
	for i := range prev {
		prev[i] = 0xff
	}
	for i, x := range a {
		row := t.rows[8*t.words*i:][:8*t.words]
		carry := uint64(0)
		for w, set := range m.get(x) {
			v := binary.LittleEndian.Uint64(prev[8*w:])
			u := v & set
			var sum uint64
			sum, carry = bits.Add64(v, u, carry)
			binary.LittleEndian.PutUint64(row[8*w:], sum|v&^u)
		}
		prev = row
	}
	for w := range t.words {
		t.length += zeros(binary.LittleEndian.Uint64(prev[8*w:]), len(b)-64*w)
	}
	return t
}

func (t *lcsTable) free(arena *mem.Arena) {
	if t.ref != 0 {
		arena.Free(t.ref, t.size, mem.PurposeOther)
	}
}

// up tells whether L(i,j) > L(i,j-1).
func (t *lcsTable) up(i, j int) bool {
	j--
	return t.rows[8*t.words*(i-1)+j/8]>>(j%8)&1 == 0
}

// matches calls fn for every run of matching bytes on the way back: where it begins in a and in b, and its length.
func (t *lcsTable) matches(a, b []byte, fn func(i, j, length int)) {
	run := 0
	for i, j := len(a), len(b); i > 0 && j > 0; {
		if a[i-1] == b[j-1] {
			i, j, run = i-1, j-1, run+1
			if i == 0 || j == 0 {
				fn(i, j, run)
			}
			continue
		}
		if run > 0 {
			fn(i, j, run)
			run = 0
		}
		if t.up(i, j) {
			i--
		} else {
			j--
		}
	}
}

// subsequence returns the longest common subsequence itself.
func (t *lcsTable) subsequence(a, b []byte) []byte {
	s := make([]byte, t.length)
	at := t.length
	t.matches(a, b, func(i, _, length int) {
		at -= length
		copy(s[at:], a[i:i+length])
	})
	return s
}

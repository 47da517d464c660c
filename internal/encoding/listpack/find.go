package listpack

import "granary/internal/encoding/decimal"

// EqualAt reports whether the entry at p has the text of e.
//
// REQUIRES: e is Canonical.
func (lp Listpack) EqualAt(p int, e Elem) bool {
	has := lp.Get(p)
	if has.IsInt() {
		return e.IsInt() && has.n == e.n
	}
	if e.IsInt() {
		return equalsText(has.text, e.n)
	}
	return string(has.text) == string(e.text)
}

// equalsText reports whether a string entry is the text of n. Nothing here makes such an entry, but bytes from
// outside may hold one.
func equalsText(text []byte, n int64) bool {
	m, ok := decimal.ParseInt(text)
	return ok && m == n
}

// Find returns the position of the first entry from p on that has the text of e, or 0. After an entry that differs
// it passes over skip others: 1 to look at the fields of a hash only.
//
// REQUIRES: e is Canonical; p is a position, End or 0.
func (lp Listpack) Find(p int, e Elem, skip int) int {
	if p == 0 {
		return 0
	}
	if e.IsInt() {
		var room [9]byte
		putInt(room[:], e.n)
		return lp.findHead(p, e, skip, [3]byte{room[0], str6 | byte(e.TextLen()), int13})
	}
	if n := len(e.text); n > maxStr6 {
		var room [5]byte
		putHead(room[:], n)
		return lp.findHead(p, e, skip, [3]byte{room[0], room[0], str12})
	}
	return lp.findShort(p, e.text, skip)
}

// findShort looks for a string of less than 64 bytes: most entries are told apart by their first byte.
func (lp Listpack) findShort(p int, text []byte, skip int) int {
	want := byte(str6 | len(text))
	for {
		b := lp[p]
		if b == want {
			if string(lp[p+1:p+1+len(text)]) == string(text) {
				return p
			}
		} else if b >= str12 {
			if b == end {
				return 0
			}
			// NB: bytes from outside may hold a short string in a long form.
			if b <= str32 && lp.EqualAt(p, Elem{text: text}) {
				return p
			}
		}
		p += lp.EntrySize(p)
		for i := skip; i > 0 && lp[p] != end; i-- {
			p += lp.EntrySize(p)
		}
	}
}

// findHead looks for an element whose entry begins with heads[0]. Bytes from outside may hold it in other ways: an
// integer as a short string, which begins with heads[1], or wider than needed, and a string in a long form; what may
// be that begins with heads[2] or more.
func (lp Listpack) findHead(p int, e Elem, skip int, heads [3]byte) int {
	for {
		b := lp[p]
		if b == end {
			return 0
		}
		if (b == heads[0] || b == heads[1] || b >= heads[2]) && lp.EqualAt(p, e) {
			return p
		}
		p += lp.EntrySize(p)
		for i := skip; i > 0 && lp[p] != end; i-- {
			p += lp.EntrySize(p)
		}
	}
}

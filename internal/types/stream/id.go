package stream

import (
	"bytes"
	"math"
	"math/bits"
	"strconv"

	"granary/internal/object"
)

// maxIDLen is the longest text that is looked at for an ID.
const maxIDLen = 127

// IDLen is room for the text of any ID.
const IDLen = 41

// AppendID appends an ID as clients see it: ms-seq.
func AppendID(dst []byte, id ID) []byte {
	dst = strconv.AppendUint(dst, id.Ms, 10)
	dst = append(dst, '-')
	return strconv.AppendUint(dst, id.Seq, 10)
}

// ParseID reads an ID: ms-seq, or ms alone with the sequence number missing. auto reports that the number was written as *,
// which XADD allows.
func ParseID(text []byte, missing uint64) (id ID, auto, ok bool) {
	if len(text) > maxIDLen {
		return id, false, false
	}
	if i := bytes.IndexByte(text, 0); i >= 0 { // a C string ends there
		text = text[:i]
	}
	ms, seq, both := bytes.Cut(text, []byte("-"))
	if id.Ms, ok = parseUint(ms); !ok {
		return id, false, false
	}
	switch {
	case !both:
		id.Seq = missing
	case string(seq) == "*":
		auto = true
	default:
		id.Seq, ok = parseUint(seq)
	}
	return id, auto, ok
}

// ParseStrict is ParseID where * is not allowed.
func ParseStrict(text []byte, missing uint64) (ID, bool) {
	id, auto, ok := ParseID(text, missing)
	return id, ok && !auto
}

// ParseBound reads an end of a range: - and + are the least and the greatest ID, and ( before an ID excludes it.
func ParseBound(text []byte, missing uint64) (id ID, exclusive, ok bool) {
	if len(text) > 1 && text[0] == '(' {
		id, ok = ParseStrict(text[1:], missing)
		return id, true, ok
	}
	id, ok = ParseLoose(text, missing)
	return id, false, ok
}

// ParseLoose reads an ID, - or +.
func ParseLoose(text []byte, missing uint64) (ID, bool) {
	switch string(text) {
	case "-":
		return MinID, true
	case "+":
		return MaxID, true
	}
	return ParseStrict(text, missing)
}

// parseUint reads a number as strictly or loosely as Redis does: a plain integer must not be negative, and what is no plain
// integer is read as C's strtoull reads it, with blanks and zeros before it, and a sign, which wraps around.
func parseUint(text []byte) (n uint64, ok bool) {
	if v, plain := object.ParseInt(text); plain {
		return uint64(v), v >= 0
	}
	text = bytes.TrimLeft(text, " \t\n\v\f\r")
	negative := false
	if len(text) > 0 && (text[0] == '+' || text[0] == '-') {
		negative = text[0] == '-'
		text = text[1:]
	}
	if len(text) == 0 {
		return 0, false
	}
	for _, c := range text {
		hi, lo := bits.Mul64(n, 10)
		if c < '0' || c > '9' || hi != 0 || lo > math.MaxUint64-uint64(c-'0') {
			return 0, false
		}
		n = lo + uint64(c-'0')
	}
	if negative {
		n = -n
	}
	return n, true
}

package command

import (
	"math"
	"strconv"
	"strings"
)

// ScanOptions are the options of SCAN, HSCAN, SSCAN and ZSCAN.
type ScanOptions struct {
	Count    int64
	Pattern  []byte // nil: all
	Kind     []byte // SCAN only: the name of a type, nil: all
	NoValues bool   // HSCAN only
	NoScores bool   // ZSCAN only; it is Valkey's
}

// ScanSteps returns how many steps a scan takes at most, whatever it meets: ten for each element asked for.
func (o *ScanOptions) ScanSteps() int64 {
	if o.Count <= math.MaxInt64/10 {
		return o.Count * 10
	}
	return o.Count
}

// ScanOptions reads the options of the scanning commands, which stand behind the cursor, and answers an error when they
// make no sense.
func (c *Ctx) ScanOptions(args [][]byte) (o ScanOptions, ok bool) {
	o.Count = 10
	for len(args) > 0 {
		used := 2
		switch {
		case Is(args[0], "count") && len(args) > 1:
			if o.Count, ok = c.Int(args[1]); !ok {
				return o, false
			}
			if o.Count < 1 {
				c.SyntaxError()
				return o, false
			}
		case Is(args[0], "match") && len(args) > 1:
			if o.Pattern = args[1]; string(o.Pattern) == "*" {
				o.Pattern = nil
			}
		case Is(args[0], "type") && len(args) > 1 && c.Spec.Group == GroupGeneric:
			o.Kind = args[1]
		case Is(args[0], "novalues"):
			if c.Spec.Group != GroupHash {
				c.Out.Error("ERR NOVALUES option can only be used in HSCAN")
				return o, false
			}
			o.NoValues = true
			used = 1
		case Is(args[0], "noscores"):
			if c.Spec.Group != GroupSortedSet {
				c.Out.Error("ERR NOSCORES option can only be used in ZSCAN")
				return o, false
			}
			o.NoScores = true
			used = 1
		default:
			c.SyntaxError()
			return o, false
		}
		args = args[used:]
	}
	return o, true
}

// ScanCursor reads a cursor and answers an error when it is none.
func (c *Ctx) ScanCursor(arg []byte) (uint64, bool) {
	n, ok := parseCursor(arg)
	if !ok {
		c.Out.Error(ErrInvalidCursor)
	}
	return n, ok
}

// ScanReply begins the reply of a scan: the cursor to go on from, and the head of an array of n elements.
func (c *Ctx) ScanReply(cursor uint64, n int) {
	c.Out.Array(2)
	var digits [20]byte
	c.Out.Bulk(strconv.AppendUint(digits[:0], cursor, 10))
	c.Out.Array(n)
}

// parseCursor reads a cursor as strtoul does, which takes a sign and wraps a negative number around, takes nothing for
// 0, and ends at a zero byte; only leading space is refused.
func parseCursor(arg []byte) (uint64, bool) {
	s, _, _ := strings.Cut(string(arg), "\x00")
	if s == "" {
		return 0, true
	}
	digits := strings.TrimPrefix(s, "+")
	negative := s[0] == '-'
	if negative {
		digits = s[1:]
	}
	for i := range len(digits) {
		if digits[i]-'0' > 9 {
			return 0, false
		}
	}
	n, err := strconv.ParseUint(digits, 10, 64)
	if negative {
		n = -n
	}
	return n, err == nil
}

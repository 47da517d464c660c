package live

import (
	"bytes"
	"fmt"
	"hash/fnv"
	"sort"
	"strconv"
	"strings"
)

// Reply is one parsed value. Kind is RESP's type byte; nulls have Null set ($-1, *-1 and _ keep their Kind).
type Reply struct {
	Kind  byte
	Null  bool
	Str   string  // scalars, without the type byte
	Elems []Reply // aggregates; maps as key, value, key, value
}

// Parse reads raw, which must be exactly one reply.
func Parse(raw []byte) (Reply, error) {
	r, rest, err := parse(raw)
	if err == nil && len(rest) != 0 {
		err = fmt.Errorf("%d bytes after the reply", len(rest))
	}
	return r, err
}

func parse(b []byte) (r Reply, rest []byte, err error) {
	i := bytes.Index(b, []byte("\r\n"))
	if i < 1 {
		return r, b, fmt.Errorf("malformed reply %.40q", b)
	}
	r.Kind, r.Str, rest = b[0], string(b[1:i]), b[i+2:]
	switch r.Kind {
	case '$', '=', '!':
		n, err := strconv.Atoi(r.Str)
		if err == nil && n < 0 {
			r.Null, r.Str = true, ""
			return r, rest, nil
		}
		if err != nil || n+2 > len(rest) {
			return r, b, fmt.Errorf("malformed reply %.40q", b)
		}
		r.Str = string(rest[:n])
		return r, rest[n+2:], nil
	case '_':
		r.Null = true
	case '*', '~', '>', '%':
		n, err := strconv.Atoi(r.Str)
		if err != nil {
			return r, b, fmt.Errorf("malformed reply %.40q", b)
		}
		r.Str = ""
		if n < 0 {
			r.Null = true
			return r, rest, nil
		}
		if r.Kind == '%' {
			n *= 2
		}
		for ; n > 0; n-- {
			var e Reply
			if e, rest, err = parse(rest); err != nil {
				return r, b, err
			}
			r.Elems = append(r.Elems, e)
		}
	}
	return r, rest, nil
}

// Append appends the notation of r, a line per value:
//
//	+OK   -ERR text   :1   "bulk"   nil   nil-array   ,3.5   #t   (12345   =txt:"text"
//	*2 %1 ~2 >3       an aggregate; its elements follow, two columns further in
//	"head"... len=N fnv=H    a bulk string of more than 160 bytes
func (r Reply) Append(dst []byte, indent int) []byte {
	dst = append(dst, strings.Repeat("  ", indent)...)
	switch {
	case r.Null && r.Kind == '*':
		dst = append(dst, "nil-array\n"...)
	case r.Null:
		dst = append(dst, "nil\n"...)
	case r.Kind == '$':
		dst = append(appendText(dst, r.Str), '\n')
	case r.Kind == '=' && len(r.Str) >= 4:
		dst = append(append(dst, '='), r.Str[:4]...)
		dst = append(appendText(dst, r.Str[4:]), '\n')
	case r.Kind == '*' || r.Kind == '%' || r.Kind == '~' || r.Kind == '>':
		n := len(r.Elems)
		if r.Kind == '%' {
			n /= 2
		}
		dst = fmt.Appendf(dst, "%c%d\n", r.Kind, n)
		for _, e := range r.Elems {
			dst = e.Append(dst, indent+1)
		}
	default:
		dst = append(append(append(dst, r.Kind), r.Str...), '\n')
	}
	return dst
}

// String returns the notation.
func (r Reply) String() string { return string(r.Append(nil, 0)) }

func appendText(dst []byte, s string) []byte {
	const most = 160
	if len(s) <= most {
		return append(dst, Quote(s)...)
	}
	h := fnv.New64a()
	h.Write([]byte(s))
	return fmt.Appendf(dst, "%s... len=%d fnv=%016x", Quote(s[:20]), len(s), h.Sum64())
}

// Quote returns s between double quotes; bytes that are not printable ASCII become \n, \r, \t or \xHH.
func Quote(s string) string {
	b := []byte{'"'}
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '"' || c == '\\':
			b = append(b, '\\', c)
		case c == '\n':
			b = append(b, '\\', 'n')
		case c == '\r':
			b = append(b, '\\', 'r')
		case c == '\t':
			b = append(b, '\\', 't')
		case c < 32 || c > 126:
			b = fmt.Appendf(b, "\\x%02x", c)
		default:
			b = append(b, c)
		}
	}
	return string(append(b, '"'))
}

// FormatCommand writes args as a line that a script can hold; bare words stay bare.
func FormatCommand(args []string) string {
	words := make([]string, len(args))
	for i, a := range args {
		words[i] = a
		if a == "" || strings.ContainsAny(a, " \"'\\*>") || Quote(a) != `"`+a+`"` {
			words[i] = Quote(a)
		}
	}
	return strings.Join(words, " ")
}

// Sorted returns r with the elements of every aggregate in order, maps by key. It is for replies whose order is the
// server's own business.
func (r Reply) Sorted() Reply {
	step := 1
	if r.Kind == '%' {
		step = 2
	}
	var groups []string
	byText := map[string][]Reply{}
	for i := 0; i+step <= len(r.Elems); i += step {
		var g []Reply
		text := ""
		for _, e := range r.Elems[i : i+step] {
			e = e.Sorted()
			g = append(g, e)
			text += e.String()
		}
		groups = append(groups, text)
		byText[text] = g
	}
	sort.Strings(groups)
	r.Elems = nil
	for _, text := range groups {
		r.Elems = append(r.Elems, byText[text]...)
	}
	return r
}

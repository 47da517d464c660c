package lualib

import (
	"math"
	"strconv"
	"strings"

	lua "github.com/yuin/gopher-lua"
)

// spec is one conversion of a format: %[flags][width][.precision]verb.
type spec struct {
	minus, plus, space, alt, zero bool
	width, prec                   int // prec is -1 if it was not given
	verb                          byte
}

// strFormat is string.format. Each conversion is C's printf, on an argument that Lua has converted first.
func (l *library) strFormat(L *lua.LState) int {
	format := checkString(L, 1)
	out := builder{l: l, L: L}
	top := L.GetTop()
	arg := 1
	for i := 0; i < len(format); i++ {
		if format[i] != '%' {
			out.byte(format[i])
			continue
		}
		if i++; i < len(format) && format[i] == '%' {
			out.byte('%')
			continue
		}
		if arg++; arg > top {
			argError(L, arg, "no value")
		}
		var sp spec
		sp, i = parseSpec(L, format, i)
		l.formatOne(L, &out, sp, arg)
	}
	L.Push(lua.LString(out.b))
	return 1
}

// parseSpec reads a conversion that begins behind '%' at i, and says where its verb is.
func parseSpec(L *lua.LState, f string, i int) (spec, int) {
	sp := spec{prec: -1}
	at := func() byte {
		if i < len(f) {
			return f[i]
		}
		return 0
	}
	flags := i
	for at() != 0 && strings.IndexByte("-+ #0", at()) >= 0 {
		switch at() {
		case '-':
			sp.minus = true
		case '+':
			sp.plus = true
		case ' ':
			sp.space = true
		case '#':
			sp.alt = true
		case '0':
			sp.zero = true
		}
		i++
	}
	if i-flags >= 6 {
		raise(L, "invalid format (repeated flags)")
	}
	number := func() int {
		n := 0
		for j := 0; j < 2 && isDigit(at()); j++ {
			n = n*10 + int(at()-'0')
			i++
		}
		return n
	}
	sp.width = number()
	if at() == '.' {
		i++
		sp.prec = number()
	}
	if isDigit(at()) {
		raise(L, "invalid format (width or precision too long)")
	}
	sp.verb = at()
	return sp, i
}

func (l *library) formatOne(L *lua.LState, out *builder, sp spec, arg int) {
	var buf [128]byte
	switch sp.verb {
	case 'c':
		c := byte(0) // of what does not fit C's int
		if f := checkNumber(L, arg); f > -1<<31-1 && f < 1<<31 {
			c = byte(int(f))
		}
		text := string([]byte{c})
		if c == 0 && sp.minus { // the C string ends at the zero, and with it the padding behind it
			text, sp.width = "", 0
		} else if c == 0 {
			text = ""
			sp.width--
		}
		sp.zero = false
		out.pad(sp, "", text)
	case 'd', 'i':
		v := toInteger(checkNumber(L, arg))
		out.integer(sp, signText(v < 0, sp), strconv.AppendUint(buf[:0], magnitude(v), 10))
	case 'u':
		out.integer(sp, "", strconv.AppendUint(buf[:0], toUnsigned(checkNumber(L, arg)), 10))
	case 'o', 'x', 'X':
		formatUnsigned(out, sp, toUnsigned(checkNumber(L, arg)))
	case 'e', 'E', 'f', 'g', 'G':
		out.float(sp, checkNumber(L, arg))
	case 'q':
		quote(out, checkString(L, arg))
	case 's':
		s := checkString(L, arg)
		if sp.prec < 0 && len(s) >= 100 {
			out.string(s) // whole, zero bytes and all
			return
		}
		if i := strings.IndexByte(s, 0); i >= 0 {
			s = s[:i]
		}
		if sp.prec >= 0 && len(s) > sp.prec {
			s = s[:sp.prec]
		}
		sp.zero = false
		out.pad(sp, "", s)
	default:
		verb := ""
		if sp.verb != 0 {
			verb = string([]byte{sp.verb})
		}
		raise(L, "invalid option '%%%s' to 'format'", verb)
	}
}

func magnitude(v int) uint64 {
	if v < 0 {
		return -uint64(v)
	}
	return uint64(v)
}

func signText(neg bool, sp spec) string {
	switch {
	case neg:
		return "-"
	case sp.plus:
		return "+"
	case sp.space:
		return " "
	}
	return ""
}

func formatUnsigned(out *builder, sp spec, v uint64) {
	if sp.verb == 'o' {
		digits := strconv.FormatUint(v, 8)
		if sp.alt && v != 0 && sp.prec <= len(digits) {
			digits = "0" + digits
		}
		out.integer(sp, "", []byte(digits))
		return
	}
	prefix, digits := "", strconv.FormatUint(v, 16)
	if sp.alt && v != 0 {
		prefix = "0x"
	}
	if sp.verb == 'X' {
		prefix, digits = strings.ToUpper(prefix), strings.ToUpper(digits)
	}
	out.integer(sp, prefix, []byte(digits))
}

// integer pads digits to the precision, and the whole to the width.
func (o *builder) integer(sp spec, prefix string, digits []byte) {
	text := string(digits)
	if sp.prec >= 0 {
		if sp.prec == 0 && text == "0" {
			text = ""
			if sp.verb == 'o' && sp.alt {
				text = "0"
			}
		}
		if len(text) < sp.prec {
			text = strings.Repeat("0", sp.prec-len(text)) + text
		}
		sp.zero = false // a precision turns zero padding off
	}
	o.pad(sp, prefix, text)
}

// pad writes prefix and text to the width: zeros go between them, blanks around them.
func (o *builder) pad(sp spec, prefix, text string) {
	fill := max(sp.width-len(prefix)-len(text), 0)
	switch {
	case sp.minus:
		o.string(prefix + text + strings.Repeat(" ", fill))
	case sp.zero:
		o.string(prefix + strings.Repeat("0", fill) + text)
	default:
		o.string(strings.Repeat(" ", fill) + prefix + text)
	}
}

func (o *builder) float(sp spec, f float64) {
	prefix := signText(math.Signbit(f), sp)
	upper := sp.verb < 'a'
	var text string
	if special := specialText(f); special != "" {
		text = strings.TrimPrefix(special, "-")
		sp.zero = false
	} else {
		text = floatText(math.Abs(f), sp)
	}
	if upper {
		text = strings.ToUpper(text)
	}
	o.pad(sp, prefix, text)
}

// floatText is a finite positive number under %e, %f or %g.
func floatText(f float64, sp spec) string {
	prec := sp.prec
	if prec < 0 {
		prec = 6
	}
	verb := sp.verb | 0x20
	if verb == 'g' {
		if prec == 0 {
			prec = 1
		}
		e := strconv.FormatFloat(f, 'e', prec-1, 64)
		i := strings.LastIndexByte(e, 'e')
		x, _ := strconv.Atoi(e[i+1:])
		mantissa, exp := e[:i], e[i:]
		if x >= -4 && x < prec {
			mantissa, exp = strconv.FormatFloat(f, 'f', prec-1-x, 64), ""
		}
		if strings.IndexByte(mantissa, '.') >= 0 {
			if !sp.alt {
				mantissa = strings.TrimRight(strings.TrimRight(mantissa, "0"), ".")
			}
		} else if sp.alt {
			mantissa += "."
		}
		return mantissa + exp
	}
	text := strconv.FormatFloat(f, verb, prec, 64)
	if prec == 0 && sp.alt {
		if i := strings.IndexByte(text, 'e'); i >= 0 {
			return text[:i] + "." + text[i:]
		}
		return text + "."
	}
	return text
}

// quote writes a string so that Lua reads it back.
func quote(out *builder, s string) {
	out.byte('"')
	for i := range len(s) {
		switch c := s[i]; c {
		case '"', '\\', '\n':
			out.byte('\\')
			out.byte(c)
		case '\r':
			out.string(`\r`)
		case 0:
			out.string(`\000`)
		default:
			out.byte(c)
		}
	}
	out.byte('"')
}

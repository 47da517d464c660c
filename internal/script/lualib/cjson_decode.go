package lualib

import (
	"strings"
	"unicode/utf8"

	lua "github.com/yuin/gopher-lua"
)

// token is what the JSON reader sees next. The names are those of error texts.
type token string

const (
	tokObjBegin token = "T_OBJ_BEGIN"
	tokObjEnd   token = "T_OBJ_END"
	tokArrBegin token = "T_ARR_BEGIN"
	tokArrEnd   token = "T_ARR_END"
	tokString   token = "T_STRING"
	tokNumber   token = "T_NUMBER"
	tokBoolean  token = "T_BOOLEAN"
	tokNull     token = "T_NULL"
	tokColon    token = "T_COLON"
	tokComma    token = "T_COMMA"
	tokEnd      token = "T_END"
	// Any other token is an error and its own text.
)

func (c *jsonConfig) decode(L *lua.LState) int {
	if L.GetTop() != 1 {
		argError(L, 1, "expected 1 argument")
	}
	s := checkString(L, 1)
	if len(s) >= 2 && (s[0] == 0 || s[1] == 0) {
		raise(L, "JSON parser does not support UTF-16 or UTF-32")
	}
	d := &jsonDecoder{c: c, L: L, s: s, slots: 1}
	d.next()
	v := d.value()
	if d.next(); d.tok != tokEnd {
		d.fail("the end")
	}
	L.Push(v)
	return 1
}

// jsonDecoder reads one text. The text is C's: it ends at a zero byte.
type jsonDecoder struct {
	c     *jsonConfig
	L     *lua.LState
	s     string
	pos   int
	depth int
	slots int // of Lua's stack in use

	tok   token
	index int // where tok begins, or its error lies
	val   lua.LValue
}

func (d *jsonDecoder) at(i int) byte {
	if i < len(d.s) {
		return d.s[i]
	}
	return 0
}

func (d *jsonDecoder) fail(want string) {
	raise(d.L, "Expected %s but found %s at character %d", want, string(d.tok), d.index+1)
}

func (d *jsonDecoder) error(text token) {
	d.tok, d.index = text, d.pos
}

// next reads one token.
func (d *jsonDecoder) next() {
	d.c.l.b.Step(1)
	for {
		c := d.at(d.pos)
		if c != ' ' && c != '\t' && c != '\n' && c != '\r' {
			break
		}
		d.pos++
	}
	d.index = d.pos
	single := func(t token) {
		d.tok = t
		d.pos++
	}
	switch c := d.at(d.pos); c {
	case '{':
		single(tokObjBegin)
	case '}':
		single(tokObjEnd)
	case '[':
		single(tokArrBegin)
	case ']':
		single(tokArrEnd)
	case ',':
		single(tokComma)
	case ':':
		single(tokColon)
	case 0:
		d.tok = tokEnd
	case '"':
		d.text()
	case '-', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9':
		if !d.c.decodeInvalid && d.invalidNumber() {
			d.error("invalid number")
		} else {
			d.number()
		}
	case '+', 'f', 'i', 'I', 'n', 'N', 't':
		rest := d.s[d.pos:]
		switch {
		case strings.HasPrefix(rest, "true"):
			d.tok, d.val = tokBoolean, lua.LTrue
			d.pos += 4
		case strings.HasPrefix(rest, "false"):
			d.tok, d.val = tokBoolean, lua.LFalse
			d.pos += 5
		case strings.HasPrefix(rest, "null"):
			d.tok, d.val = tokNull, Null
			d.pos += 4
		case d.c.decodeInvalid && d.invalidNumber():
			d.number()
		default:
			d.error("invalid token")
		}
	default:
		d.error("invalid token")
	}
}

// invalidNumber says whether what C reads as a number here is none in JSON: a plus sign, a leading zero, hexadecimal,
// infinity or NaN.
func (d *jsonDecoder) invalidNumber() bool {
	p := d.pos
	if d.at(p) == '+' {
		return true
	}
	if d.at(p) == '-' {
		p++
	}
	if d.at(p) == '0' {
		c := d.at(p + 1)
		return c|0x20 == 'x' || isDigit(c)
	}
	if d.at(p) <= '9' {
		return false
	}
	return hasFold(d.s[p:], "inf") || hasFold(d.s[p:], "nan")
}

func (d *jsonDecoder) number() {
	f, n := strtod(d.s[d.pos:])
	if n == 0 {
		d.error("invalid number")
		return
	}
	d.tok, d.val = tokNumber, lua.LNumber(f)
	d.pos += n
}

func (d *jsonDecoder) text() {
	d.pos++
	start := d.pos
	var b []byte // nil as long as nothing was escaped
	from := d.pos
	for {
		switch c := d.at(d.pos); c {
		case 0:
			d.error("unexpected end of string")
			return
		case '"':
			d.c.l.b.Step((d.pos - start) >> 5)
			d.tok = tokString
			if b == nil {
				d.val = lua.LString(d.s[start:d.pos])
			} else {
				d.val = lua.LString(append(b, d.s[from:d.pos]...))
			}
			d.pos++
			return
		case '\\':
			if b == nil {
				n := strings.IndexByte(d.s[d.pos:], '"')
				d.c.l.b.Grow(d.pos - start + max(n, 0))
				b = make([]byte, 0, d.pos-start+16)
			}
			b = append(b, d.s[from:d.pos]...)
			var ok bool
			if b, ok = d.escape(b); !ok {
				return
			}
			from = d.pos
		default:
			d.pos++
		}
	}
}

// escape appends what the escape at pos stands for.
func (d *jsonDecoder) escape(b []byte) ([]byte, bool) {
	c := d.at(d.pos + 1)
	switch c {
	case '"', '\\', '/':
	case 'b':
		c = '\b'
	case 'f':
		c = '\f'
	case 'n':
		c = '\n'
	case 'r':
		c = '\r'
	case 't':
		c = '\t'
	case 'u':
		r, n := d.unicode()
		if n == 0 {
			d.error("invalid unicode escape code")
			return nil, false
		}
		d.pos += n
		return appendCodepoint(b, r), true
	default:
		d.error("invalid escape code")
		return nil, false
	}
	d.pos += 2
	return append(b, c), true
}

// unicode reads \uXXXX, or two that make a surrogate pair, and how long it is; 0 if it is wrong.
func (d *jsonDecoder) unicode() (rune, int) {
	r := d.hex4(d.pos + 2)
	if r < 0 {
		return 0, 0
	}
	if r&0xf800 != 0xd800 {
		return r, 6
	}
	if r&0x400 != 0 || d.at(d.pos+6) != '\\' || d.at(d.pos+7) != 'u' {
		return 0, 0
	}
	low := d.hex4(d.pos + 8)
	if low < 0 || low&0xfc00 != 0xdc00 {
		return 0, 0
	}
	return (r&0x3ff<<10 | low&0x3ff) + 0x10000, 12
}

func (d *jsonDecoder) hex4(p int) rune {
	r := rune(0)
	for i := range 4 {
		h := hexDigit(d.at(p + i))
		if h < 0 {
			return -1
		}
		r = r<<4 | rune(h)
	}
	return r
}

func appendCodepoint(b []byte, r rune) []byte { return utf8.AppendRune(b, r) }

// value is the value that begins with the current token.
func (d *jsonDecoder) value() lua.LValue {
	switch d.tok {
	case tokString, tokNumber, tokBoolean, tokNull:
		return d.val
	case tokObjBegin:
		return d.object()
	case tokArrBegin:
		return d.array()
	}
	d.fail("value")
	return lua.LNil
}

// descend begins a table that needs some of Lua's stack, and keeps part of it while its values are read.
func (d *jsonDecoder) descend(need int) {
	if d.depth++; d.depth > d.c.decodeDepth || d.slots+need > stackSlots {
		raise(d.L, "Found too many nested data structures (%d) at character %d", d.depth, d.pos)
	}
	d.slots += need - 1
	d.c.l.b.Grow(tableBytes)
}

// tableBytes is about what a table with little in it takes.
const tableBytes = 256

func (d *jsonDecoder) ascend(need int) {
	d.depth--
	d.slots -= need - 1
}

func (d *jsonDecoder) object() lua.LValue {
	d.descend(3)
	t := d.L.CreateTable(0, 0)
	d.next()
	if d.tok == tokObjEnd {
		d.ascend(3)
		return t
	}
	for {
		if d.tok != tokString {
			d.fail("object key string")
		}
		key := string(d.val.(lua.LString))
		if d.next(); d.tok != tokColon {
			d.fail("colon")
		}
		d.next()
		t.RawSetString(key, d.value())
		d.c.l.b.Grow(len(key) + 64)
		d.next()
		switch d.tok {
		case tokObjEnd:
			d.ascend(3)
			return t
		case tokComma:
		default:
			d.fail("comma or object end")
		}
		d.next()
	}
}

func (d *jsonDecoder) array() lua.LValue {
	d.descend(2)
	t := d.L.CreateTable(0, 0)
	d.next()
	if d.tok == tokArrEnd {
		d.ascend(2)
		return t
	}
	for i := 1; ; i++ {
		t.RawSetInt(i, d.value())
		d.c.l.b.Grow(32)
		d.next()
		switch d.tok {
		case tokArrEnd:
			d.ascend(2)
			return t
		case tokComma:
		default:
			d.fail("comma or array end")
		}
		d.next()
	}
}

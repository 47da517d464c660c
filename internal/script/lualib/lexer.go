package lualib

import (
	"fmt"
	"strconv"
)

// A lexeme is one token of Lua's source. kind is the token's text for reserved words and operators, and one of the names below.
type lexeme struct {
	kind string
	text string  // of a name or string: its value
	raw  string  // of a name, string or number: as an error shows it
	num  float64 // of a number
	line int     // where it ends
}

const (
	lexEOF    = "<eof>"
	lexName   = "<name>"
	lexString = "<string>"
	lexNumber = "<number>"
)

var reserved = map[string]bool{
	"and": true, "break": true, "do": true, "else": true, "elseif": true, "end": true, "false": true, "for": true, "function": true,
	"if": true, "in": true, "local": true, "nil": true, "not": true, "or": true, "repeat": true, "return": true, "then": true,
	"true": true, "until": true, "while": true,
}

// syntaxError is what a parser panics with; Load recovers it.
type syntaxError struct{ text string }

func (e syntaxError) Error() string { return e.text }

type lexer struct {
	chunk string
	s     string
	pos   int
	line  int
	buf   []byte // of the token being read, as errors show it
}

// fail leaves with an error at the current line, near the text of a token if there is one.
func (x *lexer) fail(text, near string) {
	text = fmt.Sprintf("%s:%d: %s", x.chunk, x.line, text)
	if near != "" {
		text += " near '" + cstring(near) + "'"
	}
	panic(syntaxError{text})
}

// cstring is text up to its first zero byte.
func cstring(s string) string {
	for i := range len(s) {
		if s[i] == 0 {
			return s[:i]
		}
	}
	return s
}

// cur is the current byte; -1 at the end.
func (x *lexer) cur() int {
	if x.pos < len(x.s) {
		return int(x.s[x.pos])
	}
	return -1
}

func (x *lexer) save() {
	x.buf = append(x.buf, x.s[x.pos])
	x.pos++
}

// newline passes \n, \r, \r\n or \n\r.
func (x *lexer) newline() {
	old := x.s[x.pos]
	x.pos++
	if c := x.cur(); (c == '\n' || c == '\r') && byte(c) != old {
		x.pos++
	}
	x.line++
}

func (x *lexer) next() lexeme {
	t := x.scan()
	t.line = x.line
	return t
}

func (x *lexer) scan() lexeme {
	x.buf = x.buf[:0]
	for {
		c := x.cur()
		switch {
		case c < 0:
			return lexeme{kind: lexEOF}
		case c == '\n' || c == '\r':
			x.newline()
		case c == '-':
			x.pos++
			if x.cur() != '-' {
				return lexeme{kind: "-"}
			}
			x.pos++
			x.comment()
		case c == '[':
			if level := x.longOpen(); level >= 0 {
				text := x.longString(level, "unfinished long string")
				return lexeme{kind: lexString, text: text, raw: string(x.buf)}
			} else if level == -1 {
				return lexeme{kind: "["}
			}
			x.fail("invalid long string delimiter", string(x.buf))
		case c == '=' || c == '<' || c == '>' || c == '~':
			x.pos++
			if x.cur() == '=' {
				x.pos++
				return lexeme{kind: string([]byte{byte(c), '='})}
			}
			return lexeme{kind: string([]byte{byte(c)})}
		case c == '"' || c == '\'':
			return x.quoted(byte(c))
		case c == '.':
			x.save()
			if c := x.cur(); c == '.' || c == 0 { // NB: Lua looks with strchr, which finds a zero byte as well
				x.save()
				if c := x.cur(); c == '.' || c == 0 {
					x.pos++
					return lexeme{kind: "..."}
				}
				return lexeme{kind: ".."}
			}
			if x.cur() < 0 || !isDigit(byte(x.cur())) {
				return lexeme{kind: "."}
			}
			return x.number()
		case isSpace(byte(c)):
			x.pos++
		case isDigit(byte(c)):
			return x.number()
		case isAlpha(byte(c)) || c == '_':
			for c := x.cur(); c >= 0 && (isAlnum(byte(c)) || c == '_'); c = x.cur() {
				x.save()
			}
			word := string(x.buf)
			if reserved[word] {
				return lexeme{kind: word}
			}
			return lexeme{kind: lexName, text: word, raw: word}
		default:
			x.pos++
			return lexeme{kind: string([]byte{byte(c)})}
		}
	}
}

func (x *lexer) comment() {
	if x.cur() == '[' {
		level := x.longOpen()
		x.buf = x.buf[:0]
		if level >= 0 {
			x.longString(level, "unfinished long comment")
			x.buf = x.buf[:0]
			return
		}
	}
	for c := x.cur(); c >= 0 && c != '\n' && c != '\r'; c = x.cur() {
		x.pos++
	}
}

// longOpen passes [, [[ or [==[: how many signs it has, -1 for a lone bracket, -2 for signs without a second bracket.
func (x *lexer) longOpen() int {
	x.save()
	n := 0
	for x.cur() == '=' {
		x.save()
		n++
	}
	if x.cur() == '[' {
		x.save()
		return n
	}
	if n == 0 {
		return -1
	}
	return -2
}

func (x *lexer) longString(level int, unfinished string) string {
	if c := x.cur(); c == '\n' || c == '\r' {
		x.newline()
	}
	start := len(x.buf)
	for {
		switch c := x.cur(); c {
		case -1:
			x.fail(unfinished, lexEOF)
		case ']':
			x.save()
			n := 0
			for x.cur() == '=' {
				x.save()
				n++
			}
			if n == level && x.cur() == ']' {
				x.save()
				return string(x.buf[start : len(x.buf)-level-2])
			}
		case '\n', '\r':
			x.buf = append(x.buf, '\n')
			x.newline()
		default:
			x.save()
		}
	}
}

func (x *lexer) quoted(q byte) lexeme {
	x.save()
	for x.cur() != int(q) {
		switch c := x.cur(); c {
		case -1:
			x.fail("unfinished string", lexEOF)
		case '\n', '\r':
			x.fail("unfinished string", string(x.buf))
		case '\\':
			x.pos++
			x.escape()
		default:
			x.save()
		}
	}
	x.save()
	return lexeme{kind: lexString, text: string(x.buf[1 : len(x.buf)-1]), raw: string(x.buf)}
}

var escapes = map[int]byte{'a': '\a', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t', 'v': '\v'}

func (x *lexer) escape() {
	c := x.cur()
	switch {
	case c < 0: // quoted says what is wrong
	case c == '\n' || c == '\r':
		x.buf = append(x.buf, '\n')
		x.newline()
	case isDigit(byte(c)):
		n := 0
		for i := 0; i < 3 && x.cur() >= 0 && isDigit(byte(x.cur())); i++ {
			n = n*10 + x.cur() - '0'
			x.pos++
		}
		if n > 255 {
			x.fail("escape sequence too large", string(x.buf))
		}
		x.buf = append(x.buf, byte(n))
	default:
		if e, ok := escapes[c]; ok {
			x.buf = append(x.buf, e)
			x.pos++
		} else {
			x.save()
		}
	}
}

func (x *lexer) number() lexeme {
	for c := x.cur(); c >= 0 && (isDigit(byte(c)) || c == '.'); c = x.cur() {
		x.save()
	}
	if c := x.cur(); c == 'e' || c == 'E' || c == 0 {
		x.save()
		if c := x.cur(); c == '+' || c == '-' || c == 0 {
			x.save()
		}
	}
	for c := x.cur(); c >= 0 && (isAlnum(byte(c)) || c == '_'); c = x.cur() {
		x.save()
	}
	raw := string(x.buf)
	f, ok := parseNumber(raw)
	if !ok {
		x.fail("malformed number", raw)
	}
	return lexeme{kind: lexNumber, raw: raw, num: f}
}

// show is a token as errors show it; not at all if it is a zero byte.
func (t lexeme) show() string {
	if t.kind == "\x00" {
		return ""
	}
	if t.raw != "" {
		return t.raw
	}
	if len(t.kind) == 1 && (t.kind[0] < 32 || t.kind[0] == 127) {
		return "char(" + strconv.Itoa(int(t.kind[0])) + ")"
	}
	return t.kind
}

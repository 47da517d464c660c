package lualib

import (
	"strings"

	lua "github.com/yuin/gopher-lua"
)

// maxString is the longest string that a function here makes: Redis's limit of a bulk string, 512 MiB.
const maxString = 512 << 20

func (l *library) openString(L *lua.LState) {
	t := register(L, "string", map[string]lua.LGFunction{
		"byte": l.strByte, "char": l.strChar, "dump": strDump, "find": l.strFind, "format": l.strFormat,
		"gfind": l.strGmatch, "gmatch": l.strGmatch, "gsub": l.strGsub, "len": strLen, "lower": l.strLower,
		"match": l.strMatch, "rep": l.strRep, "reverse": l.strReverse, "sub": strSub, "upper": l.strUpper,
	})
	visible := L.NewTable()
	visible.RawSetString("__index", t)
	l.stringMeta = visible
}

// grow asks for n bytes of a result.
func (l *library) grow(L *lua.LState, n int) {
	if n > maxString {
		raise(L, "resulting string too large")
	}
	if n > 64 {
		l.b.Grow(n)
		l.b.Step(n >> 6)
	}
}

// position makes an index of a string that may count from the end one from the start.
func position(i, n int) int {
	if i < 0 {
		i += n + 1
	}
	return max(i, 0)
}

func strLen(L *lua.LState) int {
	L.Push(lua.LNumber(len(checkString(L, 1))))
	return 1
}

func strSub(L *lua.LState) int {
	s := checkString(L, 1)
	i := max(position(checkInteger(L, 2), len(s)), 1)
	j := min(position(optInteger(L, 3, -1), len(s)), len(s))
	if i > j {
		L.Push(lua.LString(""))
	} else {
		L.Push(lua.LString(s[i-1 : j]))
	}
	return 1
}

func (l *library) strReverse(L *lua.LState) int {
	s := checkString(L, 1)
	l.grow(L, len(s))
	b := make([]byte, len(s))
	for i := range len(s) {
		b[len(s)-1-i] = s[i]
	}
	L.Push(lua.LString(b))
	return 1
}

func (l *library) strLower(L *lua.LState) int { return l.mapBytes(L, 'A', 'Z') }
func (l *library) strUpper(L *lua.LState) int { return l.mapBytes(L, 'a', 'z') }

// mapBytes changes the case of the letters from a to z, and of nothing else: one byte is one character.
func (l *library) mapBytes(L *lua.LState, a, z byte) int {
	s := checkString(L, 1)
	l.grow(L, len(s))
	b := []byte(s)
	for i, c := range b {
		if c >= a && c <= z {
			b[i] = c ^ 0x20
		}
	}
	L.Push(lua.LString(b))
	return 1
}

func (l *library) strRep(L *lua.LState) int {
	s := checkString(L, 1)
	n := checkInt(L, 2)
	if n <= 0 || s == "" {
		L.Push(lua.LString(""))
		return 1
	}
	if len(s) > maxString/n {
		raise(L, "resulting string too large")
	}
	l.grow(L, len(s)*n)
	L.Push(lua.LString(strings.Repeat(s, n)))
	return 1
}

func (l *library) strByte(L *lua.LState) int {
	s := checkString(L, 1)
	i := position(optInteger(L, 2, 1), len(s))
	j := position(optInteger(L, 3, i), len(s))
	i, j = max(i, 1), min(j, len(s))
	if i > j {
		return 0
	}
	n := j - i + 1
	l.needStack(L, n, "stack overflow (string slice too long)")
	for _, c := range []byte(s[i-1 : j]) {
		L.Push(lua.LNumber(c))
	}
	return n
}

// maxResults is how many values one call may return; Lua 5.1's C stack has 8000 places.
const maxResults = 8000

// needStack refuses to push n values if they would not fit Lua 5.1's stack.
func (l *library) needStack(L *lua.LState, n int, text string) {
	if n > maxResults-L.GetTop() {
		raise(L, "%s", text)
	}
	l.b.Step(n)
}

func (l *library) strChar(L *lua.LState) int {
	n := L.GetTop()
	b := make([]byte, n)
	for i := range b {
		c := checkInt(L, i+1)
		if c < 0 || c > 255 {
			argError(L, i+1, "invalid value")
		}
		b[i] = byte(c)
	}
	L.Push(lua.LString(b))
	return 1
}

// strDump: a script cannot load what string.dump makes, so there is nothing to make.
func strDump(L *lua.LState) int {
	checkFunction(L, 1)
	raise(L, "unable to dump given function")
	return 0
}

func (l *library) strFind(L *lua.LState) int  { return l.find(L, true) }
func (l *library) strMatch(L *lua.LState) int { return l.find(L, false) }

// find is string.find and string.match.
func (l *library) find(L *lua.LState, find bool) int {
	s, pat := checkString(L, 1), checkString(L, 2)
	init := position(optInteger(L, 3, 1), len(s)) - 1
	init = min(max(init, 0), len(s))
	if find && (L.ToBool(4) || plain(pat)) {
		l.b.Step((len(s) - init) >> 4)
		i := strings.Index(s[init:], pat)
		if i < 0 {
			L.Push(lua.LNil)
			return 1
		}
		L.Push(lua.LNumber(init + i + 1))
		L.Push(lua.LNumber(init + i + len(pat)))
		return 2
	}
	m := l.newMatcher(L, s, pat)
	p := 0
	anchor := m.at(0) == '^'
	if anchor {
		p = 1
	}
	for ; init <= len(s); init++ {
		if e := m.try(init, p); e >= 0 {
			if find {
				L.Push(lua.LNumber(init + 1))
				L.Push(lua.LNumber(e))
				return m.pushCaptures(init, e, false) + 2
			}
			return m.pushCaptures(init, e, true)
		}
		if anchor {
			break
		}
	}
	l.b.Step(m.steps)
	L.Push(lua.LNil)
	return 1
}

// plain says whether a pattern holds no special character, up to its first zero byte.
func plain(pat string) bool {
	if i := strings.IndexByte(pat, 0); i >= 0 {
		pat = pat[:i]
	}
	return !strings.ContainsAny(pat, "^$*+?.([%-")
}

func (l *library) strGmatch(L *lua.LState) int {
	s, pat := checkString(L, 1), checkString(L, 2)
	next := 0
	L.Push(L.NewFunction(func(L *lua.LState) int {
		m := l.newMatcher(L, s, pat)
		for i := next; i <= len(s); i++ {
			if e := m.try(i, 0); e >= 0 {
				next = e
				if e == i {
					next++
				}
				l.b.Step(m.steps)
				return m.pushCaptures(i, e, true)
			}
		}
		next = len(s) + 1
		l.b.Step(m.steps)
		return 0
	}))
	return 1
}

func (l *library) strGsub(L *lua.LState) int {
	s, pat := checkString(L, 1), checkString(L, 2)
	repl := L.Get(3)
	switch repl.(type) {
	case lua.LNumber, lua.LString, *lua.LTable, *lua.LFunction:
	default:
		argError(L, 3, "string/function/table expected")
	}
	limit := optInt(L, 4, len(s)+1)
	m := l.newMatcher(L, s, pat)
	p := 0
	anchor := m.at(0) == '^'
	if anchor {
		p = 1
	}
	out := builder{l: l, L: L}
	n, i := 0, 0
	for n < limit {
		e := m.try(i, p)
		if e >= 0 {
			n++
			l.addReplacement(&out, m, repl, i, e)
		}
		if e > i {
			i = e
		} else if i < len(s) {
			out.byte(s[i])
			i++
		} else {
			break
		}
		if anchor {
			break
		}
	}
	l.b.Step(m.steps)
	out.string(s[i:])
	L.Push(lua.LString(out.b))
	L.Push(lua.LNumber(n))
	return 2
}

// addReplacement appends what replaces the match [s, e).
func (l *library) addReplacement(out *builder, m *matcher, repl lua.LValue, s, e int) {
	var v lua.LValue
	switch r := repl.(type) {
	case *lua.LFunction:
		m.L.Push(r)
		m.L.Call(m.pushCaptures(s, e, true), 1)
		v = m.L.Get(-1)
		m.L.Pop(1)
	case *lua.LTable:
		v = m.L.GetTable(r, m.capture(0, s, e))
	default:
		text, _ := textOf(repl)
		for i := 0; i < len(text); i++ {
			if text[i] != '%' {
				out.byte(text[i])
				continue
			}
			i++
			switch {
			case i == len(text):
				out.byte(0)
			case !isDigit(text[i]):
				out.byte(text[i])
			case text[i] == '0':
				out.string(m.src[s:e])
			default:
				c, _ := textOf(m.capture(int(text[i]-'1'), s, e))
				out.string(c)
			}
		}
		return
	}
	if lua.LVIsFalse(v) {
		out.string(m.src[s:e])
		return
	}
	text, ok := textOf(v)
	if !ok {
		raise(m.L, "invalid replacement value (a %s)", typeName(v))
	}
	out.string(text)
}

// builder makes a long string, asking the budget before it grows.
type builder struct {
	l *library
	L *lua.LState
	b []byte
}

func (o *builder) need(n int) {
	if cap(o.b)-len(o.b) >= n {
		return
	}
	want := max(2*cap(o.b), len(o.b)+n, 64)
	o.l.grow(o.L, len(o.b)+n)
	o.l.b.Grow(want)
	b := make([]byte, len(o.b), want)
	copy(b, o.b)
	o.b = b
}

func (o *builder) byte(c byte) {
	o.need(1)
	o.b = append(o.b, c)
}

func (o *builder) string(s string) {
	o.need(len(s))
	o.b = append(o.b, s...)
}

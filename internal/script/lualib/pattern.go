package lualib

import (
	"strings"

	lua "github.com/yuin/gopher-lua"
)

// A pattern is matched by backtracking, as Lua 5.1 does it: single characters in a loop, and one level of recursion for
// each repetition, optional character and capture. Two things are ours: the depth is bounded (a Go stack that overflows
// ends the process), and every character that is looked at is a step of the budget, so that a pattern that would take
// years can be stopped.
const (
	maxCaptures  = 32
	maxDepth     = 100_000 // levels of the recursion: about 20 MiB of stack
	stepsPerCall = 256     // characters between two calls of Budget.Step

	capUnfinished = -1
	capPosition   = -2
)

// matcher is one match of a pattern against a subject.
type matcher struct {
	l     *library
	L     *lua.LState
	src   string
	pat   string // up to the first zero byte: Lua 5.1's patterns end there
	level int    // captures begun
	caps  [maxCaptures]capture
	depth int
	steps int
}

// capture is where one began and its length, or capUnfinished, or capPosition.
type capture struct{ start, len int }

func (l *library) newMatcher(L *lua.LState, src, pat string) *matcher {
	if i := strings.IndexByte(pat, 0); i >= 0 {
		pat = pat[:i]
	}
	return &matcher{l: l, L: L, src: src, pat: pat}
}

// at is the pattern's byte at p; zero at its end, as behind a C string.
func (m *matcher) at(p int) byte {
	if p < len(m.pat) {
		return m.pat[p]
	}
	return 0
}

func (m *matcher) step(n int) {
	if m.steps += n; m.steps >= stepsPerCall {
		m.l.b.Step(m.steps)
		m.steps = 0
	}
}

// try matches the pattern from p at position s from scratch: -1, or where the match ends.
func (m *matcher) try(s, p int) int {
	m.level, m.depth = 0, 0
	return m.match(s, p)
}

// match is one level of the recursion.
func (m *matcher) match(s, p int) int {
	if m.depth++; m.depth > maxDepth {
		raise(m.L, "pattern too complex")
	}
	e := m.run(s, p)
	m.depth--
	return e
}

func (m *matcher) run(s, p int) int {
	for {
		m.step(1)
		if p == len(m.pat) {
			return s
		}
		switch m.pat[p] {
		case '(':
			if m.at(p+1) == ')' {
				return m.startCapture(s, p+2, capPosition)
			}
			return m.startCapture(s, p+1, capUnfinished)
		case ')':
			return m.endCapture(s, p+1)
		case '%':
			switch c := m.at(p + 1); {
			case c == 'b':
				if s = m.matchBalance(s, p+2); s < 0 {
					return -1
				}
				p += 4
				continue
			case c == 'f':
				p += 2
				if m.at(p) != '[' {
					raise(m.L, "missing '[' after '%%f' in pattern")
				}
				ep := m.classEnd(p)
				var prev, cur byte
				if s > 0 {
					prev = m.src[s-1]
				}
				if s < len(m.src) {
					cur = m.src[s]
				}
				if m.matchSet(prev, p, ep-1) || !m.matchSet(cur, p, ep-1) {
					return -1
				}
				p = ep
				continue
			case isDigit(c):
				if s = m.matchCapture(s, c); s < 0 {
					return -1
				}
				p += 2
				continue
			}
		case '$':
			if p+1 == len(m.pat) {
				if s == len(m.src) {
					return s
				}
				return -1
			}
		}
		ep := m.classEnd(p)
		one := s < len(m.src) && m.single(m.src[s], p, ep)
		switch m.at(ep) {
		case '?':
			if one {
				if r := m.match(s+1, ep+1); r >= 0 {
					return r
				}
			}
			p = ep + 1
		case '*':
			return m.maxExpand(s, p, ep)
		case '+':
			if !one {
				return -1
			}
			return m.maxExpand(s+1, p, ep)
		case '-':
			return m.minExpand(s, p, ep)
		default:
			if !one {
				return -1
			}
			s++
			p = ep
		}
	}
}

// classEnd is where the single character class at p ends.
func (m *matcher) classEnd(p int) int {
	c := m.pat[p]
	p++
	switch c {
	case '%':
		if p >= len(m.pat) {
			raise(m.L, "malformed pattern (ends with '%%')")
		}
		return p + 1
	case '[':
		if m.at(p) == '^' {
			p++
		}
		for first := true; first || m.at(p) != ']'; first = false {
			if p >= len(m.pat) {
				raise(m.L, "malformed pattern (missing ']')")
			}
			c := m.pat[p]
			p++
			if c == '%' && p < len(m.pat) {
				p++
			}
		}
		return p + 1
	}
	return p
}

// single says whether c matches the class [p, ep).
func (m *matcher) single(c byte, p, ep int) bool {
	switch m.pat[p] {
	case '.':
		return true
	case '%':
		return matchClass(c, m.pat[p+1])
	case '[':
		return m.matchSet(c, p, ep-1)
	}
	return m.pat[p] == c
}

// matchSet says whether c is in the set that begins at p with '[' and ends at ec with ']'.
func (m *matcher) matchSet(c byte, p, ec int) bool {
	m.step((ec - p) >> 3)
	in := true
	if m.at(p+1) == '^' {
		in = false
		p++
	}
	for p++; p < ec; p++ {
		switch {
		case m.pat[p] == '%':
			p++
			if matchClass(c, m.at(p)) {
				return in
			}
		case m.at(p+1) == '-' && p+2 < ec:
			if m.pat[p] <= c && c <= m.pat[p+2] {
				return in
			}
			p += 2
		case m.pat[p] == c:
			return in
		}
	}
	return !in
}

// matchClass says whether c is in the class that a letter names; another character names itself.
func matchClass(c, class byte) bool {
	var is bool
	switch class | 0x20 {
	case 'a':
		is = isAlpha(c)
	case 'c':
		is = c < 32 || c == 127
	case 'd':
		is = isDigit(c)
	case 'l':
		is = c >= 'a' && c <= 'z'
	case 'p':
		is = c > 32 && c < 127 && !isAlnum(c)
	case 's':
		is = isSpace(c)
	case 'u':
		is = c >= 'A' && c <= 'Z'
	case 'w':
		is = isAlnum(c)
	case 'x':
		is = hexDigit(c) >= 0
	case 'z':
		is = c == 0
	default:
		return class == c
	}
	if !isAlpha(class) {
		return class == c
	}
	if class < 'a' {
		return !is
	}
	return is
}

func (m *matcher) maxExpand(s, p, ep int) int {
	i := 0
	for s+i < len(m.src) && m.single(m.src[s+i], p, ep) {
		i++
		m.step(1)
	}
	for ; i >= 0; i-- {
		if e := m.match(s+i, ep+1); e >= 0 {
			return e
		}
	}
	return -1
}

func (m *matcher) minExpand(s, p, ep int) int {
	for {
		if e := m.match(s, ep+1); e >= 0 {
			return e
		}
		if s >= len(m.src) || !m.single(m.src[s], p, ep) {
			return -1
		}
		s++
	}
}

func (m *matcher) matchBalance(s, p int) int {
	if p >= len(m.pat) || p+1 >= len(m.pat) {
		raise(m.L, "unbalanced pattern")
	}
	if s >= len(m.src) || m.src[s] != m.pat[p] {
		return -1
	}
	open, end, depth := m.pat[p], m.pat[p+1], 1
	for i := s + 1; i < len(m.src); i++ {
		m.step(1)
		switch m.src[i] {
		case end:
			if depth--; depth == 0 {
				return i + 1
			}
		case open:
			depth++
		}
	}
	return -1
}

func (m *matcher) startCapture(s, p, what int) int {
	if m.level >= maxCaptures {
		raise(m.L, "too many captures")
	}
	m.caps[m.level] = capture{s, what}
	m.level++
	e := m.match(s, p)
	if e < 0 {
		m.level--
	}
	return e
}

func (m *matcher) endCapture(s, p int) int {
	i := m.level - 1
	for ; i >= 0 && m.caps[i].len != capUnfinished; i-- {
	}
	if i < 0 {
		raise(m.L, "invalid pattern capture")
	}
	m.caps[i].len = s - m.caps[i].start
	e := m.match(s, p)
	if e < 0 {
		m.caps[i].len = capUnfinished
	}
	return e
}

// matchCapture matches what capture c ('1'...) has matched before.
func (m *matcher) matchCapture(s int, c byte) int {
	i := int(c) - '1'
	if i < 0 || i >= m.level || m.caps[i].len == capUnfinished {
		raise(m.L, "invalid capture index")
	}
	n := m.caps[i].len
	if n < 0 { // the position of a position capture: longer than any subject
		return -1
	}
	m.step(n >> 3)
	if len(m.src)-s >= n && m.src[m.caps[i].start:m.caps[i].start+n] == m.src[s:s+n] {
		return s + n
	}
	return -1
}

// capture is the value of capture i of a match [s, e); the whole match if the pattern has none.
func (m *matcher) capture(i, s, e int) lua.LValue {
	if i >= m.level {
		if i != 0 {
			raise(m.L, "invalid capture index")
		}
		return lua.LString(m.src[s:e])
	}
	c := m.caps[i]
	switch c.len {
	case capUnfinished:
		raise(m.L, "unfinished capture")
	case capPosition:
		return lua.LNumber(c.start + 1)
	}
	return lua.LString(m.src[c.start : c.start+c.len])
}

// pushCaptures pushes the captures of a match, or the whole match if whole is set and there are none.
func (m *matcher) pushCaptures(s, e int, whole bool) int {
	n := m.level
	if n == 0 && whole {
		n = 1
	}
	for i := range n {
		m.L.Push(m.capture(i, s, e))
	}
	return n
}

package lualib

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"granary/tests/live"
)

// programs writes random programs that end: what the compiler and the machine make of them must be what Lua makes.
type programs struct {
	r      *rand.Rand
	b      strings.Builder
	locals []string
	funcs  []string
	depth  int
	id     int
	inFunc bool
	loop   bool
	vararg bool
}

func (g *programs) one(list ...string) string { return list[g.r.IntN(len(list))] }

func (g *programs) line(format string, args ...any) {
	g.b.WriteString(strings.Repeat(" ", g.depth))
	fmt.Fprintf(&g.b, format, args...)
	g.b.WriteString(g.one("\n", "\n", " ", ";\n"))
}

func (g *programs) fresh() string {
	g.id++
	return fmt.Sprintf("v%d", g.id)
}

func (g *programs) local() string {
	if len(g.locals) == 0 {
		return "nil"
	}
	return g.locals[g.r.IntN(len(g.locals))]
}

// expr is an expression of any type.
func (g *programs) expr(depth int) string {
	if depth <= 0 {
		switch g.r.IntN(8) {
		case 0:
			return g.one("nil", "true", "false")
		case 1, 2:
			return g.one("0", "1", "2", "3", "-1", "1.5", "10", "0x10", "1e3")
		case 3:
			return g.one("'a'", "'b'", "''", "'10'", "'0x1'", "' 3 '", "'z'")
		case 4:
			if g.vararg {
				return g.one("...", "(...)")
			}
			return "T.x"
		}
		return g.local()
	}
	e := func() string { return g.expr(depth - 1 - g.r.IntN(2)) }
	switch g.r.IntN(20) {
	case 0, 1, 2:
		return fmt.Sprintf("N(%s) %s N(%s)", e(), g.one("+", "-", "*", "/", "%", "^"), e())
	case 3:
		return fmt.Sprintf("S(%s) .. S(%s)", e(), e())
	case 4:
		return fmt.Sprintf("S(%s) .. S(%s) .. F(%s)", e(), e(), e())
	case 5, 6:
		return fmt.Sprintf("%s %s %s", e(), g.one("and", "or"), e())
	case 7:
		return fmt.Sprintf("(%s and %s or %s)", e(), e(), e())
	case 8:
		return fmt.Sprintf("(%s %s %s)", e(), g.one("==", "~="), e())
	case 9:
		return fmt.Sprintf("(N(%s) %s N(%s))", e(), g.one("<", "<=", ">", ">="), e())
	case 10:
		return "not " + e()
	case 11:
		return fmt.Sprintf("-N(%s)", e())
	case 12:
		return fmt.Sprintf("{%s, %s, x = %s}", e(), e(), e())
	case 13:
		return fmt.Sprintf("{%s; [%s] = %s, ({%s})[1]}", e(), g.one("1", "'k'", "2.5", "3"), e(), e())
	case 14:
		return fmt.Sprintf("(T.%s)", g.one("x", "y", "z"))
	case 15:
		return fmt.Sprintf("T[%s]", g.one("1", "2", "'x'", "#T"))
	case 16:
		return fmt.Sprintf("T:m(%s, %s)", e(), e())
	case 17:
		return fmt.Sprintf("select(%s, %s, %s, %s)", g.one("1", "2", "-1", "'#'"), e(), e(), e())
	case 18:
		if len(g.funcs) > 0 {
			return fmt.Sprintf("%s(%s, %s)", g.funcs[g.r.IntN(len(g.funcs))], e(), e())
		}
	}
	return "(" + e() + ")"
}

func (g *programs) block(n int) {
	locals, funcs := len(g.locals), len(g.funcs)
	g.depth++
	for range 1 + g.r.IntN(n) {
		g.statement()
	}
	g.depth--
	g.locals, g.funcs = g.locals[:locals], g.funcs[:funcs]
}

func (g *programs) statement() {
	if g.depth > 4 || g.b.Len() > 2500 {
		g.line("log(%s)", g.expr(1))
		return
	}
	switch g.r.IntN(19) {
	case 0, 1:
		v, e := g.fresh(), g.expr(3)
		g.line("local %s = %s", v, e)
		g.locals = append(g.locals, v)
	case 2:
		v, w, e := g.fresh(), g.fresh(), g.expr(2)
		g.line("local %s, %s = %s", v, w, e+g.one("", ", "+g.expr(2)))
		g.locals = append(g.locals, v, w)
	case 3, 4:
		if len(g.locals) > 0 {
			g.line("%s = %s", g.local(), g.expr(3))
		}
	case 5:
		if len(g.locals) > 1 {
			g.line("%s, %s = %s, %s", g.local(), g.local(), g.expr(2), g.expr(2))
		}
	case 6:
		if len(g.locals) > 1 {
			g.line("T[%s], %s, T.y = %s", g.one("1", "2", "#T + 1", "'x'"), g.local(), g.expr(2)+g.one("", ", "+g.expr(1)))
		}
	case 7:
		g.line("T.%s = %s", g.one("x", "y", "z"), g.expr(2))
	case 8:
		g.line("if %s then", g.expr(2))
		g.block(3)
		if g.r.IntN(2) == 0 {
			g.line("elseif %s then", g.expr(2))
			g.block(2)
		}
		if g.r.IntN(2) == 0 {
			g.line("else")
			g.block(3)
		}
		g.line("end")
	case 9:
		i := g.fresh()
		g.line("for %s = %s do tick()", i, g.one("1, 3", "3, 1, -1", "1, 2, 0.5", "N(T.x), N(T.x) + 2", "'1', '2'"))
		g.inLoop(i)
	case 10:
		i := g.fresh()
		g.line("for _, %s in ipairs({%s, %s, %s}) do tick()", i, g.expr(1), g.expr(1), g.expr(1))
		g.inLoop(i)
	case 11:
		i := g.fresh()
		g.line("local %s = 0 while %s < %d do %s = %s + 1 tick()", i, i, g.r.IntN(4), i, i)
		g.inLoop("")
	case 12:
		i := g.fresh()
		g.line("local %s = 0 repeat tick() %s = %s + 1 local u%s = %s", i, i, i, i, i)
		loop := g.loop
		g.loop = false
		g.block(3)
		g.loop = loop
		g.line("until u%s >= %d", i, g.r.IntN(4))
	case 13, 14:
		f, a, b := g.fresh(), g.fresh(), g.fresh()
		head := fmt.Sprintf(g.one("local function %s(%s, %s)", "local %s = function(%s, %s)", "local %s; %[1]s = function(%s, %s)", "local function %s(%s, %s, ...)"), f, a, b)
		g.line("%s tick()", head)
		inner := *g
		locals := append([]string{}, g.locals...)
		g.locals, g.inFunc, g.loop, g.vararg = append(g.locals, a, b), true, false, strings.Contains(head, "...")
		g.block(4)
		if g.r.IntN(3) > 0 {
			g.depth++
			g.line("do return %s end", g.expr(2)+g.one("", ", "+g.expr(1)))
			g.depth--
		}
		g.line("end")
		g.locals, g.inFunc, g.loop, g.vararg = locals, inner.inFunc, inner.loop, inner.vararg
		g.funcs = append(g.funcs, f)
	case 15:
		if g.loop {
			g.line("if %s then break end", g.expr(1))
		} else if g.inFunc {
			g.line("if %s then return %s end", g.expr(1), g.expr(2))
		}
	case 16:
		if len(g.locals) > 0 && len(g.funcs) > 0 {
			v := g.local()
			g.line("log(pcall(function(...) %s = %s if %s then error(%s) end return %s, ... end, %s))", v, g.exprNoVararg(2), g.exprNoVararg(1), g.one("'e'", "'e', 0", "{1}", "nil"), v, g.expr(1))
		}
	case 17:
		if len(g.funcs) > 0 {
			g.line("local c%d = coroutine.wrap(function(...) local a = coroutine.yield(%s) log('in', a, ...) return %s end)", g.id, g.expr(1), g.funcs[g.r.IntN(len(g.funcs))]+"(1, 2)")
			g.line("log(c%d(%s)) log(c%d(%s))", g.id, g.expr(1), g.id, g.expr(1))
		}
	default:
		g.line("log(%s, %s)", g.expr(2), g.local())
	}
}

func (g *programs) exprNoVararg(depth int) string {
	old := g.vararg
	g.vararg = false
	defer func() { g.vararg = old }()
	return g.expr(depth)
}

func (g *programs) inLoop(name string) {
	loop := g.loop
	g.loop = true
	n := len(g.locals)
	if name != "" {
		g.locals = append(g.locals, name)
	}
	g.block(3)
	g.locals = g.locals[:n]
	g.loop = loop
	g.line("end")
}

// around is what programs use: conversions that do not fail, a limit of steps, and a log of what happened. Signs of zero, and so
// of infinity, and of NaN are not shown: the machine keeps small integers as objects, and has one zero among them.
const around = `local out, ticks = {}, 0
local function tick() ticks = ticks + 1 if ticks > 300 then error('enough', 0) end end
local function show(v) if type(v) == 'number' then if v ~= v then return 'nan' end if v == 0 then return '0' end if v == 2 * v then return 'inf' end return string.format('%.12g', v) end if type(v) == 'table' then return 'table' .. tostring(v.x ~= nil) end return type(v) == 'function' and 'f' or tostring(v) end
local function log(...) tick() local s = '' for i = 1, select('#', ...) do s = s .. show((select(i, ...))) .. ' ' end out[#out + 1] = s:sub(1, 200) end
local function N(v) tick() v = tonumber(v) or 7 return (v < 1e9 and v > -1e9 or v ~= v) and v or 5 end
local function S(v) if type(v) == 'string' or type(v) == 'number' then v = show(v) return #v < 50 and v or 'long' end return type(v) end
local function F(v) v = N(v) if v ~= v then return 'nan' end return v + 0 end
local T = {1, 2, 3, x = 4, y = 'why', m = function(self, a, b) tick() return b, a, self.x end}
`

// TestPrograms runs random programs on both sides.
func TestPrograms(t *testing.T) {
	seed := live.Seed(t)
	var chunks []string
	for i := range 400 {
		g := &programs{r: rand.New(rand.NewPCG(seed, uint64(1000+i)))}
		g.depth = 0
		for range 6 + g.r.IntN(10) {
			g.statement()
		}
		body := g.b.String()
		chunks = append(chunks, around+"local function body()\n"+body+"\nend\nlog(pcall(body))\nreturn table.concat(out, '|')")
	}
	same(t, chunks)
}

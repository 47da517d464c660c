package lualib

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"granary/tests/live"
)

// TestSyntax compares errors of the parser.
func TestSyntax(t *testing.T) {
	chunks := lines(`
x
x.y
x:y
x = = 1
x = 1 y = 2 z
= 1
local
local 1
local x =
local function
local function 5
local function f
local function f(
local function f(a
local function f(a,
local function f(a,)
local function f(1)
local function f(..., a) end
local function f(a) return
function f
function f.
function f:a.b() end
function 5() end
if
if x
if x then
if x then else
if x then elseif
if x then elseif y then
if x then end end
while
while x
while x do
while true do end end
for
for x
for x =
for x = 1
for x = 1,
for x = 1, 2
for x = 1, 2 do
for x = 1, 2, 3, 4 do end
for x, y
for x, y = 1, 2 do end
for x in
for 5 = 1
repeat
repeat until
do
do end end
end
until
else
return return
return 1 x = 2
return;
return 1;
return 1; x = 2
break
while true do break x = 1 end
do break end
local function f() break end
while true do local f = function() break end end
x = 1 +
x = + 1
x = - 
x = not
x = #
x = (1
x = (1))
x = )
x = {
x = {1
x = {1,
x = {1 2}
x = {[1] 2}
x = {[1
x = {a = }
x = {,}
x = {;}
return {1;2,3;}
f(
f(1
f(1,
f(1,)
f 5
f{}.x
f'x'.y
(f)
(f).x
(f) = 1
f() = 1
x, f() = 1, 2
x, 5 = 1, 2
x, y
a.b:c = 1
x = "abc
x = 'abc
x = 'ab\
x = "a\300"
x = "a\999b"
x = [[abc
x = [==[abc]]
x = [=abc
x = [==
return 'a\qb'
x = 3x
x = 0x
x = 0xg
x = 1e
x = 1e+
x = 1..2
x = 1.2.3
return 3.
x = .5.
return 1 .. 2
local a, b = 1, 2 return a..b
x = ~1
x = !1
x = a != b
x = a ~ b
x = @
x = $
x = 1 // 2
x = 1 | 2
x = a ? b : c
x = a -> b
::label::
local goto = 1 return goto
x += 1
x++
local function f() return ... end
local f = function() local g = function(...) return ... end return ... end
return ...
return (...)
return function(...) return function() return ... end end
x = function
x = function(
x = function() 
x = function() end end
x = 'a' 'b'
x = {} {}
x = nil.y
x = 5.y
x = "a".y
x = ("a").
local a, b, c, = 1
local a = 1, 
a.1 = 5
a.b. = 5
a[ = 5
a[1 = 5
a[] = 1
and
or x
x = and
x = 1 and
x = 1 or or 2
x = 1 < 
x = <eof>
return [[ [[ ]]
--[[ comment
--[==[ comment ]]
--[[ [[ nested ]] return 1
-- [[ not long
return 1 --
return 1 --[[x]] + 1
# comment
x = 'unfinished' .. "string
return '\0'
return '\1234'
x = "tab	in" y
local x <close> = 1
`)
	chunks = append(chunks, []string{
		"\n\nx = = 1", "x = (1\n\n+ 2", "if x then\n\nfoo(", "for i = 1, 2 do\n\n\nend end", "f\n(1)", "local x = f\n(1)", "x = 'a\nb'", "x = [[a\nb\n",
		"x = \"a\\\nb\" y", "return '\\\n'", "--[[\n\n]] x =", "x = {\n1,\n2", "function f()\n\nif x then\n", "x =\r\ny =\r\n=", "x =\n\r\n\ry z", "return 1\x00 x", "x = \x01", "x = \x80",
		"x\x00y = 1", "return [[\nfirst newline]], [[\r\nx\r\ny]], 'a\\\r\nb'", "\xef\xbb\xbfreturn 1", "\x1bLua",
		"return " + strings.Repeat("(", 190) + "1" + strings.Repeat(")", 190), "return " + strings.Repeat("(", 300) + "1" + strings.Repeat(")", 300),
		"return " + strings.Repeat("-", 150) + "1", "return " + strings.Repeat("not ", 250) + "1", strings.Repeat("do ", 190) + strings.Repeat("end ", 190), strings.Repeat("do ", 201) + strings.Repeat("end ", 201),
		"return " + strings.Repeat("{", 190) + strings.Repeat("}", 190), "return " + strings.Repeat("{", 250) + strings.Repeat("}", 250), "return " + strings.Repeat("function() return ", 100) + "1" + strings.Repeat(" end", 100),
		"return '" + strings.Repeat("a' .. '", 150) + "'", "return '" + strings.Repeat("a' .. '", 250) + "'", "return 1" + strings.Repeat(" + 1", 5000), "return 2" + strings.Repeat("^1", 150), "return 2" + strings.Repeat("^1", 250),
		"local a0" + numbered(", a%d", 195) + " return 1", "local a0" + numbered(", a%d", 200) + " return 1", "local f = function() local a0" + numbered(", a%d", 250) + " end",
		"\nlocal f = function(a0" + numbered(", a%d", 250) + ") end", "local a0" + numbered(", a%d", 100) + " local f = function() return a0" + numbered(", a%d", 59) + " end return 1",
		"local a0" + numbered(", a%d", 100) + "\nlocal f = function() return a0" + numbered(", a%d", 61) + " end return 1", "local t = {} " + strings.Repeat("t[1], ", 50) + "t[1] = 1 return #t",
		"x = " + strings.Repeat("a", 200) + " " + strings.Repeat("b", 300), "return #{" + strings.Repeat("1, ", 10000) + "}", "local t = {" + numbered("k%[1]d = %[1]d, ", 3000) + "} return t.k2999", "local f = 1 return f" + strings.Repeat("()", 200),
		"local t = {} t.a = t return t" + strings.Repeat(".a", 1000) + " == t", "for i = 1, 2 do local x\nlocal y = nil + 1 end", "local t = nil\nreturn t\n.x", "local t = {}\nt.a\n.b\n= 1", "local t = {}\nlocal x = t.a\n+ 1",
		"local x =\n1 +\nnil", "error(\n'x'\n)", "local f = error\nf(\n\n'x')", "local t = {f = error}\nt.f('a')", "local t = {f = function(self) error('a') end}\nt\n:f()", "local function f()\nerror('deep')\nend\nlocal function g()\nf()\nend\ng()",
		"return 'a' ..\nnil", "return 'a'\n.. {}\n.. 'b'", "for i = 1,\n'x' do\nend", "local a\nfor k in\npairs(a) do end", "if nil + 1 then\nend", "while nil + 1 do\nend", "repeat\nuntil nil + 1", "return {\n1,\nnil + 1\n}", "local x = {\na = 1,\nb = nil .. 'x'}",
		"local f = function() return f end return type(f)", "local function f() return f end return f() == f", "local x = 1 local x = x + 1 return x", "local x = 1 repeat local x = 2 until x == 2 return x", "local x = 1 do local x = 2 end return x",
		"local f = {} for i = 1, 3 do f[i] = function() return i end end return f[1](), f[2](), f[3]()", "local f = {} local i = 1 while i < 4 do local j = i f[i] = function() j = j + 1 return j end i = i + 1 end return f[1](), f[1](), f[2]()",
		"local f = {} local i = 0 repeat local j = i f[#f + 1] = function() return j end i = i + 1 until j == 2 return f[1](), f[2](), f[3]()", "local a = {} local function f(t, ...) a[#a + 1] = select('#', ...) if a[3] then return a end return f(t, ..., 1) end return f({})",
		"local t = {} function t.f(x) return x end function t:g(x) return self == t, x end function t.f2() end return t.f(1), t:g(2), t.f2()", "local t = {a = {b = {}}} function t.a.b.c(x) return x end function t.a.b:d(y) return y end return t.a.b.c(1), t.a.b:d(2)",
		"local i = 1 i, ({})[i] = i + 1, 20 return i", "local a = {} local i = 3 i, a[i] = i + 1, 20 return i, a[3]", "local a, b, c = 1 return a, b, c", "local x, y = 1, 2 x, y = y, x return x, y", "return ((function() return 1, 2 end)())", "return (...) == nil",
		"return -2 ^ 2, 2 ^ 3 ^ 2, 2 ^ -1, -2 ^ -2, not 1 == 2, 1 .. 2 .. 3, 1 + 2 .. 3 + 4, 1 < 2 == true, -3 % 5, -(3 % 5), 2 * 3 % 4, 'a' .. 'b' == 'ab', 1 or error('x'), nil and error('x'), false == nil, #'abc' + 1, -'2' + 1, 2 ^ 0.5 ^ 2",
		"return 5 // comment", "return 1 == 1.0, 0.1 + 0.2 == 0.3, 1e15 == 1000000000000000, 0x10 == 16, 1e308 * 10 == 1/0, -1e308 * 10 == -1/0, 0/0 == 0/0, 3 % -2, -3 % 2, 5.5 % 1",
		"local a = 5 local function f() a = a + 1 return a end return f(), f(), a", "return (function(a, b, ...) return a, b, ... end)(1, 2, 3, 4)", "return select('#', (function() end)()), select('#', ((function() end)()))", "local t = {(function() return 1, 2, 3 end)(), (function() return 1, 2, 3 end)()} return #t, t[4]",
		"local s = 0 for i = 10, 1, -3 do s = s * 100 + i end return s", "local s = '' for i = 0.1, 0.5, 0.1 do s = s .. i .. ' ' end return s", "for i = 1, 3 do local j = i i = 10 if j == 3 then return i, j end end", "local n = 0 for i = 1, 0 do n = n + 1 end return n", "local n = 0 for i = 1, 1/0 do n = n + 1 if n > 5 then break end end return n",
		"local t = setmetatable({}, {__index = function(t, k) return k * 2 end}) return t[5], rawget(t, 5)", "local log = {} local t = setmetatable({}, {__newindex = function(t, k, v) rawset(t, k, v + 1) end}) t.x = 1 return t.x",
	}...)
	same(t, chunks)
}

func numbered(format string, n int) string {
	var b strings.Builder
	for i := 1; i <= n; i++ {
		fmt.Fprintf(&b, format, i)
	}
	return b.String()
}

// TestSyntaxRandom joins tokens at random: what is wrong, and where, must be the same.
func TestSyntaxRandom(t *testing.T) {
	r := rand.New(rand.NewPCG(live.Seed(t), 6))
	tokens := strings.Fields("local x y = 1 'a' ( ) { } [ ] , ; . : .. ... + - * / % ^ # == ~= < <= > >= and or not nil true false function end if then else elseif while do repeat until for in return f f( f() x.y x[1] {1} \"b\" 0x1F 3.5 [[c]] --[[d]]")
	var chunks []string
	for range 3000 {
		var b strings.Builder
		for range 1 + r.IntN(12) {
			b.WriteString(tokens[r.IntN(len(tokens))])
			b.WriteString([]string{" ", " ", " ", "\n"}[r.IntN(4)])
		}
		chunks = append(chunks, "local x, y, f = 1, 2, 3 if nil then "+b.String()+" end")
	}
	same(t, chunks)
}

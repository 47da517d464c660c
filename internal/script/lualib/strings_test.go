package lualib

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"granary/tests/live"
)

func TestStrings(t *testing.T) {
	same(t, lines(`
return ('abc'):sub(2), ('abc'):sub(-2), ('abc'):sub(0), ('abc'):sub(2, 2), ('abc'):sub(-100, 100), ('abc'):sub(3, 2), ('abc'):sub(1, -2), ('abc'):sub('2', '3'), ('abc'):sub(1.9, 2.9), ('abc'):sub(1e10), ('abc'):sub(-1e300, 1e300)
return ('abc'):sub()
return (5):sub(1)
return string.sub(12345, 2, 3), string.len(1.5), string.rep(7, 3), string.reverse(123), string.upper('aZ\228'), string.lower('Az\196')
return ('abc'):byte(), ('abc'):byte(2), ('abc'):byte(1, -1), ('abc'):byte(10), ('abc'):byte(-1), ('abc'):byte(0), ('abc'):byte(2, 1), ('\0\255'):byte(1, 2), (''):byte()
return ('x'):rep(10000):byte(1, -1)
return string.char(), string.char(65, 66, 0, 255), string.char('65')
return string.char(256)
return string.char(-1)
return string.char('x')
return string.char(65.9)
return ('ab'):rep(3), ('ab'):rep(0), ('ab'):rep(-1), (''):rep(1000000), ('x'):rep('3'), ('x'):rep(2.9)
return ('abc'):reverse(), (''):reverse(), ('a\0b'):reverse()
return string.len('a\0b'), #'a\0b', ('a\0b'):upper()
return string.dump(5)
return string.find('abc', 'b'), string.find('abc', ''), string.find('abc', '', 10), string.find('abc', '', 4), string.find('abc', 'b', -1), string.find('abc', 'b', -2), string.find('a.c', '.', 1, true), string.find('a.c', '%.'), string.find('', ''), string.find('', 'x')
return string.find('abc', 'c', 10), string.find('abc', '(b)(c)'), string.find('abc', '()b()'), string.find('abc', '^b'), string.find('abc', '^b', 2), string.find('aXb', '%u'), string.find('abc', 'b', nil, true), string.find('abc\0def', 'd'), string.find('abc\0def', '\0d', 1, true), string.find('a\0b', '\0')
return string.find('abc', '[a-')
return string.find('abc', '[]')
return string.find('abc', '[]]')
return string.find('a]c', '[]]'), string.find('a-c', '[a-]', 2), string.find('a^c', '[%^]'), string.find('abc', '[^a]'), string.find('a]', '[^]]'), string.find('b-', '[a%-]'), string.find('%', '[%%]'), string.find('c', '[a-c-e]'), string.find('-', '[a-c-e]'), string.find('d', '[a-c-e]')
return string.find('abc', '%')
return string.find('abc', '[%')
return string.find('abc', '[%]')
return string.find('abc', '[a')
return string.find('abc', '(')
return string.find('abc', '(a')
return string.find('abc', 'a)')
return string.find('abc', ')')
return string.find('abc', '%1')
return string.find('abc', '(a)%2')
return string.find('abc', '(a%1)')
return string.find('aa', '(a)%1'), string.find('abab', '(ab)%1'), string.find('aXaX', '(..)%1'), string.find('ab', '()%1')
return string.find('abc', '%b')
return string.find('abc', '%b(')
return string.find('a(b(c)d)e', '%b()'), string.find('((', '%b()'), string.find('xx', '%bxx'), string.find('xax', '%bxx')
return string.find('abc', '%f')
return string.find('abc', '%fa')
return string.find('THE (quick) fox', '%f[%a]%a+%f[%A]'), string.gsub('hello world', '%f[%w]%w+', 'X'), string.find('abc', '%f[%z]'), string.find('abc', '%f[^%w]')
return string.match('key = value', '(%w+)%s*=%s*(%w+)'), string.match('abc', '.-'), string.match('abc', '.-$'), string.match('abc', 'a*'), string.match('aaa', 'a-b'), string.match('2024-01-02', '(%d+)-(%d+)-(%d+)'), string.match('abc', '()'), string.match('abc', 'x?abc'), string.match('abc', 'ax?bc'), string.match('$', '$'), string.match('a$', 'a$'), string.match('a$b', 'a$b'), string.match('^a', '^^a')
return string.match('abc', 'b', 3), string.match('abc', '^b', 2), string.match('  trim  ', '^%s*(.-)%s*$'), string.match('abc', '[a-b]+'), string.match('abc123', '%a+%d+'), string.match('\n\t ', '%s+'), string.match('a.b', '%p'), string.match('\1\127', '%c+'), string.match('fF09gG', '%x+'), string.match('a\0b', '%z'), string.match('a\0b', 'a%zb'), string.match('AbC', '%U'), string.match('\200', '%W')
return string.gsub('hello', 'l', 'L'), string.gsub('hello', 'l', 'L', 1), string.gsub('hello', '', '-'), string.gsub('hello', 'l', {l = 'x'}), string.gsub('hello', 'l', {}), string.gsub('hello', '(h)(e)', '%2%1'), string.gsub('hello', 'l+', '%0%0'), string.gsub('abc', '%w', '%%'), string.gsub('abc', '.', {a = 1, b = true}), string.gsub('abc', '(a)(b)', function(a, b) return b .. a end), string.gsub('abc', '.', function() end), string.gsub('abc', '.', function() return false end)
return string.gsub('abc', '.', {a = {}})
return string.gsub('abc', '.', function() return {} end)
return string.gsub('abc', '.', function() return true end)
return string.gsub('abc', 'a', '%1'), string.gsub('abc', '(a)', '%1%1'), string.gsub('abc', '()', '%1'), string.gsub('abc', 'b', '%x'), string.gsub('abc', 'b', '%')
return string.gsub('abc', 'a', '%2')
return string.gsub('abc', '(a)', '%2')
return string.gsub('abc', '^a', 'x'), string.gsub('aaa', '^a', 'x'), string.gsub('abc', '$', 'x'), string.gsub('abc', 'c$', 'x'), string.gsub('a b c', '%s', ''), string.gsub('abc', 'b', 'x', 0), string.gsub('abc', '.', 'x', -1), string.gsub('abc', 'b', 5)
return string.gsub('abc', 'b')
return string.gsub('abc', 'b', nil)
return string.gsub('abc', 'b', true)
return string.gsub('abc')
return string.gsub('abc def', '%w+', string.upper), string.gsub('abc', '', ''), string.gsub('', '', 'x'), string.gsub('', 'x*', 'y'), string.gsub('abc', 'x*', '-'), string.gsub('x = $y', '%$(%w+)', {y = 'v'})
return string.gsub('abc', '(', 'x')
return string.gsub('abc', 'a', 'x', 'y')
local s = '' for a, b in ('k1=v1,k2=v2'):gmatch('(%w+)=(%w+)') do s = s .. a .. b end return s
local s = {} for a in ('abc'):gmatch('') do s[#s + 1] = a end return #s
local s = {} for a in ('abc'):gmatch('()') do s[#s + 1] = a end return s
local s = {} for a in ('abc'):gmatch('^a') do s[#s + 1] = a end return s
local s = {} for a in ('one two'):gfind('%a+') do s[#s + 1] = a end return s
return string.gmatch('a')
return string.gmatch('abc', '(')()
return string.rep('a', 33):find(string.rep('(a)', 33))
return select('#', string.rep('a', 32):find(string.rep('(a)', 32)))
return string.match(string.rep('a', 1000), string.rep('a?', 1000))
return string.match(string.rep('a', 5000), string.rep('a-', 5)) == ''
return string.match(string.rep('a', 200), '(.-)%1$') ~= nil
return string.find('a\0b', 'b'), string.find('ab\0', '\0'), string.find('a\0b', 'a\0b'), string.find('a\0c', 'a\0b'), string.match('a\0c', 'a\0b'), string.find('a.c', 'a\0.c')
return string.find()
return string.find('a')
return string.find({}, 'a')
return string.find('a', {})
return string.find('abc', 'b', 'x')
return string.match('x', 'x', {})
return string.upper()
return string.len()
return string.len({})
return string.reverse(nil)
return ('x').len
return #string.rep('abc', 1000)
`))
}

func TestFormat(t *testing.T) {
	same(t, lines(`
return string.format('%d %i %u', 5, -5, 5), string.format('%5d|%-5d|%05d|%+d|% d', 42, 42, 42, 42, 42), string.format('%.3d|%5.3d|%.0d', 5, 5, 0), string.format('%d', 3.99), string.format('%d', -3.99), string.format('%d', '10')
return string.format('%x %X %#x %#X %o %#o', 255, 255, 255, 255, 8, 8), string.format('%x', -1), string.format('%X', -255), string.format('%o', -1), string.format('%u', -1), string.format('%x', 2^40), string.format('%x', 2^63), string.format('%d', 2^63), string.format('%d', -2^63), string.format('%d', 2^64), string.format('%u', 2^64), string.format('%x', 1e300)
return string.format('%d', 0/0), string.format('%u', 0/0), string.format('%x', -(0/0)), string.format('%d', 1/0), string.format('%u', 1/0), string.format('%x', -1/0)
return string.format('%c%c%c', 65, 66, 67), string.format('%c', 0), string.format('%5c|%-5c|', 65, 65), string.format('%5c|', 0), string.format('%-5c|', 0), string.format('%c', 256 + 65), string.format('%c', -1), string.format('%05c', 65)
return string.format('%s %s', 'a', 'b'), string.format('%s', 1.5), string.format('%s', 1e15), string.format('%5s|%-5s|%.2s|%5.1s', 'ab', 'ab', 'abc', 'abc'), string.format('%s', 'a\0b'), string.format('%5s', 'a\0b'), string.format('%.5s', 'a\0b'), string.format('%.0s', 'abc'), string.format('%.s', 'abc'), string.format('%05s', 'ab')
return string.format('%s', string.rep('x', 150)), string.format('%10s', string.rep('x', 99)):len(), string.format('%s', string.rep('x', 99) .. '\0y'):len(), string.format('%.3s', string.rep('x', 200)), string.format('%99s', 'x'):len()
return string.format('%s', nil)
return string.format('%s', true)
return string.format('%s', {})
return string.format('%d', 'x')
return string.format('%d', nil)
return string.format('%d')
return string.format('%')
return string.format('%', 1)
return string.format('%y', 1)
return string.format('%5', 1)
return string.format('%p', 1)
return string.format('%a', 1)
return string.format('%F', 1)
return string.format('%n', 1)
return string.format('%100d', 1)
return string.format('%.100d', 1)
return string.format('%1.123d', 1)
return string.format('%-+ #0d', 1)
return string.format('%-+ #00d', 1)
return string.format('%-+ #0-+d', 1)
return string.format('%------d', 1)
return string.format('%\0', 1)
return string.format('%%'), string.format('%%d'), string.format('100%%'), string.format('a\0b%d', 1), string.format('', 1), string.format('x', 1, 2)
return string.format('%q', 'a"b\\c\nd\re\0f\1g'), string.format('%q', 5), string.format('%10q', 'x'), string.format('%q', '\0' .. '1')
return string.format('%q', {})
return string.format('%f %e %g %E %G', 1.5, 1.5, 1.5, 1.5, 1.5), string.format('%.3f|%10.2f|%-10.2f|%+.1f|%010.3f', 1/3, 1/3, 1/3, 1/3, -1/3), string.format('%.0f %#.0f %.0e %#.0e', 2.5, 2.5, 2.5, 2.5), string.format('%g %g %g %g', 100000, 1000000, 1e-4, 1e-5), string.format('%#g %#.3g', 1, 1), string.format('%.14g', 0.1), string.format('%.17g', 0.1), string.format('%.99f', 1/3), string.format('%99.99f', 1e15/7)
return string.format('%f %e %g %G %5f|%-5f|%05f|%+f|% f', 1/0, -1/0, 0/0, -(0/0), 1/0, 1/0, 1/0, 1/0, 1/0), string.format('%F', 1)
return string.format('%f', 1e300), string.format('%g', 1e300), string.format('%.20g', 0.1), string.format('%.3e', 0), string.format('%g', -0.5), string.format('%g', 0), string.format('%e', 1e-300), string.format('%.0g', 123), string.format('%G', 1e-10), string.format('%E', 1e10)
return string.format('%.3q', 'x')
return string.format()
return string.format({})
return string.format('%d %s', 1)
return string.format('%s %s %s', 1, 2)
return ('%d'):format(5), ('%s-%s'):format('a', 'b'), ('%5.1f'):format('3.14159')
return string.format('%i', 5), string.format('%5i|', 5), string.format('%ld', 5)
return string.format('%.3x|%#.3x|%#10x|%-#10x|%#010x|%#x', 10, 10, 10, 10, 10, 0), string.format('%#o|%#5o|%#05o|%#.5o|%#.0o|%.0o', 8, 8, 8, 8, 0, 0), string.format('%+u|% u|%+x', 5, 5, 5)
`))
}

// TestFormatRandom compares conversions of random numbers.
func TestFormatRandom(t *testing.T) {
	r := rand.New(rand.NewPCG(live.Seed(t), 1))
	var chunks []string
	for range 60 {
		var b strings.Builder
		b.WriteString("return ")
		for i := range 20 {
			if i > 0 {
				b.WriteString(", ")
			}
			flags := ""
			for range r.IntN(3) {
				flags += string("-+ #0"[r.IntN(5)])
			}
			if r.IntN(2) == 0 {
				flags += fmt.Sprint(r.IntN(25))
			}
			if r.IntN(2) == 0 {
				flags += "." + fmt.Sprint(r.IntN(22))
			}
			fmt.Fprintf(&b, "string.format('%%%s%c', %s)", flags, "diuoxXeEfgGcs"[r.IntN(13)], randomNumber(r))
		}
		chunks = append(chunks, b.String())
	}
	for range 60 {
		var b strings.Builder
		b.WriteString("return ")
		for i := range 20 {
			if i > 0 {
				b.WriteString(", ")
			}
			fmt.Fprintf(&b, "tostring(%s), '' .. %s, bit.tobit(%s)", randomNumber(r), randomNumber(r), randomNumber(r))
		}
		chunks = append(chunks, b.String())
	}
	same(t, chunks)
}

// randomNumber is Lua code for a number of any size.
func randomNumber(r *rand.Rand) string {
	switch r.IntN(8) {
	case 0:
		return fmt.Sprint(r.IntN(1000) - 500)
	case 1:
		return fmt.Sprintf("%d", int64(r.Uint64()))
	case 2:
		return fmt.Sprintf("%.17g", r.NormFloat64())
	case 3:
		return fmt.Sprintf("%.17ge%d", r.Float64(), r.IntN(40)-20)
	case 4:
		return fmt.Sprintf("%.17ge%d", r.Float64(), r.IntN(600)-300)
	case 5:
		return fmt.Sprintf("%d.5", r.IntN(100))
	case 6:
		return fmt.Sprintf("2^%d", r.IntN(70))
	}
	return fmt.Sprintf("%d/%d", r.IntN(100)-50, r.IntN(100)+1)
}

// TestPatternsRandom compares random patterns on random subjects: results, and errors of malformed ones.
func TestPatternsRandom(t *testing.T) {
	r := rand.New(rand.NewPCG(live.Seed(t), 2))
	pieces := []string{
		"a", "b", ".", "%a", "%d", "%s", "%w", "%W", "[ab]", "[^a]", "[a-c]", "[%d_]", "(", ")", "()", "(a)", "(.-)", "*", "+", "-", "?", "$", "^",
		"%1", "%2", "%b()", "%bab", "%f[a]", "%f[%W]", "%%", "%.", "[", "]", "%", "[%a-c]", "[]]", "[^]]", "x", "%p", "%z", "-", "%u",
	}
	var chunks []string
	for range 400 {
		var pat, src strings.Builder
		for range 1 + r.IntN(6) {
			pat.WriteString(pieces[r.IntN(len(pieces))])
		}
		for range r.IntN(12) {
			src.WriteByte("aabbc1 _(x)-%A"[r.IntN(14)])
		}
		switch r.IntN(4) {
		case 0:
			chunks = append(chunks, fmt.Sprintf("return string.find(%q, %q)", src.String(), pat.String()))
		case 1:
			chunks = append(chunks, fmt.Sprintf("return string.match(%q, %q)", src.String(), pat.String()))
		case 2:
			chunks = append(chunks, fmt.Sprintf("return string.gsub(%q, %q, '<%%0>')", src.String(), pat.String()))
		case 3:
			chunks = append(chunks, fmt.Sprintf("local r = {} for a, b in string.gmatch(%q, %q) do r[#r + 1] = a r[#r + 1] = b or '-' end return r", src.String(), pat.String()))
		}
	}
	same(t, chunks)
}

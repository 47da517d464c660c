package lualib

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"granary/tests/live"
)

func TestTables(t *testing.T) {
	same(t, lines(`
return table.concat({1, 2, 3}), table.concat({'a', 'b'}, ','), table.concat({}, 'x'), table.concat({1.5, 'x', 2}, 1), table.concat({1, 2, 3}, ',', 2), table.concat({1, 2, 3}, ',', 2, 2), table.concat({1, 2, 3}, ',', 3, 2)
return table.concat({1, {}, 3})
return table.concat({1, 2}, ',', 1, 3)
return table.concat({true})
return table.concat()
return table.concat({}, {})
return table.concat({1}, ',', 'x')
return table.concat(5)
local t = {1, 2, 3} table.insert(t, 4) table.insert(t, 1, 0) table.insert(t, 3, 'x') return t
local t = {} table.insert(t, 5, 'x') return t
local t = {1} table.insert(t, -1, 'x') return t
local t = {1, 2} table.insert(t, 0, 'x') return t
local t = {1, 2} table.insert(t, '1', 'x') return t
return table.insert({})
return table.insert({}, 1, 2, 3)
return table.insert(nil, 1)
return table.insert({}, 'x', 1)
return table.insert({}, nil)
local t = {1, 2, 3} return table.remove(t), table.remove(t, 1), t, table.remove(t, 5), table.remove(t, 0), table.remove({}), table.remove({}, 1)
local t = {1, 2, 3} local n = select('#', table.remove(t, 10)) return n, #t
return table.remove()
return table.remove({}, 'x')
local t = {} for i = 1, 100 do table.insert(t, i) end for i = 1, 50 do table.remove(t, 1) end return #t, t[1], t[50]
local t = {5, 2, 8, 1} table.sort(t) return t
local t = {5, 2, 8, 1} table.sort(t, function(a, b) return a > b end) return t
local t = {'b', 'a', 'C', 'aa', ''} table.sort(t) return t
local t = {1, 'x'} table.sort(t)
local t = {{}, {}} table.sort(t)
local t = {1, 2, nil, 4} return pcall(table.sort, {nil, 2, 3})
local t = {3, 1, 2} table.sort(t, 5)
table.sort()
local t = {} for i = 1, 50 do t[i] = i end table.sort(t, function() return true end)
local t = {3, 1, 2, 5, 4} table.sort(t, function(a, b) return a <= b end) return t
local t = {3, 3, 3, 3} table.sort(t, function(a, b) return true end) return t
local t, log = {5, 3, 9, 1, 7, 2}, {} table.sort(t, function(a, b) log[#log + 1] = a .. ':' .. b return a < b end) return t, table.concat(log, ' ')
local t, x = {}, 12345 for i = 1, 300 do x = (x * 1103515245 + 12345) % 2147483648 t[i] = x % 100 end table.sort(t) return table.concat(t, ',')
local t = {} for i = 1, 20 do t[i] = {k = i % 3, n = i} end table.sort(t, function(a, b) return a.k < b.k end) local s = '' for i = 1, 20 do s = s .. t[i].n .. ',' end return s
return table.maxn({1, 2, [10] = 1, [2.5] = 1, x = 1}), table.maxn({}), table.maxn({[-1] = 1}), table.getn({1, 2}), table.getn({})
return table.maxn()
return table.setn({}, 1)
return table.foreachi({1, 2, 3}, function(i, v) if v == 2 then return i * 10 end end), table.foreachi({}, function() end)
return table.foreach({a = 1}, function(k, v) return k .. v end), table.foreach({}, function() end)
return table.foreach({})
return table.foreachi({}, 5)
local s = 0 table.foreach({1, 2, 3, x = 4}, function(k, v) s = s + v end) return s
`))
}

func TestMath(t *testing.T) {
	same(t, lines(`
return math.abs(-5), math.abs('-5'), math.ceil(1.5), math.floor(-1.5), math.sqrt(2), math.pow(2, 10), math.exp(1), math.log(10), math.log10(1000), math.deg(1), math.rad(180), math.sin(1), math.cos(1), math.tan(1), math.asin(1), math.acos(0), math.atan(1), math.atan2(1, 2), math.sinh(1), math.cosh(1), math.tanh(1), math.pi, math.huge, -math.huge
return math.fmod(7, 3), math.fmod(-7, 3), math.fmod(7, -3), math.mod(7, 3), math.fmod(5.5, 2), math.fmod(5, 1/0), math.frexp(8), math.frexp(0), math.frexp(-0.3), math.ldexp(0.5, 4), math.modf(3.7), math.modf(-3.7), math.modf(1/0), math.modf(-1/0), math.modf(5)
return tostring(math.sqrt(-1)), tostring(math.fmod(1, 0)), tostring(math.fmod(1/0, 1)), tostring(math.log(-1)), tostring(math.log(0)), tostring(math.asin(2)), tostring(math.acos(2)), tostring(math.pow(-8, 1/3)), tostring(math.log10(-1)), tostring(math.sin(1/0)), tostring(math.tan(1/0)), tostring(math.cos(1/0)), tostring(math.modf(0/0)), tostring(math.frexp(1/0)), tostring((-8) ^ (1/3)), tostring(math.exp(1000)), tostring(math.sqrt(0/0)), tostring(math.sqrt(-(0/0)))
return math.max(1, 3, 2), math.min(1, 3, 2), math.max(1), math.max('5', 3), math.max(1, 0/0) == 1
return math.max()
return math.min()
return math.abs()
return math.abs('x')
return math.floor({})
return math.ldexp(1)
return math.floor(2^53), math.floor(-2^53 - 1), math.ceil(-0.5), math.floor(1e300), math.ldexp(1, 2000), math.ldexp(1, -2000), math.ldexp(1, 2^31)
math.randomseed(0) return math.random(), math.random(), math.random(10), math.random(5, 10), math.random(-5, 5)
math.randomseed(5) return math.random(), math.random(), math.random(10), math.random(5, 10), math.random(-5, 5)
math.randomseed(-1) return math.random(), math.random(), math.random(1), math.random(100), math.random(2147483647), math.random(-2147483648, 2147483647), math.random(0, 2147483647)
math.randomseed(2^40 + 3) local t = {} for i = 1, 50 do t[i] = math.random(1000) end return t
math.randomseed(1.9) return math.random(1.9), math.random('10')
return math.random(0)
return math.random(2, 1)
return math.random(1, 2, 3)
return math.random('x')
return math.randomseed()
return math.randomseed('x')
local t = {} for i = -22, 22 do t[#t + 1] = string.format('%.16g', 10 ^ i) end return table.concat(t, ' ')
local t = {} for i = 0, 80 do t[#t + 1] = string.format('%.15g', 3 ^ i) end return table.concat(t, ' ')
`))
}

func TestBits(t *testing.T) {
	same(t, lines(`
return bit.tobit(0xffffffff), bit.tobit(2^32), bit.tobit(2^31), bit.tobit(-1), bit.tobit(1.5), bit.tobit(2.5), bit.tobit(-0.5), bit.tobit(1e10), bit.tobit(2^53), bit.tobit(2^60 + 2^30), bit.tobit('0x10'), bit.tobit(1/0), bit.tobit(0/0), bit.tobit(-1e15)
return bit.bnot(0), bit.bnot(5), bit.bswap(0x12345678), bit.band(0xff, 0x0f), bit.bor(1, 2, 4), bit.bxor(5, 3), bit.band(7), bit.bor(0x80000000, 1)
return bit.lshift(1, 31), bit.lshift(1, 32), bit.lshift(1, 33), bit.rshift(-1, 4), bit.rshift(-1, 0), bit.arshift(-256, 4), bit.arshift(256, 36), bit.rol(0x12345678, 12), bit.ror(0x12345678, 12), bit.rol(1, 32), bit.lshift(1, -1), bit.rshift(256, -4)
return bit.tohex(1), bit.tohex(-1), bit.tohex(255, 4), bit.tohex(255, -4), bit.tohex(255, 0), bit.tohex(255, 100), bit.tohex(0xdeadbeef, -8), bit.tohex(255, -2^31), bit.tohex(255, 2.5), bit.tohex(255, '3')
return bit.tobit()
return bit.tobit('x')
return bit.band()
return bit.band(1, 'x')
return bit.lshift(1)
return bit.tohex()
return bit.tohex(1, 'x')
return bit.tobit({})
return bit.tobit(nil)
`))
}

func TestStruct(t *testing.T) {
	same(t, lines(`
return struct.pack('b', 1), struct.pack('bBhHlLiIT', 1, 2, 3, 4, 5, 6, 7, 8, 9), struct.pack('>bBhHlLiIT', 1, 2, 3, 4, 5, 6, 7, 8, 9), struct.pack('<i4>i4', 1, 1), struct.pack('i1i2i3i5i7i8', -1, -2, -3, -4, -5, -6)
return struct.pack('i16', -1), struct.pack('>i16', -1), struct.pack('I32', 5), struct.pack('>I32', 5), struct.pack('i9', -5)
return struct.pack('i33', 1)
return struct.pack('I100', 1)
return struct.pack('i99999999999', 1)
return struct.pack('i0', 1), struct.size('i0')
return struct.unpack('i0', 'abc')
return struct.pack('f', 1.5), struct.pack('d', 1.5), struct.pack('>f', 1.5), struct.pack('>d', -0.1), struct.pack('fd', 1e300, 1e300), struct.pack('d', 1/0)
return struct.pack('s', 'abc'), struct.pack('c5', 'abcde'), struct.pack('c0', 'abc'), struct.pack('c', 'x'), struct.pack('c2', 'abc'), struct.pack('x', 1), struct.pack('xx'), struct.pack('s', 'a\0b'), struct.pack('s', 5)
return struct.pack('c5', 'abc')
return struct.pack('!i', 1), struct.pack('!4bi', 1, 2), struct.pack('!8bd', 1, 2), struct.pack('!bd', 1, 2), struct.pack('!2bi', 1, 2), struct.pack('bi', 1, 2), struct.pack('!1bi', 1, 2), struct.pack('!16bi16', 1, 2), struct.pack('!4bi3', 1, 2)
return struct.pack('!8bi3', 1, 2)
return struct.pack('!8bi16', 1, 2), struct.pack('!16bdi16', 1, 2, 3), struct.pack('!32bi32', 1, 2)
return struct.pack('!3i', 1)
return struct.pack('!0i', 1)
return struct.pack('!64bi', 1, 2)
return struct.pack('b b', 1, 2), struct.pack('  b'), 1
return struct.pack('y', 1)
return struct.pack('4', 1)
return struct.pack('\200', 1)
return struct.pack('b')
return struct.pack('b', 'x')
return struct.pack('b', nil)
return struct.pack('s', nil)
return struct.pack('s', {})
return struct.pack()
return struct.pack('')
return struct.pack('b', 300), struct.pack('B', -1), struct.pack('h', 1e10), struct.pack('l', 2^63), struct.pack('L', 2^63), struct.pack('L', 2^64), struct.pack('L', -1), struct.pack('l', 1.9), struct.pack('l', -1.9), struct.pack('i', '5'), struct.pack('l', 0/0), struct.pack('L', 1/0), struct.pack('l', -1/0), struct.pack('I', 2^32)
return struct.unpack('b', '\255'), struct.unpack('B', '\255'), struct.unpack('bb', '\1\2'), struct.unpack('h', '\255\255'), struct.unpack('>h', '\1\2'), struct.unpack('<I3', '\1\2\3'), struct.unpack('>i3', '\255\255\254'), struct.unpack('l', '\255\255\255\255\255\255\255\255'), struct.unpack('L', '\255\255\255\255\255\255\255\255')
return struct.unpack('i16', string.rep('\255', 16)), struct.unpack('I16', string.rep('\255', 16)), struct.unpack('>i16', '\1' .. string.rep('\0', 14) .. '\2'), struct.unpack('i9', string.rep('\254', 9)), struct.unpack('>i12', string.rep('\128\1', 6)), struct.unpack('i10', '\1\0\0\0\0\0\0\128\0\0'), struct.unpack('I9', '\1\0\0\0\0\0\0\0\1')
return struct.unpack('f', struct.pack('f', 1.5)), struct.unpack('d', struct.pack('d', 0.1)), struct.unpack('>d', struct.pack('>d', 0.1)), struct.unpack('s', 'abc\0def'), struct.unpack('c3', 'abcdef'), struct.unpack('bc0', '\3abcd'), struct.unpack('xb', '\1\2'), struct.unpack('!4bi', '\1\0\0\0\2\0\0\0')
return struct.unpack('s', 'abc')
return struct.unpack('c0', 'abc')
return struct.unpack('c3', 'ab')
return struct.unpack('bc0', '\5ab')
return struct.unpack('sc0', '3\0abc')
return struct.unpack('sc0', 'x\0abc')
return struct.unpack('i', 'abc')
return struct.unpack('i', 'abcdef', 3)
return struct.unpack('b', 'abc', 3), struct.unpack('b', 'abc', 4)
return struct.unpack('', 'abc', 4), struct.unpack('', 'abc', 10)
return struct.unpack('b', 'abc', 0)
return struct.unpack('b', 'abc', -1)
return struct.unpack('b', 'abc', 2^31)
return struct.unpack('b', 'abc', 2^62)
return struct.unpack('!4i', '\1\0\0\0\2\0\0\0', 2)
return struct.unpack('b')
return struct.unpack('b', 5)
return struct.unpack()
return struct.unpack('b', 'a', 'x')
return struct.unpack('y', 'abc')
return struct.unpack('c2147483647', 'abc')
return struct.unpack('c2147483648', 'abc')
return struct.unpack('bc0', '\255')
return struct.unpack('dc0', struct.pack('d', -1))
return struct.unpack('dc0', struct.pack('d', 0/0))
return struct.unpack('dc0', struct.pack('d', 2^63))
return struct.unpack('dc0', struct.pack('d', 1e300))
return struct.size('b'), struct.size('bhil'), struct.size('!bhil'), struct.size('!4bd'), struct.size('c10'), struct.size('x'), struct.size('fd'), struct.size(''), struct.size('<>! b'), struct.size('!8bi16b'), struct.size('i3i3')
return struct.size('s')
return struct.size('c0')
return struct.size('y')
return struct.size()
return struct.size('i33')
return struct.size('!3')
return struct.size('c2147483647')
return struct.size('c2147483647c2147483647')
return struct.size('c2147483647b')
return struct.pack('bbb', 1, 2)
return struct.unpack(string.rep('b', 9000), string.rep('x', 9000))
return select('#', struct.unpack(string.rep('b', 7000), string.rep('x', 7000)))
return struct.pack('c-1', 'x')
return struct.pack('b', 1, 2, 3)
`))
}

func TestMsgpack(t *testing.T) {
	same(t, lines(`
return cmsgpack.pack(1), cmsgpack.pack(-1), cmsgpack.pack(127), cmsgpack.pack(128), cmsgpack.pack(255), cmsgpack.pack(256), cmsgpack.pack(65535), cmsgpack.pack(65536), cmsgpack.pack(2^32 - 1), cmsgpack.pack(2^32), cmsgpack.pack(2^53), cmsgpack.pack(2^62), cmsgpack.pack(2^63), cmsgpack.pack(2^64), cmsgpack.pack(-32), cmsgpack.pack(-33), cmsgpack.pack(-128), cmsgpack.pack(-129), cmsgpack.pack(-32768), cmsgpack.pack(-32769), cmsgpack.pack(-2^31), cmsgpack.pack(-2^31 - 1), cmsgpack.pack(-2^63), cmsgpack.pack(-2^64)
return cmsgpack.pack(1.5), cmsgpack.pack(0.1), cmsgpack.pack(1e300), cmsgpack.pack(1/0), cmsgpack.pack(-1/0), cmsgpack.pack(0/0), cmsgpack.pack(-(0/0)), cmsgpack.pack(1e-40), cmsgpack.pack(3.4e38)
return cmsgpack.pack(nil), cmsgpack.pack(true), cmsgpack.pack(false), cmsgpack.pack(cjson.null), cmsgpack.pack(function() end), cmsgpack.pack(math.abs), cmsgpack.pack(coroutine.create(function() end))
return cmsgpack.pack(''), cmsgpack.pack('abc'), cmsgpack.pack(string.rep('x', 31)), cmsgpack.pack(string.rep('x', 32)), cmsgpack.pack(string.rep('x', 255)), cmsgpack.pack(string.rep('x', 256)):sub(1, 5), cmsgpack.pack(string.rep('x', 65535)):sub(1, 5), cmsgpack.pack(string.rep('x', 65536)):sub(1, 6)
return cmsgpack.pack({}), cmsgpack.pack({1, 2, 3}), cmsgpack.pack({a = 1}), cmsgpack.pack({[1] = 1, [3] = 3}), cmsgpack.pack({[0] = 1}), cmsgpack.pack({[1.5] = 1}), cmsgpack.pack({[-1] = 1}), cmsgpack.pack({['1'] = 1}), cmsgpack.pack({{}, {{}}}), cmsgpack.pack({[true] = 1}), cmsgpack.pack({[2] = 2})
local t = {} for i = 1, 16 do t[i] = i end return cmsgpack.pack(t)
local t = {} for i = 1, 70000 do t[i] = 1 end local p = cmsgpack.pack(t) return #p, p:sub(1, 6)
local t = {} for i = 1, 16 do t['k' .. i] = 1 end return cmsgpack.pack(t):sub(1, 3)
local t = {} for i = 1, 70000 do t['k' .. i] = 1 end return cmsgpack.pack(t):sub(1, 5)
local t = {} local r = t for i = 1, 20 do t[1] = {} t = t[1] end return cmsgpack.pack(r)
local t = {} local r = t for i = 1, 15 do t.x = {} t = t.x end return cmsgpack.pack(r)
local t = {} t[1] = t return cmsgpack.pack(t)
local t = {} t.x = t return cmsgpack.pack(t)
return cmsgpack.pack(1, 'a', nil, {})
return cmsgpack.pack()
return cmsgpack.unpack(cmsgpack.pack(1, 'a', false, {1, {x = 2}}))
return cmsgpack.unpack('')
return cmsgpack.unpack()
return cmsgpack.unpack(5)
return cmsgpack.unpack({})
return cmsgpack.unpack('\192\195\194'), cmsgpack.unpack('\202\63\192\0\0'), cmsgpack.unpack('\203\63\240\0\0\0\0\0\0'), cmsgpack.unpack('\204\255'), cmsgpack.unpack('\205\255\255'), cmsgpack.unpack('\206\255\255\255\255'), cmsgpack.unpack('\207\255\255\255\255\255\255\255\255'), cmsgpack.unpack('\208\255'), cmsgpack.unpack('\209\255\255'), cmsgpack.unpack('\210\255\255\255\255'), cmsgpack.unpack('\211\255\255\255\255\255\255\255\255'), cmsgpack.unpack('\224'), cmsgpack.unpack('\255')
return cmsgpack.unpack('\217\1a'), cmsgpack.unpack('\218\0\1a'), cmsgpack.unpack('\219\0\0\0\1a'), cmsgpack.unpack('\161a'), cmsgpack.unpack('\160'), cmsgpack.unpack('\220\0\1\1'), cmsgpack.unpack('\221\0\0\0\1\1'), cmsgpack.unpack('\222\0\1\1\2'), cmsgpack.unpack('\223\0\0\0\1\1\2'), cmsgpack.unpack('\144'), cmsgpack.unpack('\128')
return cmsgpack.unpack('\204')
return cmsgpack.unpack('\205\1')
return cmsgpack.unpack('\219\255\255\255\255a')
return cmsgpack.unpack('\221\255\255\255\255\1')
return cmsgpack.unpack('\223\255\255\255\255\1')
return cmsgpack.unpack('\163ab')
return cmsgpack.unpack('\147\1\2')
return cmsgpack.unpack('\129\1')
return cmsgpack.unpack('\193')
return cmsgpack.unpack('\196\1a')
return cmsgpack.unpack('\199\1\1a')
return cmsgpack.unpack('\212\1a')
return cmsgpack.unpack('\145\193')
return cmsgpack.unpack('\129\192\1')
return cmsgpack.unpack('\129\203\127\248\0\0\0\0\0\0\1')
return cmsgpack.unpack('\129\1\192')
return cmsgpack.unpack('\147\1\192\3')
return cmsgpack.unpack('\1\2\193')
return cmsgpack.unpack_one('\1\2\3'), cmsgpack.unpack_one('\1\2\3', 1), cmsgpack.unpack_one('\1\2\3', 2), cmsgpack.unpack_one('\1\2\3', 3), cmsgpack.unpack_one('')
return {cmsgpack.unpack_one('\1\2\3')}, {cmsgpack.unpack_one('\1\2\3', 1)}, {cmsgpack.unpack_one('\1\2\3', 2)}, {cmsgpack.unpack_one('\1\2\3', 3)}, {cmsgpack.unpack_one('')}
return cmsgpack.unpack_one('\1\2\3', 4)
return cmsgpack.unpack_one('\1\2\3', -1)
return cmsgpack.unpack_one('\1\2\3', -2)
return cmsgpack.unpack_one('\1\2\3', 'x')
return {cmsgpack.unpack_limit('\1\2\3', 2)}, {cmsgpack.unpack_limit('\1\2\3', 2, 1)}, {cmsgpack.unpack_limit('\1\2\3', 0)}, {cmsgpack.unpack_limit('\1\2\3', 0, 1)}, {cmsgpack.unpack_limit('\1\2\3', 5, 2)}
return cmsgpack.unpack_limit('\1\2\3', -1)
return cmsgpack.unpack_limit('\1\2\3')
return cmsgpack.unpack_limit('\1\2\3', 1, -1)
return cmsgpack.unpack_limit('\1\2\3', 1, 4)
return cmsgpack.unpack_limit()
return cmsgpack.unpack_one()
local ok, e = pcall(cmsgpack.unpack, string.rep('\145', 10000)) return ok, e
local ok, e = pcall(cmsgpack.unpack, string.rep('\145', 3000) .. '\1') return ok
local ok, e = pcall(cmsgpack.unpack, string.rep('\129\1', 10000)) return ok, e
local ok, e = pcall(cmsgpack.unpack, string.rep('\1', 10000)) return ok, e
return select('#', cmsgpack.unpack(string.rep('\1', 5000)))
return cmsgpack._NAME, cmsgpack._VERSION, cmsgpack._COPYRIGHT, cmsgpack._DESCRIPTION
local function mp(x) return cmsgpack.unpack(cmsgpack.pack(x)) end return mp(1.5), mp(-5), mp(2^40), mp('x'), mp({1, 2, {3}}), mp({a = {b = {c = 1}}})
`))
	same(t, depths("local ok, e = pcall(cmsgpack.unpack, string.rep('\\145', %d) .. '\\1') return ok, e", 2600, 3997, 3998, 3999, 4000, 4001, 7999))
	same(t, depths("local ok, e = pcall(cmsgpack.unpack, string.rep('\\129\\1', %d) .. '\\1') return ok, e", 2600, 3997, 3998, 3999, 4000, 4001, 7999))
	same(t, depths("local ok, e = pcall(function() return select('#', cmsgpack.unpack(string.rep('\\1', %d))) end) return ok, e", 7990, 7997, 7998, 7999, 8000, 8001))
}

// depths is one chunk per depth of nesting.
func depths(format string, n ...int) []string {
	var out []string
	for _, d := range n {
		out = append(out, fmt.Sprintf(format, d))
	}
	return out
}

func TestJSON(t *testing.T) {
	same(t, lines(`
local j = cjson.new() return j.encode(1), j.encode(1.5), j.encode(-0.1), j.encode(1e15), j.encode(1e100), j.encode(0.1), j.encode(123456789012345), j.encode(1/3), j.encode(2^53), j.encode(-1), j.encode(100), j.encode(1e14)
return cjson.encode(nil), cjson.encode(true), cjson.encode(false), cjson.encode(cjson.null), cjson.encode(''), cjson.encode('abc'), cjson.encode({}), cjson.encode({1, 2, 3}), cjson.encode({a = 1}), cjson.encode({[1] = 'a', [2] = 'b'}), cjson.encode({{}, {{}}}), cjson.encode({a = {b = {c = {}}}})
local s = '' for i = 0, 255 do s = s .. string.char(i) end return cjson.encode(s)
return cjson.encode('a/b"c\\d\8\9\10\12\13\127\128\255')
return cjson.encode({1, nil, 3}), cjson.encode({[1] = 1, [5] = 5}), cjson.encode({[1] = 1, [10] = 10}), cjson.encode({[3] = 3})
return cjson.encode({[11] = 1})
return cjson.encode({[1] = 1, [11] = 1})
return cjson.encode({[1] = 1, [2] = 1, [3] = 1, [4] = 4, [5] = 5, [11] = 1}), cjson.encode({[0] = 1}), cjson.encode({[-1] = 1}), cjson.encode({[1.5] = 1}), cjson.encode({[1e15] = 'x', a = 1}) ~= nil
return cjson.encode({[2^31] = 1})
return cjson.encode({[2^32 + 1] = 1})
return cjson.encode({[2^53] = 1})
return cjson.encode({[1e300] = 1})
return cjson.encode({[1/0] = 1})
return cjson.encode({[true] = 1})
return cjson.encode({[{}] = 1})
return cjson.encode(function() end)
return cjson.encode({function() end})
return cjson.encode({a = function() end})
return cjson.encode(coroutine.create(function() end))
return cjson.encode(0/0)
return cjson.encode(1/0)
return cjson.encode(-1/0)
return cjson.encode({0/0})
return cjson.encode()
return cjson.encode(1, 2)
return cjson.decode()
return cjson.decode('1', 2)
return cjson.decode(nil)
return cjson.decode({})
return cjson.decode(5), cjson.decode(1.5)
return cjson.decode('1'), cjson.decode('-1'), cjson.decode('1.5'), cjson.decode('1e5'), cjson.decode('1E+5'), cjson.decode('0'), cjson.decode('-0'), cjson.decode(' 1 '), cjson.decode('\t\n\r1'), cjson.decode('true'), cjson.decode('false'), cjson.decode('null'), cjson.decode('""'), cjson.decode('"abc"'), cjson.decode('[]'), cjson.decode('{}'), cjson.decode('[1,2,[3]]'), cjson.decode('{"a":{"b":[1]}}')
return cjson.decode('012'), cjson.decode('0x10'), cjson.decode('+1'), cjson.decode('1.'), cjson.decode('-.5'), cjson.decode('inf') == 1/0, cjson.decode('-inf') == -1/0, cjson.decode('Infinity') == 1/0, cjson.decode('1e999') == 1/0, cjson.decode('-0x1p3'), cjson.decode('0x1.8')
return tostring(cjson.decode('nan')), tostring(cjson.decode('-nan')), tostring(cjson.decode('NaN'))
return cjson.decode('.5')
return cjson.decode('-')
return cjson.decode('+')
return cjson.decode('1e')
return cjson.decode('1 2')
return cjson.decode('1a')
return cjson.decode('-a')
return cjson.decode('')
return cjson.decode(' ')
return cjson.decode('x')
return cjson.decode('nul')
return cjson.decode('nulll')
return cjson.decode('truex')
return cjson.decode('[')
return cjson.decode('[1')
return cjson.decode('[1,')
return cjson.decode('[1,]')
return cjson.decode('[,1]')
return cjson.decode('[1 2]')
return cjson.decode('[1:2]')
return cjson.decode(']')
return cjson.decode('{')
return cjson.decode('{"a"')
return cjson.decode('{"a":')
return cjson.decode('{"a":1')
return cjson.decode('{"a":1,')
return cjson.decode('{"a":1,}')
return cjson.decode('{"a" 1}')
return cjson.decode('{"a":1 "b":2}')
return cjson.decode('{1:1}')
return cjson.decode('{a:1}')
return cjson.decode('{null:1}')
return cjson.decode('{[]:1}')
return cjson.decode('}')
return cjson.decode(':')
return cjson.decode(',')
return cjson.decode("'a'")
return cjson.decode('"abc')
return cjson.decode('"abc\\')
return cjson.decode('"abc\\x"')
return cjson.decode('"\\u12"')
return cjson.decode('"\\uZZZZ"')
return cjson.decode('"ab\\ud800"')
return cjson.decode('"ab\\ud800\\u0041"')
return cjson.decode('"ab\\ud800x"')
return cjson.decode('"\\udc00"')
return cjson.decode('"\\ud83d\\ude00"'), cjson.decode('"\\u0041\\u00e9\\u20ac\\u0000"'), cjson.decode('"\\"\\\\\\/\\b\\f\\n\\r\\t"'), cjson.decode('"a\nb\tc\1"'), cjson.decode('"\255\254"'), cjson.decode('"\\uffff\\ufffe"'), cjson.decode('"\\uD83D\\uDE00"'), cjson.decode('"\\u07ff\\u0800\\u007f\\u0080"'), cjson.decode('"\127"')
return cjson.decode('"a\0b"')
return cjson.decode('1\0')
return cjson.decode('123\0x')
return cjson.decode('\0001')
return cjson.decode('1\0001')
return cjson.decode('[1\0]')
return cjson.decode('{"a":1,"a":2}'), cjson.decode('{"":1}'), cjson.decode('{"1":1}'), cjson.decode('{"a":null}'), cjson.decode('[null,null]'), cjson.decode('[1,null,3]')
return cjson.decode('\239\187\191' .. '1')
return cjson.decode('[true,false,null,"x",1.5,{"k":[]}]')
return cjson.decode('tru')
return cjson.decode('I')
return cjson.decode('infx')
return cjson.decode('N')
local j = cjson.new() return j.encode_sparse_array(), j.encode_max_depth(), j.decode_max_depth(), j.encode_number_precision(), j.encode_keep_buffer(), j.encode_invalid_numbers(), j.decode_invalid_numbers()
local j = cjson.new() return {j.encode_sparse_array(true, 3, 4)}, {j.encode_sparse_array(nil, 1)}, {j.encode_sparse_array(false)}, {j.encode_sparse_array('on')}
local j = cjson.new() j.encode_sparse_array(true) return j.encode({[100] = 1}), j.encode({[1] = 1, [11] = 2}) ~= nil, j.encode({1, 2})
local j = cjson.new() j.encode_sparse_array(true, 0) local s = j.encode({[100] = 1}) return #s, s:sub(1, 20)
local j = cjson.new() return j.encode_sparse_array('x')
local j = cjson.new() return j.encode_sparse_array(1)
local j = cjson.new() return j.encode_sparse_array(true, -1)
local j = cjson.new() return j.encode_sparse_array(true, 1, -1)
local j = cjson.new() return j.encode_sparse_array(true, 'x')
local j = cjson.new() return j.encode_sparse_array(true, 1, 1, 1)
local j = cjson.new() return j.encode_max_depth(0)
local j = cjson.new() return j.encode_max_depth(2^31)
local j = cjson.new() return j.encode_max_depth('5'), j.encode_max_depth(2.9), j.encode_max_depth(nil)
local j = cjson.new() return j.encode_max_depth('x')
local j = cjson.new() return j.encode_max_depth(1, 2)
local j = cjson.new() j.encode_max_depth(3) return j.encode({{{}}})
local j = cjson.new() j.encode_max_depth(3) return j.encode({{{{}}}})
local j = cjson.new() j.decode_max_depth(3) return j.decode('[[[]]]')
local j = cjson.new() j.decode_max_depth(3) return j.decode('[[[[]]]]')
local j = cjson.new() j.decode_max_depth(3) return j.decode('{"a":{"b":{"c":{}}}}')
local j = cjson.new() return j.decode_max_depth(-1)
local j = cjson.new() return j.encode_number_precision(0)
local j = cjson.new() return j.encode_number_precision(15)
local j = cjson.new() return j.encode_number_precision(17)
local j = cjson.new() local r = {} for i = 1, 14 do j.encode_number_precision(i) r[i] = j.encode({1/3, 123456.789, 1e10, 100, 5, -2.5, 0}) end return r
local j = cjson.new() return j.encode_invalid_numbers('null'), j.encode({0/0, 1/0, -1/0}), j.encode_invalid_numbers('on'), j.encode({0/0, 1/0, -1/0, -(0/0)}), j.encode_invalid_numbers(true), j.encode_invalid_numbers(false), j.encode_invalid_numbers('off')
local j = cjson.new() return j.encode_invalid_numbers('x')
local j = cjson.new() return j.encode_invalid_numbers(5)
local j = cjson.new() return j.encode_invalid_numbers({})
local j = cjson.new() return j.decode_invalid_numbers(false), j.decode('1'), j.decode('-1.5e3'), j.decode('0'), j.decode('0.5'), j.decode('-0')
local j = cjson.new() j.decode_invalid_numbers(false) return j.decode('012')
local j = cjson.new() j.decode_invalid_numbers(false) return j.decode('0x10')
local j = cjson.new() j.decode_invalid_numbers(false) return j.decode('+1')
local j = cjson.new() j.decode_invalid_numbers(false) return j.decode('inf')
local j = cjson.new() j.decode_invalid_numbers(false) return j.decode('-inf')
local j = cjson.new() j.decode_invalid_numbers(false) return j.decode('nan')
local j = cjson.new() j.decode_invalid_numbers(false) return j.decode('-nan')
local j = cjson.new() j.decode_invalid_numbers(false) return j.decode('[1.]')
local j = cjson.new() j.decode_invalid_numbers(false) return j.decode('-')
local j = cjson.new() return j.decode_invalid_numbers('null')
local j = cjson.new() return j.encode_keep_buffer(false), j.encode_keep_buffer('on'), j.encode({1})
local j = cjson.new() return j.encode_keep_buffer('x')
local j = cjson.new() local n = {} for k in pairs(j) do n[#n + 1] = k end table.sort(n) return n, j.null == cjson.null
local t = {} local r = t for i = 1, 999 do t[1] = {} t = t[1] end return #cjson.encode(r)
local t = {} local r = t for i = 1, 1000 do t[1] = {} t = t[1] end return cjson.encode(r)
local t = {} t[1] = t return cjson.encode(t)
return #cjson.encode(cjson.decode(string.rep('[', 1000) .. string.rep(']', 1000)))
return cjson.decode(string.rep('[', 1001))
return cjson.decode(string.rep('{"a":', 1001))
return cjson.encode(setmetatable({}, {__index = function() return 1 end})), cjson.encode(setmetatable({1}, {__index = {[2] = 2}}))
return cjson.encode({['a"b'] = 1}), cjson.encode({['\1'] = 1})
`))
	enc := "local j = cjson.new() j.encode_max_depth(1000000) local t = {} local r = t for i = 2, %d do t[1] = {} t = t[1] end local ok, e = pcall(j.encode, r) return ok, ok or e"
	same(t, depths(enc, 1500, 7980, 7994, 7995, 7996, 7997, 7998, 7999, 8000, 9000))
	same(t, depths("local j = cjson.new() j.decode_max_depth(1000000) local ok, e = pcall(j.decode, string.rep('[', %[1]d) .. string.rep(']', %[1]d)) return ok, ok or e", 1500, 7980, 7994, 7995, 7996, 7997, 7998, 7999, 8000, 9000))
	same(t, depths(`local j = cjson.new() j.decode_max_depth(1000000) local ok, e = pcall(j.decode, string.rep('{"a":', %[1]d) .. '1' .. string.rep('}', %[1]d)) return ok, ok or e`, 1500, 3997, 3998, 3999, 4000, 5000))
	same(t, depths("local j = cjson.new() j.encode_max_depth(1000000) local t = {} local r = t for i = 2, %d do t.x = {} t = t.x end local ok, e = pcall(j.encode, r) return ok, ok or e", 1500, 3996, 3997, 3998, 3999, 4000, 5000))
}

// TestJSONRandom decodes random texts, most of them broken somewhere, and encodes what could be read.
func TestJSONRandom(t *testing.T) {
	r := rand.New(rand.NewPCG(live.Seed(t), 3))
	var chunks []string
	for range 600 {
		text := []byte(randomJSON(r, 0))
		for range r.IntN(3) {
			if len(text) > 0 {
				switch i := r.IntN(len(text)); r.IntN(3) {
				case 0:
					text = append(text[:i], text[i+1:]...)
				case 1:
					text[i] = "[]{},:\"\\u0e-+.x \n\x00\xff"[r.IntN(19)]
				default:
					text = text[:i]
				}
			}
		}
		chunks = append(chunks, "local v = cjson.decode("+luaQuote(string(text))+") return v, cmsgpack.unpack(cmsgpack.pack(v))")
	}
	same(t, chunks)
}

func luaQuote(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for i := range len(s) {
		fmt.Fprintf(&b, "\\%03d", s[i])
	}
	b.WriteByte('"')
	return b.String()
}

func randomJSON(r *rand.Rand, depth int) string {
	n := 9
	if depth > 4 {
		n = 7
	}
	ws := []string{"", "", "", " ", "\n\t"}[r.IntN(5)]
	switch r.IntN(n) {
	case 0:
		return ws + "null"
	case 1:
		return ws + "true"
	case 2:
		return fmt.Sprintf("%s%d", ws, r.IntN(100000)-50000)
	case 3:
		return fmt.Sprintf("%s%.15g", ws, r.NormFloat64()*1e5)
	case 4:
		return []string{"-0", "1e5", "0.1e-3", "1E400", "012", "0x1f", "inf", "-1.", "123456789012345678"}[r.IntN(9)]
	case 5, 6:
		var b strings.Builder
		b.WriteByte('"')
		for range r.IntN(6) {
			b.WriteString([]string{"a", "é", "\\n", "\\u0041", "\\u00e9", "\\u20ac", "\\ud83d\\ude00", "\\/", "\\\\", "\\\"", "\x01", "\\ud800", "\\x"}[min(r.IntN(14), 12)])
		}
		return ws + b.String() + `"`
	case 7:
		var items []string
		for range r.IntN(4) {
			items = append(items, randomJSON(r, depth+1))
		}
		return ws + "[" + strings.Join(items, ",") + ws + "]"
	}
	var items []string
	for range r.IntN(4) {
		items = append(items, fmt.Sprintf("%s\"%c\" :%s", ws, 'a'+r.IntN(4), randomJSON(r, depth+1)))
	}
	return ws + "{" + strings.Join(items, ",") + "}"
}

// TestMsgpackRandom unpacks random bytes, and packs random values of Lua.
func TestMsgpackRandom(t *testing.T) {
	r := rand.New(rand.NewPCG(live.Seed(t), 4))
	tags := []byte{0x01, 0x81, 0x82, 0x91, 0x92, 0x93, 0xa0, 0xa1, 0xa2, 0xc0, 0xc2, 0xc3, 0xca, 0xcb, 0xcc, 0xcd, 0xce, 0xcf, 0xd0, 0xd1, 0xd2, 0xd3, 0xd9, 0xdc, 0xde, 0xe0, 0xff, 0x00, 0x02, 'a'}
	var chunks []string
	for range 500 {
		b := make([]byte, r.IntN(14))
		for i := range b {
			b[i] = tags[r.IntN(len(tags))]
			if r.IntN(6) == 0 {
				b[i] = byte(r.Uint32())
			}
		}
		fn := []string{"unpack(%s)", "unpack_one(%s)", "unpack_limit(%s, 2)", "unpack_one(%s, 2)"}[r.IntN(4)]
		chunks = append(chunks, "return cmsgpack."+fmt.Sprintf(fn, luaQuote(string(b))))
	}
	for range 60 {
		chunks = append(chunks, "return cmsgpack.pack("+randomNumber(r)+", "+randomNumber(r)+"), cjson.encode({"+randomNumber(r)+", "+randomNumber(r)+"}), struct.pack('dflbh', "+
			strings.Repeat(randomNumber(r)+", ", 4)+randomNumber(r)+")")
	}
	same(t, chunks)
}

// TestStructRandom packs and unpacks by random formats.
func TestStructRandom(t *testing.T) {
	r := rand.New(rand.NewPCG(live.Seed(t), 5))
	var chunks []string
	for range 500 {
		var f strings.Builder
		for range 1 + r.IntN(5) {
			f.WriteString([]string{"b", "B", "h", "H", "l", "L", "i", "I", "T", "f", "d", "s", "x", "c0", "c2", "<", ">", "!", "!4", "!2", " ", "i3", "I5", "i8", "i12", "I16"}[r.IntN(26)])
		}
		data := make([]byte, r.IntN(60))
		for i := range data {
			if data[i] = byte(r.IntN(4)); r.IntN(4) == 0 {
				data[i] = byte(r.Uint32())
			}
		}
		chunks = append(chunks,
			fmt.Sprintf("return struct.unpack(%q, %s, %d)", f.String(), luaQuote(string(data)), 1+r.IntN(3)),
			fmt.Sprintf("return struct.pack(%q, %s, %s, %s, %s, %s)", f.String(), randomNumber(r), randomNumber(r), randomNumber(r), randomNumber(r), randomNumber(r)),
			fmt.Sprintf("return struct.size(%q)", f.String()))
	}
	same(t, chunks)
}

package lualib

import "testing"

func TestBase(t *testing.T) {
	same(t, lines(`
return tostring(nil), tostring(true), tostring(false), tostring(1), tostring(1.5), tostring('x'), tostring(-0)
return tostring(setmetatable({}, {__tostring = function() return 'meta' end}))
return tostring(setmetatable({}, {__tostring = function() return 5 end}))
return tostring()
return tostring(0/0), tostring(-(0/0)), tostring(1/0), tostring(-1/0), tostring(1e15), tostring(1e14), tostring(123456789012345), tostring(1e100), tostring(0.1), tostring(1/3), tostring(2^53), tostring(2^63), tostring(-2^63), tostring(1e-5), tostring(100000)
return 1e15 .. '', 2^53 .. '', 0.1 .. '', (0.1 + 0.2) .. '', 1/3 .. '|', -1e15 .. '', 123456789012345678 .. ''
local a, b = 0.1, 'x' return a .. b, b .. a, a .. a, 1 .. 2, (1/3) .. (2/3) .. 'z'
return tonumber('10'), tonumber(' 10 '), tonumber('0x10'), tonumber('0X1F'), tonumber('1e2'), tonumber('1e'), tonumber(''), tonumber(' '), tonumber('.5'), tonumber('5.'), tonumber('.'), tonumber('0x'), tonumber('1 2'), tonumber('-0x10'), tonumber('- 1'), tonumber('+5'), tonumber('\t7\n'), tonumber('1_000'), tonumber('0b11'), tonumber('010'), tonumber('0o7'), tonumber('inf'), tonumber('nan'), tonumber('infinity'), tonumber('-inf'), tonumber('0x1p4'), tonumber('0x.8'), tonumber('1e400'), tonumber('1\0002'), tonumber('\11\12 5')
return tonumber('10', 2), tonumber('ff', 16), tonumber('zz', 36), tonumber('8', 8), tonumber('-ff', 16), tonumber('0xff', 16), tonumber('7', 8), tonumber('1e1', 16), tonumber('', 16), tonumber(' 11 ', 2), tonumber('99999999999999999999999', 16), tonumber('1.5', 16), tonumber(10, 16), tonumber('0x', 16)
return tonumber({}), tonumber(nil), tonumber(true)
return tonumber()
return tonumber('1', 1)
return tonumber('1', 37)
return tonumber({}, 16)
return select('#'), select('#', nil, nil), select(2, 'a', 'b', 'c'), select(-1, 'a', 'b'), select('2', 'a', 'b')
return select(0)
return select(-5, 1)
return select('x')
return select(10, 1)
return select('#foo', 1, 2)
return select(1.9, 'a', 'b')
return unpack({1, 2, 3}), unpack({1, 2, 3}, 2), unpack({1, 2, 3}, 2, 3), unpack({}, 1, 3), unpack({1,2}, -1, 1)
return unpack({}, 1, 1e6)
return unpack({}, 1, 1e8)
return unpack()
return unpack({}, 'x')
return next({}), next({5}), next({a = 1})
return next()
return next(nil)
return type()
return rawequal(1, 1), rawequal('a', 'a'), rawequal({}, {}), rawequal(1, '1'), rawequal(0/0, 0/0)
return rawequal(1)
return rawget({5}, 1), rawget(setmetatable({}, {__index = {x = 1}}), 'x')
return rawget(1, 1)
return rawget({})
local t = setmetatable({}, {__newindex = function() error('no') end}) rawset(t, 'a', 1) return t.a
return rawset({}, nil, 1)
return rawset({}, 0/0, 1)
return rawset({}, 1)
return rawset({}, 1, 2)
local t = {} t[nil] = 1
local t = {} t[0/0] = 1
local t = {} return t[nil], t[0/0]
return getmetatable('').__index == string, getmetatable('').__add, getmetatable('').__concat
local n = 0 for k in pairs(getmetatable('')) do n = n + 1 end return n
return getmetatable(setmetatable({}, {__metatable = 'locked'}))
return getmetatable()
return setmetatable({}, {__metatable = 1}) and 1
return setmetatable(setmetatable({}, {__metatable = 1}), {})
return setmetatable(1, {})
return setmetatable({}, 1)
return setmetatable({})
return setmetatable({}, nil)
return assert(1, 2, 3)
return assert(false)
return assert(nil, 'message')
return assert(false, 5)
return assert(false, {})
return assert(false, nil)
return assert()
return error('x')
return error('x', 0)
return error('x', 1)
return error('x', 2)
return error({code = 5})
return error(nil)
return error()
return error(5)
return error(5, 0)
return error(true)
return error('x', 'y')
local function f() error('in f', 2) end f()
local function f() error('in f', 1) end f()
return pcall(error, 'x')
return pcall(error)
return pcall()
return pcall(nil)
return pcall(5)
return pcall({})
return pcall(function(...) return ... end, 1, nil, 3)
return pcall(pcall, error, 'x')
return pcall(setmetatable({}, {__call = function(self, x) return 'called', x end}), 7)
return xpcall(function() return 1, 2 end, function(e) return e end)
return xpcall(function() error('x') end, function(e) return 'handled ' .. e end)
return xpcall(function() error({5}) end, function(e) return e[1], 9 end)
return xpcall(function() local x = nil; x() end, function(e) return 'h: ' .. e end)
return xpcall(error, function(e) return type(e) end)
return xpcall(function() error('x') end, 5)
return xpcall(function() error('x') end, function() error('again') end)
return xpcall(nil, function(e) return e end)
return xpcall(function() end)
local n = 0; local f = function() n = n + 1 end; pcall(error, 'x'); f(); return n
local n = 0; local f = function() n = n + 1 end; pcall(function() error('x') end); f(); f(); return n
local fs = {} for i = 1, 3 do fs[i] = function() i = i + 1 return i end pcall(error) end return fs[1](), fs[1](), fs[2]()
local n = 0; local f = function() n = n + 1 end; xpcall(function() error('x') end, function() return 1 end); f(); return n
local n = 0; local f = function() n = n + 1 end; pcall(function() pcall(error) f() end) f() return n
local co = coroutine.create(function() error('x') end) local n = 0 local f = function() n = n + 1 end coroutine.resume(co) f() return n
return pcall(string.rep)
return pcall(string.rep, 'x', {})
return string.rep()
return string.rep('x')
return ('x'):rep({})
return ('x'):rep()
local s = string; return s.rep({}, 1)
local rep = string.rep; return rep({}, 1)
return (string.rep)({}, 1)
return string['rep']({}, 1)
local r = {f = string.rep} return r.f({})
local r = {string.rep} return r[1]({})
return math.floor({})
return math.floor()
return ipairs()
return pairs(nil)
return pairs(5)
for k, v in pairs(nil) do end
for k, v in ipairs() do end
for k in nil do end
for k in 5 do end
local s = 0 for i, v in ipairs({1, 2, nil, 4}) do s = s + v end return s
local s = 0 for k, v in pairs({1, 2, a = 3, [10] = 4}) do s = s + v end return s
for i = 'a', 2 do end
for i = 1, 'x' do end
for i = 1, 2, {} do end
for i = '1', '3' do return i end
for i = 1, 3, 0 do return 5 end return 6
local r = {} for i = 3, 1, -1 do r[#r + 1] = i end return r
local r = 0 for i = 1, 2.5, 0.5 do r = r + i end return r
return gcinfo() > 0, collectgarbage('count') > 0
return collectgarbage('bogus')
return collectgarbage('stop'), collectgarbage('restart'), collectgarbage('collect')
return _VERSION
return loadstring('return 1')()
return loadstring('return ...')(5, 6)
return loadstring('x =')
return loadstring('x =', '@foo')
return loadstring('x =', '=foo')
return loadstring('x =', 'line1\nline2')
return loadstring('x = a b c d e f g h i j k l m n o p q r s t u v w x y z a b c d e f g h i j k l m')
return loadstring('error("x")')
return loadstring('error("x")', '@bar')()
return loadstring('error("x")')()
return loadstring('error("x")', '=(load)')()
return loadstring('\n\nerror("x")', 'a\nb')()
return loadstring(nil)
return loadstring('')
return loadstring('return 1', 5)()
return load(function() return nil end)
local n = 0 return load(function() n = n + 1 return ({'return ', '1', '+', '2'})[n] end)()
return load(function() return {} end)
return load('x')
return load(function() error('in reader') end)
local t = {} return #t, #'abc', #{1, 2, 3}, #{nil}, #{n = 1}
return #{1, 2, 3, nil}
local a <const> = 1
goto x
return 1 == '1', '1' == 1, nil == false, 0 == -0
return '10' + 5, '0x10' + 0, ' 5 ' * '2', '010' + 0, 10 .. '', '3' ^ 2, -'2', - '0x10', '7' % 4, '1e1' / '2', 5 - '3'
return 'abc' + 1
return 1 + 'abc'
return {} + 1
return 1 + {}
return nil + 1
local x = 'abc' return x + 1
local x = 'abc' return 1 + x
local x = nil return x * 2
local t = {} return t.a + 1
local t = {} return 1 - t.a.b
local t = {} return t.a.b.c
local t = {a = {}} return t.a.b.c
local t = {} t.a.b = 1
local t = {} t.x()
local t = {} t:x()
local t = {a = {}} t.a.b()
local t = {a = {}} t.a:b()
local x x()
local x = 5 x()
local x = {} x.y.z = 1
local x = 'str' x.y = 1
local x = 'str' return x.y, x.len
local x = 'str' x.y()
local x = 'str' x:nope()
local x = 5 return x.y
local x = true return x.y
local x = function() end return x.y
local x = cjson.null return x.y
return cjson.null + 1
return (nil).x
return (1).x
return ('x').y.z
return #5
return #nil
local x return #x
local t = {} return #t.x
return -{}
return -nil
local x return -x
local t = {} return -t.y
return 1 < 'x'
return 'x' < 1
return {} < {}
return {} < 1
return nil < nil
return true < false
return nil > 1
return 'a' < 'b', 'a' <= 'a', 'Z' < 'a', '' < 'a', 'a\0b' < 'a\0c', 'a' < 'a\0'
return {} <= {}
return 'a' .. nil
return nil .. 'a'
return 'a' .. {}
return {} .. {}
local x return 'a' .. x
local x return x .. 'a'
local t = {} return 'a' .. t.x
local t = {} return 'a' .. t.x .. 'b'
local t = {} return t.x .. 'b' .. 'c'
local t = {} local function f() return 'a' .. t.x end return f()
local t local function f() return t.x end return f()
local t local function f() return t() end return f()
local t local function f() return 1 + t end return f()
local t local function f() return t:x() end return f()
return 'a' .. true
return 1 .. true
local mt = {__concat = function(a, b) return 'cc' end} local t = setmetatable({}, mt) return t .. 'x', 'x' .. t, 1 .. t, t .. t, nil .. t, 'a' .. 'b' .. t, t .. 'a' .. 'b'
local mt = {__add = function(a, b) return 'add' end} local t = setmetatable({}, mt) return t + 1, 1 + t, 'x' + t, t + 'x', t + t, nil + t
local mt = {__lt = function(a, b) return true end, __le = function() return true end} local t, u = setmetatable({}, mt), setmetatable({}, mt) return t < u, t <= u, t > u
local mt = {__lt = function(a, b) return true end} local t, u = setmetatable({}, mt), setmetatable({}, mt) return t <= u
local mt = {__eq = function(a, b) return true end} local t, u = setmetatable({}, mt), setmetatable({}, mt) return t == u, t ~= u, t == 1
local mt = {__index = function(t, k) return k .. '!' end} local t = setmetatable({}, mt) return t.x, t[1]
local mt = {__call = function(self, ...) return select('#', ...), ... end} local t = setmetatable({}, mt) return t(1, 2)
local t = setmetatable({}, {__index = 'str'}) return t.len
local function f(n) return f(n + 1) + 1 end local ok, e = pcall(f, 1) return ok, (string.gsub(e, '^user_script:1: ', ''))
return math.nope()
return string.nope.x
return _G.string == string, _G._G == _G
local a, b = 1, 0.1 return a % b, 0.3 % 0.1, -1 % 0.1, 5.5 % 0.5, 1e300 % 3, 5 % -0.5, a % -b, 7 % 3.5
local a, b, c, d, e = 1, 2, 3, 4, {} return e % 0.5
local a, b, c, d, e = 1, 2, 3, 4, {} return 0.5 % e
local a, b, c, d, e = 1, 2, 3, 4, {} return e ^ 2
local a, b, c, d, e = 1, 2, 3, 4, {} return d ^ e
local t = {} return t.x % t.y
return '7' % '2.5', '0x10' % 3, 7 % '4'
local t = setmetatable({}, {__mod = function(a, b) return 'mod' end}) return t % 1.5, 1.5 % t, t % 3, 3 % t, t % t
return 5 % (1/0), tostring(5 % 0 ~= 5 % 0), -5 % (1/0) == 1/0
return 5 % 3, -5 % 3, 5 % -3, 5.5 % 2, -5.5 % 2
return 2 ^ 0.5, 10 ^ 15, 10 ^ 22, 2 ^ 1023, 10 ^ -5, 7 / 2, 1 / 3
return 0x10, 0xff, 1e3, 3., .5, 3e-2, 0xFFFFFFFF, 010, 1e+2
return '\65\066\n\t\\\"\'\a\b\f\v\r\0', '\x41', [[
return [==[a]]b]==], [[x]]
return 1, -- comment
return (function(...) return arg end)(1, 2) ~= nil, (function(...) return select('#', ...) end)(nil, nil)
local function f(...) return arg.n, arg[1] end return f(5, nil)
local t = {f = 1, [2] = 2, 3; 4} return t
local a, b, c = (function() return 1, 2 end)() return a, b, c
local a, b = ((function() return 1, 2 end)()) return a, b
local function two(x) return x, 2 end local function f(a, b) local c, d = 3, 4 b = (two(b)) return a, b, c, d end return f(1, 7)
local function two(x) return x, 2 end local function f(a, b) local c, d = 3, 4 b = two(b), two(a) return a, b, c, d end return f(1, 7)
local function f(a, b) local c, d = 3, 4 b = (a .. b .. c .. d) return a, b, c, d end return f(1, 7)
local function f(a, b) for i = 1, 3 do b = (type(i) .. type(b) .. type(a)) end return b end return f(1, 7)
local t = {n = 5} function t:f() local c, d = 3, 4 self = (self.n .. c) return self, c, d end return t:f()
local n = 0 local function f(a) local c, d = 3, 4 a = (n ~= 0), (function() n = n + 1 end)() return a, n, c, d end return f(1)
local function f(a, ...) local c, d = 3, 4 a = (...) return a, c, d end return f(1, 2, 3), f(1)
local function f(...) local c, d, e = 3, 4, 5 c = (((...))) e = (...) return c, d, e end return f(1, 2, 3)
local function f(a, ...) local c, d = 3, 4 a = (...), 5 return a, c, d end return f(1, 2, 3)
local function f() end local b = 5 b = f() and 2 return b
local t, b = {}, 5 b = not t and 2 return b
local t, a, b, c = {}, 1, 2, 3 a = t.x and 4 b = t.x and 4 or t.y c = (t.x or t.y) and 4 return a, b, c
local t, a, b, c = {x = 1}, 1, 2, 3 a = t.x and 4 b = t.x and nil or t.y c = (t.y or t.x) and t.x and 4 return a, b, c
local a = 1 local function f() a = a and false end f() return a
local a = 1 for i = 1, 3 do a = i == 2 and nil end return a
local function f(a) a = a and a.x return a end return f({x = 1}), f({}), f()
local function f(a) local c = 3 a = ((tostring(a))) local b = a a = (b ^ c) return a, b, c end return f(2)
return not nil, not 0, nil and 1, false or 'x', 1 and 2
repeat local x = 1 until x == 1 return 'done'
do return 5 end
while true do break end return 1
local mt = {__unm = function(a) return 'unm' end} local t = setmetatable({}, mt) return -t
local s = '' for w in ('a b c'):gmatch('%a') do s = s .. w end return s
`))
}

func TestCoroutines(t *testing.T) {
	same(t, lines(`
local co = coroutine.create(function(a, b) local c = coroutine.yield(a + b) return c * 2 end) return coroutine.resume(co, 1, 2), coroutine.resume(co, 10), coroutine.resume(co), coroutine.status(co)
local co = coroutine.create(function(a, b) local c = coroutine.yield(a + b) return c * 2 end) return {coroutine.resume(co, 1, 2)}, {coroutine.resume(co, 10)}, {coroutine.resume(co)}, coroutine.status(co)
local co = coroutine.create(function() error('oops') end) return {coroutine.resume(co)}, coroutine.status(co), {coroutine.resume(co)}
local co = coroutine.create(function() error({1}) end) return {coroutine.resume(co)}
local f = coroutine.wrap(function() coroutine.yield(1) coroutine.yield(2) end) return f(), f(), f()
local f = coroutine.wrap(function() return 1 end) f() return f()
local f = coroutine.wrap(function() error('x') end) return f()
local f = coroutine.wrap(function() error({5}) end) return f()
local f = coroutine.wrap(function(...) local t = {coroutine.yield(...)} return unpack(t) end) return {f(1, 2, 3)}, {f(4, 5)}
return coroutine.yield()
local co = coroutine.wrap(function() local a, b = coroutine.yield() local t = {coroutine.yield(a, b)} return #t, select('#', coroutine.yield()) end) co() return co(), co(), co()
local co = coroutine.wrap(function() local a, b, c = coroutine.yield(1) return a, b, c end) co() return co(5)
local co = coroutine.wrap(function() local a = coroutine.yield(1) local b = a return a, b end) co() return co(5, 6, 7)
local co = coroutine.wrap(function() coroutine.yield(1) local x = 7 return x end) co() return co(5, 6, 7)
local co = coroutine.wrap(function() return 1, (coroutine.yield(1)), coroutine.yield(2) end) return co(), co(), co(5, 6)
local co = coroutine.wrap(function() return coroutine.yield(1) + coroutine.yield(2) end) return co(), co(10), co(20)
return coroutine.running()
local co co = coroutine.create(function() return coroutine.running() == co, coroutine.status(co) end) return coroutine.resume(co)
local co co = coroutine.create(function() return coroutine.resume(co) end) return coroutine.resume(co)
local a, b a = coroutine.create(function() return coroutine.resume(b) end) b = coroutine.create(function() return coroutine.status(a), coroutine.resume(a) end) return coroutine.resume(a)
return coroutine.create(5)
return coroutine.create(math.abs)
return coroutine.wrap(math.abs)
return coroutine.resume(5)
return coroutine.resume()
return coroutine.status(5)
return coroutine.status()
local co = coroutine.create(function() pcall(coroutine.yield, 1) return 2 end) return coroutine.resume(co)
local co = coroutine.create(function() return pcall(function() coroutine.yield(1) end) end) return coroutine.resume(co)
local co = coroutine.create(function() local t = setmetatable({}, {__index = function() return coroutine.yield(1) end}) return t.x end) return coroutine.resume(co)
local co = coroutine.create(function() for i in function() return coroutine.yield(1) end do end end) return coroutine.resume(co)
local co = coroutine.create(function() table.sort({3, 2, 1}, function(a, b) coroutine.yield(1) return a < b end) end) return coroutine.resume(co)
local co = coroutine.create(function() local function f() return coroutine.yield(1) end return f() end) return {coroutine.resume(co)}, {coroutine.resume(co, 5)}
local co = coroutine.create(function() return coroutine.yield(1) end) return {coroutine.resume(co)}, {coroutine.resume(co, 5, 6)}
local function gen(n) return coroutine.wrap(function() for i = 1, n do coroutine.yield(i) end end) end local s = 0 for i in gen(10) do s = s + i end return s
local co = coroutine.create(function() local x = nil; x.y = 1 end) return coroutine.resume(co)
local co = coroutine.wrap(function() return pcall(error, 'e') end) return co()
local co = coroutine.create(function() coroutine.yield() end) coroutine.resume(co) coroutine.resume(co) return coroutine.resume(co)
local co = coroutine.create(function() coroutine.yield(nil, nil) end) return select('#', coroutine.resume(co)), select('#', coroutine.resume(co))
`))
}

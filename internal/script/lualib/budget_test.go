package lualib

import (
	"strings"
	"testing"

	lua "github.com/yuin/gopher-lua"
)

// meter is a budget that ends a script after so many steps or bytes, and says so again whenever it is asked.
type meter struct {
	L            *lua.LState
	steps, bytes int
	why          string
}

func (m *meter) Step(n int) {
	if m.steps -= n; m.steps < 0 {
		m.why = "out of steps"
	}
	m.check()
}

func (m *meter) Grow(n int) {
	if m.bytes -= n; m.bytes < 0 {
		m.why = "out of bytes"
	}
	m.check()
}

func (m *meter) check() {
	if m.why != "" && m.L != nil {
		m.L.G.CurrentThread.Error(lua.LString(m.why), 0)
	}
}

// run is what a chunk failed with under a budget.
func run(t *testing.T, steps, bytes int, source string) string {
	t.Helper()
	m := &meter{steps: 1 << 30, bytes: 1 << 30}
	L, libs := newState(m)
	defer L.Close()
	fn, err := libs.Load(L, source, "user_script")
	if err != nil {
		t.Fatalf("%s: %v", source, err)
	}
	m.L, m.steps, m.bytes = L, steps, bytes
	L.Push(fn)
	if err := L.PCall(0, 0, nil); err != nil {
		return ErrorValue(err).String()
	}
	return "ended"
}

// TestStops runs what would take very long in one call of a library.
func TestStops(t *testing.T) {
	for _, source := range []string{
		"return string.find(string.rep('a', 40), string.rep('a?', 40) .. string.rep('a', 40) .. 'b')",
		"return string.find(string.rep('a', 5000), '.-.-.-.-.-b')",
		"return string.gsub(string.rep('a', 3000), '.-.-.-.-b', '')",
		"for _ in string.gmatch(string.rep('a', 3000), '.-.-.-.-b') do end",
		"return string.match(string.rep('(', 100000), '.-%b()')",
		"local t = {} table.insert(t, -2147483647, 1)",
		"local t = {} for i = 1, 1e5 do t[i] = i % 1000 end for i = 1, 100 do table.sort(t, function(a, b) return a < b end) end",
		"local ok repeat ok = pcall(string.find, string.rep('a', 5000), '.-.-.-.-.-b') until false",
		"local co repeat co = coroutine.wrap(function() string.find(string.rep('a', 5000), '.-.-.-.-.-b') end) pcall(co) until false",
		"repeat xpcall(function() string.find(string.rep('a', 5000), '.-.-.-.-.-b') end, function() return 1 end) until false",
		"local j = cjson.new() j.encode_sparse_array(true, 0) j.encode({[2000000000] = 1})",
		"repeat cjson.decode('[' .. string.rep('1,', 1000) .. '1]') until false",
		"repeat cmsgpack.unpack(cmsgpack.pack({1, 2, 3})) until false",
		"repeat table.concat({'a', 'b', 'c'}, string.rep('x', 1000)) until false",
		"repeat loadstring(string.rep('do end ', 1000)) until false",
		"table.foreach({1}, function() repeat pcall(string.find, string.rep('a', 5000), '.-.-.-.-.-b') until false end)",
	} {
		if got := run(t, 2_000_000, 1<<40, source); got != "out of steps" {
			t.Errorf("%s: %s", source, got)
		}
	}
}

// TestRefuses runs what would take much memory in one call of a library.
func TestRefuses(t *testing.T) {
	for _, source := range []string{
		"return string.rep('x', 100000000)",
		"local s = 'x' repeat s = s .. s until false",
		"local s = 'x' repeat s = s .. 'y' .. s until false",
		"local s = string.rep('x', 1000000) return string.gsub(s, '.', '%0%0%0%0%0%0%0%0%0%0%0%0%0%0%0%0%0%0%0%0')",
		"local s = string.rep('x', 1000000) return string.format(string.rep('%s', 20), s, s, s, s, s, s, s, s, s, s, s, s, s, s, s, s, s, s, s, s)",
		"local s = string.rep('x', 1000000) local t = {} for i = 1, 20 do t[i] = s end return table.concat(t)",
		"local s = string.rep('x', 1000000) local t = {} for i = 1, 20 do t[i] = s end return cjson.encode(t)",
		"local s = string.rep('x', 1000000) local t = {} for i = 1, 20 do t[i] = s end return cmsgpack.pack(t)",
		"local s = string.rep('x', 1000000) return struct.pack(string.rep('s', 20), s, s, s, s, s, s, s, s, s, s, s, s, s, s, s, s, s, s, s, s)",
		"return cjson.decode('[' .. string.rep('[],', 100000) .. '[]]')",
		"return cmsgpack.unpack('\\221\\255\\255\\255\\255' .. string.rep('\\144', 1000000))",
		"local t = {} repeat t[#t + 1] = coroutine.create(function() end) until false",
		"repeat until pcall(string.rep, 'x', 100000000)",
		"return string.reverse(string.rep('x', 9000000))",
		"local t = {} repeat t[#t + 1] = cjson.new() until false",
		"return struct.pack('!1073741824bi', 1, 1) .. string.rep('x', 1e8)",
	} {
		if got := run(t, 1<<40, 16<<20, source); got != "out of bytes" {
			t.Errorf("%s: %s", source, got)
		}
	}
}

// TestDeep nests what recurses in Go: it fails as Lua's C stack would, and the process goes on.
func TestDeep(t *testing.T) {
	for source, want := range map[string]string{
		"local function f() return pcall(f) end return f()":                                                                 "ended",
		"local function f() local ok, e = pcall(f) if not ok then error(e, 0) end end f()":                                  "C stack overflow",
		"local function f() coroutine.wrap(f)() end f()":                                                                    "C stack overflow",
		"local function f() return xpcall(f, f) end return f()":                                                             "ended",
		"return string.find(string.rep('a', 200000), string.rep('a?', 200000))":                                             "pattern too complex",
		"return string.find(string.rep('a', 200000), string.rep('(a', 30) .. string.rep(')', 30))":                          "ended",
		"local t = setmetatable({}, {}) getmetatable(t).__index = function(t, k) return t[k .. 'x'] end return t.x":         "stack overflow",
		"local t = {} t = setmetatable(t, {__tostring = function(t) return tostring(t) end}) return tostring(t)":            "stack overflow",
		"local s = string.rep('x', 10) local function f() return (string.gsub(s, '.', f)) end return f()":                   "stack overflow",
		"local function f(a, b) table.sort({3, 2, 1}, f) return a < b end f(1, 2)":                                          "stack overflow",
		"return loadstring(string.rep('(', 100000))":                                                                        "ended",
		"return loadstring('return ' .. string.rep('-', 100000) .. '1')":                                                    "ended",
		"return loadstring('return ' .. string.rep('{', 100000))":                                                           "ended",
		"return loadstring(string.rep('a.', 100000) .. 'b = 1')":                                                            "ended",
		"return loadstring('return ' .. string.rep('a(', 100000))":                                                          "ended",
		"return loadstring('return a' .. string.rep('()', 300000))":                                                         "ended",
		"return loadstring('return 1' .. string.rep('+a', 300000))":                                                         "ended",
		"return loadstring('return \"\"' .. string.rep('..a', 100000))":                                                     "ended",
		"return loadstring('if a then ' .. string.rep('elseif a then ', 300000) .. 'end')":                                  "ended",
		"local t = {} for i = 1, 300000 do t[i] = 'x' .. i end return loadstring('return ' .. table.concat(t, ','))":        "ended",
		"local t = {} for i = 1, 300000 do t[i] = i + 0.5 end return loadstring('return {' .. table.concat(t, ',') .. '}')": "ended",
		"return loadstring('while a do ' .. string.rep('a = 1 ', 200000) .. 'end')":                                         "ended",
	} {
		got := run(t, 1<<40, 1<<40, source)
		if got != want && !strings.HasSuffix(got, ": "+want) {
			t.Errorf("%s: %s", source, clip(got))
		}
	}
}

// TestTailYield: a tail call of yield that cannot be seen as one is refused, not lost.
func TestTailYield(t *testing.T) {
	if got := run(t, 1<<40, 1<<40, "local y = {y = coroutine.yield} local co = coroutine.wrap(function() return y.y(1) end) co() co()"); !strings.HasSuffix(got, "attempt to yield across metamethod/C-call boundary") {
		t.Error(got)
	}
}

// TestReadOnly: tables that the owner names are not written to by functions that go past metatables.
func TestReadOnly(t *testing.T) {
	L, libs := newState(nil)
	defer L.Close()
	locked := L.NewTable()
	L.SetGlobal("locked", locked)
	libs.ReadOnly(func(t *lua.LTable) bool { return t == locked })
	for _, source := range []string{"rawset(locked, 1, 1)", "setmetatable(locked, {})", "table.insert(locked, 1)", "table.insert(locked, 1, 1)", "table.sort(locked)"} {
		fn, err := libs.Load(L, source, "user_script")
		if err != nil {
			t.Fatal(err)
		}
		L.Push(fn)
		if err := L.PCall(0, 0, nil); err == nil || ErrorValue(err).String() != "Attempt to modify a readonly table" {
			t.Errorf("%s: %v", source, err)
		}
	}
}

package lualib

import (
	"errors"
	"strings"
	"testing"

	lua "github.com/yuin/gopher-lua"
)

// fuzzCall calls a function with a text and small arguments: it returns or fails, within its budget.
func fuzzCall(t *testing.T, lib, name string, args ...lua.LValue) {
	m := &meter{steps: 1 << 20, bytes: 64 << 20}
	L, _ := newState(m)
	m.L = L
	defer L.Close()
	fn := L.G.Global.RawGetString(lib).(*lua.LTable).RawGetString(name)
	err := L.CallByParam(lua.P{Fn: fn, NRet: lua.MultRet, Protect: true}, args...)
	var api *lua.ApiError
	if errors.As(err, &api) && api.Type == lua.ApiErrorPanic && !strings.Contains(api.Error(), "overflow") {
		t.Fatalf("%s.%s%q: %v", lib, name, args, api)
	}
	if err != nil {
		return
	}
	// What was read is written again.
	if n := L.GetTop(); lib == "cjson" && n > 0 {
		v := L.Get(1)
		L.SetTop(0)
		for _, enc := range []string{"cjson.encode", "cmsgpack.pack"} {
			mod, f, _ := strings.Cut(enc, ".")
			fn := L.G.Global.RawGetString(mod).(*lua.LTable).RawGetString(f)
			if err := L.CallByParam(lua.P{Fn: fn, NRet: 1, Protect: true}, v); errors.As(err, &api) && api.Type == lua.ApiErrorPanic {
				t.Fatalf("%s: %v", enc, api)
			}
		}
	}
}

func FuzzJSONDecode(f *testing.F) {
	for _, s := range []string{`{"a":[1,2.5e3,null,true,"x\u00e9\ud83d\ude00"]}`, `[[[[]]]]`, `"\ud800"`, "-0x1p3", "nan", "1\x00", `{"a" 1}`, "[1,", `"abc`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) { fuzzCall(t, "cjson", "decode", lua.LString(s)) })
}

func FuzzMsgpackUnpack(f *testing.F) {
	for _, s := range []string{"\x93\x01\xa1a\xc0", "\x81\x01\x02", "\xdf\xff\xff\xff\xff\x01\x02", "\xdd\x00\x00\x00\x01\x90", "\xcb\x7f\xf8\x00\x00\x00\x00\x00\x00", "\xdb\xff\xff\xff\xff", "\xc1", "\x81\xce\x03\xff\xff\xff\x01"} {
		f.Add(s, 0, 0)
		f.Add(s, 1, 1)
	}
	f.Fuzz(func(t *testing.T, s string, limit, offset int) {
		fuzzCall(t, "cmsgpack", "unpack_limit", lua.LString(s), lua.LNumber(limit), lua.LNumber(offset))
		fuzzCall(t, "cmsgpack", "unpack", lua.LString(s))
	})
}

func FuzzStruct(f *testing.F) {
	for _, s := range []string{"bBhHlLiIfdsx", ">!4bi16", "c0", "bc0", "i33", "!3", "s", "c5<d", "i0I1"} {
		f.Add(s, "\x03abcdefghijklmnopqrstuvwxyz\x00\x01\x02\x03\x04\x05\x06\x07", 1)
	}
	f.Fuzz(func(t *testing.T, format, data string, pos int) {
		fuzzCall(t, "struct", "unpack", lua.LString(format), lua.LString(data), lua.LNumber(pos))
		fuzzCall(t, "struct", "size", lua.LString(format))
		fuzzCall(t, "struct", "pack", lua.LString(format), lua.LNumber(pos), lua.LString(data), lua.LNumber(1.5), lua.LString(data))
	})
}

func FuzzPattern(f *testing.F) {
	for _, p := range []string{"(a*(.)%w(%s*))", "%b()", "%f[%w]", "[]]", "[^%a-z]", "^a-$", "()%1", "(.-)%1", "%", "[", "[a-", "(", "%f"} {
		f.Add("hello (world) [x]", p)
	}
	f.Fuzz(func(t *testing.T, s, p string) {
		fuzzCall(t, "string", "find", lua.LString(s), lua.LString(p))
		fuzzCall(t, "string", "gsub", lua.LString(s), lua.LString(p), lua.LString("<%0>"))
	})
}

func FuzzFormat(f *testing.F) {
	for _, p := range []string{"%5.2f|%-5d|%q|%s|%c|%x", "%099.99g", "%#o%+i% e", "%", "%5", "%10.123d", "%y"} {
		f.Add(p, 1.5, "text")
	}
	f.Fuzz(func(t *testing.T, p string, n float64, s string) {
		fuzzCall(t, "string", "format", lua.LString(p), lua.LNumber(n), lua.LString(s), lua.LNumber(n), lua.LString(s))
	})
}

// FuzzLoad compiles texts. What compiles is not run.
func FuzzLoad(f *testing.F) {
	for _, s := range []string{
		"local x, y = 1, 2 x, y = y, x return x .. y ^ 2", "for i = 1, 2 do break end", "function a.b:c(...) return ... end", "x = [==[a]]b]==] --[[c]]", "return {1, a = 2, [3] = 'x'}",
		"repeat local a = 1 until a", "if a then elseif b then else end", "goto x", "local function f() return f end", "x = '\\300'", "return ((((1))))", "a, b.c, d[1] = f()",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		m := &meter{steps: 1 << 20, bytes: 64 << 20}
		L, libs := newState(m)
		defer L.Close()
		if _, err := libs.Load(L, s, "user_script"); err == nil {
			return
		}
	})
}

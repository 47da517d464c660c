package lualib

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"

	lua "github.com/yuin/gopher-lua"

	"granary/tests/live"
)

// prelude runs the chunks of ARGV, and writes down what each returned in one notation: sorted keys, all digits.
const prelude = `
local function show(v, d)
  local t = type(v)
  if t == 'number' then return string.format('%.16g', v) end
  if t == 'string' then
    return '"' .. string.gsub(v, '[^%w%p ]', function(c) return string.format('\\%03d', string.byte(c)) end) .. '"'
  end
  if t == 'table' then
    if d > 40 then return '{deep}' end
    local keys, out = {}, {}
    for k, x in pairs(v) do out[#out + 1] = '[' .. show(k, d + 1) .. ']=' .. show(x, d + 1) end
    table.sort(out)
    return '{' .. table.concat(out, ',') .. '}'
  end
  if t == 'userdata' then return v == cjson.null and 'null' or 'userdata' end
  if t == 'boolean' or t == 'nil' then return tostring(v) end
  return t
end
local function pack(...) return select('#', ...), {...} end
local results = {}
for i, chunk in ipairs(ARGV) do
  local f, why = loadstring(chunk, '@user_script')
  if not f then
    results[i] = 'syntax: ' .. why
  else
    local n, r = pack(pcall(f))
    local out = {}
    for j = 1, n do out[j] = show(r[j], 0) end
    results[i] = table.concat(out, ' ')
  end
end
return results
`

var realServer struct {
	sync.Once
	s *live.Server
	c *live.Conn
}

func TestMain(m *testing.M) {
	lua.MaxArrayIndex = 1 << 20 // a table filled up to a random index takes no gigabyte
	code := m.Run()
	if realServer.s != nil {
		realServer.s.Stop()
	}
	os.Exit(code)
}

// onReal runs chunks through EVAL on a real server.
func onReal(t *testing.T, chunks []string) []string {
	t.Helper()
	path := live.NeedRedis(t)
	realServer.Do(func() {
		s, err := live.Start("redis", path)
		if err != nil {
			t.Fatal(err)
		}
		c, err := live.Dial(s.Addr)
		if err != nil {
			t.Fatal(err)
		}
		realServer.s, realServer.c = s, c
	})
	r, err := realServer.c.Do(append([]string{"EVAL", prelude, "0"}, chunks...)...)
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Elems) != len(chunks) {
		t.Fatalf("%d results of %d chunks: %s", len(r.Elems), len(chunks), r.Str)
	}
	out := make([]string, len(chunks))
	for i, e := range r.Elems {
		out[i] = e.Str
	}
	return out
}

// newState is a state with the libraries.
func newState(b Budget) (*lua.LState, *Libs) {
	L := lua.NewState(lua.Options{SkipOpenLibs: true, RegistrySize: 1024, RegistryMaxSize: 1 << 20, CallStackSize: 4096, MinimizeStackMemory: true})
	return L, Open(L, b)
}

// onOurs runs chunks on a state of ours.
func onOurs(t testing.TB, chunks []string) []string {
	t.Helper()
	L, libs := newState(nil)
	defer L.Close()
	argv := L.NewTable()
	for i, c := range chunks {
		argv.RawSetInt(i+1, lua.LString(c))
	}
	L.SetGlobal("ARGV", argv)
	fn, err := libs.Load(L, prelude, "prelude")
	if err != nil {
		t.Fatal(err)
	}
	L.Push(fn)
	if err := L.PCall(0, 1, nil); err != nil {
		t.Fatal(err)
	}
	res := L.Get(-1).(*lua.LTable)
	out := make([]string, len(chunks))
	for i := range out {
		out[i] = res.RawGetInt(i + 1).String()
	}
	return out
}

var address = regexp.MustCompile(`0x[0-9a-f]{6,}`)

// same runs chunks on both sides and compares.
func same(t *testing.T, chunks []string) {
	t.Helper()
	for len(chunks) > 0 {
		n := min(len(chunks), 200)
		want, got := onReal(t, chunks[:n]), onOurs(t, chunks[:n])
		for i := range n {
			w, g := address.ReplaceAllString(want[i], "0x"), address.ReplaceAllString(got[i], "0x")
			if w != g {
				t.Errorf("%s\n  redis: %s\n  ours:  %s", clip(chunks[i]), clip(w), clip(g))
			}
		}
		chunks = chunks[n:]
	}
}

func clip(s string) string {
	if len(s) > 600 {
		return s[:600] + fmt.Sprintf("... (%d)", len(s))
	}
	return s
}

// lines splits a table of one chunk per line.
func lines(s string) []string {
	var out []string
	for l := range strings.SplitSeq(s, "\n") {
		if l = strings.TrimSpace(l); l != "" && !strings.HasPrefix(l, "--") {
			out = append(out, l)
		}
	}
	return out
}

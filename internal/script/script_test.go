package script

import (
	"strings"
	"testing"
	"time"

	"granary/internal/resp"
)

// runner runs scripts on one interpreter and returns what the client reads.
type runner struct {
	in   *Interp
	host *echo
}

func newRunner(mode Mode, memory int64) *runner {
	return &runner{New(mode, Version{"7.4.0", 0x70400}, memory), &echo{}}
}

func (r *runner) run(t *testing.T, source string, proto uint8) string {
	t.Helper()
	f, err := r.in.Compile(source, "user_script")
	if err != nil {
		return "compile: " + err.Error()
	}
	got := r.in.Run(f, r.host, [][]byte{[]byte("k1"), []byte("k2")}, [][]byte{[]byte("a1")})
	if got.Err != nil {
		return got.Err.Text + " @" + got.Err.Source
	}
	out := resp.NewBuffer()
	out.Proto = proto
	if text, _ := r.in.Reply(got, &out.Writer); text != "" {
		return "-" + text
	}
	return strings.ReplaceAll(out.String(), "\r\n", " ")
}

// TestReplies compares what values become, with what redis-server 7.0.15 answered.
func TestReplies(t *testing.T) {
	r := newRunner(Scripts, 64<<20)
	for _, c := range []struct{ source, two, three string }{
		{"return", "$-1 ", "_ "},
		{"return 3.99", ":3 ", ":3 "},
		{"return -3.99", ":-3 ", ":-3 "},
		{"return 1e300", ":-9223372036854775808 ", ":-9223372036854775808 "},
		{"return 'x'", "$1 x ", "$1 x "},
		{"return true", ":1 ", ":1 "},
		{"return false", "$-1 ", "_ "},
		{"redis.setresp(3) return true", ":1 ", "#t "},
		{"redis.setresp(3) return false", ":0 ", "#f "},
		{"return {1,2,nil,4}", "*2 :1 :2 ", "*2 :1 :2 "},
		{"return {1,{2,{'x'}}}", "*2 :1 *2 :2 *1 $1 x ", "*2 :1 *2 :2 *1 $1 x "},
		{"return {ok='a\\r\\nb'}", "+a  b ", "+a  b "},
		{"return {err='MY x'}", "-MY x", "-MY x"},
		{"return {{err='MY x'}}", "*1 -MY x ", "*1 -MY x "},
		{"return {err=1}", "*0 ", "*0 "},
		{"return {double=1.5}", "$3 1.5 ", ",1.5 "},
		{"return {map={a=1}}", "*2 $1 a :1 ", "%1 $1 a :1 "},
		{"return {set={a=true}}", "*1 $1 a ", "~1 $1 a "},
		{"return {big_number='12\\r3'}", "$4 12 3 ", "(12 3 "},
		{"return {verbatim_string={format='txt',string='ab'}}", "$2 ab ", "=6 txt:ab "},
		{"return {KEYS[1],KEYS[2],KEYS[3],ARGV[1],#KEYS,#ARGV}", "*2 $2 k1 $2 k2 ", "*2 $2 k1 $2 k2 "},
		{"return redis.error_reply('My bad')", "-My bad", "-My bad"},
		{"return redis.error_reply('-BAD')", "-ERR BAD", "-ERR BAD"},
		{"return redis.status_reply('fine')", "+fine ", "+fine "},
		{"return redis.sha1hex('')", "$40 da39a3ee5e6b4b0d3255bfef95601890afd80709 ", "$40 da39a3ee5e6b4b0d3255bfef95601890afd80709 "},
		{"return {server.REDIS_VERSION, redis.REDIS_VERSION_NUM}", "*2 $5 7.4.0 :459776 ", "*2 $5 7.4.0 :459776 "},
	} {
		if got := r.run(t, c.source, 2); got != c.two {
			t.Errorf("%s: RESP2 %q, want %q", c.source, got, c.two)
		}
		if got := r.run(t, c.source, 3); got != c.three {
			t.Errorf("%s: RESP3 %q, want %q", c.source, got, c.three)
		}
	}
}

// TestConversions looks at what replies to commands become.
func TestConversions(t *testing.T) {
	r := newRunner(Scripts, 64<<20)
	for _, c := range []struct{ reply, two, three string }{
		{":-5\r\n", "number -5", "number -5"},
		{"$2\r\nab\r\n", "string ab", "string ab"},
		{"$-1\r\n", "boolean false", "nil nil"},
		{"*-1\r\n", "boolean false", "nil nil"},
		{"_\r\n", "boolean false", "nil nil"},
		{"+OK\r\n", "table ok=OK", "table ok=OK"},
		{"*2\r\n:1\r\n$1\r\nx\r\n", "table 1=1 2=x", "table 1=1 2=x"},
		{"#t\r\n", "boolean true", "boolean true"},
		{",2.5\r\n", "table double=2.5", "table double=2.5"},
		{"(12345678901234567890\r\n", "table big_number=12345678901234567890", "table big_number=12345678901234567890"},
		{"=6\r\ntxt:ab\r\n", "table verbatim_string=(format=txt string=ab)", "table verbatim_string=(format=txt string=ab)"},
		{"%1\r\n+k\r\n:1\r\n", "", ""}, // a key that is a table: any answer, no panic
		{"%1\r\n$1\r\nk\r\n:1\r\n", "table map=(k=1)", "table map=(k=1)"},
		{"~1\r\n$1\r\nk\r\n", "table set=(k=true)", "table set=(k=true)"},
		{"|1\r\n$1\r\na\r\n:1\r\n:7\r\n", "number 7", "number 7"},
	} {
		r.host.reply = []byte(c.reply)
		const show = `local function s(v) local o = {} for k, x in pairs(v) do
			o[#o+1] = tostring(k) .. '=' .. (type(x) == 'table' and '(' .. s(x) .. ')' or tostring(x)) end return table.concat(o, ' ') end
			local v = redis.call('x') return type(v) .. ' ' .. (type(v) == 'table' and s(v) or tostring(v))`
		// NB: a local function sees itself.
		for proto, want := range map[string]string{"": c.two, "redis.setresp(3) ": c.three} {
			got := r.run(t, proto+show, 2)
			if _, text, ok := strings.Cut(got, " "); want != "" && (!ok || text != want+" ") {
				t.Errorf("%q with %q: %q, want %q", c.reply, proto, got, want)
			}
		}
	}
}

// TestDropped checks that a status that nobody reads is not made, and one that somebody reads is.
func TestDropped(t *testing.T) {
	if frameField < 0 {
		t.Error("the interpreter does not say how many results are wanted")
	}
	r := newRunner(Scripts, 64<<20)
	r.host.reply = []byte("+OK\r\n")
	for source, want := range map[string]string{
		"redis.call('x')":                                                                "$-1 ",
		"redis.call('x') return 1":                                                       ":1 ",
		"return redis.call('x')":                                                         "+OK ",
		"return (redis.call('x'))":                                                       "+OK ",
		"return select('#', redis.call('x'))":                                            ":1 ",
		"local a = redis.call('x') return a.ok":                                          "$2 OK ",
		"local a, b = redis.pcall('x') return {a.ok, b}":                                 "*1 $2 OK ",
		"return {redis.call('x').ok, redis.call('x').ok}":                                "*2 $2 OK $2 OK ",
		"local ok, a = pcall(redis.call, 'x') return a.ok":                               "$2 OK ",
		"local f = redis.call f('x') return f('x')":                                      "+OK ",
		"if redis.call('x') then return 'yes' end":                                       "$3 yes ",
		"for i = 1, 3 do redis.call('x') end return 'done'":                              "$4 done ",
		"return coroutine.wrap(redis.call)('x')":                                         "",
		"return coroutine.wrap(function() redis.call('x') return redis.call('x') end)()": "+OK ",
	} {
		if got := r.run(t, source, 2); want != "" && got != want {
			t.Errorf("%s: %q, want %q", source, got, want)
		}
	}
}

// TestSandbox tries to leave a trace in what scripts share.
func TestSandbox(t *testing.T) {
	r := newRunner(Scripts, 64<<20)
	const readOnly = "Attempt to modify a readonly table"
	for source, want := range map[string]string{
		"x = 1":                              readOnly,
		"_G.x = 1":                           readOnly,
		"redis = 1":                          readOnly,
		"redis.call = 1":                     readOnly,
		"string.find = 1":                    readOnly,
		"cjson.x = 1":                        readOnly,
		"KEYS = {}":                          readOnly,
		"rawset(_G, 'x', 1)":                 readOnly,
		"rawset(redis, 'x', 1)":              readOnly,
		"rawset(string, 'x', 1)":             readOnly,
		"setmetatable(_G, {})":               readOnly,
		"setmetatable(redis, {})":            readOnly,
		"setmetatable(string, {})":           readOnly,
		"getmetatable(_G).__index = 1":       readOnly,
		"getmetatable('').__index = 1":       readOnly,
		"getmetatable('').__index.find = 1":  readOnly,
		"setmetatable(getmetatable(_G), {})": readOnly,
		"local _, t = pairs(redis) t.x = 1":  readOnly,
		"local _, t = pairs(_G) t.x = 1":     readOnly,
		"table.insert(redis, 1)":             "",
		"table.sort(KEYS) redis[1] = 2":      readOnly,
		"return foo":                         "nonexistent global variable 'foo'",
		"print('x')":                         "nonexistent global variable 'print'",
		"dofile('/etc/passwd')":              "nonexistent global variable 'dofile'",
		"loadfile('/etc/passwd')":            "nonexistent global variable 'loadfile'",
		"require('os')":                      "nonexistent global variable 'require'",
		"return io":                          "nonexistent global variable 'io'",
		"return debug":                       "nonexistent global variable 'debug'",
		"return getfenv()":                   "nonexistent global variable 'getfenv'",
		"setfenv(1, {})":                     "nonexistent global variable 'setfenv'",
		"return newproxy()":                  "nonexistent global variable 'newproxy'",
		"return os.execute":                  "$-1",
		"os.exit()":                          "attempt to call field 'exit' (a nil value)",
		"return type(os.clock())":            "number",
		"return rawget(_G, 'x') == nil and rawget(redis, 'call') ~= nil": ":1",
		"return next(redis) ~= nil":                                      ":1",
		"return _G == _G._G":                                             ":1",
		"return arg":                                                     "",
	} {
		if got := r.run(t, source, 2); !strings.Contains(got, want) {
			t.Errorf("%s: %q, want %q", source, got, want)
		}
	}
	// What one script does another one must not see.
	r.run(t, "getmetatable('').__index = nil", 2)
	r.run(t, "KEYS.x = 1 setmetatable(KEYS, {__index = function() return 1 end}) setmetatable(ARGV, {})", 2)
	if got := r.run(t, "return {KEYS.x, KEYS[9], #redis, ('x'):rep(2)}", 2); got != "*0 " {
		t.Errorf("a trace was left: %q", got)
	}
}

// TestErrors looks at texts and places of errors.
func TestErrors(t *testing.T) {
	r := newRunner(Scripts, 64<<20)
	for source, want := range map[string]string{
		"error('x')":                              "ERR user_script:1: x @@user_script",
		"\nerror('x', 0)":                         "ERR x @@user_script",
		"error({err='MY x'})":                     "MY x @@user_script",
		"error()":                                 "ERR nil @@user_script",
		"error(12)":                               "ERR user_script:1: 12 @@user_script",
		"return redis.call()":                     "ERR Please specify at least one argument for this redis lib call @@user_script",
		"return redis.call({})":                   "ERR Lua redis lib command arguments must be strings or integers @@user_script",
		"return redis.setresp(4)":                 "ERR RESP version must be 2 or 3. @@user_script",
		"return redis.set_repl(9)":                "ERR Invalid replication flags. Use REPL_AOF, REPL_REPLICA, REPL_ALL or REPL_NONE. @@user_script",
		"return redis.log(1)":                     "ERR redis.log() requires two arguments or more. @@user_script",
		"local f = function() return f() + 1 end": "$-1 ",
		"local function f() return f() + 1 end return f()": "ERR user_script:1: stack overflow @@user_script",
		"return 1 +":                "compile: user_script:1: unexpected symbol near '<eof>'",
		"local t = {} return t.x.y": "ERR user_script:1: attempt to index field 'x' (a nil value) @@user_script",
	} {
		if got := r.run(t, source, 2); got != want {
			t.Errorf("%s: %q, want %q", source, got, want)
		}
	}
	r.host.reply = []byte("-WRONGTYPE no\r\n")
	if got := r.run(t, "return redis.call('x')", 2); got != "WRONGTYPE no @@user_script" {
		t.Errorf("redis.call: %q", got)
	}
	if got := r.run(t, "return redis.pcall('x')", 2); got != "-WRONGTYPE no" {
		t.Errorf("redis.pcall: %q", got)
	}
	if got := r.run(t, "local ok, e = pcall(redis.call, 'x') return e", 2); got != "$12 WRONGTYPE no " {
		t.Errorf("pcall: %q", got)
	}
}

// TestNumbers compares numbers as arguments with C's %.17g.
func TestNumbers(t *testing.T) {
	for v, want := range map[float64]string{
		0.1: "0.10000000000000001", 3: "3", 1e15: "1000000000000000", 1e17: "1e+17", 123456789012345678: "1.2345678901234568e+17",
		-0.5: "-0.5", 1e-7: "9.9999999999999995e-08", 1.25: "1.25", 1e300: "1.0000000000000001e+300",
	} {
		if got := string(appendArg(nil, v)); got != want {
			t.Errorf("%v: %q, want %q", v, got, want)
		}
	}
	for v, want := range map[float64]string{1.0 / 3: "0.33333333333333", 1e14: "1e+14", 1e15: "1e+15", 99999999999999: "99999999999999"} {
		if got := string(appendNumber(nil, v)); got != want {
			t.Errorf("%v: %q, want %q", v, got, want)
		}
	}
}

// TestKill ends scripts that would never end, also those that catch errors.
func TestKill(t *testing.T) {
	r := newRunner(Scripts, 64<<20)
	for _, source := range []string{
		"while true do end",
		"while true do pcall(function() while true do end end) end",
		"local c = coroutine.wrap(function() while true do end end) c()",
		"while true do redis.call('x') end",
		"repeat xpcall(error, function() while true do end end) until false",
		"return ('a'):rep(5000):find(('a*'):rep(20) .. 'b')",
		"while true do local t = setmetatable({}, {__index = function() error('x') end}) pcall(function() return t.x end) end",
	} {
		begin := time.Now()
		r.host.late = func() string {
			if time.Since(begin) > 20*time.Millisecond {
				return "stop"
			}
			return ""
		}
		if got := r.run(t, source, 2); !strings.HasPrefix(got, "ERR stop") {
			t.Errorf("%s: %q", source, got)
		}
	}
	r.host.late = nil
	if got := r.run(t, "return 1", 2); got != ":1 " {
		t.Errorf("after that: %q", got)
	}
}

// TestMemory ends scripts that would never have enough.
func TestMemory(t *testing.T) {
	r := newRunner(Scripts, 8<<20)
	for _, source := range []string{
		"local s = 'x' while true do s = s .. s end",
		"local s = ('x'):rep(1000) while true do s = s .. s .. s .. s .. s .. s .. s .. s end",
		"local t = {} while true do t[#t+1] = {} end",
		"local t = {} for i = 1, 1e9 do t['k' .. i] = i end",
		"local t = {} for i = 1, 1e9 do t[i] = ('x'):rep(1e6) end",
		"local t = {} for i = 1, 1e9 do t[i] = coroutine.create(function() end) end",
		"local t = {} for i = 1, 1e9 do local a = i t[i] = function() return a end end",
		"return #('x'):rep(1e9)",
		"local t = {} for i = 1, 1e3 do t[i] = ('x'):rep(1e5) end return #table.concat(t)",
	} {
		if got := r.run(t, source, 2); !strings.Contains(got, "not enough memory") && !strings.Contains(got, "too large") {
			t.Errorf("%s: %.100q", source, got)
		}
		if got := r.run(t, "return 1", 2); got != ":1 " {
			t.Errorf("after %s: %q", source, got)
		}
	}
}

// TestSource ends the compiler in time, whatever it is given.
func TestSource(t *testing.T) {
	r := newRunner(Scripts, 64<<20)
	for _, source := range []string{
		strings.Repeat("(", 100000),
		"return " + strings.Repeat("{", 100000),
		"return " + strings.Repeat("not ", 20000) + "1",
		"return " + strings.Repeat("1 .. ", 20000) + "1",
		strings.Repeat("if x then ", 10000),
		"local a, b if a then " + strings.Repeat("elseif b then ", 20000) + "end",
		strings.Repeat("function() ", 10000),
		strings.Repeat("x", 1<<20),
		"\x1bLua",
		"return '" + strings.Repeat("x", 1<<20),
	} {
		begin := time.Now()
		if got := r.run(t, source, 2); !strings.HasPrefix(got, "compile: ") {
			t.Errorf("%.30q: %.100q", source, got)
		}
		if d := time.Since(begin); d > 5*time.Second {
			t.Errorf("%.30q took %v", source, d)
		}
	}
}

// TestLibrary loads libraries of functions.
func TestLibrary(t *testing.T) {
	in := New(Functions, Version{"7.4.0", 0x70400}, 64<<20)
	load := func(source string) (*Library, string) {
		f, err := in.Compile(source, "user_function")
		if err != nil {
			return nil, err.Error()
		}
		lib, e := in.Load(f, &echo{})
		if e != nil {
			return nil, e.Text
		}
		return lib, ""
	}
	for source, want := range map[string]string{
		"redis.register_function()":                                                                "ERR wrong number of arguments to redis.register_function",
		"redis.register_function('x')":                                                             "ERR calling redis.register_function with a single argument is only applicable to Lua table (representing named arguments).",
		"redis.register_function('x', 1)":                                                          "ERR second argument to redis.register_function must be a function",
		"redis.register_function({}, 1)":                                                           "ERR first argument to redis.register_function must be a string",
		"redis.register_function('a b', function() end)":                                           "ERR " + ErrName,
		"redis.register_function{function_name='a'}":                                               "ERR redis.register_function must get a callback argument",
		"redis.register_function{callback=function() end}":                                         "ERR redis.register_function must get a function name argument",
		"redis.register_function{callback=1}":                                                      "ERR callback argument given to redis.register_function must be a function",
		"redis.register_function{x=1}":                                                             "ERR unknown argument given to redis.register_function",
		"redis.register_function{function_name='a',callback=function() end,flags={'x'}}":           "ERR unknown flag given",
		"redis.register_function{function_name='a',callback=function() end,flags=1}":               "ERR flags argument to redis.register_function must be a table representing function flags",
		"local f = function() end redis.register_function('a', f) redis.register_function('a', f)": "ERR Function already exists in the library",
		"redis.call('ping')":                                                                       "ERR user_function:1: Script attempted to access nonexistent global variable 'call'",
		"return math.pi":                                                                           "ERR user_function:1: Script attempted to access nonexistent global variable 'math'",
		"x = 1":                                                                                    "ERR user_function:1: Attempt to modify a readonly table",
	} {
		if _, got := load(source); got != want {
			t.Errorf("%s: %q, want %q", source, got, want)
		}
	}
	lib, fault := load(`local n = 0
		local reg = redis.register_function
		redis.register_function('count', function(keys, args) n = n + 1 return {n, keys[1], args[1], math.floor(1.5)} end)
		server.register_function{function_name='again', callback=function() return reg('x', function() end) end, description='d', flags={'no-writes', 'allow-oom'}}`)
	if fault != "" {
		t.Fatal(fault)
	}
	if len(lib.Functions) != 2 || lib.Functions[1].Flags != NoWrites|AllowOOM || lib.Functions[1].Description != "d" {
		t.Errorf("registered: %+v", lib.Functions)
	}
	for i := 1; i <= 2; i++ {
		out := resp.NewBuffer()
		r := in.Run(lib.Functions[0].Function, &echo{}, [][]byte{[]byte("k")}, [][]byte{[]byte("a")})
		if r.Err != nil {
			t.Fatal(r.Err.Text)
		}
		in.Reply(r, &out.Writer)
		if want := "*4\r\n:" + string(rune('0'+i)) + "\r\n$1\r\nk\r\n$1\r\na\r\n:1\r\n"; out.String() != want {
			t.Errorf("call %d: %q, want %q", i, out.String(), want)
		}
	}
	if r := in.Run(lib.Functions[1].Function, &echo{}, nil, nil); r.Err == nil || r.Err.Text != "ERR redis.register_function can only be called on FUNCTION LOAD command" {
		t.Errorf("register_function at run time: %+v", r.Err)
	}
}

// TestHostPanic checks that pcall does not catch what is not the script's.
func TestHostPanic(t *testing.T) {
	r := newRunner(Scripts, 64<<20)
	f, err := r.in.Compile("pcall(redis.call, 'x') return 1", "user_script")
	if err != nil {
		t.Fatal(err)
	}
	r.host.reply = []byte("?\r\n") // not protocol: the reader panics, which is a bug
	defer func() {
		if recover() == nil {
			t.Error("the panic was lost")
		}
	}()
	r.host.panics = true
	r.in.Run(f, r.host, nil, nil)
}

// TestAllocations pins the garbage of a script of one call.
func TestAllocations(t *testing.T) {
	r := newRunner(Scripts, 64<<20)
	f, err := r.in.Compile("return redis.call('GET', KEYS[1])", "user_script")
	if err != nil {
		t.Fatal(err)
	}
	keys := [][]byte{[]byte("key")}
	if n := testing.AllocsPerRun(100, func() { r.in.Run(f, r.host, keys, nil) }); n > 10 {
		t.Errorf("%v allocations", n)
	}
}

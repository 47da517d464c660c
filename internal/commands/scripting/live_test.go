package scripting

import (
	"testing"

	"granary/internal/command"
	"granary/internal/command/commandtest"
	"granary/internal/commands/generic"
	"granary/internal/commands/hashes"
	"granary/internal/commands/lists"
	"granary/internal/commands/sets"
	"granary/internal/commands/streams"
	"granary/internal/commands/strings"
	"granary/internal/commands/zsets"
)

// families are the commands that the scripts of the tests call.
var families = []func(*command.Table){
	Register, generic.Register, hashes.Register, lists.Register, sets.Register, streams.Register, strings.Register, zsets.Register,
}

// TestSameAsRedis gives the same commands to us and to a redis-server, and demands the same replies, events, effects and
// counts of changes.
func TestSameAsRedis(t *testing.T) {
	p := commandtest.NewPeer(t)
	s := commandtest.New(t, families...)
	s.Feed()
	for _, line := range table {
		p.Same(s, line...)
	}
	for _, line := range calls {
		p.Same(s, line...)
	}
}

// calls are scripts that change data.
var calls = [][]string{
	{"SET", "str", "x"},
	{"EVAL", "return redis.call('GET', KEYS[1])", "1", "str"},
	{"EVAL", "redis.call('SET', KEYS[1], ARGV[1]) return redis.call('GET', KEYS[1])", "1", "a", "v"},
	{"EVAL", "redis.call('SET', KEYS[1], 1.5) redis.call('INCRBYFLOAT', KEYS[1], 0.1)", "1", "f"},
	{"EVAL", "redis.call('SET', KEYS[1], 1e17) return redis.call('GET', KEYS[1])", "1", "f"},
	{"EVAL", "for i = 1, 3 do redis.call('RPUSH', KEYS[1], i) end return redis.call('LRANGE', KEYS[1], 0, -1)", "1", "l"},
	{"EVAL", "return redis.call('LPUSH', 'str', 1)", "0"},
	{"EVAL", "return redis.pcall('LPUSH', 'str', 1)", "0"},
	{"EVAL", "redis.call('SET', 'b', 1) return redis.call('LPUSH', 'str', 1)", "0"},
	{"EVAL", "redis.call('SET', 'c', 1) error('x')", "0"},
	{"EVAL", "redis.set_repl(redis.REPL_NONE) redis.call('SET', 'd', 1) redis.set_repl(redis.REPL_ALL) redis.call('SET', 'e', 1)", "0"},
	{"EVAL", "local ok, e = pcall(redis.call, 'LPUSH', 'str', 1) return {ok and 1 or 0, e}", "0"},
	{"EVAL", "return #redis.call('HGETALL', 'nokey')", "0"},
	{"EVAL", "redis.call('HSET', 'h', 'f', 'v') redis.setresp(3) return redis.call('HGETALL', 'h').map.f", "0"},
	{"EVAL", "redis.call('ZADD', 'z', 1.5, 'm') redis.setresp(3) return redis.call('ZSCORE', 'z', 'm')", "0"},
	{"EVAL", "redis.call('SADD', 's', 'm') redis.setresp(3) return redis.call('SMEMBERS', 's')", "0"},
	{"EVAL", "return {redis.call('EXISTS', 'str', 'nokey'), redis.call('TYPE', 'str')}", "0"},
	{"EVAL", "redis.call('DEL', 'str', 'a', 'f', 'l')", "0"},
	{"EVAL", "return redis.call('SET', 'g', 'v', 'EX', 100)", "0"},
	{"EVAL", "return redis.call('nosuch')", "0"},
	{"EVAL", "return redis.call('GET')", "0"},
	{"EVAL", "return redis.call('EVAL', 'return 1', 0)", "0"},
	{"EVAL", "return redis.pcall('SCRIPT', 'FLUSH')", "0"},
	{"EVAL_RO", "return redis.call('SET', 'a', 1)", "0"},
	{"EVAL_RO", "return redis.pcall('DEL', 'g')", "0"},
	{"EVAL_RO", "return redis.call('GET', 'g')", "0"},
	{"EVAL", "#!lua flags=no-writes\nreturn redis.call('SET', 'a', 1)", "0"},
	{"EVAL", "#!lua flags=allow-oom\nreturn redis.call('SET', 'a', 1)", "0"},
	{"SCRIPT", "LOAD", "return redis.call('INCR', KEYS[1])"},
	{"EVALSHA", "61636018f4e6b5817b89791bbed242f93fa089e3", "1", "n"},
	{"EVALSHA", "61636018F4E6B5817B89791BBED242F93FA089E3", "1", "n"},
	{"EVALSHA_RO", "61636018f4e6b5817b89791bbed242f93fa089e3", "1", "n"},
	{"SCRIPT", "EXISTS", "61636018f4e6b5817b89791bbed242f93fa089e3", "no"},
	{"SCRIPT", "FLUSH"},
	{"EVALSHA", "61636018f4e6b5817b89791bbed242f93fa089e3", "1", "n"},
	{"FUNCTION", "LOAD", "#!lua name=lib\nredis.register_function('inc', function(k, a) return redis.call('INCRBY', k[1], a[1]) end)\nredis.register_function{function_name='see', callback=function(k) return redis.call('GET', k[1]) end, flags={'no-writes'}}"},
	{"FCALL", "inc", "1", "n", "5"},
	{"FCALL", "INC", "1", "n", "x"},
	{"FCALL", "see", "1", "n"},
	{"FCALL_RO", "see", "1", "n"},
	{"FCALL_RO", "inc", "1", "n", "1"},
	{"FUNCTION", "STATS"},
	{"FUNCTION", "DELETE", "lib"},
	{"FCALL", "see", "1", "n"},
	{"FUNCTION", "FLUSH"},
}

// table are scripts and libraries that change nothing.
var table = [][]string{
	{"eval", "return foo", "0"},
	{"eval", "foo=1", "0"},
	{"eval", "redis.x=1", "0"},
	{"eval", `rawset(redis,"x",1)`, "0"},
	{"eval", `rawset(_G,"x",1)`, "0"},
	{"eval", "setmetatable(_G,{})", "0"},
	{"eval", "setmetatable(redis,{})", "0"},
	{"eval", "return type(getmetatable(_G))", "0"},
	{"eval", "return type(getmetatable(redis))", "0"},
	{"eval", `return type(getmetatable("").__index)`, "0"},
	{"eval", `getmetatable("").__index=1`, "0"},
	{"eval", "return type(getmetatable(_G).__index)", "0"},
	{"eval", "getmetatable(_G).__index=1", "0"},
	{"eval", "local", "0"},
	{"eval", "return 1 +", "0"},
	{"eval", "x = = 1", "0"},
	{"eval", `error("hi")`, "0"},
	{"eval", `error({err="hi"})`, "0"},
	{"eval", `error({err="-hi there"})`, "0"},
	{"eval", `error({err="hi there",source="s",line="7"})`, "0"},
	{"eval", "error()", "0"},
	{"eval", "error(12)", "0"},
	{"eval", `error("hi",0)`, "0"},
	{"eval", `error("hi",2)`, "0"},
	{"eval", `return redis.call("nosuch")`, "0"},
	{"eval", "return redis.call()", "0"},
	{"eval", "return redis.call({})", "0"},
	{"eval", `return redis.call("eval","a",0)`, "0"},
	{"eval", `return redis.error_reply("hi")`, "0"},
	{"eval", `return redis.error_reply("-MY hi")`, "0"},
	{"eval", `return redis.error_reply("")`, "0"},
	{"eval", "return redis.error_reply(1,2)", "0"},
	{"eval", "return redis.error_reply({})", "0"},
	{"eval", `return redis.status_reply("hi")`, "0"},
	{"eval", `return redis.status_reply("hi\r\nx")`, "0"},
	{"eval", `return {err="a\r\nb"}`, "0"},
	{"eval", "return {err=1}", "0"},
	{"eval", "return {err=true}", "0"},
	{"eval", "return {ok=1}", "0"},
	{"eval", `return {err="x y",ignore_error_stats_update=true}`, "0"},
	{"eval", "return redis.sha1hex()", "0"},
	{"eval", `return redis.sha1hex("")`, "0"},
	{"eval", "return redis.sha1hex(1)", "0"},
	{"eval", "return redis.sha1hex({})", "0"},
	{"eval", "return redis.log(1)", "0"},
	{"eval", `return redis.log("a","b")`, "0"},
	{"eval", `return redis.log(9,"b")`, "0"},
	{"eval", `return redis.log(redis.LOG_DEBUG,"b","c")`, "0"},
	{"eval", "return redis.setresp(4)", "0"},
	{"eval", "return redis.setresp()", "0"},
	{"eval", "return redis.set_repl(9)", "0"},
	{"eval", "return redis.set_repl()", "0"},
	{"eval", `return redis.set_repl("a")`, "0"},
	{"eval", "return redis.replicate_commands()", "0"},
	{"eval", "return tostring(redis.breakpoint())", "0"},
	{"eval", "return redis.register_function()", "0"},
	{"eval", "return 1"},
	{"eval", "return 1", "a"},
	{"eval", "return 1", "-1"},
	{"eval", "return 1", "2", "a"},
	{"eval", "return {1,2,nil,4}", "0"},
	{"eval", `return {1.9,-1.9,"x",true,false,{},{{}}}`, "0"},
	{"eval", "return 1e20", "0"},
	{"eval", "return -1e20", "0"},
	{"eval", "return 0/0", "0"},
	{"eval", "return function() end", "0"},
	{"eval", "return coroutine.create(function() end)", "0"},
	{"eval", "return {double=1.5}", "0"},
	{"eval", "return {map={a=1}}", "0"},
	{"eval", "return", "0"},
	{"eval", "", "0"},
	{"evalsha", "abc", "0"},
	{"evalsha", "ffffffffffffffffffffffffffffffffffffffff", "0"},
	{"eval", `#!lua
return 1`, "0"},
	{"eval", `#!lua flags=foo
return 1`, "0"},
	{"eval", `#!foo
return 1`, "0"},
	{"eval", "#!lua", "0"},
	{"eval", `#!lua name=x
return 1`, "0"},
	{"eval", `#!lua flags=
return 5`, "0"},
	{"eval", "local a = nil; return a.x", "0"},
	{"eval", "local a = {} ; return a.x.y", "0"},
	{"eval", "local a = {} ; return a.x()", "0"},
	{"eval", "local a = {} ; return a:x()", "0"},
	{"eval", "return 1+nil", "0"},
	{"eval", "local a; return a..1", "0"},
	{"eval", `return 1 < "x"`, "0"},
	{"eval", "return {} < {}", "0"},
	{"eval", "return #nil", "0"},
	{"eval", "return -{}", "0"},
	{"eval", `return ("x")()`, "0"},
	{"eval", "return tonumber({})", "0"},
	{"eval", "return string.rep()", "0"},
	{"eval", "return unpack({},1,1e8)", "0"},
	{"eval", "local function f() return f()+1 end return f()", "0"},
	{"eval", `for i=1,"x" do end`, "0"},
	{"eval", "for i=1,{} do end", "0"},
	{"eval", "local t={} t[nil]=1", "0"},
	{"eval", `return loadstring("return 5")()`, "0"},
	{"eval", "return load(function() return nil end)", "0"},
	{"eval", "return tostring(print)", "0"},
	{"eval", `local ok,e=pcall(error,"x") return e`, "0"},
	{"eval", `local ok,e=xpcall(function() error("x") end, function(m) return "H:"..m end) return e`, "0"},
	{"eval", "return tostring(12.0)..tostring(1e15)..tostring(1e16)..tostring(1/3)..tostring(-0)", "0"},
	{"eval", "return tostring(0/0)..tostring(1/0)..tostring(-1/0)", "0"},
	{"eval", "return #ARGV", "0", "a", "b"},
	{"eval", `return {1,{err="x"},{ok="y"}}`, "0"},
	{"eval", "return getfenv and 1", "0"},
	{"eval", "redis.setresp(3) return {double=3.5}", "0"},
	{"script", "exists"},
	{"script", "load", "return 1"},
	{"script", "load", "return +"},
	{"script", "flush", "foo"},
	{"script", "flush", "sync"},
	{"script", "kill"},
	{"function", "kill"},
	{"script", "foo"},
	{"function", "foo"},
	{"function", "stats"},
	{"function", "load", "foo"},
	{"function", "load", `#!lua
return 1`},
	{"function", "load", "#!lua name=a b"},
	{"function", "load", `#!lua name=a
return 1`},
	{"function", "load", `#!lua name=a-b
return 1`},
	{"function", "load", `#!foo name=ab
return 1`},
	{"function", "load", `#!lua name=ab name=cd
return 1`},
	{"function", "load", `#!lua foo=cd
return 1`},
	{"function", "load", `#!lua name=ab
redis.register_function("f1", function(keys, args) return 1 end)`},
	{"function", "load", `#!lua name=cd
redis.register_function("f1", function(keys, args) return 1 end)`},
	{"function", "load", `#!lua name=cd
redis.register_function("f1")`},
	{"function", "load", `#!lua name=cd
redis.register_function("f1",1)`},
	{"function", "load", `#!lua name=cd
redis.register_function("f 1",function() end)`},
	{"function", "load", `#!lua name=cd
redis.register_function(1,function() end)`},
	{"function", "load", `#!lua name=cd
redis.register_function({},function() end)`},
	{"function", "load", `#!lua name=cd
redis.register_function{}`},
	{"function", "load", `#!lua name=cd
redis.register_function{1,2}`},
	{"function", "load", `#!lua name=cd
redis.register_function{function_name="a"}`},
	{"function", "load", `#!lua name=cd
redis.register_function{callback=function() end}`},
	{"function", "load", `#!lua name=cd
redis.register_function{function_name=1}`},
	{"function", "load", `#!lua name=cd
redis.register_function{callback=1}`},
	{"function", "load", `#!lua name=cd
redis.register_function{function_name="a",callback=function() end,flags=1}`},
	{"function", "load", `#!lua name=cd
redis.register_function{function_name="a",callback=function() end,flags={"foo"}}`},
	{"function", "load", `#!lua name=cd
redis.register_function{function_name="a",callback=function() end,foo=1}`},
	{"function", "load", `#!lua name=cd
redis.register_function{function_name="a",callback=function() end,description=1}`},
	{"function", "load", `#!lua name=cd
redis.register_function("a",function() end) redis.register_function("a",function() end)`},
	{"function", "load", `#!lua name=cd
foo()`},
	{"function", "load", `#!lua name=cd
foo=1`},
	{"function", "load", `#!lua name=cd
error("x")`},
	{"function", "load", `#!lua name=cd
local x =`},
	{"fcall_ro", "g6", "0"},
	{"fcall_ro", "f2", "0"},
	{"fcall", "f2", "0"},
	{"fcall", "f1", "1", "str"},
	{"fcall", "nosuch", "0"},
	{"fcall", "f1", "x"},
	{"fcall", "f1", "-1"},
	{"fcall", "f1", "5"},
	{"function", "delete", "x"},
	{"function", "delete", "cd"},
	{"function", "restore", "abc"},
	{"function", "restore", "abc", "foo"},
	{"function", "flush", "foo"},
	{"function", "flush", "async"},
	{"function", "load", "foo", "bar"},
	{"function", "load", "replace"},
	{"function", "flush"},
	{"function", "load", "replace", `#!lua name=cd
redis.register_function("f1", function(keys, args) return 1 end)`},
	{"function", "load", "replace", `#!lua name=cd
redis.register_function("f1")`},
	{"function", "load", "replace", `#!lua name=cd
redis.register_function("f1",1)`},
	{"function", "load", "replace", `#!lua name=cd
redis.register_function("f 1",function() end)`},
	{"function", "load", "replace", `#!lua name=cd
redis.register_function(1,function() end)`},
	{"function", "load", "replace", `#!lua name=cd
redis.register_function({},function() end)`},
	{"function", "load", "replace", `#!lua name=cd
redis.register_function{}`},
	{"function", "load", "replace", `#!lua name=cd
redis.register_function{1,2}`},
	{"function", "load", "replace", `#!lua name=cd
redis.register_function{function_name="a"}`},
	{"function", "load", "replace", `#!lua name=cd
redis.register_function{callback=function() end}`},
	{"function", "load", "replace", `#!lua name=cd
redis.register_function{function_name=1}`},
	{"function", "load", "replace", `#!lua name=cd
redis.register_function{callback=1}`},
	{"function", "load", "replace", `#!lua name=cd
redis.register_function{function_name="a",callback=function() end,flags=1}`},
	{"function", "load", "replace", `#!lua name=cd
redis.register_function{function_name="a",callback=function() end,flags={"foo"}}`},
	{"function", "load", "replace", `#!lua name=cd
redis.register_function{function_name="a",callback=function() end,foo=1}`},
	{"function", "load", "replace", `#!lua name=cd
redis.register_function{function_name="a",callback=function() end,description=1}`},
	{"function", "load", "replace", `#!lua name=cd
redis.register_function("a",function() end) redis.register_function("a",function() end)`},
	{"function", "load", "replace", `#!lua name=cd
foo()`},
	{"function", "load", "replace", `#!lua name=cd
foo=1`},
	{"function", "load", "replace", `#!lua name=cd
error("x")`},
	{"function", "load", "replace", `#!lua name=cd
local x =`},
	{"eval", "local a={} a[1]=a return #cjson.encode(1)", "0"},
	{"eval", "return redis.status_reply(1)", "0"},
	{"eval", `return redis.error_reply("FOO")`, "0"},
	{"eval", `return redis.error_reply("-FOO")`, "0"},
	{"eval", `return redis.error_reply("FOO bar")`, "0"},
	{"eval", "return redis.setresp(3)", "0"},
	{"eval", `return redis.setresp("3")`, "0"},
	{"eval", `return {verbatim_string={format="txt",string="abc"}}`, "0"},
	{"eval", `return {verbatim_string={format="txtx",string="abc"}}`, "0"},
	{"eval", `return {verbatim_string={string="abc"}}`, "0"},
	{"eval", `return {big_number="123"}`, "0"},
	{"eval", "return {big_number=123}", "0"},
	{"eval", "return {set={a=true,b=1}}", "0"},
	{"eval", "return {map=1}", "0"},
	{"eval", `return {double="1.5"}`, "0"},
	{"eval", `return setmetatable({},{__index=function(t,k) return "x" end})`, "0"},
	{"eval", "return redis.log(1,2)", "0"},
	{"eval", `#!lua flags=allow-stale,no-cluster,allow-cross-slot-keys,allow-oom
return 1`, "0"},
	{"eval", `#!lua   
return 1`, "0"},
	{"eval", `#!lua flags=no-writes,
return 1`, "0"},
	{"eval", `#!lua flags=no-writes, allow-oom
return 1`, "0"},
	{"eval", `#!lua flags
return 1`, "0"},
	{"eval_ro", `#!lua flags=no-writes
return 5`, "0"},
	{"fcall", "a"},
	{"fcall"},
	{"eval", `return redis.call("script","exists","a")`, "0"},
	{"eval", `return redis.call("function","list")`, "0"},
}

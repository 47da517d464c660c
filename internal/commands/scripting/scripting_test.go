package scripting

import (
	"encoding/binary"
	"fmt"
	"strings"
	"testing"

	"granary/internal/command/commandtest"
	"granary/internal/mem"
	"granary/internal/script"
)

// TestHeaders reads the lines #! of scripts and libraries.
func TestHeaders(t *testing.T) {
	for source, want := range map[string]string{
		"return 1":                           "32 return 1 ",
		"#!lua\nx":                           "0 \nx ",
		"#!lua flags=no-writes,allow-oom\nx": "3 \nx ",
		"#!lua flags=no-writes flags=no-cluster\nx": "9 \nx ",
		"#!lua flags=\"no-writes\"\nx":              "1 \nx ",
		"#!lua flags=\nx":                           "0 \nx ",
		"#!lua flags=x\nx":                          "0  ERR Unexpected flag in script shebang: x",
		"#!lua x\nx":                                "0  ERR Unknown lua shebang option: x",
		"#! lua\nx":                                 "0  ERR Unexpected engine in script shebang: #!",
		"#!lua \"\nx":                               "0  ERR Invalid engine in script shebang",
		"#!lua":                                     "0  ERR Invalid script shebang",
	} {
		flags, body, failure := scriptHeader(source)
		if got := fmt.Sprintf("%d %s %s", flags, body, failure); got != want {
			t.Errorf("%q: %q, want %q", source, got, want)
		}
	}
	for source, want := range map[string]string{
		"x":                          "  ERR Missing library metadata",
		"#!lua name=x":               "  ERR Invalid library metadata",
		"#!lua name=x\ny":            "x \ny ",
		"#!LUA name=\"x\"\ny":        "x \ny ",
		"#!lua\ny":                   "  ERR Library name was not given",
		"#!lua name=x name=x\ny":     "  ERR Invalid metadata value, name argument was given multiple times",
		"#!lua name=a-b\ny":          "  ERR " + script.ErrName,
		"#! name=x\ny":               "  ERR Engine '' not found",
		"#!lua name=x engine=lua\ny": "  ERR Invalid metadata value given: engine=lua",
	} {
		name, body, failure := libraryHeader(source)
		if got := fmt.Sprintf("%s %s %s", name, body, failure); got != want {
			t.Errorf("%q: %q, want %q", source, got, want)
		}
	}
}

// TestEviction checks that scripts of EVAL are forgotten in the order of their last use, and loaded ones never.
func TestEviction(t *testing.T) {
	s := commandtest.New(t, families...)
	used := mem.Used()
	s.Do("SCRIPT", "LOAD", "return 'loaded'")
	s.Do("EVAL", "return 'first'", "0")
	s.Do("EVAL", "return 'pinned'", "0")
	s.Do("SCRIPT", "LOAD", "return 'pinned'")
	for i := range maxEvals {
		if i == 100 {
			s.Do("EVAL", "return 'first'", "0") // used again
		}
		s.Do("EVAL", fmt.Sprintf("return %d", i), "0")
	}
	exists := func(source string, want string) {
		t.Helper()
		s.Is(want, "SCRIPT", "EXISTS", script.SHA1(source))
	}
	exists("return 'loaded'", "[:1]")
	exists("return 'pinned'", "[:1]")
	exists("return 'first'", "[:1]")
	exists("return 0", "[:0]")
	exists("return 1", "[:1]")
	r := s.Env.ReadScripts()
	if r.Cached != maxEvals+2 || s.Env.Stats.EvictedScripts != 1 {
		t.Errorf("%d scripts, %d forgotten", r.Cached, s.Env.Stats.EvictedScripts)
	}
	if r.ScriptBytes < maxEvals*100 || mem.Used()-used < r.ScriptBytes+r.VMEval {
		t.Errorf("%+v, used_memory grew by %d", r, mem.Used()-used)
	}
	s.Is("+OK", "SCRIPT", "FLUSH")
	r = s.Env.ReadScripts()
	if r.ScriptBytes != 0 || r.VMEval != 0 || r.Cached != 0 {
		t.Errorf("after SCRIPT FLUSH: %+v", r)
	}
	if mem.Outside(mem.PurposeScript) != 0 {
		t.Errorf("%d bytes are booked", mem.Outside(mem.PurposeScript))
	}
}

// TestFunctionMemory checks that the books of libraries are empty when the libraries are gone.
func TestFunctionMemory(t *testing.T) {
	s := commandtest.New(t, families...)
	const lib = "#!lua name=lib\nredis.register_function('f', function() return 1 end)"
	s.Is("$3 lib", "FUNCTION", "LOAD", lib)
	s.Is("$3 lib", "FUNCTION", "LOAD", "REPLACE", lib)
	before := s.Env.ReadScripts()
	s.Do("FUNCTION", "LOAD", lib)
	s.Do("FUNCTION", "LOAD", strings.Replace(lib, "lib", "other", 1)) // f exists
	s.Do("FUNCTION", "LOAD", "REPLACE", lib+"\nerror('x')")
	s.Do("FUNCTION", "LOAD", "REPLACE", lib+" +")
	if after := s.Env.ReadScripts(); after != before || after.Functions != 1 || after.Libraries != 1 {
		t.Errorf("%+v, was %+v", after, before)
	}
	s.Is(":1", "FCALL", "f", "0")
	s.Do("FUNCTION", "DELETE", "lib")
	if r := s.Env.ReadScripts(); r.FunctionBytes != 0 || r.Libraries != 0 || r.Functions != 0 {
		t.Errorf("after FUNCTION DELETE: %+v", r)
	}
	s.Is("+OK", "FUNCTION", "FLUSH")
	if n := mem.Outside(mem.PurposeFunction); n != 0 {
		t.Errorf("%d bytes are booked", n)
	}
}

// TestRestore checks that a payload is restored as a whole or not at all.
func TestRestore(t *testing.T) {
	s := commandtest.New(t, families...)
	s.Do("FUNCTION", "LOAD", "#!lua name=a\nredis.register_function('fa', function() return 'a' end)")
	s.Do("FUNCTION", "LOAD", "#!lua name=b\nredis.register_function('fb', function() return 'b' end)")
	e := engineOf(s.Env)
	var payload []byte
	for _, lib := range e.libs.sorted() {
		payload = appendString(append(payload, opFunction), lib.source.bytes())
	}
	payload = sealed(payload)
	s.Is("-ERR Library a already exists", "FUNCTION", "RESTORE", string(payload))
	s.Is("+OK", "FUNCTION", "RESTORE", string(payload), "REPLACE")
	s.Is("+OK", "FUNCTION", "FLUSH")
	s.Is("+OK", "FUNCTION", "RESTORE", string(payload))
	s.Is("$1 a", "FCALL", "fa", "0")
	s.Do("FUNCTION", "FLUSH")
	s.Do("FUNCTION", "LOAD", "#!lua name=c\nredis.register_function('fb', function() return 'c' end)")
	s.Is("-ERR Function fb already exists", "FUNCTION", "RESTORE", string(payload), "REPLACE")
	s.Is("-ERR Function not found", "FCALL", "fa", "0")
	s.Is("$1 c", "FCALL", "fb", "0")
	s.Is("+OK", "FUNCTION", "RESTORE", string(payload), "FLUSH")
	s.Is("$1 b", "FCALL", "fb", "0")
	s.Is("-ERR DUMP payload version or checksum are wrong", "FUNCTION", "RESTORE", string(payload[:len(payload)-1]))
	s.Is("-ERR given type is not a function", "FUNCTION", "RESTORE", string(sealed([]byte{0, 1, 'x'})))
	s.Is("-ERR Pre-GA function format not supported", "FUNCTION", "RESTORE", string(sealed([]byte{opPreFunction})))
	s.Is("-ERR failed loading the given functions payload", "FUNCTION", "RESTORE", string(sealed([]byte{opFunction, 200})))
	s.Do("FUNCTION", "FLUSH")
}

// sealed puts a footer behind a payload.
func sealed(b []byte) []byte {
	b = binary.LittleEndian.AppendUint16(b, dumpVersion)
	return binary.LittleEndian.AppendUint64(b, checksum(b))
}

// FuzzSources reads payloads that are not what they should be.
func FuzzSources(f *testing.F) {
	f.Add(appendString([]byte{opFunction}, []byte("#!lua name=x\nredis.register_function('f', function() end)")))
	f.Add([]byte{opFunction, 0xc3, 5, 0x80, 0xff, 0xff, 0xff, 0xff, 1, 2, 3, 4, 5})
	f.Add([]byte{opFunction, 0x81, 0, 0, 0, 0, 0, 0, 0, 9})
	f.Fuzz(func(t *testing.T, b []byte) {
		sources(sealed(b))
		sources(b)
	})
}

// TestScriptBudget: maxmemory-scripts forgets scripts that came with EVAL, the one used longest ago first, and none that was loaded.
func TestScriptBudget(t *testing.T) {
	s := commandtest.New(t, families...)
	load := func(i int) string { return fmt.Sprintf("return %d -- %s", i, strings.Repeat("x", 1000)) }
	s.Do("SCRIPT", "LOAD", load(0))
	for i := 1; i < 50; i++ {
		s.Do("EVAL", load(i), "0")
	}
	before := engineOf(s.Env).scripts.bytes
	s.Env.Config.MaxMemoryScripts = before / 2
	s.Do("EVAL", load(50), "0")
	c := &engineOf(s.Env).scripts
	if c.bytes > before/2 || c.bytes < before/3 || s.Env.Stats.EvictedScripts < 20 {
		t.Errorf("%d bytes of scripts, %d before, %d forgotten", c.bytes, before, s.Env.Stats.EvictedScripts)
	}
	for i, there := range map[int]bool{0: true, 1: false, 10: false, 49: true, 50: true} {
		want := ":0"
		if there {
			want = ":1"
		}
		s.Is("["+want+"]", "SCRIPT", "EXISTS", script.SHA1(load(i)))
	}
	s.Env.Config.MaxMemoryScripts = 1
	s.Is(":51", "EVAL", load(51), "0") // the one that runs stays
	if c.recent.Len() != 1 || len(c.by) != 2 {
		t.Errorf("%d scripts, %d of them to be forgotten", len(c.by), c.recent.Len())
	}
	s.Is("+OK", "SCRIPT", "FLUSH")
}

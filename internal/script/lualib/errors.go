package lualib

import (
	"regexp"
	"strings"

	lua "github.com/yuin/gopher-lua"
)

// ErrorValue is what a script failed with, as Lua tells it: the owner of a state uses it on what PCall returns.
func ErrorValue(err error) lua.LValue {
	e, ok := err.(*lua.ApiError)
	if !ok {
		return lua.LString(err.Error())
	}
	if e.Object == nil {
		return lua.LNil
	}
	return translate(e.Object)
}

// machineText is what the machine says of tables and userdata that have no metatable, where no metamethod of ours is asked
// (vm.go), and Lua's words for it.
var machineText = []struct {
	theirs *regexp.Regexp
	lua    string
}{
	{regexp.MustCompile(`attempt to call a non-function object$`), "attempt to call a table value"},
	{regexp.MustCompile(`__unm undefined$`), "attempt to perform arithmetic on a table value"},
	{regexp.MustCompile(`cannot perform concat operation between (table|userdata) and \w+$`), "attempt to concatenate a $1 value"},
	{regexp.MustCompile(`cannot perform \w+ operation between (table|userdata) and \w+$`), "attempt to perform arithmetic on a $1 value"},
	{regexp.MustCompile(`attempt to compare (table with table|userdata with userdata)$`), "attempt to compare two $1 values"},
	{regexp.MustCompile(`(?s)attempt to index a non-table object\((\w+)\) with key '.*'$`), "attempt to index a $1 value"},
	{regexp.MustCompile(`(lua callstack overflow|registry overflow)$`), "stack overflow"},
	{regexp.MustCompile(`too many recursions in (gettable|settable)$`), "loop in $1"},
}

// translate puts an error of the machine into Lua's words.
func translate(v lua.LValue) lua.LValue {
	s, ok := v.(lua.LString)
	if !ok || len(s) > 500 {
		return v
	}
	for _, m := range machineText {
		if m.theirs.MatchString(string(s)) {
			text := m.theirs.ReplaceAllString(string(s), m.lua)
			text = strings.Replace(text, "two table with table", "two table", 1)
			return lua.LString(strings.Replace(text, "two userdata with userdata", "two userdata", 1))
		}
	}
	return v
}

package scripting

import (
	"strings"

	"granary/internal/script"
)

// A script may begin with a line that says what it will do, and a library must, as it has its name there:
//
//	#!lua flags=no-writes,allow-oom
//	#!lua name=mylib

// cutLine returns the first line without "#!", and what is behind it. The rest begins with the line end, so that errors
// count lines as the author does.
func cutLine(source string) (line, rest string, ok bool) {
	i := strings.IndexByte(source, '\n')
	if i < 0 {
		return "", "", false
	}
	return strings.TrimRight(source[2:i], "\r"), source[i:], true
}

// scriptHeader reads the line of a script. It returns the flags, what to compile, and the text of an error.
func scriptHeader(source string) (flags script.FunctionFlags, body, failure string) {
	if !strings.HasPrefix(source, "#!") {
		return script.Compat, source, ""
	}
	line, body, ok := cutLine(source)
	if !ok {
		return 0, "", "ERR Invalid script shebang"
	}
	words := strings.Fields(line)
	if len(words) == 0 || words[0] != "lua" || line[0] == ' ' {
		first, _, _ := strings.Cut("#!"+line, " ")
		return 0, "", "ERR Unexpected engine in script shebang: " + first
	}
	for _, w := range words[1:] {
		list, ok := strings.CutPrefix(w, "flags=")
		if !ok {
			return 0, "", "ERR Unknown lua shebang option: " + w
		}
		if list == "" {
			continue
		}
		for name := range strings.SplitSeq(list, ",") {
			f := script.ParseFlag(name)
			if f == 0 {
				return 0, "", "ERR Unexpected flag in script shebang: " + name
			}
			flags |= f
		}
	}
	return flags, body, ""
}

// libraryHeader reads the line of a library. It returns its name, what to compile, and the text of an error.
func libraryHeader(source string) (name, body, failure string) {
	if !strings.HasPrefix(source, "#!") {
		return "", "", "ERR Missing library metadata"
	}
	line, body, ok := cutLine(source)
	if !ok {
		return "", "", "ERR Invalid library metadata"
	}
	words := strings.Fields(line)
	if len(words) == 0 || line[0] == ' ' {
		return "", "", "ERR Invalid library metadata"
	}
	named := false
	for _, w := range words[1:] {
		n, ok := strings.CutPrefix(w, "name=")
		if !ok {
			return "", "", "ERR Invalid metadata value given: " + w
		}
		if named {
			return "", "", "ERR Invalid metadata value, name argument was given multiple times"
		}
		name, named = n, true
	}
	switch {
	case !named:
		return "", "", "ERR Library name was not given"
	case !script.GoodName(name):
		return "", "", "ERR " + script.ErrName
	case !strings.EqualFold(words[0], "lua"):
		return "", "", "ERR Engine '" + words[0] + "' not found"
	}
	return name, body, ""
}

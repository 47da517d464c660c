package scripting

import (
	"strings"

	"granary/internal/resp"
	"granary/internal/script"
)

// A script may begin with a line that says what it will do, and a library must, as it has its name there:
//
//	#!lua flags=no-writes,allow-oom
//	#!lua name=mylib

// cutLine returns the words of the first line, of which the first begins with "#!", and what is behind the line. The rest
// begins with the line end, so that errors count lines as the author does. There are no words if their quotes do not match.
func cutLine(source string) (words []string, rest string, ok bool) {
	i := strings.IndexByte(source, '\n')
	if i < 0 {
		return nil, "", false
	}
	list, ok := resp.SplitArgs(nil, []byte(source[:i]))
	if !ok {
		return nil, source[i:], true
	}
	for _, w := range list {
		words = append(words, string(w))
	}
	return words, source[i:], true
}

// scriptHeader reads the line of a script. It returns the flags, what to compile, and the text of an error.
func scriptHeader(source string) (flags script.FunctionFlags, body, failure string) {
	if !strings.HasPrefix(source, "#!") {
		return script.Compat, source, ""
	}
	words, body, ok := cutLine(source)
	switch {
	case !ok:
		return 0, "", "ERR Invalid script shebang"
	case words == nil:
		return 0, "", "ERR Invalid engine in script shebang"
	case words[0] != "#!lua":
		return 0, "", "ERR Unexpected engine in script shebang: " + words[0]
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
	words, body, ok := cutLine(source)
	if !ok || words == nil {
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
	case !strings.EqualFold(words[0], "#!lua"):
		return "", "", "ERR Engine '" + words[0][2:] + "' not found"
	}
	return name, body, ""
}

package scripting

import (
	"slices"
	"strings"

	"granary/internal/command"
	"granary/internal/mem"
	"granary/internal/script"
)

// library is a library of functions.
type library struct {
	name      string
	source    text
	functions []*script.Entry
	bytes     int64
	compiled  int64 // bytes of it on the heap
}

// libraries is all libraries. Names of functions are unique among all libraries, in any case.
type libraries struct {
	engine    *engine
	by        map[string]*library
	functions map[string]function // by folded name
	bytes     int64
}

// function is where a function is found.
type function struct {
	lib   *library
	entry *script.Entry
}

// fold is the form of a function's name by which it is found.
func fold(name string) string { return strings.ToLower(name) }

// build runs the source of a library, without making it one of those that can be called. It returns the text of an error.
// It may panic with mem.ErrOutOfMemory.
func (l *libraries) build(c *command.Ctx, source []byte) (*library, string) {
	e := l.engine
	name, body, failure := libraryHeader(string(source))
	if failure != "" {
		return nil, failure
	}
	in := e.interp(script.Functions)
	fn, err := in.Compile(body, "user_function")
	if err != nil {
		return nil, "ERR Error compiling function: " + err.Error()
	}
	e.begin(c, subject{name: name})
	e.run.loading = true
	got, fault := in.Load(fn, e)
	e.finish()
	if fault != nil {
		return nil, "ERR Error registering functions: " + fault.Text
	}
	if len(got.Functions) == 0 {
		return nil, "ERR No functions registered"
	}
	lib := &library{name: name, functions: got.Functions}
	lib.source = keep(e.env.Keys.Arena, source, mem.PurposeFunction)
	lib.compiled = got.Size + rowSize + int64(len(name))
	mem.BookOutside(mem.PurposeFunction, lib.compiled)
	lib.bytes = lib.source.size() + lib.compiled
	l.bytes += lib.bytes
	return lib, ""
}

// free gives up a library that is not among those that can be called.
func (l *libraries) free(lib *library) {
	lib.source.free(l.engine.env.Keys.Arena, mem.PurposeFunction)
	mem.BookOutside(mem.PurposeFunction, -lib.compiled)
	l.bytes -= lib.bytes
}

// clash returns the name of a function of lib that another library than old has.
func (l *libraries) clash(lib, old *library) string {
	for _, f := range lib.functions {
		if at, ok := l.functions[fold(f.Name)]; ok && at.lib != old {
			return f.Name
		}
	}
	return ""
}

// link makes the functions of a library callable.
func (l *libraries) link(lib *library) {
	if l.by == nil {
		l.by, l.functions = map[string]*library{}, map[string]function{}
	}
	l.by[lib.name] = lib
	for _, f := range lib.functions {
		l.functions[fold(f.Name)] = function{lib, f}
	}
}

// unlink is the end of link.
func (l *libraries) unlink(lib *library) {
	delete(l.by, lib.name)
	for _, f := range lib.functions {
		delete(l.functions, fold(f.Name))
	}
}

// flush deletes all libraries, and their interpreter.
func (l *libraries) flush() {
	for _, lib := range l.by {
		l.free(lib)
	}
	l.by, l.functions = nil, nil
	l.engine.drop(script.Functions)
}

// sorted returns the libraries in order of name.
func (l *libraries) sorted() []*library {
	list := make([]*library, 0, len(l.by))
	for _, lib := range l.by {
		list = append(list, lib)
	}
	slices.SortFunc(list, func(a, b *library) int { return strings.Compare(a.name, b.name) })
	return list
}

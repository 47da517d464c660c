package scripting

import (
	"time"

	"granary/internal/command"
	"granary/internal/glob"
	"granary/internal/script"
)

// changed counts a change of the libraries, so that it is repeated elsewhere.
func changed(c *command.Ctx) { c.Env.Keys.Stats.Dirty++ }

// cmdFunctionLoad answers FUNCTION LOAD [REPLACE] code.
func cmdFunctionLoad(c *command.Ctx) {
	replace := false
	for _, a := range c.Args[2 : len(c.Args)-1] {
		if !command.Is(a, "replace") {
			c.Out.Error("ERR Unknown option given: " + string(a))
			return
		}
		replace = true
	}
	l := &engineOf(c.Env).libs
	source := c.Args[len(c.Args)-1]
	name, _, failure := libraryHeader(string(source))
	if failure != "" {
		c.Out.Error(failure)
		return
	}
	old := l.by[name]
	if old != nil && !replace {
		c.Out.Error("ERR Library '" + name + "' already exists")
		return
	}
	lib, failure := l.build(c, source)
	if failure == "" {
		if f := l.clash(lib, old); f != "" {
			l.free(lib)
			failure = "ERR Function " + f + " already exists"
		}
	}
	if failure != "" {
		c.Out.Error(failure)
		return
	}
	if old != nil {
		l.unlink(old)
		l.free(old)
	}
	l.link(lib)
	changed(c)
	c.Out.BulkString(name)
}

// cmdFunctionDelete answers FUNCTION DELETE library.
func cmdFunctionDelete(c *command.Ctx) {
	l := &engineOf(c.Env).libs
	lib := l.by[string(c.Args[2])]
	if lib == nil {
		c.Out.Error("ERR Library not found")
		return
	}
	l.unlink(lib)
	l.free(lib)
	changed(c)
	c.Out.OK()
}

// cmdFunctionFlush answers FUNCTION FLUSH [ASYNC | SYNC]. Both are the same: the heap is collected while commands run.
func cmdFunctionFlush(c *command.Ctx) {
	if len(c.Args) > 3 {
		c.WrongSubArity()
		return
	}
	if len(c.Args) == 3 && !command.Is(c.Args[2], "sync") && !command.Is(c.Args[2], "async") {
		c.Out.Error("ERR FUNCTION FLUSH only supports SYNC|ASYNC option")
		return
	}
	engineOf(c.Env).libs.flush()
	changed(c)
	c.Out.OK()
}

// cmdFunctionList answers FUNCTION LIST [LIBRARYNAME pattern] [WITHCODE].
func cmdFunctionList(c *command.Ctx) {
	var pattern []byte
	withCode := false
	for i := 2; i < len(c.Args); i++ {
		switch a := c.Args[i]; {
		case !withCode && command.Is(a, "withcode"):
			withCode = true
		case pattern == nil && command.Is(a, "libraryname"):
			if i++; i == len(c.Args) {
				c.Out.Error("ERR library name argument was not given")
				return
			}
			pattern = c.Args[i]
		default:
			c.Out.Error("ERR Unknown argument " + string(a))
			return
		}
	}
	list := engineOf(c.Env).libs.sorted()
	n := c.Out.ArrayLater()
	shown := 0
	for _, lib := range list {
		if pattern == nil || glob.Match(pattern, []byte(lib.name), true) {
			lib.describe(c, withCode)
			shown++
		}
	}
	c.Out.SetLen(n, shown)
}

// describe writes what FUNCTION LIST tells of a library.
func (lib *library) describe(c *command.Ctx, withCode bool) {
	o := c.Out
	if withCode {
		o.Map(4)
	} else {
		o.Map(3)
	}
	o.BulkString("library_name")
	o.BulkString(lib.name)
	o.BulkString("engine")
	o.BulkString("LUA")
	o.BulkString("functions")
	o.Array(len(lib.functions))
	for _, f := range lib.functions {
		o.Map(3)
		o.BulkString("name")
		o.BulkString(f.Name)
		o.BulkString("description")
		if f.Described {
			o.BulkString(f.Description)
		} else {
			o.Null()
		}
		o.BulkString("flags")
		flags := o.SetLater()
		n := 0
		for _, k := range script.FlagNames {
			if f.Flags&k.Flag != 0 {
				o.Status(k.Name)
				n++
			}
		}
		o.SetLen(flags, n)
	}
	if withCode {
		o.BulkString("library_code")
		o.Bulk(lib.source.bytes())
	}
}

// cmdFunctionStats answers FUNCTION STATS.
func cmdFunctionStats(c *command.Ctx) {
	e := engineOf(c.Env)
	r, o := &e.run, c.Out
	if r.active && r.mode() == script.Scripts {
		o.Error(busyScript)
		return
	}
	o.Map(2)
	o.BulkString("running_script")
	if !r.active {
		o.Null()
	} else {
		o.Map(3)
		o.BulkString("name")
		o.BulkString(r.name)
		o.BulkString("command")
		o.Array(len(r.args))
		for _, a := range r.args {
			o.Bulk(a)
		}
		o.BulkString("duration_ms")
		o.Int((now() - r.began) / int64(time.Millisecond))
	}
	o.BulkString("engines")
	o.Map(1)
	o.BulkString("LUA")
	o.Map(2)
	o.BulkString("libraries_count")
	o.Int(int64(len(e.libs.by)))
	o.BulkString("functions_count")
	o.Int(int64(len(e.libs.functions)))
}

// cmdFunctionHelp answers FUNCTION HELP.
func cmdFunctionHelp(c *command.Ctx) {
	c.Help(
		"LOAD [REPLACE] <FUNCTION CODE>",
		"    Load a library. Its name is in the first line of its code.",
		"DELETE <LIBRARY NAME>",
		"    Delete a library with its functions.",
		"LIST [LIBRARYNAME PATTERN] [WITHCODE]",
		"    List libraries, whose names match a pattern if there is one, and their functions.",
		"STATS",
		"    Tell which function is running, since when, and how many there are.",
		"KILL",
		"    End the function that is running, if it has not written yet.",
		"FLUSH [ASYNC|SYNC]",
		"    Delete all libraries.",
		"DUMP",
		"    Return all libraries in serialized form.",
		"RESTORE <PAYLOAD> [FLUSH|APPEND|REPLACE]",
		"    Load the libraries of a serialized form: in place of all there are (FLUSH), besides those there are, which is an",
		"    error if one has the same name (APPEND, the default), or in place of those with the same name (REPLACE).")
}

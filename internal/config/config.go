// Package config holds the server's settings: one table of directives, the values they set, and every
// way a value gets in or out (the command line, configuration files, CONFIG GET, SET and REWRITE).
//
// # Where things are
//
//	table*.go    the table: one row per directive (name, alias, kind, default, range, flags, what it does)
//	values.go    Values, the plain struct that the rows point into
//	enums.go     the types of the values that are one of a few words
//	kind*.go     the kinds: how the words of a directive become a value and back
//	memory.go    sizes such as 64mb, numbers, octal
//	get.go       CONFIG GET
//	set.go       CONFIG SET: many pairs, all or nothing
//	file.go      configuration files, from text to values
//	args.go      the command line
//	split.go     quoting: one line into words, one word into a quoted string
//	rewrite.go   CONFIG REWRITE
//	docs.go      the reference page docs/config.md, generated from the table
//
// # Who may read and write
//
// Handlers and loops read fields (cfg.MaxMemory, cfg.HashMaxListpackEntries) without a lock of their own:
// after start-up a Config is read and written only under the keyspace lock. A goroutine that does not hold that
// lock copies what it needs while it does.
//
// INVARIANT: slices and strings inside Values are never changed in place, only replaced. So a copy of Values is a
// snapshot, and CONFIG SET works on a copy: it is all or nothing without remembering what to undo.
package config

import (
	"os"
	"strings"
)

// Config is the configuration of one server: the values, and what is needed to set, apply and rewrite them.
type Config struct {
	Values

	// File is the absolute path of the configuration file, "" if the server runs without one.
	File string

	// FromStdin says that standard input was read, which the server logs as Redis does.
	FromStdin bool

	hooks []hook
	users func() []UserLine // what CONFIG REWRITE writes as user lines; nil keeps those of the file
}

// New returns a configuration in which every directive has its default.
func New() *Config {
	c := &Config{}
	for _, d := range table {
		d.Kind.reset(&c.Values)
	}
	c.Dir, _ = os.Getwd()
	return c
}

// A hook is what somebody asked to have called when one of the named directives has changed.
type hook struct {
	names []string
	fn    func() error
}

// OnApply registers fn to be called after CONFIG SET has changed the directive name. The new value is already in
// place; an error undoes the whole CONFIG SET, and fn is called again with the old value back. Its text is what the
// client reads behind "CONFIG SET failed (possibly related to argument 'name') - ".
//
// Hooks are not called for the values a server starts with. They run in the order of registration.
func (c *Config) OnApply(name string, fn func() error) { c.OnApplyAny(fn, name) }

// OnApplyAny is OnApply for a group of directives that are applied together: fn is called once however many of
// them a CONFIG SET changes.
func (c *Config) OnApplyAny(fn func() error, names ...string) {
	for i, n := range names {
		d := Lookup(n)
		if d == nil {
			panic("BUG: config: hook for an unknown directive " + n)
		}
		names[i] = d.Name
	}
	c.hooks = append(c.hooks, hook{names: names, fn: fn})
}

// OnRewriteUsers registers where CONFIG REWRITE gets the user lines from.
func (c *Config) OnRewriteUsers(fn func() []UserLine) { c.users = fn }

// Lookup returns the row of a directive by its name or alias in any case, nil if there is none.
func Lookup(name string) *Directive {
	if d, ok := byName[name]; ok {
		return d
	}
	return byName[strings.ToLower(name)]
}

// Directives returns the table in its order. The rows must not be changed.
func Directives() []*Directive { return table }

package config

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Version is the version of Redis that the server is compatible with, which configuration errors name.
const Version = "7.4.0"

// A FileError is a line of the configuration that cannot be taken. Its text is what Redis prints, several lines.
type FileError struct {
	Line int    // from 1; 0 if the error is not one of a line
	Text string // the line
	Why  string
}

func (e *FileError) Error() string {
	head := "\n*** FATAL CONFIG FILE ERROR (Redis " + Version + ") ***\n"
	if e.Line == 0 {
		return head + e.Why
	}
	return fmt.Sprintf("%sReading the configuration file, at line %d\n>>> '%s'\n%s", head, e.Line, e.Text, e.Why)
}

// An OpenError is a configuration file that cannot be read.
type OpenError struct {
	Path string
	Err  error
}

func (e *OpenError) Error() string {
	return "Fatal error, can't open config file '" + e.Path + "': " + reason(e.Err).Error()
}

func (e *OpenError) Unwrap() error { return e.Err }

// A Loader reads configuration into a Config. The functions, where there are any, check what this package
// cannot know; their errors become a FileError of the line.
type Loader struct {
	CheckUser   func(UserLine) error // the rules of an ACL user; says which word is wrong
	CheckRename func(Rename) error   // that the command exists, and the new name does not
}

// load is the state of one Loader at work.
type load struct {
	*Loader
	c     *Config
	saved bool // a save line has been met: the default save points are gone
	depth int  // of includes
}

// maxIncludes is how deep includes may nest; more is a file that includes itself.
const maxIncludes = 64

// specials are the directives that are not in the table, because they are no values: they are lines that are read
// once and never asked for or set.
var specials map[string]func(l *load, words []string) error

func init() {
	specials = map[string]func(l *load, words []string) error{
		"include":        (*load).include,
		"user":           (*load).user,
		"rename-command": (*load).renameCommand,
		"loadmodule":     (*load).loadModule,
		"sentinel":       (*load).sentinel,

		// Withdrawn long ago, and ignored in old files.
		"list-max-ziplist-entries": (*load).ignore,
		"list-max-ziplist-value":   (*load).ignore,
		"lua-replicate-commands":   (*load).ignore,
	}
}

// LoadText reads configuration from text, as one file.
func (l *Loader) LoadText(c *Config, text string) error {
	return (&load{Loader: l, c: c}).text(text)
}

// LoadFile reads a configuration file. A path with wildcards is all the files that match, in order, or none.
func (l *Loader) LoadFile(c *Config, path string) error {
	text, err := readFiles(path)
	if err != nil {
		return err
	}
	return l.LoadText(c, text)
}

func readFiles(path string) (string, error) {
	paths := []string{path}
	if strings.ContainsAny(path, "*?[") {
		paths, _ = filepath.Glob(path) // a pattern that cannot be read matches nothing
	}
	var text strings.Builder
	for _, p := range paths {
		b, err := os.ReadFile(p)
		if err != nil {
			return "", &OpenError{p, err}
		}
		text.Write(b)
	}
	return text.String(), nil
}

func (l *load) text(text string) error {
	n := 0
	for line := range strings.SplitSeq(text, "\n") {
		n++
		line = strings.Trim(line, " \t\r\n")
		if line == "" || line[0] == '#' {
			continue
		}
		err := l.line(line)
		var inner *FileError
		var open *OpenError
		switch {
		case err == nil:
		case errors.As(err, &inner), errors.As(err, &open):
			return err // of an included file
		default:
			return &FileError{n, line, err.Error()}
		}
	}
	if l.depth == 0 {
		return l.checkWhole()
	}
	return nil
}

// checkWhole checks what no line alone can be blamed for.
func (l *load) checkWhole() error {
	if l.c.LogFile != "" {
		f, err := os.OpenFile(l.c.LogFile, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o644)
		if err != nil {
			return &FileError{Why: "Can't open the log file: " + reason(err).Error()}
		}
		f.Close()
	}
	if l.c.ClusterEnabled && l.c.MasterHost != "" {
		return &FileError{Why: "replicaof directive not allowed in cluster mode"}
	}
	return nil
}

var (
	errDirective = errors.New("Bad directive or wrong number of arguments")
	errQuotes    = errors.New("Unbalanced quotes in configuration line")
)

func (l *load) line(line string) error {
	words, ok := SplitArgs(line)
	if !ok {
		return errQuotes
	}
	if len(words) == 0 {
		return nil
	}
	name, args := strings.ToLower(words[0]), words[1:]
	if special := specials[name]; special != nil {
		return special(l, args)
	}
	d := Lookup(name)
	if d == nil {
		return errDirective
	}
	switch {
	case d.Flags&MultiArg == 0 && len(args) != 1:
		return errWordCount
	case d.Flags&MultiArg != 0 && len(args) == 1:
		args = d.words(args[0])
	}
	if d.Name == "save" {
		return l.save(args)
	}
	dir := l.c.Dir
	if err := d.Kind.set(&l.c.Values, args); err != nil {
		return err
	}
	if l.c.Dir != dir {
		// At once, because the files that later lines name are relative to it.
		return reason(os.Chdir(l.c.Dir))
	}
	return nil
}

// save adds to the save points of earlier lines; the first line replaces the defaults, one without points all.
func (l *load) save(args []string) error {
	points, err := parseSave(args)
	if err != nil {
		return err
	}
	if !l.saved || len(points) == 0 {
		l.c.Save = nil
	}
	l.saved = true
	l.c.Save = append(l.c.Save[:len(l.c.Save):len(l.c.Save)], points...)
	return nil
}

func (l *load) include(words []string) error {
	if len(words) != 1 {
		return errDirective
	}
	if l.depth == maxIncludes {
		return errors.New("Includes are nested too deeply")
	}
	text, err := readFiles(words[0])
	if err != nil {
		return err
	}
	l.depth++
	defer func() { l.depth-- }()
	return l.text(text)
}

func (l *load) user(words []string) error {
	if len(words) == 0 {
		return errDirective
	}
	u := UserLine{Name: words[0], Rules: words[1:]}
	for _, other := range l.c.Users {
		if other.Name == u.Name {
			return errors.New("Error in user declaration '" + u.Name +
				"': Duplicate user found. A user can only be defined once in config files")
		}
	}
	if l.CheckUser != nil {
		if err := l.CheckUser(u); err != nil {
			return err
		}
	}
	l.c.Users = append(l.c.Users, u)
	return nil
}

func (l *load) renameCommand(words []string) error {
	if len(words) != 2 {
		return errDirective
	}
	r := Rename{Old: words[0], New: words[1]}
	for _, other := range l.c.RenameCommands {
		if strings.EqualFold(other.Old, r.Old) {
			return errors.New("No such command in rename-command")
		}
	}
	if l.CheckRename != nil {
		if err := l.CheckRename(r); err != nil {
			return err
		}
	}
	l.c.RenameCommands = append(l.c.RenameCommands, r)
	return nil
}

func (l *load) loadModule(words []string) error {
	if len(words) == 0 {
		return errDirective
	}
	return errors.New("Can't load module from " + words[0] + ": this server has no modules")
}

func (l *load) sentinel([]string) error {
	return errors.New("sentinel directive while not in sentinel mode")
}

func (l *load) ignore(words []string) error {
	if len(words) != 1 {
		return errDirective
	}
	return nil
}

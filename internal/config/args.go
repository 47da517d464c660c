package config

import (
	"errors"
	"io"
	"path/filepath"
	"strings"
)

// Action is what the command line asks for.
type Action int

const (
	ActionRun     Action = iota // start the server
	ActionVersion               // print one line with the version, exit 0
	ActionHelp                  // print Usage to standard error, exit 1
)

// Usage is what -h prints.
func Usage(program string) string {
	return strings.ReplaceAll(`Usage: PROGRAM [/path/to/redis.conf] [options] [-]
       PROGRAM - (read config from stdin)
       PROGRAM -v or --version
       PROGRAM -h or --help

Options are directives of the configuration file with two dashes in front. The file is read first, then standard
input if the last argument is a dash, then the options: the last word counts.

Examples:
       PROGRAM (run the server with default conf)
       echo 'maxmemory 128mb' | PROGRAM -
       PROGRAM /etc/redis/6379.conf
       PROGRAM --port 7777
       PROGRAM --port 7777 --replicaof 127.0.0.1 8888
       PROGRAM /etc/myredis.conf --loglevel verbose -
       PROGRAM /etc/myredis.conf --loglevel verbose
`, "PROGRAM", program)
}

// Refusals of what redis-server can do besides being a server.
var (
	ErrSentinel    = errors.New("This server cannot be a sentinel: run redis-sentinel, which can watch it.")
	ErrTestMemory  = errors.New("This server cannot test memory: run memtest86 or redis-server --test-memory.")
	ErrCheckSystem = errors.New("This server cannot check the system: run redis-server --check-system.")
)

// ParseArgs reads the command line without the name of the program; see Loader.ParseArgs.
func ParseArgs(args []string, stdin io.Reader) (*Config, Action, error) {
	return new(Loader).ParseArgs(args, stdin)
}

// ParseArgs reads the command line, without the name of the program, and the configuration it leads to: a file if
// the first argument is no option, then stdin if the last one is a dash, then the options. The process moves to
// the directory of a dir directive.
//
// Errors are a *FileError, an *OpenError or one of the refusals. All are to be printed, and the exit code is 1.
func (l *Loader) ParseArgs(args []string, stdin io.Reader) (*Config, Action, error) {
	c := New()
	if len(args) == 0 {
		return c, ActionRun, nil
	}
	switch args[0] {
	case "-v", "--version":
		return c, ActionVersion, nil
	case "-h", "--help":
		return c, ActionHelp, nil
	case "--test-memory":
		return nil, ActionRun, ErrTestMemory
	case "--check-system":
		return nil, ActionRun, ErrCheckSystem
	}
	for _, a := range args {
		if a == "--sentinel" {
			return nil, ActionRun, ErrSentinel
		}
	}

	text := ""
	if args[0] == "" || args[0][0] != '-' {
		var err error
		if args[0] != "" {
			if c.File, err = filepath.Abs(args[0]); err != nil {
				return nil, ActionRun, err
			}
			if text, err = readFiles(c.File); err != nil {
				return nil, ActionRun, err
			}
		}
		args = args[1:]
	}
	if len(args) > 0 && args[len(args)-1] == "-" {
		more, err := io.ReadAll(stdin)
		if err != nil {
			return nil, ActionRun, err
		}
		c.FromStdin = true
		text += string(more)
		args = args[:len(args)-1]
	}
	if options := optionLines(args); options != "" {
		text += "\n" + options
	}
	if err := l.LoadText(c, text); err != nil {
		return nil, ActionRun, err
	}
	return c, ActionRun, nil
}

// optionLines turns options into lines of configuration.
//
// An argument with two dashes in front begins a line, if it does not come right behind the name of another option:
// then it is a value, so that values may begin with dashes too. An argument such as "--port 7777", with the value
// in it, is a whole line. A --save without a value means no save points.
func optionLines(args []string) string {
	var b []byte
	valueNext := false // the last argument was the name of an option and nothing else
	for i, a := range args {
		if valueNext || !strings.HasPrefix(a, "--") {
			b = AppendQuoted(b, a)
			b = append(b, ' ')
			valueNext = false
			continue
		}
		if len(b) > 0 {
			b = append(b, '\n')
		}
		b = append(b, a[2:]...)
		b = append(b, ' ')
		if words, ok := SplitArgs(a); !ok || len(words) != 1 {
			continue
		}
		valueNext = true
		if strings.EqualFold(a, "--save") && (i+1 == len(args) || strings.HasPrefix(args[i+1], "--")) {
			b = append(b, `""`...)
			valueNext = false
		}
	}
	return string(b)
}

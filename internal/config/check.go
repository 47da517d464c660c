package config

import (
	"errors"
	"slices"
	"strings"
)

// This file has the checks of single directives that go beyond the type.

// filename refuses paths.
func filename(at func(*Values) *string, def, name, what string) Kind {
	err := errors.New(name + " can't be a path, just a " + what)
	empty := errors.New(name + " can't be empty")
	return textKind{at: at, def: def, check: func(s string) error {
		switch {
		case strings.Contains(s, "/"):
			return err
		case s == "" && name != "dbfilename":
			return empty
		}
		return nil
	}}
}

var errHostname = errors.New("Hostnames may only contain alphanumeric characters, hyphens or dots")

// maxHostname is the longest name that a cluster node announces.
const maxHostname = 256

func checkHostname(s string) error {
	if len(s) >= maxHostname {
		return errors.New("Hostnames must be less than 256 characters")
	}
	for i := range len(s) {
		if !isAlnum(s[i]) && s[i] != '-' && s[i] != '.' {
			return errHostname
		}
	}
	return nil
}

// checkNodename is for names of people's choosing that stand in the cluster's node table.
func checkNodename(s string) error {
	for i := range len(s) {
		if s[i] <= ' ' || s[i] > '~' || strings.IndexByte("\"'\\,=", s[i]) >= 0 {
			return errors.New("Announced human node name contained invalid character")
		}
	}
	return nil
}

func isAlnum(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

var titleVariables = []string{
	"title", "listen-addr", "server-mode", "port", "tls-port", "unixsocket", "config-file",
}

var errTitle = errors.New("template format is invalid or contains unknown variables")

// checkTitle accepts text with {variables} in it that leaves something to show even where those that may be empty are.
func checkTitle(s string) error {
	title, ok := ExpandTitle(s, func(name string) string {
		switch name {
		case "title", "server-mode", "unixsocket":
			return ""
		}
		return name
	})
	if !ok || title == "" {
		return errTitle
	}
	return nil
}

// ExpandTitle fills the variables of a proc-title-template with what value answers for them. {{ is a brace, and blanks
// at either end go.
func ExpandTitle(template string, value func(name string) string) (title string, ok bool) {
	var b strings.Builder
	for {
		before, rest, found := strings.Cut(template, "{")
		b.WriteString(before)
		if !found {
			return strings.Trim(b.String(), " "), true
		}
		if after, escaped := strings.CutPrefix(rest, "{"); escaped {
			b.WriteByte('{')
			template = after
			continue
		}
		name, after, closed := strings.Cut(rest, "}")
		if !closed || !slices.Contains(titleVariables, name) {
			return "", false
		}
		b.WriteString(value(name))
		template = after
	}
}

func checkShutdown(f Shutdown) error {
	if f&ShutdownSave != 0 && f&ShutdownNoSave != 0 {
		return errors.New("shutdown options SAVE and NOSAVE can't be used simultaneously")
	}
	return nil
}

// maxPrefixDelimiter is the longest memory-prefix-delimiter (package prefix, which knows it as MaxDelim).
const maxPrefixDelimiter = 16

func checkPrefixDelimiter(s string) error {
	if len(s) > maxPrefixDelimiter {
		return errors.New("argument must be at most 16 bytes")
	}
	return nil
}

package config

import (
	"fmt"
	"strings"
)

//go:generate go test -run TestDocIsCurrent . -rewrite

// Doc returns the reference page of all directives, as Markdown.
func Doc() string {
	var b strings.Builder
	b.WriteString(docHead)
	def := New()
	group := ""
	for _, d := range table {
		if d.Group != group {
			group = d.Group
			fmt.Fprintf(&b, "\n## %s\n\n| directive | type | default | what it does | a change works on |\n|---|---|---|---|---|\n", group)
		}
		name := "`" + d.Name + "`"
		if d.Alias != "" {
			name += "<br>`" + d.Alias + "`"
		}
		kind, allowed := d.Kind.describe()
		if allowed != "" {
			kind += ": " + allowed
		}
		value := d.Kind.get(&def.Values)
		switch {
		case d.Name == "dir":
			value = "where it was started"
		case value == "":
			value = `""`
		default:
			value = "`" + value + "`"
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s%s | %s |\n", name, cell(kind), cell(value), cell(strings.ReplaceAll(d.Doc, "*", `\*`)), d.notes(), cell(d.Affects))
	}
	b.WriteString(docTail)
	return b.String()
}

// notes are what else there is to say about a directive, as short sentences.
func (d *Directive) notes() string {
	var notes string
	for _, n := range []struct {
		flag Flags
		text string
	}{
		{Immutable, " *Start only.*"},
		{Protected, " *Protected.*"},
		{Sensitive, " *Secret.*"},
		{Hidden, " *Hidden.*"},
		{DenyLoading, " *Not while loading.*"},
		{Inert, " *No effect.*"},
	} {
		if d.Flags&n.flag != 0 {
			notes += n.text
		}
	}
	if d.Since != "" {
		notes += " *" + d.Since + ".*"
	}
	return notes
}

func cell(s string) string { return strings.ReplaceAll(s, "|", `\|`) }

const docHead = `<!-- Generated from the table in internal/config by go generate. Do not edit. -->

# Configuration

Every directive can stand in the configuration file (` + "`maxmemory 100mb`" + `), on the command line
(` + "`--maxmemory 100mb`" + `) and, unless it says *Start only*, in CONFIG SET. The second name of a directive is
an older one, or another server's, for the same thing.

Sizes take k, m, g for powers of 1000 and kb, mb, gb for powers of 1024, in any case. Words with blanks go in
double or single quotes. A line that begins with # is a comment.

- *Start only*: CONFIG SET refuses it.
- *Protected*: CONFIG SET needs ` + "`enable-protected-configs`" + `.
- *Secret*: the value is kept out of logs.
- *Hidden*: CONFIG GET shows it only under its full name.
- *Not while loading*: CONFIG SET answers LOADING while a data set is being loaded.
- *No effect*: accepted and read back, so that configurations written for Redis or Valkey work as they are.
`

const docTail = `
## Lines that are no directives

| line | what it does |
|---|---|
| ` + "`include path`" + ` | Reads another file at this place. A path with wildcards reads all files that match, or none. |
| ` + "`user name rule ...`" + ` | Makes an ACL user. |
| ` + "`rename-command name new-name`" + ` | Gives a command another name; "" takes it away. |
| ` + "`loadmodule path ...`" + ` | Refused: there are no modules. |
`

// Package script replays text files of commands against a running server and checks the replies.
//
// A file holds blocks, and a block holds steps. Every block begins on an empty data set with new connections:
//
//	# a comment
//	== a block, named in failures [since 7.4]
//	> SET k "two words"
//	+OK
//	> GET k
//	"two words"
//	> HGETALL h
//	*2
//	  "f"
//	  "v"
//	resp3:
//	%1
//	  "f"
//	  "v"
//	> DEBUG OBJECT k
//	"..."
//	granary: the reply names our own encoding
//	"..."
//
// The lines after a command are the reply in the notation of live.Reply. `resp3:` begins the reply over RESP3, where
// it differs; `granary:` begins Granary's reply, with the reason why it differs. Words are bare, or quoted with \n, \r,
// \t, \", \\ and \xHH; "x"*1000 repeats.
//
// What stands before the > says more about a step:
//
//	c2>             send on a second connection (any name)
//	sorted>         elements come in any order
//	near 5>         an integer, at most 5 away
//	any>            only the type of the reply counts
//	sleep 20ms>     wait first
//	raw>            the one quoted word goes to the server as it is; one reply is read
//	closed>         like raw, but read until the server closes the connection
//
// "since 7.4" marks a block that an older real server is not asked; its replies are written by hand.
//
// `go test ./tests/script -rewrite` asks the real redis-server and writes its replies into the files.
package script

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// File is one parsed script.
type File struct {
	path   string
	head   []string // comment lines before the first block
	blocks []*block
}

type block struct {
	name  string
	since string // "" or a version
	line  int
	steps []*step
}

type step struct {
	line     int
	prefix   string // what stands before >
	text     string // what stands behind it
	args     []string
	conn     string
	mode     mode
	near     int64
	sleep    time.Duration
	want     string // reply over RESP2, and over RESP3 if want3 is empty
	want3    string
	granary  string // Granary's reply if it differs
	reason   string
	comments []string
}

type mode uint8

const (
	exact mode = iota
	sorted
	near
	anyReply
	raw
	closed
)

func parseFile(path string) (*File, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	f := &File{path: path}
	var (
		cur      *block
		last     *step
		into     *string
		comments []string
	)
	for n, line := range strings.Split(strings.TrimRight(string(b), "\n"), "\n") {
		fail := func(err error) error { return fmt.Errorf("%s:%d: %w", path, n+1, err) }
		switch {
		case strings.HasPrefix(line, "#") && into == nil || strings.HasPrefix(line, "# "):
			if cur == nil {
				f.head = append(f.head, line)
			} else {
				comments = append(comments, line)
			}
		case strings.TrimSpace(line) == "":
		case strings.HasPrefix(line, "== "):
			cur = &block{name: strings.TrimPrefix(line, "== "), line: n + 1}
			if i := strings.Index(cur.name, " since "); i >= 0 {
				cur.since = cur.name[i+len(" since "):]
			}
			f.blocks = append(f.blocks, cur)
			last, into = nil, nil
		case line == "resp3:" && last != nil:
			into = &last.want3
		case strings.HasPrefix(line, "granary: ") && last != nil:
			last.reason = strings.TrimPrefix(line, "granary: ")
			into = &last.granary
		case isStep(line):
			if cur == nil {
				return nil, fail(fmt.Errorf("a step before the first == block"))
			}
			prefix, text, _ := strings.Cut(line, ">")
			last = &step{line: n + 1, prefix: prefix, text: strings.TrimSpace(text), comments: comments}
			comments = nil
			if err := last.parse(); err != nil {
				return nil, fail(err)
			}
			cur.steps = append(cur.steps, last)
			into = &last.want
		default:
			if into == nil {
				return nil, fail(fmt.Errorf("a reply without a command: %q", line))
			}
			*into += line + "\n"
		}
	}
	return f, nil
}

// isStep tells a step from a reply: replies over RESP3 may be pushes, ">2", which have no blank behind the >.
func isStep(line string) bool {
	i := strings.Index(line, "> ")
	return i >= 0 && !strings.ContainsAny(line[:i], "\"+-:*%~,#(=>") && line[0] != ' '
}

func (s *step) parse() error {
	fields := strings.Fields(s.prefix)
	for len(fields) > 0 {
		word := fields[0]
		fields = fields[1:]
		var err error
		switch word {
		case "sorted":
			s.mode = sorted
		case "any":
			s.mode = anyReply
		case "raw":
			s.mode = raw
		case "closed":
			s.mode = closed
		case "near", "sleep":
			if len(fields) == 0 {
				return fmt.Errorf("%s of what?", word)
			}
			if word == "near" {
				s.mode = near
				s.near, err = strconv.ParseInt(fields[0], 10, 64)
			} else {
				s.sleep, err = time.ParseDuration(fields[0])
			}
			fields = fields[1:]
		default:
			s.conn = word
		}
		if err != nil {
			return err
		}
	}
	var err error
	s.args, err = splitWords(s.text)
	if err == nil && len(s.args) == 0 {
		err = fmt.Errorf("an empty command")
	}
	return err
}

// splitWords splits a command line; see the package comment for the quoting.
func splitWords(line string) (words []string, err error) {
	for {
		line = strings.TrimLeft(line, " ")
		if line == "" {
			return words, nil
		}
		if line[0] != '"' {
			word, rest, _ := strings.Cut(line, " ")
			words = append(words, word)
			line = rest
			continue
		}
		end := 1
		for end < len(line) && line[end] != '"' {
			if line[end] == '\\' {
				end++
			}
			end++
		}
		if end >= len(line) {
			return nil, fmt.Errorf("unbalanced quotes")
		}
		word, err := strconv.Unquote(line[:end+1])
		if err != nil {
			return nil, fmt.Errorf("%s: %w", line[:end+1], err)
		}
		line = line[end+1:]
		if times, ok := strings.CutPrefix(line, "*"); ok {
			digits, rest, _ := strings.Cut(times, " ")
			n, err := strconv.Atoi(digits)
			if err != nil {
				return nil, err
			}
			word, line = strings.Repeat(word, n), rest
		}
		words = append(words, word)
	}
}

// format is the inverse of parseFile.
func (f *File) format() []byte {
	var b bytes.Buffer
	for _, l := range f.head {
		fmt.Fprintln(&b, l)
	}
	for i, bl := range f.blocks {
		if i > 0 || len(f.head) > 0 {
			fmt.Fprintln(&b)
		}
		fmt.Fprintf(&b, "== %s\n", bl.name)
		for _, s := range bl.steps {
			for _, c := range s.comments {
				fmt.Fprintln(&b, c)
			}
			fmt.Fprintf(&b, "%s> %s\n%s", s.prefix, s.text, s.want)
			if s.want3 != "" && s.want3 != s.want {
				fmt.Fprintf(&b, "resp3:\n%s", s.want3)
			}
			if s.granary != "" {
				fmt.Fprintf(&b, "granary: %s\n%s", s.reason, s.granary)
			}
		}
	}
	return b.Bytes()
}

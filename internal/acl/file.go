package acl

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// An ACL file has one line for each user, as ACL LIST shows it. Words are separated by single blanks and have no quotes;
// there are no comments.

// noChange ends the errors of a file.
const noChange = "WARNING: ACL errors detected, no change to the previously active ACL rules was performed"

// ReadFile reads the users of an ACL file. The error lists everything that is wrong with it.
func (us *Users) ReadFile(path string) ([]*User, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		var why *fs.PathError
		if errors.As(err, &why) {
			err = why.Err
		}
		return nil, fmt.Errorf("Error loading ACLs, opening file '%s': %s", path, sentence(err))
	}
	return us.Parse(path, string(text))
}

// Parse is ReadFile for the text of a file.
func (us *Users) Parse(path, text string) ([]*User, error) {
	var users []*User
	var wrong strings.Builder
	names := map[string]bool{}
	n := 0
	for line := range strings.SplitSeq(text, "\n") {
		n++
		line = strings.Trim(line, " \t\r\n")
		if line == "" {
			continue
		}
		words := strings.Split(line, " ")
		if words[0] != "user" || len(words) < 2 {
			fmt.Fprintf(&wrong, "%s:%d should start with user keyword followed by the username. ", path, n)
			continue
		}
		name := words[1]
		switch {
		case !validName(name):
			fmt.Fprintf(&wrong, "%s:%d: username '%s' contains invalid characters. ", path, n, name)
			continue
		case names[name]:
			fmt.Fprintf(&wrong, "WARNING: Duplicate user '%s' found on line %d. ", name, n)
			continue
		}
		names[name] = true
		u, text := us.parseLine(name, words[2:])
		if text != "" {
			for _, t := range strings.Split(strings.TrimSuffix(text, "\n"), "\n") {
				fmt.Fprintf(&wrong, "%s:%d: %s. ", path, n, t)
			}
		}
		users = append(users, u)
	}
	if wrong.Len() > 0 {
		return nil, errors.New(wrong.String() + noChange)
	}
	return users, nil
}

// parseLine makes the user of a line. What is wrong is a line of text each: every unknown name, because they do not hang
// together, and of other errors the first.
func (us *Users) parseLine(name string, words []string) (*User, string) {
	u := us.fresh(name)
	rules, err := mergeSelectors(words)
	if err != nil {
		return u, "Unmatched parenthesis in selector definition\n"
	}
	var wrong strings.Builder
	failed := false
	for _, r := range rules {
		switch err := us.apply(u, r); {
		case err == nil:
		case errors.Is(err, ErrUnknown):
			wrong.WriteString("Error in applying operation '" + r + "': " + err.Error() + "\n")
		case !failed:
			wrong.WriteString(err.Error() + "\n")
			failed = true
		}
	}
	u.settle()
	return u, wrong.String()
}

// Configure makes a user by the line of a configuration file, whatever it was before. culprit is the word that an error
// is about.
func (us *Users) Configure(name string, words []string) (u *User, culprit string, err error) {
	u, _, err = us.Set(name, append([]string{"reset"}, words...))
	if rule := (*RuleError)(nil); errors.As(err, &rule) {
		return nil, rule.Rule, rule.Err
	}
	return u, name, err
}

// WriteFile writes all users to an ACL file, which is the old one or the new one whenever the server ends. The file keeps
// its mode; a new one may be read by its owner only.
func (us *Users) WriteFile(path string) (err error) {
	var text strings.Builder
	for _, name := range us.Names() {
		text.WriteString(us.byName[name].Line() + "\n")
	}
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".tmp-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			f.Close()
			os.Remove(f.Name())
		}
	}()
	if old, err := os.Stat(path); err == nil {
		if err := f.Chmod(old.Mode().Perm()); err != nil {
			return err
		}
	}
	if _, err := f.WriteString(text.String()); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}

// sentence returns the text of a system error as C libraries write it.
func sentence(err error) string {
	s := err.Error()
	return strings.ToUpper(s[:1]) + s[1:]
}

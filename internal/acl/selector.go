package acl

import (
	"bytes"
	"errors"
	"maps"
	"slices"
	"strings"
)

// Errors of rules. Texts are Redis's.
var (
	ErrUnknown    = errors.New("Unknown command or category name in ACL")
	ErrSyntax     = errors.New("Syntax error")
	ErrAfterKeys  = errors.New("Adding a pattern after the * pattern (or the 'allkeys' flag) is not valid and does not have any effect. Try 'resetkeys' to start with an empty list of patterns")
	ErrAfterChans = errors.New("Adding a pattern after the * pattern (or the 'allchannels' flag) is not valid and does not have any effect. Try 'resetchannels' to start with an empty list of channels")
	ErrNoPassword = errors.New("The password you are trying to remove from the user does not exist")
	ErrHash       = errors.New("The password hash must be exactly 64 characters and contain only lowercase hexadecimal characters")
	ErrFirstArg   = errors.New("Allowing first-arg of a subcommand is not supported")
	ErrName       = errors.New("Usernames can't contain spaces or null characters")
)

const errUnmatchedAt = "Unmatched parenthesis in acl selector starting at '"

// Access is what may be done with a key, or is about to be.
type Access uint8

// The ways.
const (
	Read Access = 1 << iota
	Write

	ReadWrite = Read | Write
)

// keyPattern permits access to the keys that match.
type keyPattern struct {
	pattern []byte
	access  Access
}

// Selector is one set of permissions.
type Selector struct {
	allKeys     bool
	allChannels bool
	allCommands bool // no command is taken away
	future      bool // commands that there are not yet are permitted

	commands  []uint64         // a bit for each command, by ID
	firstArgs map[int][]string // commands without their bit that are permitted with one of these first arguments
	rules     []string         // what set the bits, beginning from future: "+@read", "-get"
	keys      []keyPattern
	channels  [][]byte
}

func (us *Users) newSelector() *Selector {
	return &Selector{commands: make([]uint64, (len(us.cat.commands)+63)/64), allChannels: us.AllChannels}
}

func (s *Selector) clone() *Selector {
	c := *s
	c.commands = slices.Clone(s.commands)
	c.rules = slices.Clone(s.rules)
	c.keys = slices.Clone(s.keys) // the patterns themselves are never changed
	c.channels = slices.Clone(s.channels)
	c.firstArgs = maps.Clone(s.firstArgs)
	for id, list := range c.firstArgs {
		c.firstArgs[id] = slices.Clone(list)
	}
	return &c
}

// permits reports whether a command is permitted with any arguments.
func (s *Selector) permits(id int) bool { return s.commands[id/64]>>(id%64)&1 != 0 }

func (s *Selector) allowAll(cat *Catalog) {
	for i := range s.commands {
		s.commands[i] = ^uint64(0)
	}
	s.allCommands, s.future = true, true
	s.rules, s.firstArgs = nil, nil
}

func (s *Selector) allowNothing() {
	clear(s.commands)
	s.allCommands, s.future = false, false
	s.rules, s.firstArgs = nil, nil
}

// set permits a command, or takes it away, with all of its subcommands.
func (s *Selector) set(cat *Catalog, id int, allow bool) {
	bit := uint64(1) << (id % 64)
	if allow {
		s.commands[id/64] |= bit
	} else {
		s.commands[id/64] &^= bit
		s.allCommands = false
	}
	delete(s.firstArgs, id)
	for _, sub := range cat.commands[id].Subs {
		s.set(cat, sub, allow)
	}
}

// remember adds a rule about commands. Earlier rules about the same command or category, or about a part of it, say
// nothing any more and go.
func (s *Selector) remember(what string, allow bool) {
	what = strings.ToLower(what)
	s.rules = slices.DeleteFunc(s.rules, func(r string) bool {
		rest, ok := strings.CutPrefix(r[1:], what)
		return ok && (rest == "" || rest[0] == '|')
	})
	sign := "-"
	if allow {
		sign = "+"
	}
	s.rules = append(s.rules, sign+what)
}

// apply changes the selector by one rule.
func (s *Selector) apply(us *Users, rule string) error {
	cat := us.cat
	switch word := strings.ToLower(rule); word {
	case "":
	case "allkeys", "~*":
		s.allKeys, s.keys = true, nil
	case "resetkeys":
		s.allKeys, s.keys = false, nil
	case "allchannels", "&*":
		s.allChannels, s.channels = true, nil
	case "resetchannels":
		s.allChannels, s.channels = false, nil
	case "allcommands", "+@all":
		s.allowAll(cat)
	case "nocommands", "-@all":
		s.allowNothing()
	default:
		switch rule[0] {
		case '~', '%':
			return s.addKeys(rule)
		case '&':
			return s.addChannels(rule[1:])
		case '+', '-':
			return s.applyCommand(us, rule[1:], rule[0] == '+')
		}
		return ErrSyntax
	}
	return nil
}

// addKeys adds ~pattern or %RW~pattern.
func (s *Selector) addKeys(rule string) error {
	if s.allKeys {
		return ErrAfterKeys
	}
	access, pattern := ReadWrite, rule[1:]
	if rule[0] == '%' {
		// A rule that ends without ~ has the empty pattern: it is what Redis makes of it.
		var letters string
		letters, pattern, _ = strings.Cut(rule[1:], "~")
		access = 0
		for _, l := range strings.ToUpper(letters) {
			a := map[rune]Access{'R': Read, 'W': Write}[l]
			if a == 0 || access&a != 0 {
				return ErrSyntax
			}
			access |= a
		}
		if access == 0 {
			return ErrSyntax
		}
	}
	if hasSpaces(pattern) {
		return ErrSyntax
	}
	for i := range s.keys {
		if string(s.keys[i].pattern) == pattern {
			s.keys[i].access |= access
			return nil
		}
	}
	s.keys = append(s.keys, keyPattern{[]byte(pattern), access})
	return nil
}

// addChannels adds &pattern.
func (s *Selector) addChannels(pattern string) error {
	switch {
	case s.allChannels:
		return ErrAfterChans
	case hasSpaces(pattern):
		return ErrSyntax
	}
	p := []byte(pattern)
	if !slices.ContainsFunc(s.channels, func(c []byte) bool { return bytes.Equal(c, p) }) {
		s.channels = append(s.channels, p)
	}
	return nil
}

// applyCommand permits or takes away a command, a subcommand, a category, or a command with a first argument.
func (s *Selector) applyCommand(us *Users, name string, allow bool) error {
	cat := us.cat
	if category, ok := strings.CutPrefix(name, "@"); ok {
		k, ok := cat.Category(category)
		if !ok {
			return ErrUnknown
		}
		s.remember(name, allow)
		for id := range cat.commands {
			if cat.commands[id].Categories&k.Bit != 0 {
				s.set(cat, id, allow)
			}
		}
		return nil
	}
	bar := strings.LastIndexByte(name, '|')
	if allow && bar >= 0 {
		id, ok := cat.find(name[:bar])
		switch {
		case !ok:
			return ErrUnknown
		case cat.commands[id].Parent >= 0:
			return ErrFirstArg
		case bar == len(name)-1 || hasSpaces(name):
			return ErrSyntax
		case cat.commands[id].Subs == nil:
			if us.Warn != nil {
				us.Warn(name)
			}
			s.allowFirstArg(id, name[bar+1:])
			s.remember(name, true)
			return nil
		}
	}
	id, ok := cat.find(name)
	if !ok {
		return ErrUnknown
	}
	s.set(cat, id, allow)
	s.remember(cat.commands[id].Name, allow)
	return nil
}

// allowFirstArg permits a command with a certain first argument, which is compared in any case.
func (s *Selector) allowFirstArg(id int, arg string) {
	arg = strings.ToLower(arg)
	if s.firstArgs == nil {
		s.firstArgs = map[int][]string{}
	}
	if !slices.Contains(s.firstArgs[id], arg) {
		s.firstArgs[id] = append(s.firstArgs[id], arg)
	}
}

// hasSpaces reports whether a word could not be told apart in a list of rules.
func hasSpaces(s string) bool {
	return strings.ContainsAny(s, " \t\n\v\f\r\x00")
}

func validName(name string) bool { return !hasSpaces(name) }

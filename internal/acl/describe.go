package acl

import (
	"encoding/hex"
	"strings"

	"granary/internal/config"
)

// Rules returns the words that make the user what it is out of one that is new: the line of ACL LIST and of files, without
// "user" and the name. A selector in parentheses may be several words.
func (u *User) Rules() []string {
	words := u.Flags()
	for _, h := range u.Passwords() {
		words = append(words, "#"+h)
	}
	words = u.selectors[0].appendRules(words, plain)
	for _, s := range u.selectors[1:] {
		n := len(words)
		words = s.appendRules(words, quotedWord)
		words[n] = "(" + words[n]
		words[len(words)-1] += ")"
	}
	return words
}

// Line returns the user as ACL LIST and the ACL file show it.
func (u *User) Line() string { return "user " + u.Name + " " + strings.Join(u.Rules(), " ") }

// Flags returns the words about the user that are neither passwords nor permissions.
func (u *User) Flags() []string {
	words := make([]string, 0, 12)
	if u.on {
		words = append(words, "on")
	} else {
		words = append(words, "off")
	}
	if u.nopass {
		words = append(words, "nopass")
	}
	if u.payload == payloadSkip {
		return append(words, "skip-sanitize-payload")
	}
	return append(words, "sanitize-payload")
}

// Passwords returns the hashes of the passwords, in hexadecimal digits.
func (u *User) Passwords() []string {
	words := make([]string, len(u.passwords))
	for i := range u.passwords {
		words[i] = hex.EncodeToString(u.passwords[i][:])
	}
	return words
}

// Root returns the selector that rules outside of parentheses change.
func (u *User) Root() *Selector { return u.selectors[0] }

// Selectors returns the other selectors.
func (u *User) Selectors() []*Selector { return u.selectors[1:] }

// Commands returns the rules about commands, beginning with what holds for all others.
func (s *Selector) Commands() string { return strings.Join(s.appendCommands(nil, plain), " ") }

// Keys returns the patterns of keys.
func (s *Selector) Keys() string { return strings.Join(s.appendKeys(nil, plain), " ") }

// Channels returns the patterns of channels.
func (s *Selector) Channels() string { return strings.Join(s.appendChannels(nil, plain), " ") }

func (s *Selector) appendRules(words []string, form func(string) string) []string {
	words = s.appendKeys(words, form)
	if !s.allChannels {
		words = append(words, "resetchannels")
	}
	words = s.appendChannels(words, form)
	return s.appendCommands(words, form)
}

func (s *Selector) appendKeys(words []string, form func(string) string) []string {
	if s.allKeys {
		return append(words, "~*")
	}
	for _, k := range s.keys {
		sign := "~"
		switch {
		case k.access == Read:
			sign = "%R~"
		case k.access == Write:
			sign = "%W~"
		case string(k.pattern) == "*":
			sign = "%RW~" // ~* would be allkeys, and no pattern may follow that
		}
		words = append(words, form(sign+string(k.pattern)))
	}
	return words
}

func (s *Selector) appendChannels(words []string, form func(string) string) []string {
	if s.allChannels {
		return append(words, "&*")
	}
	for _, c := range s.channels {
		words = append(words, form("&"+string(c)))
	}
	return words
}

func (s *Selector) appendCommands(words []string, form func(string) string) []string {
	if s.future {
		words = append(words, "+@all")
	} else {
		words = append(words, "-@all")
	}
	for _, r := range s.rules {
		words = append(words, form(r))
	}
	return words
}

func plain(word string) string { return word }

// quotedWord returns a word inside of a selector so that it is read back as one: between quotes if it holds one, or ends
// in what would be taken for the end of the selector.
func quotedWord(word string) string {
	if strings.ContainsAny(word, `"'`) || strings.HasSuffix(word, ")") {
		return string(config.AppendQuoted(nil, word))
	}
	return word
}

package acl

import (
	"crypto/sha256"
	"errors"
	"slices"
	"strings"

	"granary/internal/config"
)

// RuleError is a rule that cannot be taken.
type RuleError struct {
	Rule string
	Err  error
}

func (e *RuleError) Error() string {
	return "Error in ACL SETUSER modifier '" + e.Rule + "': " + e.Err.Error()
}

// Unwrap returns what is wrong with the rule.
func (e *RuleError) Unwrap() error { return e.Err }

// mergeSelectors joins the words of each selector, which may come as one argument or as many: (+get ~x) is one rule.
func mergeSelectors(words []string) ([]string, error) {
	var merged []string
	open := -1 // position in words of the one that opened a selector
	for i, w := range words {
		switch {
		case open >= 0:
			merged[len(merged)-1] += " " + w
			if strings.HasSuffix(w, ")") {
				open = -1
			}
		case strings.HasPrefix(w, "(") && !strings.HasSuffix(w, ")"):
			open = i
			merged = append(merged, w)
		default:
			merged = append(merged, w)
		}
	}
	if open >= 0 {
		return nil, errors.New(errUnmatchedAt + words[open] + "'.")
	}
	return merged, nil
}

// apply changes a user by one rule.
func (us *Users) apply(u *User, rule string) error {
	switch strings.ToLower(rule) {
	case "":
		return nil
	case "on":
		u.on = true
		return nil
	case "off":
		u.on = false
		return nil
	case "nopass":
		u.nopass, u.passwords = true, nil
		return nil
	case "resetpass":
		u.nopass, u.passwords = false, nil
		return nil
	case "sanitize-payload":
		u.payload = payloadSanitize
		return nil
	case "skip-sanitize-payload":
		u.payload = payloadSkip
		return nil
	case "clearselectors":
		u.selectors = u.selectors[:1:1]
		return nil
	case "reset":
		*u = *us.fresh(u.Name)
		return nil
	}
	switch rule[0] {
	case '>':
		u.addPassword(sha256.Sum256([]byte(rule[1:])))
		return nil
	case '<':
		return u.removePassword(sha256.Sum256([]byte(rule[1:])))
	case '#', '!':
		hash, ok := parseHash(rule[1:])
		if !ok {
			return ErrHash
		}
		if rule[0] == '!' {
			return u.removePassword(hash)
		}
		u.addPassword(hash)
		return nil
	case '(':
		if rule[len(rule)-1] == ')' {
			return us.addSelector(u, rule[1:len(rule)-1])
		}
	}
	return u.selectors[0].apply(us, rule)
}

// addSelector adds a selector with the rules between its parentheses.
func (us *Users) addSelector(u *User, rules string) error {
	words, ok := config.SplitArgs(rules)
	if !ok {
		return ErrSyntax
	}
	s := us.newSelector()
	for _, w := range words {
		if err := s.apply(us, w); err != nil {
			return err
		}
	}
	u.selectors = append(u.selectors, s)
	return nil
}

func (u *User) addPassword(hash [sha256.Size]byte) {
	if !slices.Contains(u.passwords, hash) {
		u.passwords = append(u.passwords, hash)
	}
	u.nopass = false
}

func (u *User) removePassword(hash [sha256.Size]byte) error {
	i := slices.Index(u.passwords, hash)
	if i < 0 {
		return ErrNoPassword
	}
	u.passwords = slices.Delete(u.passwords, i, i+1)
	return nil
}

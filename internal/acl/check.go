package acl

import (
	"bytes"

	"granary/internal/glob"
)

// Verdict is what a check found, in Redis's order: of several selectors, the one that came furthest says why not.
type Verdict uint8

// The verdicts.
const (
	Allowed       Verdict = iota
	DeniedCommand         // the command, or its first argument
	DeniedKey
	DeniedAuth // a wrong name or password
	DeniedChannel
)

// Reason returns the word of ACL LOG.
func (v Verdict) Reason() string {
	return [...]string{"unknown", "command", "key", "auth", "channel"}[v]
}

// Request is a command line as the check needs to see it.
type Request struct {
	Command int  // its ID
	Free    bool // anybody may run the command (AUTH, HELLO, QUIT, RESET)
	Sub     bool // the command is a subcommand: its first argument is Args[2]
	Args    [][]byte
	Keys    []Ref
	Chans   []Ref
}

// Ref is an argument that is a key or a channel.
type Ref struct {
	Index   int
	Access  Access // of a key; none: the command only asks whether there is a key, which any access allows
	Pattern bool   // of a channel: PSUBSCRIBE
}

// NeedsKeys reports whether Check looks at Request.Keys.
func (u *User) NeedsKeys() bool { return u.keyRules }

// NeedsChannels reports whether Check looks at Request.Chans.
func (u *User) NeedsChannels() bool { return u.chanRules }

// Check reports whether the user may run a command line, and if not, why, and the position of the argument that is to
// blame: 0 is the command itself.
func (u *User) Check(r *Request) (Verdict, int) {
	worst, at := DeniedCommand, 0
	for _, s := range u.selectors {
		v, i := s.check(r)
		if v == Allowed {
			return Allowed, 0
		}
		if v > worst || v == worst && i > at {
			worst, at = v, i
		}
	}
	return worst, at
}

// check is Check for one selector.
func (s *Selector) check(r *Request) (Verdict, int) {
	if !s.allCommands && !r.Free && !s.permits(r.Command) && !s.permitsFirstArg(r) {
		return DeniedCommand, 0
	}
	if !s.allKeys {
		for _, k := range r.Keys {
			if !s.permitsKey(r.Args[k.Index], k.Access) {
				return DeniedKey, k.Index
			}
		}
	}
	if !s.allChannels {
		for _, c := range r.Chans {
			if !s.permitsChannel(r.Args[c.Index], c.Pattern) {
				return DeniedChannel, c.Index
			}
		}
	}
	return Allowed, 0
}

// permitsFirstArg reports whether a command without its bit is permitted because of its first argument.
func (s *Selector) permitsFirstArg(r *Request) bool {
	list := s.firstArgs[r.Command]
	at := 1
	if r.Sub {
		at = 2
	}
	if at >= len(r.Args) {
		return false
	}
	for _, a := range list {
		if equalFold(r.Args[at], a) {
			return true
		}
	}
	return false
}

func (s *Selector) permitsKey(key []byte, access Access) bool {
	for i := range s.keys {
		k := &s.keys[i]
		if k.access&access == access && glob.Match(k.pattern, key, false) {
			return true
		}
	}
	return false
}

// permitsChannel reports whether a channel matches a pattern of the selector. What is a pattern itself has to be one of
// the selector's, byte for byte: whether one pattern covers another is not asked.
func (s *Selector) permitsChannel(channel []byte, pattern bool) bool {
	for _, p := range s.channels {
		if pattern && bytes.Equal(p, channel) || !pattern && glob.Match(p, channel, false) {
			return true
		}
	}
	return false
}

// MayUse reports whether the user may use a channel, or a pattern of channels, with any command.
func (u *User) MayUse(channel []byte, pattern bool) bool {
	for _, s := range u.selectors {
		if s.allChannels || s.permitsChannel(channel, pattern) {
			return true
		}
	}
	return false
}

// LostChannels reports whether the user may have lost a channel since it was as before: if not, its subscriptions need
// not be looked at.
func (u *User) LostChannels(before *User) bool {
	for _, s := range u.selectors {
		if s.allChannels {
			return false
		}
	}
	for _, s := range before.selectors {
		if s.allChannels {
			return true
		}
		for _, p := range s.channels {
			if !u.MayUse(p, true) {
				return true
			}
		}
	}
	return false
}

// CheckUnrestricted reports whether a selector permits both the command line and the access to every key: SORT with BY
// or GET reads keys that no one can name beforehand.
func (u *User) CheckUnrestricted(r *Request, access Access) bool {
	for _, s := range u.selectors {
		if v, _ := s.check(r); v == Allowed && s.permitsAllKeys(access) {
			return true
		}
	}
	return false
}

func (s *Selector) permitsAllKeys(access Access) bool {
	if s.allKeys {
		return true
	}
	for i := range s.keys {
		if k := &s.keys[i]; k.access&access == access && string(k.pattern) == "*" {
			return true
		}
	}
	return false
}

// equalFold compares an argument in any case with a word in lower case.
func equalFold(b []byte, lower string) bool {
	if len(b) != len(lower) {
		return false
	}
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			c |= 0x20
		}
		if c != lower[i] {
			return false
		}
	}
	return true
}

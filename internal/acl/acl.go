// Package acl holds the users of the server and what each may do: run which commands, touch which keys, use which
// channels. It knows no sockets and no commands beyond what a Catalog says of them; internal/command asks it before a
// command runs, and internal/commands/acl changes it.
//
//	acl.go        User and Users
//	catalog.go    the commands and categories that rules name
//	selector.go   Selector: one set of permissions, and how rules change it
//	rules.go      the rules of a user, from words to a User
//	describe.go   a User back into words
//	check.go      may this user run this command line?
//	password.go   SHA-256, constant time, GENPASS
//	file.go       the ACL file
//	log.go        ACL LOG
//
// # What a user is
//
// A user has passwords, of which only the SHA-256 is kept, a switch (on, off), and one or more selectors. The first one,
// the root, is what rules outside of parentheses change; each pair of parentheses adds one. A command line is permitted
// if one selector permits all of it.
//
//	user alice on >secret ~app:* +@read (~queue:* +lpush)
//	              password  root: keys and commands  another selector
//
// What a selector may run is one bit per command and subcommand, by the command's ID, and one more for all commands that
// there are not yet. The rules that set the bits are remembered too, because they are what ACL LIST shows: a list of bits
// would be true today, and lose what "+@read" means for the commands of tomorrow.
//
// # The fast path
//
// A user whom some selector permits everything has Unlimited set. The dispatcher reads that one field, which lies first,
// and asks nothing else: the default user of a server without ACLs is such a user.
//
// Users lie on the Go heap: they are few, and only administrators make them. Guarded by the keyspace lock.
package acl

import (
	"crypto/sha256"
	"maps"
	"slices"
)

// DefaultName is the name of the user that connections begin with. It always exists.
const DefaultName = "default"

// User is one user. Sessions refer to it: a change of its rules works for them at once.
type User struct {
	Unlimited bool // some selector permits everything; first because every command reads it
	keyRules  bool // some selector does not permit all keys
	chanRules bool // some selector does not permit all channels

	Name      string
	on        bool
	nopass    bool
	payload   payload
	passwords [][sha256.Size]byte
	selectors []*Selector // the root first
}

// payload says whether what the user sends to RESTORE is checked for soundness. It is a flag that is kept and shown:
// Granary checks always.
type payload uint8

const (
	payloadSanitize payload = iota
	payloadSkip
)

// On reports whether the user may log in.
func (u *User) On() bool { return u.on }

// NoPass reports whether the user logs in with any password.
func (u *User) NoPass() bool { return u.nopass }

// Open reports whether connections are this user without logging in.
func (u *User) Open() bool { return u.on && u.nopass }

// clone returns a copy that shares nothing that rules change.
func (u *User) clone() *User {
	c := *u
	c.passwords = slices.Clone(u.passwords)
	c.selectors = make([]*Selector, len(u.selectors))
	for i, s := range u.selectors {
		c.selectors[i] = s.clone()
	}
	return &c
}

// settle derives what the checks read first. It is called when rules have changed.
func (u *User) settle() {
	u.Unlimited, u.keyRules, u.chanRules = false, false, false
	for _, s := range u.selectors {
		u.Unlimited = u.Unlimited || s.allCommands && s.allKeys && s.allChannels
		u.keyRules = u.keyRules || !s.allKeys
		u.chanRules = u.chanRules || !s.allChannels
	}
}

// Users is all users of a server.
type Users struct {
	Default *User // always the same one

	// AllChannels is what a new user may do with channels, and one after reset: everything or nothing
	// (acl-pubsub-default).
	AllChannels bool

	// Warn is called with rules that Redis takes and means to take no longer, if it is set.
	Warn func(rule string)

	cat    *Catalog
	byName map[string]*User
}

// NewUsers returns a registry with the default user, who needs no password and may do everything.
func NewUsers(cat *Catalog) *Users {
	us := &Users{cat: cat, byName: map[string]*User{}}
	us.Default = us.unrestricted()
	us.byName[DefaultName] = us.Default
	return us
}

// unrestricted returns the default user as it is where nothing is configured.
func (us *Users) unrestricted() *User {
	u := us.fresh(DefaultName)
	u.on, u.nopass = true, true
	root := u.selectors[0]
	root.allowAll(us.cat)
	root.allKeys, root.allChannels = true, true
	u.settle()
	return u
}

// fresh returns a user as it is before any rule: off, without a password, permitted nothing.
func (us *Users) fresh(name string) *User {
	u := &User{Name: name}
	u.selectors = []*Selector{us.newSelector()}
	u.settle()
	return u
}

// Catalog returns what rules may name.
func (us *Users) Catalog() *Catalog { return us.cat }

// Find returns the user of that name, nil if there is none.
func (us *Users) Find(name []byte) *User { return us.byName[string(name)] }

// Names returns all names in alphabetical order.
func (us *Users) Names() []string { return slices.Sorted(maps.Keys(us.byName)) }

// Set does ACL SETUSER: it changes a user, or makes a new one, by all of the rules or by none. It returns the user as
// it is now and a copy of it as it was before, nil if it is new.
func (us *Users) Set(name string, rules []string) (now, before *User, err error) {
	if !validName(name) {
		return nil, nil, ErrName
	}
	u := us.byName[name]
	next := us.fresh(name)
	if u != nil {
		next = u.clone()
	}
	merged, err := mergeSelectors(rules)
	if err != nil {
		return nil, nil, err
	}
	for _, r := range merged {
		if err := us.apply(next, r); err != nil {
			return nil, nil, &RuleError{Rule: r, Err: err}
		}
	}
	next.settle()
	if u == nil {
		us.byName[name] = next
		return next, nil, nil
	}
	before = new(User)
	*before = *u // its slices are not shared with next
	*u = *next
	return u, before, nil
}

// Delete removes a user and returns it, nil if there was none. REQUIRES: name is not DefaultName.
func (us *Users) Delete(name []byte) *User {
	u := us.byName[string(name)]
	if u == us.Default {
		panic("BUG: acl: the default user is deleted")
	}
	delete(us.byName, string(name))
	return u
}

// SetDefaultPassword does what requirepass asks for: the default user has that one password, or none if it is empty.
func (us *Users) SetDefaultPassword(password string) {
	u := us.Default
	u.passwords, u.nopass = nil, password == ""
	if password != "" {
		u.passwords = [][sha256.Size]byte{sha256.Sum256([]byte(password))}
	}
}

// Replacement is what Replace did to a user that was there before.
type Replacement struct {
	User   *User
	Before *User // as it was; nil if nothing changed hands
	Gone   bool
}

// Replace puts the users of an ACL file in the place of all users. Those who stay are changed in place, so that sessions
// may go on being them. It tells what became of each user that was there; the default user, if the file does not name it,
// is as where nothing is configured.
func (us *Users) Replace(loaded []*User) []Replacement {
	next := make(map[string]*User, len(loaded)+1)
	for _, u := range loaded {
		next[u.Name] = u
	}
	if next[DefaultName] == nil {
		next[DefaultName] = us.unrestricted()
	}
	var done []Replacement
	for _, name := range us.Names() {
		u, n := us.byName[name], next[name]
		if n == nil {
			done = append(done, Replacement{User: u, Gone: true})
			continue
		}
		before := new(User)
		*before = *u
		*u = *n
		next[name] = u
		done = append(done, Replacement{User: u, Before: before})
	}
	us.byName = next
	return done
}

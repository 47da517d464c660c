package command

import (
	"strings"

	"granary/internal/acl"
	"granary/internal/config"
)

// How sessions and users meet. internal/acl decides; this file tells it what a command line touches.
//
//	execute          the user is Unlimited: nothing more is asked
//	admit            Client.Denied, in its place among all that may stand in the way of a command
//	EXEC, scripts    Client.Denied again, for each command that they execute
//	blocking.go      Client.Denied again, when a command that waited is executed

// ACL is the users of the server and what is noted of their refusals. Guarded by the keyspace lock.
type ACL struct {
	Users *acl.Users
	Log   acl.Log

	// Subscriptions calls fn for every channel and pattern that a client is subscribed to, until fn reports false.
	Subscriptions func(c *Client, fn func(channel []byte, pattern bool) bool)

	request acl.Request // reused: checks do not allocate
	keys    []KeyPos
}

// NewACL returns the users of a server that just starts: the default user, with requirepass for a password.
func NewACL(t *Table, cfg *config.Config) *ACL {
	a := &ACL{Users: acl.NewUsers(t.catalog())}
	a.Configure(cfg)
	a.Users.SetDefaultPassword(cfg.RequirePass)
	return a
}

// Configure takes over acllog-max-len and acl-pubsub-default.
func (a *ACL) Configure(cfg *config.Config) {
	a.Log.Max = int(cfg.ACLLogMaxLen)
	a.Users.AllChannels = cfg.ACLPubSubDefault == config.AllChannels
}

// catalog tells rules what they may name.
func (t *Table) catalog() *acl.Catalog {
	commands := make([]acl.Command, len(t.all))
	for id, s := range t.all {
		c := acl.Command{Name: s.Full, Parent: -1, Categories: uint32(s.cats)}
		if s.Parent != nil {
			c.Parent = s.Parent.ID
		}
		for _, sub := range s.Subs {
			c.Subs = append(c.Subs, sub.ID)
		}
		commands[id] = c
	}
	categories := make([]acl.Category, len(CategoryNames))
	for i, k := range CategoryNames {
		categories[i] = acl.Category{Name: k.Name, Bit: uint32(k.Category)}
	}
	return acl.NewCatalog(commands, categories)
}

// Catalog is what ACL rules may name, for who reads a configuration before there is a server.
func (t *Table) Catalog() *acl.Catalog { return t.catalog() }

// SetDefaultUser makes the session one that has not logged in: it is the default user, which it may be without a password
// if that user needs none.
func (c *Client) SetDefaultUser() {
	c.User = c.Env.ACL.Users.Default
	c.Authenticated = c.User.Open()
	c.known = c.known || c.Authenticated
}

// NeedsAuth reports whether the session has to log in before it may do anything.
func (c *Client) NeedsAuth() bool { return !c.Authenticated && !c.Env.ACL.Users.Default.Open() }

// Login makes the session one of a user, or reports false if name and password do not fit, which is counted and logged.
func (c *Client) Login(name, password []byte) bool {
	u := c.Env.ACL.Users.Login(name, password)
	if u == nil {
		c.refused(acl.DeniedAuth, c.ctx.Args[0], string(name), c.aclContext())
		return false
	}
	c.User, c.Authenticated, c.known = u, true, true
	return true
}

// aclContext is where a command of the session itself is refused.
func (c *Client) aclContext() acl.Context {
	if c.tx.on {
		return acl.Multi
	}
	return acl.TopLevel
}

// Permits reports whether the user of the session may run a command line.
func (c *Client) Permits(spec *Spec, args [][]byte) bool {
	v, _ := c.Env.ACL.Check(c.User, spec, args)
	return v == acl.Allowed
}

// Denied reports why the user of the session may not run a command line, and the text of the error. If the user may it
// answers acl.Allowed and "". A refusal is counted and noted in ACL LOG.
func (c *Client) Denied(spec *Spec, args [][]byte, where acl.Context) (acl.Verdict, string) {
	v, at := c.Env.ACL.Check(c.User, spec, args)
	if v == acl.Allowed {
		return v, ""
	}
	object := []byte(spec.Full)
	if v != acl.DeniedCommand {
		object = args[at]
	}
	c.refused(v, object, c.User.Name, where)
	return v, "NOPERM " + deniedText(v, c.User, spec, args[at], false)
}

// Explain returns what ACL DRYRUN says of a command line, "" if the user may run it.
func (a *ACL) Explain(u *acl.User, spec *Spec, args [][]byte) string {
	v, at := a.Check(u, spec, args)
	if v == acl.Allowed {
		return ""
	}
	return deniedText(v, u, spec, args[at], true)
}

// deniedText is the reason of a refusal. Only who asks by ACL DRYRUN is told the key or channel.
func deniedText(v acl.Verdict, u *acl.User, spec *Spec, arg []byte, verbose bool) string {
	switch {
	case v == acl.DeniedKey && verbose:
		return "User " + u.Name + " has no permissions to access the '" + string(arg) + "' key"
	case v == acl.DeniedKey:
		return "No permissions to access a key"
	case v == acl.DeniedChannel && verbose:
		return "User " + u.Name + " has no permissions to access the '" + string(arg) + "' channel"
	case v == acl.DeniedChannel:
		return "No permissions to access a channel"
	}
	return "User " + u.Name + " has no permissions to run the '" + spec.Full + "' command"
}

// ChangedSinceQueued is what EXEC answers for a command that the user was permitted when it was queued, and is not now.
func ChangedSinceQueued(v acl.Verdict) string {
	reason := "no permission to execute the command or subcommand"
	switch v {
	case acl.DeniedKey:
		reason = "no permission to touch the specified keys"
	case acl.DeniedChannel:
		reason = "no permission to access one of the channels used as arguments to the command"
	}
	return "NOPERM ACLs rules changed between the moment the transaction was accumulated and the EXEC call. " +
		"This command is no longer allowed for the following reason: " + reason
}

// Check reports whether a user may run a command line, and if not, why, and the position of the argument that is to blame.
func (a *ACL) Check(u *acl.User, spec *Spec, args [][]byte) (acl.Verdict, int) {
	if u.Unlimited {
		return acl.Allowed, 0
	}
	return u.Check(a.describe(u, spec, args))
}

// MayReadAllKeys reports whether the user of the session may run a command line and, by the same permissions, read every key.
func (c *Client) MayReadAllKeys(spec *Spec, args [][]byte) bool {
	a := c.Env.ACL
	return c.User.Unlimited || c.User.CheckUnrestricted(a.describe(c.User, spec, args), acl.Read)
}

// keepRefs is the most keys or channels of a command line that room is kept for.
const keepRefs = 1024

// describe says what a command line touches. The result is valid until the next call.
func (a *ACL) describe(u *acl.User, spec *Spec, args [][]byte) *acl.Request {
	r := &a.request
	if cap(r.Keys) > keepRefs || cap(r.Chans) > keepRefs {
		*r, a.keys = acl.Request{}, nil
	}
	r.Command, r.Free, r.Sub, r.Args = spec.ID, spec.Flags&NoAuth != 0, spec.Parent != nil, args
	r.Keys, r.Chans = r.Keys[:0], r.Chans[:0]
	fits := spec.Takes(len(args)) // a script may ask about what does not
	if u.NeedsKeys() && fits && spec.HasKeys() {
		// Where the keys cannot be told the command is permitted as one without keys: it will fail for its syntax.
		a.keys, _ = spec.FindKeys(args, a.keys[:0])
		for _, k := range a.keys {
			r.Keys = append(r.Keys, acl.Ref{Index: k.Index, Access: k.Flags.access()})
		}
	}
	if u.NeedsChannels() && fits && spec.Channels.First > 0 {
		last := spec.Channels.Last
		if last < 0 {
			last += len(args)
		}
		for i := spec.Channels.First; i <= last && i < len(args); i++ {
			r.Chans = append(r.Chans, acl.Ref{Index: i, Pattern: spec.Channels.Pattern})
		}
	}
	return r
}

// access is what a user must be permitted to do with a key.
func (f KeyFlags) access() (a acl.Access) {
	if f&KeyAccess != 0 {
		a |= acl.Read
	}
	if f&(KeyUpdate|KeyInsert|KeyDelete) != 0 {
		a |= acl.Write
	}
	return a
}

// refused counts and notes a refusal.
func (c *Client) refused(v acl.Verdict, object []byte, user string, where acl.Context) {
	env := c.Env
	switch v {
	case acl.DeniedCommand:
		env.Stats.DeniedCommand++
	case acl.DeniedKey:
		env.Stats.DeniedKey++
	case acl.DeniedAuth:
		env.Stats.DeniedAuth++
	case acl.DeniedChannel:
		env.Stats.DeniedChannel++
	}
	if env.ACL.Log.Max <= 0 {
		return
	}
	client := c
	if c.Caller != nil {
		client = c.Caller
	}
	if client.Conn != nil { // it may be of another loop, when a command that waited is executed
		client.Conn.Borrow(env.Loop)
		defer client.Conn.Return(env.Loop)
	}
	env.ACL.Log.Add(acl.Entry{
		Reason: v, Context: where, Object: string(object), User: strings.Clone(user), Client: client.Describe(),
	}, env.Keys.Now)
}

// LoadUsers puts the users of an ACL file in the place of all users. If anything is wrong with the file nothing changes.
func (e *Env) LoadUsers(by *Client, path string) error {
	loaded, err := e.ACL.Users.ReadFile(path)
	if err != nil {
		return err
	}
	for _, r := range e.ACL.Users.Replace(loaded) {
		e.UserChanged(by, r.User, r.Before, r.Gone)
	}
	return nil
}

// UserChanged closes the connections that a change of a user takes something away from: those of a user that was deleted,
// and those that are subscribed to a channel that the user may not use any more. before is the user as it was.
func (e *Env) UserChanged(by *Client, u, before *acl.User, gone bool) {
	subscriptions := e.ACL.Subscriptions
	if !gone && (subscriptions == nil || before == nil || !u.LostChannels(before)) {
		return
	}
	var doomed []*Client
	e.Ops.EachClient(func(x *Client) {
		if x.User != u {
			return
		}
		lost := gone
		if gone {
			x.User, x.Authenticated = e.ACL.Users.Default, false
		} else {
			subscriptions(x, func(channel []byte, pattern bool) bool {
				lost = !u.MayUse(channel, pattern)
				return !lost
			})
		}
		if lost {
			doomed = append(doomed, x)
		}
	})
	for _, x := range doomed {
		e.Ops.Kill(x, x == by)
	}
}

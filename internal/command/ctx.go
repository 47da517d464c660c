package command

import (
	"slices"
	"strings"

	"granary/internal/keyspace"
	"granary/internal/netloop"
	"granary/internal/object"
	"granary/internal/resp"
)

// Ctx is one command in execution. A handler gets it, reads Args, works on DB, and appends exactly one reply to Out.
//
// BORROWS: Args are slices of the client's query buffer and valid until the handler returns.
type Ctx struct {
	Args   [][]byte // Args[0] is the command's name as sent, Args[1] the subcommand's for a container
	DB     *keyspace.DB
	Out    *resp.Writer
	Client *Client
	Env    *Env
	Spec   *Spec

	// DenyBlocking is set in transactions and scripts: a command that would wait answers as if its time were over.
	DenyBlocking bool

	effects     [][][]byte // what to repeat elsewhere instead of Args; see Rewrite
	quiet       bool       // nothing is to be repeated elsewhere
	forReplicas bool       // see ForReplicas

	redacted    []int  // positions of secrets among Args; see Redact
	redactedFor uint64 // Client.Calls of the command they belong to
}

// Keys returns the keyspace.
func (c *Ctx) Keys() *keyspace.Keyspace { return c.Env.Keys }

// Now returns the Unix time in milliseconds of this command.
func (c *Ctx) Now() int64 { return c.Env.Keys.Now }

// Read looks up a key for reading, marking the access unless the client is under CLIENT NO-TOUCH.
func (c *Ctx) Read(key []byte) keyspace.Item { return c.DB.Lookup(key, c.Client.touch) }

// Write looks up a key to change it.
func (c *Ctx) Write(key []byte) keyspace.Item {
	return c.DB.Lookup(key, keyspace.ForWrite|c.Client.touch)
}

// ReadTo is Read with the Item where it stays (keyspace.DB.LookupTo).
func (c *Ctx) ReadTo(it *keyspace.Item, key []byte) { c.DB.LookupTo(it, key, c.Client.touch) }

// WriteTo is Write with the Item where it stays.
func (c *Ctx) WriteTo(it *keyspace.Item, key []byte) {
	c.DB.LookupTo(it, key, keyspace.ForWrite|c.Client.touch)
}

// IsType reports whether an existing key holds a value of type t, and answers WRONGTYPE when it does not.
func (c *Ctx) IsType(it *keyspace.Item, t object.Type) bool {
	if it.Entry.Type() == t {
		return true
	}
	c.Out.Error(ErrWrongType)
	return false
}

// rewriteMin is the length from which a value that has one before it is copied into it, if it fits, and not taken over:
// so much memory is given back to the kernel when it is freed, and to have its pages again costs more than the copy.
const rewriteMin = 4 << 20

// SetString stores argument i as SET does (keyspace.Item.SetString). A large one is taken over without a copy. CPU per
// SET of 64 KiB, 1 MiB, and 1 MiB under a new key: 12.4, 232 and 566 us, with a copy 13.8, 244 and 769 us.
func (c *Ctx) SetString(it *keyspace.Item, i int, expiry int64) {
	if n := len(c.Args[i]); n >= netloop.LargeArg && (n < rewriteMin || !it.Exists()) {
		if block := c.Client.takeArg(i); block != 0 {
			it.SetBlock(block, expiry)
			return
		}
	}
	it.SetString(c.Args[i], expiry)
}

// Changed tells that the key was changed: whoever watches or caches it, the count of changes, and an event.
func (c *Ctx) Changed(key []byte, class keyspace.Class, event string) {
	ks := c.Env.Keys
	ks.Stats.Dirty++
	ks.Modified(c.DB.ID, key)
	ks.Notify(class, event, key, c.DB.ID)
}

// Notify tells of a keyspace event in the client's database.
func (c *Ctx) Notify(class keyspace.Class, event string, key []byte) {
	c.Env.Keys.Notify(class, event, key, c.DB.ID)
}

// Redact says that an argument is a secret, which the slow log must not show.
func (c *Ctx) Redact(i int) {
	if c.redactedFor != c.Client.Calls+1 {
		c.redacted, c.redactedFor = c.redacted[:0], c.Client.Calls+1
	}
	c.redacted = append(c.redacted, i)
}

// isRedacted reports whether the command that just ran called Redact for its argument i.
func (c *Ctx) isRedacted(i int) bool {
	return c.redactedFor == c.Client.Calls && slices.Contains(c.redacted, i)
}

// SyntaxError answers ERR syntax error.
func (c *Ctx) SyntaxError() { c.Out.Error(ErrSyntax) }

// Int reads an argument as a 64-bit integer in Redis's strict form and answers an error when it is none.
func (c *Ctx) Int(arg []byte) (int64, bool) {
	n, ok := object.ParseInt(arg)
	if !ok {
		c.Out.Error(ErrNotInteger)
	}
	return n, ok
}

// WrongArity answers the error for a wrong number of arguments.
func (c *Ctx) WrongArity() {
	c.Out.Error("ERR wrong number of arguments for '" + c.Spec.Full + "' command")
}

// WrongSubArity answers what Redis answers for a subcommand whose declared arity allows the number of arguments while its
// syntax does not.
func (c *Ctx) WrongSubArity() {
	c.Out.Error("ERR unknown subcommand or wrong number of arguments for '" + clip(c.Args[1], 128) + "'. Try " + strings.ToUpper(c.Spec.Parent.Name) + " HELP.")
}

package strings

import (
	"bytes"

	"granary/internal/command"
	"granary/internal/keyspace"
	"granary/internal/object"
)

var specSet = &command.Spec{
	Name: "set", Summary: "Gives a key a string value, whatever it held, and options say when and for how long.", Since: "1.0.0",
	Group: command.GroupString, Complexity: "O(1)",
	Arity: -3, Flags: command.Write | command.DenyOOM,
	Keys: []command.KeySpec{{
		Flags: command.KeyRW | command.KeyAccess | command.KeyUpdate | command.KeyVariableFlags,
		Notes: "RW and ACCESS due to the optional `GET` argument", Index: 1, KeyStep: 1,
	}},
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey, KeySpec: 1},
		{Name: "value", Type: command.ArgString},
		{Name: "condition", Type: command.ArgOneOf, Since: "2.6.12", Flags: command.Optional, Args: []command.Arg{
			{Name: "nx", Type: command.ArgPureToken, Token: "NX"},
			{Name: "xx", Type: command.ArgPureToken, Token: "XX"},
		}},
		{Name: "get", Type: command.ArgPureToken, Token: "GET", Since: "6.2.0", Flags: command.Optional},
		{Name: "expiration", Type: command.ArgOneOf, Flags: command.Optional, Args: []command.Arg{
			{Name: "seconds", Type: command.ArgInteger, Token: "EX", Since: "2.6.12"},
			{Name: "milliseconds", Type: command.ArgInteger, Token: "PX", Since: "2.6.12"},
			{Name: "unix-time-seconds", Type: command.ArgUnixTime, Token: "EXAT", Since: "6.2.0"},
			{Name: "unix-time-milliseconds", Type: command.ArgUnixTime, Token: "PXAT", Since: "6.2.0"},
			{Name: "keepttl", Type: command.ArgPureToken, Token: "KEEPTTL", Since: "6.0.0"},
		}},
	},
	History: []command.Change{
		{Since: "2.6.12", What: "The options `EX`, `PX`, `NX` and `XX`."},
		{Since: "6.0.0", What: "The option `KEEPTTL`."},
		{Since: "6.2.0", What: "The options `GET`, `EXAT` and `PXAT`."},
		{Since: "7.0.0", What: "`NX` and `GET` may be given together."},
	},
	GetKeys: setKeys,
	Handler: cmdSet,
}

// setKeys tells COMMAND GETKEYSANDFLAGS whether the old value is read.
func setKeys(args [][]byte, dst []command.KeyPos) ([]command.KeyPos, bool) {
	flags := command.KeyOW | command.KeyUpdate
	for _, a := range args[3:] {
		if command.Is(a, "get") {
			flags = command.KeyRW | command.KeyAccess | command.KeyUpdate
		}
	}
	return append(dst, command.KeyPos{Index: 1, Flags: flags}), true
}

// cmdSet answers SET key value [NX | XX | IFEQ value] [GET] [EX s | PX ms | EXAT s | PXAT ms | KEEPTTL].
func cmdSet(c *command.Ctx) {
	if len(c.Args) > 3 {
		setWithOptions(c)
		return
	}
	key := c.Args[1]
	it := c.Write(key)
	c.SetString(&it, 2, 0)
	c.Changed(key, keyspace.String, "set")
	c.Out.OK()
}

// setWithOptions is SET with anything behind the value. IFEQ is Valkey's: the key has to hold that very string.
func setWithOptions(c *command.Ctx) {
	var o options
	if !parseSet(c.Args[3:], &o) {
		c.SyntaxError()
		return
	}
	var at int64
	if o.unit != noTime {
		var ok bool
		if at, ok = expiry(c, o.time, o.unit); !ok {
			return
		}
	}
	key := c.Args[1]
	if o.get && !getReply(c, key) {
		return
	}
	it := c.Write(key)
	if o.compare && it.Exists() && it.Entry.Type() != object.String {
		if !o.get {
			c.Out.Error(command.ErrWrongType)
		}
		return
	}
	if o.ifAbsent && it.Exists() || o.ifPresent && !it.Exists() || o.compare && !holds(&it, o.equal) {
		if !o.get {
			c.Out.Null()
		}
		return
	}
	if o.keepTTL && it.Exists() {
		at = it.Expiry()
	}
	c.SetString(&it, 2, at)
	c.Changed(key, keyspace.String, "set")
	if o.unit != noTime {
		c.Notify(keyspace.Generic, "expire", key)
	}
	if !o.get {
		c.Out.OK()
	}
	if c.Feeding() {
		feedSet(c, &o, at)
	}
}

// holds tells whether the key holds the string val. REQUIRES: an existing key is a string.
func holds(it *keyspace.Item, val []byte) bool {
	if !it.Exists() {
		return false
	}
	var s object.Scratch
	return bytes.Equal(it.Entry.Text(&s), val)
}

// feedSet says what to repeat instead of SET with options: the time of expiry is made absolute, which leaves nothing else
// to say, and GET goes, because nobody reads its answer.
func feedSet(c *command.Ctx, o *options, at int64) {
	switch {
	case o.unit != noTime:
		c.Rewrite(tokenSet, c.Args[1], c.Args[2], tokenPXAT, decimal(at))
	case o.get || o.compare:
		args := make([][]byte, 0, len(c.Args))
		for i := 0; i < len(c.Args); i++ {
			switch {
			case i > 2 && command.Is(c.Args[i], "get"):
			case i > 2 && command.Is(c.Args[i], "ifeq"):
				i++
			default:
				args = append(args, c.Args[i])
			}
		}
		c.Rewrite(args...)
	}
}

// Words of effects, spelled as other servers spell them in their streams.
var (
	tokenSet       = []byte("SET")
	tokenPXAT      = []byte("PXAT")
	tokenKeepTTL   = []byte("KEEPTTL")
	tokenDel       = []byte("DEL")
	tokenPersist   = []byte("PERSIST")
	tokenPExpireAt = []byte("PEXPIREAT")
)

var specSetNX = &command.Spec{
	Name: "setnx", Summary: "Gives a key a string value unless it exists.", Since: "1.0.0",
	Group: command.GroupString, Complexity: "O(1)",
	Arity: 3, Flags: command.Write | command.DenyOOM | command.Fast,
	Keys: command.OneKey(command.KeyOW | command.KeyInsert),
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey, KeySpec: 1},
		{Name: "value", Type: command.ArgString},
	},
	Handler: cmdSetNX,
}

// cmdSetNX answers SETNX key value.
func cmdSetNX(c *command.Ctx) {
	key := c.Args[1]
	it := c.Write(key)
	if it.Exists() {
		c.Out.Int(0)
		return
	}
	c.SetString(&it, 2, 0)
	c.Changed(key, keyspace.String, "set")
	c.Out.Int(1)
}

var specSetEx = &command.Spec{
	Name: "setex", Summary: "Gives a key a string value and a time to live in seconds.", Since: "2.0.0",
	Group: command.GroupString, Complexity: "O(1)",
	Arity: 4, Flags: command.Write | command.DenyOOM,
	Keys: command.OneKey(command.KeyOW | command.KeyUpdate),
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey, KeySpec: 1},
		{Name: "seconds", Type: command.ArgInteger},
		{Name: "value", Type: command.ArgString},
	},
	Handler: cmdSetEx,
}

// cmdSetEx answers SETEX key seconds value.
func cmdSetEx(c *command.Ctx) { setFor(c, inSeconds) }

var specPSetEx = &command.Spec{
	Name: "psetex", Summary: "Gives a key a string value and a time to live in milliseconds.", Since: "2.6.0",
	Group: command.GroupString, Complexity: "O(1)",
	Arity: 4, Flags: command.Write | command.DenyOOM,
	Keys: command.OneKey(command.KeyOW | command.KeyUpdate),
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey, KeySpec: 1},
		{Name: "milliseconds", Type: command.ArgInteger},
		{Name: "value", Type: command.ArgString},
	},
	Handler: cmdPSetEx,
}

// cmdPSetEx answers PSETEX key milliseconds value.
func cmdPSetEx(c *command.Ctx) { setFor(c, inMillis) }

func setFor(c *command.Ctx, unit timeUnit) {
	key, val := c.Args[1], c.Args[3]
	at, ok := expiry(c, c.Args[2], unit)
	if !ok {
		return
	}
	it := c.Write(key)
	c.SetString(&it, 3, at)
	c.Changed(key, keyspace.String, "set")
	c.Notify(keyspace.Generic, "expire", key)
	c.Out.OK()
	if c.Feeding() {
		c.Rewrite(tokenSet, key, val, tokenPXAT, decimal(at))
	}
}

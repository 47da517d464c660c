package connection

import (
	"granary/internal/acl"
	"granary/internal/command"
	"granary/internal/info"
	"granary/internal/object"
)

var specHello = &command.Spec{
	Name: "hello", Summary: "Choose the protocol, authenticate and name the connection in one step.", Since: "6.0.0",
	Group: command.GroupConnection, Complexity: "O(1)", Arity: -1,
	Flags: command.NoScript | command.Loading | command.Stale | command.Fast | command.NoAuth | command.AllowBusy,
	History: []command.Change{
		{Since: "6.2.0", What: "The version may be left out."},
	},
	Args: []command.Arg{
		{Name: "arguments", Type: command.ArgBlock, Flags: command.Optional, Args: []command.Arg{
			{Name: "protover", Type: command.ArgInteger},
			{Name: "username_password", Type: command.ArgBlock, Token: "AUTH", Flags: command.Optional, Args: []command.Arg{
				{Name: "username", Type: command.ArgString},
				{Name: "password", Type: command.ArgString},
			}},
			{Name: "clientname", Type: command.ArgString, Token: "SETNAME", Flags: command.Optional},
		}},
	},
	Handler: cmdHello,
}

var specAuth = &command.Spec{
	Name: "auth", Summary: "Authenticate the connection.", Since: "1.0.0",
	Group: command.GroupConnection, Complexity: "O(N) where N is the number of passwords defined for the user", Arity: -2,
	Flags: command.NoScript | command.Loading | command.Stale | command.Fast | command.NoAuth | command.AllowBusy,
	History: []command.Change{
		{Since: "6.0.0", What: "A user name before the password."},
	},
	Args: []command.Arg{
		{Name: "username", Type: command.ArgString, Since: "6.0.0", Flags: command.Optional},
		{Name: "password", Type: command.ArgString},
	},
	Handler: cmdAuth,
}

const (
	errWrongPass  = "WRONGPASS invalid username-password pair or user is disabled."
	errNoPassword = "ERR AUTH <password> called without any password configured for the default user. Are you sure your configuration is correct?"
	errProtoInt   = "ERR Protocol version is not an integer or out of range"
	errNoProto    = "NOPROTO unsupported protocol version"
	errHelloAuth  = "NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO <proto> AUTH <user> <pass> option can be used to authenticate the client and select the RESP protocol version at the same time"
)

// cmdHello answers HELLO [protover [AUTH username password] [SETNAME clientname]]. Nothing changes if an option is wrong.
func cmdHello(c *command.Ctx) {
	proto := int64(c.Out.Proto)
	for i := 2; i < len(c.Args)-1; i++ {
		if command.Is(c.Args[i], "auth") {
			c.Redact(i + 1)
			c.Redact(i + 2) // if there is one
		}
	}
	if len(c.Args) > 1 {
		n, ok := object.ParseInt(c.Args[1])
		if !ok {
			c.Out.Error(errProtoInt)
			return
		}
		if n != 2 && n != 3 {
			c.Out.Error(errNoProto)
			return
		}
		proto = n
	}
	var user, pass, name []byte
	auth, named := false, false
	for i := 2; i < len(c.Args); {
		left := len(c.Args) - i - 1
		switch opt := c.Args[i]; {
		case command.Is(opt, "auth") && left >= 2:
			user, pass, auth = c.Args[i+1], c.Args[i+2], true
			i += 3
		case command.Is(opt, "setname") && left >= 1:
			name, named = c.Args[i+1], true
			if !validName(name) {
				c.Out.Error(errBadName)
				return
			}
			i += 2
		default:
			c.Out.Error("ERR Syntax error in HELLO option '" + string(opt) + "'")
			return
		}
	}
	if auth && !login(c, user, pass) {
		return
	}
	if c.Client.NeedsAuth() {
		c.Out.Error(errHelloAuth)
		return
	}
	if named {
		c.Client.SetName(string(name))
	}
	c.Out.Proto = uint8(proto)
	writeHello(c)
}

func writeHello(c *command.Ctx) {
	o := c.Out
	o.Map(7)
	o.BulkString("server")
	o.BulkString("redis")
	o.BulkString("version")
	o.BulkString(info.RedisVersion)
	o.BulkString("proto")
	o.Int(int64(o.Proto))
	o.BulkString("id")
	o.Int(c.Client.ID)
	o.BulkString("mode")
	o.BulkString("standalone")
	o.BulkString("role")
	o.BulkString("master")
	o.BulkString("modules")
	o.Array(0)
}

// cmdAuth answers AUTH [username] password.
func cmdAuth(c *command.Ctx) {
	for i := 1; i < len(c.Args); i++ {
		c.Redact(i)
	}
	switch len(c.Args) {
	case 2:
		if c.Env.ACL.Users.Default.NoPass() {
			c.Out.Error(errNoPassword)
			return
		}
		if login(c, []byte(acl.DefaultName), c.Args[1]) {
			c.Out.OK()
		}
	case 3:
		if login(c, c.Args[1], c.Args[2]) {
			c.Out.OK()
		}
	default:
		c.SyntaxError()
	}
}

// login authenticates the session, or answers WRONGPASS.
func login(c *command.Ctx, user, pass []byte) bool {
	if !c.Client.Login(user, pass) {
		c.Out.Error(errWrongPass)
		return false
	}
	return true
}

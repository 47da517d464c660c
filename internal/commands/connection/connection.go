// Package connection has the commands about the connection itself: PING, ECHO, HELLO, AUTH, QUIT, RESET and CLIENT.
//
//	connection.go   the small ones
//	hello.go        HELLO and AUTH
//	client.go       CLIENT: what concerns the caller's own connection
//	list.go         CLIENT LIST, INFO and KILL, with one way of choosing clients
//	pause.go        CLIENT PAUSE and UNPAUSE
//	tracking.go     CLIENT TRACKING, CACHING, TRACKINGINFO, GETREDIR
//	spec_client.go  the declaration of CLIENT
package connection

import "granary/internal/command"

// Register adds the family to the table.
func Register(t *command.Table) {
	t.Register(specAuth, specClient, specEcho, specHello, specPing, specQuit, specReset)
}

var specPing = &command.Spec{
	Name: "ping", Summary: "Answer PONG, or the message given.", Since: "1.0.0",
	Group: command.GroupConnection, Complexity: "O(1)", Arity: -1,
	Flags: command.Fast,
	Tips:  []string{"request_policy:all_shards", "response_policy:all_succeeded"},
	Args: []command.Arg{
		{Name: "message", Type: command.ArgString, Flags: command.Optional},
	},
	Handler: cmdPing,
}

var specEcho = &command.Spec{
	Name: "echo", Summary: "Answer the message given.", Since: "1.0.0",
	Group: command.GroupConnection, Complexity: "O(1)", Arity: 2,
	Flags: command.Loading | command.Stale | command.Fast,
	Args: []command.Arg{
		{Name: "message", Type: command.ArgString},
	},
	Handler: cmdEcho,
}

var specQuit = &command.Spec{
	Name: "quit", Summary: "Close the connection after the reply.", Since: "1.0.0",
	Group: command.GroupConnection, Complexity: "O(1)", Arity: -1,
	Flags:   command.NoScript | command.Loading | command.Stale | command.Fast | command.NoAuth | command.AllowBusy,
	InMulti: command.Ends,
	Handler: cmdQuit,
}

var specReset = &command.Spec{
	Name: "reset", Summary: "Bring the connection back to the state of a new one.", Since: "6.2.0",
	Group: command.GroupConnection, Complexity: "O(1)", Arity: 1,
	Flags:   command.NoScript | command.Loading | command.Stale | command.Fast | command.NoAuth | command.AllowBusy,
	InMulti: command.Ends,
	Handler: cmdReset,
}

// cmdPing answers PING [message].
func cmdPing(c *command.Ctx) {
	if c.Client.Flags&command.FlagSubscriber != 0 && c.Out.Proto == 2 && len(c.Args) <= 2 {
		// Between messages, the answer looks like one.
		c.Out.Array(2)
		c.Out.BulkString("pong")
		if len(c.Args) == 2 {
			c.Out.Bulk(c.Args[1])
		} else {
			c.Out.BulkString("")
		}
		return
	}
	switch len(c.Args) {
	case 1:
		c.Out.Pong()
	case 2:
		c.Out.Bulk(c.Args[1])
	default:
		c.WrongArity()
	}
}

// cmdEcho answers ECHO message.
func cmdEcho(c *command.Ctx) { c.Out.Bulk(c.Args[1]) }

// cmdQuit answers QUIT and ends the connection behind the reply.
func cmdQuit(c *command.Ctx) {
	c.Out.OK()
	if c.Client.Conn != nil {
		c.Client.Leave()
		c.Client.Conn.CloseAfterReply()
	}
}

// cmdReset answers RESET: the session is as that of a new connection, but for its ID and its library's name.
func cmdReset(c *command.Ctx) {
	c.Client.Reset()
	c.Out.Status("RESET")
}

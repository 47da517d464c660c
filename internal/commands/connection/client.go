package connection

import (
	"granary/internal/command"
)

const (
	errBadName = "ERR Client names cannot contain spaces, newlines or special characters."
	errBadLib  = "ERR %s cannot contain spaces, newlines or special characters." // the attribute as it was sent
)

// validName tells whether every byte can be told apart in CLIENT LIST: printable ASCII without blanks.
func validName(b []byte) bool {
	for _, c := range b {
		if c < '!' || c > '~' {
			return false
		}
	}
	return true
}

// cmdClientID answers CLIENT ID.
func cmdClientID(c *command.Ctx) { c.Out.Int(c.Client.ID) }

// cmdClientGetName answers CLIENT GETNAME.
func cmdClientGetName(c *command.Ctx) {
	if c.Client.Name == "" {
		c.Out.Null()
		return
	}
	c.Out.BulkString(c.Client.Name)
}

// cmdClientSetName answers CLIENT SETNAME name; an empty name takes the name away.
func cmdClientSetName(c *command.Ctx) {
	if !validName(c.Args[2]) {
		c.Out.Error(errBadName)
		return
	}
	c.Client.SetName(string(c.Args[2]))
	c.Out.OK()
}

// cmdClientSetInfo answers CLIENT SETINFO LIB-NAME|LIB-VER value.
func cmdClientSetInfo(c *command.Ctx) {
	what, value := c.Args[2], c.Args[3]
	switch {
	case command.Is(what, "lib-name"):
		if !validName(value) {
			c.Out.Errorf(errBadLib, what)
			return
		}
		c.Client.SetLib(string(value), c.Client.LibVer)
	case command.Is(what, "lib-ver"):
		if !validName(value) {
			c.Out.Errorf(errBadLib, what)
			return
		}
		c.Client.SetLib(c.Client.LibName, string(value))
	default:
		c.Out.Error("ERR Unrecognized option '" + string(what) + "'")
		return
	}
	c.Out.OK()
}

// onOff reads ON or OFF and answers an error for anything else.
func onOff(c *command.Ctx, arg []byte) (on, ok bool) {
	switch {
	case command.Is(arg, "on"):
		return true, true
	case command.Is(arg, "off"):
		return false, true
	}
	c.SyntaxError()
	return false, false
}

// cmdClientNoEvict answers CLIENT NO-EVICT ON|OFF.
func cmdClientNoEvict(c *command.Ctx) {
	on, ok := onOff(c, c.Args[2])
	if !ok {
		return
	}
	c.Client.Flags &^= command.FlagNoEvict
	if on {
		c.Client.Flags |= command.FlagNoEvict
	}
	c.Out.OK()
}

// cmdClientNoTouch answers CLIENT NO-TOUCH ON|OFF.
func cmdClientNoTouch(c *command.Ctx) {
	on, ok := onOff(c, c.Args[2])
	if !ok {
		return
	}
	c.Client.SetNoTouch(on)
	c.Out.OK()
}

// cmdClientReply answers CLIENT REPLY ON, and sees to it that OFF and SKIP are not answered.
func cmdClientReply(c *command.Ctx) {
	mode, client := c.Args[2], c.Client
	switch {
	case command.Is(mode, "on"):
		client.Flags &^= command.FlagReplyOff | command.FlagReplySkip
		c.Out.Mute(false)
		c.Out.OK()
	case command.Is(mode, "off"):
		client.Flags |= command.FlagReplyOff
		c.Out.Mute(true)
	case command.Is(mode, "skip"):
		if client.Flags&command.FlagReplyOff == 0 {
			client.Flags |= command.FlagReplySkipNext
		}
	default:
		c.SyntaxError()
	}
}

// cmdClientUnblock answers CLIENT UNBLOCK id [TIMEOUT|ERROR]. It answers 1 if the client waited.
func cmdClientUnblock(c *command.Ctx) {
	if len(c.Args) > 4 {
		c.WrongSubArity()
		return
	}
	if len(c.Args) == 4 && !command.Is(c.Args[3], "timeout") && !command.Is(c.Args[3], "error") {
		c.Out.Error("ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR")
		return
	}
	id, ok := c.Int(c.Args[2])
	if !ok {
		return
	}
	n := int64(0)
	if x := c.Env.Clients.Find(id); x != nil && x.Unblock(len(c.Args) == 4 && command.Is(c.Args[3], "error")) {
		n = 1
	}
	c.Out.Int(n)
}

// cmdClientHelp answers CLIENT HELP.
func cmdClientHelp(c *command.Ctx) { c.Help(clientHelp...) }

var clientHelp = []string{
	"CACHING (YES|NO)",
	"    Track the keys of the next command, or do not, under OPTIN or OPTOUT.",
	"GETNAME",
	"    Return the name of this connection.",
	"GETREDIR",
	"    Return the ID of the client that gets this connection's invalidations.",
	"ID",
	"    Return the ID of this connection.",
	"INFO",
	"    Describe this connection.",
	"KILL <ip:port>",
	"    Close the connection from <ip:port>.",
	"KILL <option> <value> [<option> <value> ...]",
	"    Close the connections that match all options:",
	"    * ID <client-id> [<client-id> ...]",
	"    * ADDR (<ip:port>|<unixsocket>:0)",
	"    * LADDR (<ip:port>|<unixsocket>:0)",
	"    * TYPE (NORMAL|MASTER|REPLICA|PUBSUB)",
	"    * USER <username>",
	"    * MAXAGE <seconds>",
	"    * SKIPME (YES|NO): spare this connection (default: yes)",
	"LIST [<option> <value> ...]",
	"    Describe the connections that match all options, which are those of KILL.",
	"NO-EVICT (ON|OFF)",
	"    Exempt this connection from client eviction, or do not.",
	"NO-TOUCH (ON|OFF)",
	"    Leave the access clock of keys alone, or do not.",
	"PAUSE <timeout> [WRITE|ALL]",
	"    Put off commands that write, or all, for <timeout> milliseconds.",
	"REPLY (ON|OFF|SKIP)",
	"    Choose whether commands of this connection are answered.",
	"SETINFO (LIB-NAME|LIB-VER) <value>",
	"    Note the name or version of the client library.",
	"SETNAME <name>",
	"    Name this connection.",
	"TRACKING (ON|OFF) [REDIRECT <id>] [BCAST] [PREFIX <prefix> ...] [OPTIN] [OPTOUT] [NOLOOP]",
	"    Turn invalidation messages for client-side caches on or off.",
	"TRACKINGINFO",
	"    Describe the tracking state of this connection.",
	"UNBLOCK <client-id> [TIMEOUT|ERROR]",
	"    Release a client from a blocking command.",
	"UNPAUSE",
	"    End a pause.",
}

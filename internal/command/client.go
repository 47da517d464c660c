package command

import (
	"net/netip"

	"granary/internal/acl"
	"granary/internal/keyspace"
	"granary/internal/netloop"
	"granary/internal/pubsub"
	"granary/internal/resp"
)

// ClientFlags are the states of a session, one bit each.
type ClientFlags uint32

// The states.
const (
	FlagNoEvict    ClientFlags = 1 << iota // CLIENT NO-EVICT
	FlagNoTouch                            // CLIENT NO-TOUCH
	FlagUnixSocket                         // connected through a Unix socket
	FlagReplay                             // executes what was written down (NewReplayer)
	FlagReplyOff                           // CLIENT REPLY OFF
	FlagReplySkip                          // the reply of the next command is not sent
	FlagReplySkipNext
	FlagClosing    // no more commands are read
	FlagMonitor    // MONITOR
	FlagPostponed  // the request at hand waits for the end of CLIENT PAUSE
	FlagBlocked    // a command waits for a key (blocking.go)
	FlagSubscriber // subscribed to something
	FlagPushes     // messages wait for the end of the command at hand
	FlagMulti      // commands are queued (multi.go)
	FlagTracking   // CLIENT TRACKING (tracking.go)
)

// Client is a session: what the server remembers of a client from command to command.
//
// Its state is read and written by the loop that owns the connection while it holds the keyspace lock, and by others
// only under the keyspace lock and that loop's lock.
type Client struct {
	ID   int64
	Conn *netloop.Conn // nil for a session without a socket
	// Caller is the client for which a session without a socket runs a script, nil for other sessions.
	Caller *Client
	Out    *resp.Writer
	Env    *Env
	DB     *keyspace.DB
	Flags  ClientFlags

	Authenticated bool
	known         bool  // was authenticated at some time
	listed        bool  // the Registry knows the client
	booked        int64 // bytes of the session on the Go heap that are booked (buffers.go)

	Subs    *pubsub.Set // what it is subscribed to, nil: nothing
	Name    string      // CLIENT SETNAME
	LibName string      // CLIENT SETINFO
	LibVer  string
	User    *acl.User // the default user before AUTH

	Created    int64 // Unix ms
	LastActive int64 // Unix ms of the last command
	Last       *Spec // the last command, nil before the first
	Calls      uint64

	tx        transaction     // while FlagMulti is set
	watch     watchState      // what it watches
	waiting   *waiting        // while FlagBlocked is set
	track     *track          // while FlagTracking is set
	pushes    []byte          // while FlagPushes is set
	held      held            // what maxmemory-clients counts
	taken     int             // bytes that the requests of this Serve took so far
	given     int             // bytes that this Serve was given
	replied   uint64          // Out.Len before the command being executed
	inner     uint64          // errors that commands executed inside of it answered to Out
	outer     *Spec           // while commands are executed inside of another: that command,
	outerArgs [][]byte        // and its arguments
	wrote     int64           // Saves.Logged behind its last effect
	charged   int64           // bytes of its buffers that were charged to it (growth.go)
	softSince int64           // Unix ms since when the soft output limit is passed, 0: it is not
	room      int32           // bytes of the parser's room, as booked
	running   bool            // a command of this client is being executed
	noted     bool            // it is on clientLimit.noted
	touch     keyspace.Lookup // NoTouch under CLIENT NO-TOUCH
	parser    resp.Parser
	run       run
	ctx       Ctx
}

// NewClient returns a session in database 0. Serve makes it work; the Registry makes it known.
func NewClient(env *Env, id int64, conn *netloop.Conn, out *resp.Writer) *Client {
	c := &Client{
		ID: id, Conn: conn, Out: out, Env: env, DB: env.Keys.DBs[0],
		User: env.ACL.Users.Default, Created: env.Keys.Now, LastActive: env.Keys.Now,
	}
	c.ctx = Ctx{Client: c, Env: env, Out: out, DB: c.DB}
	return c
}

// Addr returns the client's address as CLIENT LIST shows it, "" for a session without a socket.
func (c *Client) Addr() string {
	if c.Caller != nil {
		return c.Caller.Addr()
	}
	if c.Conn == nil {
		return ""
	}
	return c.Conn.RemoteAddr()
}

// LocalAddr returns the server's end of the connection.
func (c *Client) LocalAddr() string {
	if c.Conn == nil {
		return ""
	}
	return c.Conn.LocalAddr()
}

// Select changes the session's database.
func (c *Client) Select(db *keyspace.DB) {
	c.DB = db
	c.ctx.DB = db
}

// SetNoTouch turns CLIENT NO-TOUCH on or off.
func (c *Client) SetNoTouch(on bool) {
	c.touch = 0
	c.Flags &^= FlagNoTouch
	if on {
		c.touch = keyspace.NoTouch
		c.Flags |= FlagNoTouch
	}
}

// Closing reports whether the connection is about to end.
func (c *Client) Closing() bool { return c.Conn != nil && c.Conn.Closing() }

// Loop returns the event loop that the client is served by, nil for a session without a socket.
func (c *Client) Loop() *netloop.Loop {
	if c.Caller != nil {
		return c.Caller.Loop()
	}
	if c.Conn == nil {
		return nil
	}
	return c.Conn.Loop()
}

// Reset brings the session back to the state of a new one (RESET). The connection, the ID and what the client library
// said about itself stay.
func (c *Client) Reset() {
	c.Select(c.Env.Keys.DBs[0])
	c.Flags &^= FlagNoEvict | FlagReplyOff | FlagReplySkip | FlagReplySkipNext
	c.Env.unwatch(c)
	c.Env.unsubscribe(c)
	c.Env.untrack(c)
	c.EndMulti()
	c.SetNoTouch(false)
	c.Out.Mute(false)
	c.Out.Proto = 2
	c.SetName("")
	c.SetDefaultUser()
}

// Local reports whether the client is on this machine: it came over a Unix socket or the loopback interface.
func (c *Client) Local() bool {
	if c.Conn == nil || c.Conn.IsUnix() {
		return true
	}
	ap, err := netip.ParseAddrPort(c.Conn.RemoteAddr())
	return err == nil && ap.Addr().Unmap().IsLoopback()
}

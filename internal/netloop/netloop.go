package netloop

import (
	"time"

	"granary/internal/mem"
)

// A Session is the client behind a connection. Its methods are called with the
// keyspace lock held.
type Session interface {
	// Serve parses and executes the complete requests at the front of in and
	// returns the number of bytes they took. in begins with the first byte of
	// a request and is valid during the call; the same bytes come again, with
	// more behind them, for what was not taken. Replies go to c.Out.
	//
	// If the session knows how long the request at the front of what it left
	// will be, it says so in c.Need, and where its first large argument begins
	// in c.Body: then what precedes that argument does not come again in in,
	// but in c.Front.
	Serve(c *Conn, in []byte) int

	// Closed is the last call: the socket is gone or about to go, c.Reason
	// says why. Output that was not sent is dropped.
	Closed(c *Conn)
}

// A Handler is the server that the loops work for.
type Handler interface {
	// Lock and Unlock take and release the keyspace lock around what a loop
	// executes: once per turn. What was appended to the output of connections
	// meanwhile is sent when Unlock has returned, which may take until a log
	// is on the disk.
	Lock(l *Loop)
	Unlock(l *Loop)

	// Accept returns the session of a new connection. If it returns nil the
	// connection is closed after what was written to c.Out has been sent.
	// Called with the keyspace lock.
	Accept(c *Conn) Session

	// Tick does work that depends on time, in a slice that is short, and
	// returns when it wants to be called again, in milliseconds of l.Now().
	// Called with the keyspace lock, for every loop on its own.
	Tick(l *Loop, now int64) (next int64)

	// Unpin gives back one reference that BulkRef took. Called with the
	// keyspace lock.
	Unpin(ref mem.Ref)

	// Output is called when the reply list of a connection has grown, so that
	// limits can be applied (Conn.Close). Called with the keyspace lock.
	Output(c *Conn)
}

// Reason says why a connection ended.
type Reason uint8

// The reasons.
const (
	ReasonNone       Reason = iota
	ReasonPeer              // the peer closed the connection
	ReasonError             // reading or writing failed: Conn.Err
	ReasonAsked             // Close or CloseAfterReply
	ReasonQueryLimit        // the query buffer passed its limit
	ReasonMemory            // there was no memory for the query buffer
	ReasonShutdown          // the Group stopped
)

// String returns the reason in words.
func (r Reason) String() string {
	return [...]string{
		"open", "peer closed", "i/o error", "asked to", "query buffer limit", "out of memory", "shutdown",
	}[r]
}

// Options are the settings of a Group.
type Options struct {
	Loops   int // number of loops, at least 1
	FirstID int // Loop.ID of the first; loops of different groups need different ones
	Handler Handler

	ReadBuffer   int   // bytes of the read buffer of a loop; 0: 256 KiB
	QueryLimit   int64 // client-query-buffer-limit; 0: 1 GiB
	Spare        int   // bytes kept free before a large argument (Conn.Take); 0: it is not set apart
	OutputBound  int   // output waiting above which a connection is not read; 0: 32 MiB
	KeepaliveSec int   // tcp-keepalive; 0: off

	Handshakes    int           // TLS handshakes under way at the same time; 0: 512
	HandshakeTime time.Duration // how long one may take; 0: 10 s
}

const (
	defaultReadBuffer  = 256 << 10
	defaultQueryLimit  = 1 << 30
	defaultOutputBound = 32 << 20

	defaultHandshakes    = 512
	defaultHandshakeTime = 10 * time.Second
)

func (o *Options) defaults() {
	o.Loops = max(o.Loops, 1)
	if o.ReadBuffer == 0 {
		o.ReadBuffer = defaultReadBuffer
	}
	if o.QueryLimit == 0 {
		o.QueryLimit = defaultQueryLimit
	}
	if o.OutputBound == 0 {
		o.OutputBound = defaultOutputBound
	}
	if o.Handshakes == 0 {
		o.Handshakes = defaultHandshakes
	}
	if o.HandshakeTime == 0 {
		o.HandshakeTime = defaultHandshakeTime
	}
}

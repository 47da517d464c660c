package command

import (
	"time"

	"granary/internal/clock"
	"granary/internal/config"
	"granary/internal/dead"
	"granary/internal/history"
	"granary/internal/journal"
	"granary/internal/keyspace"
	"granary/internal/ledger"
	"granary/internal/logger"
	"granary/internal/netloop"
	"granary/internal/prefix"
	"granary/internal/pubsub"
	"granary/internal/resp"
)

// Env is what all commands share: one per server, guarded by the keyspace lock.
type Env struct {
	Table   *Table
	Keys    *keyspace.Keyspace
	Config  *config.Config
	Log     *logger.Logger
	Clients *Registry
	Stats   *Stats
	Slowlog *Slowlog
	Latency *Latency
	ACL     *ACL

	// Feed receives the effects of commands: the append-only file and the replicas (AddFeed). Nil while nobody listens.
	Feed Feed
	unit unit

	// Scripts is the engine of scripts and functions, nil until the first one comes.
	Scripts Scripts
	busy    string // why commands are refused under GateBusy

	// Migrations is what MIGRATE keeps, nil until the first one comes.
	Migrations Migrations

	// AnyInScripts lets scripts call what they may not (DEBUG SET-DISABLE-DENY-SCRIPTS).
	AnyInScripts bool

	// TrustChecksums has payloads and files read whatever their checksum is (DEBUG SET-SKIP-CHECKSUM-VALIDATION).
	TrustChecksums bool

	// Saver writes snapshots and reads them, Saves is what is known of them.
	Saver Saver
	Saves Saves

	snapKeys []KeyPos // reused: keys of a command that may meet a snapshot

	// Gate is not zero while commands have to be looked at more closely before they run.
	Gate Gate

	// Pause is what CLIENT PAUSE asked for.
	Pause Pause
	// Dead is what is known of memory that serves nobody.
	Dead dead.State

	// Blocked is the clients that wait for keys.
	Blocked Blocked

	// TaskSlice is how long a slice of what is done while a client waits may take (work.go).
	TaskSlice time.Duration

	watch       watches     // the keys that clients watch
	track       tracks      // what clients cache (tracking.go)
	limit       memoryLimit // maxmemory (maxmemory.go)
	clientLimit clientLimit // what clients hold (clientlimit.go)
	defrag      defrag      // when data is compacted (defrag.go)
	deadPass    deadPass    // the pace of looking for dead memory (dead.go)
	jobs        []*job      // what is done in slices while clients wait (work.go)
	current     *Client     // whose requests are being served, nil: nobody's
	batch       resp.Batch  // requests that were read ahead (ahead.go)
	execArgs    [][]byte    // reused: the arguments of a queued command

	// Loop is the event loop that holds the keyspace lock, nil when something else does: what Conn.Borrow wants to know.
	Loop *netloop.Loop

	Wall   clock.Wall
	mono   int64 // the reading at which the command being executed began
	turn   int64 // the reading at which the turn began
	Ops    Ops   // what the server around the commands can do
	RunID  string
	ReplID string // the replication ID: of the history of this data set
	Start  int64  // Unix ms at which the server started

	// History is the flight recorder, nil while it is off (SetHistory).
	History *history.Recorder
	growth  growth

	// Journal is what was evicted and what expired, nil while it is off (ConfigureJournal).
	Journal       *journal.Journal
	journalPrefix prefix.Split // what of a key it keeps

	// Replica is set while this server repeats what a master says.
	Replica bool

	// Startup is used_memory when the server had started.
	Startup int64

	bill     *ledger.Reader // ReadLedger
	holders  []MemoryHolder // who is asked by an audit (AddMemoryHolder)
	monitors []*Client      // clients that watch with MONITOR

	// PubSub is who is subscribed to what (OpenPubSub), Subscribers the number of clients that are to something.
	PubSub      *pubsub.Hub
	Subscribers int64
	frameBuf    []byte // reused: a message on its way
	name        []byte // reused: the channel of a keyspace event
	line        []byte // reused: what is shown of a command (MONITOR)

	// Panicked, if it is not nil, is told of panics of commands, which go on.
	Panicked func(e any)

	// CronPaused stops the regular work of the server (DEBUG PAUSE-CRON).
	CronPaused bool
	ignored    *Ignored // what commands that are being replayed answer
}

// Migrations is what MIGRATE keeps from one command to the next.
type Migrations interface {
	// Cached returns the number of connections to other servers that are kept.
	Cached() int
}

// Gate is a set of server-wide conditions that admit looks at.
type Gate uint32

// The conditions.
const (
	GateLoading  Gate = 1 << iota // a data set is being loaded
	GateMonitor                   // somebody watches with MONITOR
	GatePaused                    // CLIENT PAUSE
	GateBusy                      // a script takes long
	GateSnapshot                  // a snapshot is under way, and commands that would be held up by it wait
	GateDisk                      // the last snapshot could not be written, and writes are to be refused then
	GateDefrag                    // compaction goes on before every command (DEBUG DEFRAG)
)

// Ops is what commands may ask of the server that runs them. internal/server implements it.
type Ops interface {
	// Shutdown starts the orderly end (SHUTDOWN). An error means that it cannot be done.
	Shutdown(how ShutdownFlags, by *Client) error
	// AbortShutdown takes an orderly end back; false when none is under way.
	AbortShutdown() bool
	// EachClient calls fn for every connected client in order of ID, with the locks that make its state readable.
	EachClient(fn func(*Client))
	// EachLoop calls fn for every event loop. The keyspace lock is held, and no loop's but that of Env.Loop if it is portable.
	EachLoop(fn func(*netloop.Loop))
	// Kill disconnects a client: at once, or after what has been written to it was sent.
	Kill(c *Client, afterReply bool)
	// Net returns the bytes read from and written to all clients since the start.
	Net() (in, out int64)
	// Calls returns how often sockets were read and written since the start.
	Calls() (reads, writes int64)
	// KeepReplyPeak sets how many milliseconds the peak of a reply buffer counts before the buffer is fitted to it; a
	// negative number means for ever (DEBUG REPLYBUFFER).
	KeepReplyPeak(ms int64)
	// FitReplies says whether reply buffers are fitted to what they hold (DEBUG REPLYBUFFER).
	FitReplies(on bool)
	// ReplyResizes returns how often reply buffers were made smaller and larger since the start.
	ReplyResizes() (shrinks, expands int64)
	// PauseCron stops what the event loops do regularly, or sets it going again (DEBUG PAUSE-CRON).
	PauseCron(on bool)
}

// ShutdownFlags are the options of SHUTDOWN.
type ShutdownFlags uint8

// The options.
const (
	ShutdownSave ShutdownFlags = 1 << iota
	ShutdownNoSave
	ShutdownNow
	ShutdownForce
)

// NowMicro returns the Unix time in microseconds at which the command being executed began.
func (e *Env) NowMicro() int64 { return e.Wall.UnixMicro(e.mono) }

// BeginTurn sets the clocks at the beginning of a turn. REQUIRES: the keyspace lock, just taken.
func (e *Env) BeginTurn() {
	e.setMono(e.Wall.Read())
	e.turn = e.mono
	e.Keys.Access.SetNow(e.Keys.Now)
}

// EndTurn counts a turn, which ends with its last command. REQUIRES: the keyspace lock, about to be released.
func (e *Env) EndTurn() {
	e.named("in a ", "turn")
	if e.track.clients > 0 {
		e.endTurnTracking()
	}
	if e.clientLimit.limit > 0 {
		e.endTurnClientLimit()
	}
	s := e.Stats
	ns := e.mono - e.turn
	s.Turns++
	s.TurnNanos += ns
	s.TurnMax = max(s.TurnMax, ns)
	s.TurnCommandsMax = max(s.TurnCommandsMax, s.Commands-s.turnCommands)
	s.turnCommands = s.Commands
}

// ReadClock ends work that is not a command's: the next command begins now. REQUIRES: the keyspace lock.
func (e *Env) ReadClock() { e.setMono(clock.Mono()) }

func (e *Env) setMono(mono int64) {
	e.mono = mono
	e.Keys.Now = e.Wall.UnixMilli(mono)
}

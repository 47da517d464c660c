// Package server puts the parts together and runs them: it builds the keyspace, the command table and the event loops from a
// configuration, listens, does what has to be done from time to time, and ends in good order. It holds no logic of commands.
//
//	server.go     the parts, and how they are started
//	handler.go    what the event loops call: the keyspace lock, new connections, ticks
//	cron.go       background work in slices, and what is done ten times a second
//	saving.go     snapshots: SAVE, BGSAVE and save points
//	loading.go    what was saved, loaded at start
//	fit.go        whether that fits
//	aof.go        the append-only file: on and off, and the end of a turn; aof_rewrite.go, aof_load.go
//	ops.go        what commands ask of the server (clients of other loops, SHUTDOWN)
//	history.go    the flight recorder: when a sample is taken, and where its file is
//	users.go      the users that the configuration asks for
//	settings.go   what follows from the configuration, at start and when CONFIG SET changes it
//	listen.go     sockets
//	tls.go        TLS: what the directives name, and the loop that serves it
//	crash.go      what is logged before a server ends because something is broken
//	process.go    daemon, pid file, supervision, signals, OOM score
//	banner.go     what is said in the log at start
package server

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"os"
	"runtime"
	"sync"

	"granary/internal/command"
	"granary/internal/commands/acl"
	"granary/internal/commands/admin"
	"granary/internal/commands/bitmaps"
	"granary/internal/commands/connection"
	"granary/internal/commands/generic"
	"granary/internal/commands/geo"
	"granary/internal/commands/hashes"
	"granary/internal/commands/hyperloglog"
	"granary/internal/commands/lists"
	"granary/internal/commands/memory"
	"granary/internal/commands/pubsub"
	"granary/internal/commands/scripting"
	"granary/internal/commands/sets"
	"granary/internal/commands/streams"
	"granary/internal/commands/strings"
	"granary/internal/commands/transactions"
	"granary/internal/commands/zsets"
	"granary/internal/config"
	"granary/internal/keyspace"
	"granary/internal/logger"
	"granary/internal/mem"
	"granary/internal/netloop"
	"granary/internal/object"
)

// Server is one running server.
type Server struct {
	env   *command.Env
	cfg   *config.Config
	log   *logger.Logger
	group *netloop.Group

	// mu is the keyspace lock. See docs/threading.md.
	tcp   []*netloop.Listener
	unix  *netloop.Listener
	tls   secureSide
	ports [2]int64 // that tcp and tls listen on

	mu  sync.Mutex
	cur *netloop.Loop // the loop that holds mu, nil when something else does

	cron    cron
	heap    goHeap
	end     ending
	history recording
	saving  saving
	crash   crashes
	aof     appendOnly

	machine   int64 // bytes that the machine allows, if maxmemory goes by that
	following bool  // followMachine runs

	oomBase    int // oom_score_adj before it was changed
	oomChanged bool
}

// families are all command families.
var families = []func(*command.Table){
	acl.Register,
	admin.Register,
	bitmaps.Register,
	connection.Register,
	generic.Register,
	geo.Register,
	pubsub.Register,
	hashes.Register,
	hyperloglog.Register,
	lists.Register,
	memory.Register,
	scripting.Register,
	sets.Register,
	streams.Register,
	strings.Register,
	transactions.Register,
	zsets.Register,
}

// Run runs a server until it is shut down and returns the exit code of the process.
func Run(cfg *config.Config) int {
	s, err := open(cfg)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	s.catchSignals()
	go func() {
		if err := s.serve(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			s.end.done <- 1
		}
	}()
	return s.wait()
}

// openMemory reserves the address range. Tests, in which servers follow each other, share one.
var openMemory = mem.Open

// open builds a server that has no sockets and no data yet.
func open(cfg *config.Config) (*Server, error) {
	s := &Server{cfg: cfg, log: newLogger(cfg), end: ending{done: make(chan int, 1)}}
	s.sayHello()
	if err := openMemory(mem.Config{Profile: profile(cfg)}); err != nil {
		return nil, s.fatal("Can't reserve address space: %v", err)
	}
	if err := s.build(); err != nil {
		return nil, s.fatal("%v", err)
	}
	s.env.Gate |= command.GateLoading // until the data is there: nobody gets in between, and an end saves nothing
	if err := s.loadUsers(); err != nil {
		return nil, s.fatal("%v", err)
	}
	if err := s.settle(); err != nil {
		return nil, s.fatal("%v", err)
	}
	return s, nil
}

// serve opens the sockets, starts the loops and loads the data. Who connects meanwhile is told how far it is.
func (s *Server) serve() error {
	group, err := netloop.New(netloop.Options{
		Loops:        loops(s.cfg),
		Handler:      (*handler)(s),
		QueryLimit:   s.cfg.ClientQueryBufferLimit,
		KeepaliveSec: int(s.cfg.TCPKeepAlive),
		Spare:        object.RawPayload,
	})
	if err != nil {
		return s.fatal("%v", err)
	}
	s.group = group
	s.env.AddMemoryHolder(&s.saving)
	s.env.AddMemoryHolder(&s.aof)
	s.startHistory()
	// The loops wait for this lock; that of TLS accepts as soon as it listens.
	s.mu.Lock()
	err = s.listen()
	if err == nil {
		s.log.Noticef("Server initialized")
		s.setTitle()
		s.applySettings()
		s.env.Startup = mem.Used()
		s.group.Start()
	}
	s.mu.Unlock()
	if err != nil {
		return s.fatal("%v", err)
	}
	if err := s.loadData(); err != nil {
		return s.fatal("Fatal error loading the DB, check server logs: %v. Exiting.", err)
	}
	s.mu.Lock() // CONFIG SET may change where it listens
	s.sayReady()
	s.mu.Unlock()
	s.notify("STATUS=Ready to accept connections\nREADY=1\n")
	return nil
}

// build makes the keyspace, the command table and the environment that commands share.
func (s *Server) build() error {
	cfg := s.cfg
	ks := keyspace.New(mem.NewArena("keyspace"), int(cfg.Databases))
	table := newTable()
	for _, r := range cfg.RenameCommands {
		if err := table.Rename(r.Old, r.New); err != nil {
			return err
		}
	}
	s.env = &command.Env{
		Table:   table,
		Keys:    ks,
		Config:  cfg,
		Log:     s.log,
		Clients: command.NewRegistry(),
		Stats:   command.NewStats(table, cfg),
		Slowlog: command.NewSlowlog(ks.Arena, cfg),
		Latency: command.NewLatency(ks.Arena),
		ACL:     command.NewACL(table, cfg),
		Ops:     (*ops)(s),
		Saver:   (*ops)(s),
		Saves:   command.Saves{Seconds: -1},

		TaskSlice: command.TaskSlice,
		RunID:     newRunID(),
		ReplID:    newRunID(),
	}
	s.env.Panicked = s.reportPanic
	s.env.OpenPubSub()
	s.env.BeginTurn()
	s.env.Start = ks.Now
	s.configure()
	return s.applyPrefixes()
}

// newTable returns the table of all commands.
func newTable() *command.Table {
	t := command.NewTable()
	for _, register := range families {
		register(t)
	}
	return t
}

// Loader returns what reads a configuration, with the checks that need to know the commands.
func Loader() *config.Loader {
	t := newTable()
	return &config.Loader{
		CheckRename: func(r config.Rename) error { return t.Rename(r.Old, r.New) },
		CheckUser:   checkUser(t.Catalog()),
	}
}

// profile maps the directive to the allocator's profile.
func profile(cfg *config.Config) mem.Profile {
	p, ok := mem.ParseProfile(cfg.AllocatorProfile.String())
	if !ok {
		panic("BUG: server: no allocator profile " + cfg.AllocatorProfile.String())
	}
	return p
}

// loops returns the number of event loops: io-threads when it is set, otherwise one on up to two cores, then half
// the cores, at most eight.
func loops(cfg *config.Config) int {
	if n := int(cfg.IOThreads); n > 1 {
		return n
	}
	return min(max(runtime.NumCPU()/2, 1), 8)
}

// newRunID returns 40 random hexadecimal digits.
func newRunID() string {
	var b [20]byte
	rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}

// fatal logs why the server cannot start and returns it as an error.
func (s *Server) fatal(format string, args ...any) error {
	err := fmt.Errorf(format, args...)
	s.log.Warningf("%v", err)
	return err
}

package server

import (
	"net"
	"strings"

	"granary/internal/command"
	"granary/internal/mem"
	"granary/internal/netloop"
	"granary/internal/object"
)

// handler is the Server as the event loops see it.
type handler Server

func (h *handler) server() *Server { return (*Server)(h) }

// Lock takes the keyspace lock for a turn.
func (h *handler) Lock(l *netloop.Loop) {
	h.mu.Lock()
	if h.end.asked {
		h.server().halt()
	}
	h.cur, h.env.Loop = l, l
	h.env.BeginTurn()
	if h.aof.log != nil {
		h.server().beginTurnAOF()
	}
}

// Unlock ends a turn. What it did is written to the append-only file before replies are sent.
func (h *handler) Unlock(*netloop.Loop) {
	h.env.EndTurn()
	log := h.aof.log
	flush := log != nil && log.Publish()
	h.cur, h.env.Loop = nil, nil
	h.mu.Unlock()
	if flush {
		log.Flush()
	}
}

// Errors for connections that are turned away, with their line ends, as nothing of a session exists yet.
const (
	errMaxClients = "ERR max number of clients reached"
	errProtected  = "DENIED Redis is running in protected mode because protected mode is enabled and no password is set for the default user. " +
		"In this mode connections are only accepted from the loopback interface. If you want to connect from external computers to Redis you may adopt one of the following solutions: " +
		"1) Just disable protected mode sending the command 'CONFIG SET protected-mode no' from the loopback interface by connecting to Redis from the same host the server is running, " +
		"however MAKE SURE Redis is not publicly accessible from internet if you do so. Use CONFIG REWRITE to make this change permanent. " +
		"2) Alternatively you can just disable the protected mode by editing the Redis configuration file, and setting the protected mode option to 'no', and then restarting the server. " +
		"3) If you started the server manually just for testing, restart it with the '--protected-mode no' option. " +
		"4) Setup a an authentication password for the default user. NOTE: You only need to do one of the above things in order for the server to start accepting connections from the outside."
)

// Accept makes a session for a new connection, or turns it away.
func (h *handler) Accept(c *netloop.Conn) netloop.Session {
	env := h.env
	c.Out.Proto = 2
	if h.server().full() {
		c.Out.Error(errMaxClients)
		env.Stats.Rejected++
		return nil
	}
	if h.cfg.ProtectedMode && env.ACL.Users.Default.NoPass() && !c.IsUnix() && !loopback(c.RemoteAddr()) {
		c.Out.Error(errProtected)
		env.Stats.Rejected++
		return nil
	}
	env.Stats.Connections++
	client := command.NewClient(env, env.Clients.NextID(), c, &c.Out)
	client.SetDefaultUser()
	if c.IsUnix() {
		client.Flags |= command.FlagUnixSocket
	}
	env.Clients.Add(client)
	client.NoteHeld()
	h.log.Verbosef("Accepted %s", c.RemoteAddr())
	return client
}

// full tells whether there are maxclients clients. REQUIRES: the keyspace lock.
func (s *Server) full() bool { return s.env.Clients.Len() >= int(s.cfg.MaxClients) }

// loopback tells whether an address "ip:port" is this machine's own.
func loopback(addr string) bool {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return false
	}
	if i := strings.IndexByte(host, '%'); i >= 0 {
		host = host[:i]
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}

// Tick runs background work: the cron on the first loop; on each, the ends of waits of its clients.
func (h *handler) Tick(l *netloop.Loop, now int64) int64 {
	next := now + 1000
	defer h.server().watchPanic()
	if l.ID() == 0 && h.env.Gate&command.GateLoading == 0 {
		next = h.server().tick(now)
		if again := h.env.DefragTick(); again > 0 {
			next = min(next, now+again)
		}
		if h.env.Keys.Arena.Tidy(tidyRecords) {
			next = min(next, now+pause)
		}
		if again := h.env.DeadTick(); again > 0 {
			next = min(next, now+again)
		}
	}
	if h.env.Gate&(command.GateBusy|command.GateLoading) != 0 { // nothing changes in the middle of a script, or of loading
		return now + 100
	}
	next = h.env.TickWork(l.ID(), l.Now(), next)
	if l.ID() == 0 {
		next = h.env.TickAcks(l, next)
	}
	if h.env.EvictSlice() {
		next = now
	}
	next = h.env.TickBlocked(l, next)
	h.env.ReadClock()
	return next
}

// Unpin gives back a string that was sent straight from the data set.
func (h *handler) Unpin(ref mem.Ref) { object.UnpinRaw(h.env.Keys.Arena, ref) }

// Output applies the output limits to a client whose reply list has grown.
func (h *handler) Output(c *netloop.Conn) {
	if client, ok := c.Session().(*command.Client); ok {
		client.CheckOutputLimit()
	}
}

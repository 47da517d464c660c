package server

import (
	"os"
	"sync/atomic"

	"granary/internal/command"
	"granary/internal/netloop"
)

// ops is the Server as commands see it.
type ops Server

func (o *ops) server() *Server { return (*Server)(o) }

// EachClient calls fn for every client in order of ID.
func (o *ops) EachClient(fn func(*command.Client)) {
	s := o.server()
	for _, c := range s.env.Clients.Snapshot(nil) {
		s.withClient(c, fn)
	}
}

// EachLoop calls fn for every event loop.
func (o *ops) EachLoop(fn func(*netloop.Loop)) {
	for _, g := range o.server().groups() {
		for _, l := range g.Loops() {
			fn(l)
		}
	}
}

// Kill disconnects a client.
func (o *ops) Kill(c *command.Client, afterReply bool) {
	o.server().withClient(c, func(c *command.Client) {
		if c.Conn == nil {
			return
		}
		if afterReply {
			c.Conn.CloseAfterReply()
		} else {
			c.Conn.Close()
		}
	})
}

// ending is the state of an orderly end.
type ending struct {
	asked  bool
	done   chan int    // gets the exit code once
	wanted atomic.Bool // a signal asks for the end

	signals chan os.Signal // that ask for the end

	how    command.ShutdownFlags // what the signal asks for
	signal string                // its name, "": none, or it was done
}

// Shutdown starts the orderly end.
func (o *ops) Shutdown(how command.ShutdownFlags, by *command.Client) error {
	s := o.server()
	if by != nil {
		s.log.Warningf("User requested shutdown...")
	}
	return s.shutdown(how)
}

// AbortShutdown takes an orderly end back that a signal asks for. Otherwise none is ever under way when a command runs: an end
// saves while everybody waits, and waits for nothing else.
func (o *ops) AbortShutdown() bool {
	s := o.server()
	if s.end.signal == "" {
		return false
	}
	s.end.signal = ""
	s.end.wanted.Store(false)
	s.log.Noticef("Shutdown manually aborted.")
	return true
}

// Net returns the bytes read from and written to all clients since the start.
func (o *ops) Net() (in, out int64) {
	for _, g := range o.server().groups() {
		in += int64(g.NetIn())
		out += int64(g.NetOut())
	}
	return in, out
}

// KeepReplyPeak sets how long the peak of a reply buffer counts.
func (o *ops) KeepReplyPeak(ms int64) {
	for _, g := range o.server().groups() {
		g.SetPeakReset(ms)
	}
}

// FitReplies says whether reply buffers are fitted to what they hold.
func (o *ops) FitReplies(on bool) {
	for _, g := range o.server().groups() {
		g.FitReplies(on)
	}
}

// ReplyResizes returns how often reply buffers were made smaller and larger.
func (o *ops) ReplyResizes() (shrinks, expands int64) {
	for _, g := range o.server().groups() {
		s, e := g.ReplyResizes()
		shrinks += int64(s)
		expands += int64(e)
	}
	return shrinks, expands
}

// PauseCron stops the regular work of the loops, or sets it going again.
func (o *ops) PauseCron(on bool) {
	for _, g := range o.server().groups() {
		g.PauseCron(on)
	}
}

// Calls returns how often sockets were read and written.
func (o *ops) Calls() (reads, writes int64) {
	for _, g := range o.server().groups() {
		r, w := g.Calls()
		reads += int64(r)
		writes += int64(w)
	}
	return reads, writes
}

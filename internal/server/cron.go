package server

import (
	"time"

	"granary/internal/clock"
	"granary/internal/command"
	"granary/internal/mem"
)

const (
	// slice is the longest that a piece of background work holds the keyspace lock.
	slice = 500 * time.Microsecond

	// While there is work left, a slice of expiry or of giving memory back comes every few milliseconds: at most a
	// quarter of the time, unless no client wants it (breather).
	pause = 2 // ms

	tidyRecords = 500 // of the allocator, looked at in a slice

	sampleEvery = 100  // ms between two samples of the rates
	sayEvery    = 5000 // ms between two lines about the databases at log level verbose
)

// cron is the state of what is done from time to time.
type cron struct {
	next     int64 // ms, next regular run
	sampled  int64
	said     int64
	runs     int64 // regular runs since start
	draining bool  // expiry or giving memory back has work left
	commands int64 // executed when the last slice ended
	purging  bool  // free pages are to be given back to the kernel
}

// tick does background work in slices and returns when it wants to be called again, in the loop's milliseconds.
// REQUIRES: the keyspace lock.
func (s *Server) tick(now int64) int64 {
	deadline := time.Now().Add(slice)
	ks := s.env.Keys
	if s.env.CronPaused || s.env.Gate&command.GateBusy != 0 { // nothing changes in the middle of a script
		return now + 100
	}
	s.endAsAsked()
	if now >= s.cron.next {
		begin := clock.Mono()
		s.regular(now)
		s.env.Stats.CronNanos += clock.Mono() - begin
		s.cron.next = now + 1000/max(s.cfg.Hz, 1)
		s.cron.draining, s.cron.purging = true, true // look for work once in every run
	}
	if s.cron.purging {
		s.cron.purging = mem.Decay(now)
	}
	if s.cron.draining {
		begin := clock.Mono()
		done := ks.ExpireSlice(deadline)
		spent := clock.Mono() - begin
		s.env.Stats.ExpireNanos += spent
		s.env.NoteLatency("expire-cycle", spent)
		s.env.ChargeWork("expire")
		if time.Now().Before(deadline) {
			done = ks.Reclaim(deadline) && done
			s.env.ChargeWork("lazyfree")
		} else {
			done = done && ks.Pending() == 0
		}
		s.cron.draining = !s.env.TrackingSlice(deadline) || !done
	} else if ks.Pending() > 0 {
		s.cron.draining = true
	}
	next := s.cron.next
	if time.Now().Before(deadline) && s.saveSlice(deadline) {
		next = min(now+s.savePause(), next)
	}
	if time.Now().Before(deadline) && s.rewriteSlice(deadline) {
		next = min(now+s.rewritePause(), next)
	}
	if time.Now().Before(deadline) && !ks.CountPrefixes(deadline) {
		next = min(now+s.breather(), next)
	}
	if time.Now().Before(deadline) && s.env.SurveyLedger(deadline) {
		next = min(now+pause, next)
	}
	if s.cron.draining || s.cron.purging {
		next = min(now+s.breather(), next)
	}
	return next
}

// breather returns the milliseconds between two slices: none while no client wants anything, because what is free is there
// to be used; a request that comes meanwhile waits for one slice at most.
func (s *Server) breather() int64 {
	idle := s.env.Stats.Commands == s.cron.commands
	s.cron.commands = s.env.Stats.Commands
	if idle {
		return 0
	}
	return pause
}

// regular is what happens hz times a second.
func (s *Server) regular(now int64) {
	env := s.env
	s.cron.runs++
	if now-s.cron.sampled >= sampleEvery {
		s.cron.sampled = now
		env.Stats.Sample(env)
	}
	env.Stats.Memory.Note(mem.Used(), env.Keys.Now)
	s.checkClients()
	s.saveCron()
	s.aofCron()
	s.tendHeap(now)
	env.Keys.TickPrefixes()
	s.sample(now)
	if end := env.PauseEnd(); end != 0 && env.Keys.Now >= end {
		env.UnpauseClients(s.cur)
	}
	if now-s.cron.said >= sayEvery {
		s.cron.said = now
		s.sayDatabases()
	}
}

// checkClients looks at a share of the clients, so that each is looked at once a second: idle timeouts and output limits
// that hold over time.
func (s *Server) checkClients() {
	hz := max(s.cfg.Hz, 1)
	list := s.env.Clients.Snapshot(nil)
	n := (len(list) + int(hz) - 1) / int(hz)
	from := 0
	if len(list) > 0 {
		from = int(s.cron.runs) * n % len(list)
	}
	for i := range n {
		c := list[(from+i)%len(list)]
		s.withClient(c, func(c *command.Client) {
			if t := s.cfg.Timeout; t > 0 && c.TimesOut() && s.env.Keys.Now-c.LastActive > t*1000 {
				s.log.Verbosef("Closing idle client")
				c.Conn.Close()
				return
			}
			c.CheckOutputLimit()
			c.ChargeBuffers()
			c.Rest()
			s.env.CronClientLimit(c)
		})
	}
}

// withClient runs fn on a client with the locks that make its state the caller's. REQUIRES: the keyspace lock.
func (s *Server) withClient(c *command.Client, fn func(*command.Client)) {
	if c.Conn == nil {
		fn(c)
		return
	}
	c.Conn.Borrow(s.cur)
	defer c.Conn.Return(s.cur)
	fn(c)
}

// sayDatabases logs how full the databases are.
func (s *Server) sayDatabases() {
	for _, db := range s.env.Keys.DBs {
		if n := db.Len(); n > 0 {
			s.log.Verbosef("DB %d: %d keys (%d volatile).", db.ID, n, db.Expires())
		}
	}
	s.log.Debugf("%d clients connected, %d bytes in use", s.env.Clients.Len(), mem.Used())
}

package server

import (
	"time"

	"granary/internal/info"
	"granary/internal/mem"
)

// applyMaxMemory sets new limits. REQUIRES: configure was called, as the access clock goes by the policy.
func (s *Server) applyMaxMemory() error {
	before := s.env.MaxMemory()
	s.env.ConfigureMaxMemory()
	if n := s.cfg.MaxMemory; n > 0 && n != before && n < mem.Used() {
		s.log.Warningf("WARNING: the new maxmemory value set via CONFIG SET (%d) is smaller than the current memory usage (%d). "+
			"This will result in key eviction and/or the inability to accept new write commands depending on the maxmemory-policy.", n, mem.Used())
	}
	if s.cfg.FollowsMachine() && !s.following {
		s.following = true
		go s.followMachine()
	}
	return nil
}

// How what the machine allows is found out, and how often; tests have ways of their own.
var (
	machineMemory = info.MachineMemory
	followEvery   = time.Second
)

// settleMaxMemory works out maxmemory if it goes by what the machine allows.
func (s *Server) settleMaxMemory() {
	if s.cfg.FollowsMachine() {
		s.machine = machineMemory()
		s.cfg.SettleMaxMemory(s.machine)
	}
}

// followMachine adjusts maxmemory when the machine allows more or less, for as long as it goes by that. Files are read without
// the keyspace lock.
func (s *Server) followMachine() {
	for {
		time.Sleep(followEvery)
		n := machineMemory()
		s.mu.Lock()
		s.following = s.cfg.FollowsMachine() && !s.end.asked
		if !s.following {
			s.mu.Unlock()
			return
		}
		if n != s.machine {
			s.env.ReadClock()
			before := s.cfg.MaxMemory
			s.configure()
			s.env.ConfigureMaxMemory()
			s.env.ConfigureClientLimit()
			s.log.Noticef("The machine allows %d bytes now: maxmemory is %d, it was %d.", s.machine, s.cfg.MaxMemory, before)
		}
		s.mu.Unlock()
	}
}

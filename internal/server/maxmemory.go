package server

import "granary/internal/mem"

// applyMaxMemory sets new limits. REQUIRES: configure was called, as the access clock goes by the policy.
func (s *Server) applyMaxMemory() error {
	before := s.env.MaxMemory()
	s.env.ConfigureMaxMemory()
	if n := s.cfg.MaxMemory; n > 0 && n != before && n < mem.Used() {
		s.log.Warningf("WARNING: the new maxmemory value set via CONFIG SET (%d) is smaller than the current memory usage (%d). "+
			"This will result in key eviction and/or the inability to accept new write commands depending on the maxmemory-policy.", n, mem.Used())
	}
	return nil
}

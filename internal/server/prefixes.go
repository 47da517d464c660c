package server

import (
	"granary/internal/prefix"
)

// applyPrefixes begins to keep what prefixes have, as the configuration says, or ends it.
func (s *Server) applyPrefixes() error {
	cfg, ks := s.cfg, s.env.Keys
	if !cfg.MemoryPrefixes {
		ks.NoPrefixes()
		return nil
	}
	ks.SetPrefixes(prefix.Split{Delim: cfg.MemoryPrefixDelimiter, Depth: int(cfg.MemoryPrefixDepth)}, int(cfg.MemoryPrefixMax))
	return nil
}

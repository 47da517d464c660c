package server

import (
	"granary/internal/prefix"
)

// applyPrefixes begins to keep what prefixes have, as the configuration says, or ends it.
func (s *Server) applyPrefixes() error {
	cfg, ks := s.cfg, s.env.Keys
	s.prefixRows = s.fittingPrefixRows()
	if !cfg.MemoryPrefixes {
		ks.NoPrefixes()
		return nil
	}
	ks.SetPrefixes(prefix.Split{Delim: cfg.MemoryPrefixDelimiter, Depth: int(cfg.MemoryPrefixDepth)}, s.prefixRows)
	return nil
}

// What the accounts of prefixes may take of maxmemory, so that they do not cost the keys that they are about.
const (
	prefixRowBytes  = 430
	prefixShare     = 100 // a hundredth
	leastPrefixRows = 64
)

// fittingPrefixRows returns memory-prefix-max, or less if maxmemory is small.
func (s *Server) fittingPrefixRows() int {
	rows := s.cfg.MemoryPrefixMax
	if limit := s.cfg.MaxMemory; limit > 0 {
		rows = min(rows, max(limit/prefixShare/prefixRowBytes, leastPrefixRows))
	}
	return int(rows)
}

// fitPrefixes counts anew when another maxmemory makes room for more rows, or for less.
func (s *Server) fitPrefixes() {
	if s.cfg.MemoryPrefixes && s.fittingPrefixRows() != s.prefixRows {
		s.applyPrefixes()
	}
}

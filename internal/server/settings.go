package server

import (
	"time"

	"granary/internal/keyspace"
	"granary/internal/logger"
)

// configure derives from the configuration what other parts keep for themselves.
func (s *Server) configure() {
	cfg, env, ks := s.cfg, s.env, s.env.Keys
	s.settleMaxMemory()
	policy := cfg.MaxMemoryPolicy
	ks.Limits.Embstr = int(cfg.StringEmbstrMax)
	// An entry's clock is the entry's own, so that sharing a number would not disturb it; but OBJECT REFCOUNT has to tell
	// what Redis tells: with a policy by access, numbers are not shared.
	ks.Limits.Shared = cfg.MaxMemory == 0 || !(policy.LFU() || policy.LRU())
	ks.Access.LFU = policy.LFU()
	ks.Access.LogFactor = int(cfg.LFULogFactor)
	ks.Access.DecayMinutes = int(cfg.LFUDecayTime)
	ks.Access.SetNow(ks.Now)
	ks.Events = keyspace.Class(cfg.NotifyKeyspaceEvents)
	env.Stats.Configure(cfg)
	env.ACL.Configure(cfg)
}

// applySettings registers what CONFIG SET has to set in motion.
func (s *Server) applySettings() {
	cfg := s.cfg
	cfg.OnApplyAny(func() error { s.configure(); return nil },
		"maxmemory", "maxmemory-policy", "string-embstr-max", "lfu-log-factor", "lfu-decay-time", "notify-keyspace-events",
		"slowlog-log-slower-than", "slowlog-max-len", "latency-monitor-threshold", "latency-tracking",
		"acllog-max-len", "acl-pubsub-default")
	s.applyMaxMemory()
	cfg.OnApplyAny(s.applyMaxMemory, "maxmemory", "maxmemory-data", "maxmemory-policy", "maxmemory-samples", "maxmemory-eviction-tenacity")
	s.env.ConfigureJournal()
	cfg.OnApplyAny(func() error { s.env.ConfigureJournal(); return nil }, "memory-journal-max-len", "memory-journal-expiries", "memory-prefix-delimiter", "memory-prefix-depth")
	s.env.ConfigureClientLimit()
	cfg.OnApplyAny(func() error { s.env.ConfigureClientLimit(); return nil }, "maxmemory", "maxmemory-clients")
	cfg.OnApply("memory-history", s.applyHistory)
	cfg.OnApplyAny(s.applyPrefixes, "memory-prefixes", "memory-prefix-delimiter", "memory-prefix-depth", "memory-prefix-max")
	cfg.OnApply("requirepass", func() error {
		s.env.ACL.Users.SetDefaultPassword(cfg.RequirePass)
		return nil
	})
	s.applyTLSSettings()
	cfg.OnApplyAny(func() error { return s.relisten(false, "Unable to listen on this port. Check server logs.") }, "port", "tls-port")
	cfg.OnApply("proc-title-template", func() error { s.setTitle(); return nil })
	cfg.OnApply("bind", func() error { return s.relisten(true, "Failed to bind to specified addresses.") })
	cfg.OnApply("maxclients", s.raiseFileLimit)
	cfg.OnApply("crash-log-enabled", func() error { s.watchCrashes(); return nil })
	cfg.OnApplyAny(s.setOOMScore, "oom-score-adj", "oom-score-adj-values")
	cfg.OnApply("client-query-buffer-limit", func() error {
		for _, g := range s.groups() {
			g.SetQueryLimit(cfg.ClientQueryBufferLimit)
		}
		return nil
	})
	cfg.OnApply("tcp-keepalive", func() error {
		for _, g := range s.groups() {
			g.SetKeepalive(int(cfg.TCPKeepAlive))
		}
		return nil
	})
	cfg.OnApplyAny(func() error {
		s.log.SetLevel(logger.Level(cfg.LogLevel))
		s.log.SetHideUserData(cfg.HideUserDataFromLog)
		s.log.SetFormat(logger.Format(cfg.LogFormat), logger.Timestamp(cfg.LogTimestampFormat))
		return nil
	}, "loglevel", "hide-user-data-from-log", "log-format", "log-timestamp-format")
	cfg.OnApply("tracking-table-max-keys", func() error {
		s.env.TrackingSlice(time.Now().Add(slice))
		return nil
	})
	cfg.OnApplyAny(func() error {
		s.env.ConfigureSaves()
		return nil
	}, "save", "stop-writes-on-bgsave-error")
	cfg.OnApply("appendonly", s.applyAppendOnly)
	cfg.OnApply("appendfsync", s.applyFsync)
	cfg.OnApply("slowlog-max-len", func() error {
		s.env.Slowlog.Trim(int(cfg.SlowlogMaxLen))
		return nil
	})
}

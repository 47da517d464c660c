package admin

import (
	"fmt"
	"math"
	"os"
	"runtime"
	"strconv"
	"strings"

	"granary/internal/command"
	"granary/internal/info"
	"granary/internal/pubsub"
)

// What does not change while the process runs.
var (
	totalMemory   = info.SystemMemory()
	executable, _ = os.Executable()
	goVersion     = runtime.Version()
	multiplexing  = map[bool]string{true: "epoll", false: "net"}[runtime.GOOS == "linux"]
)

var statsSection = section{Name: "stats", Title: "Stats", When: info.Default | info.All, Fields: []row{
	count("total_connections_received", func(v *view) int64 { return v.stats.Connections }),
	count("total_commands_processed", func(v *view) int64 { return v.stats.Commands }),
	count("instantaneous_ops_per_sec", func(v *view) int64 { return v.stats.PerSecond(command.RateCommands) }),
	size("total_net_input_bytes", func(v *view) int64 { in, _ := v.stats.NetTotals(v.env); return in }),
	size("total_net_output_bytes", func(v *view) int64 { _, out := v.stats.NetTotals(v.env); return out }),
	idle("total_net_repl_input_bytes"),
	idle("total_net_repl_output_bytes"),
	ratio("instantaneous_input_kbps", func(v *view) float64 { return float64(v.stats.PerSecond(command.RateNetIn)) / 1024 }),
	ratio("instantaneous_output_kbps", func(v *view) float64 { return float64(v.stats.PerSecond(command.RateNetOut)) / 1024 }),
	ratio("instantaneous_input_repl_kbps", func(*view) float64 { return 0 }),
	ratio("instantaneous_output_repl_kbps", func(*view) float64 { return 0 }),
	count("rejected_connections", func(v *view) int64 { return v.stats.Rejected }),
	idle("sync_full"),
	idle("sync_partial_ok"),
	idle("sync_partial_err"),
	count("expired_subkeys", func(v *view) int64 { return v.env.Keys.Stats.ExpiredFields }),
	count("expired_keys", func(v *view) int64 { return v.env.Keys.Stats.Expired }),
	ratio("expired_stale_perc", func(v *view) float64 { return v.env.Keys.Stats.ExpiredStale }),
	count("expired_time_cap_reached_count", func(v *view) int64 { return v.env.Keys.Stats.ExpireTimeCaps }),
	count("expire_cycle_cpu_milliseconds", func(v *view) int64 { return v.stats.ExpireNanos / 1e6 }),
	count("evicted_keys", func(v *view) int64 { return v.env.Keys.Stats.Evicted }),
	count("evicted_clients", func(v *view) int64 { return v.stats.EvictedClients }),
	count("evicted_scripts", func(v *view) int64 { return v.env.Stats.EvictedScripts }),
	count("total_eviction_exceeded_time", func(v *view) int64 { total, _ := v.env.Exceeded(); return total / 1e6 }),
	count("current_eviction_exceeded_time", func(v *view) int64 { _, now := v.env.Exceeded(); return now / 1e6 }),
	count("keyspace_hits", func(v *view) int64 { return v.env.Keys.Stats.Hits }),
	count("keyspace_misses", func(v *view) int64 { return v.env.Keys.Stats.Misses }),
	count("pubsub_channels", func(v *view) int64 { return int64(v.env.PubSub.Len(pubsub.Channel)) }),
	count("pubsub_patterns", func(v *view) int64 { return int64(v.env.PubSub.Len(pubsub.Pattern)) }),
	count("pubsubshard_channels", func(v *view) int64 { return int64(v.env.PubSub.Len(pubsub.Shard)) }),
	idle("latest_fork_usec"),
	idle("total_forks"),
	count("migrate_cached_sockets", cachedSockets),
	idle("slave_expires_tracked_keys"),
	count("active_defrag_hits", func(v *view) int64 { return v.defrag().Hits }),
	count("active_defrag_misses", func(v *view) int64 { return v.defrag().Misses }),
	count("active_defrag_key_hits", func(v *view) int64 { return v.defrag().KeyHits }),
	count("active_defrag_key_misses", func(v *view) int64 { return v.defrag().KeyMisses }),
	count("total_active_defrag_time", func(v *view) int64 { return v.defrag().Total }),
	count("current_active_defrag_time", func(v *view) int64 { return v.defrag().Current }),
	count("tracking_total_keys", func(v *view) int64 { return v.env.Tracking().Keys }),
	count("tracking_total_items", func(v *view) int64 { return v.env.Tracking().Items }),
	count("tracking_total_prefixes", func(v *view) int64 { return v.env.Tracking().Prefixes }),
	count("unexpected_error_replies", func(v *view) int64 { return v.stats.Unexpected }),
	count("total_error_replies", func(v *view) int64 { return v.stats.ErrorReplies }),
	idle("dump_payload_sanitizations"),
	count("total_reads_processed", func(v *view) int64 { r, _ := v.env.Ops.Calls(); return r }),
	count("total_writes_processed", func(v *view) int64 { _, w := v.env.Ops.Calls(); return w }),
	idle("io_threaded_reads_processed"),
	idle("io_threaded_writes_processed"),
	count("io_threaded_total_prefetch_batches", func(v *view) int64 { return v.env.Keys.Stats.Warmings }),
	count("io_threaded_total_prefetch_entries", func(v *view) int64 { return v.env.Keys.Stats.Warmed }),
	count("client_query_buffer_limit_disconnections", func(v *view) int64 { return v.stats.QueryLimit }),
	count("client_output_buffer_limit_disconnections", func(v *view) int64 { return v.stats.OutputLimit }),
	count("reply_buffer_shrinks", func(v *view) int64 { n, _ := v.env.Ops.ReplyResizes(); return n }),
	count("reply_buffer_expands", func(v *view) int64 { _, n := v.env.Ops.ReplyResizes(); return n }),
	count("eventloop_cycles", func(v *view) int64 { return v.stats.Turns }),
	count("eventloop_duration_sum", func(v *view) int64 { return v.stats.TurnNanos / 1000 }),
	count("eventloop_duration_cmd_sum", func(v *view) int64 { return v.stats.CommandNanos() / 1000 }),
	count("instantaneous_eventloop_cycles_per_sec", func(v *view) int64 { return v.stats.PerSecond(command.RateTurns) }),
	count("instantaneous_eventloop_duration_usec", func(v *view) int64 { return v.stats.PerSecond(command.RateTurnMicros) }),
	count("acl_access_denied_auth", func(v *view) int64 { return v.stats.DeniedAuth }),
	count("acl_access_denied_cmd", func(v *view) int64 { return v.stats.DeniedCommand }),
	count("acl_access_denied_key", func(v *view) int64 { return v.stats.DeniedKey }),
	count("acl_access_denied_channel", func(v *view) int64 { return v.stats.DeniedChannel }),
}}

// persistenceSection tells of snapshots and of the append-only file.
var persistenceSection = section{Name: "persistence", Title: "Persistence", When: info.Default | info.All, Fields: []row{
	flag("loading", func(v *view) bool { return v.env.Gate&command.GateLoading != 0 }),
	idle("async_loading"),
	idle("current_cow_peak"),
	idle("current_cow_size"),
	idle("current_cow_size_age"),
	ratio("current_fork_perc", func(*view) float64 { return 0 }),
	count("current_save_keys_processed", func(v *view) int64 { return v.env.Saves.Keys }),
	count("current_save_keys_total", func(v *view) int64 { return v.env.Saves.Total }),
	count("rdb_changes_since_last_save", func(v *view) int64 { return v.env.Keys.Stats.Dirty }),
	flag("rdb_bgsave_in_progress", func(v *view) bool { return v.env.Saves.Running }),
	count("rdb_last_save_time", func(v *view) int64 { return v.env.LastSave() }),
	text("rdb_last_bgsave_status", func(v *view) string { return map[bool]string{false: "ok", true: "err"}[v.env.Saves.Failed] }),
	count("rdb_last_bgsave_time_sec", func(v *view) int64 { return v.env.Saves.Seconds }),
	count("rdb_current_bgsave_time_sec", func(v *view) int64 {
		if !v.env.Saves.Running {
			return -1
		}
		return v.env.Keys.Now/1000 - v.env.Saves.Began
	}),
	count("rdb_saves", func(v *view) int64 { return v.env.Saves.Count }),
	idle("rdb_last_cow_size"),
	count("rdb_last_load_keys_expired", func(v *view) int64 { return v.env.Saves.Load.Expired }),
	count("rdb_last_load_keys_loaded", func(v *view) int64 { return v.env.Saves.Load.Keys }),
	flag("aof_enabled", func(v *view) bool { return v.aof().On }),
	flag("aof_rewrite_in_progress", func(v *view) bool { return v.aof().Running }),
	flag("aof_rewrite_scheduled", func(v *view) bool { return v.aof().Scheduled }),
	count("aof_last_rewrite_time_sec", func(v *view) int64 { return v.aof().Seconds }),
	count("aof_current_rewrite_time_sec", func(v *view) int64 {
		if a := v.aof(); a.Running {
			return v.env.Keys.Now/1000 - a.Began
		}
		return -1
	}),
	text("aof_last_bgrewrite_status", func(v *view) string { return okay(!v.aof().Failed) }),
	count("aof_rewrites", func(v *view) int64 { return v.aof().Count }),
	count("aof_rewrites_consecutive_failures", func(v *view) int64 { return v.aof().Failures }),
	text("aof_last_write_status", func(v *view) string { return okay(!v.aof().Unwritten) }),
	idle("aof_last_cow_size"),
	idle("module_fork_in_progress"),
	idle("module_fork_last_cow_size"),
	lines(aofLines),
	lines(loadingLines),
}}

// okay is the word for how something ended.
func okay(ok bool) string {
	if ok {
		return "ok"
	}
	return "err"
}

// aofLines tells more of the append-only file while there is one.
func aofLines(v *view, b []byte) []byte {
	a := v.aof()
	if !a.On {
		return b
	}
	pending := 0
	if a.Scheduled {
		pending = 1
	}
	syncing := 0
	if a.Syncing {
		syncing = 1
	}
	return fmt.Appendf(b, "aof_current_size:%d\r\naof_base_size:%d\r\naof_pending_rewrite:%d\r\naof_buffer_length:%d\r\n"+
		"aof_pending_bio_fsync:%d\r\naof_delayed_fsync:%d\r\n", a.Size, a.Base, pending, a.Buffer, syncing, a.Delayed)
}

// loadingLines tells how far loading is.
func loadingLines(v *view, b []byte) []byte {
	if v.env.Gate&command.GateLoading == 0 {
		return b
	}
	l := &v.env.Saves.Load
	percent, eta := 0.0, int64(1)
	if l.Bytes > 0 {
		percent = 100 * float64(l.Read) / float64(l.Bytes)
	}
	if spent := v.env.Keys.Now/1000 - l.Began; l.Read > 0 {
		eta = spent * (l.Bytes - l.Read) / l.Read
	}
	return fmt.Appendf(b, "loading_start_time:%d\r\nloading_total_bytes:%d\r\nloading_rdb_used_mem:%d\r\nloading_loaded_bytes:%d\r\n"+
		"loading_loaded_perc:%.2f\r\nloading_eta_seconds:%d\r\n", l.Began, l.Bytes, l.UsedMem, l.Read, percent, eta)
}

var replicationSection = section{Name: "replication", Title: "Replication", When: info.Default | info.All, Fields: []row{
	fixed("role", "master"),
	idle("connected_slaves"),
	fixed("master_failover_state", "no-failover"),
	text("master_replid", func(v *view) string { return v.env.ReplID }),
	fixed("master_replid2", strings.Repeat("0", 40)),
	idle("master_repl_offset"),
	fixed("second_repl_offset", "-1"),
	idle("repl_backlog_active"),
	size("repl_backlog_size", func(v *view) int64 { return v.cfg.ReplBacklogSize }),
	idle("repl_backlog_first_byte_offset"),
	idle("repl_backlog_histlen"),
}}

// commandLines has a line for every command that was called or refused.
func commandLines(v *view, b []byte) []byte {
	for _, s := range v.env.Table.Every() {
		st := v.stats.Of(s)
		if st.Calls == 0 && st.Rejected == 0 {
			continue
		}
		per := 0.0
		if st.Calls > 0 {
			per = float64(st.Nanos/1000) / float64(st.Calls)
		}
		b = fmt.Appendf(b, "cmdstat_%s:calls=%d,usec=%d,usec_per_call=%.2f,rejected_calls=%d,failed_calls=%d\r\n",
			s.Full, st.Calls, st.Nanos/1000, per, st.Rejected, st.Failed)
	}
	return b
}

// errorLines has a line for every kind of error that was answered.
func errorLines(v *view, b []byte) []byte {
	for _, e := range v.stats.Errors() {
		b = fmt.Appendf(b, "errorstat_%s:count=%d\r\n", safeName(e.Code), e.Count)
	}
	return b
}

// safeName replaces what would break a line or a field of INFO.
func safeName(s string) string {
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune("#:\n\r", r) {
			return '_'
		}
		return r
	}, s)
}

// latencyLines has the percentiles of every command that was called, in microseconds.
func latencyLines(v *view, b []byte) []byte {
	if !v.cfg.LatencyTracking {
		return b
	}
	for _, s := range v.env.Table.Every() {
		h := &v.stats.Of(s).Latency
		if h.Count() == 0 {
			continue
		}
		b = append(b, "latency_percentiles_usec_"...)
		b = append(b, s.Full...)
		for i, p := range v.cfg.LatencyTrackingInfoPercentiles {
			sep := byte(',')
			if i == 0 {
				sep = ':'
			}
			b = append(b, sep, 'p')
			b = strconv.AppendFloat(b, math.Round(p*1e6)/1e6, 'f', -1, 64)
			b = append(b, '=')
			b = strconv.AppendFloat(b, float64(h.Percentile(p))/1000, 'f', 3, 64)
		}
		b = append(b, "\r\n"...)
	}
	return b
}

// keyspaceLines has a line for every database that is not empty.
func keyspaceLines(v *view, b []byte) []byte {
	for _, db := range v.env.Keys.DBs {
		if db.Len() == 0 {
			continue
		}
		b = fmt.Appendf(b, "db%d:keys=%d,expires=%d,avg_ttl=%d,subexpiry=%d\r\n", db.ID, db.Len(), db.Expires(), db.AvgTTL(), db.SubExpires())
	}
	return b
}

// debugSection is shown only when it is asked for by name.
var debugSection = section{Name: "debug", Title: "Debug", When: info.Asked, Fields: []row{
	idle("eventloop_duration_aof_sum"),
	count("eventloop_duration_cron_sum", func(v *view) int64 { return v.stats.CronNanos / 1000 }),
	count("eventloop_duration_max", func(v *view) int64 { return v.stats.TurnMax / 1000 }),
	count("eventloop_cmd_per_cycle_max", func(v *view) int64 { return v.stats.TurnCommandsMax }),
}}

// cachedSockets counts the connections that MIGRATE keeps.
func cachedSockets(v *view) int64 {
	if v.env.Migrations == nil {
		return 0
	}
	return int64(v.env.Migrations.Cached())
}

package admin

import (
	"os"
	"strconv"

	"granary/internal/command"
	"granary/internal/config"
	"granary/internal/info"
)

// view is what the fields of one INFO reply read. What costs something to look at is looked at once, when the first field
// asks for it.
type view struct {
	env   *command.Env
	cfg   *config.Config
	stats *command.Stats

	report *command.MemoryReport
	used   *[3]info.CPU
}

// mem looks at the memory.
func (v *view) mem() *command.MemoryReport {
	if v.report == nil {
		r := v.env.ReadMemory()
		v.report = &r
	}
	return v.report
}

// aof asks about the append-only file.
func (v *view) aof() command.AOFReport { return v.env.Saver.AOF() }

// scripts asks what the engine of scripts keeps.
func (v *view) scripts() command.ScriptReport { return v.env.ReadScripts() }

// defrag looks at what compaction has done.
func (v *view) defrag() command.DefragReport { return v.env.DefragReport() }

// cpu looks at processor time: of the process, of children, of the calling thread.
func (v *view) cpu() *[3]info.CPU {
	if v.used == nil {
		v.used = new([3]info.CPU)
		v.used[0], v.used[1], v.used[2] = info.ReadCPU()
	}
	return v.used
}

// cmdInfo answers INFO [section ...].
func cmdInfo(c *command.Ctx) {
	names := make([]string, 0, len(c.Args)-1)
	for _, a := range c.Args[1:] {
		names = append(names, string(a))
	}
	v := &view{env: c.Env, cfg: c.Env.Config, stats: c.Env.Stats}
	c.Out.Verbatim(string(fields.Append(nil, v, names...)), "txt")
}

// The shapes of rows, for short.

type (
	row     = info.Field[*view]
	section = info.Section[*view]
)

func count(name string, fn func(*view) int64) row { return row{Name: name, Kind: info.Count, Int: fn} }

func size(name string, fn func(*view) int64) row { return row{Name: name, Kind: info.Bytes, Int: fn} }

func human(name string, fn func(*view) int64) row {
	return row{Name: name + "_human", Kind: info.HumanBytes, Int: fn}
}

func ratio(name string, fn func(*view) float64) row {
	return row{Name: name, Kind: info.Ratio, Float: fn}
}

func percent(name string, fn func(*view) float64) row {
	return row{Name: name, Kind: info.Percent, Float: fn}
}

func seconds(name string, fn func(*view) float64) row {
	return row{Name: name, Kind: info.Seconds, Float: fn}
}

func text(name string, fn func(*view) string) row { return row{Name: name, Kind: info.Text, Text: fn} }

func flag(name string, fn func(*view) bool) row {
	return row{Name: name, Kind: info.Flag, Int: func(v *view) int64 {
		if fn(v) {
			return 1
		}
		return 0
	}}
}

// idle is a count of something that this version does not have, such as replicas: truly zero.
func idle(name string) row { return count(name, func(*view) int64 { return 0 }) }

// fixed is a field that always says the same.
func fixed(name, value string) row { return text(name, func(*view) string { return value }) }

func lines(fn func(v *view, dst []byte) []byte) row { return row{Kind: info.Lines, Lines: fn} }

// fields is the table of INFO, in the order of its sections.
var fields = info.Table[*view]{
	serverSection, clientsSection, memorySection, persistenceSection, statsSection, replicationSection, cpuSection,
	{Name: "modules", Title: "Modules", When: info.Default | info.All},
	{Name: "commandstats", Title: "Commandstats", When: info.All, Fields: []row{lines(commandLines)}},
	{Name: "errorstats", Title: "Errorstats", When: info.Default | info.All, Fields: []row{lines(errorLines)}},
	{Name: "latencystats", Title: "Latencystats", When: info.All, Fields: []row{lines(latencyLines)}},
	{Name: "cluster", Title: "Cluster", When: info.Default | info.All, Fields: []row{
		flag("cluster_enabled", func(*view) bool { return false }),
	}},
	{Name: "keyspace", Title: "Keyspace", When: info.Default | info.All, Fields: []row{lines(keyspaceLines)}},
	debugSection,
}

var serverSection = section{Name: "server", Title: "Server", When: info.Default | info.All, Fields: []row{
	fixed("redis_version", info.RedisVersion),
	text("redis_git_sha1", func(*view) string { commit, _ := info.Build(); return commit }),
	flag("redis_git_dirty", func(*view) bool { _, dirty := info.Build(); return dirty }),
	fixed("redis_build_id", info.Version),
	fixed("redis_mode", "standalone"),
	fixed("server_name", info.ServerName),
	fixed("granary_version", info.Version),
	text("os", func(*view) string { return info.OS() }),
	fixed("arch_bits", strconv.Itoa(strconv.IntSize)),
	fixed("monotonic_clock", "POSIX clock_gettime"),
	fixed("multiplexing_api", multiplexing),
	fixed("atomicvar_api", "go"),
	fixed("gcc_version", "0.0.0"),
	fixed("go_version", goVersion),
	count("process_id", func(*view) int64 { return int64(os.Getpid()) }),
	text("process_supervised", func(v *view) string { return v.cfg.Value(config.Lookup("supervised")) }),
	text("run_id", func(v *view) string { return v.env.RunID }),
	count("tcp_port", func(v *view) int64 {
		if v.cfg.Port == 0 {
			return v.cfg.TLSPort
		}
		return v.cfg.Port
	}),
	count("server_time_usec", func(v *view) int64 { return v.env.NowMicro() }),
	count("uptime_in_seconds", uptime),
	count("uptime_in_days", func(v *view) int64 { return uptime(v) / 86400 }),
	count("hz", func(v *view) int64 { return v.cfg.Hz }),
	count("configured_hz", func(v *view) int64 { return v.cfg.Hz }),
	count("lru_clock", func(v *view) int64 { return v.env.Keys.Now / 1000 & (1<<24 - 1) }),
	text("executable", func(*view) string { return executable }),
	text("config_file", func(v *view) string { return v.cfg.File }),
	flag("io_threads_active", func(v *view) bool { return v.cfg.IOThreads > 1 }),
	text("availability_zone", func(v *view) string { return v.cfg.AvailabilityZone }),
}}

func uptime(v *view) int64 { return (v.env.Keys.Now - v.env.Start) / 1000 }

var clientsSection = section{Name: "clients", Title: "Clients", When: info.Default | info.All, Fields: []row{
	count("connected_clients", func(v *view) int64 { return int64(v.env.Clients.Len()) }),
	idle("cluster_connections"),
	count("maxclients", func(v *view) int64 { return v.cfg.MaxClients }),
	size("client_recent_max_input_buffer", func(v *view) int64 { return v.mem().MaxIn }),
	size("client_recent_max_output_buffer", func(v *view) int64 { return v.mem().MaxOut }),
	count("blocked_clients", func(v *view) int64 { return int64(v.env.Pause.Held() + v.env.Blocked.Len()) }),
	count("tracking_clients", func(v *view) int64 { return v.env.Tracking().Clients }),
	count("pubsub_clients", func(v *view) int64 { return v.env.Subscribers }),
	count("watching_clients", func(v *view) int64 { n, _ := v.env.Watching(); return int64(n) }),
	count("clients_in_timeout_table", func(v *view) int64 { return int64(v.env.Blocked.Timed()) }),
	count("total_watched_keys", func(v *view) int64 { _, n := v.env.Watching(); return int64(n) }),
	count("total_blocking_keys", func(v *view) int64 { all, _ := v.env.Blocked.Keys(); return int64(all) }),
	count("total_blocking_keys_on_nokey", func(v *view) int64 { _, n := v.env.Blocked.Keys(); return int64(n) }),
	text("paused_reason", func(v *view) string {
		if now, _ := v.env.Paused(); now {
			return "client_pause"
		}
		return "none"
	}),
	text("paused_actions", func(v *view) string {
		switch now, all := v.env.Paused(); {
		case !now:
			return "none"
		case all:
			return "all"
		}
		return "write"
	}),
	count("paused_timeout_milliseconds", func(v *view) int64 { return max(0, v.env.PauseEnd()-v.env.Keys.Now) }),
}}

var cpuSection = section{Name: "cpu", Title: "CPU", When: info.Default | info.All, Fields: []row{
	seconds("used_cpu_sys", func(v *view) float64 { return v.cpu()[0].System }),
	seconds("used_cpu_user", func(v *view) float64 { return v.cpu()[0].User }),
	seconds("used_cpu_sys_children", func(v *view) float64 { return v.cpu()[1].System }),
	seconds("used_cpu_user_children", func(v *view) float64 { return v.cpu()[1].User }),
	seconds("used_cpu_sys_main_thread", func(v *view) float64 { return v.cpu()[2].System }),
	seconds("used_cpu_user_main_thread", func(v *view) float64 { return v.cpu()[2].User }),
}}

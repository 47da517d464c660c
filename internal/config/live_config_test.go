package config

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// differs are the directives whose default or range is not that of Redis 7.0, which the tests below run against,
// each with the reason.
var differs = map[string]string{
	"io-threads-do-reads":               "settable here, where it has no effect, as Valkey has it",
	"port":                              "the test gives it",
	"dir":                               "the test gives it",
	"loglevel":                          "Redis 7.2 added nothing",
	"repl-diskless-load":                "Valkey 8.1 added flush-before-load",
	"maxmemory":                         "unsigned in Redis: sizes of 2^63 bytes and more are refused here",
	"cluster-link-sendbuf-limit":        "unsigned in Redis: sizes of 2^63 bytes and more are refused here",
	"maxmemory-clients":                 "Redis takes sizes of 2^63 bytes and more for percentages",
	"activedefrag":                      "a Redis without its own jemalloc refuses it",
	"maxclients":                        "the system limits it, by its own limit of open files",
	"requirepass":                       "setting it locks the test out",
	"bind":                              "setting it locks the test out",
	"tls-cluster":                       "the real server has no certificate",
	"tls-replication":                   "the real server has no certificate",
	"tls-port":                          "the real server has no certificate to listen with",
	"oom-score-adj":                     "needs rights",
	"oom-score-adj-values":              "needs rights to lower the score",
	"save":                              "Redis cuts the number of changes to 32 bits",
	"watchdog-period":                   "the signal of the real server's watchdog ends slow tests",
	"use-exit-on-panic":                 "harmless, but of no use to compare",
	"tls-session-cache-size":            "Redis stops at 2^31 - 1 and applies it to a context it does not have",
	"shutdown-timeout":                  "covered by its own cases",
	"client-output-buffer-limit":        "covered by its own cases",
	"notify-keyspace-events":            "covered by its own cases",
	"latency-tracking-info-percentiles": "covered by its own cases: hexadecimal numbers are refused here",
}

// ownDefaults are the directives whose default is our own, each with the reason.
var ownDefaults = map[string]string{
	"activedefrag": "memory comes back without a restart",
}

func TestDefaultsAgainstServer(t *testing.T) {
	s := startReal(t, t.TempDir(), nil)
	c := New()
	for name, want := range s.configGet("*") {
		d := Lookup(name)
		if d == nil {
			t.Errorf("%s is missing", name)
			continue
		}
		if got := c.Value(d); (got == want) == (ownDefaults[name] != "") && name != "port" && name != "dir" {
			t.Errorf("%s: default %q, Redis has %q", name, got, want)
		}
	}
	// Hidden ones answer to their names.
	for _, name := range []string{
		"rdb-key-save-delay", "key-load-delay", "loading-process-events-interval-bytes", "use-exit-on-panic",
		"watchdog-period", "lua-enable-deprecated-api",
	} {
		if got, want := c.Get(name), s.configGet(name); len(got) != 1 || got[0].Value != want[name] {
			t.Errorf("%s: %v, Redis has %v", name, got, want)
		}
	}
}

func TestGetAgainstServer(t *testing.T) {
	dir := t.TempDir()
	s := startReal(t, dir, nil)
	have := s.configGet("*")
	c := New()
	c.ActiveDefrag = false // ownDefaults
	c.Dir = dir
	c.Port, _ = strconv.ParseInt(have["port"], 10, 64)
	same := func(patterns ...string) {
		t.Helper()
		want := s.configGet(patterns...)
		got := map[string]string{}
		for _, p := range c.Get(patterns...) {
			// What Redis 7.0 does not have, it cannot answer.
			if _, ok := have[strings.ToLower(p.Name)]; ok {
				got[p.Name] = p.Value
			}
		}
		if !maps.Equal(got, want) {
			t.Errorf("CONFIG GET %q: %v, Redis answers %v", patterns, got, want)
		}
	}
	same("maxmemory")
	same("MAXMEMORY")
	same("MaxMem*")
	same("maxmemory", "MAXMEMORY", "maxm*")
	same("*slave*")
	same("slaveof", "replicaof")
	same("*max-*-entries", "hash*")
	same("[s]ave")
	same(`\save`)
	same("s?ve", "SAVE")
	same("nothing")
	same("nothing*", "hz")
	same("lua-time-limit", "busy-*")
	same("")
	same("**")
	same("[^a-z]*")
}

func TestGetIsSorted(t *testing.T) {
	var names []string
	for _, p := range New().Get("*", "maxmemory", "key-load-delay") {
		names = append(names, p.Name)
	}
	if !slices.IsSorted(names) || len(slices.Compact(slices.Clone(names))) != len(names) {
		t.Errorf("not in order, or not once: %q", names)
	}
	if len(names) < 200 || !slices.Contains(names, "slaveof") || !slices.Contains(names, "key-load-delay") ||
		slices.Contains(names, "watchdog-period") {
		t.Errorf("names: %q", names)
	}
}

// set does CONFIG SET on c and returns the reply.
func set(c *Config, args ...string) string {
	var pairs []Pair
	for i := 0; i+1 < len(args); i += 2 {
		pairs = append(pairs, Pair{args[i], args[i+1]})
	}
	if err := c.Set(pairs, SetContext{Local: true}); err != nil {
		return err.Error()
	}
	return "OK"
}

// Every directive that both servers have is set to a lot of values, good and bad: the replies must be equal, and what
// CONFIG GET answers then.
func TestSetEverythingAgainstServer(t *testing.T) {
	s := startReal(t, t.TempDir(), nil)
	c := New()
	values := []string{
		"", "yes", "NO", "@@", "0", "1", "2", "10", "100", "101", "1000", "65535", "65536", "2147483647", "2147483648",
		"-1", "-2", "-2147483648", "-2147483649", "4294967295", "4294967296", "9223372036854775807", "9223372036854775808",
		"01", "+1", "-0", " 1", "1 ", "1.5", "0x10", "1b", "1k", "1KB", "1m", "2Mb", "3g", "1gB", "1t", "kb", "1kk", "5%", "101%", "%",
		"local", "default", "always", "no yes", "volatile-lru", "debug", "on-empty-db", "hostname", "allchannels", "clients",
		"relative", "panic", "optional", "a.b-c", "a_b", "é",
	}
	compared := 0
	for name := range s.configGet("*") {
		d := Lookup(name)
		if _, skip := differs[name]; skip || d == nil || differs[d.Name] != "" {
			continue
		}
		for _, v := range values {
			got, want := set(c, name, v), s.text("CONFIG", "SET", name, v)
			if got != want {
				t.Errorf("CONFIG SET %s %q: %q, Redis answers %q", name, v, got, want)
			}
			if got != "OK" {
				continue
			}
			if got, want := c.Value(d), s.configGet(name)[name]; got != want {
				t.Errorf("CONFIG GET %s after %q: %q, Redis answers %q", name, v, got, want)
			}
			compared++
		}
	}
	t.Logf("%d settings compared", compared)
}

// What the test of everything must leave out, and what takes more than one directive.
func TestSetAgainstServer(t *testing.T) {
	s := startReal(t, t.TempDir(), nil)
	c := New()
	c.ActiveDefrag = false // ownDefaults
	same := func(args ...string) {
		t.Helper()
		got, want := set(c, args...), s.text(append([]string{"CONFIG", "SET"}, args...)...)
		if got != want {
			t.Errorf("CONFIG SET %q: %q, Redis answers %q", args, got, want)
		}
		for i := 0; i < len(args); i += 2 {
			if d := Lookup(args[i]); d != nil && d.Name != "dir" && d.Name != "port" {
				if got, want := c.Value(d), s.configGet(d.Name)[d.Name]; got != want {
					t.Errorf("CONFIG GET %s after %q: %q, Redis answers %q", d.Name, args, got, want)
				}
			}
		}
	}
	// Which mistake is told.
	same("foo", "1")
	same("maxmemory", "1", "foo", "2")
	same("maxmemory", "1", "foo", "2", "bar", "3")
	same("daemonize", "no", "foo", "1")
	same("foo", "1", "daemonize", "no")
	same("timeout", "1", "timeout", "2")
	same("Timeout", "1", "timeout", "2")
	same("timeout", "1", "timeout", "2", "daemonize", "no")
	same("daemonize", "no", "timeout", "1", "timeout", "2")
	same("min-slaves-to-write", "2", "min-replicas-to-write", "3")
	same("dir", "/tmp")
	same("dbfilename", "x")
	same("TIMEOUT", "x")
	same("user", "x")
	same("include", "x")
	same("", "")
	// All or nothing.
	same("maxmemory", "10000001", "maxmemory-clients", "200%", "client-query-buffer-limit", "invalid")
	same("maxmemory", "10mb", "timeout", "abc")
	same("maxmemory", "11mb", "timeout", "5")
	// Values.
	same("maxmemory", "1kbx")
	same("maxmemory", "0%")
	same("maxmemory", "101%")
	same("maxmemory", "")
	same("maxmemory", "010")
	same("maxmemory-clients", "5%")
	same("maxmemory-clients", "05%")
	same("maxmemory-clients", "101%")
	same("maxmemory-clients", "-1%")
	same("maxmemory-clients", "1.5%")
	same("maxmemory-clients", "1gb")
	same("maxmemory-clients", "x")
	same("save", "3600 1 60 2")
	same("save", "")
	same("save", "1")
	same("save", "a b")
	same("save", "1 -1")
	same("save", "0 1")
	same("save", "1 0")
	same("save", " 1 2")
	same("save", "+1 2")
	same("save", "1.5 2")
	same("save", "1 2 ")
	same("shutdown-timeout", "-1")
	same("shutdown-on-sigterm", "nosave now")
	same("shutdown-on-sigterm", "force now save")
	same("shutdown-on-sigterm", "save nosave")
	same("shutdown-on-sigterm", "default force")
	same("shutdown-on-sigterm", "default")
	same("shutdown-on-sigterm", "save save now")
	same("shutdown-on-sigterm", "")
	same("shutdown-on-sigterm", " now")
	same("client-output-buffer-limit", "foo 1 2 3")
	same("client-output-buffer-limit", "normal 1")
	same("client-output-buffer-limit", "normal 1 a 3")
	same("client-output-buffer-limit", "normal 1 1 -3")
	same("client-output-buffer-limit", "normal 1 1 3x")
	same("client-output-buffer-limit", "normal -1 1 3")
	same("client-output-buffer-limit", "normal 1 1 ")
	same("client-output-buffer-limit", "")
	same("client-output-buffer-limit", "REPLICA 1mb 2kb 3 normal 1g 1m 1")
	same("client-output-buffer-limit", "slave 2mb 2kb 3 slave 3mb 1m 1 pubsub 1 2 3")
	same("notify-keyspace-events", "ABC")
	same("notify-keyspace-events", "KEA")
	same("notify-keyspace-events", "mKEA")
	same("notify-keyspace-events", "Kg$lshzxetd")
	same("notify-keyspace-events", "xE")
	same("notify-keyspace-events", "nm")
	same("notify-keyspace-events", "K E")
	same("notify-keyspace-events", "")
	same("oom-score-adj-values", "1 2")
	same("oom-score-adj-values", "")
	same("oom-score-adj-values", "1 2 5000")
	same("oom-score-adj-values", "1 2 a")
	same("oom-score-adj-values", "1  2 3")
	same("oom-score-adj-values", "-5 +6 7")
	same("oom-score-adj", "maybe")
	same("latency-tracking-info-percentiles", "50 101")
	same("latency-tracking-info-percentiles", "-1")
	same("latency-tracking-info-percentiles", "a")
	same("latency-tracking-info-percentiles", "1x")
	same("latency-tracking-info-percentiles", "nan")
	same("latency-tracking-info-percentiles", "inf")
	same("latency-tracking-info-percentiles", "1 ")
	same("latency-tracking-info-percentiles", "")
	same("latency-tracking-info-percentiles", "1 2.50 99.9999999 1e1 .5 1e-7 100 0")
	same("proc-title-template", "{title")
	same("proc-title-template", "title}")
	same("proc-title-template", "{foo}")
	same("proc-title-template", "{{title}")
	same("proc-title-template", "")
	same("proc-title-template", "{title} {listen-addr} {server-mode} {port} {tls-port} {unixsocket} {config-file}")
	for _, title := range []string{
		"{title}", "{title} x", "x{title}", "{server-mode}", "{port}", "{unixsocket}", "x{unixsocket}", "{listen-addr}",
		"{config-file}", "{{", "}", "a{{b}", " ", " {title}", "{{{title}", "{title }", "{TITLE}x",
	} {
		same("proc-title-template", title)
	}
	same("cluster-announce-hostname", strings.Repeat("a", 255))
	same("cluster-announce-hostname", strings.Repeat("a", 256))
	same("bind", strings.TrimSpace(strings.Repeat("127.0.0.1 ", 17)))
	same("activedefrag", "maybe")
	same("port", "65536")
	same("requirepass", "")
	same("hz", "0")
	same("hz", "1000")
	same("repl-backlog-size", "1")
}

func TestProtectedAgainstServer(t *testing.T) {
	dir := t.TempDir()
	s := startReal(t, dir, nil, "--enable-protected-configs", "yes")
	t.Chdir(dir)
	c := New()
	c.EnableProtectedConfigs = AccessYes
	same := func(name, value string) {
		t.Helper()
		if got, want := set(c, name, value), s.text("CONFIG", "SET", name, value); got != want {
			t.Errorf("CONFIG SET %s %q: %q, Redis answers %q", name, value, got, want)
		}
		if got, want := c.Value(Lookup(name)), s.configGet(name)[name]; got != want {
			t.Errorf("CONFIG GET %s after %q: %q, Redis answers %q", name, value, got, want)
		}
	}
	same("dir", "/nope")
	same("dir", "/etc/passwd")
	same("dir", "")
	same("dir", "/")
	same("dir", "usr/bin/..")
	same("dir", dir)
	same("dbfilename", "a/b")
	same("dbfilename", "x.rdb")
	same("dbfilename", "")
}

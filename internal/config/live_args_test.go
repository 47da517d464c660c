package config

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"granary/tests/live"
)

// writeFiles makes files in a new directory and goes there.
func writeFiles(t *testing.T, files map[string]string) (dir string) {
	t.Helper()
	dir = t.TempDir()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	t.Chdir(dir)
	return dir
}

// knownRename stands in for the command table.
func knownRename(r Rename) error {
	switch strings.ToLower(r.Old) {
	case "get", "set", "flushdb":
		if r.New == "set" {
			return errors.New("Target command name already exists")
		}
		return nil
	}
	return errors.New("No such command in rename-command")
}

// Command lines and files that the real server refuses must be refused in the same words.
func TestFatalErrorsAgainstServer(t *testing.T) {
	path := live.NeedRedis(t)
	version := realVersion(t)
	fatal := func(files map[string]string, stdin string, args ...string) {
		t.Run(strings.ReplaceAll(strings.Join(args, " "), "/", "_"), func(t *testing.T) {
			dir := writeFiles(t, files)
			ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
			defer cancel()
			cmd := exec.CommandContext(ctx, path, args...)
			cmd.Dir = dir
			cmd.Stdin = strings.NewReader(stdin)
			out, err := cmd.CombinedOutput()
			if err == nil {
				t.Fatalf("redis-server took it: %s", out)
			}
			want := strings.ReplaceAll(string(out), "(Redis "+version+")", "(Redis "+Version+")")
			_, _, err = (&Loader{CheckRename: knownRename}).ParseArgs(args, strings.NewReader(stdin))
			if err == nil {
				t.Fatalf("taken; Redis says %q", want)
			}
			got := err.Error() + "\n"
			if before, after, logged := strings.Cut(want, "# Reading config from stdin\n"); logged && !strings.Contains(before, "\n") {
				want = after // a line of the log
			}
			var open *OpenError
			if errors.As(err, &open) {
				_, want, _ = strings.Cut(want, "# ") // it goes to the log
			}
			if got != want {
				t.Errorf("%q\nRedis says %q", got, want)
			}
		})
	}
	one := func(text string) {
		t.Helper()
		fatal(map[string]string{"x.conf": text}, "", "x.conf")
	}
	option := func(args ...string) {
		t.Helper()
		fatal(nil, "", args...)
	}
	option("--invalid")
	option("--port")
	option("--port", "6380", "--loglevel")
	option("--port", "6379", "6380")
	option("--port", "--loglevel", "verbose")
	option("--port", "--bla", "--loglevel", "verbose")
	option("--shutdown-on-sigint")
	option("--shutdown-on-sigint", "now force", "--shutdown-on-sigterm")
	option("--replicaof", "127.0.0.1", "abc")
	option("--replicaof", "--127.0.0.1", "abc")
	option("--replicaof", "--127.0.0.1", "--abc")
	option("--slaveof", "x", "99999")
	option("--port 1 2")
	option("--port \"1")
	option("--port", "a b")
	option("--port", "a\"\\\n\x01b")
	option("-p", "5")
	option("--port", "1", "-", "--port", "x")
	option("--save", "1", "x")
	option("--save", "1")
	option("--dir", "/nope")
	option("--dir", "/etc/passwd")
	option("--dbfilename", "a/b")
	option("--appendfilename", "a/b")
	option("--appendfilename", "")
	option("--appenddirname", "a/b")
	option("--appenddirname", "")
	option("--unixsocketperm", "888")
	option("--unixsocketperm", "7777")
	option("--databases", "0")
	option("--oom-score-adj-values", "1", "2")
	option("--rename-command", "a")
	option("--rename-command", "foo", "bar")
	option("--rename-command", "get", "set")
	option("--rename-command", "get", "a", "--rename-command", "GET", "b")
	option("--user")
	option("--user", "a", "on", "--user", "a", "on")
	option("--include")
	option("--include", "a", "b")
	option("--include", "missing.conf")
	option("--loadmodule")
	option("--list-max-ziplist-entries", "5", "6")
	option("--cluster-enabled", "yes", "--replicaof", "a", "1")
	option("--logfile", "/nope/x")
	option("--logfile", "/tmp")
	option("missing.conf", "--port", "5")
	one("port \"6379\nport 6379")
	one("port 6379\nfoo bar\n")
	one("port 6379\r\n  Foo   \"b a r\" x \r\n")
	one("\"\"  x\n")
	one("port 6379 # comment\n")
	one("sentinel monitor a\n")
	one("# comment\n\n\n'port' 'x'\n")
	one("include nothing*.conf\nfoo")
	one("maxmemory 1\\\n")
	fatal(map[string]string{"x.conf": "\ninclude y.conf", "y.conf": "\n\nfoo x"}, "", "x.conf")
	fatal(map[string]string{"x.conf": "port 1\nport 2\n"}, "", "x.conf", "--foo", "bar")
	fatal(map[string]string{"x.conf": "port 1\nport 2"}, "", "x.conf", "--foo", "bar")
	fatal(map[string]string{"x.conf": "port 1\nport 2"}, "3\nfoo bar", "x.conf", "-")
	fatal(map[string]string{"x.conf": "port 1\n"}, "port 3\nfoo bar", "x.conf", "--port", "5", "-")
	fatal(nil, "port 3\nfoo bar", "-")
}

// What both take must have the same meaning.
func TestArgsAgainstServer(t *testing.T) {
	same := func(files map[string]string, args ...string) {
		t.Helper()
		t.Run(strings.ReplaceAll(strings.Join(args, " "), "/", "_"), func(t *testing.T) {
			dir := writeFiles(t, files)
			var before []string
			if files != nil {
				before, args = args[:1], args[1:]
			}
			s := startReal(t, dir, before, args...)
			c, action, err := (&Loader{CheckRename: knownRename}).ParseArgs(s.args, nil)
			if err != nil || action != ActionRun {
				t.Fatalf("refused: %v", err)
			}
			for name, want := range s.configGet("*") {
				if d := Lookup(name); d == nil {
					t.Errorf("%s is missing", name)
				} else if got := c.Value(d); got != want && ownDefaults[name] == "" {
					t.Errorf("%s: %q, Redis has %q", name, got, want)
				}
			}
		})
	}
	conf := func(text string) map[string]string {
		return map[string]string{
			"x.conf": text, "inc1.conf": "hz 20\nmaxclients 500\n", "inc2.conf": "hz 30\n", "sub.conf": "include inc1.conf",
		}
	}
	base := conf("save 900 1\nloglevel verbose\n")
	same(nil)
	same(conf(""), "x.conf")
	same(conf("# nothing\n\n   \n"), "x.conf")
	same(base, "x.conf")
	same(base, "x.conf", "--save", "100", "100")
	same(base, "x.conf", "--save", "")
	same(base, "x.conf", "--save", "--loglevel", "verbose")
	same(base, "x.conf", "--loglevel", "verbose", "--save")
	same(base, "x.conf", "--save", "", "--loglevel", "verbose")
	same(base, "x.conf", "--loglevel", "verbose", "--save", "")
	same(base, "x.conf", "--proc-title-template", "--save", "--save", "", "--loglevel", "verbose")
	same(base, "x.conf", "--maxmemory 700mb", "--maxmemory-policy volatile-lru")
	same(base, "x.conf", "--maxmemory '700mb'", "--maxmemory-policy 'volatile-lru'")
	same(base, "x.conf", "--proc-title-template", "--my--title--template", "--loglevel", "debug")
	same(base, "x.conf", "--proc-title-template --my--title--template", "--loglevel verbose")
	same(base, "x.conf", "--shutdown-on-sigint", "nosave", "force", "now", "--shutdown-on-sigterm", "nosave force")
	same(base, "x.conf", "--dir", "./", "--dir", "./")
	same(nil, "--save", "60", "1", "300", "10")
	same(nil, "--save 60 1", "--save", "1 2 3 4")
	same(nil, "--save", "60", "1", "--save", "", "--save", "5", "5")
	same(nil, "--MaxMemory", "1KB", "--hash-max-ziplist-entries", "3")
	same(nil, "--masterauth", "a b\"c'\\\x01\xff\n", "--masteruser", "")
	same(nil, "--client-output-buffer-limit", "normal", "1", "2", "3", "pubsub", "4", "5", "6")
	same(nil, "--client-output-buffer-limit", "normal 1mb 2 3", "--client-output-buffer-limit", "replica", "4", "5", "6")
	same(nil, "--latency-tracking-info-percentiles", "1", "50.5", "--notify-keyspace-events", "KEA")
	same(nil, "--lua-replicate-commands", "yes", "--list-max-ziplist-value", "x")
	same(nil, "--rename-command", "get", "", "--rename-command", "SET", "put")
	same(conf("include inc*.conf\nhz 40"), "x.conf")
	same(conf("hz 40\ninclude inc*.conf"), "x.conf")
	same(conf("include sub.conf\ninclude none*.conf"), "x.conf")
	same(conf("MAXMEMORY\t1gb\r\n  Timeout   \"\\x31\\x32\"\r\nmasterauth 'it\\'s \\n'\nmasteruser \"\\a\\b\\n\\r\\t\\\"\\q\"\n"), "x.conf")
	same(conf("appendonly NO\nslave-read-only no\nreplica-read-only yes\nunixsocketperm 755\nsave 1 1\nsave 2 2 3 3\n"), "x.conf")
	same(conf("bind 127.0.0.1 -::1\nbind-source-addr 127.0.0.1\nsyslog-facility local7\nsupervised auto\ntcp-backlog 100\n"), "x.conf")
}

func TestArgsActions(t *testing.T) {
	action := func(want Action, args ...string) {
		t.Helper()
		if _, got, err := ParseArgs(args, nil); got != want || err != nil {
			t.Errorf("%q: action %d, %v; want %d", args, got, err, want)
		}
	}
	action(ActionRun)
	action(ActionVersion, "-v")
	action(ActionVersion, "--version", "x")
	action(ActionHelp, "-h")
	action(ActionHelp, "--help")
	refused := func(want error, args ...string) {
		t.Helper()
		if _, _, err := ParseArgs(args, nil); !errors.Is(err, want) {
			t.Errorf("%q: %v, want %v", args, err, want)
		}
	}
	refused(ErrSentinel, "x.conf", "--sentinel")
	refused(ErrTestMemory, "--test-memory", "10")
	refused(ErrCheckSystem, "--check-system")
	if u := Usage("./granary"); strings.Contains(u, "PROGRAM") || !strings.HasPrefix(u, "Usage: ./granary [") {
		t.Errorf("usage %q", u)
	}
}

func TestFileIsAbsolute(t *testing.T) {
	dir := writeFiles(t, map[string]string{"x.conf": "dir sub\n"})
	if err := os.Mkdir("sub", 0o755); err != nil {
		t.Fatal(err)
	}
	c, _, err := ParseArgs([]string{"x.conf", "-"}, strings.NewReader("\nport 1\n"))
	if err != nil {
		t.Fatal(err)
	}
	real, _ := filepath.EvalSymlinks(dir)
	here, _ := os.Getwd()
	if c.File != filepath.Join(dir, "x.conf") || c.Dir != filepath.Join(real, "sub") || here != c.Dir || c.Port != 1 {
		t.Errorf("file %q, dir %q, here %q, port %d", c.File, c.Dir, here, c.Port)
	}
}

func TestLoopOfIncludes(t *testing.T) {
	writeFiles(t, map[string]string{"x.conf": "include x.conf"})
	_, _, err := ParseArgs([]string{"x.conf"}, nil)
	if err == nil || !strings.Contains(err.Error(), "nested too deeply") {
		t.Errorf("%v", err)
	}
}

func TestLoadModuleIsRefused(t *testing.T) {
	_, _, err := ParseArgs([]string{"--loadmodule", "/x.so", "a"}, nil)
	var f *FileError
	if !errors.As(err, &f) || f.Line != 2 || f.Why != "Can't load module from /x.so: this server has no modules" {
		t.Errorf("%v", err)
	}
}

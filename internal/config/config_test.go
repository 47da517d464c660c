package config

import (
	"errors"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// What CONFIG GET answers for a default must be accepted back and mean the same, by CONFIG SET and in a file; a file
// that has every directive must too.
func TestDefaultsRoundTrip(t *testing.T) {
	t.Chdir(t.TempDir())
	var all strings.Builder
	for _, d := range Directives() {
		c := New()
		value := c.Value(d)
		for _, name := range []string{d.Name, d.Alias} {
			if name == "" || d.Name == "replicaof" {
				continue
			}
			line := name + " " + quoted(value)
			if err := new(Loader).LoadText(c, line+"\n"); err != nil {
				t.Errorf("%s: %v", line, err)
			}
			if got := c.Value(d); got != value {
				t.Errorf("%s: becomes %q", line, got)
			}
			all.WriteString(line + "\n")
		}
		if d.Flags&(Immutable|Protected) == 0 {
			if got := set(c, d.Name, value); got != "OK" || c.Value(d) != value {
				t.Errorf("CONFIG SET %s %q: %s, becomes %q", d.Name, value, got, c.Value(d))
			}
		}
	}
	if err := new(Loader).LoadText(New(), all.String()); err != nil {
		t.Error(err)
	}
}

// The file that CONFIG REWRITE writes when it writes everything gives the same values.
func TestRewriteAllRoundTrip(t *testing.T) {
	writeFiles(t, map[string]string{"x.conf": ""})
	c, _, err := ParseArgs([]string{
		"x.conf", "--save", "1", "2", "3", "4", "--maxmemory", "3mb", "--masterauth", "a\n\"'\x01", "--bind", "127.0.0.1", "::1",
		"--client-output-buffer-limit", "normal", "1kb", "5", "6", "--notify-keyspace-events", "AKEnm", "--unixsocketperm", "700",
		"--maxmemory-clients", "7%", "--shutdown-on-sigint", "nosave", "force", "--latency-tracking-info-percentiles", "",
		"--replicaof", "host", "7", "--allocator-profile", "libc", "--oom-score-adj-values", "1", "-2", "3",
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Rewrite(true); err != nil {
		t.Fatal(err)
	}
	back, _, err := ParseArgs([]string{"x.conf"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range Directives() {
		if got, want := back.Value(d), c.Value(d); got != want {
			t.Errorf("%s: %q, was %q", d.Name, got, want)
		}
	}
	// Rewriting again changes nothing but the empty line at the end, which Redis adds too.
	first, _ := os.ReadFile("x.conf")
	if err := back.Rewrite(true); err != nil {
		t.Fatal(err)
	}
	if second, _ := os.ReadFile("x.conf"); strings.TrimSpace(string(first)) != strings.TrimSpace(string(second)) {
		t.Errorf("the second rewrite makes\n%s\nof\n%s", second, first)
	}
}

func TestRewriteFails(t *testing.T) {
	c := New()
	if err := c.Rewrite(false); !errors.Is(err, ErrNoFile) {
		t.Errorf("no file: %v", err)
	}
	dir := writeFiles(t, map[string]string{"x": ""})
	c.File = filepath.Join(dir, "x", "y.conf")
	if err := c.Rewrite(false); err == nil || err.Error() != "Not a directory" {
		t.Errorf("below a file: %v", err)
	}
	c.File = filepath.Join(dir, "nowhere", "y.conf")
	if err := c.Rewrite(false); err == nil || err.Error() != "No such file or directory" {
		t.Errorf("below nothing: %v", err)
	}
}

// A rewrite keeps the permissions of the file and a link to it, and leaves nothing else behind.
func TestRewriteReplaces(t *testing.T) {
	dir := writeFiles(t, map[string]string{"real.conf": "hz 10\n"})
	if err := os.Chmod("real.conf", 0o640); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("real.conf", "x.conf"); err != nil {
		t.Fatal(err)
	}
	c, _, err := ParseArgs([]string{"x.conf", "--hz", "20"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Rewrite(false); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat("real.conf")
	text, _ := os.ReadFile("real.conf")
	if err != nil || info.Mode().Perm() != 0o640 || !strings.HasPrefix(string(text), "hz 20\n") {
		t.Errorf("%v %v %q", info, err, text)
	}
	entries, _ := os.ReadDir(dir)
	if info, err := os.Lstat("x.conf"); err != nil || info.Mode()&os.ModeSymlink == 0 || len(entries) != 2 {
		t.Errorf("the link is %v, %v; %v", info, err, entries)
	}
	os.Remove("real.conf")
	os.Remove("x.conf")
	if err := c.Rewrite(false); err != nil {
		t.Errorf("a file that is gone: %v", err)
	}
}

func TestHooks(t *testing.T) {
	c := New()
	var calls []string
	fail := ""
	hook := func(name string) func() error {
		return func() error {
			calls = append(calls, name+"="+c.Value(Lookup(name)))
			if fail == name {
				return errors.New("no " + name)
			}
			return nil
		}
	}
	c.OnApply("maxclients", hook("maxclients"))
	c.OnApply("tls-cert-file", hook("tls-cert-file"))
	c.OnApplyAny(hook("port"), "port", "bind", "slave-priority")
	step := func(want, wantCalls string, args ...string) {
		t.Helper()
		calls = nil
		if got := set(c, args...); got != want {
			t.Errorf("%q: %q, want %q", args, got, want)
		}
		if got := strings.Join(calls, " "); got != wantCalls {
			t.Errorf("%q: calls %q, want %q", args, got, wantCalls)
		}
	}
	step("OK", "", "timeout", "5")
	step("OK", "maxclients=5", "maxclients", "5")
	step("OK", "", "maxclients", "5")                        // no change
	step("OK", "tls-cert-file=", "tls-cert-file", "")        // volatile
	step("OK", "port=7", "port", "7", "bind", "::1 1.2.3.4") // once for both
	step("OK", "port=7", "replica-priority", "1")            // by another name
	step("OK", "maxclients=6 port=8", "port", "8", "maxclients", "6")
	step("ERR CONFIG SET failed (possibly related to argument 'maxclients') - argument couldn't be parsed into an integer", "",
		"port", "9", "maxclients", "x")

	// A hook that fails undoes all, and those that were called are called again.
	fail = "port"
	step("ERR CONFIG SET failed (possibly related to argument 'port') - no port", "maxclients=9 port=9 maxclients=6 port=8",
		"Port", "9", "maxclients", "9", "timeout", "77")
	if c.Port != 8 || c.MaxClients != 6 || c.Timeout != 5 || len(c.Bind) != 2 {
		t.Errorf("not undone: %d %d %d %q", c.Port, c.MaxClients, c.Timeout, c.Bind)
	}
	step("ERR CONFIG SET failed (possibly related to argument 'slave-priority') - no port", "port=8 port=8", "slave-priority", "2")
}

// dir moves the process, and moves it back when something else fails.
func TestSetDir(t *testing.T) {
	t.Chdir(t.TempDir())
	c := New()
	c.EnableProtectedConfigs = AccessLocal
	was, _ := os.Getwd()
	other, _ := filepath.EvalSymlinks(t.TempDir())
	c.OnApply("hz", func() error { return errors.New("no") })
	if got := set(c, "dir", other, "hz", "99"); !strings.HasSuffix(got, "'hz') - no") {
		t.Error(got)
	}
	if here, _ := os.Getwd(); here != was || c.Dir != was || c.Hz != 10 {
		t.Errorf("in %s, dir %s, hz %d", here, c.Dir, c.Hz)
	}
	if got := set(c, "dir", other); got != "OK" {
		t.Error(got)
	}
	if here, _ := os.Getwd(); here != other || c.Dir != other {
		t.Errorf("in %s, dir %s", here, c.Dir)
	}
}

func TestSetContext(t *testing.T) {
	c := New()
	refused := func(ctx SetContext, name, value, want string) {
		t.Helper()
		if err := c.Set([]Pair{{name, value}}, ctx); err == nil || err.Error() != want {
			t.Errorf("%s: %v, want %s", name, err, want)
		}
	}
	protected := "ERR CONFIG SET failed (possibly related to argument 'dir') - can't set protected config"
	loading := "LOADING Redis is loading the dataset in memory"
	refused(SetContext{Local: true}, "dir", "/", protected)
	c.EnableProtectedConfigs = AccessLocal
	refused(SetContext{}, "dir", "/", protected)
	c.EnableProtectedConfigs = AccessYes
	refused(SetContext{Loading: true}, "dir", "asdf", loading)
	refused(SetContext{Loading: true}, "appendonly", "yes", loading)
	if err := c.Set([]Pair{{"loglevel", "debug"}}, SetContext{Loading: true}); err != nil || c.LogLevel != LogDebug {
		t.Errorf("loglevel while loading: %v", err)
	}
	for name, want := range map[string]bool{"requirepass": true, "MASTERAUTH": true, "hz": false, "x": false, "primaryauth": true} {
		if IsSensitive(name) != want {
			t.Errorf("IsSensitive(%s) is %v", name, !want)
		}
	}
}

// A snapshot of the values does not change when the configuration does.
func TestCopiesAreSnapshots(t *testing.T) {
	c := New()
	old := c.Values
	for _, args := range [][]string{{"save", "1 1"}, {"bind", "::1"}, {"latency-tracking-info-percentiles", "1"}} {
		if got := set(c, args...); got != "OK" {
			t.Fatal(got)
		}
	}
	if (saveKind{}).get(&old) != "3600 1 300 100 60 10000" || strings.Join(old.Bind, " ") != "* -::*" ||
		len(old.LatencyTrackingInfoPercentiles) != 3 {
		t.Errorf("the snapshot has changed: %+v", old)
	}
	if again := New(); again.Value(Lookup("save")) != "3600 1 300 100 60 10000" {
		t.Error("the defaults have changed")
	}
}

func TestMemory(t *testing.T) {
	parse := func(s string, want uint64, ok bool) {
		t.Helper()
		if got, gotOK := ParseMemory(s); got != want || gotOK != ok {
			t.Errorf("%q: %d %v, want %d %v", s, got, gotOK, want, ok)
		}
	}
	parse("0", 0, true)
	parse("1b", 1, true)
	parse("1k", 1000, true)
	parse("1kb", 1024, true)
	parse("2M", 2000000, true)
	parse("2mB", 2<<20, true)
	parse("3g", 3000000000, true)
	parse("3GB", 3<<30, true)
	parse("99999999999999999999", math.MaxUint64, true)
	parse("99999999999gb", math.MaxUint64, true)
	parse("", 0, true)
	parse("-1", 0, false)
	parse("1 b", 0, false)
	parse("1tb", 0, false)
	format := func(n int64, want string) {
		t.Helper()
		if got := formatMemory(n); got != want {
			t.Errorf("%d: %s, want %s", n, got, want)
		}
		if back, ok := ParseMemory(want); !ok || int64(back) != n {
			t.Errorf("%s reads back as %d", want, back)
		}
	}
	format(0, "0")
	format(1000, "1000")
	format(1024, "1kb")
	format(1536, "1536")
	format(3<<20, "3mb")
	format(5<<30, "5gb")
	format(1025<<10, "1025kb")
	c := New()
	c.MaxMemory, c.MaxMemoryClients = 1000, -5
	if c.MaxMemoryClientsBytes() != 50 {
		t.Errorf("5%% of 1000 is %d", c.MaxMemoryClientsBytes())
	}
}

// A field is found by the name of its directive, and the other way round.
func TestFieldsAreNamedForDirectives(t *testing.T) {
	names := map[string]bool{}
	for _, d := range Directives() {
		names[strings.NewReplacer("-", "", "_", "").Replace(d.Name)] = true
	}
	for f := range reflect.TypeFor[Values]().Fields() {
		switch f.Name {
		case "MasterHost", "MasterPort", "Users", "RenameCommands", "MaxMemoryAsked":
			continue // replicaof, lines that are no directives, and what maxmemory was set to
		}
		name := strings.ToLower(f.Name)
		if !names[name] {
			t.Errorf("no directive is called like the field %s", f.Name)
		}
		delete(names, name)
	}
	delete(names, "replicaof")
	for name := range names {
		t.Errorf("no field is called like the directive %s", name)
	}
}

// Two directives must not share a field.
func TestFieldsAreNotShared(t *testing.T) {
	for _, d := range Directives() {
		c := New()
		for _, value := range []string{
			"no", "yes", "7", "77", "1mb", "a", "1 7", "1 2 3", "systemd", "local1", "always", "logfmt", "iso8601", "debug",
			"relaxed", "swapdb", "libc", "local", "panic", "optional", "hostname", "allchannels", "normal 1 2 3", "K", "absolute", "allkeys-lru", "now", "/",
		} {
			if d.Kind.set(&c.Values, d.words(value)) != nil {
				continue
			}
			def := New()
			for _, other := range Directives() {
				if changed := c.Value(other) != def.Value(other); changed && other != d {
					t.Errorf("setting %s to %q changes %s", d.Name, value, other.Name)
				}
			}
		}
		if d.Name == "replicaof" {
			continue
		}
		changed := false
		for _, value := range []string{
			"no", "yes", "7", "77", "2mb", "a", "1 7", "1 2 3", "systemd", "local1", "always", "logfmt", "iso8601", "debug",
			"relaxed", "swapdb", "libc", "local", "panic", "optional", "hostname", "allchannels", "normal 1 2 3", "K", "absolute", "allkeys-lru", "now", "/",
			"{port}", "100000", "expired",
		} {
			c := New()
			if d.Kind.set(&c.Values, d.words(value)) == nil && c.Value(d) != New().Value(d) {
				changed = true
			}
		}
		if !changed {
			t.Errorf("%s cannot be changed from %q", d.Name, New().Value(d))
		}
	}
}

package process

import (
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"granary/tests/live"
)

// both has play start Granary, and a real redis-server, each with a folder of its own, and compares what it returns.
func both(t *testing.T, play func(t *testing.T, server, dir string) []string) {
	t.Helper()
	redis := live.NeedRedis(t)
	granary, err := live.GranaryPath()
	if err != nil {
		t.Fatal(err)
	}
	var seen [2][]string
	for i, path := range []string{granary, redis} {
		dir := t.TempDir()
		seen[i] = play(t, path, dir)
		for j, s := range seen[i] {
			seen[i][j] = strings.ReplaceAll(strings.ReplaceAll(s, dir, "DIR"), " sanitize-payload", "")
		}
	}
	for i := range max(len(seen[0]), len(seen[1])) {
		if i >= len(seen[0]) || i >= len(seen[1]) {
			t.Fatalf("%d replies, redis %d", len(seen[0]), len(seen[1]))
		}
		if seen[0][i] != seen[1][i] {
			t.Errorf("step %d: got\n%s\nredis\n%s", i, seen[0][i], seen[1][i])
		}
	}
}

// startFile runs a server with a configuration file, which live.Start cannot, and returns a connection and what ends it.
func startFile(t *testing.T, server, conf string) (c *live.Conn, stop func()) {
	t.Helper()
	port, err := live.FreePort()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(server, conf, "--port", strconv.Itoa(port), "--bind", "127.0.0.1", "--dir", filepath.Dir(conf), "--save", "")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	stop = sync.OnceFunc(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
	t.Cleanup(stop)
	eventually(t, "the server listens", func() bool {
		c, err = live.Dial("127.0.0.1:" + strconv.Itoa(port))
		return err == nil
	})
	t.Cleanup(func() { c.Close() })
	return c, stop
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// TestACLFile starts with a file of users, changes users, saves them, and loads good and bad files.
func TestACLFile(t *testing.T) {
	both(t, func(t *testing.T, server, dir string) (seen []string) {
		path := filepath.Join(dir, "users.acl")
		write(t, path, "user bob on -@all +@set ~s* &* >b  (+get ~x)\r\n\n   user carl on (  +get ~y  )  \n")
		c := dial(t, live.NeedStart(t, filepath.Base(server), server, "--aclfile", path))
		say := func(args ...string) { seen = append(seen, strings.Join(args, " ")+"\n"+do(t, c, args...)) }
		say("ACL", "LIST")
		say("ACL", "SETUSER", "bob", "off", "%R~r*")
		say("ACL", "SETUSER", "dora", "skip-sanitize-payload", "nopass", "+@all", "-config|set")
		say("ACL", "SETUSER", "default", "&news")
		say("ACL", "SETUSER", "default", "resetchannels", "&news")
		say("ACL", "SAVE")
		seen = append(seen, read(t, path))
		say("ACL", "DELUSER", "bob", "carl")
		say("ACL", "LOAD")
		say("ACL", "LIST")
		say("CONFIG", "SET", "requirepass", "secret")
		say("ACL", "LOAD")
		say("CONFIG", "GET", "requirepass")
		say("ACL", "LIST")
		for _, bad := range []string{
			"# no comments", "user", "user a on\nuser a off", "user a +nosuch -nosuch", "user a foo bar +nosuch", "user a >x \"x y\"",
			"user a ~* ~b", "user a &* &b", "user a #12", "user a <x", "user a (+nosuch) (~a foo)", "user default foo", "foo\n\nbar\n",
		} {
			write(t, path, bad+"\n")
			say("ACL", "LOAD")
		}
		say("ACL", "LIST")
		write(t, path, "user u on nopass +@all ~*\n")
		say("ACL", "LOAD")
		say("ACL", "LIST")
		os.Remove(path)
		say("ACL", "LOAD")
		write(t, path, "")
		say("ACL", "LOAD")
		say("ACL", "LIST")
		return seen
	})
}

// TestACLConfiguration starts with users in the configuration file, rewrites it and starts again.
func TestACLConfiguration(t *testing.T) {
	both(t, func(t *testing.T, server, dir string) (seen []string) {
		path := filepath.Join(dir, "c.conf")
		write(t, path, "user alice on >x +get\n# a comment\nuser bob off +@all -@admin (~a &b +set ) ( ~c )\n"+
			"user default on nopass ~* +@all -flushdb\n")
		c, stop := startFile(t, server, path)
		say := func(args ...string) { seen = append(seen, strings.Join(args, " ")+"\n"+do(t, c, args...)) }
		users := func() {
			for l := range strings.SplitSeq(read(t, path), "\n") {
				if strings.HasPrefix(l, "user ") || strings.HasPrefix(l, "# a") {
					seen = append(seen, l)
				}
			}
		}
		say("ACL", "LIST")
		say("ACL", "SETUSER", "carl", "(+get ~x)", "on")
		say("ACL", "DELUSER", "alice")
		say("CONFIG", "REWRITE")
		users()
		say("ACL", "LIST")
		stop()
		c, _ = startFile(t, server, path)
		say("ACL", "LIST")
		say("ACL", "SETUSER", "alice", ">y")
		say("CONFIG", "REWRITE")
		users()
		return seen
	})
}

// TestACLQuotes checks that users with quotes in their names and patterns survive CONFIG REWRITE.
func TestACLQuotes(t *testing.T) {
	path := filepath.Join(t.TempDir(), "c.conf")
	write(t, path, "# users\n")
	server, err := live.GranaryPath()
	if err != nil {
		t.Fatal(err)
	}
	c, stop := startFile(t, server, path)
	for _, u := range [][]string{
		{`it's`, `~"a"`, `&b'c`}, {"", `on`}, {"x", `(~"a\"b" ~"c)" +get)`}, {"y", "%RW~*", "~z"},
	} {
		if got := do(t, c, append([]string{"ACL", "SETUSER"}, u...)...); got != "+OK" {
			t.Fatalf("%q: %s", u, got)
		}
	}
	want := do(t, c, "ACL", "LIST")
	if got := do(t, c, "CONFIG", "REWRITE"); got != "+OK" {
		t.Fatal(got)
	}
	stop()
	c, _ = startFile(t, server, path)
	if got := do(t, c, "ACL", "LIST"); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// TestACLBadStart checks that users which make no sense keep the server from starting, and what it says.
func TestACLBadStart(t *testing.T) {
	path, err := live.GranaryPath()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	file := filepath.Join(dir, "users.acl")
	is := func(want, text string, args ...string) {
		t.Helper()
		write(t, file, text)
		cmd := exec.Command(path, append([]string{"--port", "0", "--unixsocket", filepath.Join(dir, "s")}, args...)...)
		cmd.Dir = dir
		stop := time.AfterFunc(20*time.Second, func() { cmd.Process.Kill() })
		defer stop.Stop()
		out, err := cmd.CombinedOutput()
		var exit *exec.ExitError
		if !errors.As(err, &exit) || exit.ExitCode() != 1 || !strings.Contains(string(out), want) {
			t.Errorf("%q %q: %v, want exit code 1 and %q in\n%s", text, args, err, want, out)
		}
	}
	changed := "WARNING: ACL errors detected, no change to the previously active ACL rules was performed"
	is("Aborting Redis startup because of ACL errors: users.acl:1: Syntax error. "+changed, "user a foo\n", "--aclfile", "users.acl")
	is("users.acl:1: Error in applying operation '+foo': Unknown command or category name in ACL. users.acl:3 should start with user keyword followed by the username. "+changed,
		"user a +foo\n\nxyz", "--aclfile", "users.acl")
	is("Error loading ACLs, opening file 'nosuch.acl': No such file or directory", "", "--aclfile", "nosuch.acl")
	is("please define either an ACL file or declare users directly in your redis.conf, but not both.", "", "--aclfile", "users.acl", "--user", "a", "on")
	is("Error in user declaration 'a': Duplicate user found. A user can only be defined once in config files", "", "--user", "a", "--user", "a")
	is("Error in user declaration 'foo': Syntax error", "", "--user", "a", "on", "foo")
	is("Error in user declaration '+foo': Unknown command or category name in ACL", "", "--user", "a", "on", "+foo")
	is("Error in user declaration 'a': Unmatched parenthesis in acl selector starting at '(+get'.", "", "--user", "a", "(+get")
	is("Critical error while loading ACLs. Exiting.", "", "--user", "a", "&x", "--acl-pubsub-default", "allchannels")
}

// gone reports whether the server has closed a connection.
func gone(c *live.Conn) bool {
	c.SetReadDeadline(time.Now().Add(5 * time.Second))
	n, err := c.Read(make([]byte, 1))
	return n == 0 && errors.Is(err, io.EOF)
}

// TestACLDisconnects checks who is disconnected when users go or lose channels, and that nobody else is.
func TestACLDisconnects(t *testing.T) {
	path := filepath.Join(t.TempDir(), "users.acl")
	write(t, path, "user alice on nopass ~* &* +@all\nuser bob on nopass ~* &a +@all\n")
	s := start(t, "--aclfile", path, "--io-threads", "2")
	admin := dial(t, s)
	as := func(user string) *live.Conn {
		c := dial(t, s)
		if got := do(t, c, "AUTH", user, "x"); got != "+OK" {
			t.Fatal(got)
		}
		return c
	}
	must := func(c *live.Conn, want string, args ...string) {
		t.Helper()
		if got := do(t, c, args...); got != want {
			t.Errorf("%q: got %s, want %s", args, got, want)
		}
	}
	subscribe := func(c *live.Conn, args ...string) *live.Conn {
		t.Helper()
		if got := do(t, c, args...); !strings.HasPrefix(got, "*3\n") {
			t.Errorf("%q: %s", args, got)
		}
		return c
	}
	alice, bob, listener := as("alice"), as("bob"), subscribe(as("bob"), "SUBSCRIBE", "a")
	must(admin, "+OK", "ACL", "SETUSER", "carl", "on", "nopass", "+@all", "~*")
	carl, waiting := as("carl"), as("carl")
	if err := waiting.Send("BLPOP", "list", "0"); err != nil {
		t.Fatal(err)
	}
	eventually(t, "a client waits", func() bool { return field(t, admin, "clients", "blocked_clients") == "1" })
	must(admin, ":1", "ACL", "DELUSER", "carl", "nosuch")
	if !gone(carl) || !gone(waiting) {
		t.Error("clients of a deleted user are still there")
	}
	must(admin, "+OK", "ACL", "SETUSER", "dora", "on", "nopass", "+@all", "~*")
	dora := as("dora")
	must(dora, ":1", "ACL", "DELUSER", "dora")
	if !gone(dora) {
		t.Error("a client that deleted its user is still there")
	}
	must(admin, ":2", "CLIENT", "KILL", "USER", "bob")
	if !gone(bob) || !gone(listener) {
		t.Error("clients that were killed are still there")
	}

	// A change of channels: who listens to nothing that was lost stays.
	bob, listener = as("bob"), subscribe(as("bob"), "SUBSCRIBE", "a")
	must(admin, "+OK", "ACL", "SETUSER", "bob", "&p*")
	pattern := subscribe(as("bob"), "PSUBSCRIBE", "p*")
	must(admin, "+OK", "ACL", "SETUSER", "bob", "resetchannels", "&a")
	if !gone(pattern) {
		t.Error("a client is still subscribed to a pattern that its user lost")
	}
	must(bob, "+PONG", "PING")
	subscribe(listener, "SUBSCRIBE", "a")

	// The file is read again: erin is gone, bob is as in the beginning, frank loses a channel.
	must(admin, "+OK", "ACL", "SETUSER", "erin", "on", "nopass", "+@all", "&*")
	must(admin, "+OK", "ACL", "SETUSER", "alice", "resetchannels", "&b")
	erin, lost := as("erin"), subscribe(as("alice"), "SUBSCRIBE", "b")
	write(t, path, "user alice on nopass ~* +@all\nuser bob on nopass ~* &a +@all\n")
	must(admin, "+OK", "ACL", "LOAD")
	if !gone(erin) || !gone(lost) {
		t.Error("clients of a user that is gone, or has lost a channel, are still there")
	}
	must(alice, "+PONG", "PING")
	must(bob, "+PONG", "PING")
	subscribe(listener, "SUBSCRIBE", "a")
}

// TestACLWhileWaiting checks that a command which waited is refused when its user has lost the permission meanwhile, whichever
// loop serves the client.
func TestACLWhileWaiting(t *testing.T) {
	s := start(t, "--io-threads", "2")
	admin := dial(t, s)
	do(t, admin, "ACL", "SETUSER", "u", "on", "nopass", "+@all", "~*")
	const n = 6
	var waiting []*live.Conn
	for range n {
		c := dial(t, s)
		do(t, c, "AUTH", "u", "x")
		if err := c.Send("BLPOP", "list", "0"); err != nil {
			t.Fatal(err)
		}
		waiting = append(waiting, c)
	}
	eventually(t, "clients wait", func() bool { return field(t, admin, "clients", "blocked_clients") == strconv.Itoa(n) })
	do(t, admin, "ACL", "SETUSER", "u", "resetkeys")
	if got := do(t, admin, "RPUSH", "list", "1"); got != ":1" {
		t.Error(got)
	}
	for _, c := range waiting {
		raw, err := c.ReadRaw(nil)
		if err != nil || string(raw) != "-NOPERM No permissions to access a key\r\n" {
			t.Errorf("%q, %v", raw, err)
		}
		if got := do(t, c, "PING"); got != "+PONG" {
			t.Error(got)
		}
	}
	if got := do(t, admin, "LLEN", "list"); got != ":1" {
		t.Errorf("the list has %s elements", got)
	}
	if got := field(t, admin, "stats", "acl_access_denied_key"); got != strconv.Itoa(n) {
		t.Errorf("%s refusals", got)
	}
}

// TestSecrets looks for passwords in everything that is shown.
func TestSecrets(t *testing.T) {
	s := start(t, "--loglevel", "debug", "--slowlog-log-slower-than", "0")
	watcher, c := dial(t, s), dial(t, s)
	if got := do(t, watcher, "MONITOR"); got != "+OK" {
		t.Fatal(got)
	}
	for _, args := range [][]string{
		{"ACL", "SETUSER", "u", "on", ">hunter2", "+@all", "~*"},
		{"ACL", "SETUSER", "u", "foo", ">hunter2"},
		{"ACL", "GETUSER", "u"},
		{"ACL", "LIST"},
		{"AUTH", "u", "hunter2"},
		{"AUTH", "hunter2"},
		{"AUTH", "u", "hunter2", "x"},
		{"HELLO", "2", "AUTH", "u", "hunter2"},
		{"HELLO", "2", "AUTH", "u", "hunter2", "NOSUCH"},
		{"HELLO", "x", "AUTH", "u", "hunter2"},
		{"HELLO", "2", "NOSUCH", "AUTH", "u", "hunter2"},
		{"HELLO", "2", "AUTH", "hunter2"},
		{"AUTH", "nosuch", "hunter2"},
		{"CONFIG", "SET", "requirepass", "hunter2"},
		{"CONFIG", "SET", "masterauth", "hunter2", "requirepass", "hunter2"},
		{"CONFIG", "SET", "tls-key-file-pass", "hunter2"},
		{"CONFIG", "SET", "primaryauth", "hunter2"},
		{"PING", "end"},
	} {
		do(t, c, args...)
	}
	var shown []string
	for {
		raw, err := watcher.ReadRaw(nil)
		if err != nil {
			t.Fatal(err)
		}
		shown = append(shown, string(raw))
		if strings.Contains(string(raw), `"end"`) {
			break
		}
	}
	for _, args := range [][]string{{"SLOWLOG", "GET", "-1"}, {"ACL", "LOG"}, {"CLIENT", "LIST"}, {"INFO", "everything"}, {"LATENCY", "LATEST"}} {
		shown = append(shown, do(t, c, args...))
	}
	shown = append(shown, s.Log())
	if !slices.ContainsFunc(shown, func(s string) bool { return strings.Contains(s, "(redacted)") }) {
		t.Error("nothing was redacted")
	}
	for _, text := range shown {
		if strings.Contains(text, "hunter2") || strings.Contains(text, "f52fbd32b2b3b86ff88ef6c490628285f482af15ddcb29541f94bcf526a3f6c7") {
			t.Errorf("a password is shown: %.600s", text)
		}
	}
}

// TestUnauthenticatedOutput checks that who has not logged in cannot make the server hold replies that it does not read.
func TestUnauthenticatedOutput(t *testing.T) {
	s := start(t)
	admin := dial(t, s)
	do(t, admin, "CONFIG", "SET", "requirepass", "secret")
	flood := func(c *live.Conn) (ended bool) {
		bulk := []byte(strings.Repeat("PING\r\n", 2000))
		c.SetWriteDeadline(time.Now().Add(20 * time.Second))
		for range 2000 {
			if _, err := c.Write(bulk); err != nil {
				return !errors.Is(err, os.ErrDeadlineExceeded)
			}
		}
		return false
	}
	if c := dial(t, s); !flood(c) {
		t.Error("a client that has not logged in is still there")
	}
	if n := field(t, admin, "stats", "client_output_buffer_limit_disconnections"); n != "1" {
		t.Errorf("%s clients were closed for their output", n)
	}
}

package process

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"granary/tests/live"
)

// start runs Granary with options.
func start(t *testing.T, args ...string) *live.Server {
	t.Helper()
	path, err := live.GranaryPath()
	if err != nil {
		t.Fatal(err)
	}
	return live.NeedStart(t, "granary", path, args...)
}

// dial connects to a server and closes the connection with the test.
func dial(t *testing.T, s *live.Server) *live.Conn {
	t.Helper()
	c, err := s.Dial()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// socket opens a bare connection that the test closes, and on which nothing takes longer than half a minute.
func socket(t *testing.T, network, addr string) net.Conn {
	t.Helper()
	c, err := net.Dial(network, addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	c.SetDeadline(time.Now().Add(30 * time.Second))
	return c
}

// do sends a command and returns the reply in its one-line notation.
func do(t *testing.T, c *live.Conn, args ...string) string {
	t.Helper()
	r, err := c.Do(args...)
	if err != nil {
		t.Fatalf("%v: %v", args, err)
	}
	return strings.TrimSuffix(r.String(), "\n")
}

// eventually waits until ok holds.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); !ok(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%s: not within ten seconds", what)
		}
	}
}

// TestSignals checks that a signal ends the server in good order: exit code 0, the log's last line, no files left.
func TestSignals(t *testing.T) {
	for _, sig := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT} {
		t.Run(sig.String(), func(t *testing.T) {
			dir := t.TempDir()
			pid, sock := filepath.Join(dir, "pid"), filepath.Join(dir, "sock")
			s := start(t, "--pidfile", pid, "--unixsocket", sock)
			got, err := os.ReadFile(pid)
			if err != nil || strings.TrimSpace(string(got)) != strconv.Itoa(s.Pid()) {
				t.Fatalf("pid file holds %q (%v), want %d", got, err, s.Pid())
			}
			syscall.Kill(s.Pid(), sig)
			if code := s.Wait(10 * time.Second); code != 0 {
				t.Fatalf("exit code %d, want 0\n%s", code, s.Log())
			}
			for _, want := range []string{"User requested shutdown...", "bye bye..."} {
				if !strings.Contains(s.Log(), want) {
					t.Errorf("the log lacks %q:\n%s", want, s.Log())
				}
			}
			for _, f := range []string{pid, sock} {
				if _, err := os.Stat(f); !os.IsNotExist(err) {
					t.Errorf("%s is still there", f)
				}
			}
		})
	}
}

// TestIgnoredSignals checks that SIGHUP and SIGPIPE do nothing.
func TestIgnoredSignals(t *testing.T) {
	s := start(t)
	syscall.Kill(s.Pid(), syscall.SIGHUP)
	syscall.Kill(s.Pid(), syscall.SIGPIPE)
	if got := do(t, dial(t, s), "PING"); got != "+PONG" {
		t.Fatalf("PING answered %s", got)
	}
}

// TestShutdown checks the command: no reply, exit code 0.
func TestShutdown(t *testing.T) {
	for _, args := range [][]string{{"SHUTDOWN"}, {"SHUTDOWN", "NOSAVE"}, {"SHUTDOWN", "NOSAVE", "NOW", "FORCE"}} {
		s := start(t)
		c := dial(t, s)
		if r, err := c.Do(args...); err == nil {
			t.Errorf("%v answered %s, want the connection to end", args, r)
		}
		if code := s.Wait(10 * time.Second); code != 0 {
			t.Errorf("%v: exit code %d, want 0", args, code)
		}
	}
}

// TestLogLines checks the lines that tools wait for, in order, and the shape of a line.
func TestLogLines(t *testing.T) {
	s := start(t, "--unixsocket", filepath.Join(t.TempDir(), "s"))
	at := 0
	for _, want := range []string{
		fmt.Sprintf("PID: %d", s.Pid()), "Server initialized", "Ready to accept connections tcp", "Ready to accept connections unix",
	} {
		i := strings.Index(s.Log()[at:], want)
		if i < 0 {
			t.Fatalf("the log lacks %q:\n%s", want, s.Log())
		}
		at += i
	}
	line := regexp.MustCompile(`(?m)^\d+:M \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d\.\d{3} [.*#-] Server initialized$`)
	if !line.MatchString(s.Log()) {
		t.Errorf("no line has the shape that tools expect:\n%s", s.Log())
	}
}

// TestUnixSocket checks mode and service of a Unix socket.
func TestUnixSocket(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	start(t, "--unixsocket", path, "--unixsocketperm", "700")
	st, err := os.Stat(path)
	if err != nil || st.Mode().Perm() != 0o700 {
		t.Fatalf("mode %v (%v), want 0700", st.Mode().Perm(), err)
	}
	conn := socket(t, "unix", path)
	fmt.Fprint(conn, "PING\r\n")
	if got, _ := bufio.NewReader(conn).ReadString('\n'); got != "+PONG\r\n" {
		t.Fatalf("PING answered %q", got)
	}
}

// TestPortChange checks CONFIG SET port: the old port is closed, the new one serves, connections stay.
func TestPortChange(t *testing.T) {
	s := start(t)
	c := dial(t, s)
	port, err := live.FreePort()
	if err != nil {
		t.Fatal(err)
	}
	if got := do(t, c, "CONFIG", "SET", "port", strconv.Itoa(port)); got != "+OK" {
		t.Fatalf("CONFIG SET port answered %s", got)
	}
	n, err := live.Dial("127.0.0.1:" + strconv.Itoa(port))
	if err != nil {
		t.Fatal(err)
	}
	defer n.Close()
	if got := do(t, n, "PING"); got != "+PONG" {
		t.Fatalf("the new port answered %s", got)
	}
	if old, err := s.Dial(); err == nil {
		old.Close()
		t.Error("the old port still accepts connections")
	}
	if got := do(t, c, "PING"); got != "+PONG" {
		t.Errorf("a connection from before answered %s", got)
	}
	// A port that is taken is refused, and the server goes on where it was.
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	_, busy, _ := net.SplitHostPort(taken.Addr().String())
	want := "-ERR CONFIG SET failed (possibly related to argument 'port') - Unable to listen on this port. Check server logs."
	if got := do(t, c, "CONFIG", "SET", "port", busy); got != want {
		t.Errorf("a taken port answered %s, want %s", got, want)
	}
	again, err := live.Dial("127.0.0.1:" + strconv.Itoa(port))
	if err != nil {
		t.Fatalf("after a refused change: %v", err)
	}
	again.Close()
}

// TestMaxClients checks that a connection too many is told so and closed, and that room is found again.
func TestMaxClients(t *testing.T) {
	s := start(t, "--maxclients", "2")
	a := dial(t, s)
	// The connection that waited for the server to start counts until the server has seen its end.
	eventually(t, "one client", func() bool { return field(t, a, "clients", "connected_clients") == "1" })
	b := dial(t, s)
	if got := do(t, b, "PING"); got != "+PONG" {
		t.Fatalf("the second client got %s", got)
	}
	conn := socket(t, "tcp", s.Addr)
	if got, _ := bufio.NewReader(conn).ReadString('\n'); got != "-ERR max number of clients reached\r\n" {
		t.Fatalf("a connection too many got %q", got)
	}
	b.Close()
	eventually(t, "room for a new client", func() bool {
		c, err := s.Dial()
		if err != nil {
			return false
		}
		defer c.Close()
		r, err := c.Do("PING")
		return err == nil && strings.HasPrefix(r.String(), "+PONG")
	})
}

// TestIdleTimeout checks that an idle client is closed and a busy one is not.
func TestIdleTimeout(t *testing.T) {
	s := start(t, "--timeout", "1")
	idle, busy := dial(t, s), dial(t, s)
	do(t, idle, "PING")
	for range 25 {
		do(t, busy, "PING")
		time.Sleep(100 * time.Millisecond)
	}
	if r, err := idle.Do("PING"); err == nil {
		t.Errorf("a client that was silent for longer than timeout got %s", r)
	}
}

// TestPassword checks requirepass: what works without, and with.
func TestPassword(t *testing.T) {
	s := start(t)
	if got := do(t, dial(t, s), "CONFIG", "SET", "requirepass", "secret"); got != "+OK" {
		t.Fatalf("CONFIG SET requirepass answered %s", got)
	}
	c := dial(t, s)
	for _, step := range []struct{ cmd, want string }{
		{"GET a", "-NOAUTH Authentication required."},
		{"PING", "-NOAUTH Authentication required."},
		{"AUTH wrong", "-WRONGPASS invalid username-password pair or user is disabled."},
		{"AUTH secret", "+OK"},
		{"SET a 1", "+OK"},
	} {
		if got := do(t, c, strings.Fields(step.cmd)...); got != step.want {
			t.Errorf("%s answered %s, want %s", step.cmd, got, step.want)
		}
	}
}

// TestRenameCommand checks rename-command, also to nothing.
func TestRenameCommand(t *testing.T) {
	s := start(t, "--rename-command", "FLUSHALL", "wipe", "--rename-command", "KEYS", "")
	c := dial(t, s)
	if got := do(t, c, "WIPE"); got != "+OK" {
		t.Errorf("the new name answered %s", got)
	}
	for _, name := range []string{"FLUSHALL", "KEYS"} {
		if got := do(t, c, name, "x"); !strings.HasPrefix(got, "-ERR unknown command '"+name+"'") {
			t.Errorf("%s answered %s", name, got)
		}
	}
}

// TestBadStart checks that a server that cannot start says why and exits with 1.
func TestBadStart(t *testing.T) {
	path, err := live.GranaryPath()
	if err != nil {
		t.Fatal(err)
	}
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	_, busy, _ := net.SplitHostPort(taken.Addr().String())
	for _, c := range []struct {
		want string
		args []string
	}{
		{"FATAL CONFIG FILE ERROR", []string{"--port", "none"}},
		{"can't open config file", []string{"/no/such/file"}},
		{"Failed listening on port " + busy, []string{"--port", busy, "--bind", "127.0.0.1"}},
		{"No tls-cert-file configured!", []string{"--port", "0", "--tls-port", "7000"}},
		{"Failed to configure TLS. Check logs for more info.", []string{"--port", "0", "--tls-port", "7000"}},
		{"Configured to not listen anywhere", []string{"--port", "0"}},
		{"No such command", []string{"--rename-command", "nosuch", "x"}},
		{"cannot be a sentinel", []string{"--sentinel"}},
	} {
		cmd := exec.Command(path, c.args...)
		cmd.Dir = t.TempDir()
		out, err := cmd.CombinedOutput()
		var exit *exec.ExitError
		if !asExit(err, &exit) || exit.ExitCode() != 1 || !strings.Contains(string(out), c.want) {
			t.Errorf("%v: %v, want exit code 1 and %q in\n%s", c.args, err, c.want, out)
		}
	}
}

func asExit(err error, to **exec.ExitError) bool {
	e, ok := err.(*exec.ExitError)
	*to = e
	return ok
}

// TestDaemonize checks that the parent returns at once and the server serves in the background.
func TestDaemonize(t *testing.T) {
	path, err := live.GranaryPath()
	if err != nil {
		t.Fatal(err)
	}
	port, err := live.FreePort()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	pidFile := filepath.Join(dir, "pid")
	cmd := exec.Command(path, "--daemonize", "yes", "--port", strconv.Itoa(port), "--pidfile", pidFile, "--logfile", "log", "--dir", dir)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	var c *live.Conn
	eventually(t, "the daemon's port", func() bool {
		c, err = live.Dial("127.0.0.1:" + strconv.Itoa(port))
		return err == nil
	})
	defer c.Close()
	if got := do(t, c, "CONFIG", "GET", "daemonize"); !strings.Contains(got, "yes") {
		t.Errorf("CONFIG GET daemonize answered %s", got)
	}
	pid, err := os.ReadFile(pidFile)
	if err != nil || strings.TrimSpace(string(pid)) == strconv.Itoa(cmd.Process.Pid) {
		t.Errorf("pid file holds %q (%v), which is not the daemon", pid, err)
	}
	c.Do("SHUTDOWN", "NOSAVE")
	eventually(t, "the end of the daemon", func() bool {
		_, err := os.Stat(pidFile)
		return os.IsNotExist(err)
	})
}

// TestVersion checks the line that client libraries parse.
func TestVersion(t *testing.T) {
	path, err := live.GranaryPath()
	if err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(path, "-v").Output()
	if err != nil || !regexp.MustCompile(`^\S+ server v=\d+\.\d+\.\d+ sha=\S+ malloc=\S+ bits=64 build=\S+\n$`).Match(out) {
		t.Errorf("%v: %q", err, out)
	}
}

// TestDeadClients checks that clients that die in the middle of a request or a reply leave nothing behind.
func TestDeadClients(t *testing.T) {
	s := start(t)
	c := dial(t, s)
	do(t, c, "SET", "big", strings.Repeat("x", 1<<20))
	before := bufferMemory(t, c)
	for i := range 50 {
		conn := socket(t, "tcp", s.Addr)
		switch i % 4 {
		case 0: // half a request
			fmt.Fprint(conn, "*3\r\n$3\r\nSET\r\n$100000\r\nabc")
		case 1: // replies that nobody reads
			fmt.Fprint(conn, strings.Repeat("GET big\r\n", 20))
		case 2: // a request that is no request
			fmt.Fprint(conn, "*1\r\n:5\r\n")
		case 3: // a half header
			fmt.Fprint(conn, "*1000000\r\n$")
		}
		time.Sleep(time.Millisecond)
		conn.Close()
	}
	// The observer's own reply block may have grown in between.
	const own = 16 << 10
	eventually(t, "buffers as before", func() bool { return bufferMemory(t, c) <= before+own })
	audit := strings.Join(strings.Fields(do(t, c, "MEMORY", "AUDIT")), " ")
	if !regexp.MustCompile(`"difference" :0\b`).MatchString(audit) {
		t.Errorf("MEMORY AUDIT answered %s", audit)
	}
	if n := descriptors(t, s.Pid()); n > 40 {
		t.Errorf("%d descriptors are open", n)
	}
}

var buffersLine = regexp.MustCompile(`mem_buffers:(\d+)`)

func bufferMemory(t *testing.T, c *live.Conn) int {
	t.Helper()
	r, err := c.Do("INFO", "memory")
	if err != nil {
		t.Fatal(err)
	}
	m := buffersLine.FindStringSubmatch(r.Str)
	if m == nil {
		t.Fatal("INFO memory has no mem_buffers")
	}
	n, _ := strconv.Atoi(m[1])
	return n
}

func descriptors(t *testing.T, pid int) int {
	t.Helper()
	list, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", pid))
	if err != nil {
		t.Fatal(err)
	}
	return len(list)
}

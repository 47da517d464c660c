// Package live runs real servers for the black-box tests and speaks RESP with them, byte for byte.
//
// Nothing in it knows Granary: a server is a path to a binary that takes redis-server's options, so the same
// code drives both sides of every comparison.
//
//	Start  one server process in its own folder, on a port of its own; Launch: on a Unix socket   (server.go)
//	Conn   one connection: commands out, raw replies in                    (conn.go)
//	Reply  a parsed reply, and the one-line-per-value notation of it       (reply.go)
package live

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// Server is one running process.
type Server struct {
	Name string // what reports call it
	Addr string // host:port, or the path of a Unix socket
	Dir  string // its working folder, removed by Stop

	// Connect, if it is set, is how Dial connects: over TLS, for instance.
	Connect func() (net.Conn, error)

	cmd  *exec.Cmd
	done chan struct{} // closed when the process has ended
}

var build struct {
	once sync.Once
	path string
	err  error
}

// GranaryPath returns the binary under test: $GRANARY_BIN, or one built from this tree, with $GRANARY_BUILD_FLAGS
// (for instance "-tags=invariants" or "-race") added.
func GranaryPath() (string, error) {
	if p := os.Getenv("GRANARY_BIN"); p != "" {
		return filepath.Abs(p)
	}
	build.once.Do(func() {
		_, file, _, _ := runtime.Caller(0)
		root := filepath.Join(filepath.Dir(file), "..", "..")
		flags := strings.Fields(os.Getenv("GRANARY_BUILD_FLAGS"))
		name := "granary"
		for _, f := range flags {
			name += strings.Map(func(r rune) rune {
				if r == '=' || r == '/' || r == ',' {
					return '-'
				}
				return r
			}, f)
		}
		build.path = filepath.Join(root, "bin", name)
		args := append([]string{"build", "-trimpath"}, flags...)
		cmd := exec.Command("go", append(args, "-o", build.path, "./cmd/granary")...)
		cmd.Dir = root
		if out, err := cmd.CombinedOutput(); err != nil {
			build.err = fmt.Errorf("building the server: %w\n%s", err, out)
		}
	})
	return build.path, build.err
}

// RedisPath returns the reference server: $REDIS_BIN, or redis-server from PATH.
func RedisPath() (string, error) {
	if p := os.Getenv("REDIS_BIN"); p != "" {
		return filepath.Abs(p)
	}
	return exec.LookPath("redis-server")
}

// NeedRedis returns RedisPath, or skips the test on a machine without redis-server. `make test` installs the package
// and sets GRANARY_REQUIRE, which turns the skip into a failure.
func NeedRedis(t testing.TB) string {
	t.Helper()
	path, err := RedisPath()
	if err == nil {
		return path
	}
	if os.Getenv("GRANARY_REQUIRE") != "" {
		t.Fatalf("redis-server is needed: %v", err)
	}
	t.Skip("redis-server is not installed; `make test` installs it")
	return ""
}

// Ports of servers are below those that the kernel gives to clients: none of the many that connect takes one of them between
// the look and the start.
const firstPort, ports = 12000, 9000

// FreePort returns a TCP port that nothing listened on a moment ago.
func FreePort() (port int, err error) {
	for range 100 {
		port = firstPort + rand.IntN(ports)
		var l net.Listener
		if l, err = net.Listen("tcp", "127.0.0.1:"+strconv.Itoa(port)); err == nil {
			return port, l.Close()
		}
	}
	return 0, err
}

// Start runs the server at path without persistence and waits until it answers PING. args are added to the command
// line and win over the defaults.
func Start(name, path string, args ...string) (s *Server, err error) {
	for range 5 {
		if s, err = start(name, path, args); err == nil || !strings.Contains(err.Error(), "Address already in use") {
			break // else somebody else has taken the port since it was looked at
		}
	}
	return s, err
}

func start(name, path string, args []string) (*Server, error) {
	port, err := FreePort()
	if err != nil {
		return nil, err
	}
	s, err := newServer(name)
	if err != nil {
		return nil, err
	}
	s.Addr = "127.0.0.1:" + strconv.Itoa(port)
	if err := s.run(path, append([]string{"--port", strconv.Itoa(port), "--bind", "127.0.0.1"}, args...)); err != nil {
		return nil, err
	}
	if err := s.Ready(20 * time.Second); err != nil {
		log := s.Log()
		s.Stop()
		return nil, fmt.Errorf("%s (%s): %w\n%s", name, path, err, log)
	}
	return s, nil
}

// Launch runs the server as Start does, but on a Unix socket in its folder only, and does not wait for it. A port could be that of
// another server a moment after the process was killed, and what was meant for the one would reach the other.
func Launch(name, path string, args ...string) (*Server, error) {
	s, err := newServer(name)
	if err != nil {
		return nil, err
	}
	s.Addr = filepath.Join(s.Dir, "socket")
	s.Connect = func() (net.Conn, error) { return net.DialTimeout("unix", s.Addr, 5*time.Second) }
	return s, s.run(path, append([]string{"--port", "0", "--unixsocket", s.Addr}, args...))
}

func newServer(name string) (*Server, error) {
	dir, err := os.MkdirTemp("", "granary-live-")
	return &Server{Name: name, Dir: dir, done: make(chan struct{})}, err
}

// run starts the process. If that fails the folder is removed.
func (s *Server) run(path string, args []string) error {
	s.cmd = exec.Command(path, append([]string{"--save", "", "--appendonly", "no", "--dir", s.Dir, "--enable-debug-command", "yes"}, args...)...)
	s.cmd.Dir = s.Dir
	out, err := os.Create(s.logPath())
	if err == nil {
		s.cmd.Stdout, s.cmd.Stderr = out, out
		err = s.cmd.Start()
		out.Close()
	}
	if err != nil {
		os.RemoveAll(s.Dir)
		return err
	}
	go func() {
		s.cmd.Wait()
		close(s.done)
	}()
	return nil
}

// NeedStart is Start that ends the test on failure and stops the server with the test. A server called granary is audited
// before it stops.
func NeedStart(t testing.TB, name, path string, args ...string) *Server {
	t.Helper()
	s, err := Start(name, path, args...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if name == "granary" && s.Alive() {
			CheckAudit(t, s)
		}
		s.Stop()
	})
	return s
}

// Ready waits until the server answers PING, at most d.
func (s *Server) Ready(d time.Duration) error {
	for deadline := time.Now().Add(d); ; time.Sleep(5 * time.Millisecond) {
		if !s.Alive() {
			return errors.New("the server ended at start")
		}
		if c, err := s.Dial(); err == nil {
			r, err := c.Do("PING")
			c.Close()
			if err == nil && r.Str == "PONG" {
				return nil
			}
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("no answer to PING in %s", d)
		}
	}
}

func (s *Server) logPath() string { return filepath.Join(s.Dir, "server.log") }

// Log returns the end of what the process printed.
func (s *Server) Log() string {
	b, err := os.ReadFile(s.logPath())
	if err != nil {
		return err.Error()
	}
	const most = 8000
	if len(b) > most {
		b = b[len(b)-most:]
	}
	return string(b)
}

// Alive reports whether the process is still running.
func (s *Server) Alive() bool {
	select {
	case <-s.done:
		return false
	default:
		return true
	}
}

// Pid is the process id.
func (s *Server) Pid() int { return s.cmd.Process.Pid }

// Wait blocks until the process has ended, at most d, and returns its exit code (-1 if it did not end or was killed).
func (s *Server) Wait(d time.Duration) int {
	select {
	case <-s.done:
		return s.cmd.ProcessState.ExitCode()
	case <-time.After(d):
		return -1
	}
}

// Kill ends the process with SIGKILL and waits for that, at most d.
func (s *Server) Kill(d time.Duration) error {
	s.cmd.Process.Kill() // the error is that it has ended
	select {
	case <-s.done:
		return nil
	case <-time.After(d):
		return errors.New("the process does not end by SIGKILL")
	}
}

// Stop ends the process and removes its folder.
func (s *Server) Stop() {
	s.cmd.Process.Kill()
	<-s.done
	os.RemoveAll(s.Dir)
}

// Dial opens a connection.
func (s *Server) Dial() (*Conn, error) {
	if s.Connect == nil {
		return Dial(s.Addr)
	}
	nc, err := s.Connect()
	if err != nil {
		return nil, err
	}
	return NewConn(nc), nil
}

package crash

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"granary/tests/live"
)

// server is a process that listens on a Unix socket only: a port could be that of another server a moment later, and what was
// meant for one that is gone would reach it.
type server struct {
	own  string // directory of its socket and its log
	cmd  *exec.Cmd
	done chan struct{} // closed when the process has ended
}

// launch starts a server, and does not wait for it.
func launch(bin string, args ...string) (*server, error) {
	own, err := os.MkdirTemp("", "crash-")
	if err != nil {
		return nil, err
	}
	s := &server{own: own, done: make(chan struct{})}
	s.cmd = exec.Command(bin, append([]string{
		"--port", "0", "--unixsocket", filepath.Join(own, "socket"), "--save", "", "--enable-debug-command", "yes",
	}, args...)...)
	s.cmd.Dir = own
	out, err := os.Create(filepath.Join(own, "log"))
	if err != nil {
		return nil, err
	}
	defer out.Close()
	s.cmd.Stdout, s.cmd.Stderr = out, out
	if err := s.cmd.Start(); err != nil {
		os.RemoveAll(own)
		return nil, err
	}
	go func() {
		s.cmd.Wait() // the error is how it ended, which is asked for elsewhere
		close(s.done)
	}()
	return s, nil
}

// start starts a server and waits until it has loaded what there is. The error has its log.
func start(bin string, args ...string) (*server, error) {
	s, err := launch(bin, args...)
	if err != nil {
		return nil, err
	}
	if err := s.ready(); err != nil {
		text := s.log()
		s.end()
		return nil, fmt.Errorf("%w\n%s", err, text)
	}
	return s, nil
}

func (s *server) ready() error {
	for deadline := time.Now().Add(60 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		if !s.alive() {
			return errors.New("the server ended at its start")
		}
		if c, err := s.dial(); err == nil {
			r, err := c.Do("PING")
			c.Close()
			if err == nil && r.Str == "PONG" {
				return nil
			}
		}
		if time.Now().After(deadline) {
			return errors.New("no answer to PING in 60 s")
		}
	}
}

func (s *server) dial() (*live.Conn, error) {
	c, err := net.DialTimeout("unix", filepath.Join(s.own, "socket"), 5*time.Second)
	if err != nil {
		return nil, err
	}
	return live.NewConn(c), nil
}

func (s *server) log() string {
	b, err := os.ReadFile(filepath.Join(s.own, "log"))
	if err != nil {
		return err.Error()
	}
	return string(b[max(0, len(b)-8000):])
}

func (s *server) alive() bool {
	select {
	case <-s.done:
		return false
	default:
		return true
	}
}

// gone reports whether the process has ended by itself, and in good order.
func (s *server) gone() bool { return !s.alive() && s.cmd.ProcessState.ExitCode() == 0 }

// kill ends the process with SIGKILL, and waits for that.
func (s *server) kill() error {
	s.cmd.Process.Signal(syscall.SIGKILL) // the error is that it has ended
	select {
	case <-s.done:
		return nil
	case <-time.After(60 * time.Second):
		return errors.New("the process does not end by SIGKILL")
	}
}

// end kills the process and removes its own directory.
func (s *server) end() error {
	err := s.kill()
	os.RemoveAll(s.own)
	return err
}

package server

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"runtime/debug"
	"strconv"
	"syscall"
	"time"

	"granary/internal/command"
	"granary/internal/config"
)

// daemonEnv marks the process that runs in the background.
const daemonEnv = "GRANARY_DAEMONIZED"

// startDir is where the process started: a dir directive moves it before the daemon does.
var startDir, _ = os.Getwd()

// Daemonize starts the program again in the background, detached from the terminal, and reports true in the process
// that may end now. A Go program cannot fork.
func Daemonize(cfg *config.Config) (parent bool, err error) {
	if !cfg.Daemonize || os.Getenv(daemonEnv) != "" {
		return false, nil
	}
	exe, err := os.Executable()
	if err != nil {
		return false, err
	}
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		return false, err
	}
	defer null.Close()
	cmd := exec.Command(exe, os.Args[1:]...)
	cmd.Dir = startDir
	cmd.Env = append(os.Environ(), daemonEnv+"=1")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = null, null, null
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		return false, err
	}
	return true, nil
}

// settle does what a process does once when it has read its configuration.
func (s *Server) settle() error {
	// The Go heap is small whatever is stored; collecting it early keeps the resident size low.
	debug.SetGCPercent(50)
	if s.pidPath() != "" {
		if err := os.WriteFile(s.pidPath(), []byte(strconv.Itoa(os.Getpid())+"\n"), 0o644); err != nil {
			s.log.Warningf("Failed to write PID file: %v", err)
		}
	}
	if err := s.setOOMScore(); err != nil {
		s.log.Warningf("%v", err)
	}
	return s.fitFileLimit()
}

// pidPath returns where the pid file goes: a daemon always has one.
func (s *Server) pidPath() string {
	if s.cfg.PIDFile == "" && s.cfg.Daemonize {
		return "/var/run/redis.pid" // where tools that manage a Redis daemon look
	}
	return s.cfg.PIDFile
}

// setOOMScore tells the kernel how willingly to kill this process, as oom-score-adj says.
func (s *Server) setOOMScore() error {
	if s.cfg.OOMScoreAdj == config.OOMScoreNo {
		if s.oomChanged {
			s.oomChanged = false
			return s.writeOOMScore(s.oomBase)
		}
		return nil
	}
	if !s.oomChanged {
		b, err := os.ReadFile(oomScoreFile)
		if err != nil {
			return fmt.Errorf("Unable to read oom_score_adj: %v", err)
		}
		s.oomBase, _ = strconv.Atoi(string(trimLine(b)))
		s.oomChanged = true
	}
	v := int(s.cfg.OOMScoreAdjValues[0])
	if s.cfg.OOMScoreAdj == config.OOMScoreRelative {
		v += s.oomBase
	}
	return s.writeOOMScore(min(max(v, -1000), 1000))
}

const oomScoreFile = "/proc/self/oom_score_adj"

func (s *Server) writeOOMScore(v int) error {
	if err := os.WriteFile(oomScoreFile, []byte(strconv.Itoa(v)), 0o644); err != nil {
		s.log.Warningf("Unable to write oom_score_adj: %v", err)
		return errors.New("Failed to set current oom_score_adj. Check server logs.")
	}
	return nil
}

func trimLine(b []byte) []byte {
	for len(b) > 0 && b[len(b)-1] == '\n' {
		b = b[:len(b)-1]
	}
	return b
}

// catchSignals has signals be handled by wait and by reportSignals, from before the first client on.
func (s *Server) catchSignals() {
	signal.Ignore(syscall.SIGHUP, syscall.SIGPIPE)
	s.end.signals = make(chan os.Signal, 4)
	signal.Notify(s.end.signals, syscall.SIGTERM, syscall.SIGINT)
	s.crash.signals = make(chan os.Signal, 4)
	s.watchCrashes()
	go s.reportSignals(s.crash.signals)
}

// wait returns the exit code when the server has ended, because of a command or a signal.
func (s *Server) wait() int {
	for {
		select {
		case code := <-s.end.done:
			s.closeHistory()
			return code
		case sig := <-s.end.signals:
			if s.end.wanted.Load() && sig == syscall.SIGINT {
				s.log.Warningf("You insist... exiting now.")
				s.dropTemp()
				s.removePID()
				if s.mu.TryLock() { // what is being saved may hold it for long
					s.mu.Unlock()
					s.closeHistory()
				}
				return 1
			}
			s.end.wanted.Store(true)
			go s.signalled(sig) // which may save, and take its time
		}
	}
}

// signalled ends the server because the operating system asks for it.
func (s *Server) signalled(sig os.Signal) {
	how, name := s.cfg.ShutdownOnSigTerm, "SIGTERM"
	if sig == syscall.SIGINT {
		how, name = s.cfg.ShutdownOnSigInt, "SIGINT"
	}
	s.log.Warningf("Received %s scheduling shutdown...", name)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.end.how, s.end.signal = flagsOf(how), name
	if s.env.Gate&command.GateLoading != 0 {
		s.log.Warningf("Received shutdown signal during loading, exiting now.")
	}
	if !s.env.CronPaused {
		s.endAsAsked()
	}
}

// endAsAsked ends the server if a signal asks for it that has not been taken back. REQUIRES: the keyspace lock.
func (s *Server) endAsAsked() {
	name := s.end.signal
	if name == "" {
		return
	}
	s.end.signal = ""
	s.log.Warningf("User requested shutdown...")
	if err := s.shutdown(s.end.how); err != nil {
		s.end.wanted.Store(false)
		s.log.Warningf("%s received but errors trying to shut down the server, check the logs for more information", name)
	}
}

// flagsOf turns the words of shutdown-on-sigterm into the options of SHUTDOWN.
func flagsOf(how config.Shutdown) command.ShutdownFlags {
	var f command.ShutdownFlags
	for _, w := range []struct {
		in  config.Shutdown
		out command.ShutdownFlags
	}{
		{config.ShutdownSave, command.ShutdownSave},
		{config.ShutdownNoSave, command.ShutdownNoSave},
		{config.ShutdownNow, command.ShutdownNow},
		{config.ShutdownForce, command.ShutdownForce},
	} {
		if how&w.in != 0 {
			f |= w.out
		}
	}
	return f
}

var errFirstAOF = errors.New("the first append-only file is being written")

// shutdown ends the server in good order. It does not return then: nothing that is executed behind it would be in a file, so neither
// the rest of the turn nor another one is. Whoever ends the process gets the keyspace lock. REQUIRES: the keyspace lock.
func (s *Server) shutdown(how command.ShutdownFlags) error {
	if s.end.asked { // a signal came behind it
		return nil
	}
	if s.aof.waiting { // what is there is in no file yet
		if how&command.ShutdownForce == 0 {
			s.log.Warningf("Writing initial AOF, can't exit.")
			return errFirstAOF
		}
		s.log.Warningf("Writing initial AOF. Exit anyway.")
	}
	if err := s.lastSave(how); err != nil && how&command.ShutdownForce == 0 {
		s.log.Warningf("Error trying to save the DB, can't exit.")
		return err
	}
	if err := s.endAOF(how&command.ShutdownForce != 0); err != nil {
		s.log.Warningf("Error trying to save the DB, can't exit.")
		return err
	}
	s.end.asked = true
	s.notify("STOPPING=1\n")
	s.hush()
	s.removePID()
	s.log.Warningf("Granary is now ready to exit, bye bye...")
	s.end.done <- 0
	s.halt()
	return nil
}

// halt stops the goroutine for good, and lets the keyspace lock go. REQUIRES: the keyspace lock.
func (s *Server) halt() {
	s.mu.Unlock()
	select {}
}

// lastSave saves what the end is to be survived by: with save points or SHUTDOWN SAVE, everything.
func (s *Server) lastSave(how command.ShutdownFlags) error {
	if s.saving.job != nil {
		s.log.Warningf("There is a snapshot being saved. It is given up.")
		s.abortSave()
	}
	if how&command.ShutdownNoSave != 0 || len(s.cfg.Save) == 0 && how&command.ShutdownSave == 0 || s.env.Gate&command.GateLoading != 0 {
		return nil
	}
	s.log.Noticef("Saving the final RDB snapshot before exiting.")
	return s.save(true) // the next start may come at once
}

func (s *Server) removePID() {
	if p := s.pidPath(); p != "" {
		s.log.Noticef("Removing the pid file.")
		os.Remove(p)
	}
}

// notify tells systemd of the server's state, when it supervises it.
func (s *Server) notify(state string) {
	path := os.Getenv("NOTIFY_SOCKET")
	if path == "" || s.cfg.Supervised != config.SupervisedSystemd && s.cfg.Supervised != config.SupervisedAuto {
		return
	}
	if path[0] == '@' {
		path = "\x00" + path[1:]
	}
	conn, err := net.DialTimeout("unixgram", path, time.Second)
	if err != nil {
		s.log.Warningf("Can't connect to systemd socket %s: %v", path, err)
		return
	}
	defer conn.Close()
	fmt.Fprint(conn, state)
}

package server

import (
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"strings"
	"syscall"
	"time"

	"granary/internal/info"
	"granary/internal/logger"
	"granary/internal/mem"
)

// What a server says of itself before it ends because something is broken. Redis's tools and tests look for these words in
// the log:
//
//	a signal that ends it    "crashed by signal", from outside or by DEBUG SEGFAULT
//	a panic                  "Guru Meditation", or "crashed by signal: 11" for an access to memory that is not there
//	SIGALRM                  stack traces alone; the server goes on
//
// Go unwinds no stack on a panic before deferred functions have run, so the trace shows where it was. What a report does not
// have is registers and the contents of memory: they are Go's. It takes no lock, whoever holds it.

// fatalSignals end the server, after a report if crash-log-enabled is on. Faults of the program itself come as panics.
var fatalSignals = []os.Signal{syscall.SIGABRT, syscall.SIGSEGV, syscall.SIGBUS, syscall.SIGFPE, syscall.SIGILL}

// stackSize is how much of the stacks of all goroutines a report has at most.
const stackSize = 4 << 20

// crashes is what the server does about signals that tell of faults.
type crashes struct {
	signals chan os.Signal // nil: not yet
}

// watchCrashes makes signals be reported, as crash-log-enabled says. SIGALRM always is. REQUIRES: the keyspace lock.
func (s *Server) watchCrashes() {
	if s.crash.signals == nil {
		return
	}
	signal.Notify(s.crash.signals, syscall.SIGALRM)
	if s.cfg.CrashLogEnabled {
		signal.Notify(s.crash.signals, fatalSignals...)
	} else {
		signal.Reset(fatalSignals...)
	}
}

// reportSignals is the goroutine that reports.
func (s *Server) reportSignals(signals chan os.Signal) {
	for sig := range signals {
		if sig == syscall.SIGALRM {
			s.sayTrace("Received SIGALRM")
			continue
		}
		n, _ := sig.(syscall.Signal)
		s.sayCrash(fmt.Sprintf("%s %s crashed by signal: %d (%v)", info.ServerName, info.Version, int(n), sig))
		// Whoever waits for the process is to see what it died of.
		signal.Reset(fatalSignals...)
		syscall.Kill(os.Getpid(), n)
		time.Sleep(time.Second)
		os.Exit(128 + int(n))
	}
}

// watchPanic is deferred where no command runs: it reports a panic, which goes on.
func (s *Server) watchPanic() {
	if e := recover(); e != nil {
		s.reportPanic(e)
		panic(e)
	}
}

// reportPanic reports a panic. REQUIRES: the keyspace lock.
func (s *Server) reportPanic(e any) {
	if !s.cfg.CrashLogEnabled {
		return
	}
	if _, fault := e.(runtime.Error); fault && strings.Contains(fmt.Sprint(e), "invalid memory address") {
		s.sayCrash(fmt.Sprintf("%s %s crashed by signal: %d (%v)", info.ServerName, info.Version, int(syscall.SIGSEGV), e))
	} else {
		s.sayCrash(fmt.Sprintf("=== ASSERTION FAILED ===\nGuru Meditation: %v", e))
	}
	if s.cfg.UseExitOnPanic {
		os.Exit(1)
	}
}

// sayCrash logs a report of a crash.
func (s *Server) sayCrash(what string) {
	s.log.Raw(logger.Warning, "\n\n=== GRANARY BUG REPORT START: Cut & paste starting from here ===\n")
	for line := range strings.Lines(what) {
		s.log.Warningf("%s", strings.TrimSuffix(line, "\n"))
	}
	s.sayTrace("")
	s.log.Raw(logger.Warning, fmt.Sprintf("\n------ SERVER ------\nversion: %s, %s, %s\npid: %d\nused_memory: %d\n",
		info.Version, runtime.Version(), info.Platform(), os.Getpid(), mem.Used()))
	s.log.Raw(logger.Warning, "\n=== GRANARY BUG REPORT END. Please send what is above with a description of what you did. ===\n")
}

// sayTrace logs the stacks of all goroutines.
func (s *Server) sayTrace(why string) {
	if why != "" {
		s.log.Warningf("%s", why)
	}
	stacks := make([]byte, stackSize)
	stacks = stacks[:runtime.Stack(stacks, true)]
	s.log.Raw(logger.Warning, "\n------ STACK TRACE ------\n"+string(stacks)+"------ STACK TRACE DONE ------\n")
}

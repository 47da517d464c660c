package main

import (
	"fmt"
	"net"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"

	"granary/tests/live"
)

// pauses is a histogram of waits in steps of 10 us, up to 1 s.
type pauses struct {
	longest time.Duration
	count   int
	steps   [100_001]int32
	served  time.Duration // the longest wait that the server itself was the reason of
	err     error
}

func (p *pauses) add(d time.Duration) {
	p.longest = max(p.longest, d)
	p.count++
	p.steps[min(int(d/(10*time.Microsecond)), len(p.steps)-1)]++
}

func (p *pauses) quantile(q float64) time.Duration {
	left := int(float64(p.count) * (1 - q))
	for i := len(p.steps) - 1; i > 0; i-- {
		if left -= int(p.steps[i]); left < 0 {
			return time.Duration(i) * 10 * time.Microsecond
		}
	}
	return 0
}

// probePing sends PING again and again, with naps between, and notes how long each reply takes.
func probePing(s *live.Server, nap time.Duration, quit chan struct{}) *pauses {
	p := &pauses{}
	p.err = p.probe(s, nap, quit)
	return p
}

// probe does so in a thread of its own that blocks in read, so that the scheduler's books of that thread say which part
// of a wait was the machine's doing.
func (p *pauses) probe(s *live.Server, nap time.Duration, quit chan struct{}) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	nc, err := net.Dial("tcp", s.Addr)
	if err != nil {
		return err
	}
	file, err := nc.(*net.TCPConn).File()
	nc.Close()
	if err != nil {
		return err
	}
	defer file.Close()
	fd := int(file.Fd()) // from here on it blocks
	own, err := openSchedstat("/proc/thread-self")
	if err != nil {
		return err
	}
	defer own.file.Close()
	server := threads{pid: s.Pid()}
	defer server.close()
	ping, pong := live.AppendCommand(nil, "PING"), make([]byte, 64)
	for {
		select {
		case <-quit:
			return nil
		default:
		}
		if _, _, err := server.look(); err != nil {
			return err
		}
		if err := own.look(); err != nil {
			return err
		}
		began := time.Now()
		if _, err := syscall.Write(fd, ping); err != nil {
			return err
		}
		n, err := syscall.Read(fd, pong)
		wait := time.Since(began)
		if err == nil && string(pong[:n]) != "+PONG\r\n" {
			err = fmt.Errorf("PING is answered %q", pong[:n])
		}
		if err != nil {
			return err
		}
		ran, delayed, err := server.look()
		if err != nil {
			return err
		}
		if err := own.look(); err != nil {
			return err
		}
		p.add(wait)
		p.served = max(p.served, min(ran, wait-delayed-own.newDelayed))
		time.Sleep(nap)
	}
}

// slowest is the longest command that the slow log has shown.
type slowest struct {
	micros  int64
	command string
	err     error
}

func (s slowest) String() string {
	if s.micros == 0 {
		return "below 0.2"
	}
	return strconv.FormatFloat(float64(s.micros)/1000, 'f', 2, 64) + " (" + s.command + ")"
}

// slowlogOptions make a server note every command above 0.2 ms.
var slowlogOptions = []string{"--slowlog-log-slower-than", "200", "--slowlog-max-len", "1024"}

// look takes the slow log in.
func (s *slowest) look(c *live.Conn) error {
	r, err := c.Do("SLOWLOG", "GET", "1024")
	if err != nil {
		return err
	}
	for _, e := range r.Elems {
		n, _ := strconv.ParseInt(e.Elems[2].Str, 10, 64)
		// Our own look at the log is not part of what is measured.
		if name := strings.ToUpper(e.Elems[3].Elems[0].Str); n > s.micros && name != "SLOWLOG" && name != "INFO" {
			s.micros, s.command = n, name
		}
	}
	_, err = c.Do("SLOWLOG", "RESET")
	return err
}

// watchSlowlog looks four times a second.
func watchSlowlog(server *live.Server, quit chan struct{}) (s slowest) {
	c, err := server.Dial()
	if err != nil {
		s.err = err
		return s
	}
	defer c.Close()
	for {
		select {
		case <-quit:
			s.err = s.look(c)
			return s
		case <-time.After(250 * time.Millisecond):
			if s.err = s.look(c); s.err != nil {
				return s
			}
		}
	}
}

func millis(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

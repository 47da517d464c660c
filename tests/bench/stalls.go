package main

import (
	"fmt"
	"runtime/debug"
	"strings"
	"time"

	"granary/tests/live"
)

// How long everybody else waits while a large value goes.

const elementsGone = 10_000_000

var goners = []collection{
	hashes("f:", 12, 7),
	zsets("m:", 13, inOrder),
	sets("m:", 13),
	lists("e:", 13),
	streams(),
}

// goings are the ways a value goes. The command itself is sent by a client of its own.
var goings = []struct {
	name    string
	command []string
}{
	{"DEL", []string{"DEL", "key"}},
	{"UNLINK", []string{"UNLINK", "key"}},
	{"expiry", []string{"PEXPIRE", "key", "20"}},
	{"FLUSHALL", []string{"FLUSHALL"}},
}

// stall is what one going looked like.
type stall struct {
	probe, served, noise time.Duration
	slow                 slowest
	took                 time.Duration // until all memory was given back
}

func measureStalls(o *options, all []contender) (string, error) {
	var b strings.Builder
	n := o.scaled(elementsGone)
	fmt.Fprintf(&b, "What other clients notice while a value of %d elements goes, in milliseconds: the longest reply of a client that sends "+
		"PING every 0.2 ms; the same without the machine's doing, which is at most what the server computed meanwhile, and at most the wait without "+
		"the time that the client and the server were kept from running; the machine's noise, which is the longest reply of another redis-server that does nothing, at the same time; and "+
		"the longest command by the server's own slow log. Gone: seconds until the memory was given back.\n\n", n)
	head, line := "| value | goes by |", "|---|---|"
	for _, c := range all {
		head += fmt.Sprintf(" %s longest PING | by the server | noise | longest command | gone |", c.name)
		line += "---|---|---|---|---|"
	}
	fmt.Fprintf(&b, "%s\n%s\n", head, line)
	idle, err := startIdle(all)
	if err != nil {
		return "", err
	}
	defer idle.Stop()
	for _, value := range goners {
		if err := stallsOf(all, idle, value, n, &b); err != nil {
			return "", err
		}
	}
	return b.String(), nil
}

// stallsOf measures all ways in which one kind of value goes.
func stallsOf(all []contender, idle *live.Server, value collection, n int, b *strings.Builder) error {
	var servers []*live.Server
	defer func() {
		for _, s := range servers {
			s.Stop()
		}
	}()
	for _, c := range all {
		s, err := live.Start(c.name, c.path, slowlogOptions...)
		if err != nil {
			return err
		}
		servers = append(servers, s)
	}
	for _, going := range goings {
		if err := onEach(servers, func(s *live.Server) error { return fillCollection(s, value, "key", n) }); err != nil {
			return err
		}
		text := fmt.Sprintf("| %s | %s |", value.name, going.name)
		for _, s := range servers {
			m, err := watchGoing(s, idle, going.command)
			if err != nil {
				return fmt.Errorf("%s of a %s: %w", going.name, value.name, err)
			}
			text += fmt.Sprintf(" %.2f | %.2f | %.2f | %s | %.1f |", millis(m.probe), millis(m.served), millis(m.noise), m.slow, m.took.Seconds())
		}
		fmt.Println(text)
		b.WriteString(text + "\n")
	}
	return nil
}

// watchGoing sends command and watches until the server is empty and has given back what it held.
func watchGoing(s, idle *live.Server, command []string) (m stall, err error) {
	c, err := s.Dial()
	if err != nil {
		return m, err
	}
	defer c.Close()
	c.Timeout = 2 * time.Minute
	if _, err := c.Do("SLOWLOG", "RESET"); err != nil {
		return m, err
	}
	// This process is part of the machine's noise: it does not collect garbage meanwhile.
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	time.Sleep(300 * time.Millisecond)

	const nap = 200 * time.Microsecond
	quit := make(chan struct{})
	probe, noise := make(chan *pauses, 1), make(chan *pauses, 1)
	go func() { probe <- probePing(s, nap, quit) }()
	go func() { noise <- probePing(idle, nap, quit) }()
	time.Sleep(100 * time.Millisecond)
	began := time.Now()
	r, err := c.Do(command...)
	if err == nil && r.Kind == '-' {
		err = fmt.Errorf("%s", r.Str)
	}
	if err == nil {
		err = waitEmpty(s)
	}
	m.took = time.Since(began)
	time.Sleep(100 * time.Millisecond)
	close(quit)
	p, q := <-probe, <-noise
	for _, e := range []error{err, p.err, q.err} {
		if e != nil {
			return m, e
		}
	}
	m.probe, m.served, m.noise = p.longest, p.served, q.longest
	return m, m.slow.look(c)
}

// waitEmpty waits until no key is left and nothing waits to be given back.
func waitEmpty(s *live.Server) error {
	c, err := s.Dial()
	if err != nil {
		return err
	}
	defer c.Close()
	c.Timeout = 2 * time.Minute
	for deadline := time.Now().Add(2 * time.Minute); ; {
		r, err := c.Do("DBSIZE")
		if err != nil {
			return err
		}
		left, err := infoInt(s, "memory", "lazyfree_pending_objects")
		if err != nil || r.Str == "0" && left == 0 {
			return err
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("%s keeps %s keys and %d pieces to give back", s.Name, r.Str, left)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

package main

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"granary/tests/live"
)

const keysLoaded = 10_000_000

// measureLoad fills a server with keys and watches three clocks meanwhile: the server's own slow log, a client that
// sends PING again and again, and the same client at a server that does nothing. The last is what the machine itself
// takes away from everybody.
func measureLoad(o *options, all []contender) (string, error) {
	var b strings.Builder
	fmt.Fprintf(&b, "%d keys (15-byte key, 32-byte value) in pipelines of 16. The longest command is by the server's own slow log; "+
		"the probe is a client that sends PING every half millisecond. The machine's noise is the slowest probe of another redis-server, "+
		"which does nothing, at the same time.\n\n", o.scaled(keysLoaded))
	b.WriteString("| | seconds | longest command, ms | slowest probe, ms | of which by the server, ms | probe p99.9, ms | machine's noise, ms | Go heap in use at 10 % / at the end, MB |\n|---|---|---|---|---|---|---|---|\n")
	idle, err := startIdle(all)
	if err != nil {
		return "", err
	}
	defer idle.Stop()
	for _, c := range all {
		line, err := loadOne(o, c, idle)
		if err != nil {
			return "", fmt.Errorf("%s: %w", c.name, err)
		}
		fmt.Print(line)
		b.WriteString(line)
	}
	return b.String(), nil
}

// startIdle starts the redis-server that probes compare with.
func startIdle(all []contender) (*live.Server, error) { return live.Start("idle", all[1].path) }

func loadOne(o *options, c contender, idle *live.Server) (string, error) {
	s, err := live.Start(c.name, c.path, slowlogOptions...)
	if err != nil {
		return "", err
	}
	defer s.Stop()
	const nap = 500 * time.Microsecond
	quit := make(chan struct{})
	probe, noise, slow := make(chan *pauses, 1), make(chan *pauses, 1), make(chan slowest, 1)
	go func() { probe <- probePing(s, nap, quit) }()
	go func() { noise <- probePing(idle, nap, quit) }()
	go func() { slow <- watchSlowlog(s, quit) }()

	heap := map[int]string{}
	n := o.scaled(keysLoaded)
	began := time.Now()
	err = load(s, n, 16, func(done int) error {
		if done/16 != n/10/16 {
			return nil
		}
		v, err := infoField(s, "memory", "go_heap_inuse")
		heap[0] = v
		return err
	})
	took := time.Since(began)
	close(quit)
	p, q, sl := <-probe, <-noise, <-slow
	for _, e := range []error{err, p.err, q.err, sl.err} {
		if e != nil {
			return "", e
		}
	}
	if heap[1], err = infoField(s, "memory", "go_heap_inuse"); err != nil {
		return "", err
	}
	inUse := "-"
	if heap[1] != "" {
		inUse = megabytes(heap[0]) + " / " + megabytes(heap[1])
	}
	return fmt.Sprintf("| %s | %.1f | %s | %.2f | %.2f | %.2f | %.2f | %s |\n", c.name, took.Seconds(), sl,
		millis(p.longest), millis(p.served), millis(p.quantile(0.999)), millis(q.longest), inUse), nil
}

// load sets n keys in pipelines of depth commands: the next goes out when all of one is answered. each is called after
// every pipeline.
func load(s *live.Server, n, depth int, each func(done int) error) error {
	c, err := s.Dial()
	if err != nil {
		return err
	}
	defer c.Close()
	value := strings.Repeat("v", 32)
	var out, reply []byte
	for done := 0; done < n; {
		k := min(depth, n-done)
		out = out[:0]
		for i := range k {
			out = appendWord(appendNumbered(appendWord(appendHead(out, 3), "SET"), "k", 15, done+i), value)
		}
		if _, err := c.Write(out); err != nil {
			return err
		}
		for range k {
			if reply, err = c.ReadRaw(reply[:0]); err != nil {
				return err
			}
			if string(reply) != "+OK\r\n" {
				return fmt.Errorf("a write answered %q", reply)
			}
		}
		done += k
		if err := each(done); err != nil {
			return err
		}
	}
	return nil
}

func megabytes(bytes string) string {
	n, err := strconv.ParseFloat(bytes, 64)
	if err != nil {
		return bytes
	}
	return fmt.Sprintf("%.1f", n/1e6)
}

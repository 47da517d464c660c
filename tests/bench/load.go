package main

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"granary/tests/live"
)

// measureLoad fills a server with keys and watches three clocks meanwhile: the server's own slow log, a client that
// sends PING again and again, and a thread that does nothing but look at the time. The last is what the machine itself
// takes away from everybody.
func measureLoad(o *options, all []contender) (string, error) {
	var b strings.Builder
	fmt.Fprintf(&b, "%d keys (15-byte key, 32-byte value) in pipelines of 16. The longest command is by the server's own slow log; "+
		"the probe is a client that sends PING every half millisecond. The machine's noise is the longest pause of a thread "+
		"that only sleeps half a millisecond at a time.\n\n", o.load)
	b.WriteString("| | seconds | longest command, ms | slowest probe, ms | probe p99.9, ms | machine's noise, ms | Go heap in use at 10 % / at the end, MB |\n|---|---|---|---|---|---|---|\n")
	for _, c := range all {
		line, err := loadOne(o, c)
		if err != nil {
			return "", fmt.Errorf("%s: %w", c.name, err)
		}
		b.WriteString(line)
	}
	return b.String(), nil
}

func loadOne(o *options, c contender) (string, error) {
	s, err := live.Start(c.name, c.path, "--slowlog-log-slower-than", "200", "--slowlog-max-len", "1024")
	if err != nil {
		return "", err
	}
	defer s.Stop()
	quit := make(chan struct{})
	probe, noise, slow := make(chan *pauses, 1), make(chan *pauses, 1), make(chan slowest, 1)
	go func() { probe <- probePing(s, quit) }()
	go func() { noise <- probeSleep(quit) }()
	go func() { slow <- watchSlowlog(s, quit) }()

	heap := map[int]string{}
	tenth := o.load / 10
	began := time.Now()
	err = load(s, dataRows[0], 0, o.load, 16, func(done int) error {
		if done/16 != tenth/16 {
			return nil
		}
		v, err := infoField(s, "memory", "go_heap_inuse")
		heap[0] = v
		return err
	})
	took := time.Since(began)
	close(quit)
	p, n, sl := <-probe, <-noise, <-slow
	for _, e := range []error{err, p.err, sl.err} {
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
	longest := "below 0.2"
	if sl.micros > 0 {
		longest = fmt.Sprintf("%.2f (%s)", float64(sl.micros)/1000, sl.command)
	}
	return fmt.Sprintf("| %s | %.1f | %s | %.2f | %.2f | %.2f | %s |\n", c.name, took.Seconds(), longest,
		millis(p.longest), millis(p.quantile(0.999)), millis(n.longest), inUse), nil
}

func millis(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

func megabytes(bytes string) string {
	n, err := strconv.ParseFloat(bytes, 64)
	if err != nil {
		return bytes
	}
	return fmt.Sprintf("%.1f", n/1e6)
}

// pauses is a histogram of waits in steps of 10 us, up to 1 s.
type pauses struct {
	longest time.Duration
	count   int
	steps   [100_001]int32
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

func probePing(s *live.Server, quit chan struct{}) *pauses {
	p := &pauses{}
	c, err := s.Dial()
	if err != nil {
		p.err = err
		return p
	}
	defer c.Close()
	ping := live.AppendCommand(nil, "PING")
	var reply []byte
	for {
		select {
		case <-quit:
			return p
		default:
		}
		began := time.Now()
		if _, p.err = c.Write(ping); p.err != nil {
			return p
		}
		if reply, p.err = c.ReadRaw(reply[:0]); p.err != nil {
			return p
		}
		p.add(time.Since(began))
		time.Sleep(500 * time.Microsecond)
	}
}

func probeSleep(quit chan struct{}) *pauses {
	p := &pauses{}
	const nap = 500 * time.Microsecond
	for {
		select {
		case <-quit:
			return p
		default:
		}
		began := time.Now()
		time.Sleep(nap)
		p.add(max(time.Since(began)-nap, 0))
	}
}

// slowest is the longest command that the slow log has shown.
type slowest struct {
	micros  int64
	command string
	err     error
}

func watchSlowlog(s *live.Server, quit chan struct{}) (out slowest) {
	c, err := s.Dial()
	if err != nil {
		out.err = err
		return out
	}
	defer c.Close()
	look := func() {
		r, err := c.Do("SLOWLOG", "GET", "1024")
		if err != nil {
			out.err = err
			return
		}
		for _, e := range r.Elems {
			n, _ := strconv.ParseInt(e.Elems[2].Str, 10, 64)
			// Our own look at the log is not part of the load.
			if name := strings.ToUpper(e.Elems[3].Elems[0].Str); n > out.micros && name != "SLOWLOG" && name != "INFO" {
				out.micros, out.command = n, name
			}
		}
		_, out.err = c.Do("SLOWLOG", "RESET")
	}
	for {
		select {
		case <-quit:
			look()
			return out
		case <-time.After(250 * time.Millisecond):
			if look(); out.err != nil {
				return out
			}
		}
	}
}

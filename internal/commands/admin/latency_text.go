package admin

import (
	"fmt"
	"strconv"
	"strings"

	"granary/internal/command"
)

// The rows of a graph, and the marks that fill a cell by quarters.
const (
	graphRows  = 4
	graphMarks = " .:|"
)

// cmdLatencyGraph answers LATENCY GRAPH event.
func cmdLatencyGraph(c *command.Ctx) {
	e := c.Env.Latency.Find(string(c.Args[2]))
	if e == nil {
		c.Out.Error("ERR No samples available for event '" + string(c.Args[2]) + "'")
		return
	}
	c.Out.Verbatim(drawLatency(e, c.Now()/1000), "txt")
}

// drawLatency draws the samples of an event as columns, oldest on the left, with the age of each below it, read
// downwards.
func drawLatency(e *command.LatencyEvent, now int64) string {
	samples := e.Samples()
	low, high := samples[0].Ms, samples[0].Ms
	for _, s := range samples {
		low, high = min(low, s.Ms), max(high, s.Ms)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s - high %d ms, low %d ms (all time high %d ms)\n", e.Name, high, low, e.Max)
	b.WriteString(strings.Repeat("-", 80) + "\n")
	ages := make([]string, len(samples))
	deepest := 0
	for i, s := range samples {
		ages[i] = shortAge(now - s.Time)
		deepest = max(deepest, len(ages[i]))
	}
	steps := int64(graphRows * (len(graphMarks) - 1))
	for row := graphRows - 1; row >= 0; row-- {
		for _, s := range samples {
			level := steps
			if high > low {
				level = 1 + (s.Ms-low)*(steps-1)/(high-low)
			}
			level -= int64(row * (len(graphMarks) - 1))
			b.WriteByte(graphMarks[min(max(level, 0), int64(len(graphMarks)-1))])
		}
		b.WriteByte('\n')
	}
	b.WriteByte('\n')
	for row := range deepest {
		for _, a := range ages {
			if row < len(a) {
				b.WriteByte(a[row])
			} else {
				b.WriteByte(' ')
			}
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// shortAge writes a time span with its largest unit.
func shortAge(sec int64) string {
	for _, u := range []struct {
		size int64
		name string
	}{{86400, "d"}, {3600, "h"}, {60, "m"}} {
		if sec >= u.size {
			return strconv.FormatInt(sec/u.size, 10) + u.name
		}
	}
	return strconv.FormatInt(sec, 10) + "s"
}

// latencyAdvice is what LATENCY DOCTOR says about each kind of event.
var latencyAdvice = map[string]string{
	"command":      "Some commands take long by themselves. SLOWLOG GET shows which; prefer SCAN to KEYS, UNLINK to DEL for large values, and smaller values to larger ones.",
	"fast-command": "Commands that should be quick were slow. Something else held the processor: look at the load of the machine, at swapping and at the hypervisor.",
	"expire-cycle": "Many keys expire at the same time. Spread their times to live.",
}

// cmdLatencyDoctor answers LATENCY DOCTOR.
func cmdLatencyDoctor(c *command.Ctx) {
	var b strings.Builder
	threshold := c.Env.Config.LatencyMonitorThreshold
	events := c.Env.Latency.Events()
	switch {
	case threshold == 0 && len(events) == 0:
		b.WriteString("The latency monitor is off. Turn it on with CONFIG SET latency-monitor-threshold <milliseconds>; 100 is a good beginning.\n")
	case len(events) == 0:
		fmt.Fprintf(&b, "Nothing took %d ms or longer since the start or the last LATENCY RESET.\n", threshold)
	}
	for _, e := range events {
		samples := e.Samples()
		sum := int64(0)
		for _, s := range samples {
			sum += s.Ms
		}
		last := e.Last()
		fmt.Fprintf(&b, "%s: %d seconds with spikes, mean %d ms, worst %d ms, latest %d ms %s ago.\n",
			e.Name, len(samples), sum/int64(len(samples)), e.Max, last.Ms, shortAge(c.Now()/1000-last.Time))
		if advice := latencyAdvice[e.Name]; advice != "" {
			b.WriteString("  " + advice + "\n")
		}
	}
	if slow := c.Env.Config.SlowlogLogSlowerThan; len(events) > 0 && (slow < 0 || slow > threshold*1000) {
		fmt.Fprintf(&b, "The slow log does not keep what the latency monitor sees: CONFIG SET slowlog-log-slower-than %d would.\n", threshold*1000)
	}
	c.Out.Verbatim(b.String(), "txt")
}

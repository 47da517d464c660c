package admin

import (
	"granary/internal/command"
)

// cmdLatencyLatest answers LATENCY LATEST: for each event its name, the time of the latest sample, that sample and the
// worst, in milliseconds.
func cmdLatencyLatest(c *command.Ctx) {
	events := c.Env.Latency.Events()
	c.Out.Array(len(events))
	for _, e := range events {
		last := e.Last()
		c.Out.Array(4)
		c.Out.BulkString(e.Name)
		c.Out.Int(last.Time)
		c.Out.Int(last.Ms)
		c.Out.Int(e.Max)
	}
}

// cmdLatencyHistory answers LATENCY HISTORY event.
func cmdLatencyHistory(c *command.Ctx) {
	e := c.Env.Latency.Find(string(c.Args[2]))
	if e == nil {
		c.Out.Array(0)
		return
	}
	samples := e.Samples()
	c.Out.Array(len(samples))
	for _, s := range samples {
		c.Out.Array(2)
		c.Out.Int(s.Time)
		c.Out.Int(s.Ms)
	}
}

// cmdLatencyReset answers LATENCY RESET [event ...] with the number of events forgotten.
func cmdLatencyReset(c *command.Ctx) {
	n := int64(0)
	forget := func(name string) {
		if c.Env.Latency.Reset(name) {
			n++
		}
	}
	for _, a := range c.Args[2:] {
		forget(string(a))
	}
	if len(c.Args) == 2 {
		for len(c.Env.Latency.Events()) > 0 {
			forget(c.Env.Latency.Events()[0].Name)
		}
	}
	c.Out.Int(n)
}

// cmdLatencyHistogram answers LATENCY HISTOGRAM [command ...]: a map from command to calls and a cumulative
// distribution. Commands that were never called are left out; a container stands for its subcommands.
func cmdLatencyHistogram(c *command.Ctx) {
	o := c.Out
	mark, n := o.MapLater(), 0
	write := func(s *command.Spec) {
		h := &c.Env.Stats.Of(s).Latency
		if h.Count() == 0 {
			return
		}
		n++
		micros, counts := h.Cumulative()
		o.BulkString(s.Full)
		o.Map(2)
		o.BulkString("calls")
		o.Int(h.Count())
		o.BulkString("histogram_usec")
		o.Map(len(micros))
		for i := range micros {
			o.Int(micros[i])
			o.Int(counts[i])
		}
	}
	withSubs := func(s *command.Spec) {
		write(s)
		for _, sub := range s.Subs {
			write(sub)
		}
	}
	for _, a := range c.Args[2:] {
		if s := c.Env.Table.FindFull(string(a)); s != nil {
			withSubs(s)
		}
	}
	if len(c.Args) == 2 {
		for _, s := range c.Env.Table.All() {
			withSubs(s)
		}
	}
	o.SetLen(mark, n)
}

// cmdLatencyHelp answers LATENCY HELP.
func cmdLatencyHelp(c *command.Ctx) {
	c.Help(
		"DOCTOR",
		"    Say in words what was slow and what to do.",
		"GRAPH <event>",
		"    Draw the history of an event.",
		"HISTOGRAM [<command> ...]",
		"    Return how long commands took, as cumulative distributions in microseconds.",
		"HISTORY <event>",
		"    Return the samples of an event: Unix time and milliseconds.",
		"LATEST",
		"    Return the latest sample of each event, and the worst.",
		"RESET [<event> ...]",
		"    Forget the events named, or all.",
	)
}

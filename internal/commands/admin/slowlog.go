package admin

import (
	"granary/internal/command"
	"granary/internal/object"
)

// slowlogDefault is the number of entries SLOWLOG GET answers when it is not told.
const slowlogDefault = 10

// cmdSlowlogGet answers SLOWLOG GET [count]; -1 is all.
func cmdSlowlogGet(c *command.Ctx) {
	n := slowlogDefault
	if len(c.Args) > 3 {
		c.WrongSubArity()
		return
	}
	if len(c.Args) == 3 {
		v, ok := object.ParseInt(c.Args[2])
		if !ok || v < -1 {
			c.Out.Error("ERR count should be greater than or equal to -1")
			return
		}
		n = int(v)
	}
	log := c.Env.Slowlog
	if n == -1 || n > log.Len() {
		n = log.Len()
	}
	o := c.Out
	o.Array(n)
	log.Each(n, func(e *command.SlowEntry) {
		o.Array(6)
		o.Int(e.ID)
		o.Int(e.Time)
		o.Int(e.Micros)
		o.Array(len(e.Args))
		for _, a := range e.Args {
			o.Bulk(a)
		}
		o.Bulk(e.Addr)
		o.Bulk(e.Name)
	})
}

// cmdSlowlogLen answers SLOWLOG LEN.
func cmdSlowlogLen(c *command.Ctx) { c.Out.Int(int64(c.Env.Slowlog.Len())) }

// cmdSlowlogReset answers SLOWLOG RESET.
func cmdSlowlogReset(c *command.Ctx) {
	c.Env.Slowlog.Reset()
	c.Out.OK()
}

// cmdSlowlogHelp answers SLOWLOG HELP.
func cmdSlowlogHelp(c *command.Ctx) {
	c.Help(
		"GET [<count>]",
		"    Return the latest <count> entries (default: 10, -1 is all). An entry is:",
		"    id, Unix time, microseconds taken, arguments, client address, client name",
		"LEN",
		"    Return the number of entries.",
		"RESET",
		"    Forget all entries.",
	)
}

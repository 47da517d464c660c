package memory

import (
	"granary/internal/command"
	"granary/internal/journal"
)

// specMemoryJournal is Granary's own.
var specMemoryJournal = &command.Spec{
	Name: "journal", Summary: "Return which keys were evicted or expired last, and what each prefix lost.", Since: "7.4.0",
	Group: command.GroupServer, Complexity: "O(N) where N is the number of events that are kept", Arity: -2,
	Tips: []string{"nondeterministic_output", "request_policy:all_shards", "response_policy:special"},
	Args: []command.Arg{
		{Name: "count", Type: command.ArgInteger, Token: "COUNT", Flags: command.Optional},
		{Name: "events", Type: command.ArgOneOf, Flags: command.Optional, Args: []command.Arg{
			{Name: "evictions", Type: command.ArgPureToken, Token: "EVICTIONS"},
			{Name: "expiries", Type: command.ArgPureToken, Token: "EXPIRIES"},
			{Name: "reset", Type: command.ArgPureToken, Token: "RESET"},
		}},
	},
	Handler: cmdMemoryJournal,
}

const (
	journalCount  = 10
	errJournalOff = "ERR the journal is off: memory-journal-max-len is 0"
)

// cmdMemoryJournal answers MEMORY JOURNAL [COUNT count] [EVICTIONS|EXPIRIES]: a map of how many keys went since when, what
// prefixes lost, those that lost most bytes first, and the last events, the latest first; or MEMORY JOURNAL RESET.
func cmdMemoryJournal(c *command.Ctx) {
	kind, count, reset, counted := journal.Any, int64(journalCount), false, false
	for i := 2; i < len(c.Args); i++ {
		switch arg := c.Args[i]; {
		case command.Is(arg, "reset") && len(c.Args) == 3:
			reset = true
		case command.Is(arg, "evictions") && kind == journal.Any:
			kind = journal.Evictions
		case command.Is(arg, "expiries") && kind == journal.Any:
			kind = journal.Expiries
		case command.Is(arg, "count") && i+1 < len(c.Args) && !counted:
			i++
			n, ok := c.Int(c.Args[i])
			if !ok {
				return
			}
			if n < 0 {
				c.Out.Error(command.ErrOutOfRangePos)
				return
			}
			count, counted = n, true
		default:
			c.SyntaxError()
			return
		}
	}
	j := c.Env.Journal
	switch {
	case j == nil:
		c.Out.Error(errJournalOff)
	case reset:
		j.Reset(c.Now())
		c.Out.OK()
	default:
		replyJournal(c, j, kind, int(min(count, 1<<20)))
	}
}

func replyJournal(c *command.Ctx, j *journal.Journal, kind journal.Kind, n int) {
	out := c.Out
	totals, since := j.Totals()
	prefixes, rest := j.Prefixes(kind, n)
	out.Map(4)
	out.BulkString("since-ms")
	out.Int(since)
	out.BulkString("totals")
	replyTotals(c, &totals, 0)
	out.BulkString("prefixes")
	more := rest.Events(kind) > 0
	if more {
		out.Array(len(prefixes) + 1)
	} else {
		out.Array(len(prefixes))
	}
	for i := range prefixes {
		p := &prefixes[i]
		replyTotals(c, &p.Totals, 2)
		out.BulkString("prefix")
		out.BulkString(p.Prefix)
		out.BulkString("missed-at-most")
		out.Int(p.Missed)
	}
	if more { // of those that lost little, and made room for others
		replyTotals(c, &rest, 1)
		out.BulkString("prefix")
		out.Null()
	}
	out.BulkString("last")
	out.Array(j.CountKept(kind, n))
	j.Last(kind, n, func(e *journal.Event) { replyEvent(c, e) })
}

// replyTotals begins a map of the counts and some rows more.
func replyTotals(c *command.Ctx, t *journal.Totals, more int) {
	out := c.Out
	out.Map(4 + more)
	out.BulkString("evictions")
	out.Int(t.Evictions)
	out.BulkString("evicted-bytes")
	out.Int(t.EvictedBytes)
	out.BulkString("expiries")
	out.Int(t.Expiries)
	out.BulkString("expired-bytes")
	out.Int(t.ExpiredBytes)
}

// replyEvent answers one event. What does not apply is null: the time to live of a key without one, the command of what
// happened in the background.
func replyEvent(c *command.Ctx, e *journal.Event) {
	out := c.Out
	out.Map(10)
	out.BulkString("time-ms")
	out.Int(e.Time)
	out.BulkString("rule")
	out.BulkString(e.Rule.String())
	out.BulkString("db")
	out.Int(int64(e.DB))
	out.BulkString("prefix")
	out.Bulk(e.Prefix)
	out.BulkString("key-length")
	out.Int(int64(e.KeyLen))
	out.BulkString("bytes")
	out.Int(e.Bytes)
	if e.Rule.ByFrequency() {
		out.BulkString("frequency")
	} else {
		out.BulkString("idle-seconds")
	}
	out.Int(e.Measure)
	out.BulkString("ttl-ms")
	if e.TTL == journal.NoTTL {
		out.Null()
	} else {
		out.Int(e.TTL)
	}
	out.BulkString("command")
	if all := c.Env.Table.Every(); e.Command >= 0 && e.Command < len(all) {
		out.BulkString(all[e.Command].Full)
	} else {
		out.Null()
	}
	out.BulkString("client-id")
	out.Int(e.Client)
}

package memory

import (
	"strings"

	"granary/internal/command"
	"granary/internal/glob"
	"granary/internal/history"
)

// specMemoryHistory is Granary's own.
var specMemoryHistory = &command.Spec{
	Name: "history", Summary: "Return what the lines of the memory ledger were in the last hour and month, and who made them jump.", Since: "7.4.0",
	Group: command.GroupServer, Complexity: "O(N) where N is the number of records returned", Arity: -2,
	Tips: []string{"nondeterministic_output", "request_policy:all_shards", "response_policy:special"},
	Args: []command.Arg{
		{Name: "view", Type: command.ArgOneOf, Flags: command.Optional, Args: []command.Arg{
			{Name: "seconds", Type: command.ArgPureToken, Token: "SECONDS"},
			{Name: "minutes", Type: command.ArgPureToken, Token: "MINUTES"},
		}},
		{Name: "what", Type: command.ArgOneOf, Flags: command.Optional, Args: []command.Arg{
			{Name: "jumps", Type: command.ArgPureToken, Token: "JUMPS"},
			{Name: "peaks", Type: command.ArgPureToken, Token: "PEAKS"},
		}},
		{Name: "from", Type: command.ArgInteger, Token: "FROM", Flags: command.Optional},
		{Name: "to", Type: command.ArgInteger, Token: "TO", Flags: command.Optional},
		{Name: "line", Type: command.ArgString, Token: "LINES", Flags: command.Optional | command.Multiple},
		{Name: "count", Type: command.ArgInteger, Token: "COUNT", Flags: command.Optional},
	},
	Handler: cmdMemoryHistory,
}

const (
	errHistoryOff   = "ERR the history of memory is off; CONFIG SET memory-history yes turns it on"
	errHistoryCount = "ERR COUNT must be between 1 and 10000"
	errHistoryLine  = "ERR no line of the history matches '"

	defaultHistory = 60
	longestHistory = 10000
)

// historyRequest is a request for records, or for peaks.
type historyRequest struct {
	query   history.Query
	peaks   bool
	columns []int // of the lines asked for
}

// cmdMemoryHistory answers MEMORY HISTORY [SECONDS | MINUTES] [JUMPS | PEAKS] [FROM t] [TO t] [LINES pattern ...] [COUNT n].
// Times are Unix seconds; zero and less are counted back from now. Without anything it is a text for people: where the
// history is kept, the peak of each line with its time and cause, and what happened last. With anything it is
//
//	samples   a map: lines, the names; samples, for each its time and values; of minutes also the lowest and the highest
//	          values. In their place stands a text where a server started or ended, or a command held everything up.
//	JUMPS     for each record in which a line moved by 1 MiB and 1% of used_memory a map: which lines by how much, and which
//	          commands, prefixes and clients added or freed most of it
//	PEAKS     a map: for each line its highest value, when, and why
//
// LINES are names or patterns; without, the lines are the totals, whose names have no point in them. COUNT is how many of
// the last records are wanted: 60 without.
func cmdMemoryHistory(c *command.Ctx) {
	h := c.Env.History
	if h == nil {
		c.Out.Error(errHistoryOff)
		return
	}
	if len(c.Args) == 2 {
		var b strings.Builder
		history.Summary(&b, h, h.Path())
		c.Out.Verbatim(b.String(), "txt")
		return
	}
	req, ok := parseHistory(c, h.Lines())
	if !ok {
		return
	}
	switch {
	case req.peaks:
		historyPeaks(c, h, req)
	case req.query.Jumps:
		historyJumps(c, h, req)
	default:
		historySamples(c, h, req)
	}
}

// parseHistory reads the arguments, and answers what is wrong with them.
func parseHistory(c *command.Ctx, names []string) (req *historyRequest, ok bool) {
	req = &historyRequest{}
	req.query.Count = defaultHistory
	for i := 2; i < len(c.Args); i++ {
		arg, more := c.Args[i], i+1 < len(c.Args)
		switch {
		case command.Is(arg, "seconds"):
			req.query.Ring = history.RingSeconds
		case command.Is(arg, "minutes"):
			req.query.Ring = history.RingMinutes
		case command.Is(arg, "jumps"):
			req.query.Jumps = true
		case command.Is(arg, "peaks"):
			req.peaks = true
		case more && (command.Is(arg, "from") || command.Is(arg, "to")):
			i++
			t, ok := c.Int(c.Args[i])
			if !ok {
				return nil, false
			}
			if command.Is(arg, "from") {
				req.query.From = historyTime(t, c.Now(), 0)
			} else {
				req.query.To = historyTime(t, c.Now(), 999)
			}
		case more && command.Is(arg, "count"):
			i++
			n, ok := c.Int(c.Args[i])
			if !ok {
				return nil, false
			}
			if n < 1 || n > longestHistory {
				c.Out.Error(errHistoryCount)
				return nil, false
			}
			req.query.Count = int(n)
		case more && command.Is(arg, "lines"):
			for i+1 < len(c.Args) && !isHistoryWord(c.Args[i+1]) {
				i++
				if !req.choose(names, c.Args[i]) {
					c.Out.Error(errHistoryLine + command.Clip(c.Args[i]) + "'")
					return nil, false
				}
			}
			if len(req.columns) == 0 {
				c.SyntaxError()
				return nil, false
			}
		default:
			c.SyntaxError()
			return nil, false
		}
	}
	if req.peaks && req.query.Jumps {
		c.SyntaxError()
		return nil, false
	}
	if len(req.columns) == 0 {
		req.columns = history.Totals(names)
	}
	return req, true
}

// historyTime turns Unix seconds, or seconds back from now, into milliseconds. rest are those of the second that belong to it.
func historyTime(t, now, rest int64) int64 {
	if t <= 0 {
		t += now / 1000
	}
	const most = 1 << 52 // no overflow
	return min(max(t, 0), most)*1000 + rest
}

func isHistoryWord(arg []byte) bool {
	for _, w := range []string{"seconds", "minutes", "jumps", "peaks", "from", "to", "count", "lines"} {
		if command.Is(arg, w) {
			return true
		}
	}
	return false
}

// choose adds the lines that a pattern matches. It reports false if there are none.
func (req *historyRequest) choose(names []string, pattern []byte) (any bool) {
	for i, name := range names {
		if glob.Match(pattern, []byte(name), true) {
			req.columns = append(req.columns, i)
			any = true
		}
	}
	return any
}

func historySamples(c *command.Ctx, h *history.Recorder, req *historyRequest) {
	o, names := c.Out, h.Lines()
	o.Map(2)
	o.BulkString("lines")
	o.Array(len(req.columns))
	for _, i := range req.columns {
		o.BulkString(names[i])
	}
	o.BulkString("samples")
	mark, n := o.ArrayLater(), 0
	values := func(v []int64) {
		o.Array(len(req.columns))
		for _, i := range req.columns {
			o.Int(v[i])
		}
	}
	h.Each(req.query, func(rec *history.Record) {
		n++
		switch {
		case rec.Kind != history.KindSample:
			o.Array(2)
			o.Int(rec.Time / 1000)
			o.BulkString(history.Describe(rec, names))
			return
		case rec.High != nil:
			o.Array(4)
		default:
			o.Array(2)
		}
		o.Int(rec.Time / 1000)
		values(rec.Values)
		if rec.High != nil {
			values(rec.Low)
			values(rec.High)
		}
	})
	o.SetLen(mark, n)
}

func historyJumps(c *command.Ctx, h *history.Recorder, req *historyRequest) {
	o, names := c.Out, h.Lines()
	mark, n := o.ArrayLater(), 0
	h.Each(req.query, func(rec *history.Record) {
		n++
		if rec.Causes == nil {
			o.Map(3)
			historyHead(c, rec)
			o.BulkString("text")
			o.BulkString(history.Describe(rec, names))
			return
		}
		x := rec.Causes
		o.Map(8)
		historyHead(c, rec)
		o.BulkString("moved")
		movers := rec.Movers()
		o.Map(len(movers))
		for _, i := range movers {
			o.BulkString(names[i])
			o.Int(rec.Moved(i))
		}
		o.BulkString("charged")
		o.Int(x.Signed(x.Total))
		o.BulkString("commands")
		historyCauses(c, x, x.Commands, false)
		o.BulkString("prefixes")
		historyCauses(c, x, x.Prefixes, false)
		o.BulkString("clients")
		historyCauses(c, x, x.Clients, true)
		o.BulkString("largest")
		o.Map(4)
		o.BulkString("command")
		o.BulkString(x.Largest.Command)
		o.BulkString("client")
		o.Int(x.Largest.Client)
		o.BulkString("key")
		o.BulkString(x.Largest.Key)
		o.BulkString("bytes")
		o.Int(x.Signed(x.Largest.Bytes))
	})
	o.SetLen(mark, n)
}

func historyHead(c *command.Ctx, rec *history.Record) {
	c.Out.BulkString("time")
	c.Out.Int(rec.Time / 1000)
	c.Out.BulkString("kind")
	if rec.Kind == history.KindSample {
		c.Out.BulkString("jump")
		return
	}
	c.Out.BulkString(rec.Kind.String())
}

// historyCauses writes who moved most.
func historyCauses(c *command.Ctx, x *history.Causes, list []history.Cause, clients bool) {
	o := c.Out
	o.Array(len(list))
	for i := range list {
		y := &list[i]
		if clients {
			o.Map(6)
			o.BulkString("id")
			o.Int(y.ID)
		} else {
			o.Map(3)
		}
		o.BulkString("name")
		o.BulkString(y.Name)
		if clients {
			o.BulkString("addr")
			o.BulkString(y.Addr)
			o.BulkString("user")
			o.BulkString(y.User)
		}
		o.BulkString("bytes")
		o.Int(x.Signed(y.Bytes))
		o.BulkString("error")
		o.Int(y.Error)
	}
}

func historyPeaks(c *command.Ctx, h *history.Recorder, req *historyRequest) {
	o, names, peaks := c.Out, h.Lines(), h.Peaks(req.query.Ring)
	o.Map(len(req.columns))
	for _, i := range req.columns {
		o.BulkString(names[i])
		o.Map(3)
		o.BulkString("bytes")
		o.Int(peaks[i].Value)
		o.BulkString("time")
		o.Int(peaks[i].Time / 1000)
		o.BulkString("cause")
		o.BulkString(peaks[i].Cause)
	}
}

package memory

import (
	"strconv"

	"granary/internal/command"
	"granary/internal/ledger"
	"granary/internal/mem"
)

// specMemoryLedger is Granary's own.
var specMemoryLedger = &command.Spec{
	Name: "ledger", Summary: "Return every resident byte on one line, beside what the kernel says.", Since: "7.4.0",
	Group: command.GroupServer, Complexity: "O(N) where N is the number of clients", Arity: -2,
	Tips:    []string{"nondeterministic_output", "request_policy:all_shards", "response_policy:special"},
	Args:    []command.Arg{{Name: "json", Type: command.ArgPureToken, Token: "JSON", Flags: command.Optional}},
	Handler: cmdMemoryLedger,
}

// cmdMemoryLedger answers MEMORY LEDGER [JSON]: a map, or the same as text.
//
//	rss, total, unexplained     what the kernel says, what the lines below add up to, the difference
//	untouched                   allocated, and not resident because it was never written or is swapped out; in no line
//	used_memory                 data, own and buffers, and what is untouched of them
//	retained                    free pages that were given back; not resident
//	cgroup                      what the memory cgroup is charged with, and its limit, 0: none; and what for
//	data ... fragmentation      by heading: the sum, and its lines
//	clients                     by class of client: how many, and what they hold of buffers and process
//	size-classes                by size class: the free regions in its slabs (they are fragmentation.slabs)
func cmdMemoryLedger(c *command.Ctx) {
	json := len(c.Args) == 3 && command.Is(c.Args[2], "json")
	if len(c.Args) > 2 && !json {
		c.SyntaxError()
		return
	}
	var l ledger.Ledger
	c.Env.UpdateLedger()
	c.Env.ReadLedger(&l)
	doc := ledgerTree(&l, c.Env)
	if json {
		c.Out.Bulk(appendJSON(nil, doc))
		return
	}
	writeTree(c, doc)
}

// figure is a row of a reply: a number, or rows below it.
type figure struct {
	name  string
	value int64
	rows  []figure // not nil: value is not used
}

func ledgerTree(l *ledger.Ledger, env *command.Env) []figure {
	cgroup := env.ReadCgroup()
	doc := []figure{
		{"rss", l.RSS, nil},
		{"total", l.Total(), nil},
		{"unexplained", l.Unexplained, nil},
		{"untouched", l.Untouched, nil},
		{"used_memory", l.Used, nil},
		{"retained", l.Sums.Retained, nil},
		{"cgroup", 0, []figure{
			{"charged", l.Cgroup, nil},
			{"limit", l.CgroupLimit, nil},
			{"anon", cgroup.Anon, nil},
			{"file", cgroup.File, nil},
			{"other", max(0, l.Cgroup-cgroup.Anon-cgroup.File), nil},
		}},
	}
	for h := range ledger.NumHeadings {
		rows := []figure{{"total", l.Heading(ledger.Heading(h)), nil}}
		for i := range l.Lines {
			if row := ledger.Info(ledger.Line(i)); row.Heading == ledger.Heading(h) {
				rows = append(rows, figure{row.Name, l.Lines[i], nil})
			}
		}
		doc = append(doc, figure{ledger.Heading(h).String(), 0, rows})
	}
	doc = append(doc, figure{"clients", 0, clientRows(env)})
	classes := []figure{}
	books := mem.Totals()
	for i := range books.Classes {
		if n := books.Classes[i].FreeBytes(); n > 0 {
			classes = append(classes, figure{strconv.Itoa(books.Classes[i].Size), n, nil})
		}
	}
	return append(doc, figure{"size-classes", 0, classes})
}

// clientRows is what clients hold by their class.
func clientRows(env *command.Env) []figure {
	rows := []figure{}
	for i, t := range env.TallyClients() {
		if t.Clients == 0 {
			continue
		}
		rows = append(rows, figure{command.MemoryClass(i).String(), 0, []figure{
			{"clients", t.Clients, nil},
			{"total", t.Total(), nil},
			{"query", t.Query, nil},
			{"reply", t.Reply, nil},
			{"values", t.Values, nil},
			{"session", t.Session, nil},
			{"own", t.Own, nil},
		}})
	}
	return rows
}

// writeTree writes rows as maps in maps.
func writeTree(c *command.Ctx, rows []figure) {
	c.Out.Map(len(rows))
	for i := range rows {
		c.Out.BulkString(rows[i].name)
		if rows[i].rows != nil {
			writeTree(c, rows[i].rows)
		} else {
			c.Out.Int(rows[i].value)
		}
	}
}

// appendJSON appends rows as an object. Names are ours: letters, digits, dashes and points.
func appendJSON(b []byte, rows []figure) []byte {
	b = append(b, '{')
	for i := range rows {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, '"')
		b = append(b, rows[i].name...)
		b = append(b, `":`...)
		if rows[i].rows != nil {
			b = appendJSON(b, rows[i].rows)
		} else {
			b = strconv.AppendInt(b, rows[i].value, 10)
		}
	}
	return append(b, '}')
}

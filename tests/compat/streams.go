package compat

import (
	"slices"
	"strconv"
	"strings"

	"granary/tests/live"
)

// streamRows call the commands on streams. IDs are small numbers that grow with the history; an ID that the server takes
// from the clock (*) is asked for only of a stream whose last ID lies in the far future, where it is one more than that.
var streamRows = []row{
	{24, "XADD (strm|strm|strm|strm|key) newid (sfield sval)...", exact},
	{10, "XADD strm newid (sfield sval) [(sfield val)...]", exact},
	{12, "XADD strm {NOMKSTREAM|MAXLEN slen|MAXLEN = slen|MAXLEN ~ slen|MAXLEN ~ slen LIMIT slen|MINID rid|MINID = rid|MINID ~ rid|MINID ~ rid LIMIT slen|LIMIT slen} newid (sfield sval)...", exact},
	{1, "XADD farstrm 99999999999999-1 sfield sval", exact},
	{3, "XADD farstrm NOMKSTREAM {MAXLEN slen|MAXLEN ~ slen} * sfield sval", exact},
	{4, "XTRIM (strm|strm|key) (MAXLEN|MAXLEN|MINID) [~|=] slen [LIMIT slen]", exact},
	{3, "XTRIM strm MINID [~|=] rid [LIMIT slen]", exact},
	{8, "XDEL (strm|strm|strm|key) oldid...", exact},
	{3, "XLEN (strm|farstrm|key)", exact},
	{8, "XRANGE (strm|strm|farstrm|key) rid rid [COUNT slen]", exact},
	{6, "XREVRANGE (strm|strm|farstrm|key) rid rid [COUNT slen]", exact},
	{5, "XREAD {COUNT slen} STREAMS (strm|strm|key) rid", exact},
	{2, "XREAD {COUNT slen} STREAMS strm strm farstrm rid rid (rid|$)", exact},
	{1, "XREAD {COUNT slen} BLOCK (1|1|1|word|-1) STREAMS strm strm (rid|$) (rid|$)", exact},
	{8, "XGROUP CREATE (strm|strm|strm|key) grp (0|0|$|rid) {MKSTREAM|ENTRIESREAD slen|ENTRIESREAD -1}", exact},
	{3, "XGROUP SETID (strm|strm|key) grp (0|$|rid) {ENTRIESREAD slen}", exact},
	{1, "XGROUP DESTROY (strm|key) grp", exact},
	{4, "XGROUP CREATECONSUMER (strm|strm|key) grp cons", exact},
	{2, "XGROUP DELCONSUMER (strm|strm|key) grp cons", exact},
	{1, "XGROUP word strm grp", exact},
	{20, "XREADGROUP GROUP grp cons {COUNT slen|NOACK} STREAMS (strm|strm|strm|key) (>|>|>|rid)", exact},
	{3, "XREADGROUP GROUP grp cons {COUNT slen} STREAMS strm strm (>|rid) (>|rid)", exact},
	{1, "XREADGROUP GROUP grp cons BLOCK 1 STREAMS strm >", exact},
	{8, "XACK (strm|strm|key) grp oldid...", exact},
	{4, "XPENDING (strm|strm|key) grp", exact},
	{8, "XPENDING (strm|strm|key) grp [IDLE idle] rid rid slen [cons]", times},
	{10, "XCLAIM (strm|strm|strm|key) grp cons idle oldid... {IDLE claimidle|TIME claimtime|RETRYCOUNT retries|FORCE|JUSTID|LASTID oldid}", exact},
	// A COUNT for which Redis cannot allocate room in advance is an error there.
	{8, "XAUTOCLAIM (strm|strm|strm|key) grp cons idle rid {COUNT (1|1|2|5|100|0|-1|word)|JUSTID}", exact},
	{4, "XINFO STREAM (strm|strm|farstrm|key)", exact},
	{5, "XINFO STREAM (strm|strm|key) FULL [COUNT slen]", times},
	{5, "XINFO GROUPS (strm|strm|key)", times},
	{5, "XINFO CONSUMERS (strm|strm|key) grp", times},
	{1, "XINFO word strm", exact},
	// Not to an ID below what was deleted: 7.0 takes it when the stream is empty, later versions refuse it.
	{3, "XSETID (strm|strm|key) topid [ENTRIESADDED slen [MAXDELETEDID oldid]]", exact},
	{1, "XSETID (strm|key) topid {ENTRIESADDED slen|MAXDELETEDID rid}", exact},
	{1, "OBJECT ENCODING strm", exact},
	{2, "COPY strm strm REPLACE", exact},
	{1, "RENAME strm strm", exact},
	{2, "DEL strm", exact},
	{1, "DEL farstrm", exact},
	{2, "DEBUG DIGEST-VALUE strm strm", exact},
}

func init() {
	from := func(list ...string) func(*generator) {
		return func(g *generator) { g.arg(list[g.rng.IntN(len(list))]) }
	}
	for name, fn := range map[string]func(*generator){
		"strm":    from("x0", "x1", "x2"),
		"farstrm": from("xf"),
		"grp":     from("g1", "g1", "g1", "g2", "g2", "g3"),
		"cons":    from("c1", "c1", "c2", "c3", ""),
		"sfield":  from("f1", "f1", "f1", "f2", "temperature"),
		"sval":    from("0", "1", "-5", "300", "100000", "v", "some text", ""),
		"slen": func(g *generator) {
			if g.rng.IntN(40) == 0 {
				g.arg(intEdges[g.rng.IntN(len(intEdges))])
				return
			}
			g.arg(strconv.Itoa([]int{0, 1, 2, 3, 5, 10, 40, 100}[g.rng.IntN(8)]))
		},
		"retries": func(g *generator) {
			if g.rng.IntN(4) > 0 {
				g.arg(strconv.Itoa(g.rng.IntN(100)))
				return
			}
			edge := intEdges[g.rng.IntN(len(intEdges))]
			if n, err := strconv.ParseInt(edge, 10, 64); err == nil && n >= 1<<40 {
				edge = "1099511627775" // 2^40-1, the most that is counted
			}
			g.arg(edge)
		},
		// Idle times are 0 or those that XCLAIM sets: what passes while a history runs makes no difference to them.
		"idle":      from("0", "0", "0", "0", "50000000", "5000000000000000", "-1", "x"),
		"claimidle": from("0", "100000000", "100000000", "-1", "x"),
		"claimtime": from("1", "1000000000000", "0", "-5", "x"),
		"newid":     (*generator).newStreamID,
		"topid": func(g *generator) {
			g.ms, g.seq = g.ms+1, 0
			g.arg(strconv.FormatUint(g.ms, 10))
		},
		"oldid": (*generator).oldStreamID,
		"rid":   (*generator).rangeStreamID,
	} {
		arguments[name] = fn
	}
}

var badStreamIDs = []string{
	"", "x", "-", "1-", "-1", "1-x", "1-*", "*-1", "0-0", "0-*", "0-1", "18446744073709551615-18446744073709551615", "18446744073709551615-*",
	"18446744073709551615", "18446744073709551616", "1-18446744073709551616", "1-2-3", "+1", "01-1", "1 ", ">", "$", "+", "(", "((1", "(1-1", "(-", "(+",
}

// newStreamID is an ID for XADD: mostly greater than all before it.
func (g *generator) newStreamID() {
	switch g.rng.IntN(24) {
	case 0:
		id := badStreamIDs[g.rng.IntN(len(badStreamIDs))]
		if strings.HasPrefix(id, "184467440737095516") && g.rng.IntN(8) > 0 {
			id = "0" // after the greatest ID nothing can be added
		}
		g.arg(id)
		return
	case 1:
		g.oldStreamID()
		return
	case 2, 3:
		g.ms++
		g.seq = 0
		g.arg(strconv.FormatUint(g.ms, 10))
	case 4, 5, 6:
		g.ms += uint64(g.rng.IntN(2))
		g.seq += 30
		g.arg(strconv.FormatUint(g.ms, 10) + "-*")
	default:
		if g.rng.IntN(3) == 0 {
			g.ms += uint64(1 + g.rng.IntN(3))
			g.seq = uint64(g.rng.IntN(3))
		}
		g.seq++
		id := strconv.FormatUint(g.ms, 10) + "-" + strconv.FormatUint(g.seq, 10)
		g.arg(id)
		g.ids[g.idsAt%len(g.ids)] = id
		g.idsAt++
		return
	}
	g.ids[g.idsAt%len(g.ids)] = strconv.FormatUint(g.ms, 10) + "-" + strconv.FormatUint(g.seq, 10)
	g.idsAt++
}

// oldStreamID is an ID that an entry may have.
func (g *generator) oldStreamID() {
	if g.rng.IntN(60) == 0 {
		g.arg(badStreamIDs[g.rng.IntN(len(badStreamIDs))])
		return
	}
	back := g.rng.IntN(len(g.ids))
	if g.rng.IntN(2) == 0 {
		back = g.rng.IntN(12)
	}
	at := max(g.idsAt-1-back, 0) % len(g.ids)
	if g.ids[at] == "" {
		g.arg("1-1")
		return
	}
	g.arg(g.ids[at])
}

// rangeStreamID is an end of a range of IDs.
func (g *generator) rangeStreamID() {
	switch g.rng.IntN(8) {
	case 0, 1:
		g.arg("-")
	case 2:
		g.arg("+")
	case 3:
		g.arg(strconv.FormatUint(uint64(g.rng.IntN(int(g.ms)+2)), 10))
	case 4:
		g.flat = append(g.flat, '(')
		g.oldStreamID()
	case 5:
		g.arg("0")
	default:
		g.oldStreamID()
	}
}

// sameTimes compares replies in which some numbers are times, or count from a time, in milliseconds: they may differ by as
// much as one server is behind the other. Later versions than 7.0 also tell when a consumer last got an entry, and make a
// consumer when it asks, not when it gets its first entry.
func sameTimes(redis, granary live.Reply) bool {
	if redis.Kind != granary.Kind || redis.Null != granary.Null {
		return false
	}
	if redis.Elems == nil && granary.Elems == nil {
		return redis.Str == granary.Str
	}
	if len(withoutLaterFields(redis.Elems)) == len(redis.Elems) {
		granary.Elems = withoutLaterFields(granary.Elems)
	}
	granary.Elems = withoutLaterConsumers(redis.Elems, granary.Elems)
	if len(redis.Elems) != len(granary.Elems) {
		return false
	}
	for i := range redis.Elems {
		a, b := redis.Elems[i], granary.Elems[i]
		label := ""
		if i > 0 && redis.Elems[i-1].Kind == '$' {
			label = redis.Elems[i-1].Str
		}
		switch {
		case a.Kind == ':' && b.Kind == ':' && a.Str != b.Str:
			x, _ := strconv.ParseInt(a.Str, 10, 64)
			y, _ := strconv.ParseInt(b.Str, 10, 64)
			if label == "consumers" && y > x {
				continue
			}
			if !isTime(label, i, redis.Elems) || x-y > 15_000 || y-x > 15_000 {
				return false
			}
		case !sameTimes(a, b):
			return false
		}
	}
	return true
}

// isTime tells whether element i of a row is a time: by the name before it, or by its place in an entry of a list of
// pending entries, which is (ID, consumer, time, deliveries) or, of one consumer, (ID, time, deliveries).
func isTime(label string, i int, row []live.Reply) bool {
	switch label {
	case "idle", "seen-time", "inactive", "active-time":
		return true
	}
	n := len(row)
	return n == 4 && i == 2 && row[3].Kind == ':' && row[1].Kind == '$' || n == 3 && i == 1 && row[2].Kind == ':' && row[0].Kind == '$'
}

func withoutLaterFields(elems []live.Reply) []live.Reply {
	for i := 0; i+1 < len(elems); i++ {
		if e := elems[i]; e.Kind == '$' && (e.Str == "inactive" || e.Str == "active-time") && elems[i+1].Kind == ':' {
			return append(slices.Clone(elems[:i]), elems[i+2:]...)
		}
	}
	return elems
}

// withoutLaterConsumers leaves out rows about consumers without entries that redis does not have.
func withoutLaterConsumers(redis, granary []live.Reply) []live.Reply {
	if len(granary) <= len(redis) {
		return granary
	}
	has := map[string]bool{}
	for _, r := range redis {
		if name, _, ok := consumerRow(r); ok {
			has[name] = true
		}
	}
	var out []live.Reply
	for _, r := range granary {
		if name, pending, ok := consumerRow(r); !ok || has[name] || pending != "0" {
			out = append(out, r)
		}
	}
	return out
}

// consumerRow reads a consumer of XINFO CONSUMERS or XINFO STREAM FULL.
func consumerRow(r live.Reply) (name, pending string, ok bool) {
	for i := 0; i+1 < len(r.Elems); i += 2 {
		switch v := r.Elems[i+1]; r.Elems[i].Str {
		case "name":
			name = v.Str
		case "pending", "pel-count":
			if v.Kind == ':' {
				pending = v.Str
			}
		case "idle", "seen-time":
			ok = true
		}
	}
	return name, pending, ok
}

package history

import (
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
)

// Human returns a number of bytes as people read it: 12.3M.
func Human(n int64) string {
	sign := ""
	u := uint64(n)
	if n < 0 {
		sign, u = "-", -u
	}
	if u < 1024 {
		return sign + strconv.FormatUint(u, 10) + "B"
	}
	f, unit := float64(u), -1
	for f >= 1024 && unit < 4 {
		f /= 1024
		unit++
	}
	return sign + strconv.FormatFloat(f, 'f', 2-min(2, len(strconv.Itoa(int(f)))-1), 64) + "KMGTP"[unit:unit+1]
}

const (
	stampForm = "2006-01-02 15:04:05"
	minForm   = "2006-01-02 15:04"
)

func stamp(ms int64) string { return time.UnixMilli(ms).Format(stampForm) }

// String says in a line who made a jump: added by set 80%, client 17 (app 10.0.0.3:5123) 75%, prefix user: 80%. Shares are
// of all bytes charged; where the largest is small, nobody is named.
func (c *Causes) String() string {
	if c.Total <= 0 || len(c.Commands) == 0 {
		return "no command"
	}
	var b strings.Builder
	b.WriteString("added by ")
	if c.Freed {
		b.Reset()
		b.WriteString("freed by ")
	}
	b.WriteString(printable(c.Commands[0].Name) + c.share(c.Commands[0].Bytes))
	if len(c.Clients) > 0 {
		if x := &c.Clients[0]; c.matters(x) {
			b.WriteString(", client " + x.describe() + c.share(x.Bytes))
		} else {
			b.WriteString(", many clients")
		}
	}
	if len(c.Prefixes) > 0 {
		if x := &c.Prefixes[0]; c.matters(x) {
			b.WriteString(", prefix " + printable(x.Name) + c.share(x.Bytes))
		} else {
			b.WriteString(", many prefixes")
		}
	}
	return b.String()
}

func (c *Causes) share(n int64) string {
	return " " + strconv.FormatInt(min(100, (n*100+c.Total/2)/c.Total), 10) + "%"
}

// matters tells whether a cause is to be named: at least a tenth is certain.
func (c *Causes) matters(x *Cause) bool { return x.Bytes-x.Error >= c.Total/10 }

// describe says who a client is.
func (x *Cause) describe() string {
	s := strconv.FormatInt(x.ID, 10)
	var more []string
	for _, w := range []string{x.Name, x.Addr, x.User} {
		if w != "" && (w != x.User || w != "default") {
			more = append(more, printable(w))
		}
	}
	if more == nil {
		return s
	}
	return s + " (" + strings.Join(more, " ") + ")"
}

// printable is a name of bytes as it can be shown in a line.
func printable(s string) string {
	for i := range len(s) {
		if s[i] <= ' ' || s[i] >= 0x7f {
			return strconv.QuoteToASCII(s)
		}
	}
	return s
}

// Summary writes what there is, the peaks of all lines and the last jumps. where is the file, "" for none.
func Summary(w io.Writer, s Source, where string) {
	names := s.Lines()
	if where == "" {
		where = "not in a file"
	}
	fmt.Fprintf(w, "Memory history, %s\n", where)
	for _, ring := range []Ring{RingSeconds, RingMinutes} {
		if sp := s.Span(ring); sp.Records > 0 {
			fmt.Fprintf(w, "%s: %d records from %s to %s, %s\n", ring, sp.Records, stamp(sp.From), stamp(sp.To), Human(sp.Bytes))
		}
	}
	now := make([]int64, len(names))
	s.Each(Query{Ring: RingSeconds, Count: 8}, func(rec *Record) {
		if rec.Kind == KindSample {
			copy(now, rec.Values)
		}
	})
	sec, minutes := s.Peaks(RingSeconds), s.Peaks(RingMinutes)
	width := 4
	for _, n := range names {
		width = max(width, len(n))
	}
	fmt.Fprintf(w, "\n%-*s %9s | %9s %-8s | %9s %-16s  %s\n", width, "line", "now", "peak, 1h", "at", "peak, 30d", "at", "cause of the highest")
	for i, name := range names {
		a, b := sec[i], minutes[i]
		if a.Value >= b.Value {
			b = a
		}
		if b.Value <= 0 && now[i] == 0 {
			continue
		}
		fmt.Fprintf(w, "%-*s %9s | %9s %-8s | %9s %-16s  %s\n", width, name, Human(now[i]), Human(a.Value), time.UnixMilli(a.Time).Format(time.TimeOnly),
			Human(b.Value), time.UnixMilli(b.Time).Format(minForm), b.Cause)
	}
	fmt.Fprintf(w, "\nLast jumps, stalls and starts\n")
	n := 0
	s.Each(Query{Ring: RingSeconds, Jumps: true, Count: 10}, func(rec *Record) {
		n++
		fmt.Fprintf(w, "%s  %s\n", stamp(rec.Time), Describe(rec, names))
	})
	if n == 0 {
		fmt.Fprintf(w, "none\n")
	}
}

// Describe says in a line what a record tells beyond its values.
func Describe(rec *Record, names []string) string {
	switch rec.Kind {
	case KindStart:
		if rec.Unclean {
			return fmt.Sprintf("start of process %d; the one before ended without a word: killed, or a crash", rec.PID)
		}
		return fmt.Sprintf("start of process %d", rec.PID)
	case KindEnd:
		return "end, in good order"
	case KindStall:
		return fmt.Sprintf("stall: %s of client %d runs for %d ms, resident %s", printable(rec.Command), rec.Client, rec.For, Human(rec.Resident))
	}
	if rec.Causes == nil {
		return ""
	}
	var b strings.Builder
	b.WriteString("jump: ")
	for k, i := range rec.Movers() {
		if k == 4 {
			break
		}
		d := rec.Moved(i)
		if d > 0 {
			b.WriteByte('+')
		}
		fmt.Fprintf(&b, "%s %s, ", Human(d), names[i])
	}
	b.WriteString(rec.Causes.String())
	if l := &rec.Causes.Largest; l.Key != "" {
		fmt.Fprintf(&b, "; most at once: %s of %s, key %s", Human(l.Bytes), printable(l.Command), printable(l.Key))
	}
	return b.String()
}

// Movers returns the lines that moved by enough to be a jump, in their order.
func (r *Record) Movers() (list []int) {
	if r.Causes == nil {
		return nil
	}
	for i := range r.Values {
		if d := r.Moved(i); max(d, -d) >= r.Causes.Threshold {
			list = append(list, i)
		}
	}
	return list
}

// Table writes records under headings, one line each.
func Table(w io.Writer, s Source, q Query, columns []int) {
	names := s.Lines()
	fmt.Fprintf(w, "%-19s", "time")
	for _, c := range columns {
		fmt.Fprintf(w, " %*s", max(9, len(names[c])), names[c])
		if q.Ring == RingMinutes {
			fmt.Fprintf(w, " %9s", "high")
		}
	}
	fmt.Fprintln(w)
	s.Each(q, func(rec *Record) {
		fmt.Fprintf(w, "%s", stamp(rec.Time))
		if rec.Kind == KindSample && !q.Jumps {
			for _, c := range columns {
				fmt.Fprintf(w, " %*s", max(9, len(names[c])), Human(rec.Values[c]))
				if rec.High != nil {
					fmt.Fprintf(w, " %9s", Human(rec.High[c]))
				}
			}
		}
		if text := Describe(rec, names); text != "" {
			fmt.Fprintf(w, "  %s", text)
		}
		fmt.Fprintln(w)
	})
}

// jsonRecord is a record as JSON has it.
type jsonRecord struct {
	Time      float64          `json:"time"` // Unix seconds
	Kind      string           `json:"kind"`
	Values    map[string]int64 `json:"values,omitempty"`
	Low       map[string]int64 `json:"low,omitempty"`
	High      map[string]int64 `json:"high,omitempty"`
	Precision int64            `json:"precision,omitempty"`
	Moved     map[string]int64 `json:"moved,omitempty"`
	Causes    *Causes          `json:"causes,omitempty"`
	Unclean   bool             `json:"unclean,omitempty"`
	PID       int64            `json:"pid,omitempty"`
	Command   string           `json:"command,omitempty"`
	Client    int64            `json:"client,omitempty"`
	ForMillis int64            `json:"for_ms,omitempty"`
	Resident  int64            `json:"resident,omitempty"`
}

// String returns the kind's name.
func (k Kind) String() string {
	switch k {
	case KindSample:
		return "sample"
	case KindStart:
		return "start"
	case KindEnd:
		return "end"
	case KindStall:
		return "stall"
	}
	return "unknown"
}

// JSON writes records, one object to a line.
func JSON(w io.Writer, s Source, q Query, columns []int) error {
	names := s.Lines()
	enc := json.NewEncoder(w)
	var failed error
	s.Each(q, func(rec *Record) {
		if failed != nil {
			return
		}
		out := jsonRecord{
			Time: float64(rec.Time) / 1000, Kind: rec.Kind.String(), Unclean: rec.Unclean, PID: rec.PID,
			Command: rec.Command, Client: rec.Client, ForMillis: rec.For, Resident: rec.Resident, Causes: rec.Causes,
		}
		if rec.Kind == KindSample {
			out.Precision = rec.Precision
			out.Values = named(names, columns, rec.Values)
			if rec.High != nil {
				out.Low, out.High = named(names, columns, rec.Low), named(names, columns, rec.High)
			}
			for _, i := range rec.Movers() {
				if out.Moved == nil {
					out.Moved = map[string]int64{}
				}
				out.Moved[names[i]] = rec.Moved(i)
			}
		}
		failed = enc.Encode(&out)
	})
	return failed
}

func named(names []string, columns []int, values []int64) map[string]int64 {
	m := make(map[string]int64, len(columns))
	for _, c := range columns {
		m[names[c]] = values[c]
	}
	return m
}

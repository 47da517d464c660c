package main

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"

	"granary/tests/live"
)

// observer is a setting under which a server watches its memory more or less closely.
type observer struct {
	name  string
	on    []string // directives that are turned on; the others are off
	limit float64  // what its ratio of throughput by CPU time to that of nothing on is to be at least
}

// observing are all directives that observers turn on: name, on, off.
var observing = [][3]string{
	{"memory-prefixes", "yes", "no"},
	{"memory-journal-max-len", "512", "0"},
	{"memory-history", "yes", "no"},
}

var observers = []observer{
	{name: "nothing"},
	{name: "prefixes", on: []string{"memory-prefixes"}, limit: 0.985},
	{name: "journal", on: []string{"memory-journal-max-len"}},
	{name: "history", on: []string{"memory-history"}},
	{name: "all", on: []string{"memory-prefixes", "memory-journal-max-len", "memory-history"}, limit: 0.97},
}

// Servers are started anew observerStarts times for each round of another part, because one process is by chance a little faster than
// the next, all the time. What observers cost is a tenth of what the machine's moods make of one sample, however long it is: so there
// are many short ones of each process, observerRequests requests in all.
const (
	observerStarts   = 3
	observerRequests = 2_000_000
)

// watched is what one process did in its samples: their medians.
type watched struct {
	sample
	kept float64 // share of the throughput of the process with nothing on that was started with it
}

// observerRows are what users do most, and what changes prefixes most: values that stay as large as they are, values and
// keys that come, and keys of very many prefixes.
func observerRows() []row {
	const keys = 1_000_000
	const some, more = 20_000, 100_000 // a sample takes a tenth of a second, or goes on when prefixes have found their rows
	flush := func(s *live.Server, _ int) error { return do(s, "FLUSHALL") }
	return []row{
		{name: "GET", test: "get", requests: some, depths: deep, random: keys},
		{name: "SET", test: "set", requests: some, depths: deep, random: keys},
		{name: "SET of new keys", test: "set", requests: some, depths: deep, random: 1_000_000_000, prepare: flush},
		{
			name: "SET of new keys, many prefixes", command: []string{"SET", "user:__rand_int__:name", "xxx"},
			requests: more, depths: deep, random: 1_000_000_000, prepare: flush,
		},
	}
}

// measureObservers measures servers with observers on and off in turn.
func measureObservers(o *options, all []contender) (string, error) {
	var table strings.Builder
	head, line := "| operation | keys |", "|---|---|"
	for _, x := range observers {
		head += fmt.Sprintf(" %s us | k/s |", x.name)
		line += "---|---|"
	}
	for _, x := range observers[1:] {
		head += fmt.Sprintf(" %s |", x.name)
		line += "---|"
	}
	fmt.Fprintf(&table, "%s\n%s\n", head, line)
	cells := cellsOf(observerRows(), o.scale)
	found := make([][][]watched, len(cells)) // by cell, observer and start
	for i := range found {
		found[i] = make([][]watched, len(observers))
	}
	starts := observerStarts * o.rounds
	for range starts {
		if err := observe(all[0], cells, found); err != nil {
			return "", err
		}
	}
	for i, c := range cells {
		text := observerLine(c, found[i])
		fmt.Print(text)
		table.WriteString(text)
	}
	return fmt.Sprintf("What it costs to keep what prefixes have (`memory-prefixes`), the journal (`memory-journal-max-len`) and the record "+
		"(`memory-history`): CPU time of the server per operation in microseconds, and operations per second in thousands, at pipeline 16; "+
		"a server for each setting, in turn, started anew %d times; medians of the servers' medians. The last columns are the CPU time with nothing "+
		"on divided by that with them on in the same round, which is the share of its throughput that a busy server keeps: the median of the "+
		"servers' medians, and in brackets what that of very many servers lies between with a probability of 95 %%. With prefixes it is to be at "+
		"least 0.985, with all at least 0.97; what is below is bold. The journal of what nothing is evicted for does nothing, so that its column "+
		"shows how much is chance.\n\n%s",
		starts, table.String()), nil
}

// observe adds what servers did that are started for it.
func observe(c contender, cells []cell, found [][][]watched) error {
	servers := make([]*live.Server, len(observers))
	for i, x := range observers {
		s, err := live.Start(x.name, c.path, x.args()...)
		if err != nil {
			return err
		}
		defer s.Stop()
		servers[i] = s
	}
	for i, c := range cells {
		if c.prepare == nil {
			for _, s := range servers {
				if err := benchmarkKeys(s, c.random); err != nil {
					return err
				}
			}
		}
		samples := make([][]sample, len(observers))
		for range max(observerRequests/c.n, 1) {
			for _, x := range rand.Perm(len(observers)) { // nobody always follows the same one
				m, err := measureCell(servers[x], c)
				if err != nil {
					return fmt.Errorf("%s: %w", c.name, err)
				}
				samples[x] = append(samples[x], m)
			}
		}
		for x := range observers {
			found[i][x] = append(found[i][x], watch(samples[0], samples[x]))
		}
	}
	return nil
}

// watch makes one of the samples of a process and those of the one with nothing on, which were taken in turn.
func watch(nothing, samples []sample) watched {
	var x, y, kept []float64
	for i, m := range samples {
		x, y, kept = append(x, m.nanosPerOp), append(y, m.opsPerSecond), append(kept, nothing[i].nanosPerOp/m.nanosPerOp)
	}
	return watched{sample{median(x), median(y)}, median(kept)}
}

// args are the arguments of a server that have what an observer needs on, and everything else off.
func (x *observer) args() (args []string) {
	for _, d := range observing {
		value := d[2]
		if slices.Contains(x.on, d[0]) {
			value = d[1]
		}
		args = append(args, "--"+d[0], value)
	}
	return args
}

// observerLine renders a cell, by what was found of each observer.
func observerLine(c cell, found [][]watched) string {
	text := fmt.Sprintf("| %s | %s |", c.name, keysOf(c.random))
	ratios := ""
	for i, starts := range found {
		var x, y, kept []float64
		for _, w := range starts {
			x, y, kept = append(x, w.nanosPerOp), append(y, w.opsPerSecond), append(kept, w.kept)
		}
		text += fmt.Sprintf(" %.3f | %s |", median(x)/1000, digits(median(y)/1000))
		if i == 0 {
			continue
		}
		low, high := medianRange(kept)
		ratio, bold := median(kept), ""
		if ratio < observers[i].limit-0.0005 {
			bold = "**"
		}
		ratios += fmt.Sprintf(" %s%.3f%s (%.3f-%.3f) |", bold, ratio, bold, low, high)
	}
	return text + ratios + "\n"
}

// medianRange returns between what the median of all lies that v was drawn from, with a probability of 95% at least. How often it
// is above a value of v is a coin that falls len(v) times, whatever the distribution.
func medianRange(v []float64) (low, high float64) {
	v = slices.Sorted(slices.Values(v))
	n := float64(len(v))
	off := 1.96 * math.Sqrt(n) / 2
	return v[max(int(n/2-off)-1, 0)], v[min(int(math.Ceil(n/2+off)), len(v)-1)]
}

// benchmarkKeys gives a server the keys that redis-benchmark reads and writes.
func benchmarkKeys(s *live.Server, n int) error {
	if err := do(s, "FLUSHALL"); err != nil {
		return err
	}
	return fill(s, n, func(dst []byte, i int) []byte {
		return appendWord(appendNumbered(appendWord(appendHead(dst, 3), "SET"), "key:", 16, i), "xxx")
	})
}

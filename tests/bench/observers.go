package main

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

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

// observerRequests is how many requests there are for one round of another part: what observers cost is a tenth of what the machine's
// moods make of one sample, however long it is. So there are many short ones.
const observerRequests = 6_000_000

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

// measureObservers measures one server with observers on and off in turn: so nothing else differs.
func measureObservers(o *options, all []contender) (string, error) {
	servers, stop, err := startAll(all[:1])
	if err != nil {
		return "", err
	}
	defer stop()
	s := servers[0]
	var table strings.Builder
	head, line := "| operation | keys | rounds |", "|---|---|---|"
	for _, x := range observers {
		head += fmt.Sprintf(" %s us | k/s |", x.name)
		line += "---|---|"
	}
	for _, x := range observers[1:] {
		head += fmt.Sprintf(" %s |", x.name)
		line += "---|"
	}
	fmt.Fprintf(&table, "%s\n%s\n", head, line)
	for _, c := range cellsOf(observerRows(), o.scale) {
		if c.prepare == nil {
			if err := benchmarkKeys(s, c.random); err != nil {
				return "", err
			}
		}
		samples := make([][]sample, len(observers))
		for range o.rounds * observerRequests / c.n {
			for _, x := range rand.Perm(len(observers)) { // nobody always follows the same one
				if err := observe(s, observers[x]); err != nil {
					return "", err
				}
				m, err := measureCell(s, c)
				if err != nil {
					return "", fmt.Errorf("%s: %w", c.name, err)
				}
				samples[x] = append(samples[x], m)
			}
		}
		text := observerLine(c, samples)
		fmt.Print(text)
		table.WriteString(text)
	}
	return fmt.Sprintf("What it costs to keep what prefixes have (`memory-prefixes`), the journal (`memory-journal-max-len`) and the record "+
		"(`memory-history`): CPU time of the server per operation in microseconds, and operations per second in thousands, at pipeline 16; one "+
		"server, whose directives are set in turn, medians of the rounds. The last columns are the CPU time with nothing on divided by that with "+
		"them on in the same round, which is the share of its throughput that a busy server keeps: the median, and in brackets what the median of "+
		"very many rounds lies between with a probability of 95 %%. With prefixes it is to be at least 0.985, with all at least 0.97; what is "+
		"below is bold. The journal of what nothing is evicted for does nothing, so that its column shows how much of this is chance.\n\n%s",
		table.String()), nil
}

// observerLine renders a cell.
func observerLine(c cell, samples [][]sample) string {
	text := fmt.Sprintf("| %s | %s | %d |", c.name, keysOf(c.random), len(samples[0]))
	for s := range samples {
		var x, y []float64
		for _, m := range samples[s] {
			x, y = append(x, m.nanosPerOp), append(y, m.opsPerSecond)
		}
		text += fmt.Sprintf(" %.3f | %s |", median(x)/1000, digits(median(y)/1000))
	}
	for s := 1; s < len(samples); s++ {
		var kept []float64
		for round, m := range samples[s] {
			kept = append(kept, samples[0][round].nanosPerOp/m.nanosPerOp)
		}
		low, high := medianRange(kept)
		ratio := median(kept)
		if ratio < observers[s].limit-0.0005 {
			text += fmt.Sprintf(" **%.3f** (%.3f-%.3f) |", ratio, low, high)
		} else {
			text += fmt.Sprintf(" %.3f (%.3f-%.3f) |", ratio, low, high)
		}
	}
	return text + "\n"
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

// observe turns what an observer needs on and everything else off, and waits until that is done: keys that are there are counted,
// and files of the record opened and closed.
func observe(s *live.Server, x observer) error {
	words := []string{"CONFIG", "SET"}
	for _, d := range observing {
		words = append(words, d[0], d[2])
		for _, on := range x.on {
			if on == d[0] {
				words[len(words)-1] = d[1]
			}
		}
	}
	if err := do(s, words...); err != nil {
		return err
	}
	if len(x.on) == 0 || x.on[0] != "memory-prefixes" {
		return idle(s)
	}
	c, err := s.Dial()
	if err != nil {
		return err
	}
	defer c.Close()
	for range 6000 {
		r, err := c.Do("MEMORY", "PREFIXES", "COUNT", "1")
		if err != nil {
			return err
		}
		for i := 0; i+1 < len(r.Elems); i += 2 {
			if r.Elems[i].Str == "complete" && r.Elems[i+1].Str == "1" {
				return idle(s)
			}
		}
		time.Sleep(10 * time.Millisecond)
	}
	return fmt.Errorf("%s does not get done with counting keys", s.Name)
}

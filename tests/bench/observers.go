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
// are observerSamples short ones of each process and row, in turn.
const (
	observerStarts  = 3
	observerSamples = 200
	observerKeys    = 1_000_000 // that there are before
)

// observed is what observers are measured with. Keys are key, a number of 12 digits, and tail.
type observed struct {
	name, key, tail string
	read            bool // GET, not SET
	fresh           bool // keys that are not there yet
	flush           bool // there are other keys before
}

// observedRows are what users do most, and what changes prefixes most: values that stay as large as they are, values and
// keys that come, and keys of very many prefixes.
var observedRows = []observed{
	{name: "GET", key: "key:", read: true, flush: true},
	{name: "SET", key: "key:"},
	{name: "SET of new keys", key: "key:", fresh: true},
	{name: "SET of new keys, many prefixes", key: "user:", tail: ":name", fresh: true, flush: true},
}

// set and get append a request for the key of a number.
func (x *observed) set(dst []byte, i int) []byte {
	return appendWord(x.append(appendWord(appendHead(dst, 3), "SET"), i), "xxx")
}

func (x *observed) get(dst []byte, i int) []byte {
	return x.append(appendWord(appendHead(dst, 2), "GET"), i)
}

func (x *observed) append(dst []byte, i int) []byte {
	var word [64]byte
	return appendWord(dst, string(fmt.Appendf(word[:0], "%s%012d%s", x.key, i, x.tail)))
}

// requests returns what is sent in a sample, and the reply to each request.
func (x *observed) requests() (request filler, reply string) {
	switch {
	case x.read:
		return func(dst []byte, _ int) []byte { return x.get(dst, rand.IntN(observerKeys)) }, "$3\r\nxxx\r\n"
	case x.fresh:
		return func(dst []byte, _ int) []byte { return x.set(dst, observerKeys+rand.IntN(1e12-observerKeys)) }, "+OK\r\n"
	}
	return func(dst []byte, _ int) []byte { return x.set(dst, rand.IntN(observerKeys)) }, "+OK\r\n"
}

// watched is what one process did in its samples: medians.
type watched struct {
	nanosPerOp float64
	kept       float64 // share of the throughput of the process with nothing on that was started with it
}

// measureObservers measures servers with observers on and off in turn.
func measureObservers(o *options, all []contender) (string, error) {
	var table strings.Builder
	head, line := "| operation |", "|---|"
	for _, x := range observers {
		head += fmt.Sprintf(" %s us |", x.name)
		line += "---|"
	}
	for _, x := range observers[1:] {
		head += fmt.Sprintf(" %s |", x.name)
		line += "---|"
	}
	fmt.Fprintf(&table, "%s\n%s\n", head, line)
	found := make([][][]watched, len(observedRows)) // by row, observer and start
	for i := range found {
		found[i] = make([][]watched, len(observers))
	}
	starts, samples := observerStarts*o.rounds, max(int(observerSamples*o.scale), 10)
	for range starts {
		if err := observe(all[0], samples, found); err != nil {
			return "", err
		}
	}
	for i, x := range observedRows {
		text := observerLine(x.name, found[i])
		fmt.Print(text)
		table.WriteString(text)
	}
	return fmt.Sprintf("What it costs to keep what prefixes have (`memory-prefixes`), the journal (`memory-journal-max-len`) and the record "+
		"(`memory-history`): CPU time of the server per operation in microseconds, %d clients at pipeline %d, values of 3 bytes, %s keys before. "+
		"A server for each setting, started anew %d times, each with %d samples of %s operations, in turn: so short that caches are cold at the "+
		"beginning, which all pay for. The last columns are the CPU time with nothing on divided by that with them on in the same round, which is "+
		"the share of its throughput that a busy server keeps: the median of the servers' medians, and in brackets what that of very many servers "+
		"lies between with a probability of 95 %%. With prefixes it is to be at least 0.985, with all at least 0.97; what is below is bold. "+
		"The journal of what nothing is evicted for does nothing, so that its column shows how much is chance.\n\n%s",
		crowdClients, crowdDepth, keysOf(observerKeys), starts, samples, keysOf(crowdClients*crowdDepth*crowdTurns), table.String()), nil
}

// observe adds what servers did that are started for it.
func observe(c contender, samples int, found [][][]watched) error {
	servers, crowds := make([]*live.Server, len(observers)), make([]*crowd, len(observers))
	for i, x := range observers {
		s, err := live.Start(x.name, c.path, x.args()...)
		if err != nil {
			return err
		}
		defer s.Stop()
		servers[i] = s
		if crowds[i], err = newCrowd(s); err != nil {
			return err
		}
		defer crowds[i].close()
	}
	for i := range observedRows {
		x := &observedRows[i]
		for _, s := range servers {
			if !x.flush {
				continue
			}
			if err := do(s, "FLUSHALL"); err != nil {
				return err
			}
			if err := fill(s, observerKeys, x.set); err != nil {
				return err
			}
			if err := settle(s); err != nil {
				return err
			}
		}
		request, reply := x.requests()
		took := make([][]float64, len(observers))
		for range samples {
			for _, o := range rand.Perm(len(observers)) { // nobody always follows the same one
				before, err := cpuNanos(servers[o].Pid())
				if err != nil {
					return err
				}
				n, err := crowds[o].send(request, reply)
				if err != nil {
					return fmt.Errorf("%s: %w", x.name, err)
				}
				after, err := cpuNanos(servers[o].Pid())
				if err != nil {
					return err
				}
				took[o] = append(took[o], float64(after-before)/float64(n))
			}
		}
		for o := range observers {
			found[i][o] = append(found[i][o], watch(took[0], took[o]))
		}
	}
	return nil
}

// watch makes one of the samples of a process and those of the one with nothing on, which were taken in turn.
func watch(nothing, took []float64) watched {
	kept := make([]float64, len(took))
	for i, n := range took {
		kept[i] = nothing[i] / n
	}
	return watched{median(took), median(kept)}
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

// observerLine renders a row, by what was found of each observer.
func observerLine(name string, found [][]watched) string {
	text, ratios := "| "+name+" |", ""
	for i, starts := range found {
		var x, kept []float64
		for _, w := range starts {
			x, kept = append(x, w.nanosPerOp), append(kept, w.kept)
		}
		text += fmt.Sprintf(" %.3f |", median(x)/1000)
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

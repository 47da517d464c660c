package main

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
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

const allLimit = 0.97 // with all observers on

var observers = []observer{
	{name: "nothing"},
	{name: "prefixes", on: []string{"memory-prefixes"}, limit: 0.985},
	{name: "journal", on: []string{"memory-journal-max-len"}},
	{name: "history", on: []string{"memory-history"}},
	{name: "all", on: []string{"memory-prefixes", "memory-journal-max-len", "memory-history"}, limit: allLimit},
}

// Servers are started anew observerStarts times for each round of another part, because one process is by chance a little faster than
// the next, all the time. What observers cost is a tenth of what the machine's moods make of one sample, however long it is: so there are
// many samples, in turn, and servers and clients have CPUs of their own. A lap of observerSamples goes from an empty store to half a
// million keys where keys are new. Each takes a tenth of a second, which is longer than caches and prefixes need to find their rows.
const (
	observerStarts  = 3
	observerLaps    = 4
	observerSamples = 5
	observerTurns   = 125 // of the crowd in a sample: 100,000 operations
	observerKeys    = 1_000_000
)

// observed is what observers are measured with.
type observed struct {
	name  string
	keys  func(i int) (key, tail string) // what key number i has before and behind its 12 digits
	read  bool                           // GET, not SET
	fresh bool                           // keys that are not there yet
	same  bool                           // the keys of the row before, which are there
	sizes int                            // values are of so many sizes by chance, 8 at most: 3 bytes, 11, 19; 0: of 3
	part  float64                        // of the operations of a lap, if not all are done
}

// observedRows are what users do most, and what changes prefixes most: values that stay as large as they are, of keys with one prefix and
// with one of very many; values that become larger or smaller; keys that come, with one prefix, with a few of them by chance, each with its
// own, and with one of very many, of which some are had often and have counts. While the store is small most prefixes ask for counts, so
// there are rows for that.
var observedRows = []observed{
	{name: "GET", keys: oneKey, read: true},
	{name: "SET", keys: oneKey, same: true},
	{name: "SET of other sizes", keys: oneKey, same: true, sizes: 8},
	{name: "SET, 100,000 prefixes by Zipf's law", keys: zipfPrefix},
	{name: "SET of new keys", keys: oneKey, fresh: true},
	{name: "SET of new keys, 97 prefixes", keys: func(i int) (string, string) { return fewKeys[i%len(fewKeys)], "" }, fresh: true},
	{name: "SET of new keys, each its prefix", keys: ownPrefix, fresh: true},
	{name: "the same, the first three tenths", keys: ownPrefix, fresh: true, part: 0.3},
	{name: "and one of 16 with another prefix", keys: mostOwn, fresh: true, part: 0.3},
	{name: "SET of new keys, 100,000 prefixes by Zipf's law", keys: zipfPrefix, fresh: true},
}

func oneKey(int) (key, tail string) { return "key:", "" }

func ownPrefix(int) (key, tail string) { return "user:", ":name" }

// mostOwn gives each key its own prefix, but for one of 16.
func mostOwn(i int) (key, tail string) {
	if i%16 == 0 {
		return oneKey(i)
	}
	return ownPrefix(i)
}

// zipfPrefix gives keys one of 100,000 prefixes, the n-th with a probability of about 1/n.
func zipfPrefix(i int) (key, tail string) {
	const prefixes, shares = 100_000, 1_000_003
	n := math.Pow(prefixes, float64(i%shares)/shares)
	return "user:" + strconv.Itoa(int(n)) + ":", ""
}

var fewKeys = func() (keys [97]string) {
	for i := range keys {
		keys[i] = fmt.Sprintf("app:p%d:", i)
	}
	return keys
}()

var longest = strings.Repeat("x", 3+8*7) // of the values

// append appends a request for key number i.
func (x *observed) append(dst []byte, i int) []byte {
	if x.read {
		return x.appendKey(appendWord(appendHead(dst, 2), "GET"), i)
	}
	return appendWord(x.appendKey(appendWord(appendHead(dst, 3), "SET"), i), longest[:3+8*rand.IntN(max(x.sizes, 1))])
}

// appendKey appends key number i as a word.
func (x *observed) appendKey(dst []byte, i int) []byte {
	const digits = 12
	key, tail := x.keys(i)
	dst = append(strconv.AppendInt(append(dst, '$'), int64(len(key)+digits+len(tail)), 10), '\r', '\n')
	dst = appendDigits(append(dst, key...), digits, i)
	return append(append(dst, tail...), '\r', '\n')
}

// requests returns what is sent in a sample, and the reply to each request.
func (x *observed) requests() (request filler, reply string) {
	n := observerKeys
	if x.fresh {
		n = 1e12
	}
	reply = "+OK\r\n"
	if x.read {
		reply = "$3\r\nxxx\r\n"
	}
	return func(dst []byte, _ int) []byte { return x.append(dst, rand.IntN(n)) }, reply
}

// watched is what one process did: medians of its laps.
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
	starts, turns := observerStarts*o.rounds, max(int(observerTurns*o.scale), 1)
	for range starts {
		if err := observe(all[0], turns, found); err != nil {
			return "", err
		}
	}
	for i := range observedRows {
		text := observerLine(observedRows[i].name, found[i])
		fmt.Print(text)
		table.WriteString(text)
	}
	sample := turns * crowdClients * crowdDepth
	return fmt.Sprintf("What it costs to keep what prefixes have (`memory-prefixes`), the journal (`memory-journal-max-len`) and the record "+
		"(`memory-history`): CPU time of the server per operation in microseconds, %d clients at pipeline %d, values of 3 bytes, "+
		"of 3 to 59 where their size changes; GET and SET of %s keys that are there, new keys from an empty store to %s. A server for each setting, started anew %d times, each with %d laps of %d samples of "+
		"%s operations, in turn; servers on one CPU, clients on the others. "+
		"The last columns are the CPU time with nothing on divided by that with them on in the same lap, which is the "+
		"share of its throughput that a busy server keeps: the median of the medians of servers, and in brackets what that of very many servers "+
		"lies between with a probability of 95 %%. With prefixes it is to be at least 0.985, with all at least %g; what is below is bold. "+
		"The journal of what nothing is evicted for does nothing, so that its column shows how much is chance.\n\n%s",
		crowdClients, crowdDepth, keysOf(observerKeys), keysOf(observerSamples*sample), starts, observerLaps, observerSamples,
		keysOf(sample), allLimit, table.String()), nil
}

// observe adds what servers did that are started for it.
func observe(c contender, turns int, found [][][]watched) error {
	servers, crowds := make([]*live.Server, len(observers)), make([]*crowd, len(observers))
	for _, i := range rand.Perm(len(observers)) { // who is started first may be slower all the time
		x := &observers[i]
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
	back, err := shareCPUs(servers)
	if err != nil {
		return err
	}
	defer back()
	for i := range observedRows {
		laps := make([][]float64, len(observers)) // nanoseconds per operation
		for lap := range observerLaps {
			if x := &observedRows[i]; x.fresh || lap == 0 && !x.same {
				for _, o := range rand.Perm(len(servers)) {
					if err := prepareLap(servers[o], &observers[o], x); err != nil {
						return err
					}
				}
			}
			took, err := runLap(servers, crowds, turns, &observedRows[i])
			if err != nil {
				return fmt.Errorf("%s: %w", observedRows[i].name, err)
			}
			for o := range observers {
				laps[o] = append(laps[o], took[o])
			}
		}
		for o := range observers {
			found[i][o] = append(found[i][o], watch(laps[0], laps[o]))
		}
	}
	return nil
}

// prepareLap gives a server the keys that a lap of a row finds: none where they are new. It knows of no prefix that was there before.
func prepareLap(s *live.Server, o *observer, x *observed) error {
	if err := do(s, "FLUSHALL"); err != nil {
		return err
	}
	if slices.Contains(o.on, "memory-prefixes") {
		if err := do(s, "MEMORY", "PREFIXES", "RESET"); err != nil {
			return err
		}
	}
	if x.fresh {
		return settle(s)
	}
	set := *x
	set.read = false
	return fill(s, observerKeys, set.append)
}

// runLap returns what an operation took on each server, in nanoseconds of CPU time.
func runLap(servers []*live.Server, crowds []*crowd, turns int, x *observed) (took []float64, err error) {
	request, reply := x.requests()
	if x.part > 0 {
		turns = max(int(float64(turns)*x.part), 1)
	}
	took = make([]float64, len(servers))
	for range observerSamples {
		for _, o := range rand.Perm(len(servers)) { // nobody always follows the same one
			before, err := cpuNanos(servers[o].Pid())
			if err != nil {
				return nil, err
			}
			n, err := crowds[o].send(turns, request, reply)
			if err != nil {
				return nil, err
			}
			after, err := cpuNanos(servers[o].Pid())
			if err != nil {
				return nil, err
			}
			took[o] += float64(after-before) / float64(n*observerSamples)
		}
	}
	return took, nil
}

// watch makes one of the laps of a process and those of the one with nothing on, which were run in turn.
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
		ratios += " " + share(kept, observers[i].limit) + " |"
	}
	return text + ratios + "\n"
}

// share renders the median of shares, bold if it is below a limit, and between what that of very many would lie.
func share(kept []float64, limit float64) string {
	low, high := medianRange(kept)
	mid, bold := median(kept), ""
	if mid < limit-0.0005 {
		bold = "**"
	}
	return fmt.Sprintf("%s%.3f%s (%.3f-%.3f)", bold, mid, bold, low, high)
}

// medianRange returns between what the median of all lies that v was drawn from, with a probability of 95% at least. How often it
// is above a value of v is a coin that falls len(v) times, whatever the distribution.
func medianRange(v []float64) (low, high float64) {
	v = slices.Sorted(slices.Values(v))
	n := float64(len(v))
	off := 1.96 * math.Sqrt(n) / 2
	return v[max(int(n/2-off)-1, 0)], v[min(int(math.Ceil(n/2+off)), len(v)-1)]
}

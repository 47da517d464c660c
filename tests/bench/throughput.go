package main

import (
	"fmt"
	"math/rand/v2"
	"strings"

	"granary/tests/live"
)

// What redis-benchmark says of a server with all observers on beside one with none: operations per second by its own clock, which is what
// users see first. Its samples last a second, so there are fewer of them than crowds make, and only of what it can send. It may be the
// slower of the two; then the server has time left, and what it would keep when it has none is told by its CPU time.

const (
	throughputStarts = 2 // of both servers, for each round of another part
	throughputLaps   = 5
)

// throughputRow is what redis-benchmark sends. New keys are drawn from so many that hardly one comes twice.
type throughputRow struct {
	row
	fresh bool
}

var throughputRows = []throughputRow{
	{row: row{name: "GET", test: "get", requests: 330_000, random: observerKeys}},
	{row: row{name: "SET", test: "set", requests: 330_000, random: observerKeys}},
	{row: row{name: "SET of new keys", test: "set", requests: 100_000, random: 1_000_000_000}, fresh: true},
}

// pair is what the server with nothing on and the one with all on did one after the other.
type pair struct{ nothing, all sample }

// measureThroughput measures both servers in turn, started anew again and again, and makes a table.
func measureThroughput(o *options, all []contender) (string, error) {
	found := make([][][]pair, len(throughputRows)) // by row and start
	starts := throughputStarts * o.rounds
	for range starts {
		if err := startThroughput(o, all[0], found); err != nil {
			return "", err
		}
	}
	var table strings.Builder
	table.WriteString("| operation | nothing k/s | busy | all k/s | busy | throughput | by CPU time |\n|---|---|---|---|---|---|---|\n")
	for i := range throughputRows {
		text := throughputLine(throughputRows[i].name, found[i])
		fmt.Print(text)
		table.WriteString(text)
	}
	return fmt.Sprintf("A server with accounts of prefixes, journal and record on beside one with nothing on, as redis-benchmark sees them at pipeline %d: %d "+
		"clients, GET and SET of %s keys, new keys from an empty store. Thousands of operations per second by its clock, and how much of its CPU the server was "+
		"busy meanwhile; the medians. Both servers started anew %d times, each with %d laps in turn, servers on one CPU, redis-benchmark on the others. "+
		"The last columns are the share of throughput that is kept, and the same by the server's CPU time per operation: the median of the medians of servers, and in "+
		"brackets what that of very many servers lies between with a probability of 95 %%. They are to be at least %g; what is below is bold.\n\n%s",
		crowdDepth, crowdClients, keysOf(observerKeys), starts, throughputLaps, allLimit, table.String()), nil
}

// startThroughput adds what two servers did that are started for it.
func startThroughput(o *options, c contender, found [][][]pair) error {
	kinds := []*observer{&observers[0], &observers[len(observers)-1]} // nothing, all
	servers := make([]*live.Server, len(kinds))
	for _, i := range rand.Perm(len(kinds)) {
		s, err := live.Start(kinds[i].name, c.path, kinds[i].args()...)
		if err != nil {
			return err
		}
		defer s.Stop()
		servers[i] = s
	}
	back, err := shareCPUs(servers)
	if err != nil {
		return err
	}
	defer back()
	for i, x := range throughputRows {
		x.depths = []int{crowdDepth}
		cell := cellsOf([]row{x.row}, o.scale)[0]
		var pairs []pair
		for n := range throughputLaps {
			var samples [2]sample
			for _, k := range rand.Perm(len(servers)) {
				if x.fresh || i == 0 && n == 0 {
					if err := prepareLap(servers[k], kinds[k], &observed{keys: oneKey, fresh: x.fresh}); err != nil {
						return err
					}
				}
				if samples[k], err = measureCell(servers[k], cell); err != nil {
					return fmt.Errorf("%s: %w", x.name, err)
				}
			}
			pairs = append(pairs, pair{samples[0], samples[1]})
		}
		found[i] = append(found[i], pairs)
	}
	return nil
}

// throughputLine renders a row, by the pairs of each start.
func throughputLine(name string, starts [][]pair) string {
	var nothing, all []sample
	var ops, cpu []float64
	for _, pairs := range starts {
		var x, y []float64
		for _, p := range pairs {
			nothing, all = append(nothing, p.nothing), append(all, p.all)
			x, y = append(x, p.all.opsPerSecond/p.nothing.opsPerSecond), append(y, p.nothing.nanosPerOp/p.all.nanosPerOp)
		}
		ops, cpu = append(ops, median(x)), append(cpu, median(y))
	}
	return fmt.Sprintf("| %s | %s | %s | %s | %s |\n", name, pace(nothing), pace(all), share(ops, allLimit), share(cpu, allLimit))
}

// pace renders how many operations a server did, and how busy it was.
func pace(samples []sample) string {
	var ops, busy []float64
	for _, m := range samples {
		ops, busy = append(ops, m.opsPerSecond), append(busy, m.opsPerSecond*m.nanosPerOp/1e9)
	}
	return fmt.Sprintf("%s | %.0f %%", digits(median(ops)/1000), 100*median(busy))
}

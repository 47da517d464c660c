package main

import (
	"fmt"
	"math/rand/v2"
	"strings"

	"granary/tests/live"
)

// What redis-benchmark says of a server with all observers on beside one with none: operations per second by its own clock, which is what
// users see first. Its samples last a second, so there are fewer of them than crowds make, and only of what it can send.

const (
	throughputStarts = 2 // of both servers, for each round of another part
	throughputLaps   = 5
	throughputDepth  = 16
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

// lap is what the server with nothing on and the one with all on did one after the other.
type lap struct{ nothing, all sample }

// measureThroughput measures both servers in turn, started anew again and again, and makes a table.
func measureThroughput(o *options, c contender) (string, error) {
	found := make([][][]lap, len(throughputRows)) // by row and start
	starts := throughputStarts * o.rounds
	for range starts {
		if err := startThroughput(o, c, found); err != nil {
			return "", err
		}
	}
	var table strings.Builder
	table.WriteString("| redis-benchmark | nothing k/s | all k/s | throughput | by CPU time |\n|---|---|---|---|---|\n")
	for i := range throughputRows {
		text := throughputLine(throughputRows[i].name, found[i])
		fmt.Print(text)
		table.WriteString(text)
	}
	return fmt.Sprintf("The same by redis-benchmark at pipeline %d, 50 clients, GET and SET of %s keys, and new keys from an empty store: thousands of "+
		"operations per second by its clock. Both servers started anew %d times, each with %d laps in turn, servers on one CPU, it on the others; "+
		"the share of throughput that is kept, and of that by CPU time, as above; what is below %g is bold.\n\n%s",
		throughputDepth, keysOf(observerKeys), starts, throughputLaps, allLimit, table.String()), nil
}

// startThroughput adds what two servers did that are started for it.
func startThroughput(o *options, c contender, found [][][]lap) error {
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
		x.depths = []int{throughputDepth}
		cell := cellsOf([]row{x.row}, o.scale)[0]
		var laps []lap
		for n := range throughputLaps {
			var samples [2]sample
			for _, k := range rand.Perm(len(servers)) {
				if x.fresh || i == 0 && n == 0 {
					if err := prepareLap(servers[k], kinds[k], x.fresh); err != nil {
						return err
					}
				}
				if samples[k], err = measureCell(servers[k], cell); err != nil {
					return fmt.Errorf("%s: %w", x.name, err)
				}
			}
			laps = append(laps, lap{samples[0], samples[1]})
		}
		found[i] = append(found[i], laps)
	}
	return nil
}

// throughputLine renders a row, by the laps of each start.
func throughputLine(name string, starts [][]lap) string {
	var nothing, all, ops, cpu []float64
	for _, laps := range starts {
		var x, y []float64
		for _, l := range laps {
			nothing, all = append(nothing, l.nothing.opsPerSecond), append(all, l.all.opsPerSecond)
			x, y = append(x, l.all.opsPerSecond/l.nothing.opsPerSecond), append(y, l.nothing.nanosPerOp/l.all.nanosPerOp)
		}
		ops, cpu = append(ops, median(x)), append(cpu, median(y))
	}
	return fmt.Sprintf("| %s | %s | %s | %s | %s |\n", name, digits(median(nothing)/1000), digits(median(all)/1000), share(ops, allLimit), share(cpu, allLimit))
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

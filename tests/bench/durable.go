package main

import (
	"fmt"
	"strings"
	"syscall"

	"granary/tests/live"
)

// durable is a way to keep an append-only file.
type durable struct {
	name string
	args []string
}

var durables = []durable{
	{"none", nil},
	{"no", []string{"--appendonly", "yes", "--appendfsync", "no"}},
	{"everysec", []string{"--appendonly", "yes", "--appendfsync", "everysec"}},
	{"always", []string{"--appendonly", "yes", "--appendfsync", "always"}},
}

// What the ratios are to be at least.
const (
	leastEverysec = 0.95 // of the throughput without a file
	leastAlways   = 3.0  // of the other server's
)

// measureDurable measures SET with an append-only file under each policy, and without one: the servers and policies in turn, each time
// with a new server, whose files are gone before the next begins. They never rewrite the file: what that costs is another question.
func measureDurable(o *options, all []contender) (string, error) {
	var table strings.Builder
	table.WriteString("| server | pipeline |")
	for _, d := range durables {
		fmt.Fprintf(&table, " %s k/s |", d.name)
	}
	table.WriteString(" everysec / none | always / none | always: ratio to redis |\n|---|---|---|---|---|---|---|---|---|\n")
	rows := []row{{name: "SET", test: "set", requests: 200_000, depths: []int{1, 16}, random: 100_000}}
	for _, c := range cellsOf(rows, o.scale) {
		rates := make([][]float64, len(all)*len(durables)) // by contender, then by durable
		for round := range o.rounds {
			for k := range rates {
				x := (k + round) % len(rates)
				rate, err := durableSample(all[x/len(durables)], durables[x%len(durables)], c)
				if err != nil {
					return "", err
				}
				rates[x] = append(rates[x], rate)
			}
		}
		text := durableLines(all, c.depth, rates)
		fmt.Print(text)
		table.WriteString(text)
	}
	return fmt.Sprintf("SET with %s keys and an append-only file under each policy of `appendfsync`: operations per second in thousands, 50 clients of "+
		"redis-benchmark, medians of %d rounds, a new server each time, in turn. A ratio of `everysec` is to be at least %.2f, one of `always` to redis-server's at least "+
		"%.0f. The last cannot be above what a server without a file reaches: redis-benchmark, with one thread on one of two cores, has its own limit, and "+
		"so has a closed loop of 50 clients, of which each waits for an fsync that began after its request.\n\n%s",
		keysOf(rows[0].random), o.rounds, leastEverysec, leastAlways, table.String()), nil
}

// durableSample returns the operations per second of a new server.
func durableSample(x contender, d durable, c cell) (float64, error) {
	s, err := live.Start(x.name+" "+d.name, x.path, append([]string{"--auto-aof-rewrite-percentage", "0"}, d.args...)...)
	if err != nil {
		return 0, err
	}
	defer func() {
		s.Stop()
		syscall.Sync() // what it wrote is not to be brought to the disk, or forgotten, on another one's time
	}()
	if err := benchmarkKeys(s, c.random); err != nil {
		return 0, err
	}
	m, err := measureCell(s, c)
	return m.opsPerSecond, err
}

// durableLines renders what was measured at a pipeline depth. Redis is the second contender.
func durableLines(all []contender, depth int, rates [][]float64) (text string) {
	n := len(durables)
	rate := func(server, policy int) float64 { return median(rates[server*n+policy]) }
	bold := func(v, least float64) string {
		if v < least-0.005 {
			return fmt.Sprintf("**%.2f**", v)
		}
		return fmt.Sprintf("%.2f", v)
	}
	for i, c := range all {
		text += fmt.Sprintf("| %s | %d |", c.name, depth)
		for d := range durables {
			text += fmt.Sprintf(" %s |", digits(rate(i, d)/1000))
		}
		everysec, always := rate(i, 2)/rate(i, 0), rate(i, 3)/rate(i, 0)
		if i > 0 {
			text += fmt.Sprintf(" %.2f | %.2f | |\n", everysec, always)
		} else {
			text += fmt.Sprintf(" %s | %.2f | %s |\n", bold(everysec, leastEverysec), always, bold(rate(0, 3)/rate(1, 3), leastAlways))
		}
	}
	return text
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

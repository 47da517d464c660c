package main

import (
	"encoding/csv"
	"fmt"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"granary/tests/live"
)

// row is one operation that redis-benchmark repeats.
type row struct {
	name     string
	test     string   // a test of redis-benchmark's own,
	command  []string // or a command
	requests int      // of a sample at pipeline 1
	depths   []int    // pipelines
	random   int      // what __rand_int__ is below; 0: it stays as it is, one key
	clients  int      // 0: 50
	// prepare runs before every sample, outside of the measured time.
	prepare func(s *live.Server, requests int) error
	limit   float64 // what the ratio of CPU time is to stay below; 0: most says
	left    string  // a key that must exist after a sample: what was measured was not the empty case
}

// deeper is how many more requests a sample has at a pipeline depth.
var deeper = map[int]float64{1: 1, 16: 6, 64: 15}

// most is the ratio of CPU time per operation that Granary is to stay below.
func most(depth int) float64 {
	if depth == 1 {
		return 1.0
	}
	return 0.75
}

// mostGetSet is most for the two commands that caches are made of.
func mostGetSet(depth int) float64 {
	if depth == 1 {
		return 0.92
	}
	return 0.55
}

// cell is one measurement: a row at a pipeline depth.
type cell struct {
	row
	depth, n int
}

func cellsOf(rows []row, scale float64) (all []cell) {
	for _, r := range rows {
		for _, depth := range r.depths {
			n := int(float64(r.requests) * deeper[depth] * scale)
			all = append(all, cell{r, depth, max(n/depth, 1) * depth})
		}
	}
	return all
}

// sample is one run of one cell on one server.
type sample struct{ nanosPerOp, opsPerSecond float64 }

// measureRows measures every cell o.rounds times on each server, in turn, and makes the table.
func measureRows(o *options, all []contender, servers []*live.Server, rows []row) (string, error) {
	cells := cellsOf(rows, o.scale)
	var table, over strings.Builder
	head, line := "| operation | pipeline | keys or members |", "|---|---|---|"
	for _, c := range all {
		head += fmt.Sprintf(" %s us | k/s |", c.name)
		line += "---|---|"
	}
	for _, c := range all[1:] {
		head += fmt.Sprintf(" CPU ratio to %s | throughput ratio |", c.name)
		line += "---|---|"
	}
	fmt.Fprintf(&table, "%s\n%s\n", head, line)
	for _, c := range cells {
		samples := make([][]sample, len(servers))
		for round := range o.rounds {
			for k := range servers {
				s := (k + round) % len(servers) // nobody is always first
				m, err := measureCell(servers[s], c)
				if err != nil {
					return "", fmt.Errorf("%s at pipeline %d: %w", c.name, c.depth, err)
				}
				samples[s] = append(samples[s], m)
			}
		}
		text, exceeds := cellLine(all, c, samples)
		fmt.Print(text)
		table.WriteString(text)
		over.WriteString(exceeds)
	}
	summary := fmt.Sprintf("\nAbove what it is to be: %s.\n", strings.TrimPrefix(nothing(over.String()), ", "))
	fmt.Print(summary)
	table.WriteString(summary)
	return table.String(), nil
}

func nothing(s string) string {
	if s == "" {
		return "nothing"
	}
	return s
}

// cellLine renders a cell; exceeds names it if a ratio of CPU time is above what it is to be.
func cellLine(all []contender, c cell, samples [][]sample) (text, exceeds string) {
	text = fmt.Sprintf("| %s | %d | %s |", c.name, c.depth, keysOf(c.random))
	var cpu, ops []float64
	for s := range all {
		var x, y []float64
		for _, m := range samples[s] {
			x, y = append(x, m.nanosPerOp), append(y, m.opsPerSecond)
		}
		cpu, ops = append(cpu, median(x)), append(ops, median(y))
		text += fmt.Sprintf(" %s | %s |", digits(cpu[s]/1000), digits(ops[s]/1000))
	}
	for s := 1; s < len(all); s++ {
		ratio := cpu[0] / cpu[s]
		limit := most(c.depth)
		switch {
		case c.limit > 0:
			limit = c.limit
		case c.test == "get" || c.test == "set":
			limit = mostGetSet(c.depth)
		}
		if ratio > limit+0.005 {
			text += fmt.Sprintf(" **%.2f** | %.2f |", ratio, ops[0]/ops[s])
			exceeds += fmt.Sprintf(", %s at %d (%.2f of %s)", c.name, c.depth, ratio, all[s].name)
		} else {
			text += fmt.Sprintf(" %.2f | %.2f |", ratio, ops[0]/ops[s])
		}
	}
	return text + "\n", exceeds
}

// digits renders a number with three significant digits, more before the point.
func digits(v float64) string {
	switch {
	case v < 0.1:
		return fmt.Sprintf("%.3f", v)
	case v < 10:
		return fmt.Sprintf("%.2f", v)
	case v < 100:
		return fmt.Sprintf("%.1f", v)
	}
	return fmt.Sprintf("%.0f", v)
}

func keysOf(random int) string {
	if random == 0 {
		return "1"
	}
	s := strconv.Itoa(random)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// measureCell is one sample. CPU time is the server's: all threads, user and kernel.
func measureCell(s *live.Server, c cell) (m sample, err error) {
	if c.prepare != nil {
		if err := c.prepare(s, c.n); err != nil {
			return m, fmt.Errorf("preparing: %w", err)
		}
	}
	if err := settle(s); err != nil {
		return m, err
	}
	errorsBefore, err := infoInt(s, "stats", "total_error_replies")
	if err != nil {
		return m, err
	}
	before, err := cpuNanos(s.Pid())
	if err != nil {
		return m, err
	}
	_, port, _ := strings.Cut(s.Addr, ":")
	out, err := exec.Command("redis-benchmark", benchmarkArgs(port, c)...).Output()
	if err != nil {
		return m, fmt.Errorf("redis-benchmark against %s: %w\n%s", s.Name, err, s.Log())
	}
	after, err := cpuNanos(s.Pid())
	if err != nil {
		return m, err
	}
	errorsAfter, err := infoInt(s, "stats", "total_error_replies")
	if err != nil {
		return m, err
	}
	// redis-benchmark 7.0 asks for the configuration, which no server here refuses.
	if errorsAfter != errorsBefore {
		return m, fmt.Errorf("%s answered %d errors", s.Name, errorsAfter-errorsBefore)
	}
	if err := mustExist(s, c.left); err != nil {
		return m, err
	}
	rows, err := csv.NewReader(strings.NewReader(string(out))).ReadAll()
	if err != nil || len(rows) < 2 || len(rows[len(rows)-1]) < 2 {
		return m, fmt.Errorf("redis-benchmark printed %q: %v", out, err)
	}
	m.opsPerSecond, err = strconv.ParseFloat(rows[len(rows)-1][1], 64)
	m.nanosPerOp = float64(after-before) / float64(c.n)
	return m, err
}

func benchmarkArgs(port string, c cell) []string {
	clients := c.clients
	if clients == 0 {
		clients = 50
	}
	args := []string{"-p", port, "-c", strconv.Itoa(clients), "-P", strconv.Itoa(c.depth), "-n", strconv.Itoa(c.n), "--csv"}
	if c.random > 0 {
		args = append(args, "-r", strconv.Itoa(c.random))
	}
	if c.test != "" {
		return append(args, "-t", c.test)
	}
	return append(args, c.command...)
}

func mustExist(s *live.Server, key string) error {
	if key == "" {
		return nil
	}
	c, err := s.Dial()
	if err != nil {
		return err
	}
	defer c.Close()
	r, err := c.Do("EXISTS", key)
	if err == nil && r.Str != "1" {
		err = fmt.Errorf("%s has no %s any more", s.Name, key)
	}
	return err
}

// settle waits until a server has nothing left to give back.
func settle(s *live.Server) error {
	for tries := 0; ; tries++ {
		n, err := infoInt(s, "memory", "lazyfree_pending_objects")
		if err != nil || n == 0 {
			return err
		}
		if tries > 6000 {
			return fmt.Errorf("%s does not get done with giving memory back", s.Name)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

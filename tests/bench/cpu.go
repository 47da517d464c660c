package main

import (
	"encoding/csv"
	"fmt"
	"os/exec"
	"strconv"
	"strings"

	"granary/tests/live"
)

// cell is one measurement: an operation at a pipeline depth, on one key or on many.
type cell struct {
	op       string
	pipeline int
	random   bool
	requests int
}

func (c cell) keys() string {
	if c.random {
		return "100,000"
	}
	return "1"
}

// sample is one run of one cell on one server.
type sample struct{ nanosPerOp, opsPerSecond float64 }

func cells(scale float64) (all []cell) {
	for _, pipeline := range []int{1, 16, 64} {
		for _, op := range []string{"get", "set", "incr", "mset"} {
			for _, random := range []bool{false, true} {
				n := map[int]int{1: 150_000, 16: 1_000_000, 64: 2_000_000}[pipeline]
				if op == "mset" {
					n /= 4
				}
				all = append(all, cell{op, pipeline, random, int(float64(n) * scale)})
			}
		}
	}
	return all
}

// measureCPU runs redis-benchmark with 50 clients. CPU time is the server's, all threads, user and kernel.
func measureCPU(o *options, all []contender) (string, error) {
	servers, stop, err := startAll(all)
	if err != nil {
		return "", err
	}
	defer stop()
	cells := cells(o.scale)
	for _, s := range servers {
		// The keys exist before anything is measured.
		if _, err := runBenchmark(s, cell{"set", 64, true, 500_000}); err != nil {
			return "", err
		}
	}
	samples := make([][][]sample, len(cells)) // cell, server, round
	for i := range samples {
		samples[i] = make([][]sample, len(servers))
	}
	for round := range o.rounds {
		for i, c := range cells {
			for k := range servers {
				s := (k + round) % len(servers) // nobody is always first
				m, err := runBenchmark(servers[s], c)
				if err != nil {
					return "", err
				}
				samples[i][s] = append(samples[i][s], m)
			}
		}
		fmt.Printf("cpu: round %d of %d\n", round+1, o.rounds)
	}

	var b strings.Builder
	fmt.Fprintf(&b, "CPU time of the server per operation in microseconds, and operations per second in thousands; redis-benchmark, "+
		"50 clients, medians of %d rounds, the servers in turn. An MSET sets ten keys. A ratio is Granary divided by the other.\n\n", o.rounds)
	head, line := "| operation | pipeline | keys |", "|---|---|---|"
	for _, c := range all {
		head += fmt.Sprintf(" %s us | k/s |", c.name)
		line += "---|---|"
	}
	for _, c := range all[1:] {
		head += fmt.Sprintf(" CPU ratio to %s | throughput ratio |", c.name)
		line += "---|---|"
	}
	fmt.Fprintf(&b, "%s\n%s\n", head, line)
	for i, c := range cells {
		fmt.Fprintf(&b, "| %s | %d | %s |", strings.ToUpper(c.op), c.pipeline, c.keys())
		var cpu, ops []float64
		for s := range servers {
			var x, y []float64
			for _, m := range samples[i][s] {
				x, y = append(x, m.nanosPerOp), append(y, m.opsPerSecond)
			}
			cpu, ops = append(cpu, median(x)), append(ops, median(y))
			fmt.Fprintf(&b, " %.2f | %.0f |", cpu[s]/1000, ops[s]/1000)
		}
		for s := 1; s < len(servers); s++ {
			fmt.Fprintf(&b, " %.2f | %.2f |", cpu[0]/cpu[s], ops[0]/ops[s])
		}
		b.WriteByte('\n')
	}
	return b.String(), nil
}

func runBenchmark(s *live.Server, c cell) (m sample, err error) {
	_, port, _ := strings.Cut(s.Addr, ":")
	args := []string{"-p", port, "-c", "50", "-P", strconv.Itoa(c.pipeline), "-n", strconv.Itoa(c.requests), "-t", c.op, "--csv"}
	if c.random {
		args = append(args, "-r", "100000")
	}
	before, err := cpuNanos(s.Pid())
	if err != nil {
		return m, err
	}
	out, err := exec.Command("redis-benchmark", args...).Output()
	if err != nil {
		return m, fmt.Errorf("redis-benchmark against %s: %w\n%s", s.Name, err, s.Log())
	}
	after, err := cpuNanos(s.Pid())
	if err != nil {
		return m, err
	}
	rows, err := csv.NewReader(strings.NewReader(string(out))).ReadAll()
	if err != nil || len(rows) < 2 || len(rows[len(rows)-1]) < 2 {
		return m, fmt.Errorf("redis-benchmark printed %q: %v", out, err)
	}
	m.opsPerSecond, err = strconv.ParseFloat(rows[len(rows)-1][1], 64)
	m.nanosPerOp = float64(after-before) / float64(c.requests)
	return m, err
}

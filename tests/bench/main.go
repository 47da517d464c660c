// Command bench measures Granary beside redis-server, and valkey-server where it is installed: on one machine, in one
// run, the servers in turn, several rounds, medians and ratios. It writes docs/benchmarks.md.
//
//	cpu       throughput and CPU time of the server per operation, at pipeline 1, 16 and 64   (cpu.go)
//	memory    bytes of used_memory and of resident memory per key                              (memory.go)
//	idle      what a server takes before it holds anything                                     (memory.go)
//	load10m   ten million keys: Go heap in use, and the longest command on the way             (load.go)
//	go        the Go benchmarks of the allocator and the key table                             (report.go)
//
// A part that runs replaces its own section of the page; the others stay.
//
//	go run ./tests/bench -only cpu,idle -rounds 3
package main

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"

	"granary/tests/live"
)

// contender is one server program under measurement.
type contender struct{ name, path, version string }

type options struct {
	rounds int
	scale  float64 // factor on the number of requests
	keys   int     // keys of a memory row
	load   int     // keys of load10m
	root   string
}

var parts = []struct {
	name string
	run  func(*options, []contender) (string, error)
}{
	{"cpu", measureCPU},
	{"memory", measureMemory},
	{"idle", measureIdle},
	{"load10m", measureLoad},
	{"go", goBenchmarks},
}

func main() {
	var o options
	server := flag.String("server", "", "Granary's binary (default: built from this tree)")
	only := flag.String("only", "", "run only these parts, separated by commas: cpu memory idle load10m go")
	out := flag.String("out", "", "page to write (default docs/benchmarks.md)")
	flag.IntVar(&o.rounds, "rounds", 5, "rounds of each measurement of cpu")
	flag.Float64Var(&o.scale, "scale", 1, "factor on the number of requests of cpu")
	flag.IntVar(&o.keys, "keys", 2_000_000, "keys of a row of memory")
	flag.IntVar(&o.load, "load", 10_000_000, "keys of load10m")
	flag.Parse()
	_, file, _, _ := runtime.Caller(0)
	o.root = filepath.Join(filepath.Dir(file), "..", "..")
	if *out == "" {
		*out = filepath.Join(o.root, "docs", "benchmarks.md")
	}
	if err := bench(&o, *server, *only, *out); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func bench(o *options, server, only, out string) error {
	all, err := contenders(server)
	if err != nil {
		return err
	}
	for _, c := range all {
		fmt.Println(c.version)
	}
	for _, p := range parts {
		if only != "" && !strings.Contains(","+only+",", ","+p.name+",") {
			continue
		}
		text, err := p.run(o, all)
		if err != nil {
			return fmt.Errorf("%s: %w", p.name, err)
		}
		fmt.Println(text)
		if err := writeSection(out, p.name, text, all); err != nil {
			return err
		}
	}
	return nil
}

// contenders finds the servers; Granary is first.
func contenders(server string) (all []contender, err error) {
	if server == "" {
		if server, err = live.GranaryPath(); err != nil {
			return nil, err
		}
	}
	if server, err = filepath.Abs(server); err != nil {
		return nil, err
	}
	all = append(all, contender{name: "granary", path: server})
	redis, err := live.RedisPath()
	if err != nil {
		return nil, fmt.Errorf("redis-server is what Granary is measured against: %w", err)
	}
	all = append(all, contender{name: "redis", path: redis})
	if valkey, err := exec.LookPath("valkey-server"); err == nil {
		all = append(all, contender{name: "valkey", path: valkey})
	}
	for i := range all {
		out, err := exec.Command(all[i].path, "-v").Output()
		if err != nil {
			return nil, fmt.Errorf("%s -v: %w", all[i].path, err)
		}
		all[i].version = strings.TrimSpace(string(out))
	}
	return all, nil
}

// startAll starts every contender.
func startAll(all []contender) (servers []*live.Server, stop func(), err error) {
	stop = func() {
		for _, s := range servers {
			s.Stop()
		}
	}
	for _, c := range all {
		s, err := live.Start(c.name, c.path)
		if err != nil {
			stop()
			return nil, nil, err
		}
		servers = append(servers, s)
	}
	return servers, stop, nil
}

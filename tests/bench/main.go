// Command bench measures Granary beside redis-server, and valkey-server where it is installed: on one machine, in one
// run, the servers in turn, several rounds, medians and ratios. It writes docs/benchmarks.md.
//
//	cpu          CPU time of the server and throughput of redis-benchmark's tests     (cpu.go; rows.go: the rows; floor.go)
//	big          the same for commands on values of a million elements                (rows.go)
//	scripts      the same for scripts                                                 (scripts.go)
//	memory       bytes of used_memory and of resident memory per key                  (memory.go)
//	collections  the same per element of a large value                                (memory.go)
//	idle         what a server takes before it holds anything                         (memory.go)
//	load         ten million keys: Go heap in use, and the longest waits on the way   (load.go)
//	stalls       the longest waits while a value of ten million elements goes         (stalls.go)
//	ledger       the four parts of memory beside what the kernel says                 (ledger.go)
//	observers    what it costs to keep accounts of memory                             (observers.go; crowd.go: its clients, affinity.go: their CPUs)
//	throughput   the same by redis-benchmark's clock                                  (throughput.go)
//	churn        memory that is kept after data has come and gone                     (churn.go)
//	evict        hit rate of a cache, and waits while keys are evicted                (evict.go)
//	buffers      memory while clients do not read, stall, or are very many           (buffers.go)
//	save         memory and waits while a snapshot is taken, and how long that and loading takes (save.go)
//	durable      throughput with an append-only file                                  (durable.go)
//	go           the Go benchmarks: the allocator beside others, the encodings        (gobench.go)
//
// A part that runs replaces its own section of the page; the others stay (report.go).
//
//	go run ./tests/bench -only cpu,idle -rounds 3 -scale 0.2 -out /tmp/page.md
package main

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"granary/tests/live"
)

// contender is one server program under measurement.
type contender struct{ name, path, version string }

type options struct {
	rounds int
	scale  float64 // factor on all numbers of requests, keys and elements
	root   string
}

func (o *options) scaled(n int) int { return max(int(float64(n)*o.scale), 1000) }

// part is one section of the page.
type part struct {
	name, title string
	run         func(*options, []contender) (string, error)
}

var parts = []part{
	{"cpu", "CPU time and throughput", measureDefaults},
	{"big", "CPU time on large values", measureBig},
	{"scripts", "CPU time of scripts", measureScripts},
	{"memory", "Memory per key", measureMemory},
	{"collections", "Memory per element", measureCollections},
	{"idle", "Idle server", measureIdle},
	{"load", "Loading ten million keys", measureLoad},
	{"stalls", "Large values that go", measureStalls},
	{"buffers", "Clients that do not do their part", measureBuffers},
	{"ledger", "The ledger", measureLedger},
	{"observers", "Accounts of memory", measureObservers},
	{"throughput", "Accounts of memory, by redis-benchmark", measureThroughput},
	{"churn", "Memory after churn", measureChurn},
	{"evict", "Eviction", measureEvict},
	{"save", "Snapshots", measureSave},
	{"durable", "Append-only file", measureDurable},
	{"go", "Allocator and encodings", measureGo},
}

func main() {
	var o options
	server := flag.String("server", "", "Granary's binary (default: built from this tree)")
	only := flag.String("only", "", "run only these parts, separated by commas: "+partNames())
	out := flag.String("out", "", "page to write (default docs/benchmarks.md)")
	flag.IntVar(&o.rounds, "rounds", 5, "rounds of each measurement of CPU time")
	flag.Float64Var(&o.scale, "scale", 1, "factor on the numbers of requests, keys and elements, at most 1")
	bare := flag.Bool("bare", false, "be the server that looks at nothing (floor.go)")
	flag.Parse()
	if *bare {
		fmt.Fprintln(os.Stderr, "bench:", serveBare())
		os.Exit(1)
	}
	runtime.GOMAXPROCS(8) // threads that block in read do not wait for one of two places
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

func partNames() string {
	var names []string
	for _, p := range parts {
		names = append(names, p.name)
	}
	return strings.Join(names, " ")
}

func bench(o *options, server, only, out string) error {
	if o.scale <= 0 || o.scale > 1 || o.rounds < 1 {
		return fmt.Errorf("a scale of %v with %d rounds is out of range", o.scale, o.rounds)
	}
	chosen := parts
	if only != "" {
		chosen = nil
		for name := range strings.SplitSeq(only, ",") {
			i := slices.IndexFunc(parts, func(p part) bool { return p.name == name })
			if i < 0 {
				return fmt.Errorf("no part %q; there are %s", name, partNames())
			}
			chosen = append(chosen, parts[i])
		}
	}
	all, err := contenders(server)
	if err != nil {
		return err
	}
	for _, c := range all {
		fmt.Println(c.version)
	}
	for _, p := range chosen {
		fmt.Printf("\n%s: %s\n", p.name, p.title)
		began := time.Now()
		text, err := p.run(o, all)
		if err != nil {
			return fmt.Errorf("%s: %w", p.name, err)
		}
		if err := writeSection(out, p.name, text, all); err != nil {
			return err
		}
		fmt.Printf("%s took %.0f s\n", p.name, time.Since(began).Seconds())
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

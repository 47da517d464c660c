// Command ecosystem runs applications and client libraries that were written for Redis against Granary: job queues, locks,
// caches, and the test suites that clients carry with them. It is a module of its own, so that the server's module needs none
// of them.
//
//	apps.go   the table: what is run, and which of its tests are known to fail, and why
//	suite.go  a Go module's own test suite: a copy of the module, the address of our server in the place of 127.0.0.1:6379
//	script.go a script in node/, of tests in the sense of node:test
//	tally.go  what passed and what failed
//
// Each row runs against a server of its own, freshly started. The run fails when a test fails that is not known to, and when
// one passes that is said to fail. A failure is ours until a run with -server redis-server shows the same one.
//
//	go run . -server ../../bin/granary
//	go run . -only bullmq -v
//	go run . -server /usr/bin/redis-server
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"granary/tests/live"
)

// options are the flags that rows read.
type options struct {
	server  string // the binary under test
	verbose bool
}

func main() {
	var o options
	flag.StringVar(&o.server, "server", "", "binary to test (default: Granary, built from this tree)")
	flag.BoolVar(&o.verbose, "v", false, "print everything that the tests print")
	only := flag.String("only", "", "run these rows alone, separated by commas")
	flag.Parse()
	failed, err := run(&o, *only)
	if err != nil {
		fmt.Fprintln(os.Stderr, "ecosystem:", err)
		os.Exit(2)
	}
	if failed {
		os.Exit(1)
	}
}

// here is the folder of this file.
func here() string {
	_, file, _, _ := runtime.Caller(0)
	return filepath.Dir(file)
}

func run(o *options, only string) (failed bool, err error) {
	if o.server == "" {
		o.server, err = live.GranaryPath()
	} else {
		o.server, err = filepath.Abs(o.server)
	}
	if err != nil {
		return false, err
	}
	chosen := apps
	if only != "" {
		names := strings.Split(only, ",")
		chosen = slices.DeleteFunc(slices.Clone(apps), func(a *app) bool { return !slices.Contains(names, a.name) })
		if len(chosen) != len(names) {
			return false, fmt.Errorf("-only %s: no such row", only)
		}
	}
	var table strings.Builder
	w := tabwriter.NewWriter(&table, 0, 8, 2, ' ', 0)
	fmt.Fprintln(w, "application\tpassed\tfailed\tknown\tskipped\tseconds\twhat it does")
	for _, a := range chosen {
		began := time.Now()
		t, err := a.run(o)
		if err != nil {
			return false, fmt.Errorf("%s: %w", a.name, err)
		}
		for _, p := range t.problems(a.known) {
			fmt.Printf("FAILED %s: %s\n", a.name, p)
			failed = true
		}
		known := t.known(a.known)
		fmt.Fprintf(w, "%s\t%d\t%d\t%d\t%d\t%.0f\t%s\n", a.name, t.count(passed), t.count(broken)-known, known, t.count(skipped),
			time.Since(began).Seconds(), a.what)
		fmt.Printf("%s: %d passed, %d failed, %d known to fail\n", a.name, t.count(passed), t.count(broken)-known, known)
	}
	w.Flush()
	fmt.Print("\n", table.String())
	return failed, nil
}

// run runs the row against a server of its own.
func (a *app) run(o *options) (*tally, error) {
	s, err := live.Start(a.name, o.server)
	if err != nil {
		return nil, err
	}
	defer s.Stop()
	t := newTally(o.verbose)
	if a.script != "" {
		err = a.runScript(s, t)
	} else {
		err = a.runSuite(o, s, t)
	}
	if log := s.Log(); err == nil && (!s.Alive() || strings.Contains(log, "BUG:") || strings.Contains(log, "DATA RACE")) {
		err = fmt.Errorf("the server has something to say:\n%s", log)
	}
	return t, err
}

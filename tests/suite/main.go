// Command suite runs the Tcl test suite of Valkey 8.1 against Granary, with Granary in the place of the server that
// the suite starts itself.
//
// Nothing of the suite is kept in this repository. The source package comes from the Debian mirror that this
// machine's apt already uses, verified by apt, and is cached under the user's cache folder:
//
//	fetch.go      mirror -> source package -> $XDG_CACHE_HOME/granary/valkey-trixie/
//	workspace.go  one folder per worker: a copy of tests/, and src/ with links to Granary and to redis-tools
//	run.go        one run of `runtest` per file of files.txt, its lines counted
//	lists.go      files.txt and skip.txt
//
// A file's tests run in one process and files run side by side, each in a workspace and a port range of its own. The
// run fails when a test fails, when a file does not end in time, and when a row of skip.txt no longer skips anything.
//
//	go run ./tests/suite                        every file of files.txt
//	go run ./tests/suite unit/scan unit/expire  these files
//	go run ./tests/suite -only '/BITOP' unit/bitops
//	go run ./tests/suite -large-memory -workers 1 -timeout 1h unit/violations
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"granary/tests/live"
)

func main() {
	var o options
	server := flag.String("server", "", "binary to test (default: Granary, built from this tree)")
	workers := flag.Int("workers", 2, "files that run side by side")
	baseport := flag.Int("baseport", 21111, "first port that the suite may use")
	flag.StringVar(&o.only, "only", "", "run only tests of this name, or matching this pattern if it begins with /")
	flag.BoolVar(&o.noSkip, "noskip", false, "ignore skip.txt")
	flag.BoolVar(&o.large, "large-memory", false, "also run tests that take up to 20 GB of memory")
	flag.BoolVar(&o.verbose, "v", false, "print every line of the suite")
	flag.DurationVar(&o.timeout, "timeout", 5*time.Minute, "longest time for one file")
	keep := flag.Bool("keep", false, "keep the workspaces, with the servers' logs")
	fetch := flag.Bool("fetch", false, "only fetch the suite's sources, for the tests that use its files")
	flag.Parse()

	if *fetch {
		if _, _, err := fetchSource(); err != nil {
			fmt.Fprintln(os.Stderr, "suite:", err)
			os.Exit(2)
		}
		return
	}
	failed, err := suite(&o, *server, *workers, *baseport, *keep, flag.Args())
	if err != nil {
		fmt.Fprintln(os.Stderr, "suite:", err)
		os.Exit(2)
	}
	if failed {
		os.Exit(1)
	}
}

func suite(o *options, server string, workers, baseport int, keep bool, names []string) (failed bool, err error) {
	_, file, _, _ := runtime.Caller(0)
	here := filepath.Dir(file)
	if len(names) == 0 {
		if names, err = readFiles(filepath.Join(here, "files.txt")); err != nil {
			return false, err
		}
	}
	skips, err := readSkips(filepath.Join(here, "skip.txt"))
	if err != nil {
		return false, err
	}
	if o.noSkip {
		skips = nil
	}
	if server == "" {
		if server, err = live.GranaryPath(); err != nil {
			return false, err
		}
	}
	source, patched, err := fetchSource()
	if err != nil {
		return false, err
	}

	const portsPerWorker = 400
	todo := make(chan string, len(names))
	for _, n := range names {
		todo <- n
	}
	close(todo)
	var (
		mu    sync.Mutex
		wg    sync.WaitGroup
		total result
	)
	began := time.Now()
	errs := make([]error, workers)
	for w := range workers {
		ws, err := makeWorkspace(source, server)
		if err != nil {
			return false, err
		}
		if keep {
			fmt.Println("workspace:", ws)
		} else {
			defer os.RemoveAll(ws)
		}
		wg.Add(1)
		go func() {
			defer wg.Done()
			for name := range todo {
				r, err := runFile(o, ws, baseport+w*portsPerWorker, portsPerWorker, name, skips)
				mu.Lock()
				if err != nil {
					errs[w] = err
				} else {
					r.print(o, name)
					total.add(r)
				}
				mu.Unlock()
			}
		}()
	}
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			return false, err
		}
	}
	for _, n := range total.failures {
		fmt.Println("FAILED", n)
	}
	if !patched {
		total.stale = slices.DeleteFunc(total.stale, func(row string) bool { return missing(source, row) })
	}
	for _, n := range total.stale {
		fmt.Println("STALE skip.txt row:", n)
	}
	fmt.Printf("%d files in %.0f s\n", len(names), time.Since(began).Seconds())
	fmt.Printf("%d passed, %d failed, %d skipped\n", total.passed, total.failed, total.skipped)
	return total.failed > 0 || len(total.stale) > 0, nil
}

// missing tells whether a row of skip.txt is about a test that its file does not have.
func missing(source, row string) bool {
	file, test, _ := strings.Cut(row, " | ")
	text, err := os.ReadFile(filepath.Join(source, "tests", file+".tcl"))
	return err == nil && !strings.HasPrefix(test, "tag:") && !strings.Contains(string(text), test)
}

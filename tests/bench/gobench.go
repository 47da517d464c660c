package main

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"strings"
)

// goResult is one line that `go test -bench` printed.
type goResult struct {
	pkg, name, ns string
	more          []string // further metrics: value, unit, value, unit
}

// runGoBenchmarks runs benchmarks of packages; $BENCHTIME sets how long each takes.
func runGoBenchmarks(o *options, args ...string) (all []goResult, err error) {
	benchtime := os.Getenv("BENCHTIME")
	if benchtime == "" {
		benchtime = fmt.Sprintf("%dms", max(int(100*o.scale), 1))
	}
	cmd := exec.Command("go", append([]string{"test", "-run", "^$", "-benchtime", benchtime, "-timeout", "20m"}, args...)...)
	cmd.Dir = o.root
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("%s: %w\n%s", strings.Join(cmd.Args, " "), err, out)
	}
	pkg := ""
	for lines := bufio.NewScanner(bytes.NewReader(out)); lines.Scan(); {
		if p, ok := strings.CutPrefix(lines.Text(), "pkg: granary/"); ok {
			pkg = p
		}
		f := strings.Fields(lines.Text())
		if len(f) < 4 || !strings.HasPrefix(f[0], "Benchmark") || f[3] != "ns/op" {
			continue
		}
		name := strings.TrimPrefix(f[0], "Benchmark")
		if i := strings.LastIndexByte(name, '-'); i > 0 { // the number of processors
			name = name[:i]
		}
		all = append(all, goResult{pkg, name, f[2], f[4:]})
	}
	return all, nil
}

// allocatorRow names the benchmarks that do the same with different allocators.
type allocatorRow struct {
	what   string
	bench  string // in internal/mem/cgobench, followed by /granary, /jemalloc and /libc
	goMake string // in internal/mem; "": there is none
}

func allocatorRows() (rows []allocatorRow) {
	for _, n := range []string{"16", "48", "100", "512", "4096", "20480", "1048576"} {
		rows = append(rows, allocatorRow{n + " bytes, allocated and freed", "AllocFree/" + n, "GoMake/" + n})
	}
	for _, n := range []string{"48", "100", "512"} {
		rows = append(rows, allocatorRow{n + " bytes, a thousand allocated, then freed", "Batch/" + n, ""})
	}
	return append(rows, allocatorRow{"one of a million of 16 to 200 bytes replaced", "Mix", "GoMakeMix"})
}

// measureGo runs the Go benchmarks: the allocator beside others, then everything that data is made of.
func measureGo(o *options, _ []contender) (string, error) {
	cgo, err := runGoBenchmarks(o, "-bench", ".", "-tags", "cgobench", "./internal/mem/cgobench")
	if err != nil {
		return "", err
	}
	plain, err := runGoBenchmarks(o, "-bench", ".", "./internal/mem", "./internal/encoding/...")
	if err != nil {
		return "", err
	}
	ns := map[string]string{}
	for _, r := range append(cgo, plain...) {
		ns[r.pkg+" "+r.name] = r.ns
	}

	var b strings.Builder
	b.WriteString("Nanoseconds per allocation and free. Granary's allocator is called from Go, the C allocators from C, so that no call " +
		"between the languages is in their numbers; Go's is make([]byte, n), freed by the garbage collector.\n\n" +
		"| | Granary | jemalloc | C library | Go |\n|---|---|---|---|---|\n")
	for _, row := range allocatorRows() {
		var cells []string
		for _, allocator := range []string{"/granary", "/jemalloc", "/libc"} {
			cells = append(cells, ns["internal/mem/cgobench "+row.bench+allocator])
		}
		if row.goMake == "" {
			cells = append(cells, "-")
		} else {
			cells = append(cells, ns["internal/mem "+row.goMake])
		}
		for _, c := range cells {
			if c == "" {
				return "", fmt.Errorf("no result for %q: %q", row.what, cells)
			}
		}
		fmt.Fprintf(&b, "| %s | %s |\n", row.what, strings.Join(cells, " | "))
	}
	b.WriteString("\nNanoseconds per operation of the structures that data is made of.\n\n| package | benchmark | ns | |\n|---|---|---|---|\n")
	for _, r := range plain {
		if r.pkg != "internal/mem" {
			fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", strings.TrimPrefix(r.pkg, "internal/"), r.name, r.ns, strings.Join(r.more, " "))
		}
	}
	fmt.Print(b.String())
	return b.String(), nil
}

package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
)

// The page is made of sections between comments, so that one part can be measured again without the others.
var titles = map[string]string{
	"cpu":     "CPU time and throughput",
	"memory":  "Memory per key",
	"idle":    "Idle server",
	"load10m": "Loading ten million keys",
	"go":      "Allocator and key table",
}

const pageHead = "# Benchmarks\n\nWritten by `make bench`; each section names the machine and the versions it was measured with. " +
	"Numbers of different sections may come from different runs; numbers of one table never do.\n"

func writeSection(path, name, text string, all []contender) error {
	b, err := os.ReadFile(path)
	if os.IsNotExist(err) {
		b, err = []byte(pageHead), os.MkdirAll(filepath.Dir(path), 0o755)
	}
	if err != nil {
		return err
	}
	page := string(b)
	for _, p := range parts {
		if mark := "<!-- begin " + p.name + " -->"; !strings.Contains(page, mark) {
			page += "\n" + mark + "\n<!-- end " + p.name + " -->\n"
		}
	}
	begin, end := "<!-- begin "+name+" -->\n", "<!-- end "+name+" -->\n"
	before, rest, _ := strings.Cut(page, begin)
	_, after, _ := strings.Cut(rest, end)
	section := fmt.Sprintf("## %s\n\n%s\n\n%s", titles[name], text, machine(all))
	return os.WriteFile(path, []byte(before+begin+section+end+after), 0o644)
}

// machine describes where the numbers come from.
func machine(all []contender) string {
	model, memory, kernel := "unknown CPU", "", ""
	if b, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		if _, rest, ok := strings.Cut(string(b), "model name"); ok {
			line, _, _ := strings.Cut(rest, "\n")
			model = strings.TrimSpace(strings.TrimLeft(line, "\t :"))
		}
	}
	if b, err := os.ReadFile("/proc/meminfo"); err == nil {
		if f := strings.Fields(string(b)); len(f) > 1 {
			memory = f[1]
		}
	}
	if b, err := os.ReadFile("/proc/sys/kernel/osrelease"); err == nil {
		kernel = strings.TrimSpace(string(b))
	}
	var versions []string
	for _, c := range all {
		versions = append(versions, "`"+c.version+"`")
	}
	return fmt.Sprintf("%s, %d cores, %s kB of memory, Linux %s, %s. %s\n", model, runtime.NumCPU(), memory, kernel,
		runtime.Version(), strings.Join(versions, ", "))
}

// goBenchmarks runs the Go benchmarks; BENCHTIME sets how long each takes.
func goBenchmarks(o *options, _ []contender) (string, error) {
	benchtime := os.Getenv("BENCHTIME")
	if benchtime == "" {
		benchtime = "200ms"
	}
	cmd := exec.Command("go", "test", "-run", "^$", "-bench", ".", "-benchtime", benchtime, "-timeout", "20m",
		"./internal/mem/...", "./internal/encoding/...")
	cmd.Dir = o.root
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("go test -bench: %w\n%s", err, out)
	}
	var keep []string
	for line := range strings.Lines(string(out)) {
		if strings.HasPrefix(line, "Benchmark") || strings.HasPrefix(line, "pkg:") {
			keep = append(keep, line)
		}
	}
	return "```\n" + strings.Join(keep, "") + "```\n", nil
}

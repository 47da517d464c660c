package main

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

const pageHead = "# Benchmarks\n\nWritten by `make bench`; each section names the machine and the versions it was measured with. " +
	"Numbers of different sections may come from different runs; numbers of one table never do. Bold: above what it is to be.\n"

// writeSection replaces one part's section of the page. The page is made of sections between comments, in the order of
// parts, so that one part can be measured again without the others.
func writeSection(path, name, text string, all []contender) error {
	b, err := os.ReadFile(path)
	if os.IsNotExist(err) {
		err = os.MkdirAll(filepath.Dir(path), 0o755)
	}
	if err != nil {
		return err
	}
	page := pageHead
	for _, p := range parts {
		begin, end := "<!-- begin "+p.name+" -->\n", "<!-- end "+p.name+" -->\n"
		_, rest, _ := strings.Cut(string(b), begin)
		section, _, _ := strings.Cut(rest, end)
		if p.name == name {
			section = fmt.Sprintf("## %s\n\n%s\n%s", p.title, text, machine(all))
		}
		page += "\n" + begin + section + end
	}
	return os.WriteFile(path, []byte(page), 0o644)
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

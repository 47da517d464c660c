package main

import (
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"

	"granary/tests/live"
)

// shareCPUs puts servers on the last of the CPUs that there are, and this process on all others, until back is called. A process that
// moves between CPUs takes now more and now less for the same work. Where there is one CPU nothing is done.
func shareCPUs(servers []*live.Server) (back func(), err error) {
	cpus, err := allowedCPUs()
	if err != nil || len(cpus) < 2 {
		return func() {}, err
	}
	last := len(cpus) - 1
	for _, s := range servers {
		if err := keepOn(s.Pid(), cpus[last:]); err != nil {
			return nil, err
		}
	}
	return func() { keepOn(os.Getpid(), cpus) }, keepOn(os.Getpid(), cpus[:last])
}

// keepOn has all threads of a process, and those that they start, run on some CPUs only.
func keepOn(pid int, cpus []string) error {
	out, err := exec.Command("taskset", "--all-tasks", "--cpu-list", "--pid", strings.Join(cpus, ","), strconv.Itoa(pid)).CombinedOutput()
	if err != nil {
		return fmt.Errorf("taskset: %w: %s", err, out)
	}
	return nil
}

// allowedCPUs returns the CPUs that this process may run on.
func allowedCPUs() ([]string, error) {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return nil, err
	}
	_, list, _ := strings.Cut(string(status), "Cpus_allowed_list:")
	list, _, _ = strings.Cut(list, "\n")
	return parseCPUs(strings.TrimSpace(list))
}

// parseCPUs takes a list such as 0-3,8 apart.
func parseCPUs(list string) (cpus []string, err error) {
	for span := range strings.SplitSeq(list, ",") {
		first, last, many := strings.Cut(span, "-")
		if !many {
			last = first
		}
		from, err := strconv.Atoi(first)
		if err != nil {
			return nil, fmt.Errorf("CPUs %q: %w", list, err)
		}
		to, err := strconv.Atoi(last)
		if err != nil {
			return nil, fmt.Errorf("CPUs %q: %w", list, err)
		}
		for ; from <= to; from++ {
			cpus = append(cpus, strconv.Itoa(from))
		}
	}
	return cpus, nil
}

package info

import (
	"os"
	"path"
	"strconv"
	"strings"
)

// MachineMemory returns the bytes of memory that the machine allows the process: the least of the limits of its memory cgroup
// and those above it, or else all RAM; 0 if nobody tells. It reads files.
//
//	version 2   memory.max in the folder of the process's cgroup and in each above it
//	version 1   memory.limit_in_bytes likewise, below the folder of the memory controller
//
// In a container the path that the kernel names may not be there, because the container sees its own cgroup at the root.
func MachineMemory() int64 { return machineMemory("/", SystemMemory()) }

func machineMemory(root string, ram int64) int64 {
	least := ram
	note := func(n int64) {
		if n > 0 && (least == 0 || n < least) {
			least = n
		}
	}
	text, _ := os.ReadFile(path.Join(root, "proc/self/cgroup"))
	for line := range strings.Lines(string(text)) {
		f := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(f) != 3 {
			continue
		}
		base, file := "", ""
		switch {
		case f[0] == "0" && f[1] == "":
			base, file = "sys/fs/cgroup", "memory.max"
		case hasWord(f[1], "memory"):
			base, file = "sys/fs/cgroup/memory", "memory.limit_in_bytes"
		default:
			continue
		}
		for dir := path.Clean("/" + f[2]); ; dir = path.Dir(dir) {
			note(readLimit(path.Join(root, base, dir, file)))
			if dir == "/" {
				break
			}
		}
	}
	return least
}

func hasWord(list, word string) bool {
	for w := range strings.SplitSeq(list, ",") {
		if w == word {
			return true
		}
	}
	return false
}

// readLimit reads a file with a number, 0 if it has none ("max") or is not there.
func readLimit(name string) int64 {
	b, err := os.ReadFile(name)
	if err != nil {
		return 0
	}
	n, err := strconv.ParseInt(strings.TrimSpace(string(b)), 10, 64)
	if err != nil {
		return 0
	}
	return n
}

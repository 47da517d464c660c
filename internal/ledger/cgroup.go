package ledger

import (
	"bytes"
	"os"
	"strings"
)

// cgroup is the memory cgroup that the process is charged to. What it is charged with has more in it than resident memory: the
// page cache of files, kernel memory, and other processes of the group.
type cgroup struct {
	usage, limit *os.File // nil: none
	stat         string   // path of memory.stat
	anon, file   string   // what it calls anonymous memory and page cache
}

// findCgroup looks for the cgroup, version 2 or 1. In a container the path that the kernel tells may be that of the host,
// and what is mounted is the process's own group.
func findCgroup() (c cgroup) {
	b, err := os.ReadFile("/proc/self/cgroup")
	if err != nil {
		return c
	}
	for _, line := range strings.Split(string(b), "\n") {
		f := strings.SplitN(line, ":", 3)
		if len(f) != 3 {
			continue
		}
		root, usage, limit := "", "", ""
		switch {
		case f[0] == "0" && f[1] == "":
			root, usage, limit = "/sys/fs/cgroup", "/memory.current", "/memory.max"
		case hasWord(f[1], "memory"):
			root, usage, limit = "/sys/fs/cgroup/memory", "/memory.usage_in_bytes", "/memory.limit_in_bytes"
		default:
			continue
		}
		for _, dir := range []string{root + f[2], root} {
			if u, err := os.Open(dir + usage); err == nil {
				c.usage = u
				c.limit, _ = os.Open(dir + limit)
				c.stat, c.anon, c.file = dir+"/memory.stat", "anon", "file"
				if f[0] != "0" {
					c.anon, c.file = "total_rss", "total_cache"
				}
				return c
			}
		}
	}
	return c
}

func hasWord(list, word string) bool {
	for _, w := range strings.Split(list, ",") {
		if w == word {
			return true
		}
	}
	return false
}

// unlimited is from where on a limit is none: version 1 writes the largest number of pages there is.
const unlimited = 1 << 60

// CgroupStat is what a memory cgroup is charged with, by kind, in bytes.
type CgroupStat struct {
	Anon int64 // anonymous memory of all its processes
	File int64 // page cache, which gives way
}

// Cgroup returns what the process's memory cgroup is charged with, zeros if there is none. It reads a file.
func (r *Reader) Cgroup() (s CgroupStat) {
	c := &r.cgroup
	if c.usage == nil {
		return s
	}
	b, err := os.ReadFile(c.stat)
	if err != nil {
		return s
	}
	for line := range strings.Lines(string(b)) {
		name, value, _ := strings.Cut(line, " ")
		n, _ := number([]byte(value))
		switch name {
		case c.anon:
			s.Anon = n
		case c.file:
			s.File = n
		}
	}
	return s
}

// read returns what the cgroup is charged with and its limit, 0 for none.
func (c *cgroup) read(buf []byte) (usage, limit int64) {
	get := func(f *os.File) int64 {
		if f == nil {
			return 0
		}
		n, _ := f.ReadAt(buf, 0)
		v, _ := number(bytes.TrimSpace(buf[:n])) // "max" is 0
		if v >= unlimited {
			return 0
		}
		return v
	}
	return get(c.usage), get(c.limit)
}

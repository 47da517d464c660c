package info

import (
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"strconv"
	"strings"
	"time"
)

// Process is what the process and its Go runtime use at one moment.
type Process struct {
	Resident int64 // bytes of physical memory, by the kernel's count; 0 where it does not tell
	Swapped  int64

	GoHeapInUse  int64 // spans of the Go heap that hold objects, their free slots included
	GoHeapIdle   int64 // spans that hold nothing and are still resident
	GoStacks     int64
	GoOther      int64 // runtime structures
	GoTotal      int64 // all that the runtime mapped and did not give back
	GoObjects    int64 // live objects
	GCCycles     int64
	GCPauseTotal time.Duration
	Goroutines   int64
}

var goMetrics = []metrics.Sample{
	{Name: "/memory/classes/heap/objects:bytes"},
	{Name: "/memory/classes/heap/unused:bytes"},
	{Name: "/memory/classes/heap/free:bytes"},
	{Name: "/memory/classes/heap/stacks:bytes"},
	{Name: "/memory/classes/os-stacks:bytes"},
	{Name: "/memory/classes/total:bytes"},
	{Name: "/memory/classes/heap/released:bytes"},
	{Name: "/gc/heap/objects:objects"},
	{Name: "/gc/cycles/total:gc-cycles"},
}

// ReadProcess looks at the process. It stops nothing and takes some tens of microseconds.
func ReadProcess() Process {
	s := make([]metrics.Sample, len(goMetrics))
	copy(s, goMetrics)
	metrics.Read(s)
	at := func(i int) int64 {
		if s[i].Value.Kind() != metrics.KindUint64 {
			return 0
		}
		return int64(s[i].Value.Uint64())
	}
	var gc debug.GCStats
	debug.ReadGCStats(&gc)
	p := Process{
		GoHeapInUse:  at(0) + at(1),
		GoHeapIdle:   at(2),
		GoStacks:     at(3) + at(4),
		GoTotal:      at(5) - at(6),
		GoObjects:    at(7),
		GCCycles:     at(8),
		GCPauseTotal: gc.PauseTotal,
		Goroutines:   int64(runtime.NumGoroutine()),
	}
	p.GoOther = p.GoTotal - p.GoHeapInUse - p.GoHeapIdle - p.GoStacks
	p.Resident = Resident()
	return p
}

// Resident returns the physical memory of the process in bytes, 0 where the kernel does not tell.
func Resident() int64 {
	b, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(b), " ")
	pages, _, _ := strings.Cut(rest, " ")
	n, err := strconv.ParseInt(pages, 10, 64)
	if err != nil {
		return 0
	}
	return n * int64(os.Getpagesize())
}

// SystemMemory returns the physical memory of the machine in bytes, 0 if it is not known.
func SystemMemory() int64 {
	b, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(b), "MemTotal:")
	f := strings.Fields(rest)
	if len(f) == 0 {
		return 0
	}
	kb, err := strconv.ParseInt(f[0], 10, 64)
	if err != nil {
		return 0
	}
	return kb * 1024
}

// CPU is processor time in seconds.
type CPU struct{ System, User float64 }

// Purge gives free memory of the Go heap back to the system.
func Purge() { debug.FreeOSMemory() }

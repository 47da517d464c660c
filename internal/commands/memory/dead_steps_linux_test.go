//go:build !race && !invariants

package memory

import (
	"fmt"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"granary/internal/command/commandtest"
	"granary/internal/dead"
)

// cpuTime returns the processor time of the calling thread: unlike the clock it stands still while others run.
func cpuTime() time.Duration {
	const clockThreadCPU = 3
	var ts syscall.Timespec
	_, _, _ = syscall.RawSyscall(syscall.SYS_CLOCK_GETTIME, clockThreadCPU, uintptr(unsafe.Pointer(&ts)), 0)
	return time.Duration(ts.Nano())
}

// TestDeadSteps measures the longest step of walks over values that are as large as a step takes them: a slice ends at most so
// much too late.
func TestDeadSteps(t *testing.T) {
	c := checker{commandtest.New(t, data...)}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	const n = 6 // values of each kind
	values := map[dead.Kind]func(key string){
		dead.Strings: func(key string) {
			c.Do("APPEND", key, strings.Repeat("x", 250<<10))
			c.Do("APPEND", key, strings.Repeat("y", 20000))
		},
		dead.Encodings: func(key string) { // fields of half the limit, as long as they may be
			args := []string{"HSET", key}
			for i := range 256 {
				args = append(args, fmt.Sprint("f", i), strings.Repeat("v", 60))
			}
			c.Do(append(args, "long", strings.Repeat("v", 65))...)
			c.Do("HDEL", key, "long")
		},
		dead.Streams: func(key string) {
			c.Env.Config.StreamNodeMaxEntries, c.Env.Config.StreamNodeMaxBytes = 1300, 1<<20
			for i := range 1600 {
				c.Do("XADD", key, fmt.Sprint(i+1, "-1"), "f", "value", "g", "value")
			}
			for i := range 1200 {
				c.Do("XDEL", key, fmt.Sprint(i+1+i%2, "-1"))
			}
		},
	}
	for kind, add := range values {
		for i := range n {
			add(fmt.Sprint("k", i))
		}
		w := c.Env.NewDeadWalk(dead.Job{Free: dead.Of(kind)})
		steps, longest := 0, time.Duration(0)
		begin := cpuTime()
		for at := begin; !w.Slice(time.Time{}); steps++ {
			now := cpuTime()
			longest = max(longest, now-at)
			at = now
		}
		spent := cpuTime() - begin
		t.Logf("%s: %d steps, %v in all, %v for each value, the longest step %v; freed %+v", kind, steps, spent, spent/n, longest, w.Freed[kind])
		if w.Freed[kind].Bytes == 0 {
			t.Errorf("%s: nothing was freed", kind)
		}
		if longest > 3*time.Millisecond {
			t.Errorf("%s: a step of %v", kind, longest)
		}
		c.Env.Keys.FlushAll(true)
		c.Env.FinishReclaim()
	}
}

//go:build !linux

package steps

import "time"

var started = time.Now()

// cpuTime is the clock where the processor time of a thread is not known.
func cpuTime() time.Duration { return time.Since(started) }

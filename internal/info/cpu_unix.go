//go:build unix

package info

import (
	"os"
	"runtime"
	"strings"
	"syscall"
)

// ReadCPU returns the processor time of the process, of its children that ended, and of the calling thread.
func ReadCPU() (self, children, thread CPU) {
	self, children = usage(syscall.RUSAGE_SELF), usage(syscall.RUSAGE_CHILDREN)
	if runtime.GOOS != "linux" {
		return self, children, self
	}
	const rusageThread = 1
	return self, children, usage(rusageThread)
}

func usage(who int) CPU {
	var r syscall.Rusage
	if syscall.Getrusage(who, &r) != nil {
		return CPU{}
	}
	sec := func(t syscall.Timeval) float64 { return float64(t.Sec) + float64(t.Usec)/1e6 }
	return CPU{System: sec(r.Stime), User: sec(r.Utime)}
}

// OS returns the system's name, release and machine, as uname tells them.
func OS() string {
	release, err := os.ReadFile("/proc/sys/kernel/osrelease")
	if err != nil {
		return Platform()
	}
	machine := map[string]string{"amd64": "x86_64", "arm64": "aarch64"}[runtime.GOARCH]
	if machine == "" {
		machine = runtime.GOARCH
	}
	return "Linux " + strings.TrimSpace(string(release)) + " " + machine
}

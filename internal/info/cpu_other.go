//go:build !unix

package info

// ReadCPU returns zeros: this system does not tell.
func ReadCPU() (self, children, thread CPU) { return }

// OS returns the system's name and machine.
func OS() string { return Platform() }

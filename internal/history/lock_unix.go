//go:build unix

package history

import (
	"os"
	"syscall"
)

// lock makes the file this process's until it is closed: two servers that are started in one folder must not write to
// one file.
func lock(f *os.File) error { return syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) }

package pagecache

import (
	"os"
	"syscall"
)

// The advice of fadvise64(2).
const (
	willNeed = 3
	dontNeed = 4
)

// advise tells the kernel about n bytes of a file, all from there on if n is 0.
func advise(f *os.File, from, n int64, advice int) {
	syscall.Syscall6(syscall.SYS_FADVISE64, f.Fd(), uintptr(from), uintptr(n), uintptr(advice), 0, 0)
}

package aof

import (
	"errors"
	"os"
	"syscall"
)

// fdatasync brings the bytes of a file to the disk.
func fdatasync(f *os.File) error {
	for {
		err := syscall.Fdatasync(int(f.Fd()))
		if !errors.Is(err, syscall.EINTR) {
			return err
		}
	}
}

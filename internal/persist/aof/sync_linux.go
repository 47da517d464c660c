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

// signal wakes a goroutine that waits, with as little as the kernel needs for it.
type signal struct{ fd int }

func newSignal() (*signal, error) {
	fd, _, e := syscall.RawSyscall(syscall.SYS_EVENTFD2, 0, syscall.O_CLOEXEC, 0)
	if e != 0 {
		return nil, e
	}
	return &signal{int(fd)}, nil
}

// raise ends the wait that is under way, or the next. It does not block.
func (s *signal) raise() {
	one := [8]byte{1}
	syscall.Write(s.fd, one[:])
}

// wait returns when somebody has raised the signal.
func (s *signal) wait() {
	var n [8]byte
	syscall.Read(s.fd, n[:])
}

func (s *signal) close() { syscall.Close(s.fd) }

//go:build !linux

package aof

import "os"

// fdatasync brings the bytes of a file to the disk.
func fdatasync(f *os.File) error { return f.Sync() }

// signal wakes a goroutine that waits.
type signal struct{ c chan struct{} }

func newSignal() (*signal, error) { return &signal{make(chan struct{}, 1)}, nil }

// raise ends the wait that is under way, or the next. It does not block.
func (s *signal) raise() {
	select {
	case s.c <- struct{}{}:
	default:
	}
}

// wait returns when somebody has raised the signal.
func (s *signal) wait() { <-s.c }

func (s *signal) close() {}

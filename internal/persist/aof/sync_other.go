//go:build !linux

package aof

import "os"

// fdatasync brings the bytes of a file to the disk.
func fdatasync(f *os.File) error { return f.Sync() }

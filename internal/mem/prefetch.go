//go:build amd64 || arm64

package mem

import "unsafe"

// Prefetch asks the processor to bring lines of memory into its caches, and does not wait for them. Any address will do; those
// of no memory are passed over.
//
//go:noescape
func Prefetch(at []unsafe.Pointer)
